"""How wide a shower is, and what share of it falls on each cell.

Radial profile: two components, f(r) = p 2 r C²/(r² + C²)² + (1 - p) 2 r T²/(r² + T²)², the form of
Grindhammer and Peters (hep-ex/0001020, homogeneous calorimeters); its share of a rectangle has a
closed form. Their p, C and T change with depth; `depth_average` weights the profile with the
energy deposited at each depth, and the package's constants are its fit at 1 GeV in CsI.
"""

from __future__ import annotations

from math import atan, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.geometry import THETA_STRIPS, column_of, strip_of, turn_of
from sim.detector.material import CRITICAL_ENERGY, EFFECTIVE_Z

MAX_SHARES = 80
"""Room for the cells of one shower, and for their edges in φ."""

SHARE, _EDGE, _ROW = range(3)
"""Rows of the work array: shares (the result), edges in φ, corners of the lower edge in θ."""


def grindhammer_radii(
    depth: NDArray[np.float64], energy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return core fraction, core radius and tail radius by depth (hep-ex/0001020, section 3.2).

    Parameters
    ----------
    depth : ndarray of float64
        Depth in units of the depth of the shower's maximum.
    energy : float
        [GeV].

    Returns
    -------
    core, core_radius, tail_radius : ndarray of float64
        Fraction; radii in Molière radii.
    """
    e, z = np.log(energy), EFFECTIVE_Z
    core_radius = 0.0251 + 0.00319 * e + (0.1162 - 0.000381 * z) * depth
    k1, k4 = 0.659 - 0.00309 * z, 0.3585 + 0.0412 * e
    tail_radius = k1 * (np.exp(-2.59 * (depth - 0.645)) + np.exp(k4 * (depth - 0.645)))
    exponent = (0.401 + 0.00187 * z - depth) / (1.313 - 0.0686 * e)
    core = (2.632 - 0.00094 * z) * np.exp(exponent - np.exp(exponent))
    return np.clip(core, 0.0, 1.0), core_radius, tail_radius


def depth_average(radius: NDArray[np.float64], energy: float) -> NDArray[np.float64]:
    """Return the mean share of a shower's energy beyond each radius.

    Parameters
    ----------
    radius : ndarray of float64, shape (n,)
        In Molière radii.
    energy : float
        [GeV].

    Returns
    -------
    ndarray of float64, shape (n,)
        Shares, over the mean longitudinal profile of hep-ex/0001020.
    """
    y = np.log(energy / CRITICAL_ENERGY)
    peak = y - 0.858
    alpha = 0.21 + (0.492 + 2.38 / EFFECTIVE_Z) * y
    beta = (alpha - 1.0) / peak
    depth = np.linspace(0.0, 40.0, 8001)[1:]
    weight = (beta * depth) ** (alpha - 1.0) * np.exp(-beta * depth)
    weight /= weight.sum()
    core, inner, outer = grindhammer_radii(depth / peak, energy)
    # Far behind the maximum the published tail grows without bound; there is no energy there.
    square = radius[:, None] ** 2
    beyond = core * inner**2 / (square + inner**2) + (1 - core) * outer**2 / (square + outer**2)
    return np.asarray(beyond @ weight)


@njit()
def corner(u: float, v: float, radius: float) -> float:
    """Return the integral of R²/(π (x² + y² + R²)²) over 0 < x < u, 0 < y < v; odd in both."""
    a, b = sqrt(u * u + radius * radius), sqrt(v * v + radius * radius)
    return (u / a * atan(v / a) + v / b * atan(u / b)) / (2.0 * pi)


@njit()
def profile_corner(u: float, v: float, core: float, inner: float, outer: float) -> float:
    """Return the two components' integral over 0 < x < u, 0 < y < v; odd in both.

    Parameters
    ----------
    u, v : float
        [cm].
    core : float
        Fraction of the core.
    inner, outer : float
        Radii of core and tail [cm].
    """
    return core * corner(u, v, inner) + (1.0 - core) * corner(u, v, outer)


@njit()
def rectangle(
    u_low: float,
    u_high: float,
    v_low: float,
    v_high: float,
    core: float,
    inner: float,
    outer: float,
) -> float:
    """Return the share of a shower at the origin that falls on a rectangle [cm]."""
    return (
        profile_corner(u_high, v_high, core, inner, outer)
        - profile_corner(u_low, v_high, core, inner, outer)
        - profile_corner(u_high, v_low, core, inner, outer)
        + profile_corner(u_low, v_low, core, inner, outer)
    )


@njit()
def share(
    theta: float,
    phi: float,
    distance: float,
    rho: float,
    core: float,
    inner: float,
    outer: float,
    reach: float,
    edge: NDArray[np.float64],
    phi_count: NDArray[np.int64],
    ring: NDArray[np.int64],
    cell_id: NDArray[np.int64],
    cells: NDArray[np.int64],
    work: NDArray[np.float64],
) -> tuple[int, float, float]:
    """Share a shower among the cells around its centre.

    Parameters
    ----------
    theta, phi : float
        Direction of the centre from the collision point [rad].
    distance, rho : float
        Distance of the centre from the collision point and from the beam axis [cm].
    core, inner, outer : float
        The profile; radii [cm].
    reach : float
        Cells are followed until this far from the centre [cm]; the rest is `beyond`.
    edge, phi_count, ring, cell_id : ndarray
        The arrays of `sim.detector.geometry.Strips`.
    cells : ndarray of int64, shape (MAX_SHARES,)
        Filled with TC ids.
    work : ndarray of float64, shape (3, MAX_SHARES)
        Row `SHARE` is filled with their shares; the others are scratch.

    Returns
    -------
    n : int
        Cells filled.
    dead : float
        Share in gaps and beam holes.
    beyond : float
        Share farther than the cells that were followed.

    Notes
    -----
    Around the centre the cells' edges are lines of constant θ and φ in the tangent plane,
    u = D (θ_edge - θ), v = ρ (φ_edge - φ). Strips tile the plane, so that cells, dead and beyond
    sum to one exactly.
    """
    middle = strip_of(theta, edge)
    first, last = middle, middle
    while first > 0 and distance * (theta - edge[first]) < reach:
        first -= 1
    while last < THETA_STRIPS - 1 and distance * (edge[last + 1] - theta) < reach:
        last += 1
    n, edges, left, dead, total = 0, 0, 0, 0.0, 0.0
    known = 0
    for strip in range(first, last + 1):
        u_low, u_high = distance * (edge[strip] - theta), distance * (edge[strip + 1] - theta)
        count = phi_count[strip]
        if ring[strip] <= 0:
            part = _dead_strip(u_low, u_high, rho, core, inner, outer)
            dead += part
            total += part
            known = 0
            continue
        if count != known:  # else the last strip's upper edge is this one's lower edge
            left, edges = _columns(phi, rho, count, reach, work)
            for k in range(edges):
                work[_ROW, k] = profile_corner(u_low, work[_EDGE, k], core, inner, outer)
            known = count
        before_low = work[_ROW, 0]
        before_high = profile_corner(u_high, work[_EDGE, 0], core, inner, outer)
        work[_ROW, 0] = before_high
        for k in range(1, edges):
            low = work[_ROW, k]
            high = profile_corner(u_high, work[_EDGE, k], core, inner, outer)
            part = high - before_high - low + before_low
            cells[n] = cell_id[strip, (left + k - 1) % count]
            work[SHARE, n] = part
            total += part
            n += 1
            work[_ROW, k] = high
            before_low, before_high = low, high
    return n, dead, 1.0 - total


@njit()
def _columns(
    phi: float, rho: float, count: int, reach: float, work: NDArray[np.float64]
) -> tuple[int, int]:
    """Fill the columns' edges [cm] around φ; return the first column and the edges' number."""
    width = 2.0 * pi / count
    centre = column_of(phi, count)
    offset = (turn_of(phi) * count - centre) * width
    below, above = 0, 0
    while below < count // 2 - 1 and rho * (offset + below * width) < reach:
        below += 1
    while above < count // 2 - 1 and rho * ((above + 1) * width - offset) < reach:
        above += 1
    for k in range(below + above + 2):
        work[_EDGE, k] = rho * ((k - below) * width - offset)
    return centre - below, below + above + 2


@njit()
def _dead_strip(
    u_low: float, u_high: float, rho: float, core: float, inner: float, outer: float
) -> float:
    """Return the share of a strip without cells, over half a turn to either side."""
    v = pi * rho
    return 2.0 * (
        profile_corner(u_high, v, core, inner, outer) - profile_corner(u_low, v, core, inner, outer)
    )
