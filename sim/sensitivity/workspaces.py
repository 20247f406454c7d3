"""Workspaces of pyhf: one counting bin, the signal scaled so that our limit is at μ = 1."""

from __future__ import annotations

from math import isfinite

from sim.sensitivity.config import Channel
from sim.sensitivity.passing import Efficiency
from sim.sensitivity.reach import Passed, limit
from trigger.statistics.profile import Region
from trigger.statistics.workspace import Workspace
from trigger.statistics.workspace import workspace as exported

FLOOR = 1e-6
"""Background in place of 0, which pyhf's logarithms do not take."""

SOURCE = "signal_efficiency"
"""Name of the signal's uncertainty."""


def workspace(channel: Channel, passed: Passed, trigger: Efficiency) -> Workspace | None:
    """Return the workspace of one mass and trigger; None where there is no limit.

    The observation is the expected background (Asimov data).

    Parameters
    ----------
    channel : Channel
    passed : Passed
    trigger : Efficiency
    """
    found = limit(channel, passed, trigger)
    if not isfinite(found.sigma_fb):
        return None
    region = Region(
        channel.name,
        [max(found.background, FLOOR)],
        [found.events],
        {SOURCE: channel.statistic.signal_uncertainty},
    )
    return exported([region], cl=channel.statistic.cl, signal_scale=1.0)
