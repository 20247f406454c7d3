"""Candidates from a menu: real decisions, so that every line's own dead time is seen.

Three ways, by what the readout file gives:

* neither ``pile_up`` nor a table ``[pipeline]``: every event decides alone;
* otherwise collisions go through the pipeline in time, with ``pile_up = true`` after their
  primitives were merged;
* ``decisions = FILE``: events of a decision file, each alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from firmware_models.errors import CheckFailed, InputError
from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ
from sim.pipeline.alone import AloneDecisions, DecisionTable
from sim.pipeline.config import PipelineConfig, parse_pipeline
from sim.pipeline.draw import PoissonTimes, Times
from sim.pipeline.library import Library, build_library, study_context
from sim.pipeline.model import Candidates, Counters, Pipeline
from sim.pipeline.plan import PipelinePlan, compile_pipeline
from sim.pipeline.stream import CollisionStream, Merged
from sim.readout.arrivals import SHORT, Arrivals, Kicks, Source
from sim.readout.config import Fraction, ReadoutConfig
from sim.readout.plan import QUANTA
from sim.streams import stream
from sim.study.config import Luminosity, load_study
from sim.study.decisions import prescale_state
from sim.toml_file import Strict, check_data

if TYPE_CHECKING:
    from sim.accelerator import Accelerator
    from sim.readout.sources.candidates import Candidates as PlayedCandidates

CHUNK = 1 << 18
"""Decisions that are drawn at once where every event decides alone."""

CLOCK_TOLERANCE = 1e-3
"""Relative difference from the trigger's clock that a readout file may have."""

PATIENCE = 32
"""Parts of the stream without a candidate after which the pipeline is given up."""


class MenuArrivals(Strict):
    """The table ``[arrivals]`` of kind menu."""

    kind: Literal["menu"]
    study: str | None = None
    """Study file whose samples, menu and seed are taken; none: the packaged one."""
    events: Annotated[int, Field(ge=100, le=10**8)] = 200_000
    """Events that are simulated to draw from."""
    luminosity_cm2_s: Luminosity | None = None
    """Default: that of ``[machine]``, else that of the study."""
    pile_up: bool = False
    decisions: str | None = None
    """A decision file to draw from, in place of a study."""
    short_quality: Annotated[int, Field(ge=0, le=3)] = 2
    """Quality of the event time from which a candidate has the flag short."""
    activity_fraction: Fraction = 0.0
    """Of candidates outside injection strips, where the machine injects."""
    activity_fraction_in_strip: Fraction = 1.0
    """Of candidates inside, collisions as well as background."""

    @model_validator(mode="after")
    def _one_way(self) -> MenuArrivals:
        if self.decisions is not None and (self.study is not None or self.pile_up):
            raise ValueError("decisions stands without study and pile_up")
        return self


class Piece(NamedTuple):
    """Candidates of one part of the stream, and the time up to which they are complete."""

    time: NDArray[np.int64]
    flags: NDArray[np.uint8]
    pattern: NDArray[np.int32]
    end: int


