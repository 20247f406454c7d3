"""Injections: their grid, buckets, announcements, and the background they make."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from sim.accelerator import Accelerator
from sim.accelerator.config import parse_machine
from sim.readout.arrivals import Kicks

TURN = 1280 * 256
HZ = 127.22175e6 * 256
"""Quanta in a second."""
TURN_US = TURN / HZ * 1e6


def _accelerator(seed: int = 1, **data: Any) -> Accelerator:
    return Accelerator(parse_machine(data, "test"), seed=seed)


def _passages(accelerator: Accelerator, ring: int, seconds: float) -> np.ndarray:
    shots = accelerator.rings[ring].shots
    return shots.passages(*shots.between(0, round(seconds * HZ)))


@pytest.mark.parametrize("rate", [0.0, 0.37, 7.3, 12.5, 24.99, 25.0])
def test_injections_come_with_their_rate(rate: float) -> None:
    accelerator = _accelerator(her={"injection_hz": rate}, ler={"injection_hz": 25.0 - rate})
    seconds = 1000.0
    kicks = accelerator.kicks(0, round(seconds * HZ))
    for ring, wanted in ((0, rate), (1, 25.0 - rate)):
        assert abs((kicks.ring == ring).sum() - wanted * seconds) < 1.5


def test_injections_are_on_the_grid_of_the_linac_and_the_rings_take_turns() -> None:
    accelerator = _accelerator(her={"injection_hz": 25.0}, ler={"injection_hz": 25.0})
    for ring in (0, 1):
        seconds = _passages(accelerator, ring, 100.0) / HZ
        pulse = np.floor(seconds * 50)
        assert np.array_equal(pulse, np.arange(len(pulse)) * 2 + 1 + ring)
        wait = seconds - pulse / 50
        # 5120 steps of 49 buckets, one more to come onto the step
        assert wait.min() >= 0
        assert wait.max() <= 5121 * 49 * 64 / HZ
        assert kstest(wait * HZ / (5120 * 49 * 64), "uniform").pvalue > 1e-3


def test_any_filled_bucket_is_injected_into_and_no_other() -> None:
    accelerator = _accelerator(bunches=64)
    buckets = _passages(accelerator, 0, 800.0) % TURN
    assert np.all(buckets % 64 == 0)
    index = np.searchsorted(accelerator.filling.buckets, buckets // 64)
    assert np.array_equal(accelerator.filling.buckets[index], buckets // 64)
    assert chisquare(np.bincount(index, minlength=64)).pvalue > 1e-3


@pytest.mark.parametrize("wait_turns", [0, 3, 4])
@pytest.mark.parametrize("pre_ticks", [0, 1, 640, 1279])
def test_a_veto_that_waits_as_announced_begins_at_the_first_passage(
    wait_turns: int, pre_ticks: int
) -> None:
    accelerator = _accelerator(announce_turns=wait_turns)
    kicks = accelerator.kicks(0, round(20 * HZ))
    passages = np.sort(np.concatenate([_passages(accelerator, r, 20.5) for r in (0, 1)]))
    assert len(kicks.time) > 400
    for time, position, passage in zip(
        kicks.time.tolist(), kicks.position.tolist(), passages.tolist(), strict=False
    ):
        assert position == passage % TURN // 256
        # The rule of docs/reference/readout.md: the first time not before the end of the waiting
        # whose place in the turn is position - pre.
        earliest = time + wait_turns * TURN
        start = earliest + ((position - pre_ticks) * 256 - earliest) % TURN
        assert start == passage // 256 * 256 - pre_ticks * 256


def test_kicks_do_not_depend_on_how_they_are_asked_for() -> None:
    end = round(30 * HZ)
    whole = _accelerator().kicks(0, end)
    cuts = sorted({0, end, *np.random.default_rng(1).integers(0, end, 200).tolist()})
    cuts = sorted({*cuts, *whole.time[::7].tolist()})  # also right at announcements
    parts = [_accelerator().kicks(a, b) for a, b in pairwise(cuts)]
    for name in ("time", "ring", "position"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name))
    assert np.all(np.diff(whole.time) >= 0)
    assert not np.array_equal(_accelerator(seed=2).kicks(0, end).position, whole.position)


BUSY_RINGS: dict[str, Any] = {
    "her": {"injection_hz": 25.0, "candidates_per_shot": 400.0},
    "ler": {"injection_hz": 12.5, "candidates_per_shot": 100.0, "strip_us": 0.2},
}


def test_background_does_not_depend_on_how_it_is_asked_for() -> None:
    end = round(12 * HZ)
    times, ring = _accelerator(**BUSY_RINGS).injection_times(0, end, 5)
    cuts = sorted({0, end, *np.random.default_rng(2).integers(0, end, 60).tolist()})
    accelerator = _accelerator(**BUSY_RINGS)
    for shots in (background.shots for background in accelerator.rings):
        first = shots.passages(0, 100)  # half of the strip lies before
        cuts = sorted({*cuts, *(first - 500).tolist(), *(first + 3 * TURN).tolist()})
    intervals = list(pairwise(cuts))
    # Backwards: what was kept from an earlier question must not matter.
    parts = [accelerator.injection_times(a, b, 5) for a, b in reversed(intervals)][::-1]
    assert np.array_equal(np.concatenate([part[0] for part in parts]), times)
    assert np.array_equal(np.concatenate([part[1] for part in parts]), ring)
    assert not np.array_equal(accelerator.injection_times(0, end, 6)[0][:99], times[:99])


def _relative(accelerator: Accelerator, ring: int, seconds: float) -> tuple[np.ndarray, int]:
    """Return the background's times since its injection, from half a strip on, and the shots."""
    times, rings = accelerator.injection_times(0, round(seconds * HZ), 7)
    half = accelerator.rings[ring].width // 2
    passages = _passages(accelerator, ring, seconds)
    own = times[rings == ring] + half
    return own - passages[np.searchsorted(passages, own, side="right") - 1], len(passages)


