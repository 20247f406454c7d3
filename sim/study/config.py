"""The configuration of a study: a TOML file, checked before anything runs."""

from __future__ import annotations

import math
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from firmware_models.errors import nearest
from sim.study.fields import Name, NonNegative, Range
from sim.study.grid_config import Grid
from sim.study.scenario_config import Scenario
from sim.toml_file import Strict, check_data, parse_toml, read_text

SampleName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Luminosity = Annotated[float, Field(gt=0, le=1e40, allow_inf_nan=False)]
Edge = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


MAX_BINS = 1_000_000
"""Most bins of one efficiency table."""


class Sample(Strict):
    """One source of events.

    Exactly one of `process`, `file` and `background` says where the events come from.
    """

    name: SampleName
    process: str | None = None
    parameters: dict[str, float | int | str | bool] = {}
    file: str | None = None
    format: str | None = None
    frame: Literal["lab", "cm", "head-on"] = "lab"
    background: bool = False
    share: NonNegative = 1.0
    """Share of the study's events, relative to the other samples. Files are read whole."""
    cross_section_nb: NonNegative | None = None
    """Cross-section of a file's events [nb], where the file does not say it."""
    rates: bool = True
    """Whether the sample enters the rate table."""

    @model_validator(mode="after")
    def _one_source(self) -> Sample:
        given = [self.process is not None, self.file is not None, self.background]
        if sum(given) != 1:
            raise ValueError("needs exactly one of process, file, background = true")
        return self


class Axis(Strict):
    """One axis of an efficiency table, in a truth variable's own unit."""

    variable: str
    edges: list[Edge] | None = Field(default=None, min_length=2, max_length=1001)
    low: Edge | None = None
    high: Edge | None = None
    bins: Annotated[int, Field(ge=1, le=1000)] | None = None

    @model_validator(mode="after")
    def _edges_or_bins(self) -> Axis:
        uniform = [self.low is not None, self.high is not None, self.bins is not None]
        if (self.edges is None) == (not any(uniform)) or (any(uniform) and not all(uniform)):
            raise ValueError("needs either edges or all of low, high, bins")
        values = self.edge_values()
        if any(b <= a for a, b in pairwise(values)):
            raise ValueError("edges must rise strictly")
        return self

    def edge_values(self) -> list[float]:
        """Return the bin edges."""
        if self.edges is not None:
            return self.edges
        assert self.low is not None
        assert self.high is not None
        assert self.bins is not None
        step = (self.high - self.low) / self.bins
        return [self.low + i * step for i in range(self.bins)] + [self.high]


class Efficiency(Strict):
    """One efficiency table for each of some lines."""

    label: Name
    title: str = ""
    sample: Name
    lines: list[str] = Field(min_length=1)
    axes: list[Axis] = Field(min_length=1, max_length=3)
    where: list[Range] = []
    reference: str | None = None
    """A line for the orthogonal-trigger method; none: efficiency against truth."""

    @model_validator(mode="after")
    def _distinct(self) -> Efficiency:
        for line in self.lines:
            if self.lines.count(line) > 1:
                raise ValueError(f"line {line!r} is given twice")
            if line == self.reference:
                raise ValueError(f"line {line!r} cannot be its own reference")
        bins = math.prod(len(axis.edge_values()) - 1 for axis in self.axes)
        if bins > MAX_BINS:
            raise ValueError(f"{bins} bins are too many; allowed: up to {MAX_BINS}")
        return self


class Main(Strict):
    """The `[study]` table."""

    name: str = "Low-multiplicity trigger study"
    menu: str = "low_multiplicity"
    working_point: str | None = None
    """A named set of thresholds of the menu; none: the defaults of the firmware."""
    events: Annotated[int, Field(ge=1, le=10**12)] = 400_000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    luminosity_cm2_s: Luminosity = 8e35
    chunk: Annotated[int, Field(ge=64, le=100_000)] = 20_000
    notes: list[str] = []
    """What a reader of the rates must know; shown in the report."""
    compare_with_source: bool = False
    """Show the quoted single-photon rates beside ours, where all processes are simulated."""
    focus: list[str] = []
    """Lines whose rate the report splits by process."""


