"""How far hadronic samples measure the backgrounds of B → K a, B → K S and inelastic dark matter.

    python benchmarks/hadron_backgrounds.py [--qqbar N] [--bbbar N] [--seed S]

Combinations of a true K± and two photons (B → K a) or the outermost displaced pair (B → K S, its
pions with the muon's mass) with M_bc above 5.20 GeV and |ΔE| below 0.5 GeV, at the luminosities of
the channels b_to_k_alp and b_to_k_s; and what of them is expected in the signal's box, M_bc above
5.27 GeV and |ΔE| below 0.05 GeV, if they are flat in M_bc² and ΔE over the wide box: 1/45 of it
(assumption). Inelastic dark matter: two displaced pairs, four charged particles and no photon. No
identification, resolution or event shape. 20 s of processor time.
"""

from __future__ import annotations

import argparse
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sim.events import Events
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.processes.constants import MUON_MASS
from sim.truth import truth_variables

FloatArray = NDArray[np.float64]

LUMINOSITY_FB = {"B → K a": 424.0, "B → K S": 189.0, "inelastic dark matter": 365.0}
WIDE = (5.20, 0.5)
BOX_SHARE = (5.29**2 - 5.27**2) / (5.29**2 - 5.20**2) * 0.05 / 0.5
KAON, PHOTON = 321, 22
MISIDENTIFIED = 1e-3
"""Two pions taken for muons, 3 % each: assumption."""

EDGES = np.array([0.0, 0.1, 0.17, 0.3, 0.45, 0.6, 1.0, 2.0, 3.0, 4.0, 5.0])


def candidates(kaons: FloatArray, pairs: FloatArray, sqrt_s: float) -> FloatArray:
    """Return the pairs' masses of the combinations inside the wide box; four-vectors in the CM."""
    total = kaons[:, None, :] + pairs[None, :, :]
    energy = total[..., 3]
    square = 0.25 * sqrt_s**2 - np.sum(total[..., :3] ** 2, axis=-1)
    inside = (square > WIDE[0] ** 2) & (np.abs(energy - 0.5 * sqrt_s) < WIDE[1])
    mass2 = pairs[:, 3] ** 2 - np.sum(pairs[:, :3] ** 2, axis=1)
    result: FloatArray = np.sqrt(np.maximum(mass2, 0.0))[np.nonzero(inside)[1]]
    return result


def as_muons(p4: FloatArray) -> FloatArray:
    """Return four-vectors in the laboratory with the muon's mass."""
    result = p4.copy()
    result[:, 3] = np.sqrt(np.sum(p4[:, :3] ** 2, axis=1) + MUON_MASS**2)
    return result


def masses(events: Events, machine: Machine) -> tuple[list[float], list[float]]:
    """Return the masses of photon pairs and of displaced pairs inside the wide box."""
    cm = transform(machine.to_cm[None], events.p4[None])[0]
    theta = np.degrees(np.arctan2(np.hypot(*events.p4[:, :2].T), events.p4[:, 2]))
    seen = (theta > 12.4) & (theta < 155.1)
    rho = np.hypot(events.vertex[:, 0], events.vertex[:, 1])
    charge = np.where(np.abs(events.pdg) == 211, np.sign(events.pdg), 0)
    photons, displaced = [], []
    for low, high in zip(events.offsets[:-1], events.offsets[1:], strict=True):
        rows = np.arange(low, high)[seen[low:high]]
        kaons = cm[rows[np.abs(events.pdg[rows]) == KAON]]
        if not len(kaons):
            continue
        gammas = rows[(events.pdg[rows] == PHOTON) & (events.p4[rows, 3] > 0.1)]
        pairs = np.array([cm[a] + cm[b] for a, b in combinations(gammas, 2)])
        if len(pairs):
            photons += candidates(kaons, pairs, machine.sqrt_s).tolist()
        far = rows[(rho[rows] > 0.05) & (rho[rows] < 60.0) & (charge[rows] != 0)]
        for a, b in combinations(far, 2):
            if charge[a] * charge[b] < 0 and (events.vertex[a] == events.vertex[b]).all():
                muons = as_muons(events.p4[[a, b]]).sum(axis=0)
                pair = transform(machine.to_cm[None], muons[None, None])[0]
                displaced += candidates(kaons, pair, machine.sqrt_s).tolist()
    return photons, displaced


def dark_matter(events: Events, machine: Machine) -> tuple[int, int]:
    """Return events with two displaced pairs, and those whose outer pair is no K_S."""
    t = truth_variables(events, machine)
    inside = (t["nDecayVertices"] == 2) & (t["nChargedInECL"] == 4) & (t["nPhotonsInECL"] == 0)
    inside &= (t["decayVertexRho"] > 0.2) & (t["decayVertexRho"] < 60.0)
    other = inside & ((t["decayVertexMass"] < 0.48) | (t["decayVertexMass"] > 0.52))
    return int(inside.sum()), int(other.sum())


def main() -> None:
    """Print counts, weights and expectations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qqbar", type=int, default=150_000)
    parser.add_argument("--bbbar", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    machine = Machine()
    for name in ("qqbar", "bbbar"):
        process = get_process(name, machine)
        sigma_fb = process.cross_section(100_000, options.seed).value_nb * 1e6
        n = getattr(options, name)
        found: tuple[list[float], list[float]] = ([], [])
        pairs = np.zeros(2, dtype=np.int64)
        for chunk, start in enumerate(range(0, n, 10_000)):
            events = process.generate(min(10_000, n - start), options.seed, chunk)
            for total, new in zip(found, masses(events, machine), strict=True):
                total += new
            pairs += dark_matter(events, machine)
        print(f"{name}: {n} events; masses [GeV] {EDGES.tolist()}")
        for (search, luminosity), values, factor in zip(
            LUMINOSITY_FB.items(), found, (1.0, MISIDENTIFIED), strict=False
        ):
            weight = sigma_fb * luminosity / n
            counts = np.histogram(values, EDGES)[0]
            print(f"  {search}: one event stands for {weight:.0f}; wide box {counts.tolist()}")
            per_10_mev = weight * BOX_SHARE * factor * counts / np.diff(EDGES) * 0.01
            shown = ", ".join(f"{value:.3g}" for value in per_10_mev)
            print(f"    expected in the signal's box for each 10 MeV: {shown}", flush=True)
        weight = sigma_fb * LUMINOSITY_FB["inelastic dark matter"] / n
        print(f"  inelastic dark matter: one event stands for {weight:.0f}; two displaced pairs "
              f"{pairs[0]}, without K_S {pairs[1]}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
