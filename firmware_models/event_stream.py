"""Event frames of whole batches: the bytes that `firmware_models.event_framer` streams, directly.

The layout is that of docs/reference/event_format.md. This path walks events instead of ticks, and
takes two words a step for the checksum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models import crc32
from firmware_models.interface.readout import (
    FRAGMENT_MARK,
    FRAME_END,
    FRAME_MAGIC,
    N_LINE_WORD,
    N_SUBDETECTOR,
)
from firmware_models.kernels import njit
from firmware_models.readout_events import ReadoutEvents, frame_lengths


def frame(events: ReadoutEvents) -> bytes:
    """Return the frames of the events, one after the other.

    Parameters
    ----------
    events : ReadoutEvents
    """
    return frame_words(events).astype("<u4", copy=False).tobytes()


def frame_words(events: ReadoutEvents) -> NDArray[np.uint32]:
    """Return the frames as 32-bit words, shape ``(n_words,)``; the first byte lies lowest.

    Parameters
    ----------
    events : ReadoutEvents
    """
    lengths = frame_lengths(events)
    out = np.empty(int(lengths.sum()), dtype=np.uint32)
    _frame(events.tag, events.time, events.trigger_type, events.flags, events.lines,
           events.present, events.offsets, events.payload, lengths, crc32.tables(),
           out)  # fmt: skip
    return out


@njit()
def _frame(  # type: ignore[no-untyped-def]
    tag, time, trigger_type, flags, lines, present, offsets, payload, lengths, table, out
):
    begin = 0
    for i in range(len(tag)):
        out[begin] = FRAME_MAGIC
        out[begin + 1] = lengths[i]
        out[begin + 2] = tag[i]
        out[begin + 3] = time[i] & np.uint64(0xFFFFFFFF)
        out[begin + 4] = time[i] >> np.uint64(32)
        number = 0
        at = begin + 6
        for k in range(N_LINE_WORD):
            out[at] = lines[i, k]
            at += 1
        for d in range(N_SUBDETECTOR):
            if (np.int64(present[i]) >> d) & 1:
                first, last = offsets[N_SUBDETECTOR * i + d], offsets[N_SUBDETECTOR * i + d + 1]
                out[at] = (d + 1) | FRAGMENT_MARK << 8 | (last - first) << 16
                at += 1
                for k in range(first, last):
                    out[at] = payload[k]
                    at += 1
                number += 1
        out[begin + 5] = np.int64(trigger_type[i]) | np.int64(flags[i]) << 4 | number << 16
        out[at] = crc32.update(np.int64(crc32.START), out, begin, at, table) ^ crc32.START
        out[at + 1] = FRAME_END
        begin = at + 2
