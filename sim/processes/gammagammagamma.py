"""Annihilation to three photons e⁺e⁻ → γγγ, exact lowest order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.processes import photon_and_pair
from sim.processes.eegamma import PhotonAndPair
from sim.processes.matrix_elements import three_photons
from sim.processes.parameters import Parameter
from sim.processes.photon_and_pair import SOFT

FloatArray = NDArray[np.float64]


class Gammagammagamma(PhotonAndPair):
    """e⁺e⁻ → γγγ with all three photons inside the region, in the order of their energies.

    Exact lowest order for massless electrons (`matrix_elements.three_photons`), 1/3! for the
    identical photons. `digamma` has the events with two photons inside; its factor 1.103 stands
    for radiation and holds the events of this process too.
    """

    name = "gammagammagamma"
    title = "annihilation to three photons, exact lowest order"
    final_state = (22, 22, 22)
    mass = 0.0
    ways = ((SOFT, photon_and_pair.TWO_ELECTRON), (SOFT, photon_and_pair.TWO_POSITRON))
    channels = len(ways)
    identical = True

    @classmethod
    def pair_parameters(cls, half: float) -> tuple[Parameter, ...]:
        """Return nothing: what is asked of one photon is asked of all."""
        return ()

    def pair_region(self) -> tuple[float, float, int]:
        """Return the photons' energy [GeV], no separation, and two more that must be inside."""
        return self.number("photon_energy_min"), 1.0, 2

    def amplitude(self, p4: FloatArray) -> FloatArray:
        """Return the spin-averaged |M|²; the 1/3! is in the weight of unordered events."""
        return three_photons(self._beams[0], self._beams[1], p4)

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the photons by falling energy in the centre-of-mass frame, ``(n, 3, 4)``."""
        p4 = super().momenta(variables)
        order = np.argsort(-p4[:, :, 3], axis=1, kind="stable")
        return np.take_along_axis(p4, order[:, :, None], axis=1)
