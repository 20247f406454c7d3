"""`ecl_cluster` against a plain-integer oracle that works with the cells' extents, not ids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from firmware_models import ecl_cluster
from firmware_models.cell_neighbours import neighbours
from firmware_models.errors import InputError
from firmware_models.interface.clock import TIME_LSB_NS
from firmware_models.interface.ecl import ECL_FRAME
from firmware_models.trigger_cells import CellHits, cell_map
from hdl.testbenches.ecl_cluster.stimulus import constrained

LSB_GEV = 5.231e-3


# ------------------------------------------------------------------------------------- the oracle
@dataclass(frozen=True)
class Extent:
    """A cell as an interval in φ within its ring: units of 10° (barrel) or 11.25° (endcaps)."""

    part: int  # 0 barrel, 1 forward, 2 backward: the order in which clusters are filled
    ring: int
    start: int
    width: int

    @property
    def turn(self) -> int:
        return 36 if self.part == 0 else 32


@cache
def extents() -> dict[int, Extent]:
    """Cell ids written out from the numbering rules of the reference notes."""
    out = {}
    for group in range(16):
        for k, (ring, shift, width) in enumerate(
            ((1, 0, 2), (2, 0, 1), (3, 0, 1), (3, 1, 1), (2, 1, 1))
        ):
            out[1 + 5 * group + k] = Extent(1, ring, 2 * group + shift, width)
        for k, (ring, shift) in enumerate(((17, 1), (16, 1), (16, 0), (17, 0))):
            out[513 + 4 * group + k] = Extent(2, ring, 2 * group + shift, 1)
    for phi in range(36):
        for row in range(12):
            out[81 + 12 * phi + row] = Extent(0, 4 + row, phi, 1)
    return out


def _units(cell: Extent) -> set[int]:
    return {(cell.start + i) % cell.turn for i in range(cell.width)}


def _before(cell: Extent) -> int:
    return (cell.start - 1) % cell.turn


def _after(cell: Extent) -> int:
    return (cell.start + cell.width) % cell.turn


@cache
def _where() -> dict[tuple[int, int, int], int]:
    return {(e.part, e.ring, unit): tc for tc, e in extents().items() for unit in _units(e)}


@cache
def around(tc: int) -> frozenset[int]:
    """Cells of the same part that touch the cell, corners included, and itself."""
    cell = extents()[tc]
    units = _units(cell) | {_before(cell), _after(cell)}
    found = {
        _where().get((cell.part, ring, unit))
        for ring in (cell.ring - 1, cell.ring, cell.ring + 1)
        for unit in units
    }
    return frozenset(other for other in found if other)


def is_seed(tc: int, energy: dict[int, int]) -> bool:
    cell = extents()[tc]

    def fired(ring: int, unit: int) -> bool:
        return energy.get(_where().get((cell.part, ring, unit), 0), 0) > 0

    upper = fired(cell.ring, _before(cell))
    lower = fired(cell.ring, _after(cell))
    left = any(fired(cell.ring + 1, unit) for unit in _units(cell))
    lower_left = fired(cell.ring + 1, _after(cell))
    return not (upper or left) and not (lower and lower_left)


def oracle(frame: Any) -> dict[str, Any]:
    """Evaluate one frame with Python integers."""
    energy = {i + 1: int(e) for i, e in enumerate(frame["energy"]) if e > 0}
    time = {tc: int(frame["time"][tc - 1]) for tc in energy}
    seeds = sorted(
        (tc for tc in energy if is_seed(tc, energy)), key=lambda tc: (extents()[tc].part, tc)
    )
    clusters = []
    for seed in seeds[:6]:
        centre = max((tc for tc in around(seed) if tc in energy), key=lambda tc: (energy[tc], -tc))
        cells = [tc for tc in around(centre) if tc in energy]
        total = sum(energy[tc] for tc in cells)
        weighted = sum(energy[tc] * time[tc] for tc in cells)
        mean = (2 * weighted + total) // (2 * total)  # nearest, halves up
        clusters.append((1, centre, min(total, 16383), mean, len(cells)))
    clusters += [(0, 0, 0, 0, 0)] * (6 - len(clusters))
    top = max(energy, key=lambda tc: (energy[tc], -tc)) if energy else 0
    rings = [sum(e for tc, e in energy.items() if extents()[tc].ring == r) for r in range(1, 18)]
    names = ("valid", "tc", "energy", "time", "n_tc")
    return {
        **{name: [c[i] for c in clusters] for i, name in enumerate(names)},
        "overflow": int(len(seeds) > 6),
        "icn": min(127, sum(2 <= extents()[tc].ring <= 15 for tc in seeds)),
        "ring_energy": [min(16383, total) for total in rings],
        "max_tc": top,
        "max_energy": energy.get(top, 0),
        "max_time": time.get(top, 0),
        "frame": int(frame["frame"]),
    }


def frames(*cells: dict[int, tuple[int, int]]) -> Any:
    """Build frames from {tc: (energy, time)}."""
    words = ECL_FRAME.zeros(len(cells))
    for word, hits in zip(words, cells, strict=True):
        for tc, (energy, time) in hits.items():
            word["energy"][tc - 1], word["time"][tc - 1] = energy, time
    return words


def fired(*cells: int) -> Any:
    """Build one frame with equal energies and times."""
    return frames(dict.fromkeys(cells, (100, 50)))


def barrel(phi: int, ring: int) -> int:
    return int(cell_map().id_of[ring, (phi - 1) % 36 + 1])


# -------------------------------------------------------------------------------------- the facts
def test_every_field_equals_the_oracle_on_constrained_frames() -> None:
    words = constrained(2500, seed=11)
    found = ecl_cluster.evaluate(words)
    for i, word in enumerate(words):
        expected = oracle(word)
        for name, value in expected.items():
            assert np.array_equal(found[i][name], value), (i, name, value, found[i][name])


def test_constrained_frames_reach_the_corners() -> None:
    """A stimulus that never saturates, overflows, ties or empties would prove little."""
    words = constrained(2500, seed=11)
    found = ecl_cluster.evaluate(words)
    assert {0, 1} <= set(found["overflow"].tolist())
    assert (found["energy"] == 16383).any()
    assert (found["ring_energy"] == 16383).any()
    assert (found["valid"].sum(axis=1) == 0).any()
    assert (found["n_tc"] == 9).any()
    assert (found["icn"] > 20).any()
    top = words["energy"].max(axis=1, keepdims=True)
    assert (((words["energy"] == top) & (top > 0)).sum(axis=1) > 1).any()
    for low, high in ((1, 80), (81, 512), (513, 576)):
        assert ((found["tc"] >= low) & (found["tc"] <= high)).any()


def test_cell_map_has_the_extents_of_the_numbering_rules() -> None:
    cells = cell_map()
    for tc, extent in extents().items():
        assert cells.theta_id[tc] == extent.ring
        assert cells.phi_id[tc] == extent.start // extent.width + 1


def test_windows_are_the_touching_cells() -> None:
    for tc in range(1, 577):
        window = neighbours().window[tc]
        assert set(window[window > 0].tolist()) == around(tc)
        assert window[0] == tc


def test_windows_are_mutual() -> None:
    assert all(tc in around(other) for tc in range(1, 577) for other in around(tc))


# An L of three cells is one cluster however it lies; "." not fired, "#" fired; rows are φ, columns
# fall in θ-ID (left = +1), as in the drawings of the isolated-cluster logic.
PATTERNS = {
    ("#",): 1,
    ("##",): 1,
    ("#", "#"): 1,
    ("##", "##"): 1,
    ("#.", "##"): 1,
    (".#", "##"): 1,
    ("##", "#."): 1,
    ("##", ".#"): 1,
    ("###", "###", "###"): 1,
    ("#.#",): 2,
    ("#", ".", "#"): 2,
    # corners alone do not join, in either diagonal
    ("#.", ".#"): 2,
    (".#", "#."): 2,
    ("###", "#.#", "###"): 1,
    ("#.#", "###"): 1,
    ("###", "#.#"): 1,
    # the rule is local: a U is one cluster or two, by the side to which it opens
    ("##", "#.", "##"): 1,
    ("##", ".#", "##"): 2,
}


@pytest.mark.parametrize(("pattern", "count"), PATTERNS.items(), ids=lambda v: str(v))
@pytest.mark.parametrize("phi", [10, 35])
def test_icn_patterns(pattern: tuple[str, ...], count: int, phi: int) -> None:
    cells = [
        barrel(phi + row, 10 - column)
        for row, line in enumerate(pattern)
        for column, mark in enumerate(line)
        if mark == "#"
    ]
    word = ecl_cluster.evaluate(fired(*cells))[0]
    assert word["icn"] == count
    assert word["valid"].sum() == count


@pytest.mark.parametrize("step", [1, 7, 35])
def test_turn_by_a_barrel_cell_turns_the_clusters(step: int) -> None:
    """Turned frames have the turned clusters, but for the order, which follows the id."""
    rng = np.random.default_rng(5)
    words = ECL_FRAME.zeros(400)
    for word in words:
        # few cells, all energies different: no overflow and no ties
        cells = 81 + rng.choice(432, 6, replace=False)
        word["energy"][cells - 1] = 20 + rng.permutation(3000)[:6]
        word["time"][cells - 1] = rng.integers(0, 256, 6)
    turned = words.copy()
    for name in ("energy", "time"):
        turned[name][:, 80:512] = np.roll(words[name][:, 80:512], 12 * step, axis=1)
    for one, other in zip(ecl_cluster.evaluate(words), ecl_cluster.evaluate(turned), strict=True):
        assert np.array_equal(one["ring_energy"], other["ring_energy"])
        assert one["icn"] == other["icn"]
        expected = {
            (81 + (int(tc) - 81 + 12 * step) % 432, int(e), int(t), int(n))
            for v, tc, e, t, n in zip(*(one[f] for f in FIELDS), strict=True)
            if v
        }
        found = {
            tuple(map(int, c[1:])) for c in zip(*(other[f] for f in FIELDS), strict=True) if c[0]
        }
        assert found == expected


FIELDS = ("valid", "tc", "energy", "time", "n_tc")


@pytest.mark.parametrize("pair", [(92, 104), (80, 81), (512, 513), (3, 81), (92, 514), (2, 513)])
def test_no_cluster_spans_two_parts(pair: tuple[int, int]) -> None:
    """Cells of different parts never share a cluster; (92, 104) are barrel neighbours that do."""
    word = ecl_cluster.evaluate(fired(*pair))[0]
    together = pair == (92, 104)
    assert word["valid"].sum() == (1 if together else 2)
    assert word["n_tc"].max() == (2 if together else 1)


def test_a_ring_1_cell_is_counted_once_and_is_not_in_the_icn() -> None:
    word = ecl_cluster.evaluate(fired(1))[0]
    assert (word["valid"].sum(), word["energy"][0], word["n_tc"][0], word["icn"]) == (1, 100, 1, 0)
    # both ring-2 cells at its side, the one beyond on either side, and both ring-1 neighbours
    word = ecl_cluster.evaluate(frames({1: (900, 50), 2: (20, 50), 5: (20, 50), 80: (20, 50),
                                        7: (20, 50), 76: (20, 50), 6: (20, 50)}))[0]  # fmt: skip
    assert 1 in word["tc"][word["valid"] == 1]
    at = word["tc"].tolist().index(1)
    assert (word["energy"][at], word["n_tc"][at]) == (900 + 6 * 20, 7)


def test_clusters_fill_barrel_then_forward_then_backward() -> None:
    word = ecl_cluster.evaluate(fired(513, 3, 300, 20))[0]
    assert word["tc"].tolist() == [300, 3, 20, 513, 0, 0]


def test_overflow_drops_the_last_ones() -> None:
    six = [81 + 24 * i for i in range(6)]
    word = ecl_cluster.evaluate(fired(*six))[0]
    assert (word["overflow"], word["valid"].sum()) == (0, 6)
    word = ecl_cluster.evaluate(fired(*six, 1))[0]
    assert (word["overflow"], word["tc"].tolist(), word["icn"]) == (1, six, 6)
    word = ecl_cluster.evaluate(fired(*six, 570))[0]
    assert (word["overflow"], word["tc"].tolist()) == (1, six)


def test_ties_go_to_the_lowest_id_also_across_the_seam() -> None:
    low, high = barrel(1, 8), barrel(36, 8)
    word = ecl_cluster.evaluate(fired(low, high))[0]
    assert (word["tc"][0], word["max_tc"]) == (low, low)


def test_time_is_the_nearest_weighted_mean_halves_up() -> None:
    a, b = barrel(5, 8), barrel(6, 8)
    for (e0, t0), (e1, t1), mean in (
        ((100, 10), (100, 11), 11),
        ((100, 10), (99, 11), 10),
        ((4095, 255), (1, 0), 255),
        ((1, 0), (1, 255), 128),
        ((300, 7), (100, 9), 8),
    ):
        word = ecl_cluster.evaluate(frames({a: (e0, t0), b: (e1, t1)}))[0]
        assert word["time"][0] == mean


def test_a_full_calorimeter_saturates() -> None:
    words = ECL_FRAME.zeros(1)
    words["energy"], words["time"] = 4095, 255
    word = ecl_cluster.evaluate(words)[0]
    assert (word["ring_energy"] == 16383).all()
    # every cell has an upper neighbour: closed rings have no seed at all
    assert (word["valid"].sum(), word["icn"], word["max_tc"]) == (0, 0, 1)
    # a gap in the last ring of the barrel gives the cell below it nothing above and to the left
    words["energy"][0, barrel(3, 15) - 1] = 0
    word = ecl_cluster.evaluate(words)[0]
    assert word["valid"].tolist() == [1, 0, 0, 0, 0, 0]
    assert (word["tc"][0], word["energy"][0], word["n_tc"][0]) == (barrel(3, 14), 16383, 8)


def test_a_chessboard_saturates_the_isolated_cluster_number() -> None:
    cells = [barrel(phi, ring) for phi in range(1, 37) for ring in range(4, 16) if (phi + ring) % 2]
    word = ecl_cluster.evaluate(fired(*cells))[0]
    assert len(cells) == 216
    assert word["icn"] == 127


def test_ragged_and_dense_entries_agree() -> None:
    words = constrained(500, seed=3)
    words["time"][words["energy"] == 0] = 0
    hits = CellHits.from_dense(words)
    assert np.array_equal(hits.dense(), words)
    assert np.array_equal(ecl_cluster.evaluate_hits(hits), ecl_cluster.evaluate(words))


def test_frames_do_not_remember_earlier_ones() -> None:
    words = constrained(300, seed=4)
    alone = np.concatenate([ecl_cluster.evaluate(words[i : i + 1]) for i in range(len(words))])
    assert np.array_equal(ecl_cluster.evaluate(words), alone)


def test_no_frames_give_no_clusters() -> None:
    assert len(ecl_cluster.evaluate(ECL_FRAME.zeros(0))) == 0


# ------------------------------------------------------------------------------------- quantising
def test_quantize_rounds_energies_and_cuts_at_the_threshold() -> None:
    energy, time = np.zeros((1, 576)), np.full((1, 576), 10.0)
    counts = (19, 20, 100.49, 100.5, 4094.4, 4095.6, 1e9, -5)
    energy[0, : len(counts)] = np.array(counts) * LSB_GEV
    frame = ecl_cluster.quantize(energy, time, frame=7)[0]
    assert frame["energy"][: len(counts)].tolist() == [0, 20, 100, 101, 4094, 4095, 4095, 0]
    assert frame["frame"] == 7
    assert (frame["time"] == 0)[frame["energy"] == 0].all()


def test_quantize_takes_a_threshold_for_each_cell() -> None:
    energy = np.full((1, 576), 50 * LSB_GEV)
    threshold = np.full(576, 19)
    threshold[3] = 50
    frame = ecl_cluster.quantize(energy, np.zeros((1, 576)), threshold=threshold)[0]
    assert np.nonzero(frame["energy"] == 0)[0].tolist() == [3]


def test_quantize_keeps_the_times_inside_the_window() -> None:
    energy = np.full((1, 576), 1.0)
    time = np.zeros((1, 576))
    time[0, :6] = np.array((-0.01, 0, 0.99, 1.01, 255.99, 256.01)) * TIME_LSB_NS
    frame = ecl_cluster.quantize(energy, time)[0]
    assert (frame["energy"][:6] > 0).tolist() == [False, True, True, True, True, False]
    assert frame["time"][:6].tolist() == [0, 0, 0, 1, 255, 0]


@pytest.mark.parametrize(
    ("energy", "time", "frame", "words"),
    [
        (np.zeros((1, 575)), np.zeros((1, 575)), 0, "shape"),
        (np.zeros((1, 576)), np.zeros((2, 576)), 0, "shape"),
        (np.full((1, 576), np.nan), np.zeros((1, 576)), 0, "finite"),
        (np.zeros((1, 576)), np.full((1, 576), np.inf), 0, "finite"),
        (np.zeros((1, 576)), np.zeros((1, 576)), 80, "frame"),
        (np.zeros((1, 576)), np.zeros((1, 576)), -1, "frame"),
    ],
)
def test_quantize_refuses_bad_input(energy: Any, time: Any, frame: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ecl_cluster.quantize(energy, time, frame=frame)


def test_energy_is_conserved_for_one_cell_clusters() -> None:
    """Isolated cells: the clusters carry exactly the ring sums' energy."""
    rng = np.random.default_rng(8)
    words = ECL_FRAME.zeros(200)
    for word in words:
        word["energy"][80 + 24 * rng.choice(18, 5, replace=False)] = rng.integers(20, 4000, 5)
    found = ecl_cluster.evaluate(words)
    assert np.array_equal(found["energy"].sum(axis=1), words["energy"].sum(axis=1))
    assert np.array_equal(found["ring_energy"].sum(axis=1), words["energy"].sum(axis=1))
