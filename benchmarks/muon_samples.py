"""Single particles in three detectors with the trigger behind them, and tables of shares: what
`muon_trigger.py` is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import ecl_cluster
from firmware_models.track_extrapolation import KLM_RADIUS_CM
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.geometry import GEV_PER_CM
from sim.detector.klm.response import KlmConfig, KlmResponse
from sim.events import Events, concatenate
from sim.processes import get_process
from trigger.bits import BitTable
from trigger.chain import Chain
from trigger.event_words import EventWords
from trigger.menu import load
from trigger.track_trigger import TrackTrigger
from trigger.tracks import TrackWords

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

REGIONS = {"barrel": (45.0, 115.0), "forward": (18.0, 34.0), "backward": (132.0, 148.0),
           "all": (17.0, 150.0)}  # fmt: skip
IP = {"z_width": 0.05}
"""Collisions are spread over ±0.5 mm in z: nothing beside the trigger's resolution."""

YOKE_CM = 265.0
"""Radius in the middle of the barrel's layers, where the angle to a sector's middle is told."""

CHUNK = 5_000


@cache
def chain() -> Chain:
    """Return the packaged menu with the registers after reset."""
    return Chain.build(load("low_multiplicity"))


@cache
def detectors(level: float = 1.0) -> tuple[EclResponse, CdcResponse, KlmResponse]:
    """Return calorimeter, drift chamber and muon detector with their backgrounds scaled."""
    scale = {"background": {"level": level}}
    return (
        EclResponse(EclConfig.from_mapping(scale, "ecl")),
        CdcResponse(CdcConfig.from_mapping(scale, "cdc")),
        KlmResponse(KlmConfig.from_mapping(scale, "klm")),
    )


@cache
def noiseless() -> tuple[EclResponse, KlmResponse]:
    """Return calorimeter and muon detector without background and noise.

    Hits of particles have random numbers of their own: those of equal events are the same.
    """
    none = {"background": {"level": 0.0, "noise": 0.0}}
    return (
        EclResponse(EclConfig.from_mapping({"background": {"level": 0.0}}, "ecl")),
        KlmResponse(KlmConfig.from_mapping(none, "klm")),
    )


@dataclass(frozen=True)
class Sample:
    """Single particles, and what the trigger says of them.

    Parameters
    ----------
    events : Events
    clusters, own_clusters : ndarray, dtype of the word `ecl_clusters`
        Of the calorimeter with its background, and without.
    words : EventWords
    own_sectors : ndarray, dtype of the word `klm_sectors`
        Of the muon detector without noise and background.
    """

    events: Events
    clusters: NDArray[np.void]
    own_clusters: NDArray[np.void]
    words: EventWords
    own_sectors: NDArray[np.void]

    @cached_property
    def lines(self) -> BitTable:
        """Output lines before prescale."""
        return chain().decide_words(self.words)

    @cached_property
    def momentum(self) -> Array:
        """Three components of each event's first particle [GeV]."""
        return np.asarray(self.events.p4[self.events.offsets[:-1], :3])

    @property
    def p(self) -> Array:
        """Momentum [GeV]."""
        return np.asarray(np.sqrt((self.momentum**2).sum(axis=1)))

    @property
    def theta(self) -> Array:
        """Polar angle [deg]."""
        return np.asarray(np.degrees(np.arccos(self.momentum[:, 2] / self.p)))

    @property
    def in_sector(self) -> Array:
        """Azimuth [deg] from the middle of the nearest barrel sector, in the middle of the yoke.

        On the helix of the particle's momentum to the coil, then straight; it loses no energy.
        """
        px, py, _ = self.momentum.T
        # A positive charge, a negative muon's code, turns to lower azimuth.
        charge = -np.sign(self.events.pdg[self.events.offsets[:-1]])
        coil = KLM_RADIUS_CM
        turn = charge * np.arcsin(np.minimum(0.5 * coil * GEV_PER_CM / np.hypot(px, py), 1.0))
        # The direction at the coil is another `turn` further than the place.
        way = np.sqrt(YOKE_CM**2 - (coil * np.sin(turn)) ** 2) - coil * np.cos(turn)
        x, y = coil + way * np.cos(turn), -way * np.sin(turn)
        phi = np.degrees(np.arctan2(py, px) - turn + np.arctan2(y, x))
        return np.asarray((phi + 22.5) % 45.0 - 22.5)


def gun(n: int, seed: int, **parameters: Any) -> Events:
    """Return single particles, muons by default."""
    return get_process("track_gun", **{"spectrum": "p", **IP, **parameters}).generate(n, seed, 0)


def simulate(events: Events, seed: int) -> Sample:
    """Return events with detectors and trigger, in slices."""
    calorimeter, chamber, yoke = detectors()
    clean_calorimeter, clean_yoke = noiseless()
    trigger, words = TrackTrigger(chain().registers), chain().muon_words
    clusters, own_clusters, tracks, sectors, own_sectors = [], [], [], [], []
    for chunk, first in enumerate(range(0, len(events), CHUNK)):
        some = events.select(np.arange(first, min(first + CHUNK, len(events))))
        for found, response in ((clusters, calorimeter), (own_clusters, clean_calorimeter)):
            found.append(ecl_cluster.evaluate_hits(response.respond(some, seed, chunk)))
        for found, muons in ((sectors, yoke), (own_sectors, clean_yoke)):
            found.append(words(muons.respond(some, seed, chunk)))
        tracks.append(trigger.evaluate(chamber.respond(some, seed, chunk)))
    every = np.concatenate(clusters)
    decided = chain().event_words(every, TrackWords.joined(tracks), np.concatenate(sectors))
    return Sample(events, every, np.concatenate(own_clusters), decided, np.concatenate(own_sectors))


@cache
def single(particle: str, region: str, p: tuple[float, float], n: int, seed: int) -> Sample:
    """Return particles of a region, flat in p [GeV] and θ."""
    low, high = REGIONS[region]
    events = gun(n, seed, particle=particle, p_min=p[0], p_max=p[1], theta_min=low, theta_max=high)
    return simulate(events, seed)


@cache
def momenta(particle: str, region: str, n: int, seed: int) -> Sample:
    """Return particles of 0.5 to 5 GeV, as many below 1 GeV as above."""
    (low, high), parts = REGIONS[region], []
    for p_min, p_max, own in ((0.5, 1.0, seed), (1.0, 5.0, seed + 1)):
        parts.append(gun(n // 2, own, particle=particle, p_min=p_min, p_max=p_max,
                         theta_min=low, theta_max=high))  # fmt: skip
    return simulate(concatenate(parts), seed)


def share(passed: Mask, digits: int = 3) -> str:
    """Return the share that passes with its binomial error."""
    n, mean = len(passed), passed.mean() if len(passed) else float("nan")
    error = np.sqrt(max(mean * (1 - mean), 1 / max(n, 1)) / max(n, 1))
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def shares(passed: Mask, values: Array, edges: Sequence[float]) -> list[str]:
    """Return the share that passes in each bin."""
    return [share(passed[(values >= low) & (values < high)]) for low, high in pairwise(edges)]


def bins(edges: Sequence[float]) -> list[str]:
    """Return the names of bins."""
    return [f"{low:g} to {high:g}" for low, high in pairwise(edges)]


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def by_lines(sample: Sample, lines: Sequence[str], chosen: Mask, values: Array,
             edges: Sequence[float]) -> list[list[str]]:  # fmt: skip
    """Return rows of bins with columns of lines."""
    columns = [shares(sample.lines[line][chosen], values[chosen], edges) for line in lines]
    return [list(row) for row in zip(bins(edges), *columns, strict=True)]
