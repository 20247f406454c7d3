"""Proof that the RTL of `gdl_logic` is the names logic of a menu, line by line, by yosys.

A module of independent make states the names logic literally (numbers are compared as numbers, the
sum of products is not used). Both modules get the same inputs; for each line one bit tells whether
they differ on a valid output. yosys' solver then has to find inputs and register contents that set
such a bit on the second clock, from any state on the first. When there are none, every line is
proven. Otherwise the lines that the answer shows are noted and left out, and the solver is asked
again, until it finds no more: the lines that are left are proven.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_models.errors import InputError
from firmware_models.interface.gdl import N_OUTPUT
from hdl.sources import PACKAGE, Design, find_block, user_design
from hdl.synth import read_passes, run_passes
from trigger.menu.diagram import pattern_text
from trigger.menu.interpret import input_names
from trigger.menu.model import Menu
from trigger.menu.systemverilog import reference_text, rtl_text

_SUCCESS = "no model found: SUCCESS!"
_FAIL = "model found: FAIL!"

# A row of the solver's table: clock, signal, decimal, hexadecimal, bits.
_ROW = re.compile(r"^\s*([12]) \\(\w+) .*?\b([01]+)\s*$", re.MULTILINE)

UNUSED, VALID = "unused outputs", "valid_o"
"""What the verdict calls the output bits without a line, and the valid bit."""

_MITER = """\
module lowmult_miter (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         valid_i,
  input  logic [319:0] data_i,
  output logic [319:0] differ,
  output logic         differ_valid
);
  logic dut_valid, reference_valid;
  logic [319:0] dut_data, reference_data;
  {top} dut (
    .clk_i, .rst_ni, .valid_i, .data_i, .valid_o(dut_valid), .data_o(dut_data)
  );
  lowmult_reference reference (
    .clk_i, .rst_ni, .valid_i, .data_i, .valid_o(reference_valid), .data_o(reference_data)
  );
  assign differ = (dut_data ^ reference_data) & {{320{{reference_valid}}}};
  assign differ_valid = dut_valid ^ reference_valid;
endmodule
"""


@dataclass(frozen=True)
class RtlProof:
    """Verdict of the solver.

    Parameters
    ----------
    lines : dict of str to str
        For each line of the menu: empty when proven, otherwise a pattern of inputs on which the RTL
        differs, as text. Keys `VALID` and `UNUSED` stand for the valid bit and for the output bits
        without a line.
    solver_runs : int
        Times that the solver was asked.
    """

    lines: dict[str, str]
    solver_runs: int

    @property
    def proven(self) -> bool:
        """The RTL is the names logic."""
        return not any(self.lines.values())


def prove_rtl(
    menu: Menu, files: Sequence[str | Path] | None = None, top: str | None = None
) -> RtlProof:
    """Prove the RTL of a menu.

    Parameters
    ----------
    menu : Menu
    files : sequence of path, optional
        The user's own RTL of `gdl_logic`, with its ports and latency. Default: the text that the
        menu compiles to.
    top : str, optional
        Top module of the user's RTL. Default: ``gdl_logic``.

    Raises
    ------
    InputError
        When pyosys is missing, or the RTL does not elaborate or has other ports.
    """
    with tempfile.TemporaryDirectory(prefix="lowmult-prove-") as name:
        folder = Path(name)
        design = _design(menu, files, top, folder)
        return _search(menu, design, folder)


def _search(menu: Menu, design: Design, folder: Path) -> RtlProof:
    """Ask for a difference, leave out the lines that it shows, ask again until there is none."""
    index = {line.name: line.index for line in menu.lines}
    taken = set(index.values())
    names = {index: name for name, index in index.items()}
    open_bits = set(range(N_OUTPUT))
    lines = dict.fromkeys([*index, UNUSED, VALID], "")
    runs, valid = 0, True
    while open_bits or valid:
        runs += 1
        found = _ask(design, open_bits, valid, folder)
        if found is None:
            break
        for bit in found.differ & open_bits:
            name = names[bit] if bit in taken else UNUSED
            lines[name] = lines[name] or _pattern(menu, name, found.data)
        open_bits -= found.differ
        if found.valid_differs:
            lines[VALID], valid = _pattern(menu, VALID, found.data), False
    return RtlProof(lines, runs)


def _design(
    menu: Menu, files: Sequence[str | Path] | None, top: str | None, folder: Path
) -> Design:
    """Write reference and comparison; return the design of them and the RTL together."""
    if files:
        user = user_design("gdl_logic", files, top)
        sources, includes = user.sources, user.includes
    else:
        own = folder / "gdl_logic.sv"
        own.write_text(rtl_text(menu), encoding="utf-8")
        sources, includes = (PACKAGE, own), ()
    reference, miter = folder / "reference.sv", folder / "miter.sv"
    reference.write_text(reference_text(menu, "lowmult_reference"), encoding="utf-8")
    miter.write_text(_MITER.format(top=top or "gdl_logic"), encoding="utf-8")
    for path in sources:
        if path.suffix not in (".sv", ".v"):
            raise InputError("yosys reads Verilog and SystemVerilog, not VHDL", place=str(path))
    return Design(find_block("gdl_logic"), (*sources, reference, miter), "lowmult_miter",
                  includes=includes)  # fmt: skip


@dataclass(frozen=True)
class _Found:
    """What the solver found: the input word, and the bits that differ on the next clock."""

    data: int
    differ: set[int]
    valid_differs: bool


def _ask(design: Design, bits: set[int], valid: bool, folder: Path) -> _Found | None:
    """Ask the solver for inputs that set one of the bits; None when there are none."""
    goals = [f"differ[{bit}]" for bit in sorted(bits, reverse=True)]
    if valid:
        goals.append("differ_valid")
    passes = [
        *read_passes(design, folder),
        *("proc", "flatten", "async2sync", "opt_clean"),
        f"tee -q -o answer.txt sat -seq 2 -prove-skip 1 -set rst_ni 1 "
        f"-prove {','.join(goals)} {len(goals)}'b0 "
        f"-show data_i -show differ -show differ_valid {design.top}",
    ]
    run_passes(design, passes, folder)
    text = (folder / "answer.txt").read_text(encoding="utf-8")
    if _SUCCESS in text:
        return None
    shown = {(int(clock), name): bits for clock, name, bits in _ROW.findall(text)}
    if _FAIL not in text or (1, "data_i") not in shown:
        raise InputError("the solver gave no answer", place=f"{design.sources[-1]}: {design.top}")
    differ = int(shown[2, "differ"], 2)
    return _Found(
        int(shown[1, "data_i"], 2),
        {bit for bit in range(N_OUTPUT) if differ >> bit & 1},
        shown[2, "differ_valid"] == "1",
    )


def _pattern(menu: Menu, line: str, data: int) -> str:
    """Return a counter-example by input names: the line's inputs, then others that are high."""
    own: tuple[str, ...] = ()
    if line in menu.names:
        own = input_names(menu.line(line).expression, menu.groups)
    pattern = {name: bool(data >> menu.input_index[name] & 1) for name in own}
    others = [i.name for i in menu.inputs if data >> i.index & 1 and i.name not in own]
    if not others:
        return pattern_text(pattern)
    also = " ".join(others[:8]) + (" …" if len(others) > 8 else "")
    return f"{pattern_text(pattern)} (also high: {also})"
