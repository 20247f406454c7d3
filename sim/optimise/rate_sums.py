"""Sums over the events of one sample for all candidates, and the rates that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.optimise.config import OptimiseConfig
from sim.readers import EventFile
from sim.study.results import SampleResult, take_from_file
from trigger.intervals import one_sided_zero
from trigger.rates import RateAccumulator

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Sums over the events of one chunk.

    Parameters
    ----------
    sample, n_events : int
    sums : list of RateAccumulator
        Of each candidate.
    weight : ndarray, shape (2,)
        Sums of w and w² over all events.
    difference : ndarray, shape (candidates, 3)
        Sums of w D, w² D and w² D², D: the event's chance to pass minus that with the base.
    """

    sample: int
    n_events: int
    sums: list[RateAccumulator]
    weight: FloatArray
    difference: FloatArray


class SampleSums:
    """Sums of one sample, and after `finish` its rates [Hz], shape ``(candidates,)``.

    Parameters
    ----------
    number : int
        Of the sample in the study.
    sample : SampleResult
    names : sequence of tuple of str
        Lines of each candidate's menu.
    """

    def __init__(self, number: int, sample: SampleResult, names: Sequence[tuple[str, ...]]) -> None:
        self.number, self.sample = number, sample
        self.parts: list[RateAccumulator] = []
        self.weight = np.zeros(2)
        self.change = np.zeros((len(names), 3))
        self.rate = self.error = self.difference = self.difference_err = np.zeros(len(names))
        self.known = False

    def add(self, part: Part) -> None:
        """Add the sums of a chunk."""
        self.sample.n_events += part.n_events
        self.weight += part.weight
        self.change += part.difference
        if not self.parts:
            self.parts = part.sums
            return
        for mine, other in zip(self.parts, part.sums, strict=True):
            mine.merge(other)


def finish(
    sums: SampleSums, config: OptimiseConfig, opened: EventFile | None, luminosity: float
) -> None:
    """Turn a sample's sums into rates, and let them go."""
    take_from_file(config.study(), sums.sample, opened)
    name, known = sums.sample.name, sums.sample.normalisation
    if known.sigma_nb is None and known.rate_hz is None:
        sums.parts = []
        return
    sums.known = True
    tables = [part.rate_table({name: known}, luminosity).all for part in sums.parts]
    sums.parts = []
    sums.rate = np.array([table.total for table in tables])
    sums.error = np.array([table.total_err for table in tables])
    hz, hz_err = known.source_rate(luminosity, name)
    w, w2 = sums.weight
    mean = sums.change[:, 0] / w
    spread = sums.change[:, 2] - 2 * mean * sums.change[:, 1] + np.square(mean) * w2
    error = np.sqrt(np.maximum(spread, 0.0)) / w
    # No event decided differently is no proof that none would be; the base itself has no error.
    unseen = sums.change[:, 2] == 0
    unseen[0] = False
    error = np.where(unseen, one_sided_zero(w * w / w2), error)
    sums.difference = hz * mean
    sums.difference_err = np.hypot(hz * error, hz_err * mean)
