"""Initial-state radiation: the Kuraev–Fadin radiator and the angle of the radiated photon.

E. A. Kuraev and V. S. Fadin, Sov. J. Nucl. Phys. 41 (1985) 466, with the second-order terms as in
physics section A.3 of the reference notes. Angle: G. Bonneau and F. Martin, Nucl. Phys. B 27
(1971) 381.
"""

from __future__ import annotations

import math

import numpy as np

from firmware_models.kernels import njit
from sim.processes.constants import ALPHA, ELECTRON_MASS


@njit()
def radiation_strength(s: float) -> float:
    """Return b = (2α/π)(ln(s/m_e²) - 1) at `s` [GeV²]."""
    return 2.0 * ALPHA / math.pi * (math.log(s / ELECTRON_MASS**2) - 1.0)


@njit()
def soft_factor(s: float) -> float:
    """Return the factor of b x^(b-1) in the radiator: virtual and soft corrections."""
    b = radiation_strength(s)
    log = math.log(s / ELECTRON_MASS**2)
    return (
        1.0
        + ALPHA / math.pi * (math.pi**2 / 3.0 - 0.5)
        + 0.75 * b
        - b * b / 24.0 * (log / 3.0 + 2.0 * math.pi**2 - 37.0 / 4.0)
    )


@njit()
def hard_part(x: float, b: float) -> float:
    """Return the radiator's part that is not proportional to x^(b-1).

    Parameters
    ----------
    x : float
        Energy of the radiation over the beam energy, 0 to 1.
    b : float
        `radiation_strength`.
    """
    if x < 1e-12:
        return 0.0
    # The logarithm at x = 1 is integrable; rounding must not make it infinite.
    rest = max(1.0 - x, 1e-16)
    second = (
        -4.0 * (2.0 - x) * math.log(x) - (1.0 + 3.0 * rest * rest) / x * math.log(rest) - 6.0 + x
    )
    return -b * (1.0 - 0.5 * x) + b * b / 8.0 * second


@njit()
def radiator_in_power(y: float, s: float) -> tuple[float, float]:
    """Return x and H(x) dx/dy for y = x^b, the variable that absorbs the soft peak.

    Parameters
    ----------
    y : float
        x^b, 0 to 1.
    s : float
        Square of the centre-of-mass energy [GeV²].
    """
    b = radiation_strength(s)
    x = y ** (1.0 / b)
    return x, soft_factor(s) + hard_part(x, b) * x / y / b if y > 0.0 else soft_factor(s)


@njit()
def photon_angle(u: float, mu2: float) -> float:
    """Return cosθ of the photon for a uniform number `u`: density 1/(1-β²c²).

    Parameters
    ----------
    u : float
        0 to 1.
    mu2 : float
        m_e²/E² of the beams, 1 - β².
    """
    beta = math.sqrt(1.0 - mu2)
    span = math.log((1.0 + beta) / math.sqrt(mu2))
    return math.tanh((2.0 * u - 1.0) * span) / beta


@njit()
def angle_weight(c: float, x: float, mu2: float, moments: np.ndarray) -> float:
    """Return the Bonneau–Martin density over that of `photon_angle`; its mean is 1 for every x.

    Parameters
    ----------
    c : float
        cosθ of the photon.
    x : float
        Photon energy over the beam energy.
    mu2 : float
        m_e²/E².
    moments : ndarray, shape (4,)
        `angle_moments`.
    """
    sin2 = 1.0 - c * c
    below = sin2 + mu2 * c * c
    q = x * x - 2.0 * x + 2.0
    value = (
        sin2 - x * x * sin2 * sin2 / (2.0 * q) - mu2 * ((1.0 - 2.0 * x) * sin2 - x * x * c**4) / q
    )
    norm = (
        moments[0]
        - x * x * moments[1] / (2.0 * q)
        - mu2 * ((1.0 - 2.0 * x) * moments[0] - x * x * moments[2]) / q
    )
    ratio: float = value / below * moments[3] / norm
    return ratio


def angle_moments(mu2: float) -> np.ndarray:
    """Return ∫ sin²/D², ∫ sin⁴/D², ∫ c⁴/D² and ∫ 1/D over c = cosθ, D = 1 - (1-μ²) c².

    Closed forms, with β² = 1 - μ² and I₁ = ∫ dc/D = ln((1+β)/(1-β))/β, I₂ = ∫ dc/D² = (1/μ² +
    I₁/2): sin² = (D - μ²)/β² and c² = (1 - D)/β².
    """
    beta2 = 1.0 - mu2
    beta = math.sqrt(beta2)
    first = 2.0 * math.log((1.0 + beta) / math.sqrt(mu2)) / beta
    second = 1.0 / mu2 + 0.5 * first
    sin2 = (first - mu2 * second) / beta2
    sin4 = (2.0 - 2.0 * mu2 * first + mu2 * mu2 * second) / beta2**2
    cos4 = (second - 2.0 * first + 2.0) / beta2**2
    return np.array([sin2, sin4, cos4, first])
