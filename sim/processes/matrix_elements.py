"""Exact lowest-order squared amplitudes of e⁺e⁻ → f f̄ γ for massless leptons, as references.

F. A. Berends et al., Nucl. Phys. B 206 (1982) 61, in the form and with the normalisation of
physics section A.3 of the reference notes. They check the approximations that the generators use.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.processes.constants import ALPHA

FloatArray = NDArray[np.float64]


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return four-products of vectors px, py, pz, E, shape ``(n,)``."""
    result: FloatArray = a[..., 3] * b[..., 3] - np.sum(a[..., :3] * b[..., :3], axis=-1)
    return result


def bhabha_photon(
    electron: FloatArray, positron: FloatArray, p4: FloatArray, *, bhabha: bool = True
) -> FloatArray:
    """Return the spin-averaged |M|² of e⁺e⁻ → f⁺f⁻γ [GeV⁻²].

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Beam four-vectors [GeV].
    p4 : ndarray, shape (n, 3, 4)
        f⁻, f⁺ and photon, in this order.
    bhabha : bool
        True: f is an electron (t- and s-channel); False: another lepton (s-channel only).
    """
    minus, plus, photon = p4[:, 0], p4[:, 1], p4[:, 2]
    x_plus, x_minus = dot(photon, positron), dot(photon, electron)
    y_plus, y_minus = dot(photon, plus), dot(photon, minus)
    s, s1 = 2.0 * dot(electron, positron), 2.0 * dot(plus, minus)
    t, t1 = -2.0 * dot(plus, positron), -2.0 * dot(minus, electron)
    u, u1 = -2.0 * dot(minus, positron), -2.0 * dot(plus, electron)
    eikonal = (
        s / (x_plus * x_minus)
        + s1 / (y_plus * y_minus)
        - t / (x_plus * y_plus)
        - t1 / (x_minus * y_minus)
        + u / (x_plus * y_minus)
        + u1 / (x_minus * y_plus)
    )
    if bhabha:
        square = s * s1 * (s * s + s1 * s1) + t * t1 * (t * t + t1 * t1)
        square = (square + u * u1 * (u * u + u1 * u1)) / (s * s1 * t * t1)
    else:
        square = (t * t + t1 * t1 + u * u + u1 * u1) / (s * s1)
    result: FloatArray = (4.0 * math.pi * ALPHA) ** 3 * eikonal * square
    return result
