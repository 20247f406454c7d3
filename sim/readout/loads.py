"""What each event costs each stage: bytes and service times, from random bits that it owns.

Every candidate owns some 64-bit words of random numbers, whether it is accepted or not; a part of
them (a slot) serves one quantity. Both engines read the same words, and a change in one stage
leaves the other stages' numbers as they are.

Log-normal quantities come from tables of quantiles: the mean of the table is the configured mean.
Exponential ones are computed from 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from sim.readout.plan import REDUCTION_BITS, SCALE_BITS, Plan
from sim.streams import stream

FIXED, EXPONENTIAL, TABLE, FRAMES, TRANSFER = range(5)
"""How a stage's service time comes about."""

LARGEST = 1 << 56
"""Where quantiles are cut off."""

LIMIT = 1 << 62
"""Products stay below."""

SERVICE_TABLE_BITS, BYTES_TABLE_BITS = 16, 12

_CODES = {"fixed": FIXED, "exponential": EXPONENTIAL, "lognormal": TABLE, "frames": FRAMES,
          "transfer": TRANSFER}  # fmt: skip


(
    KIND, TIME, SERVICE_SLOT, BYTES_SLOT, KEEP_SLOT, SERVICE_TABLE, BYTES_TABLE, MAKES, FIXED_BYTES,
    REDUCTION, KEEP, FIRST_INPUT, LAST_INPUT,
) = range(13)  # fmt: skip
"""Columns of `LoadTables.rows`. Slots: word * 64 + lowest bit; tables: where they start; inputs:
where they start and end in `inputs`; -1: none."""


class LoadTables(NamedTuple):
    """The loads of all stages as arrays, for the kernels.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_stages, 13)
    inputs : ndarray of int64
        Numbers of the stages' inputs, one stage after another.
    tables : ndarray of int64
        Quantiles, one table after another.
    """

    rows: NDArray[np.int64]
    inputs: NDArray[np.int64]
    tables: NDArray[np.int64]


