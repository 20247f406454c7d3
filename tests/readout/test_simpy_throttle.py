"""Rules of the SimPy engine's throttle: small cases computed by hand, times in ticks."""

from __future__ import annotations

from typing import Any

from sim.readout.arrivals import ACTIVITY, SHORT
from sim.readout.engine import StageStats
from tests.readout.hand import Hand


def pattern(ticks: list[int], /, **rule: Any) -> str:
    return Hand(ticks, throttle=[rule]).pattern


def buffer(ticks: list[int], /, flags: list[int] | None = None, **rule: Any) -> StageStats:
    return Hand(ticks, flags=flags, throttle=[rule]).result.rules[0]


def test_min_spacing() -> None:
    assert pattern([0, 4, 5, 9, 10], kind="min_spacing", ticks=5) == "A.A.A"


def test_dead_time() -> None:
    assert pattern([0, 4, 5, 9, 10], kind="dead_time", ticks=5) == "A.A.A"


def test_paralysable_dead_time_is_set_by_every_candidate() -> None:
    ticks = [0, 4, 8, 12, 17]
    assert pattern(ticks, kind="dead_time", ticks=5, paralysable=True) == "A...A"
    other = {"kind": "min_spacing", "ticks": 100}
    run = Hand(
        [0, 200, 204, 208], throttle=[other, {"kind": "dead_time", "ticks": 5, "paralysable": True}]
    )
    assert run.verdicts.refused.tolist() == [0, 0, 3, 3]


def test_window() -> None:
    assert pattern([0, 1, 2, 9, 10, 11, 12], kind="window", accepts=2, ticks=10) == "AA..AA."


def test_leaky_bucket_timer_starts_at_the_first_take() -> None:
    """Taken at 3: tokens come at 13, 23, 33, 43 and 53; full; taken at 60: at 70."""
    ticks = [3, 4, 12, 13, 22, 23, 33, 40, 60, 61, 69, 70]
    assert pattern(ticks, kind="leaky_bucket", size=2, drain_ticks=10) == "AA.A.AA.AA.A"


def test_leaky_bucket_with_a_free_timer() -> None:
    ticks = [8, 9, 9, 10, 19, 20]
    assert pattern(ticks, kind="leaky_bucket", size=2, drain_ticks=10, timer="free") == "AA.A.A"


def test_leaky_bucket_stays_full() -> None:
    bucket = {"kind": "leaky_bucket", "size": 2, "drain_ticks": 10, "timer": "free"}
    assert pattern([1000, 1000, 1000], **bucket) == "AA."


def test_fifo() -> None:
    fifo = {"kind": "fifo", "depth": 2, "service_ticks": 10}
    assert pattern([0, 1, 9, 10, 19, 20], **fifo) == "AA.A.A"
    stats = buffer([0, 1, 9, 10, 19, 20], **fifo)
    # In service from 0, 10, 20, 30 to 40; the run ends at 20 with two inside.
    assert (stats.arrived, stats.departed) == (4, 4)
    assert stats.served == 40 * 256
    assert stats.waited == (0 + 9 + 10 + 10) * 256
    assert stats.inside == (10 + 19 + 20 + 20) * 256
    assert stats.weighted == (10 + 19 + 10 + 0) * 256
    assert stats.time_at.tolist() == [0, 1 * 256, 19 * 256]
    assert stats.seen.tolist() == [1, 3, 2]
    assert stats.occupancy_max == 2


def test_fifo_with_two_servers() -> None:
    fifo = {"kind": "fifo", "depth": 3, "service_ticks": 10, "servers": 2}
    assert pattern([0, 4, 5, 6, 10, 13, 14], **fifo) == "AAA.A.A"
    assert buffer([0, 4, 5], **fifo).waited == 5 * 256


APV = {"kind": "apv25", "frame_ticks": 10}


def test_apv25_cells_come_free_one_by_one() -> None:
    """12 cells; those of the event of tick 0 are free at 10, 20, …, 60."""
    assert pattern([0, 1, 2, 59, 60], **APV, cells=12) == "AA..A"
    assert pattern([0, 1, 2, 29, 30], **APV, cells=9, samples=3) == "AAA.A"
    assert pattern([0, 1, 10, 20, 30], **APV, cells=9, samples=6) == "A...A"


def test_apv25_cells_come_free_together() -> None:
    assert pattern([0, 30, 59, 60], **APV, cells=9, free="event") == "A..A"


