"""Facts that hold in every simulation, on random configurations with every feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.readout.arrivals import PROBE
from sim.readout.engine import UNDECIDED, StageStats, levels_of, time_bin
from sim.readout.plan import L1
from sim.readout.reference.buffer import Times
from tests.readout.random_runs import Case, run

CASES = range(60)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return run(request.param)


def orders(case: Case) -> list[np.ndarray]:
    """Return the events of each stage in the order in which it takes them."""
    n = case.result.accepted
    farm = case.plan.farm
    plain = np.arange(n)
    if farm < 0:
        return [plain] * len(case.plan.stages)
    by_finish = np.argsort(case.result.recorded.finish[:, farm], kind="stable")
    ordered = [stage.ordered or i == farm for i, stage in enumerate(case.plan.stages)]
    return [plain if o else by_finish for o in ordered]


def test_every_trigger_is_counted_once(case: Case) -> None:
    triggers = case.arrivals.flags & PROBE == 0
    accepted = triggers & (case.verdicts.cause == 0)
    assert case.result.accepted == accepted.sum() == len(case.result.recorded.accept)
    assert (case.result.recorded.accept == case.arrivals.time[accepted]).all()
    assert ((case.verdicts.cause == 0) == (case.verdicts.refused == 0)).all()
    assert case.result.saturated == ""
    assert case.result.latency_time.sum() == case.result.accepted
    for stage in case.result.stages:
        assert stage.arrived == stage.departed == case.result.accepted
        assert stage.seen.sum() == stage.inside_time.sum() == case.result.accepted


def test_first_cause_is_lowest_bit(case: Case) -> None:
    for cause, refused in zip(case.verdicts.cause, case.verdicts.refused.tolist(), strict=True):
        assert cause == (0 if not refused else 1 + bin(refused)[::-1].index("1"))


def test_littles_law(case: Case) -> None:
    for stage in case.result.stages:
        assert stage.weighted == stage.inside
        assert stage.inside == stage.waited + stage.served + stage.blocked
        assert stage.time_at.sum() == case.result.end
    for buffer in case.result.rules.values():
        assert buffer.time_at.sum() == case.result.end
        if buffer.step == 1:
            assert (buffer.time_at * np.arange(buffer.levels)).sum() == buffer.weighted
        assert buffer.weighted <= buffer.inside


def test_end_and_latency(case: Case) -> None:
    depart, accept = case.result.recorded.depart, case.result.recorded.accept
    last = depart.max(axis=1) if depart.shape[1] else accept
    assert case.result.end == max([case.arrivals.time[-1], *last.tolist()])
    assert case.result.latency_max == max((last - accept).tolist(), default=0)
    assert (case.result.latency_time == time_counts(last - accept)).all()


def time_counts(times: np.ndarray) -> np.ndarray:
    counts = np.zeros(63 * 32, dtype=np.int64)
    for time in times.tolist():
        counts[time_bin(time)] += 1
    return counts


def test_statistics_follow_from_recorded_times(case: Case) -> None:
    times = case.result.recorded
    for j, (stage, plan) in enumerate(zip(case.result.stages, case.plan.stages, strict=True)):
        a, s, f, d = (x[:, j] for x in (times.arrive, times.start, times.finish, times.depart))
        assert stage.inside == (d - a).sum()
        assert stage.waited == (s - a).sum()
        assert stage.served == (f - s).sum() == case.service[:, j].sum()
        assert stage.blocked == (d - f).sum()
        assert stage.inside_max == max((d - a).tolist(), default=0)
        assert (stage.inside_time == time_counts(d - a)).all()
        found = np.arange(len(a)) - np.searchsorted(np.sort(d), np.sort(a), side="right")
        assert stage.occupancy_max == max((found + 1).tolist(), default=0)
        levels, step = levels_of(plan.depth or case.plan.max_in_stage)
        assert (stage.levels, stage.step) == (levels, step)
        assert (stage.seen == np.bincount(found // step, minlength=levels)).all()
        edges = np.sort(np.concatenate([[0, case.result.end], a, d]))
        inside = [np.sum(a <= t) - np.sum(d <= t) for t in edges[:-1]]
        time_at = np.zeros(levels, dtype=np.int64)
        np.add.at(time_at, np.array(inside) // step, np.diff(edges))
        assert (stage.time_at == time_at).all()


def test_order_is_kept(case: Case) -> None:
    times = case.result.recorded
    for j, order in enumerate(orders(case)):
        for x in (times.arrive, times.start):
            assert (np.diff(x[order, j]) >= 0).all()
        if j != case.plan.farm:
            assert (np.diff(times.depart[order, j]) > 0).all()
        assert (times.arrive <= times.start).all()
        assert (times.start < times.finish).all()
        assert (times.finish <= times.depart).all()


def test_room_is_never_exceeded(case: Case) -> None:
    """Reserved at the departure from each input, given back `credit` after the departure."""
    times = case.result.recorded
    for k, plan in enumerate(case.plan.stages):
        for i in plan.inputs:
            sent = times.accept if i == L1 else times.depart[:, i]
            back = times.depart[:, k]
            if i == L1:
                sent = times.arrive[:, k]
            else:
                back = back + plan.credit
            for t in sent:
                inside = (sent <= t) & (back > t)
                assert not plan.depth or inside.sum() <= plan.depth
                if plan.depth_bytes and inside.sum() > 1:
                    assert case.size[inside, k].sum() <= plan.depth_bytes


def test_no_server_idles_while_an_event_waits(case: Case) -> None:
    times = case.result.recorded
    for j, plan in enumerate(case.plan.stages):
        start, depart = times.start[:, j], times.depart[:, j]
        for n in np.flatnonzero(times.arrive[:, j] < start):
            just_before = start[n] - 1
            serving = np.sum((start <= just_before) & (depart > just_before))
            assert serving == plan.servers


def test_times_obey_the_recursion(case: Case) -> None:
    """The rules of the page on the readout, in plain Python, from the recorded times of others."""
    times = case.result.recorded
    order = orders(case)
    farm = case.plan.farm
    for j, plan in enumerate(case.plan.stages):
        come, start, finish, depart = (
            x[:, j].tolist() for x in (times.arrive, times.start, times.finish, times.depart)
        )
        left = sorted(depart)
        room = departures_that_give_room(case, j, order)
        for q, n in enumerate(order[j].tolist()):
            inputs = [times.accept[n] if i == L1 else times.depart[n, i] for i in plan.inputs]
            expected = max(inputs) + plan.delay
            if j == farm:
                expected = max([expected, *(times.depart[n, i] for i in case.plan.sides)])
            assert come[n] == expected
            before = left[q - plan.servers] if q >= plan.servers else 0
            assert start[n] == max(come[n], before)
            assert finish[n] == start[n] + case.service[n, j]
        out = order[j] if j != farm else np.argsort(times.finish[:, j], kind="stable")
        for q, n in enumerate(out.tolist()):
            assert depart[n] == max([finish[n], *(r[q] for r in room)])


def departures_that_give_room(case: Case, j: int, order: list[np.ndarray]) -> list[list[int]]:
    """Return R_k of the q-th event that leaves stage j, for each output k with limited room."""
    times = case.result.recorded
    found = []
    sending = order[j]
    if j == case.plan.farm:
        sending = np.argsort(times.finish[:, j], kind="stable")
    for k in case.plan.stages[j].outputs:
        plan = case.plan.stages[k]
        leaving = sorted(range(len(sending)), key=lambda n, k=k: times.depart[n, k])
        rows: list[int] = []
        for q, n in enumerate(sending.tolist()):
            needed = 0
            if plan.depth and q >= plan.depth:
                needed = q - plan.depth + 1
            if plan.depth_bytes:
                sent = sum(int(case.size[m, k]) for m in sending[:q]) + int(case.size[n, k])
                free = 0
                while free < q and sent > plan.depth_bytes:
                    sent -= int(case.size[leaving[free], k])
                    free += 1
                needed = max(needed, free)
            rows.append(times.depart[leaving[needed - 1], k] + plan.credit if needed else 0)
        found.append(rows)
    return found


def as_tuple(stats: StageStats) -> dict[str, Any]:
    return {k: v.tolist() if hasattr(v, "tolist") else v for k, v in vars(stats).items()}


def assert_same(one: Case, many: Case) -> None:
    assert (one.verdicts.cause == many.verdicts.cause).all()
    assert (one.verdicts.refused == many.verdicts.refused).all()
    for x, y in zip(one.result.stages, many.result.stages, strict=True):
        assert as_tuple(x) == as_tuple(y)
    assert one.result.rules.keys() == many.result.rules.keys()
    for k, stats in one.result.rules.items():
        assert as_tuple(stats) == as_tuple(many.result.rules[k])
    for name, x in vars(one.result.recorded).items():
        assert (x == getattr(many.result.recorded, name)).all()


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_chunks_do_not_matter(seed: int) -> None:
    assert_same(run(seed), run(seed, cuts=(0, 1, 2, 40, 40, 41, 199)))


def test_saturated_runs() -> None:
    """Verdicts end when a stage without depth first holds 16 events; the rest still leaves."""
    saturated = 0
    for seed in range(200, 500):
        case = run(seed, max_in_stage=16)
        times, free = case.result.recorded, [not stage.depth for stage in case.plan.stages]
        reached = []
        for j in np.flatnonzero(free):
            come, go = np.sort(times.arrive[:, j]), np.sort(times.depart[:, j])
            inside = np.arange(1, len(come) + 1) - np.searchsorted(go, come, side="right")
            reached += [(int(t), int(j)) for t in come[inside >= 16][:1]]
        undecided = case.verdicts.cause == UNDECIDED
        if not case.result.saturated:
            assert not undecided.any()
            assert not reached
            continue
        saturated += 1
        assert_same(case, run(seed, cuts=(1, 30, 31, 100, 160), max_in_stage=16))
        at, number = min(reached)
        assert case.result.saturated == case.plan.stages[number].name
        assert (case.arrivals.time[undecided] >= at).all()
        assert (case.arrivals.time[~undecided] <= at).all()
        assert not case.verdicts.refused[undecided].any()
        for stage in case.result.stages:
            assert stage.weighted == stage.inside
            assert stage.departed == case.result.accepted
    assert saturated > 3


def test_times_are_binned_as_everywhere() -> None:
    rng = np.random.default_rng(1)
    numbers = [*range(200), *(2**k + d for k in range(5, 53) for d in (-1, 0, 1))]
    for time in [*numbers, *(int(2**x) for x in rng.uniform(0, 50, 300))]:
        times = Times()
        times.add(time)
        assert times.counts.index(1) == time_bin(time)


def test_configurations_use_every_feature() -> None:
    """The random configurations are worth something only if they reach what they should test."""
    plans = []
    refusals: set[str] = set()
    blocked = overtaken = 0
    for seed in CASES:
        case = run(seed)
        plans.append(case.plan)
        for bits in set(case.verdicts.refused.tolist()):
            refusals |= {c for i, c in enumerate(case.plan.causes) if bits >> i & 1}
        blocked += sum(stage.blocked > 0 for stage in case.result.stages)
        overtaken += any((np.diff(order) < 0).any() for order in orders(case))
    stages = [stage for plan in plans for stage in plan.stages]
    kinds = {"veto", "busy", "min_spacing", "dead_time", "window", "leaky_bucket", "fifo", "apv25"}
    assert all(any(c.startswith(kind) for c in refusals) for kind in kinds)
    assert blocked > 30
    assert overtaken > 3
    assert any(plan.sides for plan in plans)
    assert any(len(stage.inputs) > 1 for stage in stages)
    assert any(stage.depth_bytes and not stage.ordered for stage in stages)
    assert {stage.service for stage in stages} == {
        "fixed", "exponential", "lognormal", "frames", "transfer",
    }  # fmt: skip
