"""Efficiency and resolution of the two-dimensional track finder on ideal circles.

Run: python benchmarks/hough_efficiency.py
"""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from firmware_models import cdc_hough
from firmware_models.hough_plane import N_OMEGA, PT_MIN_GEV
from sim.streams import stream
from sim.study.frames import physics_frames
from sim.study.ideal_tracks import HIT_EFFICIENCY, IdealTracks, fire

N = 20_000
TOY = {0.35: "0.40", 0.40: "0.79", 0.50: "0.95", 0.70: "0.995", 1.0: "0.99–1.00", 2.0: "0.99–1.00"}


def measure(tracks: IdealTracks, rng: np.random.Generator, hits: float) -> tuple[float, ...]:
    """Return efficiency, share found twice, σ(φ0) [deg], σ(q/pT) [1/GeV]."""
    segments = fire(tracks, rng, hits)
    count = len(segments.track)
    words = cdc_hough.quantize(
        np.searchsorted(segments.track, np.arange(len(tracks) + 1)), segments.superlayer,
        segments.segment, np.zeros(count), np.full(count, 3), segments.position,
    )  # fmt: skip
    out = cdc_hough.evaluate(words).reshape(len(tracks), 4)
    number = out["valid"].sum(axis=(1, 2))
    event, tracker, slot = np.nonzero(out["valid"])
    phi0 = 45 + 90 * tracker + 1.125 * (out["phi0"][event, tracker, slot] + 1.0)
    off = (phi0 - np.degrees(tracks.phi0[event]) + 180) % 360 - 180
    bend = out["omega"][event, tracker, slot] / (N_OMEGA * PT_MIN_GEV)
    difference = bend - tracks.q_over_pt[event]
    return (float((number > 0).mean()), float((number > 1).mean()), float(off.std()),
            float(difference.std()))  # fmt: skip


def main() -> None:
    """Print the tables."""
    table = Table(caption=f"{N:,} tracks a line; toy: section 3 of the reference notes")
    for name in ("pT [GeV]", "toy", f"hits {HIT_EFFICIENCY}", "all hits", "twice",
                 "σ(φ0) [°]", "σ(q/pT)"):  # fmt: skip
        table.add_column(name, justify="right")
    for pt, toy in TOY.items():
        rng = stream(1, f"benchmark/hough/{pt}")
        tracks = IdealTracks(rng.uniform(0, 2 * np.pi, N), rng.choice((-1, 1), N) / pt)
        real, ideal = measure(tracks, rng, HIT_EFFICIENCY), measure(tracks, rng, 1.0)
        table.add_row(f"{pt:.2f}", toy, f"{real[0]:.3f}", f"{ideal[0]:.3f}", f"{real[1]:.4f}",
                      f"{real[2]:.2f}", f"{real[3]:.3f}")  # fmt: skip
    rng = stream(1, "benchmark/hough/spectra")
    even = IdealTracks.draw(N, rng, 0.5, 3.0)
    spectra = {
        "0.5–3, even in 1/pT": even,
        "0.5–3, even in pT": IdealTracks(
            even.phi0, np.sign(even.q_over_pt) / rng.uniform(0.5, 3.0, N)
        ),
    }
    for name, tracks in spectra.items():
        real, ideal = measure(tracks, rng, HIT_EFFICIENCY), measure(tracks, rng, 1.0)
        table.add_row(name, "", f"{real[0]:.3f}", f"{ideal[0]:.3f}", f"{real[1]:.4f}",
                      f"{real[2]:.2f}", f"{real[3]:.3f}")  # fmt: skip
    console = Console(width=100)
    console.print(table)
    words = np.concatenate(list(physics_frames("cdc_hough", 200_000)))
    cdc_hough.evaluate(words[:10])
    started = time.perf_counter()
    cdc_hough.evaluate(words)
    seconds = time.perf_counter() - started
    console.print(f"model: {len(words) / seconds:,.0f} frames/s, "
                  f"{words['valid'].sum() / len(words):.1f} segments a frame")  # fmt: skip


if __name__ == "__main__":
    main()
