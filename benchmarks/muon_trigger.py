"""What the muon trigger and the matches find, and how often they fire without a muon: tables for
docs/validation/muon_trigger.md.

python benchmarks/muon_trigger.py [--events N] [--seed S] [TABLE …]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from muon_rates import background
from muon_samples import (
    REGIONS,
    Array,
    Mask,
    Sample,
    bins,
    by_lines,
    chain,
    gun,
    momenta,
    noiseless,
    share,
    shares,
    show,
    simulate,
    single,
)
from muon_speed import speed
from numpy.typing import NDArray

from firmware_models import klm_sector
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL
from sim.detector.klm.config import HadronConfig, KlmConfig, PlaneConfig
from sim.detector.klm.layers import TAN_SIDE
from sim.detector.klm.response import KlmResponse
from sim.events import Events
from sim.processes import get_process
from trigger.matching import MatchWords, match

LINES = ("klmhit", "eklmhit", "cdcklm1", "seklm1", "sttklm")
P_EDGES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0)
PLATEAU = (1.5, 5.0)
THETA_EDGES = (17, 20, 25, 30, 35, 40, 45, 55, 65, 75, 77, 79, 85, 95, 105, 115, 120, 125, 130, 135,
               140, 145, 150)  # fmt: skip
SECTOR_EDGES = (-22.5, -21.5, -20.5, -19, -15, -5, 5, 15, 19, 20.5, 21.5, 22.5)
Words = NDArray[np.void]


def efficiency(n: int, seed: int) -> None:
    """Single muons against momentum, polar angle, and azimuth in a barrel sector."""
    for region in ("barrel", "forward", "backward"):
        sample = momenta("mu", region, n, seed)
        low, high = REGIONS[region]
        show(f"Muons, θ {low:g}° to {high:g}°, by p [GeV]", ("p", *LINES),
             by_lines(sample, LINES, np.ones(n, bool), sample.p, P_EDGES))  # fmt: skip
    sample = single("mu", "all", PLATEAU, n, seed)
    lines = (*LINES, "cdcklm2", "ieklm1", "mu_b2b")
    show("Muons, 1.5 to 5 GeV, by θ [deg]", ("θ", *lines),
         by_lines(sample, lines, np.ones(n, bool), sample.theta, THETA_EDGES))  # fmt: skip
    sample = single("mu", "barrel", PLATEAU, n, seed)
    lines = ("klmhit", "cdcklm1", "cdcklm2", "sttklm", "klm2")
    show("The same, 45° to 115°, by azimuth from the middle of a sector [deg]", ("φ", *lines),
         by_lines(sample, lines, np.ones(n, bool), sample.in_sector, SECTOR_EDGES))  # fmt: skip


def yoke(**planes: float) -> KlmResponse:
    """Return a muon detector without noise; with `live` = 1 layers reach from edge to edge."""
    live = planes.pop("live", 0.0)
    config = replace(noiseless()[1].config, planes=PlaneConfig(**planes))
    response = KlmResponse(config)
    if live:
        layers = response._layers
        response._layers = layers._replace(half_width=TAN_SIDE * layers.apothem)
    return response


def budget(n: int, seed: int) -> None:
    """What the plateau in the barrel loses, cause by cause."""
    low, high = REGIONS["barrel"]
    events = gun(5 * n, seed, p_min=PLATEAU[0], p_max=PLATEAU[1], theta_min=low, theta_max=high)
    off = {"planes": {"efficiency": 1.0}, "azimuth": {"live": 1.0}, "z": {"gap_z": 0.0}}
    cases = {"as it is": {}} | {f"without {name}": values for name, values in off.items()}
    for name in off:
        cases[f"{name} alone"] = {k: v for other in off if other != name
                                  for k, v in off[other].items()}  # fmt: skip
    cases["none of them"] = {k: v for values in off.values() for k, v in values.items()}
    rows = []
    for name, values in cases.items():
        hits = yoke(**values).respond(events, seed)
        frames = klm_sector.quantize(hits.offsets, *hits.places(), hits.layer, hits.plane)
        missed = []
        for recovery in (1, 0):
            words = klm_sector.evaluate(frames, {"recovery": np.array([recovery])})
            missed.append(share(words["klm"] == 0, 4))
        rows.append([name, *missed])
    show("Muons, 1.5 to 5 GeV, 45° to 115°, without a fired barrel sector",
         ("cause", "with recovery", "without recovery"), rows)  # fmt: skip
    sample = single("mu", "barrel", PLATEAU, n, seed)
    found = sample.words.matches
    assert sample.words.tracks is not None
    assert found is not None
    fired, track = sample.own_sectors["klm"] > 0, sample.words.tracks.counts["tracks"] > 0
    matched = found.match["klm_matched"].any(axis=1)
    near = sample.words.tracks.single["ty"].any(axis=1)
    one = sample.words.tracks.single["stt"] == 1
    parts: dict[str, Mask] = {
        "no sector of its own": ~fired,
        "a sector, no 2D track": fired & ~track,
        "both, no match": fired & track & ~matched,
        "matched, two sectors: cdcklm2": fired & matched & ~sample.lines["cdcklm1"],
        "cdcklm1 (without a sector of its own)": ~fired & sample.lines["cdcklm1"],
        "cdcklm1 (with)": fired & sample.lines["cdcklm1"],
        "a sector and a 2D track, no near neural track": fired & track & ~near,
        "a near neural track, not single-track": fired & track & near & ~one,
        "all this, no match in 3D": fired & track & near & one & ~sample.lines["sttklm"],
        "sttklm": sample.lines["sttklm"],
    }
    show("Where the same muons end", ("", "share"), [[k, share(v, 4)] for k, v in parts.items()])


def rematched(sample: Sample, clusters: Words, sectors: Words, **registers: int) -> MatchWords:
    """Return the matches of a sample's tracks with other objects and registers."""
    given: dict[str, Mapping[str, Any]] = {}
    for block in ("grl_match", "grl_neural"):
        known = chain().registers[block]
        own = {name: np.array([v]) for name, v in registers.items() if name in known}
        given[block] = {**known, **own}
    assert sample.words.tracks is not None
    return match(given, clusters, sample.words.tracks, sectors)


