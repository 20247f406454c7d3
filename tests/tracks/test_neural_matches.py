"""Single muons through chamber, calorimeter and muon detector: tracks find their own objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import grl_neural
from firmware_models.cot_table import COT_FRACTION, COT_SHIFT, cot_table
from firmware_models.interface.neuro import Z_LSB_CM
from firmware_models.track_extrapolation import TURN, arc_table, origin, turn_table
from firmware_models.trigger_cells import cell_map
from sim.processes import get_process
from sim.study.frames.neural import track_words

N = 1500
DEG = 360.0 / TURN
GEV_PER_CM = 0.0029979 * 1.5
"""Transverse momentum of a circle's radius in the field of 1.5 T."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Muons:
    """Frames of neural tracks of single muons, one charge, and where those muons go.

    Parameters
    ----------
    words : ndarray, shape (m,), dtype of the word `grl_neural_track`
        Neural tracks, each an event of its own.
    phi0, bend, z, cot : ndarray of float64, shape (m,)
        Azimuth [rad], charge over radius of the circle [1/cm], z [cm] and cot θ of the muon.
    """

    words: NDArray[np.void]
    phi0: Array
    bend: Array
    z: Array
    cot: Array

    def at(self, radius: float) -> tuple[Array, Array]:
        """Return azimuth [deg] and z [cm] at a radius, followed in short straight steps."""
        x, y, z = np.zeros_like(self.z), np.zeros_like(self.z), self.z.copy()
        direction, step = self.phi0.copy(), np.full_like(self.z, 0.05)
        while (step > 0).any():
            # The direction in the middle of the step; a positive charge turns clockwise.
            middle = direction - 0.5 * self.bend * step
            x, y, z = x + step * np.cos(middle), y + step * np.sin(middle), z + step * self.cot
            direction = direction - self.bend * step
            step = np.where(np.hypot(x, y) < radius, step, 0.0)
        return np.degrees(np.arctan2(y, x)), z


@cache
def muons(charge: str) -> Muons:
    """Return muons of 0.8 to 3 GeV in pT in the barrel, from the collision point ±5 cm."""
    events = get_process(
        "track_gun", charge=charge, p_min=0.8, p_max=3.0, theta_min=50.0, theta_max=115.0,
        z_min=-5.0, z_max=5.0,
    ).generate(N, 21, 0)  # fmt: skip
    words = track_words(21)(events, 0)
    # The event of each frame: those before it that are complete.
    event = np.cumsum(words["last"], dtype=np.int64) - words["last"]
    px, py, pz, _ = events.p4[events.offsets[:-1]].T
    phi0 = np.arctan2(py, px)
    off = DEG * origin(words["phi0"], words["quadrant"]) - np.degrees(phi0[event])
    # What background makes is not the muon.
    kept = (words["valid"] == 1) & (words["neural"] == 1) & (words["near"] == 1)
    kept &= np.abs((off + 180.0) % 360.0 - 180.0) < 5.0
    words, event = words[kept].copy(), event[kept]
    words["last"] = 1
    sign = 1.0 if charge == "plus" else -1.0
    pt = np.hypot(px, py)[event]
    return Muons(words, phi0[event], sign * GEV_PER_CM / pt,
                 events.vertex[events.offsets[:-1], 2][event], pz[event] / pt)  # fmt: skip


def extrapolated(words: NDArray[np.void], radius: float) -> tuple[Array, Array]:
    """Return the trigger's azimuth [deg] and z [cm] at a radius, from its tables."""
    omega, theta = words["omega"].astype(np.int64), words["theta"].astype(np.int64)
    turn = np.sign(omega) * turn_table(radius)[np.abs(omega)]
    way = arc_table(radius)[np.abs(omega)] * cot_table()[np.abs(theta) >> COT_SHIFT]
    z = words["z"] - np.sign(theta) * way / (1 << COT_FRACTION)
    return (origin(words["phi0"], words["quadrant"]) - turn) * DEG, z * Z_LSB_CM


def wrapped(degrees: Array) -> Array:
    return (degrees + 180.0) % 360.0 - 180.0


