"""Bethe's mean energy loss, written down again from the review's formula."""

from __future__ import annotations

from math import log, log10

from sim.detector.klm.material import SUBSTANCES


def bethe(kinetic: float, mass: float, number: int) -> float:
    """Return the mean loss [GeV cm²/g] at a kinetic energy [GeV] in a substance."""
    za, excitation, a, k, x0, x1, c, _ = SUBSTANCES[number]
    gamma = 1.0 + kinetic / mass
    bg2 = gamma**2 - 1.0
    me = 0.51099895e-3
    wmax = 2.0 * me * bg2 / (1.0 + 2.0 * gamma * me / mass + (me / mass) ** 2)
    x = 0.5 * log10(bg2)
    delta = 0.0
    if x >= x0:
        delta = 2.0 * log(10.0) * x - c + (a * (x1 - x) ** k if x < x1 else 0.0)
    beta2 = bg2 / gamma**2
    logarithm = 0.5 * log(2.0 * me * bg2 * wmax / excitation**2)
    return float(0.307075e-3 * za / beta2 * (logarithm - beta2 - 0.5 * delta))
