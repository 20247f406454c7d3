"""`lowmult verify`: RTL against the Python model, bit for bit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from firmware_models.errors import CheckFailed, InputError

if TYPE_CHECKING:
    from hdl.sources import Design
    from hdl.verify import Batch, VerifyResult

MOST_VECTORS = 10**9
"""Most frames of each kind in one call: the fastest block takes about a quarter of an hour."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("blocks", nargs="*", metavar="BLOCK", help="default: every block")
    parser.add_argument(
        "--simulator", metavar="NAME",
        help="verilator, icarus or ghdl; default: all that read the language",
    )  # fmt: skip
    parser.add_argument(
        "--vectors", type=int, default=100_000, metavar="N",
        help="frames of each kind (constrained, physics) in the batch run (default 100000)",
    )  # fmt: skip
    parser.add_argument(
        "--dut", nargs="+", metavar="FILE",
        help="your own Verilog, SystemVerilog or VHDL for the one BLOCK, in compile order",
    )  # fmt: skip
    parser.add_argument("--top", metavar="NAME", help="top module of --dut (default: BLOCK)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the stimulus (default 1)")


def run(options: argparse.Namespace) -> int:
    """Verify, print a table, explain the first mismatch of each failing block."""
    from firmware_models.files import write_json

    results = list(_verify_all(options))
    _print_table(results)
    if options.json:
        write_json(options.json, _summary(results))
    failed = [result for result in results if not result.passed]
    if failed:
        raise CheckFailed("\n".join(_explanation(result) for result in failed))
    return 0


def _verify_all(options: argparse.Namespace) -> Iterator[VerifyResult]:
    from rich.console import Console

    from hdl import verify

    if not 1 <= options.vectors <= MOST_VECTORS:
        raise InputError(
            f"must be at least 1 and at most {MOST_VECTORS}, not {options.vectors}",
            place="--vectors",
        )
    if options.seed < 0:
        raise InputError(f"must be at least 0, not {options.seed}", place="--seed")
    if options.simulator:
        verify.check_simulator(options.simulator)
    doubled = sorted({name for name in options.blocks if options.blocks.count(name) > 1})
    if doubled:
        raise InputError(f"given more than once: {' '.join(doubled)}", place="BLOCK")
    status = Console(stderr=True)
    for design in _designs(options):
        block = design.block.name
        chosen = (options.simulator,) if options.simulator else verify.default_simulators(design)
        for simulator in chosen:
            if not status.is_terminal:
                # A log shows what is running; a terminal shows a spinner.
                sys.stderr.write(f"{block} in {simulator} …\n")
                sys.stderr.flush()
            with status.status(f"{block} in {simulator}"):
                yield verify.verify(
                    block, simulator, _vectors(block, options.vectors, options.seed), design,
                    seed=options.seed,
                )  # fmt: skip


def _designs(options: argparse.Namespace) -> list[Design]:
    from hdl.sources import our_design, user_design
    from hdl.verify import verifiable_blocks

    if not options.dut:
        if options.top:
            raise InputError("needs --dut", place="--top")
        return [our_design(name) for name in options.blocks or verifiable_blocks()]
    if len(options.blocks) != 1:
        raise InputError(f"needs the name of one block, not {len(options.blocks)}", place="--dut")
    return [user_design(options.blocks[0], options.dut, options.top)]


def _vectors(block: str, n: int, seed: int) -> dict[str, Iterator[Batch]]:
    from hdl.verify import Batch, constrained_batches
    from sim.study.frames import physics_frames, physics_registers

    return {
        "constrained": constrained_batches(block, n, seed),
        "physics": (
            Batch(words, physics_registers(block, chunk))
            for chunk, words in enumerate(physics_frames(block, n, seed))
        ),
    }


def _summary(results: list[VerifyResult]) -> dict[str, Any]:
    """Return totals under the keys of one result, and every result in a list."""
    # The testbenches' pace would hide that of the batch runs.
    timed = [r for r in results if r.simulator == "verilator"] or results
    seconds = sum(result.batch_seconds for result in timed)
    first = next((result.first for result in results if result.first), None)
    return {
        "block": ",".join(dict.fromkeys(result.block for result in results)),
        "simulator": ",".join(dict.fromkeys(result.simulator for result in results)),
        "vectors": sum(result.vectors for result in results),
        "mismatches": sum(result.mismatches for result in results),
        "first_mismatch": first.as_dict() if first else None,
        "vectors_per_s": sum(r.batch_vectors for r in timed) / seconds if seconds else None,
        "results": [result.as_dict() for result in results],
    }


def _print_table(results: list[VerifyResult]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in ("block", "simulator", "verdict"):
        table.add_column(name, no_wrap=True)
    for name in ("vectors", "differ", "vectors/s"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        table.add_row(
            result.block, result.simulator, "equal" if result.passed else "differs",
            f"{result.vectors:,}", f"{result.mismatches:,}", f"{result.vectors_per_s:,.0f}",
        )  # fmt: skip
    Console().print(table)


def _explanation(result: VerifyResult) -> str:
    head = f"{result.block} in {result.simulator}: {result.mismatches} mismatches"
    return f"{head}; the first: {result.first.text()}" if result.first else head
