"""Bernoulli candidates: on each tick one with probability p, or none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from firmware_models.errors import InputError
from sim.readout.arrivals import Source
from sim.readout.config import Fraction, Rate, ReadoutConfig
from sim.readout.sources.candidates import (
    Candidates,
    FlagDraw,
    check_duration,
    first_candidates,
    plain,
)
from sim.readout.sources.merge import PlayedSource
from sim.readout.sources.times import bernoulli_times
from sim.toml_file import Strict, check_data


class Bernoulli(Strict):
    """The table ``[arrivals]`` of kind bernoulli."""

    kind: Literal["bernoulli"]
    rate_khz: Rate
    short_fraction: Fraction = 0.0
    activity_fraction: Fraction = 0.0


def source(config: ReadoutConfig, place: str) -> Source:
    """Return Bernoulli candidates.

    Raises
    ------
    InputError
        Also for a rate above that of the clock.
    """
    where = f"{place}: arrivals"
    own = check_data(Bernoulli, config.arrivals, where)
    run = config.run
    probability = own.rate_khz / (config.clock.frequency_mhz * 1e3)
    if probability > 1:
        raise InputError(
            f"must not be above the clock, {config.clock.frequency_mhz * 1e3:g} kHz, "
            f"not {own.rate_khz:g}", place=f"{where}: rate_khz",
        )  # fmt: skip
    check_duration(own.rate_khz, run.triggers, config.clock, where)
    flags = FlagDraw(run.seed, "readout/flags", own.short_fraction, own.activity_fraction)

    def candidates() -> Iterator[Candidates]:
        times = bernoulli_times(run.seed, "readout/bernoulli", probability)
        pieces = (plain(time, flags.draw(i, len(time))) for i, time in enumerate(times))
        return first_candidates(pieces, run.triggers)

    return PlayedSource(config, candidates, place)
