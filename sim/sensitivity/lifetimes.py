"""What of a signal passes at every lifetime, from one sample a mass.

The sample is that of `sim.processes.long_lived` for all lifetimes: an event has a weight for each.
The acceptance is Σw inside over Σw of all generated events, wherever they decay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.processes import get_process
from sim.processes.lifetimes import BROAD, SAMPLING, common_weights, lifetime_parameters
from sim.processes.long_lived import LongLived, effective_size
from sim.sensitivity.channel import Channel
from sim.sensitivity.passed import Passed, binned, through
from sim.sensitivity.passing import line_shifts, mean
from sim.sensitivity.sample import Sample
from trigger.grids import MAX_POINTS

if TYPE_CHECKING:
    from sim.sensitivity.run import Chance

FloatArray = NDArray[np.float64]

LEAST_EFFECTIVE = 20.0
"""Effective number of events that pass everything below which a point has no limit: the error of
its efficiency exceeds 22 %, and few events of large weight make it."""


@dataclass(frozen=True)
class LifetimePoint:
    """One mass and lifetime.

    Parameters
    ----------
    ctau : float
        Mean proper decay length [m].
    passed : Passed
        As for one lifetime; its numbers are those of weighted events.
    generated : float
        Sum of weights of all generated events.
    n_inside : int
        Events behind the offline regions, whatever their weight.
    effective : mapping of str or None to float
        (Σw)²/Σw² of the events that pass everything, by trigger; None: the ideal trigger.
    error : mapping of str or None to float
        Relative, of the share of generated events that pass everything.
    """

    ctau: float
    passed: Passed
    generated: float
    n_inside: int
    effective: Mapping[str | None, float]
    error: Mapping[str | None, float]

    def enough(self, label: str | None) -> bool:
        """Return whether the events inside, and those that pass a trigger, suffice for a limit."""
        return min(self.effective[None], self.effective[label]) >= LEAST_EFFECTIVE


def check_points(channel: Channel, labels: Sequence[str]) -> None:
    """Refuse more points of trigger, mass and lifetime than files take.

    Raises
    ------
    InputError
    """
    points = len(labels) * len(channel.signal.masses) * len(channel.signal.ctaus())
    if points > MAX_POINTS:
        raise InputError(
            f"{points} points of trigger, mass and lifetime; allowed: {MAX_POINTS}",
            place=f"{channel.name}: signal.lifetimes",
        )


def broad_process(channel: Channel, mass: float) -> LongLived:
    """Return the process of the sample for all lifetimes at one mass [GeV]."""
    signal = channel.signal
    own = {
        name: value for name, value in signal.parameters.items()
        if name not in lifetime_parameters(signal.process)
    }  # fmt: skip
    process = get_process(
        signal.process, channel.collider(), **own, **{signal.mass: mass, SAMPLING: BROAD}
    )
    assert isinstance(process, LongLived)
    return process


def all_weights(channel: Channel, sample: Sample, mass: float) -> FloatArray:
    """Return the weights of a sample for all lifetimes, shape ``(n, n_ctau)``."""
    assert sample.lengths is not None
    return common_weights(broad_process(channel, mass), sample.lengths, channel.signal.ctaus())


def lifetime_points(
    channel: Channel,
    mass: float,
    sample: Sample,
    chosen: NDArray[np.bool_],
    chances: Mapping[str, Chance],
) -> list[LifetimePoint]:
    """Return what passes at every lifetime of the channel, without simulated backgrounds.

    Parameters
    ----------
    channel : Channel
    mass : float
        [GeV]
    sample : Sample
        For all lifetimes.
    chosen : ndarray of bool, shape (n,)
        Events inside the offline regions.
    chances : mapping of str to Chance
        What each trigger does to these, by label.
    """
    inside = sample.select(chosen)
    plain = binned(channel, inside, mass)
    weights = all_weights(channel, sample, mass)
    ones = np.ones(len(inside))
    passing: dict[str | None, FloatArray] = {None: ones}
    passing |= {label: chance.probability for label, chance in chances.items()}
    share = np.zeros(len(sample))
    share[chosen] = plain.weight
    found = []
    for ctau, weight in zip(channel.signal.ctaus(), weights.T, strict=True):
        events = plain.weighted(weight[chosen])
        trigger = {}
        for label, chance in chances.items():
            shifts = {}
            if chance.fired is not None and channel.statistic.line_uncertainty:
                shifts = line_shifts(channel, chance.fired[0], chance.fired[1], events.weight)
            own = through(events, chance.probability, shifts)
            trigger[label] = replace(own, efficiency=own.efficiency.widened(chance.error))
        passed = Passed(
            mass, sample.sigma_fb, sample.sigma_err_fb, sample.n_generated, mean(share, weight),
            through(events, ones), trigger,
        )  # fmt: skip
        found.append(LifetimePoint(
            ctau, passed, float(weight.sum()), len(inside),
            {label: effective_size(events.weight * p) for label, p in passing.items()},
            {label: _relative_error(weight, share, chosen, p) for label, p in passing.items()},
        ))  # fmt: skip
    return found


def _relative_error(
    weight: FloatArray, share: FloatArray, chosen: NDArray[np.bool_], probability: FloatArray
) -> float:
    """Return the relative error of the share of all events that passes; infinite where none do."""
    passing = share.copy()
    passing[chosen] *= probability
    found = mean(passing, weight)
    return found.error / found.value if found.value > 0 else float("inf")
