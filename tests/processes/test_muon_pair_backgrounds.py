"""Parameters that make samples of backgrounds efficient: cuts equal to those on a whole sample."""

from __future__ import annotations

import numpy as np
import pytest

from sim.machine import Machine
from sim.processes import get_process
from sim.truth import truth_variables

MACHINE = Machine()


def test_two_photon_pairs_above_a_transverse_momentum() -> None:
    cut = 0.3
    whole = get_process("eemumu").generate(60_000, 4)
    cm = (whole.p4 @ MACHINE.to_cm.T).reshape(-1, 4, 4)
    pair = cm[:, 2] + cm[:, 3]
    part = np.mean(np.hypot(pair[:, 0], pair[:, 1]) >= cut)
    process = get_process("eemumu", pair_pt_min=cut)
    expected = get_process("eemumu").cross_section(100_000, 1).value_nb * part
    found = process.cross_section(100_000, 1)
    error = np.hypot(found.error_nb, expected / np.sqrt(part * 60_000))
    assert abs(found.value_nb - expected) < 4 * error
    assert error < 0.05 * expected
    cm = (process.generate(2000, 5).p4 @ MACHINE.to_cm.T).reshape(-1, 4, 4)
    pair = cm[:, 2] + cm[:, 3]
    lowest = np.hypot(pair[:, 0], pair[:, 1]).min()
    assert lowest == pytest.approx(cut, rel=0.01)
    assert lowest >= cut * (1 - 1e-9)


def test_a_lost_photon_changes_nothing_but_its_code() -> None:
    seen = get_process("mumugamma").generate(300, 2)
    lost = get_process("mumugamma", photon="lost").generate(300, 2)
    assert np.array_equal(seen.p4, lost.p4)
    assert lost.pdg.tolist() == [13, -13, 12] * 300
    found, missed = (truth_variables(events, MACHINE) for events in (seen, lost))
    assert found["photonVetoE"].max() > 1.0
    assert missed["photonVetoE"].max() == 0.0
    np.testing.assert_array_equal(found["dimuonMass"], missed["dimuonMass"])


def test_samples_below_and_above_a_photon_energy_make_the_whole() -> None:
    cut = 2.0
    parts = [
        get_process("mumugamma", **limits).cross_section(60_000, 3)
        for limits in ({"photon_energy_max": cut}, {"photon_energy_min": cut}, {})
    ]
    error = np.sqrt(sum(part.error_nb**2 for part in parts))
    assert abs(parts[0].value_nb + parts[1].value_nb - parts[2].value_nb) < 4 * error
    assert parts[0].value_nb > 20 * error
    events = get_process("mumugamma", photon_energy_max=cut).generate(500, 3)
    energy = (events.p4[2::3] @ MACHINE.to_cm.T)[:, 3]
    assert 0.1 <= energy.min() < energy.max() < cut
