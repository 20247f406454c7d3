"""Base of processes whose particles fly before they decay, and samples for any lifetime.

With ``sampling=lifetime`` the proper decay length l is exponential with mean cτ. With
``sampling=broad`` it is drawn once for all lifetimes: l is exponential about a τ whose logarithm is
flat from a = 2.5·10⁻⁶ m to b = 50 m,

    q(l) = (exp(-l/b) - exp(-l/a)) / (l ln(b/a)),

so that the weight exp(-l/cτ)/(cτ q(l)) for any cτ of 10⁻⁵ to 10 m stays small. The mean of its
square is ln(b/a) ∫ x exp(-2x) / (exp(-x cτ/b) - exp(-x cτ/a)) dx, near ln(b/a)/4 = 4.2 inside the
range: the effective size is 24 % of the sample, 19 % at 10⁻⁵ and at 10 m.
"""

from __future__ import annotations

import math

import numpy as np

from firmware_models.errors import InputError
from sim.events import Events
from sim.processes.base import FloatArray, Process
from sim.processes.constants import LIGHT_CM_PER_NS
from sim.processes.decay_chain import invariant_mass
from sim.processes.parameters import Parameter

CTAU_RANGE = (1e-5, 10.0)
"""Mean proper decay lengths cτ that are allowed [m]."""

PROPOSAL = (2.5e-4, 5e3)
"""Ends a and b of the proposal's lifetimes [cm]."""

CM_PER_M = 100.0

N_LENGTH = 2
"""Random numbers of a decay length."""


def lifetime(name: str = "ctau", default: float = 0.05, of: str = "the particle") -> Parameter:
    """Return the parameter of a mean proper decay length [m]."""
    return Parameter(name, default, f"mean proper decay length of {of}", "m", *CTAU_RANGE)


SAMPLING = Parameter(
    "sampling", "lifetime", "decay lengths: of the lifetime, or broad for weights_for_ctau",
    choices=("lifetime", "broad"),
)  # fmt: skip


def proposal_density(length: FloatArray) -> FloatArray:
    """Return q(l) [1/cm] of the broad sample; finite for l = 0."""
    low, high = PROPOSAL
    # exp(-l/b) (1 - exp(-l (1/a - 1/b))) / l, without cancellation.
    rate = 1.0 / low - 1.0 / high
    x = rate * length
    part = np.where(x > 0.0, -np.expm1(-x) / np.where(x > 0.0, x, 1.0), 1.0)
    result: FloatArray = np.exp(-length / high) * rate * part / math.log(high / low)
    return result


def effective_size(weight: FloatArray) -> float:
    """Return (Σw)²/Σw²: events of equal weight with the same relative error; 0 without events."""
    square = float(np.sum(weight * weight))
    return float(np.sum(weight)) ** 2 / square if square > 0.0 else 0.0


class LongLived(Process):
    """A process with particles that start at the collision point and decay elsewhere.

    A subclass names in `prepare` the particles that each of them leaves (`products`) and puts the
    proper decay lengths [cm] into the last columns of its variables. The particle itself is not
    listed; its four-vector is the sum of what starts at its end, invisible products included.
    """

    products: tuple[tuple[int, ...], ...]
    """Columns of the final state that each long-lived particle leaves."""
    lifetimes: tuple[str, ...] = ("ctau",)
    """Parameters with the mean proper decay lengths [m], in the order of `products`."""

    @property
    def coupling_ctau_m(self) -> float | None:
        """cτ [m] that follows from masses and couplings; None: the process does not know it."""
        return None

    def lengths(self, u: FloatArray) -> FloatArray:
        """Return proper decay lengths [cm].

        Parameters
        ----------
        u : ndarray, shape (n, 2 k)
            Uniform numbers of the k long-lived particles.

        Returns
        -------
        ndarray, shape (n, k)
        """
        low, high = PROPOSAL
        result = np.empty((len(u), len(self.products)))
        for number, name in enumerate(self.lifetimes[: len(self.products)]):
            mean: float | FloatArray = CM_PER_M * self.number(name)
            if self.word("sampling") == "broad":
                mean = low * (high / low) ** u[:, N_LENGTH * number]
            result[:, number] = -mean * np.log1p(-u[:, N_LENGTH * number + 1])
        return result

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return where the particles start: products at the end of their parent's flight."""
        result = np.zeros_like(p4_lab)
        first = variables.shape[1] - len(self.products)
        for number, columns in enumerate(self.products):
            parent = p4_lab[:, columns].sum(axis=1)
            end = parent * (variables[:, first + number] / invariant_mass(parent))[:, None]
            end[:, 3] /= LIGHT_CM_PER_NS
            result[:, columns] = end[:, None]
        return result

    def proper_lengths(self, events: Events) -> FloatArray:
        """Return the proper decay lengths [cm] from vertices and momenta of events.

        Parameters
        ----------
        events : Events
            A sample of this process; every event must have all particles.

        Returns
        -------
        ndarray, shape (n, number of long-lived particles)
            c t m / E of each: the time of the decay is defined also for a particle at rest.

        Raises
        ------
        InputError
            When the events have another number of particles than this process gives.
        """
        k = len(self.final_state)
        if np.any(np.diff(events.offsets) != k):
            raise InputError(f"every event must have the process's {k} particles", place=self.name)
        p4, vertex = events.p4.reshape(-1, k, 4), events.vertex.reshape(-1, k, 4)
        result = np.empty((len(p4), len(self.products)))
        for number, columns in enumerate(self.products):
            parent = p4[:, columns].sum(axis=1)
            time = vertex[:, columns[0], 3]
            result[:, number] = LIGHT_CM_PER_NS * time * invariant_mass(parent) / parent[:, 3]
        return result

    def weights_for_ctau(self, events: Events, *ctau: float) -> FloatArray:
        """Return weights that give a sample of this process other lifetimes.

        Parameters
        ----------
        events : Events
            From `generate` or `sample` of this process with these parameters.
        *ctau : float
            Mean proper decay lengths [m], 1e-5 to 10, one for each long-lived particle.

        Returns
        -------
        ndarray, shape (n,)
            Of mean 1 for the broad sample; to be multiplied with the events' own weights. For a
            sample of one lifetime they are right, but of infinite variance from twice its cτ on.

        Raises
        ------
        InputError
            For a wrong number of lifetimes or a lifetime outside the range.
        """
        return self.weights_of_lengths(self.proper_lengths(events), *ctau)

    def weights_of_lengths(self, length: FloatArray, *ctau: float) -> FloatArray:
        """Return `weights_for_ctau` from proper lengths, for many lifetimes of the same events.

        Parameters
        ----------
        length : ndarray, shape (n, number of long-lived particles)
            From `proper_lengths` [cm].
        *ctau : float
            As in `weights_for_ctau`.

        Raises
        ------
        InputError
            For a wrong number of lifetimes or a lifetime outside the range.
        """
        if len(ctau) != len(self.products):
            raise InputError(
                f"needs {len(self.products)} lifetimes, not {len(ctau)}", place=self.name
            )
        weight = np.ones(len(length))
        for number, given in enumerate(ctau):
            name = self.lifetimes[number]
            mean = CM_PER_M * float(lifetime(name).check(given, f"{self.name}.{name}"))
            own = CM_PER_M * self.number(name)
            x = length[:, number]
            if self.word("sampling") == "broad":
                weight *= np.exp(-x / mean) / mean / proposal_density(x)
            else:
                weight *= np.exp(x / own - x / mean) * own / mean
        return weight
