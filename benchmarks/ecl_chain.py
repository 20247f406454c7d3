"""Speed of the calorimeter trigger: models in numba, RTL verilated.

Run ``python benchmarks/ecl_chain.py [--windows N] [--rtl]``. Models: cells to the 96-bit word, one
core, after compilation. RTL: frames through the batch library, back to back.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from firmware_models import ecl_cluster, ecl_selection
from firmware_models.trigger_cells import CellHits
from hdl.testbenches.ecl_cluster.stimulus import constrained


def random_hits(n: int, mean: float, seed: int) -> CellHits:
    """Return `n` windows with a Poisson number of fired cells anywhere."""
    rng = np.random.default_rng(seed)
    count = np.minimum(rng.poisson(mean, n), 576)
    offsets = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    cells = np.concatenate(
        [np.sort(rng.choice(576, k, replace=False)) + 1 for k in count] or [np.zeros(0)]
    )
    total = int(offsets[-1])
    return CellHits(
        offsets, cells.astype(np.uint16), rng.integers(20, 800, total).astype(np.uint16),
        rng.integers(0, 256, total).astype(np.uint8), rng.integers(0, 80, n).astype(np.uint8),
    )  # fmt: skip


def best(action: Callable[[], object], n: int, repeats: int = 5) -> float:
    """Return the highest rate [1/s] of several runs."""
    rates = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        rates.append(n / (time.perf_counter() - started))
    return max(rates)


def models(n: int) -> None:
    """Print the table of the numba models."""
    print(f"{'cells a window':>15} {'ecl_cluster':>13} {'ecl_selection':>14} {'both':>11}  [1/s]")
    for mean in (1.0, 3.0, 10.0, 30.0):
        hits = random_hits(n, mean, seed=1)
        clusters = ecl_cluster.evaluate_hits(hits)
        ecl_selection.evaluate(clusters)
        first = best(lambda hits=hits: ecl_cluster.evaluate_hits(hits), n)
        second = best(lambda clusters=clusters: ecl_selection.evaluate(clusters), n)
        both = 1 / (1 / first + 1 / second)
        print(f"{mean:15.0f} {first:13,.0f} {second:14,.0f} {both:11,.0f}")


def rtl(n: int) -> None:
    """Print the table of the verilated RTL."""
    from hdl.batch import BatchSimulator

    simulate = BatchSimulator("ecl_cluster")
    print(f"\n{'RTL of ecl_cluster':>32} {'frames/s':>11}")
    for mean in (1.0, 3.0, 10.0, 30.0):
        frames = random_hits(n, mean, seed=2).dense()
        rate = max(n / simulate.replay(frames).seconds for _ in range(3))
        print(f"{f'{mean:.0f} cells':>32} {rate:11,.0f}")
    frames = constrained(n, seed=1)
    rate = max(n / simulate.replay(frames).seconds for _ in range(3))
    print(f"{'constrained random':>32} {rate:11,.0f}")
    words = ecl_cluster.evaluate(frames)
    selection = BatchSimulator("ecl_selection")
    rate = max(n / selection.replay(words).seconds for _ in range(3))
    print(f"{'ecl_selection, the same':>32} {rate:11,.0f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=200_000)
    parser.add_argument("--rtl", action="store_true", help="the verilated RTL too (needs g++)")
    arguments = parser.parse_args()
    models(arguments.windows)
    if arguments.rtl:
        rtl(min(arguments.windows, 20_000))


if __name__ == "__main__":
    main()
