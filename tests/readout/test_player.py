"""The play in time, by a clock that only sleeping and sending move."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.readout.arrivals import Arrivals, Kicks
from sim.readout.emulation.events import QUICK_WORDS, Emulation
from sim.readout.emulation.player import LONGEST_SLEEP_S, SLICE_S, Player
from sim.readout.engine import Verdicts
from sim.readout.loads import Loads
from sim.readout.plan import compile_plan
from sim.readout.sources import make_source
from tests.readout.emitted import frames, readout, stage


class Clock:
    """A clock, a way to sleep and a sink, in one."""

    def __init__(self, sending_s: float = 0.0) -> None:
        self.now = 1000.0
        self.sending_s = sending_s
        self.sent: list[tuple[float, bytes]] = []
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def write(self, data: memoryview) -> None:
        self.sent.append((self.now, bytes(data)))
        self.now += self.sending_s


def _play(clock: Clock, rate: float, ticks: list[list[int]], check=lambda: None) -> Player:
    """Play candidates of a 1 MHz clock, all accepted, chunk after chunk."""
    config = readout(clock={"frequency_mhz": 1.0}, throttle=[], stage=[stage("cdc", mean=4000.0)])
    plan = compile_plan(config)
    loads = Loads.of(plan)
    emulation = Emulation(plan, loads, make_source(config, ""), seed=1, block_words=QUICK_WORDS)
    player = Player(
        emulation, clock, quantum_s=plan.quantum_ns * 1e-9, rate=rate, check=check, clock=clock,
        sleep=clock.sleep,
    )  # fmt: skip
    for i, part in enumerate(ticks):
        n = len(part)
        player(
            Arrivals(np.array(part, dtype=np.int64) * 256, np.zeros(n, np.uint8),
                     np.full(n, -1, np.int32), Kicks.none()),
            loads.draw(1, i, n),
            Verdicts(np.zeros(n, np.int64), np.zeros(n, np.uint64)),
        )  # fmt: skip
    return player


def _sent(clock: Clock) -> list[tuple[float, int]]:
    """Return when each frame was sent, and its time [tick]."""
    return [(at - 1000.0, frame.time) for at, part in clock.sent for frame in frames(part)]


TICKS = np.cumsum(np.random.default_rng(1).exponential(300.0, 800).astype(int)).tolist()
CHUNKS = [TICKS[:1], TICKS[1:500], TICKS[500:]]


@pytest.mark.parametrize("rate", [1.0, 0.1, 3.0])
def test_frames_leave_when_their_event_was_accepted(rate: float) -> None:
    clock = Clock()
    player = _play(clock, rate, CHUNKS)
    sent = _sent(clock)
    assert [time for _, time in sent] == TICKS
    late = [at - time * 1e-6 / rate for at, time in sent]
    assert min(late) > -1e-9
    assert max(late) < SLICE_S + 1e-9
    assert max(late) <= player.late_s + 1e-9
    assert sent[-1][0] == pytest.approx(TICKS[-1] * 1e-6 / rate, abs=SLICE_S)
    assert player.frames == len(TICKS)
    assert player.bytes == sum(len(part) for _, part in clock.sent)


def test_no_sleep_is_shorter_than_a_slice_or_longer_than_a_look_at_the_interrupt() -> None:
    for rate in (10.0, 1e-3):
        clock = Clock()
        _play(clock, rate, [TICKS[:50]])
        assert min(clock.sleeps) >= SLICE_S
        assert max(clock.sleeps) <= LONGEST_SLEEP_S


def test_as_fast_as_possible_never_sleeps() -> None:
    clock = Clock()
    player = _play(clock, 0.0, CHUNKS)
    assert clock.sleeps == []
    assert [time for _, time in _sent(clock)] == TICKS
    assert player.summary()["late_s_max"] is None


def test_a_slow_receiver_delays_but_the_play_catches_up() -> None:
    """Two seconds for the first part; frames due meanwhile follow at once, later ones in time."""
    clock = Clock(sending_s=2.0)
    ticks = [1000, 500_000, 1_000_000, 4_000_000, 4_100_000]
    player = _play(clock, 1.0, [ticks])
    sent = _sent(clock)
    assert [at for at, _ in sent] == pytest.approx([0.001, 2.001, 2.001, 4.001, 6.001], abs=SLICE_S)
    assert player.late_s == pytest.approx(6.001 - 4.1, abs=SLICE_S)


def test_an_interrupt_ends_the_play_between_sleeps() -> None:
    looks = itertools.count()

    def check() -> None:
        if next(looks) == 5:
            raise KeyboardInterrupt

    clock = Clock()
    with pytest.raises(KeyboardInterrupt):
        _play(clock, 1e-6, [TICKS[:50]], check)
    assert clock.sent == []
    assert clock.now < 1000 + 5 * LONGEST_SLEEP_S + 1e-9


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf"), 1e-12])
def test_rates_out_of_range(rate: float) -> None:
    with pytest.raises(InputError, match=r"--emit-rate: must be 0 \(as fast as possible\) or"):
        _play(Clock(), rate, [TICKS[:5]])