@dataclass(frozen=True)
class Loads:
    """The slots and tables of a plan.

    Parameters
    ----------
    words : int
        64-bit words that one candidate owns.
    rule_slot : tuple of int
        Slot of each throttle rule's service time; -1: none.
    tables : LoadTables
    """

    words: int
    rule_slot: tuple[int, ...]
    tables: LoadTables

    @classmethod
    def of(cls, plan: Plan) -> Loads:
        """Lay out slots and tables for a plan."""
        slots = _Slots()
        tables = _Tables()
        rows: list[tuple[int, ...]] = []
        inputs: list[int] = []
        for stage in plan.stages:
            inputs += [i for i in stage.inputs if i >= 0]
            drawn = stage.service in ("exponential", "lognormal")
            spread = stage.makes_bytes and stage.bytes_sigma > 0
            rows.append((
                _CODES[stage.service],
                stage.service_time,
                slots.take(32 if stage.service == "exponential" else 16) if drawn else -1,
                slots.take(16) if spread else -1,
                slots.take(16) if stage.keep < 1 else -1,
                tables.add(stage.service_time, stage.sigma, SERVICE_TABLE_BITS)
                if stage.service == "lognormal" else -1,
                tables.add(stage.bytes_mean, stage.bytes_sigma, BYTES_TABLE_BITS)
                if spread else -1,
                int(stage.makes_bytes),
                round(stage.bytes_mean),
                stage.reduction,
                round(stage.keep * (1 << 16)),
                len(inputs) - sum(i >= 0 for i in stage.inputs),
                len(inputs),
            ))  # fmt: skip
        rule_slot = tuple(
            slots.take(32) if rule.kind == "fifo" and rule.exponential else -1
            for rule in plan.rules
        )
        arrays = LoadTables(
            np.array(rows, dtype=np.int64).reshape(len(rows), 13),
            np.array(inputs, dtype=np.int64),
            np.array(tables.values, dtype=np.int64),
        )
        _check_sizes(plan, arrays)
        return cls(slots.words, rule_slot, arrays)

    def draw(self, seed: int, chunk: int, n: int) -> NDArray[np.uint64]:
        """Return the random words of one chunk's candidates, shape ``(n, words)``."""
        raw = stream(seed, "readout/loads", chunk).bit_generator.random_raw(n * self.words)
        return np.asarray(raw, dtype=np.uint64).reshape(n, self.words)

    def events(
        self, draws: NDArray[np.uint64], samples: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return service times [quanta] and bytes of events, each of shape ``(n, n_stages)``.

        Parameters
        ----------
        draws : ndarray of uint64, shape (n, words)
        samples : ndarray of int64, shape (n,)
            Samples that the strip detector reads: 3 or 6.
        """
        shape = (len(draws), len(self.tables.rows))
        service, size = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        _all_events(draws, samples, *self.tables, service, size)
        return service, size


def exponential(mean: int, draw: int) -> int:
    """Return an exponential time [quanta], at least 1, from 32 random bits."""
    return int(exponential_time(np.int64(mean), np.uint64(draw)))


def most_bytes(tables: LoadTables) -> list[int]:
    """Return the most bytes that one event can have in each stage."""
    most: list[int] = []
    leaving: list[int] = []
    for row in tables.rows.tolist():
        if row[MAKES]:
            largest = row[FIXED_BYTES]
            if row[BYTES_SLOT] >= 0:
                largest = int(tables.tables[row[BYTES_TABLE] :][: 1 << BYTES_TABLE_BITS].max())
        else:
            inputs = tables.inputs[row[FIRST_INPUT] : row[LAST_INPUT]]
            largest = sum(leaving[k] for k in inputs)
        most.append(largest)
        leaving.append((largest * row[REDUCTION]) >> REDUCTION_BITS)
    return most


def _check_sizes(plan: Plan, tables: LoadTables) -> None:
    """Refuse bytes and times that would not fit into 64 bits."""
    for stage, most in zip(plan.stages, most_bytes(tables), strict=True):
        place = f"stage {stage.name}"
        if most << REDUCTION_BITS >= LIMIT:
            raise InputError(f"an event may have {most:.3g} bytes here, too many", place=place)
        if stage.service == "transfer" and most * stage.service_time >= LIMIT:
            seconds = most * stage.service_time / (1 << SCALE_BITS) * plan.quantum_ns * 1e-9
            raise InputError(f"the transfer of an event may take {seconds:.3g} s, too long",
                             place=place)  # fmt: skip


class _Slots:
    """Deals out bits of the words; a slot does not cross a word's end."""

    def __init__(self) -> None:
        self._used = 0

    @property
    def words(self) -> int:
        return -(-self._used // 64)

    def take(self, bits: int) -> int:
        if self._used % 64 + bits > 64:
            self._used += 64 - self._used % 64
        self._used += bits
        return self._used - bits


class _Tables:
    """Quantiles of log-normal quantities, one table after another."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def add(self, mean: float, sigma: float, bits: int) -> int:
        start = len(self.values)
        n = 1 << bits
        quantiles = np.exp(sigma * ndtri((np.arange(n) + 0.5) / n))
        scaled = np.rint(np.minimum(quantiles * (mean / quantiles.mean()), LARGEST))
        scaled = scaled.astype(np.int64)
        self.values += np.maximum(scaled, 1).tolist()
        return start


@njit(_nrt=False)
def slot_bits(words, slot, bits):  # type: ignore[no-untyped-def]
    """Return `bits` random bits of a candidate's words."""
    word = words[slot >> 6] >> np.uint64(slot & 63)
    return word & np.uint64((1 << bits) - 1)


@njit(_nrt=False)
def exponential_time(mean, draw):  # type: ignore[no-untyped-def]
    """Return an exponential time of a mean [quanta], at least 1, from 32 random bits."""
    u = (np.float64(draw) + 0.5) / 4294967296.0
    return max(np.int64(1), np.int64(np.rint(-np.log(u) * np.float64(mean))))


@njit(_nrt=False, inline="always")
def event_loads(words, samples, rows, inputs, tables, service, size, out):  # type: ignore[no-untyped-def]
    """Fill one event's service times, bytes and outgoing bytes, one element a stage."""
    for j in range(len(rows)):
        made = np.int64(0)
        if rows[j, MAKES] != 0:
            made = rows[j, FIXED_BYTES]
            if rows[j, BYTES_SLOT] >= 0:
                index = np.int64(slot_bits(words, rows[j, BYTES_SLOT], 16)) >> 4
                made = tables[rows[j, BYTES_TABLE] + index]
        else:
            for k in range(rows[j, FIRST_INPUT], rows[j, LAST_INPUT]):
                made += out[inputs[k]]
        size[j] = made
        leaves = (made * rows[j, REDUCTION]) >> REDUCTION_BITS
        slot = rows[j, KEEP_SLOT]
        if slot >= 0 and np.int64(slot_bits(words, slot, 16)) >= rows[j, KEEP]:
            leaves = np.int64(0)
        out[j] = leaves
        kind, time = rows[j, KIND], rows[j, TIME]
        if kind == TRANSFER:
            time = max(np.int64(1), (made * time) >> SCALE_BITS)
        elif kind == TABLE:
            index = np.int64(slot_bits(words, rows[j, SERVICE_SLOT], 16))
            time = tables[rows[j, SERVICE_TABLE] + index]
        elif kind == EXPONENTIAL:
            time = exponential_time(time, slot_bits(words, rows[j, SERVICE_SLOT], 32))
        elif kind == FRAMES:
            time = time * samples
        service[j] = time


@njit()
def _all_events(draws, samples, rows, inputs, tables, service, size):  # type: ignore[no-untyped-def]
    out = np.zeros(len(rows), dtype=np.int64)
    for i in range(len(draws)):
        event_loads(draws[i], samples[i], rows, inputs, tables, service[i], size[i], out)
