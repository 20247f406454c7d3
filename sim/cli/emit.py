"""The emulated detector data of `lowmult readout`: options, and what plays the stream."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from firmware_models.errors import InputError

if TYPE_CHECKING:
    from sim.readout.arrivals import Source
    from sim.readout.config import ReadoutConfig
    from sim.readout.emulation.player import Player


def add_emit_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--emit`` and what belongs to it."""
    parser.add_argument(
        "--emit", metavar="FILE|tcp://HOST:PORT",
        help="play the accepted events as the framer's byte stream into a file, to a program that "
        "listens, or (tcp-listen://) to one that connects",
    )  # fmt: skip
    parser.add_argument(
        "--emit-rate", type=float, default=0.0, metavar="X",
        help="simulated seconds a second: 1 real time, 0.1 ten times slower, 0 as fast as possible "
        "(default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--emit-size", type=float, default=1.0, metavar="FACTOR",
        help="on the payload sizes (default: 1)",
    )  # fmt: skip


@contextmanager
def emitter(
    options: argparse.Namespace, config: ReadoutConfig, source: Source, place: str
) -> Iterator[Player | None]:
    """Open the target and give the observer that plays into it; None without ``--emit``.

    Parameters
    ----------
    options : Namespace
    config : ReadoutConfig
        As it will run, with all options in it.
    source : Source
        That of the run.
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        For options that make no sense, and when the receiver leaves before the end.
    """
    if options.emit is None:
        for option in ("emit_rate", "emit_size"):
            if getattr(options, option) != (1.0 if option == "emit_size" else 0.0):
                raise InputError("needs --emit", place=f"--{option.replace('_', '-')}")
        yield None
        return
    from sim.cli import interrupt
    from sim.readout.emulation.events import BLOCK_WORDS, QUICK_WORDS, Emulation
    from sim.readout.emulation.player import Player, checked_rate
    from sim.readout.emulation.sinks import open_sink
    from sim.readout.loads import Loads
    from sim.readout.plan import compile_plan

    checked_rate(options.emit_rate)
    plan = compile_plan(config, place)
    emulation = Emulation(
        plan, Loads.of(plan), source, seed=config.run.seed, size_factor=options.emit_size,
        block_words=QUICK_WORDS if options.emit_rate else BLOCK_WORDS, place=place,
    )  # fmt: skip
    with open_sink(options.emit, check=interrupt.check, announce=announce) as sink:
        yield Player(
            emulation, sink, quantum_s=plan.quantum_ns * 1e-9, rate=options.emit_rate,
            check=interrupt.check,
        )  # fmt: skip


def show_emitted(sent: dict[str, Any], target: str) -> None:
    """Print what `Player.summary` says."""
    from sim.cli import screen

    seconds = sent["spent_s"]
    pace = (
        f" in {seconds:.3g} s ({sent['frames'] / seconds:.4g} frames/s, "
        f"{sent['bytes'] / seconds * 1e-6:.4g} MB/s)"
        if seconds > 0
        else ""
    )
    screen.line(f"Emitted to {target}: {sent['frames']:,} frames, {sent['bytes']:,} bytes{pace}")
    late = sent["late_s_max"]
    if late is not None:
        screen.line(f"Latest frame: {late * 1e3:.3g} ms after its time")


def announce(address: str) -> None:
    """Say on standard error what is listened on."""
    sys.stderr.write(f"lowmult: waiting for a connection to {address}\n")
    sys.stderr.flush()
