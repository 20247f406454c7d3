"""Stages one behind the other, where theory is exact.

Behind an M/M/1 stage the stream is Poisson again (P. J. Burke, Oper. Res. 4 (1956) 699), and the
occupancies of exponential stages are independent (J. R. Jackson): each is M/M/1 by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware_models.errors import InputError
from sim.readout.theory.checks import count, positive
from sim.readout.theory.erlang import mm1k_loss
from sim.readout.theory.fixed_service import md1_mean_wait


def fixed_tandem_mean_wait(rate: float, services: Sequence[float]) -> float:
    """Return the mean of all waits in a tandem of fixed services, Poisson arrivals, no limits.

    The sum of an event's waits is its wait in front of the slowest stage alone, wherever in the
    order that stage stands (H. D. Friedman, Oper. Res. 13 (1965) 121).

    Parameters
    ----------
    rate : float
        Offered rate.
    services : sequence of float
        Service times of the stages; the unit is that of 1 / rate and of the result.
    """
    if not services:
        raise InputError("services must not be empty")
    slowest = max(positive("service", service) for service in services)
    return md1_mean_wait(positive("rate", rate) * slowest) * slowest


def saturated_pair_throughput(first: float, second: float, depth: int) -> float:
    """Return the throughput of two exponential stages when the first is never without work.

    The second holds `depth` events; while it is full, an event that the first has finished keeps
    the first's server. The number behind the first service, that one included, is M/M/1/(depth+1)
    (G. C. Hunt, Oper. Res. 4 (1956) 674): for equal stages (depth + 1) / (depth + 2) of a server.

    Parameters
    ----------
    first, second : float
        Service rates.
    depth : int
        Places of the second stage, the one in service included.
    """
    load = positive("first", first) / positive("second", second)
    return first * (1 - mm1k_loss(load, count("depth", depth) + 1))
