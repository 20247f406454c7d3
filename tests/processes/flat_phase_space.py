"""Flat many-body phase space in plain numpy, for integrals that share nothing with the package.

RAMBO with masses: Kleiss, Stirling and Ellis, Comput. Phys. Commun. 40 (1986) 359.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def flat(
    n: int, total: float, masses: Sequence[float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Momenta E, px, py, pz, shape ``(n, k, 4)``, at rest, and the weight of every event.

    The mean of weight times f is the integral of f over the element of phase space with (2π)⁴ and
    (2π)⁻³ a particle.
    """
    k = len(masses)
    energy = rng.gamma(2.0, size=(n, k))
    unit = rng.normal(size=(n, k, 3))
    unit /= np.linalg.norm(unit, axis=2, keepdims=True)
    loose = np.concatenate((energy[..., None], energy[..., None] * unit), axis=2)
    whole = loose.sum(axis=1)
    size = np.sqrt(whole[:, 0] ** 2 - np.sum(whole[:, 1:] ** 2, axis=1))
    gamma, b = whole[:, 0] / size, -whole[:, 1:] / size[:, None]
    along = np.einsum("ni,nki->nk", b, loose[..., 1:])
    light = np.empty_like(loose)
    light[..., 0] = gamma[:, None] * energy + along
    light[..., 1:] = loose[..., 1:] + b[:, None] * (
        energy[..., None] + (along / (1.0 + gamma[:, None]))[..., None]
    )
    light *= (total / size)[:, None, None]
    low, high = np.zeros(n), np.ones(n)
    for _ in range(60):
        x = 0.5 * (low + high)
        over = np.sqrt(np.square(masses) + (x[:, None] * light[..., 0]) ** 2).sum(axis=1) > total
        low, high = np.where(over, low, x), np.where(over, x, high)
    p4 = light * low[:, None, None]
    momentum = p4[..., 0].copy()
    p4[..., 0] = np.sqrt(np.square(masses) + momentum**2)
    volume = (math.pi / 2.0) ** (k - 1) * total ** (2 * k - 4) * (2.0 * math.pi) ** (4 - 3 * k)
    volume /= math.factorial(k - 1) * math.factorial(k - 2)
    weight = volume * (momentum.sum(axis=1) / total) ** (2 * k - 3) * total
    weight *= np.prod(momentum / p4[..., 0], axis=1) / np.sum(momentum**2 / p4[..., 0], axis=1)
    return p4, weight
