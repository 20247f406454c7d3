"""What a search looks at behind its regions: windows that follow the mass, or fixed bins.

Truth variables are smeared with a Gaussian resolution, in closed form: an event is not in one bin
but in every bin with the share of its Gaussian that lies there. A background that is smooth over
the window is then measured by all events around it, and the signal loses what its resolution puts
outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import pairwise, product
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtr

from sim.machine import Machine
from sim.study.fields import Range
from sim.toml_file import Strict

FloatArray = NDArray[np.float64]

MAX_OBSERVABLES = 2
MAX_BINS = 2000

REACH = 6.0
"""Resolutions from a window beyond which an event does not count: 1e-9 of its Gaussian."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
ByMass = list[Annotated[list[Finite], Field(min_length=2, max_length=2)]]
"""Pairs of mass [GeV] and value, straight between them, the nearest value outside."""


class Observable(Strict):
    """One `[[offline.observable]]`: a window about the signal's peak, or bins."""

    variable: str | Annotated[list[str], Field(min_length=1, max_length=9)]
    """Several: combinations of which a search does not know the right one; any may lie in the
    window, or the only bin."""
    centre: Literal["mass", "mass^2", "photon_energy"] | None = None
    """Where the signal peaks: at the mass, its square, or (s - m²) / (2√s)."""
    resolution: Annotated[float, Field(ge=0, allow_inf_nan=False)] | ByMass = 0.0
    """Standard deviation in the variable's unit; or by mass."""
    relative: bool = False
    """The resolution is a fraction of the value."""
    half_width: Annotated[float, Field(gt=0, le=100)] | None = None
    """Of the window, in resolutions."""
    half_widths: ByMass = Field(default=[])
    """Of the window, by mass in the variable's unit."""
    edges: list[Finite] = Field(default=[])
    low: Finite | None = None
    high: Finite | None = None
    bins: Annotated[int, Field(ge=1, le=MAX_BINS)] | None = None
    spacing: Literal["even", "log"] = "even"
    """Of the bins between low and high."""
    source: str = ""

    @model_validator(mode="after")
    def _window_or_bins(self) -> Observable:
        spaced = [self.low, self.high, self.bins]
        if any(value is not None for value in spaced) and any(v is None for v in spaced):
            raise ValueError("low, high and bins belong together")
        ways = (self.centre is not None, bool(self.edges), self.bins is not None)
        if sum(ways) != 1:
            raise ValueError("needs one of: centre (a window), edges, or low, high and bins")
        if self.centre is None and (self.half_width is not None or self.half_widths):
            raise ValueError("half_width and half_widths are of a window, which has a centre")
        if self.centre is not None and (self.half_width is None) == (not self.half_widths):
            raise ValueError("a window needs either half_width or half_widths")
        given = self.resolution
        sigmas = [sigma for _, sigma in given] if isinstance(given, list) else [given]
        if self.half_width is not None and not all(sigma > 0 for sigma in sigmas):
            raise ValueError("half_width counts resolutions: give a resolution above 0")
        if not isinstance(self.variable, str) and self.n_bins > 1:
            raise ValueError(
                "several variables are for a window or one bin, in which an event counts once: "
                f"give one variable for {self.n_bins} bins"
            )
        for name in ("resolution", "half_widths"):
            value = getattr(self, name)
            if isinstance(value, list):
                lowest_allowed = "at least 0" if name == "resolution" else "above 0"
                if any(b[0] <= a[0] for a, b in pairwise(value)):
                    raise ValueError(f"{name}: masses must rise strictly")
                if any(y < 0 or (y == 0 and name == "half_widths") for _, y in value):
                    raise ValueError(f"{name}: values must be {lowest_allowed}")
        if self.resolution == [] or (self.edges and len(self.edges) < 2):
            raise ValueError("a list needs at least one pair, edges at least two")
        if any(b <= a for a, b in pairwise(self.edges)):
            raise ValueError("edges must rise strictly")
        if self.bins is not None and not self.low < self.high:  # type: ignore[operator]
            raise ValueError(f"low must be below high, not {self.low} and {self.high}")
        return self

    @property
    def n_bins(self) -> int:
        """Number of bins; 1 for a window."""
        return len(self.edges) - 1 if self.edges else (self.bins or 1)

    @property
    def variables(self) -> tuple[str, ...]:
        """The truth variable, or all that enter."""
        return (self.variable,) if isinstance(self.variable, str) else tuple(self.variable)

    def sigma(self, mass: float) -> float:
        """Return the resolution at a mass [GeV], in the variable's unit."""
        if isinstance(self.resolution, list):
            return at_mass(self.resolution, mass)
        return self.resolution

    def edges_at(self, mass: float, machine: Machine) -> FloatArray:
        """Return the edges of the bins at a mass [GeV]: two for a window.

        Parameters
        ----------
        mass : float
        machine : Machine
            For √s.

        Returns
        -------
        ndarray of float64, shape (n_bins + 1,)
        """
        if self.edges:
            return np.array(self.edges)
        if self.bins is not None:
            low, high = self.low, self.high
            assert low is not None
            assert high is not None
            spaced = np.geomspace if self.spacing == "log" else np.linspace
            return np.asarray(spaced(low, high, self.bins + 1), dtype=np.float64)
        s = machine.sqrt_s**2
        centre = {
            "mass": mass, "mass^2": mass**2, "photon_energy": (s - mass**2) / (2 * s**0.5),
        }[self.centre or "mass"]  # fmt: skip
        half = (at_mass(self.half_widths, mass) if self.half_width is None
                else self.half_width * self.sigma(mass))  # fmt: skip
        return np.array([centre - half, centre + half])


