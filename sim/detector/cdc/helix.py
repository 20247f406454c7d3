"""A circle in the transverse plane, told by the angle turned since the point nearest to the axis.

With d the distance of the centre from the axis, R the radius and ρ = d - R the signed distance of
the nearest point (the perigee), a point at distance r has turned by η with

    sin²(η/2) = (r² - ρ²) / (4 d R),

exact and without cancellation from a curling track to a straight one. On the way out η is
2 asin(…), 0 to π; on the way in 2π - 2 asin(…). A positive charge turns clockwise, seen from +z.
"""

from __future__ import annotations

from math import asin, cos, hypot, pi, sin, sqrt

from firmware_models.kernels import njit
from sim.detector.geometry import GEV_PER_CM


@njit()
def radius_of(pt: float, charge: float) -> float:
    """Return the radius [cm] of a charge's circle for transverse momentum `pt` [GeV]."""
    return pt / (GEV_PER_CM * abs(charge))


@njit(inline="always")
def circle(
    x: float, y: float, ux: float, uy: float, radius: float, sign: float
) -> tuple[float, float, float, float]:
    """Return the circle through a point.

    Parameters
    ----------
    x, y : float
        Point [cm].
    ux, uy : float
        Unit vector of the direction.
    radius : float
        [cm].
    sign : float
        Sign of the charge.

    Returns
    -------
    distance : float
        Of the centre from the axis [cm].
    perigee : float
        Signed distance of the nearest point, negative when the circle holds the axis [cm].
    nx, ny : float
        Unit vector from the axis to the centre.
    """
    nx, ny = sign * uy, -sign * ux
    cx, cy = x + radius * nx, y + radius * ny
    distance = hypot(cx, cy)
    perigee = (x * x + y * y + 2.0 * radius * (x * nx + y * ny)) / (distance + radius)
    return distance, perigee, cx / distance, cy / distance


@njit(inline="always")
def half_sine(r2: float, distance: float, perigee: float, radius: float) -> float:
    """Return sin(η/2) at squared distance `r2` [cm²] from the axis, cut to 0 to 1."""
    square = (r2 - perigee * perigee) / (4.0 * distance * radius)
    return sqrt(min(max(square, 0.0), 1.0))


@njit(inline="always")
def turned(half: float, arm: int) -> float:
    """Return η [rad] on an arm: even ones lead out, odd ones in."""
    square = half * half
    if square < 0.01:  # a stiff track: a series, exact to 3 · 10⁻¹³
        inner = 15.0 / 336.0 + square * (105.0 / 3456.0)
        angle = half * (1.0 + square * (1.0 / 6.0 + square * (0.075 + square * inner)))
    else:
        angle = asin(half)
    if arm & 1 == 0:
        return arm * pi + 2.0 * angle
    return (arm + 1) * pi - 2.0 * angle


@njit(inline="always")
def place(
    half: float,
    co: float,
    perigee: float,
    radius: float,
    nx: float,
    ny: float,
    sign: float,
) -> tuple[float, float]:
    """Return x and y [cm] where sin(η/2) and cos(η/2) are `half` and `co`."""
    tx, ty = -sign * ny, sign * nx
    chord = 2.0 * radius * half
    return (
        perigee * nx + chord * (co * tx + half * nx),
        perigee * ny + chord * (co * ty + half * ny),
    )


@njit()
def place_at(
    eta: float, perigee: float, radius: float, nx: float, ny: float, sign: float
) -> tuple[float, float, float, float]:
    """Return x and y [cm] and direction after turning by η [rad]."""
    half, co = sin(0.5 * eta), cos(0.5 * eta)
    x, y = place(half, co, perigee, radius, nx, ny, sign)
    ce, se = 1.0 - 2.0 * half * half, 2.0 * half * co
    tx, ty = -sign * ny, sign * nx
    return x, y, ce * tx + se * nx, ce * ty + se * ny
