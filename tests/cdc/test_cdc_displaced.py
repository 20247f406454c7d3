"""Particles that start at displaced vertices: hits beyond the vertex only, and in time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from firmware_models.cdc_geometry import cdc_geometry
from sim.detector.cdc.cells import DISTANCE, FLIGHT, Z
from sim.detector.cdc.digitise import Crossings
from sim.detector.cdc.response import CdcResponse
from sim.events import Events
from sim.processes import get_process

Gun = Callable[..., Events]
LIGHT = 29.9792458
LAYERS = cdc_geometry().table


def _layers(crossings: Crossings) -> np.ndarray:
    """Return the layers of all crossings, from the numbers of cells alone."""
    return np.searchsorted(np.cumsum(LAYERS.cells), crossings.wire, side="right")


@pytest.mark.parametrize("rho", [0.0, 3.9, 12.0, 16.5, 24.6, 47.7, 76.0, 108.0])
@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_stiff_radial_track_crosses_the_layers_ahead(
    rho: float, way: float, vacuum: CdcResponse, gun: Gun
) -> None:
    """Outwards the layers from ρ on; inwards those within ρ, then all on the far side."""
    azimuth = np.radians(37.0)
    start = (rho * np.cos(azimuth), rho * np.sin(azimuth), 20.0)
    events = gun(13, 50.0, 90.0, 37.0 if way > 0.0 else 217.0, start)
    events.vertex[:, 3] = 1.5
    crossings = vacuum.crossings(events, 1)[1]
    layers = _layers(crossings)
    t = (20.0 - LAYERS.z_backward) / (LAYERS.z_forward - LAYERS.z_backward)
    half = np.pi * LAYERS.half_shift / LAYERS.cells / 2.0
    # A stereo wire is nearest to the axis in the middle.
    radius = LAYERS.radius * np.sqrt(1.0 - 4.0 * t * (1.0 - t) * np.sin(half) ** 2)
    active = (LAYERS.z_backward < 20.0) & (LAYERS.z_forward > 20.0)
    beyond, before = np.flatnonzero(radius > rho + 1.0), np.flatnonzero(radius < rho - 1.0)
    assert active.all()
    sides = np.angle(np.exp(1j * (np.arctan2(*_position(crossings)[:, 1::-1].T) - azimuth)))
    if way > 0.0:
        assert set(beyond) <= set(layers) <= set(range(56)) - set(before)
        assert np.abs(sides).max() < 0.5
    else:
        assert set(layers) == set(range(56))
        assert set(layers[np.abs(sides) < 0.5]) >= set(before)
        assert not set(layers[np.abs(sides) < 0.5]) & set(beyond)
        assert set(layers[np.abs(sides) > 2.6]) == set(range(56))
    place = way * _along(crossings, azimuth) - way * rho
    flight = crossings.columns[:, FLIGHT] - 1.5
    assert flight.min() >= -1e-9
    # The nearest point of the arc in a cell is within a cell's size of the wire.
    np.testing.assert_allclose(flight * LIGHT, place, atol=1.3)


def _position(crossings: Crossings) -> np.ndarray:
    """Return the point of each crossing's wire at the crossing's z, straight between its ends."""
    layers = _layers(crossings)
    first = np.concatenate(([0], np.cumsum(LAYERS.cells)))[layers]
    pitch = 2.0 * np.pi / LAYERS.cells[layers]
    low, high = LAYERS.z_backward[layers], LAYERS.z_forward[layers]
    azimuth = (crossings.wire - first + LAYERS.offset[layers]) * pitch
    turned = azimuth + np.pi * LAYERS.half_shift[layers] / LAYERS.cells[layers]
    t = ((crossings.columns[:, Z] - low) / (high - low))[:, None]
    back = np.stack((np.cos(azimuth), np.sin(azimuth)), axis=1)
    front = np.stack((np.cos(turned), np.sin(turned)), axis=1)
    place = LAYERS.radius[layers][:, None] * ((1.0 - t) * back + t * front)
    return np.column_stack((place, crossings.columns[:, Z]))


def _along(crossings: Crossings, azimuth: float) -> np.ndarray:
    place = _position(crossings)
    return np.cos(azimuth) * place[:, 0] + np.sin(azimuth) * place[:, 1]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("b_to_k_s", {"mass": 1.0, "ctau": 0.2}),
        ("b_to_k_s", {"mass": 3.0, "ctau": 1.0, "decay": "KK"}),
        ("inelastic_dark_matter", {"mass": 0.5, "splitting": 0.5, "ctau": 0.2}),
        ("kshort_gun", {}),
        ("lambda_gun", {}),
        ("conversion", {}),
        ("beam_background_tracks", {}),
    ],
)
def test_every_hit_can_be_reached_from_the_vertex(
    name: str, values: dict[str, object], quiet: CdcResponse
) -> None:
    """No crossing is earlier than the vertex or farther from it than its particle has flown."""
    events = get_process(name, **values).generate(300, 1)
    events, crossings = quiet.crossings(events, 1)
    assert len(crossings.wire) > 1000
    vertex = events.vertex[crossings.particle]
    after = crossings.columns[:, FLIGHT] - vertex[:, 3]
    assert after.min() > -1e-9
    gap = np.linalg.norm(_position(crossings) - vertex[:, :3], axis=1)
    reach = after * LIGHT + np.abs(crossings.columns[:, DISTANCE])
    # The perpendicular to a stereo wire leaves the wire at another z than the track's.
    assert (gap - reach).max() < 0.1


def test_outward_daughters_leave_the_layers_before_the_vertex_empty(quiet: CdcResponse) -> None:
    events = get_process("b_to_k_s", mass=1.0, ctau=0.3).generate(1500, 2)
    events, crossings = quiet.crossings(events, 1)
    p4, vertex = events.p4, events.vertex
    rho = np.hypot(vertex[:, 0], vertex[:, 1])
    pt = np.hypot(p4[:, 0], p4[:, 1])
    outward = (p4[:, 0] * vertex[:, 0] + p4[:, 1] * vertex[:, 1]) > 0.0
    # 0.6 GeV turn at 2.7 m: such a track leaves the chamber outwards and never comes back.
    stiff = outward & (pt > 0.6) & (rho > 20.0) & (rho < 100.0)
    chosen = stiff[crossings.particle]
    assert len(np.unique(crossings.particle[chosen])) > 100
    radius = LAYERS.radius[_layers(crossings)]
    # A stereo wire is at most 1.4 cm nearer to the axis in its middle, a slab 1 cm thick.
    assert (radius - rho[crossings.particle])[chosen].min() > -1.1
    outside = (rho > 113.0)[crossings.particle]
    assert (rho > 113.0).any()
    assert not outside.any()


def test_displaced_electrons_lose_no_energy_in_material_that_they_never_cross(
    quiet: CdcResponse, vacuum: CdcResponse, gun: Gun
) -> None:
    """Behind the inner wall a track starts as in a vacuum; before it, not."""
    for rho, same in ((16.5, True), (15.0, False)):
        events = gun(211, 0.15, 80.0, 10.0, (rho, 0.0, 0.0))
        first = [r.crossings(events, 1)[1].columns[0] for r in (quiet, vacuum)]
        assert np.array_equal(first[0], first[1]) == same
