"""Toy tracks against geometry done another way, and the fit against numerical derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.interface.neuro import NEURO_INPUT
from sim.neuro import fit, toy_tracks
from sim.neuro.toy_tracks import RADIUS_CM, SCALE, STEREO, WINDOW


def _walk(curvature: float, theta: float, radius: float) -> tuple[float, float]:
    """Follow a track from the origin along +x in small steps; return azimuth and z at a radius."""
    bend = curvature * toy_tracks.OMEGA_PER_GEV
    step = 1e-3
    x = y = path = 0.0
    while math.hypot(x, y) < radius:
        # A positive charge turns clockwise: the azimuth of the crossing is -alpha.
        direction = -bend * (path + step / 2)
        x, y, path = x + step * math.cos(direction), y + step * math.sin(direction), path + step
    return math.atan2(y, x), path / math.tan(theta)


@pytest.mark.parametrize(("curvature", "superlayer"), [(3.0, 0), (-3.0, 8), (2.0, 5), (1e-9, 8)])
def test_crossings(curvature: float, superlayer: int) -> None:
    theta = math.radians(60)
    alpha, z = toy_tracks.crossings(np.zeros(1), np.array([theta]), np.array([curvature]))
    azimuth, along = _walk(curvature, theta, RADIUS_CM[superlayer])
    assert -alpha[0, superlayer] == pytest.approx(azimuth, abs=1e-4)
    assert z[0, superlayer] == pytest.approx(along, abs=5e-3)


def test_tracks_that_curl_up_miss_the_outer_layers() -> None:
    alpha, _ = toy_tracks.crossings(np.zeros(1), np.ones(1), np.array([5.0]))
    reach = 2 / (5.0 * toy_tracks.OMEGA_PER_GEV)
    assert np.isnan(alpha[0]).tolist() == (reach < RADIUS_CM).tolist()


@pytest.mark.parametrize(("superlayer", "low", "high"), [(1, -44, 73), (3, -49, 112),
                                                         (5, -65, 128)])  # fmt: skip
def test_windows_cover_the_z_of_the_notes(superlayer: int, low: float, high: float) -> None:
    """cdc_track_trigger section 5.1: z on the priority layer that each stereo window covers."""
    z = np.linspace(
        toy_tracks.Z_BACKWARD_CM[superlayer], toy_tracks.Z_FORWARD_CM[superlayer], 20001
    )
    relative = -toy_tracks.stereo_shift(np.repeat(z[:, None], 9, axis=1))[:, superlayer]
    inside = z[(relative >= WINDOW[superlayer, 0]) & (relative <= WINDOW[superlayer, 1])]
    assert inside.min() == pytest.approx(low, abs=1.0)
    assert inside.max() == pytest.approx(high, abs=1.0)


def test_scales_are_those_of_the_notes() -> None:
    assert SCALE.tolist() == [1 / 2, 1 / 4, 1 / 2, 1 / 4, 1 / 2, 1 / 8, 1 / 2, 1 / 8, 1 / 4]


def test_inputs_are_in_range_and_missing_superlayers_are_zero() -> None:
    tracks = toy_tracks.generate(5000, 1)
    assert np.abs(tracks.inputs).max() <= 1.0
    present = np.any(tracks.inputs.reshape(-1, 9, 3) != 0, axis=2)
    for i, superlayer in enumerate(STEREO, start=1):
        assert not present[tracks.expert == i, superlayer].any()
        others = [other for other in STEREO if other != superlayer]
        assert present[np.ix_(tracks.expert == i, others)].all()
    assert present[np.ix_(tracks.expert == 0, STEREO)].all()
    assert (present[:, STEREO].sum(axis=1)[tracks.expert == 7] <= 2).all()
    assert set(tracks.expert.tolist()) == {0, 1, 2, 3, 4, 7}


def test_same_seed_same_tracks() -> None:
    one, other = (toy_tracks.generate(100, 5, 2).words() for _ in range(2))
    assert one.tobytes() == other.tobytes()
    assert one.tobytes() != toy_tracks.generate(100, 5, 3).words().tobytes()
    assert one.dtype == NEURO_INPUT.dtype


def test_gradients() -> None:
    """Against central differences of the mean squared error over two."""
    rng = np.random.default_rng(1)
    inputs, wanted = rng.uniform(-1, 1, (20, 27)), rng.uniform(-0.5, 0.5, (20, 2))
    layers = [rng.normal(0, 0.5, (81, 28)), rng.normal(0, 0.3, (2, 82))]

    def loss() -> float:
        return float(((fit.forward(inputs, *layers)[1] - wanted) ** 2).sum() / (2 * len(inputs)))

    slopes = list(fit.gradients(inputs, wanted, layers))
    for layer, slope in zip(layers, slopes, strict=True):
        for place in ((0, 0), (1, 5), (layer.shape[0] - 1, layer.shape[1] - 1)):
            kept, values = layer[place], []
            for change in (1e-5, -1e-5):
                layer[place] = kept + change
                values.append(loss())
            layer[place] = kept
            assert slope[place] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5, abs=1e-9)


def test_short_fit_learns_and_repeats() -> None:
    """After 300 steps z is known to 6 cm where not knowing it is 54 cm; weights stay small."""
    one, other = (fit.make_weights(3, tracks=4000, steps=300) for _ in range(2))
    assert one.checksum() == other.checksum()
    assert one.provenance == other.provenance
    assert one.provenance["figures"]["z_68_cm"][0] < 6.0
    assert one.provenance["figures"]["theta_68_deg"][0] < 6.0
    assert np.abs(one.hidden).max() <= 3.4 * 1024
