"""The throttle against a tick-by-tick oracle, and against the laws that its rules obey."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import l1_throttle as block
from firmware_models.errors import InputError
from firmware_models.interface.clock import TICK_NS
from firmware_models.interface.throttle import RULES
from hdl.testbenches.l1_throttle import stimulus

TURN = 1280
OFF: dict[str, Any] = {"spacing": [0], "apv_cells": [0]}
"""With these every rule is off."""


class Oracle:
    """The rules of the reference page in plain integers: lists of times, counted afresh each tick.

    No counter of the model is kept here, and no code is shared: windows count a list of accepts,
    a FIFO is its list of departures, a bucket counts tokens down and up tick by tick, the APV25 is
    the list of the ends of all frames, a veto sequence is the set of its ticks.
    """

    def __init__(self, registers: dict[str, Any]) -> None:
        full = {r.name: [r.default] * r.count for r in block.BLOCK.registers}
        self.r = full | {k: [int(x) for x in np.ravel(v)] for k, v in registers.items()}
        self.t = -1
        self.accepts: list[int] = []
        self.tokens = list(self.r["bucket_size"])
        self.timer = [0] * 4
        self.departures: list[list[int]] = [[], []]
        self.events: list[tuple[int, int]] = []  # first tick of the read-out, cells
        self.sequences: list[dict[str, Any]] = [{"over": 0}, {"over": 0}]

    def step(self, word: Any) -> tuple[Any, ...]:
        """Return (l1, cause, refused, short, veto, cells, tag) of one tick."""
        self.t += 1
        self._drain()
        veto = [self._veto(ring, word) for ring in (0, 1)]
        three = {0: False, 1: True, 2: bool(word["short"])}[self.r["apv_samples"][0]]
        cells = 3 if three else 6
        refused = [0] * 13
        cause, l1, tag = 0, 0, 0
        if word["l1"]:
            refused = [int(x) for x in self._refusals(word, veto, cells)]
            cause = refused.index(1) + 1 if any(refused) else 0
            if not cause:
                l1, tag = 1, len(self.accepts)
                self._accept(cells)
        occupied = self._occupied()
        return l1, cause, refused, int(three and l1), [int(v) for v in veto], occupied, tag

    def _refusals(self, word: Any, veto: list[bool], cells: int) -> list[bool]:
        r, t = self.r, self.t
        quiet = r["veto_active"][0] and not word["activity"]
        busy = sum(int(b) << i for i, b in enumerate(word["busy"]))
        rules = [any(veto) and not quiet, busy & r["busy_mask"][0] != 0]
        rules.append(any(t - a < r["spacing"][0] for a in self.accepts[-1:]))
        for most, ticks in zip(r["window_accepts"], r["window_ticks"], strict=True):
            inside = sum(1 for a in self.accepts if t - a < ticks)
            rules.append(most > 0 and inside >= most)
        rules += [r["bucket_size"][i] > 0 and self.tokens[i] == 0 for i in range(4)]
        for i in range(2):
            inside = sum(1 for d in self.departures[i] if d > t)
            rules.append(r["fifo_depth"][i] > 0 and inside >= r["fifo_depth"][i])
        rules.append(r["apv_cells"][0] > 0 and self._occupied() + cells > r["apv_cells"][0])
        return rules

    def _drain(self) -> None:
        """Give tokens back: a free timer by division, the other by counting down to 0."""
        for i, size in enumerate(self.r["bucket_size"]):
            if self.tokens[i] == size:
                continue
            if self.r["bucket_free"][i]:
                self.tokens[i] += self.t % self.r["bucket_drain"][i] == 0
                continue
            self.timer[i] -= 1
            if self.timer[i] == 0:
                self.tokens[i] += 1
                self.timer[i] = self.r["bucket_drain"][i]

    def _accept(self, cells: int) -> None:
        self.accepts.append(self.t)
        for i, size in enumerate(self.r["bucket_size"]):
            if size:
                if self.tokens[i] == size:
                    self.timer[i] = self.r["bucket_drain"][i]
                self.tokens[i] -= 1
        for service, departures in zip(self.r["fifo_service"], self.departures, strict=True):
            departures.append(max([self.t, *departures[-1:]]) + service)
        if self.r["apv_cells"][0]:
            before = [start + n * self.r["apv_frame"][0] for start, n in self.events[-1:]]
            idle = not before or before[0] <= self.t
            earliest = self.t + self.r["apv_processing"][0] if idle else before[0]
            grid = self.r["apv_grid"][0]
            self.events.append((-(-earliest // grid) * grid, cells))

    def _occupied(self) -> int:
        frame, eventwise = self.r["apv_frame"][0], self.r["apv_eventwise"][0]
        total = 0
        for start, n in self.events:
            ends = [start + (n if eventwise else k) * frame for k in range(1, n + 1)]
            total += sum(1 for end in ends if end > self.t)
        return total

    def _veto(self, ring: int, word: Any) -> bool:
        """Return whether the ring's window is up: each sequence is written out as a set."""
        r, t, now = self.r, self.t, self.sequences[ring]
        pre, length = r["veto_pre"][ring], r["veto_length"][ring]
        full, gated = r["veto_full_turns"][ring], r["veto_gated_turns"][ring]
        idle = now["over"] is not None and t >= now["over"]
        if idle and word["kick"][ring] and r["veto_enable"][ring] and full + gated:
            now.clear()
            now |= {"over": None, "from": t + r["veto_wait_turns"][ring] * TURN,
                    "at": (int(word["position"]) - pre) % TURN}  # fmt: skip
        if now["over"] is None and t >= now["from"] and int(word["tick"]) == now["at"]:
            now["over"] = t + (full + gated) * TURN
            now["up"] = set(range(t, t + full * TURN))
            for turn in range(full, full + gated):
                start = t + turn * TURN
                now["up"] |= set(range(start, start + min(pre + length, TURN)))
        return t in now.get("up", ())