@pytest.mark.parametrize(("ring", "rate", "width_us"), [(0, 400.0, 0.13), (1, 100.0, 0.2)])
def test_number_and_strip(ring: int, rate: float, width_us: float) -> None:
    accelerator = _accelerator(**BUSY_RINGS)
    since, shots = _relative(accelerator, ring, 20.0)
    assert abs(len(since) - rate * shots) < 4 * math.sqrt(rate * shots)
    place_us = since % TURN / HZ * 1e6
    assert place_us.max() < width_us
    assert kstest(place_us / width_us, "uniform").pvalue > 1e-3
    # the width from the spread of a flat strip
    n = len(since)
    assert np.std(place_us) * math.sqrt(12) == pytest.approx(width_us, rel=4 / math.sqrt(n))


@pytest.mark.parametrize("tau_us", [500.0, 1500.0])
def test_decay_time_is_found_again(tau_us: float) -> None:
    accelerator = _accelerator(
        injection={"fast_us": tau_us, "fast_part": 1.0}, her=BUSY_RINGS["her"]
    )
    since, _ = _relative(accelerator, 0, 20.0)
    turns = since // TURN
    # Turns are geometric: their mean is q / (1 - q) with q = exp(-turn / tau).
    tau = TURN_US / math.log1p(1 / turns.mean())
    assert tau == pytest.approx(tau_us, rel=4 / math.sqrt(len(turns)))


def test_fast_and_slow_parts_and_the_end() -> None:
    accelerator = _accelerator(her=BUSY_RINGS["her"], injection={"fast_part": 0.6, "end_us": 1.5e4})
    since, _ = _relative(accelerator, 0, 20.0)
    turns = since // TURN
    last = int(1.5e4 / TURN_US) + 1
    assert turns.max() < last
    edges = np.array([0, 10, 30, 60, 100, 200, 400, 800, last])

    def survivors(tau: float) -> np.ndarray:
        return np.exp(-edges * TURN_US / tau)

    expected = -np.diff(0.6 * survivors(500.0) + 0.4 * survivors(5000.0))
    observed = np.histogram(turns, edges)[0]
    assert chisquare(observed, expected / expected.sum() * len(turns)).pvalue > 1e-3


