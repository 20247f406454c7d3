"""Where the helix of a charged particle comes nearest to the z axis.

Sign and meaning as in basf2 (framework/dataobjects/Helix.h): d0 is the signed distance of that
point, the perigee, from the axis, positive when the transverse momentum there lies at +90° from the
vector that leads from the axis to the perigee; z0 is the perigee's z.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.detector.geometry import GEV_PER_CM
from sim.events import FloatArray


def perigee(
    p4: FloatArray, vertex: FloatArray, charge: NDArray[np.integer]
) -> tuple[FloatArray, FloatArray]:
    """Return d0 and z0 of helices in the uniform field of 1.5 T along +z.

    With v the production point and u the unit vector of the transverse momentum there, n the unit
    vector from v to the circle's centre and R its radius, the centre lies at v + R n, its distance
    from the axis is d = √((R + v·n)² + (v·u)²), and

        d0 = q (d - R) = q (v² + 2 R v·n) / (d + R),   z0 = z - R atan2(v·u, R + v·n) / tan θ

    with q the sign of the charge: exact, without cancellation for stiff particles. The perigee is
    the one within half a turn of the production point. A particle that was produced at its perigee
    has the d0 of its straight line; otherwise that differs by about (v·u)²/2R.

    Parameters
    ----------
    p4 : ndarray of float64, shape (n, 4)
        px, py, pz, E at production [GeV].
    vertex : ndarray of float64, shape (n, 4)
        Production point x, y, z [cm] and time; the time is not used.
    charge : ndarray of integer, shape (n,)
        In units of the elementary charge.

    Returns
    -------
    d0, z0 : ndarray of float64, shape (n,)
        [cm]. A particle without charge gets the values of its straight line, one without
        transverse momentum +ρ and z of its production point.
    """
    x, y, z = vertex[:, 0], vertex[:, 1], vertex[:, 2]
    pt = np.hypot(p4[:, 0], p4[:, 1])
    moves = pt > 0.0
    size = np.where(moves, pt, 1.0)
    ux, uy = p4[:, 0] / size, p4[:, 1] / size
    sign = np.where(charge < 0, -1.0, 1.0)
    along, across = x * ux + y * uy, sign * (x * uy - y * ux)
    bends = charge != 0
    radius = size / (GEV_PER_CM * np.where(bends, np.abs(charge), 1))
    distance = np.hypot(radius + across, along)
    d0 = sign * (x * x + y * y + 2.0 * radius * across) / (distance + radius)
    path = radius * np.arctan2(along, radius + across)
    d0 = np.where(bends, d0, sign * across)
    path = np.where(bends, path, along)
    z0 = z - path * p4[:, 2] / size
    return np.where(moves, d0, np.hypot(x, y)), np.where(moves, z0, z)