def _oracle(words: np.ndarray, registers: dict[str, Any]) -> np.ndarray:
    oracle, out = Oracle(registers), block.BLOCK.output.zeros(len(words))
    for i, word in enumerate(words):
        out[i] = tuple(oracle.step(word))
    return out


def _registers(**values: Any) -> dict[str, np.ndarray]:
    """Return registers with every rule off but those given; scalars fill element 0."""
    chosen = block.BLOCK.defaults()
    for name, value in (OFF | values).items():
        for i, element in enumerate(np.atleast_1d(value)):
            chosen[name][i] = element
    return chosen


def _accepted(ticks: list[int], n: int | None = None, **values: Any) -> list[int]:
    """Return which of the requests on these ticks are accepted."""
    words = block.BLOCK.input.zeros(n or max(ticks) + 1)
    words["l1"][ticks] = 1
    return np.flatnonzero(block.evaluate(words, _registers(**values))["l1"]).tolist()


# Everything at once.


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.integers(1, 900))
def test_equals_the_oracle(seed: int, other: int, n: int) -> None:
    words, registers = stimulus.constrained(n, seed), stimulus.registers(other)
    assert np.array_equal(block.evaluate(words, registers), _oracle(words, registers))


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_oracle_over_many_turns(seed: int) -> None:
    """Long enough for veto sequences with waits, whole turns and windows, one after another."""
    n = 12_000
    words, registers = stimulus.constrained(n, seed), stimulus.registers(seed)
    words["l1"] &= np.random.default_rng(seed).random(n) < 0.02
    registers["veto_enable"][:] = 1
    registers["veto_gated_turns"][:] += 1
    out = block.evaluate(words, registers)
    assert np.array_equal(out, _oracle(words, registers))
    for ring in (0, 1):
        assert 0 < out["veto"][:, ring].sum() < n


def test_every_rule_refuses_in_the_random_streams() -> None:
    """What the tests above compare is not idle: each rule is the first cause, and alone."""
    causes, alone = np.zeros(14, dtype=int), np.zeros(13, dtype=int)
    for seed in range(200):
        out = block.evaluate(stimulus.constrained(2000, seed), stimulus.registers(seed))
        causes += np.bincount(out["cause"], minlength=14)
        alone += out["refused"][out["refused"].sum(axis=1) == 1].sum(axis=0, dtype=int)
    assert (causes > 100).all()
    assert (alone > 20).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 600), max_size=8))
