"""Pairs of charged leptons seen in the drift chamber: masses, and what recoils against them.

The recoil is the beams minus the pair, basf2's ``m2Recoil`` and ``pRecoilTheta``. Its momentum
across that of the faster and of the slower lepton tells a boson radiated by a lepton from the
neutrinos of τ pairs, which fly along the leptons: variables of the search for Z′ → invisible
(Belle II, arXiv:1912.11276), in the centre-of-mass frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi

import numpy as np
from numpy.typing import NDArray

from sim.machine import Machine
from sim.truth.electron_pair import pair_mass

FloatArray = NDArray[np.float64]

ECL_GAPS = ((31.4 * pi / 180.0, 32.2 * pi / 180.0), (128.7 * pi / 180.0, 130.7 * pi / 180.0))
"""Polar angles between barrel and endcaps of the calorimeter [rad] (physics section A.1)."""


def _recoil_table(prefix: str, pair: str) -> tuple[tuple[str, str, str], ...]:
    return (
        (f"{prefix}Mass", "GeV", f"invariant mass of {pair} in the drift chamber"),
        (f"{prefix}PTCM", "GeV", "its momentum across the beams in the CM"),
        (f"{prefix}RecoilMass2", "GeV^2", "invariant square of beams minus that pair"),
        (f"{prefix}RecoilTheta", "rad", "polar angle of that recoil"),
        (f"{prefix}RecoilPTFaster", "GeV", "the recoil's momentum across that of the faster "
         "lepton, in the CM"),
        (f"{prefix}RecoilPTSlower", "GeV", "the same for the slower lepton"),
    )  # fmt: skip


TABLE: tuple[tuple[str, str, str], ...] = (
    *_recoil_table("dimuon", "the leading muons of both signs (largest energies in the CM)"),
    *_recoil_table("emu", "the leading electron and muon of opposite signs (largest sum of "
                   "energies in the CM)"),
    *(
        (f"fourMuonPairMass{i}", "GeV", text)
        for i, text in enumerate((
            "smallest invariant mass of two muons of opposite signs, of the two leading ones of "
            "each sign in the drift chamber",
            "second smallest of the four masses",
            "third smallest",
            "largest",
        ), 1)
    ),
    ("fourMuonMass", "GeV", "invariant mass of those four muons"),
    ("photonVetoE", "GeV", "energy of the photon with the largest that hits the barrel or an "
     "endcap of the calorimeter, not the gaps between them; 0 without"),
)  # fmt: skip
"""Name, unit and text of the variables."""


def in_gaps(theta: FloatArray) -> NDArray[np.bool_]:
    """Return whether polar angles [rad] lie between barrel and endcaps."""
    result = np.zeros(theta.shape, dtype=np.bool_)
    for low, high in ECL_GAPS:
        result |= (theta > low) & (theta < high)
    return result


def recoil_variables(
    prefix: str, lab: tuple[FloatArray, FloatArray], cm: tuple[FloatArray, FloatArray],
    there: NDArray[np.bool_], machine: Machine,
) -> dict[str, FloatArray]:  # fmt: skip
    """Return the variables of a pair and of its recoil.

    Parameters
    ----------
    prefix : str
        Of the names.
    lab, cm : tuple of two ndarray, shape (n_pair, 4)
        Four-vectors of the two in the laboratory and in the centre-of-mass frame [GeV], of the
        events that have the pair.
    there : ndarray of bool, shape (n,)
        Which events these are.
    machine : Machine
        The collider.

    Returns
    -------
    dict
        Arrays of shape ``(n,)``, NaN without a pair.
    """
    lost = machine.total - lab[0] - lab[1]
    total = cm[0] + cm[1]
    across = [_across(total[:, :3], p4[:, :3]) for p4 in cm]
    size = [np.sum(p4[:, :3] ** 2, axis=1) for p4 in cm]
    swapped = size[1] > size[0]
    found = {
        "Mass": pair_mass(*cm),
        "PTCM": np.hypot(total[:, 0], total[:, 1]),
        "RecoilMass2": lost[:, 3] ** 2 - np.sum(lost[:, :3] ** 2, axis=1),
        "RecoilTheta": np.arctan2(np.hypot(lost[:, 0], lost[:, 1]), lost[:, 2]),
        "RecoilPTFaster": np.where(swapped, across[1], across[0]),
        "RecoilPTSlower": np.where(swapped, across[0], across[1]),
    }
    result = {}
    for name, values in found.items():
        result[prefix + name] = np.full(len(there), np.nan)
        result[prefix + name][there] = values
    return result


def four_muon_variables(
    minus: tuple[FloatArray, FloatArray],
    plus: tuple[FloatArray, FloatArray],
    there: NDArray[np.bool_],
) -> Mapping[str, FloatArray]:
    """Return the four masses of opposite signs, rising, and that of all four muons.

    Parameters
    ----------
    minus, plus : tuple of two ndarray, shape (n_four, 4)
        Four-vectors of the two muons of each sign [GeV].
    there : ndarray of bool, shape (n,)
        Which events have them.
    """
    masses = np.sort(np.stack([pair_mass(a, b) for a in minus for b in plus]), axis=0)
    found = {f"fourMuonPairMass{i + 1}": masses[i] for i in range(4)}
    found["fourMuonMass"] = pair_mass(minus[0] + minus[1], plus[0] + plus[1])
    result = {}
    for name, values in found.items():
        result[name] = np.full(len(there), np.nan)
        result[name][there] = values
    return result


def _across(vector: FloatArray, axis: FloatArray) -> FloatArray:
    """Return the size of the part of vectors across axes, shapes ``(n, 3)``."""
    size = np.sqrt(np.sum(axis**2, axis=1))
    result: FloatArray = np.linalg.norm(np.cross(vector, axis), axis=1) / size
    return result
