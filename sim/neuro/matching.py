"""Which generated track a track of the two-dimensional finder is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import OMEGA_LSB_PER_GEV, PHI0_LSB_DEG
from firmware_models.kernels import njit

Array = NDArray[np.float64]

FIRST_PHI0_DEG = 45.0 + PHI0_LSB_DEG
"""φ0 of half-cell 0 in quadrant 0 (cdc_track_trigger section 3 of the reference notes)."""


@dataclass(frozen=True)
class MatchLimits:
    """How far a found track may be off; assumptions.

    Parameters
    ----------
    phi0_deg, q_over_pt : float
        Largest differences [degree, 1/GeV]: nine times the finder's resolution (0.9° and
        0.09 GeV⁻¹ on ideal circles: cdc_track_trigger section 3 of the reference notes), which
        leaves room for what scattering and energy loss do to soft tracks.
    """

    phi0_deg: float = 8.0
    q_over_pt: float = 0.8


def found_parameters(words: NDArray[np.void]) -> tuple[Array, Array]:
    """Return φ0 [rad] and q/pT [1/GeV] of the 2D tracks in words of the network."""
    phi0 = FIRST_PHI0_DEG + 90.0 * words["quadrant"] + PHI0_LSB_DEG * words["phi0"]
    return np.radians(phi0 % 360.0), words["omega"] * OMEGA_LSB_PER_GEV


def match(
    event: NDArray[np.int64],
    phi0: Array,
    q_over_pt: Array,
    offsets: NDArray[np.int64],
    true_phi0: Array,
    true_q_over_pt: Array,
    limits: MatchLimits | None = None,
) -> NDArray[np.int64]:
    """Return the row of the nearest generated track of the same event, or -1, shape (n,).

    Nearest in units of the limits, within both of them. Two found tracks may be of one generated
    track.

    Parameters
    ----------
    event : ndarray of int64, shape (n,)
        Event of each found track.
    phi0, q_over_pt : ndarray, shape (n,)
        Of the found tracks [rad, 1/GeV].
    offsets : ndarray of int64, shape (n_event + 1,)
        Generated tracks of the events.
    true_phi0, true_q_over_pt : ndarray
        Of the generated tracks.
    limits : MatchLimits, optional
    """
    chosen = MatchLimits() if limits is None else limits
    row: NDArray[np.int64] = _match(
        event, phi0, q_over_pt, offsets, true_phi0, true_q_over_pt,
        np.radians(chosen.phi0_deg), chosen.q_over_pt,
    )  # fmt: skip
    return row


@njit()
def _match(event, phi0, bend, offsets, true_phi0, true_bend, most_phi0, most_bend):  # type: ignore[no-untyped-def]
    rows = np.full(len(event), -1, dtype=np.int64)
    for i in range(len(event)):
        nearest = np.inf
        for row in range(offsets[event[i]], offsets[event[i] + 1]):
            turn = (phi0[i] - true_phi0[row] + np.pi) % (2.0 * np.pi) - np.pi
            a, b = turn / most_phi0, (bend[i] - true_bend[row]) / most_bend
            if abs(a) <= 1.0 and abs(b) <= 1.0 and a * a + b * b < nearest:
                nearest, rows[i] = a * a + b * b, row
    return rows
