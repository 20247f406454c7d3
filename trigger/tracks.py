"""Words of the track trigger, event by event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrackWords:
    """What the track trigger says of every event.

    Parameters
    ----------
    counts : ndarray, shape (n,), dtype of the word `track_counts`
    single : ndarray, shape (n,), dtype of the word `single_track`
        Of the event's last frame.
    time : ndarray, shape (n,), dtype of the word `event_time`
    """

    counts: NDArray[np.void]
    single: NDArray[np.void]
    time: NDArray[np.void]

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.counts)

    def select(self, chosen: NDArray[np.intp]) -> TrackWords:
        """Return the events of the given numbers, in the given order."""
        return TrackWords(self.counts[chosen], self.single[chosen], self.time[chosen])
