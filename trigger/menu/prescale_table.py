"""The prescales of a menu as registers of `gdl_prescale` and as a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.gdl import N_OUTPUT
from trigger.menu.model import Line, Menu


def interval_registers(menu: Menu) -> NDArray[np.int64]:
    """Return the interval register of every output, shape ``(320,)``; 0 masks.

    Outputs without a line are masked. A prescale that is not whole is rounded to the nearest.
    """
    values = np.zeros(N_OUTPUT, dtype=np.int64)
    for line in menu.lines:
        values[line.index] = round(line.prescale.value)
    return values


def rounded_lines(menu: Menu) -> tuple[Line, ...]:
    """Return the lines whose prescale the interval register cannot hold exactly."""
    return tuple(line for line in menu.lines if line.prescale.value.denominator != 1)


def memory_text(menu: Menu) -> str:
    """Return the interval registers for ``$readmemh``: six hexadecimal digits a line."""
    head = f"// Prescale of each output, menu {menu.name} {menu.version}, sha256 {menu.sha256}\n"
    return head + "".join(f"{value:06x}\n" for value in interval_registers(menu))


def csv_text(menu: Menu) -> str:
    """Return the prescales as CSV: index, name, exact value, mode, phase."""
    rows = ["index,line,prescale,mode,phase"]
    for line in menu.lines:
        p = line.prescale
        rows.append(f"{line.index},{line.name},{p},{p.mode},{p.phase}")
    return "\n".join(rows) + "\n"
