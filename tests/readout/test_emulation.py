"""Frames of an emulated stream hold what the simulation accepted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.event_payload import check_payload
from firmware_models.event_reader import read
from firmware_models.readout_events import SUBDETECTORS
from sim.readout.arrivals import ACTIVITY, PROBE, SHORT
from sim.readout.config import load_readout, parse_readout
from sim.readout.emulation.events import BLOCK_EVENTS, Emulation
from sim.readout.engine import Verdicts
from sim.readout.loads import Loads
from sim.readout.plan import compile_plan
from sim.readout.reference.rule_buffers import samples_of
from sim.readout.reference.veto import Veto
from sim.readout.sources import make_source
from sim.readout.summary import summary
from tests.readout.emitted import READ, emit, frames, readout, stage
from tests.readout.random_configs import random_arrivals
from trigger.menu import load as load_menu

DETECTOR = [
    *(stage(name, mean=50.0 * (i + 1)) for i, name in enumerate(READ[:-1])),
    stage("pxd", mean=9000.0),
    stage("onsen", "pxd", reduction=0.0333),
    *(stage(f"{name}_link", name) for name in (*READ[:-1], "onsen")),
]
"""Every sub-detector, each with a stage behind it that takes what leaves."""


def _inside(run, name: str) -> np.ndarray:
    """Return the bytes of accepted events in a stage, from the engines' own loads."""
    samples = np.array(
        [samples_of(0, flag) for flag in run.arrivals.flags.tolist()], dtype=np.int64
    )
    _, size = Loads.of(run.plan).events(run.draws, samples)
    accepted = (run.verdicts.cause == 0) & (run.arrivals.flags & PROBE == 0)
    return size[accepted, [s.name for s in run.plan.stages].index(name)]