def test_any_chunking_gives_the_same_stream(seed: int, lengths: list[int]) -> None:
    words, registers = stimulus.constrained(2000, seed), stimulus.registers(seed)
    whole = block.evaluate(words, registers)
    state = block.State.start(registers)
    cuts = np.minimum(np.cumsum([0, *lengths, 2000]), 2000)
    parts = [block.evaluate(words[a:b], state=state) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_output_is_consistent(seed: int) -> None:
    words, registers = stimulus.constrained(3000, seed), stimulus.registers(seed)
    out = block.evaluate(words, registers)
    refused = out["refused"].astype(bool)
    asked, taken = words["l1"] == 1, out["l1"] == 1
    assert np.array_equal(taken, asked & ~refused.any(axis=1))
    assert not refused[~asked].any()
    first = np.where(refused.any(axis=1), refused.argmax(axis=1) + 1, 0)
    assert np.array_equal(out["cause"], first)
    assert out["tag"][taken].tolist() == list(range(int(taken.sum())))
    assert not out["tag"][~taken].any()
    assert int(out["cells"].max()) <= 32


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_refused_requests_change_nothing(seed: int) -> None:
    """Without its refused requests the stream gives the same accepts, cells and windows."""
    words, registers = stimulus.constrained(2000, seed), stimulus.registers(seed)
    out = block.evaluate(words, registers)
    fewer = words.copy()
    fewer["l1"] = out["l1"]
    again = block.evaluate(fewer, registers)
    for name in ("l1", "short", "veto", "cells", "tag"):
        assert np.array_equal(again[name], out[name])
    assert not again["refused"].any()


# Each rule alone, on the tick before, on and after its edge.


def test_all_rules_off_accepts_everything() -> None:
    assert _accepted(list(range(50))) == list(range(50))


@pytest.mark.parametrize(("gap", "passes"), [(23, False), (24, True), (25, True)])
def test_default_spacing(gap: int, passes: bool) -> None:
    assert _accepted([3, 3 + gap], spacing=24) == [3] + [3 + gap] * passes


@pytest.mark.parametrize("spacing", [0, 1])
def test_spacing_of_one_tick_is_none(spacing: int) -> None:
    assert _accepted([0, 1, 2], spacing=spacing) == [0, 1, 2]


@pytest.mark.parametrize(("last", "passes"), [(99, False), (100, True), (101, True)])
def test_window_of_two_in_a_hundred(last: int, passes: bool) -> None:
    """Ticks 0 to 99 are a hundred: the accept of tick 0 is outside from tick 100 on."""
    for i in range(3):
        values = {"window_accepts": [0] * i + [2], "window_ticks": [0] * i + [100]}
        assert _accepted([0, 40, last], **values) == [0, 40] + [last] * passes


def test_window_counts_sixteen() -> None:
    ticks = list(range(0, 170, 10))
    values = {"window_accepts": 16, "window_ticks": 161}
    assert _accepted(ticks, **values) == ticks[:16]
    assert _accepted(ticks, **values | {"window_ticks": 160}) == ticks


@pytest.mark.parametrize(("ask", "passes"), [(9, False), (10, True), (11, True)])
def test_token_is_back_before_the_request_of_its_tick(ask: int, passes: bool) -> None:
    for i in range(4):
        values = {"bucket_size": [0] * i + [2], "bucket_drain": [1] * i + [10]}
        assert _accepted([0, 5, ask], **values) == [0, 5] + [ask] * passes


def test_timer_restarts_at_each_regain() -> None:
    """Taken on 0, 1, 2: back on 10, 20, 30, however the bucket is used in between."""
    values = {"bucket_size": 3, "bucket_drain": 10}
    assert _accepted([0, 1, 2, 3, 10, 19, 20, 21, 29, 30], **values) == [0, 1, 2, 10, 20, 30]
    # The bucket is full again on 25: the timer starts with the accept on 27.
    assert _accepted([5, 6, 27, 28, 29, 36, 37], **values) == [5, 6, 27, 28, 29, 37]


def test_free_timer_counts_from_reset() -> None:
    values = {"bucket_size": 2, "bucket_drain": 10, "bucket_free": 1}
    assert _accepted([8, 9, 10, 11, 19, 20], **values) == [8, 9, 10, 20]
    # Tick 0 is a multiple, but there the bucket is full.
    assert _accepted([0, 1, 2, 9, 10], **values) == [0, 1, 10]


@pytest.mark.parametrize(("ask", "passes"), [(107, False), (108, True), (109, True)])
def test_departure_comes_before_arrival(ask: int, passes: bool) -> None:
    """Depth 2, service 100: the event of tick 8 leaves on 108, that of tick 50 on 208."""
    for i in range(2):
        values = {"fifo_depth": [0] * i + [2], "fifo_service": [1] * i + [100]}
        assert _accepted([8, 50, ask, 207, 208], **values) == (
            [8, 50, ask, 208] if passes else [8, 50, 207, 208]
        )


def test_fifo_of_one_is_a_fixed_dead_time() -> None:
    asked = list(range(0, 1000, 7))
    assert _accepted(asked, fifo_depth=1, fifo_service=30) == _accepted(asked, spacing=30)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 200))
