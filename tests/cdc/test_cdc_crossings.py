"""Cells and distances against a tracker that shares no code: small steps along the helix."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, radians, sin, sqrt, tan

import numpy as np
import pytest

from firmware_models.cdc_geometry import cdc_geometry
from sim.detector.cdc.cells import DISTANCE, FLIGHT, PATH, Z
from sim.detector.cdc.digitise import Crossings
from sim.detector.cdc.response import CdcResponse
from sim.events import Events

Gun = Callable[..., Events]
LIGHT = 29.9792458
STEP = 0.004


def helix(
    events: Events, charge: float, length: float, step: float = STEP
) -> tuple[np.ndarray, np.ndarray]:
    """Return points along the helix of the only particle and the path to each [cm]."""
    (px, py, pz, _), (x, y, z, _) = events.p4[0], events.vertex[0]
    pt = sqrt(px * px + py * py)
    p = sqrt(pt * pt + pz * pz)
    curvature = -charge * 0.299792458e-2 * 1.5 / pt
    s = np.arange(0.0, length, step) * pt / p
    phi = np.arctan2(py, px)
    points = np.stack(
        (
            x + (np.sin(phi + curvature * s) - np.sin(phi)) / curvature,
            y - (np.cos(phi + curvature * s) - np.cos(phi)) / curvature,
            z + s * pz / pt,
        ),
        axis=1,
    )
    return points, s * p / pt


def cells_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return layer (-1: none) and global wire of the cell of each point, from the table alone."""
    table = cdc_geometry().table
    layer = np.full(len(points), -1)
    wire = np.full(len(points), -1)
    r, phi, z = np.hypot(points[:, 0], points[:, 1]), np.arctan2(points[:, 1], points[:, 0]), None
    z = points[:, 2]
    first, upper = 0, np.zeros(len(points))
    own = [np.flatnonzero(table.superlayer == s) for s in range(9)]
    for number in range(56):
        n, radius = int(table.cells[number]), table.radius[number]
        zb, zf = table.z_backward[number], table.z_forward[number]
        turn = pi * table.half_shift[number] / n
        t = (z - zb) / (zf - zb)
        # One wire as a straight line between its ends.
        wx = radius * ((1 - t) * 1.0 + t * cos(turn))
        wy = radius * t * sin(turn)
        wire_r, wire_phi = np.hypot(wx, wy), np.arctan2(wy, wx)
        group = own[table.superlayer[number]]
        at = number - group[0]
        high = table.radius[number + 1] - radius if at < len(group) - 1 else None
        high = radius - table.radius[number - 1] if high is None else high
        # A slab ends half a step outside its wires; the next begins there.
        inside = (r > (upper if at else wire_r - high / 2)) & (r < wire_r + high / 2)
        upper = wire_r + high / 2
        inside &= (z >= zb + table.inset_backward[number]) & (z <= zf - table.inset_forward[number])
        index = np.round((phi - wire_phi) * n / (2 * pi) - table.offset[number]).astype(int) % n
        layer[inside], wire[inside] = number, first + index[inside]
        first += n
    return layer, wire


