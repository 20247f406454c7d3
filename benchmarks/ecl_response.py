"""Speed of the calorimeter's response: events to fired trigger cells, one core.

Run: python benchmarks/ecl_response.py [EVENTS]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from sim.detector.ecl import EclConfig, EclResponse
from sim.events import Events, from_dense

PAIRS = (
    ("γγ", (22, 22), 0.0),
    ("ee", (11, -11), 0.000511),
    ("μμ", (13, -13), 0.10566),
    ("ππ", (211, -211), 0.13957),
)
MOMENTUM = 5.29
REPEATS = 5


def pairs(codes: tuple[int, int], mass: float, n: int) -> Events:
    """Return two particles an event, back to back, flat in cos θ over the calorimeter."""
    rng = np.random.default_rng(1)
    cosine = rng.uniform(-0.90, 0.97, n)
    phi = rng.uniform(0.0, 2.0 * np.pi, n)
    sine = np.sqrt(1.0 - cosine**2)
    p3 = MOMENTUM * np.stack((sine * np.cos(phi), sine * np.sin(phi), cosine), axis=1)
    energy = np.full((n, 1), np.hypot(MOMENTUM, mass))
    first, second = np.hstack((p3, energy)), np.hstack((-p3, energy))
    return from_dense(codes, np.stack((first, second), axis=1))


def main() -> None:
    """Print the table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    response = EclResponse(EclConfig())
    print(f"{n} events of two particles, {MOMENTUM} GeV each; best of {REPEATS}, one core")
    print(f"{'sample':>8} {'events/s (wall)':>16} {'events/s (cpu)':>16} {'cells/event':>12}")
    for name, codes, mass in PAIRS:
        events = pairs(codes, mass, n)
        hits = response.respond(events.select(np.arange(min(n, 10))), 1)  # compiles
        wall, cpu = [], []
        for _ in range(REPEATS):
            at = time.perf_counter(), time.process_time()
            hits = response.respond(events, 1)
            wall.append(time.perf_counter() - at[0])
            cpu.append(time.process_time() - at[1])
        cells = len(hits.cell) / n
        print(f"{name:>8} {n / min(wall):>16,.0f} {n / min(cpu):>16,.0f} {cells:>12.2f}")
    at = time.perf_counter()
    hits = response.background_events(n, 1)
    speed = n / (time.perf_counter() - at)
    print(f"{'empty':>8} {speed:>16,.0f} {'':>16} {len(hits.cell) / n:>12.2f}")


if __name__ == "__main__":
    main()
