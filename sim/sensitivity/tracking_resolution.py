"""Resolutions of masses that follow from the momentum resolution of tracks.

σ(pT)/pT = 0.0019 pT ⊕ 0.0030/β with pT in GeV: drift chamber and silicon detector of Belle (NIM A
479 (2002) 117), of the same field and the same outer radius. **Assumption** for the detector here,
and that directions are exact: at these momenta they add little.

With directions fixed, a mass moves with the size p_i of one momentum as

* ∂m²/∂p_i = 2 (E_j β_i - p_j · n_i) for a pair, n_i the direction of p_i,
* ∂m²_recoil/∂p_i = -2 (E_R β_i - p_R · n_i) for the recoil R.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SLOPE = 0.0019
"""Growth of σ(pT)/pT with pT [1/GeV]."""

CONSTANT = 0.0030
"""σ(pT)/pT by multiple scattering at β = 1."""


def momentum_resolution(p4: FloatArray) -> FloatArray:
    """Return σ(p)/p of tracks, with exact directions that of pT.

    Parameters
    ----------
    p4 : ndarray, shape (n, 4)
        Laboratory, z along the magnetic field [GeV].
    """
    across = np.hypot(p4[:, 0], p4[:, 1])
    beta = _size(p4) / p4[:, 3]
    result: FloatArray = np.hypot(SLOPE * across, CONSTANT / beta)
    return result


def pair_mass_resolution(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return σ of the invariant mass of two tracks [GeV], four-vectors of shape ``(n, 4)``."""
    total = first + second
    mass = np.sqrt(total[:, 3] ** 2 - np.sum(total[:, :3] ** 2, axis=1))
    errors = [_slope(b, a) * _error(a) for a, b in ((first, second), (second, first))]
    result: FloatArray = np.hypot(*errors) / (2.0 * mass)
    return result


def recoil_mass2_resolution(first: FloatArray, second: FloatArray, beams: FloatArray) -> FloatArray:
    """Return σ of the squared mass that recoils against two tracks [GeV²].

    Parameters
    ----------
    first, second : ndarray, shape (n, 4)
        Tracks in the laboratory [GeV].
    beams : ndarray, shape (4,)
        Sum of the beams; their spread is left out.
    """
    recoil = beams - first - second
    result: FloatArray = np.hypot(*(_slope(recoil, p4) * _error(p4) for p4 in (first, second)))
    return result


def _slope(other: FloatArray, track: FloatArray) -> FloatArray:
    """Return 2 (E β_i - p · n_i): what m² moves by when the track's momentum grows."""
    size = _size(track)
    along = np.sum(other[:, :3] * track[:, :3], axis=1) / size
    result: FloatArray = 2.0 * (other[:, 3] * size / track[:, 3] - along)
    return result


def _error(track: FloatArray) -> FloatArray:
    result: FloatArray = momentum_resolution(track) * _size(track)
    return result


def _size(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.sqrt(np.sum(p4[:, :3] ** 2, axis=1))
    return result
