"""Primitives: when the bits and event times of each collision reach the GDL.

A collision on tick c sends the bits of sub-trigger s on tick c + latency + pad + jitter, and, where
s gives an event time, a signal on tick c + latency + jitter that says "c + error" (both not before
c). A signal with event time e asks for a decision on tick e + decision. Where collisions were
merged, c is the tick of the one that s times: its bits and its event time leave together. Neural
tracks are those of the chamber's tracks, and are timed like them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.pipeline.groups import CDC, DISPLACED, NEURO, SUB_TRIGGERS
from sim.pipeline.plan import MAX_SIGMA, SOURCE_SUB, Ints, PipelinePlan, Words
from sim.readout.plan import QUANTA

NO_TIME = -1
"""Quality of an event time that is not there."""


@dataclass(frozen=True)
class Collisions:
    """Collisions in time, with what each sub-trigger says about them.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        [quanta], not falling.
    bits : ndarray of uint64, shape (n, n_words)
        Input bits, in the order of the plan's inputs.
    quality : ndarray of int64, shape (n, 3)
        Quality of the event time by source code, `NO_TIME` for none.
    timed : ndarray of int64, shape (n, 3)
        Tick that each source times: that of the collision, or of a later one merged with it.
    """

    time: Ints
    bits: Words
    quality: Ints
    timed: Ints

    def __len__(self) -> int:
        """Return the number of collisions."""
        return len(self.time)


class Pulses(NamedTuple):
    """Bits on their way into the GDL, by rising tick.

    Parameters
    ----------
    tick, collision : ndarray of int64, shape (n,)
    bits : ndarray of uint64, shape (n, n_words)
    """

    tick: Ints
    collision: Ints
    bits: Words


class Signals(NamedTuple):
    """Event times that ask for a decision, by rising decision tick.

    Parameters
    ----------
    tick, arrival, collision : ndarray of int64, shape (n,)
        Tick of the decision asked for; arrival of the signal; tick of the collision.
    source, quality, state : ndarray of int64, shape (n,)
        Source code; quality; see `sim.pipeline.gates`.
    bits : ndarray of uint64, shape (n, n_words)
        All bits of the collision.
    arrivals : ndarray of int64, shape (n, 7)
        Ticks on which the collision's bits come, by sub-trigger.
    """

    tick: Ints
    arrival: Ints
    collision: Ints
    source: Ints
    quality: Ints
    state: Ints
    bits: Words
    arrivals: Ints


@dataclass(frozen=True)
class Drawn:
    """Jitter and errors of some collisions [tick].

    Parameters
    ----------
    jitter : ndarray of int64, shape (n, 7)
        By sub-trigger.
    error : ndarray of int64, shape (n, 3)
        Of the event time, by source code.
    """

    jitter: Ints
    error: Ints


def draw(plan: PipelinePlan, collisions: Collisions, rng: np.random.Generator) -> Drawn:
    """Draw jitter and errors for the sub-triggers that have something to say."""
    n = len(collisions)
    jitter = np.zeros((n, len(SUB_TRIGGERS)), dtype=np.int64)
    error = np.zeros((n, len(SOURCE_SUB)), dtype=np.int64)
    sends = np.bitwise_or.reduce(collisions.bits, axis=0)
    speaks = np.any(collisions.quality > NO_TIME, axis=0).tolist()
    for sub in range(len(SUB_TRIGGERS)):
        timing = any(speaks[code] for code, s in enumerate(SOURCE_SUB) if s == sub)
        if timing or (sends & plan.sub_mask[sub]).any():
            jitter[:, sub] = _normal(rng, n, plan.jitter[sub])
    for code in np.flatnonzero(speaks):
        spread = np.full(n, plan.spread[code])
        if plan.tail_part[code] > 0:
            spread[rng.random(n) < plan.tail_part[code]] = plan.tail[code]
        error[:, code] = _normal(rng, n, spread)
    return Drawn(jitter, error)


def primitives(plan: PipelinePlan, collisions: Collisions, drawn: Drawn) -> tuple[Pulses, Signals]:
    """Return what reaches the GDL, in the order of the collisions.

    Raises
    ------
    InputError
        When bits or qualities do not have the plan's shape.
    """
    n = len(collisions)
    if collisions.bits.shape != (n, plan.words) or collisions.quality.shape != (n, 3):
        raise InputError(
            f"bits and qualities must have shapes ({n}, {plan.words}) and ({n}, 3), not "
            f"{collisions.bits.shape} and {collisions.quality.shape}", place="collisions",
        )  # fmt: skip
    tick = collisions.time // QUANTA
    base = np.repeat(tick[:, None], len(SUB_TRIGGERS), axis=1)
    base[:, SOURCE_SUB] = collisions.timed
    base[:, [NEURO, DISPLACED]] = base[:, [CDC]]
    early = np.maximum(base + plan.latency + drawn.jitter, tick[:, None])
    arrivals = early + plan.pad
    sent = [collisions.bits & mask for mask in plan.sub_mask]
    rows = [np.flatnonzero(bits.any(axis=1)) for bits in sent]
    pulses = Pulses(
        np.concatenate([arrivals[row, sub] for sub, row in enumerate(rows)]),
        np.concatenate([tick[row] for row in rows]),
        np.concatenate([bits[row] for bits, row in zip(sent, rows, strict=True)]),
    )
    wanted = (collisions.quality >= plan.min_quality) & (plan.rank >= 0)
    wanted &= collisions.quality > NO_TIME
    event, source = np.nonzero(wanted)
    said = np.maximum(collisions.timed[event, source] + drawn.error[event, source], tick[event])
    signals = Signals(
        said + plan.ticks.decision,
        early[event, np.array(SOURCE_SUB)[source]],
        tick[event],
        source,
        collisions.quality[event, source],
        np.zeros(len(event), dtype=np.int64),
        collisions.bits[event],
        arrivals[event],
    )
    return pulses, signals


def join_pulses(old: Pulses, new: Pulses) -> Pulses:
    """Return both, by rising tick."""
    return Pulses._make(_sorted([np.concatenate(pair) for pair in zip(old, new, strict=True)]))


def join_signals(old: Signals, new: Signals) -> Signals:
    """Return both, by rising decision tick."""
    return Signals._make(_sorted([np.concatenate(pair) for pair in zip(old, new, strict=True)]))


def no_primitives(plan: PipelinePlan) -> tuple[Pulses, Signals]:
    """Return none."""
    nothing = np.zeros(0, dtype=np.int64)
    bits = np.zeros((0, plan.words), dtype=np.uint64)
    arrivals = np.zeros((0, len(SUB_TRIGGERS)), dtype=np.int64)
    return Pulses(nothing, nothing, bits), Signals._make([*[nothing] * 6, bits, arrivals])


def _normal(rng: np.random.Generator, n: int, sigma: float | NDArray[np.float64]) -> Ints:
    values = np.clip(rng.standard_normal(n), -MAX_SIGMA, MAX_SIGMA) * sigma
    return np.rint(values).astype(np.int64)


def _sorted(columns: list[NDArray[Any]]) -> list[NDArray[Any]]:
    # A merge sort: the columns are some runs behind each other, one a sub-trigger, nearly sorted.
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]
