"""Table of the deeper network's activation function tanh(x), as the firmware holds it.

Source: cdc_track_trigger section 5.5 of the reference notes (basf2 NeuroTrigger3DH): 4096 entries
over [0, 4), the entry at address a is round(4096 · tanh(a / 1024)), limited to 4095. No entry
reaches that limit: tanh(4) is 4093.25 / 4096, so values step from 4093 to 4095 at x = 4.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import ONE
from firmware_models.interface.neuro_deep import ADDRESS_WIDTH, TOP, WINDOW_INTEGER


@cache
def short_tanh_table() -> NDArray[np.int64]:
    """Return the entries, shape (4096,): at the lower edge of what an address stands for."""
    x = np.arange(1 << ADDRESS_WIDTH) / (1 << (ADDRESS_WIDTH - WINDOW_INTEGER))
    table = np.minimum(np.floor(ONE * np.tanh(x) + 0.5), TOP).astype(np.int64)
    table.flags.writeable = False
    return table
