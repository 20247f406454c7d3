"""Payload sizes of emulated frames: what the stages of a simulation let out, as 32-bit words.

A sub-detector is read when the plan has a stage of its name. Its fragment holds the bytes that
leave that stage; the pixel detector's holds those that leave ``onsen``, where there is one: only
the part in regions of interest goes on to storage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.readout import MAX_PAYLOAD, N_SUBDETECTOR
from firmware_models.readout_events import SUBDETECTORS
from sim.readout.loads import KEEP, KEEP_SLOT, REDUCTION, Loads, most_bytes
from sim.readout.plan import REDUCTION_BITS, Plan

STAGES = {name: (name.lower(),) for name in SUBDETECTORS} | {"PXD": ("onsen", "pxd")}
"""Stages that give a sub-detector's bytes: the first that the plan has."""

FACTOR_BITS = 16
"""Fraction bits of the factor on all sizes."""

LARGEST_FACTOR = 1000.0


class FragmentSizes:
    """Payload words of events, by sub-detector.

    Parameters
    ----------
    plan : Plan
    loads : Loads
        Of the same plan.
    factor : float
        On all sizes, 0 to 1000, in steps of 2⁻¹⁶.
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        For a factor out of range, and where an event could have more than a fragment holds.
    """

    def __init__(self, plan: Plan, loads: Loads, factor: float = 1.0, place: str = "") -> None:
        if not 0 <= factor <= LARGEST_FACTOR:
            raise InputError(f"must be 0 to {LARGEST_FACTOR:g}, not {factor:g}",
                             place="--emit-size")  # fmt: skip
        self._loads = loads
        self._factor = round(factor * (1 << FACTOR_BITS))
        self._given = next((r.samples for r in plan.rules if r.kind == "apv25"), 0)
        numbers = {stage.name: j for j, stage in enumerate(plan.stages)}
        self.stage = [
            next((numbers[name] for name in STAGES[sub] if name in numbers), -1)
            for sub in SUBDETECTORS
        ]
        """Number of each sub-detector's stage; -1: not read."""
        self.present = sum(1 << d for d, j in enumerate(self.stage) if j >= 0)
        self._check_largest(place)

    def words(
        self, draws: NDArray[np.uint64], short: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return payload words, shape ``(n, 8)``, and whether three samples were read, ``(n,)``.

        Parameters
        ----------
        draws : ndarray of uint64, shape (n, words)
            The events' random words.
        short : ndarray of bool, shape (n,)
            Candidates with the flag short.
        """
        three = short if self._given == 0 else np.full(len(short), self._given == 3)
        _, inside = self._loads.events(draws, np.where(three, 3, 6).astype(np.int64))
        out = np.zeros((len(draws), N_SUBDETECTOR), dtype=np.int64)
        for d, j in enumerate(self.stage):
            if j >= 0:
                out[:, d] = self._scaled(self._leaving(j, inside[:, j], draws))
        return out, three

    def _leaving(
        self, j: int, inside: NDArray[np.int64], draws: NDArray[np.uint64]
    ) -> NDArray[np.int64]:
        """Return the bytes that leave stage `j`, of those inside."""
        row = self._loads.tables.rows[j].tolist()
        leaves = (inside * row[REDUCTION]) >> REDUCTION_BITS
        slot = row[KEEP_SLOT]
        if slot >= 0:
            bits = (draws[:, slot >> 6] >> np.uint64(slot & 63)) & np.uint64(0xFFFF)
            leaves[bits.astype(np.int64) >= row[KEEP]] = 0
        return np.asarray(leaves)

    def _scaled(self, n_bytes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the words that hold the scaled bytes; the last one may be filled in part."""
        return ((n_bytes * self._factor >> FACTOR_BITS) + 3) // 4

    def _check_largest(self, place: str) -> None:
        most = most_bytes(self._loads.tables)
        for sub, j in zip(SUBDETECTORS, self.stage, strict=True):
            if j < 0:
                continue
            leaves = most[j] * int(self._loads.tables.rows[j, REDUCTION]) >> REDUCTION_BITS
            largest = leaves * self._factor >> FACTOR_BITS
            if largest > 4 * MAX_PAYLOAD:
                room = 0.99 * 4 * MAX_PAYLOAD / leaves
                raise InputError(
                    f"an event of {sub} can have {largest} bytes, a fragment holds "
                    f"{4 * MAX_PAYLOAD}; --emit-size {room:.2g} would do",
                    place=f"{place}: stage {STAGES[sub][-1]}" if place else "stage",
                )