def test_bucket_with_restarting_timer_is_the_fifo(seed: int, size: int, drain: int) -> None:
    """One as the model's FIFO, the other as the oracle's bucket, which counts its timer down."""
    rng = np.random.default_rng(seed)
    words = block.BLOCK.input.zeros(1500)
    words["l1"] = rng.random(1500) < 2.0 / drain
    bucket = _registers(bucket_size=size, bucket_drain=drain)
    fifo = _registers(fifo_depth=size, fifo_service=drain)
    expected = _oracle(words, bucket)["l1"]
    assert np.array_equal(block.evaluate(words, fifo)["l1"], expected)
    assert np.array_equal(block.evaluate(words, bucket)["l1"], expected)


@pytest.mark.parametrize(("ask", "passes"), [(559, False), (560, False), (2240, True)])
def test_five_events_fill_the_chip(ask: int, passes: bool) -> None:
    """Five events of six cells leave two; a sixth needs four cells: the fourth frame ends on 2240.

    readout_daq section 2.2 of the reference notes: 30 of 32 cells, frames of 560 ticks.
    """
    asked = [0, 1, 2, 3, 4, 5]
    got = _accepted([*asked, ask], apv_cells=32)
    assert got == asked[:5] + [ask] * passes
    assert _accepted([*asked, 2239], apv_cells=32) == asked[:5]
    # Event by event nothing is free before the sixth frame.
    assert _accepted([*asked, 3359, 3360], apv_cells=32, apv_eventwise=1) == [*asked[:5], 3360]


def test_ten_short_events_fill_the_chip() -> None:
    asked = list(range(12))
    assert _accepted(asked, apv_cells=32, apv_samples=1) == asked[:10]
    words = block.BLOCK.input.zeros(12)
    words["l1"], words["short"][:6] = 1, 1
    out = block.evaluate(words, _registers(apv_cells=32, apv_samples=2))
    # 6 · 3 + 2 · 6 = 30 cells; a long one does not fit any more.
    assert out["short"].tolist() == [1] * 6 + [0] * 6
    assert out["cells"].tolist() == [3, 6, 9, 12, 15, 18, 24, 30, 30, 30, 30, 30]


@pytest.mark.parametrize(
    ("processing", "grid", "ends"),
    [
        (0, 1, [110, 120, 130, 140, 150, 160]),
        (7, 1, [117, 127, 137, 147, 157, 167]),
        (0, 35, [115, 125, 135, 145, 155, 165]),  # 100 → 105
        (5, 35, [115, 125, 135, 145, 155, 165]),  # 105 is on the grid
        (6, 35, [150, 160, 170, 180, 190, 200]),  # 106 → 140
    ],
)
def test_cells_are_freed_at_frame_ends(processing: int, grid: int, ends: list[int]) -> None:
    words = block.BLOCK.input.zeros(300)
    words["l1"][100] = 1
    values = {"apv_cells": 32, "apv_frame": 10, "apv_processing": processing, "apv_grid": grid}
    cells = block.evaluate(words, _registers(**values))["cells"]
    assert (np.flatnonzero(np.diff(cells.astype(int)) < 0) + 1).tolist() == ends
    assert cells[100] == 6
    whole = block.evaluate(words, _registers(**values, apv_eventwise=1))["cells"]
    assert np.flatnonzero(whole).tolist() == list(range(100, ends[-1]))
    assert set(whole[100 : ends[-1]].tolist()) == {6}


