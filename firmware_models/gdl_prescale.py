"""Prescale of every output line of the global decision logic, and the Level-1 accept.

Each line has one 32-bit state that advances only when the line fires, in one of three modes:

counter
    One fire in `interval` passes. From state φ < interval, N fires pass exactly
    ``(φ + N) // interval`` times.
fractional
    The state is a phase accumulator: it grows by `fraction` and the carry passes. N fires pass
    exactly ``(φ + N * fraction) >> 32`` times: evenly spread, any prescale ≥ 1 to 2⁻³².
random
    The state is a linear feedback shift register (`firmware_models.lfsr`); a fire passes when the
    register's next value is below `fraction`. Over the register's period of 2³² − 1 fires exactly
    `fraction` pass.

An interval of 0 masks the line in every mode, and its state stands still. Because the state
depends on the number of earlier fires alone, `State.after` gives the starting state of any part
of a sample: accepted counts are the same for any chunking and any number of workers.

Prescale 0 and n: ecl_klm_gdl section 7 of the reference notes. Widths, the fractional and the
random mode are this project's choice; the register's recursion is G. Marsaglia, J. Stat. Softw. 8
(2003) 14.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from firmware_models import lfsr
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.gdl import N_OUTPUT
from firmware_models.kernels import njit

BLOCK = BLOCKS["gdl_prescale"]
COUNTER, FRACTIONAL, RANDOM = range(3)
MODES = {"counter": COUNTER, "fractional": FRACTIONAL, "random": RANDOM}
"""Mode names to register codes."""

MAX_INTERVAL = (1 << 24) - 1
ONE = 1 << 32
"""Fraction that stands for 1; a fraction register holds less."""


@dataclass
class State:
    """State of every line.

    Parameters
    ----------
    registers : dict of ndarray
        The registers that the lines run with, each of shape ``(n_lines,)``.
    value : ndarray of int64, shape (n_lines,)
        Counter, accumulator or shift register, 0 to 2³² − 1.
    """

    registers: Registers
    value: NDArray[np.int64]

    @classmethod
    def start(cls, registers: Registers | None = None) -> State:
        """Return the state before the first fire: each line's phase.

        Parameters
        ----------
        registers : dict of ndarray, optional
            Any number of lines. Default: the block's values after reset.

        Raises
        ------
        InputError
            For values out of range.
        """
        chosen = _complete(registers)
        check_registers(chosen)
        return cls(chosen, chosen["phase"].astype(np.int64))

    def after(self, fires: NDArray[np.int64]) -> State:
        """Return the state after further fires, whichever ticks they come on.

        Parameters
        ----------
        fires : ndarray of int64, shape (n_lines,)
            Fires of each line, each below 2³¹ (add up several calls for more).

        Raises
        ------
        InputError
            For a negative or too large number.
        """
        fires = np.asarray(fires, dtype=np.int64)
        if fires.size and (int(fires.min()) < 0 or int(fires.max()) >= 1 << 31):
            raise InputError(f"fires must be 0 to 2**31 - 1, not {fires.min()} to {fires.max()}",
                             place="gdl_prescale.State.after")  # fmt: skip
        interval, mode = self.registers["interval"], self.registers["mode"]
        value = self.value.copy()
        counting = (mode == COUNTER) & (interval > 0)
        value[counting] = (value + fires)[counting] % interval[counting]
        adding = (mode == FRACTIONAL) & (interval > 0)
        # The product may pass 2**63: its low 32 bits survive the wrap.
        value[adding] = (value + fires * self.registers["fraction"])[adding] & (ONE - 1)
        for line in np.flatnonzero((mode == RANDOM) & (interval > 0)).tolist():
            value[line] = lfsr.jump(int(value[line]), int(fires[line]))
        return State(self.registers, value)


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(fires: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.void]:
    """Return input words from the lines that fire on each tick.

    Parameters
    ----------
    fires : ndarray of bool, shape (n, n_lines)
        At most 320 lines, by menu index.
    """
    if fires.shape[1] > N_OUTPUT:
        raise InputError(f"at most {N_OUTPUT} lines, not {fires.shape[1]}",
                         place="gdl_prescale.quantize")  # fmt: skip
    words = BLOCK.input.zeros(len(fires))
    words["bits"][:, : fires.shape[1]] = fires
    return words


def line_registers(
    prescales: Sequence[float],
    modes: Sequence[str] | None = None,
    phases: Sequence[int] | None = None,
    *,
    seed: int = 0,
    place: str = "prescale",
) -> Registers:
    """Return registers for given prescales, one element a line.

    Parameters
    ----------
    prescales : sequence of float
        0 masks, n passes one in n; whole numbers to 2²⁴ − 1 in counter mode.
    modes : sequence of str, optional
        ``"counter"``, ``"fractional"`` or ``"random"``. Default: counter for whole numbers,
        fractional for others.
    phases : sequence of int, optional
        Starting state of each line. Default: 0 in counter and fractional mode; in random mode a
        different value for each line and seed.
    seed : int
        For the default phases in random mode.
    place : str
        Where the prescales come from, for messages.

    Raises
    ------
    InputError
        For a prescale below 0, between 0 and 1, not finite or too large, an unknown mode, a
        prescale that is not whole in counter mode, or a phase that the mode does not have.
    """
    n = len(prescales)
    registers = {name: np.zeros(n, dtype=np.int64) for name in BLOCK.defaults()}
    for line, prescale in enumerate(prescales):
        where = f"{place}[{line}]"
        mode = modes[line] if modes is not None else _natural_mode(prescale)
        if mode not in MODES:
            raise unknown_name("prescale mode", mode, MODES, place=where)
        _check_prescale(prescale, mode, where)
        exact = prescale in (0, 1)  # masking and passing everything need no fraction
        registers["mode"][line] = COUNTER if exact else MODES[mode]
        registers["interval"][line] = prescale if mode == "counter" or exact else 1
        if not exact and mode != "counter":
            # Rounded up: N fires pass N // prescale, not one less, as long as the excess of less
            # than N counts does not reach the next pass.
            registers["fraction"][line] = min(math.ceil(ONE / Fraction(prescale)), ONE - 1)
        if phases is not None:
            registers["phase"][line] = phases[line]
        elif mode == "random" and not exact:
            registers["phase"][line] = lfsr.seed_state(seed, line)
    check_registers(registers, place=place)
    return registers


def check_registers(registers: Registers, *, place: str = "gdl_prescale") -> None:
    """Raise `InputError` for register values out of range.

    Parameters
    ----------
    registers : dict of ndarray
        All four registers, of any number of lines.
    place : str
        Where the values come from, for the message.
    """
    counting = (registers["mode"] == COUNTER) & (registers["interval"] > 0)
    random = registers["mode"] == RANDOM
    highest = {
        "interval": np.full_like(registers["mode"], MAX_INTERVAL),
        "mode": np.full_like(registers["mode"], RANDOM),
        "fraction": np.full_like(registers["mode"], ONE - 1),
        "phase": np.where(counting, registers["interval"] - 1, ONE - 1 - random),
    }
    for name, high in highest.items():
        bad = np.flatnonzero((registers[name] < 0) | (registers[name] > high))
        if len(bad):
            line = int(bad[0])
            raise InputError(f"{name} of line {line} must be 0 to {high[line]}, "
                             f"not {registers[name][line]}", place=place)  # fmt: skip


def evaluate(
    words: NDArray[np.void], registers: Registers | None = None, state: State | None = None
) -> NDArray[np.void]:
    """Return the prescaled lines and the Level-1 accept of each tick.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `ftdl`
        One word a tick.
    registers : dict of ndarray, optional
        Default: the values after reset (every line passes). Not together with `state`.
    state : State, optional
        From `State.start`; updated in place, so that a stream may come in parts.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `psnm`

    Raises
    ------
    InputError
        For registers out of range, or not 320 lines.
    """
    current = _current(registers, state)
    if len(current.value) != N_OUTPUT:
        raise InputError(f"must have {N_OUTPUT} lines, not {len(current.value)}",
                         place="gdl_prescale.evaluate")  # fmt: skip
    passed = np.zeros((len(words), N_OUTPUT), dtype=np.uint8)
    chosen = current.registers
    _prescale_words(np.ascontiguousarray(words["bits"]), chosen["interval"], chosen["mode"],
                    chosen["fraction"], current.value, passed)  # fmt: skip
    out = BLOCK.output.zeros(len(words))
    out["bits"] = passed
    out["l1"] = passed.any(axis=1)
    return out


def prescale_rows(
    rows: NDArray[np.uint64],
    n_events: int,
    registers: Registers | None = None,
    state: State | None = None,
) -> NDArray[np.uint64]:
    """Prescale bit-sliced decisions: the same lines as `evaluate`, 64 events a word.

    Parameters
    ----------
    rows : ndarray of uint64, shape (n_lines, ceil(n_events / 64))
        Event i is bit ``i % 64`` of word ``i // 64``, in the order in which the events happen.
    n_events : int
        Bits beyond them must be 0.
    registers : dict of ndarray, optional
        Each of shape ``(n_lines,)``. Not together with `state`.
    state : State, optional
        Updated in place. To start in the middle of a sample: `State.after` the earlier fires.

    Returns
    -------
    ndarray of uint64, shape of `rows`

    Raises
    ------
    InputError
        When shapes do not agree, or registers are out of range.
    """
    current = _current(registers, state)
    expected = (len(current.value), -(-n_events // 64))
    if rows.shape != expected:
        raise InputError(f"rows must have shape {expected}, not {rows.shape}",
                         place="gdl_prescale.prescale_rows")  # fmt: skip
    out = np.zeros_like(rows)
    chosen = current.registers
    _prescale_rows(np.ascontiguousarray(rows), chosen["interval"], chosen["mode"],
                   chosen["fraction"], current.value, out)  # fmt: skip
    return out


def _natural_mode(prescale: float) -> str:
    return "counter" if float(prescale).is_integer() else "fractional"


def _check_prescale(prescale: float, mode: str, where: str) -> None:
    if not (np.isfinite(prescale) and (prescale == 0 or prescale >= 1)):
        raise InputError(f"a prescale must be 0 (masked) or at least 1, not {prescale}",
                         place=where)  # fmt: skip
    if mode == "counter" and not float(prescale).is_integer():
        raise InputError(f"must be a whole number in counter mode, not {prescale}; "
                         "use mode fractional or random", place=where)  # fmt: skip
    if prescale > MAX_INTERVAL:
        raise InputError(f"must be at most {MAX_INTERVAL}, not {prescale}", place=where)


def _complete(registers: Registers | None) -> Registers:
    """Return all four registers as int64 arrays of one length."""
    if registers is None:
        return BLOCK.defaults()
    n = len(next(iter(registers.values())))
    full = {r.name: np.full(n, r.default, dtype=np.int64) for r in BLOCK.registers}
    for name, values in registers.items():
        if name not in full:
            raise unknown_name("register", name, full, place="gdl_prescale")
        if len(values) != n:
            raise InputError(f"{name} has {len(values)} lines, not {n}", place="gdl_prescale")
        full[name] = np.asarray(values, dtype=np.int64)
    return full


def _current(registers: Registers | None, state: State | None) -> State:
    if state is None:
        return State.start(registers)
    if registers is not None and registers is not state.registers:
        raise InputError("give registers or state, not both: the state has its registers",
                         place="gdl_prescale")  # fmt: skip
    return state


@njit()
def fire(mode, interval, fraction, value):  # type: ignore[no-untyped-def]
    """Return (passes, next value) of one line that fires; the interval is not 0."""
    if mode == COUNTER:
        following = value + 1
        if following >= interval:
            return 1, np.int64(0)
        return 0, following
    if mode == FRACTIONAL:
        total = value + fraction
        return total >> 32, total & np.int64(0xFFFFFFFF)
    following = lfsr.step(value)
    return np.int64(following < fraction), following


@njit()
def _prescale_words(bits, interval, mode, fraction, value, out):  # type: ignore[no-untyped-def]
    for tick in range(bits.shape[0]):
        for line in range(bits.shape[1]):
            if bits[tick, line] != 0 and interval[line] != 0:
                out[tick, line], value[line] = fire(
                    mode[line], interval[line], fraction[line], value[line]
                )


@njit()
def _prescale_rows(rows, interval, mode, fraction, value, out):  # type: ignore[no-untyped-def]
    for line in range(rows.shape[0]):
        if interval[line] == 0:
            continue
        if mode[line] == COUNTER and interval[line] == 1:
            out[line] = rows[line]  # the counter stays at 0
            continue
        current = value[line]
        for word in range(rows.shape[1]):
            current = _prescale_word(rows, out, line, word, mode[line], interval[line],
                                     fraction[line], current)  # fmt: skip
        value[line] = current


@njit()
def _prescale_word(rows, out, line, word, mode, interval, fraction, current):  # type: ignore[no-untyped-def]
    left = rows[line, word]
    if mode == COUNTER:
        fires = _popcount(left)
        if current + fires < interval:
            return current + fires
    passed = np.uint64(0)
    while left != np.uint64(0):
        lowest = left & (~left + np.uint64(1))
        passes, current = fire(mode, interval, fraction, current)
        if passes != 0:
            passed |= lowest
        left ^= lowest
    out[line, word] = passed
    return current


@njit()
def _popcount(word):  # type: ignore[no-untyped-def]
    x = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))
