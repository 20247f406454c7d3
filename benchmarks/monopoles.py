"""What the trigger sees of magnetic charges: tables for docs/validation/monopoles.md.

python benchmarks/monopoles.py [--events N] [--seed S] [--figure FILE] [TABLE …]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_mlp
from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, RADIUS_MM
from firmware_models.interface.cdc_segment import N_SUPERLAYER
from sim.detector.cdc.material import ETHANE
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.exotic import magnetic_code
from sim.detector.magnetic import FORCE, moved
from sim.detector.magnetic_loss import relative_ionisation
from sim.events import Events, from_dense
from sim.machine import Machine
from sim.processes import get_process
from sim.segments.labels import label
from trigger.chain import Chain
from trigger.menu import load
from trigger.track_trigger import TrackTrigger

Array = NDArray[np.float64]

MASSES = (1.0, 2.0, 3.0, 4.0, 4.5, 5.0, 5.2)
CHARGES = (0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 68.52)
TRACK_LINES = ("ff", "fyo", "ffb", "fed", "stt")
CALORIMETER_LINES = ("lml8", "lml10", "lml12", "hie", "hie4", "lml0", "eclmumu", "c4", "bha3d")
STEREO = (1, 3, 5, 7)
BARREL = np.radians((32.2, 128.7))


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def pairs(mass: float, charge: float, n: int, seed: int, **more: object) -> Events:
    """Return pairs."""
    return get_process("monopole_pair", mass=mass, charge=charge, **more).generate(n, seed)


class Trigger:
    """The packaged menu behind calorimeter and drift chamber with their background."""

    def __init__(self) -> None:
        self.menu = load("low_multiplicity")
        self.chain = Chain.build(self.menu, {}, None)
        self.cells, self.wires = EclResponse(EclConfig()), CdcResponse(CdcConfig())
        self.tracks = TrackTrigger(self.chain.registers, "mlp")
        whole = [line.name for line in self.menu.lines if line.prescale.fraction == 1.0]
        needs = {name for name in whole if _needs_tracks(self.menu, name)}
        self.groups = {
            "tracks": [name for name in whole if name in needs],
            "calorimeter": [name for name in whole if name not in needs],
            "any": whole,
        }

    def fired(self, events: Events, seed: int) -> dict[str, NDArray[np.bool_]]:
        """Return which events each line and each group of unprescaled lines takes."""
        words = self.tracks.evaluate(self.wires.respond(events, seed))
        table = self.chain.decide(self.cells.respond(events, seed), words, None)
        lines = {name: np.asarray(table[name], dtype=bool) for name in self.menu.names}
        for group, members in self.groups.items():
            lines[group] = np.any([lines[name] for name in members], axis=0)
        lines["t2>0"] = words.counts["tracks"] > 0
        lines["t2>1"] = words.counts["tracks"] > 1
        lines["ty"] = words.single["ty"].any(axis=1)
        return lines


def _needs_tracks(menu: object, name: str) -> bool:
    """Tell whether a line cannot fire without track words."""
    from trigger.menu.inputs import produced_inputs

    missing = set(menu.without_producer(produced_inputs(tracks=False, muons=False)))  # type: ignore[attr-defined]
    dnf = menu.line(name).dnf  # type: ignore[attr-defined]
    return all(any(bit in missing and positive for bit, positive in term) for term in dnf)


def lines_by_mass(n: int, seed: int) -> dict[tuple[float, float], dict[str, float]]:
    """Efficiency of lines and groups, pairs of all angles."""
    trigger, result = Trigger(), {}
    for charge in CHARGES:
        for mass in MASSES:
            fired = trigger.fired(pairs(mass, charge, n, seed), seed)
            result[charge, mass] = {name: float(bits.mean()) for name, bits in fired.items()}
    for name in ("any", "tracks", "calorimeter", "t2>1", "ty", "t2>0", *TRACK_LINES,
                 *CALORIMETER_LINES):  # fmt: skip
        show(name, ("g [e]", *(f"{mass:g} GeV" for mass in MASSES)), [
            [f"{charge:g}", *(f"{result[charge, mass][name]:.3f}" for mass in MASSES)]
            for charge in CHARGES
        ])  # fmt: skip
    return result


def by_angle(n: int, seed: int) -> None:
    """Efficiency against the polar angle of the positive charge."""
    trigger = Trigger()
    edges = np.array([17.0, 30.0, 45.0, 60.0, 75.0, 90.0, 105.0, 120.0, 135.0, 150.0])
    for mass, charge in ((3.0, 1.0), (4.5, 1.0), (4.5, 3.0), (5.0, 1.0)):
        events = pairs(mass, charge, n, seed)
        fired = trigger.fired(events, seed)
        p4 = events.p4[::2]
        theta = np.degrees(np.arctan2(np.hypot(p4[:, 0], p4[:, 1]), p4[:, 2]))
        rows = []
        for name in ("t2>1", "ff", "fyo", "ty", "calorimeter", "any"):
            cells = [
                f"{fired[name][(theta >= a) & (theta < b)].mean():.3f}" for a, b in pairwise(edges)
            ]
            rows.append([name, *cells])
        show(f"{mass:g} GeV, {charge:g} e: θ of the positive charge",
             ("", *(f"{a:g}–{b:g}°" for a, b in pairwise(edges))), rows)  # fmt: skip


def single(mass: float, charge: float, theta: Array, seed: int) -> Events:
    """Return one magnetic charge an event, with the pair's momentum in the laboratory at 90° CM."""
    p = float(np.sqrt(Machine().s / 4.0 - mass**2))
    phi = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(theta))
    p3 = p * np.stack(
        (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)), axis=1
    )
    p4 = np.concatenate((p3, np.full((len(theta), 1), np.hypot(p, mass))), axis=1)
    return from_dense([magnetic_code(charge)], p4[:, None, :])