def test_waiting_event_starts_on_the_grid_without_processing() -> None:
    """The first reads out from 35 to 95; the second waits to 105, the third finds the chip idle."""
    words = block.BLOCK.input.zeros(400)
    words["l1"][[3, 94, 165]] = 1
    values = {"apv_cells": 32, "apv_frame": 10, "apv_processing": 20, "apv_grid": 35}
    cells = block.evaluate(words, _registers(**values))["cells"].astype(int)
    freed = (np.flatnonzero(np.diff(cells) < 0) + 1).tolist()
    # On 165 the second event's last cell is freed first, then six are taken: 185 → 210.
    assert freed == [45, 55, 65, 75, 85, 95, 115, 125, 135, 145, 155, *range(220, 271, 10)]
    assert cells[164:166].tolist() == [1, 6]


def test_busy_needs_its_mask_bit() -> None:
    words = block.BLOCK.input.zeros(16)
    words["l1"] = 1
    words["busy"][np.arange(16), np.arange(16) % 8] = np.arange(16) < 8
    out = block.evaluate(words, _registers(busy_mask=0b10100001))
    assert np.flatnonzero(out["cause"] == 2).tolist() == [0, 5, 7]
    assert int(out["l1"].sum()) == 13


# The injection veto.

SHAPE = {"veto_enable": 1, "veto_wait_turns": 4, "veto_full_turns": 3, "veto_gated_turns": 5,
         "veto_pre": 40, "veto_length": 60}  # fmt: skip


def _veto_stream(n: int, kicks: dict[int, int], **values: Any) -> np.ndarray:
    """Return the output for kicks of HER (tick → position), a request on every tick."""
    words = block.BLOCK.input.zeros(n)
    words["l1"], words["tick"] = 1, np.arange(n) % TURN
    for tick, position in kicks.items():
        words["kick"][tick, 0], words["position"][tick] = 1, position
    return block.evaluate(words, _registers(**SHAPE | values))


@pytest.mark.parametrize("position", [0, 39, 40, 700, 739, 740, 741, 1279])
def test_window_of_one_kick(position: int) -> None:
    """Kick on 700: the window opens 4 to 5 turns later, `pre` ticks before the bunch."""
    out = _veto_stream(16_000, {700: position})
    opening = (position - 40) % TURN
    start = 4 * TURN + (opening if opening >= 700 else TURN + opening)
    ticks = np.arange(16_000) - start
    whole = (ticks >= 0) & (ticks < 3 * TURN)
    gated = (ticks >= 3 * TURN) & (ticks < 8 * TURN) & (ticks % TURN < 100)
    assert np.array_equal(out["veto"][:, 0] == 1, whole | gated)
    assert not out["veto"][:, 1].any()
    assert np.array_equal(out["l1"] == 0, whole | gated)
    assert set(out["cause"].tolist()) == {0, 1}


@pytest.mark.parametrize(("second", "taken"), [(8 * TURN - 1, False), (8 * TURN, True)])
def test_kick_is_ignored_until_the_last_turn_ends(second: int, taken: bool) -> None:
    """Without waiting the first window opens on the tick of its kick."""
    values = {"veto_wait_turns": 0}
    out = _veto_stream(20 * TURN, {0: 40, second: 40 + second % TURN}, **values)
    up = np.flatnonzero(out["veto"][:, 0])
    assert up[0] == 0
    assert len(up) == (3 * TURN + 5 * 100) * (2 if taken else 1)


def test_veto_fraction_is_the_formula() -> None:
    """f · (full + gated · (pre + length)): readout_daq section 1.1 of the reference notes."""
    every, n_kicks = 40 * TURN, 10
    kicks = {i * every: 100 + 97 * i for i in range(n_kicks)}
    out = _veto_stream(n_kicks * every, kicks)
    assert int((out["l1"] == 0).sum()) == n_kicks * (3 * TURN + 5 * (40 + 60))


def test_gated_window_is_at_most_the_turn() -> None:
    values = {"veto_pre": 1000, "veto_length": 1000, "veto_full_turns": 0, "veto_wait_turns": 0}
    out = _veto_stream(8 * TURN, {0: 1000}, **values)
    assert np.flatnonzero(out["veto"][:, 0]).tolist() == list(range(5 * TURN))


