"""How deep a shower is: longitudinal development and what leaves at the crystals' rear.

An electromagnetic shower deposits along a gamma distribution, dE/dt ∝ (β t)^(α-1) exp(-β t), with
correlated normal fluctuations of ln α and ln T, T = (α - 1)/β the depth of the maximum. Means,
spreads and correlation: Grindhammer and Peters, hep-ex/0001020, section 3.1 (homogeneous media).
A photon converts after an exponential depth of mean 9/7 radiation lengths into a pair, whose halves
start showers of half the energy (Particle Data Group review, "Passage of particles").
"""

from __future__ import annotations

from math import exp, lgamma, log, sqrt

import numba

from sim.detector.material import CRITICAL_ENERGY, EFFECTIVE_Z

CONVERSION_DEPTH = 9.0 / 7.0
"""Mean depth of a photon's conversion in radiation lengths."""

LOWEST_LOG = 2.0
"""Least ln(E / E_c) at which the fluctuations are evaluated (E = 83 MeV in CsI); below it the
published spreads diverge, and the shower is contained anyway."""


@numba.njit(cache=True)
def gamma_beyond(shape: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(a, x), a > 0, to about 1e-10."""
    if x <= 0.0:
        return 1.0
    front = exp(-x + shape * log(x) - lgamma(shape))
    if x < shape + 1.0:
        term = total = 1.0 / shape
        power = shape
        while term > total * 1e-11:
            power += 1.0
            term *= x / power
            total += term
        return max(1.0 - front * total, 0.0)
    # Continued fraction, modified Lentz.
    b = x + 1.0 - shape
    c, d = 1e300, 1.0 / b
    value = d
    for i in range(1, 200):
        a = -i * (i - shape)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        step = c * d
        value *= step
        if abs(step - 1.0) < 1e-11:
            break
    return front * value


@numba.njit(cache=True)
def develop(
    energy: float, photon: bool, uniform: float, normal_t: float, normal_a: float
) -> tuple[float, float, float]:
    """Return a random longitudinal development.

    Parameters
    ----------
    energy : float
        [GeV].
    photon : bool
        Whether a photon starts it.
    uniform, normal_t, normal_a : float
        Random numbers: in [0, 1), standard normal, standard normal.

    Returns
    -------
    start : float
        Depth at which the shower starts [radiation lengths]: 0 for an electron.
    alpha, beta : float
        Shape and inverse scale [1/radiation length] of the gamma distribution.
    """
    start = 0.0
    y = log(max(energy, 1e-6) / CRITICAL_ENERGY)
    if photon:
        start = -CONVERSION_DEPTH * log(1.0 - uniform)
        y -= log(2.0)
    y = max(y, LOWEST_LOG)
    spread_t = 1.0 / (-1.4 + 1.26 * y)
    spread_a = 1.0 / (-0.58 + 0.86 * y)
    correlation = 0.705 - 0.023 * y
    common, apart = sqrt(0.5 * (1.0 + correlation)), sqrt(0.5 * (1.0 - correlation))
    peak = (y - 0.858) * exp(spread_t * (common * normal_t + apart * normal_a))
    mean_alpha = 0.21 + (0.492 + 2.38 / EFFECTIVE_Z) * y
    alpha = mean_alpha * exp(spread_a * (common * normal_t - apart * normal_a))
    alpha = max(alpha, 1.05)
    return start, alpha, (alpha - 1.0) / peak
