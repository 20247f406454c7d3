"""Photon channels: combinations, windows and backgrounds against smearing by random numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import get_process
from sim.sensitivity.channel import Channel
from sim.sensitivity.config import load_channel, parse_channel
from sim.sensitivity.observables import BinnedEvents, Observable
from sim.sensitivity.passed import background_counts, binned
from sim.sensitivity.sample import background_sample
from sim.streams import stream
from sim.truth import truth_variables

PAIRS = ["diphotonMass12", "diphotonMass13", "diphotonMass23"]


def small(name: str, events: int) -> Channel:
    """A packaged channel with few events of each background, no regions left out."""
    data = load_channel(name).model_dump()
    for process in data["background"]["process"]:
        process["events"] = events
    return parse_channel(data, name)


def test_every_pair_enters_and_an_event_counts_once() -> None:
    truth = {
        "diphotonMass12": np.array([1.0, 5.0, 1.0, 5.0]),
        "diphotonMass13": np.array([5.0, 1.0, 1.0, np.nan]),
        "diphotonMass23": np.array([5.0, 5.0, 1.0, np.nan]),
    }
    own = Observable(variable=PAIRS, edges=[0.5, 1.5])
    found = BinnedEvents([own], truth, 1.0, Machine()).sums(np.ones(4))
    assert found.tolist() == [3.0]


@pytest.mark.parametrize(("name", "mass"), [("alp_3photon", 1.0), ("besiii_jpsi_alp", 2.5)])
def test_three_photons_in_a_window(name: str, mass: float) -> None:
    """Background in the window: pairs of other events by plain smearing, counted."""
    own = small(name, 20_000)
    (background,) = own.background.process
    sample = background_sample(own, background, seed=3, detector=False)
    found = background_counts(
        own, background, sample, binned(own, sample, mass), np.ones(len(sample))
    )
    machine = own.collider()
    process = get_process(background.process, machine, **background.parameters)
    events = process.generate(40_000, 11)
    truth = truth_variables(events, machine)
    (window,) = own.offline.observable
    sigma = window.sigma(mass)
    inside = np.zeros(len(events), dtype=bool)
    for i, pair in enumerate(PAIRS):
        normal = stream(5, "test/smear", i).standard_normal(len(events))
        inside |= np.abs(truth[pair] + sigma * normal - mass) < 2.0 * sigma
    for region in own.offline.regions:
        for cut in region:
            inside &= (truth[cut.variable] >= cut.low) & (truth[cut.variable] < cut.high)
    scale = own.luminosity_fb * process.cross_section(200_000, 2).value_nb * 1e6 / len(events)
    expected, error = scale * inside.sum(), scale * inside.sum() ** 0.5
    assert inside.sum() > 100
    assert abs(found.events[0] - expected) < 5.0 * math.hypot(error, found.variance**0.5)


@pytest.mark.parametrize("name", ["dark_photon_geometry", "alp_invisible_geometry"])
def test_resolution_of_the_single_photon(name: str) -> None:
    """σ(E*)/E* = 0.81 %/E^¼ ⊕ 1.34 % lies between its values at the two ends of the region."""
    own = load_channel(name)
    machine = own.collider()
    (region,) = own.offline.regions
    angle = next(cut for cut in region if cut.variable == "crystalPhotonTheta")
    (window,) = own.offline.observable
    boost = float(machine.total[3]) / machine.sqrt_s
    beta = math.sqrt(1.0 - 1.0 / boost**2)
    for mass in own.signal.masses:
        energy = (machine.s - mass**2) / (2.0 * machine.sqrt_s)
        # The boost is 0.15 rad from the z axis: its angle to the photon by that more or less.
        lab = [energy / (boost * (1.0 - beta * math.cos(t))) for t in (0.0, angle.high + 0.16)]
        low, high = sorted(energy * math.hypot(0.0081 / e**0.25, 0.0134) for e in lab)
        assert low < window.sigma(mass) < high


def test_only_gaps_and_holes_make_single_photons_of_two() -> None:
    """γγ: none in the central region; elsewhere the partner is where no crystals are."""
    own = small("dark_photon_geometry", 20_000)
    background = next(p for p in own.background.process if p.process == "digamma")
    assert len(background_sample(own, background, seed=1, detector=False)) == 0
    data: dict[str, Any] = own.model_dump()
    data["offline"]["regions"][0][1] |= {"low": 0.384, "high": 2.618}
    wide = parse_channel(data, "wide")
    sample = background_sample(wide, background, seed=1, detector=False)
    assert len(sample) > 500
    # 0.8 and 2 degrees of gap, to both sides, and what is behind the backward hole.
    machine = Machine()
    events = get_process(
        "digamma", machine, **{**background.parameters, "required": 1}
    ).generate(20_000, 7)  # fmt: skip
    p4 = events.p4.reshape(-1, 2, 4)
    degrees = np.degrees(np.arccos(p4[..., 2] / p4[..., 3]))
    parts = ((12.4, 31.4), (32.2, 128.7), (130.7, 155.1))
    seen = np.logical_or.reduce([(degrees >= low) & (degrees <= high) for low, high in parts])
    region = (degrees > math.degrees(0.384)) & (degrees < math.degrees(2.618)) & (seen == 1)
    expected = int(((seen.sum(axis=1) == 1) & region.any(axis=1)).sum())
    assert abs(len(sample) - expected) < 5.0 * math.sqrt(len(sample) + expected)


def test_unknown_combination() -> None:
    data = load_channel("alp_3photon").model_dump()
    data["offline"]["observable"][0]["variable"] = ["diphotonMass12", "diphotonMass31"]
    with pytest.raises(InputError, match="diphotonMass31"):
        parse_channel(data, "wrong")
