"""Variables of e⁺e⁻ + invisible: those of Acanfora et al. (arXiv:2307.06369 and its proceedings).

Their missing mass, E*_miss and θ*_miss are basf2's ``missingMass2OfEvent``,
``missingEnergyOfEventCMS`` and ``missingMomentumOfEventCMS_theta`` in `sim.truth`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.processes.constants import TAU_MASS

FloatArray = NDArray[np.float64]


def pseudorapidity(theta: FloatArray) -> FloatArray:
    """Return η = -ln tan(θ/2) (eq. 7 of the proceedings) of polar angles [rad]."""
    with np.errstate(divide="ignore"):
        result: FloatArray = -np.log(np.tan(0.5 * theta))
    return result


def pair_mass(electron: FloatArray, positron: FloatArray) -> FloatArray:
    """Return the invariant mass of two four-vectors px, py, pz, E, shape ``(n,)`` [GeV]."""
    total = electron + positron
    square = total[:, 3] ** 2 - np.sum(total[:, :3] ** 2, axis=1)
    result: FloatArray = np.sqrt(np.maximum(square, 0.0))
    return result


def tau_pair_mass(
    electron: FloatArray, positron: FloatArray, sqrt_s: float, cos_phi: FloatArray | None = None
) -> FloatArray:
    """Return |m^τ_ee|: the mass that e⁺e⁻ of these energies would have if they came from τ⁺τ⁻.

    Eq. 13 of the proceedings: both neutrino systems massless, so that the energies fix the angles
    to the τ axis; what is left is φ, the azimuth between the decay planes about that axis, which is
    not measured. The source does not say what it takes for it. Assumption: the azimuth between the
    leptons about the beam axis. It changes (m^τ_ee)² by m_τ²/2 = 1.6 GeV² at most for τ pairs.
    Leptons that no τ can give make the square negative or complex; its size is taken, as there.

    Parameters
    ----------
    electron, positron : ndarray, shape (n, 4)
        Four-vectors in the centre-of-mass frame, z along the beams [GeV].
    sqrt_s : float
        Centre-of-mass energy [GeV].
    cos_phi : ndarray, shape (n,), optional
        Cosine of φ. Default: from the azimuths about z.

    Returns
    -------
    ndarray, shape (n,)
        [GeV].
    """
    if cos_phi is None:
        cos_phi = np.cos(
            np.arctan2(electron[:, 1], electron[:, 0]) - np.arctan2(positron[:, 1], positron[:, 0])
        )
    s, tau2 = sqrt_s * sqrt_s, TAU_MASS * TAU_MASS
    minus, plus = electron[:, 3], positron[:, 3]
    roots = [np.sqrt(tau2 - 2.0 * e * sqrt_s + 4.0 * e * e + 0j) for e in (minus, plus)]
    square = tau2 * tau2 - sqrt_s * tau2 * (minus + plus) + 2.0 * minus * plus * (s - 2.0 * tau2)
    result: FloatArray = np.sqrt(
        np.abs(2.0 / (s - 4.0 * tau2) * (square + tau2 * cos_phi * roots[0] * roots[1]))
    )
    return result
