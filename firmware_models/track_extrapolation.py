"""Where 2D tracks pass a cylinder around the beam line, in the integers of the trigger's tables.

Azimuth is counted in 1/2560 of a turn (0.140625°, an eighth of the half-cell in which the track
finder tells φ0), so that its φ0 is exact. In the field of 1.5 T a track from the beam line with
curvature κ, positive for positive charge, passes radius R at φ0 − asin(κ R / 2), after an arc of
(2 / κ) asin(κ R / 2) in the transverse plane.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.interface.cdc_hough import CDC_TRACKS
from firmware_models.interface.neuro import Z_LSB_CM

TURN = 2560
"""Counts of azimuth in a turn."""

HALF_CELL = 8
"""Counts of azimuth in a half-cell of φ0, 1.125°."""

FIRST_HALF_CELL, QUADRANT_HALF_CELLS = 41, 80
"""Half-cells from φ = 0 to n = 0 of tracker 0 (45° + 1.125°), and from one tracker to the next."""

N_CURVATURE = 34
"""Entries of a table by |ω|: 0 to 33 half-cells."""

NOT_REACHED = -1
"""Entry of a table for tracks that turn back before the radius."""

ECL_RADIUS_CM, KLM_RADIUS_CM = 126.0, 176.0
"""Calorimeter; coil, before the muon detector (ecl_klm_gdl section 5 of the reference notes)."""


def origin(phi0: ArrayLike, quadrant: ArrayLike) -> NDArray[np.int64]:
    """Return the azimuth of a track at the beam line, 0 to 2559.

    Parameters
    ----------
    phi0, quadrant : array_like of int
        Fields of the track finder, broadcast together.
    """
    cells = np.asarray(phi0, np.int64) + QUADRANT_HALF_CELLS * np.asarray(quadrant, np.int64)
    result: NDArray[np.int64] = (cells + FIRST_HALF_CELL) * HALF_CELL % TURN
    return result


@cache
def turn_table(radius_cm: float) -> NDArray[np.int64]:
    """Return by how much a track turns on its way to a radius, by |ω|.

    Parameters
    ----------
    radius_cm : float

    Returns
    -------
    ndarray of int64, shape (34,)
        Counts of azimuth, rounded half up; `NOT_REACHED` for tracks that turn back before.
    """
    sine = _half_chord(radius_cm)
    turn = np.floor(np.arcsin(np.minimum(sine, 1.0)) * TURN / (2.0 * np.pi) + 0.5)
    return _read_only(np.where(sine <= 1.0, turn, NOT_REACHED))


@cache
def arc_table(radius_cm: float) -> NDArray[np.int64]:
    """Return the transverse length of a track up to a radius, by |ω|.

    Parameters
    ----------
    radius_cm : float

    Returns
    -------
    ndarray of int64, shape (34,)
        Counts of the network's z (100/4096 cm), rounded half up; `NOT_REACHED` as in `turn_table`.
    """
    sine = np.minimum(_half_chord(radius_cm), 1.0)
    # asin(x) / x tends to 1 for a straight track.
    stretch = np.ones(N_CURVATURE)
    stretch[1:] = np.arcsin(sine[1:]) / sine[1:]
    counts = np.floor(stretch * radius_cm / Z_LSB_CM + 0.5)
    return _read_only(np.where(_half_chord(radius_cm) <= 1.0, counts, NOT_REACHED))


def _half_chord(radius_cm: float) -> NDArray[np.float64]:
    return np.arange(N_CURVATURE, dtype=np.float64) * (CDC_TRACKS["omega"].lsb * radius_cm / 2.0)


def _read_only(values: NDArray[np.float64]) -> NDArray[np.int64]:
    table = values.astype(np.int64)
    table.flags.writeable = False
    return table
