"""Hadrons from two photons, e⁺e⁻ → e⁺e⁻ X: a model for a nuisance, not a prediction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.events import Events
from sim.hadrons.final_states import SOURCE, complete, hadronise, quark_axis
from sim.machine import ELECTRON_MASS, Machine
from sim.processes.base import FloatArray, Process
from sim.processes.parameters import Parameter
from sim.processes.photon_flux import flux_in_log, lowest_virtuality
from sim.processes.two_photon import solve_beams

RHO_MASS = 0.775
"""Mass of the ρ [GeV]: scale of the form factor."""

CONTENT = ((2, 4.0 / 6.0), (1, 1.0 / 6.0), (3, 1.0 / 6.0))
"""Quarks of the final state, in proportion to their squared charges: an assumption."""


class TwoPhotonHadrons(Process):
    """Two quasi-real photons make a hadronic system X of mass W.

    Vector-meson dominance: σ(γγ → hadrons) is the constant `sigma`, some 200 to 400 nb above
    W ≈ 2 GeV (recalled, not read again), for transverse photons, times (1 + Q²/m_ρ²)⁻² for the
    virtuality of each; fluxes as for lepton pairs, Q² up to W²/4. X is the final state of a quark
    pair of mass W along the photons (limited transverse momentum), or in any direction. All of this
    is an assumption: `sigma` and `axis` are there to be varied.

    Particles: scattered e⁻, scattered e⁺, then the hadrons, products of decays in flight last.
    """

    name = "two_photon_hadrons"
    title = "hadrons from two photons, a nuisance model"
    final_state = ()
    dimensions = 7

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Cross-section of the photons, lowest mass, direction, source of final states."""
        return (
            Parameter("sigma", 300.0, "cross-section of γγ → hadrons, constant", "nb", 0.0, 1e4),
            Parameter("w_min", 2.0, "lowest mass W of X", "GeV", 1.0, 0.9 * machine.sqrt_s),
            Parameter("axis", "photons", "axis of X: of the photons, or in any direction",
                      choices=("photons", "isotropic")),
            SOURCE,
        )  # fmt: skip

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return W, rapidity, two kT, two azimuths, and the quark's code."""
        variables, weight = _propose(u, self.machine.sqrt_s, self.number("w_min"))
        edges = np.cumsum([share for _, share in CONTENT])
        codes = np.array([code for code, _ in CONTENT], dtype=np.float64)
        number = np.minimum(np.searchsorted(edges, u[:, 6], side="right"), len(codes) - 1)
        variables[:, 6] = codes[number]
        return variables, weight * self.number("sigma")

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return scattered e⁻, scattered e⁺ and X, shape ``(n, 3, 4)`` [GeV]."""
        return _momenta(variables, self.machine.sqrt_s)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the beam leptons and the quark that stands for X."""
        quark = variables[:, 6].astype(np.int32)
        return np.stack((np.full_like(quark, 11), np.full_like(quark, -11), quark), axis=1)

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Return the beam leptons and the hadrons in the laboratory."""
        bare = super().assemble(variables, weight, rng)
        p4 = bare.p4.reshape(-1, 3, 4)
        parent = p4[:, 2]
        if self.word("axis") == "photons":
            beam = self.machine.to_lab @ np.array([0.0, 0.0, 1.0, 1.0]) * 0.5 * self.machine.sqrt_s
            axis = quark_axis(beam - p4[:, 0], parent)
        else:
            cosine, phi = 2.0 * rng.random(len(p4)) - 1.0, 2.0 * np.pi * rng.random(len(p4))
            sine = np.sqrt(1.0 - cosine**2)
            axis = np.stack((sine * np.cos(phi), sine * np.sin(phi), cosine), axis=1)
        code = variables[:, 6].astype(np.int32)
        hadrons = hadronise(self.word("source"), code, parent, axis, rng)
        return complete(bare, [0, 1], [hadrons], rng)


@njit()
def _propose(u: FloatArray, sqrt_s: float, w_min: float) -> tuple[FloatArray, FloatArray]:
    """Return variables, and weights for a photon cross-section of 1 nb."""
    n = len(u)
    variables = np.zeros((n, 7))
    weight = np.zeros(n)
    w_span = math.log(sqrt_s / w_min)
    for i in range(n):
        w = w_min * math.exp(w_span * u[i, 0])
        y_span = math.log(sqrt_s / w)
        rapidity = y_span * (2.0 * u[i, 1] - 1.0)
        x1, x2 = w / sqrt_s * math.exp(rapidity), w / sqrt_s * math.exp(-rapidity)
        if x1 >= 1.0 or x2 >= 1.0:
            continue
        low1, low2, high = lowest_virtuality(x1), lowest_virtuality(x2), 0.25 * w * w
        if low1 >= high or low2 >= high:
            continue
        span1, span2 = math.log(high / low1), math.log(high / low2)
        q1, q2 = low1 * math.exp(span1 * u[i, 2]), low2 * math.exp(span2 * u[i, 3])
        kt = (math.sqrt((q1 - low1) * (1.0 - x1)), math.sqrt((q2 - low2) * (1.0 - x2)))
        phi = (2.0 * math.pi * u[i, 4], 2.0 * math.pi * u[i, 5])
        if not solve_beams(sqrt_s, w, rapidity, kt, phi)[0]:
            continue
        variables[i, 0], variables[i, 1] = w, rapidity
        variables[i, 2], variables[i, 3] = kt
        variables[i, 4], variables[i, 5] = phi
        form = ((1.0 + q1 / RHO_MASS**2) * (1.0 + q2 / RHO_MASS**2)) ** -2
        # dx₁dx₂ = 2 (W²/s) d ln W dY
        weight[i] = (
            2.0 * (w / sqrt_s) ** 2 * w_span * 2.0 * y_span * form
            * span1 * flux_in_log(x1, q1) * span2 * flux_in_log(x2, q2)
        )  # fmt: skip
    return variables, weight


@njit()
def _momenta(variables: FloatArray, sqrt_s: float) -> FloatArray:
    n = len(variables)
    p4 = np.empty((n, 3, 4))
    for i in range(n):
        kt = (variables[i, 2], variables[i, 3])
        phi = (variables[i, 4], variables[i, 5])
        w, rapidity = variables[i, 0], variables[i, 1]
        _, plus, minus, px, py = solve_beams(sqrt_s, w, rapidity, kt, phi)
        for j in range(2):
            square = kt[j] ** 2 + ELECTRON_MASS**2
            large = plus if j == 0 else minus
            sign = 1.0 if j == 0 else -1.0
            p4[i, j, 0] = kt[j] * math.cos(phi[j])
            p4[i, j, 1] = kt[j] * math.sin(phi[j])
            p4[i, j, 2] = 0.5 * sign * (large - square / large)
            p4[i, j, 3] = 0.5 * (large + square / large)
        transverse = math.sqrt(w * w + px * px + py * py)
        p4[i, 2, 0], p4[i, 2, 1] = px, py
        p4[i, 2, 2] = transverse * math.sinh(rapidity)
        p4[i, 2, 3] = transverse * math.cosh(rapidity)
    return p4
