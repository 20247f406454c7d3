"""Stimulus for `ecl_cluster`: single cells, showers at seams, ties, noise, saturation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.cell_neighbours import neighbours
from firmware_models.ecl_cluster import BLOCK
from firmware_models.interface import Registers
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN
from firmware_models.interface.ecl import N_CELL
from firmware_models.trigger_cells import cell_map
from hdl.streams import stream

_MAX = BLOCK.input["energy"].high


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: from empty and single cells to full, with showers and with plain noise."""
    rng = stream(seed, "ecl_cluster/constrained")
    words = BLOCK.input.zeros(n)
    energy = np.zeros((n, N_CELL + 1), dtype=np.int64)
    showers = rng.choice(9, size=n, p=(0.08, 0.2, 0.2, 0.15, 0.1, 0.1, 0.07, 0.05, 0.05))
    for number in range(8):
        rows = np.nonzero(showers > number)[0]
        _add_shower(energy, rows, rng)
    density = rng.choice(
        (0.0, 0.005, 0.03, 0.15, 0.5, 1.0), size=n, p=(0.5, 0.2, 0.15, 0.1, 0.03, 0.02)
    )
    noise = (rng.random((n, N_CELL)) < density[:, None]) * _noise(n, rng)
    energy[:, 1:] = np.maximum(energy[:, 1:], noise)
    energy[rng.random(n) < 0.003, 1:] = _MAX
    words["energy"] = np.minimum(energy[:, 1:], _MAX)
    flat = rng.random(n) < 0.1
    words["time"] = np.where(
        flat[:, None], rng.choice((0, 127, 128, 255), (n, 1)), rng.integers(0, 256, (n, N_CELL))
    )
    words["frame"] = rng.integers(0, DATA_CLOCKS_PER_TURN, n)
    return words


def registers(seed: int) -> Registers:
    """Return no registers: the block has none."""
    return {}


def _borders() -> NDArray[np.int64]:
    """Return the cells at the borders of the parts and at the seams in φ."""
    cells = cell_map()
    edge = np.isin(cells.theta_id, (1, 2, 3, 4, 15, 16, 17))
    seam = np.isin(cells.phi_id, (1, 2, 16, 31, 32, 35, 36))
    return np.nonzero(edge & seam)[0]


def _add_shower(
    energy: NDArray[np.int64], rows: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Add one shower to each row: a centre and some of its neighbours, sometimes all equal."""
    anywhere = rng.integers(1, N_CELL + 1, len(rows))
    centre = np.where(rng.random(len(rows)) < 0.4, rng.choice(_borders(), len(rows)), anywhere)
    around = neighbours().window[centre]
    peak = rng.choice((20, 100, 400, 1500, 4095), len(rows)) + rng.integers(0, 20, len(rows))
    part = rng.integers(0, 60, around.shape) * (rng.random(around.shape) < 0.5)
    part[:, 0] = 60
    equal = rng.random(len(rows)) < 0.15
    part[equal] = np.where(part[equal] > 20, 60, 0)
    part[:, 0] = 60
    for slot in range(around.shape[1]):
        energy[rows, around[:, slot]] += peak * part[:, slot] // 60
    energy[:, 0] = 0


def _noise(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw noise: a spectrum, or few values so that neighbours tie."""
    spectrum = rng.integers(1, 400, (n, N_CELL))
    few = rng.choice((20, 21, _MAX), (n, N_CELL), p=(0.6, 0.38, 0.02))
    return np.where(rng.random((n, 1)) < 0.5, spectrum, few)