def test_active_veto_refuses_only_activity() -> None:
    n = 3 * TURN
    words = block.BLOCK.input.zeros(n)
    words["l1"], words["tick"] = 1, np.arange(n) % TURN
    words["kick"][0], words["activity"][::3] = 1, 1
    registers = _registers(**SHAPE | {"veto_wait_turns": 0, "veto_pre": 0, "veto_full_turns": 1,
                                      "veto_gated_turns": 0})  # fmt: skip
    registers["veto_active"][0] = 1
    out = block.evaluate(words, registers)
    inside = np.arange(n) < TURN
    assert np.array_equal(out["veto"][:, 0] == 1, inside)
    assert np.array_equal(out["l1"] == 0, inside & (words["activity"] == 1))


def test_disabled_ring_and_empty_sequence_do_nothing() -> None:
    for values in ({"veto_enable": 0}, {"veto_full_turns": 0, "veto_gated_turns": 0}):
        assert not _veto_stream(12 * TURN, {5: 50}, **values)["veto"].any()


# Faces of the block.


def test_defaults_are_those_of_the_reference_notes() -> None:
    """24 ticks and 32 cells freed frame by frame; nothing else refuses."""
    words = stimulus.constrained(20_000, 3)
    out = block.evaluate(words)
    assert set(np.flatnonzero(out["refused"].any(axis=0)).tolist()) == {
        RULES.index("min_spacing"), RULES.index("apv"),
    }  # fmt: skip
    assert np.array_equal(out[:3000], _oracle(words[:3000], {}))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("window_accepts", 17, r"window_accepts\[1\] must be 0 to 16, not 17"),
        ("bucket_drain", 0, r"bucket_drain\[1\] must be 1 to 1048575, not 0"),
        ("fifo_service", 0, r"fifo_service\[1\] must be 1"),
        ("apv_cells", 33, "apv_cells must be 0 to 32, not 33"),
        ("apv_samples", 3, "0 to 2, not 3"),
        ("apv_frame", 0, "1 to 4095, not 0"),
        ("apv_grid", 0, "1 to 4095, not 0"),
        ("veto_pre", 1280, r"veto_pre\[1\] must be 0 to 1279"),
        ("veto_length", -1, r"veto_length\[1\] must be 0 to 1279, not -1"),
        ("spacing", 1 << 16, "spacing must be 0 to 65535"),
    ],
)
def test_out_of_range_is_named(name: str, value: int, says: str) -> None:
    registers = block.BLOCK.defaults()
    registers[name][-1 if registers[name].size < 3 else 1] = value
    with pytest.raises(InputError, match=says):
        block.evaluate(block.BLOCK.input.zeros(1), registers)


def test_registers_of_wrong_shape_or_name_are_named() -> None:
    words = block.BLOCK.input.zeros(1)
    with pytest.raises(InputError, match="nearest: 'spacing'"):
        block.evaluate(words, {"spacings": np.array([3])})
    with pytest.raises(InputError, match="fifo_depth has 3 values, not 2"):
        block.evaluate(words, {"fifo_depth": np.zeros(3, np.int64)})
    with pytest.raises(InputError, match="not both"):
        block.evaluate(words, block.BLOCK.defaults(), block.State.start())


