"""Decays of τ leptons: leptonic with both neutrinos, π, ρ, a₁ and four pions; π⁰ → γγ.

Every τ is unpolarised: the correlation between the spins of two τ is left out (assumption).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import unknown_name
from firmware_models.kernels import njit
from sim.events import Events
from sim.processes.base import FloatArray
from sim.processes.constants import ELECTRON_MASS, LIGHT_CM_PER_NS, MUON_MASS, TAU_MASS
from sim.processes.decay_chain import two_body
from sim.processes.phase_space import boosted, isotropic
from sim.processes.tau_spectra import (
    PION,
    PION0,
    four_pion_mass,
    lepton_energy,
    rho_mass,
    three_pions,
)

CodeArray = NDArray[np.int32]

TAU_CODE, SLOTS = 15, 6
"""Code of τ⁻, and the largest number of products."""

CTAU_CM = 8.703e-3
"""Mean proper flight cτ (Particle Data Group) [cm]."""


@dataclass(frozen=True)
class Mode:
    """One decay mode of τ⁻.

    Parameters
    ----------
    fraction : float
        Branching fraction.
    codes : tuple of int
        Products of τ⁻, charged ones first, the τ neutrino last.
    """

    fraction: float
    codes: tuple[int, ...]

    @property
    def prongs(self) -> int:
        """Number of charged particles."""
        return sum(abs(code) in (11, 13, 211) for code in self.codes)


MODES = {
    "e": Mode(0.178, (11, -12, 16)),
    "mu": Mode(0.174, (13, -14, 16)),
    "pi": Mode(0.108, (-211, 16)),
    "rho": Mode(0.255, (-211, 22, 22, 16)),
    "a1_one_prong": Mode(0.093, (-211, 22, 22, 22, 22, 16)),
    "a1_three_prong": Mode(0.093, (-211, -211, 211, 16)),
    "four_pions": Mode(0.046, (-211, -211, 211, 22, 22, 16)),
}
"""Branching fractions: Particle Data Group, rounded to 0.1 % (physics section A.3 of the reference
notes). They add to 94.7 %; the rest (kaons, three and more π⁰) is not made."""

FILTERS: dict[str, tuple[str, ...]] = {
    "any": tuple(MODES),
    **{name: (name,) for name in MODES},
    "a1": ("a1_one_prong", "a1_three_prong"),
    "lepton": ("e", "mu"),
    "one_prong": tuple(name for name, mode in MODES.items() if mode.prongs == 1),
    "three_prong": tuple(name for name, mode in MODES.items() if mode.prongs == 3),
}
"""Words that choose decays, and the modes that each stands for."""


def branching(word: str) -> float:
    """Return the branching fraction of a word of `FILTERS`; 1 for ``any``.

    ``any`` stands for all decays: the 5.3 % that are not made are shared out among those that are.

    Raises
    ------
    InputError
        For another word.
    """
    if word not in FILTERS:
        raise unknown_name("choice of τ decays", word, FILTERS)
    return 1.0 if word == "any" else sum(MODES[name].fraction for name in FILTERS[word])


def decay_taus(
    events: Events, rng: np.random.Generator, minus: str = "any", plus: str = "any"
) -> Events:
    """Replace the τ leptons of a sample by their products, each in its place.

    Parameters
    ----------
    events : Events
        The sample; τ leptons on their mass shell.
    rng : Generator
        Source of the decays.
    minus, plus : str
        Words of `FILTERS` for the decays of τ⁻ and of τ⁺.

    Returns
    -------
    Events
        The products start at the end of the flight; other particles as before.
    """
    codes = np.zeros((len(events.pdg), SLOTS), dtype=np.int32)
    p4, vertex = np.zeros((*codes.shape, 4)), events.vertex.copy()
    codes[:, 0], p4[:, 0] = events.pdg, events.p4
    for code, word in ((TAU_CODE, minus), (-TAU_CODE, plus)):
        rows = np.flatnonzero(events.pdg == code)
        codes[rows], p4[rows] = decay_tau(np.full(len(rows), code), events.p4[rows], rng, word)
        vertex[rows] += flight(events.p4[rows], rng)
    listed = codes != 0
    count = listed.sum(axis=1)
    total = np.concatenate(([0], np.cumsum(count)))
    return Events(
        total[events.offsets].astype(np.int64),
        codes[listed],
        p4[listed],
        np.repeat(vertex, count, axis=0),
        events.weight,
    )


def flight(p4: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the way of each τ to its decay, x, y, z [cm] and t [ns], shape ``(n, 4)``."""
    length = -CTAU_CM * np.log1p(-rng.random(len(p4)))
    result: FloatArray = p4 * (length / TAU_MASS)[:, None]
    result[:, 3] /= LIGHT_CM_PER_NS
    return result


