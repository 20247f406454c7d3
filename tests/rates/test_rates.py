"""Rates against enumeration in exact fractions, emulated counters, and identities."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from trigger.bits import BitTable
from trigger.decisions import MenuId
from trigger.rate_kernels import MAX_WORDS, pair_counts
from trigger.rates import RateAccumulator, RateTable
from trigger.samples import Sample

LUMINOSITY = 8e35
NB_HZ = LUMINOSITY * 1e-33  # Hz of 1 nb


def _lines(n: int) -> tuple[str, ...]:
    return tuple(f"line{i}" for i in range(n))


def _accumulate(
    dense: np.ndarray, prescales: list[float], weight: np.ndarray | None = None
) -> RateAccumulator:
    accumulator = RateAccumulator(_lines(len(dense)), prescales)
    accumulator.fill("p", BitTable.from_dense(_lines(len(dense)), dense), weight)
    return accumulator


def _table(dense: np.ndarray, prescales: list[float], **given: object) -> RateTable:
    # As many hertz as events: rates are then sums over events.
    weight = given.pop("weight", None)
    scale = dense.shape[1] if weight is None else float(weight.sum())  # type: ignore[attr-defined]
    return _accumulate(dense, prescales, weight).rate_table(  # type: ignore[arg-type]
        {"p": Sample(rate_hz=float(scale))}, LUMINOSITY
    )


class _Enumerated:
    """Expected sums by plain Python: every event, every subset of passing lines."""

    def __init__(self, dense: np.ndarray, prescales: list[float]) -> None:
        n_lines = len(dense)
        q = [Fraction(0) if p == 0 else 1 / Fraction(p) for p in prescales]
        self.line = [Fraction(0)] * n_lines
        self.pure = [Fraction(0)] * n_lines
        self.cumulative = [Fraction(0)] * n_lines
        self.overlap = [[Fraction(0)] * n_lines for _ in range(n_lines)]
        self.exactly = [Fraction(0)] * (n_lines + 1)
        self.total_squares = Fraction(0)
        for event in dense.T:
            fired = [k for k in range(n_lines) if event[k]]
            total = Fraction(0)
            for outcome in itertools.product([False, True], repeat=len(fired)):
                chance = Fraction(1)
                for k, passes in zip(fired, outcome, strict=True):
                    chance *= q[k] if passes else 1 - q[k]
                passing = [k for k, passes in zip(fired, outcome, strict=True) if passes]
                self.exactly[len(passing)] += chance
                if passing:
                    total += chance
                if len(passing) == 1:
                    self.pure[passing[0]] += chance
                for k in range(n_lines):
                    if passing and passing[0] <= k:
                        self.cumulative[k] += chance
                for i, j in itertools.product(passing, repeat=2):
                    self.overlap[i][j] += chance
            self.total_squares += total**2
        for k in range(n_lines):
            self.line[k] = self.overlap[k][k]


prescale = st.sampled_from([0.0, 1.0, 1.0, 2.0, 3.0, 20.0, 2.5, 1000.0])


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, list[float]]:
    n_lines = draw(st.integers(1, 5))
    prescales = draw(st.lists(prescale, min_size=n_lines, max_size=n_lines))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dense = rng.random((n_lines, draw(st.integers(1, 140)))) < draw(st.floats(0.05, 0.95))
    return dense, prescales


@settings(max_examples=60, deadline=None)
@given(samples())
def test_rates_equal_the_enumeration(sample: tuple[np.ndarray, list[float]]) -> None:
    dense, prescales = sample
    rates = _table(dense, prescales).all
    truth = _Enumerated(dense, prescales)
    for name in ("line", "pure", "cumulative", "overlap"):
        expected = np.array(getattr(truth, name), dtype=float)
        assert np.allclose(getattr(rates, name), expected, rtol=1e-9, atol=1e-9), name
    n = dense.shape[1]
    assert rates.total == pytest.approx(n - float(truth.exactly[0]), abs=1e-9)
    # Exactly one + exactly two + ... = total.
    assert rates.total == pytest.approx(float(sum(truth.exactly[1:])), abs=1e-9)
    assert rates.pure.sum() == pytest.approx(float(truth.exactly[1]), abs=1e-9)
    variance = float(truth.total_squares - (n - truth.exactly[0]) ** 2 / n)
    if variance > 1e-6:
        assert rates.total_err == pytest.approx(np.sqrt(variance), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(samples())
def test_identities(sample: tuple[np.ndarray, list[float]]) -> None:
    dense, prescales = sample
    rates = _table(dense, prescales).all
    assert rates.cumulative[-1] == rates.total
    assert (np.diff(rates.cumulative) >= 0).all()
    assert rates.total <= rates.line.sum() + 1e-9
    assert rates.pure.sum() <= rates.total + 1e-9
    assert (rates.pure <= rates.line + 1e-9).all()
    assert np.array_equal(rates.overlap, rates.overlap.T)
    assert np.array_equal(rates.overlap.diagonal(), rates.line)
    masked = np.array(prescales) == 0
    assert not rates.line[masked].any()
    assert not rates.line_err[masked].any()


@settings(max_examples=40, deadline=None)
@given(samples(), st.integers(0, 140))
def test_chunks_merge_exactly_in_any_order(
    sample: tuple[np.ndarray, list[float]], cut: int
) -> None:
    dense, prescales = sample
    whole = _accumulate(dense, prescales)
    first, second = dense[:, :cut], dense[:, cut:]
    one = _accumulate(first, prescales).merge(_accumulate(second, prescales))
    other = _accumulate(second, prescales).merge(_accumulate(first, prescales))
    assert one.state() == whole.state()
    assert other.state() == whole.state()


def test_kernel_counts_pairs_across_blocks() -> None:
    rng = np.random.default_rng(1)
    dense = rng.random((4, 64 * 300 + 17)) < np.array([[0.5], [0.01], [0.0], [0.2]])
    table = BitTable.from_dense(_lines(4), dense)
    expected = [[int((a & b).sum()) for a in dense] for b in dense]
    assert pair_counts(table.rows).tolist() == expected


@settings(max_examples=40, deadline=None)
@given(samples())
def test_weighted_path_with_equal_weights_agrees(sample: tuple[np.ndarray, list[float]]) -> None:
    # The event-by-event path is an independent implementation of the bit-sliced one.
    dense, prescales = sample
    counted = _table(dense, prescales).all
    weighted = _table(dense, prescales, weight=np.full(dense.shape[1], 2.0)).all
    for name in ("line", "pure", "cumulative", "total", "overlap"):
        assert np.allclose(getattr(weighted, name) / 2, getattr(counted, name), atol=1e-8), name
        assert np.allclose(
            getattr(weighted, f"{name}_err") / 2, getattr(counted, f"{name}_err"), atol=1e-4
        )


def test_many_words_agree_with_the_other_path() -> None:
    # Several blocks of words, lines of very different occupancy, masked and fractional prescales.
    rng = np.random.default_rng(8)
    occupancy = np.array([0.5, 0.02, 0.9, 0.1, 0.3, 0.001, 0.2])
    prescales = [3.0, 1.0, 1000.0, 1.0, 0.0, 1.0, 2.5]
    dense = rng.random((7, 30_000)) < occupancy[:, None]
    counted = _table(dense, prescales).all
    weighted = _table(dense, prescales, weight=np.full(30_000, 2.0)).all
    for name in ("line", "pure", "cumulative", "overlap"):
        assert np.allclose(getattr(weighted, name), 2 * getattr(counted, name), rtol=1e-9), name
        error = getattr(weighted, f"{name}_err")
        assert np.allclose(error, 2 * getattr(counted, f"{name}_err"), rtol=1e-6), name


def test_more_events_than_one_call_takes() -> None:
    # 64 * MAX_WORDS events is the most that the integers of one call can hold.
    n_words = MAX_WORDS + 100
    rows = np.full((2, n_words), np.uint64(0xFFFFFFFFFFFFFFFF))
    accumulator = RateAccumulator(("a", "b"), (2.0, 1.0))
    accumulator.fill("p", BitTable(("a", "b"), rows, 64 * n_words))
    rates = accumulator.rate_table({"p": Sample(rate_hz=float(64 * n_words))}, 0).all
    assert rates.cumulative.tolist() == [32.0 * n_words, 64.0 * n_words]
    assert rates.pure.tolist() == [0.0, 32.0 * n_words]


def test_weighted_rates_are_weighted_means() -> None:
    rng = np.random.default_rng(2)
    dense = rng.random((2, 500)) < 0.4
    w = rng.exponential(1, 500)
    rates = _table(dense, [1.0, 4.0], weight=w).all
    passing = dense[0] + (~dense[0] & dense[1]) / 4
    assert rates.total == pytest.approx((w * passing).sum(), rel=1e-12)
    mean = (w * passing).sum() / w.sum()
    assert rates.total_err == pytest.approx(np.sqrt((w**2 * (passing - mean) ** 2).sum()), rel=1e-9)


def test_emulated_counters_average_to_the_expectation() -> None:
    # Counters of random phase: each lets every n-th fire of its line through.
    rng = np.random.default_rng(3)
    prescales = [1.0, 3.0, 7.0, 2.0]
    dense = rng.random((4, 400)) < np.array([[0.1], [0.5], [0.6], [0.3]])
    rates = _table(dense, prescales).all
    found = []
    for _ in range(600):
        passed = np.zeros_like(dense)
        for k, n in enumerate(prescales):
            phase = rng.integers(int(n))
            passed[k] = dense[k] & ((np.cumsum(dense[k]) + phase) % int(n) == 0)
        alone = [(passed[k] & (passed.sum(axis=0) == 1)).sum() for k in range(4)]
        found.append([passed.any(axis=0).sum(), (passed[1] & passed[2]).sum(), *alone])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    expected = np.array([rates.total, rates.overlap[1, 2], *rates.pure])
    assert (np.abs(mean - expected) < 4 * error).all()
    assert (error < 0.02 * expected).all()


def test_cross_section_and_its_error() -> None:
    # 300 +- 3 nb at 8e35: 240 kHz; 25 of 1000 events fire: 6 kHz.
    dense = np.zeros((1, 1000), dtype=bool)
    dense[0, :25] = True
    accumulator = _accumulate(dense, [2.0])
    table = accumulator.rate_table({"p": Sample(sigma_nb=300.0, sigma_err_nb=3.0)}, LUMINOSITY)
    assert table.all.line[0] == pytest.approx(0.025 * 300 * NB_HZ / 2)
    statistical = 300 * NB_HZ * np.sqrt(0.025 * 0.975 / 1000) / 2
    assert table.all.line_err[0] == pytest.approx(np.hypot(statistical, 30.0), rel=1e-9)
    # Events dropped before the trigger count in the denominator.
    half = accumulator.rate_table({"p": Sample(300.0, n_generated=2000)}, LUMINOSITY)
    assert half.all.line[0] == pytest.approx(table.all.line[0] / 2)


def test_sources_add_and_a_rate_needs_no_luminosity() -> None:
    accumulator = RateAccumulator(("a",), (1.0,))
    for name, fires in (("bhabha", 10), ("accidental", 20)):
        dense = np.arange(100)[None, :] < fires
        accumulator.fill(name, BitTable.from_dense(("a",), dense))
    given = {"bhabha": Sample(1.0), "accidental": Sample(rate_hz=5e4, rate_err_hz=1e3)}
    table = accumulator.rate_table(given, LUMINOSITY)
    parts = table.by_process
    assert parts["bhabha"].line[0] == pytest.approx(80.0)
    assert parts["accidental"].line[0] == pytest.approx(1e4)
    assert table.all.line[0] == pytest.approx(1.008e4)
    assert table.all.line_err[0] == pytest.approx(
        np.hypot(parts["bhabha"].line_err[0], parts["accidental"].line_err[0])
    )
    dark = accumulator.rate_table(given, 0.0)
    assert dark.all.line[0] == pytest.approx(1e4)


def test_no_fire_gives_the_one_sided_limit() -> None:
    # 0 of n at 68.27 %: 1 - 0.3173**(1/n), about 1.148/n; the same when every event fires.
    dense = np.array([[False] * 1000, [False] * 1000, [True] * 1000])
    rates = _table(dense, [1.0, 10.0, 1.0]).all
    limit = 1000 * (1 - 0.3173 ** (1 / 1000))
    assert limit == pytest.approx(1.148, rel=1e-3)
    assert rates.line.tolist() == [0.0, 0.0, 1000.0]
    assert np.allclose(rates.line_err, [limit, limit / 10, limit], rtol=1e-9)
    assert rates.total_err == pytest.approx(limit)


def test_coverage_of_the_error() -> None:
    # Pulls of the rate over many samples have unit width.
    rng = np.random.default_rng(4)
    n, p = 2000, np.array([0.3, 0.2])
    truth = n * (p[0] + (1 - p[0]) * p[1] / 5)
    pulls = []
    for _ in range(400):
        rates = _table(rng.random((2, n)) < p[:, None], [1.0, 5.0]).all
        pulls.append((rates.total - truth) / rates.total_err)
    assert abs(np.mean(pulls)) < 4 / np.sqrt(400)
    assert abs(np.std(pulls) - 1) < 4 / np.sqrt(800)


def test_json_has_the_agreed_keys() -> None:
    menu = MenuId("toy", "1", "f" * 64)
    table = _accumulate(np.ones((2, 10), bool), [1.0, 0.0]).rate_table(
        {"p": Sample(1.0)}, LUMINOSITY, menu
    )
    text = table.to_json()
    assert list(text) == [
        "luminosity_cm2_s", "menu", "total_hz", "total_err_hz", "lines", "overlap_hz",
        "overlap_err_hz",
    ]  # fmt: skip
    assert text["menu"] == {"name": "toy", "version": "1", "sha256": "f" * 64}
    assert list(text["lines"][0]) == [
        "name", "prescale", "rate_hz", "rate_err_hz", "pure_hz", "pure_err_hz", "cumulative_hz",
        "cumulative_err_hz", "by_process", "by_process_err", "pure_by_process",
        "pure_by_process_err",
    ]  # fmt: skip
    assert text["lines"][0]["by_process"] == {"p": pytest.approx(800.0)}
    assert text["overlap_hz"] == [[pytest.approx(800.0), 0.0], [0.0, 0.0]]
    rows = table.tidy()
    assert [(row["process"], row["line"]) for row in rows] == list(
        itertools.product(("all", "p"), _lines(2))
    )
    assert rows[0]["rate_hz"] == pytest.approx(800.0)


def test_lines_are_matched_by_name() -> None:
    dense = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    accumulator = RateAccumulator(("b", "a"), (1.0, 1.0))
    accumulator.fill("p", BitTable.from_dense(("a", "c", "b"), dense))
    assert accumulator.rate_table({"p": Sample(rate_hz=3.0)}, 0).all.line.tolist() == [0.0, 2.0]
    with pytest.raises(InputError, match="unknown line 'b'"):
        accumulator.fill("p", BitTable.from_dense(("a", "c"), dense[:2]))


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match=r"line1: prescale must be 0 or at least 1, not 0\.5"):
        RateAccumulator(_lines(2), (1.0, 0.5))
    with pytest.raises(InputError, match="not -1"):
        RateAccumulator(("a",), (-1,))
    accumulator = _accumulate(np.ones((1, 10), bool), [1.0])
    for sample, words in (
        (Sample(), "needs a cross-section"),
        (Sample(-1.0), "sigma_nb must be finite and not negative"),
        (Sample(float("nan")), "sigma_nb must be finite"),
        (Sample(1.0, rate_hz=1.0), "not both"),
        (Sample(1.0, n_generated=5), "5 generated, but 10 seen"),
    ):
        with pytest.raises(InputError, match=words):
            accumulator.rate_table({"p": sample}, LUMINOSITY)
    with pytest.raises(InputError, match="luminosity: must be finite"):
        accumulator.rate_table({"p": Sample(1.0)}, float("nan"))
    with pytest.raises(InputError, match="unknown process 'q'"):
        accumulator.rate_table({"q": Sample(1.0)}, LUMINOSITY)
    with pytest.raises(InputError, match="differ"):
        accumulator.merge(_accumulate(np.ones((1, 10), bool), [2.0]))
    stray = BitTable(("line0",), np.array([[1 << 11]], dtype=np.uint64), 10)
    with pytest.raises(InputError, match="beyond the last event"):
        accumulator.fill("p", stray)
    weighted = _accumulate(np.ones((1, 10), bool), [1.0], np.full(10, 0.5))
    with pytest.raises(InputError, match="needs sum_w and sum_w2"):
        weighted.rate_table({"p": Sample(1.0, n_generated=20)}, LUMINOSITY)
    known = weighted.rate_table({"p": Sample(1.0, n_generated=20, sum_w=10, sum_w2=5)}, LUMINOSITY)
    assert known.all.line[0] == pytest.approx(NB_HZ / 2)


def test_rates_by_part_equal_a_plain_count() -> None:
    """Three sources, a few hundred events each: line and pure of any of them together."""
    rng = np.random.default_rng(11)
    prescales = [1.0, 2.0, 0.0, 5.0]
    q = [1.0, 0.5, 0.0, 0.2]
    rates_hz = {"ee": 1000.0, "gg": 50.0, "windows": 4e6}
    accumulator = RateAccumulator(_lines(4), prescales)
    line, pure = {}, {}
    for name, hertz in rates_hz.items():
        dense = rng.random((4, 300)) < rng.uniform(0.05, 0.5, (4, 1))
        accumulator.fill(name, BitTable.from_dense(_lines(4), dense))
        line[name], pure[name] = [0.0] * 4, [0.0] * 4
        for event in dense.T.tolist():
            for i in range(4):
                if event[i]:
                    alone = 1.0
                    for j in range(4):
                        if j != i and event[j]:
                            alone *= 1.0 - q[j]
                    line[name][i] += hertz / 300 * q[i]
                    pure[name][i] += hertz / 300 * q[i] * alone
    table = accumulator.rate_table({n: Sample(rate_hz=r) for n, r in rates_hz.items()}, 1e34)
    found = table.to_json()["lines"]
    for name in rates_hz:
        assert [f["pure_by_process"][name] for f in found] == pytest.approx(pure[name], rel=1e-8)
        assert [f["by_process"][name] for f in found] == pytest.approx(line[name], rel=1e-8)
    for names in (["ee", "gg"], ["windows"], ["gg", "windows", "gg"]):
        part = table.part(names)
        chosen = sorted(set(names))
        assert part.pure.tolist() == pytest.approx(
            [sum(pure[n][i] for n in chosen) for i in range(4)], rel=1e-8
        )
        assert part.line.tolist() == pytest.approx(
            [sum(line[n][i] for n in chosen) for i in range(4)], rel=1e-8
        )
        errors = [table.by_process[n].pure_err for n in chosen]
        assert np.allclose(part.pure_err, np.sqrt(np.sum(np.square(errors), axis=0)))
    everything = table.part(rates_hz)
    assert everything.total == pytest.approx(table.all.total, rel=1e-12)
    with pytest.raises(InputError, match="nearest: 'windows'"):
        table.part(["window"])
    with pytest.raises(InputError, match="no process"):
        table.part([])


def test_pure_is_what_is_lost_without_the_line() -> None:
    """The total with the line minus that without it, source by source."""
    rng = np.random.default_rng(12)
    prescales = [1.0, 3.0, 10.0]
    dense = {name: rng.random((3, 257)) < 0.3 for name in ("ee", "windows")}
    given = {name: Sample(rate_hz=257.0) for name in dense}

    def totals(kept: list[int]) -> dict[str, float]:
        names = tuple(_lines(3)[i] for i in kept)
        accumulator = RateAccumulator(names, [prescales[i] for i in kept])
        for name, table in dense.items():
            accumulator.fill(name, BitTable.from_dense(names, table[kept]))
        parts = accumulator.rate_table(given, 0.0)
        pure.update({(n, i): parts.by_process[n].pure[i] for n in dense for i in range(len(kept))})
        return {name: parts.by_process[name].total for name in dense}

    pure: dict[tuple[str, int], float] = {}
    without = [totals([j for j in range(3) if j != i]) for i in range(3)]
    whole = totals([0, 1, 2])
    for i in range(3):
        for name in dense:
            assert pure[name, i] == pytest.approx(whole[name] - without[i][name], rel=1e-8)
