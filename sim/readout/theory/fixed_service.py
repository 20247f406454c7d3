"""Queues with fixed services: M/D/1, M/D/1/K, Geo/D/1/K, and leaky buckets.

The finite ones are Markov chains at departures: the number left behind, 0 to K - 1. Between two
departures it falls by at most one, so the flow down through each level is one product, and the
flow up a sum of positive terms:

    π(j+1) P(N = 0) = π(0) P(N₀ > j) + Σ_{i=1..j} π(i) P(N > j - i + 1)

with N arrivals in a service (N₀ in the one after an idle time). The number lost in a cycle is a
sum of positive terms too. So there is no cancellation, and losses have full relative precision
down to the smallest float, for K up to 10⁴ and loads up to 500.

The leaky bucket whose timer restarts is M/D/1/K (Geo/D/1/K on clock edges): missing tokens are
events inside, tokens come back as services end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc

from firmware_models.errors import InputError
from sim.readout.theory.checks import LOAD_MAX, count, number, positive

TICKS_MAX = 10**9

CLOSED_FORM_ERROR = 1e-10
"""Largest rounding error at which `md1k_loss_closed_form` still answers."""

EXPONENT_MAX = 300.0
"""Largest exponent in the closed form; squares of e**300 are still floats."""

Floats = NDArray[np.float64]


def md1k_loss(load: float, depth: int) -> float:
    """Return the loss of M/D/1/K.

    Parameters
    ----------
    load : float
        Offered rate times service time, ρ.
    depth : int
        Places K, the one in service included.
    """
    return _md1k(load, depth).loss


def md1k_loss_closed_form(load: float, depth: int) -> float:
    """Return the loss of M/D/1/K by the formula of Brun and Garcia.

    1 - b / (1 + ρ b) with b = Σ_{k=0..n} (-1)^k/k! (n-k)^k e^{(n-k)ρ} ρ^k and n = K - 1
    (O. Brun, J.-M. Garcia, J. Appl. Prob. 37 (2000) 1092). The terms cancel: they grow like
    e^{nρ}, their sum does not. `md1k_loss` has no such limit; this is its cross-check.

    Parameters
    ----------
    load, depth
        As in `md1k_loss`.

    Raises
    ------
    InputError
        Where rounding may cost more than `CLOSED_FORM_ERROR`; the
        deepest it answers are K = 18 at ρ = 0.3, 13 at 0.5, 11 at 1, 35 at 1.5.
    """
    load = number("load", load, high=LOAD_MAX)
    n = count("depth", depth) - 1
    terms = _closed_form_terms(load, n) if n * load < EXPONENT_MAX else [math.inf]
    b = math.fsum(terms)
    # A term is the exponential of a sum of these sizes: its relative error is as many ulps.
    ulps = 1 + n * (load + math.log1p(n * load) + math.log1p(n))
    error = ulps * 2.0**-51 * sum(abs(term) for term in terms)
    if not (error < b / 2 and error / (1 + load * b / 2) ** 2 <= CLOSED_FORM_ERROR):
        raise InputError(
            f"the closed form cancels at load {load:g} and depth {depth}: "
            f"rounding may cost more than {CLOSED_FORM_ERROR:g}; md1k_loss does not"
        )
    return (1 + load * b - b) / (1 + load * b)


def md1k_occupancy(load: float, depth: int) -> Floats:
    """Return the part of time with each number inside M/D/1/K, shape ``(depth + 1,)``.

    Arrivals see the same. Below K it is what departures leave behind, times the accepted part
    (R. B. Cooper, Introduction to Queueing Theory, 1981, chapter 5).

    Parameters
    ----------
    load, depth
        As in `md1k_loss`.
    """
    return _md1k(load, depth).seen()


def md1k_mean_wait(load: float, depth: int) -> float:
    """Return the mean wait of accepted arrivals in M/D/1/K, in service times (Little).

    Parameters
    ----------
    load, depth
        As in `md1k_loss`; the load above 0.
    """
    occupancy = md1k_occupancy(positive("load", load), depth)
    waiting = np.arange(depth) @ occupancy[1:]
    return float(waiting / (load * occupancy[:-1].sum()))


def md1_mean_wait(load: float) -> float:
    """Return the mean wait in M/D/1 without limit, in service times: ρ / (2 (1 - ρ)).

    Parameters
    ----------
    load : float
        ρ, below 1.
    """
    return mg1_mean_wait(load, 0.0)


def mg1_mean_wait(load: float, variation: float) -> float:
    """Return the mean wait in M/G/1, in mean service times (Pollaczek and Khinchine).

    ρ (1 + c²) / (2 (1 - ρ)): c = 0 for fixed services, 1 for exponential ones, and
    c² = exp(σ²) - 1 for log-normal ones.

    Parameters
    ----------
    load : float
        ρ, below 1.
    variation : float
        Standard deviation of the service over its mean, c.
    """
    if number("load", load) >= 1:
        raise InputError(f"load must be below 1, not {load!r}: the queue grows")
    return load * (1 + number("variation", variation) ** 2) / (2 * (1 - load))


def geod1k_loss(probability: float, ticks: int, depth: int) -> float:
    """Return the loss of Geo/D/1/K: candidates on clock edges, departures before them.

    Throughput is one in S + π(0) (1 - p) / p ticks (H. Takagi, Queueing Analysis 3, 1993).

    Parameters
    ----------
    probability : float
        Probability p of a candidate in a tick.
    ticks : int
        Service S.
    depth : int
        Places K, the one in service included.
    """
    return _geod1k(probability, ticks, depth).loss


def geod1k_seen(probability: float, ticks: int, depth: int) -> Floats:
    """Return what candidates find inside Geo/D/1/K, shape ``(depth + 1,)``.

    Parameters
    ----------
    probability, ticks, depth
        As in `geod1k_loss`.
    """
    return _geod1k(probability, ticks, depth).seen()


def geod1k_occupancy(probability: float, ticks: int, depth: int) -> Floats:
    """Return the part of time with each number inside Geo/D/1/K, shape ``(depth + 1,)``.

    Candidates see the state of their tick before they enter; time counts it behind that.

    Parameters
    ----------
    probability, ticks, depth
        As in `geod1k_loss`.
    """
    before = geod1k_seen(probability, ticks, depth)
    entering = probability * before[:-1]
    after = before.copy()
    after[:-1] -= entering
    after[1:] += entering
    return after


def free_bucket_loss(load: float, size: int) -> float:
    """Return the loss of a leaky bucket whose tokens come back on a fixed beat, Poisson arrivals.

    The chain of missing tokens at the beats: of those there and the arrivals of a period at most
    `size` count, then one comes back.

    Parameters
    ----------
    load : float
        Offered rate times period of the beat.
    size : int
        Tokens of the full bucket.
    """
    load = number("load", load, high=LOAD_MAX)
    tail = _poisson_tail(load, count("size", size))
    return _chain(tail[1:], tail, math.exp(-load), size, load, 0.0).loss


def clocked_free_bucket_loss(probability: float, ticks: int, size: int) -> float:
    """Return the loss of a leaky bucket with a fixed beat, candidates on clock edges.

    Parameters
    ----------
    probability : float
        Probability of a candidate in a tick.
    ticks : int
        Period of the beat.
    size : int
        Tokens of the full bucket.
    """
    load = _clocked_load(probability, ticks)
    tail = _binomial_tail(probability, ticks, count("size", size))
    return _chain(tail[1:], tail, _none(probability, ticks), size, load, 0.0).loss


@dataclass(frozen=True)
class _Chain:
    """What departures leave behind, shape ``(depth,)``, and the part of arrivals that is lost."""

    left: Floats
    loss: float

    def seen(self) -> Floats:
        # As many arrivals find j and enter as departures leave j behind.
        return np.append(self.left * (1 - self.loss), self.loss)


def _md1k(load: float, depth: int) -> _Chain:
    load = number("load", load, high=LOAD_MAX)
    tail = _poisson_tail(load, count("depth", depth))
    return _chain(tail, tail, math.exp(-load), depth, load, 1.0)


def _geod1k(probability: float, ticks: int, depth: int) -> _Chain:
    load = _clocked_load(probability, ticks)
    count("depth", depth)
    idle = _binomial_tail(probability, ticks - 1, depth)
    busy = _binomial_tail(probability, ticks, depth)
    # An idle time is 0 or more ticks long, and its end is an arrival: on average π(0) (1 - p).
    return _chain(idle, busy, _none(probability, ticks), depth, load, 1 - probability)


def _chain(
    idle: Floats, busy: Floats, none: float, depth: int, load: float, idle_arrivals: float
) -> _Chain:
    """Solve a chain: P(N₀ > m) and P(N > m) over m, P(N = 0), mean arrivals in a cycle."""
    left = np.zeros(depth)
    left[0] = 1.0
    for j in range(depth - 1):
        up = left[0] * idle[j] + left[1 : j + 1] @ busy[j:0:-1]
        left[j + 1] = up / none
        if left[j + 1] > 1:
            left[: j + 2] /= left[j + 1]
    left /= left.sum()
    # E[(N - m)⁺] is the sum of P(N > n) over n ≥ m.
    excess = np.cumsum(busy[::-1])[::-1]
    lost = left[0] * idle[depth - 1 :].sum() + left[:0:-1] @ excess[1:depth]
    return _Chain(left, float(lost / (load + left[0] * idle_arrivals)) if lost > 0 else 0.0)


def _poisson_tail(load: float, depth: int) -> Floats:
    """Return P(N > m) for m = 0 … far enough behind `depth` that the rest is nothing."""
    m = np.arange(max(depth, math.ceil(2 * load)) + 64)
    return np.asarray(gammainc(m + 1, load), dtype=np.float64)


def _binomial_tail(probability: float, ticks: int, depth: int) -> Floats:
    """Return P(N > m) for N of `ticks` tries, for m as in `_poisson_tail`."""
    m = np.arange(max(depth, math.ceil(2 * probability * ticks)) + 64)
    inside = m < ticks
    tail = np.zeros(len(m))
    tail[inside] = betainc(m[inside] + 1, ticks - m[inside], probability)
    return tail


def _none(probability: float, ticks: int) -> float:
    if probability == 1:
        raise InputError("probability must be below 1: there is no chance in it")
    return math.exp(ticks * math.log1p(-probability))


def _clocked_load(probability: float, ticks: int) -> float:
    probability = number("probability", probability, high=1)
    return number(
        "probability * ticks", probability * count("ticks", ticks, 1, TICKS_MAX), high=LOAD_MAX
    )


def _closed_form_terms(load: float, n: int) -> list[float]:
    if n == 0 or load == 0:
        return [1.0]
    # In logarithms, as powers and factorials overflow before their ratio does. Term n is 0^n = 0.
    return [
        (-1) ** k * math.exp(k * math.log((n - k) * load) + (n - k) * load - math.lgamma(k + 1))
        for k in range(n)
    ]
