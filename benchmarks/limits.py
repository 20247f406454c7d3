"""Coverage of limits by toy experiments, and their speed: `python benchmarks/limits.py [--toys N]`.

First table: how often the interval of an experiment holds the true signal. Unified intervals hold
the level for every signal; CLs holds it too and pays by covering too often at small signals; the
plain classical limit holds the level but is negative (empty) for some experiments.
Second table: the expected limits beside what toys without signal give.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from trigger.statistics import feldman_cousins, poisson
from trigger.statistics.limits import signal_limit, signal_limit_shape

BACKGROUNDS = (0.0, 1.0, 3.0, 10.0)
SIGNALS = (0.1, 0.5, 1.0, 3.0, 6.0, 10.0)


def unified_ends(counts: np.ndarray, background: float, cl: float) -> np.ndarray:
    """Return the unified interval of each count, shape (n, 2)."""
    return np.array([feldman_cousins.interval(int(n), background, cl=cl) for n in counts])


def coverage(rng: np.random.Generator, toys: int, cl: float) -> Table:
    """Return the table of coverages."""
    table = Table(title=f"Coverage of {toys:,} toys [%], level {100 * cl:g} %")
    for column in ("background", "signal", "unified", "CLs", "classical", "classical empty"):
        table.add_column(column, justify="right")
    for background in BACKGROUNDS:
        counts = np.arange(60)
        ends = unified_ends(counts, background, cl)
        cls = poisson.cls_limit(counts, background, cl=cl)
        classical = poisson.classical_limit(counts, background, cl=cl)
        for signal in SIGNALS:
            n = np.minimum(rng.poisson(signal + background, toys), len(counts) - 1)
            shares = (
                (ends[n, 0] <= signal) & (signal <= ends[n, 1]),
                signal <= cls[n],
                signal <= classical[n],
                classical[n] < 0,
            )
            cells = [f"{100 * share.mean():.1f}" for share in shares]
            table.add_row(f"{background:g}", f"{signal:g}", *cells)
    return table


def expected(rng: np.random.Generator, toys: int, cl: float) -> Table:
    """Return the table of expected limits."""
    table = Table(title=f"Expected limits at {100 * cl:g} %, and from {toys:,} toys")
    for column in ("background", "asimov", "CLs median", "CLs mean", "unified", "unified mean"):
        table.add_column(column, justify="right")
    for background in (*BACKGROUNDS, 100.0):
        n = rng.poisson(background, toys)
        seen, share = np.unique(n, return_counts=True)
        cls = poisson.cls_limit(n, background, cl=cl)
        unified = unified_ends(seen, background, cl)[:, 1] @ share / toys
        values = (
            signal_limit(background, cl=cl, method="asimov"),
            np.median(cls),
            cls.mean(),
            signal_limit(background, cl=cl, method="feldman_cousins"),
            unified,
        )
        table.add_row(f"{background:g}", *(f"{value:.3f}" for value in values))
    return table


def speed() -> Table:
    """Return the table of times."""
    table = Table(title="Time of one limit")
    table.add_column("what")
    table.add_column(r"CPU time \[µs]", justify="right")
    background = np.geomspace(0.01, 1e6, 10_000)
    bins = np.geomspace(0.01, 1e4, 300)
    cases = {
        "asimov, 10,000 backgrounds at once": (10_000, lambda: signal_limit(
            background, cl=0.95, method="asimov")),
        "the same with an uncertainty": (10_000, lambda: signal_limit(
            background, cl=0.95, method="asimov", signal_uncertainty=0.05)),
        "lambda, 300 bins": (1, lambda: signal_limit_shape(
            bins, np.sqrt(bins), cl=0.95, method="lambda")),
        "feldman_cousins, B = 3": (1, lambda: signal_limit(
            3.0, cl=0.9, method="feldman_cousins")),
        "feldman_cousins, B = 100": (1, lambda: signal_limit(
            100.0, cl=0.9, method="feldman_cousins")),
    }  # fmt: skip
    for name, (limits, run) in cases.items():
        run()
        start, repeats = time.process_time(), 10
        for _ in range(repeats):
            run()
        used = (time.process_time() - start) / repeats
        table.add_row(name, f"{1e6 * used / limits:,.2f}")
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toys", type=int, default=100_000)
    parser.add_argument("--cl", type=float, default=0.9)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    console = Console(width=110)
    console.print(coverage(rng, options.toys, options.cl))
    console.print(expected(rng, options.toys, options.cl))
    console.print(speed())


if __name__ == "__main__":
    main()
