"""Patterns of short tracks against wires that helices come near to, and simulated tracks."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from firmware_models import grl_short
from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_layers import layer_table
from firmware_models.short_patterns import build_patterns, short_patterns
from firmware_models.track_extrapolation import TURN, origin, turn_table
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.geometry import BACKWARD_Z, FORWARD_Z, GEV_PER_CM
from sim.detector.klm.layers import CENTRE_Z, endcap_depths
from sim.events import Events
from sim.processes import get_process
from trigger.track_trigger import TrackSteps, TrackTrigger

PRIORITY = (3, 10, 16, 22, 28)
Pattern = tuple[int, int, int, int]
Angles = np.ndarray[Any, np.dtype[np.float64]]


# ---------------------------------------------------------------------------------- the list
def test_how_many_and_what_they_cover() -> None:
    patterns = short_patterns()
    assert len(patterns) == 118  # basf2 has 137
    assert np.bincount(patterns.side).tolist() == [63, 55]
    assert ((patterns.coverage >= 0.99) & (patterns.coverage < 0.995)).all()
    # No set of offsets twice: the stereo superlayers tell the sides apart.
    assert len({tuple(row) for row in patterns.offset.tolist()}) == len(patterns)


def test_least_number_that_covers() -> None:
    """Without its rarest pattern a side has less than what is asked for."""
    patterns = short_patterns()
    for side in (0, 1):
        weight = patterns.weight[patterns.side == side]
        assert weight.sum() >= 0.99 * patterns.total[side] > weight.sum() - weight.min()
    sizes = [len(build_patterns(layer_table(), share)) for share in (0.5, 0.9, 0.99, 1.0)]
    assert sizes == sorted(sizes)
    assert build_patterns(layer_table(), 1.0).coverage.tolist() == [1.0, 1.0]


def test_planes_of_the_endcaps() -> None:
    from firmware_models.short_patterns import ECL_Z_CM, KLM_Z_CM

    assert ECL_Z_CM == (FORWARD_Z, BACKWARD_Z)
    first = float(endcap_depths()[0])
    assert pytest.approx((CENTRE_Z + first, CENTRE_Z - first)) == KLM_Z_CM


# ------------------------------------------------------------------------------- nearest wires
def nearest_number(superlayer: int, phi0: float, kappa: float, cot: float, z0: float) -> int:
    """Return the number of the wire that a helix comes nearest to, step by step along it."""
    geometry = cdc_geometry()
    layer = PRIORITY[superlayer]
    first = int(geometry.first_wire[layer])
    wires = np.arange(first, int(geometry.first_wire[layer + 1]))
    radius = float(geometry.table.radius[layer])
    best = (math.inf, -1)
    # Chords up to 3 % short of the endplates' radius: wires are nearer to the axis in between.
    for chord in np.linspace(0.97 * radius, 1.005 * radius, 60):
        turn = math.asin(0.5 * kappa * chord)
        x, y = chord * math.cos(phi0 - turn), chord * math.sin(phi0 - turn)
        z = z0 + 2.0 * turn / kappa * cot
        distance = np.hypot(*(geometry.position(wires, z) - (x, y)).T)
        best = min(best, (float(distance.min()), int(distance.argmin())))
    return best[1]


@pytest.mark.parametrize(("side", "low", "high"), [(0, 24.0, 29.0), (1, 127.0, 133.0)])
def test_helices_leave_listed_patterns(side: int, low: float, high: float) -> None:
    rng = np.random.default_rng(5)
    patterns = short_patterns()
    own = {tuple(row) for row in patterns.offset[patterns.side == side].tolist()}
    found = 0
    for _ in range(200):
        kappa = float(rng.uniform(-1.0, 1.0)) * GEV_PER_CM / 0.25
        phi0, z0 = float(rng.uniform(0.0, 2.0 * math.pi)), float(rng.uniform(-2.0, 2.0))
        cot = 1.0 / math.tan(math.radians(float(rng.uniform(low, high))))
        cells = (160, 160, 192, 224, 256)
        bins = [64 * nearest_number(s, phi0, kappa, cot, z0) // cells[s] for s in range(5)]
        found += tuple((b - bins[0] + 32) % 64 - 32 for b in bins[1:]) in own
    assert found >= 192


def test_mirror_image_of_the_axial_offsets() -> None:
    """Opposite charge, mirrored azimuth: axial offsets change sign, to one bin of rounding."""
    patterns = build_patterns(layer_table(), 1.0)
    for side in (0, 1):
        here = patterns.side == side
        for column in (1, 3):
            values = patterns.offset[here, column]
            mean = (values * patterns.weight[here]).sum() / patterns.weight[here].sum()
            assert abs(mean) < 0.3
        # Wires of superlayer 1 run with rising azimuth, those of superlayer 3 back: at the forward
        # end by 20° and 14° from the backward end, which numbers them.
        first, third = (
            (patterns.offset[here, column] * patterns.weight[here]).sum()
            / patterns.weight[here].sum() for column in (0, 2)
        )  # fmt: skip
        if side == 0:
            assert -3.2 < first < -1.8
            assert 1.2 < third < 2.6
        else:
            assert -1.0 < first < -0.1
            assert 0.0 < third < 0.6


# ----------------------------------------------------------------------------- simulated tracks
@cache
def simulated(
    low: float, high: float, n: int, p_min: float
) -> tuple[Events, TrackSteps, np.ndarray[Any, Any]]:
    gun = get_process("track_gun", None, particle="mu", spectrum="inverse_pt", p_min=p_min,
                      p_max=5.0, theta_min=low, theta_max=high)  # fmt: skip
    events = gun.generate(n, 7, 0)
    quiet = CdcConfig.from_mapping({"background": {"level": 0.0}})
    steps = TrackTrigger().steps(CdcResponse(quiet).respond(events, 7, 0))
    return events, steps, grl_short.quantize(steps.segments, steps.tracks)


def azimuth_at(events: Events, z: float) -> Angles:
    """Return the azimuth [rad] of the first particles' helices at a plane, without losses."""
    px, py, pz = events.p4[:, :3].T
    charge = -np.sign(events.pdg)  # of muons
    result: Angles = np.arctan2(py, px) - 0.5 * charge * GEV_PER_CM * z / pz
    return result % (2.0 * np.pi)