def line_fit(mass: float, charge: float, theta: float) -> float:
    """Return the z at the axis of the straight line through the stereo superlayers [cm]."""
    p = float(np.sqrt(Machine().s / 4.0 - mass**2))
    layer = np.array(FIRST_PRIORITY_LAYER)[list(STEREO)]
    r = np.array(RADIUS_MM)[layer] / 10.0
    z = [moved(x, 0.0, 0.0, p * np.sin(theta), p * np.cos(theta), mass, charge)[0] for x in r]
    return float(np.polyfit(r, z, 1)[1])


def anatomy(n: int, seed: int) -> None:
    """Hits, superlayers with a segment, tracks and z of single charges at 60° to 100°."""
    quiet = CdcResponse(CdcConfig.from_mapping({"background": {"level": 0.0}}, "background"))
    crystals = EclResponse(EclConfig.from_mapping({"background": {"level": 0.0}}, "detector"))
    track, rows = TrackTrigger(), []
    theta = np.radians(np.linspace(60.0, 100.0, n))
    for mass in (1.0, 3.0, 4.5, 5.0, 5.2):
        for charge in (0.1, 0.3, 1.0, 3.0, 10.0):
            events = single(mass, charge, theta, seed)
            truth = quiet.explain(events, seed)
            hits = np.bincount(truth.particle[truth.particle >= 0], minlength=n)
            steps = track.steps(truth.hits)
            owner = label(truth, steps.segments)
            mine = owner.particle >= 0
            place = owner.particle[mine] * N_SUPERLAYER + steps.segments.superlayer[mine]
            layers = np.bincount(np.unique(place) // N_SUPERLAYER, minlength=n)
            found = steps.counts["tracks"] > 0
            neural = track.neural_tracks(steps.inputs)
            valid = neural["neural"] == 1
            z = neuro_mlp.physical(neural[valid])[0]
            words = track.words(steps)
            deposits = crystals.deposits(events, seed)
            energy = np.bincount(
                np.repeat(np.arange(n), np.diff(deposits.offsets)), deposits.energy, n
            )
            p = float(np.sqrt(Machine().s / 4.0 - mass**2))
            beta_gamma = p / mass
            last = truth.crossings.columns[:, 2].max(initial=0.0)
            rows.append([
                f"{mass:g}", f"{charge:g}", f"{beta_gamma / np.hypot(1.0, beta_gamma):.2f}",
                f"{relative_ionisation(beta_gamma, charge, np.array(ETHANE)):.3g}",
                f"{charge * FORCE * np.hypot(p, mass) / (2.0 * p * p) * 110.0**2:.1f}",
                f"{hits.mean():.1f}", f"{layers.mean():.2f}", f"{last:.1f}", f"{found.mean():.3f}",
                f"{np.median(z):.1f}" if len(z) > 20 else "",
                f"{line_fit(mass, charge, np.radians(80.0)):.1f}",
                f"{words.single['ty'].any(axis=1).mean():.3f}",
                f"{(words.single['stt'] == 1).mean():.3f}",
                f"{np.median(energy):.3f}",
            ])  # fmt: skip
    show("Single positive charges, θ 60° to 100° evenly, no background",
         ("m [GeV]", "g [e]", "β", "ionisation / MIP", "Δz at 1.1 m, 90° [cm]", "hits",
          "superlayers with a segment", "latest crossing [ns]", "2D track", "neural z, median [cm]",
          "line through the stereo superlayers, 80° [cm]", "ty", "stt", "E in crystals [GeV]"),
         rows)  # fmt: skip


def parts(n: int, seed: int) -> None:
    """What of the loss of tracks comes from which property, by switching the others off."""
    rows = []
    quiet = {"background": {"level": 0.0}}
    many = {"drift": {"clusters": 1e4}}
    for mass, charge in ((4.5, 0.3), (4.5, 1.0), (4.5, 3.0), (5.0, 1.0), (5.2, 1.0)):
        events = pairs(mass, charge, n, seed)
        muons = events.p4.copy()
        cells = []
        for config in (quiet, quiet | many):
            hits = CdcResponse(CdcConfig.from_mapping(config, "")).respond(events, seed)
            words = TrackTrigger().evaluate(hits)
            cells += [f"{(words.counts['tracks'] > k).mean():.3f}" for k in (0, 1)]
            cells.append(f"{words.single['ty'].any(axis=1).mean():.3f}")
        # Muons with the same momenta: what angles alone lose.
        muons[:, 3] = np.sqrt((muons[:, :3] ** 2).sum(axis=1) + 0.1056583755**2)
        pdg = np.tile(np.array([-13, 13], dtype=np.int32), n)
        same = Events(events.offsets, pdg, muons, events.vertex, events.weight)
        words = TrackTrigger().evaluate(
            CdcResponse(CdcConfig.from_mapping(quiet, "")).respond(same, seed)
        )
        cells += [f"{(words.counts['tracks'] > k).mean():.3f}" for k in (0, 1)]
        cells.append(f"{words.single['ty'].any(axis=1).mean():.3f}")
        rows.append([f"{mass:g}", f"{charge:g}", *cells])
    show("Tracks of pairs, no background",
         ("m [GeV]", "g [e]", "t2>0", "t2>1", "ty", "every wire in the way fires: t2>0", "t2>1",
          "ty", "muons of the same momenta: t2>0", "t2>1", "ty"), rows)  # fmt: skip


TABLES: dict[str, Callable[[int, int], object]] = {
    "lines": lines_by_mass, "angle": by_angle, "anatomy": anatomy, "parts": parts,
}  # fmt: skip


def figure(result: dict[tuple[float, float], dict[str, float]], path: str) -> None:
    """Draw efficiencies against the charge, one line a mass."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawing, axes = plt.subplots(1, 3, figsize=(13, 4.2), sharey=True)
    for axis, name in zip(axes, ("tracks", "calorimeter", "any"), strict=True):
        for number, mass in enumerate(MASSES):
            values = [result[charge, mass][name] for charge in CHARGES]
            colour = plt.get_cmap("viridis")(number / len(MASSES))
            axis.plot(CHARGES, values, marker="o", color=colour, label=f"{mass:g} GeV")
        axis.set_xscale("log")
        axis.set_xlabel("magnetic charge [e]")
        axis.set_title(f"unprescaled lines: {name}")
        axis.set_ylim(0.0, 1.02)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("efficiency")
    axes[2].legend(title="mass", fontsize=8)
    drawing.tight_layout()
    drawing.savefig(path, dpi=110)


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure")
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []])
    given = parser.parse_args()
    for name in given.tables or TABLES:
        result = TABLES[name](given.events, given.seed)
        if name == "lines" and given.figure:
            figure(result, given.figure)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
