"""The front-end buffer against its recursion over events, in plain Python."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import derandomizer
from firmware_models.errors import InputError
from firmware_models.interface.clock import TICK_NS

Rows = list[tuple[int, int, int, int, int]]


def _defined(l1: list[int], service: list[int], ready: list[int], depth: int, full: int) -> Rows:
    """Return (occupancy, busy, sent, tag, overflow) of each tick, from the departure times.

    D(n) is the first ready tick at or after max(A(n), D(n - 1)) + s(n). An accept on tick t finds
    those inside that came before t and leave after t.
    """
    arrive: list[int] = []
    depart: list[float] = []
    tags: list[int] = []
    lost: list[int] = []
    for number, t in enumerate(t for t, bit in enumerate(l1) if bit):
        if sum(d > t for d in depart) >= depth:
            lost.append(t)
            continue
        finish = max(t, depart[-1] if depart else t) + service[t]
        later = (u for u in range(len(ready)) if u >= finish and ready[u])
        depart.append(next(later, float("inf")))
        arrive.append(t)
        tags.append(number)
    rows = []
    for t in range(len(l1)):
        inside = sum(a <= t < d for a, d in zip(arrive, depart, strict=True))
        leaving = [tag for tag, d in zip(tags, depart, strict=True) if d == t]
        assert len(leaving) <= 1
        rows.append((inside, int(inside >= full), len(leaving), leaving[0] if leaving else 0,
                     int(any(u <= t for u in lost))))  # fmt: skip
    return rows


def _words(l1: list[int], service: list[int], ready: list[int]) -> np.ndarray:
    words = derandomizer.BLOCK.input.zeros(len(l1))
    words["l1"], words["service"], words["ready"] = l1, service, ready
    return words


def _model(words: np.ndarray, depth: int, full: int) -> Rows:
    registers = {"depth": np.array([depth]), "almost_full": np.array([full])}
    out = derandomizer.evaluate(words, registers)
    return [tuple(int(row[name]) for name in out.dtype.names) for row in out]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 150), st.sampled_from([0.05, 0.3, 0.8, 1.0]), st.integers(1, 9),
    st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.integers(1, 20), st.integers(1, 22),
    st.integers(0, 2**32),
)  # fmt: skip
def test_equals_the_recursion(
    n: int, rate: float, longest: int, ready: float, depth: int, full: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    l1 = (rng.random(n) < rate).astype(int).tolist()
    service = rng.integers(1, longest + 1, n).tolist()
    link = (rng.random(n) < ready).astype(int).tolist()
    expected = _defined(l1, service, link, depth, full)
    assert _model(_words(l1, service, link), depth, full) == expected


@pytest.mark.parametrize("depth", [1, 2, 63, 64])
def test_depth_is_what_fits(depth: int) -> None:
    """With a link that takes nothing, exactly `depth` events stay; the next one is lost."""
    n = depth + 3
    words = _words([1] * n, [1] * n, [0] * n)
    rows = _model(words, depth, 127)
    assert [row[0] for row in rows] == [min(t + 1, depth) for t in range(n)]
    assert [row[4] for row in rows] == [int(t >= depth) for t in range(n)]


@pytest.mark.parametrize(
    ("l1", "service", "ready", "sent"),
    [
        ("10000", "30000", "11111", "00010"),  # leaves on t + service
        ("10000", "30000", "11101", "00001"),  # … or on the first ready tick after
        ("11000", "12000", "11111", "01010"),  # the second starts when the first leaves
        ("11000", "22000", "11011", "00010"),  # … also when the first had to wait
        ("11111", "11111", "11111", "01111"),  # a tick each: one leaves as one comes
    ],
)
def test_edge_cases(l1: str, service: str, ready: str, sent: str) -> None:
    rows = _model(_words(*([int(c) for c in text] for text in (l1, service, ready))), 16, 8)
    assert "".join(str(row[2]) for row in rows) == sent


def test_departure_comes_before_arrival() -> None:
    """A full block takes an accept on the tick on which an event leaves."""
    words = _words([1, 1, 0, 1], [3, 3, 0, 3], [1, 1, 1, 1])
    rows = _model(words, 2, 2)
    assert [row[0] for row in rows] == [1, 2, 2, 2]
    assert [row[4] for row in rows] == [0, 0, 0, 0]


def test_tag_tells_which_event_was_lost() -> None:
    rows = _model(_words([1, 1, 1, 0, 0, 0], [2] * 6, [1] * 6), 1, 1)
    assert [row[3] for row in rows if row[2]] == [0, 2]


def test_everything_that_enters_leaves_in_order() -> None:
    rng = np.random.default_rng(3)
    words = _words((rng.random(20_000) < 0.1).astype(int).tolist(),
                   rng.integers(1, 16, 20_000).tolist(), [1] * 20_000)  # fmt: skip
    words["l1"][-2000:] = 0
    out = derandomizer.evaluate(words, {"depth": np.array([64])})
    assert out["overflow"][-1] == 0
    assert out["tag"][out["sent"] == 1].tolist() == list(range(int(words["l1"].sum())))
    assert out["occupancy"][-1] == 0
    assert int(out["occupancy"].max()) > 8


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 40), max_size=8))
def test_any_chunking_gives_the_same_stream(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    words = _words((rng.random(200) < 0.4).astype(int).tolist(), rng.integers(1, 6, 200).tolist(),
                   (rng.random(200) < 0.6).astype(int).tolist())  # fmt: skip
    whole = derandomizer.evaluate(words)
    state = derandomizer.State.after_reset()
    cuts = np.minimum(np.cumsum([0, *lengths, 200]), 200)
    parts = [derandomizer.evaluate(words[a:b], state=state) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert state.occupancy == whole["occupancy"][-1]


def test_times_become_ticks() -> None:
    time = np.array([-1.0, 0.0, 2.5, 1e9]) * TICK_NS
    service = np.array([1.0, 1.0, 2.01, 1.0]) * TICK_NS
    words = derandomizer.quantize(4, time, service, np.array([1, 0, 1, 0], dtype=bool))
    assert words["l1"].tolist() == [1, 0, 1, 0]
    assert words["service"].tolist() == [1, 0, 3, 0]
    assert words["ready"].tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("time", "service", "ready", "says"),
    [
        ([np.nan], [9.0], None, "finite"),
        ([1.0], [0.0], None, "service 0 must be above 0"),
        ([1.0], [np.nan], None, "service 0 must be above 0"),
        ([1.0], [1e9], None, "at most 515124"),
        ([1.0, 2.0], [9.0, 9.0], None, "two accepts on tick 0"),
        ([1.0], [9.0, 9.0], None, "1 accepts and 2 services"),
        ([1.0], [9.0], [True], "ready must have 4 ticks, not 1"),
    ],
)
def test_bad_values(
    time: list[float], service: list[float], ready: list[bool] | None, says: str
) -> None:
    link = None if ready is None else np.array(ready)
    with pytest.raises(InputError, match=says):
        derandomizer.quantize(4, np.array(time), np.array(service), link)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("depth", 0, "depth must be 1 to 64, not 0"),
        ("depth", 65, "depth must be 1 to 64, not 65"),
        ("almost_full", 0, "almost_full must be 1 to 127, not 0"),
        ("almost_full", 128, "almost_full must be 1 to 127, not 128"),
    ],
)
def test_bad_registers(name: str, value: int, says: str) -> None:
    words = derandomizer.BLOCK.input.zeros(1)
    with pytest.raises(InputError, match=says):
        derandomizer.evaluate(words, {name: np.array([value])})


def test_service_of_no_tick_is_refused() -> None:
    with pytest.raises(InputError, match="the accept of word 1 has service 0"):
        derandomizer.evaluate(_words([0, 1], [0, 0], [1, 1]))
