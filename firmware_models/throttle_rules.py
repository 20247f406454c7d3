"""The rules of the trigger throttle, tick by tick: see `firmware_models.l1_throttle`."""

from __future__ import annotations

import numpy as np

from firmware_models import apv25, injection_veto
from firmware_models.interface.throttle import N_BUCKET, N_FIFO, N_WINDOW, RULES
from firmware_models.kernels import njit

VETO, BUSY, SPACING = range(3)
WINDOW, BUCKET = SPACING + 1, SPACING + 1 + N_WINDOW
APV = BUCKET + N_BUCKET + N_FIFO
"""Numbers of the rules, in the order of `RULES`; FIFOs follow the buckets."""

_TAG_MASK = (1 << 32) - 1


@njit()
def decide(columns, results, settings, state):  # type: ignore[no-untyped-def]
    """Decide on every tick.

    Parameters
    ----------
    columns, results : tuple of ndarray
        Fields of the input and of the output words, in their order.
    settings : tuple of ndarray
        BUSY mask; spacing and active; windows; buckets and FIFOs; APV25; veto of each ring.
    state : tuple of ndarray
        Those of `l1_throttle.State`, in their order.
    """
    busy_mask, simple, windows, buckets, apv_set, veto_set = settings
    clock, last, taken, mark, apv, queue, veto = state
    request, short, activity, kick, position, busy, turn_tick = columns
    accept, cause, refused, is_short, veto_up, cells, tag = results
    spacing, active = simple
    apv_cells, samples, frame, processing, grid, eventwise = apv_set
    for i in range(request.shape[0]):
        t = clock[0]
        clock[0] += 1
        for ring in range(veto.shape[0]):
            enable, pre, length, full, gated, wait = veto_set[ring]
            if enable != 0 and injection_veto.is_up(
                veto[ring], t, np.int64(turn_tick[i]), kick[i, ring], np.int64(position[i]),
                pre, length, full, gated, wait,
            ):  # fmt: skip
                veto_up[i, ring] = 1
        apv25.release(apv, queue, t, frame, grid, eventwise)
        if request[i] != 0:
            row = refused[i]
            if active == 0 or activity[i] != 0:
                for ring in range(veto.shape[0]):
                    row[VETO] |= veto_up[i, ring]
            for j in range(busy_mask.shape[0]):
                row[BUSY] |= busy[i, j] & busy_mask[j]
            row[SPACING] = t - last[0] < spacing
            for j in range(windows.shape[1]):
                most, length = windows[0, j], windows[1, j]
                row[WINDOW + j] = most > 0 and t - last[most - 1] < length
            for j in range(buckets.shape[1]):
                if buckets[0, j] > 0:
                    _regain(j, t, buckets, taken, mark)
                    row[BUCKET + j] = taken[j] >= buckets[0, j]
            three = samples == 1 or (samples == 2 and short[i] != 0)
            need = apv25.THREE if three else apv25.SIX
            row[APV] = apv_cells > 0 and apv[apv25.OCCUPIED] + need > apv_cells
            cause[i] = _first(row)
            if cause[i] == 0:
                accept[i] = 1
                is_short[i] = three
                tag[i] = clock[1] & _TAG_MASK
                clock[1] += 1
                for j in range(last.shape[0] - 1, 0, -1):
                    last[j] = last[j - 1]
                last[0] = t
                for j in range(buckets.shape[1]):
                    if buckets[0, j] == 0:
                        continue
                    if buckets[2, j] == 0 and taken[j] == 0:
                        mark[j] = t + buckets[1, j]
                    taken[j] += 1
                if apv_cells > 0:
                    apv25.take(apv, queue, t, need, frame, processing, grid)
        cells[i] = apv[apv25.OCCUPIED]


@njit()
def _regain(j, t, buckets, taken, mark):  # type: ignore[no-untyped-def]
    """Give bucket j back the tokens that it regained up to tick t."""
    drain = buckets[1, j]
    if buckets[2, j] != 0:
        taken[j] = max(0, taken[j] - (t // drain - mark[j] // drain))
        mark[j] = t
    elif taken[j] > 0 and mark[j] <= t:
        regained = 1 + (t - mark[j]) // drain
        taken[j] = max(0, taken[j] - regained)
        mark[j] += regained * drain


@njit()
def _first(row):  # type: ignore[no-untyped-def]
    """Return 1 + the number of the first rule that refuses, 0 when none does."""
    for rule in range(len(RULES)):
        if row[rule] != 0:
            return rule + 1
    return 0
