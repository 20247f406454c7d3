"""What a particle does in a calorimeter, by its code of the Particle Data Group.

Masses: Particle Data Group, Phys. Rev. D 110 (2024) 030001; the package `particle` is asked only
for codes that are not in the table here, since it takes a tenth of a second to load.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, shortened
from sim.detector.exotic import electric_charge, has_own_mass, is_magnetic
from sim.events import Events


class Kind(IntEnum):
    """Behaviour in the calorimeter."""

    INVISIBLE = 0
    PHOTON = 1
    ELECTRON = 2
    MUON = 3
    CHARGED_HADRON = 4
    NEUTRAL_HADRON = 5
    DECAYS = 6
    MAGNETIC = 7


@dataclass(frozen=True)
class ParticleType:
    """One row of the table.

    Parameters
    ----------
    kind : Kind
        Behaviour in the calorimeter.
    mass : float
        [GeV].
    charge : int
        In units of the elementary charge.
    released : float
        Energy [GeV] that an interaction can show besides the kinetic energy: 2 m for an antibaryon
        (annihilation), m_K - (m_Λ - m_p) for an antikaon (K̄N → Λπ), half of that for K_L, else 0.
    """

    kind: Kind
    mass: float
    charge: int = 0
    released: float = 0.0


@dataclass(frozen=True)
class Classes:
    """Properties of many particles, arrays of shape ``(n_particle,)``.

    Parameters
    ----------
    kind : ndarray of int8
        Values of `Kind`.
    mass : ndarray of float64
        [GeV].
    charge : ndarray of int8
        In units of the elementary charge.
    released : ndarray of float64
        Energy that an interaction releases [GeV].
    """

    kind: NDArray[np.int8]
    mass: NDArray[np.float64]
    charge: NDArray[np.int8]
    released: NDArray[np.float64]


NEUTRINO_LIKE = frozenset({
    12, 14, 16, 18,  # neutrinos
    39, *range(51, 61),  # graviton; dark matter and its mediators in the numbering scheme
    1000012, 1000014, 1000016, 1000022, 1000023, 1000025, 1000035, 1000039,  # supersymmetry
    9900012, 9900014, 9900016,  # heavy neutrinos
})  # fmt: skip
"""Codes that leave nothing in the detector, particle and antiparticle alike."""

_P, _N, _LAMBDA = 0.93827209, 0.93956542, 1.115683
_KC, _K0 = 0.493677, 0.497611
_BARYON = {  # code: (mass, charge of the particle)
    2112: (_N, 0),
    2212: (_P, 1),
}
_DECAYING = {  # code: (mass, charge of the particle); decay modes in sim.detector.decays
    111: (0.1349768, 0),
    310: (_K0, 0),
    3122: (_LAMBDA, 0),
    3222: (1.18937, 1),
    3212: (1.192642, 0),
    3112: (1.197449, -1),
    3322: (1.31486, 0),
    3312: (1.32171, -1),
    3334: (1.67245, -1),
}
_SELF_CONJUGATE = frozenset({22, 111, 130, 310})


def _builtin() -> dict[int, ParticleType]:
    table = {
        22: ParticleType(Kind.PHOTON, 0.0),
        11: ParticleType(Kind.ELECTRON, 0.00051099895, -1),
        13: ParticleType(Kind.MUON, 0.1056583755, -1),
        211: ParticleType(Kind.CHARGED_HADRON, 0.13957039, 1),
        321: ParticleType(Kind.CHARGED_HADRON, _KC, 1),
        130: ParticleType(Kind.NEUTRAL_HADRON, _K0, 0, 0.5 * (_K0 - (_LAMBDA - _P))),
    }
    table |= {code: ParticleType(Kind.INVISIBLE, 0.0) for code in NEUTRINO_LIKE}
    table |= {code: ParticleType(Kind.DECAYS, m, q) for code, (m, q) in _DECAYING.items()}
    for code, (mass, charge) in _BARYON.items():
        kind = Kind.CHARGED_HADRON if charge else Kind.NEUTRAL_HADRON
        table[code] = ParticleType(kind, mass, charge)
    for code, row in list(table.items()):
        if code not in _SELF_CONJUGATE:
            released = 2.0 * row.mass if code in _BARYON else 0.0
            released = _KC - (_LAMBDA - _P) if code == 321 else released
            table[-code] = ParticleType(row.kind, row.mass, -row.charge, released)
    return table


LARGEST_CODE = 2**31 - 1


def check_code(code: object, place: str) -> int:
    """Return a code that a particle can have: a whole number of 31 bits and a sign, not 0.

    Raises
    ------
    InputError
    """
    whole = isinstance(code, int) and not isinstance(code, bool)
    if not whole or not 1 <= abs(cast(int, code)) <= LARGEST_CODE:
        large = whole and abs(cast(int, code)) > 10**20
        given = "a larger number" if large else shortened(repr(code))
        raise InputError(
            f"given {given}; allowed: whole numbers, 1 to {LARGEST_CODE} or the same negative",
            place=place,
        )
    return cast(int, code)


@cache
def particle_type(code: int) -> ParticleType:
    """Return what is known of one code.

    Parameters
    ----------
    code : int
        Code of the Particle Data Group. The mass of those of `sim.detector.exotic` is 0 here, see
        `with_own_masses`; a multiple electric charge ionises as a muon does.

    Raises
    ------
    InputError
        The code is unknown, or stands for something that decays or hadronises before it can reach
        a detector and that this package does not decay.
    """
    table = _builtin()
    if code in table:
        return table[code]
    if is_magnetic(code):
        return ParticleType(Kind.MAGNETIC, 0.0)
    if electric_charge(code):
        return ParticleType(Kind.MUON, 0.0, electric_charge(code))
    from particle import InvalidParticle, Particle, ParticleNotFound
    from particle.pdgid import is_nucleus

    try:
        found = Particle.from_pdgid(code)
    except (ParticleNotFound, InvalidParticle):
        raise InputError(
            f"unknown particle code {code}; allowed: codes of the Particle Data Group, and codes "
            "declared invisible in the configuration (key `invisible`)"
        ) from None
    if not is_nucleus(code) or found.mass is None or found.charge is None:
        raise InputError(
            f"particle {found.name} (code {code}) decays before it reaches the detector: give its "
            "decay products; allowed: γ, e, μ, π±, π0, K±, K_L, K_S, p, n, hyperons, nuclei and "
            "neutrinos"
        )
    charge = int(found.charge)
    return ParticleType(Kind.CHARGED_HADRON, found.mass / 1e3, charge)


def classify(pdg: NDArray[np.integer], invisible: Collection[int] = ()) -> Classes:
    """Classify particles by their codes.

    Parameters
    ----------
    pdg : ndarray of integer, shape (n_particle,)
        Codes of the Particle Data Group.
    invisible : collection of int, optional
        Further codes, of either sign, that leave nothing (a dark photon, an axion-like particle).

    Returns
    -------
    Classes
        Arrays of shape ``(n_particle,)``.

    Raises
    ------
    InputError
        A code is unknown or cannot be a final-state particle; the message names it.
    """
    codes = np.asarray(pdg)
    distinct, index = np.unique(codes, return_inverse=True)
    nothing = ParticleType(Kind.INVISIBLE, 0.0)
    extra = {abs(int(code)) for code in invisible}
    rows = [nothing if abs(c) in extra else particle_type(c) for c in distinct.tolist()]
    return Classes(
        np.array([row.kind for row in rows], dtype=np.int8)[index],
        np.array([row.mass for row in rows])[index],
        np.array([row.charge for row in rows], dtype=np.int8)[index],
        np.array([row.released for row in rows])[index],
    )


def with_own_masses(events: Events, classes: Classes) -> Classes:
    """Return the classes with the masses of four-vectors where a code has none of its own."""
    own = has_own_mass(events.pdg)
    if not own.any():
        return classes
    mass, p4 = classes.mass.copy(), events.p4[own]
    mass[own] = np.sqrt(np.maximum(p4[:, 3] ** 2 - np.sum(p4[:, :3] ** 2, axis=1), 0.0))
    return replace(classes, mass=mass)


def _locate(events: Events, row: int) -> tuple[int, int]:
    """Return event and number of the particle within it."""
    event = int(np.searchsorted(events.offsets, row, side="right")) - 1
    return event, row - int(events.offsets[event])


def check_events(events: Events, invisible: Collection[int] = (), *, place: str = "") -> Classes:
    """Check every particle's numbers and code, and classify.

    Parameters
    ----------
    events : Events
        The sample.
    invisible : collection of int, optional
        As for `classify`.
    place : str, optional
        Where the events came from, for messages.

    Returns
    -------
    Classes
        As from `classify`.

    Raises
    ------
    InputError
        A momentum, energy or vertex that is not finite, a negative energy, or a code that is
        refused by `classify`; the message names the event and the particle, both from 0.
    """
    wrong = ~np.isfinite(events.p4).all(axis=1) | ~np.isfinite(events.vertex).all(axis=1)
    wrong |= events.p4[:, 3] < 0.0
    if wrong.any():
        row = int(np.argmax(wrong))
        event, number = _locate(events, row)
        raise InputError(
            f"event {event}, particle {number} (code {events.pdg[row]}): p = "
            f"{events.p4[row].tolist()} GeV, vertex = {events.vertex[row].tolist()} (cm, ns); "
            "allowed: finite numbers, energy not negative",
            place=place,
        )
    try:
        return with_own_masses(events, classify(events.pdg, invisible))
    except InputError:
        row = _first_refused(events.pdg, {abs(code) for code in invisible})
        event, number = _locate(events, row)
        try:
            particle_type(int(events.pdg[row]))
        except InputError as refusal:
            raise InputError(f"event {event}, particle {number}: {refusal}", place=place) from None
        raise


def _first_refused(pdg: NDArray[np.int32], invisible: Collection[int]) -> int:
    """Return the row of the first particle whose code is refused."""
    refused = []
    for code in np.unique(pdg).tolist():
        if abs(code) in invisible:
            continue
        try:
            particle_type(code)
        except InputError:
            refused.append(code)
    return int(np.argmax(np.isin(pdg, refused)))
