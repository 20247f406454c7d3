"""The simulation ahead of the play: a second thread plays a chunk while the next one is simulated.

Without it, frames would be late after every chunk by as long as the next one takes to simulate.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sim.readout.run import Observer

STEP_S = 0.1
"""Between two looks at what the other thread did."""

GRACE_S = 2.0
"""How long an interrupted play may take to notice."""


class Stopped(Exception):  # noqa: N818 - nothing went wrong in the thread that it ends
    """The other thread asked for the end of the play."""


class Stop:
    """Asks the thread that plays to end: its ``check`` raises `Stopped` then."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask for the end."""
        self._event.set()

    def check(self) -> None:
        """Raise `Stopped` if the end was asked for."""
        if self._event.is_set():
            raise Stopped


@contextlib.contextmanager
def ahead(
    play: Observer, stop: Stop, *, check: Callable[[], None] = lambda: None
) -> Iterator[Observer]:
    """Give an observer that lets a second thread play; at the end wait until all is played.

    Parameters
    ----------
    play : callable
        The observer that plays. It must call ``stop.check`` now and then.
    stop : Stop
    check : callable
        Called now and then by the thread of the simulation while it waits.

    Raises
    ------
    Exception
        What `play` raises, at the next chunk or at the end.
    """
    chunks: queue.Queue[tuple[Any, ...] | None] = queue.Queue(1)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while (chunk := _take(chunks, stop)) is not None:
                play(*chunk)
        except Stopped:
            pass
        except BaseException as error:
            failed.append(error)

    # A write into a pipe that nobody reads cannot be interrupted: it must not keep the process.
    thread = threading.Thread(target=work, daemon=True)

    def hand_over(item: tuple[Any, ...] | None) -> None:
        while not failed:
            check()
            with contextlib.suppress(queue.Full):
                chunks.put(item, timeout=STEP_S)
                return
        raise failed[0]

    thread.start()
    try:
        yield lambda *chunk: hand_over(chunk)
        hand_over(None)
        while thread.is_alive():
            check()
            thread.join(STEP_S)
        if failed:
            raise failed[0]
    except BaseException:
        stop.set()
        thread.join(GRACE_S)
        raise


def _take(chunks: queue.Queue[tuple[Any, ...] | None], stop: Stop) -> tuple[Any, ...] | None:
    while True:
        stop.check()
        with contextlib.suppress(queue.Empty):
            return chunks.get(timeout=STEP_S)
