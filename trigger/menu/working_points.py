"""Thresholds of a menu's working points: quantities with units become register values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Register
from firmware_models.interface.ecl import ENERGY_LSB_MEV
from trigger.menu.document import Setting, WorkingPoint
from trigger.menu.section import shown

RegisterValues = dict[str, dict[str, int | list[int]]]
"""Block to register to value, or to one value for each element."""

FrozenRegisterValues = Mapping[str, Mapping[str, int | tuple[int, ...]]]
"""The same, unchangeable."""

_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)\s*")
_COUNTS_PER = {"GeV": 1e3 / ENERGY_LSB_MEV, "MeV": 1 / ENERGY_LSB_MEV}
_ENERGY_UNIT = "count"
_LSB = re.compile(r"([0-9.]+) ([A-Za-z]+)")
"""Unit of a register that counts in steps: size of a step and its unit."""

_HAIR = 1e-9
"""Tolerance in counts: 5.231 MeV must be one count, not zero."""


def resolve(point: WorkingPoint, place: str) -> FrozenRegisterValues:
    """Return a working point's register values.

    Parameters
    ----------
    point : mapping of block to mapping of register to setting
        A setting is a whole number (the register's own value), a text with a number and a unit
        such as ``"1.2 GeV"`` or ``"165 degree"``, or a list of these.
    place : str
        File and path, for messages.

    Raises
    ------
    InputError
        For unknown blocks, registers and units, and values that the register does not hold.
    """
    return MappingProxyType({
        block: MappingProxyType(_block(block, registers, f"{place}.{block}"))
        for block, registers in point.items()
    })  # fmt: skip


def thaw(values: FrozenRegisterValues) -> RegisterValues:
    """Return a copy that may be changed."""
    return {
        block: {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in registers.items()
        }
        for block, registers in values.items()
    }


def _block(
    name: str, settings: Mapping[str, Setting], place: str
) -> dict[str, int | tuple[int, ...]]:
    if name not in BLOCKS:
        raise unknown_name("block", name, BLOCKS, place=place)
    block = BLOCKS[name]
    if not block.registers:
        raise InputError(f"block {name!r} has no registers to set", place=place)
    values: dict[str, int | tuple[int, ...]] = {}
    for key, setting in settings.items():
        names = [register.name for register in block.registers]
        if key not in names:
            raise unknown_name("register", key, names, place=f"{place}.{key}")
        register = block.register(key)
        where = f"{place}.{key}"
        if not isinstance(setting, tuple):
            values[key] = register_value(register, setting, where)
            continue
        if len(setting) != register.count:
            raise InputError(
                f"the register has {register.count} values, not {len(setting)}", place=where
            )
        values[key] = tuple(register_value(register, item, where) for item in setting)
    return values


def register_value(register: Register, setting: int | str, place: str) -> int:
    """Return the value of one register.

    An energy becomes counts in the sense in which the register is compared, so that the decision
    is that of the energy itself: rounded down for "above this", up for "below" and "at least", to
    the nearest for thresholds in the centre-of-mass frame, which a boost factor multiplies later.

    Raises
    ------
    InputError
        For a unit that the register does not have, or a value that it does not hold.
    """
    value = setting if isinstance(setting, int) else _quantity(register, setting, place)
    high = (1 << register.width) - 1
    if not 0 <= value <= high:
        raise InputError(
            f"{shown(setting)} gives {shown(value)}; the register holds 0 to {high}", place=place
        )
    return value


def _quantity(register: Register, text: str, place: str) -> int:
    match = _QUANTITY.fullmatch(text)
    allowed, rounded = _counts_per(register)
    if match is None or match[2] not in allowed:
        units = " or ".join(f"'1 {unit}'" for unit in allowed)
        form = f"or a text such as {units}" if units else "it has no unit"
        raise InputError(f"must be a whole number, {form}, not {shown(text)}", place=place)
    counts = float(match[1]) * allowed[match[2]]
    if rounded:
        return _rounded(register, counts)
    if abs(counts - round(counts)) > _HAIR:
        raise InputError(f"must be whole in {register.unit}, not {shown(text)}", place=place)
    return round(counts)


def _counts_per(register: Register) -> tuple[Mapping[str, float], bool]:
    """Return counts by unit, and whether a quantity is rounded to counts."""
    lsb = _LSB.fullmatch(register.unit)
    if register.unit == _ENERGY_UNIT:
        return _COUNTS_PER, True
    if lsb is not None:
        return {lsb[2]: 1 / float(lsb[1])}, True
    if register.unit == "MeV":
        return {"MeV": 1.0, "GeV": 1e3}, False
    return ({register.unit: 1.0} if register.unit.isalpha() else {}), False


def _rounded(register: Register, counts: float) -> int:
    if "(CM" in register.doc:
        return math.floor(counts + 0.5)
    if "below this" in register.doc or "at least this" in register.doc:
        return math.ceil(counts - _HAIR)
    return math.floor(counts + _HAIR)
