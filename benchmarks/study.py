"""Whole commands: start-up, the default study, and the memory of a long study.

    python benchmarks/study.py [--events N]

Prints wall-clock time, processor time and peak memory (proportional set size of all processes of
the command together). The baseline of each figure is its target.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

LOWMULT = str(Path(sys.executable).with_name("lowmult"))


@dataclass
class Usage:
    """What one command took: seconds of wall clock, peak memory in MB."""

    wall: float
    peak_mb: float


def main() -> None:
    """Run the commands and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000, help="events of the long study")
    options = parser.parse_args()
    print(
        f"{'command':<40} {'wall [s]':>10} {'target [s]':>10} {'peak [MB]':>10} {'target [MB]':>11}"
    )
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", f"{folder}/study"]
        rows = [
            ("lowmult --help (best of 5)", ["--help"], 5, 0.2, None),
            ("lowmult study (default)", ["study", *out], 1, 180.0, None),
            (f"lowmult study --events {options.events}",
             ["study", *out, "--events", str(options.events)], 1, None, 1500.0),
        ]  # fmt: skip
        for title, arguments, repeats, wall, memory in rows:
            best = min((measure(arguments) for _ in range(repeats)), key=lambda u: u.wall)
            print(
                f"{title:<40} {best.wall:>10.2f} {_number(wall):>10} {best.peak_mb:>10.0f} "
                f"{_number(memory):>11}", flush=True,
            )  # fmt: skip


def measure(arguments: list[str]) -> Usage:
    """Run the command once and follow the memory of its processes."""
    start = time.perf_counter()
    process = subprocess.Popen([LOWMULT, *arguments], stdout=subprocess.DEVNULL)
    peak = [0.0]
    follower = threading.Thread(target=_follow, args=(process, peak), daemon=True)
    follower.start()
    code = process.wait()
    wall = time.perf_counter() - start
    follower.join()
    if code:
        raise SystemExit(f"lowmult {' '.join(arguments)}: exit {code}")
    return Usage(wall, peak[0])


def _follow(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_pss_mb(pid) for pid in _tree(process.pid)))
        time.sleep(0.1)


def _tree(root: int) -> list[int]:
    """Return the process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, [])
    return found


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _number(value: float | None) -> str:
    return "" if value is None else f"≤ {value:g}"


if __name__ == "__main__":
    main()
