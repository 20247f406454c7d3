"""A track trigger that only counts hits: every word follows from the hits of its window alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from firmware_models.interface.cdc_segment import EVENT_TIME
from firmware_models.interface.grl import TRACK_COUNTS
from firmware_models.interface.neuro import SINGLE_TRACK
from firmware_models.wire_hits import WINDOW_TICKS, WireHits
from trigger.bits import BitTable
from trigger.menu.inputs import TRACK_WORDS, input_rows
from trigger.tracks import TrackWords

OUTER = 8000
"""Wires from here on count."""

HITS_PER_TRACK = 12


@dataclass(frozen=True)
class HitCounter:
    """Stands where the track trigger stands."""

    registers: Mapping[str, Any]
    network: str

    def evaluate(self, hits: WireHits) -> TrackWords:
        n = len(hits)
        counts, single, time = TRACK_COUNTS.zeros(n), SINGLE_TRACK.zeros(n), EVENT_TIME.zeros(n)
        for i in range(n):
            part = slice(hits.offsets[i], hits.offsets[i + 1])
            wire, tick = hits.wire[part].astype(int), hits.time[part].astype(int)
            seen = (tick < WINDOW_TICKS) & (wire >= OUTER)
            tracks = min(int(seen.sum()) // HITS_PER_TRACK, 24)
            counts["tracks"][i] = tracks
            single["last"][i] = 1
            if tracks:
                counts["t2"][i, min(tracks, 4) - 1] = 1
                single["ty"][i, min(tracks, 4) - 1] = 1
                single["stt"][i] = int(wire[seen].min() % 2)
                counts["open90"][i] = int(wire[seen].max() - wire[seen].min() > 1000)
            if seen.any():
                time["earliest_valid"][i], time["earliest"][i] = 1, tick[seen].min()
                time["valid"][i], time["time"][i] = int(tracks > 1), tick[seen].min()
        return replace(TrackWords.empty(n), counts=counts, single=single, time=time)


def use_hit_counter(patch: pytest.MonkeyPatch) -> None:
    """Let studies take `HitCounter` for their track trigger."""
    patch.setattr("sim.study.chunk.track_trigger", HitCounter)


def track_rows(words: TrackWords) -> BitTable:
    """Return the input bits of tracks alone."""
    return input_rows(TRACK_WORDS, (words.counts, words.single, words.displaced))
