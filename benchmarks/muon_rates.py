"""Rates of the muon trigger without a collision: the table `background` of `muon_trigger.py`."""

from __future__ import annotations

import numpy as np
from muon_samples import chain, detectors, show
from numpy.typing import NDArray

from firmware_models import klm_sector
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.ecl import ECL_CLUSTERS
from firmware_models.klm_hits import KlmHits
from sim.study.tracks import WINDOW_DATA_CLOCKS, counted_once
from trigger.matching import match
from trigger.track_trigger import TrackTrigger

PLANES = (5, 6, 7, 8, 9, 10)
WINDOW_S = WINDOW_DATA_CLOCKS * DATA_CLOCK_NS * 1e-9
Words = NDArray[np.void]


def sector_words(hits: KlmHits, planes: int, mask: int | None = None, recovery: int = 1) -> Words:
    """Return the sectors for other registers."""
    frames = klm_sector.quantize(hits.offsets, *hits.places(), hits.layer, hits.plane)
    registers = {f"{part}_planes": np.array([planes]) for part in ("barrel", "endcap")}
    registers["recovery"] = np.array([recovery])
    if mask is not None:
        registers |= {f"{part}_mask": np.array([mask]) for part in ("barrel", "endcap")}
    return klm_sector.evaluate(frames, registers)


def coincidences(n: int, seed: int, level: float, fired: Words) -> list[float]:
    """Return the chance of a match of tracks with windows in which sectors fired, by line.

    The detectors' backgrounds are independent: each window with a track is put beside many
    windows of the muon detector.
    """
    words = counted_once(TrackTrigger(chain().registers).evaluate(
        detectors(level)[1].background_events(n, seed, 0)))  # fmt: skip
    some = (words.counts["tracks"] > 0) | words.short["ts"].any(axis=1)
    tracks = words.select(np.flatnonzero(some))
    if not len(fired) or not len(tracks):
        return [0.0, 0.0, float(some.sum())]
    passed = np.zeros(2)
    repeats = 20
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        sectors = fired[rng.integers(0, len(fired), len(tracks))]
        found = match(chain().registers, ECL_CLUSTERS.zeros(len(tracks)), tracks, sectors).match
        passed += [found[name].any(axis=1).sum() for name in ("cdcklm", "seklm")]
    return [*(passed / (repeats * n)), float(some.sum())]


def background(n: int, seed: int) -> None:
    """Rates without a collision."""
    windows, mask = 50 * n, ((1 << 30) - 1) & ~0xF
    rows = []
    for level in (1.0, 2.0, 5.0):
        parts = [detectors(level)[2].background_events(n, seed, chunk) for chunk in range(50)]
        cases: list[tuple[int, int | None]] = [(planes, None) for planes in PLANES]
        for planes, masked in [*cases, (5, mask)]:
            words = np.concatenate([sector_words(part, planes, masked) for part in parts])
            alone = np.concatenate([sector_words(part, planes, masked, 0) for part in parts])
            cells, hz = [], 1.0 / (windows * WINDOW_S)
            for given, name, least in (
                (words, "klm", 1), (words, "eklm", 1), (alone, "klm", 1), (alone, "eklm", 1),
                (words, "klm", 2), (words, "eklm", 2), (words, "klmb2b", 1),
            ):  # fmt: skip
                k = int((given[name] >= least).sum())
                cells.append(f"{k * hz:,.0f} ± {np.sqrt(max(k, 1)) * hz:,.0f}")
            fired = words[(words["klm"] > 0) | (words["eklm"] > 0)]
            cdcklm, seklm, k = coincidences(n, seed, level, fired)
            for chance in (cdcklm, seklm):
                cells.append(f"{chance * len(fired) * hz:.2g}")
            label = f"{planes}" + ("" if masked is None else ", layers 2 to 14")
            rows.append([f"{level:g}", label, *cells, f"{k:.0f}"])
    show(f"Rates of windows without a collision [Hz], {windows:,} windows of the muon detector",
         ("level", "planes", "klm_hit", "eklm_hit", "klm_hit, no recovery", "eklm_hit, no recovery",
          "klm > 1", "eklm > 1", "klmb2b", "cdcklm", "seklm",
          "windows with tracks"), rows)  # fmt: skip
