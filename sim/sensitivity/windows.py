"""Cuts whose edges depend on the mass and are chosen for the best S/√B: `[[offline.window]]`.

The procedure of arXiv:2307.06369, equations 15 and 16: every cut has a list of edges, all
combinations are tried at every mass, and the one with the largest S/√B is taken among those that
keep a given share of the signal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtr

from sim.machine import Machine
from sim.sensitivity.observables import ByMass, at_mass
from sim.toml_file import Strict

FloatArray = NDArray[np.float64]

MAX_WINDOWS = 3
Edge = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class Window(Strict):
    """One `[[offline.window]]`.

    ``about``: |value - centre| ≤ edge · resolution, smeared by the resolution; ``above``: value ≥
    edge, up to the energy of a system of the mass that recoils against massless ones; ``within``:
    |value| ≤ edge.
    """

    variable: str
    kind: Literal["about", "above", "within"]
    edges: list[Edge] = Field(default=[], max_length=50)
    """Those to choose from at every mass."""
    edge_by_mass: ByMass = Field(default=[])
    """In their place: the edge, by mass; straight between masses."""
    centre: Literal["mass", "mass^2"] = "mass"
    """Of ``about``."""
    resolution: Edge | ByMass = 1.0
    """Of ``about``, in the variable's unit; or by mass."""
    below_recoil: bool = False
    """Of ``above``: also value ≤ (s + m²)/(2√s), the largest energy of a system of this mass."""
    source: str = ""

    @model_validator(mode="after")
    def _rise(self) -> Window:
        if bool(self.edges) == bool(self.edge_by_mass):
            raise ValueError("needs either edges to choose from, or edge_by_mass")
        if any(b <= a for a, b in pairwise(self.edges)):
            raise ValueError("edges must rise strictly")
        for name in ("resolution", "edge_by_mass"):
            value = getattr(self, name)
            if not isinstance(value, list):
                continue
            if any(b[0] <= a[0] for a, b in pairwise(value)) or any(y <= 0 for _, y in value):
                raise ValueError(f"{name}: masses must rise strictly, values be above 0")
        if self.resolution == []:
            raise ValueError("resolution: a list needs at least one pair")
        if self.below_recoil and self.kind != "above":
            raise ValueError("below_recoil is of kind 'above'")
        return self

    def sigma(self, mass: float) -> float:
        """Return the resolution at a mass [GeV]."""
        return at_mass(self.resolution, mass) if isinstance(self.resolution, list) else (
            self.resolution)  # fmt: skip

    def candidates(self, mass: float) -> list[float]:
        """Return the edges to choose from at a mass [GeV]."""
        return self.edges or [at_mass(self.edge_by_mass, mass)]

    def shares(
        self, values: FloatArray, edges: Sequence[float], mass: float, machine: Machine
    ) -> FloatArray:
        """Return how much of every event each edge keeps.

        Parameters
        ----------
        values : ndarray, shape (n,)
            Truth; of NaN nothing is kept.
        edges : sequence of float
        mass : float
            [GeV]
        machine : Machine
            For √s.

        Returns
        -------
        ndarray of float64, shape (n, n_edges)
        """
        edge, value = np.asarray(edges, dtype=np.float64)[None, :], values[:, None]
        if self.kind == "about":
            off = (value - (mass if self.centre == "mass" else mass**2)) / self.sigma(mass)
            kept = ndtr(edge - off) - ndtr(-edge - off)
        elif self.kind == "above":
            top = (machine.s + mass**2) / (2.0 * machine.sqrt_s) if self.below_recoil else np.inf
            # Rounding must not lose events that stand at the kinematic end.
            kept = ((value >= edge) & (value <= top * (1.0 + 1e-9))).astype(np.float64)
        else:
            kept = (np.abs(value) <= edge).astype(np.float64)
        found: FloatArray = np.where(np.isfinite(value), kept, 0.0)
        return found


@dataclass(frozen=True)
class Weighted:
    """Events behind the regions with the number that each stands for.

    Parameters
    ----------
    truth : mapping of str to ndarray, shape (n,)
    each : float
    """

    truth: Mapping[str, FloatArray]
    each: float


def yields(
    windows: Sequence[Window], sample: Weighted, mass: float, machine: Machine
) -> FloatArray:
    """Return the events that every combination of edges keeps, one axis a window."""
    total = np.full((len(next(iter(sample.truth.values()))), 1), sample.each)
    for window in windows:
        edges = window.candidates(mass)
        kept = window.shares(sample.truth[window.variable], edges, mass, machine)
        # One matrix product for the last window, in place of an array of all combinations.
        if window is windows[-1]:
            found: FloatArray = total.T @ kept
            return found.reshape([len(w.candidates(mass)) for w in windows])
        total = (total[:, :, None] * kept[:, None, :]).reshape(len(total), -1)
    raise AssertionError("no windows")


def best_edges(
    windows: Sequence[Window],
    signal: Weighted,
    backgrounds: Sequence[Weighted],
    mass: float,
    machine: Machine,
    keep: float,
) -> tuple[float, ...]:
    """Return the edges of the largest S/√B among those that keep enough of the signal.

    Parameters
    ----------
    windows : sequence of Window
    signal : Weighted
    backgrounds : sequence of Weighted
    mass : float
        [GeV]
    machine : Machine
    keep : float
        Least share of the signal behind the regions; where no combination keeps it, the one that
        keeps most is taken.

    Returns
    -------
    tuple of float
        One edge a window. B counts as one event where it is less; of equal ones the first.
    """
    s = yields(windows, signal, mass, machine)
    b = np.zeros(s.shape)
    for background in backgrounds:
        b += yields(windows, background, mass, machine)
    whole = signal.each * len(next(iter(signal.truth.values())))
    merit = np.where(s >= keep * whole, s / np.sqrt(np.maximum(b, 1.0)), -1.0)
    if merit.max() < 0.0:
        merit = s
    at = np.unravel_index(int(np.argmax(merit)), s.shape)
    return tuple(window.candidates(mass)[i] for window, i in zip(windows, at, strict=True))


def kept_shares(
    windows: Sequence[Window], truth: Mapping[str, FloatArray], mass: float, machine: Machine
) -> FloatArray:
    """Return how much of every event windows of one edge each keep, shape ``(n,)``.

    Raises
    ------
    ValueError
        For a window whose edge is still to be chosen.
    """
    kept = np.ones(len(next(iter(truth.values()))))
    for window in windows:
        (edge,) = window.candidates(mass)
        kept *= window.shares(truth[window.variable], [edge], mass, machine)[:, 0]
    return kept
