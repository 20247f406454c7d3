"""Tracks in the library, in time, and in pile-up, with a trigger that counts hits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.wire_hits import WireHits
from sim.pipeline.config import parse_pipeline
from sim.pipeline.groups import SUB_TRIGGERS
from sim.pipeline.library import Library, Process, build_library, study_context
from sim.pipeline.plan import PipelinePlan, compile_pipeline, unpack_bits
from sim.pipeline.primitives import Collisions, Drawn, primitives
from sim.pipeline.stream import CollisionStream
from sim.readout.config import parse_readout
from sim.readout.sources.menu import MenuSource
from sim.study.chunk import Task, detector_hits
from sim.study.config import load_study
from sim.study.run import run_study
from tests.hit_counter import HitCounter, track_rows, use_hit_counter
from tests.pipeline.test_menu_source import played, table_rates
from tests.pipeline.test_wire_pile_up import played as kept
from trigger.menu import load
from trigger.menu.inputs import TRACK_INPUTS

STUDY = """
[study]
events = 600
chunk = 200
seed = 4
luminosity_cm2_s = 8e36
[tracks.chamber.background]
rate = 2.0
tracks = 500.0
[[samples]]
name = "dimuon"
process = "dimuon"
[[samples]]
name = "background"
background = true
"""


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        use_hit_counter(patch)
        yield patch


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def plan() -> PipelinePlan:
    return compile_pipeline(parse_pipeline(None, "x"), load("low_multiplicity"))


@pytest.fixture(scope="module")
def library(patch: pytest.MonkeyPatch, study: Path, plan: PipelinePlan) -> Library:
    context = study_context(load_study(study), "x")
    return build_library(context, plan.inputs, 600, 8e36, "x", keep_hits=True)


def made(study: Path, triggers: int, **tables: Any) -> MenuSource:
    arrivals = {
        "kind": "menu", "study": str(study), "events": 600, **tables.pop("arrivals", {})
    }  # fmt: skip
    data = {"run": {"triggers": triggers, "seed": 5}, "arrivals": arrivals, **tables}
    return MenuSource(parse_readout(data, "r.toml"), "r.toml")


def test_the_library_holds_the_bits_of_tracks(library: Library) -> None:
    bits = unpack_bits(library.bits, len(library.inputs))
    assert library.detected.wires is not None
    assert len(library.detected.wires) == len(library.detected.cells) == len(library)
    words = HitCounter({}, "").evaluate(library.detected.wires)
    table = track_rows(words)
    own, window = library.processes
    assert (own.name, window.background) == ("dimuon", True)
    for column, name in enumerate(library.inputs):
        if name not in TRACK_INPUTS:
            continue
        assert np.array_equal(bits[: own.last, column], table[name][: own.last]), name
        # Background windows keep what their own interval holds.
        assert not (bits[own.last :, column] & ~table[name][own.last :]).any()
    typ = library.inputs.index("typ")
    counted = np.flatnonzero(bits[own.last :, typ]) + own.last
    assert len(counted) > 10
    earliest = words.time["earliest"][counted]
    assert ((earliest >= 16) & (earliest < 144)).all()
    assert (bits[: own.last, typ].sum()) > 50
    assert set(library.chamber_quality.tolist()) == {-1, 0, 1}
    assert (library.chamber_quality[bits[:, typ]] >= 0).all()


def test_events_without_a_cell_are_kept_for_their_tracks(library: Library) -> None:
    cells = np.diff(library.detected.cells.offsets)
    bare = np.flatnonzero(cells == 0)
    assert len(bare)
    assert (library.chamber_quality[bare] >= 0).all()
    assert (library.largest[bare] == 0).all()
    assert (library.quality[bare] == -1).all()
    some = np.flatnonzero(cells)
    largest = np.maximum.reduceat(
        library.detected.cells.energy.astype(int), library.detected.cells.offsets[some]
    )
    assert np.array_equal(library.largest[some], largest)


def test_wires_are_kept_on_demand(
    patch: pytest.MonkeyPatch, study: Path, plan: PipelinePlan
) -> None:
    context = study_context(load_study(study), "x")
    library = build_library(context, plan.inputs, 100, 8e36, "x")
    assert library.detected.wires is None
    off = study_context(load_study(study).model_copy(update={"tracks": None}), "x")
    bare = build_library(off, plan.inputs, 100, 8e36, "x", keep_hits=True)
    assert bare.detected.wires is None
    assert (bare.chamber_quality == -1).all()
    assert (np.diff(bare.detected.cells.offsets) > 0).all()


def test_alone_the_rates_are_those_of_the_study(patch: pytest.MonkeyPatch, study: Path) -> None:
    rates = run_study(load_study(study)).rates
    assert rates is not None
    expected = {row["name"]: row["rate_hz"] for row in rates.to_json()["lines"] if row["prescale"]}
    assert expected["stt"] > 0
    assert table_rates(made(study, 100)) == pytest.approx(expected, rel=1e-9)


class Pairs:
    """Two collisions `apart` ticks from each other, every 2000 ticks."""

    def __init__(self, apart: int) -> None:
        self.apart, self.made = apart, 0

    def take(self, rng: np.random.Generator, n: int) -> Any:
        number = np.arange(self.made, self.made + n)
        self.made += n
        return (2000 * (number // 2) + self.apart * (number % 2)) * 256


def overlapped(hits: WireHits, apart: list[int]) -> WireHits:
    """Return the first window with itself, moved by the given ticks of the system clock."""
    own: dict[int, list[int]] = {}
    for wire, time in zip(hits.wire.tolist(), hits.time.tolist(), strict=True):
        own[wire] = [time + 4 * shift for shift in (0, *apart)]
    stored = kept(own)
    wires = np.array(sorted(stored), dtype=np.uint16)
    times = np.array([stored[int(wire)] for wire in wires], dtype=np.uint16)
    return WireHits(np.array([0, len(wires)]), wires, times)


@pytest.mark.parametrize("apart", [0, 1, 9, 30, 63, 64])
def test_overlapping_collisions_are_decided_on_all_their_hits(
    library: Library, plan: PipelinePlan, monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    monkeypatch.setattr("sim.pipeline.stream.CHUNK", 64)
    bits = unpack_bits(library.bits, len(library.inputs))
    tracks = [name in TRACK_INPUTS for name in library.inputs]
    own = library.processes[0]
    row = int(np.argmax(bits[: own.last, tracks].sum(axis=1)))
    assert library.detected.wires is not None
    rows = np.array([row])
    one = replace(
        library, processes=(Process("dimuon", False, 0, 1, 1e6),), rate_hz=np.array([1e6]),
        **{name: getattr(library, name)[rows]
           for name in ("bits", "quality", "chamber_quality", "largest")},
        detected=library.detected.select(rows),
    )  # fmt: skip
    assert one.detected.wires is not None
    stream = CollisionStream(one, plan, lambda rate: Pairs(apart), 1, True)
    found = next(stream.chunks(1e9))
    dense = unpack_bits(found.bits, len(library.inputs))[:, tracks]
    pairs = len(found) // 2
    assert pairs > 10
    for place, shifts in ((0, [apart]), (1, [-apart])):
        window = overlapped(one.detected.wires, shifts if apart < 64 else [])
        words = HitCounter({}, "").evaluate(window)
        table = track_rows(words)
        names = [name for name in library.inputs if name in TRACK_INPUTS]
        expected = [bool(table[name][0]) for name in names]
        assert (dense[place : 2 * pairs : 2] == expected).all()
        quality = int(words.time["valid"][0])
        these = slice(place, 2 * pairs, 2)
        assert (found.quality[these, 2] == quality).all()
        assert np.array_equal(found.timed[these, 2], found.time[these] // 256)
    assert stream.merged.chamber == (stream.merged.collisions if apart < 64 else 0)


def test_pile_up_changes_decisions_and_the_chamber_times_them(
    patch: pytest.MonkeyPatch, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.pipeline.stream.CHUNK", 3000)
    crowded = {"pile_up": True, "luminosity_cm2_s": 2e39}
    menu = made(study, 3000, arrivals=crowded, pipeline={"priority": ["cdc"]})
    _, _, pattern, _ = played(menu)
    assert menu.merged is not None
    assert menu.counters is not None
    assert menu.merged.chamber > 100
    assert menu.merged.chamber_gained > 0
    assert menu.merged.chamber_lost > 0
    assert menu.counters.decisions["cdc"] > 100
    assert menu.counters.decisions["ecl"] == 0
    stt = menu.lines.index("stt")
    assert (np.bincount(pattern, minlength=len(menu.patterns)) @ menu.patterns)[stt] > 0
    alone = made(study, 500, arrivals={"luminosity_cm2_s": 2e39}, pipeline={})
    played(alone)
    assert alone.merged is not None
    assert alone.merged.chamber == 0


def arrivals(timed: int, **table: Any) -> dict[str, int]:
    """Tick on which each bit of a collision on tick 100 comes, where the chamber times `timed`."""
    plan = compile_pipeline(parse_pipeline(table, "x"), load("low_multiplicity"))
    ticks = np.full((1, 3), 100)
    ticks[0, 2] = timed
    every = np.bitwise_or.reduce(plan.sub_mask, axis=0)[None]
    given = Collisions(np.array([100 * 256]), every, np.full((1, 3), -1), ticks)
    drawn = Drawn(
        np.zeros((1, len(SUB_TRIGGERS)), dtype=np.int64), np.zeros((1, 3), dtype=np.int64)
    )
    pulses, _ = primitives(plan, given, drawn)
    found = {}
    for tick, bits in zip(pulses.tick, unpack_bits(pulses.bits, len(plan.inputs)), strict=True):
        found |= {plan.inputs[i]: int(tick) for i in np.flatnonzero(bits)}
    return found


def test_bits_of_the_network_come_later() -> None:
    no_padding = {"cdc": {"pad_us": 0.0}, "neuro": {"pad_us": 0.0}}
    found = arrivals(100, **no_padding)
    link_and_network = 0.3 + 0.3
    later = round((2.58 + link_and_network) * 508.887 / 4) - round(2.58 * 508.887 / 4)
    for name in ("typ", "ty_0", "ty_3"):
        assert found[name] - found["t2_0"] == later
    assert found["cdc_open90"] == found["f2f30"] == found["t2_0"]
    # Padding brings them together, at the decision.
    padded = arrivals(100)
    assert abs(padded["typ"] - padded["t2_1"]) <= 1
    # Both are timed like the chamber's tracks.
    moved = arrivals(117, **no_padding)
    for name in ("typ", "t2_0"):
        assert moved[name] - found[name] == 17
    assert moved["ehigh"] == found["ehigh"]


def test_the_detector_of_the_library_is_the_studys(library: Library) -> None:
    context = library.context
    task = Task(0, 0, 200)
    _, detected = detector_hits(context, context.config.samples[0], task)
    assert detected.wires is not None
    assert library.detected.wires is not None
    words = context.track_words(detected)
    assert words is not None
    row = np.flatnonzero((np.diff(detected.cells.offsets) > 0) | (words.time["earliest_valid"] > 0))
    first = detected.wires.select(row[:50])
    assert np.array_equal(library.detected.wires.select(np.arange(50)).wire, first.wire)
