"""Efficiency tables: counting against plain Python, merging, coarser bins, weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from trigger import intervals
from trigger.axes import Axis
from trigger.bits import BitTable
from trigger.decisions import chunk
from trigger.efficiency import EfficiencyTable

ENERGY = Axis("e_cm", "GeV", np.arange(6) / 2)
ANGLE = Axis("theta_lab", "rad", [0.3, 1.0, 2.2, 2.7])


def _events(n: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    values = {"e_cm": rng.uniform(-0.2, 2.7, n), "theta_lab": rng.uniform(0, 3.1, n)}
    values["e_cm"][rng.random(n) < 0.02] = np.nan
    # Edges themselves belong to the bin above; the last edge lies outside.
    values["e_cm"][: min(n, 6)] = ENERGY.edges[: min(n, 6)]
    return values, rng.random(n) < 0.4


def test_counts_equal_plain_python() -> None:
    values, passed = _events(500, 1)
    table = EfficiencyTable("lml6", [ENERGY, ANGLE]).fill(values, passed)
    counts = {}
    outside = [0, 0]
    for e, angle, hit in zip(values["e_cm"], values["theta_lab"], passed, strict=True):
        i = [k for k in range(5) if ENERGY.edges[k] <= e < ENERGY.edges[k + 1]]
        j = [k for k in range(3) if ANGLE.edges[k] <= angle < ANGLE.edges[k + 1]]
        if i and j:
            old = counts.get((i[0], j[0]), (0, 0))
            counts[i[0], j[0]] = (old[0] + int(hit), old[1] + 1)
        else:
            outside = [outside[0] + int(hit), outside[1] + 1]
    for where in np.ndindex(5, 3):
        expected = counts.get(where, (0, 0))
        assert (table.n_pass[where], table.n_total[where]) == expected
    assert table.outside.tolist() == outside
    assert table.n_total.dtype == np.int64
    assert table.n_total.sum() + table.outside[1] == 500


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200), st.integers(0, 2**32))
def test_chunks_merge_exactly(cut: int, seed: int) -> None:
    values, passed = _events(200, seed)
    whole = EfficiencyTable("lml6", [ENERGY, ANGLE]).fill(values, passed)
    parts = [
        EfficiencyTable("lml6", [ENERGY, ANGLE]).fill(
            {name: column[part] for name, column in values.items()}, passed[part]
        )
        for part in (slice(None, cut), slice(cut, None))
    ]
    assert parts[0] + parts[1] == whole
    assert parts[1] + parts[0] == whole


def test_coarser_bins_equal_a_coarser_fill() -> None:
    values, passed = _events(2000, 3)
    fine_axis = Axis("e_cm", "GeV", np.arange(11) * 0.1)
    coarse_axis = Axis("e_cm", "GeV", [fine_axis.edges[i] for i in (0, 3, 10)])
    fine = EfficiencyTable("lml6", [fine_axis, ANGLE]).fill(values, passed)
    coarse = EfficiencyTable("lml6", [coarse_axis, ANGLE]).fill(values, passed)
    assert fine.rebin(e_cm=[0, 0.3, 1.0]) == coarse  # 3 * 0.1 is not 0.3 in floating point
    assert fine.rebin(e_cm=5).n_total.shape == (2, 3)
    projected = coarse.project("theta_lab")
    assert projected.n_pass.tolist() == coarse.n_pass.sum(axis=0).tolist()
    swapped = coarse.project("theta_lab", "e_cm")
    assert [axis.name for axis in swapped.axes] == ["theta_lab", "e_cm"]
    assert np.array_equal(swapped.n_pass, coarse.n_pass.T)
    for wrong, words in (([0, 0.35, 1.0], "0.35 is not an edge"), ([0.3, 1.0], "outer edges"),
                         (3, "do not divide by 3")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            fine.rebin(e_cm=wrong)


def test_efficiency_and_interval_follow_the_counts() -> None:
    table = EfficiencyTable.from_sums(
        "lml6", [ENERGY], {"n_pass": [0, 3, 5, 0, 1], "n_total": [4, 4, 5, 0, 9]}
    )
    eff = table.efficiency()
    assert eff[[0, 1, 2, 4]].tolist() == [0.0, 0.75, 1.0, 1 / 9]
    assert np.isnan(eff[3])
    lo, hi = table.interval()
    expected = intervals.clopper_pearson([0, 3, 5, 0, 1], [4, 4, 5, 0, 9], 0.6827)
    assert np.array_equal([lo, hi], expected)
    assert (lo[3], hi[3]) == (0.0, 1.0)
    assert not np.array_equal(table.interval("wilson")[0], lo)
    rows = table.tidy()
    assert rows[1]["eff"] + rows[1]["err_hi"] == pytest.approx(hi[1])
    assert (rows[1]["e_cm_lo"], rows[1]["e_cm_hi"]) == (0.5, 1.0)
    assert np.isnan(rows[3]["err_lo"])


def test_unit_weights_are_counts_and_weights_add() -> None:
    values, passed = _events(400, 5)
    counts = EfficiencyTable("lml6", [ENERGY]).fill(values, passed)
    unit = EfficiencyTable("lml6", [ENERGY], weighted=True).fill(values, passed, np.ones(400))
    assert np.array_equal(unit.n_pass, counts.n_pass)
    assert np.allclose(unit.interval(), counts.interval("wilson"), rtol=1e-9, atol=1e-12)
    assert unit.interval_name("wilson") == "generalised-wilson"
    w = np.random.default_rng(6).uniform(0.5, 2, 400)
    table = EfficiencyTable("lml6", [ENERGY], weighted=True).fill(values, passed, w)
    inside = ENERGY.index(values["e_cm"]) == 2
    assert table.n_pass[2] == pytest.approx(w[inside & passed].sum())
    assert table.w2_total[2] == pytest.approx((w[inside] ** 2).sum())
    assert (table + table).w2_pass[2] == pytest.approx(2 * (w[inside & passed] ** 2).sum())
    # Counted events are events of weight 1.
    assert counts + unit == unit + unit
    assert unit + counts == unit + unit


def test_filled_from_decisions() -> None:
    bits = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    table = BitTable.from_dense(("lml6", "fff"), bits)
    part = chunk("gamma", table, table, truth={"e_cm": np.array([0.1, 0.2, 0.7])})
    found = EfficiencyTable("lml6", [ENERGY]).fill(part.truth, part.bit("lml6"))
    assert found.n_pass.tolist() == [1, 1, 0, 0, 0]
    assert found.n_total.tolist() == [2, 1, 0, 0, 0]
    assert part.bit("l1").tolist() == [True, True, True]
    with pytest.raises(InputError, match="unknown variable 'e_cm'"):
        EfficiencyTable("lml6", [ENERGY]).fill({"e_lab": np.ones(3)}, part.bit("lml6"))


def test_impossible_tables_are_refused() -> None:
    for edges, words in (([1.0], "two finite edges"), ([0, 1, 1], "edges must rise"),
                         ([0, np.nan], "two finite edges")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            Axis("x", "", edges)
    with pytest.raises(InputError, match="unknown flow 'clmp'"):
        Axis("x", "", [0, 1], "clmp")
    with pytest.raises(InputError, match="doubled axis"):
        EfficiencyTable("a", [ENERGY, ENERGY])
    with pytest.raises(InputError, match="differ in axes"):
        EfficiencyTable("a", [ENERGY]).merge(EfficiencyTable("a", [ANGLE]))
    with pytest.raises(InputError, match="without weights"):
        EfficiencyTable("a", [ENERGY]).fill({"e_cm": [1.0]}, np.array([True]), np.ones(1))
    for sums, words in (
        ({"n_pass": [1], "n_total": [1]}, "shape"),
        ({"n_pass": [2] * 5, "n_total": [1] * 5}, "more events pass"),
        ({"n_pass": [0.5] * 5, "n_total": [1] * 5}, "must be whole"),
    ):
        with pytest.raises(InputError, match=words):
            EfficiencyTable.from_sums("a", [ENERGY], sums)


def test_flow_follows_the_unit() -> None:
    assert Axis("e_cm", "GeV", [0, 1]).flow == "clamp"
    assert Axis("theta_lab", "rad", [0, 1]).flow == "error"
    assert Axis("theta_lab", "deg", [0, 1], "clamp").flow == "clamp"


def test_the_product_of_bins_is_bounded_before_memory_is_asked_for() -> None:
    axes = [Axis(name, "", np.linspace(0, 1, 4001)) for name in "abc"]
    with pytest.raises(InputError, match="4000 x 4000 x 4000 = 64000000000 bins are too many"):
        EfficiencyTable("lml6", axes)
    assert EfficiencyTable("lml6", [Axis("a", "", np.linspace(0, 1, 4001))]).shape == (4000,)
