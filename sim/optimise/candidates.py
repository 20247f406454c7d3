"""Candidates: every combination of the axes on top of the base, and the base itself."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from firmware_models.errors import InputError, unknown_name
from sim.optimise.config import OptimiseConfig, axis_list
from sim.sensitivity.decide import Upstream, upstreams
from sim.sensitivity.settings import Setting
from trigger.menu import Menu, load

BASE = "base"
"""Label of the setting that the axes change."""


@dataclass(frozen=True)
class Candidate:
    """One setting of the trigger.

    Parameters
    ----------
    setting : Setting
    values : mapping of str to value
        Of each axis by its path, such as ``registers.ecl_selection.lml6_energy``; empty for a base
        that is no combination.
    base : bool
        Whether it is the base: differences are told against it.
    """

    setting: Setting
    values: Mapping[str, Any]
    base: bool = False

    @property
    def label(self) -> str:
        """What tables call it."""
        return self.setting.label

    def prescale(self, line: str) -> float:
        """Return the prescale of a line, 0 for masked."""
        if line in self.setting.prescales:
            return float(self.setting.prescales[line])
        return float(self.setting.menu.line(line).prescale.value)


def candidates(config: OptimiseConfig) -> list[Candidate]:
    """Return the base and every combination, the base in front.

    A combination that sets all thresholds and prescales as the base has them is the base: it
    stands in front, with its values.

    Raises
    ------
    InputError
        For menus, working points, registers and lines that are not there, or values that do not
        fit.
    """
    menus: dict[str, Menu] = {}

    def menu(name: str) -> Menu:
        if name not in menus:
            menus[name] = load(name)
        return menus[name]

    own = config.base
    base = Candidate(
        _checked(Setting(BASE, menu(own.menu), own.working_point, own.registers, own.prescales),
                 "base"),
        {}, base=True,
    )  # fmt: skip
    axes = axis_list(config.axes)
    found = []
    for values in itertools.product(*(values for _, values in axes)):
        chosen = dict(zip((path for path, _ in axes), values, strict=True))
        registers = {block: dict(given) for block, given in own.registers.items()}
        prescales = dict(own.prescales)
        for path, value in chosen.items():
            if path[0] == "registers":
                registers.setdefault(path[1], {})[path[2]] = value
            elif path[0] == "prescales":
                prescales[path[1]] = value
        setting = Setting(
            ", ".join(_text(path, value) for path, value in chosen.items()),
            menu(chosen.get(("menu",), own.menu)),
            chosen.get(("working_point",), own.working_point), registers, prescales,
        )  # fmt: skip
        found.append(Candidate(
            _checked(setting, "axes"), {".".join(path): value for path, value in chosen.items()}
        ))  # fmt: skip
    same = [i for i, one in enumerate(found) if _alike(one, base)]
    if same:
        twin = found.pop(same[0])
        base = Candidate(twin.setting, twin.values, base=True)
    return [base, *found]


@lru_cache(maxsize=4)
def prepared(config_json: str) -> tuple[list[Candidate], list[Upstream]]:
    """Return candidates and their groups; built once in each worker."""
    found = candidates(OptimiseConfig.model_validate_json(config_json))
    return found, upstreams([one.setting for one in found])


def _checked(setting: Setting, place: str) -> Setting:
    for line in setting.prescales:
        if line not in setting.menu.names:
            raise unknown_name("line", line, setting.menu.names, place=f"{place}.prescales")
    try:
        setting.chain()
    except InputError as error:
        raise InputError(str(error), place=place) from error
    return setting


def _alike(one: Candidate, other: Candidate) -> bool:
    a, b = one.setting, other.setting
    if a.menu.sha256 != b.menu.sha256:
        return False
    if any(one.prescale(line) != other.prescale(line) for line in a.menu.names):
        return False
    mine, theirs = a.chain().registers, b.chain().registers
    return all(
        np.array_equal(value, theirs[block][name])
        for block, values in mine.items()
        for name, value in values.items()
    )


def _text(path: tuple[str, ...], value: Any) -> str:
    if path[0] == "prescales":
        return f"{path[-1]} 1/{value:g}" if value else f"{path[-1]} masked"
    return f"{value}" if len(path) == 1 else f"{path[-1]}={value}"
