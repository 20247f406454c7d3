"""Block `single_track`: the single-track trigger, and counts of neural tracks, event by event.

An event is a run of frames, one a 2D track, of which the last has `last`; a frame without `valid`
carries no track (an event without tracks is one such frame). Idle clocks and frames of other
quadrants do not matter: what counts is the order of the frames.

p > momentum is decided without a division. p is pT / sin θ and pT is 10 200 MeV / |ω|, so it is
|ω| · sin θ · momentum < 10 200 MeV, in integers with sin θ from `firmware_models.sine_table`:

    |ω| · sine[|θ| >> 4] · momentum < 10 200 · 4096

A network with classes (`neuro_deep`) may decide too, alone or with z: a class passes when class +
8192 is at least its register. By default no class is cut on, as `neuro_mlp` has none.

Sources: cdc_track_trigger section 5.4 (STT: a neural track with |z| below 15 cm and p above 0.7
GeV; a neural track with at least two 2D tracks) and ecl_klm_gdl section 4 (basf2 TRGGRLProjects:
counts with |z| below 20 cm, one-hot 1, 2, 3, 4 or more) of the reference notes. Section 5.5 there
has the classes; their cut is at 0 (the register at 8192).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.neuro import (
    CLASS_OFFSET,
    MOMENTUM_LIMIT,
    N_TY,
    NEURO_TRACK,
    OMEGA_LSB_PER_GEV,
    ONE,
    SINE_SHIFT,
    SINE_WIDTH,
    SINGLE_TRACK,
    THETA_CENTRE_DEG,
    THETA_LSB_DEG,
    Z_LSB_CM,
)
from firmware_models.kernels import njit
from firmware_models.sine_table import sine_table

BLOCK: Block = BLOCKS["single_track"]

_SINE_TOP = (1 << SINE_WIDTH) - 1
MOST_TRACKS = SINGLE_TRACK["tracks"].high


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    z_cm: ArrayLike,
    theta_rad: ArrayLike,
    curvature: ArrayLike,
    *,
    neural: ArrayLike = True,
    last: ArrayLike = True,
    ip_class: ArrayLike = 0.0,
    stt_class: ArrayLike = 0.0,
) -> NDArray[np.void]:
    """Turn tracks in physical units into words, to study the decision without the network.

    Parameters
    ----------
    z_cm, theta_rad, curvature : array_like, shape (n,)
        z at the beam line [cm], polar angle [rad], q/pT [1/GeV].
    neural, last : array_like of bool, shape () or (n,)
        The track has z and θ; it is the last of its event.
    ip_class, stt_class : array_like, shape () or (n,)
        Classes, -1 to 1.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `neuro_track`
        Rounded half up; z, θ and classes limited to ±4096 counts, q/pT to the range of ω.

    Raises
    ------
    InputError
        For shapes that differ, or values that are not finite.
    """
    given = [np.asarray(values, dtype=np.float64) for values in (z_cm, theta_rad, curvature)]
    if given[0].ndim != 1 or any(values.shape != given[0].shape for values in given):
        raise InputError("z, theta and curvature must have one shape (n,), not "
                         + ", ".join(str(values.shape) for values in given))  # fmt: skip
    if not all(np.isfinite(values).all() for values in given):
        raise InputError("z, theta and curvature must be finite")
    words = NEURO_TRACK.zeros(len(given[0]))
    omega = NEURO_TRACK["omega"]
    words["omega"] = _counts(given[2] / OMEGA_LSB_PER_GEV, omega.low, omega.high)
    words["valid"], words["last"], words["neural"] = 1, last, neural
    estimates = {
        "z": given[0] / Z_LSB_CM,
        "theta": (np.degrees(given[1]) - THETA_CENTRE_DEG) / THETA_LSB_DEG,
        "ip_class": _class("ip_class", ip_class),
        "stt_class": _class("stt_class", stt_class),
    }
    for name, values in estimates.items():
        words[name] = np.where(words["neural"] == 1, _counts(values, -ONE, ONE), 0)
    return words


def _class(name: str, given: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(given, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{name} must be finite")
    return values * ONE


def _counts(values: NDArray[np.float64], low: int, high: int) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.clip(np.floor(values + 0.5), low, high).astype(np.int64)
    return counts


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Decide on each track, and on each event with its last one.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `neuro_track`
        The first word starts an event.
    registers : dict of name to int64 array, optional
        Those that are absent keep their defaults.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `single_track`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    chosen = tuple(BLOCK.scalars(registers or {}).values())
    out = SINGLE_TRACK.zeros(len(words))
    columns = tuple(
        words[name]
        for name in ("z", "theta", "omega", "neural", "valid", "last", "ip_class", "stt_class")
    )
    results = tuple(out[name] for name in ("near", "single", "last", "stt", "nnt", "ty", "tracks"))
    _evaluate(columns, results, chosen, sine_table())
    return out


@njit()
def _evaluate(columns, results, registers, sine):  # type: ignore[no-untyped-def]
    z_of, theta_of, omega_of, neural_of, valid_of, last_of, ip_of, stt_class_of = columns
    near_of, single_of, last_out, stt_of, nnt_of, ty_of, tracks_of = results
    stt_z, nnt_z, ty_z, momentum, nnt_tracks, ip_class, stt_class = registers
    tracks, count, stt, nnt = 0, 0, False, False
    for row in range(z_of.size):
        # A word may say neural without valid, which the network never does: it is no track.
        neural = valid_of[row] == 1 and neural_of[row] == 1
        z = abs(np.int64(z_of[row]))
        address = min(abs(np.int64(theta_of[row])) >> SINE_SHIFT, _SINE_TOP)
        inverse = abs(np.int64(omega_of[row])) * sine[address]
        from_there = neural and np.int64(ip_of[row]) + CLASS_OFFSET >= ip_class
        near = from_there and z < ty_z
        single = neural and np.int64(stt_class_of[row]) + CLASS_OFFSET >= stt_class
        single = single and z < stt_z and inverse * momentum < MOMENTUM_LIMIT
        near_of[row], single_of[row] = near, single
        if valid_of[row] == 1 and tracks < MOST_TRACKS:
            tracks += 1
        if near and count < N_TY:
            count += 1
        stt |= single
        nnt |= from_there and z < nnt_z
        if last_of[row] == 1:
            last_out[row], stt_of[row], tracks_of[row] = 1, stt, tracks
            nnt_of[row] = nnt and tracks >= nnt_tracks
            if count > 0:
                ty_of[row, count - 1] = 1
            tracks, count, stt, nnt = 0, 0, False, False
