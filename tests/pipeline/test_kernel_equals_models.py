"""The event-driven kernel equals the firmware models, tick by tick."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from sim.pipeline.config import PipelineConfig, parse_pipeline
from sim.pipeline.groups import SUB_TRIGGERS, sub_trigger_of
from sim.pipeline.model import Pipeline
from sim.pipeline.plan import compile_pipeline, pack_bits
from sim.pipeline.primitives import Collisions, Drawn
from sim.study.decisions import prescale_state
from tests.pipeline.oracle import Event, Result, simulate
from trigger.menu import Menu, load, loads

SOURCES = ("ecl", "top", "cdc")

SMALL = """
[menu]
name = "small"
version = "1"
description = "a few lines over all sub-triggers"
[inputs]
ehigh = 0
ecl_lml_6 = 3
bha_veto = 5
t2 = { index = 70, bits = 2, kind = "one_hot" }
klmb2b = 80
cdcecl = { index = 90, bits = 2, kind = "one_hot" }
top_bb = 100
typ = 110
veto = 120
[vetoes.global]
logic = "veto"
[outputs.hie]
index = 1
logic = "ehigh and not bha_veto"
[outputs.lml6]
index = 2
logic = "ecl_lml_6"
prescale = 2
[outputs.mu]
index = 7
logic = "klmb2b"
prescale = 3
[outputs.match]
index = 64
logic = "t2 > 0 and cdcecl > 0 and not bha_veto"
[outputs.top]
index = 65
logic = "top_bb and ehigh"
prescale = 1.5
[outputs.stt]
index = 68
logic = "typ and t2 > 0"
[outputs.off]
index = 66
logic = "t2_0"
prescale = 0
[outputs.quiet]
index = 67
logic = "klmb2b and not t2_0"
"""

FAST = {
    "decision_us": 0.9, "gdl_latency_us": 0.1, "budget_us": 1.02, "gate_ticks": 12,
    "self_gate_ticks": 15,
    "ecl": {"latency_us": 0.45, "pad_us": 0.1, "jitter_ns": 30.0, "hold_ticks": 5,
            "delay_ticks": 28, "width_ticks": 14, "time_ns": 8.0},
    "cdc": {"latency_us": 0.58, "pad_us": 0.02, "jitter_ns": 60.0, "hold_ticks": 2,
            "delay_ticks": 31, "width_ticks": 20, "time_ns": 12.0},
    "neuro": {"latency_us": 0.66, "pad_us": 0.01, "jitter_ns": 40.0, "hold_ticks": 3,
              "delay_ticks": 6, "width_ticks": 17},
    "displaced": {"latency_us": 0.68, "pad_us": 0.0, "jitter_ns": 50.0, "hold_ticks": 4,
                  "delay_ticks": 2, "width_ticks": 11},
    "klm": {"latency_us": 0.2, "pad_us": 0.2, "jitter_ns": 90.0, "hold_ticks": 9,
            "delay_ticks": 3, "width_ticks": 32},
    "grl": {"latency_us": 0.7, "pad_us": 0.0, "jitter_ns": 20.0, "hold_ticks": 1,
            "delay_ticks": 0, "width_ticks": 1},
    "top": {"latency_us": 0.3, "pad_us": 0.3, "jitter_ns": 5.0, "hold_ticks": 3,
            "delay_ticks": 14, "width_ticks": 16, "time_ns": 3.0, "min_quality": 2},
    "inputs": {"bha_veto": {"delay_ticks": 20, "width_ticks": 30}},
}  # fmt: skip
"""Everything close together, so that much goes wrong in few ticks."""


def _events(
    menu: Menu, n: int, spacing: float, rng: np.random.Generator, sub_triggers: tuple[str, ...]
) -> list[Event]:
    names: dict[str, list[str]] = {sub: [] for sub in SUB_TRIGGERS}
    for item in menu.inputs:
        sub = sub_trigger_of(item.name)
        if sub in sub_triggers:
            names[sub].append(item.name)
    tick, events = 5, []
    for _ in range(n):
        tick += int(rng.exponential(spacing))
        jitter = {sub: int(rng.normal(0, 6)) for sub in SUB_TRIGGERS}
        events.append(
            Event(
                tick,
                {sub: [x for x in names[sub] if rng.random() < 0.5] for sub in SUB_TRIGGERS},
                jitter,
                {s: int(rng.integers(-1, 4)) for s in SOURCES if s in sub_triggers},
                {s: int(rng.normal(0, 3)) for s in SOURCES},
            )
        )
    return events


def _run(config: PipelineConfig, menu: Menu, events: list[Event], parts: int) -> Result:
    """Run the kernel on the oracle's events and put its answer in the oracle's form."""
    plan = compile_pipeline(config, menu)
    position = {name: i for i, name in enumerate(plan.inputs)}
    dense = np.zeros((len(events), len(position)), dtype=bool)
    for row, event in enumerate(events):
        for name in (x for bits in event.bits.values() for x in bits):
            if name in position:
                dense[row, position[name]] = True
    tick = np.array([e.tick for e in events], dtype=np.int64)
    quality = np.array([[e.quality.get(s, -1) for s in SOURCES] for e in events])
    jitter = np.array([[e.jitter[s] for s in SUB_TRIGGERS] for e in events])
    error = np.array([[e.error[s] for s in SOURCES] for e in events])
    bits, timed = pack_bits(dense), np.repeat(tick[:, None], 3, axis=1)
    pipeline = Pipeline(plan, prescale_state(menu, 0))
    found = Result()
    made = []
    for rows in np.array_split(np.arange(len(events)), parts):
        some = Collisions(tick[rows] * 256, bits[rows], quality[rows], timed[rows])
        made.append(pipeline.feed(some, drawn=Drawn(jitter[rows], error[rows])))
    made.append(pipeline.finish())
    table = pipeline.patterns
    for part in made:
        for time, pattern, q, source in zip(
            part.time, part.pattern, part.quality, part.source, strict=True
        ):
            lines = tuple(np.array(menu.names)[table[pattern]].tolist())
            name = (*SOURCES, "self")[source]
            assert time % 256 == 0
            found.candidates.append((int(time) // 256, lines, int(q), name))
    counts = pipeline.counters()
    assert counts.candidates == len(found.candidates)
    assert counts.collisions == len(events)
    for field, given in (
        ("late", counts.late_bits), ("early", counts.early_bits), ("decisions", counts.decisions),
        ("late_times", counts.late_times), ("covered_times", counts.covered_times),
    ):  # fmt: skip
        setattr(found, field, Counter({name: n for name, n in given.items() if n}))
    found.late_decisions = counts.late_decisions
    return found


def _same(expected: Result, found: Result, plan_inputs: tuple[str, ...]) -> None:
    for field in ("late", "early"):
        counts = getattr(expected, field)
        setattr(expected, field, Counter({n: c for n, c in counts.items() if n in plan_inputs}))
    assert asdict(found) == asdict(expected)


@pytest.mark.parametrize("spacing", [2.0, 12.0, 40.0, 200.0])
@pytest.mark.parametrize("seed", range(4))
def test_dense_streams_equal_the_models(spacing: float, seed: int) -> None:
    menu = loads(SMALL, "small.toml")
    config = parse_pipeline(FAST, "test")
    rng = np.random.default_rng([seed, int(spacing)])
    subs = SUB_TRIGGERS if seed else ("klm", "ecl")
    events = _events(menu, 400, spacing, rng, subs)
    expected = simulate(config, menu, events, events[-1].tick + 400)
    found = _run(config, menu, events, parts=1 + 3 * seed)
    assert len(expected.candidates) > 5
    assert expected.decisions["self"] > 0 or spacing < 5
    _same(expected, found, compile_pipeline(config, menu).inputs)


def test_every_loss_occurs_in_these_streams() -> None:
    """The comparison above would say nothing about a counter that stays at zero."""
    menu = loads(SMALL, "small.toml")
    config = parse_pipeline(FAST, "test")
    events = _events(menu, 600, 30.0, np.random.default_rng(3), SUB_TRIGGERS)
    found = _run(config, menu, events, parts=3)
    assert set(found.decisions) == {"ecl", "top", "cdc", "self"}
    assert found.late.total() > 0
    assert found.early.total() > 0
    assert found.late_decisions > 0
    assert set(found.covered_times) >= {"ecl", "cdc"}
    assert found.late_times.total() > 0


@pytest.mark.parametrize("seed", range(2))
def test_packaged_menu_and_defaults_equal_the_models(seed: int) -> None:
    menu = load("low_multiplicity")
    config = parse_pipeline(None, "test")
    events = _events(menu, 300, 30.0, np.random.default_rng(seed), SUB_TRIGGERS)
    expected = simulate(config, menu, events, events[-1].tick + 1000)
    found = _run(config, menu, events, parts=7)
    assert len(expected.candidates) > 50
    _same(expected, found, compile_pipeline(config, menu).inputs)


def test_parts_of_any_size_give_the_same() -> None:
    menu = loads(SMALL, "small.toml")
    config = parse_pipeline(FAST, "test")
    events = _events(menu, 300, 25.0, np.random.default_rng(9), SUB_TRIGGERS)
    whole: Any = asdict(_run(config, menu, events, parts=1))
    for parts in (2, 13, 300):
        assert asdict(_run(config, menu, events, parts=parts)) == whole
