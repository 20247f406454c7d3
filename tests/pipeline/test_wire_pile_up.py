"""Hits of overlapping collisions: the hardware's rule for each wire, played clock by clock."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.interface.clock import TICK_NS
from firmware_models.wire_hits import TIME_TICK_NS, WireHits
from sim.pipeline.wire_pile_up import WIRE_TICKS_PER_TICK, merge_wires, neighbours


def random_wires(n: int, rng: np.random.Generator, wires: int = 30) -> WireHits:
    """Few wires, so that many are hit more than once."""
    rows = [np.sort(rng.choice(wires, rng.integers(0, 12), replace=False)) for _ in range(n)]
    sizes = np.array([len(row) for row in rows])
    return WireHits(
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate(rows).astype(np.uint16) + np.uint16(14_306),
        rng.integers(0, 300, int(sizes.sum())).astype(np.uint16),
    )


def played(own: dict[int, list[int]]) -> dict[int, int]:
    """Store hits clock by clock: after 16 clocks one dies, a live one keeps others out."""
    live: dict[int, int] = {}
    for clock in range(-40, 16):
        live = {wire: tick for wire, tick in live.items() if clock - tick // 16 < 16}
        for wire, ticks in own.items():
            new = [tick for tick in ticks if tick // 16 == clock]
            if new and wire not in live:
                live[wire] = min(new)
    return live


def test_ticks_of_chamber_and_system_clock() -> None:
    assert pytest.approx(TICK_NS, rel=1e-12) == WIRE_TICKS_PER_TICK * TIME_TICK_NS


@pytest.mark.parametrize("seed", range(4))
def test_windows_hold_what_the_hardware_keeps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hits = random_wires(40, rng)
    event = rng.integers(0, 40, 300)
    tick = np.cumsum(rng.integers(0, 40, 300))
    chosen = np.flatnonzero(rng.random(300) < 0.5)
    merged = merge_wires(hits, event, tick, chosen, 64)
    assert len(merged) == len(chosen)
    hidden = before = 0
    for row, i in enumerate(chosen.tolist()):
        own: dict[int, list[int]] = {}
        for j in range(300):
            if abs(int(tick[j] - tick[i])) < 64:
                for k in range(hits.offsets[event[j]], hits.offsets[event[j] + 1]):
                    at = int(hits.time[k]) + 4 * int(tick[j] - tick[i])
                    own.setdefault(int(hits.wire[k]), []).append(at)
        expected = dict(sorted(played(own).items()))
        part = slice(merged.offsets[row], merged.offsets[row + 1])
        found = dict(zip(merged.wire[part].tolist(), merged.time[part].tolist(), strict=True))
        assert found == expected
        assert list(found) == list(expected)
        inside = {wire: min((t for t in ticks if 0 <= t < 256), default=-1)
                  for wire, ticks in own.items()}  # fmt: skip
        hidden += sum(at >= 0 and wire not in found for wire, at in inside.items())
        before += sum(min(ticks) < 0 for ticks in own.values())
    assert hidden > 10
    assert before > 100


def test_a_collision_alone_keeps_its_hits() -> None:
    rng = np.random.default_rng(7)
    hits = random_wires(20, rng)
    late = hits.time >= 256
    chosen = np.arange(20)
    tick = 64 * np.arange(20)
    assert not len(neighbours(tick, 64))
    merged = merge_wires(hits, chosen, tick, chosen, 64)
    assert np.array_equal(merged.wire, hits.wire[~late])
    assert np.array_equal(merged.time, hits.time[~late])
    assert np.array_equal(np.diff(merged.offsets), np.bincount(hits.window_of[~late], minlength=20))
    alone = merge_wires(hits, chosen, np.zeros(20, dtype=np.int64), chosen, 0)
    assert np.array_equal(alone.wire, merged.wire)


def test_neighbours_are_less_than_a_window_apart() -> None:
    tick = np.array([0, 63, 127, 191, 255, 255, 400, 463])
    assert neighbours(tick, 64).tolist() == [0, 1, 4, 5, 6, 7]
    assert neighbours(tick, 65).tolist() == list(range(8))
    assert neighbours(tick, 0).tolist() == []
    assert neighbours(tick[:1], 64).tolist() == []
    assert neighbours(tick[:0], 64).tolist() == []


def test_nothing_chosen_gives_no_windows() -> None:
    hits = random_wires(3, np.random.default_rng(1))
    none = np.zeros(0, dtype=np.int64)
    merged = merge_wires(hits, np.arange(3), np.array([0, 5, 9]), none, 64)
    assert len(merged) == 0
    assert len(merged.wire) == len(merged.time) == 0
