"""Stages of the SimPy engine: small cases computed by hand, times in ticks."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import CheckFailed
from sim.readout.arrivals import PROBE, SHORT, Arrivals, Kicks
from sim.readout.config import parse_readout
from sim.readout.engine import UNDECIDED
from sim.readout.loads import Loads
from sim.readout.plan import QUANTA, compile_plan
from sim.readout.reference.engine import SimpyEngine
from tests.readout.hand import Hand, stage


def test_one_server_queues() -> None:
    run = Hand([0, 1, 10], stage=[stage("a", "l1", 4)])
    assert run.column("arrive", "a") == [0, 1, 10]
    assert run.column("start", "a") == [0, 4, 10]
    assert run.column("depart", "a") == [4, 8, 14]
    stats = run.result.stages[0]
    assert (stats.inside, stats.waited, stats.served) == (15 * 256, 3 * 256, 12 * 256)
    assert stats.blocked == 0
    assert stats.occupancy_max == 2
    # 1: from 0 to 1, 4 to 8 and 10 to 14; 2: from 1 to 4.
    assert stats.weighted == 15 * 256
    assert run.result.end == 14 * 256
    assert run.result.latency_max == 7 * 256


def test_departure_comes_before_arrival_of_same_time() -> None:
    run = Hand([0, 4, 4], stage=[stage("a", "l1", 4, depth=16)])
    assert run.result.stages[0].seen.tolist()[:3] == [2, 1, 0]
    assert run.result.stages[0].time_at.tolist()[:3] == [0, 8 * 256, 4 * 256]


def test_delay_and_ties() -> None:
    run = Hand([3, 3], stage=[stage("a", "l1", 2, delay_us=5), stage("b", "a", 1, delay_us=7)])
    assert run.column("arrive", "a") == [8, 8]
    assert run.column("depart", "a") == [10, 12]
    assert run.column("arrive", "b") == [17, 19]
    assert run.result.latency_max == (20 - 3) * 256


def test_fork_waits_for_room_in_all_outputs_and_goes_to_all_at_once() -> None:
    run = Hand(
        [0, 1, 2],
        stage=[stage("a", "l1", 1), stage("b", "a", 10, depth=1), stage("c", "a", 2, depth=1)],
    )
    assert run.column("finish", "a") == [1, 2, 12]
    assert run.column("depart", "a") == [1, 11, 21]
    assert run.column("arrive", "b") == run.column("arrive", "c") == [1, 11, 21]


def test_blocked_event_keeps_the_server() -> None:
    run = Hand([0, 1, 2], stage=[stage("a", "l1", 1), stage("b", "a", 10, depth=1)])
    assert run.column("start", "a") == [0, 1, 11]
    assert run.column("finish", "a") == [1, 2, 12]
    assert run.column("depart", "a") == [1, 11, 21]
    assert run.result.stages[0].blocked == (9 + 9) * 256


def test_credit_is_late_news_of_room() -> None:
    run = Hand([0, 1], stage=[stage("a", "l1", 1), stage("b", "a", 10, depth=1, credit_us=3)])
    assert run.column("depart", "a") == [1, 14]
    assert run.column("arrive", "b") == [1, 14]


def test_room_is_reserved_on_the_way() -> None:
    run = Hand([0, 0, 0], stage=[stage("a", "l1", 1), stage("b", "a", 2, depth=1, delay_us=20)])
    assert run.column("depart", "a") == [1, 23, 45]
    assert run.column("arrive", "b") == [21, 43, 65]


def test_room_goes_through_a_chain_at_one_instant() -> None:
    chain = [stage("a", "l1", 1), stage("b", "a", 1, depth=1), stage("c", "b", 10, depth=1)]
    run = Hand([0, 0, 0], stage=chain)
    assert run.column("depart", "c") == [12, 22, 32]
    assert run.column("depart", "b") == [2, 12, 22]
    assert run.column("depart", "a") == [1, 2, 12]


def test_barrier_waits_for_the_last_input() -> None:
    stages = [
        stage("a", "l1", 1), stage("b", "l1", 5), stage("c", "a b", 1, depth=2, delay_us=1),
    ]  # fmt: skip
    run = Hand([0, 0, 0, 0], stage=stages)
    assert run.column("arrive", "c") == [6, 11, 16, 21]
    # Room for two fragments of each input: the third of a waits for the first event to leave c.
    assert run.column("depart", "a") == [1, 2, 7, 12]
    assert run.column("depart", "b") == [5, 10, 15, 20]


def bytes_run(sizes: float, depth_bytes: int, ticks: list[int]) -> Hand:
    first = stage("a", "l1", 1, bytes={"mean": sizes})
    return Hand(ticks, stage=[first, stage("b", "a", 10, depth_bytes=depth_bytes)])


def test_depth_bytes() -> None:
    assert bytes_run(100, 250, [0] * 4).column("depart", "a") == [1, 2, 11, 21]
    assert bytes_run(100, 200, [0] * 4).column("depart", "a") == [1, 2, 11, 21]
    assert bytes_run(100, 199, [0] * 3).column("depart", "a") == [1, 11, 21]


def test_event_larger_than_all_room_enters_an_empty_stage() -> None:
    assert bytes_run(100, 99, [0] * 3).column("depart", "a") == [1, 11, 21]


def farm(us: float = 10, **more: object) -> dict[str, object]:
    service = {"kind": "frames", "us": us}
    return {"name": "farm", "after": ["a"], "service": service, "servers": 2, **more}


def test_farm_gives_events_away_as_they_finish() -> None:
    """Services 60, 30, 30 on two servers: the first is overtaken by both others."""
    stages = [stage("a", "l1", 1), farm(), stage("b", "farm", 1)]
    run = Hand([0, 0, 0], flags=[0, SHORT, SHORT], stage=stages)
    assert run.column("start", "farm") == [1, 2, 32]
    assert run.column("depart", "farm") == [61, 32, 62]
    assert run.column("arrive", "b") == [61, 32, 62]


def test_farm_events_of_the_same_instant_leave_in_the_order_of_accepts() -> None:
    """Both finish at 61: the first 60 after its start at 1, the second 30 after 31."""
    stages = [stage("a", "l1", 1), farm(), stage("b", "farm", 1)]
    run = Hand([0, 30], flags=[0, SHORT], stage=stages)
    assert run.column("depart", "farm") == [61, 61]
    assert run.column("start", "b") == [61, 62]


def test_farm_release_blocked_behind_the_first_to_finish() -> None:
    stages = [stage("a", "l1", 1), farm(), stage("b", "farm", 100, depth=1)]
    run = Hand([0, 0, 0], flags=[0, SHORT, SHORT], stage=stages)
    assert run.column("finish", "farm") == [61, 32, 62]
    assert run.column("depart", "farm") == [132, 32, 232]
    assert run.result.stages[1].blocked == (71 + 170) * 256


def test_farm_server_is_kept_by_a_blocked_event() -> None:
    stages = [stage("a", "l1", 1), farm(), stage("b", "farm", 100, depth=1)]
    run = Hand([0, 0, 0, 0], flags=[SHORT] * 4, stage=stages)
    assert run.column("start", "farm") == [1, 2, 31, 131]


def test_side_stage_joined_behind_the_farm() -> None:
    """The farm takes an event when the slow side stage has let it out."""
    stages = [
        stage("a", "l1", 1), stage("side", "l1", 20), farm(), stage("b", "farm side", 1),
    ]  # fmt: skip
    run = Hand([0, 0], flags=[SHORT, SHORT], stage=stages)
    assert run.column("depart", "side") == [20, 40]
    assert run.column("arrive", "farm") == [20, 40]
    assert run.column("arrive", "b") == [50, 70]


def test_side_stage_sees_room_in_the_order_of_departures() -> None:
    """Stage b has room for one; the farm lets out event 1 first, and side waits for that."""
    stages = [
        stage("a", "l1", 1), stage("side", "l1", 1), farm(), stage("b", "farm side", 1, depth=2),
    ]  # fmt: skip
    run = Hand([0, 0, 0], flags=[0, SHORT, 0], stage=stages)
    assert run.column("depart", "b")[:2] == [62, 33]
    assert run.column("depart", "side") == [1, 2, 33]
    assert run.column("arrive", "farm") == [1, 2, 33]


def test_events_that_are_not_kept_go_on_empty() -> None:
    transfer = {"kind": "transfer", "mb_s": 10}
    stages = [
        stage("a", "l1", 1, bytes={"mean": 100.0}, keep=0.0),
        {"name": "b", "after": ["a"], "service": transfer},
    ]
    run = Hand([0, 50], stage=stages)
    # Nothing to send takes one quantum.
    assert run.column("finish", "b") == [1 + 1 / 256, 51 + 1 / 256]


def test_busy_with_latency() -> None:
    """One inside from 0: BUSY at the throttle from 3; it leaves at 10: BUSY until 13."""
    run = Hand(
        [0, 2, 3, 20, 22, 23],
        busy={"latency_us": 3},
        stage=[stage("a", "l1", 10, almost_full=1)],
    )
    # The second keeps it up until 20 + 3.
    assert run.causes == ["", "", "busy_a", "busy_a", "busy_a", ""]


def test_busy_without_latency_counts_everything_of_the_instant() -> None:
    run = Hand(
        [0, 0, 10, 10],
        busy={"latency_us": 0},
        stage=[stage("a", "l1", 10, almost_full=1)],
    )
    assert run.pattern == "A.A."


def test_busy_ignores_what_comes_and_goes_at_one_instant() -> None:
    """At 11 one leaves b and another enters it: BUSY neither falls nor doubles."""
    stages = [stage("a", "l1", 1), stage("b", "a", 10, depth=1, almost_full=1)]
    run = Hand([0, 1, 12, 13, 22], busy={"latency_us": 1}, stage=stages)
    assert run.causes == ["", "", "busy_b", "busy_b", ""]


def test_samples_follow_the_first_apv25_rule() -> None:
    frames = [{"name": "a", "after": ["l1"], "service": {"kind": "frames", "us": 10}}]
    flags = [0, SHORT]
    assert Hand([0, 1000], flags=flags, stage=frames).column("finish", "a") == [60, 1030]
    for samples, times in ((3, [30, 1030]), (6, [60, 1060]), ("mixed", [60, 1030])):
        throttle = [
            {"kind": "apv25", "samples": samples, "frame_ticks": 1},
            {"kind": "apv25", "samples": 6, "frame_ticks": 1},
        ]
        run = Hand([0, 1000], flags=flags, throttle=throttle, stage=frames)
        assert run.column("finish", "a") == times


def test_probes_leave_no_trace() -> None:
    stages = [stage("a", "l1", 10, almost_full=1)]
    with_probes = Hand([0, 5, 6, 30], flags=[PROBE, 0, PROBE, 0], stage=stages, throttle=[
        {"kind": "fifo", "depth": 1, "service_ticks": 20},
        {"kind": "dead_time", "ticks": 22, "paralysable": True},
    ])  # fmt: skip
    assert with_probes.pattern == "AA.A"
    assert with_probes.result.accepted == 2
    assert with_probes.result.rules[0].seen.tolist() == [2, 0]


def test_lost_event_is_an_error_that_says_what_to_change() -> None:
    with pytest.raises(CheckFailed, match=r"stage 'a' is full .* at 2\.000 µs.*almost_full"):
        Hand([0, 1, 2], stage=[stage("a", "l1", 10, depth=2)])


def test_event_that_comes_as_another_leaves_is_not_lost() -> None:
    assert Hand([0, 1, 10], stage=[stage("a", "l1", 10, depth=2)]).pattern == "AAA"
    late = [stage("a", "l1", 10, depth=1, delay_us=4)]
    assert Hand([0, 10, 20], stage=late).pattern == "AAA"


def test_lost_event_for_want_of_bytes() -> None:
    def front(depth_bytes: int) -> list[dict[str, object]]:
        return [stage("a", "l1", 10, bytes={"mean": 100.0}, depth_bytes=depth_bytes)]

    assert Hand([0, 1], stage=front(200)).pattern == "AA"
    assert Hand([0, 10], stage=front(99)).pattern == "AA"
    with pytest.raises(CheckFailed, match="depth_bytes"):
        Hand([0, 1], stage=front(199))


def test_saturation_ends_the_run() -> None:
    run = Hand(
        list(range(40)),
        run={"max_in_stage": 16},
        throttle=[{"kind": "window", "accepts": 100, "ticks": 100}],
        stage=[stage("a", "l1", 10), stage("b", "a", 1)],
    )
    # One leaves at 10: at tick 16 there are 16 inside.
    assert run.result.saturated == "a"
    assert run.verdicts.cause.tolist() == [0] * 17 + [UNDECIDED] * 23
    assert run.verdicts.refused.tolist() == [0] * 40
    assert run.result.accepted == run.result.stages[1].departed == 17
    assert run.result.end == 171 * 256


def test_no_verdicts_after_saturation_in_later_chunks() -> None:
    data = {"arrivals": {}, "run": {"max_in_stage": 16}, "stage": [stage("a", "l1", 1e6)]}
    plan = compile_plan(parse_readout(data, "test"))
    loads = Loads.of(plan)
    engine = SimpyEngine(plan, loads)
    causes = []
    for start in (0, 10, 20):
        time = np.arange(start, start + 10, dtype=np.int64)
        chunk = Arrivals(time, np.zeros(10, np.uint8), np.full(10, -1, np.int32), Kicks.none())
        causes += engine.feed(chunk, loads.draw(1, start // 10, 10)).cause.tolist()
    assert causes == [0] * 16 + [UNDECIDED] * 14
    assert engine.finish().recorded is None


def test_no_stages_and_no_candidates() -> None:
    run = Hand([1, 5])
    assert run.pattern == "AA"
    assert run.result.end == 5 * QUANTA
    assert run.result.latency_time[0] == 2
    empty = Hand([], stage=[stage("a", "l1", 1)])
    assert empty.result.end == empty.result.accepted == 0
