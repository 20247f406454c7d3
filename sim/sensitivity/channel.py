"""What a channel is: one search, its signal, selection, statistics and published results.

Each class is a table of the channel's file; `docs/reference/sensitivity.md` lists the keys.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from firmware_models.errors import nearest, shortened
from sim.machine import Machine
from sim.processes.boson_widths import invisible_fraction, lepton_fraction
from sim.processes.constants import MUON_MASS, TAU_MASS
from sim.processes.lifetimes import SAMPLING
from sim.sensitivity.observables import MAX_OBSERVABLES, Observable
from sim.sensitivity.windows import MAX_WINDOWS, Window
from sim.study.config import Muons, Tracks
from sim.study.fields import Name, Range
from sim.study.grid_config import Ctau, Ctaus
from sim.toml_file import Strict
from trigger.statistics.limits import METHODS

Positive = Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)]
Count = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Level = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Bounds = Annotated[list[Positive], Field(min_length=2, max_length=2)]
Masses = Annotated[list[Annotated[float, Field(ge=0, le=1e3)]], Field(min_length=1, max_length=200)]
Where = Annotated[list[Range], Field(min_length=1)]

ALL_LINES = "all"
"""Any line of a menu may accept the signal."""

MAX_EVENTS = 1_000_000
"""Most events a mass."""

MAX_BACKGROUND_EVENTS = 20_000_000
"""Most events of a background, of which those behind the offline regions are kept."""


BRANCHINGS: dict[str, Callable[[float], float]] = {
    "zprime_invisible": invisible_fraction,
    "zprime_mumu": partial(lepton_fraction, lepton=MUON_MASS),
    "zprime_tautau": partial(lepton_fraction, lepton=TAU_MASS),
}
"""Branching fractions that depend on the mass, of the Z′ of L_μ - L_τ."""


class MachineTable(Strict):
    """The `[machine]` table: beams other than those of SuperKEKB."""

    electron_energy: float = Machine.electron_energy
    positron_energy: float = Machine.positron_energy
    half_crossing: float = Machine.half_crossing
    electron_spread: float = 0.0
    positron_spread: float = 0.0

    def build(self) -> Machine:
        """Return the collider."""
        return Machine(**self.model_dump())


class Signal(Strict):
    """The `[signal]` table: process, its parameters and the masses."""

    process: str
    parameters: dict[str, float | int | str] = {}
    mass: Name = "mass"
    """Parameter of the process that takes the values of `masses`."""
    masses: Masses
    branching: Fraction | str = 1.0
    """Share of the decays that the process stands for and does not know of; a name of `BRANCHINGS`:
    by mass."""
    sigma_fb: Positive | None = None
    """Cross-section at the reference coupling in place of the process's, which gives shapes."""
    events: Annotated[int, Field(ge=1, le=MAX_EVENTS)] = 4000
    """Events for each mass."""
    lifetimes: list[Ctau] | Ctaus = []
    """cτ [m] for which one more sample a mass stands; common to all long-lived particles."""
    lifetime_events: Annotated[int, Field(ge=1, le=MAX_EVENTS)] | None = None
    """Of that sample; default: `events`."""

    @model_validator(mode="after")
    def _rise(self) -> Signal:
        for name, values in (("masses", self.masses), ("lifetimes", self.ctaus())):
            if any(b <= a for a, b in pairwise(values)):
                raise ValueError(f"{name} must rise strictly")
        if self.ctaus() and SAMPLING in self.parameters:
            raise ValueError(f"parameters.{SAMPLING} is set by lifetimes")
        if self.mass in self.parameters:
            raise ValueError(f"parameters.{self.mass} is given by masses")
        if isinstance(self.branching, str) and self.branching not in BRANCHINGS:
            near = nearest(self.branching, BRANCHINGS)
            hint = f" (nearest: {near!r})" if near else ""
            raise ValueError(
                f"unknown branching {shortened(self.branching)!r}{hint}; allowed: a number, "
                f"{', '.join(BRANCHINGS)}"
            )
        return self

    def ctaus(self) -> list[float]:
        """Return the lifetimes [m]; none: the channel has no grid of them."""
        return self.lifetimes.values() if isinstance(self.lifetimes, Ctaus) else self.lifetimes

    def samples(self) -> list[int]:
        """Return the events of each sample of a mass: its own, and that of all lifetimes."""
        more = self.lifetime_events or self.events
        return [self.events, more] if self.ctaus() else [self.events]

    def share(self, mass: float) -> float:
        """Return the branching fraction at a mass [GeV]."""
        if isinstance(self.branching, str):
            return BRANCHINGS[self.branching](mass)
        return self.branching


