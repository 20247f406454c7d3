"""Muon detector: how often a sector has enough planes, against momentum, and speed on one core.

Run: python benchmarks/klm_response.py [EVENTS]

A sector fires with at least 8 hit planes, or with at least 5 in layers 2 to 14 (two working points
of the public simulation). Neighbours are not joined.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray

from sim.detector.klm.response import KlmResponse
from sim.detector.particles import particle_type
from sim.events import Events, from_dense

N_BARREL = 16
OUTER = np.uint64(((1 << 30) - 1) & ~0xF)
MOMENTA = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
BARREL, FORWARD, BACKWARD = (45.0, 120.0), (26.0, 33.0), (138.0, 146.0)
REPEATS = 3


def shoot(code: int, p: float, n: int, theta: tuple[float, float]) -> Events:
    """Return single particles of either charge, even in cos θ and φ."""
    rng = np.random.default_rng(1)
    low, high = np.cos(np.radians(theta[::-1]))
    cosine, phi = rng.uniform(low, high, n), rng.uniform(0.0, 2.0 * np.pi, n)
    sine = np.sqrt(1.0 - cosine**2)
    p4 = np.empty((n, 1, 4))
    p4[:, 0, :3] = p * np.stack((sine * np.cos(phi), sine * np.sin(phi), cosine), axis=1)
    p4[:, 0, 3] = np.hypot(p, particle_type(code).mass)
    events = from_dense((code,), p4)
    events.pdg[rng.random(n) < 0.5] *= -1
    return events


def fired(masks: NDArray[np.uint64], part: slice) -> tuple[float, float]:
    """Return the shares of windows with a fired sector, for 8 planes and for 5 outer ones."""
    all_planes = np.bitwise_count(masks[:, part]).max(axis=1)
    outer = np.bitwise_count(masks[:, part] & OUTER).max(axis=1)
    return float(np.mean(all_planes >= 8)), float(np.mean(outer >= 5))


def efficiencies(response: KlmResponse, n: int) -> None:
    """Print the shares of particles with a fired sector."""
    barrel, endcaps = slice(0, N_BARREL), slice(N_BARREL, 24)
    print(f"{n} particles a row, noise and background at level 1; >= 8 planes / >= 5 outer planes")
    print(f"{'p [GeV]':>8} {'mu barrel':>16} {'mu forward':>16} {'mu backward':>16} "
          f"{'pi barrel':>16} {'K barrel':>16}")  # fmt: skip
    for p in MOMENTA:
        cells = []
        for code, theta, part in (
            (13, BARREL, barrel), (13, FORWARD, endcaps), (13, BACKWARD, endcaps),
            (211, BARREL, barrel), (321, BARREL, barrel),
        ):  # fmt: skip
            masks = response.respond(shoot(code, p, n, theta), 1).masks()
            cells.append("{:.3f} / {:.3f}".format(*fired(masks, part)))
        print(f"{p:>8} " + " ".join(f"{cell:>16}" for cell in cells))
    empty = response.background_events(20 * n, 1).masks()
    for name, part in (("barrel", barrel), ("endcaps", endcaps)):
        eight, five = fired(empty, part)
        print(f"empty windows, {name}: {eight:.2e} / {five:.2e}")


def speed(response: KlmResponse, n: int) -> None:
    """Print events a second."""
    for name, code, p in (("muon", 13, 1.0), ("muon", 13, 5.0), ("pion", 211, 1.0)):
        events = shoot(code, p, n, BARREL)
        cpu = []
        for _ in range(REPEATS):
            at = time.process_time()
            response.respond(events, 1)
            cpu.append(time.process_time() - at)
        print(f"{name} of {p} GeV an event: {n / min(cpu):,.0f} events/s (cpu)")


def main() -> None:
    """Measure both."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    response = KlmResponse()
    efficiencies(response, n)
    speed(response, 2 * n)


if __name__ == "__main__":
    main()
