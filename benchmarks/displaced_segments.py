"""Segments of tracks that do not point to the beam line: tables of
docs/validation/displaced_segments.md.

python benchmarks/displaced_segments.py [--events N] [--windows N] [--seed S] [TABLE …]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.cdc_segment import N_SUPERLAYER
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.segment_dealing import deal
from firmware_models.segment_finding import find_segments
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.config import CdcConfig
from sim.detector.cdc.response import CdcResponse, CdcTruth
from sim.events import Events
from sim.perigee import perigee
from sim.processes import get_process
from sim.segments.steep import SteepPassages, charges, steep_passages
from sim.study.tracks import WINDOW_DATA_CLOCKS, counted_once
from trigger.track_trigger import TrackTrigger
from trigger.tracks import TrackWords

Array = NDArray[np.float64]

OPTIONS = {"standard, 4": (4, 0), "standard, 3": (3, 0), "extended, 4": (4, 1),
           "extended, 3": (3, 1)}  # fmt: skip
"""Shape and layers: `min_layers` and `shape`."""

ANGLES = (0, 10, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70)
D0 = (0, 1, 5, 10, 15, 20, 30, 40, 50, 60)
RHO = (0, 5, 15, 25, 35, 45, 60)
LEVELS = (1.0, 2.0, 5.0)
BARREL = {"theta_min": 45.0, "theta_max": 115.0}


def chamber(level: float) -> CdcResponse:
    """Return the chamber with its background scaled."""
    return CdcResponse(CdcConfig.from_mapping({"background": {"level": level}}, "background"))


def gun(events: int, seed: int, **parameters: Any) -> Events:
    """Return single muons."""
    return get_process("track_gun", **BARREL, **parameters).generate(events, seed, 0)


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def bins(edges: Sequence[float]) -> list[str]:
    """Return the names of bins."""
    return [f"{low:g}–{high:g}" for low, high in pairwise(edges)]


def means(values: Array | NDArray[np.bool_], of: Array, edges: Sequence[float]) -> list[str]:
    """Return the mean of each bin that has at least 20 rows."""
    cells = []
    for low, high in pairwise(edges):
        chosen = values[(of >= low) & (of < high)]
        cells.append(f"{chosen.mean():.3f}" if len(chosen) >= 20 else "–")
    return cells


def samples(n: int, seed: int, level: float) -> tuple[CdcTruth, dict[str, SteepPassages]]:
    """Return tracks from anywhere up to 60 cm and their passages with each option."""
    events = gun(n, seed, rho_max=60.0, deflection=75.0, p_min=0.4, p_max=3.0)
    truth = chamber(level).explain(events, seed)
    return truth, {
        name: steep_passages(truth, find_segments(truth.hits, layers, shape=shape))
        for name, (layers, shape) in OPTIONS.items()
    }


def efficiency(n: int, windows: int, seed: int) -> None:
    """Share of passages with a segment, by angle, d0, radius of production and superlayer."""
    for level in (0.0, 1.0):
        truth, passages = samples(n, seed, level)
        events, first = truth.events, passages["standard, 4"]
        d0 = np.abs(perigee(events.p4, events.vertex, charges(events))[0])[first.particle]
        rho = np.hypot(events.vertex[:, 0], events.vertex[:, 1])[first.particle]
        angle = np.degrees(first.angle)
        title = f"background level {level:g}, {n:,} tracks, {len(angle):,} passages"
        for what, values, edges in (("crossing angle [°]", angle, ANGLES), ("|d0| [cm]", d0, D0),
                                    ("radius of production [cm]", rho, RHO)):  # fmt: skip
            count = [str(int(((values >= a) & (values < b)).sum())) for a, b in pairwise(edges)]
            rows = [["passages", *count]]
            rows += [[name, *means(found.number > 0, values, edges)]
                     for name, found in passages.items()]  # fmt: skip
            show(f"Passages with a segment, by {what}; {title}", ("", *bins(edges)), rows)
        rows = [[name, *means(found.number.astype(float), angle, ANGLES)]
                for name, found in passages.items()]  # fmt: skip
        show(f"Segments of a passage, by crossing angle [°]; {title}", ("", *bins(ANGLES)), rows)
        rows = []
        for low, high in ((0, 30), (30, 45), (45, 60)):
            for name, found in passages.items():
                here = (angle >= low) & (angle < high)
                parts = means((found.number > 0)[here], found.superlayer[here].astype(float),
                              range(N_SUPERLAYER + 1))  # fmt: skip
                rows.append([f"{low}–{high}°", name, *parts])
        show(f"Passages with a segment, by superlayer; {title}",
             ("angle", "", *map(str, range(N_SUPERLAYER))), rows)  # fmt: skip


def background(n: int, windows: int, seed: int) -> None:
    """Segments of windows without a collision, and how full the ten slots are."""
    for level in LEVELS:
        hits = chamber(level).background_events(windows, seed)
        rows, full = [], []
        for name, (layers, shape) in OPTIONS.items():
            segments = find_segments(hits, layers, shape=shape)
            mean = np.bincount(segments.superlayer, minlength=N_SUPERLAYER) / windows
            rows.append([name, *(f"{m:.3f}" for m in mean), f"{mean.sum():.3f}"])
            slots, dropped = deal(segments)
            used = (slots >= 0).sum(axis=2) + dropped
            full.append([name, f"{(used > 0).mean():.4f}", f"{(used > 4).mean():.6f}",
                         str(used.max()), f"{(dropped > 0).any(axis=1).mean():.6f}"])  # fmt: skip
        show(f"Segments of a window, background alone, level {level:g}, {windows:,} windows",
             ("", *map(str, range(N_SUPERLAYER)), "all"), rows)  # fmt: skip
        show(f"Segments of a superlayer in a tracker, level {level:g}",
             ("", "lists with one", "with five or more", "most",
              "trackers that drop one"), full)  # fmt: skip


def words(name: str, hits: WireHits) -> TrackWords:
    """Return what the track trigger says with an option."""
    layers, shape = OPTIONS[name]
    registers = {"cdc_segment": {"min_layers": np.array([layers]), "shape": np.array([shape])}}
    return TrackTrigger(registers).evaluate(hits)


def lines(found: TrackWords) -> dict[str, NDArray[np.bool_]]:
    """Return the decisions that this page looks at."""
    return {"2D": found.counts["tracks"] > 0, "two 2D": found.counts["tracks"] > 1,
            "ty": found.single["ty"].any(axis=1), "stt": found.single["stt"] == 1}  # fmt: skip


def rates(n: int, windows: int, seed: int) -> None:
    """Rates of the track trigger from background alone, and windows that come and go."""
    khz = 1e-3 / (windows * WINDOW_DATA_CLOCKS * DATA_CLOCK_NS * 1e-9)
    for level in LEVELS[:2]:
        hits = chamber(level).background_events(windows, seed + 1)
        rows, standard = [], lines(counted_once(words("standard, 4", hits)))
        for name in OPTIONS:
            cells = []
            for line, fired in lines(counted_once(words(name, hits))).items():
                k, old = int(fired.sum()), standard[line]
                change = f"+{(fired & ~old).sum()} −{(old & ~fired).sum()}"
                cells.append(f"{k * khz:.1f} ± {np.sqrt(k) * khz:.1f} ({change})")
            rows.append([name, *cells])
        show(f"Rates from background alone [kHz], level {level:g}, {windows:,} windows",
             ("", "a 2D track", "two 2D tracks", "ty", "stt"), rows)  # fmt: skip


def prompt(n: int, windows: int, seed: int) -> None:
    """Efficiency for tracks from the collision point, and 2D tracks of one displaced particle."""
    edges = (0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 5.0)
    for title, axis, cuts, parameters in (
        ("tracks from the collision point, by pT [GeV]", "pt", edges,
         {"p_min": 0.3, "p_max": 5.0, "spectrum": "inverse_pt", "z_width": 0.05}),
        ("tracks from beside the beam line, by radius of production [cm]", "rho", RHO,
         {"rho_max": 60.0, "deflection": 60.0, "p_min": 0.4, "p_max": 3.0}),
    ):  # fmt: skip
        events = gun(n, seed + 2, **parameters)
        at = events.offsets[:-1]
        plane = events.p4 if axis == "pt" else events.vertex
        values = np.hypot(plane[at, 0], plane[at, 1])
        hits = chamber(1.0).respond(events, seed + 2)
        rows = [[line, name, *means(fired, values, cuts)]
                for name in OPTIONS
                for line, fired in lines(words(name, hits)).items()]  # fmt: skip
        show(f"Events with a decision, level 1: {title}; {n:,} tracks",
             ("", "option", *bins(cuts)), sorted(rows, key=lambda row: row[0]))  # fmt: skip


TABLES: dict[str, Callable[[int, int, int], None]] = {
    table.__name__: table for table in (efficiency, background, rates, prompt)
}


def main() -> None:
    """Print the tables asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="*", help=f"{', '.join(TABLES)}; default: all")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--windows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.table or TABLES:
        TABLES[name](options.events, options.windows, options.seed)


if __name__ == "__main__":
    main()
