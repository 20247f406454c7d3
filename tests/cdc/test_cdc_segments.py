"""Track segments: patterns, membership, and where tracks from the collision point find them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.cdc_segments import CENTRE, LEFT, PATTERN_WIRES, RIGHT, segment_map
from sim.detector.cdc.cells import DISTANCE, PATH
from sim.detector.cdc.digitise import Crossings
from sim.detector.cdc.response import CdcResponse
from sim.detector.cdc.truth import segment_truth
from sim.events import Events

Gun = Callable[..., Events]


def test_patterns_are_the_fan_and_the_hour_glass() -> None:
    """In cells from the centre wire and layers from its layer, through the wires' true places."""
    fan = [(0, 0.0)]
    fan += [(1, -0.5), (1, 0.5), *((2, x) for x in (-1.0, 0.0, 1.0))]
    fan += [(3, x) for x in (-1.5, -0.5, 0.5, 1.5)] + [(4, x) for x in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    glass = [(-2, -1.0), (-2, 0.0), (-2, 1.0), (-1, -0.5), (-1, 0.5), (0, 0.0), (1, -0.5), (1, 0.5)]
    glass += [(2, -1.0), (2, 0.0), (2, 1.0)]
    geometry, segments = cdc_geometry(), segment_map()
    for segment in range(2336):
        superlayer = int(segments.superlayer[segment])
        wires = segments.wires[segment]
        wires = wires[: PATTERN_WIRES[superlayer]]
        centre = wires[CENTRE[superlayer]]
        assert centre == segments.priority[segment]
        low = max(geometry.table.z_backward[geometry.layer[wires]])
        # At one and the same fraction of the way, all layers have turned alike.
        phi = geometry.phi(wires)
        assert low < 0.0
        gap = (phi - phi[CENTRE[superlayer]] + np.pi) % (2.0 * np.pi) - np.pi
        cells = gap * SUPERLAYER_CELLS[superlayer] / (2.0 * np.pi)
        layers = geometry.layer[wires] - geometry.layer[centre]
        shape = fan if superlayer == 0 else glass
        assert layers.tolist() == [row for row, _ in shape]
        np.testing.assert_allclose(cells, [x for _, x in shape], atol=1e-9)
        right, left = segments.second[segment]
        assert (right, left) == (wires[RIGHT[superlayer]], wires[LEFT[superlayer]])
        assert (segments.wires[segment, len(wires) :] == -1).all()


def test_segments_count_through_the_superlayers() -> None:
    segments = segment_map()
    assert np.diff(segments.first).tolist() == list(SUPERLAYER_CELLS)
    assert segments.first[-1] == 2336 == len(set(segments.priority.tolist()))
    np.testing.assert_array_equal(
        segments.first[segments.superlayer] + segments.local, np.arange(2336)
    )


def test_members_are_the_inverse_of_the_patterns() -> None:
    segments, geometry = segment_map(), cdc_geometry()
    forward = {
        (s, int(w), k) for s in range(2336) for k, w in enumerate(segments.wires[s]) if w >= 0
    }
    back = {
        (int(s), w, int(k))
        for w in range(14336)
        for s, k in zip(segments.member[w], segments.member_index[w], strict=True)
        if s >= 0
    }
    assert forward == back
    assert len(back) == 160 * 15 + (2336 - 160) * 11
    members = (segments.member >= 0).sum(axis=1)
    by_layer = [set(members[geometry.layer == layer].tolist()) for layer in range(56)]
    assert by_layer == [
        {n} for n in (0, 0, 0, 1, 2, 3, 4, 5, *((3, 2, 1, 2, 3, 0) * 8))
    ]  # unused layers: the first three of superlayer 0, the last of the others


def _main_cells(crossings: Crossings, chosen: np.ndarray) -> np.ndarray:
    """Return the row with the longest way of every particle among the chosen ones."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.lexsort((crossings.columns[rows, PATH], crossings.particle[rows]))]
    return rows[np.flatnonzero(np.diff(crossings.particle[rows], append=-1))]


def test_tracks_from_the_collision_lie_in_the_windows_of_the_trigger(
    vacuum: CdcResponse, gun: Gun
) -> None:
    """relId = segment - (φ0 - α) N / 2π for θ over the chamber, against the windows of basf2's
    NeuroTrigger, and the extremes of straight wires: 0 at the backward end, half_shift / 2 at the
    forward end, with the opposite sign."""
    window = (
        (-1.5, 1.5), (-7.5, -0.5), (-1.5, 1.5), (0.5, 7.5), (-1.5, 1.5), (-8.5, 0.5), (-2.5, 1.5),
        (-0.5, 10.5), (-3.5, 2.5),
    )  # fmt: skip
    geometry, segments = cdc_geometry(), segment_map()
    rng = np.random.default_rng(5)
    n = 20000
    pt, phi0 = rng.uniform(0.5, 4.0, n), rng.uniform(0.0, 360.0, n)
    theta = rng.uniform(35.0, 123.0, n)  # seen by all superlayers
    crossings = vacuum.crossings(gun(-13, pt, theta, phi0), 1)[1]
    track = crossings.particle
    for superlayer in range(9):
        first = segments.first[superlayer]
        priority = segments.priority[first : segments.first[superlayer + 1]]
        layer = geometry.layer[priority[0]]
        cells = geometry.table.cells[layer]
        rows = _main_cells(crossings, geometry.layer[crossings.wire] == layer)
        local = crossings.wire[rows] - priority[0]
        # A positive charge turns clockwise: its azimuth falls with the radius.
        alpha = np.arcsin(geometry.table.radius[layer] * 0.0044969 / (2.0 * pt[track[rows]]))
        reference = (np.radians(phi0[track[rows]]) - alpha) * cells / (2.0 * np.pi)
        relative = (local - reference + cells / 2) % cells - cells / 2
        low, high = window[superlayer]
        inside = ((relative >= low) & (relative <= high)).mean()
        shift = -0.5 * geometry.table.half_shift[layer]
        assert inside > 0.99, superlayer
        assert relative.min() > min(0.0, shift) - 0.8
        assert relative.max() < max(0.0, shift) + 0.8
        if shift == 0.0:
            quantiles = np.quantile(relative, (0.01, 0.99))
            assert quantiles == pytest.approx((-0.49, 0.49), abs=0.03)


def test_stereo_windows_over_the_whole_acceptance(vacuum: CdcResponse, gun: Gun) -> None:
    """1 % and 99 % quantiles of relId, tracks even in θ from 17° to 150°: the reference's toy gave
    (-7.9, -0.3), (0.0, 8.0), (-8.9, 0.0), (0.0, 9.5). A superlayer's own length bounds them."""
    geometry, segments = cdc_geometry(), segment_map()
    rng = np.random.default_rng(6)
    n = 20000
    phi0, theta = rng.uniform(0.0, 360.0, n), rng.uniform(17.0, 150.0, n)
    crossings = vacuum.crossings(gun(-13, 3.0, theta, phi0), 1)[1]
    published = {1: (-7.9, -0.3), 3: (0.0, 8.0), 5: (-8.9, 0.0), 7: (0.0, 9.5)}
    for superlayer, expected in published.items():
        first = segments.priority[segments.first[superlayer]]
        layer = geometry.layer[first]
        cells = geometry.table.cells[layer]
        rows = np.flatnonzero(
            (geometry.layer[crossings.wire] == layer) & (crossings.columns[:, PATH] > 0.5)
        )
        alpha = np.arcsin(geometry.table.radius[layer] * 0.0044969 / 6.0)
        reference = (np.radians(phi0[crossings.particle[rows]]) - alpha) * cells / (2.0 * np.pi)
        relative = (crossings.wire[rows] - first - reference + cells / 2) % cells - cells / 2
        quantiles = np.quantile(relative, (0.01, 0.99))
        # The toy's range in θ is not stated: half a wire, and a wire at the long forward end.
        assert quantiles == pytest.approx(expected, abs=1.0), superlayer


def _crossing(wires: list[int], distances: list[float], particle: int = 0) -> Crossings:
    columns = np.zeros((len(wires), 4))
    columns[:, DISTANCE], columns[:, PATH] = distances, 1.0
    return Crossings(
        np.array((0, len(wires))), np.full(len(wires), particle, dtype=np.int32),
        np.array(wires, dtype=np.int32), columns,
    )  # fmt: skip


def test_truth_by_hand() -> None:
    segments = segment_map()
    own = segments.first[4] + 7
    wires = segments.wires[own]
    full = [int(wires[k]) for k in (1, 3, 5, 6, 9)]
    truth = segment_truth(_crossing(full, [0.1, 0.2, -0.3, 0.4, 0.5]))
    found = dict(zip(truth.segment.tolist(), range(len(truth.segment)), strict=True))
    row = found[own]
    assert (truth.layers[row], truth.position[row], truth.distance[row]) == (5, 3, -0.3)
    # Without the priority cell: the right one of the second layer, then the nearer of both.
    for chosen, distances, position, distance in (
        ((1, 3, 6, 9), (0.1, 0.2, 0.4, 0.5), 1, 0.4),
        ((1, 3, 6, 7, 9), (0.1, 0.2, 0.4, -0.3, 0.5), 2, -0.3),
    ):
        truth = segment_truth(_crossing([int(wires[k]) for k in chosen], list(distances)))
        row = truth.segment.tolist().index(own)
        assert (truth.layers[row], truth.position[row]) == (4, position)
        assert truth.distance[row] == distance
    # Three layers, or four without a priority wire of this segment, are too few.
    for chosen in ((1, 3, 5), (0, 1, 3, 4, 9)):
        truth = segment_truth(_crossing([int(wires[k]) for k in chosen], [0.1] * len(chosen)))
        assert own not in truth.segment.tolist()


def test_truth_of_stiff_tracks_is_a_segment_in_every_superlayer(
    vacuum: CdcResponse, gun: Gun
) -> None:
    n = 500
    rng = np.random.default_rng(3)
    events = gun(13, rng.uniform(1.0, 5.0, n), rng.uniform(40.0, 115.0, n), rng.uniform(0, 360, n))
    truth = segment_truth(vacuum.crossings(events, 1)[1])
    superlayer = segment_map().superlayer[truth.segment]
    event = np.repeat(np.arange(n), np.diff(truth.offsets))
    np.testing.assert_array_equal(event, truth.particle)
    seen = np.zeros((n, 9), dtype=bool)
    seen[event, superlayer] = True
    assert seen.mean() > 0.999
    first = truth.position == 3
    half = np.pi * cdc_geometry().table.radius / cdc_geometry().table.cells
    layer = cdc_geometry().layer[segment_map().priority[truth.segment]]
    # A corner of the cell is the farthest point, half a slab of 1.82 cm above or below the wire.
    assert (np.abs(truth.distance[first]) < np.hypot(half[layer[first]], 0.92)).all()
    assert (np.abs(truth.distance[first]) < half[layer[first]]).mean() > 0.9