class Coupling(Strict):
    """The `[coupling]` table: what the limit is on."""

    name: str
    unit: str = ""
    reference: Positive
    """Value for which the process with its parameters has its cross-section."""
    exponent: Positive = 2.0
    """σ ∝ coupling^exponent."""
    sets_lifetime: bool = False
    """The lifetime follows from it, as the process knows, 1/cτ ∝ coupling^exponent."""


class Offline(Strict):
    """The `[offline]` table: the selection behind the trigger."""

    regions: list[Where] = []
    """An event is inside when it fulfils all ranges of one region; none: all events are."""
    observable: list[Observable] = Field(default=[], max_length=MAX_OBSERVABLES)
    """What the search looks at behind them: windows or bins; none: it counts."""
    window: list[Window] = Field(default=[], max_length=MAX_WINDOWS)
    """Cuts whose edges depend on the mass."""
    keep: Fraction = 0.9
    """Least share of the signal behind the regions that windows with chosen edges keep."""
    efficiency: Fraction = 1.0
    """Of everything that the regions do not describe."""
    source: str = ""


class TruthTrigger(Strict):
    """One `[[truth_trigger]]`: a trigger given by truth variables, for another experiment."""

    label: str = Field(min_length=1, max_length=80)
    regions: list[Where] = Field(min_length=1)
    source: str = ""


class BackgroundProcess(Strict):
    """One `[[background.process]]`: passes regions, observables and trigger as the signal does."""

    process: str
    parameters: dict[str, float | int | str] = {}
    events: Annotated[int, Field(ge=1, le=MAX_BACKGROUND_EVENTS)] = 50_000
    """Generated."""
    detector_events: Annotated[int, Field(ge=1, le=MAX_EVENTS)] | None = None
    """Behind the offline regions, the first ones, that pass the detector: their mean trigger
    efficiency is that of the others. Default: all."""
    smoothing: Count = 0.0
    """Standard deviation over which an event is spread in the first observable beside its
    resolution, in the variable's unit: for a smooth background with few simulated events."""
    share: Positive = 1.0
    """Factor on the cross-section: branching, K factor, a rejection that is not simulated."""
    sigma_fb: Positive | None = None
    """Cross-section in place of the process's."""
    label: str = Field(default="", max_length=80)
    """Default: the process."""
    source: str = ""

    @property
    def name(self) -> str:
        """What columns are called."""
        return self.label or self.process


class Background(Strict):
    """The `[background]` table: expected events behind the offline selection."""

    luminosity_fb: Positive | None = None
    """For which `events` are expected; default: the channel's."""
    masses: Masses = [0.0]
    events: list[Count] = [0.0]
    between: Literal["step", "log"] = "step"
    """Between the masses: the value of the mass below, or straight in log(events); outside the
    masses the nearest value."""
    follows_trigger: bool = True
    """It passes the trigger as often as the signal does; false: always."""
    process: list[BackgroundProcess] = []
    """Simulated, beside the numbers of `events`."""
    source: str = ""

    @model_validator(mode="after")
    def _pairs(self) -> Background:
        if len(self.masses) != len(self.events):
            raise ValueError(f"{len(self.masses)} masses and {len(self.events)} events")
        if any(b <= a for a, b in pairwise(self.masses)):
            raise ValueError("masses must rise strictly")
        if self.between == "log" and min(self.events) <= 0:
            raise ValueError("between = 'log' needs events above 0")
        names = [process.name for process in self.process]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise ValueError(f"two processes are called {name!r}: give them labels")
        return self


