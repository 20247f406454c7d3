"""Stimulus for `grl_match`: clusters, sectors and other tracks placed around a few tracks.

Everything in a frame lies around one axis of azimuth, at it or opposite to it, within some spread:
so distances near the limits are frequent. Some frames are anything that the word can hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.azimuth_maps import NO_PART, cell_bins, cell_parts, short_bins
from firmware_models.grl_match import BLOCK
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import N_TRACK, N_TRACKER, TRACK_CLOCKS_PER_TURN
from firmware_models.interface.ecl import N_CELL, N_CLUSTER
from firmware_models.interface.grl import N_ALL, N_PHI_BIN, N_SHORT_BIN, N_SIDE
from firmware_models.interface.klm import N_BARREL_RING, N_ENDCAP_RING
from firmware_models.track_extrapolation import FIRST_HALF_CELL, HALF_CELL, TURN
from hdl.streams import stream

BATCH = 200
"""Frames with the same registers: small, so that many values are reached."""

BENCH = {"icarus": 40}
"""Frames of a check in slow simulators: 24 tracks side by side."""

_MOST_OMEGA = 33
_QUADRANT = TURN // N_TRACKER


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames, from empty to full, most with a few objects around one axis."""
    rng = stream(seed, "grl_match/constrained")
    words = BLOCK.input.zeros(n)
    words["clock"] = rng.integers(0, TRACK_CLOCKS_PER_TURN, n)
    axis = rng.integers(0, TURN, n)
    spread = rng.choice((70, 140, 280, TURN), n, p=(0.3, 0.3, 0.25, 0.15))
    _tracks(words, axis, spread, rng)
    _clusters(words, axis, spread, rng)
    _sectors(words, axis, spread, rng)
    _short(words, axis, spread, rng)
    _anything(words, rng)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers, most of them not far from the defaults."""
    rng = stream(seed, "grl_match/registers")
    out: Registers = {}
    for item in BLOCK.registers:
        default, top = int(item.default), (1 << item.width) - 1  # type: ignore[arg-type]
        near = int(rng.integers(default // 2, min(3 * default // 2, top) + 1))
        value = rng.choice((default, near, int(rng.integers(0, top + 1)), 0, top),
                           p=(0.3, 0.3, 0.3, 0.05, 0.05))  # fmt: skip
        out[item.name] = np.array([value], dtype=np.int64)
    return out


def _around(
    shape: tuple[int, ...],
    axis: NDArray[np.int64],
    spread: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return places in counts of azimuth: at the axis or opposite to it, within the spread."""
    wide = spread[:, None]
    off = rng.integers(-wide, wide + 1, shape) + TURN // 2 * rng.integers(0, 2, shape)
    places: NDArray[np.int64] = (axis[:, None] + off) % TURN
    return places


