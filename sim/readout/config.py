"""The configuration of a readout simulation: a TOML file, checked before anything runs.

Durations are given in ticks of the clock (`…_ticks`) or in microseconds (`…_us`), sizes in bytes,
bandwidths in MB/s (10⁶ bytes a second). docs/reference/readout.md explains every key.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from firmware_models.errors import nearest
from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ
from sim.toml_file import Strict, check_data, parse_toml, read_text

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")]
Ticks = Annotated[int, Field(ge=1, le=10**9)]
TicksOrNone = Annotated[int, Field(ge=0, le=10**9)]
Microseconds = Annotated[float, Field(gt=0, le=1e8, allow_inf_nan=False)]
Delay = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Depth = Annotated[int, Field(ge=1, le=10**7)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]

SOURCE = "l1"
"""The name by which stages refer to the stream of accepted triggers."""


class Clock(Strict):
    """The clock in whose ticks the rules count."""

    frequency_mhz: Annotated[float, Field(ge=1e-3, le=1e4, allow_inf_nan=False)] = SYSTEM_CLOCK_MHZ


class Run(Strict):
    """How much is simulated."""

    triggers: Annotated[int, Field(ge=1, le=10**12)] = 1_000_000
    """Candidates offered to the throttle."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    max_in_stage: Annotated[int, Field(ge=16, le=10**7)] = 1_048_576
    """Events in one stage at which the run ends, with a report that says where it saturates."""
    probe_khz: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    """Rate of random probes: they ask whether a trigger would be taken, and never are."""


class MinSpacing(Strict):
    """At least `ticks` between accepts."""

    kind: Literal["min_spacing"]
    name: Name | None = None
    ticks: Ticks


class DeadTime(Strict):
    """Closed for `ticks` after an accept; when paralysable, after every candidate."""

    kind: Literal["dead_time"]
    name: Name | None = None
    ticks: Ticks
    paralysable: bool = False


class Window(Strict):
    """At most `accepts` in any `ticks` consecutive ticks."""

    kind: Literal["window"]
    name: Name | None = None
    accepts: Annotated[int, Field(ge=1, le=100_000)]
    ticks: Ticks


class LeakyBucket(Strict):
    """`size` tokens: an accept takes one, one is regained every `drain_ticks`.

    ``timer = "restart"``: the drain timer starts when a token is taken from a full bucket.
    ``timer = "free"``: tokens come back on multiples of `drain_ticks`.
    """

    kind: Literal["leaky_bucket"]
    name: Name | None = None
    size: Annotated[int, Field(ge=1, le=100_000)]
    drain_ticks: Ticks
    timer: Literal["restart", "free"] = "restart"


class Fifo(Strict):
    """A buffer of `depth` events, the one in service included; a full one refuses."""

    kind: Literal["fifo"]
    name: Name | None = None
    depth: Annotated[int, Field(ge=1, le=100_000)]
    service_ticks: Ticks
    service: Literal["fixed", "exponential"] = "fixed"
    servers: Annotated[int, Field(ge=1, le=100_000)] = 1

    @model_validator(mode="after")
    def _room(self) -> Fifo:
        if self.depth < self.servers:
            raise ValueError(f"depth {self.depth} must not be below servers {self.servers}")
        return self


class Apv25(Strict):
    """Emulation of the APV25 FIFO: cells of accepted events until they are read out."""

    kind: Literal["apv25"]
    name: Name | None = None
    cells: Annotated[int, Field(ge=1, le=1024)] = 32
    samples: Literal[3, 6, "mixed"] = 6
    """Cells an event; mixed: 3 for events with a good event time, else 6."""
    frame_ticks: Ticks = 560
    free: Literal["cell", "event"] = "cell"
    grid_ticks: Ticks = 1
    processing_ticks: TicksOrNone = 0

    @model_validator(mode="after")
    def _room(self) -> Apv25:
        needed = 3 if self.samples == 3 else 6
        if self.cells < needed:
            raise ValueError(f"cells {self.cells} must not be below the {needed} of one event")
        return self


Rule = Annotated[
    MinSpacing | DeadTime | Window | LeakyBucket | Fifo | Apv25, Field(discriminator="kind")
]


class Fixed(Strict):
    """The same time for every event."""

    kind: Literal["fixed"]
    us: Microseconds


class Exponential(Strict):
    """Exponential times with a mean."""

    kind: Literal["exponential"]
    us: Microseconds


class Lognormal(Strict):
    """Log-normal times: mean, and standard deviation of the logarithm."""

    kind: Literal["lognormal"]
    us: Microseconds
    sigma: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]


class Frames(Strict):
    """A time for each sample of the strip detector: 3 or 6 of them an event."""

    kind: Literal["frames"]
    us: Microseconds


class Transfer(Strict):
    """The event's bytes over `links` parallel links of `mb_s` each."""

    kind: Literal["transfer"]
    mb_s: Annotated[float, Field(ge=1e-6, le=1e9, allow_inf_nan=False)]
    links: Annotated[int, Field(ge=1, le=100_000)] = 1


Service = Annotated[
    Fixed | Exponential | Lognormal | Frames | Transfer, Field(discriminator="kind")
]


class Size(Strict):
    """Bytes of an event: their mean, and the standard deviation of the logarithm (0: fixed)."""

    mean: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
    sigma: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] = 0.0


