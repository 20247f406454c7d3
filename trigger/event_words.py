"""Words of all sub-triggers, event by event: what the GDL's inputs are taken from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trigger.bits import BitTable
from trigger.matching import MatchWords
from trigger.menu.inputs import (
    ECL_WORDS,
    GRL_WORDS,
    KLM_WORDS,
    NEURAL_MATCH_WORDS,
    TRACK_WORDS,
    Inputs,
    input_rows,
)
from trigger.tracks import TrackWords


@dataclass(frozen=True)
class EventWords:
    """What the sub-triggers say of every event.

    Parameters
    ----------
    calorimeter : ndarray, shape (n,), dtype of the word `ecl_trigger`
    tracks : TrackWords, optional
    muons : ndarray, shape (n,), dtype of the word `klm_sectors`, optional
    matches : MatchWords, optional
        With tracks only.
    """

    calorimeter: NDArray[np.void]
    tracks: TrackWords | None = None
    muons: NDArray[np.void] | None = None
    matches: MatchWords | None = None

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.calorimeter)

    def input_rows(self) -> BitTable:
        """Return the input bits of the sub-triggers that are given, bit-sliced.

        Raises
        ------
        InputError
            When words are of another type, or not one of each for every event.
        """
        given: list[tuple[Inputs, tuple[NDArray[np.void], ...]]] = [
            (ECL_WORDS, (self.calorimeter,))
        ]
        if self.tracks is not None:
            given.append(
                (TRACK_WORDS, (self.tracks.counts, self.tracks.single, self.tracks.displaced))
            )
        if self.muons is not None:
            given.append((KLM_WORDS, (self.muons,)))
        if self.tracks is not None and self.matches is not None:
            given.append((GRL_WORDS, (self.tracks.short, self.matches.match)))
            given.append((NEURAL_MATCH_WORDS, (self.matches.neural,)))
        return BitTable.joined([input_rows(inputs, words) for inputs, words in given])
