"""Level-1 rates of one cluster above 1 GeV and no other above 300 MeV, by truth and by the lines.

    python benchmarks/single_photon_target.py [--events N] [--seed S]

At 8e35, beside the 4 kHz (barrel) and 7 kHz (endcaps) that the trigger talks quote, with the
bracket of a factor of 3 that the reference notes allow (validation target 15). By truth a cluster
is a photon or electron that flies to crystals: energies in the centre-of-mass frame for the
threshold, in the laboratory for the other clusters, no resolution. By the lines: detector response
without beam background, clusters, lml6 and lml7 before prescale. 40 s of processor time.
docs/validation/single_photon_rates.md explains the differences.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl_registers import rings
from sim.detector.ecl import EclConfig, EclResponse
from sim.events import Events
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.truth.photon_search import at_crystals
from trigger.chain import Chain
from trigger.menu import load

KHZ_PER_NB = 0.8
"""At 8e35 /(cm² s)."""

PROCESSES: dict[str, dict[str, str | float]] = {
    "radiative_bhabha": {"energy_min": 0.5},
    "bhabha": {"radiation": "initial", "required": 1, "energy_min": 0.5},
    "digamma": {},
    "gammagammagamma": {"photon_energy_min": 0.1},
    "eegamma": {"photon_energy_min": 0.1, "energy_min": 0.1},
}
"""The last two are exact for three particles inside; they fire only where one is in a gap."""

SUMMED = ("radiative_bhabha", "bhabha", "digamma", "eegamma")
"""γγγ is left out of the sum: the K factor of γγ holds it."""

ALL_ENDCAPS = rings(1, 2, 3, 16, 17)
EDGES = {
    "barrel": ((32.2, 128.7),),
    "endcaps, rings of lml7": ((19.1, 31.4), (130.7, 140.8)),
    "endcaps, 18.5 to 139.3": ((18.5, 31.4), (130.7, 139.3)),
    "endcaps, all": ((12.4, 31.4), (130.7, 155.1)),
}
QUOTED = {"barrel": 4.0, "endcaps": 7.0}
FACTOR = 3.0


def by_truth(events: Events, machine: Machine) -> dict[str, NDArray[np.bool_]]:
    """Return which events have the one cluster, by its place, shape ``(n,)``."""
    theta = np.arctan2(np.hypot(events.p4[:, 0], events.p4[:, 1]), events.p4[:, 2])
    cluster = ((events.pdg == 22) | (np.abs(events.pdg) == 11)) & at_crystals(theta)
    seen = cluster & (events.p4[:, 3] > 0.3)
    n_seen = np.bincount(events.event_of[seen], minlength=len(events))
    high = seen & (transform(machine.to_cm[None], events.p4[None])[0][:, 3] > 1.0)
    result = {}
    for name, ranges in EDGES.items():
        inside = np.zeros(len(theta), dtype=bool)
        for low, up in ranges:
            inside |= (theta >= np.radians(low)) & (theta <= np.radians(up))
        found = np.bincount(events.event_of[high & inside], minlength=len(events))
        result[name] = (n_seen == 1) & (found == 1)
    return result


def by_lines(events: Events, seed: int, chunk: int) -> dict[str, NDArray[np.bool_]]:
    """Return which events fire lml6, lml7 and lml7 with all endcap rings, shape ``(n,)``."""
    config = EclConfig.from_mapping({"background": {"level": 0.0}}, "benchmark")
    cells = EclResponse(config).respond(events, seed, chunk)
    fired = Chain.build(load("low_multiplicity")).decide(cells)
    wide = Chain.build(load("low_multiplicity"), {"ecl_selection": {"lml7_rings": ALL_ENDCAPS}})
    return {
        "lml6": fired["lml6"],
        "lml7": fired["lml7"],
        "lml7, all endcap rings": wide.decide(cells)["lml7"],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="of each process")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    machine = Machine()
    total: dict[str, tuple[float, float]] = {}
    names: list[str] = []
    for name, values in PROCESSES.items():
        process = get_process(name, machine, **values)
        sigma = process.cross_section(400_000, options.seed)
        counts: dict[str, int] = {}
        n = 0
        while n < options.events:
            size, chunk = min(50_000, options.events - n), n // 50_000
            events = process.generate(size, options.seed, chunk)
            found = by_truth(events, machine) | by_lines(events, options.seed, chunk)
            for key, which in found.items():
                counts[key] = counts.get(key, 0) + int(np.count_nonzero(which))
            n += size
        names = list(counts)
        scale = KHZ_PER_NB * sigma.value_nb / n
        rates = {key: (scale * value, scale * max(value, 1) ** 0.5)
                 for key, value in counts.items()}  # fmt: skip
        _row(name, rates)
        if name in SUMMED:
            for key, (value, error) in rates.items():
                old = total.get(key, (0.0, 0.0))
                total[key] = (old[0] + value, float(np.hypot(old[1], error)))
    _row("sum without γγγ", total)
    print(f"\n{'':<28}{'ours [kHz]':>16}{'quoted':>9}{'ratio':>8}   within a factor of 3")
    for key in names:
        value, error = total[key]
        quoted = QUOTED["barrel" if key in ("barrel", "lml6") else "endcaps"]
        verdict = "yes" if 1.0 / FACTOR <= value / quoted <= FACTOR else "no"
        print(f"{key:<28}{f'{value:.2f} ± {error:.2f}':>16}{quoted:>9.0f}{value / quoted:>8.2f}"
              f"   {verdict}")  # fmt: skip


def _row(name: str, rates: dict[str, tuple[float, float]]) -> None:
    parts = [f"{key} {value:.3g} ± {error:.1g}" for key, (value, error) in rates.items()]
    print(f"{name} [kHz]: " + "; ".join(parts), flush=True)


if __name__ == "__main__":
    main()
