"""Passages by crossing angle, and what the extended shape finds of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.segment_finding import find_segments
from firmware_models.segment_lut import undetermined
from sim.detector.cdc.config import CdcConfig, DriftConfig, MediumConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse, CdcTruth
from sim.processes import get_process
from sim.segments.labels import label
from sim.segments.steep import crossing_angle, steep_passages

FIRST_WIRE = [0, *(np.cumsum([8 * 160, *(6 * c for c in (160, 192, 224, 256, 288, 320, 352))]))]


def displaced(n: int, **drift: float) -> CdcTruth:
    config = CdcConfig(
        drift=DriftConfig(**drift), background=WireBackgroundConfig(level=0.0),
        medium=MediumConfig(scattering=0.0, loss=0.0),
    )  # fmt: skip
    events = get_process("track_gun", rho_max=50.0, deflection=70.0, p_min=0.5, p_max=3.0,
                         theta_min=60.0, theta_max=110.0).generate(n, 3, 0)  # fmt: skip
    return CdcResponse(config).explain(events, 3)


@pytest.mark.parametrize(("d0", "turn"), [(0.0, 80.0), (20.0, 150.0), (-35.0, 90.0), (5.0, 1e6)])
def test_angle_equals_that_of_small_steps_on_the_circle(d0: float, turn: float) -> None:
    """Walk along the circle from its perigee until the radius is passed."""
    radius, step = 60.0, 1e-4
    x, y, heading = d0, 0.0, math.pi / 2
    while math.hypot(x, y) < radius:
        last = x, y
        x += step * math.cos(heading + step / turn / 2)
        y += step * math.sin(heading + step / turn / 2)
        heading += step / turn
    dx, dy = x - last[0], y - last[1]
    cosine = abs(dx * x + dy * y) / (math.hypot(dx, dy) * math.hypot(x, y))
    found = crossing_angle(np.array([radius]), np.array([turn]), np.array([abs(d0 - turn)]))[0]
    assert found == pytest.approx(math.acos(cosine), abs=1e-4)
    if turn == 1e6:
        assert math.sin(found) == pytest.approx(d0 / radius, rel=1e-3)


def test_passages_equal_a_plain_loop() -> None:
    truth = displaced(60)
    segments = find_segments(truth.hits, lut=undetermined(), shape=1)
    rows = steep_passages(truth, segments)
    layers: dict[tuple[int, int], set[int]] = {}
    crossings = truth.crossings
    cells = [160, 160, 192, 224, 256, 288, 320, 352, 384]
    for particle, wire, path in zip(crossings.particle.tolist(), crossings.wire.tolist(),
                                    crossings.columns[:, 1].tolist(), strict=True):  # fmt: skip
        part = max(s for s in range(9) if FIRST_WIRE[s] <= wire)
        layer = (wire - FIRST_WIRE[part]) // cells[part] - (3 if part == 0 else 0)
        if path >= 0.1 and 0 <= layer < 5:
            layers.setdefault((particle, part), set()).add(layer)
    number = {place: 0 for place, seen in layers.items() if len(seen) == 5}
    owners = label(truth, segments).particle.tolist()
    for place in zip(owners, segments.superlayer.tolist(), strict=True):
        if place in number:
            number[place] += 1
    found = dict(zip(zip(rows.particle.tolist(), rows.superlayer.tolist(), strict=True),
                     rows.number.tolist(), strict=True))  # fmt: skip
    assert found == number
    assert len(found) > 200
    assert max(found.values()) > 2


def test_extended_shape_loses_nothing_below_42_degrees() -> None:
    """With every wire efficient; the outermost rows are held to 42° or more."""
    truth = displaced(1500, efficiency=1.0, clusters=1e4)
    shares = []
    for shape in (0, 1):
        rows = steep_passages(truth, find_segments(truth.hits, lut=undetermined(), shape=shape))
        angle = np.degrees(rows.angle)
        flat, steep = angle < 42.0, (angle > 35.0) & (angle < 42.0)
        assert steep.sum() > 300
        shares.append((rows.number[flat] > 0).mean())
        if shape == 0:
            assert (rows.number[steep] > 0).mean() < 0.9
    assert shares[1] == 1.0
    assert shares[0] < 1.0
