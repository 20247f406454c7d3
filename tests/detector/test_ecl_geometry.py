"""Ways of particles against closed forms and small steps; look-up against the ring table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.trigger_cells import (
    RING_PHI_COUNT,
    RING_THETA_HIGH_DEG,
    RING_THETA_LOW_DEG,
    cell_map,
)
from sim.detector import geometry as geo

LIGHT = 0.299792458e-2 * 1.5  # GeV per cm of radius in 1.5 T


def _cell(theta_deg: float, phi_deg: float) -> int:
    s = geo.strips()
    t, p = np.radians(theta_deg), np.radians(phi_deg)
    r = geo.surface_distance(t)
    x, y, z = r * np.sin(t) * np.cos(p), r * np.sin(t) * np.sin(p), r * np.cos(t)
    return int(geo.cell_at(x, y, z, s.edge, s.phi_count, s.cell_id))


def test_every_centre_is_in_its_cell(centres: tuple[np.ndarray, np.ndarray]) -> None:
    found = [_cell(t, p) for t, p in zip(*centres, strict=True)]
    assert found == list(range(1, 577))


@settings(max_examples=300, deadline=None)
@given(st.floats(0.5, 179.5), st.floats(-360.0, 720.0))
def test_lookup_is_the_ring_table(theta: float, phi: float) -> None:
    edges = [*RING_THETA_LOW_DEG, *RING_THETA_HIGH_DEG]
    if min(abs(theta - edge) for edge in edges) < 1e-6:
        return  # on an edge, either side will do
    expected = 0
    for ring in range(1, 18):
        if RING_THETA_LOW_DEG[ring - 1] < theta < RING_THETA_HIGH_DEG[ring - 1]:
            width = 360.0 / RING_PHI_COUNT[ring - 1]
            if abs((phi / width) - round(phi / width)) < 1e-6:
                return
            expected = int(cell_map().id_of[ring, int(np.floor((phi % 360.0) / width)) + 1])
    assert _cell(theta, phi) == expected


def test_strips_tile_without_overlap() -> None:
    s = geo.strips()
    assert len(s.ring) == geo.THETA_STRIPS
    assert (np.diff(s.edge) > 0).all()
    assert s.ring.tolist() == [0, 1, 2, 3, -1, *range(4, 16), -1, 16, 17, 0]
    assert sorted(s.cell_id[s.cell_id > 0].tolist()) == list(range(1, 577))


@pytest.mark.parametrize(
    ("theta", "end"),
    [
        (5.0, geo.HOLE), (12.3, geo.HOLE), (12.5, geo.HIT), (31.3, geo.HIT), (31.5, geo.GAP),
        (32.1, geo.GAP), (32.3, geo.HIT), (90.0, geo.HIT), (128.6, geo.HIT), (128.8, geo.GAP),
        (130.6, geo.GAP), (130.8, geo.HIT), (155.0, geo.HIT), (155.2, geo.HOLE), (179.0, geo.HOLE),
    ],
)  # fmt: skip
def test_straight_ways_from_the_collision_end_by_their_angle(theta: float, end: int) -> None:
    t = np.radians(theta)
    found, x, y, z, *_, path = geo.to_surface(
        0.0, 0.0, 0.0, np.sin(t) * 0.6, np.sin(t) * 0.8, np.cos(t), 0.0
    )
    assert found == end
    assert np.degrees(np.arctan2(np.hypot(x, y), z)) == pytest.approx(theta)
    assert path == pytest.approx(np.sqrt(x * x + y * y + z * z))


@pytest.mark.parametrize("charge", [-1.0, 1.0])
@pytest.mark.parametrize("pt", [0.29, 0.35, 0.5, 1.0, 5.0])
def test_bending_from_the_axis_is_the_chord_of_a_circle(charge: float, pt: float) -> None:
    """r = 2 R sin(Δφ): the point turns by asin(r / 2R), the path is 2 R asin(r / 2R)."""
    end, x, y, z, dx, dy, _, path = geo.to_surface(0.0, 0.0, 0.0, pt, 0.0, 0.1 * pt, charge)
    half = np.arcsin(geo.BARREL_RADIUS / (2.0 * pt / LIGHT))
    assert end == geo.HIT
    assert np.hypot(x, y) == pytest.approx(geo.BARREL_RADIUS)
    assert np.arctan2(y, x) == pytest.approx(-charge * half, abs=1e-9)
    assert np.arctan2(dy, dx) == pytest.approx(-charge * 2.0 * half, abs=1e-9)
    transverse = 2.0 * pt / LIGHT * half
    assert path == pytest.approx(transverse * np.sqrt(1.01))
    assert z == pytest.approx(0.1 * transverse)


def test_below_the_cut_off_the_barrel_is_never_reached() -> None:
    """From the axis the farthest point of the circle is 2 R = pT / 0.15 B: 0.2811 GeV at 125 cm."""
    cut = 0.5 * geo.BARREL_RADIUS * LIGHT
    assert cut == pytest.approx(0.2811, abs=1e-4)
    for theta in np.linspace(20.0, 160.0, 57):
        pz = cut * 0.999 / np.tan(np.radians(theta))
        end, x, y, z, *_ = geo.to_surface(0.0, 0.0, 0.0, cut * 0.999, 0.0, pz, 1.0)
        if end in (geo.HIT, geo.HOLE):
            assert z in (geo.FORWARD_Z, geo.BACKWARD_Z)
            assert np.hypot(x, y) < 125.0
    above, *_ = geo.to_surface(0.0, 0.0, 0.0, cut * 1.001, 0.0, 0.0, 1.0)
    below, *_ = geo.to_surface(0.0, 0.0, 0.0, cut * 0.999, 0.0, 0.0, 1.0)
    assert (above, below) == (geo.HIT, geo.MISSED)


def _stepped(
    position: np.ndarray, momentum: np.ndarray, charge: float, step: float = 0.01
) -> tuple[np.ndarray, float]:
    """Follow dp/ds = q p × B / |p| in small rotations until the surface; return point and path."""
    p = np.linalg.norm(momentum)
    d, x, path = momentum / p, position.copy(), 0.0
    turn = -charge * LIGHT / p * step  # rotation of the direction about z per step
    cos, sin = np.cos(turn), np.sin(turn)
    ch, sh = np.cos(turn / 2), np.sin(turn / 2)
    while path < geo.MAX_PATH:
        middle = np.array([d[0] * ch - d[1] * sh, d[1] * ch + d[0] * sh, d[2]])
        x = x + step * middle
        d = np.array([d[0] * cos - d[1] * sin, d[1] * cos + d[0] * sin, d[2]])
        path += step
        r = np.hypot(x[0], x[1])
        if r >= geo.BARREL_RADIUS or not geo.BACKWARD_Z < x[2] < geo.FORWARD_Z:
            return x, path
    return x, path


@pytest.mark.parametrize("seed", range(12))
def test_helix_from_anywhere_equals_small_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    r, phi = rng.uniform(0.0, 100.0), rng.uniform(0.0, 2 * np.pi)
    start = np.array([r * np.cos(phi), r * np.sin(phi), rng.uniform(-80.0, 150.0)])
    momentum = rng.normal(size=3) * 0.5
    charge = float(rng.choice([-2.0, -1.0, 1.0, 2.0]))
    end, x, y, z, *_, path = geo.to_surface(*start, *momentum, charge)
    point, stepped = _stepped(start, momentum, charge)
    if end in (geo.HIT, geo.HOLE):
        assert np.allclose([x, y, z], point, atol=0.03)
        assert path == pytest.approx(stepped, abs=0.03)
    elif end == geo.MISSED:
        assert stepped >= geo.MAX_PATH
    else:
        assert end == geo.GAP


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-90, 90), st.floats(-90, 90), st.floats(-101, 195),
    st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5), st.sampled_from([-1.0, 0.0, 1.0]),
)  # fmt: skip
def test_every_way_ends_on_the_surface(x, y, z, px, py, pz, charge) -> None:
    end, ex, ey, ez, dx, dy, dz, path = geo.to_surface(x, y, z, px, py, pz, charge)
    if end in (geo.MISSED, geo.OUTSIDE):
        return
    r = np.hypot(ex, ey)
    on_plane = ez in (geo.FORWARD_Z, geo.BACKWARD_Z)
    assert on_plane or r == pytest.approx(geo.BARREL_RADIUS, abs=1e-4)
    assert dx * dx + dy * dy + dz * dz == pytest.approx(1.0)
    assert path >= np.sqrt((ex - x) ** 2 + (ey - y) ** 2 + (ez - z) ** 2) - 1e-6
    assert dz * np.sqrt(px * px + py * py + pz * pz) == pytest.approx(pz, abs=1e-9)


@pytest.mark.parametrize("point", [(130.0, 0.0, 0.0), (0.0, 0.0, 196.5), (0.0, 0.0, -103.0)])
def test_nothing_comes_from_outside(point: tuple[float, float, float]) -> None:
    assert geo.to_surface(*point, -1.0, 0.0, 0.0, 0.0)[0] == geo.OUTSIDE
