"""Vectors per second of each block's RTL in the batch simulator.

Run: python benchmarks/rtl_batch.py [BLOCK...]
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from hdl.batch import BatchSimulator
from hdl.verify import stimulus_of, verifiable_blocks

SECONDS = 2.0
MEMORY = 100e6


def pace(block: str) -> tuple[int, float, float]:
    """Return frames, frames a second and clocks a second, over about two seconds."""
    simulator = BatchSimulator(block)
    frame = 4 * -(-simulator.block.input.width // 32)
    words = stimulus_of(block).constrained(min(200_000, int(MEMORY / frame)), 1)
    runs = [simulator.replay(words)]
    while sum(run.seconds for run in runs) < SECONDS:
        runs.append(simulator.replay(words))
    seconds = sum(run.seconds for run in runs)
    frames = len(words) * len(runs)
    return frames, frames / seconds, sum(run.clocks for run in runs) / seconds


def main(blocks: list[str]) -> None:
    """Print the table."""
    table = Table(caption="clock loop in C++, one core, without packing and unpacking of words")
    for name in ("block", "vectors", "vectors/s", "clocks/s"):
        table.add_column(name, justify="left" if name == "block" else "right", no_wrap=True)
    for block in blocks or verifiable_blocks():
        frames, vectors, clocks = pace(block)
        table.add_row(block, f"{frames:,}", f"{vectors:,.0f}", f"{clocks:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
