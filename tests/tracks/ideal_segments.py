"""Ideal segments of analytic tracks, for tests of the block that makes the network's inputs.

A helix from the beam line crosses straight wires (`firmware_models.cdc_geometry`); in each
superlayer the nearest first-priority wire fires, or now and then the nearest second-priority one.
No hit finding, no scattering; wrong segments and unknown sides are drawn at random. These frames
exercise the block; they say nothing about performance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_preprocess
from firmware_models.cdc_geometry import twist
from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, N_SUPERLAYER, layer_table
from firmware_models.crossing_angles import HALF_CURVATURE
from firmware_models.hough_plane import GEV_PER_CM
from firmware_models.interface.cdc_hough import AXIAL, FIRST, LEFT, N_SLOT, RIGHT, TRACK_TICK_NS
from firmware_models.interface.cdc_segment import ID_SHIFT
from firmware_models.interface.neuro import PHI0_LSB_DEG, STEREO, TRACK_SEGMENTS

Array = NDArray[np.float64]

FIRST_LAYER = np.array(FIRST_PRIORITY_LAYER)
"""First-priority layer of each superlayer; the next one has the second priority."""

STEPS = 8
"""Iterations between the place along a wire and its distance from the axis; 4 reach 1 µm."""

DRIFT_CM_PER_TICK = 4.0e-3 * TRACK_TICK_NS
"""Nominal drift velocity (basf2 CDCGeometryPar)."""

SECOND, UNKNOWN, FILLED = 0.1, 0.2, 0.3
"""Assumed: shares of second-priority segments, of unknown sides, of slots with a wrong segment."""

TIME_SMEAR_TICKS = 2.0
"""Assumed: resolution of the drift time, 4 ns."""


@dataclass(frozen=True)
class AnalyticTracks:
    """Tracks from the beam line as one tracker sees them.

    Parameters
    ----------
    z : ndarray, shape (n,)
        Along the beam line [cm].
    theta : ndarray, shape (n,)
        Polar angle [rad].
    q_over_pt : ndarray, shape (n,)
        [1/GeV], not 0.
    phi : ndarray, shape (n,)
        Azimuth from that of the tracker, 90° k [rad].
    """

    z: Array
    theta: Array
    q_over_pt: Array
    phi: Array

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator, low_gev: float = 0.3) -> AnalyticTracks:
        """Draw tracks from the collision point: flat in q/pT and θ, 35° to 122°."""
        q_over_pt = rng.choice((-1.0, 1.0), n) * rng.uniform(0.05, 1.0 / low_gev, n)
        return cls(rng.normal(0.0, 1.0, n), np.radians(rng.uniform(35.0, 122.0, n)), q_over_pt,
                   np.radians(rng.uniform(45.0, 135.0, n)))  # fmt: skip


def crossings(tracks: AnalyticTracks, layer: int) -> Array:
    """Return where tracks cross a layer in wires from the tracker's azimuth, shape (n,).

    NaN for tracks that curl up before it, or leave the chamber at its ends.
    """
    table = layer_table()
    radius, back, forward = (
        float(column[layer]) for column in (table.radius, table.z_backward, table.z_forward)
    )
    cells, turn = int(table.cells[layer]), float(twist(table)[layer])
    half = 0.5 * GEV_PER_CM * tracks.q_over_pt
    distance, azimuth = np.full(len(half), radius), np.zeros(len(half))
    share = alpha = azimuth
    with np.errstate(invalid="ignore"):
        for _ in range(STEPS):
            alpha = np.arcsin(distance * half)
            along = tracks.z + alpha / half / np.tan(tracks.theta)
            share = (along - back) / (forward - back)
            x = radius * (1.0 - share + share * np.cos(turn))
            y = radius * share * np.sin(turn)
            distance, azimuth = np.hypot(x, y), np.arctan2(y, x)
        inside = (share >= 0.0) & (share <= 1.0)
    at = (tracks.phi - alpha - azimuth) * cells / (2.0 * np.pi) - table.offset[layer]
    return np.where(inside, at, np.nan)


def words(tracks: AnalyticTracks, rng: np.random.Generator) -> NDArray[np.void]:
    """Return the tracks' words: their segments in rising id, wrong ones among them."""
    n = len(tracks.z)
    columns = {
        name: np.zeros((n, N_SUPERLAYER), dtype=np.int64)
        for name in ("id", "time", "lr", "position")
    }
    clock = rng.integers(0, 320, n)
    last_tick = 16 * (clock % 32) + 15
    start = last_tick - rng.integers(160, 250, n)
    for superlayer in range(N_SUPERLAYER):
        _fire(tracks, superlayer, start, columns, rng)
    columns["pattern"] = rng.integers(0, 1 << TRACK_SEGMENTS["axial_pattern"].width,
                                      (n, N_SUPERLAYER))  # fmt: skip
    omega = np.clip(np.rint(0.5 * GEV_PER_CM * tracks.q_over_pt / HALF_CURVATURE), -33, 33)
    phi0 = np.clip(np.rint((np.degrees(tracks.phi) - 45.0) / PHI0_LSB_DEG - 1.0), 0, 80)
    event = (start + np.rint(rng.normal(0.0, TIME_SMEAR_TICKS, n)).astype(np.int64)) % 512
    return neuro_preprocess.quantize(
        {name: column[:, AXIAL] for name, column in columns.items()},
        _slots(columns, start, rng), omega.astype(np.int64), phi0.astype(np.int64),
        event_time=event, event_valid=(rng.random(n) < 0.9).astype(np.int64), clock=clock,
    )  # fmt: skip


