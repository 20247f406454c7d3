"""What the track trigger finds, and how often the beam background makes it fire: tables for
docs/validation/track_trigger.md, the published value beside each where there is one.

python benchmarks/track_trigger.py [--events N] [--seed S] [TABLE …]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_mlp, neuro_weights
from firmware_models.interface import BLOCKS
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.neuro import N_EXPERT, N_INPUT, ONE, Z_LSB_CM
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import Events
from sim.processes import get_process
from sim.study.tracks import WINDOW_DATA_CLOCKS, counted_once
from trigger.chain import register_values
from trigger.menu import load
from trigger.track_trigger import TrackTrigger
from trigger.tracks import TrackWords

Array = NDArray[np.float64]

NETWORKS = ("mlp", "deep")
PT_EDGES = (0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0)
RESOLUTION_EDGES = (0.3, 0.45, 0.6, 1.0, 1.5, 3.0)
BARREL = {"theta_min": 40.0, "theta_max": 115.0}
IP = {"z_width": 0.05}
"""Collisions are spread over ±0.5 mm in z: nothing beside the trigger's resolution."""


def trigger(network: str) -> TrackTrigger:
    """Return the track trigger: the MLP with its cuts on z, the deeper one with its classes."""
    menu = load("low_multiplicity")
    point = menu.working_point("deep_network") if network == "deep" else {}
    return TrackTrigger(register_values(point), network)


def chamber(level: float) -> CdcResponse:
    """Return the chamber with its background scaled."""
    return CdcResponse(CdcConfig.from_mapping({"background": {"level": level}}, "background"))


def gun(events: int, seed: int, **parameters: Any) -> Events:
    """Return single muons."""
    return get_process("track_gun", **parameters).generate(events, seed, 0)


def respond(events: Events, level: float, seed: int) -> WireHits:
    """Return the hit wires."""
    return chamber(level).respond(events, seed, 0)


def truth_pt(events: Events) -> Array:
    """Return the transverse momentum of each event's first particle [GeV]."""
    return np.asarray(np.hypot(*events.p4[events.offsets[:-1], :2].T))


def shares(passed: NDArray[np.bool_], values: Array, edges: Sequence[float]) -> list[str]:
    """Return the share that passes in each bin, with its binomial error."""
    cells = []
    for low, high in pairwise(edges):
        chosen = passed[(values >= low) & (values < high)]
        n, mean = len(chosen), chosen.mean() if len(chosen) else float("nan")
        error = np.sqrt(max(mean * (1 - mean), 1 / max(n, 1)) / max(n, 1))
        cells.append(f"{mean:.3f} ± {error:.3f}")
    return cells


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def bins(edges: Sequence[float]) -> list[str]:
    """Return the names of bins."""
    return [f"{low:g} to {high:g}" for low, high in pairwise(edges)]


def hough(n: int, seed: int) -> None:
    """Turn-on of the two-dimensional track finder."""
    events = gun(n, seed, p_min=0.25, p_max=5.0, spectrum="inverse_pt", **BARREL, **IP)
    pt = truth_pt(events)
    columns = []
    for level in (0.0, 1.0):
        words = TrackTrigger().evaluate(respond(events, level, seed))
        columns.append(shares(words.counts["tracks"] > 0, pt, PT_EDGES))
    show("Efficiency of the 2D track finder, muons, θ 40° to 115°",
         ("pT [GeV]", "no background", "22 kHz/wire and tracks"),
         [list(row) for row in zip(bins(PT_EDGES), *columns, strict=True)])  # fmt: skip


def neural(n: int, seed: int) -> None:
    """Neural tracks from the collision point."""
    edges = (0.3, 0.4, 0.5, 0.7, 0.9, 1.5, 3.0, 5.0)
    events = gun(n, seed, p_min=0.3, p_max=5.0, spectrum="pt", **BARREL, **IP)
    pt = truth_pt(events)
    hits = respond(events, 1.0, seed)
    rows = []
    for network in NETWORKS:
        words = trigger(network).evaluate(hits)
        found = words.counts["tracks"] > 0
        for name, passed in (
            ("a neural track: ty", words.single["ty"].any(axis=1)),
            ("stt", words.single["stt"] == 1),
        ):
            given = [cell.split()[0] for cell in shares(passed[found], pt[found], edges)]
            mean = passed[found & (pt > 0.3)].mean(), passed[found & (pt >= 0.9)].mean()
            rows.append([network, name, *given, *(f"{value:.3f}" for value in mean)])
    show("Efficiency given a 2D track, muons from the collision point, with background "
         "(published: MLP 0.96, deep 0.98 above 0.3 GeV; deep > 0.99 from 0.9 GeV)",
         ("network", "", *bins(edges), "above 0.3", "from 0.9"), rows)  # fmt: skip


