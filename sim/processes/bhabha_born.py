"""Bhabha scattering at lowest order with the running coupling: the density in cosθ."""

from __future__ import annotations

import math

from firmware_models.kernels import njit
from sim.processes.constants import ALPHA, GEV2_NB
from sim.processes.vacuum_polarisation import running_alpha


@njit()
def bhabha_density(c: float, s: float, running: bool) -> float:
    """Return dσ/dcosθ* [nb] of Bhabha scattering at lowest order, electron mass neglected.

    Parameters
    ----------
    c : float
        cosθ* of the electron.
    s : float
        Square of the centre-of-mass energy [GeV²].
    running : bool
        Whether α runs with t and s.
    """
    t, u = -0.5 * s * (1.0 - c), -0.5 * s * (1.0 + c)
    at = running_alpha(t) if running else ALPHA
    as_ = running_alpha(s) if running else ALPHA
    return (
        GEV2_NB
        * math.pi
        / s
        * (
            at * at * (s * s + u * u) / (t * t)
            + 2.0 * as_ * at * u * u / (s * t)
            + as_ * as_ * (t * t + u * u) / (s * s)
        )
    )