@pytest.mark.parametrize("engine", ["fast", "simpy"])
def test_tags_times_and_number_are_those_of_the_accepts(engine: str) -> None:
    config = readout(run={"triggers": 500, "seed": 5, "probe_khz": 20.0}, stage=DETECTOR)
    run = emit(config, engine=engine)
    found = list(frames(run.stream))
    accepts = run.result.run.recorded.accept.tolist()
    assert 0 < len(accepts) < 500
    assert [frame.time for frame in found] == [time // 256 for time in accepts]
    assert [frame.tag for frame in found] == list(range(len(accepts)))


def test_engines_give_identical_bytes_and_seeds_differ() -> None:
    streams = [
        emit(readout(run={"triggers": 3000, "seed": seed}, stage=DETECTOR), engine=engine).stream
        for seed, engine in ((5, "fast"), (5, "simpy"), (5, "fast"), (6, "fast"))
    ]
    assert streams[0] == streams[1] == streams[2]
    assert streams[0] != streams[3]


def test_more_events_than_a_block_and_chunks_join() -> None:
    run = emit(readout(run={"triggers": 5 * BLOCK_EVENTS, "seed": 1}))
    tags = [frame.tag for frame in frames(run.stream)]
    assert len(tags) > 2 * BLOCK_EVENTS
    assert tags == list(range(len(tags)))


@pytest.mark.parametrize("factor", [1.0, 0.25, 0.0])
def test_fragments_hold_what_leaves_the_front_ends(factor: float) -> None:
    run = emit(readout(stage=DETECTOR), size_factor=factor)
    found = list(frames(run.stream))
    for number, name in enumerate((*READ[:-1], "onsen"), start=1):
        # What the stage behind takes is what leaves: the engines' own arithmetic.
        leaves = _inside(run, f"{name}_link").tolist()
        words = [-(-int(n * factor) // 4) for n in leaves]
        assert [frame.sizes[number] for frame in found] == words
        assert (max(words) > min(words)) == (factor > 0)


def test_pixel_data_without_reduction_leave_their_front_end() -> None:
    run = emit(readout(stage=[stage("pxd", mean=9000.0), stage("next", "pxd")]))
    words = [-(-n // 4) for n in _inside(run, "next").tolist()]
    assert [frame.sizes for frame in frames(run.stream)] == [{8: n} for n in words]


def test_events_that_a_stage_drops_have_an_empty_fragment() -> None:
    run = emit(readout(stage=[stage("cdc", mean=100.0, keep=0.5), stage("next", "cdc")]))
    sizes = [frame.sizes[2] for frame in frames(run.stream)]
    assert sizes == [-(-n // 4) for n in _inside(run, "next").tolist()]
    assert 0.3 < sizes.count(0) / len(sizes) < 0.7


def test_only_sub_detectors_of_the_plan_are_read() -> None:
    run = emit(readout(stage=[stage("ecl", mean=80.0), stage("muons", mean=30.0)]))
    assert all(set(frame.sizes) == {5} for frame in frames(run.stream))
    bare = emit(readout())
    assert len(bare.stream) == 72 * len(bare.result.run.recorded.accept)


def test_payload_is_that_of_the_seed() -> None:
    run = emit(readout(stage=DETECTOR))
    check_payload(read(run.stream, first_tag=0), 5)


def test_packaged_readout_fits() -> None:
    config = load_readout()
    plan = compile_plan(config)
    emulation = Emulation(plan, Loads.of(plan), make_source(config, ""), seed=1)
    assert emulation.accepted == 0
    assert {s.name.upper() for s in plan.stages} >= set(SUBDETECTORS)


def test_lines_are_those_of_the_trace(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = [f"line{i}" for i in range(70)]
    ticks = np.cumsum(rng.integers(100, 2000, 300)).tolist()
    fired = rng.random((300, 70)) < 0.05
    path = tmp_path / "trace.csv"
    rows = [",".join([str(t), *(str(int(x)) for x in row)])
            for t, row in zip(ticks, fired, strict=True)]  # fmt: skip
    path.write_text("\n".join([",".join(["tick", *names]), *rows]))
    run = emit(readout(arrivals={"kind": "trace", "file": str(path)}))
    found = list(frames(run.stream))
    accepted = np.flatnonzero(run.verdicts.cause == 0)
    assert 0 < len(accepted) < 300
    assert [frame.time for frame in found] == [ticks[i] for i in accepted]
    expected = [sum(1 << j for j in range(70) if fired[i, j]) for i in accepted]
    assert [frame.lines for frame in found] == expected
    assert any(expected)
    assert {frame.trigger_type for frame in found} == {0}


def test_numbers_of_a_source_place_its_lines() -> None:
    config = readout()
    plan = compile_plan(config)

    class Source:
        lines = ("a", "b")
        line_numbers = (319, 40)
        patterns = np.array([[True, False], [True, True]])

    rng = np.random.default_rng(2)
    arrivals = random_arrivals(rng, 4)
    arrivals.pattern[:] = [1, -1, 0, 1]
    arrivals.flags[:] = 0
    verdicts = Verdicts(np.zeros(4, np.int64), np.zeros(4, np.uint64))
    loads = Loads.of(plan)
    emulation = Emulation(plan, loads, Source(), seed=1)
    (block,) = emulation.blocks(arrivals, loads.draw(1, 0, 4), verdicts)
    lines = [sum(int(word) << 32 * k for k, word in enumerate(row)) for row in block.events.lines]
    assert lines == [1 << 319 | 1 << 40, 0, 1 << 319, 1 << 319 | 1 << 40]
    assert block.events.trigger_type.tolist() == [0, 7, 0, 0]


def test_flags_follow_the_candidates_and_the_veto() -> None:
    """Windows from the SimPy engine's veto; every candidate is taken, also inside."""
    veto = {
        "mode": "active",
        "rings": [
            {"ring": "her", "pre_ticks": 100, "length_ticks": 300, "gated_turns": 3},
            {"ring": "ler", "full_turns": 1, "gated_turns": 1, "length_ticks": 50,
             "wait_turns": 0},
        ],
    }  # fmt: skip
    seen = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        arrivals = random_arrivals(rng, 400)
        arrivals.flags[:] &= SHORT | ACTIVITY
        plan = compile_plan(readout(veto=veto))
        loads = Loads.of(plan)
        emulation = Emulation(plan, loads, make_source(readout(), ""), seed=1)
        verdicts = Verdicts(np.zeros(400, np.int64), np.zeros(400, np.uint64))
        blocks = list(emulation.blocks(arrivals, loads.draw(1, 0, 400), verdicts))
        flags = [flag for block in blocks for flag in block.events.flags.tolist()]
        windows = Veto(plan.veto, active=False)
        kicks = list(
            zip(
                *(
                    column.tolist()
                    for column in (
                        arrivals.kicks.time,
                        arrivals.kicks.ring,
                        arrivals.kicks.position,
                    )
                ),
                strict=True,
            )
        )
        expected = []
        for time, flag in zip(arrivals.time.tolist(), arrivals.flags.tolist(), strict=True):
            while kicks and kicks[0][0] <= time:
                windows.announce(*kicks.pop(0))
            up = windows.refuses(time, flag)
            seen += up
            expected.append(bool(flag & SHORT) | up << 1 | bool(flag & ACTIVITY) << 2)
        assert flags == expected
    assert seen > 100


@pytest.mark.parametrize(("samples", "expected"), [(3, {1}), (6, {0}), ("mixed", {0, 1})])
def test_the_chip_says_how_many_samples(samples: int | str, expected: set[int]) -> None:
    rule = {"kind": "apv25", "samples": samples, "cells": 32}
    run = emit(readout(throttle=[rule]))
    accepted = run.verdicts.cause == 0
    flags = [frame.flags & 1 for frame in frames(run.stream)]
    assert set(flags) == expected
    if samples == "mixed":
        assert flags == (run.arrivals.flags[accepted] & SHORT).tolist()


def test_what_does_not_fit_is_refused_at_the_start(tmp_path: Path) -> None:
    large = readout(stage=[stage("pxd", mean=333_000.0)])
    with pytest.raises(InputError, match=r"stage pxd: an event of PXD can have \d{7} bytes, a "
                       r"fragment holds 262140; --emit-size 0\.1\d would do"):  # fmt: skip
        _build(large)
    _build(large, 0.1)
    with pytest.raises(InputError, match="--emit-size: must be 0 to 1000, not -1"):
        _build(readout(), -1.0)
    path = tmp_path / "wide.csv"
    path.write_text(",".join(["tick", *(f"l{i}" for i in range(321))]) + "\n1" + ",1" * 321)
    wide = readout(arrivals={"kind": "trace", "file": str(path)})
    with pytest.raises(InputError, match="arrivals: frames have room for lines 0 to 319, not 320"):
        _build(wide)


def test_the_largest_event_that_passes_the_check_fits() -> None:
    """Fixed sizes: 262 140 bytes fill the field, one more does not."""
    for size, fits in ((262_140, True), (262_141, False)):
        fixed = {"name": "ecl", "after": ["l1"], "service": {"kind": "fixed", "us": 0.1},
                 "bytes": {"mean": size}}  # fmt: skip
        config = parse_readout(readout(run={"triggers": 3}).model_dump(exclude_none=True)
                               | {"stage": [fixed]}, "x")  # fmt: skip
        if not fits:
            with pytest.raises(InputError, match="an event of ECL can have 262141 bytes"):
                emit(config)
            continue
        assert {frame.sizes[5] for frame in frames(emit(config).stream)} == {65535}


def _build(config, factor: float = 1.0) -> Emulation:
    plan = compile_plan(config, "x")
    return Emulation(
        plan, Loads.of(plan), make_source(config, "x"), seed=1, size_factor=factor, place="x"
    )


def test_lines_of_a_menu_stand_at_their_numbers(tmp_path: Path) -> None:
    """Frames with the bit of a line's index are its accepted triggers in the tally."""
    study = tmp_path / "study.toml"
    study.write_text(
        "[study]\nevents = 1000\nseed = 3\n[[samples]]\nname = 'digamma'\nprocess = 'digamma'\n"
    )
    arrivals = {"kind": "menu", "study": str(study), "events": 1000}
    run = emit(readout(arrivals=arrivals, run={"triggers": 2000, "seed": 1}))
    numbers = {line.name: line.index for line in load_menu("low_multiplicity").lines}
    found = list(frames(run.stream))
    counted = {
        name: sum(frame.lines >> number & 1 for frame in found) for name, number in numbers.items()
    }
    assert counted == {line["name"]: line["accepted"] for line in summary(run.result)["lines"]}
    used = [number for name, number in numbers.items() if counted[name]]
    assert len(used) > 3
    assert numbers.keys() == set(run.result.source.lines)
    assert list(numbers.values()) != list(range(len(numbers)))
