"""Which processes serve all lifetimes with one sample, and the weights of its events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_models.errors import InputError
from sim.processes import PROCESSES, process_class
from sim.processes.base import FloatArray
from sim.processes.long_lived import LongLived
from sim.processes.parameters import Parameter

SAMPLING, BROAD = "sampling", "broad"

LEAST_WEIGHT = 1e-100
"""Of an event at a lifetime, beside a mean of 1: the square of a smaller one may underflow to 0."""


def lifetime_parameters(process: str) -> dict[str, Parameter]:
    """Return the parameters of a process that are lifetimes, by name.

    Raises
    ------
    InputError
        For a process that has no sample for all lifetimes.
    """
    found = _lifetimes(process)
    if not found:
        allowed = ", ".join(name for name in PROCESSES if _lifetimes(name))
        raise InputError(
            f"{process} has no lifetime to choose; allowed: {allowed}", place="process"
        )
    return found


def _lifetimes(process: str) -> dict[str, Parameter]:
    from sim.machine import Machine

    kind = process_class(process)
    known = {parameter.name: parameter for parameter in kind.parameters(Machine())}
    if not issubclass(kind, LongLived) or SAMPLING not in known:
        return {}
    return {name: known[name] for name in kind.lifetimes if name in known}


def check_lifetimes(process: str, ctaus: Sequence[float], place: str) -> None:
    """Refuse lifetimes [m] outside the range of the process, or a process without any.

    Raises
    ------
    InputError
    """
    first = next(iter(lifetime_parameters(process).values()))
    for ctau in ctaus:
        first.check(ctau, place)


def common_weights(process: LongLived, length: FloatArray, ctaus: Sequence[float]) -> FloatArray:
    """Return weights for lifetimes that all long-lived particles of the process share.

    Parameters
    ----------
    process : LongLived
        Of which the sample is.
    length : ndarray, shape (n, number of long-lived particles)
        From `LongLived.proper_lengths` [cm].
    ctaus : sequence of float
        Mean proper decay lengths [m].

    Returns
    -------
    ndarray, shape (n, n_ctau)
        0 below `LEAST_WEIGHT`.
    """
    found = np.column_stack([
        process.weights_of_lengths(length, *[ctau] * length.shape[1]) for ctau in ctaus
    ])  # fmt: skip
    return np.where(found < LEAST_WEIGHT, 0.0, found)
