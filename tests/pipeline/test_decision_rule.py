"""Single collisions through the pipeline: on time, a tick late, and beside others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.pipeline.config import parse_pipeline
from sim.pipeline.groups import SUB_TRIGGERS
from sim.pipeline.model import Candidates, Pipeline
from sim.pipeline.plan import compile_pipeline, pack_bits
from sim.pipeline.primitives import Collisions, Drawn
from sim.study.decisions import prescale_state
from trigger.menu import loads

MENU = """
[menu]
name = "m"
version = "1"
description = ""
[inputs]
ehigh = 0
bha_veto = 1
klmb2b = 2
[outputs.hie]
index = 0
logic = "ehigh and not bha_veto"
[outputs.mu]
index = 1
logic = "klmb2b"
[outputs.both]
index = 2
logic = "klmb2b and ehigh"
"""
EXACT: dict[str, Any] = {
    name: {"jitter_ns": 0.0, "width_ticks": 10, "delay_ticks": 0}
    for name in ("ecl", "cdc", "klm", "grl", "top")
}


def play(
    collisions: list[tuple[int, str, int]], error: int = 0, **table: Any
) -> tuple[Pipeline, Candidates]:
    """Play collisions of (tick, bits, quality of the calorimeter's time) without jitter."""
    config = parse_pipeline({**EXACT, **table}, "test")
    menu = loads(MENU)
    plan = compile_pipeline(config, menu)
    n = len(collisions)
    dense = np.array([[x in bits.split() for x in plan.inputs] for _, bits, _ in collisions])
    tick = np.array([tick for tick, _, _ in collisions], dtype=np.int64)
    quality = np.full((n, 3), -1)
    quality[:, 0] = [q for _, _, q in collisions]
    pipeline = Pipeline(plan, prescale_state(menu, 0))
    given = Collisions(tick * 256 + 77, pack_bits(dense), quality, np.repeat(tick[:, None], 3, 1))
    drawn = Drawn(np.zeros((n, len(SUB_TRIGGERS)), dtype=np.int64), np.full((n, 3), error))
    first, last = pipeline.feed(given, drawn=drawn), pipeline.finish()
    pairs = zip(vars(first).values(), vars(last).values(), strict=True)
    return pipeline, Candidates(*(np.concatenate(pair) for pair in pairs))


def lines(pipeline: Pipeline, found: Candidates) -> list[str]:
    names = np.array(pipeline.plan.menu.names)
    return [" ".join(names[pipeline.patterns[p]]) for p in found.pattern]


def ecl_on(rise: int, width: int = 10) -> dict[str, Any]:
    """Let calorimeter bits rise `rise` ticks after the collision (the decision comes at 509)."""
    pad = (rise - 369) * 7.860293e-3
    return {**EXACT["ecl"], "pad_us": pad, "width_ticks": width}


def test_the_accept_leaves_at_a_fixed_time() -> None:
    pipeline, found = play([(1000, "ehigh", 2)], ecl=ecl_on(505))
    assert found.time.tolist() == [(1000 + 509 + 51) * 256]
    assert lines(pipeline, found) == ["hie"]
    assert (found.quality.tolist(), found.source.tolist()) == ([2], [0])
    assert pipeline.counters().decisions == {"ecl": 1, "top": 0, "cdc": 0, "self": 0}


@pytest.mark.parametrize(
    ("rise", "width", "taken"),
    [(509, 10, True), (510, 10, False), (500, 10, True), (499, 10, False), (509, 1, True)],
)
def test_bits_count_when_they_are_high_on_the_decision_tick(
    rise: int, width: int, taken: bool
) -> None:
    pipeline, found = play([(1000, "ehigh", 2)], ecl=ecl_on(rise, width))
    assert len(found.time) == int(taken)
    counts = pipeline.counters()
    assert counts.late_bits["ehigh"] == int(rise > 509)
    assert counts.early_bits["ehigh"] == int(rise + width <= 509)


def test_an_error_of_the_event_time_moves_the_decision() -> None:
    _, found = play([(1000, "ehigh", 2)], error=3, ecl=ecl_on(505))
    assert found.time.tolist() == [(1000 + 512 + 51) * 256]
    pipeline, found = play([(1000, "ehigh", 2)], error=10, ecl=ecl_on(505))
    assert len(found.time) == 0
    assert pipeline.counters().early_bits["ehigh"] == 1


def test_late_and_early_bits_of_other_collisions_take_part() -> None:
    near = [(1000, "ehigh", 1), (1030, "klmb2b", -1)]
    klm = {**EXACT["klm"], "latency_us": 0.0, "pad_us": (509 - 30) * 7.860293e-3}
    pipeline, found = play(near, ecl=ecl_on(505), klm=klm)
    assert lines(pipeline, found) == ["hie mu both"]
    veto = [(992, "bha_veto", -1), (1000, "ehigh", 1)]
    pipeline, found = play(veto, ecl=ecl_on(509))
    assert len(found.time) == 0
    assert len(play(veto[1:], ecl=ecl_on(509))[1].time) == 1


def test_without_an_event_time_the_decision_times_itself() -> None:
    pipeline, found = play([(1000, "klmb2b", -1)])
    rise = 318 + 160  # 2.5 us and 1.26 us
    assert found.time.tolist() == [(1000 + rise + 51) * 256]
    assert (found.quality.tolist(), found.source.tolist()) == ([0], [3])
    # Below the lowest quality is as good as none.
    pipeline, found = play([(1000, "ehigh", 0)], ecl=ecl_on(505))
    assert found.time.tolist() == [(1000 + 505 + 51) * 256]
    assert pipeline.counters().decisions["self"] == 1


def test_two_collisions_within_a_gate_are_one_decision() -> None:
    for distance, n in ((23, 1), (24, 2)):
        pipeline, _ = play([(1000, "ehigh", 1), (1000 + distance, "ehigh", 1)])
        assert pipeline.counters().decisions["ecl"] == n
        assert pipeline.counters().covered_times["ecl"] == 2 - n


def test_an_accept_beyond_the_budget_is_lost_and_counted() -> None:
    pipeline, found = play([(1000, "ehigh", 1)], error=5, ecl=ecl_on(509), budget_us=4.43)
    assert len(found.time) == 0
    assert pipeline.counters().late_decisions == 1
    assert len(play([(1000, "ehigh", 1)], error=4, ecl=ecl_on(509), budget_us=4.43)[1].time) == 1


def test_a_signal_after_its_time_opens_nothing() -> None:
    # 96 ticks before its decision a signal must be there.
    late = {**EXACT["ecl"], "latency_us": 414 * 7.860293e-3, "pad_us": 95 * 7.860293e-3}
    pipeline, found = play([(1000, "ehigh", 1)], ecl=late)
    assert pipeline.counters().late_times["ecl"] == 1
    assert found.source.tolist() == [3]
