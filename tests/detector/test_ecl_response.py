"""The whole response: conservation, symmetry, hit map, gaps, curling tracks, determinism."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.interface.clock import DATA_CLOCK_NS, TIME_LSB_NS
from firmware_models.trigger_cells import CellHits, cell_map
from sim.detector.deposit import Deposits
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.ecl_config import BackgroundConfig, ElectronicsConfig, ShowerConfig
from sim.detector.particles import classify
from sim.detector.passage import BEYOND, DEAD, MISSED, N_LOSS, REAR, RESOLUTION, UNSEEN
from sim.events import Events, concatenate, from_dense

Gun = Callable[..., Events]
KINDS = (22, 11, -11, 13, -13, 211, -211, 321, 2212, -2212, 2112, -2112, 130, 111, 12)


@pytest.fixture(scope="module")
def ideal() -> EclResponse:
    """No noise, no background, no fluctuation of light, perfect time."""
    return EclResponse(
        EclConfig(
            shower=ShowerConfig(stochastic=0.0, constant=0.0, floor=1e-6),
            electronics=ElectronicsConfig(noise=0.0, time_floor=0.0, time_reference=0.0),
            background=BackgroundConfig(level=0.0),
        )
    )


@pytest.fixture(scope="module")
def quiet() -> EclResponse:
    """The default without beam background."""
    return EclResponse(EclConfig(background=BackgroundConfig(level=0.0)))


def _per_event(deposits: Deposits, values: np.ndarray) -> np.ndarray:
    n = len(deposits.offsets) - 1
    row = np.repeat(np.arange(n), np.diff(deposits.offsets))
    return np.bincount(row, weights=values, minlength=n)


def _equal(a: CellHits, b: CellHits) -> bool:
    names = ("offsets", "cell", "energy", "time", "frame")
    return all(getattr(a, name).tobytes() == getattr(b, name).tobytes() for name in names)


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize("momentum", [0.25, 1.5, 6.0])
def test_energy_is_conserved(
    code: int, momentum: float, quiet: EclResponse, ideal: EclResponse, spray: Gun
) -> None:
    """Cells and losses of every event sum to what the particle can give."""
    events = spray(code, momentum, 400)
    energy = events.p4[:, 3]
    mass = np.sqrt(np.maximum(energy**2 - momentum**2, 0.0))
    given = {22: energy, 11: energy, 111: energy, 12: 0.0 * energy}.get(abs(code), energy - mass)
    given = given + classify(events.pdg).released
    for response in (quiet, ideal):
        deposits = response.deposits(events, seed=3)
        seen = _per_event(deposits, deposits.energy)
        assert seen + deposits.loss.sum(axis=1) == pytest.approx(given, abs=1e-6)
        others = [kind for kind in range(N_LOSS) if kind != RESOLUTION]
        assert (deposits.loss[:, others] >= -1e-9).all()
    assert (deposits.loss[:, RESOLUTION] == 0.0).all()


def test_a_photon_on_each_centre_fires_that_cell_most(
    quiet: EclResponse, gun: Gun, centres: tuple[np.ndarray, np.ndarray]
) -> None:
    hits = quiet.respond(gun(22, 1.0, *centres), seed=1)
    best = [
        int(hits.cell[a + np.argmax(hits.energy[a:b])])
        for a, b in zip(hits.offsets[:-1], hits.offsets[1:], strict=True)
    ]
    assert best == list(range(1, 577))


@pytest.mark.parametrize(
    ("low", "high", "step", "first", "last"),
    [(34.0, 128.0, 10.0, 4, 15), (13.0, 31.0, 22.5, 1, 3), (131.0, 154.0, 22.5, 16, 17)],
)
@pytest.mark.parametrize("code", [22, 13, 211])
def test_rotation_by_a_period_rotates_the_cells(
    low: float, high: float, step: float, first: int, last: int, code: int,
    ideal: EclResponse, gun: Gun,
) -> None:  # fmt: skip
    rng = np.random.default_rng(8)
    theta, phi = rng.uniform(low, high, 300), rng.uniform(0.0, 360.0, 300)
    maps = []
    for shift in (0.0, step):
        deposits = ideal.deposits(gun(code, 3.0, theta, phi + shift), seed=2)
        row = np.repeat(np.arange(300), np.diff(deposits.offsets))
        dense = np.zeros((300, 18, 37))
        cells = cell_map()
        ring, column = cells.theta_id[deposits.cell], cells.phi_id[deposits.cell] - 1
        dense[row, ring, column] = deposits.energy
        maps.append(dense)
    for ring in range(first, last + 1):
        count = int((cell_map().id_of[ring] > 0).sum())
        turned = np.roll(maps[0][:, ring, :count], round(step / 360.0 * count), axis=1)
        assert maps[1][:, ring, :count] == pytest.approx(turned, abs=1e-5)


def _seen_share(response: EclResponse, events: Events) -> np.ndarray:
    deposits = response.deposits(events, seed=4)
    return _per_event(deposits, deposits.energy) / events.p4[:, 3]


@pytest.mark.parametrize(("gap", "beside"), [(31.8, 28.9), (129.7, 126.8), (129.7, 134.9)])
def test_gaps_give_less(gap: float, beside: float, ideal: EclResponse, gun: Gun) -> None:
    phi = np.arange(0.0, 360.0, 0.7)
    inside = _seen_share(ideal, gun(22, 2.0, gap, phi)).mean()
    outside = _seen_share(ideal, gun(22, 2.0, beside, phi)).mean()
    assert 0.0 < inside < 0.6 * outside
    assert 0.85 < outside < 1.0


def test_muons_in_the_gap_leave_nothing(ideal: EclResponse, gun: Gun) -> None:
    deposits = ideal.deposits(gun(13, 50.0, 129.7, np.arange(0.0, 360.0, 5.0)), seed=1)
    assert len(deposits.cell) == 0
    assert (deposits.loss[:, DEAD] > 0.1).all()


@pytest.mark.parametrize("theta", [3.0, 11.0, 157.0, 178.0])
def test_beam_holes_are_empty(theta: float, ideal: EclResponse, gun: Gun) -> None:
    deposits = ideal.deposits(gun(22, 5.0, theta, np.arange(0.0, 360.0, 9.0)), seed=1)
    assert len(deposits.cell) == 0
    assert deposits.loss[:, MISSED] == pytest.approx(np.full(40, 5.0))


def test_soft_tracks_never_reach_the_barrel(ideal: EclResponse, gun: Gun) -> None:
    """pT = 0.25 GeV, below 0.281: what is seen at all is seen in an endcap."""
    theta = np.linspace(20.0, 150.0, 400)
    events = gun(13, 0.25 / np.sin(np.radians(theta)), theta, np.linspace(0, 720, 400))
    deposits = ideal.deposits(events, seed=1)
    ring = cell_map().theta_id[deposits.cell]
    barrel = (ring >= 4) & (ring <= 15)
    assert len(ring) > 300
    # Some enter an endcap at its rim, on the slant, and leave it towards the barrel's end rings.
    assert set(ring[barrel].tolist()) <= {4, 14, 15}
    assert deposits.energy[barrel].sum() < 0.05 * deposits.energy.sum()
    above = gun(13, 0.30 / np.sin(np.radians(theta)), theta, np.linspace(0, 720, 400))
    ring = cell_map().theta_id[ideal.deposits(above, seed=1).cell]
    assert set(range(6, 13)) <= set(ring.tolist())


@pytest.mark.parametrize("code", [11, -11])
def test_electrons_turn_by_the_chord(code: int, ideal: EclResponse, gun: Gun) -> None:
    """The mean φ of the energy is the impact's and what the slanted shower adds, same sign."""
    n, pt = 720, 0.6
    phi = np.arange(n) * 0.5
    deposits = ideal.deposits(gun(code, pt, 90.0, phi), seed=1)
    centre = np.radians(cell_map().phi_deg[deposits.cell])
    x = _per_event(deposits, deposits.energy * np.cos(centre))
    y = _per_event(deposits, deposits.energy * np.sin(centre))
    shift = (np.degrees(np.arctan2(y, x)) - phi + 180.0) % 360.0 - 180.0
    half = np.degrees(np.arcsin(125.0 * 0.299792458e-2 * 1.5 / (2 * pt)))
    # The direction makes the angle `half` with the radius: over some 12 cm depth, another
    # 12 sin(half)/137 rad.
    expected = half + np.degrees(12.0 * np.sin(np.radians(half)) / 137.0)
    charge = -np.sign(code)
    assert -charge * shift.mean() == pytest.approx(expected, abs=0.5)


