"""Response of the calorimeter: events in, fired trigger cells out.

Time: the collision falls at a random phase of the data clock. The window is two data clocks long
and starts at a clock's edge, chosen so that the collision lies in its middle half: at 64 to 192 of
its 256 counts. `frame` is the data clock of the turn in which the window starts. A cell's time has
the flight of light from the collision point to the cell's centre taken off, so that photons of the
collision show the collision's time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from firmware_models.errors import InputError
from firmware_models.interface.clock import DATA_CLOCK_NS, DATA_CLOCKS_PER_TURN
from firmware_models.interface.ecl import N_CELL
from firmware_models.trigger_cells import CellHits
from sim.detector.background import deposit_rates, draw_overlay
from sim.detector.decays import decay_all
from sim.detector.deposit import Deposits, Overlay, deposit_kernel
from sim.detector.digitise import digitise
from sim.detector.ecl_config import EclConfig
from sim.detector.exotic import magnetic_charges
from sim.detector.geometry import cell_distance, strips
from sim.detector.landau import landau_table
from sim.detector.magnetic_passage import make_matter
from sim.detector.particles import Classes, Kind, check_events
from sim.detector.passage import N_LOSS, N_NORMAL, N_UNIFORM, Particles, Physics, Tables
from sim.events import Events
from sim.streams import stream

__all__ = ["EclConfig", "EclResponse"]

_ROOM = {
    Kind.INVISIBLE: 0, Kind.PHOTON: 32, Kind.ELECTRON: 32, Kind.MUON: 8, Kind.CHARGED_HADRON: 40,
    Kind.NEUTRAL_HADRON: 32, Kind.DECAYS: 0,
    Kind.MAGNETIC: 32,
}  # fmt: skip
"""Cells that one particle can touch at most, with the greatest `reach` that is allowed."""


class EclResponse:
    """The calorimeter and its front end.

    Parameters
    ----------
    config : EclConfig, optional
        Parameters; the defaults are documented in docs/reference/ecl_response.md.
    """

    def __init__(self, config: EclConfig | None = None) -> None:
        self.config = EclConfig() if config is None else config
        self._physics = _physics(self.config)
        self._tables = _tables(self.config)
        self._rates = deposit_rates(self.config)

    def respond(self, events: Events, seed: int, chunk: int = 0) -> CellHits:
        """Return the fired cells of each event.

        Parameters
        ----------
        events : Events
            Final-state particles in the laboratory.
        seed, chunk : int
            Key of the random numbers: equal keys and events give identical bytes.

        Returns
        -------
        CellHits
            One window an event.

        Raises
        ------
        InputError
            A particle's numbers or code are refused; the message names event and particle.
        """
        deposits, frame = self._deposits(events, seed, chunk, "ecl/response")
        rng = stream(seed, "ecl/response/electronics", chunk)
        return digitise(deposits, frame, self.config.electronics, rng)

    def deposits(self, events: Events, seed: int, chunk: int = 0) -> Deposits:
        """Return the energy in cells that `respond` digitises, with what was lost.

        Parameters and errors as for `respond`.
        """
        return self._deposits(events, seed, chunk, "ecl/response")[0]

    def background_events(self, n: int, seed: int, chunk: int = 0) -> CellHits:
        """Return windows without a collision: beam background and noise alone.

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
        empty = Events(
            np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int32),
            np.zeros((0, 4)), np.zeros((0, 4)), np.ones(n),
        )  # fmt: skip
        deposits, frame = self._deposits(empty, seed, chunk, "ecl/background")
        rng = stream(seed, "ecl/background/electronics", chunk)
        return digitise(deposits, frame, self.config.electronics, rng)

    def _deposits(
        self, events: Events, seed: int, chunk: int, purpose: str
    ) -> tuple[Deposits, NDArray[np.uint8]]:
        classes = check_events(events, self.config.invisible)
        events, classes = decay_all(events, classes, stream(seed, f"{purpose}/decays", chunk))
        n = len(events)
        clock = stream(seed, f"{purpose}/clock", chunk)
        start_time = DATA_CLOCK_NS * (0.5 + clock.random(n))
        frame = clock.integers(0, DATA_CLOCKS_PER_TURN, n).astype(np.uint8)
        rng = stream(seed, f"{purpose}/beam", chunk)
        overlay = draw_overlay(self.config, self._rates, n, rng)
        particles = _particles(events, classes, seed, chunk, purpose)
        result = _run(particles, overlay, start_time, self._physics, self._tables)
        return result, frame


def _physics(config: EclConfig) -> Physics:
    """Return the kernel's parameters, lengths in cm and energies in GeV."""
    shower, hadron = config.shower, config.hadron
    return Physics(
        shower.crystal_length,
        shower.core,
        shower.core_radius * shower.moliere_radius,
        shower.tail_radius * shower.moliere_radius,
        shower.reach,
        1e-3 * shower.floor,
        shower.stochastic,
        shower.constant,
        hadron.pion_length,
        hadron.hadron_length,
        hadron.core_radius,
        hadron.tail_radius,
    )


def _tables(config: EclConfig) -> Tables:
    """Return the arrays that the kernel looks up."""
    surface, landau, hadron = strips(), landau_table(), config.hadron
    # Beta distribution of given mean m and variance v: a + b = m (1 - m) / v - 1.
    mean = hadron.visible_mean
    both = mean * (1.0 - mean) / hadron.visible_rms**2 - 1.0
    at = np.linspace(0.0, 1.0, 1025)
    return Tables(
        surface.edge, surface.phi_count, surface.ring, surface.cell_id, cell_distance(),
        landau.value, landau.below, landau.mean,
        at, betaincinv(mean * both, (1.0 - mean) * both, at), make_matter(),
    )  # fmt: skip


def _particles(events: Events, classes: Classes, seed: int, chunk: int, purpose: str) -> Particles:
    """Return the kernel's input, random numbers included."""
    m = len(events.pdg)
    uniform = stream(seed, f"{purpose}/uniform", chunk).random((m, N_UNIFORM))
    normal = stream(seed, f"{purpose}/normal", chunk).standard_normal((m, N_NORMAL))
    return Particles(
        events.offsets, np.ascontiguousarray(events.p4), np.ascontiguousarray(events.vertex),
        classes.kind, classes.mass, classes.charge, classes.released,
        magnetic_charges(events.pdg), uniform, normal,
    )  # fmt: skip


def _run(
    particles: Particles,
    overlay: Overlay,
    start_time: NDArray[np.float64],
    physics: Physics,
    tables: Tables,
) -> Deposits:
    """Run the kernel into arrays that are long enough, and cut them."""
    n = len(start_time)
    kinds = np.bincount(particles.kind, minlength=len(Kind)).tolist()
    room = sum(kinds[kind] * cells for kind, cells in _ROOM.items()) + len(overlay.cell)
    room = min(room, n * N_CELL)
    offsets = np.zeros(n + 1, dtype=np.int64)
    cell = np.empty(room, dtype=np.int64)
    energy, time, signal = np.empty(room), np.empty(room), np.empty(room)
    loss = np.zeros((n, N_LOSS))
    deposit_kernel(
        particles, overlay, start_time, physics, tables,
        offsets, cell, energy, time, signal, loss,
    )  # fmt: skip
    m = int(offsets[-1])
    return Deposits(
        offsets, cell[:m].copy(), energy[:m].copy(), time[:m].copy(), signal[:m].copy(), loss
    )
