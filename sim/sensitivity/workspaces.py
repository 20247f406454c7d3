"""Workspaces of pyhf: one counting bin, the signal scaled so that the limit is at μ = 1."""

from __future__ import annotations

from math import isfinite
from typing import Any

from sim.sensitivity.config import Channel
from sim.sensitivity.passing import Efficiency
from sim.sensitivity.reach import Passed, limit

FLOOR = 1e-6
"""Background in place of 0, which pyhf's logarithms do not take."""


def workspace(channel: Channel, passed: Passed, trigger: Efficiency) -> dict[str, Any] | None:
    """Return the workspace of one mass and trigger; None where there is no limit.

    The observation is the expected background (Asimov data). pyhf bounds the parameter of interest
    to 0 to 10: with the signal at our limit, an upper limit near 1 is inside.

    Parameters
    ----------
    channel : Channel
    passed : Passed
    trigger : Efficiency
    """
    found = limit(channel, passed, trigger)
    if not isfinite(found.sigma_fb):
        return None
    background = max(found.background, FLOOR)
    uncertainty = channel.statistic.signal_uncertainty
    modifiers: list[dict[str, Any]] = [{"name": "mu", "type": "normfactor", "data": None}]
    if uncertainty:
        modifiers.append({
            "name": "signal_efficiency", "type": "normsys",
            "data": {"hi": 1.0 + uncertainty, "lo": 1.0 / (1.0 + uncertainty)},
        })  # fmt: skip
    samples = [
        {"name": "signal", "data": [found.events], "modifiers": modifiers},
        {"name": "background", "data": [background], "modifiers": []},
    ]
    return {
        "channels": [{"name": channel.name, "samples": samples}],
        "observations": [{"name": channel.name, "data": [background]}],
        "measurements": [{"name": "limit", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }
