"""Injection maps: equal to a count by hand, however the run is cut, and nothing is lost."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sim.accelerator import Accelerator
from sim.accelerator.config import parse_machine
from sim.readout.arrivals import PROBE, Arrivals, Kicks
from sim.readout.config import parse_readout
from sim.readout.engine import Verdicts
from sim.readout.injection_map import LAST_TURN, PHASE_EDGES, TURN_EDGES, InjectionMap
from sim.readout.run import ReadoutResult, run_readout

TURN = 1280 * 256
RING = {"pre_ticks": 20, "length_ticks": 107, "full_turns": 50, "gated_turns": 300}


def played(triggers: int = 30_000, **tables: Any) -> ReadoutResult:
    data = {
        "run": {"triggers": triggers, "seed": 3, "probe_khz": 10.0},
        "arrivals": {"kind": "beam", "rate_khz": 30.0, "latency_us": 4.321},
        "machine": {},
        "veto": {"rings": [{"ring": "her", **RING}, {"ring": "ler", **RING}]},
        "throttle": [{"kind": "min_spacing", "ticks": 24}],
        **tables,
    }
    return run_readout(parse_readout(data, "test"), place="test")


@pytest.fixture(scope="module")
def result() -> ReadoutResult:
    return played()


def test_maps_and_outside_add_up_to_the_tally(result: ReadoutResult) -> None:
    assert result.injection is not None
    tally = result.tally
    assert tally.batches[:, 1].sum() > 500
    for ring in result.injection.to_json()["rings"]:
        sums = {name: int(np.sum(ring[name])) + ring["outside"][name] for name in ring["outside"]}
        assert sums == {
            "offered": tally.offered,
            "accepted": tally.accepted,
            "vetoed": tally.batches[:, 1].sum(),
            "probes": tally.probes.sum(),
            "probes_accepted": tally.probes[:, 0].sum(),
        }


def by_hand(arrivals: Arrivals, cause: list[int], passages: list[list[int]]) -> dict[Any, int]:
    """Count candidates by ring, outcome and bins; passages in whole ticks, as announced."""
    found: dict[Any, int] = {}
    for time, flags, verdict in zip(
        arrivals.time.tolist(), arrivals.flags.tolist(), cause, strict=True
    ):
        if verdict < 0:
            continue
        outcome = (0 if verdict == 0 else 1 if verdict == 1 else 2) + (3 if flags & PROBE else 0)
        for ring in range(2):
            starts = [p // 256 * 256 - TURN // 2 for p in passages[ring]]
            last = bisect_right(starts, time) - 1
            place = None
            if last >= 0 and (time - starts[last]) // TURN < LAST_TURN:
                since = time - starts[last]
                turn = bisect_right(TURN_EDGES.tolist(), since // TURN) - 1
                phase = bisect_right(PHASE_EDGES.tolist(), (since % TURN) / 256 - 640) - 1
                place = (turn, phase)
            key = (ring, outcome, place)
            found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize("pieces", [1, 2, 7, 60])
def test_equal_to_a_count_by_hand_however_it_is_cut(pieces: int) -> None:
    accelerator = Accelerator(parse_machine({}, "test"), seed=5)
    rng = np.random.default_rng(pieces)
    n, end = 3000, 20_000 * TURN
    time = np.sort(rng.integers(0, end, n))
    flags = rng.choice([0, PROBE], n, p=[0.8, 0.2]).astype(np.uint8)
    cause = rng.choice([-1, 0, 1, 2, 3], n)
    passages = [ring.shots.passages(0, 20).tolist() for ring in accelerator.rings]
    # Both the candidates at the map's first and last instants and those just beyond are there.
    for ring in range(2):
        start = passages[ring][1] // 256 * 256 - TURN // 2
        time[ring * 4 : ring * 4 + 4] = np.array([-1, 0, LAST_TURN * TURN - 1, LAST_TURN * TURN])
        time[ring * 4 : ring * 4 + 4] += start
    time.sort()
    kicks = accelerator.kicks(0, int(time[-1]) + 1)
    found = InjectionMap(accelerator, veto=True)
    cuts = [0, *sorted(rng.choice(np.arange(1, n), pieces - 1, replace=False).tolist()), n]
    for a, b in pairwise(cuts):
        told = (kicks.time <= time[b - 1]) & (kicks.time > (time[a - 1] if a else -1))
        part = Arrivals(
            time[a:b], flags[a:b], np.full(b - a, -1, dtype=np.int32),
            Kicks(kicks.time[told], kicks.ring[told], kicks.position[told]),
        )  # fmt: skip
        found(
            part, np.zeros((b - a, 0), np.uint64), Verdicts(cause[a:b], np.zeros(b - a, np.uint64))
        )
    whole = Arrivals(time, flags, np.full(n, -1, dtype=np.int32), kicks)
    expected = by_hand(whole, cause.tolist(), passages)
    counts = np.zeros_like(found.counts)
    outside = np.zeros_like(found.outside)
    for (ring, outcome, place), number in expected.items():
        if place is None:
            outside[ring, outcome] += number
        else:
            counts[(ring, outcome, *place)] += number
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_array_equal(found.outside, outside)
    last = int(time[-1])
    assert found.shots.tolist() == [
        sum(p // 256 * 256 - TURN // 2 <= last for p in passages[ring]) for ring in range(2)
    ]


def test_latency_drops_out_and_the_strip_lies_at_the_bunch() -> None:
    silent = {"rings": [{"ring": "her"}, {"ring": "ler"}]}
    maps = []
    for latency in (0.0, 4.321):
        arrivals = {"kind": "beam", "rate_khz": 1e-3, "latency_us": latency}
        # Without jitter every injection candidate is inside the strip; nothing else comes.
        run = played(20_000, arrivals=arrivals, veto=silent, run={"triggers": 20_000, "seed": 3})
        assert run.injection is not None
        maps.append(run.injection.counts)
    np.testing.assert_array_equal(*maps)
    # The other ring's injection comes 20 ms later; up to 10 ms a ring's own background is alone.
    early = int(np.searchsorted(TURN_EDGES, 1000))
    own = maps[0][:, :3, :early].sum(axis=(1, 2))
    assert (own.sum(axis=1) > 5000).all()
    # HER: 0.13 us, LER: 0.30 us, that is 17 and 38 ticks around the middle.
    near = (PHASE_EDGES[:-1] >= -20) & (PHASE_EDGES[:-1] <= 20)
    # What is left are the collisions, at 1 Hz for 40 s, of which a map sees a quarter.
    assert own[:, ~near].sum() < 40


def test_full_veto_lets_nothing_through(result: ReadoutResult) -> None:
    assert result.injection is not None
    accepted = result.injection.counts[:, 0]
    first, last = (int(np.searchsorted(TURN_EDGES, turn)) for turn in (1, 48))
    assert accepted[:, first:last].sum() == 0
    assert result.injection.counts[:, 1, first:last].sum() > 100


def test_no_map_without_injection() -> None:
    none = {"her": {"injection_hz": 0.0}, "ler": {"injection_hz": 0.0}}
    assert played(2000, machine=none).injection is None
    poisson = {"kind": "poisson", "rate_khz": 30.0}
    plain = parse_readout({"run": {"triggers": 2000}, "arrivals": poisson}, "test")
    assert run_readout(plain).injection is None
