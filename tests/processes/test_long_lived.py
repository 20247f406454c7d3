"""Decay lengths: exponential at one lifetime, and one sample reweighted to any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from firmware_models.errors import InputError
from sim.events import Events
from sim.processes import get_process
from sim.processes.long_lived import LongLived, effective_size, proposal_density

A_CM, B_CM = 2.5e-4, 5e3
N = 60_000


def _process(**values: object) -> LongLived:
    process = get_process("b_to_k_s", **values)
    assert isinstance(process, LongLived)
    return process


@pytest.fixture(scope="module")
def broad() -> Events:
    return _process(sampling="broad").generate(N, 1)


def _radius(events: Events) -> np.ndarray:
    return np.hypot(events.vertex[1::3, 0], events.vertex[1::3, 1])


def test_proposal_is_the_mixture_of_exponentials_and_a_density() -> None:
    for x in (1e-6, 1e-3, 0.7, 40.0, 2e4):
        mixture = quad(
            lambda t, x=x: np.exp(-x / np.exp(t) - t), np.log(A_CM), np.log(B_CM), limit=500
        )
        expected = mixture[0] / np.log(B_CM / A_CM)
        assert float(proposal_density(np.array(x))) == pytest.approx(expected, rel=1e-6)
    integral = quad(
        lambda t: float(proposal_density(np.array(np.exp(t)))) * np.exp(t), -25.0, 13.0, limit=500
    )[0]
    assert integral == pytest.approx(1.0, abs=1e-6)


def test_lengths_of_the_broad_sample_have_the_density(broad: Events) -> None:
    length = np.sort(_process(sampling="broad").proper_lengths(broad)[:, 0])
    edges = np.array([1e-5, 1e-4, 1e-2, 1.0, 1e2, 1e4])
    found = np.searchsorted(length, edges) / N
    for edge, share in zip(edges, found, strict=True):
        expected = quad(
            lambda t: float(proposal_density(np.array(np.exp(t)))) * np.exp(t),
            -25.0, np.log(edge), limit=500,
        )[0]  # fmt: skip
        assert share == pytest.approx(expected, abs=4.0 * np.sqrt(expected * (1 - expected) / N))


@pytest.mark.parametrize("ctau", [1e-5, 1e-3, 0.05, 1.0, 10.0])
def test_closure_of_the_reweighted_sample(ctau: float, broad: Events) -> None:
    """Mean, quantiles and a share of decays in the chamber are those of a sample of that ctau."""
    weight = _process(sampling="broad").weights_for_ctau(broad, ctau)
    process = _process(ctau=ctau)
    direct = process.generate(N, 2)
    assert weight.mean() == pytest.approx(1.0, abs=4.0 * weight.std() / np.sqrt(N))
    radius, other = _radius(broad), _radius(direct)
    mean = float(weight @ radius / N)
    error = np.hypot((weight * radius).std(), other.std()) / np.sqrt(N)
    assert abs(mean - other.mean()) < 4.0 * error
    for share in (0.1, 0.5, 0.9):
        inside = radius < np.quantile(other, share)
        found = float(weight @ inside / weight.sum())
        sigma = np.hypot((weight * (inside - share)).std(), np.sqrt(share * (1 - share)))
        assert abs(found - share) < 4.0 * sigma / np.sqrt(N)
    seen, seen_direct = (radius > 0.9) & (radius < 60.0), (other > 0.9) & (other < 60.0)
    efficiency = float(weight @ seen / weight.sum())
    error = np.hypot((weight * (seen - efficiency)).std(), seen_direct.std()) / np.sqrt(N)
    assert abs(efficiency - seen_direct.mean()) <= 4.0 * error + 1e-12


@pytest.mark.parametrize(("ctau", "share"), [(1e-5, 0.19), (1e-3, 0.24), (1.0, 0.24), (10.0, 0.19)])
def test_effective_size_is_the_closed_one(ctau: float, share: float, broad: Events) -> None:
    tau = 100.0 * ctau
    square = quad(
        lambda x: x * np.exp(-2.0 * x) / (np.exp(-x * tau / B_CM) - np.exp(-x * tau / A_CM)),
        0.0, 60.0, points=(1e-3, 1.0), limit=500,
    )[0]  # fmt: skip
    expected = 1.0 / (np.log(B_CM / A_CM) * square)
    weight = _process(sampling="broad").weights_for_ctau(broad, ctau)
    assert effective_size(weight) / N == pytest.approx(expected, rel=0.05)
    assert expected == pytest.approx(share, abs=0.01)


def test_a_sample_of_one_lifetime_can_be_made_shorter() -> None:
    process = _process(ctau=0.1)
    events = process.generate(N, 3)
    weight = process.weights_for_ctau(events, 0.05)
    length = process.proper_lengths(events)[:, 0]
    assert length @ weight / N == pytest.approx(5.0, rel=0.03)
    np.testing.assert_allclose(process.weights_for_ctau(events, 0.1), 1.0, rtol=1e-12)


def test_wrong_lifetimes_and_events_are_refused(broad: Events) -> None:
    process = _process(sampling="broad")
    with pytest.raises(InputError, match=r"b_to_k_s\.ctau: must be 1e-05 to 10 m, not 11"):
        process.weights_for_ctau(broad, 11)
    with pytest.raises(InputError, match="needs 1 lifetimes, not 2"):
        process.weights_for_ctau(broad, 1, 1)
    with pytest.raises(InputError, match="every event must have the process's 11 particles"):
        _process(other="pions").weights_for_ctau(broad, 1)


def test_no_events_have_no_effective_size() -> None:
    assert effective_size(np.zeros(0)) == 0.0
