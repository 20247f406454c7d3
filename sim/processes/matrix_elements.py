"""Exact lowest-order squared amplitudes of e⁺e⁻ → f f̄ γ and γγγ for massless beams.

F. A. Berends et al., Nucl. Phys. B 206 (1982) 61, in the form and with the normalisation of
physics section A.3 of the reference notes. `eegamma`, `mumugamma` and `gammagammagamma` generate
with them, and they check the approximations of the other generators.
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
    electron: FloatArray, positron: FloatArray, p4: FloatArray, *, bhabha: bool = True, mass: float = 0.0
) -> FloatArray:
    """Return the spin-averaged |M|² of e⁺e⁻ → f⁺f⁻γ [GeV⁻²].

    With a mass the terms -m²/(k·q)² of the eikonal factor are added, each with the lowest order of
    the pair before its radiation, 2(t² + u²)/s² of the momenta that the photon leaves alone: then
    hard photons along a lepton have the right mass term too. What is left out is of the order
    m²/s′ (`tests/processes/test_dirac.py`).

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Beam four-vectors [GeV].
    p4 : ndarray, shape (n, 3, 4)
        f⁻, f⁺ and photon, in this order.
    bhabha : bool
        True: f is an electron (t- and s-channel); False: another lepton (s-channel only).
    mass : float
        Mass of f [GeV], for another lepton.
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
    square *= eikonal
    if mass > 0.0 and not bhabha:
        loss = (t * t + u1 * u1) / y_minus**2 + (t1 * t1 + u * u) / y_plus**2
        square -= 2.0 * mass * mass / (s * s) * loss
    result: FloatArray = (4.0 * math.pi * ALPHA) ** 3 * square
    return result


def three_photons(electron: FloatArray, positron: FloatArray, p4: FloatArray) -> FloatArray:
    """Return the spin-averaged |M|² of e⁺e⁻ → γγγ [GeV⁻²], without the 1/3! of phase space.

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Beam four-vectors [GeV].
    p4 : ndarray, shape (n, 3, 4)
        The photons.
    """
    x, y = dot(p4, positron), dot(p4, electron)
    total = np.sum(x * y * (x * x + y * y), axis=1) / np.prod(x * y, axis=1)
    s = 2.0 * dot(electron, positron)
    result: FloatArray = (4.0 * math.pi * ALPHA) ** 3 * s * total
    return result
