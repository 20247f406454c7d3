"""Many-body decays by phase space: isotropic momenta that sum to the parent's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.processes.base import FloatArray
from sim.processes.kinematics import rescale


def isotropic(
    u: FloatArray, parent: FloatArray, mass: float | FloatArray, masses: Sequence[float]
) -> FloatArray:
    """Return the products of a decay to k particles.

    RAMBO (Kleiss, Stirling and Ellis, Comput. Phys. Commun. 40 (1986) 359): phase space of massless
    particles without weights. The masses are then put in by scaling all momenta; the weight that
    would correct for that is left out (assumption, good for products light against mass/k).

    Parameters
    ----------
    u : ndarray, shape (n, k, 4)
        Uniform numbers.
    parent : ndarray, shape (n, 4)
        Four-vectors of what decays [GeV].
    mass : float or ndarray, shape (n,)
        Its mass [GeV].
    masses : sequence of float
        The k masses [GeV].

    Returns
    -------
    ndarray, shape (n, k, 4)
        In the frame of `parent` [GeV].
    """
    energy = -np.log1p(-u[..., 2]) - np.log1p(-u[..., 3])
    cosine, phi = 2.0 * u[..., 0] - 1.0, 2.0 * np.pi * u[..., 1]
    sine = np.sqrt(1.0 - cosine**2)
    # No energy at all has measure 0, but a generator of random numbers may give it.
    energy = np.maximum(energy, 1e-12)
    loose = energy[..., None] * np.stack(
        (sine * np.cos(phi), sine * np.sin(phi), cosine, np.ones_like(phi)), axis=-1
    )
    total = loose.sum(axis=1)
    size = np.sqrt(total[:, 3] ** 2 - np.sum(total[:, :3] ** 2, axis=1))
    at_rest = boosted(loose, -total[:, :3] / size[:, None]) * (mass / size)[:, None, None]
    at_rest[..., 3] = np.sqrt(np.sum(at_rest[..., :3] ** 2, axis=2) + np.square(masses))
    scaled = rescale(at_rest, np.full(len(u), mass))
    return boosted(scaled, parent[:, :3] / np.reshape(mass, (-1, 1)))


def boosted(p4: FloatArray, gamma_beta: FloatArray) -> FloatArray:
    """Return four-vectors after a boost.

    Parameters
    ----------
    p4 : ndarray, shape (n, k, 4)
    gamma_beta : ndarray, shape (n, 3)
        γβ of the old frame in the new one.
    """
    gamma = np.sqrt(1.0 + np.sum(gamma_beta**2, axis=1))
    along = np.einsum("ni,nki->nk", gamma_beta, p4[..., :3])
    factor = along / (1.0 + gamma)[:, None] + p4[..., 3]
    result = np.empty_like(p4)
    result[..., :3] = p4[..., :3] + factor[..., None] * gamma_beta[:, None, :]
    result[..., 3] = gamma[:, None] * p4[..., 3] + along
    return result
