"""`lowmult train`: train a network of the track trigger and write its file of weights."""

from __future__ import annotations

import argparse
import sys
from typing import Any

KINDS = {"mlp": "five experts 27-81-2", "deep": "one deeper network with hit patterns"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    text = "; ".join(f"{name}: {what}" for name, what in KINDS.items())
    parser.add_argument("kind", choices=KINDS, help=text)
    parser.add_argument("--seed", default="1", metavar="S", help="seed")
    parser.add_argument("--tracks", default="300000", metavar="N", help="tracks to train on")
    parser.add_argument("--steps", default="30000", metavar="N", help="batches a network")
    parser.add_argument(
        "--level", type=float, default=1.0,
        help="background: factor to 22 kHz a wire and 100 kHz of tracks",
    )  # fmt: skip
    parser.add_argument("--data", metavar="STEM", help="keep samples in files, or take them from")
    parser.add_argument("--out", required=True, metavar="FILE", help="file of weights")


def run(options: argparse.Namespace) -> int:
    """Train, write the file, and tell the figures."""
    from firmware_models.files import write_json
    from sim.cli.process import whole
    from sim.neuro import train

    result = train.run(
        options.kind,
        whole("--seed", options.seed, 0, 2**63 - 2),
        whole("--tracks", options.tracks, 1, 10**8),
        whole("--steps", options.steps, 1, 10**8),
        options.level, options.data, options.out,
    )  # fmt: skip
    if options.json:
        write_json(options.json, result)
    sys.stdout.write(_text(options.out, result))
    return 0