def resolution(n: int, seed: int) -> None:
    """Resolution of z and acceptance of displaced tracks."""
    events = gun(n, seed, p_min=0.3, p_max=3.0, spectrum="inverse_pt", z_min=-60.0, z_max=60.0,
                 **BARREL)  # fmt: skip
    pt, z0 = truth_pt(events), events.vertex[events.offsets[:-1], 2]
    rows, kept = [], []
    z_edges = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
    for network in NETWORKS:
        for level in (0.0, 1.0):
            chain = trigger(network)
            hits = respond(events, level, seed)
            steps = chain.steps(hits)
            found = chain.neural_tracks(steps.inputs)
            single = (np.bincount(steps.window, minlength=n) == 1)[steps.window]
            use = (found["neural"] == 1) & single & (np.abs(z0[steps.window]) < 15.0)
            off = np.abs(found["z"] * Z_LSB_CM - z0[steps.window])
            momentum = pt[steps.window]
            cells = []
            for low, high in pairwise(RESOLUTION_EDGES):
                chosen = off[use & (momentum >= low) & (momentum < high)]
                core = chosen[chosen < 30.0]
                rms = float(np.sqrt(np.mean(core**2))) if len(core) else float("nan")
                cells.append(f"{np.quantile(chosen, 0.68):.2f} ({rms:.2f})")
            rows.append([network, f"{level:g}", *cells])
            near = (found["neural"] == 1) & (np.abs(found["z"] * Z_LSB_CM) < 15.0)
            chosen_z = np.abs(z0[steps.window])
            good = found["neural"] == 1
            accepted = shares(near[good], chosen_z[good], z_edges)
            kept.append([network, f"{level:g}", *(cell.split()[0] for cell in accepted)])
    show(
        "Error of z that 68 % do not exceed, and rms within 30 cm in brackets [cm], "
        "|z| < 15 cm (published: 2 cm at high to 5 cm at low pT)",
        ("network", "background", *(f"{b} GeV" for b in bins(RESOLUTION_EDGES))),
        rows,
    )
    show("Share of neural tracks with |z| < 15 cm found, by true |z| [cm]",
         ("network", "background", *bins(z_edges)), kept)  # fmt: skip


def displaced(n: int, seed: int) -> None:
    """Efficiency of the prompt finder for displaced tracks."""
    d_edges, r_edges = (0, 1, 2, 4, 6, 9, 12, 18, 25), (0, 5, 15, 25, 35, 45, 60)
    toy = {"d0": "0.99 at 0–1, 0.96 at 3, 0.89 at 5, 0.65 at 8, 0.38 at 10, 0.03 at 15 cm",
           "rho": "0.96 at 0, 0.90 at 10, 0.75 at 20, 0.53 at 30, 0 from 40 cm"}  # fmt: skip
    for what, edges, values in (
        ("d0", d_edges, {"d0_min": -25.0, "d0_max": 25.0, "p_min": 0.5, "p_max": 2.0}),
        ("rho", r_edges, {"rho_max": 60.0, "deflection": 30.0, "p_min": 0.3, "p_max": 2.0}),
    ):
        events = gun(n, seed, **values, **BARREL)
        first = events.offsets[:-1]
        x, y = events.vertex[first, 0], events.vertex[first, 1]
        at = np.hypot(x, y)
        rows = []
        for network in NETWORKS:
            words = trigger(network).evaluate(respond(events, 1.0, seed))
            for name, passed in (
                ("2D track", words.counts["tracks"] > 0),
                ("ty", words.single["ty"].any(axis=1)),
                ("stt", words.single["stt"] == 1),
            ):
                if name != "2D track" or network == NETWORKS[0]:
                    label = name if name == "2D track" else f"{network}: {name}"
                    rows.append([label, *(c.split()[0] for c in shares(passed, at, edges))])
        axis = "|d0|" if what == "d0" else "radius of production"
        show(
            f"Efficiency by {axis} [cm] (toy of the notes, 2D: {toy[what]})",
            ("", *bins(edges)),
            rows,
        )


