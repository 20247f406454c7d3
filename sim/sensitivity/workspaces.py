"""Workspaces of pyhf: the bins of a search, the signal scaled so that our limit is at μ = 1."""

from __future__ import annotations

from math import isfinite

import numpy as np

from sim.sensitivity.channel import Channel
from sim.sensitivity.passed import Passed, Through
from sim.sensitivity.reach import limit, uncertainties
from trigger.statistics.profile import Region
from trigger.statistics.workspace import Workspace
from trigger.statistics.workspace import workspace as exported

FLOOR = 1e-6
"""Background in place of 0, which pyhf's logarithms do not take."""


def workspace(channel: Channel, passed: Passed, through: Through) -> Workspace | None:
    """Return the workspace of one mass and trigger; None where there is no limit.

    The observation is the expected background (Asimov data).

    Parameters
    ----------
    channel : Channel
    passed : Passed
    through : Through
        `passed.ideal`, or one of `passed.trigger`.
    """
    found = limit(channel, passed, through)
    if not isfinite(found.sigma_fb):
        return None
    share = through.signal / through.signal.sum()
    region = Region(
        channel.name,
        np.maximum(found.bins, FLOOR),
        found.events * share,
        uncertainties(channel, through),
    )
    return exported([region], cl=channel.statistic.cl, signal_scale=1.0)
