"""Sources of candidates against closed forms, plain calculations and their own contract."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare, expon, kstest

from firmware_models.errors import InputError
from sim.accelerator import Accelerator
from sim.readout.arrivals import ACTIVITY, PROBE, SHORT, Arrivals, Source
from sim.readout.config import parse_readout
from sim.readout.run import run_readout
from sim.readout.sources import make_source
from sim.readout.sources.candidates import CHUNK, Candidates, plain
from sim.readout.sources.merge import PlayedSource, make_accelerator, merge, rechunk
from sim.readout.sources.times import bernoulli_times, poisson_times
from sim.streams import stream

MHZ = 127.22175
HZ = MHZ * 1e6 * 256
TURN = 1280 * 256
NO_INJECTION = {"her": {"injection_hz": 0}, "ler": {"injection_hz": 0}}


def _source(arrivals: dict[str, Any], triggers: int = 1000, **tables: Any) -> Source:
    run = {"triggers": triggers, **tables.pop("run", {})}
    data = {"arrivals": arrivals, "run": run, **tables}
    return make_source(parse_readout(data, "x.toml"), "x.toml")


def _all(source: Source) -> Arrivals:
    chunks = list(source.chunks())
    return Arrivals(
        np.concatenate([c.time for c in chunks]),
        np.concatenate([c.flags for c in chunks]),
        np.concatenate([c.pattern for c in chunks]),
        chunks[0].kicks,
    )


def _bytes(source: Source) -> bytes:
    return b"".join(
        array.tobytes()
        for c in source.chunks()
        for array in (c.time, c.flags, c.pattern, c.kicks.time, c.kicks.ring, c.kicks.position)
    )


FRACTIONS = {"short_fraction": 0.25, "activity_fraction": 0.1}
POISSON = {"kind": "poisson", "rate_khz": 30.0}
BERNOULLI = {"kind": "bernoulli", "rate_khz": 30.0}
BEAM = {"kind": "beam", "rate_khz": 30.0}


# --- Poisson and Bernoulli ---


def test_poisson_gaps_are_exponential() -> None:
    n = 200_000
    time = _all(_source(POISSON, n)).time
    gaps = np.diff(time, prepend=0)
    mean = HZ / 30e3
    # Whole quanta are 1e-6 of a gap: far below what the test can see.
    assert kstest(gaps / mean, expon.cdf).pvalue > 1e-3
    assert abs(gaps.mean() / mean - 1) < 4 / math.sqrt(n)
    again = np.corrcoef(gaps[:-1], gaps[1:])[0, 1]
    assert abs(again) < 4 / math.sqrt(n)


@pytest.mark.parametrize("gap", [0.3, 1e3 / 3, 1e13])
def test_poisson_times_do_not_drift_from_exact_sums(gap: float) -> None:
    chunks = 2
    times = np.concatenate(list(islice(poisson_times(3, "test", gap), chunks)))
    total = Fraction(0)
    step = Fraction(gap)
    worst = 0
    for chunk in range(chunks):
        exponential = stream(3, "test", chunk).standard_exponential(CHUNK).tolist()
        for i, e in enumerate(exponential):
            total += Fraction(e) * step
            if i % 4096 == 4095:
                worst = max(worst, abs(math.floor(total) - int(times[chunk * CHUNK + i])))
    # A product with 10¹³ is known to 2⁻¹⁰ or so: their sum over 2¹⁸ of them to less than 10.
    assert worst <= (1 if gap < 1e6 else 10)


def test_bernoulli_gaps_are_geometric_and_on_edges() -> None:
    p = 0.3
    n = 200_000
    time = _all(_source({"kind": "bernoulli", "rate_khz": p * MHZ * 1e3}, n)).time
    assert np.all(time % 256 == 0)
    gaps = np.diff(time // 256, prepend=0)
    assert gaps.min() == 1
    observed = np.bincount(np.minimum(gaps, 15))[1:]
    expected = p * (1 - p) ** np.arange(15)
    expected[14] = (1 - p) ** 14
    assert chisquare(observed, expected * n).pvalue > 1e-3


def test_bernoulli_at_30_khz_has_its_mean() -> None:
    n = 200_000
    ticks = _all(_source(BERNOULLI, n)).time[-1] / 256
    assert abs(n / ticks / (30e3 / (MHZ * 1e6)) - 1) < 4 / math.sqrt(n)


def test_bernoulli_with_probability_one_fills_every_tick() -> None:
    times = next(bernoulli_times(1, "test", 1.0))
    assert np.array_equal(times, np.arange(1, CHUNK + 1) * 256)
    config = {"kind": "bernoulli", "rate_khz": 100e3}
    _source(config, clock={"frequency_mhz": 100.0})
    with pytest.raises(InputError, match=r"arrivals: rate_khz: must not be above .* 100000 kHz"):
        _source({**config, "rate_khz": 100_001.0}, clock={"frequency_mhz": 100.0})


def test_the_clock_sets_the_quantum() -> None:
    slow = _all(_source(POISSON, 1000, clock={"frequency_mhz": 40.0})).time[-1]
    fast = _all(_source(POISSON, 1000, clock={"frequency_mhz": 80.0})).time[-1]
    assert abs(fast - 2 * slow) <= 1


# --- flags ---


@pytest.mark.parametrize("kind", ["poisson", "bernoulli"])
def test_flags_have_their_fractions_and_are_independent(kind: str) -> None:
    n = 200_000
    flags = _all(_source({"kind": kind, "rate_khz": 30.0, **FRACTIONS}, n)).flags
    assert set(np.unique(flags).tolist()) == {0, SHORT, ACTIVITY, SHORT | ACTIVITY}
    p, q = 0.25, 0.1
    expected = np.array([(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q]) * n
    assert chisquare(np.bincount(flags, minlength=4), expected).pvalue > 1e-3


def test_fractions_of_none_and_all() -> None:
    assert not _all(_source(POISSON)).flags.any()
    every = {**POISSON, "short_fraction": 1.0, "activity_fraction": 1.0}
    assert np.all(_all(_source(every, 200_000)).flags == SHORT | ACTIVITY)


def test_flags_leave_the_times_alone() -> None:
    assert np.array_equal(
        _all(_source(POISSON, 3000)).time, _all(_source({**POISSON, **FRACTIONS}, 3000)).time
    )


# --- the contract of every source ---

CONTRACT = [
    {"arrivals": {**POISSON, **FRACTIONS}},
    {"arrivals": POISSON, "machine": {}},
    {"arrivals": BERNOULLI, "machine": {}, "run": {"probe_khz": 45.0}},
    {"arrivals": {**BEAM, **FRACTIONS, "jitter_ns": 50.0}, "machine": {}},
    {"arrivals": BEAM, "machine": NO_INJECTION, "run": {"probe_khz": 1.0}},
]


@pytest.mark.parametrize("tables", CONTRACT)
def test_every_call_gives_the_same_bytes_and_the_seed_counts(tables: dict[str, Any]) -> None:
    source = _source(triggers=150_000, **tables)
    first = _bytes(source)
    assert _bytes(source) == first
    assert _bytes(_source(triggers=150_000, **tables)) == first
    run = {**tables.get("run", {}), "seed": 2}
    assert _bytes(_source(triggers=150_000, **{**tables, "run": run})) != first


@pytest.mark.parametrize("tables", CONTRACT)
def test_chunks_keep_the_contract(tables: dict[str, Any]) -> None:
    source = _source(triggers=CHUNK + 1000, **tables)
    chunks = list(source.chunks())
    whole = _all(source)
    assert (whole.flags & PROBE == 0).sum() == CHUNK + 1000
    assert whole.flags[-1] & PROBE == 0
    assert np.all(np.diff(whole.time) >= 0)
    assert whole.time[0] >= 0
    assert np.all(whole.pattern == -1)
    assert source.lines == ()
    before = -1
    for chunk in chunks:
        assert 0 < len(chunk.time) <= CHUNK
        assert (chunk.time.dtype, chunk.flags.dtype, chunk.pattern.dtype) == ("i8", "u1", "i4")
        assert np.all(np.diff(chunk.kicks.time) >= 0)
        if len(chunk.kicks.time):
            assert chunk.kicks.time[0] > before
            assert chunk.kicks.time[-1] <= chunk.time[-1]
        before = chunk.time[-1]
    n_kicks = sum(len(chunk.kicks.time) for chunk in chunks)
    injects = tables.get("machine") == {}
    seconds = whole.time[-1] / HZ
    assert abs(n_kicks - (25 * seconds if injects else 0)) < 3


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    for tables in CONTRACT:
        n = 1000
        long, short = (_all(_source(triggers=t, **tables)) for t in (5000, n))
        m = len(short.time)
        assert np.array_equal(long.time[:m], short.time)
        assert np.array_equal(long.flags[:m], short.flags)


def test_kicks_are_those_of_the_machine() -> None:
    source = _source(POISSON, 100_000, machine={}, run={"seed": 4})
    chunks = list(source.chunks())
    last = int(chunks[-1].time[-1])
    config = source.accelerator.config  # type: ignore[attr-defined]
    expected = Accelerator(config, seed=4).kicks(0, last + 1)
    assert np.array_equal(np.concatenate([c.kicks.time for c in chunks]), expected.time)
    assert np.array_equal(np.concatenate([c.kicks.position for c in chunks]), expected.position)
    assert len(expected.time) > 60
    assert sum(len(c.kicks.time) for c in _source(POISSON, 1000).chunks()) == 0


@pytest.mark.parametrize("late", [0, 636])
def test_a_kick_comes_with_the_first_chunk_that_does_not_end_before_it(late: int) -> None:
    config = parse_readout({"arrivals": POISSON, "machine": {}}, "x.toml")
    accelerator = make_accelerator(config, "x.toml")
    assert accelerator is not None
    announced = (accelerator.kicks(0, round(2 * HZ)).time + late * 256).tolist()
    ends = [t + d for t in announced for d in (-256, -1, 0, 1, 256)]

    def candidates() -> Iterator[Candidates]:
        for end in ends:
            yield plain(np.array([end - 100, end]), np.zeros(2, dtype=np.uint8))

    source = PlayedSource(config, candidates, "x.toml", latency_ticks=late)
    given = [chunk.kicks.time.tolist() for chunk in source.chunks()]
    assert len(given) == len(ends) == 5 * len(announced)
    assert given == [[t] if d == 0 else [] for t in announced for d in (-256, -1, 0, 1, 256)]


def test_probes_are_random_and_leave_the_candidates_alone() -> None:
    n = 100_000
    alone = _all(_source({**POISSON, **FRACTIONS}, n))
    both = _all(_source({**POISSON, **FRACTIONS}, n, run={"probe_khz": 60.0}))
    probe = both.flags == PROBE
    assert np.array_equal(both.time[~probe], alone.time)
    assert np.array_equal(both.flags[~probe], alone.flags)
    seconds = alone.time[-1] / HZ
    assert abs(probe.sum() - 60e3 * seconds) < 4 * math.sqrt(60e3 * seconds)
    assert kstest(both.time[probe] / alone.time[-1], "uniform").pvalue > 1e-3


# --- merging ---


def _pieces(time: np.ndarray, mark: int, rng: np.random.Generator) -> list[Candidates]:
    """Cut times into pieces, some of them empty; the pattern numbers the candidates."""
    n = len(time)
    cuts = np.sort(np.concatenate([[0, n], rng.integers(0, n + 1, 9)]))
    number = np.arange(n, dtype=np.int32)
    result, end = [], 0
    for a, b in pairwise(cuts.tolist()):
        end = int(time[b - 1]) if b > a else end
        flags = np.full(b - a, mark, dtype=np.uint8)
        result.append(Candidates(time[a:b], flags, number[a:b], end))
    return result


@pytest.mark.parametrize("seed", range(20))
def test_merge_and_rechunk_equal_a_sort(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few different times: ties within and across pieces.
    a, b = (np.sort(rng.integers(0, 30, n)) for n in (100, 80))
    expected = sorted(
        [(int(t), 0, i) for i, t in enumerate(a)] + [(int(t), 1, i) for i, t in enumerate(b)]
    )

    def merged(*, short: bool) -> list[tuple[int, int, int]]:
        streams = iter(_pieces(a, 0, rng)), iter(_pieces(b, 1, rng))
        pieces = list(rechunk(merge(*streams, ends_with_first=short), 7))
        assert all(len(piece.time) == 7 for piece in pieces[:-1])
        return [
            row for p in pieces for row in zip(*(x.tolist() for x in p[:3]), strict=True)
        ]  # fmt: skip

    assert [(t, f, n) for t, f, n in merged(short=False)] == expected
    last = expected.index((int(a[-1]), 0, len(a) - 1))
    assert [(t, f, n) for t, f, n in merged(short=True)] == expected[: last + 1]


# --- beam ---


def test_collisions_reach_the_throttle_on_the_edge_after_their_bucket() -> None:
    source = _source({**BEAM, "latency_us": 5.0}, 100_000, machine=NO_INJECTION)
    arrivals = _all(source)
    latency = round(5.0 * MHZ)
    assert np.all(arrivals.time % 256 == 0)
    ticks = arrivals.time // 256 - latency
    buckets = source.accelerator.filling.buckets  # type: ignore[attr-defined]
    allowed = {-(-b // 4) % 1280 for b in buckets.tolist()}
    assert set((ticks % 1280).tolist()) <= allowed
    assert len(allowed) < 1200  # the gaps can be seen
    seconds = arrivals.time[-1] / HZ
    assert abs(100_000 / (30e3 * seconds) - 1) < 4 / math.sqrt(100_000)


def test_jitter_has_its_width_and_order_is_kept() -> None:
    # 1 Hz: no candidate overtakes another, so that they can be compared one by one.
    slow = {"kind": "beam", "rate_khz": 1e-3, "latency_us": 50.0}
    without, jittered = (
        _all(_source({**slow, "jitter_ns": j}, 20_000, machine=NO_INJECTION)).time
        for j in (0.0, 500.0)
    )
    moved = (jittered - without) / HZ * 1e9
    assert np.std(moved) == pytest.approx(500.0, rel=4 / math.sqrt(2 * 20_000) + 1e-4)
    assert abs(moved.mean()) < 4 * 500 / math.sqrt(20_000)
    fast = _all(_source({**BEAM, "rate_khz": 1e4, "jitter_ns": 500.0}, 300_000, machine={})).time
    assert np.all(np.diff(fast) >= 0)
    assert np.all(fast % 256 == 0)


MANY = {
    "her": {"injection_hz": 25.0, "candidates_per_shot": 300.0},
    "ler": {"injection_hz": 25.0, "candidates_per_shot": 200.0},
}


def test_injection_background_comes_on_top_in_the_strip() -> None:
    config = {**BEAM, "rate_khz": 10.0, "latency_us": 0.0, "activity_fraction_in_strip": 1.0}
    source = _source(config, 300_000, machine=MANY)
    arrivals = _all(source)
    accelerator = source.accelerator  # type: ignore[attr-defined]
    seconds = arrivals.time[-1] / HZ
    background = accelerator.injection_times(0, int(arrivals.time[-1]), 1)[0]
    edges = -(-background // 256) * 256
    # every background candidate is there, as often as it occurs
    found, counts = np.unique(arrivals.time, return_counts=True)
    wanted, times = np.unique(edges[edges < arrivals.time[-1]], return_counts=True)
    index = np.searchsorted(found, wanted)
    assert np.array_equal(found[index], wanted)
    assert np.all(counts[index] >= times)
    collisions = 300_000 - len(background)
    assert abs(collisions - 10e3 * seconds) < 4 * math.sqrt(10e3 * seconds)
    # activity: all of the background, and collisions with the strips' share of the time
    active = (arrivals.flags & ACTIVITY) != 0
    share = sum(
        25.0 * r.length / TURN * r.width / HZ for r in accelerator.rings
    )  # strips may meet at random: a correction of second order
    expected = share * 10e3 * seconds
    assert (
        abs(active.sum() - len(background) - expected) < 5 * math.sqrt(expected) + share * expected
    )


def test_activity_fractions_in_and_out_of_the_strip() -> None:
    config = {
        **BEAM, "rate_khz": 10.0, "latency_us": 0.0, "activity_fraction": 0.05,
        "activity_fraction_in_strip": 0.6, "short_fraction": 0.5,
    }  # fmt: skip
    source = _source(config, 200_000, machine=MANY)
    arrivals = _all(source)
    # Where a candidate was before it was moved to the edge is known to a tick: leave out doubt.
    accelerator = source.accelerator  # type: ignore[attr-defined]
    inside = accelerator.in_strip(arrivals.time) & accelerator.in_strip(arrivals.time - 255)
    outside = ~accelerator.in_strip(arrivals.time) & ~accelerator.in_strip(arrivals.time - 255)
    active = (arrivals.flags & ACTIVITY) != 0
    for where, p in ((inside, 0.6), (outside, 0.05)):
        n = int(where.sum())
        assert n > 10_000
        assert abs(active[where].sum() - p * n) < 4 * math.sqrt(p * (1 - p) * n)


def test_kicks_of_a_beam_come_with_the_latency_of_its_candidates() -> None:
    config = {**BEAM, "rate_khz": 0.1, "latency_us": 5.0}
    source = _source(config, 20_000, machine=MANY)
    late = source.latency_ticks  # type: ignore[attr-defined]
    assert late == round(5.0 * MHZ)
    accelerator = source.accelerator  # type: ignore[attr-defined]
    kicks = [chunk.kicks for chunk in source.chunks()]
    own = accelerator.kicks(0, 10 * int(HZ))
    n = sum(len(k.time) for k in kicks)
    assert 50 < n < len(own.time)
    assert np.array_equal(np.concatenate([k.time for k in kicks]), own.time[:n] + late * 256)
    position = np.concatenate([k.position for k in kicks])
    assert np.array_equal(position, (own.position[:n] + late) % 1280)


# --- messages ---


@pytest.mark.parametrize(
    ("arrivals", "message"),
    [
        ({}, r"^x.toml: arrivals: needs a kind$"),
        ({"kind": "poison"}, r"arrivals: unknown kind 'poison' \(nearest: 'poisson'\)"),
        ({"kind": 3}, r"arrivals: unknown kind '3'"),
        ({"kind": "poisson"}, r"arrivals: rate_khz: is missing"),
        ({"kind": "poisson", "rate_khz": 0}, r"arrivals: rate_khz: .*greater than 0"),
        ({**POISSON, "short": 0.1}, r"arrivals: short: unknown key \(nearest: 'short_fraction'\)"),
        ({**BERNOULLI, "activity_fraction": 1.1}, r"arrivals: activity_fraction: .*not 1.1"),
        (BEAM, r"^x.toml: kind beam needs a table \[machine\]$"),
        ({**POISSON, "rate_khz": 1e-9}, r"1000 triggers at 1e-09 kHz take 1e\+09 s; .*1.42e\+08 s"),
    ],
)
def test_wrong_arrivals_are_explained(arrivals: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _source(arrivals)


def test_wrong_machines_are_explained() -> None:
    with pytest.raises(InputError, match=r"^x.toml: machine: bunches: 3000 bunches do not fit"):
        _source(POISSON, machine={"bunches": 3000})
    with pytest.raises(InputError, match=r"^x.toml: machine: bunch: unknown key"):
        _source(POISSON, machine={"bunch": 3000})


def test_a_pipeline_needs_the_menu() -> None:
    data = {"arrivals": {"kind": "poisson", "rate_khz": 1.0}, "pipeline": {}}
    with pytest.raises(InputError, match=r"x: pipeline: stands with arrivals of kind menu"):
        make_source(parse_readout(data, "x"), "x")


def test_a_veto_needs_a_machine() -> None:
    data = {
        "arrivals": {"kind": "poisson", "rate_khz": 1.0},
        "veto": {"rings": [{"ring": "her", "full_turns": 1}]},
    }
    with pytest.raises(InputError, match=r"x: veto: needs a table \[machine\]"):
        run_readout(parse_readout(data, "x"), place="x")
