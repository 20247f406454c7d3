"""How often the drift chamber gives an event time, and how far it is from the collision.

Run: python benchmarks/event_time.py [EVENTS]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sim.study.frames.chamber import tracker_words

from firmware_models import cdc_event_time, cdc_hough
from firmware_models.interface.cdc_hough import AXIAL, N_TRACK, N_TRACKER
from firmware_models.segment_dealing import deal
from firmware_models.segment_finding import Segments, find_segments
from firmware_models.segment_lut import undetermined
from firmware_models.wire_hits import TIME_TICK_NS
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import Events, from_dense
from sim.processes import get_process
from sim.streams import stream

EVENTS = 1_500
MUON, MUON_MASS = 13, 0.1056584
NONE = 256.0
"""Later than any time in the window."""

Times = tuple[NDArray[np.bool_], NDArray[np.float64]]


@dataclass(frozen=True)
class Sample:
    """Segments of events.

    Parameters
    ----------
    found : Segments
    slots : ndarray of int32, shape (4 n, 9, 10)
    tracks : ndarray, shape (n, 4)
        Words `cdc_tracks`.
    collision : ndarray of float64, shape (n,)
        Time of the collision in the window [tick].
    """

    found: Segments
    slots: NDArray[np.int32]
    tracks: NDArray[np.void]
    collision: NDArray[np.float64]


def one_muon(n: int) -> Events:
    """Return muons of 0.5 to 3 GeV in pT, even in 35° to 123° (seven superlayers or more)."""
    rng = stream(1, "benchmark/event_time/muon")
    pt, phi = rng.uniform(0.5, 3.0, n), rng.uniform(0, 2 * np.pi, n)
    pz = pt / np.tan(np.radians(rng.uniform(35.0, 123.0, n)))
    energy = np.sqrt(pt**2 + pz**2 + MUON_MASS**2)
    p4 = np.stack([pt * np.cos(phi), pt * np.sin(phi), pz, energy], axis=1)
    events = from_dense([MUON], p4[:, None, :])
    return replace(events, pdg=events.pdg * rng.choice((-1, 1), n).astype(events.pdg.dtype))


def simulate(events: Events, level: float) -> Sample:
    """Return the segments of events with a level of beam background."""
    config = CdcConfig()
    config = replace(config, background=replace(config.background, level=level))
    truth = CdcResponse(config).explain(events, 1)
    found = find_segments(truth.hits, lut=undetermined())
    slots, dropped = deal(found)
    tracks = cdc_hough.evaluate(tracker_words(found, slots, dropped)).reshape(-1, N_TRACKER)
    return Sample(found, slots, tracks, truth.collision / TIME_TICK_NS)


def histogram(sample: Sample, entries: int, bin_shift: int) -> Times:
    """Return whether the block gives a time, and its time."""
    out = _block(sample, entries, bin_shift)
    return out["valid"] == 1, out["time"].astype(np.float64)


def fastest(sample: Sample) -> Times:
    """Return the earliest time of all segments."""
    out = _block(sample, 1, 0)
    return out["earliest_valid"] == 1, out["earliest"].astype(np.float64)


def _block(sample: Sample, entries: int, bin_shift: int) -> NDArray[np.void]:
    found = sample.found
    words = cdc_event_time.from_slots(sample.slots, found.superlayer, found.local, found.fastest)
    chosen = {"entries": np.array([entries]), "bin": np.array([bin_shift])}
    return cdc_event_time.evaluate(words, chosen)


def priority(sample: Sample) -> Times:
    """Return the earliest time of the priority wires of all segments."""
    rows = sample.slots.reshape(len(sample.collision), -1)
    time = np.where(rows >= 0, sample.found.time[rows], NONE).min(axis=1)
    return time < NONE, time


def track_priority(sample: Sample) -> Times:
    """Return the earliest time of the priority wires of 2D tracks' axial segments."""
    there = sample.tracks["position"].reshape(len(sample.tracks), N_TRACKER, N_TRACK, len(AXIAL))
    times = sample.tracks["time"].reshape(there.shape)
    time = np.where(there > 0, times, NONE).min(axis=(1, 2, 3))
    return time < NONE, time


def row(sample: Sample, times: Times) -> tuple[str, ...]:
    """Return share with a time, median, half of the central 68 % and of 90 % [ns]."""
    there, time = times
    off = (time - sample.collision)[there] * TIME_TICK_NS
    if len(off) < 20:
        return f"{100 * there.mean():.1f}", "–", "–", "–"
    low, left, middle, right, high = np.quantile(off, (0.05, 0.16, 0.5, 0.84, 0.95))
    return (f"{100 * there.mean():.1f}", f"{middle:.0f}", f"{(right - left) / 2:.0f}",
            f"{(high - low) / 2:.0f}")  # fmt: skip


def main() -> None:
    """Print a table for every sample."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    console = Console(width=100)
    kinds = {"two muons": get_process("dimuon").generate(n, 1), "one muon": one_muon(n)}
    for name, events in kinds.items():
        for level in (0.0, 1.0):
            sample = simulate(events, level)
            console.print(f"{name}, background {level:g}: {n:,} events, "
                          f"{len(sample.found.local) / n:.1f} segments, "
                          f"{sample.tracks['valid'].sum() / n:.2f} 2D tracks an event")  # fmt: skip
            table = Table()
            for column in ("time", "given %", "median ns", "±34 % ns", "±45 % ns"):
                table.add_column(column, justify="right")
            for bin_shift in range(4):
                for entries in (2, 3, 4, 5):
                    table.add_row(f"bin {1 << bin_shift}, entries {entries}",
                                  *row(sample, histogram(sample, entries, bin_shift)))  # fmt: skip
            table.add_row("earliest of all", *row(sample, fastest(sample)))
            table.add_row("earliest priority of all", *row(sample, priority(sample)))
            table.add_row("earliest priority of tracks", *row(sample, track_priority(sample)))
            console.print(table)


if __name__ == "__main__":
    main()
