"""Events a second through a menu, on one core: bit-sliced evaluator and a naive numpy baseline.

Usage: python benchmarks/menu_evaluation.py [MENU …] [--chunk N]

Without a menu: the packaged one, and menu 0034 where its public files lie in ../shared/menus.
Events come in chunks, as in a study (at most 100,000 events, 4 MB of inputs and lines), and in one
array of 4 million events, which no cache holds. The baseline evaluates each line's sum of products
on arrays of one byte an event.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from trigger.menu import Menu, load
from trigger.menu.interpret import sum_of_products
from trigger.menu.public_format import SUFFIXES, read_public
from trigger.menu.public_import import import_public

MENU_0034 = Path(__file__).resolve().parents[2] / "shared" / "menus" / "ftd_0034"
WHOLE = 4_000_000


def menus(names: list[str]) -> list[Menu]:
    """Return the menus to run."""
    if names:
        return [load(name) for name in names]
    found = [load("low_multiplicity")]
    if MENU_0034.with_suffix(".alg").exists():
        inp, oup, lgc, alg = (MENU_0034.with_suffix(suffix) for suffix in SUFFIXES)
        found.append(import_public(read_public(inp, oup, lgc, alg), "ftd_0034").menu)
    return found


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of some repeats [s]."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def evaluator_rate(menu: Menu, n_events: int, repeats: int) -> float:
    """Return events a second of the evaluator."""
    n_words = -(-n_events // 64)
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 2**63, (menu.n_inputs, n_words), dtype=np.uint64)
    evaluator = menu.compile()
    out = evaluator(rows)
    return n_words * 64 / seconds(lambda: evaluator(rows, out=out), repeats)


def baseline_rate(menu: Menu, n_events: int) -> float:
    """Return events a second of the baseline."""
    rng = np.random.default_rng(1)
    bits = {item.name: rng.random(n_events) < 0.3 for item in menu.inputs}
    return n_events / seconds(
        lambda: [sum_of_products(line.dnf, bits, n_events) for line in menu.lines], 3
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("menu", nargs="*", help="TOML file or packaged name")
    parser.add_argument("--chunk", type=int, default=100_000, help="events a chunk")
    options = parser.parse_args()
    print("Millions of events a second, one core")
    print("menu               lines steps   chunks  one array   numpy  ratio")
    for menu in menus(options.menu):
        chunk = evaluator_rate(menu, options.chunk, 200)
        whole = evaluator_rate(menu, WHOLE, 5)
        naive = baseline_rate(menu, 20_000)
        print(
            f"{menu.name:<18}{len(menu.lines):>6}{len(menu.compile().program.code):>6}"
            f"{1e-6 * chunk:>9.0f}{1e-6 * whole:>11.0f}{1e-6 * naive:>8.2f}{chunk / naive:>7.0f}"
        )


if __name__ == "__main__":
    main()