def rates(n: int, seed: int) -> None:
    """Rate of windows without a collision."""
    rows = []
    window_s = WINDOW_DATA_CLOCKS * DATA_CLOCK_NS * 1e-9
    no_cut = BLOCKS["single_track"].defaults() | {"stt_z": np.array([8192])}
    for level in (0.5, 1.0, 2.0, 5.0):
        hits = chamber(level).background_events(n, seed, 0)
        for network in NETWORKS:
            cut = counted_once(trigger(network).evaluate(hits))
            free = counted_once(TrackTrigger({"single_track": no_cut}, "mlp").evaluate(hits))
            lines = {
                "2D": cut.counts["tracks"] > 0,
                "stt, no z cut": free.single["stt"] == 1,
                "stt": cut.single["stt"] == 1,
                "two 2D": cut.counts["tracks"] > 1,
                "nnt": cut.single["nnt"] == 1,
            }
            cells = []
            for fired in lines.values():
                k, khz = int(fired.sum()), 1e-3 / (n * window_s)
                cells.append(f"{k * khz:.1f} ± {np.sqrt(k) * khz:.1f}")
            rows.append([f"{level:g}", network, *cells])
    show("Rates from beam background alone [kHz]",
         ("level", "network", "a 2D track", "stt without z cut", "stt", "two 2D tracks", "nnt"),
         rows)  # fmt: skip


def floating(words: TrackWords | NDArray[np.void]) -> Array:
    """Return z [cm] of the network in floating point, for input words."""
    weights = neuro_weights.load()
    given = np.asarray(words)
    out = np.full(len(given), np.nan)
    for expert in range(N_EXPERT):
        rows = np.flatnonzero(given["expert"] == expert)
        x = np.hstack((given["input"][rows] / ONE, np.ones((len(rows), 1))))
        hidden = np.tanh(x @ weights.hidden[expert].T / 1024 / 2)
        last = np.hstack((hidden, np.ones((len(rows), 1)))) @ weights.output[expert, 0] / 1024
        out[rows] = 100.0 * np.tanh(last / 2)
    return out


def fixed(n: int, seed: int) -> None:
    """Fixed against floating point."""
    events = gun(n, seed, p_min=0.25, p_max=5.0, spectrum="inverse_pt", z_min=-100.0, z_max=100.0,
                 theta_min=20.0, theta_max=145.0)  # fmt: skip
    inputs = TrackTrigger().steps(respond(events, 1.0, seed)).inputs
    rng = np.random.default_rng(seed)
    space = neuro_mlp.BLOCK.input.zeros(n)
    space["input"] = rng.integers(-ONE, ONE + 1, (n, N_INPUT))
    space["expert"], space["valid"] = rng.integers(0, N_EXPERT, n), 1
    rows = []
    for name, words in (("simulated tracks", inputs), ("inputs anywhere", space)):
        good = (words["valid"] == 1) & (words["expert"] < N_EXPERT)
        off = neuro_mlp.evaluate(words)["z"][good] * Z_LSB_CM - floating(words[good])
        rows.append([name, str(good.sum()), f"{np.sqrt(np.mean(off**2)):.4f}",
                     f"{np.abs(off).max():.3f}"])  # fmt: skip
    show("z of the MLP in fixed minus in floating point [cm] (aim: rms below 0.05)",
         ("inputs", "tracks", "rms", "largest"), rows)  # fmt: skip


def speed(n: int, seed: int) -> None:
    """Windows a second, one core."""
    events = get_process("dimuon").generate(n, seed, 0)
    rows = []
    for level in (0.0, 1.0):
        respond(events.select(np.arange(min(100, n))), level, seed)
        began = time.process_time()
        hits = respond(events, level, seed)
        response = time.process_time() - began
        for network in NETWORKS:
            chain = trigger(network)
            chain.evaluate(hits.select(np.arange(min(100, n))))
            began = time.process_time()
            chain.evaluate(hits)
            spent = time.process_time() - began
            rows.append([f"{level:g}", network, f"{len(hits.wire) / n:.0f}", f"{n / spent:,.0f}",
                         f"{n / response:,.0f}"])  # fmt: skip
    show("Hit wires to bits of the GDL, muon pairs, processor time (aim: 20,000 and 5,000)",
         ("background", "network", "hits/event", "windows/s", "response alone [events/s]"),
         rows)  # fmt: skip


TABLES: dict[str, Callable[[int, int], None]] = {
    table.__name__: table for table in (hough, neural, resolution, displaced, rates, fixed, speed)
}


def main() -> None:
    """Print the tables asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="*", help=f"{', '.join(TABLES)}; default: all")
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.table or TABLES:
        TABLES[name](options.events, options.seed)


if __name__ == "__main__":
    main()