class Tracks(Strict):
    """The `[tracks]` table: the drift chamber and the track trigger."""

    enabled: bool = True
    network: Literal["mlp", "deep"] = "mlp"
    """Network behind the track finder: the block `neuro_mlp` or `neuro_deep`."""
    chamber: dict[str, Any] = {}
    """Parameters of the chamber's response, such as ``[tracks.chamber.background]``. Particles
    that `detector` calls invisible are so here too, unless a list of its own is given."""


class Muons(Strict):
    """The `[muons]` table: the muon detector and its trigger."""

    enabled: bool = True
    detector: dict[str, Any] = {}
    """Parameters of its response, such as ``[muons.detector.background]``. Particles that
    `detector` calls invisible are so here too, unless a list of its own is given."""


class Readout(Strict):
    """The `[readout]` table: dead time behind this study's menu."""

    config: str = "default"
    """Readout file, or ``default`` for the packaged one; its arrivals are replaced."""
    triggers: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Candidates offered; default: as in the readout file."""


class StudyConfig(Strict):
    """A study: what runs, with what menu and detector, and what is tabulated."""

    study: Main = Main()
    detector: dict[str, Any] = {}
    tracks: Tracks | None = None
    """None: tracks are not simulated, their inputs and those of matches are 0."""
    muons: Muons | None = None
    """None: the muon detector is not simulated, its inputs are 0."""
    registers: dict[str, dict[str, int | str | list[int | str]]] = {}
    """Register values by block, such as ``[registers.ecl_selection]``: counts, or text with a unit
    such as ``lml6_energy = "0.75 GeV"``."""
    samples: list[Sample] = []
    efficiency: list[Efficiency] = []
    grids: list[Grid] = Field(default=[], max_length=100)
    """Efficiency on points of mass and lifetime, with events of their own."""
    readout: Readout | None = None
    """None: the study ends with the rates."""
    scenarios: list[Scenario] = Field(default=[], max_length=100)
    """Further luminosities and levels of background at which the rates are computed."""

    @model_validator(mode="after")
    def _names(self) -> StudyConfig:
        if not self.samples and not self.grids:
            raise ValueError("samples: needs at least 1 sample, or a grid")
        names = [sample.name for sample in self.samples]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"samples: name {name!r} is given twice")
        scenarios = [scenario.name for scenario in self.scenarios]
        for name in scenarios:
            if scenarios.count(name) > 1:
                raise ValueError(f"scenarios: name {name!r} is given twice")
        if scenarios and not any(sample.rates for sample in self.samples):
            raise ValueError("scenarios: need a sample that enters the rates")
        labels = [table.label for table in self.efficiency]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"efficiency: label {label!r} is given twice")
        grids = [grid.label for grid in self.grids]
        for label in grids:
            if grids.count(label) > 1:
                raise ValueError(f"grids: label {label!r} is given twice")
        for table in self.efficiency:
            if table.sample not in names:
                near = nearest(table.sample, names)
                hint = f" (nearest: {near!r})" if near else ""
                raise ValueError(
                    f"efficiency {table.label!r}: unknown sample {table.sample!r}{hint}; "
                    f"allowed: {', '.join(names)}"
                )
        return self


def load_study(path: str | Path | None = None) -> StudyConfig:
    """Read a study file, or the packaged default study.

    Raises
    ------
    InputError
        Naming the file, the path in it, what was given and what is allowed.
    """
    if path is None:
        place = "default study"
        text = files("sim.study").joinpath("default.toml").read_text(encoding="utf-8")
    else:
        place = str(path)
        text = read_text(path)
    return parse_study(parse_toml(text, place), place)


def parse_study(data: dict[str, Any], place: str) -> StudyConfig:
    """Check a study's data; `place` names where it comes from."""
    return check_data(StudyConfig, data, place)