class MenuSource:
    """A `Source` that draws decisions from a menu.

    Parameters
    ----------
    config : ReadoutConfig
    place : str
        Where the configuration comes from, for messages.
    table : DecisionTable, optional
        Decisions to draw from, each alone; default: those that ``[arrivals]`` asks for.
    progress : callable, optional
        Called with a sample's name and its events while they are simulated.

    Raises
    ------
    InputError
        For whatever is wrong in ``[arrivals]``, ``[pipeline]`` or the study.
    CheckFailed
        When a path of the pipeline is longer than the budget.

    Notes
    -----
    `patterns` holds the patterns that the candidates given so far refer to; it is complete when
    `chunks` has come to its end.
    """

    def __init__(
        self, config: ReadoutConfig, place: str, *, table: DecisionTable | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> None:  # fmt: skip
        self.config, self.place, self._progress = config, place, progress
        self.own = check_data(MenuArrivals, config.arrivals, f"{place}: arrivals")
        frequency = config.clock.frequency_mhz
        if abs(frequency / SYSTEM_CLOCK_MHZ - 1) > CLOCK_TOLERANCE:
            raise InputError(
                f"kind menu needs the trigger's clock, {SYSTEM_CLOCK_MHZ:.6g} MHz, not {frequency}",
                place=f"{place}: clock.frequency_mhz",
            )
        if self.own.decisions is not None and config.pipeline is not None:
            raise InputError("decisions stands without [pipeline]", place=f"{place}: arrivals")
        self.accelerator = _accelerator(config, place)
        self.pipeline_config: PipelineConfig = parse_pipeline(config.pipeline, place)
        self.library: Library | None = None
        if table is not None:
            self.table = table
            self.lines = table.lines
        elif self.own.decisions is None:
            self._set_up_study()
            self.lines = self.plan.menu.names
        else:
            self._luminosity = self._chosen_luminosity(None)
            self.lines = self.table.lines
        self.counters: Counters | None = None
        """Of the pipeline, for the candidates given so far."""
        self.merged: Merged | None = None
        """What pile-up did, for the candidates given so far."""
        self.patterns: NDArray[np.bool_] = np.zeros((0, len(self.lines)), dtype=np.bool_)

    def _set_up_study(self) -> None:
        own = self.own
        where = own.study or "default study"
        context = study_context(load_study(own.study), where)
        self._luminosity = self._chosen_luminosity(context.config.study.luminosity_cm2_s)
        self.plan: PipelinePlan = compile_pipeline(
            self.pipeline_config, context.menu, f"{self.place}: pipeline"
        )
        self.library = build_library(
            context, self.plan.inputs, own.events, self._luminosity, where, keep_hits=own.pile_up,
            progress=self._progress,
        )  # fmt: skip
        _ = self.table  # refuses a menu that can never accept

    @property
    def line_numbers(self) -> tuple[int, ...] | None:
        """Numbers of the lines in the menu; a decision file does not tell them."""
        if self.own.decisions is not None:
            return None
        return tuple(line.index for line in self.plan.menu.lines)

    @property
    def in_time(self) -> bool:
        """Whether the pipeline runs in time, or every event decides alone."""
        return self.own.pile_up or self.config.pipeline is not None

    @property
    def latency_ticks(self) -> int:
        """Time from a collision to its candidate, errors of the event time aside [tick]."""
        if self.library is None:
            return 0
        return int(self.plan.ticks.decision + self.plan.ticks.gdl)

    @cached_property
    def table(self) -> DecisionTable:
        """Decisions of the single events, with their rates."""
        seed = self.config.run.seed
        if self.own.decisions is not None:
            return DecisionTable.of_file(self.own.decisions, self._luminosity, seed)
        assert self.library is not None
        return DecisionTable.of_library(self.library, seed)

    def chunks(self) -> Iterator[Arrivals]:
        """Give all candidates, chunk by chunk. The same numbers on every call."""
        if self.accelerator is None and not self.config.run.probe_khz:
            for piece in self.pieces():
                yield Arrivals(piece.time, piece.flags, piece.pattern, Kicks.none())
            return
        from sim.readout.sources.merge import PlayedSource

        played = PlayedSource(
            self.config, self._with_injections, self.place, accelerator=self.accelerator,
            latency_ticks=self.latency_ticks, lines=self.lines,
        )  # fmt: skip
        yield from played.chunks()

    def _with_injections(self) -> Iterator[PlayedCandidates]:
        """Give the run's candidates, injection background among them where the machine injects."""
        from sim.readout.sources.background import with_injections
        from sim.readout.sources.candidates import Candidates, FlagDraw, first_candidates

        decided = (Candidates(*piece) for piece in self.pieces())
        if self.accelerator is None or not any(r.rate_hz > 0 for r in self.accelerator.rings):
            return decided
        own, seed = self.own, self.config.run.seed
        flags = FlagDraw(seed, "menu/activity", 0.0, own.activity_fraction,
                         own.activity_fraction_in_strip)  # fmt: skip
        merged = with_injections(decided, self.accelerator, seed, self.table.total_hz,
                                 self.config.clock, self.latency_ticks, flags)  # fmt: skip
        return first_candidates(merged, self.config.run.triggers)

    def pieces(self) -> Iterator[Piece]:
        """Give the run's candidates without probes and injections."""
        left, empty, highest = self.config.run.triggers, 0, -1
        for piece in self._in_time() if self.in_time else self._alone():
            n = len(piece.time)
            empty = 0 if n else empty + 1
            if empty == PATIENCE and self.in_time:
                raise CheckFailed(
                    f"{self.place}: the pipeline gave no candidate in {PATIENCE} parts of the "
                    "stream in a row: its bits come too late or too early"
                )
            if n >= left:
                end = int(piece.time[left - 1])
                # Patterns are numbered as they occur: those of candidates beyond the run come last.
                highest = max(highest, int(piece.pattern[:left].max()))
                self.patterns = self.patterns[: highest + 1]
                yield Piece(piece.time[:left], piece.flags[:left], piece.pattern[:left], end)
                return
            left -= n
            if n:
                highest = max(highest, int(piece.pattern.max()))
                yield piece

    def _alone(self) -> Iterator[Piece]:
        playing = AloneDecisions(self.table)
        times = self._times(self.table.total_hz)
        chunk = 0
        while True:
            rng = stream(self.config.run.seed, "menu/alone", chunk)
            passed, pattern, quality = playing.play(CHUNK, rng)
            # The accept leaves on a clock edge, whatever the phase of the collision.
            tick = times.take(rng, CHUNK) // QUANTA + self.latency_ticks
            time = tick[passed] * QUANTA
            self.patterns = playing.patterns
            yield Piece(time, self._flags(quality), pattern, int(tick[-1]) * QUANTA)
            chunk += 1

    def _in_time(self) -> Iterator[Piece]:
        assert self.library is not None
        seed = self.config.run.seed
        pipeline = Pipeline(self.plan, prescale_state(self.plan.menu, seed))
        collisions = CollisionStream(self.library, self.plan, self._times, seed, self.own.pile_up)
        self.merged = collisions.merged
        quanta_hz = self.config.clock.frequency_mhz * 1e6 * QUANTA
        for chunk, some in enumerate(collisions.chunks(quanta_hz)):
            found = pipeline.feed(some, stream(seed, "menu/jitter", chunk))
            self.counters, self.patterns = pipeline.counters(), pipeline.patterns
            yield self._piece(found, pipeline.decided_until)

    def _piece(self, found: Candidates, until: int) -> Piece:
        end = (until + self.plan.ticks.gdl) * QUANTA
        return Piece(found.time, self._flags(found.quality), found.pattern, end)

    def _flags(self, quality: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.where(quality >= self.own.short_quality, SHORT, 0).astype(np.uint8)

    def _times(self, rate_hz: float) -> Times:
        if self.accelerator is None:
            return PoissonTimes(rate_hz, self.config.clock.frequency_mhz)
        times: Times = self.accelerator.collisions(rate_hz)
        return times

    def _chosen_luminosity(self, study: float | None) -> float:
        if self.own.luminosity_cm2_s is not None:
            return self.own.luminosity_cm2_s
        if self.accelerator is not None:
            return float(self.accelerator.config.luminosity_cm2_s)
        if study is None:
            raise InputError(
                "decisions needs luminosity_cm2_s or a table [machine]",
                place=f"{self.place}: arrivals",
            )
        return study


def source(
    config: ReadoutConfig, place: str, progress: Callable[[str, int], None] | None = None
) -> Source:
    """Return candidates from a menu.

    Raises
    ------
    InputError, CheckFailed
        As `MenuSource`.
    """
    return MenuSource(config, place, progress=progress)


def _accelerator(config: ReadoutConfig, place: str) -> Accelerator | None:
    if config.machine is None:
        return None
    from sim.readout.sources.merge import make_accelerator

    return make_accelerator(config, place)
