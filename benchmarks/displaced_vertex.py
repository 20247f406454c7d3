"""Displaced-vertex trigger: reach per rate of the planes alone and with the classifier, and the
chosen working point: tables for docs/validation/displaced_vertex.md.

python benchmarks/displaced_vertex.py [--pairs N] [--seed S] [TABLE …]

Each sample is made once; registers are scanned on what was kept of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import displaced_classifier, displaced_hough
from firmware_models.interface import Registers
from firmware_models.interface.neuro import ONE
from sim.neuro.displaced import LUMINOSITY_NB, PAIR, PROMPT, SIGNALS
from sim.neuro.vertex_set import VertexSet, background, collisions
from sim.processes import get_process

Bits = NDArray[np.bool_]
Decide = Callable[[VertexSet], Bits]
"""Windows that are kept of a sample in, decisions on them out."""

RHO_EDGES = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60)
PT_EDGES = (0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0)
ANGLE_EDGES = (0, 10, 20, 30, 45, 60, 90, 120)
LEVELS = {1.0: 20, 2.0: 10, 5.0: 5}
"""Level of background to its windows for one pair."""

TIGHT: tuple[tuple[int, ...], ...] = (
    (5, 5, 5, 8, 8, 10), (6, 6, 6, 10, 10, 12), (7, 7, 7, 12, 12, 14), (8, 8, 8, 14, 14, 16),
    (9, 9, 9, 16, 16, 18), (11, 11, 11, 20, 20, 22),
)  # fmt: skip
"""Scanned `min_opening` of the planes alone."""

LAYERS = ((4, 4, 4, 3, 3, 3), (4, 4, 4, 4, 3, 3))
SCORES = (-4096, -4000, -3800, -3500, -3000, -2500, -2000, -1000, 0, 1000, 2000, 3000)
HIGHER = 2000
"""Least score of the working point `high_background`."""

OTHER_RATES = ("tau_pair", "qqbar", "bbbar", "two_photon_hadrons")
"""Shown at level 1, outside the sums: they have other lines."""

ALONE = TIGHT[2]
"""Working point of the planes without a classifier."""

OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("kshort_gun", {}), ("lambda_gun", {}), ("conversion", {}),
    ("beam_background_tracks", {"tracks": "2"}),
)  # fmt: skip


@dataclass(frozen=True)
class Samples:
    """The samples of one seed, each made when it is first asked for.

    Parameters
    ----------
    n : int
        Pairs.
    seed : int
    """

    n: int
    seed: int

    def background(self, level: float) -> VertexSet:
        """Return windows without a collision."""
        return _background(LEVELS[level] * self.n, self.seed, level)

    def pairs(self, deflection: float, level: float) -> VertexSet:
        """Return pairs from displaced vertices."""
        return _pairs(self.n, self.seed, deflection, level)

    def prompt(self, place: int, level: float) -> tuple[VertexSet, float]:
        """Return collisions of a process, and the rate that one of them stands for [Hz]."""
        return _prompt(2 * self.n, self.seed, place, level)

    def process(self, name: str, given: dict[str, Any]) -> VertexSet:
        """Return collisions of another process."""
        return collisions(name, -(-self.n // 4), self.seed, 1.0, **given)


@cache
def _background(n: int, seed: int, level: float) -> VertexSet:
    return background(n, seed, level)


@cache
def _pairs(n: int, seed: int, deflection: float, level: float) -> VertexSet:
    return collisions("track_gun", n, seed, level, **PAIR, deflection=deflection)


@cache
def _prompt(n: int, seed: int, place: int, level: float) -> tuple[VertexSet, float]:
    process, given = PROMPT[place]
    sigma = get_process(process, None, **given).cross_section(50_000, seed=1).value_nb
    return collisions(process, n, seed, level, **given), sigma * LUMINOSITY_NB / n


def planes(registers: Registers | None = None) -> Decide:
    """Return the decision of `displaced_hough` alone."""
    return lambda made: np.asarray(made.vertices(registers)["displaced"] == 1)


@cache
def scores(made: VertexSet) -> NDArray[np.int64]:
    """Return the largest score of each kept window; below all scores without a hypothesis."""
    words = made.vertices()
    found = displaced_classifier.evaluate(words)["score"].astype(np.int64)
    return np.asarray(np.where(words["valid"] == 1, found, -2 * ONE).max(axis=1))


def classified(least: int) -> Decide:
    """Return the decision of both blocks with one least score for all rings."""
    return lambda made: scores(made) >= least


def chosen(made: VertexSet) -> Bits:
    """Return `dvt` with the registers of both blocks after reset."""
    return np.asarray(displaced_classifier.evaluate(made.vertices())["dvt"] == 1)


def added(made: VertexSet, decide: Decide) -> Bits:
    """Return which windows are decided for, count, and have fewer than two standard tracks."""
    return made.whole(decide(made)) & made.own & ~made.two


def rates(samples: Samples, decide: Decide, level: float) -> tuple[float, float, float]:
    """Return added rates of background and of collisions, and the error of their sum [Hz]."""
    made = samples.background(level)
    fired = added(made, decide).sum()
    empty, variance = fired / made.seconds, fired / made.seconds**2
    full = 0.0
    for place in range(len(PROMPT)):
        sample, weight = samples.prompt(place, level)
        number = added(sample, decide).sum()
        full, variance = full + weight * number, variance + weight**2 * number
    return float(empty), float(full), float(np.sqrt(variance))


def kept(samples: Samples, decide: Decide, deflection: float, level: float) -> tuple[float, float]:
    """Return the shares of pairs at 5 to 40 cm: decided for, or with two standard tracks."""
    made = samples.pairs(deflection, level)
    inner = (made.rho >= 5) & (made.rho < 40)
    fired = made.whole(decide(made))
    return float(fired[inner].mean()), float((fired | made.two)[inner].mean())


def curve(samples: Samples) -> None:
    """Share of pairs at 5 to 40 cm against added rate."""
    print("| | level | background [Hz] | collisions [Hz] | sum [Hz] | 60°: dvt | either "
          "| 30°: dvt | either |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    ways: list[tuple[str, Decide]] = []
    for layers in LAYERS:
        # With more layers only the stricter openings are of use.
        for opening in TIGHT[2:] if layers != LAYERS[0] else TIGHT:
            values: Registers = {"layers": np.array(layers), "min_opening": np.array(opening)}
            name = f"planes {''.join(map(str, layers))}, {'/'.join(map(str, opening))}"
            ways.append((name, planes(values)))
    ways += [(f"classifier, {least}", classified(least)) for least in SCORES]
    for level in LEVELS:
        for name, decide in ways:
            empty, full, error = rates(samples, decide, level)
            shares = [x for d in (60.0, 30.0) for x in kept(samples, decide, d, level)]
            told = " | ".join(f"{x:.3f}" for x in shares)
            print(f"| {name} | {level:g} | {empty:.0f} | {full:.0f} "
                  f"| {empty + full:.0f} ± {error:.0f} | {told} |", flush=True)  # fmt: skip


def binned(passed: Bits, of: NDArray[np.float64], edges: tuple[float, ...]) -> str:
    """Return the share that passes in each bin."""
    cells = [passed[(of >= a) & (of < b)] for a, b in pairwise(edges)]
    return " | ".join(f"{c.mean():.3f}" if len(c) else "–" for c in cells)


def efficiency(samples: Samples) -> None:
    """Efficiency at the working point by radius, lower pT and opening angle."""
    for deflection in (30.0, 60.0):
        for level in LEVELS:
            made = samples.pairs(deflection, level)
            inner = (made.rho >= 5) & (made.rho < 40)
            fired = made.whole(chosen(made))
            both = {"two 2D tracks": made.two, "dvt": fired, "either": fired | made.two}
            for name, passed in both.items():
                head = f"| {deflection:g}°, level {level:g}: {name} |"
                share = f"{passed[inner].mean():.3f}"
                print(f"{head} {binned(passed, made.rho, RHO_EDGES)} | {share} |")
                if level == 1.0:
                    angle = np.degrees(made.angle)
                    print(f"  pT: {head} {binned(passed[inner], made.pt[inner], PT_EDGES)} |")
                    print(f"  angle: {head} {binned(passed[inner], angle[inner], ANGLE_EDGES)} |")


def whole_events(samples: Samples) -> None:
    """Signals, and decays of known particles, both tracks in the barrel or not."""
    alone = planes({"min_opening": np.array(ALONE)})
    print(f"| process | two 2D tracks | dvt | added | added, {HIGHER} | added, planes alone |")
    print("|---|---|---|---|---|---|")
    for name, given in (*SIGNALS, *OTHERS):
        made = samples.process(name, given)
        title = f"{name}, cτ {given['ctau']:g} m" if "ctau" in given else name
        more = [added(made, decide) for decide in (chosen, classified(HIGHER), alone)]
        shares = (made.two, made.whole(chosen(made)), *more)
        print(f"| {title} | {' | '.join(f'{bits.mean():.3f}' for bits in shares)} |")


def point(samples: Samples) -> None:
    """Rates at the working point: of each process, of background by ring, of all `dvt`."""
    for level in LEVELS:
        empty, full, error = rates(samples, chosen, level)
        print(f"| level {level:g} | {empty:.0f} | {full:.0f} | {empty + full:.0f} ± {error:.0f} |")
        made = samples.background(level)
        words = displaced_classifier.evaluate(made.vertices())
        fired = added(made, chosen)[made.rows]
        rings = words["accepted"][fired].sum(axis=0) / made.seconds
        print(f"  rings: {' | '.join(f'{rate:.0f}' for rate in rings)}")
        for place, (process, _) in enumerate(PROMPT):
            sample, weight = samples.prompt(place, level)
            every = sample.whole(chosen(sample)).sum() * weight
            more = added(sample, chosen).sum() * weight
            print(f"  | {process} | all dvt {every:.0f} Hz | added {more:.0f} Hz |")
    for process in OTHER_RATES:
        sample = samples.process(process, {})
        sigma = get_process(process).cross_section(50_000, seed=1).value_nb
        weight = sigma * LUMINOSITY_NB / len(sample.own)
        every, more = (weight * bits.sum() for bits in
                       (sample.whole(chosen(sample)), added(sample, chosen)))  # fmt: skip
        print(f"  | {process} | all dvt {every:.0f} Hz | added {more:.0f} Hz |")


def speed(samples: Samples) -> None:
    """Windows a second of both models, one core."""
    words = samples.pairs(60.0, 1.0).words()
    for name, values in (("planes", None), ("planes alone", {"min_opening": np.array(ALONE)})):
        began = time.process_time()
        found = displaced_hough.evaluate(words, values)
        print(f"| {name} | {len(words) / (time.process_time() - began):,.0f} |")
    began = time.process_time()
    displaced_classifier.evaluate(found)
    print(f"| classifier | {len(words) / (time.process_time() - began):,.0f} |")


TABLES: dict[str, Callable[[Samples], None]] = {
    table.__name__: table for table in (curve, point, efficiency, whole_events, speed)
}


def main() -> None:
    """Print the tables asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="*", help=f"{', '.join(TABLES)}; default: all")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    samples = Samples(options.pairs, options.seed)
    for name in options.table or TABLES:
        print(f"\n### {name}\n")
        TABLES[name](samples)


if __name__ == "__main__":
    main()
