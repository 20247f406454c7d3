"""Which files make up a block: ours, or the user's own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block
from hdl.tools import ROOT

PACKAGE = ROOT / "hdl" / "generated" / "l1_pkg.sv"
VERILOG = (".sv", ".v")
VHDL = (".vhd", ".vhdl")


@dataclass(frozen=True)
class Design:
    """Files to compile and the top module in them.

    Parameters
    ----------
    block : Block
        The entry of the interface table that the top module implements.
    sources : tuple of Path
        In compile order, packages first.
    top : str
        Name of the top module or entity.
    own : bool
        The user's RTL rather than ours. Its builds are never kept: what it includes or loads may
        change without a change in `sources`.
    includes : tuple of Path
        Folders in which ``include`` looks for files.
    """

    block: Block
    sources: tuple[Path, ...]
    top: str
    own: bool = False
    includes: tuple[Path, ...] = ()

    @property
    def language(self) -> str:
        """``"vhdl"`` or ``"verilog"``."""
        return "vhdl" if self.sources[-1].suffix in VHDL else "verilog"

    def digest(self, *flags: str) -> str:
        """Return a hash over the files' contents, the top's name and the given flags."""
        parts = hashlib.sha256()
        for text in (self.top, self.block.name, *flags):
            parts.update(text.encode() + b"\0")
        for source in self.sources:
            parts.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
        return parts.hexdigest()[:20]


_INCLUDE = re.compile(r'`include\s+"([^"]+)"')
_DATA = re.compile(r'\$readmem[hb]\s*\(\s*"([^"]+)"')


def link_data(design: Design, folder: Path) -> int:
    """Make the files that ``$readmemh`` and ``$readmemb`` name available in a folder.

    Simulators open them relative to where they run, which is a temporary folder here. A name is
    looked up as ``include`` would. Absolute names need no help; names with ``..`` get none.

    Parameters
    ----------
    design : Design
    folder : Path
        Where the tool will run.

    Returns
    -------
    int
        Number of links made.
    """
    made = 0
    open_files, seen = list(design.sources if design.own else ()), set[Path]()
    while open_files:
        source = open_files.pop()
        if source in seen or source.suffix in VHDL:
            continue
        seen.add(source)
        text = source.read_text(encoding="utf-8", errors="replace")
        places = (source.parent, *design.includes)
        open_files += [path for name in _INCLUDE.findall(text) if (path := _find(name, places))]
        for name in _DATA.findall(text):
            link = folder / name
            if ".." in Path(name).parts or link.exists() or not (path := _find(name, places)):
                continue
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
            made += 1
    return made


def _find(name: str, places: Sequence[Path]) -> Path | None:
    return next((place / name for place in places if (place / name).is_file()), None)


def find_block(name: str) -> Block:
    """Return the block of that name, or raise `InputError` with the nearest one."""
    if name not in BLOCKS:
        raise unknown_name("block", name, BLOCKS)
    return BLOCKS[name]


def block_sources(name: str) -> tuple[Path, ...]:
    """Return our files of a block, in compile order.

    The list is ``hdl/rtl/<block>.f`` where there is one (a path from the project's root on each
    line, ``#`` or ``//`` starts a comment); otherwise the generated package, generated files
    called ``hdl/generated/<block>_*.sv``, and ``hdl/rtl/<block>.sv``.
    """
    listing = ROOT / "hdl" / "rtl" / f"{name}.f"
    if listing.is_file():
        lines = (line.split("#")[0].split("//")[0].strip()
                 for line in listing.read_text(encoding="utf-8").splitlines())  # fmt: skip
        return tuple(ROOT / line for line in lines if line)
    generated = sorted((ROOT / "hdl" / "generated").glob(f"{name}_*.sv"))
    return (PACKAGE, *generated, ROOT / "hdl" / "rtl" / f"{name}.sv")


def our_design(name: str) -> Design:
    """Return our RTL of a block."""
    return Design(find_block(name), block_sources(name), name)


def user_design(name: str, files: Sequence[str | Path], top: str | None = None) -> Design:
    """Return the user's own RTL for a block.

    Parameters
    ----------
    name : str
        Block whose ports and behaviour it has.
    files : sequence of path
        In compile order. Verilog files are compiled after our generated package, which they may
        use. ``include`` looks in the folder of each file, then in the working directory.
    top : str, optional
        Top module or entity. Default: the block's name.

    Raises
    ------
    InputError
        When a file is missing, of an unknown kind, or the languages are mixed.
    """
    paths = [Path(file).absolute() for file in files]
    for path in paths:
        if not path.exists():
            raise InputError("there is no such file", place=str(path))
        if not path.is_file():
            what = "a folder" if path.is_dir() else "not a regular file"
            raise InputError(f"is {what}; give the files of the design", place=str(path))
        if path.suffix not in VERILOG + VHDL:
            allowed = " ".join(VERILOG + VHDL)
            raise InputError(f"suffix {path.suffix!r} is not among {allowed}", place=str(path))
    if not paths:
        raise InputError("no file was given", place="--dut")
    kinds = {path.suffix in VHDL for path in paths}
    if len(kinds) > 1:
        raise InputError("VHDL and Verilog cannot be mixed in one run", place="--dut")
    head = () if kinds == {True} or PACKAGE in paths else (PACKAGE,)
    includes = tuple(dict.fromkeys([*(path.parent for path in paths), Path.cwd()]))
    return Design(find_block(name), (*head, *paths), top or name, own=True, includes=includes)
