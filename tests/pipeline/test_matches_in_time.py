"""Muon detector and matches in the library and in pile-up, with the whole trigger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firmware_models.klm_hits import KlmHits
from firmware_models.trigger_cells import CellHits
from sim.pipeline.config import parse_pipeline
from sim.pipeline.library import Library, Process, build_library, input_bits, study_context
from sim.pipeline.plan import PipelinePlan, compile_pipeline, unpack_bits
from sim.pipeline.stream import CollisionStream
from sim.study.chunk import Task, detector_hits
from sim.study.config import load_study
from tests.pipeline.test_tracks_in_time import Pairs, overlapped
from trigger.menu import load
from trigger.menu.inputs import GRL_INPUTS, KLM_INPUTS, MUON_MATCHES

STUDY = """
[study]
events = 160
chunk = 80
seed = 4
luminosity_cm2_s = 8e36
[tracks]
[muons]
[[samples]]
name = "dimuon"
process = "dimuon"
[[samples]]
name = "background"
background = true
"""


@pytest.fixture(scope="module")
def plan() -> PipelinePlan:
    return compile_pipeline(parse_pipeline(None, "x"), load("low_multiplicity"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, plan: PipelinePlan) -> Library:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(STUDY)
    context = study_context(load_study(path), "x")
    return build_library(context, plan.inputs, 160, 8e36, "x", keep_hits=True)


def test_the_library_holds_the_bits_of_all_sub_triggers(library: Library) -> None:
    context, own = library.context, library.processes[0]
    _, detected = detector_hits(context, context.config.samples[0], Task(0, 0, 80))
    words = context.words(detected)
    assert words.muons is not None
    bits = input_bits(words.input_rows(), library.inputs)
    fires = bits.any(axis=1)
    assert fires.sum() > 50
    found = {row.tobytes() for row in library.bits[: own.last]}
    assert {row.tobytes() for row in bits[fires]} <= found
    dense = unpack_bits(library.bits[: own.last], len(library.inputs))
    for name in ("klm_0", "klm_1", "cdcklm_0", "cdcklm_1", "klmb2b", "cdcecl_1", "typ"):
        assert dense[:, library.inputs.index(name)].any(), name
    assert library.detected.muons is not None
    assert len(library.detected.muons) == len(library)


def single(library: Library, row: int) -> Library:
    """Return a library of one event, that comes at 1 MHz."""
    rows = np.array([row])
    columns = {name: getattr(library, name)[rows]
               for name in ("bits", "quality", "chamber_quality", "largest")}  # fmt: skip
    return replace(
        library, processes=(Process("dimuon", False, 0, 1, 1e6),), rate_hz=np.array([1e6]),
        detected=library.detected.select(rows), **columns,
    )  # fmt: skip


def together(cells: CellHits) -> CellHits:
    """Return a window with the same cells twice; the earlier time of each stays."""
    return replace(cells, energy=np.minimum(2 * cells.energy.astype(int), 4095).astype(np.uint16))


@pytest.mark.parametrize("apart", [0, 5, 31, 40, 64])
def test_overlapping_collisions_are_matched_on_all_they_left(
    library: Library, plan: PipelinePlan, monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    monkeypatch.setattr("sim.pipeline.stream.CHUNK", 16)
    dense = unpack_bits(library.bits[: library.processes[0].last], len(library.inputs))
    matched = [library.inputs.index(name) for name in ("cdcklm_1", "cdcecl_1", "typ", "klm_1")]
    row = int(np.flatnonzero(dense[:, matched].all(axis=1))[0])
    one = single(library, row)
    stream = CollisionStream(one, plan, lambda rate: Pairs(apart), 1, True)
    found = next(stream.chunks(1e9))
    pairs = len(found) // 2
    assert pairs > 2
    chain, tracks = one.context.chain, one.context.tracks
    assert tracks is not None
    assert one.detected.wires is not None
    # Calorimeter and muon detector: 32 ticks; drift chamber: 64 ticks before and after.
    cells, planes = one.detected.cells, one.detected.muons
    if apart < 32:
        cells = together(cells)
    for place, shifts in ((0, [apart]), (1, [-apart])):
        wires = overlapped(one.detected.wires, shifts if apart < 64 else [])
        words = chain.words(cells, tracks.evaluate(wires), planes)
        expected = unpack_bits(input_bits(words.input_rows(), one.inputs), len(one.inputs))[0]
        bits = unpack_bits(found.bits[place : 2 * pairs : 2], len(one.inputs))
        assert (bits == bits[0]).all()
        absorbed = place == 1 and apart < 32
        for column, name in enumerate(one.inputs):
            of_tracks = name in GRL_INPUTS or name.startswith(("t2", "ty", "cdc_", "f2f"))
            # The first collision of a window alone brings its bits, but tracks are each one's own.
            wanted = expected[column] and not (absorbed and not of_tracks)
            assert bits[0, column] == wanted, name
    if apart in (0, 64):
        assert expected[one.inputs.index("cdcklm_1")]
    merged, several = stream.merged, stream.merged.collisions // 2
    assert merged.muons == merged.windows == (several if apart < 32 else 0)
    assert merged.chamber == (2 * several if apart < 64 else 0)


def test_planes_of_two_collisions_make_a_sector(
    library: Library, plan: PipelinePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight planes are needed; two collisions have five each, two of them in common."""
    monkeypatch.setattr("sim.pipeline.stream.CHUNK", 16)
    one = single(library, 0)
    bit = np.array([2, 3, 4, 5, 6])
    masks = np.zeros((2, 24), dtype=np.uint64)
    masks[0, 3], masks[1, 3] = np.bitwise_or.reduce(1 << bit), np.bitwise_or.reduce(1 << bit + 3)
    cells = one.detected.cells.select(np.array([0, 0]))
    assert one.detected.wires is not None
    two = replace(
        one, rate_hz=np.array([1.0, 1.0]), processes=(Process("x", False, 0, 2, 2.0),),
        detected=replace(
            one.detected, cells=cells, muons=KlmHits.from_masks(masks),
            wires=one.detected.wires.select(np.array([0, 0])),
        ),
        **{name: np.zeros_like(np.repeat(getattr(one, name), 2, axis=0))
           for name in ("bits", "quality", "chamber_quality", "largest")},
    )  # fmt: skip
    stream = CollisionStream(two, plan, lambda rate: Pairs(7), 1, True)
    found = next(stream.chunks(1e9))
    bits = unpack_bits(found.bits, len(one.inputs))
    klm = bits[:, one.inputs.index("klm_0")]
    # Pairs of different events fire the sector together, those of equal ones do not.
    assert klm.any()
    assert stream.merged.muons == stream.merged.collisions // 2
    assert 0 < klm.sum() < stream.merged.muons


def test_bits_of_matches_need_both(library: Library) -> None:
    """A study without the muon detector keeps its matches to it at 0."""
    context = study_context(library.context.config.model_copy(update={"muons": None}), "x")
    assert context.muons is None
    _, detected = detector_hits(context, context.config.samples[0], Task(0, 0, 80))
    assert detected.muons is None
    rows = context.words(detected).input_rows()
    assert not set(rows.names) & set(KLM_INPUTS)
    for name in MUON_MATCHES:
        assert not rows[name].any(), name
    assert rows["cdcecl_1"].any()
