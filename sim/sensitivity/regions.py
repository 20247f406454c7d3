"""Regions of truth variables: the cuts of a selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.study.fields import Range


def inside(
    regions: Sequence[Sequence[Range]], truth: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.bool_]:
    """Return which events lie in one of the regions; without regions all do.

    Parameters
    ----------
    regions : sequence of sequence of Range
        An event is inside when it fulfils all ranges of one region.
    truth : mapping of str to ndarray, shape (n,)
        Truth variables; NaN fulfils no range.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    n = len(next(iter(truth.values())))
    if not regions:
        return np.ones(n, dtype=bool)
    result = np.zeros(n, dtype=bool)
    for region in regions:
        within = np.ones(n, dtype=bool)
        for cut in region:
            value = truth[cut.variable]
            within &= (value >= cut.low) & (value < cut.high)
        result |= within
    return result
