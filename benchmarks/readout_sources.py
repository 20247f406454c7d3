"""Candidates a second and core of each source of arrivals, and collisions of the accelerator.

Run: python benchmarks/readout_sources.py [--candidates N]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from sim.accelerator import Accelerator, MachineConfig
from sim.readout.config import parse_readout
from sim.readout.sources import make_source
from sim.streams import stream

FLAGS = {"short_fraction": 0.5, "activity_fraction": 0.1}
CASES: dict[str, dict[str, Any]] = {
    "poisson": {"arrivals": {"kind": "poisson", "rate_khz": 30.0}},
    "poisson, flags": {"arrivals": {"kind": "poisson", "rate_khz": 30.0, **FLAGS}},
    "poisson, probes, kicks": {
        "arrivals": {"kind": "poisson", "rate_khz": 30.0},
        "machine": {}, "probe_khz": 10.0,
    },
    "bernoulli": {"arrivals": {"kind": "bernoulli", "rate_khz": 30.0}},
    "bernoulli, flags": {"arrivals": {"kind": "bernoulli", "rate_khz": 30.0, **FLAGS}},
    "beam, no injection": {
        "arrivals": {"kind": "beam", "rate_khz": 30.0, "activity_fraction_in_strip": 0.0},
        "machine": {"her": {"injection_hz": 0}, "ler": {"injection_hz": 0}},
    },
    "beam": {"arrivals": {"kind": "beam", "rate_khz": 30.0}, "machine": {}},
    "beam, jitter, flags": {
        "arrivals": {"kind": "beam", "rate_khz": 30.0, "jitter_ns": 10.0, **FLAGS}, "machine": {},
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=20_000_000)
    n = parser.parse_args().candidates
    for name, case in CASES.items():
        tables = dict(case)
        run = {"triggers": 1000, "probe_khz": tables.pop("probe_khz", 0.0)}
        for triggers in (1000, n):  # the first pass compiles
            run["triggers"] = triggers
            source = make_source(parse_readout({**tables, "run": run}, "benchmark"), "benchmark")
            start = time.process_time()
            found = sum(len(chunk.time) for chunk in source.chunks())
            seconds = time.process_time() - start
        print(f"{name:24} {found / seconds / 1e6:7.1f} M/s")
    stream_ = Accelerator(MachineConfig()).collisions(30e3)
    rng = stream(1, "benchmark")
    stream_.take(rng, 1000)
    start = time.process_time()
    for _ in range(n // 100_000):
        stream_.take(rng, 100_000)
    seconds = time.process_time() - start
    print(f"{'collisions':24} {n // 100_000 * 100_000 / seconds / 1e6:7.1f} M/s")


if __name__ == "__main__":
    main()
