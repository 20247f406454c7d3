"""One command that trains a network of the track trigger and writes its file of weights.

``python -m sim.neuro.train mlp --seed 1 --tracks 300000 --out FILE``. Needs the extra `training`.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from firmware_models import neuro_weights
from firmware_models.errors import InputError, LowmultError
from sim.detector.cdc.config import CdcConfig
from sim.neuro import mlp, track_files
from sim.neuro.fitting import Schedule, import_torch
from sim.neuro.sample import Finder, SampleConfig, make_sample
from sim.neuro.track_set import TrackSet

KINDS = ("mlp", "deep")
LOG = logging.getLogger(__name__)

TRACKS = 300_000
JUDGED = 3
"""One judged track for so many trained on."""


def track_trigger() -> Finder:
    """Return the chain from hits to the words of the network."""
    from trigger.tracks import TrackTrigger

    return TrackTrigger().network_inputs


def sample(
    tracks: int, seed: int, config: SampleConfig, path: str | None, finder: Finder
) -> TrackSet:
    """Return a sample, from a file when that exists, and then kept in it when one is named.

    Raises
    ------
    InputError
        The file is of another sample, or cannot be read or written.
    """
    parameters = config.parameters(tracks, seed)
    if path is not None and Path(path).exists():
        return track_files.load(path, parameters)
    found = 0

    def told(more: int) -> None:
        nonlocal found
        found += more
        LOG.info("%d of %d tracks, seed %d", found, tracks, seed)

    made = make_sample(finder, tracks, seed, config, told)
    if path is not None:
        track_files.save(made, path)
    return made


def train_mlp(
    seed: int, tracks: int, schedule: Schedule, config: SampleConfig, data: str | None,
    finder: Finder, command: str,
) -> neuro_weights.NeuroWeights:  # fmt: skip
    """Train, round and judge the five experts.

    Parameters
    ----------
    seed : int
        Of the sample to train on; the one to judge on has the next.
    tracks : int
        Found tracks to train on.
    schedule : Schedule
    config : SampleConfig
    data : str or None
        Stem of the files that keep the samples.
    finder : callable
        The chain from hits to words.
    command : str
        For the provenance.
    """
    shown, judged = samples(seed, tracks, config, data, finder)
    layers = mlp.train(shown, schedule, seed, _told)
    found = mlp.figures(mlp.rounded(layers), judged, layers)
    return mlp.rounded(layers, provenance(shown, judged, command, seed, found))


def samples(
    seed: int, tracks: int, config: SampleConfig, data: str | None, finder: Finder
) -> tuple[TrackSet, TrackSet]:
    """Return the sample to train on and an independent one to judge on, a third as large."""
    files = (None, None) if data is None else (f"{data}_{seed}.npz", f"{data}_{seed + 1}.npz")
    return (sample(tracks, seed, config, files[0], finder),
            sample(max(tracks // JUDGED, 1), seed + 1, config, files[1], finder))  # fmt: skip


def provenance(
    shown: TrackSet, judged: TrackSet, command: str, seed: int, figures: dict[str, Any]
) -> dict[str, Any]:
    """Return where weights come from."""
    return {
        "kind": "trained on tracks of the simulated drift chamber with background",
        "command": command,
        "seed": seed,
        "data_sha256": shown.checksum(),
        "judged_sha256": judged.checksum(),
        "sample": dict(shown.parameters),
        "figures": figures,
    }


def _told(expert: int, step: int, loss: float) -> None:
    LOG.info("network %d, step %d, loss %.4f", expert, step, loss)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of a training."""
    parser.add_argument("kind", choices=KINDS, help="mlp: five experts; deep: one deeper network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tracks", type=int, default=TRACKS, help="found tracks to train on")
    parser.add_argument("--steps", type=int, default=Schedule.steps, help="batches a network")
    parser.add_argument("--level", type=float, default=1.0,
                        help="background: factor to 22 kHz a wire, 100 kHz of tracks")  # fmt: skip
    parser.add_argument("--data", metavar="STEM", help="keep samples in files, or take them from")
    parser.add_argument("--out", required=True, metavar="FILE", help="file of weights")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Train what the options say, write the file, and return its provenance.

    Raises
    ------
    InputError
        torch is not installed, an option is out of range, or a file cannot be read or written.
    """
    import_torch()
    for name, low in (("seed", 0), ("tracks", 1), ("steps", 1)):
        if getattr(options, name) < low:
            raise InputError(f"must be at least {low}, not {getattr(options, name)}",
                             place=f"--{name}")  # fmt: skip
    chamber = CdcConfig.from_mapping({"background": {"level": options.level}}, "--level")
    given = {name: getattr(options, name) for name in ("seed", "tracks", "steps", "level")}
    command = " ".join(("python -m sim.neuro.train", options.kind,
                        *(f"--{name} {value}" for name, value in given.items())))  # fmt: skip
    schedule, config = Schedule(steps=options.steps), SampleConfig(chamber=chamber)
    arguments = (options.seed, options.tracks, schedule, config, options.data, track_trigger(),
                 command)  # fmt: skip
    weights = train_mlp(*arguments)
    neuro_weights.save(weights, options.out)
    return dict(weights.provenance)


def main(arguments: list[str] | None = None) -> int:
    """Train and write a file; return 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m sim.neuro.train", description=__doc__)
    configure(parser)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        run(parser.parse_args(arguments))
    except LowmultError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
