"""Exact lowest-order squared amplitudes of e⁺e⁻ → f f̄ γ and γγγ for massless beams.

F. A. Berends et al., Nucl. Phys. B 206 (1982) 61, in the form and with the normalisation of
physics section A.3 of the reference notes. `eegamma`, `mumugamma` and `gammagammagamma` generate
with them, and they check the approximations of the other generators.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.processes.constants import ALPHA

FloatArray = NDArray[np.float64]


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return four-products of vectors px, py, pz, E, shape ``(n,)``."""
    result: FloatArray = a[..., 3] * b[..., 3] - np.sum(a[..., :3] * b[..., :3], axis=-1)
    return result


class _Invariants(NamedTuple):
    """Products of the momenta of e⁺e⁻ → f⁺f⁻γ: x with the beams, y with the pair; t = -2pq."""

    x_plus: FloatArray
    x_minus: FloatArray
    y_plus: FloatArray
    y_minus: FloatArray
    s: FloatArray
    s1: FloatArray
    t: FloatArray
    t1: FloatArray
    u: FloatArray
    u1: FloatArray

    @property
    def interference(self) -> FloatArray:
        """Eikonal factor of one photon from the beams and the pair."""
        return (
            self.u / (self.x_plus * self.y_minus)
            + self.u1 / (self.x_minus * self.y_plus)
            - self.t / (self.x_plus * self.y_plus)
            - self.t1 / (self.x_minus * self.y_minus)
        )

    @property
    def squares(self) -> FloatArray:
        return self.t**2 + self.t1**2 + self.u**2 + self.u1**2


def _invariants(electron: FloatArray, positron: FloatArray, p4: FloatArray) -> _Invariants:
    minus, plus, photon = p4[:, 0], p4[:, 1], p4[:, 2]
    return _Invariants(
        dot(photon, positron), dot(photon, electron), dot(photon, plus), dot(photon, minus),
        2.0 * dot(electron, positron), 2.0 * dot(plus, minus),
        -2.0 * dot(plus, positron), -2.0 * dot(minus, electron),
        -2.0 * dot(minus, positron), -2.0 * dot(plus, electron),
    )  # fmt: skip


def bhabha_photon(
    electron: FloatArray, positron: FloatArray, p4: FloatArray, *, bhabha: bool = True
) -> FloatArray:
    """Return the spin-averaged |M|² of e⁺e⁻ → f⁺f⁻γ for massless leptons [GeV⁻²].

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Beam four-vectors [GeV].
    p4 : ndarray, shape (n, 3, 4)
        f⁻, f⁺ and photon, in this order.
    bhabha : bool
        True: f is an electron (t- and s-channel); False: another lepton (s-channel only).
    """
    v = _invariants(electron, positron, p4)
    eikonal = v.s / (v.x_plus * v.x_minus) + v.s1 / (v.y_plus * v.y_minus) + v.interference
    if bhabha:
        square = v.s * v.s1 * (v.s**2 + v.s1**2) + v.t * v.t1 * (v.t**2 + v.t1**2)
        square = (square + v.u * v.u1 * (v.u**2 + v.u1**2)) / (v.s * v.s1 * v.t * v.t1)
    else:
        square = v.squares / (v.s * v.s1)
    result: FloatArray = (4.0 * math.pi * ALPHA) ** 3 * eikonal * square
    return result


def muon_pair_photon(
    electron: FloatArray, positron: FloatArray, p4: FloatArray, mass: float
) -> FloatArray:
    """Return the spin-averaged |M|² of e⁺e⁻ → f⁺f⁻γ, f heavier than the electron [GeV⁻²].

    Radiation of the beams is exact in the mass. Radiation of the pair has the terms -m²/(k·q)² of
    the eikonal factor, each times the lowest order 2(t² + u²)/s² of the momenta that this photon
    leaves alone: with the lowest order of `bhabha_photon` there, as in physics section A.3, soft
    photons would be right, but hard ones along a lepton far too few. Left out is m²/s′ of the
    radiation of the pair and of the interference (`tests/processes/test_dirac.py`).

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Beam four-vectors [GeV].
    p4 : ndarray, shape (n, 3, 4)
        f⁻, f⁺ and photon, in this order.
    mass : float
        Mass of f [GeV].
    """
    v = _invariants(electron, positron, p4)
    pair2, beams, pair = v.s1 + 2.0 * mass**2, v.x_plus * v.x_minus, v.y_plus * v.y_minus
    threshold = 2.0 * mass**2 * (v.s**2 + pair2**2 - 8.0 * beams) / pair2**2
    cones = (v.t**2 + v.u1**2) / v.y_minus**2 + (v.t1**2 + v.u**2) / v.y_plus**2
    square = (v.squares / pair2 + threshold) / beams
    square += v.squares / (v.s * pair) - 2.0 * mass**2 / v.s**2 * cones
    square += v.interference * v.squares / (v.s * v.s1)
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
