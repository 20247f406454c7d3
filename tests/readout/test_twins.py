"""The two engines agree bit for bit: verdicts, times in every stage, occupancies."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sim.readout.config import parse_readout
from sim.readout.engine import UNDECIDED, EngineResult
from sim.readout.fast.engine import FastEngine
from sim.readout.fast.fifo import FifoEngine
from sim.readout.loads import Loads
from sim.readout.plan import compile_plan
from sim.readout.reference.engine import SimpyEngine
from tests.readout.random_configs import random_arrivals, random_config, split

CANDIDATES = 600
GROUPS, EACH = 16, 25
"""Groups of random configurations, and configurations in each."""


@pytest.mark.parametrize("group", range(GROUPS))
def test_engines_agree_on_random_configurations(group: int) -> None:
    for number in range(EACH):
        seed = group * EACH + number
        rng = np.random.default_rng(seed)
        _compare(random_config(rng), rng, seed)


def test_random_configurations_use_every_feature() -> None:
    """What the comparison covers: refusals of every kind, blocking, a farm that is overtaken."""
    refused: set[str] = set()
    blocked = overtaken = joined = busy = 0
    for seed in range(GROUPS * EACH):
        rng = np.random.default_rng(seed)
        config = random_config(rng)
        plan = compile_plan(parse_readout(config, "random"), "random")
        verdicts, result = _play(FastEngine, config, random_arrivals(rng, CANDIDATES), [], seed)
        for i, cause in enumerate(plan.causes):
            if np.any(verdicts[0] == i + 1):
                kind = cause.split("_")[0] if cause.startswith("busy") else cause.rstrip("_23")
                refused.add(kind)
        blocked += any(stage.blocked for stage in result.stages)
        busy += any(np.any(verdicts[0] == i + 1) for i, c in enumerate(plan.causes) if "busy" in c)
        if plan.farm >= 0 and result.recorded is not None:
            leaving = result.recorded.depart[:, plan.farm]
            overtaken += bool(np.any(np.diff(leaving) < 0))
            joined += bool(plan.sides)
    assert {"veto", "busy", "min_spacing", "dead_time", "window", "leaky_bucket", "fifo",
            "apv25"} <= refused  # fmt: skip
    assert min(blocked, overtaken, joined, busy) >= 10


def test_engines_agree_on_the_packaged_readout() -> None:
    from sim.readout.config import load_readout

    data = load_readout().model_dump(exclude_none=True)
    data["run"]["triggers"] = 3000
    config = parse_readout(data, "packaged")
    arrivals = random_arrivals(np.random.default_rng(5), 3000)
    # The packaged clock is 127 MHz: space the candidates for 60 kHz.
    arrivals = dataclasses.replace(
        arrivals, time=arrivals.time * 53, kicks=type(arrivals.kicks).none()
    )
    _same(
        *(_play_config(engine, config, arrivals, [1000], 5) for engine in (SimpyEngine, FastEngine))
    )


@pytest.mark.parametrize("farm", [False, True])
def test_engines_agree_when_thousands_wait(farm: bool) -> None:
    """More events inside than the fast engine's rings hold at first, in stages of every kind."""
    slow = {"kind": "exponential", "us": 50.0}
    quick = {"kind": "exponential", "us": 2.0}
    stages: list[dict[str, Any]] = [
        {"name": "a", "after": ["l1"], "service": slow, "bytes": {"mean": 100.0, "sigma": 1.0}},
        {"name": "b", "after": ["a"], "service": quick, "depth_bytes": 10**9, "credit_us": 1e5},
        {"name": "c", "after": ["b"], "service": quick, "almost_full": 6000},
    ]
    if farm:
        stages += [
            {"name": "f", "after": ["l1"], "service": {"kind": "exponential", "us": 150.0},
             "servers": 3, "almost_full": 5500},
            {"name": "d", "after": ["f", "c"], "service": slow, "almost_full": 9000},
            {"name": "e", "after": ["d"], "service": quick, "depth_bytes": 700},
        ]  # fmt: skip
    config = {
        "clock": {"frequency_mhz": 1.0}, "arrivals": {}, "stage": stages,
        "busy": {"latency_us": 20_000.0}, "run": {"max_in_stage": 20_000},
    }  # fmt: skip
    arrivals = random_arrivals(np.random.default_rng(3), 12_000)
    arrivals = dataclasses.replace(
        arrivals, time=arrivals.time // 4, kicks=type(arrivals.kicks).none()
    )
    slow_run = _play(SimpyEngine, config, arrivals, [5000], 3)
    _same(slow_run, _play(FastEngine, config, arrivals, [7000], 3))
    assert slow_run[1].stages[0].occupancy_max > 5000


