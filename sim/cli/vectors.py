"""`lowmult vectors`: test vectors of a block in files."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("block", metavar="BLOCK")
    parser.add_argument(
        "--format", required=True, metavar="FORMAT",
        help="memh (for $readmemh, one bus word a line) or csv (one frame a row)",
    )  # fmt: skip
    parser.add_argument(
        "--vectors", type=int, default=1000, metavar="N", help="frames (default 1000)"
    )
    parser.add_argument("--out", default=".", metavar="DIR", help="folder (default: this one)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the stimulus (default 1)")
    parser.add_argument(
        "--random-registers", action="store_true",
        help="random legal register values instead of those after reset",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Write the files and name them."""
    from firmware_models.files import write_json
    from hdl.vectors import write_vectors

    paths = write_vectors(
        options.block, options.format, options.vectors, options.out, seed=options.seed,
        random_registers=options.random_registers,
    )  # fmt: skip
    for path in paths:
        sys.stdout.write(f"{path}\n")
    if options.json:
        write_json(options.json, {
            "block": options.block, "format": options.format, "vectors": options.vectors,
            "seed": options.seed, "files": [str(path) for path in paths],
        })  # fmt: skip
    return 0
