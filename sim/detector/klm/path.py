"""Ways in the field between calorimeter and coil, and to the sides of the octagon."""

from __future__ import annotations

from math import asin, hypot, inf, pi

import numpy as np

from firmware_models.kernels import njit
from sim.detector.cdc.helix import circle, half_sine, place_at, turned

_SIDES = 8
_COS = np.cos(0.25 * pi * np.arange(_SIDES))
_SIN = np.sin(0.25 * pi * np.arange(_SIDES))


@njit()
def onward(
    x: float, y: float, ux: float, uy: float, radius: float, sign: float, arc: float
) -> tuple[float, float, float, float]:
    """Return place [cm] and direction after a transverse way.

    Parameters
    ----------
    x, y, ux, uy : float
        Place [cm] and unit vector in the transverse plane.
    radius : float
        Of the circle [cm]; not used without charge.
    sign : float
        Sign of the charge, or 0.
    arc : float
        Transverse way [cm].
    """
    if sign == 0.0 or arc == 0.0:
        return x + arc * ux, y + arc * uy, ux, uy
    distance, perigee, nx, ny = circle(x, y, ux, uy, radius, sign)
    if not distance > 1e-9:
        return x, y, ux, uy
    arm = 0 if x * ux + y * uy >= 0.0 else 1
    eta = turned(half_sine(x * x + y * y, distance, perigee, radius), arm)
    return place_at(eta + arc / radius, perigee, radius, nx, ny, sign)


@njit()
def arc_to_cylinder(
    x: float, y: float, ux: float, uy: float, radius: float, sign: float, r: float
) -> float:
    """Return the transverse way [cm] from inside a cylinder to it, infinity: never.

    Parameters
    ----------
    x, y, ux, uy, radius, sign
        As for `onward`.
    r : float
        Radius of the cylinder [cm].
    """
    if sign == 0.0:
        along = x * ux + y * uy
        square = along * along + r * r - x * x - y * y
        return inf if square < 0.0 else square**0.5 - along
    distance, perigee, _, _ = circle(x, y, ux, uy, radius, sign)
    if not distance > 1e-9 or r >= distance + radius or r <= abs(perigee):
        return inf
    arm = 0 if x * ux + y * uy >= 0.0 else 1
    eta = turned(half_sine(x * x + y * y, distance, perigee, radius), arm)
    target = 2.0 * asin(half_sine(r * r, distance, perigee, radius))
    turn = target - eta
    if turn < 0.0:
        turn += 2.0 * pi
    return turn * radius


@njit()
def least_pt(r: float, gev_per_cm: float) -> float:
    """Return the transverse momentum [GeV] from which a track of the axis reaches `r` [cm].

    Parameters
    ----------
    r : float
        Radius [cm].
    gev_per_cm : float
        0.3 B: transverse momentum over radius of the circle [GeV/cm].
    """
    return 0.5 * r * gev_per_cm


@njit()
def to_octagon(x: float, y: float, dx: float, dy: float, apothem: float) -> tuple[float, int]:
    """Return the way [cm] from inside an octagon to it, and the side where it leaves.

    Parameters
    ----------
    x, y : float
        Place [cm].
    dx, dy : float
        Transverse components of the direction's unit vector.
    apothem : float
        Distance of the sides from the axis [cm]; side i stands at 45° i.
    """
    best, side = inf, 0
    for i in range(_SIDES):
        towards = _COS[i] * dx + _SIN[i] * dy
        if towards > 1e-9:
            way = (apothem - _COS[i] * x - _SIN[i] * y) / towards
            if way < best:
                best, side = way, i
    return best, side


@njit()
def sideways(x: float, y: float, side: int) -> float:
    """Return the place [cm] along a side of the octagon, 0 in its middle."""
    along: float = y * _COS[side] - x * _SIN[side]
    return along


@njit()
def steepness(x: float, y: float, z: float, dx: float, dy: float, dz: float) -> float:
    """Return the cosine between a direction and that from the collision point."""
    far = hypot(hypot(x, y), z)
    return (x * dx + y * dy + z * dz) / far if far > 0.0 else 1.0