def test_saturated_runs_end_at_the_same_stage() -> None:
    """The fast engine ends with the accept that will fill a stage, the other when it is full."""
    saturated = 0
    for seed in range(200, 500):
        rng = np.random.default_rng(seed)
        config = random_config(rng, max_in_stage=16)
        arrivals = random_arrivals(rng, CANDIDATES)
        slow = _play(SimpyEngine, config, arrivals, [], seed)
        fast = _play(FastEngine, config, arrivals, [], seed)
        assert bool(slow[1].saturated) == bool(fast[1].saturated)
        if not fast[1].saturated:
            continue
        saturated += 1
        decided = fast[0][0] != UNDECIDED
        assert np.all(np.diff(decided.astype(int)) <= 0)
        np.testing.assert_array_equal(slow[0][0][decided], fast[0][0][decided])
        for stage in fast[1].stages:
            assert stage.time_at.sum() == fast[1].end
            assert stage.seen.sum() == stage.arrived == fast[1].accepted
            assert stage.weighted == stage.inside
    assert saturated > 3


@pytest.mark.parametrize("seed", range(20))
def test_the_loop_for_one_fifo_agrees(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rule = {"kind": "fifo", "depth": int(rng.integers(1, 400 if seed % 2 else 6)),
            "service_ticks": int(rng.integers(1, 90))}  # fmt: skip
    config = {"clock": {"frequency_mhz": 1.0}, "arrivals": {}, "throttle": [rule]}
    arrivals = random_arrivals(rng, CANDIDATES)
    arrivals = dataclasses.replace(arrivals, kicks=type(arrivals.kicks).none())
    slow = _play(SimpyEngine, config, arrivals, [200], seed)
    _same(slow, _play(lambda plan, loads, record: FifoEngine(plan, record=record), config,
                      arrivals, [50, 300], seed))  # fmt: skip
    _same(slow, _play(FastEngine, config, arrivals, [], seed))


def _compare(config: dict[str, Any], rng: np.random.Generator, seed: int) -> None:
    arrivals = random_arrivals(rng, CANDIDATES)
    cuts = sorted(rng.integers(0, CANDIDATES + 1, 3).tolist())
    slow = _play(SimpyEngine, config, arrivals, cuts, seed)
    # The chunks of the other engine are cut elsewhere.
    fast = _play(FastEngine, config, arrivals, cuts[:1], seed)
    try:
        _same(slow, fast)
    except AssertionError as error:
        raise AssertionError(f"configuration {seed}: {error}") from error


def _play(
    engine: Any, config: dict[str, Any], arrivals: Any, cuts: list[int], seed: int
) -> tuple[tuple[Any, Any], EngineResult]:
    return _play_config(engine, parse_readout(config, "random"), arrivals, cuts, seed)


def _play_config(
    engine: Any, config: Any, arrivals: Any, cuts: list[int], seed: int
) -> tuple[tuple[Any, Any], EngineResult]:
    plan = compile_plan(config, "random")
    loads = Loads.of(plan)
    draws = loads.draw(seed, 0, len(arrivals.time))
    machine = engine(plan, loads, record=True)
    causes, refused, at = [], [], 0
    for chunk in split(arrivals, cuts):
        verdicts = machine.feed(chunk, draws[at : at + len(chunk.time)])
        at += len(chunk.time)
        causes.append(verdicts.cause)
        refused.append(verdicts.refused)
    return (np.concatenate(causes), np.concatenate(refused)), machine.finish()


def _same(
    slow: tuple[tuple[Any, Any], EngineResult], fast: tuple[tuple[Any, Any], EngineResult]
) -> None:
    np.testing.assert_array_equal(slow[0][0], fast[0][0], err_msg="causes")
    np.testing.assert_array_equal(slow[0][1], fast[0][1], err_msg="refused")
    one, two = slow[1], fast[1]
    assert one.recorded is not None
    assert two.recorded is not None
    for name in ("accept", "arrive", "start", "finish", "depart"):
        np.testing.assert_array_equal(
            getattr(one.recorded, name), getattr(two.recorded, name), err_msg=name
        )
    for name in ("end", "accepted", "latency_max", "saturated"):
        assert getattr(one, name) == getattr(two, name), name
    np.testing.assert_array_equal(one.latency_time, two.latency_time, err_msg="latency")
    assert one.rules.keys() == two.rules.keys()
    pairs = [*zip(one.stages, two.stages, strict=True),
             *((one.rules[i], two.rules[i]) for i in one.rules)]  # fmt: skip
    for a, b in pairs:
        for field in dataclasses.fields(a):
            np.testing.assert_array_equal(
                getattr(a, field.name), getattr(b, field.name), err_msg=f"{a.name}.{field.name}"
            )
