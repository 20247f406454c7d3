"""Sets of tracks from the whole chain: events, chamber, segments, 2D tracks, network inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.neuro.matching import MatchLimits, found_parameters, match
from sim.neuro.single_tracks import TrackRanges, draw
from sim.neuro.track_set import TrackSet, join

Finder = Callable[[WireHits], tuple[NDArray[np.void], NDArray[np.int64]]]
"""Hits of many windows in, words `neuro_input` and the window of each out; frames without `valid`
are no tracks."""

CHUNK = 10_000
"""Events in memory at a time."""


@dataclass(frozen=True)
class SampleConfig:
    """What a sample is made with.

    Parameters
    ----------
    ranges : TrackRanges
        Tracks that are drawn.
    chamber : CdcConfig
        With the background.
    limits : MatchLimits
        How far a found track may be from its truth.
    """

    ranges: TrackRanges = field(default_factory=TrackRanges)
    chamber: CdcConfig = field(default_factory=CdcConfig)
    limits: MatchLimits = field(default_factory=MatchLimits)

    def parameters(self, tracks: int, seed: int) -> dict[str, Any]:
        """Return all of it as plain values, for provenance."""
        return {
            "seed": seed, "tracks": tracks, "ranges": asdict(self.ranges),
            "limits": asdict(self.limits), "background": asdict(self.chamber.background),
            "drift": asdict(self.chamber.drift), "timing": asdict(self.chamber.timing),
        }  # fmt: skip


def make_sample(
    finder: Finder,
    tracks: int,
    seed: int,
    config: SampleConfig | None = None,
    progress: Callable[[int], None] | None = None,
) -> TrackSet:
    """Return at least so many found tracks: chunks of events until there are enough.

    Parameters
    ----------
    finder : callable
        The chain from hits to words.
    tracks : int
        Found tracks that are wanted.
    seed : int
    config : SampleConfig, optional
    progress : callable, optional
        Told the tracks found in each chunk.

    Raises
    ------
    RuntimeError
        When a chunk of events has no found track.
    """
    chosen = SampleConfig() if config is None else config
    parts: list[TrackSet] = []
    response, found = CdcResponse(chosen.chamber), 0
    while found < tracks or not parts:
        part = _chunk(finder, response, chosen, seed, len(parts), min(CHUNK, 200 + 2 * tracks))
        if not len(part):
            raise RuntimeError("no track is found in a whole chunk of events")
        parts.append(part)
        found += len(part)
        if progress is not None:
            progress(len(part))
    whole = join(parts)
    parameters = chosen.parameters(tracks, seed)
    return TrackSet(**{**vars(whole), "parameters": parameters})


def _chunk(
    finder: Finder, response: CdcResponse, config: SampleConfig, seed: int, chunk: int, events: int
) -> TrackSet:
    drawn, truth = draw(events, config.ranges, seed, chunk)
    words, event = finder(response.respond(drawn, seed, chunk))
    tracks = words["valid"] == 1
    words, event = words[tracks], event[tracks]
    phi0, q_over_pt = found_parameters(words)
    row = match(event, phi0, q_over_pt, drawn.offsets, truth.phi0, truth.q_over_pt, config.limits)
    return TrackSet(words, event, row, truth.event, truth.z, truth.theta, truth.q_over_pt,
                    truth.from_ip, len(drawn))  # fmt: skip