def test_betatron_and_synchrotron_modulation() -> None:
    tune, period, a, b = 0.23, 40.0, 0.6, 0.5
    accelerator = _accelerator(
        her=BUSY_RINGS["her"],
        injection={
            "fast_us": 2000.0, "fast_part": 1.0,
            "betatron_tune": tune, "betatron_amplitude": a,
            "synchrotron_turns": period, "synchrotron_amplitude": b,
        },
    )  # fmt: skip
    since, _ = _relative(accelerator, 0, 20.0)
    turns = since // TURN
    q = math.exp(-TURN_US / 2000.0)
    n = int(20_000 / TURN_US) + 1

    def series(frequency: float) -> float:
        """Return the sum over turns of q^k cos(2π f k), a geometric series."""
        z = q * np.exp(2j * math.pi * frequency)
        return float(((1 - z**n) / (1 - z)).real)

    def weighted(frequency: float) -> float:
        """Return the same with both modulations, by cos·cos = (cos + cos) / 2."""
        s = 1 / period
        result = 0.0
        for f, w in ((0, 1.0), (s, b / 2), (-s, b / 2)):
            result += w * series(frequency + f)
            result += w * a / 2 * (series(frequency + f + tune) + series(frequency + f - tune))
        return result

    for frequency in (tune, 1 / period):
        mean = np.cos(2 * math.pi * frequency * turns).mean()
        assert abs(mean - weighted(frequency) / weighted(0.0)) < 4 * math.sqrt(0.5 / len(turns))
        assert mean > 0.2


def test_in_strip_and_since_kick_equal_a_search_through_all_injections() -> None:
    accelerator = _accelerator(
        her={"injection_hz": 25.0}, ler={"injection_hz": 20.0}, injection={"end_us": 3e4}
    )
    rng = np.random.default_rng(3)
    background = accelerator.injection_times(0, round(0.6 * HZ), 1)[0]
    random = rng.integers(0, round(0.6 * HZ), 300)
    edges = [
        passage + turn * TURN + offset
        for ring in accelerator.rings
        for passage in ring.shots.passages(0, 4).tolist()
        for turn in (-1, 0, 5, ring.length // TURN - 1, ring.length // TURN)
        for half in (ring.width // 2,)
        for offset in (-half - 1, -half, 0, ring.width - half - 1, ring.width - half)
    ]
    times = np.sort(np.concatenate([background, random, np.array(edges)]))
    times = times[times >= 0]
    expected, since = np.zeros(len(times), dtype=bool), np.full((2, len(times)), -1)
    for number, ring in enumerate(accelerator.rings):
        for passage in ring.shots.passages(0, 30).tolist():
            after = times - (passage - ring.width // 2)
            expected |= (after >= 0) & (after < ring.length) & (after % TURN < ring.width)
            on_tick = times - passage // 256 * 256
            since[number] = np.where(on_tick >= 0, on_tick, since[number])
    assert np.array_equal(accelerator.in_strip(times), expected)
    one_by_one = [accelerator.in_strip(times[i : i + 1])[0] for i in range(len(times))]
    assert np.array_equal(one_by_one, expected)
    assert 100 < expected.sum() < len(times)
    assert accelerator.in_strip(background).all()
    kicks = accelerator.kicks(0, round(1 * HZ))
    found, phase = accelerator.since_kick(times, kicks)
    assert np.array_equal(found, since)
    assert np.array_equal(phase, np.where(since < 0, -1, since % TURN))
    assert np.all(accelerator.since_kick(times, Kicks.none())[0] == -1)


def test_many_candidates_in_a_shot() -> None:
    accelerator = _accelerator(her={"candidates_per_shot": 1e6, "injection_hz": 25.0})
    times, rings = accelerator.injection_times(0, round(0.07 * HZ), 1)
    n = int((rings == 0).sum())  # pulses at 20 and 60 ms: the second is not over at 70 ms
    assert 1e6 + 0.9e6 < n < 2e6 + 4 * math.sqrt(2e6)
    assert np.all(np.diff(times) >= 0)
