"""`lowmult samples`: make the final states of hadrons that come with the package."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--seed", default="1", metavar="S", help="seed")
    parser.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="on the numbers of states (default 1)"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="file of final states (.npz)")


def run(options: argparse.Namespace) -> int:
    """Make the states, write the file, and tell how many there are."""
    from pathlib import Path

    from firmware_models.errors import InputError
    from firmware_models.files import write_json
    from sim.cli.process import whole_number
    from sim.hadrons.make import make

    if not 0.0 < options.scale <= 100.0:
        raise InputError(f"must be above 0 and at most 100, not {options.scale:g}", place="--scale")
    library = make(whole_number("--seed", options.seed, 0, 2**63 - 1), options.scale)
    library.save(options.out)
    result = {
        "file": options.out,
        "bytes": Path(options.out).stat().st_size,
        "states": len(library.states),
        "particles": len(library.states.pdg),
        "provenance": library.provenance,
    }
    if options.json:
        write_json(options.json, result)
    sys.stdout.write(
        f"{options.out}: {result['states']} final states, {result['particles']} particles, "
        f"{result['bytes']} bytes\n"
    )
    return 0
