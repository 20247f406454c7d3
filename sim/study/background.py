"""The beam background of all sub-detectors of a study, scaled together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sim.detector.cdc.config import CdcConfig
from sim.detector.ecl_config import EclConfig
from sim.detector.klm.config import KlmConfig
from sim.study.config import StudyConfig, parse_study


class _Background(Protocol):
    @property
    def level(self) -> float: ...


class _Response(Protocol):
    @property
    def background(self) -> _Background: ...


class _Reader(Protocol):
    def from_mapping(self, mapping: Any, place: str, /) -> _Response: ...


@dataclass(frozen=True)
class Level:
    """Where a study keeps the background of one sub-detector.

    Parameters
    ----------
    table : str
        Table of the response's parameters in the study, such as ``tracks.chamber``.
    reader : class
        The parameters' class, whose `background` has a `level`.
    """

    table: str
    reader: _Reader


LEVELS = (
    Level("detector", EclConfig),
    Level("tracks.chamber", CdcConfig),
    Level("muons.detector", KlmConfig),
)  # fmt: skip


def with_background(config: StudyConfig, factor: float) -> StudyConfig:
    """Return a study with the beam background of every sub-detector that it simulates scaled.

    Parameters
    ----------
    config : StudyConfig
    factor : float
        To the study's own levels.

    Raises
    ------
    InputError
        When a level leaves its range.
    """
    data = config.model_dump()
    for entry in LEVELS:
        table: Any = data
        for key in entry.table.split("."):
            table = None if table is None else table[key]
        if table is None:
            continue
        level = factor * entry.reader.from_mapping(table, entry.table).background.level
        table["background"] = {**table.get("background", {}), "level": level}
        entry.reader.from_mapping(table, entry.table)
    return parse_study(data, "study")
