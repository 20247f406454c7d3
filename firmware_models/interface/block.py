"""What the interface table says about one firmware block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.words import Word

Registers = dict[str, NDArray[np.int64]]
"""Values of a block's registers: name to int64 array of shape ``(count,)``."""


@dataclass(frozen=True)
class Register:
    """One configuration register, or an array of them at consecutive addresses.

    Parameters
    ----------
    name : str
    address : int
        Address of element 0 on the configuration bus (12 bits).
    width : int
        Bits, 1 to 32.
    default : int or tuple of int
        Value after reset, of all elements or of each.
    count : int
        Number of elements.
    unit, doc : str
        Unit of the value; meaning and source.
    """

    name: str
    address: int
    width: int
    default: int | tuple[int, ...]
    count: int = 1
    unit: str = ""
    doc: str = ""


@dataclass(frozen=True)
class Block:
    """One firmware block.

    All blocks share one set of ports: ``clk_i rst_ni valid_i data_i valid_o data_o``; a block
    with registers has ``cfg_valid_i cfg_addr_i[11:0] cfg_data_i[31:0]`` too. A frame enters on
    `beats` clocks with ``valid_i`` high (idle clocks may lie between beats and between frames),
    and its result leaves on one clock with ``valid_o`` high. Reset is active low, held for at
    least two clocks; it empties the pipe, clears the state and gives the registers their defaults.
    Registers are written while no frame is in flight, the first frame follows at least four clocks
    after the last write.

    Parameters
    ----------
    name : str
    line : str
        Which part of the trigger it belongs to.
    input, output : Word
    latency : int
        Clocks from the last beat of a frame at the input to its result at the output: the number
        of flip-flops on the way (1: ``data_o`` is registered on the edge that takes the beat).
    interval : int
        Initiation interval: clocks between the first beats of back-to-back frames.
    beats : int
        Clocks that a frame takes at the input.
    registers : tuple of Register
    stateful : bool
        The result depends on earlier frames.
    doc : str
    """

    name: str
    line: str
    input: Word
    output: Word
    latency: int
    interval: int = 1
    beats: int = 1
    registers: tuple[Register, ...] = ()
    stateful: bool = False
    doc: str = ""

    def defaults(self) -> Registers:
        """Return the registers' values after reset: name to int64 array of shape ``(count,)``."""
        return {
            r.name: np.broadcast_to(np.asarray(r.default, dtype=np.int64), (r.count,)).copy()
            for r in self.registers
        }

    def register(self, name: str) -> Register:
        """Return the register of that name."""
        return next(register for register in self.registers if register.name == name)

    def scalars(self, given: Registers) -> dict[str, int]:
        """Return the value of every register, of a block without arrays of registers.

        Parameters
        ----------
        given : mapping of str to ndarray or int
            Those that are not named keep their value after reset.

        Returns
        -------
        dict of str to int
            In the order of the registers.

        Raises
        ------
        InputError
            For an unknown register, or a value that does not fit its width.
        """
        values = {name: int(value[0]) for name, value in self.defaults().items()}
        for name, value in given.items():
            if name not in values:
                raise unknown_name("register", name, values, place=self.name)
            top = (1 << self.register(name).width) - 1
            number = np.atleast_1d(np.asarray(value, dtype=np.int64))
            if number.shape != (1,) or not 0 <= number[0] <= top:
                raise InputError(
                    f"register {name!r} takes one of 0 to {top}, not {number.tolist()}",
                    place=self.name,
                )
            values[name] = int(number[0])
        return values
