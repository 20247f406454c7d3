"""Block `grl_neural`: neural tracks matched to clusters and sectors in three dimensions.

An event is a run of frames, one a 2D track, of which the last has `last`, as in `single_track`;
every frame carries the clusters and sectors of its event. A track is carried to the calorimeter
(126 cm) and to the coil (176 cm): azimuth by a table over |ω|, z by another one times cot θ,

    z(R) = z ± ((arc[R][|ω|] · cot[|θ| >> 1] + 2¹¹) >> 12)

Sources: ecl_klm_gdl section 5 of the reference notes (basf2 TRGGRLMatch: 25 cm and 30 cm at 126 cm;
32.5° at 176 cm; TRGGRLProjects: hemispheres, 80°, Δcot θ below −0.8 or above 0.6). Boundary of the
muon detector's sections: z = 47 cm, its barrel's centre in basf2's public geometry (BKLM.xml).
Conventions of our own: docs/reference/grl_neural.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.cell_positions import cell_azimuth, ring_cot, ring_z
from firmware_models.cot_table import COT_FRACTION, COT_SHIFT, COT_WIDTH, cot_table
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.ecl import ECL_CLUSTERS, N_CELL, N_CLUSTER
from firmware_models.interface.grl import GRL_NEURAL, GRL_NEURAL_TRACK, N_COUNT
from firmware_models.interface.klm import KLM_SECTORS, N_BARREL, N_BARREL_RING
from firmware_models.interface.neuro import NEURO_TRACK, SINGLE_TRACK, Z_LSB_CM
from firmware_models.kernels import njit
from firmware_models.track_extrapolation import (
    ECL_RADIUS_CM,
    FIRST_HALF_CELL,
    HALF_CELL,
    KLM_RADIUS_CM,
    N_CURVATURE,
    NOT_REACHED,
    QUADRANT_HALF_CELLS,
    TURN,
    arc_table,
    turn_table,
)
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL, cell_map

BLOCK: Block = BLOCKS["grl_neural"]

SECTION_BOUNDARY = round(47.0 / Z_LSB_CM)
"""z where forward and backward barrel sectors of the muon detector meet: 47 cm (basf2 BKLM.xml)."""

SECTOR_STEP = TURN // N_BARREL_RING
"""Azimuth from the middle of one barrel sector to that of the next; sector 0 is at 0."""

HEMISPHERE = math.floor(80.0 * TURN / 360.0)
"""Greatest difference of azimuth within one hemisphere: 80°."""

BACKWARD_OF, FORWARD_OF = (
    math.ceil(-0.8 * (1 << COT_FRACTION)) - 1,
    math.floor(0.6 * (1 << COT_FRACTION)) + 1,
)
"""cot θ of track − cot θ of cluster: at most the one (< −0.8), at least the other (> 0.6)."""

_COT_TOP = (1 << COT_WIDTH) - 1
_N_KLM_COUNT = GRL_NEURAL["ycdcklm"].count


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    neural: NDArray[np.void],
    single: NDArray[np.void],
    window: NDArray[np.int64],
    clusters: NDArray[np.void],
    sectors: NDArray[np.void],
) -> NDArray[np.void]:
    """Give each neural track the clusters and sectors of its event.

    Parameters
    ----------
    neural : ndarray, shape (m,), dtype of the word `neuro_track`
    single : ndarray, shape (m,), dtype of the word `single_track`
        What `single_track` says of the same frames.
    window : ndarray of int64, shape (m,)
        Event of each frame.
    clusters : ndarray, shape (n,), dtype of the word `ecl_clusters`
    sectors : ndarray, shape (n,), dtype of the word `klm_sectors`

    Returns
    -------
    ndarray, shape (m,), dtype of the word `grl_neural_track`
        What empty cluster slots hold is left out.

    Raises
    ------
    InputError
        For another dtype, lengths that differ, or a window that does not exist.
    """
    for name, words, word in (
        ("neural", neural, NEURO_TRACK), ("single", single, SINGLE_TRACK),
        ("clusters", clusters, ECL_CLUSTERS), ("sectors", sectors, KLM_SECTORS),
    ):  # fmt: skip
        if words.dtype != word.dtype or words.ndim != 1:
            raise InputError(f"takes words {word.name!r}, not shape {words.shape} of "
                             f"{words.dtype.names}", place=name)  # fmt: skip
    events = np.asarray(window, dtype=np.int64)
    if len(single) != len(neural) or events.shape != (len(neural),):
        raise InputError(f"neural, single and window must have one length, not {len(neural)}, "
                         f"{len(single)} and {events.shape}")  # fmt: skip
    if len(clusters) != len(sectors):
        raise InputError("clusters and sectors must have one length, not "
                         f"{len(clusters)} and {len(sectors)}")  # fmt: skip
    if events.size and not (events.min() >= 0 and events.max() < len(clusters)):
        raise InputError(f"must lie in 0 to {len(clusters) - 1}, not {events.min()} to "
                         f"{events.max()}", place="window")  # fmt: skip
    words = GRL_NEURAL_TRACK.zeros(len(neural))
    for field in NEURO_TRACK.fields:
        if field.name in (words.dtype.names or ()):
            words[field.name] = neural[field.name]
    words["near"], words["single"] = single["near"], single["single"]
    valid = clusters["valid"]
    words["cluster"] = valid[events]
    words["tc"] = np.where(valid == 1, clusters["tc"], 0)[events]
    words["barrel"] = sectors["barrel"][events]
    return words


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Match each track, and sum up each event with its last one.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `grl_neural_track`
        The first word starts an event.
    registers : dict of name to int64 array, optional
        Those that are absent keep their defaults.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `grl_neural`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    chosen = tuple(BLOCK.scalars(registers or {}).values())
    out = GRL_NEURAL.zeros(len(words))
    track = tuple(words[name] for name in ("z", "theta", "omega", "phi0", "quadrant"))
    bits = tuple(words[name] for name in ("valid", "neural", "last", "near", "single"))
    objects = tuple(words[name] for name in ("cluster", "tc", "barrel"))
    matches = tuple(out[name] for name in ("ecl_matched", "klm_matched", "last"))
    event = tuple(
        out[name] for name in ("ycdcecl", "ycdcklm", "typecl", "typklm", "samhem", "opohem")
    )
    paths = tuple(table(radius) for radius in (ECL_RADIUS_CM, KLM_RADIUS_CM)
                  for table in (turn_table, arc_table))  # fmt: skip
    cells = (cell_map().theta_id, cell_azimuth(), ring_z(), ring_cot())
    _evaluate(track, bits, objects, matches, event, chosen, paths, cells, cot_table())
    return out


@njit()
def _apart(a, b):  # type: ignore[no-untyped-def]
    """Return the shorter way round between two azimuths."""
    way = abs(a - b)
    return min(way, TURN - way)


@njit()
def _pass(phi0, omega, turn):  # type: ignore[no-untyped-def]
    """Return the azimuth at a radius from that at the beam line; NOT_REACHED."""
    inverse = abs(omega)
    if inverse >= N_CURVATURE or turn[inverse] == NOT_REACHED:
        return NOT_REACHED
    way = turn[inverse] if omega >= 0 else -turn[inverse]
    return (phi0 - way) % TURN


@njit()
def _along(z, omega, cot, arc):  # type: ignore[no-untyped-def]
    """Return z at a radius that the track reaches."""
    # Rounded as a magnitude: both directions alike.
    way = (arc[abs(omega)] * abs(cot) + (1 << (COT_FRACTION - 1))) >> COT_FRACTION
    return z + way if cot >= 0 else z - way


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    track, bits, objects, matches, event, registers, paths, cells, cots
):
    z_of, theta_of, omega_of, phi0_of, quadrant_of = track
    valid_of, neural_of, last_of, near_of, single_of = bits
    cluster_of, tc_of, barrel_of = objects
    ecl_out, klm_out, last_out = matches
    ycdcecl, ycdcklm, typecl, typklm, samhem, opohem = event
    ecl_phi, ecl_z, klm_window, klm_margin = registers
    ecl_turn, ecl_arc, klm_turn, klm_arc = paths
    ring_of, azimuth_of, z_of_ring, cot_of_ring = cells
    nears, with_ecl, with_klm = 0, 0, 0
    single_ecl, single_klm, same, opposite = False, False, False, False
    for row in range(z_of.size):
        # A word may say neural without valid, which the network never does: it is no track.
        if valid_of[row] == 1 and neural_of[row] == 1:
            z, theta = np.int64(z_of[row]), np.int64(theta_of[row])
            omega = np.int64(omega_of[row])
            half_cells = np.int64(phi0_of[row]) + QUADRANT_HALF_CELLS * np.int64(quadrant_of[row])
            phi0 = (half_cells + FIRST_HALF_CELL) * HALF_CELL % TURN
            cot = cots[min(abs(theta) >> COT_SHIFT, _COT_TOP)]
            if theta > 0:
                cot = -cot
            at_ecl, at_klm = _pass(phi0, omega, ecl_turn), _pass(phi0, omega, klm_turn)
            ecl, klm, here, there = False, False, False, False
            z_ecl = _along(z, omega, cot, ecl_arc) if at_ecl != NOT_REACHED else 0
            for slot in range(N_CLUSTER):
                tc = np.int64(tc_of[row, slot])
                if cluster_of[row, slot] == 0 or tc < 1 or tc > N_CELL:
                    continue
                ring, azimuth = ring_of[tc], azimuth_of[tc]
                if FIRST_BARREL <= tc < FIRST_BACKWARD and at_ecl != NOT_REACHED:
                    ecl |= (
                        _apart(at_ecl, azimuth) < ecl_phi and abs(z_ecl - z_of_ring[ring]) < ecl_z
                    )
                if _apart(phi0, azimuth) > HEMISPHERE:
                    there = True
                else:
                    difference = cot - cot_of_ring[ring]
                    here |= difference <= BACKWARD_OF or difference >= FORWARD_OF
            if at_klm != NOT_REACHED:
                z_klm = _along(z, omega, cot, klm_arc)
                forward = z_klm > SECTION_BOUNDARY - klm_margin
                backward = z_klm < SECTION_BOUNDARY + klm_margin
                for sector in range(N_BARREL):
                    allowed = forward if sector < N_BARREL_RING else backward
                    if barrel_of[row, sector] == 1 and allowed:
                        middle = sector % N_BARREL_RING * SECTOR_STEP
                        klm |= _apart(at_klm, middle) < klm_window
            ecl_out[row], klm_out[row] = ecl, klm
            if near_of[row] == 1:
                nears = min(nears + 1, 2)
                with_ecl = min(with_ecl + ecl, N_COUNT)
                with_klm = min(with_klm + klm, _N_KLM_COUNT)
                same |= here
                opposite |= there
            if single_of[row] == 1:
                single_ecl |= ecl
                single_klm |= klm
        if last_of[row] == 1:
            last_out[row] = 1
            if with_ecl > 0:
                ycdcecl[row, with_ecl - 1] = 1
            if with_klm > 0:
                ycdcklm[row, with_klm - 1] = 1
            typecl[row], typklm[row] = single_ecl, single_klm
            samhem[row], opohem[row] = nears == 1 and same, nears == 1 and opposite
            nears, with_ecl, with_klm = 0, 0, 0
            single_ecl, single_klm, same, opposite = False, False, False, False
