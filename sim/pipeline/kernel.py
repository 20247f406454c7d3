"""The GDL on the ticks on which something happens.

On each such tick, in this order: primitives come, aligned bits rise, aligned bits fall, the GDL
decides. The rules of rise and fall are those of `firmware_models.gdl_inputs`, the logic that of
`gdl_logic`; a test compares both with the models tick by tick.
"""

from __future__ import annotations

import numpy as np

from firmware_models.gdl_prescale import fire
from firmware_models.interface.gdl import SOURCE_SELF
from firmware_models.kernels import njit
from sim.pipeline.gates import OPEN
from sim.pipeline.state import (
    LAST_COLLISION,
    LAST_SELF,
    LAST_SOURCE,
    LATE_DECISIONS,
    OR_KNOWN,
    OR_VALUE,
    QUEUE,
)

NEVER = np.int64(1 << 62)
DONE, QUEUE_FULL, TOO_MANY_PATTERNS = range(3)
"""How a run ends."""

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
# The six bits at the top of 2**k times this constant differ for all k.
_POSITIONS = np.argsort([(0x03F79D71B4CB0A89 << k) % (1 << 64) >> 58 for k in range(64)])


@njit()
def run(  # type: ignore[no-untyped-def]
    pulses, signals, until, align, logic, ticks, prescales, state, patterns, out
):
    """Run to the tick before `until`.

    Returns
    -------
    status, pulses, signals, candidates : int
        How it ended; how many of each were used up or made.
    """
    p = s = made = 0
    classes = len(align.class_delay)
    scalar = state.scalar
    while True:
        while s < len(signals.tick) and signals.state[s] != OPEN:
            s += 1
        asked = signals.tick[s] if s < len(signals.tick) else NEVER
        t = min(asked, pulses.tick[p] if p < len(pulses.tick) else NEVER)
        for c in range(classes):
            falls, rises = state.queue_at[c, 0], state.queue_at[c, 1]
            if rises < state.queue_at[c, 2]:
                t = min(t, state.queue_tick[c, rises % QUEUE] + align.class_delay[c])
            if falls < rises:
                edge = state.queue_tick[c, falls % QUEUE]
                t = min(t, edge + align.class_delay[c] + align.class_width[c])
        if t >= until:
            return DONE, p, s, made
        alone = (
            asked - t >= ticks.self_gate
            and t - scalar[LAST_SOURCE] >= ticks.self_gate
            and t - scalar[LAST_SELF] >= ticks.gate
        )
        if alone and scalar[OR_KNOWN] == 0:
            scalar[OR_VALUE] = _any_open(state, logic)
            scalar[OR_KNOWN] = 1
        while p < len(pulses.tick) and pulses.tick[p] == t:
            scalar[LAST_COLLISION] = pulses.collision[p]
            if not _arrive(t, pulses.bits[p], align, state):
                return QUEUE_FULL, p, s, made
            p += 1
        _rise_and_fall(t, align, state)
        if asked == t:
            scalar[OR_KNOWN] = 0
            scalar[LAST_SOURCE] = t
            _count_missing(t, signals.bits[s], signals.arrivals[s], align, state)
            source, quality, collision = signals.source[s], signals.quality[s], signals.collision[s]
            s += 1
        elif alone:
            before = scalar[OR_VALUE]
            scalar[OR_VALUE] = _any_open(state, logic)
            if before != 0 or scalar[OR_VALUE] == 0:
                continue
            scalar[LAST_SELF] = t
            source, quality, collision = SOURCE_SELF, 0, scalar[LAST_COLLISION]
        else:
            scalar[OR_KNOWN] = 0
            continue
        state.decided[source] += 1
        if not _prescaled(_decide(state, logic), prescales, patterns.scratch):
            continue
        if t + ticks.gdl - collision > ticks.budget:
            scalar[LATE_DECISIONS] += 1
            continue
        number = _number(patterns.scratch, patterns)
        if number < 0:
            return TOO_MANY_PATTERNS, p, s, made
        out.tick[made] = t + ticks.gdl
        out.pattern[made] = number
        out.quality[made] = quality
        out.source[made] = source
        made += 1


@njit()
def run_alone(lines, prescales, patterns, chosen, number):  # type: ignore[no-untyped-def]
    """Prescale events that decide alone, and number the patterns that pass (-1: none).

    Returns False when there are too many patterns.
    """
    for i in range(len(chosen)):
        number[i] = -1
        if _prescaled(lines[chosen[i]], prescales, patterns.scratch):
            number[i] = _number(patterns.scratch, patterns)
            if number[i] < 0:
                return False
    return True


@njit()
def _arrive(t, bits, align, state):  # type: ignore[no-untyped-def]
    """Queue the rising edges of a primitive; False when a queue is full."""
    edges = state.scratch
    found = False
    for w in range(len(bits)):
        edges[w] = np.uint64(0)
        left = bits[w]
        while left != np.uint64(0):
            lowest = left & (~left + np.uint64(1))
            left ^= lowest
            i = 64 * w + _position(lowest)
            if state.raw_end[i] < t:
                edges[w] |= lowest
                found = True
            state.raw_end[i] = max(state.raw_end[i], t + align.hold[i])
    if not found:
        return True
    for c in range(len(align.class_delay)):
        hit = False
        for w in range(len(bits)):
            hit = hit or (edges[w] & align.class_mask[c, w]) != np.uint64(0)
        if hit:
            at = state.queue_at[c, 2]
            if at - state.queue_at[c, 0] == QUEUE:
                return False
            state.queue_tick[c, at % QUEUE] = t
            for w in range(len(bits)):
                state.queue_bits[c, at % QUEUE, w] = edges[w] & align.class_mask[c, w]
            state.queue_at[c, 2] += 1
    return True


