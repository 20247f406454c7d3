"""Layers, sectors, gaps, hadrons, efficiency, noise, determinism, messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import cos, exp, radians, sqrt, tan

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.klm_hits import KlmHits
from sim.detector.cdc.material import stopping_power
from sim.detector.klm.background import fire_probabilities, plane_rates
from sim.detector.klm.config import HadronConfig, KlmConfig, PlaneConfig, PlaneNoiseConfig
from sim.detector.klm.layers import apothems, make_layers
from sim.detector.klm.material import substance_table
from sim.detector.klm.passage import BACK, LEFT, LOST, NOTHING, STOPPED
from sim.detector.klm.response import KlmResponse
from sim.events import Events, concatenate, from_dense
from tests.klm.bethe_oracle import bethe

Gun = Callable[..., Events]
ALL = (1 << 30) - 1


def _same(a: KlmHits, b: KlmHits) -> bool:
    return all(
        getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in ("offsets", "sector", "layer", "plane")
    )


def _changed(response: KlmResponse, **sections: dict[str, float]) -> KlmResponse:
    config = response.config
    parts = {key: replace(getattr(config, key), **values) for key, values in sections.items()}
    return KlmResponse(replace(config, **parts))


def test_stiff_muons_cross_all_layers_of_the_sector_they_point_at(
    ideal: KlmResponse, gun: Gun
) -> None:
    """Barrel at 45° i, forward of z = 47 cm first; quadrants of the endcaps from φ = 0."""
    barrel = 45.0 * np.arange(8) + 3.0
    for theta, first in ((65.0, 0), (95.0, 8)):
        masks = ideal.respond(gun(13, 100.0, theta, barrel), 1).masks()
        expected = np.zeros((8, 24), dtype=np.uint64)
        expected[np.arange(8), first + np.arange(8)] = ALL
        np.testing.assert_array_equal(masks, expected)
    quadrants = 90.0 * np.arange(4) + 45.0
    for theta, first, layers in ((30.0, 16, 14), (138.0, 20, 12)):
        masks = ideal.respond(gun(13, 100.0, theta, quadrants), 1).masks()
        expected = np.zeros((4, 24), dtype=np.uint64)
        expected[np.arange(4), first + np.arange(4)] = (1 << 2 * layers) - 1
        np.testing.assert_array_equal(masks, expected)


def test_ways_in_closed_form(ideal: KlmResponse, gun: Gun) -> None:
    """Straight muons: crystals 30 cm, coil 25 g/cm² / sin θ, iron 14 plates / (sin θ cos φ)."""
    theta, phi = 65.0, 10.0
    fates = ideal.explain(gun(13, 1e5, theta, phi), 1)
    sine = np.sin(radians(theta))
    assert fates.crystal[0] == pytest.approx(30.0 * 4.51, rel=1e-5)
    assert fates.coil[0] == pytest.approx(25.0 / sine, rel=1e-5)
    iron = 14 * 4.7 * 7.874 / (sine * cos(radians(phi)))
    # The gaps about the first plate differ in height: its share of the way is 4.7 / 8.95.
    assert fates.iron[0] == pytest.approx(iron, rel=1e-5)
    assert (fates.crossed[0], fates.end[0]) == (15, LEFT)


def test_loss_is_the_sum_over_the_way(ideal: KlmResponse, gun: Gun) -> None:
    """Bethe's formula, written down again, summed over the ways in 1 g/cm²; half the factor."""
    events = gun(13, 3.0, 70.0, 45.0 * np.arange(8))
    fates = ideal.explain(events, 1)
    start = events.p4[0, 3] - 0.1056583755
    kinetic = start
    for number, way in enumerate((fates.crystal[0], fates.coil[0], fates.iron[0])):
        for _ in range(400):
            kinetic -= bethe(kinetic, 0.1056583755, number) * way / 400
    np.testing.assert_allclose(fates.loss, start - kinetic, rtol=2e-3)
    behind = _changed(ideal, material={"loss": 0.5}).explain(events, 1)
    np.testing.assert_allclose(behind.loss, 0.5 * fates.loss, rtol=0.03)