@pytest.mark.parametrize("charge", ["plus", "minus"])
@pytest.mark.parametrize(
    ("radius", "sigma_deg", "sigma_cm"), [(126.0, 1.1, 3.5), (176.0, 1.7, 5.5)]
)
def test_extrapolation_follows_the_muon(
    charge: str, radius: float, sigma_deg: float, sigma_cm: float
) -> None:
    """Both charges are where the tables say; a wrong sign of the turn would put them 14° away.

    The finder's errors (0.9° in φ0, 0.09/GeV in q/pT: cdc_track_trigger section 3 of the reference
    notes; they go together) make the width in azimuth, the network's in z and θ that in z.
    """
    sample = muons(charge)
    assert len(sample.words) > 0.98 * N
    phi, z = sample.at(radius)
    found_phi, found_z = extrapolated(sample.words, radius)
    for off, sigma in ((wrapped(found_phi - phi), sigma_deg), (found_z - z, sigma_cm)):
        assert off.std() < sigma
        assert abs(off.mean()) < 4 * sigma / np.sqrt(N) + 0.03 * sigma


def only(words: NDArray[np.void], field: str, own: NDArray[np.bool_]) -> NDArray[np.void]:
    """Return the words with nothing but the muon's own objects in a field."""
    words = words.copy()
    words[field] = np.where(own, words[field], 0)
    return words


def own_clusters(sample: Muons) -> NDArray[np.bool_]:
    """Return which clusters lie in the cell that the muon enters or in one beside it."""
    phi, z = sample.at(125.0)
    cells, tc = cell_map(), sample.words["tc"].astype(np.int64)
    theta = np.degrees(np.arctan2(125.0, z))
    ring = np.abs(cells.theta_deg[1:, None] - theta).argmin(axis=0) + 1
    beside = np.abs(cells.theta_id[tc] - cells.theta_id[ring][:, None]) <= 1
    beside &= np.abs(wrapped(cells.phi_deg[tc] - phi[:, None])) < 15.0
    return beside & (sample.words["cluster"] == 1) & (tc > 80) & (tc <= 512)


def own_sectors(sample: Muons) -> NDArray[np.bool_]:
    """Return which fired sectors the muon points at when it leaves the coil, of either section."""
    phi, _ = sample.at(176.0)
    sector = np.arange(16) % 8
    return (np.abs(wrapped(phi[:, None] - 45.0 * sector)) < 30.0) & (sample.words["barrel"] == 1)


@pytest.mark.parametrize("charge", ["plus", "minus"])
@pytest.mark.parametrize(("field", "bit", "by_chance"), [
    ("cluster", "ecl_matched", 0.06), ("barrel", "klm_matched", 0.18),
])  # fmt: skip
def test_muons_match_their_own(charge: str, field: str, bit: str, by_chance: float) -> None:
    """Nearly all match their own object; that of another muon only where it is by chance.

    Uniform in azimuth, a window of ±11.4° holds 6.3 %, one of ±32.5° 18 %; z takes some away.
    """
    sample = muons(charge)
    own = own_clusters(sample) if field == "cluster" else own_sectors(sample)
    has = own.any(axis=1)
    assert has.mean() > 0.95
    matched = grl_neural.evaluate(only(sample.words, field, own))[bit] == 1
    assert matched[has].mean() > 0.99
    other = sample.words.copy()
    for name in ("cluster", "tc", "barrel"):
        other[name] = np.roll(other[name], 1, axis=0)
    assert grl_neural.evaluate(other)[bit].mean() < by_chance


def test_events_of_single_muons() -> None:
    """One near track with its own objects: single-track line and counts see it."""
    out = grl_neural.evaluate(muons("plus").words)
    assert out["ycdcecl"][:, 0].mean() > 0.97
    assert out["ycdcklm"][:, 0].mean() > 0.96
    assert np.array_equal(out["ycdcecl"][:, 0], out["ecl_matched"])
    single = muons("plus").words["single"] == 1
    assert single.mean() > 0.9
    assert np.array_equal(out["typklm"] == 1, single & (out["klm_matched"] == 1))
    # Its own cluster lies in its hemisphere at its own angle: neither bit is for it.
    own = own_clusters(muons("plus")) == (muons("plus").words["cluster"] == 1)
    alone = own.all(axis=1)
    assert alone.mean() > 0.8
    assert not out["samhem"][alone].any()
    assert not out["opohem"][alone].any()
