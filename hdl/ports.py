"""The ports that every implementation of a block has, and the check that a design has them."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware_models.interface import Block
from hdl.messages import build_error, compile_error, missing_top
from hdl.sources import Design
from hdl.tools import require, run, verilator_folder

_WRAPPER = "ports_of_the_interface_table.sv"
_ABOUT_PORTS = re.compile(r"%(?:Error|Warning)-?(PIN\w*|WIDTH\w*)?:? ?[^ ]*" + re.escape(_WRAPPER))


@dataclass(frozen=True)
class Port:
    """One port: name, width in bits, and whether the block drives it."""

    name: str
    width: int
    output: bool = False


def ports(block: Block) -> tuple[Port, ...]:
    """Return the ports of a block, in the order in which our RTL declares them."""
    beat = block.input.beat(block.beats)
    configuration = (
        (Port("cfg_valid_i", 1), Port("cfg_addr_i", 12), Port("cfg_data_i", 32))
        if block.registers
        else ()
    )
    return (
        Port("clk_i", 1),
        Port("rst_ni", 1),
        *configuration,
        Port("valid_i", 1),
        Port("data_i", beat.width),
        Port("valid_o", 1, output=True),
        Port("data_o", block.output.width, output=True),
    )


def port_list(block: Block) -> list[str]:
    """Return the ports as SystemVerilog declarations, for messages."""
    return [
        f"{'output' if port.output else 'input '} {_range(port)}{port.name}"
        for port in ports(block)
    ]


def check_ports(design: Design) -> None:
    """Compile a Verilog design under a wrapper with the table's ports.

    Raises
    ------
    InputError
        When it does not compile, or a port is missing, unknown or of another width.
    """
    require("verilator")
    with tempfile.TemporaryDirectory(prefix="lowmult-ports-") as folder:
        wrapper = Path(folder) / _WRAPPER
        wrapper.write_text(_wrapper(design), encoding="utf-8")
        done = run(
            [verilator_folder() / "verilator", "--lint-only", "-Wno-fatal", "-Wno-lint",
             "-Wwarn-WIDTH", "-Wwarn-PINMISSING", "--quiet", "--top-module", "ports_wrapper",
             *(f"-I{path}" for path in design.includes), *design.sources, wrapper],
            cwd=Path(folder),
        )  # fmt: skip
    if missing := missing_top(design, done.stdout):
        raise missing
    about = [line for line in done.stdout.splitlines() if _ABOUT_PORTS.search(line)]
    if about:
        details = [_plain(line) for line in about]
        details += ["the interface table says:", *port_list(design.block)]
        raise build_error(design, "its ports are not those of the block", details)
    if done.returncode:
        raise compile_error(design, "verilator", done.stdout)


def _plain(line: str) -> str:
    """Return a port message in the words of the testbench's own check."""
    text = re.sub(r"^%\w+(-\w+)?: \S+ ", "", line).strip()
    found = re.match(r"\w+ port connection '(\w+)' expects (\d+) bits.* generates (\d+) bits", text)
    if found:
        return f"{found[1]} has {found[2]} bits, it must have {found[3]}"
    if missing := re.match(r"Pin not found: '(\w+)'", text):
        return f"{missing[1]} is missing"
    if extra := re.match(r"Instance has missing pin: '(\w+)'", text):
        return f"{extra[1]} is not a port of the block"
    return text


def _wrapper(design: Design) -> str:
    declared = ports(design.block)
    lines = [f"  {'output' if p.output else 'input'} logic {_range(p)}{p.name}" for p in declared]
    pins = ", ".join(f".{p.name}({p.name})" for p in declared)
    return (
        "module ports_wrapper (\n" + ",\n".join(lines) + "\n);\n"
        f"  {design.top} dut ({pins});\nendmodule\n"
    )


def _range(port: Port) -> str:
    return f"[{port.width - 1}:0] " if port.width > 1 else ""
