"""Speed of the whole chain, part by part: the table `speed` of `muon_trigger.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from muon_samples import Array, chain, detectors, show
from numpy.typing import NDArray

from firmware_models import ecl_cluster, ecl_selection, grl_match, grl_neural, grl_short
from sim.processes import get_process
from trigger.track_trigger import TrackTrigger

Words = NDArray[np.void]


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
