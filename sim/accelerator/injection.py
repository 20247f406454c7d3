"""Background after injections: a narrow strip of the turn, for some milliseconds.

Each shot makes a Poisson number of candidates. Each of them has a turn, drawn from the decay, and
a place in the strip around the injected bunch, drawn evenly. Sources for the shape: readout_daq
sections 1 and 1.1 of the reference notes (CLAWS Phase 1; windows of the HLT prefilter).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.accelerator.config import InjectionShape, Ring
from sim.accelerator.shots import Shots
from sim.readout.arrivals import Kicks
from sim.readout.plan import QUANTA, RINGS, TURN
from sim.streams import stream

BLOCK_CANDIDATES = 1 << 17
LARGEST_BLOCK = 256
"""Shots whose candidates are drawn together: fewer where they have many candidates."""


class InjectionBackground:
    """Candidates of the injections into one ring.

    Parameters
    ----------
    shots : Shots
    ring : Ring
    shape : InjectionShape
    frequency_mhz : float
        Of the clock.
    """

    def __init__(
        self, shots: Shots, ring: Ring, shape: InjectionShape, frequency_mhz: float
    ) -> None:
        us = frequency_mhz * QUANTA
        self.shots = shots
        self.width = max(1, round(ring.strip_us * us))
        self.weights = turn_weights(shape, TURN / us)
        self._cumulative = np.cumsum(self.weights)
        self._mean = ring.candidates_per_shot
        self._block = int(np.clip(BLOCK_CANDIDATES // max(self._mean, 1.0), 1, LARGEST_BLOCK))
        self._drawn: dict[tuple[int, int], NDArray[np.int64]] = {}

    @property
    def rate_hz(self) -> float:
        """Mean rate of candidates."""
        return self.shots.rate_hz * self._mean

    @property
    def length(self) -> int:
        """Time from a shot's first passage to the end of its background [quanta]."""
        return len(self.weights) * TURN

    def times(self, start: int, end: int, seed: int) -> NDArray[np.int64]:
        """Return the candidates at `start` <= t < `end` [quanta], not falling."""
        first, last = self.shots.between(start - self.length, end + self.width)
        if first == last or self._mean == 0.0:
            return np.zeros(0, dtype=np.int64)
        blocks = range(first // self._block, (last - 1) // self._block + 1)
        self._drawn = {k: v for k, v in self._drawn.items() if k[0] == seed and k[1] in blocks}
        times = np.concatenate([self._candidates(seed, block) for block in blocks])
        return np.sort(times[(times >= start) & (times < end)])

    def _candidates(self, seed: int, block: int) -> NDArray[np.int64]:
        """Return the candidates of one block of shots; kept, since a block is asked for often."""
        key = (seed, block)
        if key not in self._drawn:
            rng = stream(seed, f"injection/candidates/{RINGS[self.shots.ring]}", block)
            first = block * self._block
            passage = self.shots.passages(first, first + self._block)
            counts = rng.poisson(self._mean, self._block)
            u = rng.random((2, int(counts.sum())))
            turn = np.searchsorted(self._cumulative, u[0] * self._cumulative[-1], side="right")
            place = np.floor(u[1] * self.width).astype(np.int64) - self.width // 2
            self._drawn[key] = np.repeat(passage, counts) + turn * TURN + place
        return self._drawn[key]

    def in_strip(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which times lie in the strip of an injection that has not ended."""
        if len(times) == 0:
            return np.zeros(0, dtype=np.bool_)
        first, last = self.shots.between(
            int(times[0]) - self.length, int(times[-1]) + self.width + 1
        )
        passages = self.shots.passages(first, last) - self.width // 2
        result = np.zeros(len(times), dtype=np.bool_)
        _mark(times, passages, self.length, self.width, result)
        return result


def turn_weights(shape: InjectionShape, turn_us: float) -> NDArray[np.float64]:
    """Return the part of a shot's candidates in each turn, shape ``(n_turns,)``; the sum is 1.

    `fast_part` counts the whole fast decay, also behind `end_us`.

    Parameters
    ----------
    shape : InjectionShape
    turn_us : float
        Length of a turn [us].
    """
    turn = np.arange(int(shape.end_us / turn_us) + 1, dtype=np.float64)
    weight = np.zeros(len(turn))
    for part, decay in ((shape.fast_part, shape.fast_us), (1 - shape.fast_part, shape.slow_us)):
        weight += part * -np.expm1(-turn_us / decay) * np.exp(-turn * turn_us / decay)
    weight *= 1 + shape.betatron_amplitude * np.cos(2 * np.pi * shape.betatron_tune * turn)
    weight *= 1 + shape.synchrotron_amplitude * np.cos(2 * np.pi * turn / shape.synchrotron_turns)
    result: NDArray[np.float64] = weight / weight.sum()
    return result


def since_kick(
    times: NDArray[np.int64], kicks: Kicks, lead: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the times since the last injections and the places in the turn relative to them.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        [quanta]
    kicks : Kicks
    lead : int
        Time from a kick's announcement to the first passage of its bunch [quanta].

    Returns
    -------
    since : ndarray of int64, shape (2, n)
        Time since the first passage of the bunch injected last [quanta], HER and LER; -1 before
        the first.
    phase : ndarray of int64, shape (2, n)
        Time since the injected bunch's last passage, 0 to one turn [quanta]; -1 likewise.
    """
    since = np.full((2, len(times)), -1, dtype=np.int64)
    for ring in range(2):
        passage = kicks.time[kicks.ring == ring] + lead
        last = np.searchsorted(passage, times, side="right") - 1
        known = last >= 0
        since[ring, known] = times[known] - passage[last[known]]
    return since, np.where(since >= 0, since % TURN, -1)


@njit()
def _mark(times, passages, length, width, marked):  # type: ignore[no-untyped-def]
    oldest = 0
    for i in range(len(times)):
        while oldest < len(passages) and times[i] - passages[oldest] >= length:
            oldest += 1
        k = oldest
        while k < len(passages) and passages[k] <= times[i]:
            if (times[i] - passages[k]) % TURN < width:
                marked[i] = True
            k += 1
