"""Samples of a channel, its signal at one mass or a background: truth variables and hits.

The words of all sub-triggers follow from the hits and the registers, so a new threshold needs no
new sample. Samples are kept in a folder, each under a hash of all that it depends on. Of a
background only the events behind the offline regions are kept and pass the detector: most are not.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.files import whole_file
from firmware_models.klm_hits import KlmHits
from firmware_models.trigger_cells import CellHits
from firmware_models.wire_hits import WireHits
from sim.detector.ecl import EclConfig, EclResponse
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.lifetimes import BROAD, SAMPLING, lifetime_parameters
from sim.processes.long_lived import LongLived
from sim.sensitivity.channel import BackgroundProcess, Channel
from sim.sensitivity.observables import window_boxes
from sim.sensitivity.regions import inside
from sim.streams import stream
from sim.study.fields import Range
from sim.study.tracks import Detected
from sim.truth import VARIABLES, truth_variables

FloatArray = NDArray[np.float64]

CHUNK = 20_000
"""Events at a time: bounds the memory."""

CROSS_SECTION_EVENTS = 50_000
"""Proposals for a cross-section: an error of some 0.5 % where a process has the widest weights."""

FB_PER_NB = 1e6
"""Femtobarns in a nanobarn."""

FORMAT = 3
"""Of the kept files."""

_HITS: dict[str, tuple[type, tuple[str, ...]]] = {
    "cells": (CellHits, ("offsets", "cell", "energy", "time", "frame")),
    "wires": (WireHits, ("offsets", "wire", "time")),
    "muons": (KlmHits, ("offsets", "sector", "layer", "plane")),
}


@dataclass(frozen=True)
class Sample:
    """Events of one process: the signal at one mass, or a background.

    Parameters
    ----------
    sigma_fb, sigma_err_fb : float
        Cross-section [fb]: that of the process, or the one that the channel gives; of the signal at
        the reference coupling, without `branching`.
    n_generated : int
        Events generated, of which the sample may hold a part.
    truth : dict of ndarray, shape (n,)
        Every variable of `sim.truth.VARIABLES`.
    detected : Detected, optional
        None where truth variables are enough; of the first events where it is not of all.
    lengths : ndarray, shape (n, number of long-lived particles), optional
        Proper decay lengths [cm], of a sample for all lifetimes.
    """

    sigma_fb: float
    sigma_err_fb: float
    n_generated: int
    truth: dict[str, FloatArray]
    detected: Detected | None
    lengths: FloatArray | None = None

    def __len__(self) -> int:
        """Return the number of events in it."""
        return len(next(iter(self.truth.values())))

    @property
    def n_detected(self) -> int:
        """Number of events, the first ones, that passed the detector."""
        return 0 if self.detected is None else len(self.detected.cells)

    def select(self, chosen: NDArray[np.bool_]) -> Sample:
        """Return the sample with a part of its events, shape ``(n,)``."""
        rows = np.flatnonzero(chosen)
        return replace(
            self,
            truth={name: values[rows] for name, values in self.truth.items()},
            detected=None
            if self.detected is None
            else self.detected.select(rows[rows < self.n_detected]),
            lengths=None if self.lengths is None else self.lengths[rows],
        )


@dataclass(frozen=True)
class Source:
    """What a sample is made of.

    Parameters
    ----------
    process : str
    parameters : dict
        Of the process, without `mass`.
    mass : dict
        Name and value of the parameter that is the mass; empty for a background.
    channel : Channel
        For collider and detectors.
    regions : list of list of Range
        Events outside are dropped; empty: none are.
    windows : list of list of Range
        The same, for events that no window of an observable can hold. The random numbers of the
        process do not depend on them.
    detected : int, optional
        How many of the events pass the detector, the first ones; default: all.
    """

    process: str
    parameters: dict[str, float | int | str]
    mass: dict[str, float]
    channel: Channel
    regions: list[list[Range]]
    windows: list[list[Range]] = field(default_factory=list)
    detected: int | None = None

    def description(self, events: int, seed: int, detector: bool) -> dict[str, Any]:
        """Return all that a sample depends on, apart from the program."""
        channel = self.channel
        hits: dict[str, Any] = {}
        if detector:
            hits = {
                "cdc": None if channel.tracks is None else channel.tracks.chamber,
                "klm": None if channel.muons is None else channel.muons.detector,
                "with": [_there(channel.tracks), _there(channel.muons)],
            }
        kept = {}
        if self.regions:
            kept = {"regions": [[str(cut) for cut in region] for region in self.regions]}
        return {
            "process": self.process,
            "parameters": {k: self.parameters[k] for k in sorted(self.parameters)},
            "mass": self.mass,
            "machine": (channel.machine.model_dump() if channel.machine else None),
            "ecl": channel.detector,
            "hits": hits,
            "events": events,
            "seed": seed,
            **kept,
        }


def signal_sample(
    channel: Channel, mass: float, *, events: int, seed: int, folder: Path | None = None,
    detector: bool = True, all_lifetimes: bool = False,
) -> Sample:  # fmt: skip
    """Return the signal at one mass, from the folder if it is there.

    Parameters
    ----------
    channel : Channel
    mass : float
        [GeV]
    events : int
    seed : int
    folder : Path, optional
        Where samples are kept; must exist.
    detector : bool
        Simulate the detector; False: truth variables are enough.
    all_lifetimes : bool
        Decay lengths that serve every lifetime, in place of those of the parameters.
    """
    signal, own = channel.signal, channel.signal.parameters
    if all_lifetimes:
        names = lifetime_parameters(signal.process)
        own = {k: v for k, v in own.items() if k not in names} | {SAMPLING: BROAD}
    source = Source(signal.process, own, {signal.mass: mass}, channel, [])
    made = _kept_or_new(source, events, seed, folder, detector)
    return _with_cross_section(made, signal.sigma_fb)


def background_sample(
    channel: Channel, background: BackgroundProcess, *, seed: int, folder: Path | None = None,
    detector: bool = True,
) -> Sample:  # fmt: skip
    """Return the events of a background behind the offline regions; as for `signal_sample`."""
    regions = channel.offline.regions
    boxes = window_boxes(channel.offline.observable, channel.signal.masses, channel.collider(),
                         background.smoothing)  # fmt: skip
    source = Source(background.process, background.parameters, {}, channel, regions, boxes,
                    background.detector_events if detector else None)  # fmt: skip
    made = _kept_or_new(source, background.events, seed, folder, detector)
    return _with_cross_section(made, background.sigma_fb)


def _with_cross_section(made: Sample, given: float | None) -> Sample:
    return made if given is None else replace(made, sigma_fb=given, sigma_err_fb=0.0)


def _kept_or_new(
    source: Source, events: int, seed: int, folder: Path | None, detector: bool
) -> Sample:
    wanted = source.description(events, seed, detector)
    wanted["windows"] = [[str(cut) for cut in box] for box in source.windows]
    wanted["detected"] = source.detected
    if folder is None:
        return generate(source, events=events, seed=seed, detector=detector)
    path = folder / f"{_digest({**wanted, 'sources': sources(), 'format': FORMAT})}.npz"
    kept = _read(path)
    if kept is None:
        kept = generate(source, events=events, seed=seed, detector=detector)
        _write(path, kept)
    return kept


def generate(source: Source, *, events: int, seed: int, detector: bool = True) -> Sample:
    """Make a sample: process, truth variables, regions, detector.

    Parameters
    ----------
    source : Source
    events : int
        To generate.
    seed : int
    detector : bool
    """
    channel = source.channel
    machine = channel.collider()
    # No two masses share random numbers; the program's version has no part in them.
    digest = _digest(source.description(0, seed, False))
    own = int(stream(seed, f"sensitivity/{digest}").integers(2**62))
    process = get_process(source.process, machine, **source.parameters, **source.mass)
    sigma = process.cross_section(CROSS_SECTION_EVENTS, own)
    response = _Detector(channel) if detector else None
    truth: list[dict[str, FloatArray]] = []
    parts: list[Detected] = []
    lengths: list[FloatArray] = []
    left = events if source.detected is None else source.detected
    for chunk, start in enumerate(range(0, events, CHUNK)):
        made = process.generate(min(CHUNK, events - start), own, chunk)
        found = _truth(channel, machine, made)
        if source.regions or source.windows:
            rows = np.flatnonzero(inside(source.regions, found) & inside(source.windows, found))
            made = made.select(rows)
            found = {name: values[rows] for name, values in found.items()}
        truth.append(found)
        if isinstance(process, LongLived) and process.word(SAMPLING) == BROAD:
            lengths.append(process.proper_lengths(made))
        if response is not None:
            if len(made) > left:
                made = made.select(np.arange(left))
            left -= len(made)
            parts.append(response.respond(made, own, chunk))
    return Sample(
        sigma.value_nb * FB_PER_NB,
        sigma.error_nb * FB_PER_NB,
        events,
        {name: np.concatenate([part[name] for part in truth]) for name in VARIABLES},
        Detected.joined(parts) if parts else None,
        np.concatenate(lengths) if lengths else None,
    )


class _Detector:
    """Responses of the detectors that a channel needs."""

    def __init__(self, channel: Channel) -> None:
        self.cells = EclResponse(EclConfig.from_mapping(channel.detector, "detector"))
        invisible = self.cells.config.invisible
        self.wires = self.muons = None
        if _there(channel.tracks):
            from sim.detector.cdc.response import CdcConfig, CdcResponse

            own = {"invisible": invisible, **channel.tracks.chamber}  # type: ignore[union-attr]
            self.wires = CdcResponse(CdcConfig.from_mapping(own, "tracks.chamber"))
        if _there(channel.muons):
            from sim.detector.klm.response import KlmConfig, KlmResponse

            own = {"invisible": invisible, **channel.muons.detector}  # type: ignore[union-attr]
            self.muons = KlmResponse(KlmConfig.from_mapping(own, "muons.detector"))

    def respond(self, events: Any, seed: int, chunk: int) -> Detected:
        return Detected(
            self.cells.respond(events, seed, chunk),
            None if self.wires is None else self.wires.respond(events, seed, chunk),
            None if self.muons is None else self.muons.respond(events, seed, chunk),
        )


def check_detector(channel: Channel) -> None:
    """Refuse parameters that a detector does not have.

    Raises
    ------
    InputError
    """
    if not channel.truth_trigger:
        _Detector(channel)


def _truth(channel: Channel, machine: Machine, events: Any) -> dict[str, FloatArray]:
    invisible = EclConfig.from_mapping(channel.detector, "detector").invisible
    found = truth_variables(events, machine, invisible=invisible)
    return {name: values.astype(np.float64) for name, values in found.items()}


def _there(table: Any) -> bool:
    return table is not None and bool(table.enabled)


@cache
def sources() -> str:
    """Return a hash of the version and of the sources that make samples."""
    digest = hashlib.sha256(version("lowmult").encode())
    root = Path(__file__).resolve().parent.parent.parent
    found = [*(root / "sim").glob("*.py")]
    for folder in ("sim/detector", "sim/processes", "sim/truth", "firmware_models"):
        found += [p for p in (root / folder).rglob("*") if p.suffix in (".py", ".json", ".toml")]
    for path in sorted(found):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _digest(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _write(path: Path, sample: Sample) -> None:
    arrays: dict[str, Any] = {
        "sigma": np.array([sample.sigma_fb, sample.sigma_err_fb]),
        "n_generated": np.array(sample.n_generated),
    }
    arrays |= {f"truth/{name}": values for name, values in sample.truth.items()}
    if sample.lengths is not None:
        arrays["lengths"] = sample.lengths
    if sample.detected is not None:
        for name, (_, columns) in _HITS.items():
            hits = getattr(sample.detected, name)
            if hits is not None:
                arrays |= {f"{name}/{column}": getattr(hits, column) for column in columns}
    with whole_file(path) as temporary, open(temporary, "wb") as stream_:
        np.savez_compressed(stream_, **arrays)


def _read(path: Path) -> Sample | None:
    """Return a kept sample; None where there is none, or a file that is damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError):
        return None
    if not {"sigma", "n_generated"} <= set(arrays) or any(
        f"truth/{name}" not in arrays for name in VARIABLES
    ):
        return None
    hits = {
        name: kind(*(arrays[f"{name}/{column}"] for column in columns))
        for name, (kind, columns) in _HITS.items()
        if f"{name}/offsets" in arrays
    }
    return Sample(
        float(arrays["sigma"][0]),
        float(arrays["sigma"][1]),
        int(arrays["n_generated"]),
        {name: arrays[f"truth/{name}"] for name in VARIABLES},
        Detected(**hits) if hits else None,
        arrays.get("lengths"),
    )
