"""The extended shape: against plain integers, wire by wire, and in what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import cdc_segment
from firmware_models.interface.cdc_segment import CDC_WIRES
from firmware_models.segment_lut import NEVER, SIZES, SegmentLut, load
from firmware_models.segment_shapes import extra_members
from tests.firmware import segment_oracle as oracle

COLUMNS = ("id", "time", "lr", "position", "fastest", "pattern")


@pytest.fixture(scope="module")
def lut() -> SegmentLut:
    """Tables of random entries, 0 among them."""
    return SegmentLut(np.random.default_rng(8).integers(0, 4, sum(SIZES)).astype(np.uint8))


def run(words: NDArray[np.void], superlayer: int, shape: int, **more: int) -> NDArray[np.void]:
    values = {"superlayer": superlayer, "shape": shape, **more}
    return cdc_segment.evaluate(words, {name: np.array([v]) for name, v in values.items()})


@pytest.mark.parametrize("superlayer", range(9))
def test_random_streams(superlayer: int, lut: SegmentLut) -> None:
    rng = np.random.default_rng(superlayer)
    table = lut.tables[superlayer].tolist()
    more = 0
    for least, share in ((4, 0.01), (4, 0.002), (3, 0.004), (5, 0.03)):
        words = CDC_WIRES.zeros(36)
        words["clock"] = [c % 320 for c in range(300, 336)]
        words["hit"] = rng.random(words["hit"].shape) < share
        words["time"] = rng.integers(0, 16, words["time"].shape)
        registers = {"superlayer": np.array([superlayer]), "min_layers": np.array([least]),
                     "shape": np.array([1])}  # fmt: skip
        out = cdc_segment.evaluate(words, registers, lut=lut)
        narrow = cdc_segment.evaluate(words, registers | {"shape": np.array([0])}, lut=lut)
        more += int(out["valid"].sum()) - int(narrow["valid"].sum())
        frames = oracle.run(words, superlayer, least, table, wide=1)
        for word, frame in zip(out, frames, strict=True):
            n = len(frame.segments)
            assert word["valid"].tolist() == [1] * n + [0] * (10 - n)
            for name in COLUMNS:
                given = [row[name] for row in frame.segments]
                assert word[name].tolist() == given + [0] * (10 - n)
            assert int(word["dropped"]) == frame.dropped
    assert more > 10


def case(number: int, superlayer: int, row: int, relative: int) -> dict[tuple[int, int], int]:
    """Return a priority wire, two wires in other rows above it, and one more."""
    first = 0 if superlayer == 0 else 2
    others = [r for r in range(5) if r not in (first, row)][:2]
    return {(number, r): 1 for r in (first, *others)} | {(number + relative, row): 1}


@pytest.mark.parametrize("superlayer", range(9))
def test_every_wire_up_to_the_edge_of_the_view(superlayer: int) -> None:
    low, high = oracle.NEAR[superlayer]
    narrow, extra = oracle.shape(superlayer), oracle.extra(superlayer)
    cases = [(number, row, relative) for number in (low, (low + high) // 2, high)
             for row in range(5) for relative in range(-5, 6)
             if extra[row] and 0 <= number + 4 + relative < 240]  # fmt: skip
    words = CDC_WIRES.zeros(len(cases))
    words["clock"] = np.arange(len(cases)) * 16 % 320
    for frame, (number, row, relative) in enumerate(cases):
        for (column, r), time in case(number, superlayer, row, relative).items():
            words["hit"][frame, 5 * (column + 4) + r] = 1
            words["time"][frame, 5 * (column + 4) + r] = time
    for shape in (0, 1):
        out = run(words, superlayer, shape)
        for frame, (number, row, relative) in enumerate(cases):
            held = narrow[row] + (extra[row] if shape else [])
            there = number in out["id"][frame][out["valid"][frame] == 1]
            assert there == (relative in held), (number, row, relative, shape)


def test_extra_wires_change_nothing_but_the_layers() -> None:
    words = CDC_WIRES.zeros(1)
    words["clock"] = 20
    wires = {(53, 0): 2, (51, 1): 3, (50, 2): 9, (48, 3): 1, (47, 4): 0}
    for (number, row), time in wires.items():
        words["hit"][0, 5 * (number + 4) + row] = 1
        words["time"][0, 5 * (number + 4) + row] = time
    assert not run(words, 4, 0)["valid"].any()
    assert not run(words, 4, 0, min_layers=3)["valid"].any()
    out = run(words, 4, 1)[0]
    assert out["id"][out["valid"] == 1].tolist() == [50]
    # Pattern and times are those of its one wire in the hour-glass.
    assert (out["pattern"][0], out["position"][0], out["lr"][0]) == (1 << 5, 3, 3)
    assert out["time"][0] == out["fastest"][0] == 16 * 20 + 9


def test_packaged_tables_know_no_side_below_four_layers() -> None:
    """So that what only the extended shape finds has no side."""
    for superlayer, table in enumerate(load().tables):
        rows = [row for row, wires in oracle.shape(superlayer).items() for _ in wires]
        for pattern in range(len(table) // 2):
            if len({row for bit, row in enumerate(rows) if pattern >> bit & 1}) < 4:
                assert (table[2 * pattern : 2 * pattern + 2] == NEVER).all()


@pytest.mark.parametrize("superlayer", range(9))
def test_each_segment_has_its_extra_wires(superlayer: int) -> None:
    member, row = extra_members(1)
    layers = [8, 6, 6, 6, 6, 6, 6, 6, 6]
    cells = oracle.CELLS[superlayer]
    begin = sum(n * c for n, c in zip(layers[:superlayer], oracle.CELLS, strict=False))
    begin += 3 * cells if superlayer == 0 else 0
    segments = sum(oracle.CELLS[:superlayer])
    found = {(int(member[w, k]), w) for w in range(begin, begin + 5 * cells)
             for k in np.flatnonzero(member[w] >= 0)}  # fmt: skip
    expected = {
        (segments + local, begin + r * cells + (local + relative) % cells)
        for local in range(cells)
        for r, relatives in oracle.extra(superlayer).items()
        for relative in relatives
    }
    assert found == expected
    for wire in range(begin, begin + 5 * cells):
        used = row[wire][member[wire] >= 0]
        assert (used == (wire - begin) // cells).all()


def test_the_standard_shape_has_none() -> None:
    assert all(array.shape == (14336, 0) for array in extra_members(0))
