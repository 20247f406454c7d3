"""Every process: conservation laws, unit weights, determinism, agreement of both samples."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.detector.exotic import has_own_mass
from sim.detector.particles import classify, particle_type
from sim.events import Events
from sim.machine import Machine, superkekb_with_spread
from sim.processes import PROCESSES, get_process, process_class
from sim.processes.base import Process
from sim.processes.constants import ELECTRON_MASS, MUON_MASS
from sim.streams import stream

MASSES = {11: ELECTRON_MASS, 13: MUON_MASS, 22: 0.0, 12: 0.0, 14: 0.0, 16: 0.0}
# Guns and cosmic muons stand for no collision: they conserve nothing and have tests of their own.
COLLISIONS = [
    name for name in PROCESSES
    if process_class(name).balanced and not process_class(name).laboratory
]  # fmt: skip
CASES = [(name, {}) for name in COLLISIONS] + [
    ("b_to_k_s", {"other": "pions", "mass": 0.5, "decay": "pipi"}),
    ("axion_like", {"decay": "invisible", "mass": 2.0}),
    ("dark_photon", {"mass": 9.9}),
    ("dimuon", {"photon_energy_min": 0.5}),
    ("eemumu", {"w_min": 0.2114}),
    ("eeee", {"w_min": 0.01}),
    ("eea", {"decay": "photons"}),
    ("eea", {"required": 0, "mass": 0.3}),
    ("monopole_pair", {"mass": 5.0, "radiation": "on"}),
]  # fmt: skip
NAMES = [f"{name}-{'-'.join(map(str, values.values()))}" for name, values in CASES]


def _totals(events: Events) -> np.ndarray:
    return np.add.reduceat(events.p4, events.offsets[:-1], axis=0)


@pytest.mark.parametrize(("name", "values"), CASES, ids=NAMES)
def test_four_momentum_charge_and_masses(name: str, values: dict[str, object]) -> None:
    process = get_process(name, **values)
    events = process.generate(3000, 5)
    assert len(events) == 3000
    assert events.weight.tolist() == [1.0] * 3000
    assert np.max(np.abs(_totals(events) - process.machine.total)) < 1e-9
    charge = classify(events.pdg).charge.astype(np.int64)
    assert not np.any(np.add.reduceat(charge, events.offsets[:-1]))
    new = dict.fromkeys((52, 54, 55), float(str(values.get("mass", 1.0))))
    new |= dict.fromkeys(events.pdg[has_own_mass(events.pdg)].tolist(), process.values.get("mass"))
    expected = np.array(
        [new[code] if code in new else particle_type(code).mass for code in events.pdg.tolist()]
    )
    square = events.p4[:, 3] ** 2 - np.sum(events.p4[:, :3] ** 2, axis=1)
    assert np.max(np.abs(square - expected**2)) < 1e-9
    assert np.all(events.p4[:, 3] >= 0.0)


@pytest.mark.parametrize(("name", "values"), CASES, ids=NAMES)
def test_borders_of_the_hypercube_give_finite_weights_and_momenta(
    name: str, values: dict[str, object]
) -> None:
    process = get_process(name, **values)
    rng = stream(6, "test/borders")
    border = np.array([0.0, 1e-300, 1e-12, 0.5, 1.0 - 1e-12, np.nextafter(1.0, 0.0)])
    u = rng.random((4000, process.dimensions))
    at_border = rng.random(u.shape) < 0.4
    u[at_border] = rng.choice(border, at_border.sum())
    variables, weight = process.propose(u)
    assert np.all(np.isfinite(weight))
    assert np.all(weight >= 0.0)
    assert np.all(np.isfinite(process.momenta(variables[weight > 0.0])))


@pytest.mark.parametrize("name", PROCESSES)
def test_same_seed_and_chunk_give_identical_bytes_and_others_differ(name: str) -> None:
    def drawn(seed: int, chunk: int) -> bytes:
        events = get_process(name).generate(700, seed, chunk)
        return b"".join(
            array.tobytes()
            for array in (events.offsets, events.pdg, events.p4, events.vertex, events.weight)
        )

    first = drawn(11, 0)
    assert first == drawn(11, 0)
    assert first != drawn(11, 1)
    assert first != drawn(12, 0)


@pytest.mark.parametrize("name", PROCESSES)
def test_mean_weight_is_the_cross_section_and_shapes_agree(name: str) -> None:
    process = get_process(name)
    weighted = process.sample(60_000, stream(8, "test/weighted"))
    sigma = process.cross_section(60_000, 9)
    error = np.std(weighted.weight) / np.sqrt(60_000)
    # All weights of the track gun are 1: there the errors are 0, and rounding is left.
    margin = 5.0 * np.hypot(error, sigma.error_nb) + 1e-12 * sigma.value_nb
    assert abs(np.mean(weighted.weight) - sigma.value_nb) <= margin
    empty = weighted.weight == 0.0
    assert not np.any(np.diff(weighted.offsets)[empty])

    def fraction(events: Events) -> tuple[float, float]:
        """Share of events whose last particle goes forward with more than 1 GeV."""
        chosen = events.weight > 0.0
        last = events.p4[events.offsets[1:][chosen] - 1]
        passing = (last[:, 2] > 0.0) & (last[:, 3] > 1.0)
        weight = events.weight[chosen]
        value = float(np.sum(weight * passing) / np.sum(weight))
        return value, float(np.sqrt(np.sum((weight * (passing - value)) ** 2)) / np.sum(weight))

    a, a_error = fraction(weighted)
    b, b_error = fraction(process.generate(20_000, 10))
    # A replicated event counts twice in the spread: 1.3 covers the largest share allowed.
    assert abs(a - b) < 1.3 * 5.0 * np.hypot(a_error, b_error)


@pytest.mark.parametrize("name", PROCESSES)
def test_few_events_stand_more_than_once(name: str) -> None:
    process = get_process(name)
    sample = process.unweight(20_000, 4)
    assert sample.replicated <= 1.5 * process.excess * 20_000 + 20
    distinct = len(np.unique(sample.events.p4[sample.events.offsets[:-1]], axis=0))
    if type(process).assemble is Process.assemble:
        assert distinct == 20_000 - sample.replicated
    else:  # copies of an event whose particles decay differ in the decays
        assert distinct >= 20_000 - sample.replicated
    assert sample.proposals >= 20_000 - sample.replicated


def test_weights_above_the_maximum_are_replicated_without_bias() -> None:
    process = get_process("bhabha")
    right = process.generate(40_000, 1)
    tuning = process._tuning
    # A maximum that is far too low: many events must appear several times, none is lost.
    process.__dict__["_tuning"] = type(tuning)(
        tuning.edges, tuning.maximum / 8.0, min(1.0, tuning.efficiency * 8.0)
    )
    wrong = process.unweight(40_000, 1)
    assert wrong.replicated > 10_000
    means = [float(np.mean(events.p4[::2, 2])) for events in (right, wrong.events)]
    assert means[0] == pytest.approx(means[1], abs=0.15)


@pytest.mark.parametrize("name", ["bhabha", "dimuon", "eemumu", "axion_like"])
def test_beam_spread_conserves_energy_of_each_collision(name: str) -> None:
    process = get_process(name, superkekb_with_spread())
    events = process.generate(2000, 5)
    total = _totals(events)
    # The two beam energies follow from the total: both are within ten standard deviations.
    plus, minus = total[:, 3], total[:, 2] / np.cos(process.machine.half_crossing)
    electron, positron = (plus + minus) / 2.0, (plus - minus) / 2.0
    assert np.std(electron) == pytest.approx(5.13e-3, rel=0.1)
    assert np.std(positron) == pytest.approx(2.375e-3, rel=0.1)
    assert np.max(np.abs(total[:, 1])) < 1e-9
    square = events.p4[:, 3] ** 2 - np.sum(events.p4[:, :3] ** 2, axis=1)
    expected = np.array([MASSES[abs(code)] for code in events.pdg.tolist()])
    assert np.max(np.abs(square - expected**2)) < 1e-9


def test_axion_decays_where_its_lifetime_says() -> None:
    process = get_process("axion_like", mass=0.1, coupling=1e-4)
    assert process.lifetime_cm == pytest.approx(0.40, rel=0.01)  # type: ignore[attr-defined]
    events = process.generate(20_000, 3)
    parent = events.p4[1::3] + events.p4[2::3]
    length = np.linalg.norm(events.vertex[1::3, :3], axis=1)
    flight = np.linalg.norm(parent[:, :3], axis=1) / 0.1
    assert np.mean(length / flight) == pytest.approx(0.40, rel=0.03)
    assert not np.any(events.vertex[0::3])
    assert events.vertex[1::3].tobytes() == events.vertex[2::3].tobytes()
    speed = length / (29.9792458 * events.vertex[1::3, 3])
    assert np.max(np.abs(speed - np.linalg.norm(parent[:, :3], axis=1) / parent[:, 3])) < 1e-9


def test_neutrino_flavours_have_the_shares_of_their_couplings() -> None:
    events = get_process("nunugamma").generate(30_000, 2)
    electron_share = np.mean(events.pdg[0::3] == 12)
    left = np.array([0.7312, -0.2688, -0.2688]) ** 2 + 0.2312**2
    assert electron_share == pytest.approx(left[0] / left.sum(), abs=0.01)
    assert np.all(events.pdg[0::3] == -events.pdg[1::3])


@pytest.mark.parametrize("name", PROCESSES)
def test_zero_events_are_no_events(name: str) -> None:
    assert len(get_process(name, superkekb_with_spread()).generate(0, 1)) == 0


def test_numbers_of_events_must_be_whole_and_not_negative() -> None:
    for wrong in (-1, 2.5, True):
        with pytest.raises(InputError, match="must be a whole number from 0"):
            get_process("bhabha").generate(wrong, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("bhaba", {}, "unknown process 'bhaba'.*nearest: 'bhabha'"),
        ("bhabha", {"thetamin": 3}, "bhabha: unknown parameter 'thetamin'.*'theta_min'"),
        ("bhabha", {"theta_min": 150, "theta_max": 20}, "must be below theta_max"),
        ("bhabha", {"required": 3}, "unknown choice '3'.*allowed: 1, 2"),
        ("bhabha", {"required": 2, "frame": "cm", "theta_max": 30}, "cannot both be inside"),
        ("dark_photon", {"mass": 10.6}, "dark_photon.mass: must be 0 to 10.56897"),
        ("dark_photon", {"epsilon": -1e-3}, "dark_photon.epsilon: must be 1e-12 to 1"),
        ("axion_like", {"coupling": "nan"}, "axion_like.coupling: must be"),
        ("eemumu", {"w_min": 0.1}, "eemumu.w_min: must be 0.21131"),
        ("dimuon", {"photon_energy_min": True}, "dimuon.photon_energy_min: must be"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        get_process(name, **values)


def test_another_machine_changes_s() -> None:
    machine = Machine(3.5, 3.5, 0.0)
    process = get_process("dark_photon", machine, mass=0.0, frame="cm", theta_min=60, theta_max=120)
    reference = get_process("dark_photon", mass=0.0, frame="cm", theta_min=60, theta_max=120)
    ratio = process.cross_section(2000).value_nb / reference.cross_section(2000).value_nb
    assert ratio == pytest.approx(reference.machine.s / 49.0, rel=1e-2)


def test_a_gun_keeps_its_energies_when_the_beams_have_a_spread() -> None:
    gun = get_process("photon_gun", superkekb_with_spread(), energy_low=1.0, energy_high=3.0)
    energy = (gun.generate(500, 3).p4 @ gun.machine.to_cm.T)[:, 3]
    # The boost of an event differs from the nominal one by some 1e-3.
    assert np.all((energy > 0.99) & (energy < 3.03))


def test_photon_gun_is_flat_in_energy_and_direction() -> None:
    gun = get_process("photon_gun", energy_low=1.0, energy_high=3.0)
    events = gun.generate(40_000, 3)
    p4 = events.p4 @ gun.machine.to_cm.T
    assert np.max(np.abs(p4[:, 3] - np.linalg.norm(p4[:, :3], axis=1))) < 1e-9
    flat = [
        (p4[:, 3] - 1.0) / 2.0,
        (p4[:, 2] / p4[:, 3] + 1.0) / 2.0,
        np.arctan2(p4[:, 1], p4[:, 0]) / (2.0 * np.pi) + 0.5,
    ]
    for values in flat:
        # Kolmogorov's distance of 40 000 uniform numbers exceeds 0.0101 once in 2000 cases.
        ordered = np.sort(values)
        rank = np.arange(len(ordered)) / len(ordered)
        assert np.max(np.abs(ordered - rank)) < 0.0101