class Statistic(Strict):
    """The `[statistic]` table: how counts become a limit."""

    method: str = "asimov"
    cl: Level
    signal_uncertainty: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Relative."""
    line_uncertainty: dict[str, Annotated[float, Field(ge=0, lt=1)]] = {}
    """Relative uncertainty of a line's efficiency, by line: what it makes of the efficiency of all
    accepting lines together follows from the events that no other line takes."""

    @model_validator(mode="after")
    def _known(self) -> Statistic:
        if self.method not in METHODS:
            near = nearest(self.method, METHODS)
            hint = f" (nearest: {near!r})" if near else ""
            raise ValueError(
                f"unknown method {shortened(self.method)!r}{hint}; allowed: {', '.join(METHODS)}"
            )
        return self


class Published(Strict):
    """One `[[published]]`: a number of the literature to compare with."""

    mass: Annotated[float, Field(ge=0)] | Annotated[list[float], Field(min_length=2, max_length=2)]
    """One mass, or a range of masses [GeV]."""
    value: Positive | Bounds
    """A number, or a range."""
    kind: Literal["coupling", "sigma_fb"] = "coupling"
    cl: Level
    source: str
    ctau: Ctau | None = None
    """[m], one of the signal's lifetimes; none: that of the signal's parameters."""
    reproducible: bool = False
    """Whether all that ours needs is known; otherwise ours stands beside it and is not compared."""
    note: str = ""

    @property
    def mass_range(self) -> tuple[float, float]:
        """Lowest and highest mass [GeV]."""
        return _range(self.mass)

    @property
    def value_range(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return _range(self.value)


class Channel(Strict):
    """One search."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    source: str = ""
    notes: list[str] = []
    luminosity_fb: Positive
    signal: Signal
    coupling: Coupling
    statistic: Statistic
    lines: list[str] | Literal["all"] = []
    """Lines of a menu that can accept it."""
    machine: MachineTable | None = None
    detector: dict[str, Any] = {}
    tracks: Tracks | None = None
    muons: Muons | None = None
    truth_trigger: list[TruthTrigger] = []
    offline: Offline = Offline()
    background: Background = Background()
    published: list[Published] = []

    @model_validator(mode="after")
    def _one_trigger(self) -> Channel:
        if bool(self.lines) == bool(self.truth_trigger):
            raise ValueError("needs either lines or truth_trigger")
        own = None if self.machine is None else self.machine.build()
        if self.lines and own is not None and not _superkekb(own):
            raise ValueError(
                "lines are of a trigger whose table of centre-of-mass energies is that of "
                "SuperKEKB: with other beams give truth_trigger"
            )
        unknown = [n for n in self.statistic.line_uncertainty if not self._accepts(n)]
        if unknown:
            near = nearest(unknown[0], self.lines)
            raise ValueError(
                f"statistic.line_uncertainty: {unknown[0]!r} is none of the lines"
                + (f" (nearest: {near!r})" if near else "")
            )
        if self.statistic.method == "zero_background" and (
            self.background.process or any(self.background.events)
        ):
            raise ValueError(
                "statistic.method: 'zero_background' is for a channel without background "
                "(nearest: 'asimov')"
            )
        if any(o.n_bins > 1 for o in self.offline.observable) and any(self.background.events):
            raise ValueError(
                "background.events are those of a count or a window, not of bins: give processes"
            )
        labels = [entry.label for entry in self.truth_trigger]
        if len(set(labels)) < len(labels):
            raise ValueError("truth_trigger: a label is given twice")
        return self

    def _accepts(self, line: str) -> bool:
        return self.lines == ALL_LINES or line in self.lines

    def collider(self) -> Machine:
        """Return the collider: SuperKEKB where the channel has no beams of its own."""
        return Machine() if self.machine is None else self.machine.build()


def _superkekb(machine: Machine) -> bool:
    """Return whether the beams are those of SuperKEKB, whatever their spreads."""
    names = ("electron_energy", "positron_energy", "half_crossing")
    return all(getattr(machine, name) == getattr(Machine, name) for name in names)


def _range(given: float | list[float]) -> tuple[float, float]:
    if isinstance(given, list):
        return min(given), max(given)
    return given, given
