"""Area and logic depth of a block by yosys: estimates without a vendor's tools.

yosys runs in a child process with a memory limit: an error in it ends its process, and a design
that it cannot handle may ask for tens of gigabytes.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError, unknown_name
from hdl.messages import compile_error
from hdl.sources import Design, link_data

TARGETS = {
    "generic": "synth -flatten -lut 6",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad",
    "ecp5": "synth_ecp5 -noabc9",
}
"""Mapping of each target: six-input look-up tables, AMD UltraScale+, Lattice ECP5."""

# ltp knows yosys's own flip-flops only: a path must not run through the targets' ones.
_COMBINATIONAL = "* t:FD* %d t:TRELLIS_FF %d t:RAMB* %d t:DP16KD %d"

# Cell-name patterns and how many units one such cell counts for.
_CELLS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "lut": ((r"\$lut", 1), (r"LUT[1-6]", 1), (r"LUT4", 1), (r"CCU2C", 2), (r"SRL\w+", 1),
            (r"RAM(32|64|128)\w+", 1)),
    "carry": ((r"CARRY[48]", 1), (r"CCU2C", 1)),
    "ff": ((r"\$_S?DFFC?E?_\w+_", 1), (r"\$_ALDFFE?_\w+_", 1), (r"FD[RSCP]E", 1),
           (r"TRELLIS_FF", 1)),
    "dsp": ((r"DSP48E2", 1), (r"MULT18X18D", 1)),
    "bram18": ((r"RAMB18E2", 1), (r"RAMB36E2", 2), (r"DP16KD", 1)),
}  # fmt: skip

_UNROLL = 100_000

MOST_MEMORY_GB = 4096.0
MOST_TIME_S = 1e6
"""Largest limits that are taken: beyond any machine's memory, and eleven days."""


@dataclass(frozen=True)
class Area:
    """Size of a block on one target.

    Parameters
    ----------
    target : str
    lut, carry, ff, dsp, bram18 : int
        Look-up tables (distributed memory included), carry cells, flip-flops, multiplier blocks,
        18-kbit memories.
    depth : int
        Cells on the longest path between flip-flops.
    seconds : float
        Time that yosys took.
    """

    target: str
    lut: int
    carry: int
    ff: int
    dsp: int
    bram18: int
    depth: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the values for a JSON file."""
        return asdict(self)


def synthesise(
    design: Design, target: str, *, memory_gb: float = 8.0, timeout_s: float = 3600.0
) -> Area:
    """Map a block to a target and count its cells.

    Parameters
    ----------
    design : Design
        Verilog or SystemVerilog.
    target : str
        One of `TARGETS`.
    memory_gb : float
        Address space that yosys may use [GB].
    timeout_s : float
        Longest time that it may take [s].

    Raises
    ------
    InputError
        When pyosys is missing, the target unknown, the design is VHDL or does not elaborate, or a
        limit is reached.
    """
    check_limits(memory_gb, timeout_s)
    if target not in TARGETS:
        raise unknown_name("target", target, TARGETS, place="--target")
    with tempfile.TemporaryDirectory(prefix="lowmult-synth-") as folder:
        passes = [
            *read_passes(design, Path(folder)), TARGETS[target], "tee -q -o stat.json stat -json",
            f"tee -q -o depth.txt ltp -noff {_COMBINATIONAL}",
        ]  # fmt: skip
        started = time.perf_counter()
        run_passes(design, passes, Path(folder), memory_gb=memory_gb, timeout_s=timeout_s)
        seconds = time.perf_counter() - started
        cells = _cells(Path(folder) / "stat.json")
        depth = _depth((Path(folder) / "depth.txt").read_text(encoding="utf-8"))
    counts = {kind: _count(cells, kind) for kind in _CELLS}
    return Area(target=target, depth=depth, seconds=seconds, **counts)


def check_limits(memory_gb: float, timeout_s: float) -> None:
    """Check the limits for yosys.

    Parameters
    ----------
    memory_gb : float
        Above 0, at most `MOST_MEMORY_GB` [GB].
    timeout_s : float
        Above 0, at most `MOST_TIME_S` [s].

    Raises
    ------
    InputError
        For a value outside its range, NaN included.
    """
    for value, most, unit, place in (
        (memory_gb, MOST_MEMORY_GB, "GB", "--memory"),
        (timeout_s, MOST_TIME_S, "s", "--timeout"),
    ):
        if not 0 < value <= most:
            raise InputError(
                f"must be above 0 and at most {most:g} {unit}, not {value:g}", place=place
            )


def read_passes(design: Design, folder: Path) -> list[str]:
    """Return the yosys passes that read a design and check its hierarchy.

    The files are listed in `folder`, in which the passes then run: yosys splits its commands at
    blanks, also inside quotes.
    """
    if design.language != "verilog":
        raise InputError("yosys reads Verilog and SystemVerilog, not VHDL",
                         place=str(design.sources[-1]))  # fmt: skip
    words = [*(str(path) for path in design.sources)]
    words += [f"-I{path}" for path in design.includes]
    listing = "".join(f'"{word}"\n' for word in words)
    (folder / "files.f").write_text(listing, encoding="utf-8")
    # The default stops at the loops that fill the larger ROMs.
    read = f"read_slang --unroll-limit {_UNROLL} --top {design.top} -f files.f"
    return [read, f"hierarchy -check -top {design.top}"]


def run_passes(
    design: Design,
    passes: Sequence[str],
    folder: Path,
    *,
    memory_gb: float = 8.0,
    timeout_s: float = 3600.0,
) -> str:
    """Run yosys passes in a child process in a folder; return what it printed.

    Raises
    ------
    InputError
        When pyosys is missing, a pass fails, or a limit is reached.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise InputError("pyosys is missing; run: pip install 'pyosys==0.70'")
    link_data(design, folder)
    limit = int(memory_gb * 2**30)
    place = f"{design.sources[-1]}: {design.top}"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(limit), json.dumps(list(passes))], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise InputError(f"yosys took longer than {timeout_s:.0f} s", place=place) from error
    if "bad_alloc" in done.stdout or "Cannot allocate memory" in done.stdout:
        raise InputError(f"yosys needs more than {memory_gb:g} GB", place=place)
    if done.returncode:
        raise compile_error(design, "yosys", done.stdout)
    return done.stdout


_CHILD = """
import json, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from pyosys import libyosys as ys
design = ys.Design()
for command in json.loads(sys.argv[2]):
    ys.run_pass(command, design)
"""


def _cells(path: Path) -> dict[str, int]:
    found = json.loads(path.read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
    return {str(name): int(number) for name, number in found.items()}


def _count(cells: Mapping[str, int], kind: str) -> int:
    return sum(
        number * next((w for pattern, w in _CELLS[kind] if re.fullmatch(pattern, name)), 0)
        for name, number in cells.items()
    )


def _depth(text: str) -> int:
    lengths = [int(length) for length in re.findall(r"length=(\d+)", text)]
    return max(lengths, default=0)
