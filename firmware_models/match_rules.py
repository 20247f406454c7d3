"""Rules of `grl_match`, window by window: compiled kernels on maps of azimuth.

Conventions and sources: docs/reference/grl_match.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.azimuth_maps import (
    BACKWARD,
    BARREL,
    BIN_DENOMINATOR,
    BIN_NUMERATOR,
    FORWARD,
    NO_PART,
    QUADRANT,
    apart,
    cell_bins,
    cell_parts,
    opposite,
    short_bins,
    widened,
)
from firmware_models.interface.cdc_hough import N_TRACK, N_TRACKER
from firmware_models.interface.ecl import N_CELL, N_CLUSTER
from firmware_models.interface.grl import N_ALL, N_PHI_BIN, N_SHORT_BIN, N_SIDE
from firmware_models.interface.klm import N_BARREL_RING, N_ENDCAP_RING
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
    turn_table,
)

SECTOR_TURN = TURN // N_BARREL_RING
"""Counts of azimuth from the middle of a barrel sector of the muon detector to the next."""

INNER_REACH = 4
"""Bins from an inner track to an endcap cluster at most."""

SHORT_REACH = 1
"""Bins from where a short track meets the endcap calorimeter to a cluster at most."""

ISOLATION = 1
"""Bins on both sides of a barrel cluster that have no track."""

QUADRANT_OVERLAP = 1
"""Bins beyond a quadrant in which an inner track still belongs to it."""

PAIR_WITHIN = 2
"""Bins from 18 at most between the clusters of a high pair."""

_ECL_TURN, _KLM_TURN = turn_table(ECL_RADIUS_CM), turn_table(KLM_RADIUS_CM)
_SHORT_BIN, _CELL_BIN, _CELL_PART = short_bins(), cell_bins(), cell_parts()


class Places(NamedTuple):
    """Where the objects of n windows are.

    Parameters
    ----------
    full, at_ecl, short, inner, clusters, barrel : ndarray of int64, shape (n,)
        Maps: 2D tracks at the beam line and at the calorimeter, short and inner tracks, all
        clusters, barrel clusters.
    short_ecl : ndarray of int64, shape (n, 2)
        Maps: short tracks at the endcap calorimeters.
    ecl_bin, klm_phi : ndarray of int16, shape (n, 24)
        Bin at the calorimeter and counts of azimuth at the coil of each track; −1: none.
    bin, part : ndarray of int8, shape (n, 6)
        Bin of each cluster and its part of the calorimeter (3: there is no cluster).
    """

    full: NDArray[np.int64]
    at_ecl: NDArray[np.int64]
    short: NDArray[np.int64]
    inner: NDArray[np.int64]
    clusters: NDArray[np.int64]
    barrel: NDArray[np.int64]
    short_ecl: NDArray[np.int64]
    ecl_bin: NDArray[np.int16]
    klm_phi: NDArray[np.int16]
    bin: NDArray[np.int8]
    part: NDArray[np.int8]


def places(words: NDArray[np.void]) -> Places:
    """Return where the objects are, of words `grl_objects`, shape (n,)."""
    n = len(words)
    full, at_ecl, short, inner, clusters, barrel = np.zeros((6, n), np.int64)
    ecl_bin, klm_phi = np.full((2, n, N_ALL), NOT_REACHED, np.int16)
    found = Places(
        full, at_ecl, short, inner, clusters, barrel, np.zeros((n, N_SIDE), np.int64), ecl_bin,
        klm_phi, np.zeros((n, N_CLUSTER), np.int8), np.full((n, N_CLUSTER), NO_PART, np.int8),
    )  # fmt: skip
    _tracks(
        words["valid"], words["phi0"], words["omega"],
        found.full, found.at_ecl, found.ecl_bin, found.klm_phi,
    )  # fmt: skip
    _clusters(
        words["cluster"], words["tc"], found.clusters, found.barrel, found.bin, found.part
    )  # fmt: skip
    _short(
        words["short"], words["inner"], words["short_ecl"],
        found.short, found.inner, found.short_ecl,
    )  # fmt: skip
    return found


@njit()
def _tracks(valid, phi0, omega, full, at_ecl, ecl_bin, klm_phi):  # type: ignore[no-untyped-def]
    for row in range(len(valid)):
        for slot in range(N_TRACKER * N_TRACK):
            if not valid[row, slot]:
                continue
            cells = FIRST_HALF_CELL + QUADRANT_HALF_CELLS * (slot // N_TRACK)
            origin = (np.int64(phi0[row, slot]) + cells) * HALF_CELL % TURN
            full[row] |= np.int64(1) << (origin * BIN_NUMERATOR // BIN_DENOMINATOR)
            curvature = np.int64(omega[row, slot])
            size = abs(curvature)
            if size >= N_CURVATURE:
                continue
            sign = 1 if curvature > 0 else -1
            if _ECL_TURN[size] != NOT_REACHED:
                phi = (origin - sign * _ECL_TURN[size]) % TURN
                number = phi * BIN_NUMERATOR // BIN_DENOMINATOR
                ecl_bin[row, slot] = number
                at_ecl[row] |= np.int64(1) << number
            if _KLM_TURN[size] != NOT_REACHED:
                klm_phi[row, slot] = (origin - sign * _KLM_TURN[size]) % TURN


@njit()
def _clusters(cluster, tc, every, barrel, number, part):  # type: ignore[no-untyped-def]
    for row in range(len(cluster)):
        for i in range(N_CLUSTER):
            cell = np.int64(tc[row, i])
            if cluster[row, i] and 1 <= cell <= N_CELL:
                number[row, i], part[row, i] = _CELL_BIN[cell], _CELL_PART[cell]
                bit = np.int64(1) << _CELL_BIN[cell]
                every[row] |= bit
                if _CELL_PART[cell] == BARREL:
                    barrel[row] |= bit


@njit()
def _short(short, inner, short_ecl, short_map, inner_map, ecl_map):  # type: ignore[no-untyped-def]
    for row in range(len(short)):
        for b in range(N_SHORT_BIN):
            bit = np.int64(1) << _SHORT_BIN[b]
            if short[row, b]:
                short_map[row] |= bit
            if inner[row, b]:
                inner_map[row] |= bit
        for side in range(N_SIDE):
            for b in range(N_PHI_BIN):
                if short_ecl[row, side * N_PHI_BIN + b]:
                    ecl_map[row, side] |= np.int64(1) << b


@njit()
def match_clusters(ecl_bin, part, number, energy, ecl_bins, least, matched, strong):  # type: ignore[no-untyped-def]
    """Mark tracks with a barrel cluster; count those whose nearest has the energy."""
    for row in range(len(ecl_bin)):
        for slot in range(N_ALL):
            if ecl_bin[row, slot] == NOT_REACHED:
                continue
            nearest, which = np.int64(ecl_bins), -1
            for i in range(N_CLUSTER):
                if part[row, i] == BARREL:
                    distance = apart(
                        np.int64(ecl_bin[row, slot]), np.int64(number[row, i]), N_PHI_BIN
                    )
                    if distance < nearest:
                        nearest, which = distance, i
            if which >= 0:
                matched[row, slot] = 1
                strong[row] += energy[row, which] >= least


@njit()
def match_sectors(klm_phi, barrel, window, matched, sectors):  # type: ignore[no-untyped-def]
    """Mark tracks with a barrel sector of the muon detector; count the sectors."""
    for row in range(len(klm_phi)):
        taken = 0
        for slot in range(N_ALL):
            if klm_phi[row, slot] == NOT_REACHED:
                continue
            nearest, which = np.int64(window), -1
            for s in range(N_BARREL_RING):
                if barrel[row, s] or barrel[row, s + N_BARREL_RING]:
                    distance = apart(np.int64(klm_phi[row, slot]), s * SECTOR_TURN, TURN)
                    if distance < nearest:
                        nearest, which = distance, s
            if which >= 0:
                matched[row, slot] = 1
                sectors[row] += not taken >> which & 1
                taken |= 1 << which


@njit()
def neutral_clusters(part, number, in_time, energy, at_ecl, least, count):  # type: ignore[no-untyped-def]
    """Count clusters of each of two energies that have no track beside them."""
    for row in range(len(part)):
        near = widened(at_ecl[row], ISOLATION)
        for i in range(N_CLUSTER):
            if part[row, i] == NO_PART or not in_time[row, i]:
                continue
            if part[row, i] != BARREL or not near >> number[row, i] & 1:
                for k in range(len(least)):
                    count[row, k] += energy[row, i] >= least[k]


@njit()
def with_track(part, number, at_ecl, short_ecl, ecl_bins, charged):  # type: ignore[no-untyped-def]
    """Mark clusters that have a track: a 2D track in the barrel, a short one in the endcaps."""
    for row in range(len(part)):
        barrel = widened(at_ecl[row], ecl_bins - 1)
        for i in range(N_CLUSTER):
            if part[row, i] == BARREL:
                charged[row, i] = barrel >> number[row, i] & 1
            elif part[row, i] != NO_PART:
                side = widened(short_ecl[row, part[row, i] - FORWARD], SHORT_REACH)
                charged[row, i] = side >> number[row, i] & 1


@njit()
def high_pairs(  # type: ignore[no-untyped-def]
    part, number, energy, charged, least, trkbha, grlgg, brlfb, brlnb, endsb, endnb
):
    """Sort back-to-back pairs of strong clusters by their tracks."""
    for row in range(len(part)):
        for i in range(1, N_CLUSTER):
            if part[row, i] == NO_PART or energy[row, i] < least:
                continue
            for j in range(i):
                if part[row, j] == NO_PART or energy[row, j] < least:
                    continue
                if not opposite(1 << np.int64(number[row, i]), 1 << np.int64(number[row, j]),
                                PAIR_WITHIN):  # fmt: skip
                    continue
                tracks = charged[row, i] + charged[row, j]
                barrel = part[row, i] == BARREL and part[row, j] == BARREL
                if tracks:
                    trkbha[row, tracks - 1] = 1
                    brlfb[row, tracks - 1] |= barrel
                if tracks < 2:
                    grlgg[row, 1 - tracks] = 1
                    brlnb[row, 1 - tracks] |= barrel
                for k in (i, j):
                    if part[row, k] != BARREL:
                        endsb[row, part[row, k] - FORWARD] |= charged[row, k]
                        endnb[row, part[row, k] - FORWARD] |= not charged[row, k]


@njit()
def endcap_matches(  # type: ignore[no-untyped-def]
    part, number, inner, endcap, charged, secl, iecl, ieklm, ecleklm
):
    """Match endcap clusters, endcap sectors, short and inner tracks."""
    for row in range(len(part)):
        near = widened(inner[row], INNER_REACH)
        for i in range(N_CLUSTER):
            if part[row, i] in (FORWARD, BACKWARD):
                secl[row] |= charged[row, i]
                iecl[row] += near >> number[row, i] & 1
                sector = (part[row, i] - FORWARD) * N_ENDCAP_RING + number[row, i] // QUADRANT
                ecleklm[row] |= endcap[row, sector]
        near = widened(inner[row], QUADRANT_OVERLAP)
        for quadrant in range(N_ENDCAP_RING):
            if near >> (QUADRANT * quadrant) & ((1 << QUADRANT) - 1):
                ieklm[row] |= endcap[row, quadrant] | endcap[row, quadrant + N_ENDCAP_RING]


@njit()
def runs(bins, count):  # type: ignore[no-untyped-def]
    """Count the runs of adjacent set bins round the circle; all set are one."""
    for row in range(len(bins)):
        for b in range(N_SHORT_BIN):
            count[row] += bins[row, b] and not bins[row, b - 1]
        if not count[row] and bins[row, 0]:
            count[row] = 1


@njit()
def pairs_apart(one, other, within, found):  # type: ignore[no-untyped-def]
    """Mark windows where bins of two maps are at least 18 − `within` apart."""
    for row in range(len(one)):
        found[row] = opposite(one[row], other[row], within)
