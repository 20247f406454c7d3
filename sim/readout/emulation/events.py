"""Emulated detector data: the accepted events of a simulation as the events of the framer's stream.

| field | content |
|---|---|
| tag | number of the accept, from 0, modulo 2³² |
| time | whole ticks of the configuration's clock since the start of the run |
| trigger type | `PHYSICS`; `RANDOM` for candidates that come by a rate alone, without lines |
| flags | `THREE_SAMPLE`, `INJECTION_VETO`, `HIGH_ACTIVITY` |
| lines | those of the candidate, by their number in the menu |
| fragments | sub-detectors that the configuration reads, see `sim.readout.emulation.sizes` |
| payload | pseudo-random words that a reader can check, keyed by the run's seed |

The engine plays no part in it: both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.event_payload import pseudo_payload
from firmware_models.interface.readout import N_LINE_WORD
from firmware_models.kernels import njit
from firmware_models.readout_events import INJECTION_VETO, THREE_SAMPLE, ReadoutEvents
from sim.readout.arrivals import ACTIVITY, PROBE, SHORT, Arrivals, Source
from sim.readout.emulation.sizes import FragmentSizes
from sim.readout.engine import ACCEPTED, Verdicts
from sim.readout.fast.throttle import veto_kick, veto_state, veto_up
from sim.readout.loads import Loads
from sim.readout.plan import QUANTA, Plan

PHYSICS, RANDOM = 0, 7
"""Trigger types. Codes of basf2's `TRGSummary::ETimingType` (TTYP_PID0, TTYP_RAND)."""

HIGH_ACTIVITY = 1 << 2
"""Flag: chamber or calorimeter activity is high."""

N_LINES = 32 * N_LINE_WORD

BLOCK_EVENTS, BLOCK_WORDS = 1024, 1 << 19
"""Most events and payload words in a block; a single event may have more words."""

QUICK_WORDS = 1 << 16
"""Payload words in a block that is made in less than a millisecond."""


class Block(NamedTuple):
    """Some events and their accept times [quanta]."""

    time: NDArray[np.int64]
    events: ReadoutEvents


class Emulation:
    """Turns chunks of candidates and verdicts into events.

    Parameters
    ----------
    plan : Plan
    loads : Loads
        Of the same plan.
    source : Source
        Where the chunks come from: it knows the lines.
    seed : int
        Of the payload.
    size_factor : float
        On all payload sizes.
    block_words : int
        Most payload words in a block.
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        For sizes that do not fit a fragment, or lines that do not fit the header.
    """

    def __init__(
        self,
        plan: Plan,
        loads: Loads,
        source: Source,
        *,
        seed: int,
        size_factor: float = 1.0,
        block_words: int = BLOCK_WORDS,
        place: str = "",
    ) -> None:
        self._sizes = FragmentSizes(plan, loads, size_factor, place)
        self._lines = LineWords(source, place)
        self._veto = veto_state(plan)
        self._seed, self._block_words = seed, block_words
        self.accepted = 0

    def blocks(
        self, arrivals: Arrivals, draws: NDArray[np.uint64], verdicts: Verdicts
    ) -> Iterator[Block]:
        """Give the accepted events of the next chunk, some at a time.

        Parameters
        ----------
        arrivals : Arrivals
        draws : ndarray of uint64, shape (n, words)
        verdicts : Verdicts
        """
        window = np.zeros(len(arrivals.time), dtype=np.bool_)
        if len(self._veto):
            kicks = arrivals.kicks
            _windows(self._veto, arrivals.time, kicks.time, kicks.ring, kicks.position, window)
        real = (arrivals.flags & PROBE) == 0
        chosen = np.flatnonzero((verdicts.cause == ACCEPTED) & real)
        for first in range(0, len(chosen), BLOCK_EVENTS):
            some = chosen[first : first + BLOCK_EVENTS]
            short = (arrivals.flags[some] & SHORT) != 0
            sizes, three = self._sizes.words(draws[some], short)
            flags = three * THREE_SAMPLE | window[some] * INJECTION_VETO
            flags |= ((arrivals.flags[some] & ACTIVITY) != 0) * HIGH_ACTIVITY
            for part in _parts(sizes, self._block_words):
                own = some[part]
                yield Block(
                    arrivals.time[own],
                    self._events(arrivals.time[own], arrivals.pattern[own], flags[part],
                                 sizes[part]),
                )  # fmt: skip

    def _events(
        self, time: NDArray[np.int64], pattern: NDArray[np.int32], flags: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> ReadoutEvents:  # fmt: skip
        number = self.accepted + np.arange(len(time))
        self.accepted += len(time)
        tag = (number & 0xFFFFFFFF).astype(np.uint32)
        columns: dict[str, NDArray[Any]] = {
            "tag": tag,
            "time": time // QUANTA,
            "trigger_type": np.where(pattern >= 0, PHYSICS, RANDOM),
            "flags": flags,
            "lines": self._lines.of(pattern),
        }
        present = np.full(len(time), self._sizes.present)
        return ReadoutEvents.build(
            sizes, pseudo_payload(self._seed, tag, sizes), columns, present=present
        )


class LineWords:
    """The patterns of a source as the header's words.

    Parameters
    ----------
    source : Source
        Its attribute `line_numbers` gives the lines' numbers in the menu; without it lines count
        from 0 in the order of their names.
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        For a number that the header has no bit for.
    """

    def __init__(self, source: Source, place: str = "") -> None:
        self._source = source
        numbers = getattr(source, "line_numbers", None)
        self._numbers = np.asarray(range(len(source.lines)) if numbers is None else numbers, int)
        if len(self._numbers) and not 0 <= self._numbers.min() <= self._numbers.max() < N_LINES:
            raise InputError(
                f"frames have room for lines 0 to {N_LINES - 1}, not {self._numbers.max()}",
                place=f"{place}: arrivals" if place else "arrivals",
            )
        # The last row is that of candidates without a pattern, -1.
        self._words = np.zeros((1, N_LINE_WORD), dtype=np.uint32)

    def of(self, pattern: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Return the words of candidates, shape ``(n, 10)``; all 0 for pattern -1."""
        known = len(self._words) - 1
        if len(pattern) and pattern.max() >= known:
            fired = self._source.patterns[known:]
            every = np.zeros((len(fired), N_LINES), dtype=np.bool_)
            every[:, self._numbers] = fired
            new = np.packbits(every, axis=1, bitorder="little").view("<u4").astype(np.uint32)
            self._words = np.concatenate([self._words[:-1], new, self._words[-1:]])
        return self._words[pattern]


def _parts(sizes: NDArray[np.int64], most: int) -> Iterator[slice]:
    """Cut events so that no part of several has more than `most` payload words."""
    total = np.cumsum(sizes.sum(axis=1))
    first = 0
    while first < len(total):
        before = int(total[first - 1]) if first else 0
        last = int(np.searchsorted(total, before + most, side="right"))
        last = max(last, first + 1)
        yield slice(first, last)
        first = last


@njit()
def _windows(veto, time, kick_time, kick_ring, kick_position, up):  # type: ignore[no-untyped-def]
    """Say which candidates fall into an injection veto window, whether it refuses them or not."""
    kick = 0
    for i in range(len(time)):
        while kick < len(kick_time) and kick_time[kick] <= time[i]:
            veto_kick(veto, kick_time[kick], kick_ring[kick], kick_position[kick])
            kick += 1
        up[i] = veto_up(veto, time[i])
