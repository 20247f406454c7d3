"""Poisson arrivals and exponential services: Erlang B and C, M/M/1/K, M/M/c/K.

Losses come from recursions of positive terms only, which keep full relative precision for any
number of servers. Sources: L. Kleinrock, Queueing Systems 1 (1975), chapter 3; the recursion in
the number of servers is Erlang's own (e.g. ITU-D Teletraffic Engineering Handbook).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.readout.theory.checks import count, number, positive

PLACES_MAX = 10**7


def mmck_loss(load: float, servers: int, depth: int) -> float:
    """Return the loss of M/M/c/K.

    With P(n) the loss of depth n: P(0) = 1 and P(n) = a P(n-1) / (min(n, c) + a P(n-1)).

    Parameters
    ----------
    load : float
        Offered rate times mean service time (of one server), a.
    servers : int
        c.
    depth : int
        Places K, those in service included; not below `servers`.
    """
    load, servers, depth = _system(load, servers, depth)
    loss = 1.0
    for n in range(1, depth + 1):
        loss = load * loss / (min(n, servers) + load * loss)
    return loss


def mm1k_loss(load: float, depth: int) -> float:
    """Return the loss of M/M/1/K: (1 - ρ) ρ^K / (1 - ρ^(K+1)), or 1 / (K + 1) for ρ = 1.

    Parameters
    ----------
    load : float
        ρ.
    depth : int
        Places K, the one in service included.
    """
    return mmck_loss(load, 1, depth)


def erlang_b(load: float, servers: int) -> float:
    """Return the loss of c servers without a queue (M/G/c/c: any holding time of the same mean).

    Parameters
    ----------
    load : float
        Offered rate times mean holding time [erlang].
    servers : int
    """
    return mmck_loss(load, servers, servers)


def erlang_c(load: float, servers: int) -> float:
    """Return the probability that an arrival must wait in M/M/c without limit.

    Parameters
    ----------
    load : float
        Offered rate times mean service time [erlang], below `servers`.
    servers : int
    """
    blocked = erlang_b(_stable(load, servers), servers)
    return blocked / (1 - (load / servers) * (1 - blocked))


def mmc_mean_wait(load: float, servers: int) -> float:
    """Return the mean wait before service in M/M/c, in mean service times.

    Parameters
    ----------
    load : float
        Offered rate times mean service time [erlang], below `servers`.
    servers : int
    """
    return erlang_c(load, servers) / (servers - load)


def mmck_occupancy(load: float, servers: int, depth: int) -> NDArray[np.float64]:
    """Return the part of time with each number inside M/M/c/K, shape ``(depth + 1,)``.

    Arrivals see the same (R. W. Wolff, Oper. Res. 30 (1982) 223).

    Parameters
    ----------
    load, servers, depth
        As in `mmck_loss`.
    """
    load, servers, depth = _system(load, servers, depth)
    ratio = load / np.minimum(np.arange(1, depth + 1), servers)
    # Ratios fall, so that products that start at the most likely number never exceed 1.
    mode = int(np.count_nonzero(ratio >= 1))
    below = np.cumprod(1 / ratio[:mode][::-1])[::-1]
    weights = np.concatenate([below, [1.0], np.cumprod(ratio[mode:])])
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def mm1k_occupancy(load: float, depth: int) -> NDArray[np.float64]:
    """Return the part of time with each number inside M/M/1/K, shape ``(depth + 1,)``.

    Parameters
    ----------
    load, depth
        As in `mm1k_loss`.
    """
    return mmck_occupancy(load, 1, depth)


def mmck_mean_wait(load: float, servers: int, depth: int) -> float:
    """Return the mean wait of accepted arrivals in M/M/c/K, in mean service times (Little).

    Parameters
    ----------
    load, servers, depth
        As in `mmck_loss`; the load above 0.
    """
    occupancy = mmck_occupancy(positive("load", load), servers, depth)
    waiting = np.maximum(np.arange(depth + 1) - servers, 0) @ occupancy
    return float(waiting / (load * occupancy[:-1].sum()))


def _system(load: float, servers: int, depth: int) -> tuple[float, int, int]:
    load = number("load", load)
    servers = count("servers", servers, 1, PLACES_MAX)
    depth = count("depth", depth, 1, PLACES_MAX)
    if depth < servers:
        raise InputError(f"depth must be servers ({servers}) or more, not {depth}")
    return load, servers, depth


def _stable(load: float, servers: int) -> float:
    if number("load", load) >= servers:
        raise InputError(f"load must be below servers ({servers}), not {load!r}: the queue grows")
    return load
