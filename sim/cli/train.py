"""`lowmult train`: train a network or the side tables of the track trigger, and write the file."""

from __future__ import annotations

import argparse
import sys
from typing import Any

KINDS = {
    "mlp": "five experts 27-81-2",
    "deep": "one deeper network with hit patterns",
    "segments": "side tables of the segment finder",
    "displaced": "classifier of displaced vertices",
}

TRACKS = {"mlp": "300000", "deep": "300000", "segments": "400000", "displaced": "40000"}
STEPS = "12000"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    text = "; ".join(f"{name}: {what}" for name, what in KINDS.items())
    parser.add_argument("kind", choices=KINDS, help=text)
    parser.add_argument("--seed", default="1", metavar="S", help="seed")
    parser.add_argument(
        "--tracks", metavar="N",
        help=f"tracks to train on (default: {TRACKS['mlp']}, segments: {TRACKS['segments']}); "
        f"displaced: pairs at each level of background ({TRACKS['displaced']})",
    )  # fmt: skip
    parser.add_argument(
        "--steps", metavar="N", help=f"networks: batches of the (first) one (default: {STEPS})"
    )
    parser.add_argument(
        "--level", type=float, default=1.0,
        help="background: factor to 22 kHz a wire and 100 kHz of tracks",
    )  # fmt: skip
    parser.add_argument(
        "--data", metavar="STEM", help="networks: keep samples in files, or take them from"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="file of weights or tables")


def run(options: argparse.Namespace) -> int:
    """Train, write the file, and tell the figures."""
    from firmware_models.files import write_json
    from sim.cli.process import whole_number

    seed = whole_number("--seed", options.seed, 0, 2**63 - 2)
    given = TRACKS[options.kind] if options.tracks is None else options.tracks
    tracks = whole_number("--tracks", given, 1, 10**8)
    makers = {"segments": _tables, "displaced": _displaced}
    result, text = makers.get(options.kind, _network)(options, seed, tracks)
    if options.json:
        write_json(options.json, result)
    sys.stdout.write(text)
    return 0


def _network(options: argparse.Namespace, seed: int, tracks: int) -> tuple[dict[str, Any], str]:
    import logging

    from sim.cli.process import whole_number
    from sim.neuro import train

    steps = whole_number("--steps", STEPS if options.steps is None else options.steps, 1, 10**8)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    result = train.run(options.kind, seed, tracks, steps, options.level, options.data, options.out)
    return result, _network_text(options.out, result)


def _displaced(options: argparse.Namespace, seed: int, pairs: int) -> tuple[dict[str, Any], str]:
    import logging

    from firmware_models.errors import InputError
    from sim.cli.process import whole_number
    from sim.neuro import displaced

    if options.data is not None:
        raise InputError("only the networks of tracks have this option", place="--data")
    if options.level != 1.0:
        raise InputError("trains at the levels 1, 2 and 5 together", place="--level")
    steps = whole_number("--steps", STEPS if options.steps is None else options.steps, 1, 10**8)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    result = displaced.run(seed, pairs, steps, options.out)
    lines = [
        f"{options.out}: {result['command']}",
        "share of displaced pairs that is kept, least score + 8192, share of background:",
    ]
    lines += [f"  {kept:<6} {point['min_score']:>6} {point['background']:.2e}"
              for kept, point in result["figures"]["points"].items()]  # fmt: skip
    return result, "\n".join(lines) + "\n"


def _tables(options: argparse.Namespace, seed: int, tracks: int) -> tuple[dict[str, Any], str]:
    from firmware_models.errors import InputError
    from sim.segments import lookup

    for name in ("steps", "data"):
        if getattr(options, name) is not None:
            raise InputError("only networks have this option", place=f"--{name}")
    result = lookup.run(seed, tracks, options.level, options.out)
    return result, _tables_text(options.out, result)


def _tables_text(path: str, result: dict[str, Any]) -> str:
    """Return how well the tables do, by superlayer."""
    figures = result["figures"]
    rows = (
        ("superlayer", range(len(result["called"]))),
        ("entries called", result["called"]),
        ("segments with a side", figures["known"]),
        ("of these right", figures["correct"]),
    )
    lines = [
        f"{path}: {result['command']}",
        f"{figures['tracks']} other tracks, those above {figures['least_pt_gev']} GeV:",
    ]
    lines += [f"  {name:<21}" + "".join(f"{value:>8}" for value in values) for name, values in rows]
    return "\n".join(lines) + "\n"


def _network_text(path: str, result: dict[str, Any]) -> str:
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
