"""Checks of every chunk that comes out of a file: numbers, energies, codes, sums.

A wrong number is named by file, event (counted from 0 in the file) and particle (from 0 among the
final-state particles of the event), with what was given and what is allowed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.detector.particles import particle_type
from sim.events import Events, FloatArray
from sim.machine import Machine
from sim.readers.sample import Sample
from trigger.decisions import LARGEST_WEIGHT

RELATIVE_EXCESS, ABSOLUTE_EXCESS = 1e-3, 1e-4
"""How far |p| may exceed E: 1e-3 E + 1e-4 GeV.

Assumption: text may be rounded to four significant digits; a massless particle then misses its
mass shell by half a unit in the last digit of each component.
"""

ENERGY_EXCESS = 0.02
"""How far the energies of an event may exceed the beams': 2 %, as in the frame check (assumption:
covers the beam-energy spread and runs around the Υ(4S))."""


def validate(
    events: Events, sample: Sample, first: int, machine: Machine, invisible: Collection[int] = ()
) -> None:
    """Check one chunk of events in the laboratory frame.

    Events without particles are allowed; negative weights are allowed and noted.

    Parameters
    ----------
    events : Events
        The chunk.
    sample : Sample
        The file, for messages and notes.
    first : int
        Number of the chunk's first event in the file.
    machine : Machine
        The collider, for the largest possible energy.
    invisible : collection of int
        Particle codes, of either sign, that leave no trace in the detector.

    Raises
    ------
    InputError
        For a number that is not finite, a negative energy, a momentum above the energy, a
        particle code that cannot be in the final state, or an event with more energy than the
        beams have.
    """
    at = _Place(events, sample, first)
    _check_numbers(events, at)
    _check_shell(events, at)
    _check_codes(events, at, {abs(code) for code in invisible})
    _check_sums(events, at, machine)
    negative = np.flatnonzero(events.weight < 0.0)
    if len(negative):
        sample.note("some weights are negative; rates and efficiencies use them as they are")


class _Place:
    """Raises errors that name the event and the particle."""

    def __init__(self, events: Events, sample: Sample, first: int) -> None:
        self._events, self._path, self._first = events, sample.path, first

    def fail_event(self, event: int, message: str) -> NoReturn:
        raise InputError(message, place=f"{self._path}: event {self._first + event}")

    def fail_particle(self, wrong: NDArray[np.bool_], quantity: str, allowed: str) -> None:
        """Fail with the first wrong particle, if there is one."""
        if not wrong.any():
            return
        row = int(np.argmax(wrong))
        offsets = self._events.offsets
        event = int(np.searchsorted(offsets, row, side="right")) - 1
        values = getattr(self._events, quantity)[row]
        names = {"p4": "(px, py, pz, E) [GeV]", "vertex": "(x, y, z [cm], t [ns])", "pdg": "code"}
        shown = f"{values}" if quantity == "pdg" else _numbers(values)
        raise InputError(
            f"{names[quantity]} = {shown}: {allowed}",
            place=f"{self._path}: event {self._first + event}, "
            f"particle {row - int(offsets[event])}",
        )


def _numbers(values: FloatArray) -> str:
    return "(" + ", ".join(f"{value:.9g}" for value in values) + ")"


def _check_numbers(events: Events, at: _Place) -> None:
    for quantity in ("p4", "vertex"):
        wrong = ~np.asarray(np.isfinite(getattr(events, quantity)).all(axis=1))
        at.fail_particle(wrong, quantity, "must be finite numbers")
    wrong = np.flatnonzero(~(np.abs(events.weight) <= LARGEST_WEIGHT))
    if len(wrong):
        given = events.weight[wrong[0]]
        limit = f", {LARGEST_WEIGHT:g} in size at most" if np.isfinite(given) else ""
        at.fail_event(int(wrong[0]), f"weight must be a finite number{limit}, not {given:g}")


def _check_shell(events: Events, at: _Place) -> None:
    energy = events.p4[:, 3]
    at.fail_particle(energy < 0.0, "p4", "the energy must be 0 or above")
    # Not squared: no overflow for absurd numbers.
    momentum = np.hypot(np.hypot(events.p4[:, 0], events.p4[:, 1]), events.p4[:, 2])
    at.fail_particle(
        momentum - energy > RELATIVE_EXCESS * energy + ABSOLUTE_EXCESS,
        "p4",
        f"|p| must not exceed E by more than {RELATIVE_EXCESS:g} E + {ABSOLUTE_EXCESS:g} GeV",
    )


def _check_codes(events: Events, at: _Place, invisible: set[int]) -> None:
    for code in np.unique(events.pdg).tolist():
        if abs(code) in invisible:
            continue
        try:
            particle_type(code)
        except InputError as error:
            at.fail_particle(events.pdg == code, "pdg", str(error))


def _check_sums(events: Events, at: _Place, machine: Machine) -> None:
    energy = np.bincount(events.event_of, weights=events.p4[:, 3], minlength=len(events))
    limit = float(machine.total[3]) * (1.0 + ENERGY_EXCESS)
    wrong = np.flatnonzero(energy > limit)
    if len(wrong):
        k = int(wrong[0])
        at.fail_event(
            k,
            f"the energies of the final state add up to {energy[k]:.6g} GeV, the beams have "
            f"{machine.total[3]:.6g} GeV (allowed: {limit:.6g}); wrong unit, frame or machine?",
        )
