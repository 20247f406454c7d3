"""What the muon trigger and the matches find, and how often they fire without a muon: tables for
docs/validation/muon_trigger.md.

python benchmarks/muon_trigger.py [--events N] [--seed S] [TABLE …]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from muon_samples import (
    REGIONS,
    Array,
    Mask,
    Sample,
    bins,
    by_lines,
    chain,
    detectors,
    gun,
    momenta,
    noiseless,
    share,
    shares,
    show,
    single,
)
from numpy.typing import NDArray

from firmware_models import ecl_cluster, ecl_selection, grl_match, grl_neural, grl_short, klm_sector
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.ecl import ECL_CLUSTERS
from firmware_models.klm_hits import KlmHits
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL
from sim.detector.klm.config import HadronConfig, KlmConfig, PlaneConfig
from sim.detector.klm.layers import TAN_SIDE
from sim.detector.klm.response import KlmResponse
from sim.processes import get_process
from sim.study.tracks import WINDOW_DATA_CLOCKS, counted_once
from trigger.matching import MatchWords, match
from trigger.track_trigger import TrackTrigger

LINES = ("klmhit", "eklmhit", "cdcklm1", "seklm1", "sttklm")
P_EDGES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0)
PLATEAU = (1.5, 5.0)
THETA_EDGES = (17, 20, 25, 30, 35, 40, 45, 55, 65, 75, 77, 79, 85, 95, 105, 115, 120, 125, 130, 135,
               140, 145, 150)  # fmt: skip
SECTOR_EDGES = (-22.5, -21.5, -20.5, -19, -15, -5, 5, 15, 19, 20.5, 21.5, 22.5)
PLANES = (5, 6, 7, 8, 9, 10)
WINDOW_S = WINDOW_DATA_CLOCKS * DATA_CLOCK_NS * 1e-9
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
        {"ecl_phi": 41}, {"ecl_z": 614},
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


def sector_words(hits: KlmHits, planes: int, mask: int | None = None) -> Words:
    """Return the sectors for another number of planes."""
    frames = klm_sector.quantize(hits.offsets, *hits.places(), hits.layer, hits.plane)
    registers = {f"{part}_planes": np.array([planes]) for part in ("barrel", "endcap")}
    if mask is not None:
        registers |= {f"{part}_mask": np.array([mask]) for part in ("barrel", "endcap")}
    return klm_sector.evaluate(frames, registers)


def coincidences(n: int, seed: int, level: float, fired: Words) -> list[float]:
    """Return the chance of a match of tracks with windows in which sectors fired, by line.

    The detectors' backgrounds are independent: each window with a track is put beside many
    windows of the muon detector.
    """
    words = counted_once(TrackTrigger(chain().registers).evaluate(
        detectors(level)[1].background_events(n, seed, 0)))  # fmt: skip
    some = (words.counts["tracks"] > 0) | words.short["ts"].any(axis=1)
    tracks = words.select(np.flatnonzero(some))
    if not len(fired) or not len(tracks):
        return [0.0, 0.0, float(some.sum())]
    passed = np.zeros(2)
    repeats = 20
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        sectors = fired[rng.integers(0, len(fired), len(tracks))]
        found = match(chain().registers, ECL_CLUSTERS.zeros(len(tracks)), tracks, sectors).match
        passed += [found[name].any(axis=1).sum() for name in ("cdcklm", "seklm")]
    return [*(passed / (repeats * n)), float(some.sum())]


def background(n: int, seed: int) -> None:
    """Rates without a collision."""
    windows, mask = 50 * n, ((1 << 30) - 1) & ~0xF
    rows = []
    for level in (1.0, 2.0, 5.0):
        parts = [detectors(level)[2].background_events(n, seed, chunk) for chunk in range(50)]
        cases: list[tuple[int, int | None]] = [(planes, None) for planes in PLANES]
        for planes, masked in [*cases, (5, mask)]:
            words = np.concatenate([sector_words(part, planes, masked) for part in parts])
            cells = []
            for name in ("klm", "eklm", "klmb2b"):
                k, hz = int((words[name] > 0).sum()), 1.0 / (windows * WINDOW_S)
                cells.append(f"{k * hz:,.0f} ± {np.sqrt(max(k, 1)) * hz:,.0f}")
            fired = words[(words["klm"] > 0) | (words["eklm"] > 0)]
            cdcklm, seklm, k = coincidences(n, seed, level, fired)
            for chance in (cdcklm, seklm):
                hz = chance * len(fired) / (windows * WINDOW_S)
                cells.append(f"{hz:.2g}")
            label = f"{planes}" + ("" if masked is None else ", layers 2 to 14")
            rows.append([f"{level:g}", label, *cells, f"{k:.0f}"])
    show(f"Rates of windows without a collision [Hz], {windows:,} windows of the muon detector",
         ("level", "planes", "klm_hit", "eklm_hit", "klmb2b", "cdcklm", "seklm",
          "windows with tracks"), rows)  # fmt: skip


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


def clocked(times: dict[str, Array], name: str, work: Callable[[], Any]) -> Any:
    """Return the result; add wall-clock and processor time of the second run."""
    work()
    began = np.array((time.perf_counter(), time.process_time()))
    result = work()
    times[name] = np.array((time.perf_counter(), time.process_time())) - began
    return result


def parts(level: float, n: int, seed: int) -> dict[str, Array]:
    """Return wall-clock and processor time [s] of each part, for muon pairs."""
    events = get_process("dimuon").generate(n, seed, 0)
    times: dict[str, Array] = {}
    calorimeter, chamber, klm = detectors(level)
    cells = clocked(times, "response: calorimeter", lambda: calorimeter.respond(events, seed))
    wires = clocked(times, "response: drift chamber", lambda: chamber.respond(events, seed))
    muons = clocked(times, "response: muon detector", lambda: klm.respond(events, seed))
    trigger = TrackTrigger(chain().registers)
    clusters = clocked(times, "ecl_cluster", lambda: ecl_cluster.evaluate_hits(cells))
    clocked(times, "ecl_selection", lambda: ecl_selection.evaluate(clusters))
    tracks = clocked(times, "tracks with grl_short", lambda: trigger.evaluate(wires))
    clocked(times, "of it: grl_short", lambda: grl_short.evaluate(tracks.full))
    sectors = clocked(times, "klm_sector", lambda: chain().muon_words(muons))

    def matched() -> Words:
        objects = grl_match.quantize(tracks.full, tracks.short, clusters, sectors)
        return grl_match.evaluate(objects)

    def neural() -> Words:
        frames = grl_neural.quantize(
            tracks.neural, tracks.frames, tracks.window_of, clusters, sectors
        )
        return grl_neural.evaluate(frames)

    clocked(times, "grl_match", matched)
    clocked(times, "grl_neural", neural)
    words = chain().event_words(clusters, tracks, sectors)
    clocked(times, "menu with its inputs", lambda: chain().decide_words(words))
    clocked(times, "hits to lines", lambda: chain().decide(cells, trigger.evaluate(wires), muons))
    return times


def speed(n: int, seed: int) -> None:
    """Hits to lines, one core, part by part."""
    rows = [
        [f"{level:g}", name, f"{n / wall:,.0f}", f"{n / cpu:,.0f}", f"{1e6 * cpu / n:.2f}"]
        for level in (0.0, 1.0)
        for name, (wall, cpu) in parts(level, n, seed).items()
    ]
    show("Muon pairs, one core [events/s] (aim: 20,000 hits to lines)",
         ("background", "part", "by the clock", "by processor time", "µs an event"),
         rows)  # fmt: skip


TABLES: dict[str, Callable[[int, int], None]] = {
    table.__name__: table for table in (efficiency, budget, matches, background, hadrons, speed)
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
