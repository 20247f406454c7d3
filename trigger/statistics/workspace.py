"""Search regions as a workspace of pyhf (HistFactory in JSON).

One channel a region with the samples `signal` and `background`; the strength `mu` multiplies the
signal, a source of uncertainty is a `normsys` of the same name wherever it appears, so regions of
one trigger line share its parameter. hi = kappa and lo = 1/kappa make `normsys` the log-normal of
`trigger.statistics.profile`. Counts are Poisson; without data the observation is the background.

pyhf bounds the parameter of interest to (0, 10) unless told otherwise. The signal is scaled so that
our expected limit is mu = 1, and the bounds stand in the measurement; its name states the scale.

Building needs no pyhf; `validated` does (extra `limits`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from firmware_models.errors import InputError, unknown_name
from firmware_models.files import write_text
from trigger.statistics.checks import checked_counts
from trigger.statistics.profile import Region, expected_limit

STRENGTH = "mu"
"""Name of the parameter of interest."""

_BOUND = 20.0  # of mu, in units of the expected limit; +2 sigma is at 2 to 3


@dataclass(frozen=True)
class Workspace:
    """A workspace and what one unit of its strength means.

    Parameters
    ----------
    spec : dict
        The workspace, ready for JSON.
    signal_scale : float
        The signal of the regions times this is the sample `signal`: a limit on `mu` times
        `signal_scale` is the limit on the strength of the regions.
    """

    spec: dict[str, Any]
    signal_scale: float

    def text(self) -> str:
        """Return the JSON text."""
        return json.dumps(self.spec, indent=1, allow_nan=False) + "\n"

    def write(self, path: str | Path) -> None:
        """Write the JSON file, whole or not at all.

        Raises
        ------
        InputError
            When it cannot be written there.
        """
        write_text(path, self.text())


def workspace(
    regions: Sequence[Region],
    *,
    cl: float,
    observed: Mapping[str, ArrayLike] | None = None,
    signal_scale: float | None = None,
) -> Workspace:
    """Return the workspace of the regions.

    Parameters
    ----------
    regions : sequence of Region
    cl : float
        Confidence level of the expected limit that sets the scale.
    observed : mapping of str to array_like, optional
        Counts by region; without, the expected backgrounds.
    signal_scale : float, optional
        Scale of the signal; without, the expected limit.

    Raises
    ------
    InputError
        When there is no signal, a region is unknown or shapes differ.
    """
    limit = expected_limit(regions, cl=cl)
    scale = limit if signal_scale is None else signal_scale
    if not math.isfinite(limit):
        raise InputError("no region has signal, so there is no strength to limit")
    if not (math.isfinite(scale) and scale > 0):
        raise InputError(f"the scale of the signal must be finite and above 0, not {scale}")
    if any(STRENGTH in (*r.signal_uncertainty, *r.background_uncertainty) for r in regions):
        raise InputError(f"{STRENGTH!r} is the strength and cannot name a source of uncertainty")
    data = dict(observed or {})
    for name in data:
        if name not in {region.name for region in regions}:
            raise unknown_name("region", name, [region.name for region in regions])
    parameter = {
        "name": STRENGTH,
        "bounds": [[0.0, _BOUND * limit / scale]],
        "inits": [limit / scale],
    }
    measurement = {
        "name": f"signal_times_{scale:.17g}",
        "config": {"poi": STRENGTH, "parameters": [parameter]},
    }
    spec = {
        "channels": [_channel(region, scale) for region in regions],
        "observations": [_observation(region, data.get(region.name)) for region in regions],
        "measurements": [measurement],
        "version": "1.0.0",
    }
    return Workspace(spec, scale)


def validated(found: Workspace) -> Workspace:
    """Return the workspace after pyhf has checked it against its schema and built the model.

    Raises
    ------
    InputError
        When pyhf is not installed or refuses the workspace.
    """
    try:
        import pyhf
    except ImportError:
        raise InputError("pyhf is not installed; pip install 'lowmult[limits]'") from None
    try:
        pyhf.Workspace(json.loads(found.text())).model()
    except (pyhf.exceptions.InvalidSpecification, pyhf.exceptions.InvalidModel) as error:
        raise InputError(f"pyhf refuses the workspace: {error}") from error
    return found


def _channel(region: Region, scale: float) -> dict[str, Any]:
    strength = {"name": STRENGTH, "type": "normfactor", "data": None}
    signal = np.asarray(region.signal, float) * scale
    return {
        "name": region.name,
        "samples": [
            _sample("signal", signal, [strength, *_normsys(region.signal_uncertainty)]),
            _sample("background", np.asarray(region.background, float),
                    _normsys(region.background_uncertainty)),
        ],
    }  # fmt: skip


def _sample(name: str, counts: ArrayLike, modifiers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "data": np.asarray(counts, float).tolist(), "modifiers": modifiers}


def _normsys(sources: Mapping[str, float]) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "normsys", "data": {"hi": 1 + value, "lo": 1 / (1 + value)}}
        for name, value in sorted(sources.items())
        if value > 0
    ]


def _observation(region: Region, observed: ArrayLike | None) -> dict[str, Any]:
    expected = np.asarray(region.background, float)
    counts = expected if observed is None else checked_counts(observed, "observed count")
    if counts.shape != expected.shape:
        raise InputError(
            f"observed counts of region {region.name!r} must have shape {expected.shape}, "
            f"not {counts.shape}"
        )
    return {"name": region.name, "data": counts.tolist()}
