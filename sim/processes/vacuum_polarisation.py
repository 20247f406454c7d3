"""Running of the fine-structure constant: leptons at one loop and a published hadronic fit.

Hadrons: H. Burkhardt and B. Pietrzyk, Phys. Lett. B 513 (2001) 46, table 3, a fit
A + B ln(1 + C |q²|) in ranges of |q|. It is made for space-like q² and used for time-like q² away
from resonances, as its authors do; narrow resonances (ψ, Υ) are therefore not in it.
"""

from __future__ import annotations

import math

from firmware_models.kernels import njit
from sim.processes.constants import ALPHA, ELECTRON_MASS, MUON_MASS, TAU_MASS


@njit()
def lepton_loop(q2: float, mass: float) -> float:
    """Return the real part of one lepton's contribution to Δα at one loop.

    Parameters
    ----------
    q2 : float
        Squared momentum transfer [GeV²], negative when space-like.
    mass : float
        Lepton mass [GeV].

    Notes
    -----
    With r = 4m²/q² and β = √(1-r): Δα = (α/3π) [-5/3 - r + β (1 + r/2) ln|(1+β)/(1-β)|],
    continued below threshold. For |q²| ≪ m² the series -q²/(5m²) is used.
    """
    if abs(q2) < 1e-4 * mass * mass:
        return -ALPHA / (3.0 * math.pi) * q2 / (5.0 * mass * mass)
    r = 4.0 * mass * mass / q2
    if r > 1.0:
        root = math.sqrt(r - 1.0)
        loop = 2.0 * root * math.atan(1.0 / root)
    else:
        root = math.sqrt(1.0 - r)
        loop = root * math.log(abs((1.0 + root) / (1.0 - root)))
    return ALPHA / (3.0 * math.pi) * (-5.0 / 3.0 - r + (1.0 + 0.5 * r) * loop)


@njit()
def hadrons(q2: float) -> float:
    """Return the hadronic contribution to Δα at `q2` [GeV²] (fit, see the module's text)."""
    size = abs(q2)
    if size < 0.49:
        return 0.0023092 * math.log1p(3.9925370 * size)
    if size < 4.0:
        return 0.0022333 * math.log1p(4.2191779 * size)
    if size < 16.0:
        return 0.0024402 * math.log1p(3.2496684 * size)
    if size < 100.0:
        return 0.0027340 * math.log1p(2.0995092 * size)
    return 0.0010485 + 0.0029431 * math.log1p(size)


@njit()
def running_alpha(q2: float) -> float:
    """Return α(q²) = α / (1 - Δα(q²)); `q2` [GeV²], negative when space-like."""
    shift = (
        lepton_loop(q2, ELECTRON_MASS)
        + lepton_loop(q2, MUON_MASS)
        + lepton_loop(q2, TAU_MASS)
        + hadrons(q2)
    )
    return ALPHA / (1.0 - shift)