def in_barrel(clusters: Words) -> Mask:
    """Return which events have a barrel cluster."""
    tc = clusters["tc"]
    inside = (tc >= FIRST_BARREL) & (tc < FIRST_BACKWARD) & (clusters["valid"] == 1)
    return np.asarray(inside.any(axis=1))


def matches(n: int, seed: int) -> None:
    """Tracks matched to their own and to other muons' objects."""
    sample = momenta("mu", "barrel", n, seed)
    tracks, clusters, sectors = sample.words.tracks, sample.own_clusters, sample.own_sectors
    assert tracks is not None
    track, near = tracks.counts["tracks"] > 0, tracks.single["ty"].any(axis=1)
    cluster, sector = in_barrel(clusters), sectors["klm"] > 0
    cases = {
        "cluster, 2D": ("ecl_matched", "match", track, cluster),
        "cluster, 3D": ("ycdcecl", "neural", near, cluster),
        "sector, 2D": ("klm_matched", "match", track, sector),
        "sector, 3D": ("ycdcklm", "neural", near, sector),
    }

    def found(words: MatchWords, name: str) -> Mask:
        field, word, _, _ = cases[name]
        return np.asarray(getattr(words, word)[field].any(axis=1))

    own = rematched(sample, clusters, sectors)
    other = rematched(sample, np.roll(clusters, 1), np.roll(sectors, 1))
    for title, values, edges in (
        ("p [GeV]", sample.p, (0.5, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0)),
        ("θ [deg]", sample.theta, (45, 55, 65, 75, 77, 79, 85, 95, 105, 115)),
    ):
        columns, head = [], []
        for name, (_, _, tracked, there) in cases.items():
            head.append(name)
            chosen = tracked & there
            columns.append(shares(found(own, name)[chosen], values[chosen], edges))
        for name, (_, _, tracked, there) in cases.items():
            head.append(f"other's {name}")
            chosen = tracked & np.roll(there, 1)
            columns.append(shares(found(other, name)[chosen], values[chosen], edges))
        rows = [list(row) for row in zip(bins(edges), *columns, strict=True)]
        show(f"Matches, given the track and its own object, or another muon's, by {title}",
             (title, *head), rows)  # fmt: skip
    rows = []
    for settings in (
        {"ecl_bins": 1}, {"ecl_bins": 2}, {"ecl_bins": 3}, {"klm_window": 160},
        {"klm_window": 196}, {"klm_window": 232}, {"klm_window": 320}, {"klm_margin": 0},
        {"klm_margin": 1229}, {"ecl_phi": 41}, {"ecl_z": 614},
    ):  # fmt: skip
        (register, value) = next(iter(settings.items()))
        own = rematched(sample, clusters, sectors, **settings)
        other = rematched(sample, np.roll(clusters, 1), np.roll(sectors, 1), **settings)
        cells = []
        for name, (_, _, tracked, there) in cases.items():
            good, wrong = tracked & there, tracked & np.roll(there, 1)
            cells.append(f"{found(own, name)[good].mean():.4f}")
            cells.append(f"{found(other, name)[wrong].mean():.3f}")
        rows.append([f"`{register}` {value}", *cells])
    head = [cell for name in cases for cell in (name, "other's")]
    show("The same, 0.5 to 5 GeV, with other registers", ("", *head), rows)


