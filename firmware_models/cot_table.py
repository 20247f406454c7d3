"""Table of cot θ over the counts of the network's θ, to carry a track along z.

θ is 90° + 80° · c / 4096 for a count c, so |cot θ| = tan(80° · |c| / 4096), and cot θ is positive
for negative c. An entry stands for two counts and is taken at their middle: at address a = |c| >> 1
(at most 2047) it is round(4096 · tan(80° · (2 a + 0.5) / 4096)), which takes 15 bits.

A count lies half a count = 0.00977° from the middle of its entry (|c| = 4096 one and a half). Times
126 cm, an entry errs by at most 0.27 cm from 17° to 163°, by 0.10 cm from 31° to 149°, where the
barrel of the calorimeter is.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import THETA_LSB_DEG

COT_WIDTH, COT_SHIFT = 11, 1
"""Address: |θ| >> 1, at most 2047."""

COT_FRACTION, COT_ENTRY_WIDTH = 12, 15
"""Fractional bits of an entry, and all of its bits."""


@cache
def cot_table() -> NDArray[np.int64]:
    """Return the entries, shape (2048,)."""
    address = np.arange(1 << COT_WIDTH)
    counts = (address << COT_SHIFT) + ((1 << COT_SHIFT) - 1) / 2.0
    table: NDArray[np.int64] = np.floor(
        (1 << COT_FRACTION) * np.tan(np.radians(THETA_LSB_DEG * counts)) + 0.5
    ).astype(np.int64)
    table.flags.writeable = False
    return table