def test_muons_leave_the_minimum(quiet: EclResponse, gun: Gun) -> None:
    """Most probable loss of 1 GeV muons in 30 cm CsI: 177 MeV by the review's formula."""
    events = gun(13, 1.5, np.linspace(50.0, 110.0, 20_000), np.linspace(0.0, 3600.0, 20_000))
    deposits = quiet.deposits(events, seed=1)
    total = _per_event(deposits, deposits.energy)
    counts, edges = np.histogram(total, bins=np.arange(0.1, 0.4, 0.005))
    peak = edges[np.argmax(counts)] + 0.0025
    assert peak == pytest.approx(0.182, abs=0.012)
    assert (total > 0.14).mean() > 0.99
    assert total.mean() < 0.22


def test_hadrons_interact_as_often_as_the_length_says(ideal: EclResponse, gun: Gun) -> None:
    n = 20_000
    phi = np.linspace(0.0, 3600.0, n)
    for code, length in ((130, 38.04), (2112, 38.04), (-211, 44.12)):
        deposits = ideal.deposits(gun(code, 3.0, 80.0, phi), seed=1)
        interacted = (deposits.loss[:, UNSEEN] > 0.0).mean()
        p = 1.0 - np.exp(-30.0 / length)
        # A charged track comes in at a slant: its way through the crystals is longer.
        slant = 30.0 / np.cos(np.arcsin(125.0 * 0.44969e-2 / 2 / (3.0 * np.sin(np.radians(80.0)))))
        if code == -211:
            p = 1.0 - np.exp(-slant / length)
        assert interacted == pytest.approx(p, abs=4 * (p * (1 - p) / n) ** 0.5)
    assert (deposits.loss[:, REAR] > 0.0).mean() == pytest.approx(1.0 - p, abs=0.02)


