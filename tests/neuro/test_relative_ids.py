"""The network's inputs on known tracks: analytic ones, and those of the simulated chamber."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import neuro_preprocess
from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.cdc_segments import segment_map
from firmware_models.crossing_angles import (
    CENTRE,
    HALF_CURVATURE,
    RELATIVE_SHIFT,
    WINDOW,
    radii,
)
from firmware_models.hough_plane import GEV_PER_CM
from firmware_models.interface.cdc_segment import ID_SHIFT
from firmware_models.interface.neuro import NEURO_INPUT, STEREO
from sim.detector.cdc.config import CdcConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse
from sim.detector.cdc.truth import segment_truth
from sim.events import from_dense
from tests.tracks.ideal_segments import (
    DRIFT_CM_PER_TICK,
    FIRST_LAYER,
    AnalyticTracks,
    crossings,
    words,
)

AXIAL = (0, 2, 4, 6, 8)

NOTES = {1: (-7.9, -0.3), 3: (0.0, 8.0), 5: (-8.9, 0.0), 7: (0.0, 9.5)}
"""1 % and 99 % of the relative IDs in cdc_track_trigger section 5.1: a toy on this wire map."""


def _walk(tracks: AnalyticTracks, i: int, layer: int) -> float:
    """Follow one track in small steps to the surface of a layer's wires; return the wire there."""
    geometry = cdc_geometry()
    first = int(geometry.first_wire[layer])
    bend = float(GEV_PER_CM * tracks.q_over_pt[i])
    x = y = path = 0.0
    z = float(tracks.z[i])
    step = 2e-3
    while True:
        # All wires of a layer are alike but for their azimuth.
        wire_xy = geometry.position(first, z)
        if math.hypot(x, y) >= math.hypot(*wire_xy):
            break
        direction = float(tracks.phi[i]) - bend * (path + step / 2)
        x, y = x + step * math.cos(direction), y + step * math.sin(direction)
        path, z = path + step, z + step / math.tan(float(tracks.theta[i]))
    turn = math.atan2(y, x) - math.atan2(wire_xy[1], wire_xy[0])
    return turn * geometry.table.cells[layer] / (2 * math.pi)


@pytest.mark.parametrize("layer", [3, 10, 11, 34, 47, 52])
def test_crossings_are_where_small_steps_lead(layer: int) -> None:
    tracks = AnalyticTracks.draw(4, np.random.default_rng(layer), low_gev=0.35)
    cells = cdc_geometry().table.cells[layer]
    found = crossings(tracks, layer)
    for i in np.flatnonzero(np.isfinite(found)):
        difference = (found[i] - _walk(tracks, i, layer) + cells / 2) % cells - cells / 2
        assert difference == pytest.approx(0.0, abs=1e-3)


