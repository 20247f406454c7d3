"""The frame in which a sample is given, and the way from there to the laboratory.

Generators work in the laboratory of SuperKEKB, in the centre of mass, or with head-on beams of the
two energies. A sample in the wrong frame would give wrong rates without any sign of it, so the
beams in the file (or, without these, the sum of the final state) are compared with what each frame
must show.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firmware_models.errors import InputError, unknown_name
from sim.events import Events, FloatArray
from sim.machine import Machine, transform
from sim.readers.sample import SPEED_OF_LIGHT, Sample

TOLERANCE = 0.02
"""Largest deviation of a component of the total four-momentum, in units of the beams' energy sum.

Assumption: 0.22 GeV at SuperKEKB is more than generators differ in (7 and 4 GeV for 7.004 and
4.002, an energy some 60 MeV below the resonance) and less than half of what tells the frames
apart (0.46 GeV in px between crossing and head-on beams).
"""

FRAMES = {
    "lab": "laboratory, beams with their crossing angle",
    "cm": "centre of mass, electrons towards +z",
    "head-on": "both beams along z, electrons towards +z",
}
BEAM_CODES = (11, -11)


def head_on(machine: Machine) -> Machine:
    """Return the machine without crossing angle."""
    return replace(machine, half_crossing=0.0)


def to_lab(frame: str, machine: Machine) -> FloatArray | None:
    """Return the Lorentz matrix from a frame to the laboratory, or None when nothing is to do.

    Parameters
    ----------
    frame : str
        One of `FRAMES`.
    machine : Machine
        The collider.

    Returns
    -------
    ndarray, shape (4, 4), or None

    Raises
    ------
    InputError
        For an unknown frame.
    """
    if frame not in FRAMES:
        raise unknown_name("frame", frame, FRAMES, place="frame")
    if frame == "lab":
        return None
    if frame == "cm":
        return machine.to_lab
    result: FloatArray = machine.to_lab @ head_on(machine).to_cm
    return result


def expected_beams(frame: str, machine: Machine) -> FloatArray:
    """Return the beams in a frame, electron first, shape ``(2, 4)``: px, py, pz, E [GeV]."""
    if frame == "cm":
        half = 0.5 * machine.sqrt_s
        return np.array([[0.0, 0.0, half, half], [0.0, 0.0, -half, half]])
    true = machine if frame == "lab" else head_on(machine)
    return np.stack((true.electron, true.positron))


def recognise(seen: FloatArray, machine: Machine) -> str | None:
    """Return the frame in which the beams, or their sum, look like this within `TOLERANCE`.

    Parameters
    ----------
    seen : ndarray, shape (2, 4) or (4,)
        Beams, electron first, or total four-momentum [GeV].
    machine : Machine
        The collider.
    """
    distance = {
        frame: float(np.abs(seen - _as_seen(frame, machine, seen)).max()) for frame in FRAMES
    }
    best = min(distance, key=distance.__getitem__)
    return best if distance[best] <= TOLERANCE * float(machine.total[3]) else None


def _as_seen(frame: str, machine: Machine, seen: FloatArray) -> FloatArray:
    beams = expected_beams(frame, machine)
    total: FloatArray = beams.sum(axis=0)
    return beams if seen.ndim == 2 else total


def transform_events(events: Events, matrix: FloatArray) -> Events:
    """Apply a Lorentz matrix to momenta and to production points."""
    # The compiled product gives the same bits for any chunking, which a BLAS does not promise.
    # Space in cm and c times time in cm transform like a momentum.
    place = events.vertex.copy()
    place[:, 3] *= SPEED_OF_LIGHT
    moved = transform(matrix[None], place[None])[0]
    moved[:, 3] /= SPEED_OF_LIGHT
    return replace(events, p4=transform(matrix[None], events.p4[None])[0], vertex=moved)


def check_frame(sample: Sample, events: Events, frame: str, machine: Machine) -> None:
    """Compare a file's beams, or the sum of its final states, with the frame it is said to be in.

    Parameters
    ----------
    sample : Sample
        The header; its beams if it has any.
    events : Events
        The first events, in the frame of the file.
    frame : str
        What the user said.
    machine : Machine
        The collider.

    Raises
    ------
    InputError
        When the beams are not e⁻ and e⁺, do not fit the frame, or the sums of the final states
        show another frame. Sums that show no frame at all (single particles, lists with cuts)
        are only noted.
    """
    place = str(sample.path)
    if sample.beam_codes not in (None, BEAM_CODES):
        raise InputError(
            f"the beams must be e- and e+ (codes 11 and -11), not {sample.beam_codes}", place=place
        )
    seen = sample.beams if sample.beams is not None else _median_total(events)
    guess = recognise(seen, machine)
    if guess == frame:
        return
    what = "the beams are" if seen.ndim == 2 else "the final states add up to"
    found = f"{what} (px, py, pz, E) = {_shown(seen)} GeV"
    need = _shown(_as_seen(frame, machine, seen))
    if guess is not None:
        raise InputError(
            f"this sample looks like the {guess} frame ({FRAMES[guess]}), not {frame}: {found}; "
            f"pass --frame {guess}",
            place=place,
        )
    if seen.ndim == 2:
        raise InputError(
            f"{found}; in the {frame} frame of this machine they must be {need} "
            f"± {TOLERANCE * float(machine.total[3]):.2g} GeV (e- first, e- towards +z): "
            "another machine, axis or unit?",
            place=place,
        )
    sample.note(
        f"no frame can be recognised: {found} in the median, where whole events in the {frame} "
        f"frame have {need}; taken to be in the {frame} frame as given"
    )


def _shown(values: FloatArray) -> str:
    if values.ndim == 2:
        return " and ".join(_shown(row) for row in values)
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"


def _median_total(events: Events) -> FloatArray:
    """Return the median of each component over events with particles."""
    filled = np.flatnonzero(np.diff(events.offsets))
    if not len(filled):
        return np.zeros(4)
    totals = np.stack(
        [
            np.bincount(events.event_of, weights=events.p4[:, k], minlength=len(events))
            for k in range(4)
        ],
        axis=1,
    )
    result: FloatArray = np.median(totals[filled], axis=0)
    return result
