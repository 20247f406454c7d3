"""Stimulus, look-up tables and seeded faults of `cdc_segment` in RTL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models import cdc_segment
from firmware_models.interface import BLOCKS
from firmware_models.interface.cdc_hough import FIRST, LEFT, RIGHT
from firmware_models.interface.clock import TICK_NS
from firmware_models.segment_lut import FIRST_ENTRY, SegmentLut
from firmware_models.segment_views import segment_views
from hdl.batch import BatchSimulator
from hdl.compare import differing
from hdl.generate_segment import near_masks, rom_words, segment_modules
from hdl.sources import block_sources, user_design
from hdl.testbenches.cdc_segment.stimulus import BATCH, constrained, registers
from hdl.tools import available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify
from sim.study.frames import physics_frames, physics_registers
from sim.study.frames.collisions import CHUNK
from tests.hdl.rom_contents import in_text

BLOCK = "cdc_segment"
ROM = "cdc_segment_rom.sv"
_BORDER = near_masks()[7]

VIEW_FAULTS = {
    # Eleven bits of the fan: superlayer 0 alone.
    "cdc_segment_lane.sv": ("|pattern_q[14:PW-1]", "|pattern_q[13:PW-1]"),
    # The last id of the view of superlayer 7.
    "cdc_segment_view.sv": (f"{_BORDER:058x}", f"{_BORDER ^ 1 << 207:058x}"),
}
"""File, text in it, and what it becomes."""

# One wire of the extended hour-glass.
SHAPE_FAULT = ("cdc_segment_fires.sv", "r0_b2 | r0_u2 | r0_u3", "r0_b2 | r0_u2")

# The tenth segment's wires, when the next frame follows at once.
HELD_TOO_SHORT = ("cdc_segment.sv", ".hold_i   (token_q[4])", ".hold_i   (token_q[3])")

TESTBENCH_MUTANTS = {
    # A step of the clock of 16 or more must let every hit die.
    "ages-wrap": (
        "cdc_segment_row.sv", "(g_age[AW-1].carry ^ {N{elapsed_i[AW]}})", "g_age[AW-1].carry",
    ),
    "later-hit-counts": (
        "cdc_segment_row.sv", "(keep & time_q) | (~keep & new_q)",
        "(keep & ~hit_q & time_q) | ((~keep | hit_q) & new_q)",
    ),
    "hits-survive-reset": (
        "cdc_segment_row.sv", "if (!rst_ni) live_q <= '0;\n    else if (update_i)", "if (update_i)",
    ),
    "beats-survive-reset": ("cdc_segment.sv", "      beat_q  <= '0;\n", ""),
}  # fmt: skip
FRAMES = {"ages-wrap": 150, "later-hit-counts": 150}
"""Frames in each check of the testbench, where 40 are not enough."""


def _changed(folder: Path, changed: dict[str, str]) -> list[Path]:
    """Return the block's files with the text of some replaced."""
    sources = list(block_sources(BLOCK))
    for i, source in enumerate(sources):
        if source.name in changed:
            sources[i] = folder / source.name
            sources[i].write_text(changed[source.name], encoding="utf-8")
    return sources


def _faulty(file: str, old: str, new: str) -> str:
    (source,) = [path for path in block_sources(BLOCK) if path.name == file]
    text = source.read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


def _mutant(folder: Path, file: str, old: str, new: str) -> list[Path]:
    return _changed(folder, {file: _faulty(file, old, new)})


def _other_tables() -> SegmentLut:
    """Return random tables, in which 0 stands too."""
    entries = np.random.default_rng(5).integers(0, 4, FIRST_ENTRY[-1])
    return SegmentLut(entries.astype(np.uint8))


def test_block_keeps_up_with_the_data_clock() -> None:
    """A frame every 31.44 ns (RF / 16)."""
    block = BLOCKS[BLOCK]
    assert block.interval == block.beats == 4
    assert block.interval * TICK_NS == pytest.approx(31.44, abs=0.01)


def test_stimulus_reaches_what_it_is_made_for() -> None:
    words = constrained(BATCH, 4)
    step = np.diff(words["clock"].astype(np.int64)) % 320
    assert (step == 1).mean() > 0.9
    assert {0, 15, 16, 17, 31, 32, 33} <= set(step.tolist())
    assert ((words["clock"][:-1] == 319) & (words["clock"][1:] == 0)).any()
    hit = words["hit"].astype(bool)
    assert hit.all(axis=1).any()
    assert (~hit.any(axis=1)).sum() > 100
    assert hit[16:][:, ::7][hit[:-16][:, ::7]].any()
    found = cdc_segment.evaluate(words, {"superlayer": np.array([7])})
    slots = found["valid"].sum(axis=1)
    assert set(range(11)) <= set(slots.tolist())
    assert found["dropped"].max() > 100
    valid = found["valid"] == 1
    low, high = segment_views().near[7].tolist()
    assert {low, high} <= set(found["id"][valid].tolist())
    for position in (RIGHT, LEFT, FIRST):
        assert (found["position"][valid] == position).sum() > 50


