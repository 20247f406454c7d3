"""Sums over events that every rate is made of, on bit-sliced decisions.

A line that fires passes its prescale with probability q: 1 without prescale, 1/n for one in n, 0
when masked. For the lines in menu order and one event, let

* ``before[k]``: probability that no line before k passes, summed over events where line k fires;
* ``alone[k]``: probability that no other line passes, summed over events where line k fires.

Unprescaled lines make both 0 or 1, so that whole words of 64 events are counted at once; single
bits are visited only for prescaled lines. Sums of probabilities are integers in units of
2**-40: they do not depend on the order of events, chunks or workers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from firmware_models.kernels import njit

FRACTION_BITS = 40
"""Probabilities are summed in units of 2**-40; rounding is below 5e-13 an event."""

MAX_WORDS = 1 << 16
"""Most words in one call: 2**22 events of probability up to 1 stay below 2**63."""

_BLOCK = 128  # words: 176 lines of a block are 180 kB and stay in the second-level cache
_ONE = float(1 << FRACTION_BITS)


def _count_bits(typing_context, word):  # type: ignore[no-untyped-def]
    """Count the set bits of a uint64 (numba knows no `numpy.bitwise_count`)."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _find_lowest(typing_context, word):  # type: ignore[no-untyped-def]
    """Return the place of the lowest set bit of a uint64 that is not 0."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


_popcount: Any = intrinsic(_count_bits)
_lowest: Any = intrinsic(_find_lowest)


@njit()
def pair_counts(rows: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Count the events in which two lines fire together.

    Parameters
    ----------
    rows : ndarray of uint64, shape (n_lines, n_words)

    Returns
    -------
    ndarray of int64, shape (n_lines, n_lines)
        Symmetric; the diagonal holds the fires of each line.
    """
    n_lines, n_words = rows.shape
    counts = np.zeros((n_lines, n_lines), dtype=np.int64)
    active = np.zeros(n_lines, dtype=np.int64)
    block = np.zeros((n_lines, _BLOCK), dtype=np.uint64)
    for start in range(0, n_words, _BLOCK):
        size = min(_BLOCK, n_words - start)
        n_active = 0
        for line in range(n_lines):
            any_fire = np.uint64(0)
            for w in range(size):
                word = rows[line, start + w]
                block[n_active, w] = word
                any_fire |= word
            if any_fire != np.uint64(0):
                active[n_active] = line
                n_active += 1
        for i in range(n_active):
            for j in range(i, n_active):
                total = np.int64(0)
                for w in range(size):
                    total += np.int64(_popcount(block[i, w] & block[j, w]))
                counts[active[i], active[j]] += total
    for i in range(n_lines):
        for j in range(i):
            counts[i, j] = counts[j, i]
    return counts


@njit()
def _fixed(probability):  # type: ignore[no-untyped-def]
    return np.int64(probability * _ONE + 0.5)


