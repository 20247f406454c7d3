"""The way of a magnetic charge in the solenoid: a constant force along the field, in closed form.

A magnetic charge g (in e) in a field B along z feels dp/dt = g e c B along z and nothing across:
0.45 GeV a metre for 1 e in 1.5 T, the number that turns an electric charge of 1 e and a pT into a
circle (`sim.detector.geometry.GEV_PER_CM`). Across the field it flies straight. With m_T² = m² +
pT² and the rapidity y = asinh(p_z / m_T), y grows linearly with the transverse path s, dy = F s /
pT, and

    z - z0 = (m_T / F) (cosh y - cosh y0),      c (t - t0) = (m_T / F) (sinh y - sinh y0):

hyperbolic motion; for slow particles a parabola. Written with half-angles, which is exact and holds
for F = 0. What a moving magnetic charge feels of the solenoid's field is all of this: there is no
electric field.
"""

from __future__ import annotations

from math import asinh, hypot, inf, sinh, sqrt

from firmware_models.kernels import njit
from sim.detector.decays import SPEED_OF_LIGHT
from sim.detector.geometry import GEV_PER_CM

FORCE = GEV_PER_CM
"""Force on 1 e along +z [GeV/cm]."""

MOST_RAPIDITY = 300.0
"""Change of rapidity at which motion is cut: far outside the detector, before overflow."""


@njit(inline="always")
def _sinhc(x: float) -> float:
    """Return sinh(x)/x."""
    return 1.0 + x * x / 6.0 if abs(x) < 1e-5 else sinh(x) / x


@njit()
def moved(
    path: float, z: float, time: float, pt: float, pz: float, mass: float, charge: float
) -> tuple[float, float, float]:
    """Return z [cm], time [ns] and p_z [GeV] after a transverse path.

    Parameters
    ----------
    path : float
        Transverse path [cm].
    z, time : float
        At the start [cm, ns].
    pt, pz, mass : float
        At the start [GeV]; pT is constant and above 0.
    charge : float
        Magnetic charge [e].
    """
    mt = hypot(pt, mass)
    start = asinh(pz / mt)
    half = 0.5 * charge * FORCE * path / pt
    half = min(max(half, -MOST_RAPIDITY), MOST_RAPIDITY)
    middle = start + half
    chord = mt * path / pt * _sinhc(half)
    along = sinh(middle)
    return (
        z + chord * along,
        time + chord * sqrt(1.0 + along * along) / SPEED_OF_LIGHT,
        mt * sinh(middle + half),
    )


@njit()
def path_to_plane(
    z: float, target: float, pt: float, pz: float, mass: float, charge: float
) -> float:
    """Return the transverse path [cm] to the first crossing of a plane; infinity: never.

    Parameters
    ----------
    z, target : float
        Here and the plane [cm].
    pt, pz, mass, charge : float
        As for `moved`.
    """
    force = charge * FORCE
    if force == 0.0:
        if pz == 0.0 or (target - z) / pz <= 0.0:
            return inf
        return (target - z) * pt / pz
    mt = hypot(pt, mass)
    # Work and energy: E² - m_T² at the plane is p_z² there.
    gain = force * (target - z)
    energy = sqrt(mt * mt + pz * pz)
    square = pz * pz + gain * (2.0 * energy + gain)
    if square < 0.0 or energy + gain <= 0.0:
        return inf
    there, start = asinh(sqrt(square) / mt), asinh(pz / mt)
    best = inf
    for sign in (-1.0, 1.0):
        path = (sign * there - start) * pt / force
        if 1e-9 < path < best:
            best = path
    return best


@njit(inline="always")
def path_to_cylinder(along: float, perigee2: float, radius: float, outward: bool) -> float:
    """Return the transverse path [cm] of a straight line to a cylinder; infinity: never.

    Parameters
    ----------
    along : float
        Transverse position along the direction [cm]: the path since the point nearest to the axis.
    perigee2 : float
        Squared distance of that point from the axis [cm²].
    radius : float
        [cm].
    outward : bool
        The crossing on the way out, or that on the way in.
    """
    square = radius * radius - perigee2
    if square < 0.0:
        return inf
    half = sqrt(square)
    return half - along if outward else -half - along
