"""Table of sin θ over the counts of θ, for momentum from transverse momentum.

θ is 90° + 80° · c / 4096 for a count c, so sin θ = cos(80° · |c| / 4096). An entry stands for
sixteen counts and is taken at their middle: at address a = |c| >> 4 (at most 255) it is
round(4096 · cos(80° · (16 a + 8) / 4096)).

No count within ±4096 lies more than 8 counts = 0.15625° from the middle of its entry, so entry /
4096 differs from sin θ by at most sin 80° · 0.15625° · π / 180° + 2⁻¹³ = 0.0028. Relative to sin θ
that is 1.7 % at 10° and 170°, 0.5 % at 30°, and less between. cdc_track_trigger section 11 of the
reference notes proposes this table with an 8-bit θ; the sampling is this project's choice.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import (
    SINE_FRACTION,
    SINE_SHIFT,
    SINE_WIDTH,
    THETA_LSB_DEG,
)


@cache
def sine_table() -> NDArray[np.int64]:
    """Return the entries, shape (256,)."""
    address = np.arange(1 << SINE_WIDTH)
    counts = (address << SINE_SHIFT) + (1 << (SINE_SHIFT - 1))
    table: NDArray[np.int64] = np.floor(
        (1 << SINE_FRACTION) * np.cos(np.radians(THETA_LSB_DEG * counts)) + 0.5
    ).astype(np.int64)
    table.flags.writeable = False
    return table