def ends_of(wire: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of a wire from the table alone."""
    table = cdc_geometry().table
    start = 0
    for number in range(56):
        n = int(table.cells[number])
        if wire < start + n:
            phi = 2 * pi * (wire - start + table.offset[number]) / n
            far = phi + 2 * pi * table.half_shift[number] / (2 * n)
            r = table.radius[number]
            return (
                np.array((r * cos(phi), r * sin(phi), table.z_backward[number])),
                np.array((r * cos(far), r * sin(far), table.z_forward[number])),
            )
        start += n
    raise AssertionError


def distances(points: np.ndarray, wire: int) -> np.ndarray:
    """Return the distance of each point from a wire's line: |v × e|."""
    a, b = ends_of(wire)
    e = (b - a) / np.linalg.norm(b - a)
    return np.linalg.norm(np.cross(points - a, e), axis=1)


def one_event(crossings: Crossings) -> dict[int, np.ndarray]:
    """Return the columns by wire; every wire must occur once."""
    assert len(set(crossings.wire.tolist())) == len(crossings.wire)
    return dict(zip(crossings.wire.tolist(), crossings.columns, strict=True))


CASES = [
    # pT, θ, φ, vertex, code, path
    (3.0, 90.0, 10.0, (0.0, 0.0, 0.0), 13, 130.0),
    (1.0, 60.0, 77.0, (0.0, 0.0, 3.0), -13, 160.0),
    (0.5, 110.0, 200.0, (0.1, -0.2, -4.0), 13, 150.0),
    (0.35, 40.0, 300.0, (0.0, 0.0, 0.0), -211, 240.0),
    (0.3, 120.0, 45.0, (0.0, 0.0, 0.0), 211, 190.0),
    (0.8, 75.0, 123.0, (30.0, 12.0, 5.0), 13, 170.0),
    (0.6, 95.0, 170.0, (-50.0, 3.0, -20.0), -13, 70.0),
    (1.5, 18.0, 250.0, (0.0, 0.0, 0.0), -13, 160.0),
    (1.2, 145.0, 330.0, (0.0, 0.0, 0.0), 13, 120.0),
]


@pytest.mark.parametrize("case", CASES)
def test_cells_and_distances_are_those_of_small_steps(
    case: tuple[float, float, float, tuple[float, float, float], int, float],
    vacuum: CdcResponse,
    gun: Gun,
) -> None:
    pt, theta, phi, vertex, code, length = case
    events = gun(code, pt, theta, phi, vertex)
    charge = -np.sign(code) if abs(code) == 13 else np.sign(code)
    points, path = helix(events, charge, length)
    r = np.hypot(points[:, 0], points[:, 1])
    outside = np.flatnonzero(r > 112.05)
    if len(outside):
        points, path = points[: outside[0]], path[: outside[0]]
    layer, wire = cells_of(points)
    got = one_event(vacuum.crossings(events, 1)[1])
    beta = np.sqrt((events.p4[0, :3] ** 2).sum()) / events.p4[0, 3]
    seen = {int(w): np.flatnonzero(wire == w) for w in np.unique(wire[layer >= 0])}
    assert len(seen) > 15
    slack = 0.08 / sin(radians(theta))
    # A way shorter than 0.5 mm may fall to either side of a border.
    assert {w for w, rows in seen.items() if len(rows) * STEP > 0.05} <= set(got)
    assert {w for w, c in got.items() if c[PATH] > 0.05} <= set(seen)
    for w, columns in got.items():
        if w not in seen or columns[PATH] < 0.1:
            continue
        rows = seen[w]
        ways = distances(points[rows], w)
        nearest = rows[np.argmin(ways)]
        # At the border of a cell the distance depends on where the border is taken to be.
        inside = 0 < np.argmin(ways) < len(ways) - 1
        assert abs(columns[DISTANCE]) == pytest.approx(ways.min(), abs=1e-3 if inside else 2e-2), w
        # Slabs of neighbouring superlayers overlap by up to 1 mm at the endplates.
        assert columns[PATH] == pytest.approx(len(rows) * STEP, abs=slack), w
        assert columns[Z] == pytest.approx(
            points[nearest, 2], abs=0.05 + 0.05 / abs(tan(radians(theta)))
        )
        assert columns[FLIGHT] == pytest.approx(
            path[nearest] / (beta * LIGHT), abs=6e-3 if inside else 2e-2
        )
        a, b = ends_of(w)
        at = a + (b - a) * (points[nearest, 2] - a[2]) / (b[2] - a[2])
        ahead = np.arctan2(*points[nearest, 1::-1]) - np.arctan2(at[1], at[0])
        ahead = (ahead + pi) % (2 * pi) - pi
        if abs(columns[DISTANCE]) > 0.01:
            assert np.sign(columns[DISTANCE]) == np.sign(ahead)


def test_distances_are_exact_inside_a_cell(vacuum: CdcResponse, gun: Gun) -> None:
    """Where the nearest point lies inside the cell, the distance is the helix's to 5 µm."""
    for pt, phi in ((0.4, 33.0), (1.0, 99.0), (5.0, 271.0)):
        events = gun(13, pt, 70.0, phi)
        points, _ = helix(events, -1.0, 140.0, 0.0005)
        checked = 0
        for w, columns in one_event(vacuum.crossings(events, 1)[1]).items():
            ways = distances(points, w)
            if columns[PATH] > 1.5 and abs(columns[DISTANCE]) < 0.6:
                assert abs(columns[DISTANCE]) == pytest.approx(ways.min(), abs=5e-4)
                checked += 1
        assert checked > 15


def test_a_curling_track_is_the_helix_of_small_steps(vacuum: CdcResponse, gun: Gun) -> None:
    """0.12 GeV turns at 53 cm: every cell of the whole way out and back is found."""
    events = gun(-13, 0.12, 88.0, 20.0)
    circumference = 2 * pi * 0.12 / 0.004496887 / sin(radians(88.0))
    points, _ = helix(events, 1.0, 0.98 * circumference)
    layer, wire = cells_of(points)
    crossings = vacuum.crossings(events, 1)[1]
    counts = {int(w): int((wire == w).sum()) for w in np.unique(wire[layer >= 0])}
    assert max(layer) == 23
    expected = {w for w, n in counts.items() if n * STEP > 0.1}
    assert expected <= set(crossings.wire.tolist())
    ways = dict.fromkeys(expected, 0.0)
    for w, columns in zip(crossings.wire.tolist(), crossings.columns, strict=True):
        if w in ways:
            ways[w] += columns[PATH]
    # Two turns are followed; the second meets the chamber at another z, in axial layers again.
    first = (
        crossings.columns[:, FLIGHT]
        < 0.98 * circumference / (0.12 / np.hypot(0.12, 0.1057)) / LIGHT
    )
    total = crossings.columns[first, PATH].sum()
    assert total == pytest.approx(STEP * (layer >= 0).sum(), rel=0.01)


def test_opposite_charges_are_mirror_images(vacuum: CdcResponse, gun: Gun) -> None:
    """Mirrored at the xz plane, axial wires with offset 0 are their own images."""
    phi = np.linspace(0.0, 360.0, 50, endpoint=False) + 1.234
    plus = vacuum.crossings(gun(-13, 0.6, 70.0, phi), 1)[1]
    minus = vacuum.crossings(gun(13, 0.6, 70.0, -phi), 1)[1]
    geometry = cdc_geometry()
    for sign, crossings in ((1, plus), (-1, minus)):
        axial = geometry.table.half_shift[geometry.layer[crossings.wire]] == 0
        rows = np.repeat(np.arange(50), np.diff(crossings.offsets))[axial]
        wire = crossings.wire[axial]
        layer = geometry.layer[wire]
        n, local = geometry.table.cells[layer], wire - geometry.first_wire[layer]
        if sign < 0:
            twice = -2 * local - (2 * geometry.table.offset[layer]).astype(int)
            local = (twice - (2 * geometry.table.offset[layer]).astype(int)) // 2 % n
        keys = np.stack((rows, layer, local), axis=1)
        order = np.lexsort(keys.T[::-1])
        found = keys[order], sign * crossings.columns[axial, DISTANCE][order]
        if sign > 0:
            reference = found
    np.testing.assert_array_equal(found[0], reference[0])
    np.testing.assert_allclose(found[1], reference[1], atol=1e-9)


def test_straight_tracks_cross_every_layer_once(vacuum: CdcResponse, gun: Gun) -> None:
    """1000 GeV: 56 layers, 56 cells or a neighbour more where it crosses a border of cells."""
    phi = np.linspace(0.0, 360.0, 97, endpoint=False)
    crossings = vacuum.crossings(gun(13, 1000.0, 90.0, phi), 1)[1]
    geometry = cdc_geometry()
    for event in range(97):
        rows = slice(crossings.offsets[event], crossings.offsets[event + 1])
        layer = geometry.layer[crossings.wire[rows]]
        assert set(layer.tolist()) == set(range(56))
        path = np.bincount(layer, weights=crossings.columns[rows, PATH])
        # Slabs: 1 cm each in superlayer 0, half the steps of the table elsewhere.
        assert path[:8] == pytest.approx(np.full(8, 1.0), abs=1e-3)
        steps = (1.795, 1.82, 1.82, 1.795)
        assert path[39:43] == pytest.approx(np.array(steps), abs=1e-3)


def test_displaced_tracks_miss_inner_layers(vacuum: CdcResponse, gun: Gun) -> None:
    crossings = vacuum.crossings(gun(13, 2.0, 90.0, 0.0, (40.0, 0.0, 0.0)), 1)[1]
    layer = cdc_geometry().layer[crossings.wire]
    assert layer.min() == 16  # 40.16 cm: the slab of layer 16 begins at 39.25 cm
    assert set(layer.tolist()) == set(range(16, 56))


def test_uniform_impact_gives_uniform_distances(vacuum: CdcResponse, spray: Gun) -> None:
    """Radial tracks at random φ: |distance| is flat up to half the pitch."""
    events = spray(13, 4000, 20.0, 30.0)
    crossings = vacuum.crossings(events, 1)[1]
    geometry = cdc_geometry()
    layer = geometry.layer[crossings.wire]
    for number in (3, 16, 28, 52):
        here = (layer == number) & (crossings.columns[:, PATH] > 0.9)
        half = pi * geometry.table.radius[number] / geometry.table.cells[number]
        part = np.abs(crossings.columns[here, DISTANCE]) / half
        part = part[part < 0.95]
        counts = np.histogram(part, bins=19, range=(0.0, 0.95))[0]
        chi2 = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
        assert chi2 < 45.0  # 18 degrees of freedom: 0.04 %
