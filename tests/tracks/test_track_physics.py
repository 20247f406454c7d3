"""Single muons through the whole track trigger: charge, azimuth, momentum and z are theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models.hough_plane import N_OMEGA, PT_MIN_GEV
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import Events
from sim.processes import get_process
from trigger.track_trigger import TrackTrigger

N = 2500
SIGMA_PHI0_DEG, SIGMA_Q_OVER_PT = 0.9, 0.09
"""Of ideal circles: cdc_track_trigger section 3 of the reference notes."""


def muons(z_min: float, z_max: float, seed: int, **more: Any) -> Events:
    """Return single muons of 1 to 3 GeV in pT, in the central chamber."""
    parameters = {"theta_min": 50.0, "theta_max": 110.0, **more}
    return get_process(
        "track_gun", p_min=1.0, p_max=3.0, z_min=z_min, z_max=z_max, **parameters
    ).generate(N, seed, 0)


def seen(events: Events, level: float, seed: int) -> WireHits:
    """Return the hit wires."""
    config = CdcConfig.from_mapping({"background": {"level": level}})
    return CdcResponse(config).respond(events, seed, 0)


def measured(
    events: Events, tracks: NDArray[np.void]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return differences of φ0 [deg] and q/pT [1/GeV], and whether the charge is right."""
    px, py = events.p4[events.offsets[:-1], :2].T
    charge = -np.sign(events.pdg[events.offsets[:-1]])
    window, tracker, number = np.nonzero(tracks["valid"].reshape(N, 4, 6))
    found = {name: tracks[name].reshape(N, 4, 6)[window, tracker, number]
             for name in ("omega", "phi0", "charge")}  # fmt: skip
    phi0 = 45 + 90 * tracker + 1.125 * (found["phi0"] + 1.0)
    off = (phi0 - np.degrees(np.arctan2(py, px))[window] + 180) % 360 - 180
    # 34 half-cells reach from 0 to the plane's edge.
    bend = found["omega"] / (N_OMEGA * PT_MIN_GEV) - (charge / np.hypot(px, py))[window]
    right = found["charge"] == np.where(charge[window] > 0, 1, 2)
    return off, bend, right


@pytest.mark.parametrize(("level", "found_once"), [(0.0, 0.99), (1.0, 0.97)])
def test_a_muon_is_one_track(level: float, found_once: float) -> None:
    """Errors are those of the plane's cells; what background makes is not the muon."""
    events = muons(-5.0, 5.0, 11)
    steps = TrackTrigger().steps(seen(events, level, 11))
    number = steps.counts["tracks"]
    assert (number == 1).mean() > found_once
    assert (number > 0).mean() > 0.99
    off, bend, right = measured(events, steps.tracks)
    own = np.abs(off) < 4 * SIGMA_PHI0_DEG
    assert own.sum() > 0.99 * N
    if level == 0.0:
        assert own.all()
    assert right[own].mean() > 0.999
    for difference, sigma in ((off[own], SIGMA_PHI0_DEG), (bend[own], SIGMA_Q_OVER_PT)):
        assert difference.std() < 1.1 * sigma
        assert abs(difference.mean()) < 0.05 * sigma + 4 * sigma / np.sqrt(N)
        assert np.abs(difference).max() < 4 * sigma


@pytest.mark.parametrize("network", ["mlp", "deep"])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_neural_tracks_come_from_the_collision_point(network: str, level: float) -> None:
    trigger = TrackTrigger(network=network)
    near = trigger.evaluate(seen(muons(-5.0, 5.0, 12), level, 12))
    assert near.single["ty"][:, 0].mean() > 0.97
    assert near.single["stt"].mean() > 0.97
    # The inner layers end at z = -36 cm: muons from -60 cm that fly forwards pass beside some.
    for z, theta in ((60.0, (90.0, 120.0)), (-60.0, (50.0, 80.0))):
        far = muons(z, z, 13, theta_min=theta[0], theta_max=theta[1])
        words = trigger.evaluate(seen(far, level, 13))
        assert (words.counts["tracks"] > 0).mean() > 0.8
        assert words.single["ty"].any(axis=1).mean() < 0.05
        assert words.single["stt"].mean() < 0.05
