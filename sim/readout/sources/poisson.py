"""Poisson candidates: at any time, continuous but for the quantum of 1/256 tick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sim.readout.arrivals import Source
from sim.readout.config import Fraction, Rate, ReadoutConfig
from sim.readout.sources.candidates import (
    Candidates,
    FlagDraw,
    check_duration,
    first_candidates,
    plain,
    quanta_hz,
)
from sim.readout.sources.merge import PlayedSource
from sim.readout.sources.times import poisson_times
from sim.toml_file import Strict, check_data


class Poisson(Strict):
    """The table ``[arrivals]`` of kind poisson."""

    kind: Literal["poisson"]
    rate_khz: Rate
    short_fraction: Fraction = 0.0
    activity_fraction: Fraction = 0.0


def source(config: ReadoutConfig, place: str) -> Source:
    """Return Poisson candidates.

    Raises
    ------
    InputError
    """
    where = f"{place}: arrivals"
    own = check_data(Poisson, config.arrivals, where)
    run = config.run
    check_duration(own.rate_khz, run.triggers, config.clock, where)
    gap = quanta_hz(config.clock) / (own.rate_khz * 1e3)
    flags = FlagDraw(run.seed, "readout/flags", own.short_fraction, own.activity_fraction)

    def candidates() -> Iterator[Candidates]:
        times = poisson_times(run.seed, "readout/poisson", gap)
        pieces = (plain(time, flags.draw(i, len(time))) for i, time in enumerate(times))
        return first_candidates(pieces, run.triggers)

    return PlayedSource(config, candidates, place)
