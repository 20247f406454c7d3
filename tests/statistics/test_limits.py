"""Expected limits against published numbers, identities and limiting forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from firmware_models.errors import InputError
from trigger.statistics import asymptotic
from trigger.statistics.limits import METHODS, lambda_value, signal_limit, signal_limit_shape
from trigger.statistics.poisson import zero_background_limit

BINS = st.lists(
    st.tuples(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), st.floats(1e-3, 1e3)),
    min_size=1,
    max_size=6,
)


def ratio(signal: float, background: float) -> float:
    """-2 ln of the ratio of two Poisson probabilities for n = B, written out."""
    n = background
    if n == 0:
        return 2 * signal
    log_p = [n * math.log(mean) - mean for mean in (signal + n, n)]
    return -2 * (log_p[0] - log_p[1])


# Solutions of the published conditions to four digits: Lambda = 4 (arXiv:2307.06369, equations 17
# and 18), and CLs of background-only Asimov data with arXiv:1007.1727, which pyhf 0.7.6 confirms.
@pytest.mark.parametrize(
    ("background", "lambda_", "at_95", "at_90"),
    [(1, 3.505, 3.40, 2.65), (3, 4.908, None, None), (10, 7.722, 7.54, 6.14),
     (100, 21.36, 20.90, 17.36), (1e4, 201.3, None, None)],
)  # fmt: skip
def test_table(background: float, lambda_: float, at_95: float | None, at_90: float | None) -> None:
    assert signal_limit(background, cl=0.95, method="lambda") == pytest.approx(lambda_, rel=3e-4)
    for cl, expected in ((0.95, at_95), (0.90, at_90)):
        if expected:
            found = signal_limit(background, cl=cl, method="asimov")
            assert found == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize(("cl", "floor"), [(0.95, 3.00), (0.90, 2.30)])
def test_without_background_all_methods_but_one_give_the_exact_limit(
    cl: float, floor: float
) -> None:
    for method in ("asimov", "lambda", "zero_background"):
        found = signal_limit(0.0, cl=cl, method=method,
                             threshold=4.0 if method == "lambda" else None)  # fmt: skip
        assert found == -math.log(1 - cl) == pytest.approx(floor, abs=0.005)
    # Two-sided intervals end lower: 2.44 and 3.09 (Feldman and Cousins, tables IV and VI).
    unified = signal_limit(0.0, cl=cl, method="feldman_cousins")
    assert unified == pytest.approx({0.95: 3.09, 0.90: 2.44}[cl], abs=0.006)


def test_lambda_of_the_paper_has_two_events_without_background() -> None:
    # Before the floor: 2 S = 4.
    assert asymptotic.expected_limit([0.0], [1.0], cl=asymptotic.level_of_threshold(4)) == (
        pytest.approx(2.0, rel=1e-12)
    )
    assert asymptotic.level_of_threshold(4) == pytest.approx(0.9545, abs=5e-5)
    assert asymptotic.threshold(0.95) == pytest.approx(1.959964**2, rel=1e-6)
    assert asymptotic.threshold(0.90) == pytest.approx(1.644854**2, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(BINS)
def test_lambda_is_minus_twice_the_log_of_poisson_factors(bins: list[tuple[float, float]]) -> None:
    background, signal = zip(*bins, strict=True)
    # Written out, digits are lost where the mean is much larger than the signal.
    lost = 1e-14 * sum(b * (1 + abs(math.log(b))) + s for b, s in bins if b)
    expected = sum(ratio(s, b) for b, s in bins)
    assert lambda_value(background, signal) == pytest.approx(expected, rel=1e-9, abs=lost)


def test_lambda_of_the_fusion_paper() -> None:
    assert lambda_value([100.0], [21.36]) == pytest.approx(4.0, rel=1e-3)
    assert lambda_value([0.0], [2.0]) == 4.0
    assert lambda_value([1e6, 1e6], [300.0, 400.0]) == pytest.approx(0.25, rel=1e-3)  # S**2/B


@settings(max_examples=100, deadline=None)
@given(BINS, st.floats(0.5, 0.999))
def test_the_limit_solves_its_equation(bins: list[tuple[float, float]], cl: float) -> None:
    background, signal = map(np.array, zip(*bins, strict=True))
    mu = asymptotic.expected_limit(background, signal, cl=cl)
    q = sum(ratio(mu * s, b) for b, s in bins)
    scale = sum(mu * s + b for b, s in bins)
    assert 2 * stats.norm.cdf(-math.sqrt(max(q, 0))) == pytest.approx(
        1 - cl, rel=1e-6, abs=1e-13 * scale
    )


@pytest.mark.parametrize("n_sigma", asymptotic.BANDS)
def test_bands_have_their_level(n_sigma: float) -> None:
    mu = asymptotic.expected_limit([40.0], [1.0], cl=0.9, n_sigma=n_sigma)
    root = math.sqrt(ratio(mu, 40.0))
    cls = stats.norm.cdf(n_sigma - root) / stats.norm.cdf(n_sigma)
    assert cls == pytest.approx(0.1, rel=1e-9)
    band = asymptotic.expected_band([40.0], [1.0], cl=0.9)
    assert band[asymptotic.BANDS.index(n_sigma)] == mu
    assert (np.diff(band) > 0).all()


@pytest.mark.parametrize("method", ["asimov", "lambda"])
@pytest.mark.parametrize("uncertainty", [0.0, 0.2])
def test_large_backgrounds_are_gaussian(method: str, uncertainty: float) -> None:
    z = 2.0 if method == "lambda" else 1.959964
    for background in (1e8, 1e12):
        found = signal_limit(
            background, cl=0.95, method=method, signal_uncertainty=uncertainty
        ) / math.sqrt(background)
        if uncertainty:
            # S**2/B (kappa**theta)**2 + theta**2, minimised over theta by brute force.
            theta = np.linspace(-3, 0, 300_001)
            q = np.min((found * 1.2**theta) ** 2 + theta**2)
            assert q == pytest.approx(z * z, rel=2e-4)
        else:
            assert found == pytest.approx(z, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 1e5), st.floats(1e-6, 10), st.floats(0.5, 0.99), st.floats(0.001, 0.009),
    st.floats(0, 0.5), st.floats(0, 0.5), st.sampled_from(["asimov", "lambda"]),
)  # fmt: skip
def test_limits_grow_with_background_level_and_uncertainty(
    background: float, factor: float, cl: float, more: float, u1: float, u2: float, method: str
) -> None:
    threshold = 4.0 if method == "lambda" else None

    def limit(b: float, cl: float, u: float) -> float:
        return float(signal_limit(b, cl=cl, method=method, signal_uncertainty=u,
                                  threshold=threshold))  # fmt: skip

    here = limit(background, cl, min(u1, u2))
    tolerance = 1 - 1e-11
    assert limit(background * (1 + factor), cl, min(u1, u2)) >= here * tolerance
    assert limit(background, cl + more, min(u1, u2)) >= here * tolerance
    assert limit(background, cl, max(u1, u2)) >= here * tolerance
    assert here >= zero_background_limit(cl) * tolerance


@settings(max_examples=40, deadline=None)
@given(BINS, st.integers(2, 5), st.floats(0.01, 100), st.floats(0, 0.5))
def test_bins_of_equal_purity_are_one_bin(
    bins: list[tuple[float, float]], parts: int, scale: float, uncertainty: float
) -> None:
    background, signal = map(np.array, zip(*bins, strict=True))

    def limit(b: np.ndarray, s: np.ndarray) -> float:
        return signal_limit_shape(b, s, cl=0.9, method="asimov", signal_uncertainty=uncertainty)

    whole = limit(background, signal)
    split = limit(np.repeat(background / parts, parts), np.repeat(signal / parts, parts))
    assert split == pytest.approx(whole, rel=1e-9)
    # A bin without signal says nothing; the unit of the signal cancels.
    assert limit(np.append(background, 7.0), np.append(signal, 0.0)) == pytest.approx(whole)
    assert limit(background, scale * signal) * scale == pytest.approx(whole, rel=1e-9)
    # More bins never hurt, before the floor.
    first = asymptotic.expected_limit(background[:1], signal[:1], cl=0.9)
    assert asymptotic.expected_limit(background, signal, cl=0.9) <= first * (1 + 1e-11)


@settings(max_examples=40, deadline=None)
@given(
    BINS, st.integers(0, 5), st.floats(1, 30), st.sampled_from(["asimov", "lambda"]),
    st.floats(0, 0.3),
)  # fmt: skip
def test_limits_of_bins_grow_with_any_background(
    bins: list[tuple[float, float]], which: int, factor: float, method: str, uncertainty: float
) -> None:
    background, signal = map(np.array, zip(*bins, strict=True))

    def limit(b: np.ndarray, s: np.ndarray) -> float:
        return signal_limit_shape(b, s, cl=0.95, method=method, signal_uncertainty=uncertainty)

    here = limit(background, signal) * (1 - 1e-10)
    more = background.copy()
    more[which % len(bins)] = factor * more[which % len(bins)] + 0.01
    assert limit(more, signal) >= here
    assert here >= 0.99999 * zero_background_limit(0.95, uncertainty) / signal.sum()
    # Another bin only helps.
    assert limit(np.append(background, 3.0), np.append(signal, factor)) <= here * (1 + 1e-9)


@pytest.mark.parametrize("method", ["asimov", "lambda"])
def test_a_background_free_bin_keeps_its_exact_part(method: str) -> None:
    # Beside a bin that says nothing it has the limit of a background-free search, not 1.92.
    found = signal_limit_shape([0.0, 1e8], [1.0, 10.0], cl=0.95, method=method)
    assert found == pytest.approx(-math.log(0.05), rel=2e-3)
    # In between: the exact CLs, with the other bin at its median count.
    for s0, s1, b1 in ((1.0, 8.0, 20.333), (1.0, 60.0, 900.333), (0.3, 8.0, 20.333)):
        n = round(b1 - 0.333)

        def log_cls(mu: float, s0: float = s0, s1: float = s1, b1: float = b1, n: int = n) -> float:
            return (
                -mu * s0
                + stats.poisson.logcdf(n, mu * s1 + b1)
                - stats.poisson.logcdf(n, b1)
                - math.log(0.05)
            )  # fmt: skip

        exact = optimize.brentq(log_cls, 1e-3, 10)
        found = signal_limit_shape([0.0, b1], [s0, s1], cl=0.95, method=method)
        plain = asymptotic.expected_limit([0.0, b1], [s0, s1], cl=0.95)
        assert found == pytest.approx(exact, rel=0.05)
        assert plain < found
        if method == "asimov":
            assert abs(found - exact) < abs(plain - exact)


@settings(max_examples=40, deadline=None)
@given(BINS, st.floats(0.01, 1.0), st.floats(0.6, 0.99))
def test_one_source_is_profiled(
    bins: list[tuple[float, float]], uncertainty: float, cl: float
) -> None:
    background, signal = map(np.array, zip(*bins, strict=True))
    mu = asymptotic.expected_limit(background, signal, cl=cl, signal_uncertainty=uncertainty)

    def q(theta: float) -> float:
        scale = mu * (1 + uncertainty) ** theta
        return sum(ratio(scale * s, b) for b, s in bins) + theta**2

    least = optimize.minimize_scalar(q, bounds=(-8, 0), method="bounded", options={"xatol": 1e-9})
    assert math.sqrt(least.fun) == pytest.approx(
        stats.norm.ppf(1 - (1 - cl) / 2), rel=1e-5, abs=1e-6 * math.sqrt(background.sum() + 1)
    )


@pytest.mark.parametrize("method", ["asimov", "lambda", "zero_background"])
def test_a_vanishing_uncertainty_changes_nothing(method: str) -> None:
    background = 0.0 if method == "zero_background" else 10.0
    exact = float(signal_limit(background, cl=0.95, method=method))
    previous = math.inf
    for uncertainty in (0.1, 0.01, 0.001):
        rise = float(
            signal_limit(background, cl=0.95, method=method, signal_uncertainty=uncertainty)
        )
        assert 0 < rise - exact < previous / 50  # of second order
        previous = rise - exact


@pytest.mark.parametrize("uncertainty", [0.05, 0.3, 1.0])
def test_zero_background_with_an_uncertain_efficiency(uncertainty: float) -> None:
    limit = zero_background_limit(0.95, uncertainty)

    def weighted(theta: float) -> float:
        return math.exp(-limit * (1 + uncertainty) ** theta) * stats.norm.pdf(theta)

    assert integrate.quad(weighted, -9, 9, epsabs=1e-12)[0] == pytest.approx(0.05, rel=1e-7)


def test_several_searches_at_once() -> None:
    background = np.array([[0.0, 1.0, 30.0], [1e-250, 5e5, 0.02]])
    for method in ("asimov", "lambda"):
        for uncertainty in (0.0, 0.1):
            together = signal_limit(
                background, cl=0.95, method=method, signal_uncertainty=uncertainty
            )
            one_by_one = [
                [signal_limit(b, cl=0.95, method=method, signal_uncertainty=uncertainty)
                 for b in row] for row in background
            ]  # fmt: skip
            assert isinstance(together, np.ndarray)
            assert np.allclose(together, one_by_one, rtol=1e-11)
            shape = signal_limit_shape([30.0], [2.0], cl=0.95, method=method,
                                       signal_uncertainty=uncertainty)  # fmt: skip
            assert 2 * shape == pytest.approx(together[0, 2], rel=1e-11)


def test_without_signal_nothing_is_excluded() -> None:
    for method in METHODS:
        assert signal_limit_shape([0.0], [0.0], cl=0.95, method=method) == math.inf


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "asimow"}, "unknown method 'asimow' .nearest: 'asimov'.; allowed: asimov, "),
        ({"cl": 95}, r"between 0 and 1, not 95 \(nearest: 0\.95\)"),
        ({"cl": 0.0}, "between 0 and 1, not 0"),
        ({"cl": math.nan}, "between 0 and 1, not nan"),
        ({"cl": "high"}, "must be a number, not 'high'"),
        ({"background": -1.0}, r"background must be finite and at least 0, not -1\.0"),
        ({"background": [1.0, math.nan]}, "finite and at least 0, not nan"),
        ({"background": math.inf}, "finite and at least 0, not inf"),
        ({"background": "much"}, "background must be numbers, not 'much'"),
        ({"signal_uncertainty": -0.1}, r"signal uncertainty must be .* not -0\.1"),
        ({"method": "zero_background"}, "needs background 0, not 3 .nearest: 'asimov'."),
        ({"method": "feldman_cousins", "signal_uncertainty": 0.1}, "takes no signal uncertainty"),
        ({"method": "feldman_cousins", "background": 1e5}, "up to 400, not 100000"),
        ({"method": "lambda", "cl": 0.9}, r"at 95 % only: at 0\.9 give a threshold .* 2\.706"),
        ({"method": "lambda", "threshold": 0.0}, "threshold must be finite and above 0, not 0"),
        ({"threshold": 4.0}, "'asimov' takes no threshold .nearest: 'lambda'."),
    ],
)
def test_errors_say_what_is_allowed(change: dict[str, object], message: str) -> None:
    given = {"background": 3.0, "cl": 0.95, "method": "asimov"} | change
    with pytest.raises(InputError, match=message):
        signal_limit(given.pop("background"), **given)  # type: ignore[arg-type]


def test_errors_of_shapes() -> None:
    with pytest.raises(InputError, match=r"not of shapes \(2,\) and \(1,\)"):
        signal_limit_shape([1.0, 2.0], [1.0], cl=0.9, method="asimov")
    with pytest.raises(InputError, match="takes one bin, not 2"):
        signal_limit_shape([1.0, 2.0], [1.0, 1.0], cl=0.9, method="feldman_cousins")
