"""Hits of the drift chamber's wires, as the front end hands them to the trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ragged
from firmware_models.interface.cdc_hough import TRACK_TICK_NS
from firmware_models.interface.cdc_segment import PERSISTENCE, TICKS_PER_CLOCK

TIME_TICK_NS = TRACK_TICK_NS
"""Tick of the chamber's trigger [ns]: two bins of the front end's TDC, 1.9651 ns (basf2 CDC.xml:
the TDC runs at 1.017774 GHz, twice the RF)."""

WINDOW_TICKS = PERSISTENCE * TICKS_PER_CLOCK
"""Ticks that the trigger's drift times span: 16 data clocks, 503 ns (basf2 NeuroTrigger)."""


@dataclass(frozen=True)
class WireHits:
    """Hit wires of many windows, ragged.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Hits of window i are ``offsets[i]`` to ``offsets[i + 1]``.
    wire : ndarray of uint16, shape (n_hit,)
        Global wire id, 0 to 14335; at most one hit a wire and window, rising within a window.
    time : ndarray of uint16, shape (n_hit,)
        Ticks (1.9651 ns) from the start of the window.
    """

    offsets: NDArray[np.int64]
    wire: NDArray[np.uint16]
    time: NDArray[np.uint16]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.offsets) - 1

    @property
    def window_of(self) -> NDArray[np.int64]:
        """Window of every hit, shape ``(n_hit,)``."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def select(self, chosen: NDArray[np.intp]) -> WireHits:
        """Return the windows of the given numbers, in the given order."""
        offsets, rows = ragged.selected(self.offsets, chosen)
        return WireHits(offsets, self.wire[rows], self.time[rows])

    @classmethod
    def joined(cls, parts: Sequence[WireHits]) -> WireHits:
        """Return the windows of several one after the other."""
        columns = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("wire", "time")
        )
        return cls(ragged.joined([part.offsets for part in parts]), *columns)
