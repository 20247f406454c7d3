"""Radiative Bhabha scattering e⁺e⁻ → e⁺e⁻γ with all three particles seen, exact lowest order."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import acceptance, photon_and_pair
from sim.processes.base import Process
from sim.processes.constants import ELECTRON_MASS, GEV2_NB
from sim.processes.matrix_elements import bhabha_photon
from sim.processes.parameters import Parameter
from sim.processes.photon_and_pair import CONVERTED, EVEN, SOFT

FloatArray = NDArray[np.float64]


class PhotonAndPair(Process):
    """A photon and a pair, sampled by `photon_and_pair`; variables: the four-vectors.

    Subclasses give `mass`, `ways` (channels) and `amplitude`.
    """

    dimensions = 6
    mass: ClassVar[float]
    ways: ClassVar[tuple[tuple[int, int], ...]]
    identical: ClassVar[bool] = False

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Angles of the region, lowest energies and separation."""
        half = 0.45 * machine.sqrt_s
        low, high, frame = acceptance.REGION
        return (
            Parameter(low.name, low.default, low.text, "deg", 1.0, 179.0),
            Parameter(high.name, high.default, high.text, "deg", 1.0, 179.0),
            frame,
            Parameter(
                "photon_energy_min", 0.1, "lowest energy of the photon, centre-of-mass frame",
                "GeV", 1e-3, half,
            ),
            *cls.pair_parameters(half),
            *cls.upper_limit(machine),
        )  # fmt: skip

    @classmethod
    def upper_limit(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Return the highest energy of the photon, where one of the three is the photon."""
        if cls.identical:
            return ()
        text = "highest energy of the photon, centre-of-mass frame"
        highest = 0.5 * machine.sqrt_s
        return (Parameter("photon_energy_max", highest, text, "GeV", 1e-3, highest),)

    @classmethod
    def pair_parameters(cls, half: float) -> tuple[Parameter, ...]:
        """Return what is asked of the pair; `half`: highest energy allowed as a limit [GeV]."""
        return (
            Parameter(
                "energy_min", 0.1, "lowest energy of both leptons, centre-of-mass frame",
                "GeV", 0.01, half,
            ),
            Parameter(
                "separation", 2.0, "smallest angle between two of the three, centre-of-mass frame",
                "deg", 0.2, 90.0,
            ),
        )  # fmt: skip

    def prepare(self) -> None:
        """Turn the parameters into the kernel's region."""
        found = acceptance.region(self.machine, self.values, self.name)
        half = 0.5 * self.machine.sqrt_s
        self._beams = np.array([[0.0, 0.0, half, half], [0.0, 0.0, -half, half]])
        self._ways = np.array(self.ways, dtype=np.int64)
        low, high = found.cosines
        if max(abs(low), abs(high)) > math.cos(math.radians(0.3)):
            raise InputError(
                "the region reaches to 0.3 degrees of a beam in the centre-of-mass frame; allowed: "
                "angles further from the beams (the amplitude has no electron mass)",
                place=self.name,
            )
        self._region = photon_and_pair.Region(
            found.matrix, found.limits, found.cosines, self.number("photon_energy_min"),
            *self.pair_region(),
        )  # fmt: skip

    def pair_region(self) -> tuple[float, float, int]:
        """Return lowest energy [GeV], cosine of the separation and how many must be inside."""
        return self.number("energy_min"), math.cos(math.radians(self.number("separation"))), 2

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the four-vectors, flat; see `Process.propose`."""
        p4, weight = photon_and_pair.propose(
            u, self.machine.sqrt_s, self.mass, self._ways, self._region, self.identical
        )
        if not self.identical:
            weight[p4[:, 2, 3] >= self.number("photon_energy_max")] = 0.0
        chosen = weight > 0.0
        flux = GEV2_NB / (2.0 * self.machine.s)
        weight[chosen] *= flux * self.amplitude(p4[chosen])
        return p4.reshape(len(u), 12), weight

    def amplitude(self, p4: FloatArray) -> FloatArray:
        """Return the spin-averaged |M|² of events, shape ``(n,)`` [GeV⁻²]."""
        raise NotImplementedError

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the pair and the photon, shape ``(n, 3, 4)``."""
        return variables.reshape(len(variables), 3, 4)


class Eegamma(PhotonAndPair):
    """e⁺e⁻ → e⁺e⁻γ, both leptons and the photon inside the region.

    Exact lowest order for massless electrons (`matrix_elements.bhabha_photon`): s- and t-channel,
    radiation of all four leptons, with α(0). What it leaves out is of the order (m_e/Eθ)² with θ
    the smallest angle of the region, to a beam or between two of the three. Events with one lost
    lepton are in `radiative_bhabha`.
    """

    name = "eegamma"
    title = "radiative Bhabha scattering, all three seen, exact lowest order"
    final_state = (11, -11, 22)
    mass = ELECTRON_MASS
    ways = (
        (SOFT, photon_and_pair.ELECTRON),
        (SOFT, photon_and_pair.POSITRON),
        (SOFT, photon_and_pair.PHOTON),
        (CONVERTED, EVEN),
    )
    channels = len(ways)

    def amplitude(self, p4: FloatArray) -> FloatArray:
        """Return the spin-averaged |M|²; see `PhotonAndPair.amplitude`."""
        return bhabha_photon(self._beams[0], self._beams[1], p4)