def decay_tau(
    codes: NDArray[np.integer], p4: FloatArray, rng: np.random.Generator, word: str = "any"
) -> tuple[CodeArray, FloatArray]:
    """Return the products of one τ an event.

    Parameters
    ----------
    codes : ndarray of integer, shape (n,)
        15 or -15.
    p4 : ndarray, shape (n, 4)
        [GeV].
    rng : Generator
        Source of the decays.
    word : str
        Which modes, one of `FILTERS`.

    Returns
    -------
    codes : ndarray of int32, shape (n, SLOTS)
        Charged particles, photons, neutrinos; 0 for none.
    p4 : ndarray, shape (n, SLOTS, 4)
        In the frame of `p4`.
    """
    n, names = len(codes), FILTERS[word]
    result = np.zeros((n, SLOTS), dtype=np.int32)
    momenta = np.zeros((n, SLOTS, 4))
    edges = np.cumsum([MODES[name].fraction for name in names])
    chosen = np.searchsorted(edges / edges[-1], rng.random(n), side="right")
    for number, name in enumerate(names):
        rows = np.flatnonzero(chosen == number)
        listed = MODES[name].codes
        made = _MAKERS[name](len(rows), rng)
        momenta[rows, : len(listed)] = boosted(made, p4[rows, :3] / TAU_MASS)
        result[rows, : len(listed)] = _of_charge(listed, codes[rows])
    return result, momenta


def _of_charge(listed: tuple[int, ...], tau: NDArray[np.integer]) -> CodeArray:
    """Return the products of each τ; photons have no antiparticle."""
    codes = np.asarray(listed, dtype=np.int32)
    sign = np.where(tau < 0, -1, 1)[:, None]
    result: CodeArray = np.where(codes == 22, codes, sign * codes).astype(np.int32)
    return result


