"""What the channels of e⁺e⁻ + invisible and of τ leptons are made of, beside closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.machine import Machine
from sim.processes import base, get_process
from sim.sensitivity.config import load_channel
from sim.truth import truth_variables

MACHINE = Machine()


@pytest.fixture(autouse=True)
def quick_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller pilot samples: the weights are those of the process whatever the grid."""
    monkeypatch.setattr(base, "GRID_POINTS", 4000)
    monkeypatch.setattr(base, "PILOT_POINTS", 20_000)


@pytest.mark.parametrize(
    ("name", "lepton"), [("tau_to_e_alpha", 0.178), ("tau_to_mu_alpha", 0.174)]
)
def test_tau_pairs_behind_the_bump(name: str, lepton: float) -> None:
    """2 σ(ττ) L B(ℓ) B(three prongs): 0.919 nb of the sources' table, branching fractions."""
    channel = load_channel(name)
    background = channel.background.process[0]
    process = get_process(background.process, MACHINE, **background.parameters)
    found = process.cross_section(20_000, 1).value_nb * 1e6 * channel.luminosity_fb
    expected = 2 * 0.919e6 * channel.luminosity_fb * lepton * (0.093 + 0.046)
    assert found * background.share == pytest.approx(expected, rel=0.02)


def test_the_bump_is_at_the_two_body_energy() -> None:
    """The median of x is at 1 - m²/m_τ² within the smearing by the axis of the three."""
    for mass in (0.0, 1.4):
        process = get_process(
            "tau_to_lepton_alpha", MACHINE, mass=mass, lepton="mu", other="three_prong"
        )
        x = truth_variables(process.generate(4000, seed=2), MACHINE)["oneProngX"]
        end = 1 - (mass**2 - 0.10566**2) / 1.77686**2
        assert np.nanmedian(x) == pytest.approx(end, rel=0.10)


def test_missing_energy_of_the_fusion_signal() -> None:
    """More than 90 % of the signal has E*_miss > 2 GeV for m → 0 (text of the proceedings)."""
    signal = load_channel("alp_eea_invisible").signal
    process = get_process(signal.process, MACHINE, **signal.parameters, mass=0.0)
    found = truth_variables(process.generate(3000, seed=2), MACHINE)["missingEnergyOfEventCMS"]
    assert 0.94 < np.mean(found > 2.0) < 0.98


def test_one_lost_photon_is_outside_the_window() -> None:
    """A photon below 22° in the CM has |η*| above -ln tan 11°: no edge reaches further."""
    channel = load_channel("alp_eea_invisible")
    eta = next(w for w in channel.offline.window if w.variable == "missingMomentumEtaCM")
    assert max(eta.edges) <= -math.log(math.tan(math.radians(11.0)))
