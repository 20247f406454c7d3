"""What `displaced_hough` finds and what fires it without a classifier (`ALONE`).

python benchmarks/displaced_hough.py [--events N] [--seed S] [TABLE …]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import displaced_hough
from firmware_models.interface.cdc_hough import AXIAL
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.displaced import N_RING, RING_RHO_CM
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import Events
from sim.processes import get_process
from sim.study.tracks import WINDOW_DATA_CLOCKS, counted_once
from trigger.track_trigger import TrackTrigger

EDGES = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60)
ALONE = {"min_opening": np.array((7, 7, 7, 12, 12, 14))}
"""Registers with which the planes alone decide (docs/validation/displaced_vertex.md)."""

LUMINOSITY_NB = 600.0
"""6·10³⁵ cm⁻² s⁻¹ [nb⁻¹ s⁻¹]."""

PAIR: dict[str, Any] = {
    "tracks": "2", "vertices": "common", "charge": "opposite", "rho_max": 60.0, "p_min": 0.3,
    "p_max": 2.0, "theta_min": 35.0, "theta_max": 125.0,
}  # fmt: skip
PROMPT: dict[str, Any] = PAIR | {"vertices": "separate", "rho_max": 0.0, "z_width": 0.05}
PHYSICS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bhabha", {"theta_min": 17.0, "theta_max": 150.0}), ("dimuon", {}), ("eemumu", {}),
    ("eeee", {}),
)  # fmt: skip
HADRONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bbbar", {}), ("qqbar", {"flavour": "uds"}), ("qqbar", {"flavour": "c"}),
    ("two_photon_hadrons", {}),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """Windows: output words, standard tracks, whether the window counts, radius of the vertex."""

    words: NDArray[np.void]
    given: NDArray[np.void]
    two: NDArray[np.bool_]
    own: NDArray[np.bool_]
    rho: NDArray[np.float64]

    @property
    def fired(self) -> NDArray[np.bool_]:
        """The decision bit."""
        return np.asarray(self.words["displaced"] == 1)


def chamber(level: float) -> CdcResponse:
    """Return the chamber with its background scaled."""
    return CdcResponse(CdcConfig.from_mapping({"background": {"level": level}}, "background"))


def found(hits: WireHits, events: Events | None = None) -> Result:
    """Run the chain up to the block on hit wires."""
    trigger = TrackTrigger()
    steps = trigger.steps(hits)
    given = displaced_hough.quantize(steps.segments, steps.counts["tracks"])
    own = counted_once(trigger.words(steps)).time["earliest_valid"] == 1
    rho = np.zeros(len(hits))
    if events is not None:
        last = events.offsets[1:] - 1
        rho = np.hypot(events.vertex[last, 0], events.vertex[last, 1])
    two = np.asarray(steps.counts["tracks"] > 1)
    return Result(displaced_hough.evaluate(given, ALONE), given, two, own, rho)


def collisions(process: str, n: int, seed: int, level: float = 1.0, **given: Any) -> Result:
    """Return the result of simulated collisions."""
    events = get_process(process, None, **given).generate(n, seed, 0)
    return found(chamber(level).respond(events, seed, 0), events)


def binned(passed: NDArray[np.bool_], rho: NDArray[np.float64]) -> str:
    """Return the share that passes in each bin of the radius."""
    cells = [passed[(rho >= a) & (rho < b)] for a, b in pairwise(EDGES)]
    return " | ".join(f"{c.mean():.3f}" if len(c) else "-" for c in cells)


def pairs(n: int, seed: int) -> None:
    """Efficiency for pairs by radius of the vertex."""
    print(f"| ρ [cm] | {' | '.join(f'{a}-{b}' for a, b in pairwise(EDGES))} | 5-40 |")
    for deflection in (30.0, 60.0):
        for level in (1.0, 5.0):
            result = collisions("track_gun", n, seed, level, **PAIR, deflection=deflection)
            inner = (result.rho >= 5) & (result.rho < 40)
            for name, passed in (
                ("two 2D tracks", result.two), ("displaced_hough", result.fired),
                ("either", result.fired | result.two),
            ):  # fmt: skip
                print(f"| {deflection:g}°, level {level:g}: {name} | {binned(passed, result.rho)} "
                      f"| {passed[inner].mean():.3f} |")  # fmt: skip


def signals(n: int, seed: int) -> None:
    """Signals and decays of known particles, both tracks reconstructible or not."""
    chosen: tuple[tuple[str, dict[str, Any]], ...] = (
        ("b_to_k_s", {"mass": 1.0, "ctau": 0.2, "decay": "mumu"}),
        ("inelastic_dark_matter",
         {"mass": 1.0, "splitting": 0.4, "mediator_mass": 3.0, "ctau": 0.2}),
        ("kshort_gun", {}), ("lambda_gun", {}), ("conversion", {}),
        ("beam_background_tracks", {"tracks": "2"}),
    )  # fmt: skip
    for process, given in chosen:
        result = collisions(process, n // 2, seed, **given)
        print(f"| {process} | {result.two.mean():.4f} | {result.fired.mean():.4f} "
              f"| {(result.fired & ~result.two).mean():.4f} |")  # fmt: skip


def prompt(n: int, seed: int) -> None:
    """Shares and rates of prompt events."""
    for name, given in (("pairs", PROMPT), ("single", PROMPT | {"tracks": "1", "charge": "both"})):
        result = collisions("track_gun", n, seed, **given)
        print(f"| {name} | - | {result.fired.mean():.4f} "
              f"| {(result.fired & ~result.two).mean():.5f} | - |")  # fmt: skip
    rates(PHYSICS, 2 * n, seed)


def hadrons(n: int, seed: int) -> None:
    """Shares and rates of hadronic events."""
    rates(HADRONS, n // 2, seed)


def rates(chosen: tuple[tuple[str, dict[str, Any]], ...], n: int, seed: int) -> None:
    """Print shares and added rates of processes, and the sum."""
    total = variance = 0.0
    for process, given in chosen:
        result = collisions(process, n, seed, **given)
        sigma = get_process(process, None, **given).cross_section(50_000, seed=seed).value_nb
        added = result.fired & ~result.two
        weight = sigma * LUMINOSITY_NB / len(added)
        total, variance = total + weight * added.sum(), variance + weight**2 * added.sum()
        name = " ".join((process, *(str(given[key]) for key in given if key == "flavour")))
        print(f"| {name} | {sigma:.1f} | {result.fired.mean():.4f} | {added.mean():.5f} "
              f"| {weight * added.sum():.0f} ± {weight * np.sqrt(added.sum()):.0f} |")  # fmt: skip
    print(f"| sum of collisions | | | | {total:.0f} ± {np.sqrt(variance):.0f} |")


def background(n: int, seed: int) -> None:
    """Rates of windows without a collision [Hz], by ring too."""
    window_s = WINDOW_DATA_CLOCKS * DATA_CLOCK_NS * 1e-9
    print(f"| level | rate | {' | '.join(f'ring {r} cm' for r in RING_RHO_CM)} |")
    for level, more in ((1.0, 20), (2.0, 5), (5.0, 2)):
        fired, rings, windows = 0, np.zeros(N_RING), 0
        for chunk in range(more):
            result = found(chamber(level).background_events(n, seed, chunk))
            added = result.fired & ~result.two & result.own
            fired, windows = fired + int(added.sum()), windows + n
            rings += (result.words["valid"] == 1)[added].sum(axis=0)
        hz = 1 / (windows * window_s)
        print(f"| {level:g} | {fired * hz:.0f} ± {np.sqrt(fired) * hz:.0f} "
              f"| {' | '.join(f'{k * hz:.0f}' for k in rings)} |")  # fmt: skip


def speed(n: int, seed: int) -> None:
    """Windows a second of the model, one core."""
    given = {
        "displaced pairs": collisions("track_gun", n, seed, **PAIR).given,
        "prompt pairs": collisions("track_gun", n, seed, **PROMPT).given,
        "background, level 1": found(chamber(1.0).background_events(n, seed, 0)).given,
        "background, level 5": found(chamber(5.0).background_events(n, seed, 0)).given,
    }
    given["four prompt pairs, a displaced one, background of level 5"] = busy(given)
    displaced_hough.evaluate(given["prompt pairs"][:1])
    for name, words in given.items():
        began = time.process_time()
        displaced_hough.evaluate(words)
        print(f"| {name} | {len(words) / (time.process_time() - began):,.0f} |")


def busy(given: dict[str, NDArray[np.void]]) -> NDArray[np.void]:
    """Return windows with the segments of several: as many tracks as hadronic events have."""
    n = len(given["prompt pairs"]) // 4
    words = given["displaced pairs"][:n].copy()
    for name in (f"superlayer{s}" for s in AXIAL):
        words[name] |= given["background, level 5"][name][:n]
        for i in range(4):
            words[name] |= given["prompt pairs"][name][i * n : (i + 1) * n]
    return words


TABLES: dict[str, Callable[[int, int], None]] = {
    table.__name__: table for table in (pairs, signals, prompt, hadrons, background, speed)
}


def main() -> None:
    """Print the tables asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="*", help=f"{', '.join(TABLES)}; default: all")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.table or TABLES:
        print(f"\n### {name}\n")
        TABLES[name](options.events, options.seed)


if __name__ == "__main__":
    main()
