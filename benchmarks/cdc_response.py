"""Speed of the drift chamber's response: events to hit wires, one core.

Run: python benchmarks/cdc_response.py [EVENTS] [--picture FILE.png]

The picture shows a few particles in both projections: cells that were hit, and distances.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from firmware_models.cdc_geometry import cdc_geometry
from sim.detector.cdc.config import WireBackgroundConfig
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import Events, from_dense

MUON = 0.1056583755
REPEATS = 5
BACKGROUNDS = (
    ("none", WireBackgroundConfig(level=0.0)),
    ("22 kHz/wire", WireBackgroundConfig(tracks=0.0)),
    ("22 kHz/wire and tracks", WireBackgroundConfig()),
)


def pairs(momentum: float, n: int) -> Events:
    """Return two muons an event, back to back, flat in cos θ over the barrel."""
    rng = np.random.default_rng(1)
    cosine, phi = rng.uniform(-0.5, 0.8, n), rng.uniform(0.0, 2.0 * np.pi, n)
    sine = np.sqrt(1.0 - cosine**2)
    p3 = momentum * np.stack((sine * np.cos(phi), sine * np.sin(phi), cosine), axis=1)
    energy = np.full((n, 1), np.hypot(momentum, MUON))
    first, second = np.hstack((p3, energy)), np.hstack((-p3, energy))
    return from_dense((13, -13), np.stack((first, second), axis=1))


def measure(n: int) -> None:
    """Print the table of speeds."""
    print(f"{n} events of two muons; best of {REPEATS}, one core")
    print(f"{'p [GeV]':>8} {'background':>24} {'events/s (cpu)':>16} {'hits/event':>12}")
    for momentum in (0.5, 1.0, 5.29):
        events = pairs(momentum, n)
        for name, background in BACKGROUNDS:
            response = CdcResponse(CdcConfig(background=background))
            hits = response.respond(events.select(np.arange(min(n, 10))), 1)  # compiles
            cpu = []
            for _ in range(REPEATS):
                at = time.process_time()
                hits = response.respond(events, 1)
                cpu.append(time.process_time() - at)
            per_event = len(hits.wire) / n
            print(f"{momentum:>8} {name:>24} {n / min(cpu):>16,.0f} {per_event:>12.1f}")


def picture(path: str) -> None:
    """Draw one event: two stiff muons, a soft pion that curls, a displaced track."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    p = np.array(((1.2, 0.7, 0.6), (-1.2, -0.7, -0.5), (0.05, 0.13, 0.03), (-0.3, 0.4, 0.2)))
    mass = np.array((MUON, MUON, 0.13957, 0.13957))
    p4 = np.hstack((p, np.sqrt((p**2).sum(axis=1) + mass**2)[:, None]))
    events = from_dense((13, -13, 211, 211), p4[None])
    events.vertex[3, :3] = (-20.0, 25.0, 10.0)
    truth = CdcResponse(CdcConfig()).explain(events, 3)
    geometry = cdc_geometry()
    _, (left, right) = plt.subplots(1, 2, figsize=(18, 9))
    for part in range(9):
        layer = np.flatnonzero(geometry.table.superlayer == part)
        for r in (geometry.table.radius[layer[0]], geometry.table.radius[layer[-1]]):
            left.add_patch(plt.Circle((0, 0), r, fill=False, color="0.85", lw=0.6))
    for row, radius in enumerate(geometry.table.radius):
        ends = geometry.table.z_backward[row], geometry.table.z_forward[row]
        right.plot(ends, (radius, radius), color="0.9", lw=0.5)
    noise = truth.particle < 0
    xy = geometry.position(truth.hits.wire[noise], 0.0)
    left.scatter(xy[:, 0], xy[:, 1], s=4, color="0.6")
    for number, colour in enumerate(("C0", "C1", "C2", "C3")):
        rows = truth.crossing[truth.particle == number]
        wire, z = truth.crossings.wire[rows], truth.crossings.columns[rows, 3]
        at = geometry.position(wire, z)
        left.scatter(at[:, 0], at[:, 1], s=6, color=colour)
        for (x, y), distance in zip(at, np.abs(truth.crossings.columns[rows, 0]), strict=True):
            left.add_patch(plt.Circle((x, y), distance, fill=False, color=colour, lw=0.4))
        right.scatter(z, np.linalg.norm(at, axis=1), s=6, color=colour)
    left.set(xlim=(-115, 115), ylim=(-115, 115), xlabel="x [cm]", ylabel="y [cm]", aspect="equal")
    right.set(xlabel="z [cm]", ylabel="r [cm]")
    plt.tight_layout()
    plt.savefig(path, dpi=80)


def main() -> None:
    """Measure, or draw."""
    if "--picture" in sys.argv:
        picture(sys.argv[sys.argv.index("--picture") + 1])
        return
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)


if __name__ == "__main__":
    main()