def _tracked(p: float, theta: float, phi: float, charge: int) -> tuple[int, int]:
    """Return layers crossed by a muon and its last sector, in steps of 0.2 cm of its own.

    Only what this barrel test needs: field to 176 cm, crystals for 30 cm of way behind 125 cm,
    coil at 176 cm, plates between the octagons.
    """
    mass, step = 0.1056583755, 0.2
    table, layers = substance_table(), apothems()
    x = np.zeros(3)
    d = np.array((np.sin(theta) * cos(phi), np.sin(theta) * np.sin(phi), cos(theta)))
    energy, crystal, share, crossed, coil, sector = (
        sqrt(p * p + mass * mass),
        0.0,
        1.0,
        0,
        False,
        -1,
    )
    normals = np.radians(45.0 * np.arange(8))
    for _ in range(20_000):
        momentum = sqrt(energy * energy - mass * mass)
        r = np.hypot(x[0], x[1])
        if not coil:
            turn = -charge * 0.299792458e-2 * 1.5 * step / momentum
            d = np.array((d[0] - turn * d[1], d[1] + turn * d[0], d[2]))
            d /= np.linalg.norm(d)
        x = x + step * d
        heights = np.cos(normals) * x[0] + np.sin(normals) * x[1]
        height, grams, number = heights.max(), 0.0, 0
        if r >= 125.0 and crystal < 30.0 and not coil:
            # The way is fixed by the direction at the front face.
            if crystal == 0.0:
                share = float(d @ x) / float(np.linalg.norm(x))
            grams, number = step * 4.51, 0
            crystal += step * share
        if not coil and np.hypot(x[0], x[1]) >= 176.0:
            coil = True
            grams, number = 25.0 / ((d[0] * x[0] + d[1] * x[1]) / np.hypot(x[0], x[1])), 1
        if 0 < crossed < 15:
            gap = layers[crossed] - layers[crossed - 1]
            grams, number = step * 4.7 / gap * 7.874, 2
        if grams > 0.0:
            energy -= stopping_power(momentum / mass, mass, 1.0, table[number]) * grams
        if energy < mass * 1.002 or (not coil and d[0] * x[0] + d[1] * x[1] < 0.0):
            break
        while crossed < 15 and height >= layers[crossed]:
            crossed += 1
            sector = int(np.argmax(heights)) + (0 if x[2] > 47.0 else 8)
        if crossed == 15:
            break
    return crossed, sector


def test_soft_muons_against_small_steps(ideal: KlmResponse, gun: Gun) -> None:
    """Layers reached from 0.5 to 1.5 GeV, both charges; one layer may differ at a stop."""
    rng = np.random.default_rng(8)
    p, theta = np.linspace(0.5, 1.5, 20), rng.uniform(60.0, 100.0, 20)
    phi = rng.uniform(0.0, 360.0, 20)
    differences, seen = [], []
    for i, code in enumerate((13, -13) * 10):
        crossed = int(ideal.explain(gun(code, p[i], theta[i], phi[i]), 1).crossed[0])
        expected, sector = _tracked(p[i], radians(theta[i]), radians(phi[i]), -np.sign(code))
        differences.append(crossed - expected)
        seen.append(expected)
        if expected > 2 and crossed == expected:
            masks = ideal.respond(gun(code, p[i], theta[i], phi[i]), 1).masks()[0]
            top = np.uint64(3) << np.uint64(2 * (crossed - 1))
            hit = np.flatnonzero(masks & top)
            assert not len(hit) or hit.tolist() == [sector]  # none: a dead edge
    assert np.abs(differences).max() <= 1
    assert min(seen) <= 2
    assert max(seen) == 15
    assert np.mean(np.array(differences) == 0) >= 0.85


def test_momentum_needed(ideal: KlmResponse, gun: Gun) -> None:
    """Without material the field alone turns back: pT of 0.40 GeV at the coil."""
    vacuum = _changed(ideal, material={"crystal": 0.0, "coil": 0.0, "loss": 0.0})
    least = 0.299792458e-2 * 1.5 * 176.0 / 2.0
    assert least == pytest.approx(0.40, abs=0.005)
    sine = np.sin(radians(80.0))
    below, above = (
        vacuum.explain(gun(13, least * factor / sine, 80.0, np.arange(0.0, 360.0, 30.0)), 1)
        for factor in (0.999, 1.001)
    )
    assert (below.end == BACK).all()
    assert (below.crossed == 0).all()
    assert (above.end == LEFT).all()
    assert (above.crossed >= 14).all()


