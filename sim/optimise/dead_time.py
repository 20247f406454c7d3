"""Dead time against Level-1 rate: the readout at some rates, monotone interpolation between them.

The dead time is what random probes find: the part of the time in which no trigger would be taken,
and so what a signal event loses. Probes add nothing to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from firmware_models.errors import InputError
from sim.optimise.config import DeadTime
from sim.readout.config import ReadoutConfig, load_readout, parse_readout
from sim.study.readout import PACKAGED
from sim.study.workers import in_order

FloatArray = NDArray[np.float64]

LOWEST_KHZ = 0.1
"""Lowest rate at which the readout is simulated: below, it is the veto that counts."""

RATE_KINDS = ("poisson", "beam")
"""Kinds of arrivals that have a rate."""


@dataclass(frozen=True)
class DeadPoint:
    """The readout at one rate.

    Parameters
    ----------
    rate_khz : float
    value, error : float
        Dead time, one standard deviation.
    saturated : bool
        The readout does not follow: its buffers grow without end, the dead time is taken as 1.
    """

    rate_khz: float
    value: float
    error: float
    saturated: bool = False


@dataclass(frozen=True)
class DeadCurve:
    """Dead time against rate.

    Parameters
    ----------
    points : tuple of DeadPoint
        Rates rise strictly.
    """

    points: tuple[DeadPoint, ...]

    def at(self, rate_khz: FloatArray) -> FloatArray:
        """Return the dead time at some rates; outside the points that of the nearest.

        The points' values are first made to rise (each with the weight of its error), then joined
        by cubics that are monotone (F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5
        (1984) 300).
        """
        rates = np.array([point.rate_khz for point in self.points])
        values = rising(
            np.array([point.value for point in self.points]),
            np.array([point.error for point in self.points]),
        )
        inside = np.clip(np.asarray(rate_khz, dtype=np.float64), rates[0], rates[-1])
        if len(rates) == 1:
            return np.full_like(inside, values[0])
        found: FloatArray = PchipInterpolator(rates, values)(inside)
        return np.clip(found, 0.0, 1.0)

    def error_at(self, rate_khz: FloatArray) -> FloatArray:
        """Return the error of the simulation, straight between the points."""
        rates = [point.rate_khz for point in self.points]
        found: FloatArray = np.interp(rate_khz, rates, [point.error for point in self.points])
        return found


def rising(values: FloatArray, errors: FloatArray) -> FloatArray:
    """Return the nearest values that do not fall: neighbours that do are averaged.

    Parameters
    ----------
    values, errors : ndarray, shape (n,)
    """
    floor = max(float(np.max(errors, initial=0.0)) * 1e-3, 1e-12)
    blocks: list[list[float]] = []  # value, weight, number of points
    for value, weight in zip(values, np.maximum(errors, floor) ** -2.0, strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            v, w, n = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + v * w) / (last[1] + w)
            last[1] += w
            last[2] += n
    return np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])


def rate_grid(rates_khz: FloatArray, points: int) -> list[float]:
    """Return rates that span all candidates', equally spaced."""
    low = max(float(np.min(rates_khz)), LOWEST_KHZ)
    high = max(float(np.max(rates_khz)), LOWEST_KHZ)
    if high <= low * (1 + 1e-9):
        return [low]
    return [float(rate) for rate in np.linspace(low, high, points)]


def prepared_readout(own: DeadTime, seed: int) -> ReadoutConfig:
    """Return the readout, whose rate `simulate` sets.

    Raises
    ------
    InputError
        For whatever is wrong in the file, and for arrivals without a rate.
    """
    config = load_readout(None if own.config == PACKAGED else own.config)
    if config.arrivals.get("kind") not in RATE_KINDS:
        raise InputError(
            f"arrivals of kind {config.arrivals.get('kind')!r} have no rate to set; allowed: "
            f"{', '.join(RATE_KINDS)}", place=f"readout: {own.config}",
        )  # fmt: skip
    if config.pipeline is not None:
        raise InputError("[pipeline] is for arrivals of kind menu", place=f"readout: {own.config}")
    data = config.model_dump(exclude_none=True)
    data["run"] |= {"seed": seed}
    data["run"] |= {} if own.triggers is None else {"triggers": own.triggers}
    return parse_readout(data, own.config)


def simulate(job: tuple[str, float, int]) -> DeadPoint:
    """Return the dead time of a readout at one rate.

    Parameters
    ----------
    job : (str, float, int)
        The readout's configuration as JSON, rate [kHz], seed.
    """
    from sim.readout.run import run_readout
    from sim.readout.tally import fraction

    text, rate, seed = job
    config = ReadoutConfig.model_validate_json(text)
    data = config.model_dump(exclude_none=True)
    data["arrivals"]["rate_khz"] = rate
    # As many probes as triggers: what they find is as exact as what the triggers lose.
    data["run"] |= {"seed": seed, "probe_khz": rate}
    result = run_readout(parse_readout(data, "readout"), place="readout")
    if result.run.saturated:
        return DeadPoint(rate, 1.0, 0.0, True)
    value, error = fraction(result.tally.probes, slice(1, None))
    return DeadPoint(rate, float(value), float(error))


def simulated(
    config: ReadoutConfig, rates_khz: Sequence[float], seed: int, *, workers: int = 1,
    progress: Callable[[], None] | None = None,
) -> list[DeadPoint]:  # fmt: skip
    """Return the dead time at some rates."""
    text = config.model_dump_json(exclude_none=True)
    found = []
    jobs = ((text, rate, seed) for rate in rates_khz)
    for point in in_order(simulate, jobs, workers=workers):
        found.append(point)
        if progress is not None:
            progress()
    return found
