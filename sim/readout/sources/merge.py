"""Merging streams of candidates, and what every kind gets: probes and injections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.accelerator import Accelerator
from sim.accelerator.config import parse_machine
from sim.readout.arrivals import PROBE, Arrivals, Kicks
from sim.readout.config import ReadoutConfig
from sim.readout.plan import QUANTA, TURN
from sim.readout.sources.candidates import CHUNK, Candidates, plain, quanta_hz
from sim.readout.sources.times import poisson_times


def merge(
    first: Iterator[Candidates], second: Iterator[Candidates], *, ends_with_first: bool = False
) -> Iterator[Candidates]:
    """Merge two streams in time; on the same time candidates of `first` come first.

    The order of the candidates does not depend on how the streams are cut into pieces.

    Parameters
    ----------
    first, second : iterator of Candidates
    ends_with_first : bool
        Stop after the last candidate of `first`; otherwise after that of both.
    """
    a, b = next(first, None), next(second, None)
    while a is not None and b is not None:
        # A later piece of `first` may go on at the very time a.end, and comes before `second` then.
        if a.end <= b.end:
            here = int(np.searchsorted(b.time, a.end, side="left"))
            yield _merged(a, b.part(0, here, a.end))
            b = b.part(here, len(b.time), b.end)
            a = next(first, None)
        else:
            here = int(np.searchsorted(a.time, b.end, side="right"))
            yield _merged(a.part(0, here, b.end), b)
            a = a.part(here, len(a.time), a.end)
            b = next(second, None)
    if a is not None:
        yield a
        yield from first
    if b is not None and not ends_with_first:
        yield b
        yield from second


def rechunk(pieces: Iterator[Candidates], size: int = CHUNK) -> Iterator[Candidates]:
    """Give the same candidates in pieces of `size`, the last one shorter."""
    held: list[Candidates] = []
    waiting = 0
    for piece in pieces:
        if len(piece.time) == 0:
            continue
        held.append(piece)
        waiting += len(piece.time)
        if waiting < size:
            continue
        whole = _joined(held)
        n = len(whole.time) // size * size
        for start in range(0, n, size):
            last = int(whole.time[start + size - 1])
            yield whole.part(start, start + size, last)
        waiting = len(whole.time) - n
        held = [whole.part(n, len(whole.time), whole.end)] if waiting else []
    if held:
        yield _joined(held)


def probes(seed: int, mean: float) -> Iterator[Candidates]:
    """Give random probes without end; `mean` is their mean distance [quanta]."""
    for time in poisson_times(seed, "readout/probes", mean):
        yield plain(time, np.full(len(time), PROBE, dtype=np.uint8))


class PlayedSource:
    """A `Source` from a stream of candidates: adds the run's probes and the machine's kicks.

    Parameters
    ----------
    config : ReadoutConfig
    candidates : callable
        Starts the stream of candidates anew; it must hold `run.triggers` of them or end earlier.
    place : str
        Where the configuration comes from, for messages.
    accelerator : Accelerator, optional
        Default: that of the table ``[machine]``, if there is one.
    latency_ticks : int
        Time from a collision to its candidate; kicks come so much later too.
    lines : sequence of str
    patterns : ndarray of bool, shape (n_patterns, n_lines), optional
    """

    def __init__(
        self,
        config: ReadoutConfig,
        candidates: Callable[[], Iterator[Candidates]],
        place: str,
        *,
        accelerator: Accelerator | None = None,
        latency_ticks: int = 0,
        lines: Sequence[str] = (),
        patterns: NDArray[np.bool_] | None = None,
    ) -> None:
        self.lines = tuple(lines)
        self.patterns = np.zeros((0, 0), dtype=np.bool_) if patterns is None else patterns
        self.accelerator = accelerator or make_accelerator(config, place)
        self.latency_ticks = latency_ticks
        self._candidates = candidates
        self._seed = config.run.seed
        rate = config.run.probe_khz * 1e3
        self._probe_gap = quanta_hz(config.clock) / rate if rate else 0.0

    def chunks(self) -> Iterator[Arrivals]:
        """Give all candidates, chunk by chunk. The same numbers on every call."""
        pieces = self._candidates()
        if self._probe_gap:
            all_probes = probes(self._seed, self._probe_gap)
            pieces = rechunk(merge(pieces, all_probes, ends_with_first=True))
        told = 0
        for piece in pieces:
            if len(piece.time) == 0:
                continue
            end = int(piece.time[-1]) + 1
            yield Arrivals(piece.time, piece.flags, piece.pattern, self._kicks(told, end))
            told = end

    def _kicks(self, start: int, end: int) -> Kicks:
        if self.accelerator is None:
            return Kicks.none()
        late = self.latency_ticks * QUANTA
        # What is announced before time 0 is not announced at all.
        kicks = self.accelerator.kicks(max(start - late, 0), end - late)
        position = (kicks.position + self.latency_ticks) % (TURN // QUANTA)
        return Kicks(kicks.time + late, kicks.ring, position)


def make_accelerator(config: ReadoutConfig, place: str) -> Accelerator | None:
    """Return the accelerator of the table ``[machine]``; none without it."""
    if config.machine is None:
        return None
    where = f"{place}: machine"
    return Accelerator(
        parse_machine(config.machine, where), config.clock.frequency_mhz, config.run.seed, where
    )


def _joined(pieces: list[Candidates]) -> Candidates:
    if len(pieces) == 1:
        return pieces[0]
    return Candidates(
        np.concatenate([p.time for p in pieces]),
        np.concatenate([p.flags for p in pieces]),
        np.concatenate([p.pattern for p in pieces]),
        pieces[-1].end,
    )


def _merged(a: Candidates, b: Candidates) -> Candidates:
    n = len(a.time) + len(b.time)
    out = np.empty(n, np.int64), np.empty(n, np.uint8), np.empty(n, np.int32)
    _merge(a.time, a.flags, a.pattern, b.time, b.flags, b.pattern, *out)
    return Candidates(*out, min(a.end, b.end))


@njit()
def _merge(time_a, flags_a, pattern_a, time_b, flags_b, pattern_b, time, flags, pattern):  # type: ignore[no-untyped-def]
    i, j = 0, 0
    for k in range(len(time)):
        if j == len(time_b) or (i < len(time_a) and time_a[i] <= time_b[j]):
            time[k], flags[k], pattern[k] = time_a[i], flags_a[i], pattern_a[i]
            i += 1
        else:
            time[k], flags[k], pattern[k] = time_b[j], flags_b[j], pattern_b[j]
            j += 1
