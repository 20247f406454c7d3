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
    parser.add_argument(
        "--steps", default="12000", metavar="N", help="batches of the (first) network"
    )
    parser.add_argument(
        "--level", type=float, default=1.0,
        help="background: factor to 22 kHz a wire and 100 kHz of tracks",
    )  # fmt: skip
    parser.add_argument("--data", metavar="STEM", help="keep samples in files, or take them from")
    parser.add_argument("--out", required=True, metavar="FILE", help="file of weights")


def run(options: argparse.Namespace) -> int:
    """Train, write the file, and tell the figures."""
    import logging

    from firmware_models.files import write_json
    from sim.cli.process import whole_number
    from sim.neuro import train

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    result = train.run(
        options.kind,
        whole_number("--seed", options.seed, 0, 2**63 - 2),
        whole_number("--tracks", options.tracks, 1, 10**8),
        whole_number("--steps", options.steps, 1, 10**8),
        options.level, options.data, options.out,
    )  # fmt: skip
    if options.json:
        write_json(options.json, result)
    sys.stdout.write(_text(options.out, result))
    return 0


def _text(path: str, result: dict[str, Any]) -> str:
    """Return the resolutions, and what cuts keep."""
    figures = result["figures"]
    points = figures["working_points"]
    cuts = points if "signal" not in points else {"z": points}
    lines = [
        f"{path}: {result['command']}",
        f"68 % of z and θ within, by pT [GeV]; |z| < 15 cm, {figures['tracks']} tracks:",
    ]  # fmt: skip
    lines += [f"  {pt:<9} {_number(z)} cm  {_number(figures['theta_68_deg'][pt])}°"
              for pt, z in figures["z_68_cm"].items()]  # fmt: skip
    for cut, found in cuts.items():
        lines.append(f"cut on {cut}: efficiency of tracks from the collision point, share of others"
                     " that is accepted")  # fmt: skip
        lines += [f"  {efficiency:<9} {_number(point['accepted'])}"
                  for efficiency, point in found["points"].items()]  # fmt: skip
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
