"""The command line: a table of commands, each in a module of its own, loaded when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence

from firmware_models.errors import CheckFailed, LowmultError, shortened
from sim.cli import interrupt
from sim.cli.outputs import check_outputs
from sim.cli.parser import Parser

COMMANDS = {
    "study": "run the main job: events to rates, efficiencies and a report",
    "trigger": "trigger decisions for an event file",
    "rates": "rate table from decision files",
    "efficiency": "efficiency tables from decision files",
    "sensitivity": "limits of searches with a trigger, and how thresholds move them",
    "optimise": "thresholds and prescales of most reach for a rate and a dead time",
    "readout": "dead time, buffers and latency of a readout",
    "process": "cross-section of a process under acceptance cuts",
    "receive": "read and check a stream of event frames",
    "menu": "check, show, compare, compile, prove, import and export menus",
    "verify": "compare RTL with the Python model, bit for bit",
    "vectors": "write test vectors of a block",
    "synth": "area and depth estimates of a block",
    "train": "train a network or the side tables of the track trigger",
    "samples": "make the packaged final states of hadrons (needs Pythia)",
    "generate": "regenerate what is derived from the interface table",
}

GOOD, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name. Default: those of the process.

    Returns
    -------
    int
        0 good, 1 a check failed, 2 bad input, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    interrupt.install()
    try:
        return _run(arguments)
    except CheckFailed as failure:
        sys.stderr.write(f"lowmult: failed: {failure}\n")
        return FAILED
    except LowmultError as error:
        sys.stderr.write(f"lowmult: error: {error}\n")
        return BAD_INPUT
    except BrokenPipeError:
        # Who reads the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return GOOD
    except OSError as error:
        sys.stderr.write(f"lowmult: error: {shortened(str(error), 300)}\n")
        return BAD_INPUT
    except BaseException as error:
        # A compiled kernel may turn an interrupt into another exception.
        if not (interrupt.received() or isinstance(error, KeyboardInterrupt)):
            raise
        sys.stderr.write("lowmult: interrupted, no partial output was kept\n")
        return INTERRUPTED


def _open_streams() -> None:
    """Make sure that text can always be written: closed streams, terminals without Unicode."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as we
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _run(arguments: list[str]) -> int:
    parser = Parser(
        prog="lowmult",
        description="Emulator of a Belle II-like Level-1 low-multiplicity trigger.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    # Only the chosen command's module is imported: --help stays fast.
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=text, description=text)
        if name == chosen:
            module = importlib.import_module(f"sim.cli.{name}")
            subparser.add_argument("--json", metavar="FILE", help="machine-readable result")
            module.configure(subparser)
            parser.chosen = subparser
            subparser.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    if options.version:
        from importlib.metadata import version

        sys.stdout.write(version("lowmult") + "\n")
        return GOOD
    if options.command is None:
        parser.print_help()
        return BAD_INPUT
    check_outputs(options.command, options)
    result: int = options.run(options)
    sys.stdout.flush()
    return result
