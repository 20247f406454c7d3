"""Analytic toy tracks for the neural track trigger: helix and straight wires, no hit finding.

A track from the beam line crosses the priority layer of each superlayer once; the wire nearest to
the crossing fires. There are no inefficiencies beyond the ends of the wires, no wrong hits and no
background: these tracks exercise the network and give it weights of the right size. They say
nothing about performance.

Source of geometry, windows and scales: cdc_track_trigger sections 1.1 and 5.1 of the reference
notes (basf2 CDC.xml and NeuroTrigger). Assumptions of this toy: momentum spectrum, share of known
sides, resolutions of the 2D track, the sign of the drift time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_mlp
from firmware_models.interface.neuro import N_INPUT, NEURO_INPUT, OMEGA_LSB_PER_GEV, PHI0_LSB_DEG
from sim.streams import stream

Array = NDArray[np.float64]

N_SUPERLAYER = 9
WIRES = np.array([160, 160, 192, 224, 256, 288, 320, 352, 384])
RADIUS_CM = np.array([19.80, 29.34, 40.16, 51.28, 62.00, 73.12, 83.84, 94.96, 105.68])
Z_BACKWARD_CM = np.array(
    [-35.54, -52.72, -58.60, -60.76, -62.85, -65.01, -67.09, -69.25, -71.34]
)  # fmt: skip
Z_FORWARD_CM = np.array([67.02, 98.02, 133.41, 146.26, 148.35, 150.51, 152.59, 154.75, 156.84])
HALF_CELL_SHIFT = np.array([0, 18, 0, -18, 0, 19, 0, -20, 0])
"""Half cells by which the forward end of a wire is turned against its backward end."""

WINDOW = np.array(
    [(-1.5, 1.5), (-7.5, -0.5), (-1.5, 1.5), (0.5, 7.5), (-1.5, 1.5), (-8.5, 0.5), (-2.5, 1.5),
     (-0.5, 10.5), (-3.5, 2.5)]
)  # fmt: skip
"""Relative wire numbers that a superlayer accepts [wire]."""

SCALE = 2.0 ** np.floor(np.log2(2.0 / (WINDOW[:, 1] - WINDOW[:, 0])))
STEREO = (7, 5, 3, 1)
"""Stereo superlayers, in the order of the experts 1 to 4."""

OMEGA_PER_GEV = 0.0044969
"""Curvature of a track of q/pT = 1/GeV [1/cm], at 1.5 T."""

DRIFT_CM_PER_NS = 4.0e-3
TICK_NS, MAX_TICKS = 1.9651, 256

KNOWN_SIDE = 0.85
TIME_SMEAR_NS = 4.0
PHI_SMEAR_DEG, CURVATURE_SMEAR = 0.5, 0.06
"""Assumed: known sides, time [ns], φ0 [degree] and q/pT [1/GeV] of the 2D track before rounding."""

MAX_Z_CM, THETA_DEG, MAX_CURVATURE = 80.0, (25.0, 140.0), 3.3


@dataclass(frozen=True)
class ToyTracks:
    """Tracks and what the network is given of them.

    Parameters
    ----------
    z : ndarray, shape (n,)
        Along the beam line [cm].
    theta : ndarray, shape (n,)
        Polar angle [rad].
    curvature : ndarray, shape (n,)
        q/pT [1/GeV].
    inputs : ndarray, shape (n, 27)
        Within ±1, 0 where a superlayer is missing.
    expert : ndarray of int64, shape (n,)
        0 to 4, or `neuro_mlp.NO_EXPERT`.
    omega, phi0 : ndarray of int64, shape (n,)
        2D track in half cells; φ0 within its quadrant.
    """

    z: Array
    theta: Array
    curvature: Array
    inputs: Array
    expert: NDArray[np.int64]
    omega: NDArray[np.int64]
    phi0: NDArray[np.int64]

    def words(self) -> NDArray[np.void]:
        """Return the input words of `neuro_mlp`, each track an event of its own."""
        return neuro_mlp.quantize(self.inputs, self.expert, self.omega, phi0=self.phi0)


def generate(n: int, seed: int, chunk: int = 0) -> ToyTracks:
    """Return `n` tracks: flat in z, θ and q/pT over the ranges of this file.

    Parameters
    ----------
    n : int
    seed, chunk : int
    """
    rng = stream(seed, "neuro/toy_tracks", chunk)
    z = rng.uniform(-MAX_Z_CM, MAX_Z_CM, n)
    theta = np.radians(rng.uniform(*THETA_DEG, n))
    curvature = rng.uniform(-MAX_CURVATURE, MAX_CURVATURE, n)
    quadrant_deg = rng.uniform(0.0, 90.0, n)
    phi0_cells = np.floor((quadrant_deg + rng.normal(0, PHI_SMEAR_DEG, n)) / PHI0_LSB_DEG + 0.5)
    omega = np.floor((curvature + rng.normal(0, CURVATURE_SMEAR, n)) / OMEGA_LSB_PER_GEV + 0.5)
    omega = np.clip(omega, NEURO_INPUT["omega"].low, NEURO_INPUT["omega"].high)
    found_phi = np.radians(phi0_cells * PHI0_LSB_DEG)
    inputs = _inputs(z, theta, curvature, np.radians(quadrant_deg),
                     omega * OMEGA_LSB_PER_GEV, found_phi, rng)  # fmt: skip
    present = np.any(inputs.reshape(n, N_SUPERLAYER, 3) != 0.0, axis=2)
    return ToyTracks(z, theta, curvature, inputs, _experts(present), omega.astype(np.int64),
                     np.clip(phi0_cells, 0, NEURO_INPUT["phi0"].high).astype(np.int64))  # fmt: skip


def crossings(z: Array, theta: Array, curvature: Array) -> tuple[Array, Array]:
    """Return the angle α and z [cm] at which tracks cross the priority layers, shape (n, 9).

    A track at azimuth φ0 crosses the radius r at φ0 − α, α = asin(r ω / 2), after the path
    2 α / ω in the transverse plane. A track that curls up before a layer has NaN there.
    """
    half = curvature[:, None] * (OMEGA_PER_GEV / 2) * RADIUS_CM
    with np.errstate(invalid="ignore"):
        alpha = np.arcsin(half)
    path = RADIUS_CM * np.where(np.abs(half) < 1e-6, 1.0, alpha / np.where(half == 0, 1, half))
    return alpha, z[:, None] + path / np.tan(theta)[:, None]


def stereo_shift(z: Array) -> Array:
    """Return by how many wires the wires are turned at z [cm], shape (n, 9); 0 at the back."""
    along = (z - Z_BACKWARD_CM) / (Z_FORWARD_CM - Z_BACKWARD_CM)
    shift: Array = HALF_CELL_SHIFT / 2 * along
    return shift


def _inputs(
    z: Array, theta: Array, curvature: Array, phi: Array, found_curvature: Array, found_phi: Array,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """Return relative ID, drift time and crossing angle of each superlayer, shape (n, 27)."""
    shape = (len(z), N_SUPERLAYER)
    alpha, hit_z = crossings(z, theta, curvature)
    per_rad = WIRES / (2 * np.pi)
    crossing = (phi[:, None] - alpha) * per_rad - stereo_shift(hit_z)
    wire = np.floor(np.nan_to_num(crossing) + 0.5)
    half = found_curvature[:, None] * (OMEGA_PER_GEV / 2) * RADIUS_CM
    found_alpha = np.arcsin(np.clip(half, -1.0, 1.0))
    relative = wire - (found_phi[:, None] - found_alpha) * per_rad
    # The priority wire lies at the crossing's distance, in cells; its side may be unknown.
    cell_cm = RADIUS_CM / per_rad
    time_ns = np.abs(crossing - wire) * cell_cm / DRIFT_CM_PER_NS
    ticks = np.floor((time_ns + rng.normal(0, TIME_SMEAR_NS, shape)) / TICK_NS)
    ticks = np.clip(np.nan_to_num(ticks), 0, MAX_TICKS)
    side = np.where(rng.random(shape) < KNOWN_SIDE, np.sign(crossing - wire), 0.0)
    inside = (hit_z >= Z_BACKWARD_CM) & (hit_z <= Z_FORWARD_CM)
    inside &= (relative >= WINDOW[:, 0]) & (relative <= WINDOW[:, 1])
    scaled = (relative - WINDOW.mean(axis=1)) * SCALE
    parts = np.stack([scaled, np.nan_to_num(side * ticks / MAX_TICKS), found_alpha / 2], axis=2)
    return np.where(inside[:, :, None], parts, 0.0).reshape(len(z), N_INPUT)


def _experts(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    missing = ~present[:, STEREO]
    count = missing.sum(axis=1)
    one = np.argmax(missing, axis=1) + 1
    return np.where(count == 0, 0, np.where(count == 1, one, neuro_mlp.NO_EXPERT)).astype(np.int64)