def hadrons(n: int, seed: int) -> None:
    """Pions and kaons."""
    edges = (0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
    columns, head = [], []
    for particle in ("mu", "pi", "K"):
        sample = momenta(particle, "barrel", n, seed)
        for line in ("klmhit", "cdcklm1"):
            head.append(f"{particle}: {line}")
            columns.append(shares(sample.lines[line], sample.p, edges))
    rows = [list(row) for row in zip(bins(edges), *columns, strict=True)]
    show("Hadrons in the barrel, 45° to 115°, by p [GeV]", ("p", *head), rows)
    columns, head = [], []
    cases: dict[str, dict[str, float]] = {
        "as it is": {}, "no decays": {"decays": 0.0}, "no cascade": {"tail": 0.0},
        "neither": {"decays": 0.0, "tail": 0.0},
    }  # fmt: skip
    for particle in ("pi", "K"):
        sample = momenta(particle, "barrel", n, seed)
        for name, values in cases.items():
            clean = noiseless()[1].config
            config = KlmConfig(hadrons=HadronConfig(**values), background=clean.background)
            words = chain().muon_words(KlmResponse(config).respond(sample.events, seed))
            head.append(f"{particle}: {name}")
            columns.append(shares(words["klm"] > 0, sample.p, edges))
    rows = [list(row) for row in zip(bins(edges), *columns, strict=True)]
    show("A barrel sector fires, without noise, with causes switched off", ("p", *head), rows)


def leptons(events: Events, code: int) -> tuple[Array, Array]:
    """Return θ [deg] of both leptons, shape (n, 2), and the strongest photon's energy [GeV]."""
    p4, first = events.p4, events.offsets[:-1]
    theta = np.degrees(np.arctan2(np.hypot(p4[:, 0], p4[:, 1]), p4[:, 2]))
    own = np.abs(events.pdg) == code
    which = np.cumsum(own) - own - np.repeat((np.cumsum(own) - own)[first], np.diff(events.offsets))
    found = np.full((len(events), 2), np.nan)
    found[events.event_of[own], which[own]] = theta[own]
    photon = np.zeros(len(events))
    np.maximum.at(photon, events.event_of, np.where(events.pdg == 22, p4[:, 3], 0.0))
    return found, photon


def collisions(n: int, seed: int) -> None:
    """Muon pairs and Bhabha events: lines that need an explanation."""

    def within(theta: Array, *ranges: tuple[float, float]) -> Mask:
        return np.any([(theta > low) & (theta < high) for low, high in ranges], axis=0)

    sample = simulate(get_process("dimuon").generate(n, seed, 0), seed)
    theta, _ = leptons(sample.events, 13)
    barrel, endcap = within(theta, (50, 120)), within(theta, (20, 47), (120, 150))
    groups = {
        "all": np.ones(n, bool), "both at 50° to 120°": barrel.all(axis=1),
        "one or two at 20° to 47° or 120° to 150°": endcap.any(axis=1),
        "none there": ~endcap.any(axis=1),
    }  # fmt: skip
    lines = ("klmhit", "klm2", "mu_b2b", "mu_pair", "cdcklm1", "cdcklm2", "eklmhit", "seklm1",
             "ieklm1", "mu_eb2b")  # fmt: skip
    rows = [[name, f"{chosen.mean():.3f}",
             *(share(sample.lines[line][chosen]) for line in lines)]
            for name, chosen in groups.items()]  # fmt: skip
    show("Muon pairs", ("muons", "share", *lines), rows)
    process = get_process("bhabha", radiation="initial")
    sample = simulate(process.generate(n, seed, 0), seed)
    theta, photon = leptons(sample.events, 11)
    inside = within(theta, (33, 123)).sum(axis=1)
    gap = within(theta, (30.3, 33.5), (126.5, 131.5)).any(axis=1)
    assert sample.words.tracks is not None
    one = sample.words.tracks.counts["tracks"] == 1
    sigma, rows = process.cross_section().value_nb, []
    for name, fired in (("one 2D track", one), ("fp", sample.lines["fp"]),
                        ("fed", sample.lines["fed"])):  # fmt: skip
        radiated = photon > 0.5
        cells = [share(mask[fired]) for mask in (
            inside == 0, inside == 1, inside == 2, radiated, gap & ~radiated, ~gap & ~radiated,
        )]  # fmt: skip
        rows.append([name, f"{fired.mean() * sigma:.2f}", *cells])
    show("Bhabha events, before prescale: electrons within 33° to 123°, and why there is no veto",
         ("", "cross-section [nb]", "none", "one", "both", "photon above 0.5 GeV",
          "no photon, one at a gap of the calorimeter", "neither"), rows)  # fmt: skip


TABLES: dict[str, Callable[[int, int], None]] = {
    table.__name__: table
    for table in (efficiency, budget, matches, background, hadrons, collisions, speed)
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
