"""The track trigger in a study: which tracks of background windows count, quality of event times.

Windows of the background sample follow each other every `SPACING_TICKS`, as long as the
calorimeter's window. The chamber's window is twice as long, since drift times are: every moment
lies in two windows, and a track's bits would be counted as often or more. They are kept in the
window in which the event time lies in one interval of exactly that spacing: with windows that start
on ticks 128 k, a time of tick T is on tick T - 128 k of window k, and for every T this lies in
[`FIRST_TICK`, `FIRST_TICK` + 128) for one k. So every moment counts once. Where the segments give
no event time their earliest time stands for it.

The interval starts one data clock after the window, where the earliest collision of a simulated
window lies. A track that began before its window, and lost its first hits by that, mostly has hits
in that data clock too: it is left to the window before. Hits of a track that begins at the end of
the interval have 112 ticks (220 ns) left, which is less than the longest drift; the trigger, whose
window slides, sees such a track better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.cdc_hough import TRACK_CLOCK_TICKS
from firmware_models.interface.cdc_segment import TICKS_PER_CLOCK
from firmware_models.interface.clock import DATA_CLOCK_TICKS
from firmware_models.klm_hits import KlmHits
from firmware_models.trigger_cells import CellHits
from firmware_models.wire_hits import WireHits
from trigger.tracks import TrackWords

WINDOW_DATA_CLOCKS = 2
"""Data clocks of the calorimeter in one window of the background sample: 251.5 ns."""

SPACING_TICKS = WINDOW_DATA_CLOCKS * DATA_CLOCK_TICKS // TRACK_CLOCK_TICKS * TICKS_PER_CLOCK
"""From one background window to the next, in ticks of the chamber's trigger: 128."""

FIRST_TICK = TICKS_PER_CLOCK
"""Start of the interval in which the event time of a background window counts."""


@dataclass(frozen=True)
class Detected:
    """What the detector hands to the trigger, window by window.

    Parameters
    ----------
    cells : CellHits
        Of the calorimeter.
    wires : WireHits, optional
        Of the drift chamber, where it is simulated.
    muons : KlmHits, optional
        Of the muon detector, where it is simulated.
    """

    cells: CellHits
    wires: WireHits | None = None
    muons: KlmHits | None = None

    def select(self, chosen: NDArray[np.intp]) -> Detected:
        """Return the windows of the given numbers, in the given order."""
        wires, muons = self.wires, self.muons
        return Detected(
            self.cells.select(chosen),
            None if wires is None else wires.select(chosen),
            None if muons is None else muons.select(chosen),
        )

    @classmethod
    def joined(cls, parts: Sequence[Detected]) -> Detected:
        """Return the windows of several one after the other; all of the same detectors."""
        wires = [part.wires for part in parts if part.wires is not None]
        muons = [part.muons for part in parts if part.muons is not None]
        return cls(
            CellHits.joined([part.cells for part in parts]),
            WireHits.joined(wires) if wires else None,
            KlmHits.joined(muons) if muons else None,
        )


def counted_once(words: TrackWords) -> TrackWords:
    """Return the words of background windows without what another window counts.

    Parameters
    ----------
    words : TrackWords
        Of windows that start `SPACING_TICKS` apart.

    Returns
    -------
    TrackWords
        Events whose time is not in the interval, or that have no segment, have no track, no neural
        track and no event time.
    """
    found = words.time
    at = np.where(found["valid"] == 1, found["time"], found["earliest"]).astype(np.int64)
    own = (at >= FIRST_TICK) & (at < FIRST_TICK + SPACING_TICKS) & (found["earliest_valid"] == 1)
    return words.kept(own)


def chamber_quality(words: TrackWords) -> NDArray[np.int64]:
    """Return the quality of the chamber's event time, shape ``(n,)``.

    1 where a bin of the segments' times has enough entries, 0 where there is but an earliest
    segment, -1 where there is none.
    """
    valid = words.time["valid"].astype(np.int64)
    return np.where(words.time["earliest_valid"] == 1, valid, -1)
