"""Block `grl_tracks`: number of 2D tracks and the angles between them at the beam line.

Source: ecl_klm_gdl sections 4 and 5 of the reference notes (basf2 TRGGRLProjects): one-hot counts
of full tracks, azimuth in 36 bins of 10°, differences of bins for opening angles and back-to-back
tracks. Conventions of our own: docs/reference/grl_tracks.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_hough import CDC_TRACKS, N_TRACK, N_TRACKER
from firmware_models.interface.grl import (
    ALL_TRACKS,
    BACK_TO_BACK,
    N_PHI_BIN,
    N_T2,
    OPEN30,
    OPEN90,
    TRACK_COUNTS,
)
from firmware_models.kernels import njit

BLOCK: Block = BLOCKS["grl_tracks"]

HALF_CELLS = 320
"""Half-cells of 1.125° in a circle."""

FIRST_HALF_CELL = 41
"""Half-cells from φ = 0 to n = 0 of tracker 0: 45° + 1.125°."""

BIN_NUMERATOR, BIN_DENOMINATOR = 9, 80
"""1.125° / 10°."""


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(tracks: NDArray[np.void]) -> NDArray[np.void]:
    """Put the tracks of four trackers side by side.

    Parameters
    ----------
    tracks : ndarray, shape (4 n,), dtype of the word `cdc_tracks`
        Tracker 0 to 3 of the first data clock, then of the next.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `all_tracks`
        What empty slots hold is left out.

    Raises
    ------
    InputError
        For another dtype or number of words, or trackers with different data clocks.
    """
    if tracks.dtype != CDC_TRACKS.dtype or tracks.ndim != 1 or len(tracks) % N_TRACKER:
        raise InputError(f"takes words {CDC_TRACKS.name!r} of {N_TRACKER} trackers a data clock, "
                         f"not shape {tracks.shape} of {tracks.dtype.names}")  # fmt: skip
    clock = tracks["clock"].reshape(-1, N_TRACKER)
    if (clock != clock[:, :1]).any():
        raise InputError(f"the {N_TRACKER} words of a data clock must have the same 'clock'")
    words = ALL_TRACKS.zeros(len(clock))
    words["valid"] = tracks["valid"].reshape(words["valid"].shape)
    words["phi0"] = np.where(words["valid"] == 1, tracks["phi0"].reshape(words["valid"].shape), 0)
    words["clock"] = clock[:, 0]
    return words


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Count tracks and find pairs at an angle.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `all_tracks`
    registers : dict, optional
        The block has none.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `track_counts`

    Raises
    ------
    InputError
        For a register.
    """
    for name in registers or {}:
        raise unknown_name("register", name, (), place=BLOCK.name)
    out = TRACK_COUNTS.zeros(len(words))
    out["clock"] = words["clock"]
    _evaluate(
        words["valid"], words["phi0"],
        out["t2"], out["tracks"], out["open90"], out["open30"], out["b2b"],
    )  # fmt: skip
    return out


@njit()
def _evaluate(valid, phi0, t2, tracks, open90, open30, b2b):  # type: ignore[no-untyped-def]
    bins = np.zeros(N_TRACKER * N_TRACK, dtype=np.int64)
    for row in range(len(valid)):
        count = 0
        for slot in range(N_TRACKER * N_TRACK):
            if valid[row, slot]:
                quadrant = slot // N_TRACK * (HALF_CELLS // N_TRACKER)
                half = (np.int64(phi0[row, slot]) + FIRST_HALF_CELL + quadrant) % HALF_CELLS
                bins[count] = half * BIN_NUMERATOR // BIN_DENOMINATOR
                count += 1
        tracks[row] = count
        if count:
            t2[row, min(count, N_T2) - 1] = 1
        for i in range(1, count):
            for j in range(i):
                apart = abs(bins[i] - bins[j])
                apart = min(apart, N_PHI_BIN - apart)
                open90[row] |= apart >= OPEN90
                open30[row] |= apart >= OPEN30
                for k in range(len(BACK_TO_BACK)):
                    b2b[row, k] |= apart >= N_PHI_BIN // 2 - BACK_TO_BACK[k]
