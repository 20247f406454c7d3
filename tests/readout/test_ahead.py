"""The second thread plays everything in order, and errors find their way in both directions."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from sim.readout.emulation.ahead import Stop, Stopped, ahead


def _run(play: Any, chunks: int, error: Exception | None = None, stop: Stop | None = None) -> None:
    with ahead(play, stop or Stop()) as observer:
        for i in range(chunks):
            observer(i, -i, "x")
        if error is not None:
            raise error


def test_all_chunks_are_played_in_order_by_one_other_thread() -> None:
    played: list[tuple[Any, ...]] = []
    threads: set[int] = set()

    def play(*chunk: Any) -> None:
        played.append(chunk)
        threads.add(threading.get_ident())

    _run(play, 50)
    assert played == [(i, -i, "x") for i in range(50)]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_the_simulation_is_ahead_by_no_more_than_it_may() -> None:
    """One chunk is being played and one waits: a third is handed over only after that."""
    going, started, handed = threading.Event(), threading.Event(), []

    def play(*chunk: Any) -> None:
        started.set()
        assert going.wait(30)

    def simulate() -> None:
        with ahead(play, Stop()) as observer:
            for i in range(5):
                observer(i)
                handed.append(i)

    simulation = threading.Thread(target=simulate)
    simulation.start()
    assert started.wait(30)
    time.sleep(0.5)
    assert handed == [0, 1]
    going.set()
    simulation.join(30)
    assert handed == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("chunks", [1, 50])
def test_an_error_of_the_play_ends_the_run(chunks: int) -> None:
    def play(number: int, *_: Any) -> None:
        if number == min(chunks - 1, 3):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _run(play, chunks)


def test_an_error_of_the_run_stops_the_play() -> None:
    stop, ended = Stop(), threading.Event()

    def play(*chunk: Any) -> None:
        try:
            while True:
                stop.check()
                time.sleep(0.01)
        except Stopped:
            ended.set()
            raise

    with pytest.raises(KeyError):
        _run(play, 1, KeyError("run"), stop)
    assert ended.is_set()


def test_an_idle_play_stops_too() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError):
        _run(lambda *chunk: None, 1, KeyError("run"))
    assert threading.active_count() == before