class Stage(Strict):
    """One stage that every accepted event passes, in order unless it has several servers."""

    name: Name
    after: Annotated[list[Name], Field(min_length=1, max_length=64)]
    """Stages (or ``l1``) whose output it takes; it waits for all of them."""
    service: Service
    bytes: Size | None = None
    """Size of what the stage makes; none: the sum of what it takes."""
    reduction: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 1.0
    """Part of the bytes that leaves the stage."""
    servers: Annotated[int, Field(ge=1, le=100_000)] = 1
    depth: Depth | None = None
    """Events inside, those in service included; a full stage holds up the one before."""
    depth_bytes: Annotated[int, Field(ge=1, le=10**15)] | None = None
    delay_us: Delay = 0.0
    """Time from the stages before."""
    credit_us: Delay = 0.0
    """Time after which the stages before know of room."""
    almost_full: Annotated[int, Field(ge=1, le=10**7)] | None = None
    """Events inside at which the stage asserts BUSY."""
    keep: Fraction = 1.0
    """Part of the events that leaves with its bytes; the others go on empty."""

    @model_validator(mode="after")
    def _room(self) -> Stage:
        if self.depth is not None and self.depth < self.servers:
            raise ValueError(f"depth {self.depth} must not be below servers {self.servers}")
        if self.almost_full is not None and self.almost_full > (self.depth or self.almost_full):
            raise ValueError(f"almost_full {self.almost_full} must not be above depth {self.depth}")
        if self.servers > 1 and self.depth_bytes is not None:
            raise ValueError("depth_bytes needs one server; use depth")
        return self


class Busy(Strict):
    """The way of BUSY from a front end to the throttle."""

    latency_us: Delay = 1.0


class VetoRing(Strict):
    """Injection veto of one ring, by the fields of the B2TT injection packet."""

    ring: Literal["her", "ler"]
    pre_ticks: Annotated[int, Field(ge=0, le=1279)] = 0
    length_ticks: Annotated[int, Field(ge=0, le=1280)] = 0
    full_turns: Annotated[int, Field(ge=0, le=1023)] = 0
    gated_turns: Annotated[int, Field(ge=0, le=1023)] = 0
    wait_turns: Annotated[int, Field(ge=0, le=15)] = 4

    @model_validator(mode="after")
    def _one_turn(self) -> VetoRing:
        if self.pre_ticks + self.length_ticks > 1280:
            raise ValueError("pre_ticks + length_ticks must not be above one turn, 1280 ticks")
        return self


class Veto(Strict):
    """Injection veto: passive refuses everything in its window, active only busy events."""

    mode: Literal["passive", "active"] = "passive"
    rings: Annotated[list[VetoRing], Field(min_length=1, max_length=2)]

    @model_validator(mode="after")
    def _distinct(self) -> Veto:
        if len({ring.ring for ring in self.rings}) < len(self.rings):
            raise ValueError(f"rings: {self.rings[0].ring!r} is given twice")
        return self


class ReadoutConfig(Strict):
    """A readout simulation: arrivals, throttle and stages."""

    clock: Clock = Clock()
    run: Run = Run()
    arrivals: dict[str, Any]
    """Checked by `sim.readout.arrivals`, by its kind."""
    machine: dict[str, Any] | None = None
    """Checked by `sim.accelerator`."""
    pipeline: dict[str, Any] | None = None
    """Checked by `sim.pipeline`."""
    veto: Veto | None = None
    busy: Busy = Busy()
    throttle: list[Rule] = []
    stage: list[Stage] = []

    @model_validator(mode="after")
    def _stages(self) -> ReadoutConfig:
        names = [stage.name for stage in self.stage]
        for index, stage in enumerate(self.stage):
            if stage.name == SOURCE or names.count(stage.name) > 1:
                raise ValueError(f"stage.{index}: name {stage.name!r} is taken")
            for before in stage.after:
                _check_before(before, stage, names, f"stage.{index}.after")
        return self


def _check_before(before: str, stage: Stage, names: list[str], place: str) -> None:
    allowed = [SOURCE, *(name for name in names if name != stage.name)]
    if before not in allowed:
        near = nearest(before, allowed)
        hint = f" (nearest: {near!r})" if near else ""
        raise ValueError(f"{place}: unknown stage {before!r}{hint}; allowed: {', '.join(allowed)}")
    if stage.after.count(before) > 1:
        raise ValueError(f"{place}: {before!r} is given twice")
    if before == SOURCE and len(stage.after) > 1:
        raise ValueError(f"{place}: {SOURCE!r} must stand alone")


def load_readout(path: str | Path | None = None) -> ReadoutConfig:
    """Read a readout file, or the packaged default.

    Raises
    ------
    InputError
        Naming the file, the path in it, what was given and what is allowed.
    """
    if path is None:
        place = "default readout"
        text = files("sim.readout").joinpath("default.toml").read_text(encoding="utf-8")
    else:
        place = str(path)
        text = read_text(path)
    return parse_readout(parse_toml(text, place), place)


def parse_readout(data: dict[str, Any], place: str) -> ReadoutConfig:
    """Check the data of a readout file; `place` names where it comes from."""
    return check_data(ReadoutConfig, data, place)
