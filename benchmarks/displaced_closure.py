"""How far out a vertex counts: published limits on B → K S beside our trigger lines.

python benchmarks/displaced_closure.py [--events N] [--seed S] [--lines ff fyo …] [--new dvt]

Tables of docs/validation/displaced_closure.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import unknown_name
from sim.events import Events
from sim.processes import get_process
from sim.processes.long_lived import LongLived
from sim.study.chunk import Context, Task, detector_hits
from sim.study.config import parse_study
from sim.truth import CDC_RANGE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CTAU_CM = (0.01, 0.1, 1.0, 10.0, 25.0, 50.0, 100.0)
LIMITS = {
    0.3: (8.2e-8, 3.9e-8, 4.1e-8, 1.3e-7, 2.8e-7, 5.5e-7, 1.1e-6),
    1.0: (4.3e-7, 6.6e-8, 5.6e-8, 1.1e-7, 2.0e-7, 3.5e-7, 6.7e-7),
    3.5: (3.5e-5, 1.4e-7, 3.9e-8, 4.0e-8, 5.4e-8, 7.7e-8, 1.2e-7),
}
"""95 % limits on B(B⁺ → K⁺S) B(S → μμ) for mass [GeV] and `CTAU_CM`: Belle II, 189 fb⁻¹, Phys. Rev.
D 108 (2023) L111104 (arXiv:2306.02830), read from belleII_BKmumu_displ.npy of ALPaca (alp-aca),
medians over neighbouring masses, two digits."""

EARLIER_CM = {0.3: 25.0, 1.0: 15.0, 3.5: 10.0}
"""Reach of an earlier fit to the same limits on a grid of 10, 15, 20, 25, 30 … cm."""

INNER_CM = 0.05
"""Vertices nearer to the beam are cut away by the published selection."""

B_MESONS = 189e6 * 1.110 * 2.0 * 0.514
"""B± in 189 fb⁻¹: 1.110 nb of BB̄, 51.4 % of it charged."""

RADII = np.arange(1.0, 200.01, 0.5)
"""Radii that are tried [cm]."""

LEAST_OUTSIDE = 0.02
"""Least share of decays beyond `INNER_CM` for a lifetime to enter the fit. Below it the limit hangs
on the resolution of the vertex near the beam, not on the reach: an assumption."""

GENERATED, CHUNK, TOYS = 400_000, 1000, 400
KAON = 321


@dataclass(frozen=True)
class Fit:
    """The radius whose acceptance has the lifetimes of a curve, and how well."""

    reach_cm: float
    rms: float
    scale: float
    """Mean of curve / acceptance."""


def process_of(mass: float) -> LongLived:
    """Return the signal without the other B, for all lifetimes."""
    process = get_process("b_to_k_s", None, mass=mass, decay="mumu", sampling="broad")
    assert isinstance(process, LongLived)
    return process


def vertex_radius(events: Events) -> Floats:
    """Return the radius of the decay of S [cm]; the particles are K, μ, μ."""
    vertex = events.vertex.reshape(-1, 3, 4)[:, 1]
    return np.hypot(vertex[:, 0], vertex[:, 1])


def in_chamber(events: Events) -> Bools:
    """Return whether both muons fly within 17° to 150°."""
    p4 = events.p4.reshape(-1, 3, 4)[:, 1:]
    theta = np.arctan2(np.hypot(p4[..., 0], p4[..., 1]), p4[..., 2])
    return np.asarray(((theta > CDC_RANGE[0]) & (theta < CDC_RANGE[1])).all(axis=1))


def weights(process: LongLived, events: Events) -> Floats:
    """Return weights for `CTAU_CM`, shape ``(n, 7)``."""
    length = process.proper_lengths(events)
    columns = [process.weights_of_lengths(length, ctau / 100.0) for ctau in CTAU_CM]
    return np.column_stack(columns)


@dataclass(frozen=True)
class Acceptance:
    """P(0.05 cm < R < radius; both muons in 17° to 150°) of one mass.

    Parameters
    ----------
    within : ndarray, shape (radii, 7)
    everywhere : ndarray, shape (7,)
        For an infinite radius.
    outside : ndarray, shape (7,)
        P(R > 0.05 cm) among events with both muons in 17° to 150°.
    """

    within: Floats
    everywhere: Floats
    outside: Floats

    @property
    def usable(self) -> Bools:
        """Lifetimes of which the fit takes notice; see `LEAST_OUTSIDE`."""
        return np.asarray(self.outside >= LEAST_OUTSIDE)


def acceptance(mass: float, seed: int, n: int = GENERATED) -> Acceptance:
    """Return the acceptance against the radius from a sample of its own."""
    process = process_of(mass)
    events = process.generate(n, seed)
    weight, radius, flies = weights(process, events), vertex_radius(events), in_chamber(events)
    total, inside = weight.sum(axis=0), flies & (radius > INNER_CM)
    bins = np.searchsorted(RADII, radius[inside], side="right")
    sums = np.zeros((len(RADII) + 1, len(CTAU_CM)))
    np.add.at(sums, bins, weight[inside])
    below = np.cumsum(sums, axis=0) / total
    outside = below[-1] * total / weight[flies].sum(axis=0)
    return Acceptance(below[:-1], below[-1], outside)


def fit(curve: Floats, accepted: Acceptance, used: Bools | None = None) -> Fit:
    """Return the radius for which curve / acceptance is flattest, between the tried ones.

    Parameters
    ----------
    curve : ndarray, shape (7,)
        Efficiency, or 1 / limit.
    accepted : Acceptance
    used : ndarray of bool, shape (7,), optional
        Lifetimes of the fit; default: the usable ones.
    """
    used = accepted.usable if used is None else used
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = (np.log(curve) - np.log(accepted.within))[:, used]
        rms = logarithm.std(axis=1)
    rms = np.where(np.isfinite(rms), rms, np.inf)
    best = int(np.argmin(rms))
    reach = float(RADII[best])
    if not np.isfinite(rms[best]):
        return Fit(np.nan, np.nan, np.nan)
    if 0 < best < len(RADII) - 1 and np.isfinite(rms[best - 1 : best + 2]).all():
        a, b, _ = np.polyfit((-1.0, 0.0, 1.0), rms[best - 1 : best + 2] ** 2, 2)
        reach -= float(np.clip(0.5 * b / a, -1.0, 1.0)) * (RADII[1] - RADII[0])
    return Fit(reach, float(rms[best]), float(np.exp(logarithm[best].mean())))


def reach_text(found: Fit, error: float) -> str:
    """Return the radius with its error; at the end of the range there is none."""
    if found.reach_cm >= RADII[-1]:
        return f"> {RADII[-1]:g}"
    return f"{found.reach_cm:.1f} ± {error:.1f}"


def rounding(limits: tuple[float, ...], rng: np.random.Generator) -> Floats:
    """Return toys of limits within what two printed digits leave open, shape ``(toys, 7)``."""
    value = np.array(limits)
    unit = 10.0 ** (np.floor(np.log10(value)) - 1.0)
    return value + unit * rng.uniform(-0.5, 0.5, (TOYS, len(value)))


def published(accepted: dict[float, Acceptance], seed: int) -> None:
    """Print the reach in the published limits."""
    print("| m [GeV] | lifetimes | R_eff [cm] | earlier fit [cm] | deviation | N_UL/ε_rec "
          f"| UL·P/mean for cτ = {', '.join(f'{c:g}' for c in CTAU_CM)} cm |")  # fmt: skip
    rng = np.random.default_rng(seed)
    for mass, limits in LIMITS.items():
        own, every = accepted[mass], np.ones(len(CTAU_CM), dtype=bool)
        for used in (every, own.usable) if not own.usable.all() else (every,):
            found = fit(1.0 / np.array(limits), own, used)
            toys = [fit(1.0 / toy, own, used).reach_cm for toy in rounding(limits, rng)]
            row = int(np.argmin(np.abs(RADII - found.reach_cm)))
            product = np.array(limits) * own.within[row]
            mean = product[used].mean()
            flat = ", ".join(f"{value:.2f}" for value in product / mean)
            print(f"| {mass:g} | {used.sum()} | {reach_text(found, float(np.std(toys)))} "
                  f"| {EARLIER_CM[mass]:g} | {100 * found.rms:.0f} % "
                  f"| {B_MESONS * mean:.1f} | {flat} |")  # fmt: skip
    for mass, own in accepted.items():
        print(f"P(R > {INNER_CM} cm), {mass:g} GeV: {', '.join(f'{p:.3g}' for p in own.outside)}")


def decided(context: Context, n: int, chunk: int) -> tuple[LongLived, Events, dict[str, Bools]]:
    """Return events of one chunk and the decision of every line."""
    sample = context.config.samples[0]
    events, detected = detector_hits(context, sample, Task(0, chunk, n))
    assert events is not None
    ftdl = context.chain.decide_words(context.words(detected))
    fired = {line: ftdl[line] for line in ftdl.names}
    process = context.process(sample)
    assert isinstance(process, LongLived)
    return process, events, fired


def menus(lines: list[str], new: str, known: dict[str, Bools]) -> dict[str, Bools]:
    """Return what passes: single lines, all of today's, and those with the new one."""
    for line in (*lines, new):
        if line not in known:
            raise unknown_name("line", line, known, place="--lines")
    today = np.any([known[line] for line in lines], axis=0)
    return {
        **{line: known[line] for line in lines}, " or ".join(lines): today, new: known[new],
        " or ".join([*lines, new]): today | known[new],
    }  # fmt: skip


