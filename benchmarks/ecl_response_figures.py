"""Figures of the calorimeter's response: share seen, resolution, firing efficiency, times.

Run: python benchmarks/ecl_response_figures.py [--plots DIRECTORY]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from firmware_models.interface.clock import TIME_LSB_NS
from firmware_models.interface.ecl import ENERGY_LSB_MEV
from firmware_models.trigger_cells import CellHits
from sim.detector.background import NOMINAL_THRESHOLD
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.ecl_config import BackgroundConfig
from sim.detector.material import mean_loss
from sim.detector.passage import BEYOND, DEAD, REAR
from sim.events import Events, from_dense

N = 20_000
MASS = {22: 0.0, 11: 0.000511, 13: 0.1056584, 211: 0.1395704, 130: 0.497611, 2112: 0.9395654}
PARTS = {"forward": (12.4, 31.4), "barrel": (32.2, 128.7), "backward": (130.7, 155.1)}


def shoot(pdg: int, momentum: float, low: float, high: float, n: int = N, seed: int = 1) -> Events:
    """Return single particles, flat in cos θ between two angles [degree] and in φ."""
    rng = np.random.default_rng(seed)
    c = rng.uniform(*np.cos(np.radians([high, low])), n)
    phi, s = rng.uniform(0.0, 2.0 * np.pi, n), np.sqrt(1.0 - c * c)
    p = momentum * np.stack((s * np.cos(phi), s * np.sin(phi), c), axis=1)
    energy = np.full((n, 1), np.hypot(momentum, MASS[abs(pdg)]))
    return from_dense([pdg], np.hstack((p, energy))[:, None, :])


def sums(hits: CellHits) -> np.ndarray:
    """Return the energy of all fired cells by event [GeV]."""
    row = np.repeat(np.arange(len(hits)), np.diff(hits.offsets))
    total = np.bincount(row, weights=hits.energy, minlength=len(hits))
    return np.asarray(1e-3 * ENERGY_LSB_MEV * total)


def half_width(values: np.ndarray) -> float:
    """Return half the interval that holds the central 68.3 %."""
    low, high = np.quantile(values, [0.1587, 0.8413])
    return float(0.5 * (high - low))


def peak_width(values: np.ndarray) -> float:
    """Return the full width at half maximum over 2.355, in steps of 0.002."""
    counts, edges = np.histogram(values, np.linspace(0.7, 1.1, 201))
    above = np.flatnonzero(counts >= 0.5 * counts.max())
    return float(edges[above[-1] + 1] - edges[above[0]]) / 2.355


def photons(response: EclResponse) -> None:
    """Print share seen and resolution of photons by energy and part."""
    print("| E [GeV] | part | fired [%] | sum of fired cells / E | σ68/E [%] | cells | "
          "rear [%] | gaps [%] | beyond [%] |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for energy in (0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0):
        for part, (low, high) in PARTS.items():
            events = shoot(22, energy, low, high)
            hits, deposits = response.respond(events, 1), response.deposits(events, 1)
            total = sums(hits)
            fired = total > 0
            loss = 100.0 * deposits.loss.mean(axis=0) / energy
            seen = total[fired] / energy
            print(f"| {energy} | {part} | {100 * fired.mean():.1f} | {np.median(seen):.3f} | "
                  f"{100 * half_width(seen):.1f} | {np.diff(hits.offsets)[fired].mean():.2f} | "
                  f"{loss[REAR]:.2f} | {loss[DEAD]:.2f} | {loss[BEYOND]:.2f} |")  # fmt: skip


def published(response: EclResponse) -> None:
    """Print ours beside published figures."""
    print("| figure | published | ours |\n|---|---|---|")
    muon = 0.1056584
    least = min(1e3 * mean_loss(x, muon, 1.0, 1.0) for x in np.geomspace(1.0, 10.0, 500))
    print(f"| least mean loss in CsI [MeV/cm] | 5.605 (PDG) | {least:.3f} |")
    mip = response.deposits(shoot(13, 1.0, 50.0, 115.0), 1)
    row = np.repeat(np.arange(N), np.diff(mip.offsets))
    counts, edges = np.histogram(np.bincount(row, mip.energy, N), np.arange(0.1, 0.4, 0.004))
    peak = edges[int(np.argmax(counts))] + 0.002
    print(f"| most probable loss of 1 GeV muons [GeV] | about 0.2 (Belle II, ECL) | {peak:.3f} |")
    for energy in (0.1, 1.0, 5.0):
        deposits = response.deposits(shoot(22, energy, 84.0, 86.0, 10 * N), 1)
        row = np.repeat(np.arange(10 * N), np.diff(deposits.offsets))
        ours = 100.0 * peak_width(np.bincount(row, deposits.energy, 10 * N) / energy)
        belle = 100.0 * np.sqrt((0.00066 / energy) ** 2 + (0.0081 / energy**0.25) ** 2 + 0.0134**2)
        print(f"| FWHM/2.355 of the energy in the crystals, photons of {energy:g} GeV [%] | "
              f"{belle:.2f} (Belle, fit) | {ours:.2f} |")  # fmt: skip


def others(response: EclResponse) -> None:
    """Print what muons and hadrons leave in the barrel."""
    print("| particle | p [GeV] | fired [%] | median [GeV] | 10 % to 90 % [GeV] |")
    print("|---|---|---|---|---|")
    for name, pdg in (("μ", 13), ("π", 211), ("K_L", 130), ("n", 2112)):
        for momentum in (0.3, 0.5, 1.0, 3.0):
            total = sums(response.respond(shoot(pdg, momentum, 32.2, 128.7), 1))
            fired = total > 0
            quantiles = np.quantile(total[fired], [0.1, 0.5, 0.9]) if fired.any() else [np.nan] * 3
            low, middle, high = quantiles
            print(f"| {name} | {momentum} | {100 * fired.mean():.1f} | {middle:.3f} | "
                  f"{low:.3f} to {high:.3f} |")  # fmt: skip


def times(response: EclResponse) -> None:
    """Print the spread of the leading cell's time against the collision's."""
    print("| E [GeV] | σ68 of two leading cells' time difference / √2 [ns] |\n|---|---|")
    for energy in (0.2, 0.5, 1.0, 3.0):
        one = shoot(22, energy, 40.0, 120.0)
        back = one.p4 * np.array([-1.0, -1.0, -1.0, 1.0])
        pair = from_dense([22, 22], np.stack((one.p4, back), axis=1))
        hits = response.respond(pair, 1)
        row = np.repeat(np.arange(len(hits)), np.diff(hits.offsets))
        order = np.lexsort((-hits.energy.astype(int), row))
        first = hits.offsets[:-1][np.diff(hits.offsets) >= 2]
        two = hits.time[order].astype(float)
        spread = half_width(two[first] - two[first + 1]) * TIME_LSB_NS / 2**0.5
        print(f"| {energy} | {spread:.1f} |")


def background() -> None:
    """Print occupancies and the rate of accidental patterns by background level."""
    print("| level | cells/window | windows with a cell [%] | with Σ > 0.5 GeV [‰] |")
    print("|---|---|---|---|")
    for level in (0.0, 1.0, 2.0, 5.0):
        config = EclConfig(background=BackgroundConfig(level=level))
        hits = EclResponse(config).background_events(200_000, 1)
        total = sums(hits)
        print(f"| {level:g} | {len(hits.cell) / len(hits):.4f} | {100 * (total > 0).mean():.2f} | "
              f"{1e3 * (total > 0.5).mean():.3f} |")  # fmt: skip


def plots(response: EclResponse, directory: Path) -> None:
    """Draw the mean response over θ and φ and a shower's sharing across an edge."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(11, 8))
    events = shoot(22, 1.0, 10.0, 160.0, 200_000)
    theta = np.degrees(np.arccos(events.p4[:, 2]))
    phi = np.degrees(np.arctan2(events.p4[:, 1], events.p4[:, 0])) % 360.0
    total = sums(response.respond(events, 1))
    for axis, x, edges in (
        (axes[0, 0], theta, np.linspace(10, 160, 301)),
        (axes[0, 1], np.where((theta > 40) & (theta < 120), phi, -1), np.linspace(0, 30, 121)),
    ):
        n, _ = np.histogram(x, edges)
        mean = np.histogram(x, edges, weights=total)[0] / np.maximum(n, 1)
        axis.step(edges[:-1], mean, where="post")
        axis.set_ylabel("mean sum of fired cells [GeV], 1 GeV photons")
    axes[0, 0].set_xlabel("θ [degree]")
    axes[0, 1].set_xlabel("φ [degree], barrel")
    for pdg, momentum in ((13, 1.0), (211, 1.0), (130, 1.0)):
        seen = sums(response.respond(shoot(pdg, momentum, 40, 120), 1))
        axes[1, 0].hist(seen, np.linspace(0.01, 1.1, 110), histtype="step", label=f"{pdg}, 1 GeV")
    axes[1, 0].set(xlabel="sum of fired cells [GeV]", yscale="log")
    axes[1, 0].legend()
    energies = np.geomspace(0.05, 1.0, 40)
    for part, (low, high) in PARTS.items():
        fired = [(sums(response.respond(shoot(22, e, low, high, 3000), 1)) > 0).mean()
                 for e in energies]  # fmt: skip
        axes[1, 1].plot(energies, fired, label=part)
    axes[1, 1].set(xlabel="photon energy [GeV]", ylabel="fires a cell", xscale="log")
    axes[1, 1].axvline(1e-3 * ENERGY_LSB_MEV * NOMINAL_THRESHOLD, color="grey")
    axes[1, 1].legend()
    directory.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(directory / "ecl_response.png", dpi=90)


def main() -> None:
    """Print the tables; draw when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plots", type=Path, metavar="DIRECTORY")
    options = parser.parse_args()
    quiet = EclResponse(EclConfig(background=BackgroundConfig(level=0.0)))
    for number, table in enumerate((published, photons, others, times)):
        print("\n" if number else "", end="")
        table(quiet)
    print()
    background()
    if options.plots:
        plots(quiet, options.plots)


if __name__ == "__main__":
    main()
