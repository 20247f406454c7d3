"""What every process shares: weighted samples, cross-sections, unweighted events.

A process is a map from the unit hypercube to events: `propose` turns points into the process's
variables and a weight in nb, `momenta` turns variables into four-vectors. Everything else (the
importance grid, accept–reject, the boost to the laboratory) is done here, once.
"""

from __future__ import annotations

import abc
import logging
import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events, concatenate
from sim.machine import Machine, transform
from sim.processes.grid import adapt, map_points, uniform_grid
from sim.processes.kinematics import rescale
from sim.processes.parameters import Parameter, Value, resolve
from sim.streams import stream

FloatArray = NDArray[np.float64]

BATCH = 50_000
"""Proposals a step: bounds the memory, whatever the sample's size."""

GRID_ROUNDS, GRID_POINTS, PILOT_POINTS = 8, 30_000, 200_000


@dataclass(frozen=True)
class Estimate:
    """A cross-section with its statistical error, both in nb."""

    value_nb: float
    error_nb: float


@dataclass(frozen=True)
class Unweighted:
    """An unweighted sample and how it was made.

    Parameters
    ----------
    events : Events
        The sample, all weights 1.
    proposals : int
        Points tried.
    replicated : int
        Events that stand more than once because their weight was above the maximum.
    """

    events: Events
    proposals: int
    replicated: int


@dataclass(frozen=True)
class _Tuning:
    edges: FloatArray
    maximum: float
    efficiency: float