def _directions(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return even cosines and azimuths."""
    u = rng.random((2, n))
    return 2.0 * u[0] - 1.0, 2.0 * np.pi * u[1]


def _at_rest(n: int, mass: float | FloatArray = TAU_MASS) -> FloatArray:
    result = np.zeros((n, 4))
    result[:, 3] = mass
    return result


def lepton_and_neutrinos(mass: float, u: FloatArray) -> FloatArray:
    """Return lepton, its antineutrino and the τ neutrino of τ⁻ at rest, shape ``(n, 3, 4)``.

    Parameters
    ----------
    mass : float
        Of the lepton [GeV].
    u : ndarray, shape (n, 5)
        Uniform numbers: energy and direction (cosine, azimuth) of the lepton; direction of the
        antineutrino in the frame of both neutrinos. The energy rises with the first.
    """
    n = len(u)
    energy = lepton_energy(mass).draw(u[:, 0])
    pair_mass = np.sqrt(np.maximum(TAU_MASS**2 + mass**2 - 2.0 * TAU_MASS * energy, 0.0))
    # The lepton's mass is left out at the end of the spectrum, where q² = 0.
    pair_mass = np.maximum(pair_mass, 1e-9)
    direction = 2.0 * u[:, 1] - 1.0, 2.0 * np.pi * u[:, 2]
    lepton, pair = two_body(_at_rest(n), TAU_MASS, (mass, pair_mass), *direction)
    p = np.sqrt(np.sum(lepton[:, :3] ** 2, axis=1))
    # In the frame of both neutrinos τ and lepton have the same momentum, along the lepton:
    # (p_τ·k̄)(p_ℓ·k) = (E_τ - P c)(E_ℓ + P c) q²/4.
    tau = TAU_MASS * (TAU_MASS - energy) / pair_mass
    own = (TAU_MASS * energy - mass**2) / pair_mass
    size = TAU_MASS * p / pair_mass
    terms = np.stack((tau * own, size * (tau - own), -(size**2)), axis=1)
    first, second = two_body(
        pair, pair_mass, (0.0, 0.0), quadratic_cosine(u[:, 3], terms), 2.0 * np.pi * u[:, 4], lepton
    )
    return np.stack((lepton, first, second), axis=1)


def _leptonic(mass: float) -> Callable[[int, np.random.Generator], FloatArray]:
    def make(n: int, rng: np.random.Generator) -> FloatArray:
        """Return lepton, its antineutrino and the τ neutrino at rest, shape ``(n, 3, 4)``."""
        return lepton_and_neutrinos(mass, rng.random((5, n)).T)

    return make


def _pion(n: int, rng: np.random.Generator) -> FloatArray:
    """Return π⁻ and neutrino at rest, shape ``(n, 2, 4)``."""
    return np.stack(two_body(_at_rest(n), TAU_MASS, (PION, 0.0), *_directions(n, rng)), axis=1)


def _photons(pion: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return two_body(pion, PION0, (0.0, 0.0), *_directions(len(pion), rng))


def _rho(n: int, rng: np.random.Generator) -> FloatArray:
    """Return π⁻, two photons and the neutrino at rest, shape ``(n, 4, 4)``."""
    mass = rho_mass().draw(rng.random(n))
    system, neutrino = two_body(_at_rest(n), TAU_MASS, (mass, 0.0), *_directions(n, rng))
    # The ρ of an unpolarised τ is longitudinal by m_τ² to 2Q²: m_τ² c² + Q² (1 - c²).
    terms = np.stack((mass**2, np.zeros(n), TAU_MASS**2 - mass**2), axis=1)
    cosine = quadratic_cosine(rng.random(n), terms)
    pion, neutral = two_body(
        system, mass, (PION, PION0), cosine, 2.0 * np.pi * rng.random(n), system
    )
    return np.stack((pion, *_photons(neutral, rng), neutrino), axis=1)


def _a1(neutral: bool) -> Callable[[int, np.random.Generator], FloatArray]:
    def make(n: int, rng: np.random.Generator) -> FloatArray:
        """Return π⁻ and four photons, or π⁻π⁻π⁺, and the neutrino at rest, ``(n, 4 or 6, 4)``.

        a₁ and ρ decay evenly, and the two ways to pair the like pions do not interfere
        (assumptions).
        """
        total, pair = three_pions(neutral).draw(rng.random((n, 2)))
        system, neutrino = two_body(_at_rest(n), TAU_MASS, (total, 0.0), *_directions(n, rng))
        rho, third = two_body(
            system, total, (pair, PION0 if neutral else PION), *_directions(n, rng)
        )
        first, second = two_body(
            rho, pair, (PION, PION0 if neutral else PION), *_directions(n, rng)
        )
        if not neutral:
            return np.stack((first, third, second, neutrino), axis=1)
        photons = (*_photons(second, rng), *_photons(third, rng))
        return np.stack((first, *photons, neutrino), axis=1)

    return make


def _four_pions(n: int, rng: np.random.Generator) -> FloatArray:
    """Return π⁻π⁻π⁺, two photons and the neutrino at rest, shape ``(n, 6, 4)``.

    Phase space of the four pions (assumption).
    """
    mass = four_pion_mass().draw(rng.random(n))
    system, neutrino = two_body(_at_rest(n), TAU_MASS, (mass, 0.0), *_directions(n, rng))
    pions = isotropic(rng.random((n, 4, 4)), system, mass, (PION, PION, PION, PION0))
    photons = _photons(pions[:, 3], rng)
    return np.concatenate((pions[:, :3], np.stack((*photons, neutrino), axis=1)), axis=1)


_MAKERS: dict[str, Callable[[int, np.random.Generator], FloatArray]] = {
    "e": _leptonic(ELECTRON_MASS),
    "mu": _leptonic(MUON_MASS),
    "pi": _pion,
    "rho": _rho,
    "a1_one_prong": _a1(True),
    "a1_three_prong": _a1(False),
    "four_pions": _four_pions,
}


@njit()
def quadratic_cosine(u: FloatArray, terms: FloatArray) -> FloatArray:
    """Return cosines with the density t₀ + t₁c + t₂c² by bisection of its integral.

    Parameters
    ----------
    u : ndarray, shape (n,)
        Uniform numbers.
    terms : ndarray, shape (n, 3)
        Coefficients; the density must not be negative from -1 to 1.
    """
    result = np.empty(len(u))
    for i in range(len(u)):
        a, b, c = terms[i, 0], 0.5 * terms[i, 1], terms[i, 2] / 3.0
        target = u[i] * 2.0 * (a + c) - a + b - c
        low, high = -1.0, 1.0
        for _ in range(52):
            middle = 0.5 * (low + high)
            if ((c * middle + b) * middle + a) * middle < target:
                low = middle
            else:
                high = middle
        result[i] = 0.5 * (low + high)
    return result