def test_quantize_puts_times_on_their_ticks() -> None:
    times = np.array([-1.0, 0.0, 2.5, 2.7, 4.2, 9.0, 10.0]) * TICK_NS
    short = np.array([1, 0, 1, 0, 1, 1, 1], dtype=bool)
    words = block.quantize(
        10, times, short, kick_ns=np.array([3.5, 3.6]) * TICK_NS, kick_ring=np.array([1, 0]),
        kick_position=np.array([77, 77]), first_tick=1275,
    )  # fmt: skip
    assert np.flatnonzero(words["l1"]).tolist() == [0, 2, 4, 9]
    assert np.flatnonzero(words["short"]).tolist() == [4, 9]  # on tick 2 one of two is not short
    assert words["tick"].tolist() == [1275, 1276, 1277, 1278, 1279, 0, 1, 2, 3, 4]
    assert np.argwhere(words["kick"]).tolist() == [[3, 0], [3, 1]]
    assert words["position"].tolist() == [0, 0, 0, 77, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"request_ns": np.array([np.nan])}, "request_ns: times must be finite"),
        ({"kick_ring": np.array([2])}, "kick_ring: must be 0 to 1, not 2 to 2"),
        ({"kick_position": np.array([1280])}, "kick_position: must be 0 to 1279"),
        ({"kick_position": None}, "kicks need kick_ring and kick_position"),
        ({"kick_ns": np.ones(2), "kick_ring": np.array([0, 1]),
          "kick_position": np.array([1, 2])}, "different positions"),
    ],
)  # fmt: skip
def test_impossible_times_are_named(values: dict[str, Any], says: str) -> None:
    given_values = {"request_ns": np.ones(1), "kick_ns": np.ones(1), "kick_ring": np.zeros(1, int),
                    "kick_position": np.zeros(1, int)}  # fmt: skip
    with pytest.raises(InputError, match=says):
        block.quantize(5, **given_values | values)


# Dead time in closed form.


def _geo_d_1_k(p: float, service: int, depth: int) -> float:
    """Return the lost part of Bernoulli requests at a queue of fixed service.

    The chain of the events left behind at departures: from n ≥ 1 to min(K, n + Bin(S, p)) − 1, from
    0 to min(K, 1 + Bin(S − 1, p)) − 1; the throughput is 1 / (S + π₀ (1 − p) / p).
    """
    step = np.zeros((depth, depth))
    for n in range(depth):
        trials = service if n else service - 1
        arrivals = np.array([math.comb(trials, k) * p**k * (1 - p) ** (trials - k)
                             for k in range(depth)])  # fmt: skip
        for k, chance in enumerate(arrivals):
            step[n, min(depth, max(n, 1) + k) - 1] += chance
        step[n, depth - 1] += 1 - arrivals.sum()
    balance = np.vstack([step.T - np.eye(depth), np.ones(depth)])
    stationary = np.linalg.lstsq(balance, np.append(np.zeros(depth), 1.0), rcond=None)[0]
    return float(1 - 1 / (service + stationary[0] * (1 - p) / p) / p)


def _lost(p: float, **values: Any) -> tuple[float, float]:
    """Return the lost part of Bernoulli requests and its error, from 20 independent streams."""
    lost = []
    for seed in range(20):
        words = block.BLOCK.input.zeros(300_000)
        words["l1"] = np.random.default_rng(seed).random(len(words)) < p
        accepted = block.evaluate(words, _registers(**values))["l1"].sum()
        lost.append(1 - accepted / words["l1"].sum())
    return float(np.mean(lost)), float(np.std(lost, ddof=1) / math.sqrt(len(lost)))


def test_closed_form_goes_over_into_the_continuous_one() -> None:
    """M/D/1/5 at ρ = 0.8 loses 0.0352903964 (readout_daq section 5 of the reference notes)."""
    assert _geo_d_1_k(0.8 / 20_000, 20_000, 5) == pytest.approx(0.0352903964, rel=2e-3)


@pytest.mark.parametrize(
    "values",
    [
        {"fifo_depth": 5, "fifo_service": 60},
        {"bucket_size": 5, "bucket_drain": 60},
        {"apv_cells": 32, "apv_frame": 10, "apv_eventwise": 1},
    ],
    ids=["fifo", "bucket", "apv"],
)
def test_loss_is_that_of_a_queue_of_five(values: dict[str, Any]) -> None:
    """Read out event by event, 32 cells of six-cell events are a queue of five."""
    p = 0.8 / 60
    lost, error = _lost(p, **values)
    assert abs(lost - _geo_d_1_k(p, 60, 5)) < 4 * error
    # The sample is large enough to tell one event more or less, and a tenth of the service.
    for depth, service in ((4, 60), (6, 60), (5, 54), (5, 66)):
        assert abs(lost - _geo_d_1_k(p, service, depth)) > 4 * error


def test_loss_of_the_minimum_spacing() -> None:
    """(n − 1) p / (1 + (n − 1) p) on a clock."""
    p = 0.01
    lost, error = _lost(p, spacing=24)
    assert abs(lost - 23 * p / (1 + 23 * p)) < 4 * error
