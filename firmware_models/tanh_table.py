"""Table of the network's activation function tanh(x/2), as the firmware holds it.

Source: cdc_track_trigger section 5.3 of the reference notes (basf2 NeuroTrigger): the entry at
address a is round(4096 · tanh(x/2)) at x = (a + 1/2 − 2⁻¹³) / 1024, the middle of the values whose
lower bits the address drops. It is exactly 4096 from address 9937 on.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import (
    ADDRESS_SHIFT,
    NODE_FRACTION,
    ONE,
    SATURATION,
    TABLE_FRACTION,
)


@cache
def tanh_table() -> NDArray[np.int64]:
    """Return the entries, shape (9938,): one for each address, the last for all from 9937 on.

    The notes give the offset as 1/2 − 2⁻¹³: half a step of the address less half a step of the
    sum, which has `ADDRESS_SHIFT` = 12 bits more.
    """
    address = np.arange(SATURATION + 1)
    x = (address + 0.5 - 2.0 ** -(ADDRESS_SHIFT + 1)) / (1 << TABLE_FRACTION)
    table = np.floor((1 << NODE_FRACTION) * np.tanh(x / 2) + 0.5).astype(np.int64)
    table[SATURATION] = ONE
    table.flags.writeable = False
    return table
