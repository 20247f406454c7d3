"""From efficiencies to limits, and the comparison with published ones.

σ_limit = N / (L · A · ε), with N the expected upper limit on signal events, L the luminosity, A the
offline acceptance with its flat efficiency and ε the trigger's efficiency inside it. It is a limit
on the process as generated, times `branching`. coupling_limit = g_ref (σ_limit / σ_ref)^(1/k).

Simulated backgrounds pass the same selection and trigger as the signal. A background that is given
as a number of events behind the selection looks like the signal to the trigger, so by default it
passes as often (an assumption; the key `background.follows_trigger` is there to drop it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, hypot, inf, isfinite, log, log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.sensitivity.channel import Background, Channel, Published
from sim.sensitivity.passed import Passed, Through, total_background
from trigger.statistics.conversion import coupling_limit
from trigger.statistics.limits import signal_limit, signal_limit_shape

FloatArray = NDArray[np.float64]

SELECTION = "signal_efficiency"
"""Name of the uncertainty that a channel gives for its selection."""


@dataclass(frozen=True)
class Limit:
    """An expected limit at one mass.

    Parameters
    ----------
    events : float
        Upper limit on signal events that pass everything.
    background, background_err : float
        Expected background that passes everything, in all bins, and its error from the simulation.
    bins : ndarray, shape (n_bins,)
        The same by bin.
    uncertainty : float
        Of the signal's efficiency, of all sources together.
    sigma_fb : float
        Limit on the cross-section times branching [fb]; infinite where nothing passes.
    coupling : float
        Limit on the coupling.
    """

    events: float
    background: float
    background_err: float
    bins: FloatArray
    uncertainty: float
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


def background_bins(channel: Channel, mass: float, through: Through) -> FloatArray:
    """Return the expected background that passes everything by bin, shape ``(n_bins,)``."""
    own = channel.luminosity_fb
    given = background_events(channel.background, mass, own, own)
    if channel.background.follows_trigger:
        given *= float(np.nan_to_num(through.efficiency.value))
    return given + total_background(through.backgrounds)


def uncertainties(channel: Channel, through: Through) -> dict[str, float]:
    """Return the relative uncertainties of the signal's efficiency by their source.

    A line's has the same name in every channel, so that a combination shares it.
    """
    found = {SELECTION: channel.statistic.signal_uncertainty} | {
        f"trigger_{line}": shift for line, shift in through.line_shifts.items()
    }
    return {name: value for name, value in found.items() if value > 0}


def limit(channel: Channel, passed: Passed, through: Through, cl: float | None = None) -> Limit:
    """Return the limit at one mass with one trigger.

    Parameters
    ----------
    channel : Channel
    passed : Passed
    through : Through
        `passed.ideal`, or one of `passed.trigger`.
    cl : float, optional
        Default: that of the channel.
    """
    statistic = channel.statistic
    background = background_bins(channel, passed.mass, through)
    # Log-normal factors of independent sources make one, whose logarithms add in quadrature.
    logs = [log1p(value) for value in uncertainties(channel, through).values()]
    uncertainty = expm1(hypot(*logs)) if logs else 0.0
    # Events for each fb of cross-section, bin by bin.
    signal = (
        channel.luminosity_fb * passed.acceptance.value * channel.offline.efficiency
        * through.signal
    )  # fmt: skip
    asked: dict[str, Any] = {
        "cl": cl or statistic.cl, "method": statistic.method, "signal_uncertainty": uncertainty,
    }  # fmt: skip
    if len(signal) == 1:
        events = float(signal_limit(float(background[0]), **asked))
        sigma = events / float(signal[0]) if signal[0] > 0 else inf
    else:
        background = np.broadcast_to(background, signal.shape)
        sigma = signal_limit_shape(background, signal, **asked)
        events = sigma * float(signal.sum()) if isfinite(sigma) else inf
    coupling = float(coupling_limit(
        sigma, sigma_reference_fb=passed.sigma_fb * channel.signal.share(passed.mass),
        coupling_reference=channel.coupling.reference, power=channel.coupling.exponent,
    ))  # fmt: skip
    variance = sum(counts.variance for counts in through.backgrounds)
    return Limit(
        events, float(background.sum()), variance**0.5, background, uncertainty, sigma, coupling
    )


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
        found = limit(channel, point, point.ideal if trigger is None else point.trigger[trigger],
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