def test_turning_by_a_sector_moves_the_masks(ideal: KlmResponse, gun: Gun) -> None:
    """The octagon's symmetry under 45°, the endcaps' under 90°."""
    rng = np.random.default_rng(9)
    phi, theta, p = rng.uniform(0, 360, 300), rng.uniform(20, 150, 300), rng.uniform(0.6, 3, 300)
    masks = ideal.respond(gun(13, p, theta, phi), 1).masks()
    assert masks[:, :16].any(axis=1).sum() > 100
    assert masks[:, 16:].any(axis=1).sum() > 50
    turned = ideal.respond(gun(13, p, theta, phi + 45.0), 1).masks()
    for first in (0, 8):
        part = slice(first, first + 8)
        np.testing.assert_array_equal(turned[:, part], np.roll(masks[:, part], 1, axis=1))
    turned = ideal.respond(gun(13, p, theta, phi + 90.0), 1).masks()
    for first in (16, 20):
        part = slice(first, first + 4)
        np.testing.assert_array_equal(turned[:, part], np.roll(masks[:, part], 1, axis=1))


def test_charges_mirror_each_other(ideal: KlmResponse, gun: Gun) -> None:
    """A μ+ at -φ is the mirror image of a μ- at φ: sector i becomes -i."""
    rng = np.random.default_rng(10)
    phi, theta, p = rng.uniform(0, 360, 300), rng.uniform(20, 150, 300), rng.uniform(0.6, 3, 300)
    minus = ideal.respond(gun(13, p, theta, phi), 1).masks()
    plus = ideal.respond(gun(-13, p, theta, -phi), 1).masks()
    mirror = [*(-np.arange(8) % 8), *(8 + -np.arange(8) % 8), 19, 18, 17, 16, 23, 22, 21, 20]
    np.testing.assert_array_equal(plus, minus[:, mirror])
    assert (plus != minus).any()


def test_gaps_between_sectors(ideal: KlmResponse, gun: Gun) -> None:
    """Straight tracks: a layer is live up to tan φ = half width / radius, in every sector."""
    phi = np.arange(-22.5, 337.5, 0.02) + 0.01
    masks = ideal.respond(gun(13, 1e4, 65.0, phi), 1).masks()
    layers = make_layers(ideal.config)
    for layer in (0, 1, 7, 14):
        hit = ((masks[:, :8] >> np.uint64(2 * layer)) & np.uint64(1)).any(axis=1)
        iron = 7.94 if layer == 0 else 3.0
        half = layers.apothem[layer] * tan(radians(22.5)) - iron - 2.0
        live = 2.0 * np.degrees(np.arctan(half / layers.apothem[layer])) / 45.0
        assert hit.mean() == pytest.approx(live, abs=1e-3)
        edge = np.abs((phi + 22.5) % 45.0) < 0.5
        assert not hit[edge].any()
    # The gap in z about 47 cm, 5 cm to either side, at the first layer's radius.
    z = np.array((47.0 - 5.2, 47.0 - 4.8, 47.0 + 4.8, 47.0 + 5.2))
    theta = np.degrees(np.arctan2(apothems()[0], z))
    first = ideal.respond(gun(13, 1e5, theta, 0.0), 1).masks() & np.uint64(3)
    assert first.any(axis=1).tolist() == [True, False, False, True]


def test_efficiency(ideal: KlmResponse, gun: Gun) -> None:
    """Hits of planes are binomial, the two planes of a layer independent."""
    n, efficiency = 2000, 0.93
    assert PlaneConfig().efficiency == efficiency
    response = _changed(ideal, planes={"efficiency": efficiency})
    masks = response.respond(gun(13, 50.0, 65.0, np.full(n, 3.0)), 1).masks()[:, 0]
    planes = (masks[:, None] >> np.arange(30, dtype=np.uint64)) & np.uint64(1)
    error = sqrt(efficiency * (1.0 - efficiency) / n)
    np.testing.assert_allclose(planes.mean(axis=0), efficiency, atol=4.5 * error)
    both = (planes[:, ::2] & planes[:, 1::2]).mean()
    assert both == pytest.approx(efficiency**2, abs=4.0 * sqrt(0.87 * 0.13 / (15 * n)))


def test_hadrons_survive_by_interaction_lengths(ideal: KlmResponse, gun: Gun) -> None:
    """Stiff pions without cascades: exp(-depth) of them cross a layer, K_L none."""
    n = 8000
    response = _changed(ideal, hadrons={"interaction": 1.0, "tail": 0.0})
    crossed = response.explain(gun(211, 1000.0, 90.0, np.zeros(n)), 1).crossed
    before = 30.0 / (171.5 / 4.51) + 25.0 / 107.2
    for layer in (0, 2, 5, 10):
        expected = exp(-before - layer * 4.7 / (132.1 / 7.874))
        error = sqrt(expected * (1.0 - expected) / n)
        assert (crossed > layer).mean() == pytest.approx(expected, abs=4.5 * error)
    assert not len(response.respond(gun(130, 5.0, 90.0, np.zeros(200)), 1).layer)


