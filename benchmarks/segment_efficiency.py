"""Track segments of simulated single tracks: efficiency, sides, and what background gives.

Run: python benchmarks/segment_efficiency.py [TRACKS]
"""

from __future__ import annotations

import itertools
import sys

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from firmware_models import segment_lut
from firmware_models.interface.cdc_segment import N_SUPERLAYER
from firmware_models.segment_dealing import deal
from firmware_models.segment_finding import find_segments
from sim.detector.cdc.config import CdcConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse
from sim.segments.efficiency import passages
from sim.segments.lookup import figures, samples

SEED = 11
PT_GEV = (0.3, 0.5, 1.0, 6.0)
CHAMBERS = {
    "none": CdcConfig(background=WireBackgroundConfig(level=0.0)),
    "22 kHz/wire": CdcConfig(),
}
LEVELS = (1.0, 2.0, 5.0)


def efficiency(config: CdcConfig, tracks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return found and all passages of tracks from the beam line, by range of pT and superlayer."""
    found, total = np.zeros((2, len(PT_GEV) - 1, N_SUPERLAYER), dtype=np.int64)
    for truth, segments in samples(tracks, SEED, config):
        rows = passages(truth, segments)
        p4, vertex = truth.events.p4[rows.particle], truth.events.vertex[rows.particle]
        bin_of = np.searchsorted(PT_GEV, np.hypot(p4[:, 0], p4[:, 1])) - 1
        inside = (bin_of >= 0) & (bin_of < len(total)) & ~vertex[:, :2].any(axis=1)
        np.add.at(total, (bin_of[inside], rows.superlayer[inside]), 1)
        inside &= rows.found
        np.add.at(found, (bin_of[inside], rows.superlayer[inside]), 1)
    return found, total


def table(caption: str, *first: str) -> Table:
    """Return an empty table with a column for each superlayer."""
    result = Table(caption=caption)
    for name in (*first, *(f"SL{s}" for s in range(N_SUPERLAYER)), "all"):
        result.add_column(name, justify="right")
    return result


def main() -> None:
    """Print the tables."""
    tracks = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    console = Console(width=140)
    rows = table(f"passages with a found segment; {tracks:,} tracks", "pT [GeV]", "background")
    for name, config in CHAMBERS.items():
        found, total = efficiency(config, tracks)
        for row, (low, high) in enumerate(itertools.pairwise(PT_GEV)):
            shares = [*(found[row] / total[row]), found[row].sum() / total[row].sum()]
            rows.add_row(f"{low}–{high}", name, *(f"{value:.4f}" for value in shares))
    console.print(rows)
    lut = segment_lut.load()
    rows = table("sides of segments by the packaged tables, pT > 0.5 GeV", "")
    got = figures(lut, tracks, SEED)
    n = np.array(got["segments"])
    known, correct = np.array(got["known"]), np.array(got["correct"])
    for name, values, weight in (("known", known, n), ("of these right", correct, n * known),
                                 ("known and right", known * correct, n)):  # fmt: skip
        mean = (values * weight).sum() / weight.sum()
        rows.add_row(name, *(f"{v:.3f}" for v in values), f"{mean:.3f}")
    console.print(rows)
    rows = table("segments of a window by background alone; the last: windows with one beyond ten",
                 "level")  # fmt: skip
    rows.add_column("beyond ten", justify="right")
    for level in LEVELS:
        config = CdcConfig(background=WireBackgroundConfig(level=level))
        segments = find_segments(CdcResponse(config).background_events(4000, SEED))
        mean = np.bincount(segments.superlayer, minlength=N_SUPERLAYER) / len(segments)
        dropped = deal(segments)[1].reshape(len(segments), -1).any(axis=1).mean()
        rows.add_row(f"{level:g}", *(f"{m:.3f}" for m in mean), f"{mean.sum():.2f}",
                     f"{dropped:.4f}")  # fmt: skip
    console.print(rows)


if __name__ == "__main__":
    main()
