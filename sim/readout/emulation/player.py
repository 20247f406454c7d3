"""Plays an emulated stream: frames leave when their event was accepted, or as fast as possible."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.event_stream import frame_words
from firmware_models.readout_events import frame_lengths
from sim.readout.arrivals import Arrivals
from sim.readout.emulation.events import Emulation
from sim.readout.emulation.sinks import Sink
from sim.readout.engine import Verdicts

SLICE_S = 1e-3
"""Shortest sleep: frames that fall due meanwhile leave together."""

LONGEST_SLEEP_S = 0.1
"""Between two looks at whether the play was interrupted."""

LARGEST_RATE = 1e9


def checked_rate(rate: float) -> float:
    """Return a rate of the play.

    Raises
    ------
    InputError
        When it is out of range.
    """
    if rate != 0 and not 1 / LARGEST_RATE <= rate <= LARGEST_RATE:
        raise InputError(
            f"must be 0 (as fast as possible) or {1 / LARGEST_RATE:g} to {LARGEST_RATE:g}, "
            f"not {rate:g}", place="--emit-rate",
        )  # fmt: skip
    return rate


class Player:
    """An observer of a readout run that sends every accepted event as a frame.

    Parameters
    ----------
    emulation : Emulation
    sink : Sink
    quantum_s : float
        Simulated length of a quantum [s].
    rate : float
        Simulated seconds that play in one second; 0: as fast as possible.
    check : callable
        Called before every piece that is sent; an exception ends the play.
    clock, sleep : callable
        Time [s] and how to let it pass.

    Raises
    ------
    InputError
        For a rate out of range.

    Notes
    -----
    Time 0 is when the first frames are ready, before the first is sent.
    A frame is never sent before its time; it is late by `SLICE_S` or a little more, and by as much
    as the simulation or the receiver cannot follow. Being late moves no later frame.
    """

    def __init__(
        self,
        emulation: Emulation,
        sink: Sink,
        *,
        quantum_s: float,
        rate: float = 0.0,
        check: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        checked_rate(rate)
        self._emulation, self._sink, self._check = emulation, sink, check
        self._clock, self._sleep = clock, sleep
        self._scale = quantum_s / rate if rate else 0.0
        self._start: float | None = None
        self.frames = 0
        self.bytes = 0
        self.late_s = 0.0
        """Most that a frame was late [s]."""
        self.spent_s = 0.0
        """Time spent on framing, waiting and sending, from the first frames on [s]."""

    def __call__(self, arrivals: Arrivals, draws: NDArray[np.uint64], verdicts: Verdicts) -> None:
        """Send the accepted events of a chunk."""
        begin = self._clock()
        for block in self._emulation.blocks(arrivals, draws, verdicts):
            words = np.ascontiguousarray(frame_words(block.events), dtype="<u4")
            ends = 4 * np.cumsum(frame_lengths(block.events))
            data = words.data.cast("B")
            if self._start is None:
                # The first frames may have waited for kernels to be compiled.
                self._start = begin = self._clock()
            if self._scale:
                self._in_time(data, ends, np.asarray(block.time * self._scale, dtype=np.float64))
            else:
                self._check()
                self._sink.write(data)
            self.frames += len(ends)
            self.bytes += len(data)
        self.spent_s += self._clock() - begin

    def summary(self) -> dict[str, Any]:
        """Return what was sent, ready for JSON."""
        return {
            "frames": self.frames,
            "bytes": self.bytes,
            "spent_s": self.spent_s,
            "late_s_max": self.late_s if self._scale else None,
        }

    def _in_time(self, data: memoryview, ends: NDArray[np.int64], due: NDArray[np.float64]) -> None:
        """Send frames when they are due, seconds after the start."""
        assert self._start is not None
        sent, begin = 0, 0
        while sent < len(due):
            self._check()
            now = self._clock() - self._start
            ready = int(np.searchsorted(due, now, side="right"))
            if ready <= sent:
                self._sleep(min(max(float(due[sent]) - now, SLICE_S), LONGEST_SLEEP_S))
                continue
            self.late_s = max(self.late_s, now - float(due[sent]))
            end = int(ends[ready - 1])
            self._sink.write(data[begin:end])
            sent, begin = ready, end
