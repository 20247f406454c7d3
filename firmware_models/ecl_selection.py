"""Block `ecl_selection`: Bhabha, τ-pair, total-energy and low-multiplicity selections.

Source of the rules: ecl_klm_gdl sections 2 and 3 of the reference notes (basf2 TrgEclMaster,
TrgEclBhabha, TrgEclTiming; ETM_Parameters.dat). Every threshold is a register
(`firmware_models.interface.ecl_registers`). Conventions of our own:
docs/reference/ecl_selection.md.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cm_table import cm_table
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN, TIME_LSB_NS
from firmware_models.interface.ecl import (
    ECL_CLUSTERS,
    ECL_TRIGGER,
    ENERGY_LSB_MEV,
    N_CELL,
    N_CLUSTER,
)
from firmware_models.interface.ecl_registers import BHABHA_2D, bhabha_rings
from firmware_models.kernels import njit
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL, cell_map

BLOCK: Block = BLOCKS["ecl_selection"]

_TYPES = len(BHABHA_2D)
_NAMES = [register.name for register in BLOCK.registers if register.count == 1]
_Settings = namedtuple("_Settings", _NAMES)  # type: ignore[misc]
E_TOT_MAX = ECL_TRIGGER["e_tot"].high


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    tc: ArrayLike,
    energy_gev: ArrayLike,
    time_ns: ArrayLike,
    ring_energy_gev: ArrayLike,
    *,
    icn: ArrayLike = 0,
    max_tc: ArrayLike = 0,
    max_energy_gev: ArrayLike = 0.0,
    max_time_ns: ArrayLike = 0.0,
    frame: ArrayLike = 0,
    overflow: ArrayLike = 0,
) -> NDArray[np.void]:
    """Turn clusters in physical units into words, to study the selections without the cells.

    Parameters
    ----------
    tc : array_like of int, shape (n, 6)
        Cell of each cluster; 0 for no cluster.
    energy_gev, time_ns : array_like, shape (n, 6)
        Energy [GeV] and time from the start of the window [ns] of each cluster.
    ring_energy_gev : array_like, shape (n, 17)
        Sum of each θ-ring [GeV], θ-ID 1 first.
    icn, max_tc, max_energy_gev, max_time_ns, frame, overflow : array_like, shape () or (n,)
        Isolated-cluster number, cell of highest energy with its energy [GeV] and time [ns], data
        clock in the turn, overflow flag.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `ecl_clusters`
        Energies rounded half up, times rounded down, all saturated; clusters moved together from 0.

    Raises
    ------
    InputError
        For a wrong shape, a value that is not finite, or a cell or frame that does not exist.
    """
    cells = np.asarray(tc, dtype=np.int64)
    if cells.ndim != 2 or cells.shape[1] != N_CLUSTER:
        raise InputError(f"tc must have the shape (n, {N_CLUSTER}), not {cells.shape}")
    if cells.size and (cells.min() < 0 or cells.max() > N_CELL):
        raise InputError(f"a cell must lie in 0 to {N_CELL}")
    n = len(cells)
    order = np.argsort(cells == 0, axis=1, kind="stable")
    cells = np.take_along_axis(cells, order, axis=1)
    energy = np.take_along_axis(_physical("energy", energy_gev, cells.shape), order, axis=1)
    time = np.take_along_axis(_physical("time", time_ns, cells.shape), order, axis=1)
    clocks = np.broadcast_to(np.asarray(frame, dtype=np.int64), (n,))
    if n and (clocks.min() < 0 or clocks.max() >= DATA_CLOCKS_PER_TURN):
        raise InputError(f"frame must lie in 0 to {DATA_CLOCKS_PER_TURN - 1}")
    words = ECL_CLUSTERS.zeros(n)
    words["valid"] = cells > 0
    words["tc"] = cells
    words["energy"] = np.where(cells > 0, _counts(energy, "energy"), 0)
    words["time"] = np.where(cells > 0, _ticks(time), 0)
    words["n_tc"] = cells > 0
    words["ring_energy"] = _counts(
        _physical("ring energy", ring_energy_gev, words["ring_energy"].shape), "ring_energy"
    )
    words["max_energy"] = _counts(_physical("energy", max_energy_gev, (n,)), "max_energy")
    words["max_time"] = _ticks(_physical("time", max_time_ns, (n,)))
    words["icn"], words["max_tc"] = icn, max_tc
    words["frame"], words["overflow"] = clocks, overflow
    return words


def _physical(what: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), shape):
        raise InputError(f"{what} must have the shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{what} must be finite")
    return np.broadcast_to(array, shape)


def _counts(gev: NDArray[np.float64], field: str) -> NDArray[np.int64]:
    high = ECL_CLUSTERS[field].high
    counts: NDArray[np.int64] = np.floor(
        np.clip(gev * (1e3 / ENERGY_LSB_MEV), 0, high) + 0.5
    ).astype(np.int64)
    return counts


def _ticks(time_ns: NDArray[np.float64]) -> NDArray[np.int64]:
    ticks: NDArray[np.int64] = np.floor(np.clip(time_ns / TIME_LSB_NS, 0, 255)).astype(np.int64)
    return ticks


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Apply all selections.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `ecl_clusters`
    registers : dict of name to int64 array, optional
        Thresholds; those that are absent keep their defaults.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `ecl_trigger`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    settings, forward, backward = _settings(registers or {})
    out = ECL_TRIGGER.zeros(len(words))
    theta_id, theta, phi, scale = _tables()
    front, back = (np.array(masks, dtype=np.int64) for masks in bhabha_rings())
    fired = words["max_tc"].astype(np.int64)
    _evaluate_times(words, out, fired, settings)
    _evaluate(
        words["valid"], words["tc"], words["energy"], words["time"], words["icn"],
        words["ring_energy"], fired, words["max_time"],
        settings, forward, backward, front, back, theta_id, theta, phi, scale,
        out["physics"], out["bhabha"], out["bhabha_type"], out["e_tot"],
        out["elow"], out["ehigh"], out["elum"], out["burst"],
        out["bhabha_3d"], out["bhabha_intrack"], out["bhabha_selection"], out["bhabha_theta"],
        out["mumu"], out["taub2b"], out["taub2b2"], out["taub2b3"],
        out["hie"], out["hie4"], out["lml"], out["lml12"], out["lml13"], out["clst"],
    )  # fmt: skip
    out["icn"], out["overflow"] = words["icn"], words["overflow"]
    return out


def _evaluate_times(
    words: NDArray[np.void], out: NDArray[np.void], max_tc: NDArray[np.int64], settings: Any
) -> None:
    """Fill hit, time, revolution clock, timing source and quality."""
    hit = max_tc > 0
    time = words["max_time"].astype(np.int64)
    clock = words["frame"].astype(np.int64) + (time >> 7)
    clock -= np.where(clock >= DATA_CLOCKS_PER_TURN, DATA_CLOCKS_PER_TURN, 0)
    energy = words["max_energy"].astype(np.int64)
    out["hit"] = hit
    out["time"] = time & 127
    out["rev_clock"] = clock
    out["clock"] = clock & 15
    region = np.where(max_tc < FIRST_BARREL, 1, np.where(max_tc < FIRST_BACKWARD, 2, 4))
    out["timing_source"] = np.where(hit, region, 0)
    quality = 1 + (energy > settings.timing_fine) + (energy > settings.timing_superfine)
    out["timing_quality"] = np.where(hit, quality, 0)


@cache
def _tables() -> tuple[NDArray[np.int64], ...]:
    """Return θ-ID and the CM table over all 1024 values of a TC field; zeros beyond the cells."""
    out = np.zeros((4, 1024), dtype=np.int64)
    table = cm_table()
    for row, values in enumerate((cell_map().theta_id, table.theta, table.phi, table.scale)):
        out[row, : N_CELL + 1] = values
    return out[0], out[1], out[2], out[3]


def _settings(registers: Registers) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    """Return all registers as a named tuple, and the 2D Bhabha thresholds as arrays."""
    values = BLOCK.defaults()
    for name, value in registers.items():
        if name not in values:
            raise unknown_name("register", name, values, place=BLOCK.name)
        register = BLOCK.register(name)
        given = np.atleast_1d(np.asarray(value, dtype=np.int64))
        top = (1 << register.width) - 1
        if given.shape != (register.count,) or given.min() < 0 or given.max() > top:
            raise InputError(f"register {name!r} takes {register.count} of 0 to {top}, "
                             f"not {given.tolist()}", place=BLOCK.name)  # fmt: skip
        values[name] = given
    scalars = {name: int(values[name][0]) for name in _NAMES}
    return _Settings(**scalars), values["bhabha_forward"], values["bhabha_backward"]


@njit()
def _in(rings_mask, theta_id):  # type: ignore[no-untyped-def]
    """Tell whether a θ-ID (0: none) lies in a ring mask."""
    return ((rings_mask << 1) >> theta_id) & 1 == 1


@njit()
def _above(energy, scale, threshold):  # type: ignore[no-untyped-def]
    """Tell whether a laboratory energy exceeds a CM threshold: 10 E > T e."""
    return 10 * energy > threshold * scale


@njit()
def _count(n, energy, scale, ring, threshold, rings_mask):  # type: ignore[no-untyped-def]
    """Count clusters in some rings above a CM threshold."""
    count = 0
    for i in range(n):
        if _in(rings_mask, ring[i]) and _above(energy[i], scale[i], threshold):
            count += 1
    return count


@njit()
def _count_lab(n, energy, threshold):  # type: ignore[no-untyped-def]
    count = 0
    for i in range(n):
        if energy[i] > threshold:
            count += 1
    return count


@njit()
def _bhabha_2d(sums, forward, backward, forward_rings, backward_rings):  # type: ignore[no-untyped-def]
    """Return the 14 types as bits."""
    types = 0
    for kind in range(_TYPES):
        front, back = 0, 0
        for r in range(sums.size):
            if (forward_rings[kind] >> r) & 1:
                front += sums[r]
            if (backward_rings[kind] >> r) & 1:
                back += sums[r]
        if front >= forward[kind] and back >= backward[kind]:
            types |= 1 << kind
    return types


@njit()
def _pair_bits(ei, ej, si, sj, ri, rj, dphi, dtheta, s):  # type: ignore[no-untyped-def]
    """Return the pair conditions as bits: veto, in-track, selection, mumu, taub2b, taub2b2,
    taub2b3, hie Δφ, hie Σθ, lml8, lml9, lml10."""
    bits = 0
    if s.veto_phi_low < dphi < s.veto_phi_high and s.veto_theta_low < dtheta < s.veto_theta_high:
        both = _above(ei, si, s.veto_both) and _above(ej, sj, s.veto_both)
        if both and (_above(ei, si, s.veto_one) or _above(ej, sj, s.veto_one)):
            bits |= 1
            if _in(s.veto_intrack, ri) or _in(s.veto_intrack, rj):
                bits |= 2
    if (
        s.selection_phi_low < dphi < s.selection_phi_high
        and s.selection_theta_low < dtheta < s.selection_theta_high
    ):
        both = _above(ei, si, s.selection_both) and _above(ej, sj, s.selection_both)
        if both and (_above(ei, si, s.selection_one) or _above(ej, sj, s.selection_one)):
            bits |= 4
    if (
        s.mumu_phi_low < dphi < s.mumu_phi_high
        and s.mumu_theta_low < dtheta < s.mumu_theta_high
        and 10 * ei < s.mumu_both * si
        and 10 * ej < s.mumu_both * sj
    ):
        bits |= 8
    if (
        s.taub2b_phi_low < dphi < s.taub2b_phi_high
        and s.taub2b_theta_low < dtheta < s.taub2b_theta_high
        and (ei < s.taub2b_one or ej < s.taub2b_one)
    ):
        bits |= 16
    if (
        s.taub2b2_phi_low < dphi < s.taub2b2_phi_high
        and s.taub2b2_theta_low < dtheta < s.taub2b2_theta_high
        and ei > s.taub2b2_both
        and ej > s.taub2b2_both
    ):
        bits |= 32
    if (
        s.taub2b3_phi_low < dphi < s.taub2b3_phi_high
        and s.taub2b3_theta_low < dtheta < s.taub2b3_theta_high
        and _in(s.taub2b3_rings, ri)
        and _in(s.taub2b3_rings, rj)
        and (ei > s.taub2b3_one or ej > s.taub2b3_one)
    ):
        bits |= 64
    if s.hie_phi_low < dphi < s.hie_phi_high:
        bits |= 128
    if s.hie_theta_low < dtheta < s.hie_theta_high:
        bits |= 256
    if s.lml8_phi < dphi < 360 - s.lml8_phi and ei > s.lml8_energy and ej > s.lml8_energy:
        bits |= 512
    mixed = (ei < s.lml9_low and ej > s.lml9_high) or (ej < s.lml9_low and ei > s.lml9_high)
    if s.lml9_phi < dphi < 360 - s.lml9_phi and mixed:
        bits |= 1024
    if s.lml10_phi < dphi < 360 - s.lml10_phi and s.lml10_theta_low < dtheta < s.lml10_theta_high:
        bits |= 2048
    return bits


@njit()
def _hie_rejections(n, energy, ring, pair, s):  # type: ignore[no-untyped-def]
    """Return the additional Bhabha rejections as bits: hie1 to hie4."""
    if n == 1 and _in(s.hie_forward, ring[0]):
        return 15
    if n != 2:
        return 0
    phi, theta = pair & 128 != 0, pair & 256 != 0
    bits = 0
    if phi and theta:
        bits |= 1
    if phi or theta:
        bits |= 2
    lower = 0 if energy[0] < energy[1] else 1
    if _in(s.hie_endcap, ring[lower]):
        bits |= 4
        if energy[0] > s.hie4_both and energy[1] > s.hie4_both:
            bits |= 8
    return bits


@njit()
def _low_multiplicity(n, energy, scale, ring, pair, veto, hit, s):  # type: ignore[no-untyped-def]
    """Return lml0 to lml13 as bits."""
    quiet = True
    for i in range(n):
        quiet &= not _above(energy[i], scale[i], s.lml_veto)
    hard = _count(n, energy, scale, ring, s.lml2_energy, s.lml2_rings) > 0
    edge = _count(n, energy, scale, ring, s.lml4_energy, s.lml4_rings) > 0
    bits = 0
    if (
        n >= s.lml0_clusters
        and _count_lab(n, energy, s.lml0_energy) >= s.lml0_energetic
        and not veto
    ):
        bits |= 1 << 0
    if _count(n, energy, scale, ring, s.lml1_energy, s.lml1_rings) > 0:
        bits |= 1 << 1
    if hard:
        bits |= 1 << 3 if veto else 1 << 2
    if edge:
        bits |= 1 << 5 if veto else 1 << 4
    if (
        _count(n, energy, scale, ring, s.lml6_energy, s.lml6_rings) == 1
        and _count_lab(n, energy, s.lml6_other) == 1
    ):
        bits |= 1 << 6
    if (
        _count(n, energy, scale, ring, s.lml7_energy, s.lml7_rings) == 1
        and _count_lab(n, energy, s.lml7_other) == 1
    ):
        bits |= 1 << 7
    if quiet:
        # pair bits 9 to 11 are lml8 to lml10; a window without a fired cell has no lml11
        bits |= ((pair >> 9) & 7) << 8
        if hit:
            bits |= 1 << 11
    inside, energetic = 0, 0
    for i in range(n):
        if _in(s.lml12_rings, ring[i]):
            inside += 1
            if energy[i] > s.lml12_energy:
                energetic += 1
    if inside >= s.lml12_clusters and energetic >= s.lml12_energetic and not veto:
        bits |= 1 << 12
    if (
        _count(n, energy, scale, ring, s.lml13_energy, s.lml13_rings) == 1
        and _count_lab(n, energy, s.lml13_other) == 1
    ):
        bits |= 1 << 13
    return bits


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    valid, tc, energies, times, icn, ring_energy, max_tc, max_time,
    s, forward, backward, forward_rings, backward_rings,
    theta_id, theta_cm, phi_cm, scale_cm,
    physics, bhabha, bhabha_type, e_tot, elow, ehigh, elum, burst,
    bhabha_3d, bhabha_intrack, bhabha_selection, bhabha_theta,
    mumu, taub2b, taub2b2, taub2b3, hie, hie4, lml, lml12, lml13, clst,
):  # fmt: skip
    """Fill the output fields word by word."""
    energy = np.zeros(N_CLUSTER, dtype=np.int64)
    theta, phi = np.zeros(N_CLUSTER, dtype=np.int64), np.zeros(N_CLUSTER, dtype=np.int64)
    scale, ring = np.zeros(N_CLUSTER, dtype=np.int64), np.zeros(N_CLUSTER, dtype=np.int64)
    sums = np.zeros(ring_energy.shape[1], dtype=np.int64)
    for k in range(len(tc)):
        n, near = 0, 0
        for i in range(N_CLUSTER):
            if valid[k, i]:
                cell = np.int64(tc[k, i])
                energy[n] = energies[k, i]
                theta[n], phi[n], scale[n] = theta_cm[cell], phi_cm[cell], scale_cm[cell]
                ring[n] = theta_id[cell]
                if abs(np.int64(times[k, i]) - np.int64(max_time[k])) < s.cluster_window:
                    near += 1
                n += 1
        clst[k] = near
        total = 0
        for r in range(sums.size):
            sums[r] = ring_energy[k, r]
            total += sums[r]
        phys = total - sums[0] - sums[15] - sums[16]
        types = _bhabha_2d(sums, forward, backward, forward_rings, backward_rings)
        number = np.int64(icn[k])
        is_bhabha = types != 0 and number < s.bhabha_icn
        bhabha[k], bhabha_type[k] = is_bhabha, types
        e_tot[k] = min(phys, E_TOT_MAX)
        elow[k], ehigh[k], elum[k] = phys > s.elow, phys > s.ehigh, phys > s.elum
        burst[k] = total > s.burst
        physics[k] = (phys > s.physics_energy or number > s.physics_icn) and not is_bhabha

        pair, smallest = 0, 17
        for i in range(n):
            for j in range(i + 1, n):
                bits = _pair_bits(
                    energy[i], energy[j], scale[i], scale[j], ring[i], ring[j],
                    abs(phi[i] - phi[j]), theta[i] + theta[j], s,
                )  # fmt: skip
                pair |= bits
                if bits & 4:
                    smallest = min(smallest, ring[i], ring[j])
        veto = pair & 1 != 0
        bhabha_3d[k], bhabha_intrack[k] = veto, pair & 2 != 0
        bhabha_selection[k], mumu[k] = pair & 4 != 0, pair & 8 != 0
        bhabha_theta[k] = max(min(smallest, 4), 1) - 1 if pair & 4 else 0
        taub2b[k] = pair & 16 != 0 and total < s.taub2b_total
        endcap, soft, hard = 0, False, False
        for i in range(n):
            if _in(s.taub2b2_endcap, ring[i]) and energy[i] > s.taub2b2_hard:
                endcap += 1
            soft |= energy[i] <= s.taub2b3_low
            hard |= energy[i] > s.taub2b3_high
        taub2b2[k] = pair & 32 != 0 and total < s.taub2b2_total and endcap < s.taub2b2_hard_max
        taub2b3[k] = pair & 64 != 0 and total < s.taub2b3_total and not soft and not hard

        if phys > s.ehigh:
            rejected = _hie_rejections(n, energy, ring, pair, s)
            for i in range(3):
                hie[k, i] = (rejected >> i) & 1 == 0
            hie4[k] = rejected & 8 == 0
        bits = _low_multiplicity(n, energy, scale, ring, pair, veto, max_tc[k] > 0, s)
        for i in range(12):
            lml[k, i] = (bits >> i) & 1
        lml12[k], lml13[k] = (bits >> 12) & 1, (bits >> 13) & 1
