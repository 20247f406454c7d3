"""How often the events of a channel pass the selection and the trigger.

Offline acceptance is the share of generated events inside the selection; trigger efficiency is
that of the events inside: the two multiply, and the ideal trigger has efficiency 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, nearest
from sim.sensitivity.channel import ALL_LINES, Channel
from sim.sensitivity.decide import upstreams
from sim.sensitivity.sample import Sample
from sim.sensitivity.settings import Setting
from sim.truth import VARIABLES
from trigger.bits import BitTable
from trigger.efficiency import EfficiencyTable
from trigger.intervals import ONE_SIGMA, clopper_pearson, wilson
from trigger.menu.inputs import produced_inputs

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Efficiency:
    """A share of events with its errors.

    Parameters
    ----------
    value : float
        NaN where there is no event to measure it with.
    error : float
        Statistical, one standard deviation.
    low, high : float
        Wilson interval of one standard deviation: at 0 and 1 too it has a width. For prescaled
        lines it is too wide, since it takes the variance of counts.
    """

    value: float
    error: float
    low: float
    high: float

    def widened(self, error: float) -> Efficiency:
        """Return it with a further independent error, common to all events; 0 changes nothing."""
        if not error:
            return self
        both = (self.error**2 + error**2) ** 0.5
        return Efficiency(self.value, both, max(0.0, self.value - both),
                          min(1.0, self.value + both))  # fmt: skip


def mean(probability: FloatArray, weight: FloatArray | None = None) -> Efficiency:
    """Return the mean of probabilities of events.

    Parameters
    ----------
    probability : ndarray, shape (n,)
    weight : ndarray, shape (n,), optional
        Shares of the events that count; default: all do. The interval is then that of the
        effective number of events.
    """
    w = np.ones(len(probability)) if weight is None else weight
    total = float(np.sum(w))
    if total <= 0:
        return Efficiency(float("nan"), float("nan"), 0.0, 1.0)
    value = float(np.sum(w * probability)) / total
    error = float(np.sqrt(np.sum(np.square(w * (probability - value))))) / total
    effective = total**2 / float(np.sum(w**2))
    low, high = wilson(min(value * effective, effective), effective, ONE_SIGMA)
    return Efficiency(value, error, float(low), float(high))


def accepting_lines(channel: Channel, setting: Setting) -> tuple[str, ...]:
    """Return the channel's lines that the setting's menu has."""
    if channel.lines == ALL_LINES:
        return setting.menu.names
    return tuple(line for line in channel.lines if line in setting.menu.names)


def check_lines(channel: Channel, settings: Sequence[Setting]) -> None:
    """Refuse lines that no menu has, and menus that have none of them.

    Raises
    ------
    InputError
    """
    if channel.truth_trigger or channel.lines == ALL_LINES:
        return
    known = {line for setting in settings for line in setting.menu.names}
    for line in channel.lines:
        if line not in known:
            near = nearest(line, known)
            hint = f" (nearest: {near!r})" if near else ""
            menus = ", ".join(dict.fromkeys(setting.menu.name for setting in settings))
            raise InputError(f"line {line!r}{hint} is in no menu of {menus}",
                             place=f"{channel.name}: lines")  # fmt: skip
    for setting in settings:
        if not accepting_lines(channel, setting):
            raise InputError(
                f"menu {setting.menu.name!r} has none of {', '.join(channel.lines)}",
                place=f"{channel.name}: {setting.label}",
            )


def silent_lines(channel: Channel, setting: Setting) -> tuple[str, ...]:
    """Return accepting lines that cannot fire: the channel leaves out what they need."""
    tracks = channel.tracks is not None and channel.tracks.enabled
    muons = channel.muons is not None and channel.muons.enabled
    missing = set(setting.menu.without_producer(produced_inputs(tracks=tracks, muons=muons)))
    return tuple(
        name for name in accepting_lines(channel, setting)
        if all(
            any(bit in missing and positive for bit, positive in term)
            for term in setting.menu.line(name).dnf
        )
    )  # fmt: skip


def fired_lines(channel: Channel, settings: Sequence[Setting], sample: Sample) -> list[BitTable]:
    """Return the lines that fire before prescale, event by event, of each setting's menu."""
    assert sample.detected is not None
    network = "mlp" if channel.tracks is None else channel.tracks.network
    found: dict[int, BitTable] = {}
    for upstream in upstreams(settings):
        words = upstream.words(sample.detected, network)
        for numbers, fired in upstream.decide(words):
            found |= dict.fromkeys(numbers, fired)
    return [found[number] for number in range(len(settings))]


def by_menu(channel: Channel, setting: Setting, fired: BitTable) -> FloatArray:
    """Return every event's probability that one of the lines accepts it, shape ``(n,)``.

    Prescales enter as expectation: prescalers of different lines count independently, so an event
    on which several fire is lost with the product of their chances to drop it.
    """
    return pass_probability(fired, [
        (line, setting.fraction(line)) for line in accepting_lines(channel, setting)
    ])  # fmt: skip


