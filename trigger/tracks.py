"""Words of the track trigger, event by event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ragged
from firmware_models.interface.cdc_segment import EVENT_TIME
from firmware_models.interface.displaced import DISPLACED_DECISION
from firmware_models.interface.grl import GRL_SEGMENTS, GRL_SHORT, TRACK_COUNTS
from firmware_models.interface.neuro import NEURO_TRACK, SINGLE_TRACK


@dataclass(frozen=True)
class TrackWords:
    """What the track trigger says of every event.

    Parameters
    ----------
    counts : ndarray, shape (n,), dtype of the word `track_counts`
    single : ndarray, shape (n,), dtype of the word `single_track`
        Of the event's last frame.
    time : ndarray, shape (n,), dtype of the word `event_time`
    full : ndarray, shape (n,), dtype of the word `grl_segments`
        2D tracks of all trackers, and bins with segments.
    short : ndarray, shape (n,), dtype of the word `grl_short`
    displaced : ndarray, shape (n,), dtype of the word `displaced_decision`
    offsets : ndarray of int64, shape (n + 1,)
        Frames of event i are ``offsets[i]`` to ``offsets[i + 1]``; each event has one or more.
    neural : ndarray, shape (m,), dtype of the word `neuro_track`
        Frame by frame, the last one of an event with `last`.
    frames : ndarray, shape (m,), dtype of the word `single_track`
        The decision on each.
    """

    counts: NDArray[np.void]
    single: NDArray[np.void]
    time: NDArray[np.void]
    full: NDArray[np.void]
    short: NDArray[np.void]
    displaced: NDArray[np.void]
    offsets: NDArray[np.int64]
    neural: NDArray[np.void]
    frames: NDArray[np.void]

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.counts)

    @property
    def window_of(self) -> NDArray[np.int64]:
        """Event of every frame, shape ``(m,)``."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def select(self, chosen: NDArray[np.intp]) -> TrackWords:
        """Return the events of the given numbers, in the given order."""
        offsets, rows = ragged.selected(self.offsets, chosen)
        parts = {name: getattr(self, name)[chosen] for name in _OF_EVENTS}
        parts |= {name: getattr(self, name)[rows] for name in _OF_FRAMES}
        return TrackWords(offsets=offsets, **parts)

    def kept(self, chosen: NDArray[np.bool_]) -> TrackWords:
        """Return the same events, those that are not chosen without anything found.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n,)
        """
        parts = {name: _where(chosen, getattr(self, name)) for name in _OF_EVENTS}
        frames = chosen[self.window_of]
        parts |= {name: _where(frames, getattr(self, name)) for name in _OF_FRAMES}
        for name in ("single", "neural", "frames"):
            parts[name]["last"] = getattr(self, name)["last"]
        return TrackWords(**parts, offsets=self.offsets)

    @classmethod
    def joined(cls, parts: list[TrackWords]) -> TrackWords:
        """Return the events of several one after the other."""
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in (*_OF_EVENTS, *_OF_FRAMES)
        }
        return cls(offsets=ragged.joined([part.offsets for part in parts]), **columns)

    @classmethod
    def empty(cls, n: int) -> TrackWords:
        """Return `n` events in which nothing is found."""
        neural, frames, single = NEURO_TRACK.zeros(n), SINGLE_TRACK.zeros(n), SINGLE_TRACK.zeros(n)
        for words in (neural, frames, single):
            words["last"] = 1
        return cls(
            TRACK_COUNTS.zeros(n), single, EVENT_TIME.zeros(n), GRL_SEGMENTS.zeros(n),
            GRL_SHORT.zeros(n), DISPLACED_DECISION.zeros(n), np.arange(n + 1), neural, frames,
        )  # fmt: skip


_OF_EVENTS = ("counts", "single", "time", "full", "short", "displaced")
_OF_FRAMES = ("neural", "frames")


def _where(chosen: NDArray[np.bool_], words: NDArray[np.void]) -> NDArray[np.void]:
    kept = np.zeros_like(words)
    kept[chosen] = words[chosen]
    return kept
