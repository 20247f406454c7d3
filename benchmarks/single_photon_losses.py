"""Two checks of the backgrounds of the channels dark_photon_geometry and alp_invisible_geometry.

    python benchmarks/single_photon_losses.py [--proposals N] [--seed S]

γγγ is generated with photons at least 1 degree from the beams (CM): what passes the selection rises
linearly with the logarithm of that angle, which ends where the collinear logarithm ln(4/θ²) reaches
ln(s/m_e²) - 1. And e⁺e⁻γ of equivalent photons (`radiative_bhabha`) beside exact lowest order where
both leptons are more than 1 degree from the beams. Weighted events for 20 /fb; 30 s of processor
time.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from numpy.typing import NDArray

from sim.events import Events
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.processes.constants import ELECTRON_MASS
from sim.sensitivity.config import load_channel
from sim.sensitivity.regions import inside
from sim.streams import stream
from sim.truth import truth_variables

FloatArray = NDArray[np.float64]
Spectrum = tuple[FloatArray, FloatArray]

EDGES = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.6, 4.2, 5.4])
"""Of E* [GeV]."""

NARROW, WIDE = 1.0, 3.0
"""Angles to the beams [degree]."""

CHUNK = 200_000


def away(events: Events, machine: Machine, degrees: float) -> NDArray[np.bool_]:
    """Return which events have both leptons further from the beams, shape ``(n,)``."""
    filled = np.diff(events.offsets) > 0
    cm = transform(machine.to_cm[None], events.p4[None])[0].reshape(-1, 3, 4)[:, :2]
    theta = np.degrees(np.arctan2(np.hypot(cm[..., 0], cm[..., 1]), cm[..., 2]))
    result = np.zeros(len(events), dtype=bool)
    result[filled] = ((theta > degrees) & (theta < 180.0 - degrees)).all(axis=1)
    return result


def spectrum(
    name: str, values: dict[str, str | float], n: int, seed: int, apart: float | None = None
) -> Spectrum:
    """Return the events for 20 /fb that pass the selection by E*, and their errors."""
    channel, machine = load_channel("dark_photon_geometry"), Machine()
    process = get_process(name, machine, **values)
    total, square = np.zeros(len(EDGES) - 1), np.zeros(len(EDGES) - 1)
    for chunk in range(n // CHUNK):
        events = process.sample(CHUNK, stream(seed, f"losses/{name}", chunk))
        truth = {
            key: column.astype(np.float64)
            for key, column in truth_variables(events, machine).items()
        }
        weight = events.weight * inside(channel.offline.regions, truth)
        if apart is not None:
            weight = weight * away(events, machine, apart)
        energy = np.nan_to_num(truth["crystalPhotonECM"])
        total += np.histogram(energy, EDGES, weights=weight)[0]
        square += np.histogram(energy, EDGES, weights=weight**2)[0]
    scale = channel.luminosity_fb * 1e6 / (n // CHUNK * CHUNK)
    return scale * total, scale * np.sqrt(square)


def three_photons(n: int, seed: int) -> None:
    """Print γγγ at both angles and the factor for photons closer than the narrow one."""
    found = {}
    for angle in (WIDE, NARROW):
        values: dict[str, str | float] = {
            "frame": "cm", "theta_min": angle, "theta_max": 180.0 - angle,
            "photon_energy_min": 0.1,
        }  # fmt: skip
        found[angle] = spectrum("gammagammagamma", values, n, seed)
        _row(f"γγγ above {angle:g} degree", *found[angle])
    logarithm = math.log(Machine().s / ELECTRON_MASS**2) - 1.0
    left = 0.5 * (logarithm - math.log(4.0 / math.radians(NARROW) ** 2))
    wide, narrow = found[WIDE][0], found[NARROW][0]
    rise = (narrow - wide) / math.log(WIDE / NARROW)
    factor = 1.0 + left * rise / np.where(narrow > 0, narrow, np.nan)
    print(f"factors e of the angle that are left: {left:.2f}")
    print("factor by bin: " + ", ".join(f"{value:.2f}" for value in factor))
    print(f"factor of all: {1.0 + left * rise.sum() / narrow.sum():.2f}", flush=True)


def lepton_pairs(n: int, seed: int) -> None:
    """Print e⁺e⁻γ of equivalent photons and exact."""
    own = spectrum("radiative_bhabha", {"energy_min": 0.45}, n, seed, NARROW)
    _row("radiative_bhabha", *own)
    exact = spectrum("eegamma", {
        "frame": "cm", "theta_min": NARROW, "theta_max": 180.0 - NARROW, "photon_energy_min": 0.45,
        "separation": 0.2, "energy_min": 0.05,
    }, 2 * n, seed)  # fmt: skip
    _row("eegamma", *exact)


def main() -> None:
    """Run both checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proposals", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"E* [GeV]: {EDGES.tolist()}")
    three_photons(options.proposals, options.seed)
    lepton_pairs(options.proposals, options.seed)


def _row(title: str, values: FloatArray, errors: FloatArray) -> None:
    parts = [f"{v:.3g} ± {e:.1g}" for v, e in zip(values, errors, strict=True)]
    print(f"{title}: " + "; ".join(parts), flush=True)


if __name__ == "__main__":
    main()
