"""Maps of a run in time since injection and place in the turn: where candidates come, and are lost.

Background after an injection is a strip around the injected bunch that comes by every turn, for
some milliseconds; a veto is a window in the same two coordinates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.accelerator import Accelerator
from sim.accelerator.injection import since_kick
from sim.readout.arrivals import PROBE, Arrivals, Kicks
from sim.readout.engine import ACCEPTED, UNDECIDED, Verdicts
from sim.readout.plan import QUANTA, RINGS, TURN

LAST_TURN = 2560
"""Turns after an injection that the maps show: 25.8 ms, beyond the longest veto of 20.6 ms."""

TURN_EDGES = np.concatenate(
    [[0], np.unique(np.rint(LAST_TURN * 2.0 ** (-np.arange(45) / 4)).astype(np.int64))]
)
"""Edges in turns since the first passage: four bins to a factor of two, none below a turn."""

PHASE_BINS = 64

PHASE_EDGES = (np.arange(PHASE_BINS + 1) - PHASE_BINS // 2) * (TURN // QUANTA // PHASE_BINS)
"""Edges of the place in the turn relative to the injected bunch [tick]: its passage is in the
middle, so that a strip or a window around it stays whole."""

CELLS = (len(TURN_EDGES) - 1) * PHASE_BINS

TAKEN, VETOED, REFUSED, OUTCOMES = 0, 1, 2, 3
"""What becomes of a candidate; that of probes is `OUTCOMES` higher."""

_BIN_OF_TURN = np.searchsorted(TURN_EDGES, np.arange(LAST_TURN), side="right") - 1


class InjectionMap:
    """An observer of a run that counts candidates by time since the injections of each ring.

    Every candidate is in the maps of both rings, or in their counts outside: before the first
    injection, or `LAST_TURN` turns and more after the last. Announcements come as late as
    candidates do (`sim.readout.sources`), so that the latency to the throttle drops out. Memory
    does not grow with the run.

    Parameters
    ----------
    accelerator : Accelerator
    veto : bool
        Whether the first cause is the injection veto.
    """

    def __init__(self, accelerator: Accelerator, *, veto: bool) -> None:
        # The map's first turn begins half a turn before the first passage.
        self._lead = accelerator.lead - TURN // 2
        self._veto = veto
        self._turn_ms = 1e3 / accelerator.turn_hz
        self._kicks = Kicks.none()
        self._known = np.zeros(len(RINGS), dtype=np.int64)
        self._counts = np.zeros((len(RINGS), 2 * OUTCOMES, CELLS + 1), dtype=np.int64)
        self.shots = np.zeros(len(RINGS), dtype=np.int64)
        """Injections of each ring whose bunch came by before the run's last candidate."""

    def __call__(self, arrivals: Arrivals, draws: NDArray[np.uint64], verdicts: Verdicts) -> None:
        """Add one chunk."""
        kicks = _joined(self._kicks, arrivals.kicks)
        since, phase = since_kick(arrivals.time, kicks, self._lead)
        outcome = np.where(verdicts.cause == ACCEPTED, TAKEN, REFUSED)
        if self._veto:
            outcome[verdicts.cause == 1] = VETOED
        outcome += np.where(arrivals.flags & PROBE, OUTCOMES, 0)
        decided = verdicts.cause != UNDECIDED
        for ring in range(len(RINGS)):
            turn = since[ring] // TURN
            inside = (turn >= 0) & (turn < LAST_TURN)
            cell = _BIN_OF_TURN[np.where(inside, turn, 0)] * PHASE_BINS
            cell += phase[ring] * PHASE_BINS // TURN
            flat = outcome * (CELLS + 1) + np.where(inside, cell, CELLS)
            counts = self._counts[ring]
            counts += np.bincount(flat[decided], minlength=counts.size).reshape(counts.shape)
        self._keep(kicks, int(arrivals.time[-1]))

    def _keep(self, kicks: Kicks, last: int) -> None:
        """Keep of each ring the injection before the next chunk, and those still announced."""
        chosen = np.zeros(len(kicks.time), dtype=np.bool_)
        for ring in range(len(RINGS)):
            own = np.flatnonzero(kicks.ring == ring)
            passed = int(np.searchsorted(kicks.time[own] + self._lead, last, side="right"))
            self.shots[ring] += passed - self._known[ring]
            self._known[ring] = min(passed, 1)
            chosen[own[max(passed - 1, 0) :]] = True
        self._kicks = Kicks(kicks.time[chosen], kicks.ring[chosen], kicks.position[chosen])

    @property
    def counts(self) -> NDArray[np.int64]:
        """Candidates by ring, outcome, turn and phase, shape ``(2, 6, n_turn_bins, 64)``."""
        return self._counts[:, :, :CELLS].reshape(len(RINGS), 2 * OUTCOMES, -1, PHASE_BINS)

    @property
    def outside(self) -> NDArray[np.int64]:
        """Candidates that are in no map, by ring and outcome, shape ``(2, 6)``."""
        return self._counts[:, :, CELLS]

    def to_json(self) -> dict[str, Any]:
        """Return the maps for JSON; keys: docs/reference/readout.md."""
        return {
            "edges": {
                "since_ms": (TURN_EDGES * self._turn_ms).tolist(),
                "phase_ticks": PHASE_EDGES.tolist(),
            },
            "rings": [self._ring(ring) for ring in range(len(RINGS))],
        }

    def _ring(self, ring: int) -> dict[str, Any]:
        counts, outside = self.counts[ring], self.outside[ring]
        maps = {name: counts[chosen].sum(axis=0) for name, chosen in _MAPS.items()}
        return {
            "ring": RINGS[ring],
            "injections": int(self.shots[ring]),
            **{name: found.tolist() for name, found in maps.items()},
            "outside": {name: int(outside[chosen].sum()) for name, chosen in _MAPS.items()},
        }


_MAPS = {
    "offered": slice(0, OUTCOMES),
    "accepted": slice(TAKEN, TAKEN + 1),
    "vetoed": slice(VETOED, VETOED + 1),
    "probes": slice(OUTCOMES, 2 * OUTCOMES),
    "probes_accepted": slice(OUTCOMES + TAKEN, OUTCOMES + TAKEN + 1),
}
"""Maps of the JSON, and the outcomes in each."""


def _joined(first: Kicks, second: Kicks) -> Kicks:
    return Kicks(
        np.concatenate([first.time, second.time]),
        np.concatenate([first.ring, second.ring]),
        np.concatenate([first.position, second.position]),
    )