@njit()
def moments(
    rows: NDArray[np.uint64], passing: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum `before` and `alone` and their squares over events.

    Parameters
    ----------
    rows : ndarray of uint64, shape (n_lines, n_words)
        In menu order; at most `MAX_WORDS` words.
    passing : ndarray of float64, shape (n_lines,)
        Probability that a fire passes the prescale.

    Returns
    -------
    before, alone : ndarray of int64, shape (2, n_lines)
        Sum of the probabilities and of their squares, in units of 2**-`FRACTION_BITS`.
    """
    n_lines, n_words = rows.shape
    before = np.zeros((2, n_lines), dtype=np.int64)
    alone = np.zeros((2, n_lines), dtype=np.int64)
    words = np.zeros((_BLOCK, n_lines), dtype=np.uint64)
    for start in range(0, n_words, _BLOCK):
        size = min(_BLOCK, n_words - start)
        for line in range(n_lines):
            for w in range(size):
                words[w, line] = rows[line, start + w]
        for w in range(size):
            _word_moments(words[w], passing, before, alone)
    return before, alone


@njit()
def _word_moments(word, passing, before, alone):  # type: ignore[no-untyped-def]
    """Add the 64 events of one word, `word` holding one uint64 a line."""
    none = np.uint64(0)
    one, several = none, none  # events with at least one, at least two unprescaled fires
    for k in range(word.size):
        if passing[k] == 1.0:
            several |= one & word[k]
            one |= word[k]
    missed = np.empty(64, dtype=np.float64)  # no prescaled line so far passed
    missed_all = np.empty(64, dtype=np.float64)  # no prescaled line at all passed
    seen, touched = none, none  # events with an unprescaled fire so far; with entries in `missed`
    for k in range(word.size):
        x, q = word[k], passing[k]
        if x == none or q == 0.0:
            continue
        if q == 1.0:
            fresh = x & ~seen
            _add_plain(before, k, fresh & ~touched)
            _add_bits(before, k, fresh & touched, missed, 1.0)
            seen |= x
        else:
            # `before` needs events without, `alone` those with at most one unprescaled fire.
            todo = x & ~(seen & several)
            _start(todo & ~touched, missed, missed_all)
            touched |= todo
            _add_bits(before, k, todo & ~seen, missed, 1.0)
            _scale(todo, missed, missed_all, 1.0 - q)
    for k in range(word.size):
        x, q = word[k], passing[k]
        if x == none or q == 0.0:
            continue
        if q == 1.0:
            single = x & ~several
            _add_plain(alone, k, single & ~touched)
            _add_bits(alone, k, single & touched, missed_all, 1.0)
        else:
            _add_bits(alone, k, x & ~one, missed_all, 1.0 / (1.0 - q))


@njit()
def _add_plain(sums, k, events):  # type: ignore[no-untyped-def]
    """Add events of probability 1."""
    count = np.int64(_popcount(events)) << FRACTION_BITS
    sums[0, k] += count
    sums[1, k] += count


@njit()
def _add_bits(sums, k, events, probability, factor):  # type: ignore[no-untyped-def]
    """Add events one by one, each with its probability times `factor`."""
    first, second = np.int64(0), np.int64(0)
    while events != np.uint64(0):
        value = probability[_lowest(events)] * factor
        first += _fixed(value)
        second += _fixed(value * value)
        events &= events - np.uint64(1)
    sums[0, k] += first
    sums[1, k] += second


@njit()
def _start(events, missed, missed_all):  # type: ignore[no-untyped-def]
    while events != np.uint64(0):
        event = _lowest(events)
        missed[event] = 1.0
        missed_all[event] = 1.0
        events &= events - np.uint64(1)


@njit()
def _scale(events, missed, missed_all, factor):  # type: ignore[no-untyped-def]
    while events != np.uint64(0):
        event = _lowest(events)
        missed[event] *= factor
        missed_all[event] *= factor
        events &= events - np.uint64(1)


@njit()
def weighted_sums(
    rows: NDArray[np.uint64], weight: NDArray[np.float64], passing: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum pairs, `before` and `alone` over weighted events, one event at a time.

    Parameters
    ----------
    rows : ndarray of uint64, shape (n_lines, n_words)
    weight : ndarray of float64, shape (n_events,)
    passing : ndarray of float64, shape (n_lines,)

    Returns
    -------
    pairs : ndarray, shape (2, n_lines, n_lines)
        Sum of w and of w**2 over events in which both lines fire.
    before, alone : ndarray, shape (3, n_lines)
        Sums of w P, w**2 P and w**2 P**2.
    """
    n_lines = rows.shape[0]
    pairs = np.zeros((2, n_lines, n_lines))
    before = np.zeros((3, n_lines))
    alone = np.zeros((3, n_lines))
    fired = np.zeros(n_lines, dtype=np.int64)
    for event in range(weight.size):
        n_fired = 0
        for k in range(n_lines):
            if (rows[k, event >> 6] >> np.uint64(event & 63)) & np.uint64(1):
                fired[n_fired] = k
                n_fired += 1
        if n_fired:
            _add_weighted(fired[:n_fired], weight[event], passing, pairs, before, alone)
    return pairs, before, alone


@njit()
def _add_weighted(fired, w, passing, pairs, before, alone):  # type: ignore[no-untyped-def]
    """Add one event, `fired` holding the lines that fire."""
    missed, missed_prescaled, unprescaled = 1.0, 1.0, 0
    for k in fired:
        _add_probability(before, k, w, missed)
        missed *= 1.0 - passing[k]
        if passing[k] == 1.0:
            unprescaled += 1
        else:
            missed_prescaled *= 1.0 - passing[k]
        for other in fired:
            pairs[0, k, other] += w
            pairs[1, k, other] += w * w
    for k in fired:
        if passing[k] == 1.0 and unprescaled == 1:
            _add_probability(alone, k, w, missed_prescaled)
        elif passing[k] < 1.0 and unprescaled == 0:
            _add_probability(alone, k, w, missed_prescaled / (1.0 - passing[k]))


@njit()
def _add_probability(sums, k, w, probability):  # type: ignore[no-untyped-def]
    sums[0, k] += w * probability
    sums[1, k] += w * w * probability
    sums[2, k] += w * w * probability * probability


def passing_probability(prescales: Any) -> NDArray[np.float64]:
    """Return the probability that a fire passes: 1/prescale, 0 for a masked line.

    Parameters
    ----------
    prescales : sequence of float
        0 masks, n lets one in n through.
    """
    values = np.asarray(prescales, dtype=np.float64)
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
