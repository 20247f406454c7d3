"""The readout behind a study's menu: its decisions in time, through throttle and stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from firmware_models.errors import InputError
from sim.readout.config import ReadoutConfig, load_readout, parse_readout
from sim.study.fired import Fired, decisions
from trigger.menu import Menu

if TYPE_CHECKING:
    from sim.study.config import StudyConfig
    from trigger.rate_table import RateTable

PACKAGED = "default"
"""Name of the packaged readout."""

KEPT = ("short_quality", "activity_fraction", "activity_fraction_in_strip")
"""Keys of ``[arrivals]`` that stay when the study puts its own decisions there."""


def readout_config(study: StudyConfig) -> ReadoutConfig:
    """Return the readout of a study's table ``[readout]``, its arrivals from the study's menu.

    Raises
    ------
    InputError
        For whatever is wrong in the file, and for a pipeline in time, which needs events and not
        their decisions.
    """
    own = study.readout
    assert own is not None
    config = load_readout(None if own.config == PACKAGED else own.config)
    if config.pipeline is not None or config.arrivals.get("pile_up"):
        raise InputError(
            "a study's events decide alone: leave [pipeline] and pile_up to lowmult readout with "
            'arrivals of kind "menu"', place=own.config,
        )  # fmt: skip
    data = config.model_dump(exclude_none=True)
    data["arrivals"] = {
        "kind": "menu",
        "luminosity_cm2_s": study.study.luminosity_cm2_s,
        **{key: config.arrivals[key] for key in KEPT if key in config.arrivals},
    }
    data["run"] |= {"seed": study.study.seed}
    data["run"] |= {} if own.triggers is None else {"triggers": own.triggers}
    return parse_readout(data, own.config)


def study_readout(
    study: StudyConfig, menu: Menu, rates: RateTable, parts: Sequence[tuple[Fired, float]]
) -> dict[str, Any]:
    """Run the readout of a study.

    Parameters
    ----------
    study : StudyConfig
        With a table ``[readout]``.
    menu : Menu
    rates : RateTable
        Of the same decisions.
    parts : sequence of (Fired, float)
        Decisions of each sample in the rate table, and the sample's rate before the trigger [Hz].

    Returns
    -------
    dict
        Content of ``readout.json``: the keys of `sim.readout.summary.summary` and
        ``after_dead_time``.
    """
    from sim.pipeline.alone import DecisionTable
    from sim.readout.run import run_readout
    from sim.readout.sources.menu import MenuSource
    from sim.readout.summary import summary
    from sim.study.decisions import prescale_state

    assert study.readout is not None
    config, place = readout_config(study), study.readout.config
    fired, quality, rate = decisions(parts, len(menu.names))
    table = DecisionTable.of_rates(
        menu.names, fired, quality, rate, prescale_state(menu, config.run.seed), menu.name
    )
    result = run_readout(config, place=place, source=MenuSource(config, place, table=table))
    found = summary(result)
    return found | {"after_dead_time": after_dead_time(rates, found)}


def after_dead_time(rates: RateTable, found: dict[str, Any]) -> dict[str, Any]:
    """Return a study's rates times the live fraction that the readout finds for them.

    Parameters
    ----------
    rates : RateTable
    found : dict
        Summary of the readout.
    """
    live = {line["name"]: (line["loss"], line["loss_err"]) for line in found["lines"]}
    table = rates.to_json()
    total = found["line_triggers"]
    rate, error = _live(table["total_hz"], table["total_err_hz"], total["loss"], total["loss_err"])
    lines = []
    for line in table["lines"]:
        value, err = _live(line["rate_hz"], line["rate_err_hz"], *live[line["name"]])
        lines.append({"name": line["name"], "rate_hz": value, "rate_err_hz": err})
    return {"total_hz": rate, "total_err_hz": error, "lines": lines}


def _live(
    rate: float, error: float, loss: float | None, loss_error: float | None
) -> tuple[float | None, float | None]:
    """Return a rate times a live fraction; None for a line that never fired in the readout."""
    if loss is None or loss_error is None:
        return (0.0, 0.0) if rate == 0.0 else (None, None)
    return rate * (1 - loss), math.hypot(error * (1 - loss), rate * loss_error)
