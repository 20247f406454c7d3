"""The configuration of a menu optimisation, a TOML file.

`docs/reference/optimise.md` lists its keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from firmware_models.errors import InputError
from sim.sensitivity.channel import MAX_EVENTS, Channel, Level, Masses, Positive
from sim.sensitivity.config import load_channel
from sim.sensitivity.settings import DEFAULT_MENU, Prescale
from sim.study.config import Luminosity, Readout, StudyConfig, load_study
from sim.toml_file import Strict, check_data, parse_toml, read_text

MAX_CANDIDATES = 1000
"""Most combinations of a file."""

PACKAGED_STUDY = "default"

RegisterValue = int | str | list[int | str]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


def _values(kind: Any) -> Any:
    return Annotated[list[kind], Field(min_length=1, max_length=100)]


class Main(Strict):
    """The `[optimise]` table."""

    name: str = Field(default="Menu optimisation", min_length=1, max_length=200)
    study: str = PACKAGED_STUDY
    """Study whose samples give the rate: a file, or ``default`` for the packaged one."""
    events: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Events of all samples of the study, in place of its own number."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Of everything; default: the study's."""
    luminosity_cm2_s: Luminosity | None = None
    """Instantaneous, for the rate; default: the study's."""


class ChannelEntry(Strict):
    """One `[[channel]]`: a search that counts."""

    channel: str
    """Packaged name, or a channel's file."""
    weight: Positive = 1.0
    """In the geometric mean over channels."""
    masses: Masses | None = None
    """Default: those of the channel [GeV]."""
    events: Annotated[int, Field(ge=1, le=MAX_EVENTS)] | None = None
    """For each mass."""
    cl: Level | None = None
    luminosity_fb: Positive | None = None


class Budget(Strict):
    """The `[budget]` table: what a menu may cost."""

    rate_khz: Positive | None = None
    """Level-1 rate before dead time [kHz]."""
    dead_time: Share | None = None
    """Part of the time in which no trigger is taken."""


class Base(Strict):
    """The `[base]` table: the setting that the axes change."""

    menu: str = DEFAULT_MENU
    working_point: str | None = None
    registers: dict[str, dict[str, RegisterValue]] = {}
    prescales: dict[str, Prescale] = {}


class Axes(Strict):
    """The `[axes]` table: what is varied; every combination is a candidate."""

    menu: _values(str) | None = None  # type: ignore[valid-type]
    working_point: _values(str) | None = None  # type: ignore[valid-type]
    registers: dict[str, dict[str, _values(RegisterValue)]] = {}  # type: ignore[valid-type]
    prescales: dict[str, _values(Prescale)] = {}  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _some(self) -> Axes:
        axes = axis_list(self)
        if not axes:
            raise ValueError("nothing to vary: give menu, working_point, registers or prescales")
        for path, values in axes:
            if any(value in values[:i] for i, value in enumerate(values)):
                raise ValueError(f"{'.'.join(path)}: a value is given twice")
        number = math.prod(len(values) for _, values in axes)
        if number > MAX_CANDIDATES:
            sizes = " x ".join(str(len(values)) for _, values in axes)
            raise ValueError(
                f"{sizes} = {number} combinations are too many; allowed: up to {MAX_CANDIDATES}"
            )
        return self


class DeadTime(Readout):
    """The `[readout]` table: which readout gives the dead time, and how often it is simulated."""

    triggers: Annotated[int, Field(ge=1, le=10**12)] = 200_000
    """Candidates offered, and as many random probes, at each rate."""
    points: Annotated[int, Field(ge=2, le=50)] = 8
    """Rates at which it is simulated; between them it is interpolated."""
    checks: Annotated[int, Field(ge=0, le=50)] = 3
    """Candidates of the front, besides the best, whose dead time is simulated at their own rate in
    the end; 0: not even for the best."""


class OptimiseConfig(Strict):
    """A menu optimisation."""

    optimise: Main = Main()
    channel: list[ChannelEntry] = Field(min_length=1, max_length=50)
    budget: Budget = Budget()
    base: Base = Base()
    axes: Axes
    readout: DeadTime = DeadTime()

    def study(self) -> StudyConfig:
        """Return the study that gives the rate, with the seed and numbers of this file."""
        own = self.optimise
        study = load_study(None if own.study == PACKAGED_STUDY else own.study)
        given = {"events": own.events, "seed": own.seed, "luminosity_cm2_s": own.luminosity_cm2_s}
        main = study.study.model_copy(
            update={key: value for key, value in given.items() if value is not None}
        )
        return study.model_copy(
            update={"study": main, "scenarios": [], "efficiency": [], "readout": None}
        )

    def channels(self) -> list[Channel]:
        """Return the channels with their masses and numbers of events."""
        return [_channel(entry, f"channel.{i}") for i, entry in enumerate(self.channel)]


def axis_list(axes: Axes) -> list[tuple[tuple[str, ...], Sequence[Any]]]:
    """Return path and values of every axis, in the order of the file's tables."""
    found: list[tuple[tuple[str, ...], Sequence[Any]]] = []
    if axes.menu is not None:
        found.append((("menu",), axes.menu))
    if axes.working_point is not None:
        found.append((("working_point",), axes.working_point))
    found += [
        (("registers", block, register), values)
        for block, registers in axes.registers.items()
        for register, values in registers.items()
    ]
    found += [(("prescales", line), values) for line, values in axes.prescales.items()]
    return found


def _channel(entry: ChannelEntry, place: str) -> Channel:
    from sim.sensitivity.config import overridden

    own = load_channel(entry.channel)
    if own.truth_trigger:
        raise InputError(
            f"{own.name!r} has a trigger by truth variables, that no menu changes", place=place
        )
    changed = overridden(own, {
        "signal.masses": entry.masses, "signal.events": entry.events, "statistic.cl": entry.cl,
        "luminosity_fb": entry.luminosity_fb,
    }, place)  # fmt: skip
    if own.background.luminosity_fb is not None:
        return changed
    # The background's numbers are for the luminosity of the file.
    background = changed.background.model_copy(update={"luminosity_fb": own.luminosity_fb})
    return changed.model_copy(update={"background": background})


def load_optimise(path: str | Path) -> OptimiseConfig:
    """Read a file.

    Raises
    ------
    InputError
        Naming the file, the path in it, what was given and what is allowed.
    """
    place = str(path)
    return parse_optimise(parse_toml(read_text(path), place), place)


def parse_optimise(data: dict[str, Any], place: str) -> OptimiseConfig:
    """Check a file's data; `place` names where it comes from."""
    return check_data(OptimiseConfig, data, place)
