"""Codes of magnetic and of multiple electric charges, whose masses are their four-vectors'.

* ``994GGGG``: a magnetic charge of GGGG hundredths of the elementary charge, 0.01 to 99.99 e; a
  code of our own, in the range 99xxxxx that the Particle Data Group leaves to generators. The
  antiparticle has the opposite magnetic charge.
* ``4110000``: the group's monopole without electric charge: one Dirac charge, 68.5 e.
* ``100XXX00``: the group's code for an electric charge of XXX, here 1 to 127.

Magnetic charges are in units of e (Gaussian; in SI the charge is g · e · c): the Dirac charge is
1/(2α) = 68.5 e.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.processes.constants import ALPHA

DIRAC_CHARGE = 0.5 / ALPHA
"""Least magnetic charge of Dirac's quantisation, in e."""

DIRAC_CODE = 4110000
MAGNETIC_CODES = range(9940001, 9950000)
ELECTRIC_CODES = range(10000100, 10012701, 100)
PER_CODE = 100
"""Steps of a magnetic charge in one e."""


def magnetic_code(charge: float) -> int:
    """Return the code of a magnetic charge, negative for a negative one.

    Parameters
    ----------
    charge : float
        In e: ±0.01 to ±99.99, in steps of 0.01.

    Raises
    ------
    InputError
        Another value.
    """
    steps = round(abs(charge) * PER_CODE)
    if not 1 <= steps < 10_000 or abs(steps - abs(charge) * PER_CODE) > 1e-6:
        raise InputError(f"given a magnetic charge of {charge:g} e; allowed: 0.01 to 99.99 e in "
                         "steps of 0.01")  # fmt: skip
    code = MAGNETIC_CODES.start - 1 + steps
    return code if charge > 0 else -code


def electric_code(charge: float) -> int:
    """Return the code of a multiple electric charge, negative for a negative one.

    Raises
    ------
    InputError
        Not a whole number of 1 to 127 of either sign.
    """
    if charge != round(charge) or not 1 <= abs(charge) <= 127:
        raise InputError(f"given an electric charge of {charge:g} e; allowed: whole, 1 to 127")
    code = ELECTRIC_CODES.start + 100 * (int(abs(charge)) - 1)
    return code if charge > 0 else -code


def is_magnetic(code: int) -> bool:
    """Tell whether a code stands for a magnetic charge."""
    return abs(code) in MAGNETIC_CODES or abs(code) == DIRAC_CODE


def electric_charge(code: int) -> int:
    """Return the electric charge of a code of `ELECTRIC_CODES`, of either sign; 0 for others."""
    if abs(code) not in ELECTRIC_CODES:
        return 0
    charge = (abs(code) - ELECTRIC_CODES.start) // 100 + 1
    return charge if code > 0 else -charge


def magnetic_charges(pdg: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the magnetic charges [e] of codes, shape ``(n,)``; 0 where there is none."""
    code = np.abs(np.asarray(pdg, dtype=np.int64))
    own = (code >= MAGNETIC_CODES.start) & (code < MAGNETIC_CODES.stop)
    size = np.where(own, (code - (MAGNETIC_CODES.start - 1)) / PER_CODE, 0.0)
    size = np.where(code == DIRAC_CODE, DIRAC_CHARGE, size)
    return np.where(np.asarray(pdg) < 0, -size, size)


def has_own_mass(pdg: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell of each code whether the particle's mass is that of its four-vector."""
    code = np.abs(np.asarray(pdg, dtype=np.int64))
    electric = (code >= ELECTRIC_CODES.start) & (code < ELECTRIC_CODES.stop)
    own: NDArray[np.bool_] = (magnetic_charges(pdg) != 0.0) | (electric & (code % 100 == 0))
    return own
