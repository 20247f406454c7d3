"""The throttle of the SimPy engine against the rules of the page, asked anew for every candidate.

The oracle keeps nothing but the list of accepts and computes every state from it.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.readout.arrivals import ACTIVITY, PROBE, SHORT
from sim.readout.loads import Loads, exponential
from sim.readout.plan import QUANTA, TURN, RulePlan
from tests.readout.random_runs import Case, N, run


def tokens_left(rule: RulePlan, accepts: list[int], now: int) -> int:
    """Return the tokens of a free-running bucket, walking through all that happened."""
    tokens = rule.count
    gains = range(rule.time, now + 1, rule.time)
    for _, gains_one in sorted([(t, 0) for t in gains] + [(t, 1) for t in accepts]):
        tokens = tokens - 1 if gains_one else min(rule.count, tokens + 1)
    return tokens


def departures(rule: RulePlan, accepts: list[int], services: list[int]) -> list[tuple[int, int]]:
    """Return start and end of each event of a fifo: it starts when enough others have ended."""
    times: list[tuple[int, int]] = []
    for t, service in zip(accepts, services, strict=True):
        ends = sorted(end for _, end in times)
        k = len(ends) - rule.servers
        start = max(t, ends[k]) if k >= 0 else t
        times.append((start, start + service))
    return times


def apv_ends(rule: RulePlan, accepts: list[int], cells: list[int]) -> list[tuple[int, list[int]]]:
    """Return start and ends of the frames of each event."""
    found: list[tuple[int, list[int]]] = []
    for t, n in zip(accepts, cells, strict=True):
        last = found[-1][1][-1] if found else 0
        earliest = last if last > t else t + rule.processing
        start = -(-earliest // rule.grid) * rule.grid
        found.append((start, [start + (i + 1) * rule.time for i in range(n)]))
    return found


def apv_free(rule: RulePlan, ends: list[int]) -> list[int]:
    return [ends[-1]] * len(ends) if rule.by_event else ends


def cells_of(rule: RulePlan, flags: int) -> int:
    return rule.samples or (3 if flags & SHORT else 6)


def veto_up(case: Case, now: int) -> bool:
    """Play all announcements until now and look for a window."""
    kicks = case.arrivals.kicks
    for veto in case.plan.veto:
        end = 0
        for k, ring, position in zip(kicks.time, kicks.ring, kicks.position, strict=True):
            if ring != veto.ring or k > now or k < end:
                continue
            s = int(k) + veto.wait
            while s % TURN != (int(position) * QUANTA - veto.pre) % TURN:
                s = s + 1 if s % QUANTA else s + QUANTA
            end = s + veto.full + veto.gated_turns * TURN
            gates = [s + veto.full + i * TURN for i in range(veto.gated_turns)]
            if s <= now < s + veto.full:
                return True
            if any(g <= now < g + veto.pre + veto.length for g in gates):
                return True
    return False


def expected(
    case: Case, i: int, before: list[int], draws: np.ndarray, slots: tuple[int, ...]
) -> int:
    """Return the refusing causes of candidate i, as bits, from the accepts before it."""
    now, flags = int(case.arrivals.time[i]), int(case.arrivals.flags[i])
    accepts = [int(case.arrivals.time[j]) for j in before]
    verdicts: list[bool] = []
    if case.plan.veto:
        asked = not case.plan.veto_active or flags & ACTIVITY
        verdicts.append(bool(asked and veto_up(case, now)))
    times = case.result.recorded
    for k in case.plan.busy_stages:
        at = now - case.plan.busy_latency
        known = slice(0, len(before))
        inside = np.sum(times.arrive[known, k] <= at) - np.sum(times.depart[known, k] <= at)
        verdicts.append(bool(inside >= case.plan.stages[k].almost_full))
    for r, rule in enumerate(case.plan.rules):
        verdicts.append(rule_refuses(case, r, rule, i, before, accepts, now, draws, slots))
    return sum(1 << bit for bit, refused in enumerate(verdicts) if refused)


def rule_refuses(
    case: Case, r: int, rule: RulePlan, i: int, before: list[int], accepts: list[int], now: int,
    draws: np.ndarray, slots: tuple[int, ...],
) -> bool:  # fmt: skip
    if rule.kind == "min_spacing":
        return bool(accepts) and now - accepts[-1] < rule.time
    if rule.kind == "dead_time":
        closing = accepts
        if rule.paralysable:
            triggers = case.arrivals.flags[:i] & PROBE == 0
            closing = case.arrivals.time[:i][triggers].tolist()
        return any(now < t + rule.time for t in closing)
    if rule.kind == "window":
        return sum(now - t < rule.time for t in accepts) >= rule.count
    if rule.kind == "leaky_bucket" and rule.free_timer:
        return tokens_left(rule, accepts, now) == 0
    if rule.kind == "leaky_bucket":
        ends = departures(rule, accepts, [rule.time] * len(accepts))
        return sum(end > now for _, end in ends) >= rule.count
    if rule.kind == "fifo":
        ends = departures(rule, accepts, services_of(rule, slots[r], before, draws))
        return sum(end > now for _, end in ends) >= rule.count
    cells = [cells_of(rule, int(case.arrivals.flags[j])) for j in before]
    inside = sum(
        t > now for _, ends in apv_ends(rule, accepts, cells) for t in apv_free(rule, ends)
    )
    return inside + cells_of(rule, int(case.arrivals.flags[i])) > rule.count


def services_of(rule: RulePlan, slot: int, before: list[int], draws: np.ndarray) -> list[int]:
    if slot < 0:
        return [rule.time] * len(before)
    words = [int(draws[j, slot // 64]) for j in before]
    return [exponential(rule.time, word // 2 ** (slot % 64) % 2**32) for word in words]


@pytest.fixture(scope="module", params=range(100, 140))
def case(request: pytest.FixtureRequest) -> tuple[Case, np.ndarray, tuple[int, ...]]:
    case = run(request.param)
    loads = Loads.of(case.plan)
    return case, loads.draw(request.param, 0, N), loads.rule_slot


def test_every_cause_of_every_candidate(
    case: tuple[Case, np.ndarray, tuple[int, ...]],
) -> None:
    played, draws, slots = case
    before: list[int] = []
    for i in range(N):
        refused = expected(played, i, before, draws, slots)
        assert int(played.verdicts.refused[i]) == refused, (i, played.plan.causes)
        if not refused and not played.arrivals.flags[i] & PROBE:
            before.append(i)


def test_statistics_of_rule_buffers(case: tuple[Case, np.ndarray, tuple[int, ...]]) -> None:
    played, draws, slots = case
    triggers = np.flatnonzero(played.arrivals.flags & PROBE == 0).tolist()
    before = [i for i in triggers if played.verdicts.cause[i] == 0]
    accepts = [int(played.arrivals.time[i]) for i in before]
    end = played.result.end
    for r, stats in played.result.rules.items():
        rule = played.plan.rules[r]
        if rule.kind == "fifo":
            services = services_of(rule, slots[r], before, draws)
            rows = departures(rule, accepts, services)
            leave = [[finish] for _, finish in rows]
        else:
            cells = [cells_of(rule, int(played.arrivals.flags[i])) for i in before]
            services = [n * rule.time for n in cells]
            apv = apv_ends(rule, accepts, cells)
            rows = [(start, ends[-1]) for start, ends in apv]
            leave = [apv_free(rule, ends) for _, ends in apv]
        assert stats.arrived == stats.departed == len(accepts)
        assert stats.inside == sum(x - t for t, xs in zip(accepts, leave, strict=True) for x in xs)
        assert stats.waited == sum(s - t for t, (s, _) in zip(accepts, rows, strict=True))
        assert stats.served == sum(services)
        assert stats.blocked == 0
        assert stats.inside_max == max((f - t for t, (_, f) in zip(accepts, rows, strict=True)))
        assert stats.weighted == sum(
            min(x, end) - t for t, xs in zip(accepts, leave, strict=True) for x in xs
        )
        seen = np.zeros(stats.levels, dtype=np.int64)
        for i in triggers:
            now = int(played.arrivals.time[i])
            earlier = sum(j < i for j in before)
            found = sum(x > now for xs in leave[:earlier] for x in xs)
            seen[found // stats.step] += 1
        assert (stats.seen == seen).all()
