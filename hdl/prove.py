"""Proof that the RTL of `gdl_logic` is the names logic of a menu, line by line, by yosys.

A module of independent make states the names logic literally (numbers are compared as numbers, the
sum of products is not used). Both modules get the same inputs; for each line one bit tells whether
they differ on a valid output. yosys' solver then has to find inputs and register contents that set
such a bit on the second clock, from any state on the first. When there are none, every line is
proven. Otherwise the lines that the answer shows are noted and left out, and the solver is asked
again, until it finds no more: the lines that are left are proven.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError
from firmware_models.interface.gdl import N_OUTPUT
from hdl.ports import check_ports
from hdl.sources import PACKAGE, Design, find_block, user_design
from hdl.synth import read_passes, run_passes
from hdl.tools import available
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

# Stands for the valid bit among the output bits.
_VALID_BIT = N_OUTPUT

# Most inputs or outputs that one counter-example lists.
_SHOWN = 12

_MITER = """\
module lowmult_miter (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         valid_i,
  input  logic [319:0] data_i,
  output logic [319:0] differ,
  output logic         differ_valid,
  output logic [319:0] dut_data,
  output logic         dut_valid
);
  logic reference_valid;
  logic [319:0] reference_data;
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
        For each line of the menu: empty when proven, otherwise a counter-example as text: the
        line's inputs, further inputs that the RTL reads for it, expected and observed value.
        Keys `VALID` and `UNUSED` stand for the valid bit and for the output bits without a line.
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
    names = {line.index: line.name for line in menu.lines}
    open_bits = set(range(N_OUTPUT))
    differ: dict[int, _Found] = {}
    runs, valid = 0, True
    while open_bits or valid:
        runs += 1
        found = _ask(design, open_bits, valid, folder)
        if found is None:
            break
        differ |= dict.fromkeys(found.differ & open_bits, found)
        open_bits -= found.differ
        if found.valid_differs:
            differ[_VALID_BIT], valid = found, False
    lines = dict.fromkeys([*(line.name for line in menu.lines), UNUSED, VALID], "")
    read = inputs_read(design, folder) if differ else {}
    for bit in sorted(differ):
        name = VALID if bit == _VALID_BIT else names.get(bit, UNUSED)
        lines[name] = lines[name] or _example(menu, name, bit, differ[bit], read[bit])
    if others := sorted(bit for bit in differ if bit != _VALID_BIT and bit not in names)[1:]:
        listed = " ".join(map(str, others[:_SHOWN])) + (" …" if len(others) > _SHOWN else "")
        lines[UNUSED] += f"; outputs that differ too: {listed}"
    return RtlProof(lines, runs)


def _design(
    menu: Menu, files: Sequence[str | Path] | None, top: str | None, folder: Path
) -> Design:
    """Write reference and comparison; return the design of them and the RTL together."""
    if files:
        user = user_design("gdl_logic", files, top)
        if user.language == "verilog":
            run_passes(user, read_passes(user, folder), folder)
        if user.language == "verilog" and not available("verilator"):
            check_ports(user)
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
    valid: int
    differ: set[int]
    valid_differs: bool
    observed: int
    valid_observed: int


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
        "-show data_i -show valid_i -show differ -show differ_valid -show dut_data "
        f"-show dut_valid {design.top}",
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
        int(shown[1, "valid_i"], 2),
        {bit for bit in range(N_OUTPUT) if differ >> bit & 1},
        shown[2, "differ_valid"] == "1",
        int(shown[2, "dut_data"], 2),
        int(shown[2, "dut_valid"], 2),
    )


def inputs_read(design: Design, folder: Path) -> dict[int, frozenset[int]]:
    """Return which bits of ``data_i`` each output of the RTL is connected to.

    Parameters
    ----------
    design : Design
        The comparison module with the RTL in it.
    folder : Path
        For yosys' files.

    Returns
    -------
    dict of int to frozenset of int
        Output bit (`N_OUTPUT`: the valid bit) to input bits, through logic and flip-flops. An
        input that is not listed cannot act on the output; one that is listed may still not.
    """
    passes = [*read_passes(design, folder), "proc", "flatten", "memory", "opt -full", "techmap",
              "opt_clean", "write_json netlist.json"]  # fmt: skip
    run_passes(design, passes, folder)
    netlist = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))
    module = netlist["modules"][design.top]
    ports = {name: port["bits"] for name, port in module["ports"].items()}
    drivers: dict[Any, list[Any]] = {}
    for cell in module["cells"].values():
        pins, ways = cell["connections"], cell["port_directions"]
        ins = [bit for pin, bits in pins.items() if ways[pin] == "input" for bit in bits]
        for pin, bits in pins.items():
            if ways[pin] == "output":
                drivers |= dict.fromkeys(bits, ins)
    number = {bit: i for i, bit in enumerate(ports["data_i"])}
    outputs = [*ports["dut_data"], *ports["dut_valid"]]
    return {
        i: frozenset(number[bit] for bit in _cone(output, drivers) if bit in number)
        for i, output in enumerate(outputs)
    }


def _cone(output: Any, drivers: Mapping[Any, list[Any]]) -> set[Any]:
    """Return every net that a net depends on, itself included."""
    reached, open_nets = {output}, [output]
    while open_nets:
        for net in drivers.get(open_nets.pop(), ()):
            if net not in reached:
                reached.add(net)
                open_nets.append(net)
    return reached


def _example(menu: Menu, line: str, bit: int, found: _Found, read: frozenset[int]) -> str:
    """Return a counter-example: every input that can act on the line, expected and observed."""
    own: tuple[str, ...] = ()
    if line in menu.names:
        own = input_names(menu.line(line).expression, menu.groups)
    pattern = {name: bool(found.data >> menu.input_index[name] & 1) for name in own}
    if line == VALID:
        pattern["valid_i"], observed = bool(found.valid), found.valid_observed
    else:
        observed = found.observed >> bit & 1
    parts = [pattern_text(pattern)] if pattern else []
    known = {menu.input_index[name] for name in own}
    if further := sorted(read - known):
        parts.append(_further(menu, further, found.data, alone=not pattern))
    text = " ".join(parts) or "any input"
    head = f"output {bit}, {text}" if line == UNUSED else text
    return f"{head}; expected {1 - observed}, observed {observed}"


def _further(menu: Menu, bits: list[int], data: int, *, alone: bool) -> str:
    """Name the inputs that the RTL reads beyond the line's own, those that are high first."""
    names = {item.index: item.name for item in menu.inputs}
    ordered = sorted(bits, key=lambda bit: not data >> bit & 1)
    listed = [f"{names.get(bit, f'data_i[{bit}]')}={data >> bit & 1}" for bit in ordered]
    text = " ".join(listed[:_SHOWN])
    if len(listed) > _SHOWN:
        text += f" … {len(listed)} in all"
    return text if alone else f"(the RTL also reads {text}, which the line does not)"
