"""Widths and branching fractions of a Z′ of L_μ - L_τ."""

from __future__ import annotations

import math

from sim.processes.constants import MUON_MASS, TAU_MASS


def vector_width(mass: float, lepton: float) -> float:
    """Return Γ/g² of a vector to a pair of charged leptons [GeV].

    M/(12π) (1 + 2m²/M²) √(1 - 4m²/M²); 0 below threshold.

    Parameters
    ----------
    mass, lepton : float
        M and m [GeV].
    """
    ratio = (lepton / mass) ** 2
    if ratio >= 0.25:
        return 0.0
    return mass / (12.0 * math.pi) * (1.0 + 2.0 * ratio) * math.sqrt(1.0 - 4.0 * ratio)


def invisible_fraction(mass: float) -> float:
    """Return the branching fraction of Z′ → νν̄ in L_μ - L_τ.

    Two left-handed neutrinos give half of a massless charged lepton's width each: 1 below 2m_μ,
    then 1/2, and 1/3 far above 2m_τ (Shuve and Yavin, Phys. Rev. D 89 (2014) 113004).

    Parameters
    ----------
    mass : float
        Of Z′ [GeV], above 0.
    """
    neutrinos = mass / (12.0 * math.pi)
    charged = vector_width(mass, MUON_MASS) + vector_width(mass, TAU_MASS)
    return neutrinos / (neutrinos + charged)


def lepton_fraction(mass: float, lepton: float) -> float:
    """Return the branching fraction of Z′ → ℓ⁺ℓ⁻ in L_μ - L_τ, ℓ = μ or τ of mass `lepton`."""
    return invisible_fraction(mass) * vector_width(mass, lepton) * 12.0 * math.pi / mass