def _fire(
    tracks: AnalyticTracks, superlayer: int, start: NDArray[np.int64],
    columns: dict[str, NDArray[np.int64]], rng: np.random.Generator,
) -> None:  # fmt: skip
    """Write one superlayer's segments."""
    table = layer_table()
    layer = int(FIRST_LAYER[superlayer])
    first, second = (crossings(tracks, at) for at in (layer, layer + 1))
    is_second = rng.random(len(first)) < SECOND
    at = np.where(is_second, second, first)
    missing = np.isnan(at)
    at = np.nan_to_num(at)
    wire = np.rint(at).astype(np.int64)
    # Wire i of the second-priority layer is left of segment i, and right of segment i + 1.
    is_right = is_second & (rng.random(len(at)) < 0.5)
    position = np.where(is_second, np.where(is_right, RIGHT, LEFT), FIRST)
    cells = int(table.cells[layer])
    number = (wire + is_right + ID_SHIFT[superlayer]) % cells
    missing |= number > TRACK_SEGMENTS["axial_id"].high
    cell_cm = 2.0 * np.pi * table.radius[layer + is_second] / cells
    ticks = np.abs(at - wire) * cell_cm / DRIFT_CM_PER_TICK
    ticks += rng.normal(0.0, TIME_SMEAR_TICKS, len(at))
    known = rng.random(len(at)) >= UNKNOWN
    # The wire is right of the track where the track passes at larger azimuth.
    side = np.where(known, np.where(at > wire, 1, 2), 3)
    values = {"id": number, "time": (start + np.rint(ticks).astype(np.int64)) % 512,
              "lr": side, "position": position}  # fmt: skip
    for name, value in values.items():
        columns[name][:, superlayer] = np.where(missing, 0, value)


def _slots(
    columns: dict[str, NDArray[np.int64]], start: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """Return the stereo slots: the track's own segment and wrong ones, without gaps."""
    n = len(start)
    shape = (n, len(STEREO), N_SLOT)
    slots = {name: np.zeros(shape, dtype=np.int64) for name in columns}
    own = np.array(columns["id"])[:, STEREO, None]
    # Wrong segments lie all over, half of them near the track's own.
    near = own + rng.integers(-8, 9, shape)
    far = rng.integers(0, 160, shape)
    slots["id"] = np.clip(np.where(rng.random(shape) < 0.5, near, far), 0, 255)
    slots["time"] = (start[:, None, None] + rng.integers(-64, 256, shape)) % 512
    slots["lr"] = rng.integers(1, 4, shape)
    slots["position"] = np.where(rng.random(shape) < FILLED, rng.integers(1, 4, shape), 0)
    slots["pattern"] = rng.integers(0, 1 << TRACK_SEGMENTS["axial_pattern"].width, shape)
    for name, column in columns.items():
        slots[name][:, :, 0] = column[:, STEREO]
    order = np.argsort(np.where(slots["position"] > 0, slots["id"], 512), axis=2, kind="stable")
    return {
        name: np.take_along_axis(slot, order, axis=2).reshape(n, -1) for name, slot in slots.items()
    }