def test_visible_part_of_hadrons_has_its_mean_and_spread(ideal: EclResponse, gun: Gun) -> None:
    n = 20_000
    deposits = ideal.deposits(gun(130, 3.0, 80.0, np.linspace(0.0, 3600.0, n)), seed=1)
    kinetic = np.sqrt(9.0 + 0.497611**2) - 0.497611
    unseen = deposits.loss[:, UNSEEN]
    available = kinetic + 0.5 * (0.497611 - (1.115683 - 0.93827209))
    part = 1.0 - unseen[unseen > 0.0] / available
    assert part.mean() == pytest.approx(0.40, abs=4 * 0.22 / len(part) ** 0.5)
    assert part.std() == pytest.approx(0.22, rel=0.03)


def test_stopping_antiprotons_annihilate_and_protons_do_not(ideal: EclResponse, gun: Gun) -> None:
    """0.35 GeV: 63 MeV of kinetic energy range out in a centimetre or two of CsI."""
    angles = np.full(500, 80.0), np.linspace(0.0, 3600.0, 500)
    anti = ideal.deposits(gun(-2212, 0.35, *angles), seed=1)
    assert (anti.loss[:, UNSEEN] > 0.0).all()
    assert (anti.loss[:, REAR] == 0.0).all()
    assert _per_event(anti, anti.energy).mean() == pytest.approx(0.063 + 0.4 * 1.877, rel=0.1)
    proton = ideal.deposits(gun(2212, 0.35, *angles), seed=1)
    seen = _per_event(proton, proton.energy)
    # Stopped near the front face: one cell, but for edges and the few per cent that interact.
    assert (np.diff(proton.offsets) == 1).mean() > 0.8
    assert np.median(seen) == pytest.approx((0.35**2 + 0.93827**2) ** 0.5 - 0.93827, rel=1e-3)