def test_cascades_reach_on(ideal: KlmResponse, gun: Gun) -> None:
    """K_L of 2 GeV kinetic energy: the chance of a hit at depth x, from the two exponentials.

    With lengths in λ and the mean m of the tail, a cascade is at x with the chance
    ∫ e^(-u) e^(-(x-u)/m) du = m (e^(-x) - e^(-x/m)) / (1 - m).
    """
    n, kinetic, mass = 8000, 2.0, 0.497611
    p = sqrt(kinetic * (kinetic + 2.0 * mass))
    response = _changed(ideal, hadrons={"interaction": 1.0, "tail": 0.5})
    masks = response.respond(gun(130, p, 90.0, np.zeros(n)), 1).masks().max(axis=1)
    m = 0.5 * np.log2(1.0 + kinetic)
    before = 30.0 / (171.5 / 4.51) + 25.0 / 107.2
    for layer in (0, 3, 8):
        x = before + layer * 4.7 / (132.1 / 7.874)
        expected = m * (exp(-x) - exp(-x / m)) / (1.0 - m)
        hit = ((masks >> np.uint64(2 * layer)) & np.uint64(1)).mean()
        assert hit == pytest.approx(expected, abs=4.5 * sqrt(expected / n))


def test_kaons_decay_by_their_lifetime(ideal: KlmResponse, gun: Gun) -> None:
    """Without material: other decays than μν end the way, by the path to the last layer."""
    n, p, mass = 6000, 3.0, 0.493677
    response = _changed(
        ideal, material={"crystal": 0.0, "coil": 0.0, "loss": 0.0}, hadrons={"decays": 1.0}
    )
    end = response.explain(gun(321, p, 90.0, np.zeros(n)), 1).end
    # The arc in the field is a little longer than the radius, the way behind it slanted.
    radius = p / (0.299792458e-2 * 1.5)
    arc = 2.0 * radius * np.arcsin(88.0 / radius)
    way = arc + (apothems()[14] - 176.0) / cos(np.arcsin(88.0 / radius))
    expected = (1.0 - 0.6356) * (1.0 - exp(-way * mass / (p * 371.1)))
    error = sqrt(expected * (1.0 - expected) / n)
    assert (end == STOPPED).mean() == pytest.approx(expected, abs=4.5 * error)
    # Muons below 0.4 GeV turn back; they are some 10 % of the decays with a muon.
    assert np.isin(end, (STOPPED, LEFT, BACK)).all()
    assert 0 < (end == BACK).sum() < 0.2 * (end == STOPPED).sum()


def test_what_leaves_nothing(quiet: KlmResponse, gun: Gun) -> None:
    for code in (11, -11, 22, 12):
        events = gun(code, 5.0, 70.0, np.arange(0.0, 360.0, 10.0))
        assert not len(quiet.respond(events, 1).layer)
        assert (quiet.explain(events, 1).end == NOTHING).all()
    assert (quiet.explain(gun(13, 3.0, 5.0, 0.0), 1).end == LOST).all()


def test_noise(quiet: KlmResponse) -> None:
    """Every plane's share of windows with a hit; no layer that is not there."""
    config = KlmConfig(background=PlaneNoiseConfig(level=20.0, noise=50.0))
    n = 20_000
    masks = KlmResponse(config).background_events(n, 1).masks()
    expected = fire_probabilities(config)
    seen = np.stack(
        [((masks >> np.uint64(bit)) & np.uint64(1)).mean(axis=0) for bit in range(30)], axis=1
    )
    error = np.sqrt(expected * (1.0 - expected) / n)
    assert (np.abs(seen - expected) <= 4.8 * error).all()
    assert (seen[16:20, 28:] == 0.0).all()
    assert (seen[20:, 24:] == 0.0).all()
    # The third layer of the barrel has the stated rate: 4 MHz over 32 planes and the noise.
    assert plane_rates(KlmConfig())[:16, 4:6] == pytest.approx(125.0 + 4.0)
    assert expected[0, 4] == pytest.approx(1.0 - exp(-(20 * 125e3 + 50e3) * 251.5e-9))
    assert not len(quiet.background_events(1000, 1).layer)


