"""Muon pairs from two photons, e⁺e⁻ → e⁺e⁻ μ⁺μ⁻."""

from __future__ import annotations

from sim.processes.constants import MUON_MASS
from sim.processes.two_photon import TwoPhoton


class Eemumu(TwoPhoton):
    """Scattered e⁻ and e⁺, then the produced μ⁻ and μ⁺."""

    name = "eemumu"
    title = "two-photon muon pairs"
    final_state = (11, -11, 13, -13)
    lepton_mass = MUON_MASS
