"""The global reconstruction of one window: tracks, clusters and sectors of the muon detector.

It needs the drift chamber; where the muon detector is not simulated no sector fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import grl_match, grl_neural
from firmware_models.interface import Registers
from firmware_models.interface.klm import KLM_SECTORS
from trigger.tracks import TrackWords


@dataclass(frozen=True)
class MatchWords:
    """What the global reconstruction says of every event.

    Parameters
    ----------
    match : ndarray, shape (n,), dtype of the word `grl_match`
    neural : ndarray, shape (n,), dtype of the word `grl_neural`
        Of the event's last frame.
    """

    match: NDArray[np.void]
    neural: NDArray[np.void]

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.match)


def match(
    registers: Mapping[str, Registers],
    clusters: NDArray[np.void],
    tracks: TrackWords,
    sectors: NDArray[np.void] | None = None,
) -> MatchWords:
    """Match tracks to clusters and to sectors of the muon detector.

    Parameters
    ----------
    registers : mapping of block to Registers
        Those of blocks that are absent keep their defaults.
    clusters : ndarray, shape (n,), dtype of the word `ecl_clusters`
    tracks : TrackWords
        Of the same n windows.
    sectors : ndarray, shape (n,), dtype of the word `klm_sectors`, optional
        Default: no sector fires.
    """
    if sectors is None:
        sectors = KLM_SECTORS.zeros(len(tracks))
    objects = grl_match.quantize(
        tracks.full, tracks.short, clusters, sectors, clock=tracks.full["clock"]
    )
    frames = grl_neural.quantize(tracks.neural, tracks.frames, tracks.window_of, clusters, sectors)
    neural = grl_neural.evaluate(frames, registers.get("grl_neural", {}))
    return MatchWords(
        grl_match.evaluate(objects, registers.get("grl_match", {})), neural[neural["last"] == 1]
    )
