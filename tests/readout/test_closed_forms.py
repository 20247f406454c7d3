"""The simulated throttle and stages against dead-time theory: everything within three sigma.

Losses of successive candidates are correlated, so that errors come from the scatter of batches
that are far longer than any memory. Candidates are drawn here, not by the package's sources.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models.errors import CheckFailed
from sim.readout.arrivals import ACTIVITY, PROBE, Arrivals, Kicks
from sim.readout.config import parse_readout
from sim.readout.engine import EngineResult
from sim.readout.fast.engine import FastEngine
from sim.readout.loads import Loads
from sim.readout.plan import QUANTA, TURN, compile_plan
from sim.readout.theory import dead_time as dt
from sim.readout.theory import erlang as er
from sim.readout.theory import fixed_service as fs
from sim.readout.theory import tandem as ta
from sim.streams import stream

BATCHES = 100
CHUNK = 1 << 17

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Played:
    """Verdicts on all candidates, and the engine's result."""

    cause: Ints
    refused: NDArray[np.uint64]
    result: EngineResult


def poisson_times(ticks: float, n: int, seed: int) -> Ints:
    """Return Poisson times [quanta] with a mean distance [tick]."""
    gaps = stream(seed, "tests/poisson").exponential(ticks * QUANTA, n)
    return np.rint(np.cumsum(gaps)).astype(np.int64)


def clocked_times(probability: float, n: int, seed: int) -> Ints:
    """Return times on clock edges [quanta], one with a probability in each tick."""
    gaps = stream(seed, "tests/clocked").geometric(probability, n)
    return np.cumsum(gaps).astype(np.int64) * QUANTA


def play(
    times: Ints, throttle: list[dict[str, Any]], *, stages: list[dict[str, Any]] | None = None,
    flags: NDArray[np.uint8] | None = None, kicks: Kicks | None = None, record: bool = False,
    seed: int = 1, **tables: Any,
) -> Played:  # fmt: skip
    """Play candidates at given times through the fast engine."""
    data = {"arrivals": {}, "throttle": throttle, "stage": stages or [], **tables}
    plan = compile_plan(parse_readout(data, "test"))
    loads = Loads.of(plan)
    engine = FastEngine(plan, loads, record=record)
    flags = np.zeros(len(times), dtype=np.uint8) if flags is None else flags
    kicks = kicks or Kicks.none()
    cause, refused = [], []
    for chunk, start in enumerate(range(0, len(times), CHUNK)):
        part = slice(start, start + CHUNK)
        time = times[part]
        after = times[start - 1] if start else np.int64(-1)
        now = (kicks.time > after) & (kicks.time <= time[-1])
        verdicts = engine.feed(
            Arrivals(
                time, flags[part], np.full(len(time), -1, dtype=np.int32),
                Kicks(kicks.time[now], kicks.ring[now], kicks.position[now]),
            ),
            loads.draw(seed, chunk, len(time)),
        )  # fmt: skip
        cause.append(verdicts.cause)
        refused.append(verdicts.refused)
    return Played(np.concatenate(cause), np.concatenate(refused), engine.finish())


def batch_means(values: NDArray[Any]) -> Floats:
    """Return the means of equal batches, shape ``(BATCHES, …)``."""
    length = len(values) // BATCHES
    return np.asarray(
        values[: length * BATCHES].reshape(BATCHES, length, *values.shape[1:]).mean(axis=1)
    )


def assert_mean(batches: Floats, expected: float, resolution: float = 0.02) -> None:
    """Compare the mean of batches with theory; its error must be a small part of it, too."""
    mean, sigma = batches.mean(), batches.std(ddof=1) / math.sqrt(len(batches))
    assert 0 < sigma < resolution * expected, (mean, sigma, expected)
    assert abs(mean - expected) < 3 * sigma, (mean, sigma, expected, (mean - expected) / sigma)


# ---- losses of single rules --------------------------------------------------------------------

