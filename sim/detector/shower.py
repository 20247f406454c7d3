"""How deep a shower is: longitudinal development and what leaves at the crystals' rear.

An electromagnetic shower deposits along a gamma distribution, dE/dt ∝ (b t)^(a-1) exp(-b t) with
b = 0.5 and its maximum (a - 1)/b at ln(E / E_c) + C, C = -0.5 for electrons and +0.5 for photons
(Particle Data Group review, "Passage of particles through matter", t in radiation lengths). A
photon converts after an exponential depth of mean 9/7; what follows is shifted so that the mean
maximum keeps C. The depth of the maximum fluctuates log-normally with the spread of Grindhammer and
Peters (hep-ex/0001020, section 3.1), which holds from 1 GeV upwards and is kept below.
"""

from __future__ import annotations

from math import exp, lgamma, log

from firmware_models.kernels import njit
from sim.detector.material import CRITICAL_ENERGY

CONVERSION_DEPTH = 9.0 / 7.0
"""Mean depth of a photon's conversion in radiation lengths."""

STEEPNESS = 0.5
"""The review's b [1/radiation length], nearly the same for all energies and heavy materials."""

LOWEST_LOG = 4.49
"""ln(1 GeV / E_c): the spread is published from here on; below, it would diverge."""

LEAST_PEAK = 0.25
"""Least depth of the maximum [radiation lengths], reached below 25 MeV."""


@njit()
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


@njit()
def develop(energy: float, photon: bool, uniform: float, normal: float) -> tuple[float, float]:
    """Return a random longitudinal development.

    Parameters
    ----------
    energy : float
        [GeV].
    photon : bool
        Whether a photon starts it.
    uniform, normal : float
        Random numbers: in [0, 1), standard normal.

    Returns
    -------
    start : float
        Depth at which the shower starts [radiation lengths]: 0 for an electron.
    shape : float
        Shape a of the gamma distribution that follows.
    """
    logarithm = log(max(energy, 1e-6) / CRITICAL_ENERGY)
    start, peak = 0.0, logarithm - 0.5
    if photon:
        start = -CONVERSION_DEPTH * log(1.0 - uniform)
        peak -= CONVERSION_DEPTH - 1.0
    spread = 1.0 / (-1.4 + 1.26 * max(logarithm, LOWEST_LOG))
    return start, 1.0 + STEEPNESS * max(peak, LEAST_PEAK) * exp(spread * normal)
