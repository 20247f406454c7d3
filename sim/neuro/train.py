"""A whole training: samples, fit, rounding, figures, file of weights. Needs the extra `training`.

``lowmult train mlp --seed 1 --tracks 300000 --out FILE`` calls it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import deep_weights, neuro_weights
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.config import CdcConfig
from sim.neuro import deep, mlp, track_files
from sim.neuro.fitting import Schedule, import_torch
from sim.neuro.sample import Finder, SampleConfig, make_sample
from sim.neuro.track_set import TrackSet
from trigger.track_trigger import SLICE, TrackTrigger

LOG = logging.getLogger(__name__)

KINDS: Mapping[str, tuple[Any, Any]] = {"mlp": (mlp, neuro_weights), "deep": (deep, deep_weights)}
"""How each kind of network is trained, and how its weights are kept."""

JUDGED = 3
"""One judged track for so many trained on."""


def network_inputs(hits: WireHits) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return the words `neuro_input` of the track trigger, and the window of each."""
    trigger, parts, windows = TrackTrigger(), [], []
    for first in range(0, len(hits), SLICE):
        steps = trigger.steps(hits.select(np.arange(first, min(first + SLICE, len(hits)))))
        parts.append(steps.inputs)
        windows.append(steps.window + first)
    return np.concatenate(parts), np.concatenate(windows)


def samples(
    seed: int, tracks: int, config: SampleConfig, data: str | None, finder: Finder
) -> tuple[TrackSet, TrackSet]:
    """Return a sample to train on and one to judge on, a third as large, of the next seed.

    Parameters
    ----------
    seed : int
    tracks : int
        Found tracks to train on.
    config : SampleConfig
    data : str or None
        Stem of files: samples are read from them if they exist, and else kept in them.
    finder : callable
        The chain from hits to words.

    Raises
    ------
    InputError
        A file is of another sample, or cannot be read or written.
    """
    sizes = ((seed, tracks), (seed + 1, max(tracks // JUDGED, 1)))
    shown, judged = (_sample(size, own, config, data, finder) for own, size in sizes)
    return shown, judged


def _sample(
    tracks: int, seed: int, config: SampleConfig, data: str | None, finder: Finder
) -> TrackSet:
    path = None if data is None else Path(f"{data}_{seed}.npz")
    if path is not None and path.exists():
        return track_files.load(path, config.parameters(tracks, seed))
    found = 0

    def told(more: int) -> None:
        nonlocal found
        found += more
        LOG.info("seed %d: %d of %d tracks", seed, found, tracks)

    made = make_sample(finder, tracks, seed, config, told)
    if path is not None:
        track_files.save(made, path)
    return made


def train(
    kind: str, seed: int, shown: TrackSet, judged: TrackSet, schedule: Schedule, command: str
) -> Any:
    """Train, round and judge a network.

    Parameters
    ----------
    kind : {'mlp', 'deep'}
    seed : int
        Of first weights and the order of tracks.
    shown, judged : TrackSet
        To train on, and others for the figures.
    schedule : Schedule
    command : str
        For the provenance.

    Returns
    -------
    NeuroWeights or DeepWeights
        With provenance.

    Raises
    ------
    InputError
        torch is not installed, or an expert has no tracks.
    """
    version = import_torch().__version__
    network, _ = KINDS[kind]

    def told(number: int, step: int, loss: float) -> None:
        LOG.info("network %d, step %d: loss %.4f", number, step, loss)

    layers = network.train(shown, schedule, seed, told)
    found = network.figures(network.rounded(layers), judged, layers)
    return network.rounded(layers, {
        "kind": "trained on tracks of the simulated drift chamber with background",
        "command": command,
        "seed": seed,
        "data_sha256": shown.checksum(),
        "torch": str(version),
        "sample": dict(shown.parameters),
        "figures": {"tracks_shown": len(shown), **_plain(found)},
    })  # fmt: skip


def _plain(value: Any) -> Any:
    """Return figures for JSON: five digits, nothing for what is no number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value


def run(
    kind: str, seed: int, tracks: int, steps: int, level: float, data: str | None, out: str
) -> dict[str, Any]:
    """Make samples, train, write the file, and return its provenance.

    Parameters
    ----------
    kind : {'mlp', 'deep'}
    seed : int
    tracks : int
        Found tracks to train on.
    steps : int
        Batches; of the experts, for the first one.
    level : float
        Background relative to 22 kHz a wire and 100 kHz of tracks.
    data : str or None
        Stem of files that keep the samples.
    out : str
        File of weights.

    Raises
    ------
    InputError
        torch is not installed, the level is out of range, or a file cannot be read or written.
    """
    import_torch()
    chamber = CdcConfig.from_mapping({"background": {"level": level}}, "--level")
    given = {"seed": seed, "tracks": tracks, "steps": steps, "level": level}
    command = " ".join(("lowmult train", kind, *(f"--{name} {value}"
                                                 for name, value in given.items())))  # fmt: skip
    shown, judged = samples(seed, tracks, SampleConfig(chamber=chamber), data, network_inputs)
    schedule = replace(KINDS[kind][0].SCHEDULE, steps=steps)
    weights = train(kind, seed, shown, judged, schedule, command)
    KINDS[kind][1].save(weights, out)
    return dict(weights.provenance)