def test_neutrinos_and_declared_codes_leave_nothing(gun: Gun) -> None:
    config = EclConfig(background=BackgroundConfig(level=0.0), invisible=(4900022,))
    events = gun(12, 3.0, np.linspace(20.0, 150.0, 50), 10.0)
    events.pdg[::2] = 4900022
    assert len(EclResponse(config).respond(events, seed=1).cell) == 0


def test_produced_in_or_behind_the_crystals_leaves_nothing(ideal: EclResponse, gun: Gun) -> None:
    events = gun(22, 2.0, 90.0, np.zeros(3))
    events.vertex[:, 0] = (100.0, 126.0, 200.0)
    deposits = ideal.deposits(events, seed=1)
    assert np.diff(deposits.offsets)[0] > 0
    assert np.diff(deposits.offsets)[1:].tolist() == [0, 0]


def test_displaced_photon_points_from_its_vertex(ideal: EclResponse) -> None:
    """From (60, 0, 0) along +y the barrel is met at φ = acos(60/125) and later in time."""
    events = from_dense([22], np.array([[[0.0, 2.0, 0.0, 2.0]]]))
    events.vertex[0] = (60.0, 0.0, 0.0, 2.5)
    deposits = ideal.deposits(events, seed=1)
    leading = int(deposits.cell[np.argmax(deposits.energy)])
    # The shower's centre lies deeper on the slanted way.
    for depth in (5.0, 20.0):
        phi = np.degrees(np.arctan2(np.sqrt(125.0**2 - 60.0**2) + depth, 60.0))
        assert int(phi // 10) + 1 == cell_map().phi_id[leading]
    prompt = from_dense([22], np.array([[[1.0, 2.0, 0.0, 5**0.5]]]))
    early = ideal.deposits(prompt, seed=1)
    late = deposits.time[np.argmax(deposits.energy)] - early.time[np.argmax(early.energy)]
    path = 2.5 + (np.sqrt(125.0**2 - 60.0**2) - 125.0) / 29.9792458
    assert late == pytest.approx(path, abs=0.15)


def test_time_is_the_collisions_for_light_and_later_for_slow_particles(
    ideal: EclResponse, gun: Gun, centres: tuple[np.ndarray, np.ndarray]
) -> None:
    photons = ideal.deposits(gun(22, 2.0, *centres), seed=9)
    slow = ideal.deposits(gun(2112, 1.0, *centres), seed=9)
    lead = np.array(
        [
            photons.time[a + np.argmax(photons.energy[a:b])]
            for a, b in zip(photons.offsets[:-1], photons.offsets[1:], strict=True)
        ]
    )
    assert lead.min() > 0.5 * DATA_CLOCK_NS - 0.5
    assert lead.max() < 1.5 * DATA_CLOCK_NS + 0.5
    keys = [
        577 * np.repeat(np.arange(576), np.diff(part.offsets)) + part.cell
        for part in (photons, slow)
    ]
    _, here, there = np.intersect1d(*keys, return_indices=True)
    # Light's way to the centres is 125 to 235 cm, β = p/E: L/c (1/β - 1).
    delay = slow.time[there] - photons.time[here]
    excess = (1.0 + 0.93956542**2) ** 0.5 - 1.0
    assert len(delay) > 1000
    assert delay.min() == pytest.approx(125.0 / 29.9792458 * excess, rel=0.05)
    assert delay.max() == pytest.approx(235.0 / 29.9792458 * excess, rel=0.10)


def test_collision_is_anywhere_in_the_middle_half(quiet: EclResponse, gun: Gun) -> None:
    n = 30_000
    hits = quiet.respond(gun(22, 4.0, 80.0, np.linspace(0, 3600, n)), seed=5)
    first = hits.time[hits.offsets[:-1]][np.diff(hits.offsets) > 0].astype(float) * TIME_LSB_NS
    assert first.mean() == pytest.approx(DATA_CLOCK_NS, abs=1.0)
    expected = (DATA_CLOCK_NS**2 / 12) ** 0.5
    assert first.std() == pytest.approx(expected, rel=0.15)
    assert np.bincount(hits.frame, minlength=80).std() < 4 * (n / 80) ** 0.5


def test_same_key_same_bytes_and_other_key_other(gun: Gun, spray: Gun) -> None:
    events = concatenate([spray(code, 1.0, 150) for code in (22, 13, 211, 111)])
    one, two = EclResponse(EclConfig()), EclResponse(EclConfig())
    assert _equal(one.respond(events, 7, 3), two.respond(events, 7, 3))
    assert not _equal(one.respond(events, 7, 3), one.respond(events, 7, 4))
    assert not _equal(one.respond(events, 7, 3), one.respond(events, 8, 3))
    chunks = [one.respond(events, 7, chunk) for chunk in (0, 1, 2)]
    backwards = [two.respond(events, 7, chunk) for chunk in (2, 1, 0)][::-1]
    assert all(_equal(a, b) for a, b in zip(chunks, backwards, strict=True))


def test_an_event_does_not_depend_on_those_after_it(spray: Gun) -> None:
    events = concatenate([spray(code, 1.0, 100) for code in (22, 211)])
    response = EclResponse(EclConfig(background=BackgroundConfig(level=0.0)))
    whole, part = response.deposits(events, 1), response.deposits(events.select(np.arange(120)), 1)
    n = int(part.offsets[-1])
    assert whole.cell[:n].tobytes() == part.cell.tobytes()
    assert whole.energy[:n].tobytes() == part.energy.tobytes()


def test_words_are_well_formed(spray: Gun) -> None:
    config = EclConfig(
        electronics=ElectronicsConfig(noise=7.0), background=BackgroundConfig(cells_per_window=5.0)
    )
    hits = EclResponse(config).respond(spray(22, 6.0, 500), 1)
    assert (hits.cell.dtype, hits.energy.dtype) == (np.uint16, np.uint16)
    assert (hits.time.dtype, hits.frame.dtype) == (np.uint8, np.uint8)
    assert len(hits) == 500
    assert hits.energy.min() >= 19
    assert hits.energy.max() <= 4095
    row = np.repeat(np.arange(500), np.diff(hits.offsets))
    assert (np.diff(row * 577 + hits.cell.astype(np.int64)) > 0).all()
    assert _equal(CellHits.from_dense(hits.dense()), hits)


def test_background_lies_over_the_signal(gun: Gun) -> None:
    events = gun(22, 2.0, 90.0, np.linspace(0.0, 3600.0, 5000))
    quiet = EclResponse(EclConfig(background=BackgroundConfig(level=0.0))).respond(events, 1)
    loud = EclResponse(EclConfig(background=BackgroundConfig(cells_per_window=2.0)))
    more = (len(loud.respond(events, 1).cell) - len(quiet.cell)) / 5000
    assert more == pytest.approx(2.0, abs=0.15)


def test_no_events_no_windows() -> None:
    response = EclResponse()
    none = from_dense([22], np.zeros((0, 1, 4)))
    assert len(response.respond(none, 1)) == 0
    assert len(response.background_events(0, 1)) == 0
    with pytest.raises(InputError, match="given -1 windows"):
        response.background_events(-1, 1)


def test_bad_particles_are_refused_with_their_place(gun: Gun) -> None:
    events = gun(22, 1.0, 90.0, np.zeros(5))
    events.p4[3, 3] = -1.0
    with pytest.raises(InputError, match="event 3, particle 0"):
        EclResponse().respond(events, 1)


def test_a_particle_at_rest_leaves_nothing(ideal: EclResponse) -> None:
    events = from_dense([211, 22], np.array([[[0, 0, 0, 0.13957039], [0.0, 0, 0, 0]]]))
    deposits = ideal.deposits(events, 1)
    assert len(deposits.cell) == 0
    assert deposits.loss[0, BEYOND] == 0.0
