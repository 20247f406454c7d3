"""Run many independent tasks and give their results in the order of the tasks.

The order makes a study's result independent of the number of workers: what a worker returns is
merged in task order, whoever finished first.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import forkserver
from typing import TypeVar

from firmware_models.errors import InputError, LowmultError

GRACE_S = 5.0
"""Time in which a worker that is told to end does so."""

T = TypeVar("T")
R = TypeVar("R")


class WorkerLost(LowmultError):  # noqa: N818 - what happened, in the words of the message
    """A worker process died, for example because the machine's memory ran out."""


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    # A fresh server process forks the workers: no thread of this process is copied into them.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sim.study.chunk"])
    # Started here, where a signal still ends everything.
    forkserver.ensure_running()
    pool = ProcessPoolExecutor(
        max_workers=workers, mp_context=context, initializer=_ignore_interrupts
    )
    try:
        yield pool
    except BaseException:
        # Nobody waits for what is still running: the result is not wanted any more.
        processes = list((getattr(pool, "_processes", None) or {}).values())
        for process in processes:
            process.terminate()
        # A worker that is still starting would miss what this process takes away when it ends.
        for process in processes:
            process.join(GRACE_S)
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    else:
        pool.shutdown()


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent: a worker that reported it would fill the terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait: a worker that is being started must be known before it can be stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # Handlers, not masks: another thread may take a signal that this one blocks.
    before = {
        number: signal.signal(number, lambda n, frame: came.append(n))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "needs the package distributed: pip install 'lowmult[scale]'", place="--scheduler"
        ) from error
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"no scheduler answers at {address!r}", place="--scheduler") from error
    with client:
        yield client.get_executor()


def in_order(
    function: Callable[[T], R],
    tasks: Iterable[T],
    *,
    workers: int,
    scheduler: str | None = None,
) -> Iterator[R]:
    """Yield ``function(task)`` for every task, in the order of the tasks.

    Parameters
    ----------
    function : callable
        Importable by name, since workers are processes.
    tasks : iterable
        Read no further ahead than twice the number of workers, so that a long list of tasks with
        data in them does not fill the memory.
    workers : int
        Number of processes; 1 runs in this one.
    scheduler : str, optional
        Address of a dask scheduler to use instead.
    """
    if scheduler is None and workers <= 1:
        for task in tasks:
            yield function(task)
        return
    manager: AbstractContextManager[Executor] = _dask(scheduler) if scheduler else _pool(workers)
    with manager as executor:
        waiting: deque[Future[R]] = deque()
        try:
            for task in tasks:
                with _uninterrupted():
                    waiting.append(executor.submit(function, task))
                if len(waiting) >= 2 * max(workers, 1):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise WorkerLost("a worker process died; is there enough memory?") from error