@njit()
def _rise_and_fall(t, align, state):  # type: ignore[no-untyped-def]
    for c in range(len(align.class_delay)):
        at = state.queue_at[c]
        rise = t - align.class_delay[c]
        while at[1] < at[2] and state.queue_tick[c, at[1] % QUEUE] == rise:
            _mark(t, state.queue_bits[c, at[1] % QUEUE], state)
            at[1] += 1
        fall = rise - align.class_width[c]
        while at[0] < at[1] and state.queue_tick[c, at[0] % QUEUE] == fall:
            _clear(t - align.class_width[c], state.queue_bits[c, at[0] % QUEUE], state)
            at[0] += 1


@njit()
def _mark(t, bits, state):  # type: ignore[no-untyped-def]
    for w in range(len(bits)):
        left = bits[w]
        state.high[w] |= left
        while left != np.uint64(0):
            lowest = left & (~left + np.uint64(1))
            left ^= lowest
            state.risen[64 * w + _position(lowest)] = t


@njit()
def _clear(rose, bits, state):  # type: ignore[no-untyped-def]
    """Let bits fall whose last rise was the one that ends here."""
    for w in range(len(bits)):
        left = bits[w]
        while left != np.uint64(0):
            lowest = left & (~left + np.uint64(1))
            left ^= lowest
            if state.risen[64 * w + _position(lowest)] == rose:
                state.high[w] &= ~lowest


@njit()
def _count_missing(t, bits, arrivals, align, state):  # type: ignore[no-untyped-def]
    for w in range(len(bits)):
        left = bits[w] & ~state.high[w]
        while left != np.uint64(0):
            lowest = left & (~left + np.uint64(1))
            left ^= lowest
            i = 64 * w + _position(lowest)
            if arrivals[align.sub[i]] + align.delay[i] > t:
                state.late[i] += 1
            else:
                state.early[i] += 1


@njit()
def _decide(state, logic):  # type: ignore[no-untyped-def]
    """Return the lines that fire for the bits that are high."""
    mixed = np.uint64(0)
    for word in state.high:
        mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    slot = np.int64(mixed & np.uint64(len(state.cache_full) - 1))
    same = state.cache_full[slot] != 0
    for w in range(len(state.high)):
        same = same and state.cache_key[slot, w] == state.high[w]
    if not same:
        lines = state.cache_lines[slot]
        lines[:] = np.uint64(0)
        for product in range(len(logic.line)):
            holds = True
            for w in range(len(state.high)):
                high, wanted = state.high[w], logic.wanted[product, w]
                holds = holds and high & wanted == wanted
                holds = holds and high & logic.forbidden[product, w] == np.uint64(0)
            if holds:
                line = logic.line[product]
                lines[line >> 6] |= np.uint64(1) << np.uint64(line & 63)
        state.cache_key[slot] = state.high
        state.cache_full[slot] = 1
    return state.cache_lines[slot]


@njit()
def _any_open(state, logic):  # type: ignore[no-untyped-def]
    lines = _decide(state, logic)
    for w in range(len(lines)):
        if lines[w] & logic.open[w] != np.uint64(0):
            return 1
    return 0


@njit()
def _prescaled(lines, prescales, passed):  # type: ignore[no-untyped-def]
    """Fill the lines that pass, and return whether any does."""
    accept = False
    for w in range(len(lines)):
        passed[w] = np.uint64(0)
        left = lines[w]
        while left != np.uint64(0):
            lowest = left & (~left + np.uint64(1))
            left ^= lowest
            line = 64 * w + _position(lowest)
            if prescales.interval[line] == 0:
                continue
            passes, prescales.value[line] = fire(
                prescales.mode[line], prescales.interval[line], prescales.fraction[line],
                prescales.value[line],
            )  # fmt: skip
            if passes != 0:
                passed[w] |= lowest
                accept = True
    return accept


@njit()
def _number(lines, patterns):  # type: ignore[no-untyped-def]
    """Return the number of a pattern, a new one if need be, -1 when there are too many."""
    mixed = np.uint64(0)
    for word in lines:
        mixed = (mixed ^ word) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    size = len(patterns.slot)
    slot = np.int64(mixed & np.uint64(size - 1))
    while patterns.slot[slot] >= 0:
        number = np.int64(patterns.slot[slot])
        same = True
        for w in range(len(lines)):
            same = same and patterns.lines[number, w] == lines[w]
        if same:
            return number
        slot = (slot + 1) % size
    number = patterns.used[0]
    if number == len(patterns.lines):
        return np.int64(-1)
    patterns.lines[number] = lines
    patterns.slot[slot] = number
    patterns.used[0] += 1
    return number


@njit()
def _position(lowest):  # type: ignore[no-untyped-def]
    """Return the position of the one bit that is set."""
    return _POSITIONS[np.int64((lowest * _DE_BRUIJN) >> np.uint64(58))]