def test_apv25_mixed_samples() -> None:
    run = Hand([0, 1, 2], flags=[0, 0, SHORT], throttle=[{**APV, "cells": 9, "samples": "mixed"}])
    assert run.pattern == "A.A"


def test_apv25_starts_on_the_grid() -> None:
    """Accepted at 1, processed at 6, starts at 35, ends at 95; the one that waits starts at 105."""
    apv = {**APV, "cells": 32, "grid_ticks": 35, "processing_ticks": 5}
    stats = buffer([1, 90, 200], **apv)
    assert stats.waited == (34 + 15 + 10) * 256
    assert stats.served == 18 * 10 * 256
    assert stats.blocked == 0
    assert stats.inside_max == (95 - 1) * 256
    assert stats.occupancy_max == 7
    # The one at 90 finds one cell, the one at 200 none: 105 + 60 is over.
    assert stats.seen.tolist()[:3] == [2, 1, 0]
    assert stats.inside == 256 * sum(
        [*range(45 - 1, 95, 10), *range(115 - 90, 76, 10), *range(220 - 200, 71, 10)]
    )


def test_apv25_is_empty_when_its_last_frame_ends() -> None:
    """At 60 the chip is empty: processing counts again. At 59 it is not."""
    apv = {**APV, "cells": 32, "processing_ticks": 7}
    assert buffer([0, 60], **apv).waited == (7 + 7) * 256
    assert buffer([0, 67], **apv).waited == (7 + 7) * 256
    assert buffer([0, 66], **apv).waited == (7 + 1) * 256


def test_first_cause_wins_and_all_are_reported() -> None:
    rules = [{"kind": "dead_time", "ticks": 10}, {"kind": "min_spacing", "ticks": 20}]
    run = Hand([0, 5, 15], throttle=rules)
    assert run.causes == ["", "dead_time", "min_spacing"]
    assert run.verdicts.refused.tolist() == [0, 3, 2]


def ring(**more: int) -> dict[str, Any]:
    return {"ring": "her", "pre_ticks": 10, "length_ticks": 20, "wait_turns": 0, **more}


def vetoed(ticks: list[int], kicks: tuple[tuple[int, int, int], ...], **more: Any) -> list[int]:
    rings = [ring(full_turns=1, gated_turns=2)]
    run = Hand(ticks, kicks=kicks, veto={"rings": rings, **more})
    return [t for t, cause in zip(ticks, run.causes, strict=True) if cause]


EDGES = [0, 89, 90, 1369, 1370, 1399, 1400, 2649, 2650, 2679, 2680, 3929, 3930, 3960]
UP = [90, 1369, 1370, 1399, 2650, 2679]
"""Announced at 0 for place 100: full from 90 to 1370, gates at 1370 and 2650, over at 3930."""


def test_veto_sequence() -> None:
    assert vetoed(EDGES, ((0, 0, 100),)) == UP


def test_veto_place_before_the_announcement_comes_a_turn_later() -> None:
    assert vetoed([90, 91, 1369, 1370], ((91, 0, 100),)) == [1370]
    assert vetoed([89, 90], ((90, 0, 100),)) == [90]


def test_veto_ignores_announcements_during_a_sequence_and_of_other_rings() -> None:
    assert vetoed(EDGES, ((0, 0, 100), (50, 0, 500), (3929, 0, 800))) == UP
    assert vetoed(EDGES, ((0, 1, 100),)) == []
    # A sequence that has ended makes way: from 3930 on, at the next place 90 of a turn.
    assert vetoed([3929, 3930, 5000], ((0, 0, 100), (3930, 0, 100))) == [3930, 5000]


def test_veto_announcement_comes_before_the_candidate_of_its_instant() -> None:
    assert vetoed([90], ((90, 0, 100),)) == [90]


def test_active_veto_takes_only_activity() -> None:
    veto = {"mode": "active", "rings": [ring(full_turns=1)]}
    run = Hand([90, 91], flags=[ACTIVITY, 0], kicks=((0, 0, 100),), veto=veto)
    assert run.causes == ["veto", ""]


def test_veto_waits_turns() -> None:
    veto = {"rings": [ring(full_turns=1, wait_turns=2)]}
    run = Hand([90, 2649, 2650, 3929, 3930], kicks=((0, 0, 100),), veto=veto)
    assert run.pattern == "AA..A"
