"""The collider: collisions, injections and their background, in quanta of 1/256 clock tick."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ
from sim.accelerator.background import BackgroundScale, background_scale
from sim.accelerator.collisions import BUCKET, Collisions
from sim.accelerator.config import MachineConfig
from sim.accelerator.filling import BUCKETS_PER_TICK, fill
from sim.accelerator.injection import InjectionBackground, since_kick
from sim.accelerator.shots import Shots
from sim.readout.arrivals import Kicks
from sim.readout.plan import QUANTA, TURN

CM2_PER_NB = 1e-33


class Accelerator:
    """A machine that runs from time 0.

    Parameters
    ----------
    config : MachineConfig
    frequency_mhz : float
        Of the clock whose ticks, 1280 a turn, the simulation counts.
    seed : int
        Of the choice of injected buckets.
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        When the bunches do not fit.
    """

    def __init__(
        self,
        config: MachineConfig,
        frequency_mhz: float = SYSTEM_CLOCK_MHZ,
        seed: int = 1,
        place: str = "machine",
    ) -> None:
        self.config = config
        self.filling = fill(
            config.bunches, config.spacing_buckets, config.abort_gap_starts,
            config.abort_gap_ticks, place,
        )  # fmt: skip
        self.turn_hz = frequency_mhz * 1e6 * QUANTA / TURN
        self.rings = tuple(
            InjectionBackground(
                Shots(number, ring.injection_hz, self.filling, frequency_mhz, seed),
                ring, config.injection, frequency_mhz,
            )
            for number, ring in enumerate((config.her, config.ler))
        )  # fmt: skip

    @property
    def crossing_hz(self) -> float:
        """Crossings of filled buckets a second."""
        return self.turn_hz * self.config.bunches

    @property
    def lead(self) -> int:
        """Time from an announcement to the tick of the injected bunch's first passage [quanta].

        One tick less than `announce_turns` + 1 turns: a veto that waits `announce_turns` turns and
        then for the bunch's place less up to 1279 ticks is up before the bunch comes by, and not
        a turn too early.
        """
        return (self.config.announce_turns + 1) * TURN - QUANTA

    def rate_hz(self, cross_section_nb: float) -> float:
        """Return the rate of a process at the machine's luminosity, L·σ."""
        return self.config.luminosity_cm2_s * cross_section_nb * CM2_PER_NB

    def background(self) -> BackgroundScale:
        """Return background rates relative to the reference point."""
        return background_scale(self.config)

    def collisions(self, rate_hz: float, start: int = -1) -> Collisions:
        """Return a stream of collisions strictly after `start` [quanta], to be taken in pieces.

        Each filled crossing has a Poisson number of them, with the mean that gives `rate_hz` over
        a turn.

        Raises
        ------
        InputError
            When the rate is not finite and above 0.
        """
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise InputError(f"rate must be finite and above 0 Hz, not {rate_hz!r}")
        return Collisions(self.filling, rate_hz / self.crossing_hz, start)

    def crossings(
        self, rate_hz: float, rng: np.random.Generator, start: int, n: int
    ) -> NDArray[np.int64]:
        """Return the next `n` collision times strictly after `start` [quanta], not falling.

        To continue, use `collisions`: a second call from the last time would miss what the last
        crossing still holds.
        """
        return self.collisions(rate_hz, start).take(rng, n)

    def kicks(self, start: int, end: int) -> Kicks:
        """Return the injections announced at `start` <= t < `end` [quanta], `lead` beforehand."""
        pieces = []
        for ring in self.rings:
            first, last = ring.shots.between(start + self.lead, end + self.lead + QUANTA)
            passage = ring.shots.passages(first, last)
            position = passage % TURN // BUCKET // BUCKETS_PER_TICK
            time = passage // QUANTA * QUANTA - self.lead
            pieces.append(np.stack([time, np.full_like(time, ring.shots.ring), position]))
        found = np.concatenate(pieces, axis=1)
        found = found[:, (found[0] >= start) & (found[0] < end)]
        found = found[:, np.argsort(found[0], kind="stable")]
        return Kicks(*(np.ascontiguousarray(row) for row in found))

    def injection_times(
        self, start: int, end: int, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the injection background at `start` <= t < `end` [quanta].

        What a shot makes does not depend on the interval in which it is asked for.

        Parameters
        ----------
        start, end : int
        seed : int
            Of the candidates.

        Returns
        -------
        times : ndarray of int64, shape (n,)
            Not falling.
        ring : ndarray of int64, shape (n,)
            0 HER, 1 LER.
        """
        pieces = [ring.times(start, end, seed) for ring in self.rings]
        times = np.concatenate(pieces)
        ring = np.repeat(np.arange(2, dtype=np.int64), [len(piece) for piece in pieces])
        order = np.argsort(times, kind="stable")
        return times[order], ring[order]

    def in_strip(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which times (not falling) lie in the strip of an injection of either ring."""
        return self.rings[0].in_strip(times) | self.rings[1].in_strip(times)

    def since_kick(
        self, times: NDArray[np.int64], kicks: Kicks
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return times since the last injections and places in the turn relative to them.

        See `sim.accelerator.injection.since_kick`; `kicks` must reach back to the injection.
        """
        return since_kick(times, kicks, self.lead)
