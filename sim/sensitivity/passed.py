"""What passes selection and trigger at one mass: signal in bins, backgrounds in bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.sensitivity.channel import BackgroundProcess, Channel
from sim.sensitivity.observables import BinnedEvents
from sim.sensitivity.passing import Efficiency, mean
from sim.sensitivity.sample import Sample
from sim.sensitivity.windows import kept_shares

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Expected events of one simulated background behind selection and trigger.

    Parameters
    ----------
    name : str
    events : ndarray, shape (n_bins,)
        At the channel's luminosity.
    variance : float
        Of their sum, from the simulation. Bins share events that are smeared over them, so it is
        more than the sum of what each bin has by itself.
    """

    name: str
    events: FloatArray
    variance: float

    def scaled(self, live: float) -> Counts:
        """Return the counts in a part of the time."""
        return Counts(self.name, live * self.events, live**2 * self.variance)


class Sums(NamedTuple):
    """Sums of weights and of squared weights, of signal that passes and of all inside.

    An event that passes with the chance p adds w p and w² p to the first two.
    """

    n_pass: float = 0.0
    w2_pass: float = 0.0
    n_total: float = 0.0
    w2_total: float = 0.0

    @classmethod
    def of(cls, weight: FloatArray, probability: FloatArray) -> Sums:
        """Return the sums of events, both of shape ``(n,)``."""
        square = weight**2
        return cls(*(
            float(np.sum(part))
            for part in (weight * probability, square * probability, weight, square)
        ))  # fmt: skip


NOTHING = Sums()


@dataclass(frozen=True)
class Through:
    """What one trigger lets through behind the offline selection.

    Parameters
    ----------
    efficiency : Efficiency
        Of the signal inside the selection.
    signal : ndarray, shape (n_bins,)
        The same by bin: sums to the efficiency.
    backgrounds : tuple of Counts
        Of the simulated ones.
    line_shifts : mapping of str to float
        Relative uncertainty of the efficiency from that of each line.
    sums : Sums
        Behind the efficiency, for tables; not `scaled`.
    """

    efficiency: Efficiency
    signal: FloatArray
    backgrounds: tuple[Counts, ...] = ()
    line_shifts: Mapping[str, float] = field(default_factory=dict)
    sums: Sums = NOTHING

    @classmethod
    def counted(cls, efficiency: Efficiency) -> Through:
        """Return that of a search that counts, without simulated background."""
        return cls(efficiency, np.array([np.nan_to_num(efficiency.value)]))

    def scaled(self, live: float) -> Through:
        """Return what passes in a part of the time."""
        own = self.efficiency
        return replace(
            self,
            efficiency=Efficiency(live * own.value, live * own.error, live * own.low,
                                  live * own.high),
            signal=live * self.signal,
            backgrounds=tuple(counts.scaled(live) for counts in self.backgrounds),
        )  # fmt: skip


@dataclass(frozen=True)
class Passed:
    """What of the signal at one mass passes, and its cross-section.

    Parameters
    ----------
    mass : float
        [GeV]
    sigma_fb, sigma_err_fb : float
        Of the process at the reference coupling [fb].
    n_events : int
        Generated.
    acceptance : Efficiency
        Of the offline regions and observables, without the flat efficiency.
    ideal : Through
        The ideal trigger.
    trigger : dict of str to Through
        By the label of the setting.
    """

    mass: float
    sigma_fb: float
    sigma_err_fb: float
    n_events: int
    acceptance: Efficiency
    ideal: Through
    trigger: Mapping[str, Through]


def binned(channel: Channel, sample: Sample, mass: float, smoothing: float = 0.0) -> BinnedEvents:
    """Return the events of a sample behind the regions in the bins of the observables.

    Windows whose edges are chosen must have them (`sim.sensitivity.edges`).
    """
    machine = channel.collider()
    events = BinnedEvents(channel.offline.observable, sample.truth, mass, machine, smoothing)
    if channel.offline.window:
        return events.weighted(kept_shares(channel.offline.window, sample.truth, mass, machine))
    return events


def through(
    events: BinnedEvents, probability: FloatArray, line_shifts: Mapping[str, float] | None = None
) -> Through:
    """Return what passes of the signal.

    Parameters
    ----------
    events : BinnedEvents
        The signal behind the regions.
    probability : ndarray, shape (n,)
        To pass the trigger.
    line_shifts : mapping, optional
    """
    sums = events.sums(probability)
    total = float(events.weight.sum())
    return Through(
        mean(probability, events.weight), sums / total if total > 0 else 0.0 * sums,
        (), line_shifts or {}, Sums.of(events.weight, probability),
    )  # fmt: skip


def background_counts(
    channel: Channel, background: BackgroundProcess, sample: Sample, events: BinnedEvents,
    probability: FloatArray,
) -> Counts:  # fmt: skip
    """Return the expected events of a background behind selection and trigger.

    Parameters
    ----------
    channel : Channel
        For the luminosity and the flat efficiency.
    background : BackgroundProcess
    sample : Sample
        Behind the regions.
    events : BinnedEvents
        The same in bins.
    probability : ndarray, shape (n,)
    """
    each = (
        channel.luminosity_fb * sample.sigma_fb * background.share
        * channel.offline.efficiency / sample.n_generated
    )  # fmt: skip
    variance = float(np.sum(np.square(each * events.weight * probability)))
    return Counts(background.name, each * events.sums(probability), variance)


def total_background(backgrounds: Sequence[Counts]) -> FloatArray:
    """Return the sum of simulated backgrounds by bin; 0 in one bin where there is none."""
    return sum((counts.events for counts in backgrounds), np.zeros(1))
