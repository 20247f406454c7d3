"""Unweighted events a second and core for every process: ``python benchmarks/processes.py``."""

from __future__ import annotations

import time

from sim.processes import PROCESSES, get_process

EVENTS = 100_000


def main() -> None:
    """Print one line a process; compilation and grid are done before the clock starts."""
    print(f"{'process':18} {'thousand/s':>10} {'proposals':>10} {'copies':>7}")
    for name in PROCESSES:
        process = get_process(name)
        process.generate(1000, 1)
        best, sample = 1e9, process.unweight(EVENTS, 1)
        for chunk in range(3):
            start = time.perf_counter()
            sample = process.unweight(EVENTS, 1, chunk)
            best = min(best, time.perf_counter() - start)
        rate = EVENTS / best / 1e3
        print(f"{name:18} {rate:10.0f} {sample.proposals:10d} {sample.replicated:7d}")


if __name__ == "__main__":
    main()
