"""Time the rate table with overlaps: `python benchmarks/rates.py [--events N] [--lines L]`.

One core; time of the processor, as the machine may be shared. The naive baseline does the same
with booleans in numpy, on fewer events.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from trigger.bits import BitTable, unslice_bits
from trigger.rates import RateAccumulator
from trigger.samples import Sample

BASELINE_EVENTS = 20_000


def random_table(n_lines: int, n_events: int, halvings: int) -> BitTable:
    """Return lines that fire at random with probability 2**-halvings."""
    rng = np.random.default_rng(1)
    n_words = -(-n_events // 64)
    rows = rng.integers(0, 2**64, (n_lines, n_words), dtype=np.uint64)
    for _ in range(halvings - 1):
        rows &= rng.integers(0, 2**64, (n_lines, n_words), dtype=np.uint64)
    if n_events % 64:
        rows[:, -1] &= np.uint64((1 << (n_events % 64)) - 1)
    return BitTable(tuple(f"line{i}" for i in range(n_lines)), rows, n_events)


def naive(dense: np.ndarray, passing: np.ndarray) -> float:
    """Compute total, pure, cumulative and overlaps from booleans; return the total."""
    missed = 1 - passing[:, None] * dense
    cumulative = (1 - np.cumprod(missed, axis=0)).sum(axis=1)
    for k in range(len(dense)):
        np.prod(np.delete(missed, k, axis=0), axis=0) @ dense[k].astype(float)
    for i in range(len(dense)):
        for j in range(i, len(dense)):
            np.count_nonzero(dense[i] & dense[j])
    return float(cumulative[-1])


def rate_table_seconds(table: BitTable, prescales: list[float]) -> tuple[float, float]:
    """Return the time of filling and tabulating, and the total of the table."""
    start = time.process_time()
    accumulator = RateAccumulator(table.names, prescales)
    accumulator.fill("random", table)
    total = accumulator.rate_table({"random": Sample(rate_hz=float(table.n_events))}, 0.0).all.total
    return time.process_time() - start, total


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--lines", type=int, default=176)
    options = parser.parse_args()
    report = Table(title=f"Rate table with overlaps, {options.lines} lines, one core")
    for column in (
        "occupancy",
        "prescaled lines",
        "events",
        r"CPU time \[s]",
        r"naive, same events \[s]",
    ):
        report.add_column(column, justify="right")
    for halvings in (5, 2):
        table = random_table(options.lines, options.events, halvings)
        small = random_table(options.lines, BASELINE_EVENTS, halvings)
        for name, every in (("none", 0), ("half", 2), ("all", 1)):
            prescales = [
                20.0 if every and i % every == 0 else 1.0 for i in range(options.lines)
            ]  # fmt: skip
            _, total = rate_table_seconds(small, prescales)  # compiles on the first call
            dense = unslice_bits(small.rows, small.n_events)
            start = time.process_time()
            expected = naive(dense, 1 / np.array(prescales))
            baseline = (time.process_time() - start) * options.events / BASELINE_EVENTS
            if abs(total - expected) > 1e-6 * expected:
                raise SystemExit(f"total {total} differs from the naive {expected}")
            seconds, _ = rate_table_seconds(table, prescales)
            report.add_row(f"{2.0**-halvings:.1%}", name, f"{options.events:,}", f"{seconds:.2f}",
                           f"{baseline:,.0f} (from {BASELINE_EVENTS:,})")  # fmt: skip
    Console(width=110).print(report)


if __name__ == "__main__":
    main()
