"""Electron pairs from two photons, e⁺e⁻ → e⁺e⁻ e⁺e⁻."""

from __future__ import annotations

from sim.processes.constants import ELECTRON_MASS
from sim.processes.two_photon import TwoPhoton


class Eeee(TwoPhoton):
    """Scattered e⁻ and e⁺, then the produced e⁻ and e⁺."""

    name = "eeee"
    title = "two-photon electron pairs"
    final_state = (11, -11, 11, -11)
    lepton_mass = ELECTRON_MASS
