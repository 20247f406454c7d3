"""The figures that this project has to reproduce, each beside ours: docs/validation/targets.md.

    python benchmarks/validation_targets.py [--events N] [--study N] [--workers N]

Every row is computed here. The last column says whether ours is within the tolerance; the exit
status is 1 when a row is not.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from sim.machine import Machine
from sim.processes import get_process
from sim.processes.boson_widths import invisible_fraction
from sim.processes.published import ROWS
from sim.sensitivity.config import load_channel, parse_channel
from sim.sensitivity.reach import limit
from sim.sensitivity.run import run_channels
from sim.study.config import load_study, parse_study
from sim.study.run import run_study
from sim.truth import truth_variables
from trigger.statistics.limits import signal_limit


@dataclass(frozen=True)
class Target:
    """One figure.

    Parameters
    ----------
    number : str
        Of the list of targets.
    quantity : str
    value : float
        Published.
    ours, error : float
        Error: of the simulation.
    factor : float
        Ours within value / factor to value * factor; infinite: ours at least the value.
    source : str
    command : str
        That gives this row alone.
    """

    number: str
    quantity: str
    value: float
    ours: float
    error: float
    factor: float
    source: str
    command: str

    @property
    def holds(self) -> bool:
        """Return whether ours is within the tolerance."""
        if math.isinf(self.factor):
            return self.ours >= self.value
        return self.value / self.factor <= self.ours <= self.value * self.factor


CROSS_SECTIONS = {
    ("dimuon", 1.148): "1", ("tau_pair", 0.919): "2", ("qqbar", 1.61): "3", ("qqbar", 1.3): "3",
    ("bhabha", 300.0): "4", ("bhabha", 74.4): "5", ("digamma", 4.99): "6 (fixes K)",
    ("digamma", 3.3): "6", ("dimuon", 0.831): "7", ("eemumu", 18.9): "8", ("eeee", 39.7): "9",
    ("nunugamma", 0.25e-3): "10", ("axion_like", 1e-6): "11", ("eea", 7e-8): "12",
}  # fmt: skip
"""Rows of the published cross-sections, by process and value [nb]."""

FACTOR_OF_FUSION = 1.4
"""The source of σ(e⁺e⁻a) does not state its acceptance."""


def cross_sections(events: int) -> Iterator[Target]:
    """Yield targets 1 to 12."""
    for row in ROWS:
        number = CROSS_SECTIONS.get((row.process, row.value_nb))
        if number is None or not row.tolerance:
            continue
        found = row.compute(events)
        factor = FACTOR_OF_FUSION if number == "12" else 1 + row.tolerance
        yield Target(
            number, f"{row.quantity} [nb]", row.value_nb, found.value_nb, found.error_nb, factor,
            row.source, row.command(events),
        )  # fmt: skip


def missing_energy(events: int) -> Target:
    """Return the share of e⁺e⁻a with E*_miss > 2 GeV for a massless a."""
    machine = Machine()
    asked = {"theta_min": 22, "theta_max": 158, "energy_min": 0.25, "frame": "cm", "mass": 0.0,
             "required": "2", "decay": "invisible"}  # fmt: skip
    made = get_process("eea", machine, **asked).generate(events, 1, 0)
    share = float(np.mean(truth_variables(made, machine)["missingEnergyOfEventCMS"] > 2.0))
    return Target(
        "13", "share of e⁺e⁻a with E*_miss > 2 GeV, m_a → 0", 0.90, share,
        (share * (1 - share) / events) ** 0.5, math.inf, "ALP",
        "benchmarks/validation_targets.py",
    )  # fmt: skip


def reach(machine: str, threshold: float, published: float) -> Target:
    """Return the highest A′ mass at which a search with a threshold on E* has a limit.

    Parameters
    ----------
    machine : str
        ``SuperKEKB`` or ``BaBar``.
    threshold : float
        [GeV]
    published : float
        [GeV]
    """
    data = load_channel("babar_dark_photon").model_dump()
    if machine == "SuperKEKB":
        data["machine"] = None
    cut = {"variable": "photonECM", "low": threshold}
    data["truth_trigger"] = [{"label": "threshold", "regions": [[cut]]}]
    low, high = 5.0, 10.5
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        data["signal"]["masses"] = [middle]
        (found,) = run_channels([parse_channel(data, "toy")], [], events=50)
        (point,) = found.points
        seen = math.isfinite(limit(found.channel, point, point.trigger["threshold"]).coupling)
        low, high = (middle, high) if seen else (low, middle)
    return Target(
        "14", f"highest m_A′ for E* > {threshold:g} GeV, {machine} [GeV]", published, low, 0.0,
        1.01, "kinematics; trigger talks",
        "pytest tests/sensitivity/test_reach.py -k kinematic_reach",
    )  # fmt: skip


def single_photon(events: int, workers: int) -> Iterator[Target]:
    """Yield the rates of the single-photon lines at 8e35, before prescale."""
    base = load_study().model_dump()
    base["study"]["events"] = events
    base["efficiency"] = []
    base["samples"] = [sample for sample in base["samples"] if sample["rates"]]
    rates = run_study(parse_study(base, "study"), workers=workers).rates
    assert rates is not None
    for line, value, where in (("lml6", 4.0, "barrel"), ("lml7", 7.0, "end caps")):
        i = rates.lines.index(line)
        scale = rates.prescales[i] / 1e3
        yield Target(
            "15", f"single photon above 1 GeV, {where} ({line}), 8e35 [kHz]", value,
            float(rates.all.line[i]) * scale, float(rates.all.line_err[i]) * scale, 3.0,
            "trigger talks", "benchmarks/single_photon_rates.py",
        )  # fmt: skip


def statistics() -> Iterator[Target]:
    """Yield the signal at which Λ reaches 4, and the steps of the Z′'s branching fraction."""
    signal = signal_limit(100.0, cl=0.95, method="lambda")
    yield Target("16", "S of Λ(S, B) = 4 for B = 100", 21.36, float(signal), 0.0, 1.001, "ALP",
                 "pytest tests/statistics")  # fmt: skip
    for mass, value in ((0.2, 1.0), (1.0, 0.5), (10.0, 1 / 3)):
        yield Target("17", f"B(Z′ → νν̄) at {mass:g} GeV", value, invisible_fraction(mass), 0.0, 1.1,
                     "trigger talks", "pytest tests/sensitivity -k branching_by_mass")  # fmt: skip


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="of a cross-section")
    parser.add_argument("--study", type=int, default=1_000_000, help="events of the rates")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    targets = [
        *cross_sections(options.events),
        missing_energy(100_000),
        reach("SuperKEKB", 0.5, 10.07),
        reach("BaBar", 1.5, 8.73),
        *single_photon(options.study, options.workers),
        *statistics(),
    ]
    table = Table(title="Figures to reproduce")
    for name in ("#", "quantity", "published", "ours", "ratio", "allowed", "holds", "source"):
        table.add_column(name, justify="left" if name in ("#", "quantity", "source") else "right")
    for one in sorted(targets, key=lambda target: int(target.number.split()[0])):
        error = f" ± {one.error:.2g}" if one.error else ""
        allowed = (
            "at least"
            if math.isinf(one.factor)
            else (
                f"{100 * (one.factor - 1):.3g} %" if one.factor < 1.3 else f"factor {one.factor:g}"
            )
        )
        table.add_row(
            one.number, one.quantity, f"{one.value:.4g}", f"{one.ours:.5g}{error}",
            f"{one.ours / one.value:.3f}", allowed, "yes" if one.holds else "NO", one.source,
        )  # fmt: skip
    console = Console(width=160)
    console.print(table)
    for one in targets:
        console.print(f"{one.number}: {one.command}", soft_wrap=True, highlight=False)
    return 0 if all(one.holds for one in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
