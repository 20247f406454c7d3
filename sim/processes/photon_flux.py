"""Flux of quasi-real photons around an electron (equivalent photon approximation).

Formula: V. M. Budnev et al., Phys. Rep. 15 (1975) 181, as in physics section A.3 of the reference
notes; the upper end of the virtuality is the caller's choice.
"""

from __future__ import annotations

import math

from firmware_models.kernels import njit
from sim.processes.constants import ALPHA, ELECTRON_MASS


@njit()
def lowest_virtuality(x: float) -> float:
    """Return Q²_min = m_e² x²/(1-x) [GeV²] for a photon with the fraction `x` of the energy."""
    return ELECTRON_MASS**2 * x * x / (1.0 - x)


@njit()
def flux(x: float, lowest: float, highest: float) -> float:
    """Return n(x) = dN/dx integrated over Q² from `lowest` to `highest` [GeV²]."""
    m2 = ELECTRON_MASS**2
    return (
        ALPHA
        / (2.0 * math.pi)
        * (
            (1.0 + (1.0 - x) ** 2) / x * math.log(highest / lowest)
            - 2.0 * m2 * x * (1.0 / lowest - 1.0 / highest)
        )
    )


@njit()
def flux_in_log(x: float, virtuality: float) -> float:
    """Return d²N/(dx d ln Q²) at Q² = `virtuality` [GeV²]."""
    m2 = ELECTRON_MASS**2
    return ALPHA / (2.0 * math.pi) * ((1.0 + (1.0 - x) ** 2) / x - 2.0 * m2 * x / virtuality)