def test_volume_goes_through_all_superlayers() -> None:
    batches = list(constrained_batches(BLOCK, 100_000, 11))
    chosen = [int(b.registers["superlayer"][0]) for b in batches if b.registers is not None]
    assert set(chosen) == set(range(9))
    assert {int(registers(seed)["min_layers"][0]) for seed in range(100)} == set(range(1, 6))
    assert {int(registers(seed)["shape"][0]) for seed in range(100)} == {0, 1}


def test_physics_frames_hold_segments_in_all_superlayers() -> None:
    for chunk, words in enumerate(physics_frames(BLOCK, 9 * CHUNK, 2)):
        chosen = physics_registers(BLOCK, chunk)
        assert chosen is not None
        assert int(chosen["superlayer"][0]) == chunk % 9
        found = cdc_segment.evaluate(words, chosen)
        assert 0.05 < found["valid"].any(axis=1).mean() < 0.6, chunk
    assert physics_registers("cdc_hough", 0) is None


def test_tables_lie_in_the_rom_as_the_lane_reads_them() -> None:
    lut = _other_tables()
    text = segment_modules("Other tables.", lut)[f"hdl/generated/{ROM}"]
    words = in_text(text)
    assert {name: len(memory) for name, memory in words.items()} == {"fan": 1024, "other": 512}
    for superlayer, table in enumerate(lut.tables):
        for address in range(0, len(table), 37):
            place = address if superlayer == 0 else (superlayer - 1) << 12 | address
            word = words["other" if superlayer else "fan"][place >> 6]
            assert word >> (2 * (place & 63)) & 3 == (int(table[address]) or 3)


def test_an_entry_that_never_fires_is_unknown() -> None:
    table = np.zeros(64, dtype=np.uint8)
    table[1] = 2
    assert rom_words(table) == [(1 << 128) - 1 - (1 << 2)]


def test_masks_are_the_ids_that_may_fire() -> None:
    for mask, (low, high) in zip(near_masks(), segment_views().near.tolist(), strict=True):
        assert [i for i in range(240) if mask >> i & 1] == list(range(low, high + 1))


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-cdc_segment-faults")
def test_volume_finds_it(tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    result = VerifyResult(BLOCK, "verilator")
    simulate = BatchSimulator(BLOCK, _mutant(tmp_path, *HELD_TOO_SHORT))
    run_batches(simulate, "constrained", constrained_batches(BLOCK, 20_000, 3), result, 3)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith("cdc_segment.")


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-cdc_segment-faults")
@pytest.mark.parametrize("name", sorted(TESTBENCH_MUTANTS))
def test_testbench_in_icarus_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    wrong = user_design(BLOCK, _mutant(tmp_path, *TESTBENCH_MUTANTS[name]))
    result = verify(BLOCK, "icarus", dut=wrong, bench_vectors=FRAMES.get(name, 40))
    assert result.mismatches > 0
    assert result.first is not None


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-cdc_segment-faults")
def test_other_tables_need_no_other_rtl(tmp_path: Path) -> None:
    """Random tables, in ROMs as `lowmult generate` writes them.

    Two faults are in the same build, each of one superlayer: all others must be right. A third one
    is in the extended shape of superlayers 1 to 8.
    """
    if reason := available("verilator"):
        pytest.skip(reason)
    lut = _other_tables()
    changed = {ROM: segment_modules("Other tables.", lut)[f"hdl/generated/{ROM}"]}
    changed |= {file: _faulty(file, *texts) for file, texts in VIEW_FAULTS.items()}
    changed[SHAPE_FAULT[0]] = _faulty(*SHAPE_FAULT)
    simulate = BatchSimulator(BLOCK, _changed(tmp_path, changed))
    for superlayer in range(9):
        words = constrained(BATCH, 20 + superlayer)
        chosen = {"superlayer": np.array([superlayer]), "min_layers": np.array([3])}
        expected = cdc_segment.evaluate(words, chosen, lut=lut)
        assert set(expected["lr"][expected["valid"] == 1].tolist()) == {1, 2, 3}
        found = simulate.run(words, chosen)
        assert bool(len(differing(expected, found))) == (superlayer in (0, 7))
        if superlayer == 0:  # the fault is in its pattern, whose last bit is too seldom set
            found["pattern"] |= expected["pattern"] & 1 << 10
            assert np.array_equal(found, expected)
    wide = {"superlayer": np.array([5]), "shape": np.array([1])}
    words = constrained(BATCH, 31)
    expected = cdc_segment.evaluate(words, wide, lut=lut)
    assert len(differing(expected, simulate.run(words, wide)))
