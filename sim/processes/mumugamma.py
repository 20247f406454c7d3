"""Radiative muon pairs e⁺e⁻ → μ⁺μ⁻γ, exact lowest order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.processes import photon_and_pair
from sim.processes.constants import MUON_MASS
from sim.processes.eegamma import PhotonAndPair
from sim.processes.matrix_elements import muon_pair_photon
from sim.processes.parameters import Parameter
from sim.processes.photon_and_pair import CONVERTED, EVEN, SOFT

FloatArray = NDArray[np.float64]


class Mumugamma(PhotonAndPair):
    """e⁺e⁻ → μ⁺μ⁻γ with the photon inside the region.

    Lowest order with radiation of the beams and of the muons and their interference, α(0), the
    muon's mass to first order (`matrix_elements.muon_pair_photon`). The muons may go anywhere, or
    `required` of them must be inside as well. `dimuon` has all photons of the beams, none of
    the muons. `photon` = lost stands for photons that a calorimeter misses, as the background of
    searches for a muon pair and nothing else: the cross-section is that of all photons in the
    region, whoever uses it gives the share that is missed.
    """

    name = "mumugamma"
    title = "radiative muon pairs, exact lowest order"
    final_state: tuple[int, ...] = (13, -13, 22)
    mass = MUON_MASS
    ways = ((SOFT, EVEN), (SOFT, photon_and_pair.PHOTON), (CONVERTED, EVEN))
    channels = len(ways)

    @classmethod
    def pair_parameters(cls, half: float) -> tuple[Parameter, ...]:
        """Return how many muons must be inside, and with which energy."""
        return (
            Parameter(
                "required", "0", "muons that must be inside as well", choices=("0", "1", "2")
            ),
            Parameter(
                "energy_min", 0.11, "lowest energy of a muon inside, centre-of-mass frame",
                "GeV", 0.11, half,
            ),
            Parameter(
                "photon", "seen", "lost: one that leaves no trace, written as a neutrino",
                choices=("seen", "lost"),
            ),
        )  # fmt: skip

    def prepare(self) -> None:
        """Turn the parameters into the kernel's region; choose the photon's code."""
        super().prepare()
        self.final_state = (13, -13, 22 if self.word("photon") == "seen" else 12)

    def pair_region(self) -> tuple[float, float, int]:
        """Return lowest energy [GeV], no separation, and how many muons must be inside."""
        return self.number("energy_min"), 1.0, int(self.word("required"))

    def amplitude(self, p4: FloatArray) -> FloatArray:
        """Return the spin-averaged |M|²; see `PhotonAndPair.amplitude`."""
        return muon_pair_photon(self._beams[0], self._beams[1], p4, MUON_MASS)