def _tracks(
    words: NDArray[np.void],
    axis: NDArray[np.int64],
    spread: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    n, shape = len(words), (len(words), N_ALL)
    number = rng.choice([0, 1, 2, 3, 4, 6, 24], n, p=(0.08, 0.2, 0.4, 0.14, 0.1, 0.06, 0.02))
    first = FIRST_HALF_CELL * HALF_CELL + _QUADRANT * (np.arange(N_ALL) // N_TRACK)
    cells = (_around(shape, axis, spread, rng) - first) % TURN // HALF_CELL
    # Slots whose tracker reaches the place come first; the others hold anything.
    outside = cells > BLOCK.input["phi0"].high
    order = (rng.random(shape) + outside).argsort(axis=1).argsort(axis=1)
    words["valid"] = order < number[:, None]
    words["phi0"] = cells % (BLOCK.input["phi0"].high + 1)
    omega = np.where(rng.random(shape) < 0.6, rng.integers(-8, 9, shape),
                     rng.integers(-_MOST_OMEGA, _MOST_OMEGA + 1, shape))  # fmt: skip
    words["omega"] = np.where(rng.random(shape) < 0.05, rng.integers(-64, 64, shape), omega)


def _clusters(
    words: NDArray[np.void],
    axis: NDArray[np.int64],
    spread: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    n, shape = len(words), (len(words), N_CLUSTER)
    number = rng.choice(np.arange(N_CLUSTER + 1), n, p=(0.1, 0.15, 0.3, 0.2, 0.1, 0.1, 0.05))
    there = np.arange(N_CLUSTER) < number[:, None]
    gaps = rng.random(shape) < 0.5
    words["cluster"] = np.where((rng.random(n) < 0.2)[:, None], gaps, there)
    bins = _around(shape, axis, spread, rng) * 9 // 640
    # Barrel, forward, backward; some frames have only one of them.
    part = rng.choice(3, shape, p=(0.6, 0.2, 0.2))
    part = np.where((rng.random(n) < 0.3)[:, None], part[:, :1], part)
    words["tc"] = _cell_at(bins, part, rng)
    wrong = rng.random(shape) < 0.02
    words["tc"] = np.where(wrong, rng.choice([0, N_CELL + 1, 1023], shape), words["tc"])
    edges = [int(BLOCK.register(f"{name}_energy").default)  # type: ignore[arg-type]
             for name in ("n1gev", "n2gev")]  # fmt: skip
    close = rng.choice(edges, shape) + rng.integers(-1, 2, shape)
    energy = np.where(rng.random(shape) < 0.5, rng.integers(100, 1200, shape), close)
    high = rng.random(shape) < rng.choice((0.0, 0.9), n)[:, None]
    words["energy"] = np.where(high, rng.integers(383, 1 << 14, shape), energy)
    words["event_time"] = rng.integers(0, 256, n)
    window = int(BLOCK.register("time_window").default)  # type: ignore[arg-type]
    late = rng.choice((0, window - 1, window, 200), shape, p=(0.6, 0.15, 0.15, 0.1))
    time = words["event_time"][:, None] + late * rng.choice((-1, 1), shape)
    words["time"] = np.clip(time, 0, 255)


def _cell_at(
    bins: NDArray[np.int64], part: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a trigger cell in each bin of each part, or in the next bin that has one."""
    cells: list[list[list[int]]] = [[[] for _ in range(N_PHI_BIN)] for _ in range(3)]
    for tc, (place, where) in enumerate(zip(cell_bins(), cell_parts(), strict=True)):
        if where != NO_PART:
            cells[where][place].append(tc)
    out = np.zeros(bins.shape, np.int64)
    for index in np.ndindex(bins.shape):
        ring, at = cells[part[index]], int(bins[index])
        while not ring[at]:
            at = (at + 1) % N_PHI_BIN
        out[index] = ring[at][int(rng.integers(len(ring[at])))]
    return out


def _sectors(
    words: NDArray[np.void],
    axis: NDArray[np.int64],
    spread: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    n = len(words)
    rows = np.repeat(np.arange(n), 3)
    fired = rng.random((n, 3)) < rng.choice((0.2, 0.8), n)[:, None]
    places = _around((n, 3), axis, spread, rng)
    half = TURN // (2 * N_BARREL_RING)
    sector = ((places + half) % TURN // (2 * half)).ravel()
    section = rng.integers(0, 2, 3 * n)
    words["barrel"][rows, sector + N_BARREL_RING * section] = fired.ravel()
    fired = rng.random((n, 3)) < rng.choice((0.2, 0.8), n)[:, None]
    quadrant = (_around((n, 3), axis, spread, rng) // _QUADRANT).ravel()
    section = rng.integers(0, 2, 3 * n)
    words["endcap"][rows, quadrant + N_ENDCAP_RING * section] = fired.ravel()


def _short(
    words: NDArray[np.void],
    axis: NDArray[np.int64],
    spread: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Runs of short and inner tracks; what a short track meets lies near it, or anywhere."""
    n = len(words)
    for name, share in (("short", 0.5), ("inner", 0.5)):
        for _ in range(3):
            rows = np.flatnonzero(rng.random(n) < share)
            start = _around((len(rows), 1), axis[rows], spread[rows], rng)[:, 0] // 40
            length = rng.integers(1, 5, len(rows))
            for step in range(4):
                chosen = step < length
                words[name][rows[chosen], (start[chosen] + step) % N_SHORT_BIN] = 1
            if name == "short":
                side = rng.integers(0, N_SIDE, len(rows))
                bins = short_bins()[start % N_SHORT_BIN] + rng.integers(-3, 4, len(rows))
                words["short_ecl"][rows, side * N_PHI_BIN + bins % N_PHI_BIN] = 1
                words["short_side"][rows, side] = 1
                sector = side * N_ENDCAP_RING + bins % N_PHI_BIN // 9
                words["short_klm"][rows, sector] = 1


def _anything(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Fill some frames with anything, and some fields of others with all ones."""
    rows = np.flatnonzero(rng.random(len(words)) < 0.05)
    for field in BLOCK.input.fields:
        shape = words[field.name][rows].shape
        words[field.name][rows] = rng.integers(field.low, field.high + 1, shape)
    for name in ("short", "inner", "short_ecl", "endcap", "barrel"):
        words[name][rng.random(len(words)) < 0.01] = 1
