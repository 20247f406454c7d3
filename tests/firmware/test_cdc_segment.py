"""The segment finder's stream against plain integers, and the corners of its rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import cdc_segment
from firmware_models.errors import InputError
from firmware_models.interface.cdc_segment import CDC_WIRES, SEGMENT_LIST
from firmware_models.segment_lut import SIZES, SegmentLut
from tests.firmware import segment_oracle as oracle

COLUMNS = ("id", "time", "lr", "position", "fastest", "pattern")


@pytest.fixture(scope="module")
def lut() -> SegmentLut:
    """Tables of random entries, 0 among them."""
    return SegmentLut(np.random.default_rng(5).integers(0, 4, sum(SIZES)).astype(np.uint8))


def registers(superlayer: int, least: int = 4) -> dict[str, NDArray[np.int64]]:
    return {"superlayer": np.array([superlayer]), "min_layers": np.array([least])}


def stream(clocks: list[int], hits: dict[int, dict[tuple[int, int], int]]) -> NDArray[np.void]:
    """Return words with hits {frame: {(segment id, row): time}}."""
    words = CDC_WIRES.zeros(len(clocks))
    words["clock"] = clocks
    for frame, new in hits.items():
        for (identity, row), time in new.items():
            words["hit"][frame, 5 * (identity + 4) + row] = 1
            words["time"][frame, 5 * (identity + 4) + row] = time
    return words


def compare(words: NDArray[np.void], superlayer: int, least: int, lut: SegmentLut) -> int:
    """Demand equality with the oracle; return how many segments there were."""
    out = cdc_segment.evaluate(words, registers(superlayer, least), lut=lut)
    expected = oracle.run(words, superlayer, least, lut.tables[superlayer].tolist())
    total = 0
    for word, frame in zip(out, expected, strict=True):
        n = len(frame.segments)
        assert word["valid"].tolist() == [1] * n + [0] * (10 - n)
        for name in COLUMNS:
            assert word[name].tolist() == [row[name] for row in frame.segments] + [0] * (10 - n)
        assert int(word["dropped"]) == frame.dropped
        assert int(word["clock"]) == frame.clock
        total += n + frame.dropped
    return total


def random_words(rng: np.random.Generator, clocks: list[int], share: float) -> NDArray[np.void]:
    words = CDC_WIRES.zeros(len(clocks))
    words["clock"] = clocks
    words["hit"] = rng.random(words["hit"].shape) < share
    words["time"] = rng.integers(0, 16, words["time"].shape)  # noise where there is no hit
    return words


@pytest.mark.parametrize("superlayer", range(9))
def test_random_streams(superlayer: int, lut: SegmentLut) -> None:
    rng = np.random.default_rng(superlayer)
    turn = [c % 320 for c in range(304, 336)]
    jumps = rng.integers(0, 512, 12).tolist()
    repeats = [7, 7, 8, 8, 40, 23, 24]
    for least, share, clocks in ((4, 0.02, turn), (4, 0.15, jumps), (5, 0.06, turn[:20]),
                                 (1, 0.004, turn), (3, 0.08, repeats)):  # fmt: skip
        assert compare(random_words(rng, clocks, share), superlayer, least, lut) > 10


@pytest.mark.parametrize("superlayer", range(9))
def test_all_fired_and_none(superlayer: int, lut: SegmentLut) -> None:
    words = CDC_WIRES.zeros(3)
    words["clock"] = [0, 1, 17]
    words["hit"][1] = 1
    words["time"][1] = np.arange(1200) % 16
    compare(words, superlayer, 4, lut)
    out = cdc_segment.evaluate(words, registers(superlayer), lut=lut)
    low, high = oracle.NEAR[superlayer]
    assert out["valid"].sum(axis=1).tolist() == [0, 10, 0]
    assert out["dropped"].tolist() == [0, high - low + 1 - 10, 0]
    assert out["id"][1].tolist() == list(range(low, low + 10))
    assert (out["position"][1] == 3).all()


def five(identity: int) -> dict[tuple[int, int], int]:
    """Return a straight segment of superlayers 1 to 8: one wire a row."""
    return {(identity, row): 3 + row for row in range(5)}


def found(words: NDArray[np.void], superlayer: int, lut: SegmentLut) -> list[list[int]]:
    """Return the ids of each frame, held against the oracle too."""
    compare(words, superlayer, 4, lut)
    out = cdc_segment.evaluate(words, registers(superlayer), lut=lut)
    return [word["id"][word["valid"] == 1].tolist() for word in out]


def test_hits_count_for_sixteen_clocks(lut: SegmentLut) -> None:
    clocks = [c % 320 for c in range(311, 331)]
    words = stream(clocks, {2: five(50)})
    assert found(words, 4, lut) == [[]] * 2 + [[50]] * 16 + [[]] * 2
    out = cdc_segment.evaluate(words, registers(4), lut=lut)
    stamp = 16 * (313 % 32)
    assert set(out["time"][2:18, 0].tolist()) == {stamp + 5}
    assert set(out["fastest"][2:18, 0].tolist()) == {stamp + 3}


def test_the_earlier_hit_stays_until_it_dies(lut: SegmentLut) -> None:
    again = {(50, 2): 9}
    early = stream(list(range(40)), {0: five(50), 15: again})
    # The priority wire's second hit comes while the first lives and is lost: four layers die.
    assert found(early, 4, lut) == [[50]] * 16 + [[]] * 24
    late = stream(list(range(40)), {0: five(50), 16: five(50)})
    assert found(late, 4, lut) == [[50]] * 32 + [[]] * 8


def test_a_whole_turn_of_the_stamps_later(lut: SegmentLut) -> None:
    # Sixteen clocks after a hit there is a frame that lets it die; without one it lives again.
    with_frames = stream([0, 20, 32], {0: five(50)})
    assert found(with_frames, 4, lut) == [[50], [], []]
    without = stream([0, 32], {0: five(50)})
    assert found(without, 4, lut) == [[50], [50]]


@pytest.mark.parametrize(("right", "left", "position"), [(4, 9, 1), (9, 4, 2), (6, 6, 2)])
def test_of_two_second_wires_the_earlier(right: int, left: int, position: int) -> None:
    # Without the first-priority wire; the address's last bit tells which one counts.
    wires = {(49, 0): 5, (49, 1): 5, (49, 3): right, (50, 3): left, (50, 4): 5}
    address = 1 << 0 | 1 << 3 | 1 << 6 | 1 << 7 | 1 << 9
    entries = np.zeros(sum(SIZES), dtype=np.uint8)
    lut = SegmentLut(entries)
    lut.tables[3][2 * address :][:2] = (1, 2)
    words = stream([8], {0: wires})
    compare(words, 3, 4, lut)
    out = cdc_segment.evaluate(words, registers(3), lut=lut)[0]
    slot = out["id"].tolist().index(50)
    assert out["position"][slot] == position
    assert out["time"][slot] == 16 * 8 + (left if position == 2 else right)
    assert out["lr"][slot] == position
    assert out["fastest"][slot] == 16 * 8 + min(5, right, left)
    assert out["pattern"][slot] == address


def test_earlier_is_older_across_the_wrap_of_stamps() -> None:
    lut = SegmentLut(np.zeros(sum(SIZES), dtype=np.uint8))
    wires = {(49, 0): 5, (49, 1): 5, (50, 4): 5}
    words = stream([31, 0], {0: {**wires, (49, 3): 15}, 1: {(50, 3): 0}})
    compare(words, 3, 4, lut)
    out = cdc_segment.evaluate(words, registers(3), lut=lut)[1]
    slot = out["id"].tolist().index(50)
    assert (out["position"][slot], out["time"][slot]) == (1, 31 * 16 + 15)
    assert out["fastest"][slot] == 31 * 16 + 5


@pytest.mark.parametrize("superlayer", [0, 1, 6, 8])
def test_neighbours_are_suppressed_up_to_the_edge_of_the_view(
    superlayer: int, lut: SegmentLut
) -> None:
    low, high = oracle.NEAR[superlayer]
    first = 0 if superlayer == 0 else 2
    everything = {(i, row): 1 for i in range(low - 4, high + 5) for row in range(5) if row != first}
    alone = stream([0], {0: everything})
    ids = {int(i) for i in range(low, high + 1)}
    out = cdc_segment.evaluate(alone, registers(superlayer), lut=lut)
    assert (out["position"][0] == 2).all()
    assert out["dropped"][0] == len(ids) - 10
    compare(alone, superlayer, 4, lut)
    for middle in (low - 1, low, low + 1, low + 5):
        words = stream([0], {0: {**everything, (middle, first): 1}})
        compare(words, superlayer, 4, lut)
        out = cdc_segment.evaluate(words, registers(superlayer), lut=lut)
        # A first-priority wire outside the view suppresses nothing.
        hidden = set() if middle < low else {middle - 1, middle + 1} & ids
        assert out["id"][0].tolist() == sorted(ids - hidden)[:10]


def test_overflow_is_counted(lut: SegmentLut) -> None:
    wires = {key: t for i in range(20, 64, 4) for key, t in five(i).items()}
    words = stream([5], {0: wires})
    assert found(words, 6, lut) == [[20, 24, 28, 32, 36, 40, 44, 48, 52, 56]]
    assert cdc_segment.evaluate(words, registers(6), lut=lut)["dropped"].tolist() == [1]


def test_a_priority_wire_and_four_layers_are_needed(lut: SegmentLut) -> None:
    straight = five(50)
    for row in range(5):
        without = {key: t for key, t in straight.items() if key[1] != row}
        told = found(stream([0], {0: without}), 4, lut)[0]
        # Without the first-priority wire the second-priority one makes two segments.
        assert told == ([50, 51] if row == 2 else [50])
    three = {key: t for key, t in straight.items() if key[1] > 1}
    assert found(stream([0], {0: three}), 4, lut) == [[]]
    none = {(50, 0): 1, (50, 1): 1, (50, 4): 1}
    assert (
        cdc_segment.evaluate(stream([0], {0: none}), registers(4, 1), lut=lut)["valid"].sum() == 0
    )


def test_stream_in_parts(lut: SegmentLut) -> None:
    words = random_words(np.random.default_rng(9), list(range(40)), 0.01)
    whole = cdc_segment.evaluate(words, registers(7), lut=lut)
    state = cdc_segment.State()
    parts = [cdc_segment.evaluate(part, registers(7), state, lut)
             for part in np.split(words, [1, 13, 14])]  # fmt: skip
    assert np.array_equal(np.concatenate(parts), whole)
    assert whole["valid"].any()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"superlayer": [9]}, "superlayer: must be one number of 0 to 8, not 9"),
        ({"superlayer": [-1]}, "superlayer: must be one number of 0 to 8, not -1"),
        ({"min_layers": [0]}, "min_layers: must be one number of 1 to 5, not 0"),
        ({"min_layers": [6]}, "min_layers: must be one number of 1 to 5, not 6"),
        ({"min_layers": [4, 4]}, "min_layers: must be one number of 1 to 5, not 4, 4"),
        ({"shape": [2]}, "shape: must be one number of 0 to 1, not 2"),
        ({"layers": [4]}, "unknown register 'layers'"),
    ],
)
def test_bad_registers_are_refused(given: dict[str, Any], text: str, lut: SegmentLut) -> None:
    values = {name: np.array(value) for name, value in given.items()}
    with pytest.raises(InputError, match=text):
        cdc_segment.evaluate(CDC_WIRES.zeros(1), values, lut=lut)


def test_bad_tables_are_refused() -> None:
    with pytest.raises(InputError, match="98304 bytes"):
        cdc_segment.evaluate(CDC_WIRES.zeros(1), lut=SegmentLut(np.zeros(4, dtype=np.uint8)))
    with pytest.raises(InputError, match="0 to 3, not 4"):
        cdc_segment.evaluate(CDC_WIRES.zeros(1), lut=SegmentLut(np.full(98304, 4, dtype=np.uint8)))


def test_interface_names_the_fields() -> None:
    block = cdc_segment.describe()
    assert (block.input, block.output, block.beats) == (CDC_WIRES, SEGMENT_LIST, 4)
    assert block.stateful
