"""Magnetic charges through the whole track trigger: straight across the field, bent along it."""

from __future__ import annotations

from math import hypot, sqrt

import numpy as np
import pytest

from firmware_models import neuro_mlp
from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, RADIUS_MM
from firmware_models.hough_plane import N_OMEGA
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.exotic import magnetic_code
from sim.events import Events, from_dense
from trigger.track_trigger import TrackTrigger

N, MASS, P, THETA = 200, 4.5, 2.78, np.radians(80.0)


def shot(charge: float) -> Events:
    """Return single magnetic charges at 80°, all round in azimuth."""
    phi = np.linspace(-np.pi, np.pi, N, endpoint=False) + 0.01
    p4 = np.stack((
        P * np.sin(THETA) * np.cos(phi), P * np.sin(THETA) * np.sin(phi),
        np.full(N, P * np.cos(THETA)), np.full(N, hypot(P, MASS)),
    ), axis=1)  # fmt: skip
    return from_dense([magnetic_code(charge)], p4[:, None, :])


@pytest.fixture(scope="module")
def chamber() -> CdcResponse:
    """No background."""
    return CdcResponse(CdcConfig.from_mapping({"background": {"level": 0.0}}))


@pytest.mark.parametrize("charge", [1.0, -1.0, 3.0])
def test_it_is_a_stiff_track_with_a_shifted_z(chamber: CdcResponse, charge: float) -> None:
    trigger = TrackTrigger()
    steps = trigger.steps(chamber.respond(shot(charge), 1))
    assert (steps.counts["tracks"] > 0).mean() > 0.98
    valid = steps.tracks["valid"] == 1
    omega = steps.tracks["omega"][valid]
    # Straight: the curvature is 0 within the plane's cells, without a side.
    assert np.mean(np.abs(omega) <= 3) > 0.95
    assert N_OMEGA > 10 * 3
    assert abs(omega.mean()) < 0.7
    # z of the line through the parabola at the stereo superlayers: z = cot θ r + F E r² / 2 pT².
    force = charge * 0.299792458e-2 * 1.5
    pt = P * np.sin(THETA)
    r = np.array(RADIUS_MM)[list(FIRST_PRIORITY_LAYER)][[1, 3, 5, 7]] / 10.0
    z = r / np.tan(THETA) + force * sqrt(P**2 + MASS**2) * r**2 / (2.0 * pt**2)
    expected = np.polyfit(r, z, 1)[1]
    neural = trigger.neural_tracks(steps.inputs)
    found = np.median(neuro_mlp.physical(neural[neural["neural"] == 1])[0])
    assert found * charge < 0.0
    assert found == pytest.approx(expected, rel=0.3)
