"""The `[pipeline]` table of a readout file: latencies, jitter, alignment and windows.

docs/reference/pipeline.md gives the source of each default; the splits of the latency are
assumptions, only their sum is public.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sim.toml_file import Strict, check_data

Latency = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Spread = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
WindowNs = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
Hold = Annotated[int, Field(ge=1, le=1000)]
DelayTicks = Annotated[int, Field(ge=0, le=31)]
WidthTicks = Annotated[int, Field(ge=1, le=32)]
Quality = Annotated[int, Field(ge=0, le=3)]
SourceName = Literal["top", "ecl", "cdc"]


class SubTrigger(Strict):
    """When a sub-trigger's bits reach the GDL, and how they are aligned there."""

    latency_us: Latency
    """From the collision to the GDL's link, without padding."""
    pad_us: Latency
    """Added by the link, to bring the bits within reach of the GDL's delays."""
    jitter_ns: Spread
    """Standard deviation of the arrival."""
    hold_ticks: Hold
    """Ticks for which a bit is held."""
    delay_ticks: DelayTicks = 15
    """Delay of the sub-trigger's inputs in the GDL, where neither menu nor `inputs` give one."""
    width_ticks: WidthTicks = 32


class TimingSubTrigger(SubTrigger):
    """A sub-trigger that gives an event time as well."""

    time_ns: Spread
    """Standard deviation of the event time."""
    tail_ns: Spread = 0.0
    """Standard deviation of its tail."""
    tail_part: Part = 0.0
    """Part of the events in the tail."""
    min_quality: Quality = 1
    """Lowest quality at which its time is taken (register of `gdl_timing`)."""


class Ecl(TimingSubTrigger):
    """Calorimeter."""

    latency_us: Latency = 2.9
    pad_us: Latency = 0.86
    jitter_ns: Spread = 36.3
    hold_ticks: Hold = 16
    time_ns: Spread = 6.0
    tail_ns: Spread = 15.0
    tail_part: Part = 0.1
    window_ns: WindowNs = 251.5
    """Collisions closer than this fall into one window of trigger cells."""


class Cdc(TimingSubTrigger):
    """Drift chamber: 2D tracks."""

    latency_us: Latency = 2.58
    pad_us: Latency = 1.18
    jitter_ns: Spread = 9.1
    hold_ticks: Hold = 4
    time_ns: Spread = 10.0
    window_ns: WindowNs = 503.0
    """Collisions closer than this see hits of each other: the drift window."""


class Neuro(SubTrigger):
    """Drift chamber: neural tracks, later than 2D tracks by a link and the network."""

    latency_us: Latency = 3.18
    pad_us: Latency = 0.58
    jitter_ns: Spread = 9.1
    hold_ticks: Hold = 4


class Top(TimingSubTrigger):
    """Time-of-propagation counter."""

    latency_us: Latency = 2.5
    pad_us: Latency = 1.26
    jitter_ns: Spread = 9.1
    hold_ticks: Hold = 4
    time_ns: Spread = 2.0


class Klm(SubTrigger):
    """Muon detector."""

    latency_us: Latency = 2.5
    pad_us: Latency = 1.26
    jitter_ns: Spread = 10.0
    hold_ticks: Hold = 16
    window_ns: WindowNs = 251.5
    """Collisions closer than this fall into one window of hit planes."""


class Grl(SubTrigger):
    """Global reconstruction: matching between sub-triggers; it waits for the calorimeter."""

    latency_us: Latency = 3.4
    pad_us: Latency = 0.35
    jitter_ns: Spread = 36.3
    hold_ticks: Hold = 16


class Displaced(SubTrigger):
    """Drift chamber: displaced vertices, after the 2D finder, whose tracks they count."""

    latency_us: Latency = 3.28
    pad_us: Latency = 0.48
    jitter_ns: Spread = 36.3
    hold_ticks: Hold = 16


class InputTiming(Strict):
    """What one input bit has of its own."""

    sub_trigger: Literal["ecl", "cdc", "neuro", "klm", "grl", "top", "displaced"] | None = None
    delay_ticks: DelayTicks | None = None
    width_ticks: WidthTicks | None = None


class PipelineConfig(Strict):
    """The `[pipeline]` table."""

    decision_us: Latency = 4.0
    """From the event time to the tick on which the GDL decides."""
    gdl_latency_us: Latency = 0.4
    """From that tick to the Level-1 accept."""
    budget_us: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 5.0
    """Most that an accept may come after its collision."""
    gate_ticks: Annotated[int, Field(ge=1, le=256)] = 24
    """Each decision keeps less than this, before and after, free of others."""
    self_gate_ticks: Annotated[int, Field(ge=1, le=256)] = 48
    """The decision times itself only where no event time opens one less than this away: bits that
    come early must not be taken for an event without a time."""
    priority: Annotated[list[SourceName], Field(min_length=1, max_length=3)] = ["top", "ecl", "cdc"]
    """Sources of the event time, best first; the decision times itself when none is there."""
    ecl: Ecl = Ecl()
    cdc: Cdc = Cdc()
    neuro: Neuro = Neuro()
    klm: Klm = Klm()
    grl: Grl = Grl()
    top: Top = Top()
    displaced: Displaced = Displaced()
    inputs: dict[str, InputTiming] = {}
    """Delay, width or sub-trigger of single inputs, by name."""

    @model_validator(mode="after")
    def _distinct(self) -> PipelineConfig:
        for source in self.priority:
            if self.priority.count(source) > 1:
                raise ValueError(f"priority: {source!r} is given twice")
        return self


def parse_pipeline(data: dict[str, Any] | None, place: str) -> PipelineConfig:
    """Check the data of a `[pipeline]` table; None gives the defaults.

    Raises
    ------
    InputError
        Naming the path, what was given and what is allowed.
    """
    return check_data(PipelineConfig, data or {}, f"{place}: pipeline")
