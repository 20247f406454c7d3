"""Stimulus for `ecl_selection`: clusters at the thresholds ±1 count and at the angles ±1 degree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.cm_table import cm_table
from firmware_models.ecl_selection import BLOCK
from firmware_models.interface import Registers
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN
from firmware_models.interface.ecl import N_CELL, N_CLUSTER, N_RING
from hdl.streams import stream

_LAB_WIDTH = 14


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words: windows of 0 to 6 clusters, half of them with back-to-back pairs."""
    rng = stream(seed, "ecl_selection/constrained")
    words = BLOCK.input.zeros(n)
    count = rng.choice(N_CLUSTER + 1, size=n, p=(0.04, 0.16, 0.26, 0.2, 0.12, 0.1, 0.12))
    valid = np.arange(N_CLUSTER) < count[:, None]
    words["valid"] = valid
    cells = _cells(n, rng)
    words["tc"] = np.where(valid, cells, 0)
    words["energy"] = np.where(valid, _energies(cells, rng), 0)
    words["max_time"] = rng.integers(0, 256, n)
    near = words["max_time"].astype(np.int64)[:, None] + rng.integers(-105, 106, (n, N_CLUSTER))
    words["time"] = np.where(valid, np.clip(near, 0, 255), 0)
    words["n_tc"] = np.where(valid, rng.integers(1, 10, (n, N_CLUSTER)), 0)
    words["ring_energy"] = _rings(n, rng)
    words["icn"] = rng.choice((0, 1, 2, 3, 4, 5, 127), size=n)
    words["overflow"] = rng.random(n) < 0.1
    words["max_tc"] = np.where(rng.random(n) < 0.05, 0, _edges(n, rng))
    words["max_energy"] = rng.choice((20, 191, 192, 3823, 3824, 4095), size=n)
    clock = rng.integers(0, DATA_CLOCKS_PER_TURN, n)
    words["frame"] = np.where(rng.random(n) < 0.2, DATA_CLOCKS_PER_TURN - 1, clock)
    wild = rng.random(n) < 0.05
    words["valid"][wild] = rng.integers(0, 2, (int(wild.sum()), N_CLUSTER))
    words["tc"][wild] = rng.integers(0, 1024, (int(wild.sum()), N_CLUSTER))
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers: half of them near their defaults, half anywhere."""
    rng = stream(seed, "ecl_selection/registers")
    out: Registers = {}
    for name, default in BLOCK.defaults().items():
        top = (1 << BLOCK.register(name).width) - 1
        close = np.clip(default + rng.integers(-20, 21, default.shape), 0, top)
        out[name] = np.where(
            rng.random(default.shape) < 0.5, close, rng.integers(0, top + 1, default.shape)
        )
    return out


def _cells(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw six cells a window, the second often back to back with the first in the CM frame."""
    table = cm_table()
    cells = rng.integers(1, N_CELL + 1, (n, N_CLUSTER))
    chosen = rng.random(n) < 0.6
    first = rng.integers(1, N_CELL + 1, 4096)
    dphi = np.abs(table.phi[first][:, None] - table.phi[None, 1:])
    dtheta = table.theta[first][:, None] + table.theta[None, 1:]
    # within one degree of a window's edge, or well inside one
    aim_phi = rng.choice((110, 120, 140, 150, 160, 170, 180, 190, 200, 210, 220, 240, 250), 4096)
    aim_theta = rng.choice((130, 140, 160, 165, 180, 190, 200, 220, 230), 4096)
    distance = np.abs(dphi - aim_phi[:, None]) + np.abs(dtheta - aim_theta[:, None])
    distance += rng.integers(0, 3, distance.shape)
    second = np.argmin(distance, axis=1) + 1
    pick = rng.integers(0, 4096, n)
    cells[:, 0] = np.where(chosen, first[pick], cells[:, 0])
    cells[:, 1] = np.where(chosen, second[pick], cells[:, 1])
    return cells


def _energies(cells: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw energies: at laboratory and CM thresholds ±1 count, soft, hard, saturated."""
    shape = cells.shape
    defaults = BLOCK.defaults()
    names = [r.name for r in BLOCK.registers if r.width == _LAB_WIDTH]
    values = np.array([int(defaults[name][0]) for name in names])
    lab = rng.choice(values, shape) + rng.integers(-1, 2, shape)
    cm = rng.choice(values, shape) * cm_table().scale[cells] // 10 + rng.integers(-1, 2, shape)
    soft, hard = rng.integers(20, 120, shape), rng.integers(400, 1600, shape)
    kind = rng.choice(5, size=shape, p=(0.2, 0.35, 0.2, 0.22, 0.03))
    drawn: NDArray[np.int64] = np.choose(kind, (lab, cm, soft, hard, np.full(shape, 16383)))
    return np.clip(drawn, 0, 16383)


def _rings(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw ring sums: empty, soft, at the 2D Bhabha and total-energy thresholds ±1, saturated."""
    shape = (n, N_RING)
    soft = rng.integers(0, 100, shape) * (rng.random(shape) < 0.4)
    defaults = BLOCK.defaults()
    edge = np.concatenate(
        [defaults[name] for name in ("elow", "ehigh", "elum", "burst", "taub2b_total")]
        + [defaults["bhabha_forward"], defaults["bhabha_backward"]]
    )
    sums = np.where(rng.random((n, 1)) < 0.5, soft, 0)
    for _ in range(2):
        at = rng.integers(0, N_RING, n)
        sums[np.arange(n), at] = rng.choice(edge, n) + rng.integers(-1, 2, n)
    sums[rng.random(n) < 0.02] = 16383
    return sums


def _edges(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw cells, often those at the borders of the three parts."""
    anywhere = rng.integers(1, N_CELL + 1, n)
    return np.where(rng.random(n) < 0.3, rng.choice((1, 80, 81, 512, 513, 576), n), anywhere)