def extended(probability: FloatArray, n: int) -> FloatArray:
    """Return probabilities of all events from those of the first ones.

    Parameters
    ----------
    probability : ndarray, shape (m,)
        Of the events that passed the detector.
    n : int
        Number of events, at least m.

    Returns
    -------
    ndarray, shape (n,)
        The mean for the others.
    """
    rest = float(np.mean(probability)) if len(probability) else 0.0
    return np.concatenate((probability, np.full(n - len(probability), rest)))


def line_shifts(
    channel: Channel, setting: Setting, fired: BitTable, weight: FloatArray
) -> dict[str, float]:
    """Return what the uncertainty of each line does to the efficiency of all of them.

    Parameters
    ----------
    channel : Channel
        With `statistic.line_uncertainty` u: the line's efficiency is divided by 1 + u.
    setting : Setting
    fired : BitTable
    weight : ndarray, shape (n,)
        Shares of the events that count.

    Returns
    -------
    dict of str to float
        By how much the efficiency as it is exceeds that with the line's efficiency lowered,
        relative to the latter: u where no other line takes the events, 0 where another takes all.
    """
    lines = [(line, setting.fraction(line)) for line in accepting_lines(channel, setting)]
    whole = float(np.sum(weight * pass_probability(fired, lines)))
    shifts = {}
    for line, uncertainty in channel.statistic.line_uncertainty.items():
        lowered = [(n, f / (1 + uncertainty) if n == line else f) for n, f in lines]
        less = float(np.sum(weight * pass_probability(fired, lowered)))
        shifts[line] = whole / less - 1.0 if less > 0 else 0.0
    return shifts


def pass_probability(fired: BitTable, lines: Sequence[tuple[str, float]]) -> FloatArray:
    """Return the chance of every event to pass, shape ``(n,)``.

    Parameters
    ----------
    fired : BitTable
        Lines before prescale.
    lines : sequence of (name, fraction)
        With the share of fires that passes the prescale.
    """
    lost = np.ones(fired.n_events)
    for line, fraction in lines:
        lost *= 1.0 - fraction * fired[line]
    return 1.0 - lost


def by_table(table: EfficiencyTable, sample: Sample, place: str) -> tuple[FloatArray, float]:
    """Return every event's efficiency from a table, and the error of their mean.

    Parameters
    ----------
    table : EfficiencyTable
        Binned in truth variables.
    sample : Sample
    place : str
        Name of the table, for messages.

    Returns
    -------
    efficiency : ndarray, shape (n,)
    error : float
        Of the mean, from the counts of the table; events share bins, so it does not fall with
        the number of events.

    Raises
    ------
    InputError
        For variables that are not known, events where the table has no bin or no entry.
    """
    bins = []
    for axis in table.axes:
        if axis.name not in VARIABLES:
            near = nearest(axis.name, VARIABLES)
            hint = f" (nearest: {near!r})" if near else ""
            raise InputError(f"its axis {axis.name!r} is no truth variable{hint}", place=place)
        value = sample.truth[axis.name]
        if axis.flow == "clamp":
            value = np.clip(value, axis.edges[0], np.nextafter(axis.edges[-1], -np.inf))
        found = axis.index(value)
        if (found < 0).any():
            wrong = sample.truth[axis.name][found < 0][0]
            raise InputError(
                f"an event with {axis.name} = {wrong:g} is outside the table, "
                f"{axis.edges[0]:g} to {axis.edges[-1]:g}", place=place,
            )  # fmt: skip
        bins.append(found)
    shape = tuple(len(axis) for axis in table.axes)
    flat = np.ravel_multi_index(bins, shape) if len(sample) else np.zeros(0, np.int64)
    share = np.bincount(flat, minlength=int(np.prod(shape))) / max(len(sample), 1)
    efficiency = table.efficiency().reshape(-1)
    if np.isnan(efficiency[share > 0]).any():
        raise InputError("a bin that is needed has no entries", place=place)
    low, high = (np.asarray(bound).reshape(-1) for bound in table.interval("wilson", ONE_SIGMA))
    variance = float(np.sum(np.square(share * 0.5 * (high - low))))
    return efficiency[flat], variance**0.5


def acceptance(weight: FloatArray, n: int) -> Efficiency:
    """Return the share of generated events inside the selection.

    Parameters
    ----------
    weight : ndarray, shape (n_inside,)
        Shares of the events behind the regions that lie in the observables' bins; 1 without.
    n : int
        Generated.
    """
    value = float(np.sum(weight)) / n
    error = max(float(np.sum(weight**2)) / n - value**2, 0.0) ** 0.5 / n**0.5
    low, high = clopper_pearson(float(np.sum(weight)), n, ONE_SIGMA)
    return Efficiency(value, error, float(low), float(high))
