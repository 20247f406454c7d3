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

from firmware_models.kernels import njit
from sim.readout.plan import REDUCTION_BITS, SCALE_BITS, Plan
from sim.streams import stream

FIXED, EXPONENTIAL, TABLE, FRAMES, TRANSFER = range(5)
"""How a stage's service time comes about."""

SERVICE_TABLE_BITS, BYTES_TABLE_BITS = 16, 12

_CODES = {"fixed": FIXED, "exponential": EXPONENTIAL, "lognormal": TABLE, "frames": FRAMES,
          "transfer": TRANSFER}  # fmt: skip


class LoadTables(NamedTuple):
    """The loads of all stages as arrays, one element a stage (`n` stages), for the kernels.

    Parameters
    ----------
    kind, time : ndarray of int64, shape (n,)
    service_slot, bytes_slot, keep_slot : ndarray of int64, shape (n,)
        Position of the slot: word * 64 + lowest bit; -1: none.
    service_table, bytes_table : ndarray of int64, shape (n,)
        Start of the table in `tables`, -1: none.
    makes : ndarray of int64, shape (n,)
        1 for stages that make bytes; their size is `fixed_bytes` when there is no table.
    fixed_bytes, reduction, keep : ndarray of int64, shape (n,)
        Bytes; 2**-16; 2**-16.
    first_input : ndarray of int64, shape (n + 1,)
        Where the inputs of each stage start in `inputs`.
    inputs : ndarray of int64
    tables : ndarray of int64
    """

    kind: NDArray[np.int64]
    time: NDArray[np.int64]
    service_slot: NDArray[np.int64]
    bytes_slot: NDArray[np.int64]
    keep_slot: NDArray[np.int64]
    service_table: NDArray[np.int64]
    bytes_table: NDArray[np.int64]
    makes: NDArray[np.int64]
    fixed_bytes: NDArray[np.int64]
    reduction: NDArray[np.int64]
    keep: NDArray[np.int64]
    first_input: NDArray[np.int64]
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
        for stage in plan.stages:
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
            ))  # fmt: skip
        rule_slot = tuple(
            slots.take(32) if rule.kind == "fifo" and rule.exponential else -1
            for rule in plan.rules
        )
        columns = np.array(rows, dtype=np.int64).reshape(len(rows), 11).T
        inputs = [[i for i in stage.inputs if i >= 0] for stage in plan.stages]
        arrays = [
            *(np.ascontiguousarray(column) for column in columns),
            np.cumsum([0, *(len(i) for i in inputs)], dtype=np.int64),
            np.array([k for i in inputs for k in i], dtype=np.int64),
            np.array(tables.values, dtype=np.int64),
        ]
        return cls(slots.words, rule_slot, LoadTables(*arrays))

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
        shape = (len(draws), len(self.tables.kind))
        service, size = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        _all_events(draws, samples, self.tables, service, size)
        return service, size


def exponential(mean: int, draw: int) -> int:
    """Return an exponential time [quanta], at least 1, from 32 random bits."""
    return int(exponential_time(np.int64(mean), np.uint64(draw)))


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
        scaled = np.rint(quantiles * (mean / quantiles.mean())).astype(np.int64)
        self.values += np.maximum(scaled, 1).tolist()
        return start


@njit()
def slot_bits(words, slot, bits):  # type: ignore[no-untyped-def]
    """Return `bits` random bits of a candidate's words."""
    word = words[slot >> 6] >> np.uint64(slot & 63)
    return word & np.uint64((1 << bits) - 1)


@njit()
def exponential_time(mean, draw):  # type: ignore[no-untyped-def]
    """Return an exponential time of a mean [quanta], at least 1, from 32 random bits."""
    u = (np.float64(draw) + 0.5) / 4294967296.0
    return max(np.int64(1), np.int64(np.rint(-np.log(u) * np.float64(mean))))


@njit()
def event_loads(words, samples, t, service, size, out):  # type: ignore[no-untyped-def]
    """Fill one event's service times, bytes and outgoing bytes, one element a stage."""
    for j in range(len(t.kind)):
        made = np.int64(0)
        if t.makes[j] != 0:
            made = t.fixed_bytes[j]
            if t.bytes_slot[j] >= 0:
                index = np.int64(slot_bits(words, t.bytes_slot[j], 16)) >> 4
                made = t.tables[t.bytes_table[j] + index]
        else:
            for k in range(t.first_input[j], t.first_input[j + 1]):
                made += out[t.inputs[k]]
        size[j] = made
        leaves = (made * t.reduction[j]) >> REDUCTION_BITS
        if t.keep_slot[j] >= 0 and np.int64(slot_bits(words, t.keep_slot[j], 16)) >= t.keep[j]:
            leaves = np.int64(0)
        out[j] = leaves
        time = t.time[j]
        if t.kind[j] == TABLE:
            index = np.int64(slot_bits(words, t.service_slot[j], 16))
            time = t.tables[t.service_table[j] + index]
        elif t.kind[j] == EXPONENTIAL:
            time = exponential_time(t.time[j], slot_bits(words, t.service_slot[j], 32))
        elif t.kind[j] == FRAMES:
            time = t.time[j] * samples
        elif t.kind[j] == TRANSFER:
            time = max(np.int64(1), (made * t.time[j]) >> SCALE_BITS)
        service[j] = time


@njit()
def _all_events(draws, samples, t, service, size):  # type: ignore[no-untyped-def]
    out = np.zeros(len(t.kind), dtype=np.int64)
    for i in range(len(draws)):
        event_loads(draws[i], samples[i], t, service[i], size[i], out)
