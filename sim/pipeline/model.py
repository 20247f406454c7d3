"""The pipeline: collisions in time go in, candidates for the throttle come out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import gdl_prescale
from firmware_models.errors import CheckFailed
from firmware_models.gdl_timing import SOURCES
from sim.pipeline import gates, kernel
from sim.pipeline.plan import Ints, PipelinePlan
from sim.pipeline.primitives import (
    Collisions,
    Drawn,
    Pulses,
    Signals,
    draw,
    join_pulses,
    join_signals,
    no_primitives,
    primitives,
)
from sim.pipeline.state import (
    LATE_DECISIONS,
    LONG_AGO,
    MAX_PATTERNS,
    QUEUE,
    Decided,
    Patterns,
    Prescales,
    State,
)
from sim.readout.plan import QUANTA


@dataclass(frozen=True)
class Candidates:
    """Level-1 accepts, in the order of their times.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        [quanta], multiples of 256.
    pattern : ndarray of int32, shape (n,)
        Row of the pipeline's `patterns`.
    quality, source : ndarray of int64, shape (n,)
        Of the event time; source codes of `gdl_timing`.
    """

    time: Ints
    pattern: NDArray[np.int32]
    quality: Ints
    source: Ints


@dataclass(frozen=True)
class Counters:
    """What the pipeline lost and merged.

    Parameters
    ----------
    collisions, candidates : int
    decisions : dict of str to int
        By event-time source: top, ecl, cdc, self.
    late_bits, early_bits : dict of str to int
        By input: bits that rose after their collision's decision, or had ended before it.
    late_times, covered_times : dict of str to int
        By source: event times that came too late, or within another decision's gate.
    late_decisions : int
        Accepts beyond the budget; they are lost.
    """

    collisions: int
    candidates: int
    decisions: dict[str, int]
    late_bits: dict[str, int]
    early_bits: dict[str, int]
    late_times: dict[str, int]
    covered_times: dict[str, int]
    late_decisions: int


class Pipeline:
    """Takes collisions part by part; decides when all that matters for a tick is known.

    Parameters
    ----------
    plan : PipelinePlan
    prescales : gdl_prescale.State
        State before the first decision, one element a line of the menu; it is left as it is.
    """

    def __init__(self, plan: PipelinePlan, prescales: gdl_prescale.State) -> None:
        self.plan = plan
        self._prescales = Prescales.of(prescales)
        self._state = State.start(plan)
        self._patterns = Patterns.none(plan.line_words)
        self._pulses, self._signals = no_primitives(plan)
        self._final = LONG_AGO
        self._times = np.zeros((4, 3), dtype=np.int64)
        self._collisions = self._candidates = 0

    @property
    def patterns(self) -> NDArray[np.bool_]:
        """Patterns of lines after prescale, in the order of their first accept."""
        return self._patterns.table(len(self.plan.menu.names))

    @property
    def decided_until(self) -> int:
        """Tick before which everything is decided."""
        return self._final

    def feed(
        self, collisions: Collisions, rng: np.random.Generator | None = None,
        drawn: Drawn | None = None,
    ) -> Candidates:  # fmt: skip
        """Take collisions, not earlier than those before, and return what is decided by now.

        Parameters
        ----------
        collisions : Collisions
        rng : Generator, optional
            For jitter and errors of the event time; or
        drawn : Drawn, optional
            these themselves.

        Raises
        ------
        CheckFailed
            When more bits are under way than the model has room for.
        """
        if not len(collisions):
            return self._run(self._final)
        if drawn is None:
            assert rng is not None
            drawn = draw(self.plan, collisions, rng)
        pulses, signals = primitives(self.plan, collisions, drawn)
        self._pulses = join_pulses(self._pulses, pulses)
        self._signals = join_signals(self._signals, signals)
        self._collisions += len(collisions)
        # Nothing of a later collision comes before that collision.
        return self._run(int(collisions.time[-1]) // QUANTA)

    def finish(self) -> Candidates:
        """Decide on everything that is under way."""
        return self._run(int(kernel.NEVER) - 1)

    def counters(self) -> Counters:
        """Return the counts so far."""
        decided = self._state.decided.tolist()
        return Counters(
            collisions=self._collisions,
            candidates=self._candidates,
            decisions=dict(zip((*SOURCES, "self"), decided, strict=True)),
            late_bits=self._by_input(self._state.late),
            early_bits=self._by_input(self._state.early),
            late_times=self._by_source(gates.LATE),
            covered_times=self._by_source(gates.COVERED),
            late_decisions=int(self._state.scalar[LATE_DECISIONS]),
        )

    def _by_input(self, counts: Ints) -> dict[str, int]:
        return dict(zip(self.plan.inputs, counts.tolist(), strict=True))

    def _by_source(self, state: int) -> dict[str, int]:
        return dict(zip(SOURCES, self._times[state].tolist(), strict=True))

    def _run(self, until: int) -> Candidates:
        plan, signals = self.plan, self._signals
        gates.open_gates(
            signals.tick, signals.arrival, signals.source, plan.rank, plan.ticks.gate,
            plan.ticks.lookahead, self._final, signals.state,
        )  # fmt: skip
        out = Decided.room(self._most())
        pending = int(np.searchsorted(signals.tick, self._final))
        waiting = Signals._make(column[pending:] for column in signals)
        status, used, _, made = kernel.run(
            self._pulses, waiting, until, plan.alignment, plan.logic, plan.ticks,
            self._prescales, self._state, self._patterns, out,
        )  # fmt: skip
        check_status(status)
        self._settle(until, used)
        self._candidates += made
        return Candidates(
            out.tick[:made] * QUANTA, out.pattern[:made].astype(np.int32),
            out.quality[:made].copy(), out.source[:made].copy(),
        )  # fmt: skip

    def _most(self) -> int:
        """Return the most candidates that one run can make: at most one a signal, rise or fall."""
        at = self._state.queue_at
        pulses = len(self._pulses.tick) * len(at) + int((at[:, 2] - at[:, 0]).sum())
        return len(self._signals.tick) + 2 * pulses

    def _settle(self, until: int, used: int) -> None:
        """Count the signals that are final now, and keep what may still matter."""
        signals = self._signals
        first, last = np.searchsorted(signals.tick, [self._final, until])
        done = (signals.state[first:last], signals.source[first:last])
        np.add.at(self._times, done, 1)
        self._final = until
        keep = int(np.searchsorted(signals.tick, until - self.plan.ticks.gate))
        self._signals = Signals._make(column[keep:] for column in signals)
        self._pulses = Pulses._make(column[used:] for column in self._pulses)


def check_status(status: int) -> None:
    """Raise `CheckFailed` when a kernel ran out of room."""
    if status == kernel.QUEUE_FULL:
        raise CheckFailed(f"pipeline: more than {QUEUE} primitives are under way in the GDL")
    if status == kernel.TOO_MANY_PATTERNS:
        raise CheckFailed(f"menu: more than {MAX_PATTERNS} patterns of lines were accepted")
