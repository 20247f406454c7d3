"""Where candidates come from: one module a kind of ``[arrivals]``, loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from firmware_models.errors import InputError, unknown_name
from sim.readout.arrivals import Source
from sim.readout.config import ReadoutConfig

KINDS = {
    "poisson": "sim.readout.sources.poisson",
    "bernoulli": "sim.readout.sources.bernoulli",
    "trace": "sim.readout.sources.trace",
    "beam": "sim.readout.sources.beam",
    "menu": "sim.readout.sources.menu",
}
"""Modules of the kinds; each has ``source(config, place)``."""


Progress = Callable[[str, int], None]
"""Called with a sample's name and the number of its events simulated since the last call."""


def make_source(config: ReadoutConfig, place: str, progress: Progress | None = None) -> Source:
    """Return the source that ``[arrivals]`` asks for, with probes and kicks.

    Parameters
    ----------
    config : ReadoutConfig
    place : str
        Where the configuration comes from, for messages.
    progress : callable, optional
        For kind menu, which simulates events before it gives candidates.

    Raises
    ------
    InputError
        For an unknown kind, and whatever the kind refuses.
    """
    kind = config.arrivals.get("kind")
    if kind is None:
        raise InputError("needs a kind", place=f"{place}: arrivals")
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown_name("kind", str(kind), KINDS, place=f"{place}: arrivals")
    if config.pipeline is not None and kind != "menu":
        raise InputError(f"stands with arrivals of kind menu, not {kind}",
                         place=f"{place}: pipeline")  # fmt: skip
    made = {"progress": progress} if kind == "menu" else {}
    source: Source = importlib.import_module(KINDS[kind]).source(config, place, **made)
    return source
