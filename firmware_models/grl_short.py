"""Block `grl_short`: short and inner tracks from segments of superlayers 0 to 4.

Source: ecl_klm_gdl section 5 of the reference notes (basf2 TRGGRLMatch): 64 bins of azimuth, a list
of patterns, a veto near full tracks that grows with their curvature, a table of each pattern's
azimuth at endcap calorimeter and muon detector; inner tracks by windows in superlayers 1 and 2.
The patterns are our own (`firmware_models.short_patterns`). Choices: docs/reference/grl_short.md.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cdc_layers import SUPERLAYER_CELLS, layer_table
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_hough import CDC_TRACKS, N_TRACK, N_TRACKER
from firmware_models.interface.grl import (
    GRL_SEGMENTS,
    GRL_SHORT,
    N_ALL,
    N_COUNT,
    N_PHI_BIN,
    N_SHORT_BIN,
    N_SIDE,
    SHORT_SUPERLAYERS,
)
from firmware_models.interface.klm import N_ENDCAP_RING
from firmware_models.kernels import njit
from firmware_models.segment_finding import Segments
from firmware_models.short_patterns import short_patterns
from firmware_models.track_extrapolation import (
    FIRST_HALF_CELL,
    HALF_CELL,
    N_CURVATURE,
    QUADRANT_HALF_CELLS,
    TURN,
    turn_table,
)

BLOCK: Block = BLOCKS["grl_short"]

INNER_WINDOWS = ((-4, 0), (-2, 2))
"""Inner track: first and last bin of superlayers 1 and 2 beyond that of superlayer 0."""

KLM_MARGIN = 1
"""Bins on either side that a short track meets in the endcap muon detector too: its scattering in
the calorimeter, and momenta that share a pattern."""

NO_VETO = 63
"""Value of the register `veto` that leaves full tracks alone."""

SHORT_BIN = TURN // N_SHORT_BIN
"""Counts of azimuth in a bin."""

INNER_LAYER, VETO_LAYER = 3, 16
"""First-priority layers of superlayers 0 and 2."""

_CELLS = np.array(SUPERLAYER_CELLS[:SHORT_SUPERLAYERS])
_QUADRANT = N_SHORT_BIN // N_ENDCAP_RING


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


@cache
def veto_turns() -> NDArray[np.int64]:
    """Return how far a full track turns up to superlayer 2, by |ω|; counts of 1/2560 turn."""
    return turn_table(float(layer_table().radius[VETO_LAYER]))


@cache
def veto_growth() -> NDArray[np.int64]:
    """Return the bins by which the veto's window grows, by |ω|.

    A short track has its bin at superlayer 0, a full track is told at superlayer 2: the growth is
    what it turns between the two, rounded up.
    """
    growth = -(-(veto_turns() - turn_table(float(layer_table().radius[INNER_LAYER]))) // SHORT_BIN)
    growth.flags.writeable = False
    return np.asarray(growth)


def phi_bin(short_bin: ArrayLike) -> NDArray[np.int64]:
    """Return the bin of 10° that holds the middle of a bin of 5.625°."""
    number = np.asarray(short_bin, dtype=np.int64)
    result: NDArray[np.int64] = (2 * number + 1) * N_PHI_BIN // (2 * N_SHORT_BIN)
    return result


def quantize(
    segments: Segments, tracks: NDArray[np.void], clock: ArrayLike | None = None
) -> NDArray[np.void]:
    """Set the bins of the inner superlayers' segments and put all trackers' tracks side by side.

    Parameters
    ----------
    segments : Segments
        Of n windows.
    tracks : ndarray, shape (4 n,), dtype of the word `cdc_tracks`
        Tracker 0 to 3 of the first window, then of the next.
    clock : array_like of int, shape () or (n,), optional
        Data clock in the turn, 0 to 511; default: that of the tracks.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `grl_segments`
        What empty slots hold is left out.

    Raises
    ------
    InputError
        For another dtype or number of words, or a clock out of range.
    """
    n = len(segments)
    if tracks.dtype != CDC_TRACKS.dtype or tracks.shape != (N_TRACKER * n,):
        raise InputError(f"takes {N_TRACKER * n} words {CDC_TRACKS.name!r} for {n} windows, "
                         f"not shape {tracks.shape} of {tracks.dtype.names}")  # fmt: skip
    own = tracks["clock"][::N_TRACKER] if clock is None else clock
    clocks = np.broadcast_to(np.asarray(own, dtype=np.int64), (n,))
    high = GRL_SEGMENTS["clock"].high
    if n and not (clocks.min() >= 0 and clocks.max() <= high):
        raise InputError(f"must lie in 0 to {high}, not {clocks.min()} to {clocks.max()}",
                         place="clock")  # fmt: skip
    words = GRL_SEGMENTS.zeros(n)
    words["clock"] = clocks
    words["valid"] = tracks["valid"].reshape(n, N_ALL)
    there = words["valid"] == 1
    for name in ("phi0", "omega"):
        words[name] = np.where(there, tracks[name].reshape(n, N_ALL), 0)
    inner = segments.superlayer < SHORT_SUPERLAYERS
    superlayer = segments.superlayer[inner].astype(np.int64)
    number = segments.local[inner].astype(np.int64)
    bins = N_SHORT_BIN * number // _CELLS[superlayer]
    words["segment"][segments.window_of[inner], N_SHORT_BIN * superlayer + bins] = 1
    return words


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Find short and inner tracks.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `grl_segments`
    registers : dict of ndarray, optional
        Default: the values after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `grl_short`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    veto = BLOCK.scalars(registers or {})["veto"]
    patterns = short_patterns()
    out = GRL_SHORT.zeros(len(words))
    out["clock"] = words["clock"]
    _evaluate(
        words["segment"], words["valid"], words["phi0"], words["omega"], veto, veto_turns(),
        veto_growth(), patterns.offset % N_SHORT_BIN, patterns.side,
        patterns.ecl % N_SHORT_BIN, patterns.klm % N_SHORT_BIN, phi_bin(np.arange(N_SHORT_BIN)),
        out["short"], out["inner"], out["short_side"], out["short_ecl"], out["short_klm"],
        out["ts"], out["ti"],
    )  # fmt: skip
    return out


@njit()
def _beyond(mask, bins):  # type: ignore[no-untyped-def]
    """Return a mask whose bit i is bit i + bins, round the circle; bins 0 to 63."""
    back = (N_SHORT_BIN - bins) % N_SHORT_BIN
    return (mask >> np.uint64(bins)) | (mask << np.uint64(back))


@njit()
def _window(centre, reach):  # type: ignore[no-untyped-def]
    """Return the bins at most `reach` from a bin."""
    if 2 * reach + 1 >= N_SHORT_BIN:
        return ~np.uint64(0)
    ones = (np.uint64(1) << np.uint64(2 * reach + 1)) - np.uint64(1)
    return _beyond(ones, (reach - centre) % N_SHORT_BIN)


@njit()
def _vetoed(valid, phi0, omega, veto, turns, growth):  # type: ignore[no-untyped-def]
    """Return the bins near full tracks."""
    bins = np.uint64(0)
    if veto == NO_VETO:
        return bins
    for slot in range(N_ALL):
        curvature = abs(np.int64(omega[slot]))
        if valid[slot] and curvature < N_CURVATURE:
            cells = np.int64(phi0[slot]) + QUADRANT_HALF_CELLS * (slot // N_TRACK)
            turn = turns[curvature] if omega[slot] > 0 else -turns[curvature]
            phi = ((cells + FIRST_HALF_CELL) * HALF_CELL - turn) % TURN
            bins |= _window(phi // SHORT_BIN, veto + growth[curvature])
    return bins


@njit()
def _inner(masks):  # type: ignore[no-untyped-def]
    found = masks[0]
    for superlayer in range(1, len(INNER_WINDOWS) + 1):
        near = np.uint64(0)
        first, last = INNER_WINDOWS[superlayer - 1]
        for step in range(first, last + 1):
            near |= _beyond(masks[superlayer], step % N_SHORT_BIN)
        found &= near
    return found


@njit()
def _runs(mask):  # type: ignore[no-untyped-def]
    """Return the number of runs of adjacent bins round the circle."""
    starts = mask & ~_beyond(mask, N_SHORT_BIN - 1)
    if starts == np.uint64(0):
        return 1 if mask else 0
    count = 0
    while starts:
        starts &= starts - np.uint64(1)
        count += 1
    return count


@njit()
def _unpack(mask, bits):  # type: ignore[no-untyped-def]
    for i in range(N_SHORT_BIN):
        bits[i] = (mask >> np.uint64(i)) & np.uint64(1)


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    segment, valid, phi0, omega, veto, turns, growth, offset, side, ecl, klm, phi_bins,
    short, inner, short_side, short_ecl, short_klm, ts, ti,
):  # fmt: skip
    one, none = np.uint64(1), np.uint64(0)
    masks = np.zeros(SHORT_SUPERLAYERS, dtype=np.uint64)
    at_ecl = np.zeros(N_SIDE, dtype=np.uint64)
    at_klm = np.zeros(N_SIDE, dtype=np.uint64)
    for row in range(len(segment)):
        for superlayer in range(SHORT_SUPERLAYERS):
            mask = none
            for i in range(N_SHORT_BIN):
                if segment[row, N_SHORT_BIN * superlayer + i]:
                    mask |= one << np.uint64(i)
            masks[superlayer] = mask
        found = _inner(masks)
        if found:
            ti[row] = 1
            _unpack(found, inner[row])
        allowed = masks[0] & ~_vetoed(valid[row], phi0[row], omega[row], veto, turns, growth)
        at_ecl[:] = none
        at_klm[:] = none
        tracks = none
        for p in range(len(offset)):
            hit = allowed
            for k in range(SHORT_SUPERLAYERS - 1):
                hit &= _beyond(masks[k + 1], offset[p, k])
            if hit:
                tracks |= hit
                short_side[row, side[p]] = 1
                at_ecl[side[p]] |= _beyond(hit, (N_SHORT_BIN - ecl[p]) % N_SHORT_BIN)
                at_klm[side[p]] |= _beyond(hit, (N_SHORT_BIN - klm[p]) % N_SHORT_BIN)
        if not tracks:
            continue
        _unpack(tracks, short[row])
        ts[row, min(_runs(tracks), N_COUNT) - 1] = 1
        for s in range(N_SIDE):
            for i in range(N_SHORT_BIN):
                if (at_ecl[s] >> np.uint64(i)) & one:
                    short_ecl[row, N_PHI_BIN * s + phi_bins[i]] = 1
                if (at_klm[s] >> np.uint64(i)) & one:
                    for step in range(-KLM_MARGIN, KLM_MARGIN + 1):
                        quadrant = (i + step) % N_SHORT_BIN // _QUADRANT
                        short_klm[row, N_ENDCAP_RING * s + quadrant] = 1