def test_determinism(gun: Gun) -> None:
    """Equal keys give equal bytes; events do not depend on those after them."""
    response = KlmResponse()
    events = gun(211, np.linspace(0.5, 4.0, 300), 70.0, np.linspace(0.0, 700.0, 300))
    hits = response.respond(events, 3, 1)
    assert _same(hits, response.respond(events, 3, 1))
    assert not _same(hits, response.respond(events, 3, 2))
    assert not _same(hits, response.respond(events, 4, 1))
    some = response.respond(events.select(np.arange(120)), 3, 1)
    assert _same(some, hits.select(np.arange(120)))
    double = response.respond(concatenate((events, events)), 3, 1)
    assert _same(hits, double.select(np.arange(300)))
    assert _same(response.background_events(50, 3), response.background_events(50, 3))


def test_hits_and_masks_are_the_same() -> None:
    rng = np.random.default_rng(11)
    masks = rng.integers(0, 1 << 30, (40, 24)).astype(np.uint64)
    masks[rng.random((40, 24)) < 0.5] = 0
    hits = KlmHits.from_masks(masks)
    rows = [
        (i, s, b // 2, b % 2)
        for i in range(40) for s in range(24) for b in range(30) if int(masks[i, s]) >> b & 1
    ]  # fmt: skip
    found = np.stack((hits.window_of, hits.sector, hits.layer, hits.plane), axis=1)
    np.testing.assert_array_equal(found, rows)
    np.testing.assert_array_equal(hits.masks(), masks)
    np.testing.assert_array_equal(hits.select(np.array([7, 2])).masks(), masks[[7, 2]])
    first = (0,) * 8 + (8,) * 8 + (16,) * 4 + (20,) * 4
    part, section, within = hits.places()
    np.testing.assert_array_equal(part, hits.sector >= 16)
    np.testing.assert_array_equal(section, np.isin(hits.sector, [*range(8, 16), *range(20, 24)]))
    np.testing.assert_array_equal(within, hits.sector - np.array(first)[hits.sector])


def test_messages(quiet: KlmResponse, gun: Gun) -> None:
    with pytest.raises(InputError, match="given -1 windows"):
        quiet.background_events(-1, 1)
    with pytest.raises(InputError, match="a number from 0 to 1"):
        KlmConfig.from_mapping({"planes": {"efficiency": 1.2}}, "study.toml: klm")
    with pytest.raises(InputError, match="efficiency"):
        KlmConfig.from_mapping({"planes": {"eficiency": 0.9}}, "study.toml: klm")
    events = gun(13, 1.0, 70.0, 0.0)
    events.pdg[0] = 23
    with pytest.raises(InputError, match="event 0, particle 0"):
        quiet.respond(events, 1)
    events.pdg[0] = 9000001
    declared = KlmResponse(KlmConfig(invisible=(9000001,), hadrons=HadronConfig(tail=0.1)))
    assert len(declared.respond(events, 1)) == 1


def test_any_particle_from_anywhere() -> None:
    """Momenta over ten decades, starts in and outside: finite fates, planes that exist."""
    rng = np.random.default_rng(12)
    n = 6000
    codes = np.array((13, -13, 211, -321, 2212, -2212, 130, 2112, 310, 1000010020, 11, 22, 12))
    p3 = rng.normal(size=(n, 1, 3)) * 10.0 ** rng.uniform(-6.0, 4.0, (n, 1, 1))
    p3[::50, :, :2] = 0.0
    p3[1::50] = 0.0
    energy = np.sqrt((p3**2).sum(axis=2, keepdims=True) + 4.0)
    events = from_dense([13], np.concatenate((p3, energy), axis=2))
    events.pdg[:] = rng.choice(codes, n)
    events.vertex[:, :3] = rng.normal(size=(n, 3)) * 10.0 ** rng.uniform(-3.0, 2.6, (n, 1))
    events.vertex[2::50] = 0.0
    response = KlmResponse(KlmConfig(background=PlaneNoiseConfig(noise=0.0, level=0.0)))
    fates = response.explain(events, 1)
    for name in ("loss", "crystal", "coil", "iron"):
        values = getattr(fates, name)
        assert np.isfinite(values).all()
        assert (values >= 0.0).all()
    assert fates.crossed.max() <= 15 + 14
    hits = response.respond(events, 1)
    assert len(hits.layer) > 1000
    most = np.where(hits.sector < 16, 15, np.where(hits.sector < 20, 14, 12))
    assert (hits.layer < most).all()
    crossed = np.add.reduceat(fates.crossed, fates.events.offsets[:-1])
    assert (np.diff(hits.offsets) <= 2 * crossed).all()