SIDES = [(0, 23.5, 28.0, FORWARD_Z, 283.9), (1, 130.0, 134.0, BACKWARD_Z, -189.9)]


@pytest.mark.parametrize(("side", "low", "high", "ecl_z", "klm_z"), SIDES)
def test_simulated_tracks_of_the_endcaps(
    side: int, low: float, high: float, ecl_z: float, klm_z: float
) -> None:
    events, steps, words = simulated(low, high, 600, 0.3)
    out = grl_short.evaluate(words)
    assert not steps.tracks["valid"].any()  # the track finder sees none of them
    found = out["short"].any(axis=1)
    assert found.mean() > 0.9
    assert (out["ti"] == 1).mean() > 0.95
    assert (out["short_side"][found, side] == 1).all()
    assert not out["short_side"][:, 1 - side].any()
    assert (out["ts"][found, 0] == 1).mean() > 0.99
    # Where it meets the calorimeter: within one bin of 10°.
    bins = (azimuth_at(events, ecl_z) * 36 / (2.0 * np.pi)).astype(int)
    own = out["short_ecl"][:, 36 * side : 36 * side + 36]
    near = np.any(own[np.arange(600), (bins + np.array([[-1], [0], [1]])) % 36], axis=0)
    assert near[found].mean() > 0.97
    assert own[found].sum(axis=1).mean() < 1.4
    # And the sector of the muon detector, for momenta that get there.
    fast = np.asarray(found & (np.hypot(events.p4[:, 0], events.p4[:, 1]) > 0.6))
    quadrant = (azimuth_at(events, klm_z) * 4 / (2.0 * np.pi)).astype(int) % 4
    right = np.asarray(out["short_klm"][np.arange(600), 4 * side + quadrant] == 1)
    assert right[fast].mean() > 0.95
    assert out["short_klm"][found].sum(axis=1).mean() < 1.35


def test_simulated_tracks_of_the_barrel_are_vetoed() -> None:
    """Most leave a pattern too; the full track takes it away."""
    _, _, words = simulated(45.0, 60.0, 600, 0.3)
    full = words["valid"].any(axis=1)
    assert full.mean() > 0.95
    free = grl_short.evaluate(words[full], {"veto": np.array([63])})["short"].any(axis=1)
    left = grl_short.evaluate(words[full])["short"].any(axis=1)
    assert free.mean() > 0.2
    assert left.mean() < 0.01


def test_veto_is_centred_for_both_charges() -> None:
    """Where a full track is said to pass superlayer 2 there is its segment; so at 126 cm."""
    events, _, words = simulated(60.0, 110.0, 600, 0.45)
    one = words["valid"].sum(axis=1) == 1
    slot = words["valid"].argmax(axis=1)
    rows = np.arange(600)
    omega = words["omega"][rows, slot].astype(int)
    phi0 = origin(words["phi0"][rows, slot], slot // 6)
    for radius in (40.16, 126.0):
        turn = turn_table(radius)[abs(omega)]
        told = phi0 - np.sign(omega) * turn
        px, py = events.p4[:, 0], events.p4[:, 1]
        kappa = -np.sign(events.pdg) * GEV_PER_CM / np.hypot(px, py)
        true = (np.arctan2(py, px) - np.arcsin(0.5 * kappa * radius)) * TURN / (2.0 * np.pi)
        residual = (told - true + TURN / 2) % TURN - TURN / 2
        for sign in (-1, 1):
            chosen = one & (turn >= 0) & (np.sign(omega) == sign) & (np.sign(kappa) == sign)
            assert chosen.sum() > 150
            assert abs(np.median(residual[chosen])) < 8  # a half-cell of φ0
            assert (abs(residual[chosen]) < 40).mean() > 0.95