def triggers(
    accepted: dict[float, Acceptance], n: int, seed: int, lines: list[str], new: str, kaon: bool
) -> None:
    """Print reach and efficiency of trigger lines."""
    shown = (0.1, 1.0, 10.0, 100.0)
    columns = [CTAU_CM.index(ctau) for ctau in shown]
    print("| m [GeV] | passes | R_eff [cm] | deviation | plateau "
          f"| passing, for cτ = {', '.join(f'{c:g}' for c in shown)} cm |")  # fmt: skip
    for mass in LIMITS:
        context = Context(parse_study({
            "study": {"seed": seed}, "tracks": {},
            "detector": {} if kaon else {"invisible": [KAON, -KAON]},
            "samples": [{"name": f"b_to_k_s {mass}", "process": "b_to_k_s", "rates": False,
                         "parameters": {"mass": mass, "decay": "mumu", "sampling": "broad"}}],
        }, "closure"))  # fmt: skip
        sums: dict[str, list[Floats]] = {}
        edges = [*range(0, n, CHUNK), n]
        for chunk, (a, b) in enumerate(pairwise(edges)):
            process, events, fired = decided(context, b - a, chunk)
            weight, radius = weights(process, events), vertex_radius(events)
            kept = in_chamber(events) & (radius > INNER_CM)
            truth = {f"truth: R < {end:g} cm": radius < end for end in (25.0, 60.0)}
            for name, passed in (menus(lines, new, fired) | truth | {"": kept}).items():
                sums.setdefault(name, []).append(weight[kept & passed].sum(axis=0))
        every = np.array(sums.pop(""))
        for name, parts in sums.items():
            part = np.array(parts)
            # Of the events with the vertex anywhere; their share is known from the large sample.
            ratio = part.sum(axis=0) / every.sum(axis=0)
            others = (part.sum(axis=0) - part) / (every.sum(axis=0) - every)
            whole = accepted[mass].everywhere
            found = fit(ratio * whole, accepted[mass])
            rest = [fit(other * whole, accepted[mass]).reach_cm for other in others]
            error = float(np.sqrt(len(rest) - 1.0) * np.std(rest))  # jackknife over chunks
            print(f"| {mass:g} | {name} | {reach_text(found, error)} "
                  f"| {100 * found.rms:.0f} % | {found.scale:.2f} "
                  f"| {', '.join(f'{ratio[c]:.3f}' for c in columns)} |")  # fmt: skip


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000, help="of each mass in the trigger")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", nargs="+", default=["ff", "fyo", "stt"], help="today's lines")
    parser.add_argument("--new", default="dvt", help="line for displaced vertices")
    options = parser.parse_args()
    accepted = {mass: acceptance(mass, options.seed + 1) for mass in LIMITS}
    print("\n### Published limits\n")
    published(accepted, options.seed)
    for kaon in (False, True):
        print(f"\n### Trigger, {'with the kaon' if kaon else 'the two muons alone'}\n")
        triggers(accepted, options.events, options.seed, options.lines, options.new, kaon)


if __name__ == "__main__":
    main()
