"""The trigger of one event: fired cells → calorimeter word → GDL inputs → output lines.

Here every event is a window of its own, with its bits aligned in time: delays, widths and
prescales act on the stream of decisions, not on an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ecl_cluster, ecl_selection
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Registers
from firmware_models.trigger_cells import CellHits
from trigger.bits import BitTable
from trigger.menu import Menu
from trigger.menu.inputs import ecl_input_rows

RegisterValues = Mapping[str, Mapping[str, int | list[int]]]
"""Register values by block and register, such as ``{"ecl_selection": {"lml6_cm": 191}}``."""


@dataclass(frozen=True)
class Chain:
    """The low-multiplicity trigger with one menu and one set of register values.

    Parameters
    ----------
    menu : Menu
    selection : Registers
        Registers of `ecl_selection`.
    """

    menu: Menu
    selection: Registers

    @classmethod
    def build(
        cls,
        menu: Menu,
        registers: RegisterValues | None = None,
        working_point: str | None = None,
    ) -> Chain:
        """Build the chain; unnamed registers keep their defaults.

        Parameters
        ----------
        menu : Menu
        registers : mapping, optional
            Raw register values; they win over the working point.
        working_point : str, optional
            One of the menu's named sets of thresholds.

        Raises
        ------
        InputError
            For an unknown block, register or working point, or a value that does not fit.
        """
        given = dict(menu.working_point(working_point)) if working_point is not None else {}
        for block, values in (registers or {}).items():
            given[block] = {**given.get(block, {}), **values}
        return cls(menu, register_values(given)["ecl_selection"])

    def calorimeter_words(self, hits: CellHits) -> NDArray[np.void]:
        """Return the calorimeter's word for every window, dtype of the word `ecl_trigger`."""
        return ecl_selection.evaluate(ecl_cluster.evaluate_hits(hits), self.selection)

    def decide(self, hits: CellHits) -> BitTable:
        """Return every output line before prescale, bit-sliced over the windows."""
        inputs = ecl_input_rows(self.calorimeter_words(hits))
        return self.menu.decide(inputs)


def register_values(given: RegisterValues, place: str = "registers") -> dict[str, Registers]:
    """Return every block's registers: defaults, with the given values in their place.

    Parameters
    ----------
    given : mapping of block to mapping of register to int or list of int
    place : str
        Where the values stand, for messages.
    """
    values = {name: block.defaults() for name, block in BLOCKS.items()}
    for block_name, registers in given.items():
        if block_name not in BLOCKS:
            raise unknown_name("block", block_name, BLOCKS, place=place)
        block = BLOCKS[block_name]
        for name, value in registers.items():
            where = f"{place}.{block_name}.{name}"
            if name not in values[block_name]:
                raise unknown_name("register", name, values[block_name], place=where)
            register = block.register(name)
            array = np.asarray(value, dtype=np.int64)
            if array.ndim and array.shape != (register.count,):
                raise InputError(f"{array.size} values for {register.count} elements", place=where)
            high = (1 << register.width) - 1
            if array.min() < 0 or array.max() > high:
                raise InputError(f"{value} does not fit; allowed: 0 to {high}", place=where)
            values[block_name][name] = np.broadcast_to(array, register.count).copy()
    return values
