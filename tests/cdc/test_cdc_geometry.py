"""The chamber's table against its published invariants; messages of the check."""

from __future__ import annotations

from dataclasses import replace
from math import atan2, degrees

import numpy as np
import pytest

from firmware_models.cdc_geometry import (
    build_geometry,
    cdc_geometry,
    check_geometry,
    stereo_angle,
)
from firmware_models.cdc_layers import LayerTable, layer_table
from firmware_models.errors import InputError
from sim.detector.cdc.surfaces import make_zones

PRIORITY = (3, 10, 16, 22, 28, 34, 40, 46, 52)


def test_counts() -> None:
    geometry = cdc_geometry()
    assert int(geometry.table.cells.sum()) == 14336 == len(geometry.layer)
    assert geometry.table.cells[list(PRIORITY)].sum() == 2336
    assert np.bincount(geometry.layer).tolist() == geometry.table.cells.tolist()
    assert (np.diff(geometry.layer) >= 0).all()


def test_the_chamber_repeats_32_times() -> None:
    """Turned by 11.25°, wire i of a layer is wire i + N/32, at every z."""
    geometry = cdc_geometry()
    turn = 2.0 * np.pi / 32
    matrix = np.array(((np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))))
    wire = np.arange(14336)
    n, first = geometry.table.cells[geometry.layer], geometry.first_wire[geometry.layer]
    image = first + (wire - first + n // 32) % n
    for z in (-30.0, 0.0, 55.0):
        turned = geometry.position(wire, z) @ matrix
        np.testing.assert_allclose(geometry.position(image, z), turned, atol=1e-9)
    per_sector = geometry.table.cells[list(PRIORITY)] // 32
    assert (per_sector[::2].sum(), per_sector[1::2].sum()) == (41, 32)


def test_figures_of_the_priority_layers() -> None:
    """Stereo angle [mrad], pitch [mm], Δz for one pitch [mm], least pT [GeV], θ range [degree]."""
    table = layer_table()
    published = (
        (0.0, 7.78, None, 0.045, 16.5, 150.9),
        (68.3, 11.52, 168, 0.066, 16.7, 150.9),
        (0.0, 13.14, None, 0.090, 16.8, 145.6),
        (-62.3, 14.38, 231, 0.115, 19.3, 139.8),
        (0.0, 15.22, None, 0.139, 22.7, 135.4),
        (70.1, 15.95, 227, 0.164, 25.9, 131.6),
        (0.0, 16.46, None, 0.189, 28.8, 128.7),
        (-75.4, 16.95, 224, 0.214, 31.5, 126.1),
        (0.0, 17.29, None, 0.238, 34.0, 124.0),
    )
    for layer, (angle, pitch, step, pt, low, high) in zip(PRIORITY, published, strict=True):
        radius, n = table.radius[layer], table.cells[layer]
        assert 1e3 * stereo_angle(table)[layer] == pytest.approx(angle, abs=0.05)
        assert 20.0 * np.pi * radius / n == pytest.approx(pitch, abs=0.006)
        length = table.z_forward[layer] - table.z_backward[layer]
        if step is not None:
            pitches = abs(table.half_shift[layer]) / 2
            assert 10.0 * length / pitches == pytest.approx(step, abs=1.0)
        assert 0.5 * radius * 0.0044969 == pytest.approx(pt, abs=6e-4)
        assert degrees(atan2(radius, table.z_forward[layer])) == pytest.approx(low, abs=0.06)
        assert degrees(atan2(radius, table.z_backward[layer])) == pytest.approx(high, abs=0.06)


def test_wires_end_where_the_table_says() -> None:
    geometry = cdc_geometry()
    table, layer = geometry.table, geometry.layer
    wire = np.arange(14336)
    local = wire - geometry.first_wire[layer]
    pitch = 2.0 * np.pi / table.cells[layer]
    back = (pitch * (local + table.offset[layer])) % (2.0 * np.pi)
    far = (pitch * (local + table.offset[layer] + 0.5 * table.half_shift[layer])) % (2.0 * np.pi)
    for z, expected in ((None, back), (table.z_forward[layer], far)):
        gap = (geometry.phi(wire, z) - expected + np.pi) % (2.0 * np.pi) - np.pi
        assert np.abs(gap).max() < 1e-9
        at = table.z_backward[layer] if z is None else z
        radius = np.linalg.norm(geometry.position(wire, at), axis=1)
        np.testing.assert_allclose(radius, table.radius[layer], rtol=1e-12)
    # Half way a straight wire is nearer to the axis by the cosine of half its turn.
    middle = 0.5 * (table.z_backward + table.z_forward)[layer]
    radius = np.linalg.norm(geometry.position(wire, middle), axis=1)
    expected_radius = table.radius[layer] * np.cos(0.25 * pitch * table.half_shift[layer])
    np.testing.assert_allclose(radius, expected_radius, rtol=1e-12)


def _with(name: str, layer: int, value: float) -> LayerTable:
    table = layer_table()
    values = getattr(table, name).copy()
    values[layer] = value
    return replace(table, **{name: values})


@pytest.mark.parametrize(
    ("name", "layer", "value", "message"),
    [
        ("radius", 7, 30.0, "radius[8]: given 25.7; allowed: positive radii that rise"),
        ("radius", 0, np.nan, "radius[0]: given nan; allowed: finite numbers"),
        ("z_backward", 3, 1.0, "z_backward[3]: given 1.0; allowed: below 0"),
        ("z_forward", 3, -1.0, "z_forward[3]: given -1.0; allowed: above 0"),
        ("inset_forward", 5, 99.0, "inset_forward[5]: given 99.0; allowed: from 0 to the wire's"),
        ("cells", 9, 192, "cells[9]: given 192; allowed: the same number in all layers"),
        ("half_shift", 21, -17, "half_shift[21]: given -17; allowed: the same shift in all"),
        ("offset", 12, 0.5, "offset[12]: given 0.5; allowed: 0 and 0.5 in turn"),
        ("superlayer", 8, 0, "superlayer[8]: given 0; allowed: layers in superlayers of 8, 6"),
    ],
)
def test_the_check_names_what_is_wrong(name: str, layer: int, value: float, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_geometry(_with(name, layer, value))
    assert str(caught.value).startswith(message)


def test_the_check_names_wrong_sums_and_signs() -> None:
    table = layer_table()
    for cells, message in (
        (table.cells + 16 * (table.superlayer == 4), "multiples of 32"),
        (table.cells + 32 * (table.superlayer == 4), "given 14528 wires; allowed: 14336"),
    ):
        with pytest.raises(InputError, match=message):
            check_geometry(replace(table, cells=cells))
    with pytest.raises(InputError, match=r"half_shift\[8\].*above 0 in 1 and 5"):
        check_geometry(replace(table, half_shift=-table.half_shift))
    with pytest.raises(InputError, match=r"shape \(55,\)"):
        check_geometry(replace(table, radius=table.radius[:-1]))
    check_geometry(table)


def test_a_chamber_inside_the_silicon_is_refused_by_the_response() -> None:
    # 15.4 - (17.8 - 15.4) / 2
    with pytest.raises(InputError, match=r"radius: given a first layer from 14\.20 cm; allowed"):
        make_zones(build_geometry(_with("radius", 0, 15.4)))
