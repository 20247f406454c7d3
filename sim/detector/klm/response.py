"""Response of the muon detector: events in, hit planes out.

Particles that decay at once (K_S, hyperons, π0) do so as in the calorimeter's response: with equal
seed and chunk both see the same products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.klm import N_SECTOR
from firmware_models.klm_hits import KlmHits
from sim.detector.decays import decay_all
from sim.detector.klm.background import add_noise, fire_probabilities
from sim.detector.klm.config import KlmConfig
from sim.detector.klm.follow import follow_all
from sim.detector.klm.layers import make_layers
from sim.detector.klm.material import substance_table
from sim.detector.klm.passage import COIL, CROSSED, CRYSTAL, END, IRON, LOSS, Medium, Tracks
from sim.detector.particles import Classes, check_events
from sim.events import Events
from sim.streams import stream

__all__ = ["KlmConfig", "KlmFates", "KlmResponse"]

DECAYS_IN_FLIGHT = {211: (780.45, 0.999877), 321: (371.1, 0.6356)}
"""cτ [cm] and part of μν of π and K (Particle Data Group, Phys. Rev. D 110 (2024) 030001). After
another decay the particle is given up."""


@dataclass(frozen=True)
class KlmFates:
    """What became of every particle, arrays of shape ``(n_particle,)``.

    Parameters
    ----------
    events : Events
        The events after decays at once.
    end : ndarray of int64
        `sim.detector.klm.passage.NOTHING` to `LEFT`.
    crossed : ndarray of int64
        Layers crossed, live or not.
    loss : ndarray of float64
        Energy lost by ionisation [GeV].
    crystal, coil, iron : ndarray of float64
        Ways [g/cm²], up to an interaction.
    """

    events: Events
    end: NDArray[np.int64]
    crossed: NDArray[np.int64]
    loss: NDArray[np.float64]
    crystal: NDArray[np.float64]
    coil: NDArray[np.float64]
    iron: NDArray[np.float64]


class KlmResponse:
    """The muon detector with noise and beam background.

    Parameters
    ----------
    config : KlmConfig, optional
        Parameters; the defaults are documented in docs/reference/klm_response.md.

    Examples
    --------
    >>> from sim.detector.klm.response import KlmConfig, KlmResponse
    >>> response = KlmResponse(KlmConfig())
    """

    def __init__(self, config: KlmConfig | None = None) -> None:
        self.config = KlmConfig() if config is None else config
        material, hadrons = self.config.material, self.config.hadrons
        self._layers = make_layers(self.config)
        self._medium = Medium(
            substance_table(), material.crystal, material.coil, material.loss, material.scattering,
            hadrons.interaction, hadrons.tail, self.config.planes.efficiency,
        )  # fmt: skip
        self._noise = fire_probabilities(self.config)

    def respond(self, events: Events, seed: int, chunk: int = 0) -> KlmHits:
        """Return the hit planes of every event's window.

        Parameters
        ----------
        events : Events
            Final-state particles in the laboratory.
        seed, chunk : int
            Key of the random numbers: equal keys and events give identical bytes.

        Raises
        ------
        InputError
            A particle's numbers or code are refused; the message names event and particle.
        """
        masks, _, _ = self._follow(events, seed, chunk)
        add_noise(masks, self._noise, stream(seed, "klm/response/noise", chunk))
        return KlmHits.from_masks(masks)

    def explain(self, events: Events, seed: int, chunk: int = 0) -> KlmFates:
        """Return what becomes of the particles in `respond`.

        Parameters and errors as for `respond`.
        """
        _, fates, decayed = self._follow(events, seed, chunk)
        end, crossed = fates[:, END].astype(np.int64), fates[:, CROSSED].astype(np.int64)
        ways = (fates[:, column].copy() for column in (LOSS, CRYSTAL, COIL, IRON))
        return KlmFates(decayed, end, crossed, *ways)

    def background_events(self, n: int, seed: int, chunk: int = 0) -> KlmHits:
        """Return windows without a collision: noise and beam background alone.

        Parameters
        ----------
        n : int
            Number of windows.
        seed, chunk : int
            Key of the random numbers; they differ from those of `respond`.

        Raises
        ------
        InputError
            n is negative.
        """
        if n < 0:
            raise InputError(f"given {n} windows; allowed: 0 or more")
        masks = np.zeros((n, N_SECTOR), dtype=np.uint64)
        add_noise(masks, self._noise, stream(seed, "klm/background/noise", chunk))
        return KlmHits.from_masks(masks)

    def _follow(
        self, events: Events, seed: int, chunk: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.float64], Events]:
        """Return masks without noise, fates, and the events after decays."""
        classes = check_events(events, self.config.invisible)
        events, classes = decay_all(events, classes, stream(seed, "ecl/response/decays", chunk))
        masks, fates = follow_all(
            events.offsets, self._tracks(events, classes), self._layers, self._medium,
            stream(seed, "klm/response/particles", chunk),
            stream(seed, "klm/response/efficiency", chunk),
        )  # fmt: skip
        return masks, fates, events

    def _tracks(self, events: Events, classes: Classes) -> Tracks:
        """Return the kernel's input."""
        factor = self.config.hadrons.decays
        length, fraction = np.zeros(len(events.pdg)), np.zeros(len(events.pdg))
        for code, (ctau, part) in DECAYS_IN_FLIGHT.items():
            rows = np.abs(events.pdg) == code
            length[rows] = ctau / factor if factor > 0.0 else 0.0
            fraction[rows] = part
        return Tracks(
            np.ascontiguousarray(events.p4), np.ascontiguousarray(events.vertex), classes.mass,
            classes.charge.astype(np.float64), classes.kind.astype(np.int64), length, fraction,
        )  # fmt: skip
