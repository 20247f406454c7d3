"""Distributions of one number in τ decays: lepton energies and masses of hadronic systems.

Each is a density of its own, tabulated once and drawn by inversion. Masses and widths: Particle
Data Group, Phys. Rev. D 110 (2024) 030001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.detector.particles import particle_type
from sim.processes.base import FloatArray
from sim.processes.constants import TAU_MASS

PION, PION0 = particle_type(211).mass, particle_type(111).mass

RHO = (0.77526, 0.1491)
"""Mass and width of the ρ [GeV]."""

A1 = (1.230, 0.42)
"""Mass and width of the a₁ [GeV]."""

RHO_1450 = (1.465, 0.400)
"""Mass and width of the ρ(1450), which stands for all of the four-pion system (assumption)."""

NODES, ROWS = 4000, 120


@dataclass(frozen=True)
class Spectrum:
    """A density on a range.

    Parameters
    ----------
    nodes : ndarray, shape (n,)
        Ascending values.
    cumulative : ndarray, shape (n,)
        Share below each.
    """

    nodes: FloatArray
    cumulative: FloatArray

    def draw(self, u: FloatArray) -> FloatArray:
        """Return values for uniform numbers."""
        result: FloatArray = np.interp(u, self.cumulative, self.nodes)
        return result


def tabulate(
    density: Callable[[FloatArray], FloatArray], low: float, high: float, nodes: int = NODES
) -> Spectrum:
    """Return the spectrum of a density, integrated by trapezia.

    Parameters
    ----------
    density : callable
        Values to densities, not negative, without regard to their norm.
    low, high : float
        Ends of the range.
    nodes : int
        Number of nodes; they are closer at both ends, where densities have square roots.
    """
    x = low + (high - low) * np.sin(np.linspace(0.0, 0.5 * np.pi, nodes)) ** 2
    y = density(x)
    cumulative = np.concatenate(([0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))))
    return Spectrum(x, cumulative / cumulative[-1])


def momentum(mass: FloatArray | float, m1: FloatArray | float, m2: float) -> FloatArray:
    """Return the momentum of two products in the rest frame of `mass` [GeV]; 0 below threshold."""
    square = (np.square(mass) - (m1 + m2) ** 2) * (np.square(mass) - (m1 - m2) ** 2)
    result: FloatArray = np.sqrt(np.maximum(square, 0.0)) / (2.0 * np.asarray(mass))
    return result


@cache
def lepton_energy(mass: float) -> Spectrum:
    """Return the spectrum of the lepton's energy [GeV] in τ → ℓνν at rest.

    The lowest order, (p_τ·k̄)(p_ℓ·k) integrated over the neutrinos: with q = k + k̄ it is
    p [(p_τ·q)(p_ℓ·q) - ((p_τ·q)² - m_τ²q²)/3], the Michel spectrum with the lepton's mass.
    """

    def density(energy: FloatArray) -> FloatArray:
        tau, lepton = TAU_MASS * (TAU_MASS - energy), TAU_MASS * energy - mass**2
        q2 = TAU_MASS**2 + mass**2 - 2.0 * TAU_MASS * energy
        p = np.sqrt(np.maximum(energy**2 - mass**2, 0.0))
        return p * np.maximum(tau * lepton - (tau**2 - TAU_MASS**2 * q2) / 3.0, 0.0)

    return tabulate(density, mass, (TAU_MASS**2 + mass**2) / (2.0 * TAU_MASS))


def weak_factor(square: FloatArray) -> FloatArray:
    """Return (m_τ² - Q²)²(m_τ² + 2Q²): the decay to a neutrino and a spin-1 system of mass² Q²."""
    t = TAU_MASS**2
    result: FloatArray = np.maximum(t - square, 0.0) ** 2 * (t + 2.0 * square)
    return result


def resonance(square: FloatArray, mass: float, width: FloatArray | float) -> FloatArray:
    """Return 1/((M² - Q²)² + (M Γ)²) for a width that may depend on Q²."""
    result: FloatArray = 1.0 / ((mass**2 - square) ** 2 + np.square(mass * width))
    return result


def rho_strength(mass: FloatArray, second: float) -> FloatArray:
    """Return the density of the ρ in mass², β³/|D|², D with the P-wave width.

    Parameters
    ----------
    mass : ndarray
        Of the pair of pions [GeV].
    second : float
        Mass of the second pion; the first is charged [GeV].
    """
    pole, width = RHO
    p = momentum(mass, PION, second)
    running = width * pole / mass * (p / float(momentum(pole, PION, second))) ** 3
    return (p / mass) ** 3 * resonance(mass**2, pole, running)


@cache
def rho_mass() -> Spectrum:
    """Return the spectrum of the mass of ππ⁰ [GeV] in τ → ππ⁰ν: a single ρ (assumption)."""

    def density(mass: FloatArray) -> FloatArray:
        return mass * weak_factor(mass**2) * rho_strength(mass, PION0)

    return tabulate(density, PION + PION0, TAU_MASS)


def _pair_density(mass: FloatArray, total: FloatArray | float, neutral: bool) -> FloatArray:
    """Density of the ρ's mass in a₁ → ρπ, S-wave: phase space of ρπ times that of the ρ."""
    bachelor, second = (PION0, PION0) if neutral else (PION, PION)
    # Squared momentum times phase space, p³/m, for each dm²; `rho_strength` has (p/m)³.
    return mass**3 * momentum(total, mass, bachelor) * rho_strength(mass, second)


