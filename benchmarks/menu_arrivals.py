"""Speed and memory of candidates drawn from the packaged menu.

    python benchmarks/menu_arrivals.py [CANDIDATES]

Prints candidates a second for each way of drawing, after a first run that compiles, and the peak
memory before and after.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

from sim.readout.config import parse_readout
from sim.readout.sources.menu import MenuSource

WAYS: dict[str, dict[str, Any]] = {
    "alone": {},
    "in time": {"pipeline": {}},
    "in time, with pile-up": {"arrivals": {"pile_up": True}},
}


def play(tables: dict[str, Any], n: int) -> tuple[float, float]:
    """Return seconds that the run takes, and seconds of beam."""
    arrivals = {"kind": "menu", "events": 100_000, **tables.get("arrivals", {})}
    data = {**tables, "run": {"triggers": n}, "arrivals": arrivals}
    source = MenuSource(parse_readout(data, "benchmark"), "benchmark")
    start = time.perf_counter()
    last = 0
    for chunk in source.chunks():
        last = int(chunk.time[-1])
    return time.perf_counter() - start, last / 256 / 127.22175e6


def main() -> None:
    """Print the figures."""
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    for name, tables in WAYS.items():
        n = most if name == "alone" else most // 10
        play(tables, 10_000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        took, beam = play(tables, n)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name}: {n / took:.3g} candidates/s, {n / beam:.0f} Hz, {beam:.3g} s of beam in "
            f"{took:.3g} s, peak memory {before:.0f} -> {after:.0f} MB"
        )


if __name__ == "__main__":
    main()
