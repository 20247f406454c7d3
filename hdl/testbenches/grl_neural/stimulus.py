"""Stimulus for `grl_neural`: tracks at the edges of every window, events of 0 to 20 tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.cell_positions import ring_cot, ring_z
from firmware_models.cot_table import COT_FRACTION, COT_SHIFT, COT_WIDTH, cot_table
from firmware_models.grl_neural import BLOCK, SECTION_BOUNDARY, SECTOR_STEP
from firmware_models.interface import Registers
from firmware_models.interface.ecl import N_CELL, N_CLUSTER
from firmware_models.interface.grl import GRL_NEURAL_TRACK
from firmware_models.interface.klm import N_BARREL, N_BARREL_RING
from firmware_models.interface.neuro import ONE, THETA_LSB_DEG
from firmware_models.track_extrapolation import (
    ECL_RADIUS_CM,
    FIRST_HALF_CELL,
    HALF_CELL,
    KLM_RADIUS_CM,
    N_CURVATURE,
    QUADRANT_HALF_CELLS,
    TURN,
    arc_table,
    turn_table,
)
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL, RING_PHI_COUNT, cell_map
from hdl.streams import stream

BATCH = 2000
"""Frames with the same registers: small, so that many windows are reached."""

RUN = 25
"""Frames of a run of tracks with clusters."""

_DEFAULT = {name: int(value[0]) for name, value in BLOCK.defaults().items()}
_HALF_CELLS = TURN // HALF_CELL
_HEMISPHERE_DEG = 80.0
_COTS = (-0.8, 0.6)

Numbers = NDArray[np.int64]


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: most tracks at an edge to a cluster or a sector, the others anywhere."""
    rng = stream(seed, "grl_neural/constrained")
    words = BLOCK.input.zeros(n)
    words["valid"] = rng.random(n) < 0.95
    words["neural"] = rng.random(n) < 0.92
    words["near"] = rng.random(n) < rng.choice((0.15, 0.6, 0.9), n)
    words["single"] = rng.random(n) < 0.4
    # Long events and short ones.
    words["last"] = rng.random(n) < rng.choice((0.05, 0.3, 0.6, 1.0), n, p=(0.3, 0.3, 0.2, 0.2))
    words["theta"] = _theta(rng, n)
    omega = rng.integers(-N_CURVATURE, N_CURVATURE + 1, n)
    omega = np.where(rng.random(n) < 0.5, rng.integers(-8, 9, n), omega)
    field = GRL_NEURAL_TRACK["omega"]
    words["omega"] = np.where(
        rng.random(n) < 0.05, rng.integers(field.low, field.high + 1, n), omega
    )
    _azimuth(words, rng)
    _clusters(words, rng)
    _place(words, rng)
    busy = rng.choice((0.03, 0.1, 0.4, 1.0), n, p=(0.4, 0.35, 0.2, 0.05))
    words["barrel"] = rng.random((n, N_BARREL)) < busy[:, None]
    _match(words, rng)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers: near their usual values, anywhere, or at their ends."""
    rng = stream(seed, "grl_neural/registers")
    out: Registers = {}
    for register in BLOCK.registers:
        top = (1 << register.width) - 1
        near = min(max(_DEFAULT[register.name] + int(rng.integers(-20, 21)), 0), top)
        values = (near, int(rng.integers(0, top + 1)), 0, top)
        value = rng.choice(values, p=(0.5, 0.35, 0.05, 0.1))
        out[register.name] = np.array([value], dtype=np.int64)
    return out


def _theta(rng: np.random.Generator, n: int) -> Numbers:
    """Draw θ: in the chamber; such that cot θ − cot θ of a ring is at an edge; at the ends."""
    field = GRL_NEURAL_TRACK["theta"]
    inside = rng.integers(-ONE, ONE + 1, n)
    cot = rng.choice(ring_cot()[1:], n) / (1 << COT_FRACTION) + rng.choice(_COTS, n)
    edge = np.degrees(np.arctan2(1.0, cot)) - 90.0
    close = np.rint(edge / THETA_LSB_DEG).astype(np.int64) + rng.integers(-3, 4, n)
    ends = rng.choice((-ONE, ONE, field.low, field.high, -1, 0, 1), n)
    drawn = np.choose(rng.choice(3, n, p=(0.5, 0.4, 0.1)), (inside, close, ends))
    result: Numbers = np.clip(drawn, field.low, field.high)
    return result


def _azimuth(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Set φ0: anywhere, or so that the track passes the coil at the edge of a sector's window."""
    n = len(words)
    words["phi0"] = rng.integers(0, GRL_NEURAL_TRACK["phi0"].high + 1, n)
    words["quadrant"] = rng.integers(0, 4, n)
    middle = SECTOR_STEP * rng.integers(0, N_BARREL_RING, n)
    edge = middle + rng.choice((-1, 1), n) * _DEFAULT["klm_window"]
    origin = edge + _turn(words, KLM_RADIUS_CM) + rng.integers(-HALF_CELL, HALF_CELL + 1, n)
    cells = (np.rint(origin / HALF_CELL).astype(np.int64) - FIRST_HALF_CELL) % _HALF_CELLS
    at_edge = rng.random(n) < 0.3
    for name, values in (("quadrant", cells // QUADRANT_HALF_CELLS),
                         ("phi0", cells % QUADRANT_HALF_CELLS)):  # fmt: skip
        words[name] = np.where(at_edge, values, words[name])


def _clusters(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Set clusters: beside the track at the calorimeter, 80° from its φ0, anywhere, no cells."""
    shape = (len(words), N_CLUSTER)
    there = _origin(words) - _turn(words, ECL_RADIUS_CM)
    aside = _origin(words) + rng.choice((-1, 1), len(words)) * _HEMISPHERE_DEG / 360.0 * TURN
    ring = rng.integers(1, len(RING_PHI_COUNT) + 1, shape)
    count = np.array((1, *RING_PHI_COUNT))[ring]
    cells = []
    for azimuth in (there, aside):
        number = np.floor(azimuth[:, None] * count / TURN).astype(np.int64)
        cells.append(cell_map().id_of[ring, (number + rng.integers(-1, 2, shape)) % count + 1])
    anywhere = rng.integers(1, N_CELL + 1, shape)
    ends = rng.choice((0, 1, 80, 81, 512, 513, N_CELL, N_CELL + 1, 1023), shape)
    kind = rng.choice(4, shape, p=(0.4, 0.3, 0.25, 0.05))
    words["tc"] = np.choose(kind, (*cells, anywhere, ends))
    some = rng.choice((0.1, 0.3, 0.7, 1.0), len(words), p=(0.3, 0.4, 0.2, 0.1))
    words["cluster"] = rng.random(shape) < some[:, None]


def _place(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Set z: at the edge to one of the clusters or to a section's boundary, or anywhere."""
    n, field = len(words), GRL_NEURAL_TRACK["z"]
    tc = words["tc"][np.arange(n), rng.integers(0, N_CLUSTER, n)].astype(np.int64)
    ring = cell_map().theta_id[np.where(tc <= N_CELL, tc, 0)]
    side, step = rng.choice((-1, 1), n), rng.integers(-1, 2, n)
    to_cell = ring_z()[ring] + side * _DEFAULT["ecl_z"] - _way(words, ECL_RADIUS_CM)
    to_section = SECTION_BOUNDARY + side * _DEFAULT["klm_margin"] - _way(words, KLM_RADIUS_CM)
    anywhere = rng.integers(field.low, field.high + 1, n)
    kind = rng.choice(4, n, p=(0.4, 0.3, 0.25, 0.05))
    ends = rng.choice((field.low, field.high, 0), n)
    edges = np.choose(kind, (to_cell + step, to_section + step, anywhere // 8, ends))
    outside = (edges < field.low) | (edges > field.high)
    words["z"] = np.where(outside, anywhere, edges)


def _match(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Make some runs of tracks that all have a cluster: counts at their end."""
    n = len(words)
    chosen = np.repeat(rng.random(-(-n // RUN)) < 0.2, RUN)[:n]
    words["near"] = np.where(chosen, rng.random(n) < 0.9, words["near"])
    words["last"] = np.where(chosen, rng.random(n) < 0.15, words["last"])
    words["omega"] = np.where(chosen, rng.integers(-8, 9, n), words["omega"])
    words["theta"] = np.where(chosen, rng.integers(-ONE // 2, ONE // 2, n), words["theta"])
    ring = cell_map().theta_id[rng.integers(FIRST_BARREL, FIRST_BACKWARD, n)]
    field = GRL_NEURAL_TRACK["z"]
    z = np.clip(ring_z()[ring] - _way(words, ECL_RADIUS_CM), field.low, field.high)
    words["z"] = np.where(chosen, z, words["z"])
    count = np.array((1, *RING_PHI_COUNT))[ring]
    there = _origin(words) - _turn(words, ECL_RADIUS_CM)
    tc = cell_map().id_of[ring, there * count // TURN % count + 1]
    words["tc"][:, 0] = np.where(chosen, tc, words["tc"][:, 0])
    words["cluster"][:, 0] |= chosen


def _origin(words: NDArray[np.void]) -> Numbers:
    half_cells = words["phi0"].astype(np.int64) + QUADRANT_HALF_CELLS * words["quadrant"]
    result: Numbers = (half_cells + FIRST_HALF_CELL) * HALF_CELL
    return result


def _turn(words: NDArray[np.void], radius_cm: float) -> Numbers:
    omega = words["omega"].astype(np.int64)
    table = turn_table(radius_cm)
    result: Numbers = np.sign(omega) * table[np.minimum(np.abs(omega), N_CURVATURE - 1)]
    return result


def _way(words: NDArray[np.void], radius_cm: float) -> Numbers:
    theta = words["theta"].astype(np.int64)
    cot = cot_table()[np.minimum(np.abs(theta) >> COT_SHIFT, (1 << COT_WIDTH) - 1)]
    omega = np.minimum(np.abs(words["omega"].astype(np.int64)), N_CURVATURE - 1)
    way = (arc_table(radius_cm)[omega] * cot + (1 << (COT_FRACTION - 1))) >> COT_FRACTION
    result: Numbers = np.where(theta > 0, -way, way)
    return result
