"""Ways in the field and through the octagon; where the layers are."""

from __future__ import annotations

from math import cos, hypot, inf, pi, sin

import numpy as np
import pytest

from sim.detector.geometry import GEV_PER_CM
from sim.detector.klm.config import KlmConfig
from sim.detector.klm.layers import CENTRE_Z, apothems, endcap_depths, make_layers
from sim.detector.klm.path import arc_to_cylinder, least_pt, onward, sideways, to_octagon


@pytest.mark.parametrize(("r", "published"), [(126.0, 0.28), (176.0, 0.40), (202.0, 0.455)])
def test_momentum_that_reaches_a_radius(r: float, published: float) -> None:
    """0.3 B r / 2, with the notes' rounded values; the crossing exists from there on."""
    least = least_pt(r, GEV_PER_CM)
    assert least == pytest.approx(0.2998e-2 * 1.5 * r / 2.0, rel=1e-4)
    assert least == pytest.approx(published, abs=0.005)
    for factor, reaches in ((0.9999, False), (1.0001, True)):
        arc = arc_to_cylinder(0.0, 0.0, 1.0, 0.0, factor * least / GEV_PER_CM, 1.0, r)
        assert (arc < inf) == reaches
    # Just above it the track has made half a turn.
    assert arc == pytest.approx(0.5 * pi * r, rel=0.02)


def test_arc_to_a_cylinder_against_small_steps() -> None:
    """Steps of 0.01 cm along circles from displaced points, inwards and outwards, both charges."""
    rng = np.random.default_rng(3)
    step, r_end, compared = 0.01, 176.0, 0
    for _ in range(40):
        r, phi, psi = rng.uniform(1.0, 150.0), *rng.uniform(0.0, 2.0 * pi, 2)
        radius, sign = rng.uniform(70.0, 400.0), float(rng.choice((-1.0, 1.0)))
        x, y = r * cos(phi), r * sin(phi)
        arc = arc_to_cylinder(x, y, cos(psi), sin(psi), radius, sign, r_end)
        s = np.arange(0.0, 2.0 * pi * radius, step)
        # A positive charge turns clockwise: the direction is ψ - s / R.
        xs = x - sign * radius * (np.sin(psi - sign * s / radius) - sin(psi))
        ys = y + sign * radius * (np.cos(psi - sign * s / radius) - cos(psi))
        outside = np.flatnonzero(np.hypot(xs, ys) > r_end)
        if not len(outside):
            assert arc == inf or radius * pi * 2.0 - arc < 1.0
            continue
        assert arc == pytest.approx(s[outside[0]], abs=2.0 * step)
        ex, ey, ux, uy = onward(x, y, cos(psi), sin(psi), radius, sign, arc)
        assert hypot(ex, ey) == pytest.approx(r_end, abs=1e-6)
        assert (ex, ey) == pytest.approx((xs[outside[0]], ys[outside[0]]), abs=2.0 * step)
        assert (ux, uy) == pytest.approx(
            (cos(psi - sign * arc / radius), sin(psi - sign * arc / radius)), abs=1e-9
        )
        compared += 1
    assert compared > 20


def test_ways_to_the_octagon() -> None:
    """The end lies on the side that it names and within the octagon."""
    rng = np.random.default_rng(4)
    normals = np.radians(45.0 * np.arange(8))
    for _ in range(200):
        x, y = rng.uniform(-100.0, 100.0, 2)
        psi, apothem = rng.uniform(0.0, 2.0 * pi), rng.uniform(160.0, 330.0)
        way, side = to_octagon(x, y, cos(psi), sin(psi), apothem)
        ex, ey = x + way * cos(psi), y + way * sin(psi)
        heights = np.cos(normals) * ex + np.sin(normals) * ey
        assert int(np.argmax(heights)) == side
        assert heights[side] == pytest.approx(apothem)
        assert hypot(ex, ey) == pytest.approx(hypot(apothem, sideways(ex, ey, side)))


def test_layers_stand_where_the_public_geometry_has_them() -> None:
    """First gap at 201.9 cm, 14 plates of 4.7 cm; endcaps of 284 to 402 cm forward."""
    radius = apothems()
    assert len(radius) == 15
    np.testing.assert_allclose(np.diff(radius)[1:], 9.1)
    assert (radius[0], radius[-1]) == pytest.approx((203.95, 201.9 + 4.1 + 14 * 9.1 - 2.2))
    forward, backward = CENTRE_Z + endcap_depths(), CENTRE_Z - endcap_depths()[:12]
    assert (forward[0], forward[-1]) == pytest.approx((283.9, 402.2))
    assert (backward[0], backward[-1]) == pytest.approx((-189.9, -290.0))


def test_live_width_against_the_strips() -> None:
    """Strips times width (basf2): 36 of 4.90 cm in the third layer, 48 of 5.56 in the last."""
    live = 2.0 * (make_layers(KlmConfig()).half_width + KlmConfig().planes.frame)
    assert live[2] == pytest.approx(36 * 4.90, abs=2.0)
    assert live[14] == pytest.approx(48 * 5.56, abs=2.0)