def _relative(inputs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return relative IDs [wire], shape (n, 9), from inputs of shape (n, 9, 3)."""
    scaled = inputs[..., 0] / (1 << np.array(RELATIVE_SHIFT))
    return np.asarray((scaled + np.array(CENTRE)) / 256.0)


def _true_relative(tracks: AnalyticTracks, superlayer: int, radius: float) -> NDArray[np.float64]:
    """Return where tracks cross a superlayer from the reference of their true ω and φ0 [wire]."""
    sine = np.clip(radius * 0.5 * GEV_PER_CM * tracks.q_over_pt, -1, 1)
    reference = (tracks.phi - np.arcsin(sine)) * SUPERLAYER_CELLS[superlayer] / (2 * np.pi)
    return crossings(tracks, int(FIRST_LAYER[superlayer])) - reference


@pytest.mark.parametrize("superlayer", range(9))
def test_relative_ids_of_analytic_tracks_are_those_of_the_notes(superlayer: int) -> None:
    """Quantiles within 0.2 wires of the notes' toy; inside the windows for the barrel.

    The notes do not say which θ their toy had. Flat in cos θ over 17° to 150°, where the first
    stereo superlayer is reached, is this test's assumption.
    """
    rng = np.random.default_rng(1)
    drawn = AnalyticTracks.draw(40_000, rng, low_gev=0.4)
    cosine = rng.uniform(np.cos(np.radians(150.0)), np.cos(np.radians(17.0)), 40_000)
    wide = AnalyticTracks(drawn.z, np.arccos(cosine), drawn.q_over_pt, drawn.phi)
    quantiles = []
    for tracks in (wide, drawn):
        exact = _true_relative(tracks, superlayer, float(radii()[superlayer, 0]))
        at = crossings(tracks, int(FIRST_LAYER[superlayer]))
        relative = exact + np.rint(at) - at
        quantiles.append(np.nanquantile(relative, (0.01, 0.99)))
    if superlayer % 2 == 0:
        assert quantiles[0] == pytest.approx((-0.49, 0.49), abs=0.005)
    else:
        assert quantiles[0] == pytest.approx(NOTES[superlayer], abs=0.2)
    low, high = quantiles[1]
    assert WINDOW[superlayer][0] <= low < high <= WINDOW[superlayer][1]


@pytest.mark.parametrize("superlayer", STEREO)
def test_radius_at_the_collision_point_centres_both_charges(superlayer: int) -> None:
    """Slow tracks of either charge, else alike, lie 0.1 to 0.16 wires apart with the endplates'.

    With the radius at z = 0 they lie 0.02 apart at most.
    """
    rng = np.random.default_rng(2)
    tracks = AnalyticTracks.draw(20_000, rng, low_gev=0.4)
    fast = np.abs(tracks.q_over_pt)
    apart = []
    for radius in (cdc_geometry().table.radius[FIRST_LAYER[superlayer]], radii()[superlayer, 0]):
        one, other = (
            _true_relative(
                AnalyticTracks(tracks.z, tracks.theta, charge * fast, tracks.phi),
                superlayer, float(radius),
            )
            for charge in (1, -1)
        )  # fmt: skip
        apart.append(float(np.nanmean((one - other)[fast > 1.5])))
    assert 0.09 < apart[0] < 0.18
    assert abs(apart[1]) < 0.025


def test_drift_times_have_the_sign_of_the_relative_ids() -> None:
    """Wire − track is + drift for a wire at the left: subtracting it leaves ω and φ0's steps."""
    rng = np.random.default_rng(3)
    given = words(AnalyticTracks.draw(8000, rng, low_gev=0.8), rng)
    given["stereo_valid"] = 0
    inputs = neuro_preprocess.evaluate(given)["input"].reshape(-1, 9, 3)
    for superlayer in AXIAL:
        rows = inputs[inputs[:, superlayer, 1] != 0]
        cell_cm = 2 * np.pi * radii()[superlayer, 0] / SUPERLAYER_CELLS[superlayer]
        relative = _relative(rows)[:, superlayer]
        drift = rows[:, superlayer, 1] / 16 * DRIFT_CM_PER_TICK / cell_cm
        assert np.std(relative - drift) < 0.93 * np.std(relative)
        assert np.std(relative - drift) < 0.8 * np.std(relative + drift)


def _simulated(n: int) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Return words of single muons in the simulated chamber; where superlayers have a segment."""
    rng = np.random.default_rng(4)
    q_over_pt = rng.choice((-1.0, 1.0), n) * rng.uniform(0.2, 1.0 / 0.45, n)
    phi, theta = np.radians(rng.uniform(46.0, 134.0, n)), np.radians(rng.uniform(40.0, 118.0, n))
    pt = 1.0 / np.abs(q_over_pt)
    p4 = np.stack((pt * np.cos(phi), pt * np.sin(phi), pt / np.tan(theta)), axis=1)
    p4 = np.column_stack((p4, np.sqrt((p4**2).sum(axis=1) + 0.1056583755**2)))
    pdg = np.where(q_over_pt > 0, -13, 13)
    response = CdcResponse(CdcConfig(background=WireBackgroundConfig(level=0.0)))
    columns = {name: np.zeros((n, 9), dtype=np.int64) for name in ("id", "position")}
    first = segment_map().first
    for kind in (13, -13):
        rows = np.flatnonzero(pdg == kind)
        events = from_dense([kind], p4[rows][:, None, :])
        events.vertex[:, :3] = 0.0
        truth = segment_truth(response.crossings(events, 1)[1])
        event = rows[np.searchsorted(truth.offsets, np.arange(len(truth.segment)), "right") - 1]
        # Backwards, by quality: the first, with a hit in the first priority layer, stays.
        for row in np.argsort(truth.position == 3, kind="stable"):
            segment = int(truth.segment[row])
            superlayer = int(np.searchsorted(first, segment, "right") - 1)
            local = segment - int(first[superlayer]) + ID_SHIFT[superlayer]
            columns["id"][event[row], superlayer] = local % SUPERLAYER_CELLS[superlayer]
            columns["position"][event[row], superlayer] = truth.position[row]
    slots = {name: np.zeros((n, 4, 10), dtype=np.int64) for name in columns}
    for name, column in columns.items():
        column[columns["id"] > 255] = 0
        slots[name][:, :, 0] = column[:, (1, 3, 5, 7)]
    omega = np.rint(0.5 * GEV_PER_CM * q_over_pt / HALF_CURVATURE).astype(int)
    phi0 = np.rint((np.degrees(phi) - 45.0) / NEURO_INPUT["phi0"].lsb - 1.0).astype(int)
    given = neuro_preprocess.quantize(
        {name: column[:, AXIAL] for name, column in columns.items()},
        {name: slot.reshape(n, -1) for name, slot in slots.items()}, omega, np.clip(phi0, 0, 80),
    )  # fmt: skip
    return given, columns["position"] > 0


def test_simulated_tracks_lie_in_the_windows() -> None:
    """Muons with scattering, true ω and φ0 in half-cells: 97 % of all segments are taken."""
    given, has_segment = _simulated(600)
    found = neuro_preprocess.evaluate(given)
    inputs = found["input"].reshape(-1, 9, 3)
    # Half-cells of the plane are as wide as 0.4 to 1.2 wires.
    taken = has_segment & (inputs[..., 0] != 0)
    relative = _relative(inputs)
    for superlayer in range(9):
        assert has_segment[:, superlayer].sum() > 400
        share = taken[:, superlayer].sum() / has_segment[:, superlayer].sum()
        assert share > 0.97, superlayer
        here = relative[taken[:, superlayer], superlayer]
        low, high = np.quantile(here, (0.01, 0.99))
        assert WINDOW[superlayer][0] < low < high < WINDOW[superlayer][1]
        middle = float(np.mean(here))
        # Axial: on the track. Stereo: the wires have turned away from the back.
        turned = {1: -3.6, 3: 3.2, 5: -3.7, 7: 4.2}.get(superlayer, 0.0)
        assert middle == pytest.approx(turned, abs=0.5)
    assert (found["expert"] == 0).mean() > 0.8
