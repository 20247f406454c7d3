"""Dead time of Belle II-like throttles: `python benchmarks/dead_time.py [--triggers N] [--seed S]`.

Prints losses at 10 to 40 kHz beside those of independent calculations and, where there is one, the
closed form. Candidates are Poisson in continuous time, on clock edges with ``--clocked``.
"""

from __future__ import annotations

import argparse
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ
from sim.readout.config import parse_readout
from sim.readout.fast.engine import FastEngine
from sim.readout.loads import Loads
from sim.readout.plan import compile_plan
from sim.readout.sources import make_source
from sim.readout.theory.dead_time import clocked_loss, nonparalysable_loss
from sim.readout.theory.fixed_service import geod1k_loss, md1k_loss

SPACING_TICKS, FRAME_TICKS = 24, 560
BATCH = 10_000

SPACING = {"kind": "min_spacing", "ticks": SPACING_TICKS}
BY_EVENT = {"kind": "apv25", "frame_ticks": FRAME_TICKS, "free": "event"}
BY_CELL = {"kind": "apv25", "frame_ticks": FRAME_TICKS, "free": "cell"}
GRID = {"grid_ticks": 140}
"""35 clocks of the chip."""
PROCESSING = {"processing_ticks": 560}
"""140 clocks of the chip."""

Rules = list[dict[str, Any]]

THROTTLES: dict[str, Rules] = {
    "min spacing only": [SPACING],
    "APV25 only, by event": [BY_EVENT],
    "both, by event": [SPACING, BY_EVENT],
    "both, by cell": [SPACING, BY_CELL],
    "both, 3 samples": [SPACING, {**BY_CELL, "samples": 3}],
    "both, mixed 50/50": [SPACING, {**BY_CELL, "samples": "mixed"}],
}

# Independent calculations [%], from the readout notes of this project: closed forms, else Monte
# Carlo with a statistical error of 0.005 to 0.01.
CALCULATED: dict[str, dict[int, str]] = {
    "min spacing only": {10: "0.188", 20: "0.376", 30: "0.563"},
    "APV25 only, by event": {10: "0.0043", 20: "0.306", 30: "3.350", 40: "12.89"},
    "both, by event": {10: "0.191", 20: "0.655", 30: "3.70", 40: "13.04"},
    "both, by cell": {10: "0.189", 20: "0.564", 30: "3.20", 40: "12.42"},
    "both, 3 samples": {20: "0.376", 30: "0.562", 40: "0.75"},
    "both, mixed 50/50": {20: "0.382", 30: "0.70", 40: "2.06"},
}
CLOSED_FORMS = ("min spacing only", "APV25 only, by event")
MONTE_CARLO_ERROR = 0.0075


class Loss(NamedTuple):
    """Loss and its error [%]."""

    mean: float
    error: float

    @classmethod
    def of(cls, batches: NDArray[np.float64]) -> Loss:
        """Return mean and error of the means of batches."""
        return cls(float(batches.mean()), float(batches.std(ddof=1)) / math.sqrt(len(batches)))

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.error:.4f}"


def simulate(
    rules: Rules, khz: float, triggers: int, seed: int, clocked: bool
) -> NDArray[np.float64]:
    """Return the loss in each batch of candidates at a rate [%]."""
    config = parse_readout(
        {
            "run": {"triggers": max(2, triggers // BATCH) * BATCH, "seed": seed + int(khz)},
            "arrivals": {
                "kind": "bernoulli" if clocked else "poisson", "rate_khz": khz,
                "short_fraction": 0.5,
            },
            "throttle": rules,
        },
        "benchmark",
    )  # fmt: skip
    plan = compile_plan(config)
    loads = Loads.of(plan)
    engine = FastEngine(plan, loads)
    refused = [
        engine.feed(arrivals, loads.draw(seed, chunk, len(arrivals.time))).cause != 0
        for chunk, arrivals in enumerate(make_source(config, "benchmark").chunks())
    ]
    engine.finish()
    return 100 * np.concatenate(refused).reshape(-1, BATCH).mean(axis=1)


def theory(name: str, khz: float, clocked: bool) -> float | None:
    """Return the closed form [%], where there is one."""
    p = khz / (1e3 * SYSTEM_CLOCK_MHZ)
    if name == "min spacing only":
        loss = clocked_loss(p, SPACING_TICKS) if clocked else nonparalysable_loss(SPACING_TICKS * p)
        return 100 * loss
    if name == "APV25 only, by event":
        service = 6 * FRAME_TICKS
        return 100 * (geod1k_loss(p, service, 5) if clocked else md1k_loss(service * p, 5))
    return None


def main_table(triggers: int, seed: int, clocked: bool) -> Table:
    """Return losses at 10 to 40 kHz."""
    report = Table(title=f"Loss \\[%], {triggers:,} candidates each")
    for column in ("throttle", "kHz", "calculated", "ours", "difference", "closed form", "diff."):
        report.add_column(column, justify="left" if column == "throttle" else "right")
    for name, rules in THROTTLES.items():
        for khz in (10, 20, 30, 40):
            ours = Loss.of(simulate(rules, khz, triggers, seed, clocked))
            exact = theory(name, khz, clocked)
            report.add_row(
                name, str(khz), *_compared(CALCULATED[name].get(khz), ours, name),
                "" if exact is None else f"{exact:.4f}",
                "" if exact is None else f"{(ours.mean - exact) / ours.error:+.1f} σ",
            )  # fmt: skip
    return report


def _compared(printed: str | None, ours: Loss, name: str) -> tuple[str, str, str]:
    if printed is None:
        return "", str(ours), ""
    rounding = 10.0 ** -len(printed.split(".")[1]) / math.sqrt(12)
    theirs = 0.0 if name in CLOSED_FORMS else MONTE_CARLO_ERROR
    sigma = math.hypot(ours.error, rounding, theirs)
    return printed, str(ours), f"{(ours.mean - float(printed)) / sigma:+.1f} σ"


def details_table(triggers: int, seed: int, clocked: bool) -> Table:
    """Return what grid and processing of the chip add at 30 kHz, with the same candidates."""
    report = Table(title="Loss at 30 kHz \\[%], and what grid and processing add to it")
    for column in ("throttle", "calculated", "ours", "adds"):
        report.add_column(column, justify="left" if column == "throttle" else "right")
    for name, apv in (("by event", BY_EVENT), ("by cell", BY_CELL)):
        base = simulate([SPACING, apv], 30, triggers, seed, clocked)
        for more, settings, printed in (
            ("", {}, "0"),
            (", grid of 35 clocks", GRID, "+0.03"),
            (", processing of 140 clocks", PROCESSING, "+0.25 to +0.3"),
            (", grid and processing", GRID | PROCESSING, ""),
        ):
            ours = simulate([SPACING, {**apv, **settings}], 30, triggers, seed, clocked)
            adds = str(Loss.of(ours - base)) if more else "0"
            report.add_row(f"both, {name}{more}", printed, str(Loss.of(ours)), adds)
    return report


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triggers", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clocked", action="store_true", help="candidates on clock edges")
    options = parser.parse_args()
    console = Console(width=110)
    for table in (main_table, details_table):
        console.print(table(options.triggers, options.seed, options.clocked))


if __name__ == "__main__":
    main()
