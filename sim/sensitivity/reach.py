"""From efficiencies to limits, and the comparison with published ones.

σ_limit = N / (L · A · ε), with N the expected upper limit on signal events, L the luminosity, A the
offline acceptance with its flat efficiency and ε the trigger's efficiency inside it. It is a limit
on the process as generated, times `branching`. coupling_limit = g_ref (σ_limit / σ_ref)^(1/k).

The background is a number behind the offline selection. Events that pass the selection look like
the signal to the trigger, so by default they pass it as often (an assumption; the key
`background.follows_trigger` is there to drop it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log
from typing import Any

import numpy as np

from sim.sensitivity.config import Background, Channel, Published
from sim.sensitivity.passing import Efficiency
from trigger.statistics.conversion import coupling_limit, sigma_limit_fb
from trigger.statistics.limits import signal_limit

IDEAL = Efficiency(1.0, 0.0, 1.0, 1.0)
"""The ideal trigger."""


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
        Of the offline regions, without the flat efficiency.
    trigger : dict of str to Efficiency
        By the label of the setting.
    """

    mass: float
    sigma_fb: float
    sigma_err_fb: float
    n_events: int
    acceptance: Efficiency
    trigger: Mapping[str, Efficiency]


@dataclass(frozen=True)
class Limit:
    """An expected limit at one mass.

    Parameters
    ----------
    events : float
        Upper limit on signal events that pass everything.
    background : float
        Expected background that passes everything.
    sigma_fb : float
        Limit on the cross-section times branching [fb]; infinite where nothing passes.
    coupling : float
        Limit on the coupling.
    """

    events: float
    background: float
    sigma_fb: float
    coupling: float


def background_events(background: Background, mass: float, luminosity: float, own: float) -> float:
    """Return the expected background behind the offline selection.

    Parameters
    ----------
    background : Background
    mass : float
        [GeV]
    luminosity : float
        For which it is wanted [1/fb].
    own : float
        The channel's luminosity, for which the numbers are where they do not say [1/fb].
    """
    scale = luminosity / (background.luminosity_fb or own)
    masses, events = background.masses, background.events
    if background.between == "log":
        return scale * float(np.exp(np.interp(mass, masses, np.log(events))))
    at = max(int(np.searchsorted(masses, mass, side="right")) - 1, 0)
    return scale * events[at]


def limit(channel: Channel, passed: Passed, trigger: Efficiency, cl: float | None = None) -> Limit:
    """Return the limit at one mass with one trigger.

    Parameters
    ----------
    channel : Channel
    passed : Passed
    trigger : Efficiency
        `IDEAL`, or one of `passed.trigger`.
    cl : float, optional
        Default: that of the channel.
    """
    statistic, own = channel.statistic, channel.luminosity_fb
    share = 0.0 if np.isnan(trigger.value) else trigger.value
    background = background_events(channel.background, passed.mass, own, own)
    if channel.background.follows_trigger:
        background *= share
    events = float(signal_limit(
        background, cl=cl or statistic.cl, method=statistic.method,
        signal_uncertainty=statistic.signal_uncertainty,
    ))  # fmt: skip
    sigma = float(sigma_limit_fb(
        events, luminosity_inv_fb=own, trigger_efficiency=share,
        offline_efficiency=passed.acceptance.value * channel.offline.efficiency,
    ))  # fmt: skip
    coupling = float(coupling_limit(
        sigma, sigma_reference_fb=passed.sigma_fb * channel.signal.share(passed.mass),
        coupling_reference=channel.coupling.reference, power=channel.coupling.exponent,
    ))  # fmt: skip
    return Limit(events, background, sigma, coupling)


def compare(
    channel: Channel, published: Published, points: Sequence[Passed], trigger: str | None
) -> dict[str, Any]:
    """Return one published number with ours beside it, at its confidence level.

    Parameters
    ----------
    channel : Channel
    published : Published
    points : sequence of Passed
        In order of mass.
    trigger : str, optional
        Label of the setting; none: the ideal trigger.

    Returns
    -------
    dict
        `ours` lowest and highest within the range of masses, `ratio` to the published ones; None
        where our masses do not reach or nothing passes.
    """
    low, high = published.mass_range
    masses = [point.mass for point in points]
    values = []
    for point in points:
        found = limit(channel, point, IDEAL if trigger is None else point.trigger[trigger],
                      published.cl)  # fmt: skip
        values.append(found.coupling if published.kind == "coupling" else found.sigma_fb)
    inner = [v for m, v in zip(masses, values, strict=True) if low <= m <= high]
    inner += [interpolated(masses, values, at) for at in (low, high)]
    reached = [value for value in inner if isfinite(value)]
    ours = (min(reached), max(reached)) if reached else None
    wanted = published.value_range
    return {
        "mass_gev": [low, high] if low < high else low,
        "value": list(wanted) if wanted[0] < wanted[1] else wanted[0],
        "kind": published.kind,
        "cl": published.cl,
        "source": published.source,
        "reproducible": published.reproducible,
        "note": published.note,
        "trigger": trigger,
        "ours": None if ours is None else list(ours) if ours[0] < ours[1] else ours[0],
        "ratio": None if ours is None else [ours[0] / wanted[0], ours[1] / wanted[1]]
        if wanted[0] < wanted[1] or ours[0] < ours[1] else ours[0] / wanted[0],
    }  # fmt: skip


def interpolated(masses: Sequence[float], values: Sequence[float], at: float) -> float:
    """Return a limit between masses, straight in log(limit); infinite outside."""
    for i, mass in enumerate(masses):
        if mass == at:
            return values[i]
    for i in range(len(masses) - 1):
        if masses[i] < at < masses[i + 1]:
            if not (isfinite(values[i]) and isfinite(values[i + 1])):
                return inf
            share = (at - masses[i]) / (masses[i + 1] - masses[i])
            return float(np.exp((1 - share) * log(values[i]) + share * log(values[i + 1])))
    return inf
