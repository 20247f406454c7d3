"""Scenarios of a study: the same samples at other luminosities and levels of beam background.

A scenario is a study of its own: the samples that enter the rates, with the background of all
sub-detectors scaled, its own random numbers, and no efficiency tables. Cross-sections are those of
the study.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from firmware_models.errors import InputError
from sim.streams import stream
from sim.study.background import with_background
from sim.study.config import StudyConfig, parse_study
from sim.study.scenario_config import Scenario
from trigger.rate_table import Rates, RateTable

TOTAL = "Level-1 total"
"""The whole menu, in the column of the lines; no line's name has a space."""

PARTS = ("all", "physics", "background")
"""All samples; those with a collision; those without, at a rate of their own."""


@dataclass(frozen=True)
class ScenarioStudy:
    """What a scenario runs.

    Parameters
    ----------
    scenario : Scenario
    level : float
        Factor to the study's own background.
    origin : dict
        How the factor came about, see `Scenario.level`.
    config : StudyConfig
    """

    scenario: Scenario
    level: float
    origin: dict[str, Any]
    config: StudyConfig


@dataclass(frozen=True)
class ScenarioResult:
    """Rates of a scenario.

    Parameters
    ----------
    study : ScenarioStudy
    n_events : dict of str to int
        Events of each sample.
    source_hz : dict of str to float
        Rate of each sample before the trigger [Hz].
    without_collision : frozenset of str
        Samples with a rate of their own: windows, cosmic muons.
    rates : RateTable
    """

    study: ScenarioStudy
    n_events: dict[str, int]
    source_hz: dict[str, float]
    without_collision: frozenset[str]
    rates: RateTable

    @property
    def windows(self) -> set[str]:
        """Names of the samples of windows without a collision."""
        return {sample.name for sample in self.study.config.samples if sample.background}

    def coincidence(self) -> float | None:
        """Return the fraction of windows with a collision; None without a sample of windows.

        That part of the background's rate comes again with the collisions, which carry the same
        background: it stands in both parts, and twice in the sum.
        """
        windows = sum(hz for name, hz in self.source_hz.items() if name in self.windows)
        alone = sum(hz for name, hz in self.source_hz.items() if name in self.without_collision)
        return (sum(self.source_hz.values()) - alone) / windows if windows else None

    def part(self, name: str) -> Rates | None:
        """Return the rates of one of `PARTS`; None where the study has no sample of it."""
        if name == "all":
            return self.rates.all
        wanted = name == "background"
        chosen = [p for p in self.rates.by_process if (p in self.without_collision) == wanted]
        return self.rates.part(chosen) if chosen else None


def scenario_studies(config: StudyConfig) -> list[ScenarioStudy]:
    """Return what the scenarios of a study run.

    Raises
    ------
    InputError
        When a level of background leaves its range.
    """
    found = []
    for number, scenario in enumerate(config.scenarios):
        level, origin = scenario.level()
        try:
            scaled = with_background(config, level)
        except InputError as error:
            place = f"scenarios.{number} ({scenario.name}): {level:.3g} times the background"
            raise InputError(str(error), place=place) from error
        found.append(ScenarioStudy(scenario, level, origin, _own_study(scaled, scenario)))
    return found


def _own_study(scaled: StudyConfig, scenario: Scenario) -> StudyConfig:
    data = scaled.model_dump()
    rng = stream(scaled.study.seed, f"scenario/{scenario.name}")
    data["study"] |= {
        "luminosity_cm2_s": scenario.luminosity_cm2_s,
        "seed": int(rng.integers(2**62)),
        "events": scenario.events or scaled.study.events,
        "working_point": scaled.study.working_point
        if scenario.working_point is None
        else scenario.working_point,
    }
    data |= {
        "samples": [sample for sample in data["samples"] if sample["rates"]],
        "efficiency": [], "grids": [], "readout": None, "scenarios": [],
    }  # fmt: skip
    return parse_study(data, f"scenario {scenario.name}")


def scenarios_json(results: Sequence[ScenarioResult]) -> list[dict[str, Any]]:
    """Return the content of ``scenarios.json``: every scenario with its total and its lines."""
    return [_one(result) for result in results]


def _one(result: ScenarioResult) -> dict[str, Any]:
    study, rates = result.study, result.rates
    parts = {name: result.part(name) for name in PARTS}
    return {
        "name": study.scenario.name,
        "luminosity_cm2_s": study.scenario.luminosity_cm2_s,
        "background": {"level": study.level, **study.origin},
        "working_point": study.config.study.working_point,
        "menu": rates.menu.as_dict(),
        "n_events": sum(result.n_events.values()),
        "coincidence": result.coincidence(),
        "samples": [
            {
                "name": name,
                "part": "background" if name in result.without_collision else "physics",
                "n_events": n,
                "source_hz": result.source_hz[name],
            }
            for name, n in result.n_events.items()
        ],
        "total": {
            name: None if part is None else {"rate_hz": part.total, "rate_err_hz": part.total_err}
            for name, part in parts.items()
        },
        "lines": [
            {
                "name": line,
                "prescale": rates.prescales[i],
                **{name: _line(part, i) for name, part in parts.items()},
                "by_process": {p: float(r.line[i]) for p, r in rates.by_process.items()},
                "pure_by_process": {p: float(r.pure[i]) for p, r in rates.by_process.items()},
            }
            for i, line in enumerate(rates.lines)
        ],
    }


def _line(rates: Rates | None, i: int) -> dict[str, float] | None:
    if rates is None:
        return None
    return {
        "rate_hz": float(rates.line[i]), "rate_err_hz": float(rates.line_err[i]),
        "pure_hz": float(rates.pure[i]), "pure_err_hz": float(rates.pure_err[i]),
    }  # fmt: skip


def scenarios_csv(results: Sequence[dict[str, Any]]) -> str:
    """Return one row a scenario, line and part as CSV text.

    Parameters
    ----------
    results : sequence of dict
        Of `scenarios_json`.
    """
    stream_ = io.StringIO()
    columns = ("rate_hz", "rate_err_hz", "pure_hz", "pure_err_hz")
    writer = csv.writer(stream_, lineterminator="\n")
    writer.writerow(
        ("scenario", "luminosity_cm2_s", "background", "line", "prescale", "part", *columns)
    )
    for result in results:
        head = (result["name"], result["luminosity_cm2_s"], result["background"]["level"])
        rows = [(TOTAL, "", result["total"])]
        rows += [(line["name"], line["prescale"], line) for line in result["lines"]]
        for name, prescale, values in rows:
            for part in PARTS:
                if values[part] is not None:
                    found = (values[part].get(column, "") for column in columns)
                    writer.writerow((*head, name, prescale, part, *found))
    return stream_.getvalue()
