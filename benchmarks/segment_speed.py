"""Speed of the segment finder: windows to dealt segments, one core.

Run: python benchmarks/segment_speed.py [EVENTS]
"""

from __future__ import annotations

import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from firmware_models.segment_dealing import deal
from firmware_models.segment_finding import find_segments
from sim.detector.cdc.config import CdcConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse
from sim.events import Events
from sim.segments.single_tracks import single_tracks

BACKGROUNDS = {"none": 0.0, "22 kHz/wire": 1.0, "44 kHz/wire": 2.0}
REPEATS = 7


def main() -> None:
    """Print the table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    table = Table(caption=f"{n:,} events of two tracks; best of {REPEATS}, processor time")
    for name in ("background", "hits", "segments", "find [µs]", "deal [µs]"):
        table.add_column(name, justify="right")
    tracks = single_tracks(2 * n, 1)
    events = Events(2 * np.arange(n + 1), tracks.pdg, tracks.p4, tracks.vertex, np.ones(n))
    for name, level in BACKGROUNDS.items():
        config = CdcConfig(background=WireBackgroundConfig(level=level))
        hits = CdcResponse(config).respond(events, 1)
        finding, dealing = [], []
        for _ in range(REPEATS + 1):  # the first compiles
            start = time.process_time()
            segments = find_segments(hits)
            middle = time.process_time()
            deal(segments)
            finding.append(middle - start)
            dealing.append(time.process_time() - middle)
        table.add_row(name, f"{len(hits.wire) / n:.0f}", f"{len(segments.local) / n:.1f}",
                      f"{1e6 * min(finding) / n:.2f}", f"{1e6 * min(dealing) / n:.2f}")  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
