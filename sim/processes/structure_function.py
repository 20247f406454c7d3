"""Leading-log structure function of a beam electron: how much of its energy a collision gets.

E. A. Kuraev and V. S. Fadin, Sov. J. Nucl. Phys. 41 (1985) 466, in the exponentiated second-order
form of O. Nicrosini and L. Trentadue, Phys. Lett. B 196 (1987) 551, without pair production. The
convolution of two is the radiator of `radiator` up to its constant, which belongs to the process
and is not a leading log, and up to its virtual pairs (below 0.2 %).
"""

from __future__ import annotations

import math

from firmware_models.kernels import njit

EULER = 0.5772156649015329
"""Euler's constant γ."""


@njit()
def soft_constant(b: float) -> float:
    """Return exp(b/2 (3/4 - γ)) / Γ(1 + b/2): soft and virtual corrections of one beam.

    Parameters
    ----------
    b : float
        `radiator.radiation_strength` at the scale of the collision.
    """
    half = 0.5 * b
    return math.exp(half * (0.75 - EULER)) / math.gamma(1.0 + half)


@njit()
def collinear_part(r: float, b: float) -> float:
    """Return the part of D that is not proportional to r^(b/2 - 1).

    With x = 1 - r: -b/4 (1 + x) + b²/32 [-4 (1 + x) ln r + 3 (1 + x) ln x - 4 ln x / r - 5 - x].

    Parameters
    ----------
    r : float
        Radiated part of the beam's energy, 0 to 1.
    b : float
        As in `soft_constant`.
    """
    if r < 1e-12:
        return 0.0
    # The logarithm at x = 0 is integrable; rounding must not make it infinite.
    x = max(1.0 - r, 1e-16)
    log = math.log(x)
    second = -4.0 * (1.0 + x) * math.log(r) + 3.0 * (1.0 + x) * log - 4.0 * log / r - 5.0 - x
    return -0.25 * b * (1.0 + x) + b * b / 32.0 * second


@njit()
def structure_function(r: float, b: float) -> float:
    """Return D(x) at x = 1 - r, the density in r; its integral is 1 up to terms of order b³."""
    half = 0.5 * b
    return float(soft_constant(b) * half * r ** (half - 1.0) + collinear_part(r, b))


@njit()
def radiated_part(y: float, b_map: float) -> float:
    """Return r = y^(2/b_map), the map that absorbs the soft peak.

    Parameters
    ----------
    y : float
        0 to 1; below 1e-12 taken as 1e-12, where r is 0 to any precision.
    b_map : float
        Strength of the map.
    """
    return float(max(y, 1e-12) ** (2.0 / b_map))


@njit()
def in_power(y: float, r: float, b_map: float, b: float) -> float:
    """Return D(1 - r) dr/dy for r = `radiated_part` (y, b_map); bounded when b ≥ b_map.

    Parameters
    ----------
    y, r, b_map : float
        As in `radiated_part`.
    b : float
        Strength at the scale of the event.
    """
    y = max(y, 1e-12)
    soft = soft_constant(b) * b / b_map * y ** (b / b_map - 1.0)
    return float(soft + collinear_part(r, b) * 2.0 / b_map * r / y)