SERVICE = 3360
POISSON_LOSSES: dict[str, tuple[dict[str, Any], float, float]] = {
    # name: rule, load, loss
    "min_spacing": (
        {"kind": "min_spacing", "ticks": SERVICE}, 0.8, dt.nonparalysable_loss(0.8)),
    "min_spacing, 24 ticks at 30 kHz": (
        {"kind": "min_spacing", "ticks": 24}, 0.00566, dt.nonparalysable_loss(0.00566)),
    "dead_time": ({"kind": "dead_time", "ticks": SERVICE}, 0.3, dt.nonparalysable_loss(0.3)),
    "paralysable": (
        {"kind": "dead_time", "ticks": SERVICE, "paralysable": True}, 0.8,
        dt.paralysable_loss(0.8)),
    "window of 1": (
        {"kind": "window", "accepts": 1, "ticks": SERVICE}, 0.5, dt.window_loss(0.5, 1)),
    "window of 2": (
        {"kind": "window", "accepts": 2, "ticks": SERVICE}, 0.8, dt.window_loss(0.8, 2)),
    "window of 8": (
        {"kind": "window", "accepts": 8, "ticks": SERVICE}, 5.0, dt.window_loss(5.0, 8)),
    "M/D/1/1": (
        {"kind": "fifo", "depth": 1, "service_ticks": SERVICE}, 0.8, fs.md1k_loss(0.8, 1)),
    "M/D/1/2": (
        {"kind": "fifo", "depth": 2, "service_ticks": SERVICE}, 1.2, fs.md1k_loss(1.2, 2)),
    "M/D/1/5": (
        {"kind": "fifo", "depth": 5, "service_ticks": SERVICE}, 0.8, fs.md1k_loss(0.8, 5)),
    "M/D/1/10": (
        {"kind": "fifo", "depth": 10, "service_ticks": SERVICE}, 0.9, fs.md1k_loss(0.9, 10)),
    "M/M/1/5": (
        {"kind": "fifo", "depth": 5, "service_ticks": SERVICE, "service": "exponential"}, 0.8,
        er.mm1k_loss(0.8, 5)),
    "M/M/3/7": (
        {"kind": "fifo", "depth": 7, "service_ticks": SERVICE, "service": "exponential",
         "servers": 3}, 2.4, er.mmck_loss(2.4, 3, 7)),
    "M/M/10/10": (
        {"kind": "fifo", "depth": 10, "service_ticks": SERVICE, "service": "exponential",
         "servers": 10}, 8.0, er.erlang_b(8.0, 10)),
    "M/D/10/10": (
        {"kind": "fifo", "depth": 10, "service_ticks": SERVICE, "servers": 10}, 8.0,
        er.erlang_b(8.0, 10)),
    "leaky_bucket, restart": (
        {"kind": "leaky_bucket", "size": 5, "drain_ticks": SERVICE}, 0.8, fs.md1k_loss(0.8, 5)),
    "leaky_bucket, free": (
        {"kind": "leaky_bucket", "size": 5, "drain_ticks": SERVICE, "timer": "free"}, 0.8,
        fs.free_bucket_loss(0.8, 5)),
    "leaky_bucket of 1, free": (
        {"kind": "leaky_bucket", "size": 1, "drain_ticks": SERVICE, "timer": "free"}, 0.8,
        fs.free_bucket_loss(0.8, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", POISSON_LOSSES)
def test_loss_of_poisson_candidates(name: str) -> None:
    rule, load, expected = POISSON_LOSSES[name]
    period = rule.get("ticks") or rule.get("service_ticks") or rule["drain_ticks"]
    seed = 100 + list(POISSON_LOSSES).index(name)
    played = play(poisson_times(period / load, 10_000_000, seed), [rule], seed=seed)
    assert_mean(batch_means(played.cause != 0), expected)
    assert played.result.accepted == np.count_nonzero(played.cause == 0)


CLOCKED_LOSSES: dict[str, tuple[dict[str, Any], float, float]] = {
    # name: rule, probability, loss. Short times: here clock edges matter.
    "min_spacing": ({"kind": "min_spacing", "ticks": 24}, 0.03, dt.clocked_loss(0.03, 24)),
    "paralysable": (
        {"kind": "dead_time", "ticks": 24, "paralysable": True}, 0.03,
        dt.clocked_paralysable_loss(0.03, 24)),
    "Geo/D/1/1": (
        {"kind": "fifo", "depth": 1, "service_ticks": 10}, 0.08, fs.geod1k_loss(0.08, 10, 1)),
    "Geo/D/1/5": (
        {"kind": "fifo", "depth": 5, "service_ticks": 10}, 0.08, fs.geod1k_loss(0.08, 10, 5)),
    "Geo/D/1/8": (
        {"kind": "fifo", "depth": 8, "service_ticks": 4}, 0.25, fs.geod1k_loss(0.25, 4, 8)),
    "leaky_bucket, restart": (
        {"kind": "leaky_bucket", "size": 3, "drain_ticks": 12}, 0.06,
        fs.geod1k_loss(0.06, 12, 3)),
    "leaky_bucket, free": (
        {"kind": "leaky_bucket", "size": 3, "drain_ticks": 12, "timer": "free"}, 0.06,
        fs.clocked_free_bucket_loss(0.06, 12, 3)),
    # 32 cells hold five events of six cells, ten of three.
    "APV25, event by event, 6 samples": (
        {"kind": "apv25", "samples": 6, "frame_ticks": 5, "free": "event"}, 0.8 / 30,
        fs.geod1k_loss(0.8 / 30, 30, 5)),
    "APV25, event by event, 3 samples": (
        {"kind": "apv25", "samples": 3, "frame_ticks": 5, "free": "event"}, 0.9 / 15,
        fs.geod1k_loss(0.9 / 15, 15, 10)),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOCKED_LOSSES)
def test_loss_of_clocked_candidates(name: str) -> None:
    rule, probability, expected = CLOCKED_LOSSES[name]
    seed = 200 + list(CLOCKED_LOSSES).index(name)
    played = play(clocked_times(probability, 10_000_000, seed), [rule])
    assert_mean(batch_means(played.cause != 0), expected)


def test_only_the_longest_spacing_matters() -> None:
    rules = [{"kind": "min_spacing", "ticks": n} for n in (300, 1000, 700)]
    played = play(poisson_times(2000.0, 10_000_000, 13), rules)
    assert_mean(batch_means(played.cause != 0), dt.spacings_loss([0.15, 0.5, 0.35]))


def test_random_probes_measure_the_dead_time() -> None:
    """What an independent Poisson stream finds is the part of time in which the rule is closed."""
    n = 5_000_000
    times = np.concatenate([poisson_times(4200.0, n, 14), poisson_times(4200.0, n, 15)])
    flags = np.repeat(np.array([0, PROBE], dtype=np.uint8), n)
    order = np.argsort(times, kind="stable")
    flags = flags[order]
    rule = {"kind": "fifo", "depth": 5, "service_ticks": SERVICE}
    played = play(times[order], [rule], flags=flags)
    expected = fs.md1k_loss(0.8, 5)
    assert_mean(batch_means(played.cause[flags == PROBE] != 0), expected)
    assert_mean(batch_means(played.cause[flags == 0] != 0), expected)


# ---- occupancy, waits, Little's law ------------------------------------------------------------

QUEUES: dict[str, tuple[dict[str, Any], float, Floats, float]] = {
    "M/D/1/5": (
        {}, 0.8, fs.md1k_occupancy(0.8, 5), fs.md1k_mean_wait(0.8, 5)),
    "M/M/1/5": (
        {"service": "exponential"}, 0.8, er.mm1k_occupancy(0.8, 5), er.mmck_mean_wait(0.8, 1, 5)),
    "M/M/2/5": (
        {"service": "exponential", "servers": 2}, 1.8, er.mmck_occupancy(1.8, 2, 5),
        er.mmck_mean_wait(1.8, 2, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", QUEUES)
def test_occupancy_seen_and_in_time(name: str) -> None:
    more, load, expected, wait = QUEUES[name]
    rule = {"kind": "fifo", "depth": 5, "service_ticks": SERVICE, **more}
    time_at, seen, waits = [], [], []
    for replica in range(BATCHES):
        times = poisson_times(SERVICE / load, 100_000, 1000 + replica)
        found = play(times, [rule], seed=replica).result.rules[0]
        assert found.seen.sum() == 100_000
        time_at.append(found.time_at / found.time_at.sum())
        seen.append(found.seen / found.seen.sum())
        waits.append(found.waited / found.arrived / (SERVICE * QUANTA))
    for level in range(6):
        assert_mean(np.array(time_at)[:, level], expected[level])
        assert_mean(np.array(seen)[:, level], expected[level])
    assert_mean(np.array(waits), wait)


def test_littles_law_to_the_quantum() -> None:
    """Sums over events and over time are the same integer, in every buffer and stage."""
    rules = [
        {"kind": "fifo", "depth": 5, "service_ticks": SERVICE},
        {"kind": "fifo", "depth": 6, "service_ticks": SERVICE, "servers": 2,
         "service": "exponential"},
        {"kind": "apv25"},
    ]  # fmt: skip
    stages = [
        stage("a", "l1", {"kind": "exponential", "us": 20.0}),
        stage("b", "a", {"kind": "fixed", "us": 25.0}, depth=3),
        stage("farm", "b", {"kind": "exponential", "us": 100.0}, servers=5, depth=9),
        # The last departure: later than that of any buffer of the throttle.
        stage("disk", "farm", {"kind": "fixed", "us": 10.0}, delay_us=5000.0),
    ]
    result = play(poisson_times(4200.0, 200_000, 20), rules, stages=stages, **CLOCK).result
    buffers = [*result.rules.values(), *result.stages]
    assert len(buffers) == 7
    for found in buffers:
        assert found.inside == found.weighted > 0
        assert found.time_at.sum() == result.end
        if found.step == 1:
            assert found.time_at @ np.arange(found.levels) == found.weighted
        if found.name != "apv25":  # whose `inside` counts cells, the others events
            assert found.inside == found.waited + found.served + found.blocked
        assert found.departed == found.arrived


def test_clocked_candidates_see_less_than_time() -> None:
    """On clock edges what candidates see and the part of time differ; both have their formula."""
    rule = {"kind": "fifo", "depth": 4, "service_ticks": 10}
    time_at, seen = [], []
    for replica in range(BATCHES):
        found = play(clocked_times(0.08, 100_000, 2000 + replica), [rule]).result.rules[0]
        time_at.append(found.time_at / found.time_at.sum())
        seen.append(found.seen / found.seen.sum())
    in_time, at_arrival = fs.geod1k_occupancy(0.08, 10, 4), fs.geod1k_seen(0.08, 10, 4)
    assert np.abs(in_time - at_arrival).max() > 0.02
    for level in range(5):
        assert_mean(np.array(time_at)[:, level], in_time[level])
        assert_mean(np.array(seen)[:, level], at_arrival[level])


def stage(name: str, after: str, service: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a stage of the configuration."""
    return {"name": name, "after": [after], "service": service, **more}


CLOCK = {"clock": {"frequency_mhz": 128.0}}
"""A microsecond is 128 ticks."""


@pytest.mark.parametrize(
    ("service", "variation"),
    [
        ({"kind": "fixed", "us": 10.0}, 0.0),
        ({"kind": "exponential", "us": 10.0}, 1.0),
        ({"kind": "lognormal", "us": 10.0, "sigma": 0.5}, math.sqrt(math.expm1(0.25))),
    ],
    ids=["M/D/1", "M/M/1", "M/G/1"],
)
def test_mean_wait_without_limit(service: dict[str, Any], variation: float) -> None:
    load = 0.6
    times = poisson_times(1280 / load, 1_000_000, 21)
    played = play(times, [], stages=[stage("a", "l1", service)], record=True, **CLOCK)
    times = played.result.recorded
    assert times is not None
    waits = (times.start - times.arrive)[:, 0] / (1280 * QUANTA)
    assert_mean(batch_means(waits), fs.mg1_mean_wait(load, variation))
    assert_mean(batch_means(waits > 0), load)


def test_farm_is_erlang_c() -> None:
    farm = stage("farm", "l1", {"kind": "exponential", "us": 100.0}, servers=20)
    played = play(poisson_times(12800 / 16, 1_000_000, 22), [], stages=[farm], record=True, **CLOCK)
    times = played.result.recorded
    assert times is not None
    waits = (times.start - times.arrive)[:, 0]
    assert_mean(batch_means(waits > 0), er.erlang_c(16.0, 20))
    assert_mean(batch_means(waits / (12800 * QUANTA)), er.mmc_mean_wait(16.0, 20), 0.05)


# ---- stages one behind the other ---------------------------------------------------------------


@pytest.mark.parametrize("order", [(4.0, 10.0, 7.0), (10.0, 7.0, 4.0), (7.0, 4.0, 10.0)])
def test_tandem_of_fixed_services_waits_like_its_slowest(order: tuple[float, ...]) -> None:
    stages = [
        stage(f"s{i}", f"s{i - 1}" if i else "l1", {"kind": "fixed", "us": us})
        for i, us in enumerate(order)
    ]
    arrivals = poisson_times(1280 / 0.7, 500_000, 23)
    times = play(arrivals, [], stages=stages, record=True, **CLOCK).result.recorded
    alone = play(arrivals, [], stages=[stage("s", "l1", {"kind": "fixed", "us": 10.0})],
                 record=True, **CLOCK).result.recorded  # fmt: skip
    assert times is not None
    assert alone is not None
    total = (times.start - times.arrive).sum(axis=1)
    assert np.array_equal(total, (alone.start - alone.arrive)[:, 0])
    expected = ta.fixed_tandem_mean_wait(0.7 / 10, list(order))
    assert_mean(batch_means(total / (128 * QUANTA)), expected)


def test_tandem_of_exponential_services_is_independent() -> None:
    stages = [
        stage("a", "l1", {"kind": "exponential", "us": 10.0}),
        stage("b", "a", {"kind": "exponential", "us": 8.0}),
    ]
    played = play(poisson_times(1280 / 0.7, 1_000_000, 24), [], stages=stages, record=True, **CLOCK)
    times = played.result.recorded
    assert times is not None
    waits = times.start - times.arrive
    assert_mean(batch_means(waits[:, 0] / (1280 * QUANTA)), fs.mg1_mean_wait(0.7, 1.0), 0.05)
    assert_mean(batch_means(waits[:, 1] / (1024 * QUANTA)), fs.mg1_mean_wait(0.56, 1.0), 0.05)
    # Times inside are independent and exponential (E. Reich, Ann. Math. Stat. 28 (1957) 768);
    # the waits alone are not independent.
    inside = (times.depart - times.arrive) / (128 * QUANTA) / [10 / (1 - 0.7), 8 / (1 - 0.56)]
    for limits in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 1.0)):
        assert_mean(batch_means((inside > limits).all(axis=1)), math.exp(-sum(limits)))


@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("second_us", [10.0, 14.0])
def test_blocking_pair_at_saturation(depth: int, second_us: float) -> None:
    """All events are there at once: the first stage always has work, or an event it cannot lose."""
    n = 1_000_000
    stages = [
        stage("a", "l1", {"kind": "exponential", "us": 10.0}),
        stage("b", "a", {"kind": "exponential", "us": second_us}, depth=depth),
    ]
    played = play(
        np.arange(n), [], stages=stages, record=True, run={"max_in_stage": 2 * n}, **CLOCK
    )
    times = played.result.recorded
    assert times is not None
    ends = times.depart[:: n // BATCHES, 0]
    batches = np.diff(ends) / (n // BATCHES) / (128 * QUANTA)
    assert_mean(batches, 1 / ta.saturated_pair_throughput(1 / 10, 1 / second_us, depth))


# ---- veto ---------------------------------------------------------------------------------------

RING = {"ring": "her", "pre_ticks": 40, "length_ticks": 88, "full_turns": 50, "gated_turns": 200}
GATE = 128 * QUANTA
PERIOD = 4000 * TURN


def some_kicks(last: int, seed: int) -> Kicks:
    """Return an announcement every 4000 turns, at random phases, for random positions."""
    rng = stream(seed, "tests/kicks")
    time = np.arange(TURN, last, PERIOD) + rng.integers(0, TURN, len(np.arange(TURN, last, PERIOD)))
    return Kicks(time, np.zeros(len(time), dtype=np.int64), rng.integers(0, 1280, len(time)))


def sequence_starts(kicks: Kicks) -> Ints:
    """Return when the veto goes up: at the bunch's phase less 40 ticks, 4 turns on or later."""
    earliest = kicks.time + 4 * TURN
    phase = (kicks.position - 40) * QUANTA % TURN
    return np.asarray(earliest + (phase - earliest) % TURN)


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_veto_fraction(mode: str) -> None:
    times = poisson_times(1500.0, 10_000_000, 31)
    kicks = some_kicks(int(times[-1]), 32)
    active = stream(33, "tests/activity").random(len(times)) < 0.3
    flags = np.where(active, ACTIVITY, 0).astype(np.uint8)
    veto = {"mode": mode, "rings": [RING]}
    played = play(times, [], flags=flags, kicks=kicks, veto=veto)
    second = 1e9  # of a clock with which a quantum is a nanosecond
    rate = len(kicks.time) / (int(times[-1]) / second)
    expected = dt.veto_fraction(rate, 50 * TURN / second, 200, GATE / second)
    assert_mean(batch_means(played.cause != 0), expected * (1 if mode == "passive" else 0.3))


def test_veto_and_paralysable_dead_time_are_independent() -> None:
    times = poisson_times(1500.0, 10_000_000, 34)
    kicks = some_kicks(int(times[-1]), 35)
    rule = {"kind": "dead_time", "ticks": 300, "paralysable": True}
    played = play(times, [rule], kicks=kicks, veto={"rings": [RING]})
    veto = len(kicks.time) * (50 * TURN + 200 * GATE) / int(times[-1])
    assert_mean(batch_means(played.refused & np.uint64(1)), veto)
    assert_mean(batch_means(played.refused >> np.uint64(1)), dt.paralysable_loss(0.2))
    expected = dt.independent_loss(veto, dt.paralysable_loss(0.2))
    assert_mean(batch_means(played.cause != 0), expected)


def test_veto_with_front_end_loss() -> None:
    """A dead time shorter than the gates: every open interval begins idle."""
    ticks, load = 100, 0.5
    times = poisson_times(ticks / load, 10_000_000, 36)
    kicks = some_kicks(int(times[-1]), 37)
    rule = {"kind": "min_spacing", "ticks": ticks}
    played = play(times, [rule], kicks=kicks, veto={"rings": [RING]})
    starts = sequence_starts(kicks)
    last_gate = starts + 50 * TURN + 199 * TURN + GATE
    tau = ticks * QUANTA
    open_long = [starts[0], *(starts[1:] - last_gate[:-1]), times[-1] - last_gate[-1]]
    accepts = 199 * len(starts) * dt.accepts_from_idle(load, (TURN - GATE) / tau)
    accepts += sum(dt.accepts_from_idle(load, float(length / tau)) for length in open_long)
    expected = 1 - accepts / (times[-1] / tau * load)
    assert_mean(batch_means(played.cause != 0), expected)


# ---- BUSY ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("round_trip_us", [0.05, 0.375, 1.0, 2.0])
def test_busy_headroom_is_enough_and_no_more_than_needed(round_trip_us: float) -> None:
    """Candidates on every tick and a front end that hardly empties: the worst that can come."""
    needed = dt.busy_headroom(round_trip_us * 128, 24)
    times = np.arange(0, 50_000, dtype=np.int64) * QUANTA

    def run(depth: int) -> Played:
        front = stage("fe", "l1", {"kind": "fixed", "us": 10.0}, depth=depth, almost_full=4)
        spacing = [{"kind": "min_spacing", "ticks": 24}]
        busy = {"latency_us": round_trip_us}
        return play(times, spacing, stages=[front], busy=busy, **CLOCK)

    played = run(3 + needed)
    assert played.result.stages[0].occupancy_max == 3 + needed
    if needed > 1:  # with less, depth would be below almost_full, which no file may ask for
        with pytest.raises(CheckFailed):
            run(2 + needed)