class Process(abc.ABC):
    """One process at a given machine with given parameters.

    Parameters
    ----------
    machine : Machine, optional
        Default: SuperKEKB without energy spread.
    **values
        The process's parameters, see `parameters`.

    Raises
    ------
    InputError
        For an unknown parameter or a value that is not allowed.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    final_state: tuple[int, ...]
    dimensions: int
    channels: int = 1
    """Equal parts of the first axis that stand for different ways to make an event."""
    excess: float = 5e-4
    """Largest part of the pilot's cross-section that may lie above the accept–reject maximum:
    about the part of an unweighted sample that is copies of other events of it."""
    laboratory: ClassVar[bool] = False
    """Whether `momenta` are those of the laboratory: then the beams do not matter."""
    flat: ClassVar[bool] = False
    """Whether every point has the weight `unit`: then there is no grid to adapt."""
    unit: float = 1.0
    """Weight of every point of a process that is `flat` [nb]."""
    balanced: ClassVar[bool] = True
    """Whether the energies sum to √s; where not, a beam-energy spread changes the boost alone."""

    def __init__(self, machine: Machine | None = None, **values: object) -> None:
        self.machine = machine if machine is not None else Machine()
        self.values: dict[str, Value] = resolve(self.name, self.parameters(self.machine), values)
        self.prepare()

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Return what the process takes at this machine."""
        return ()

    def prepare(self) -> None:  # noqa: B027 - optional: most processes need no preparation
        """Work out constants from `values`; raise InputError for impossible combinations."""

    @abc.abstractmethod
    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Turn points of the hypercube into variables and weights.

        Parameters
        ----------
        u : ndarray, shape (n, dimensions)
            Uniform points.

        Returns
        -------
        variables : ndarray, shape (n, m)
        weight : ndarray, shape (n,)
            In nb: the mean over uniform points is the cross-section.
        """

    @abc.abstractmethod
    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return four-vectors in the centre-of-mass frame, shape ``(n, k, 4)`` [GeV].

        In the laboratory for processes that are `laboratory`.
        """

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the particle codes, shape ``(n, k)``; by default `final_state` for all."""
        codes = np.asarray(self.final_state, dtype=np.int32)
        return np.broadcast_to(codes, (len(variables), len(codes)))

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return the production points x, y, z [cm], t [ns], shape ``(n, k, 4)``; default 0."""
        return np.zeros_like(p4_lab)

    def number(self, name: str) -> float:
        """Return a numeric parameter."""
        return float(self.values[name])

    def word(self, name: str) -> str:
        """Return a parameter that is a word."""
        return str(self.values[name])

    def sample(self, n: int, rng: np.random.Generator) -> Events:
        """Return `n` weighted proposals in the laboratory.

        Parameters
        ----------
        n : int
            Number of proposals; those outside the generation region have weight 0 and no
            particles.
        rng : Generator
            Source of the points.

        Returns
        -------
        Events
            Weights in nb; their mean is the cross-section.
        """
        variables, weight = self._propose(rng.random((_count(n, "n"), self.dimensions)))
        inside = weight > 0.0
        filled = self.assemble(variables[inside], weight[inside], rng)
        particles = np.zeros(n + 1, dtype=np.int64)
        particles[1:][inside] = np.diff(filled.offsets)
        return Events(np.cumsum(particles), filled.pdg, filled.p4, filled.vertex, weight)

    def weights(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return the weights [nb] of the events that `sample` would make, shape ``(n,)``."""
        return self._propose(rng.random((_count(n, "n"), self.dimensions)))[1]

    def cross_section(self, n_events: int = 200_000, seed: int = 0) -> Estimate:
        """Integrate the cross-section of the generation region.

        Parameters
        ----------
        n_events : int
            Number of proposals, at least 2.
        seed : int
            Seed of the points.
        """
        total = square = 0.0
        for chunk, size in enumerate(_sizes(_count(n_events, "n_events", 2))):
            rng = stream(seed, f"{self.name}/cross_section", chunk)
            weight = self._propose(rng.random((size, self.dimensions)))[1]
            total += float(np.sum(weight))
            square += float(np.sum(weight * weight))
        return estimate(total, square, n_events)

    def rate_hz(self) -> float | None:
        """Return the events a second of a source that has no cross-section; None: it has one."""
        return None

    def generate(self, n: int, seed: int, chunk: int = 0) -> Events:
        """Return exactly `n` unweighted events in the laboratory, all weights 1.

        Parameters
        ----------
        n : int
            Number of events.
        seed, chunk : int
            The same pair gives the same bytes; different chunks are independent.

        See Also
        --------
        unweight : the same, with a count of replicated events.
        """
        sample = self.unweight(n, seed, chunk)
        if sample.replicated:
            logging.getLogger(__name__).info(
                "%s: %d of %d events stand more than once (weight above the maximum)",
                self.name, sample.replicated, n,
            )  # fmt: skip
        return sample.events

    def unweight(self, n: int, seed: int, chunk: int = 0) -> Unweighted:
        """Make unweighted events and say how.

        A proposal of weight w is kept floor(w/W + u) times with u uniform: once or not at all
        below the maximum W, and at least once above it, so that no weight is clipped and the
        sample is unbiased for any W. W comes from a pilot sample with a fixed stream.
        """
        remaining = _count(n, "n")
        rng = stream(seed, f"{self.name}/events", chunk)
        parts: list[Events] = []
        proposals = replicated = 0
        while remaining:
            size = min(BATCH, int(remaining / self._tuning.efficiency * 1.03) + 64)
            draw = rng.random((size, self.dimensions + 1))
            variables, weight = self._propose(draw[:, :-1])
            copies = np.floor(weight / self._tuning.maximum + draw[:, -1]).astype(np.int64)
            rows = np.repeat(np.arange(size), copies)[:remaining]
            proposals += size
            replicated += len(rows) - len(np.unique(rows)) if copies.max() > 1 else 0
            parts.append(self.assemble(variables[rows], np.ones(len(rows)), rng))
            remaining -= len(rows)
        if not parts:
            empty = np.zeros((0, self.dimensions))
            parts = [self.assemble(self._propose(empty)[0], np.zeros(0), rng)]
        return Unweighted(concatenate(parts), proposals, replicated)

    @cached_property
    def _tuning(self) -> _Tuning:
        """The grid, the maximum and the efficiency; fixed streams, so always the same."""
        if self.flat:
            return _Tuning(uniform_grid(self.dimensions, self.channels), self.unit, 1.0)

        def draw(number: int) -> FloatArray:
            rng = stream(0, f"{self.name}/grid", number)
            return rng.random((GRID_POINTS, self.dimensions))

        edges = adapt(
            lambda u: self.propose(u)[1], self.dimensions, self.channels, draw, GRID_ROUNDS
        )
        u = stream(0, f"{self.name}/maximum").random((PILOT_POINTS, self.dimensions))
        points, jacobian = map_points(edges, u)
        weight = self.propose(points)[1] * jacobian
        if not np.any(weight > 0.0):
            raise InputError(
                f"no event falls into the generation region of {self.values}", place=self.name
            )
        maximum = _maximum(weight, self.excess)
        return _Tuning(edges, maximum, float(np.mean(weight)) / maximum)

    def _propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        points, jacobian = map_points(self._tuning.edges, u)
        variables, weight = self.propose(points)
        return variables, weight * jacobian

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Return events in the laboratory; here with the same number of particles in all.

        A process whose events differ in the number of particles (hadrons, decays of τ leptons)
        overrides this: it calls this method for what all events share (quarks, leptons, photons:
        `momenta` and `codes`) and replaces particles of the result. Its `final_state` is empty.

        Parameters
        ----------
        variables : ndarray, shape (n, m)
            From `propose`.
        weight : ndarray, shape (n,)
            Weights that the events get.
        rng : Generator
            For everything that is not in the variables; the caller's stream.
        """
        p4 = self.momenta(variables)
        if not self.laboratory:
            sqrt_s, to_lab = self.machine.collide(len(p4), rng)
            if self.machine.has_spread and self.balanced:
                p4 = rescale(p4, sqrt_s)
            p4 = transform(to_lab, p4)
        n, k, _ = p4.shape
        return Events(
            np.arange(n + 1, dtype=np.int64) * k,
            np.ascontiguousarray(self.codes(variables)).reshape(n * k),
            p4.reshape(n * k, 4),
            self.vertices(variables, p4).reshape(n * k, 4),
            weight,
        )


def estimate(total: float, square: float, n: int) -> Estimate:
    """Return mean and error of the mean from sums of n weights and of their squares."""
    mean = total / n
    variance = max(0.0, square / n - mean * mean) / max(1, n - 1)
    return Estimate(mean, math.sqrt(variance))


def _maximum(weight: FloatArray, excess: float) -> float:
    """Smallest W for which the weights above it exceed it by at most `excess` of the total."""
    ordered = np.sort(weight)[::-1]
    above = np.cumsum(ordered) - ordered * np.arange(1, len(ordered) + 1)
    number = int(np.searchsorted(above, excess * ordered.sum(), side="right")) - 1
    return float(ordered[number])


def _sizes(n: int) -> list[int]:
    whole, rest = divmod(n, BATCH)
    return [BATCH] * whole + ([rest] if rest else [])


def _count(n: int, what: str, low: int = 0) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < low:
        raise InputError(f"must be a whole number from {low}, not {n!r}", place=what)
    return int(n)
