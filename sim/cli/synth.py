"""`lowmult synth`: area and depth of a block, estimated by yosys."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from firmware_models.errors import InputError

if TYPE_CHECKING:
    from hdl.synth import Area


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("block", metavar="BLOCK")
    parser.add_argument(
        "--target", nargs="+", metavar="NAME",
        help="generic, xcup (UltraScale+) or ecp5; default: all three",
    )  # fmt: skip
    parser.add_argument("--dut", nargs="+", metavar="FILE", help="your own RTL for BLOCK")
    parser.add_argument("--top", metavar="NAME", help="top module of --dut (default: BLOCK)")
    parser.add_argument(
        "--memory", type=float, default=8.0, metavar="GB", help="limit for yosys (default 8)"
    )
    parser.add_argument(
        "--timeout", type=float, default=3600.0, metavar="S", help="limit a target (default 3600)"
    )


def run(options: argparse.Namespace) -> int:
    """Synthesise for each target and print a table."""
    from rich.console import Console

    from firmware_models.files import write_json
    from hdl.sources import our_design, user_design
    from hdl.synth import TARGETS, check_limits, synthesise

    if options.top and not options.dut:
        raise InputError("needs --dut", place="--top")
    check_limits(options.memory, options.timeout)
    design = (
        user_design(options.block, options.dut, options.top)
        if options.dut
        else our_design(options.block)
    )
    status = Console(stderr=True)
    areas = []
    for target in options.target or TARGETS:
        with status.status(f"{options.block} on {target}"):
            areas.append(
                synthesise(design, target, memory_gb=options.memory, timeout_s=options.timeout)
            )
    _print_table(options.block, areas)
    if options.json:
        write_json(
            options.json, {"block": options.block, "targets": [area.as_dict() for area in areas]}
        )
    return 0


def _print_table(block: str, areas: list[Area]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(caption="yosys estimates before place and route; depth in cells")
    table.add_column(block, no_wrap=True)
    for name in ("LUT", "carry", "FF", "DSP", "BRAM18", "depth", "seconds"):
        table.add_column(name, justify="right")
    for area in areas:
        table.add_row(
            area.target, f"{area.lut:,}", f"{area.carry:,}", f"{area.ff:,}", f"{area.dsp:,}",
            f"{area.bram18:,}", str(area.depth), f"{area.seconds:.1f}",
        )  # fmt: skip
    Console().print(table)