@dataclass(frozen=True)
class ThreePions:
    """Masses in τ → a₁ν, a₁ → ρπ.

    Parameters
    ----------
    total : Spectrum
        Of the three pions' mass [GeV].
    grid : ndarray, shape (rows,)
        Masses of three pions for which the pair's mass is tabulated.
    pair : ndarray, shape (rows, levels)
        Quantiles of the pair's mass at even levels, in units of its range.
    low, bachelor : float
        Lowest mass of the pair and mass of the third pion [GeV].
    """

    total: Spectrum
    grid: FloatArray
    pair: FloatArray
    low: float
    bachelor: float

    def draw(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the masses of three pions and of the pair for uniform numbers, ``(n, 2)``."""
        mass = self.total.draw(u[:, 0])
        rows, levels = self.pair.shape
        row = np.clip((mass - self.grid[0]) / (self.grid[1] - self.grid[0]), 0.0, rows - 1.0)
        column = u[:, 1] * (levels - 1)
        i = np.minimum(row.astype(np.int64), rows - 2)
        j = np.minimum(column.astype(np.int64), levels - 2)
        a, b = row - i, column - j
        share = (1.0 - a) * ((1.0 - b) * self.pair[i, j] + b * self.pair[i, j + 1])
        share = share + a * ((1.0 - b) * self.pair[i + 1, j] + b * self.pair[i + 1, j + 1])
        return mass, self.low + share * (mass - self.bachelor - self.low)


@cache
def three_pions(neutral: bool) -> ThreePions:
    """Return the masses of π⁻π⁰π⁰ (`neutral`) or π⁻π⁻π⁺.

    The width of the a₁ and its spectral function follow the phase space Φ(Q²) of ρπ with the mass
    of the ρ integrated: Γ(Q²) = Γ Φ(Q²)/Φ(M²), density Φ(Q²)/Q² / |D|².
    """
    bachelor = PION0 if neutral else PION
    low = PION + (PION0 if neutral else PION)
    grid = np.linspace(low + bachelor, TAU_MASS, ROWS)
    levels = np.linspace(0.0, 1.0, 257)
    pair, space = np.zeros((ROWS, len(levels))), np.zeros(ROWS)

    def table(total: float) -> tuple[FloatArray, float]:
        x = low + (total - bachelor - low) * np.sin(np.linspace(0.0, 0.5 * np.pi, 800)) ** 2
        y = _pair_density(x, total, neutral)
        sums = np.concatenate(([0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))))
        share = np.interp(levels * sums[-1], sums, x)
        return (share - low) / (total - bachelor - low), float(sums[-1]) / total

    for number, total in enumerate(grid[1:], 1):
        pair[number], space[number] = table(float(total))
    pair[0] = pair[1]
    pole, width = A1
    at_pole = table(pole)[1]

    def density(mass: FloatArray) -> FloatArray:
        phi = np.interp(mass, grid, space)
        running = width * phi / at_pole
        return phi / mass * weak_factor(mass**2) * resonance(mass**2, pole, running)

    return ThreePions(tabulate(density, grid[0], TAU_MASS), grid, pair, low, bachelor)


@cache
def four_pion_mass() -> Spectrum:
    """Return the spectrum of the mass of π⁻π⁻π⁺π⁰ [GeV]: a ρ(1450) times phase space.

    Phase space is Q⁴(1 - 4m/Q)^(7/2): right at threshold and far above (assumption between).
    """
    low = 3.0 * PION + PION0

    def density(mass: FloatArray) -> FloatArray:
        space = mass**4 * np.maximum(1.0 - low / mass, 0.0) ** 3.5
        return mass * space * weak_factor(mass**2) * resonance(mass**2, *RHO_1450)

    return tabulate(density, low, TAU_MASS)
