"""Settings of the trigger that are compared: a menu, thresholds, prescales; or a table instead."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from firmware_models.errors import InputError, shortened, unknown_name
from sim.toml_file import Strict, check_data, parse_toml, read_text
from trigger.chain import Chain, RegisterValues
from trigger.menu import Menu, load

DEFAULT_MENU = "low_multiplicity"


@dataclass(frozen=True)
class Setting:
    """One setting of the trigger.

    Parameters
    ----------
    label : str
        What curves and columns are called.
    menu : Menu
    working_point : str, optional
    registers : mapping
        Register values by block; they win over the working point.
    prescales : mapping of line to float
        In place of the menu's; 0 masks a line.
    """

    label: str
    menu: Menu
    working_point: str | None = None
    registers: RegisterValues = field(default_factory=dict)
    prescales: Mapping[str, float] = field(default_factory=dict)

    def chain(self) -> Chain:
        """Return the trigger.

        Raises
        ------
        InputError
            For unknown blocks, registers, working points, or values that do not fit.
        """
        return Chain.build(self.menu, self.registers, self.working_point)

    def fraction(self, line: str) -> float:
        """Return the share of a line's fires that pass its prescale."""
        if line in self.prescales:
            value = self.prescales[line]
            return 1.0 / value if value else 0.0
        return self.menu.line(line).prescale.fraction

    def as_dict(self) -> dict[str, Any]:
        """Return the setting for JSON."""
        menu = self.menu
        return {
            "label": self.label,
            "menu": {"name": menu.name, "version": menu.version, "sha256": menu.sha256},
            "working_point": self.working_point,
            "registers": {block: dict(values) for block, values in self.registers.items()},
            "prescales": dict(self.prescales),
        }


def _whole_or_masked(value: float) -> float:
    if 0 < value < 1:
        raise ValueError(f"must be 0 (masked) or at least 1, not {value:g}")
    return value


Prescale = Annotated[
    float, Field(ge=0, le=1e9, allow_inf_nan=False), AfterValidator(_whole_or_masked)
]


class Candidate(Strict):
    """One `[[candidate]]` of a file."""

    label: str = Field(min_length=1, max_length=80)
    menu: str | None = None
    working_point: str | None = None
    registers: dict[str, dict[str, int | str | list[int | str]]] = Field(default_factory=dict)
    prescales: dict[str, Prescale] = Field(default_factory=dict)


class Candidates(Strict):
    """A file of candidates."""

    candidate: list[Candidate] = Field(min_length=1, max_length=50)


def settings(
    menus: Sequence[str] = (),
    working_points: Sequence[str] = (),
    registers: Mapping[str, Mapping[str, Any]] | None = None,
    prescales: Mapping[str, float] | None = None,
    candidates: str | Path | None = None,
) -> list[Setting]:
    """Return the settings to compare, the first menu as it is in front.

    Parameters
    ----------
    menus : sequence of str
        Files or packaged names; each is one setting. None: the packaged menu.
    working_points : sequence of str
        Each is one setting of every menu that has it.
    registers : mapping, optional
        Register values that together with `prescales` make one more setting of the first menu.
    prescales : mapping, optional
    candidates : str or Path, optional
        File of further settings.

    Raises
    ------
    InputError
        For unknown names, or labels that are given twice.
    """
    loaded = [load(menu) for menu in menus or (DEFAULT_MENU,)]
    first = loaded[0]
    names = [menu.name for menu in loaded]
    titles = [
        menu.name if names.count(menu.name) == 1 else f"{menu.name} {menu.version}"
        for menu in loaded
    ]
    if len(set(titles)) < len(titles):
        titles = [shortened(str(given), 60) for given in menus]
    found = [Setting(title, menu) for title, menu in zip(titles, loaded, strict=True)]
    for point in working_points:
        having = [i for i, menu in enumerate(loaded) if point in menu.working_points]
        if not having:
            allowed = {name for menu in loaded for name in menu.working_points}
            raise unknown_name("working point", point, allowed, place="--working-point")
        found += [Setting(f"{titles[i]}, {point}", loaded[i], point) for i in having]
    if registers or prescales:
        parts = [f"{k}={v}" for values in (registers or {}).values() for k, v in values.items()]
        parts += [
            f"{line} 1/{value:g}" if value else f"without {line}"
            for line, value in (prescales or {}).items()
        ]
        found.append(Setting(", ".join(parts), first, None, registers or {}, prescales or {}))
    if candidates is not None:
        found += _from_file(candidates, first)
    return _checked(found)


def _from_file(path: str | Path, first: Menu) -> list[Setting]:
    place = str(path)
    given = check_data(Candidates, parse_toml(read_text(path), place), place)
    return [
        Setting(
            one.label, first if one.menu is None else load(one.menu), one.working_point,
            one.registers, one.prescales,
        )
        for one in given.candidate
    ]  # fmt: skip


def _checked(found: list[Setting]) -> list[Setting]:
    labels = [setting.label for setting in found]
    for i, setting in enumerate(found):
        if setting.label in labels[:i]:
            raise InputError("two settings of this name", place=shortened(setting.label))
        for line in setting.prescales:
            if line not in setting.menu.names:
                raise unknown_name("line", line, setting.menu.names,
                                   place=f"{setting.label}: prescales")  # fmt: skip
        setting.chain()
    return found


def assignment(text: str, option: str = "--set") -> tuple[str, str, int | str | list[int | str]]:
    """Return block, register and value of ``BLOCK.REGISTER=VALUE``.

    The value is that of TOML (``3``, ``"0.75 GeV"``, ``[1, 2]``) or a bare text (``0.75 GeV``).

    Raises
    ------
    InputError
    """
    name, equals, value = text.partition("=")
    block, dot, register = name.strip().partition(".")
    if not (equals and dot and block and register and value.strip()):
        raise InputError(f"must read BLOCK.REGISTER=VALUE, not {shortened(text)!r}", place=option)
    try:
        parsed: Any = tomllib.loads(f"value = {value}")["value"]
    except ValueError:
        parsed = value.strip()
    if isinstance(parsed, bool) or not isinstance(parsed, int | str | list):
        raise InputError(
            f"must be a whole number, or a text with a unit such as '0.75 GeV', not "
            f"{shortened(value)!r}", place=f"{option} {name}",
        )  # fmt: skip
    return block, register, parsed


def prescale(text: str, option: str = "--prescale") -> tuple[str, float]:
    """Return line and prescale of ``LINE=N``.

    Raises
    ------
    InputError
    """
    line, equals, value = text.partition("=")
    try:
        number = float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        number = -1.0
    if not (line and equals and (number == 0 or 1 <= number <= 1e9)):
        raise InputError(
            f"must read LINE=N with N 0 or at least 1, not {shortened(text)!r}", place=option
        )
    return line, number