def at_mass(pairs: ByMass, mass: float) -> float:
    """Return the value at a mass [GeV]."""
    masses, values = zip(*pairs, strict=True)
    return float(np.interp(mass, masses, values))


def shares(values: FloatArray, edges: FloatArray, sigma: float | FloatArray) -> FloatArray:
    """Return how much of every event lies in each bin.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Truth; NaN lies in no bin.
    edges : ndarray of float64, shape (n_bins + 1,)
        Bins are [low, high).
    sigma : float, or ndarray of shape (n,)
        Standard deviation of the resolution, in the unit of the values; 0: none.

    Returns
    -------
    ndarray of float64, shape (n, n_bins)
    """
    # A value that is missing may have no resolution: it must not take that of the others.
    if np.any(np.asarray(sigma) > 0):
        below = ndtr((edges[None, :] - values[:, None]) / np.reshape(sigma, (-1, 1)))
    else:
        below = (values[:, None] < edges[None, :]).astype(np.float64)
    inside: FloatArray = np.diff(below, axis=1)
    return np.where(np.isfinite(values)[:, None], inside, 0.0)


def event_shares(
    observable: Observable, truth: Mapping[str, FloatArray], mass: float, machine: Machine,
    smoothing: float = 0.0,
) -> FloatArray:  # fmt: skip
    """Return how much of every event lies in each bin, shape ``(n, n_bins)``.

    `smoothing` is a standard deviation in quadrature to the resolution.

    Of several variables: the probability that any of them lies in the window, their resolutions
    taken as independent.
    """
    edges, sigma = observable.edges_at(mass, machine), observable.sigma(mass)

    def one(name: str) -> FloatArray:
        values = truth[name]
        own = sigma * np.maximum(np.abs(values), 1e-9) if observable.relative else sigma
        return shares(values, edges, np.hypot(own, smoothing))

    if isinstance(observable.variable, str):
        return one(observable.variable)
    outside = np.ones((len(next(iter(truth.values()))), len(edges) - 1))
    for name in observable.variable:
        outside *= 1.0 - one(name)
    return 1.0 - outside


def window_boxes(
    observables: Sequence[Observable], masses: Sequence[float], machine: Machine,
    smoothing: float = 0.0,
) -> list[list[Range]]:  # fmt: skip
    """Return regions outside which no event counts at any of the masses; none: all may.

    Parameters
    ----------
    observables : sequence of Observable
        Windows and ranges of bins, `REACH` resolutions wider; boxes are those of one mass.
    masses : sequence of float
        [GeV]
    machine : Machine
    """
    if not observables:
        return []
    boxes = []
    for mass in masses:
        sides = []
        for i, o in enumerate(observables):
            edges, sigma = o.edges_at(mass, machine), o.sigma(mass)
            own = sigma * float(np.abs(edges).max()) if o.relative else sigma
            room = REACH * float(np.hypot(own, 0.0 if i else smoothing))
            low, high = edges[0] - room, edges[-1] + room
            sides.append([Range(variable=name, low=low, high=high) for name in o.variables])
        boxes += [list(box) for box in product(*sides)]
    return boxes


class BinnedEvents:
    """Shares of events in the bins of up to two observables; one bin where there is none.

    Parameters
    ----------
    observables : sequence of Observable
    truth : mapping of str to ndarray, shape (n,)
        Truth variables of the events behind the regions.
    mass : float
        [GeV]
    machine : Machine
    smoothing : float
        Of the first, in quadrature to its resolution.
    """

    def __init__(
        self, observables: Sequence[Observable], truth: Mapping[str, FloatArray], mass: float,
        machine: Machine, smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        n = len(next(iter(truth.values())))
        axes = [
            event_shares(o, truth, mass, machine, 0.0 if i else smoothing)
            for i, o in enumerate(observables)
        ]
        axes += [np.ones((n, 1))] * (MAX_OBSERVABLES - len(axes))
        self._first, self._second = axes

    def weighted(self, weight: FloatArray) -> BinnedEvents:
        """Return the events with weights, shape ``(n,)``, times those that they have."""
        found = copy(self)
        found._first = self._first * weight[:, None]
        return found

    @property
    def weight(self) -> FloatArray:
        """Return every event's share in any bin, shape ``(n,)``."""
        weight: FloatArray = self._first.sum(axis=1) * self._second.sum(axis=1)
        return weight

    def sums(self, probability: FloatArray) -> FloatArray:
        """Return sums of shares times probability.

        Parameters
        ----------
        probability : ndarray of float64, shape (n,)
            To pass the trigger.

        Returns
        -------
        ndarray of float64, shape (n_bins,)
            Bins of the second observable run fastest.
        """
        total: FloatArray = (self._first * probability[:, None]).T @ self._second
        return total.ravel()
