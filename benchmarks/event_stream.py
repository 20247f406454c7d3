"""Pace of event frames: direct path, reader, payload check, tick model, and plain Python.

Run: python benchmarks/event_stream.py
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from firmware_models.event_framer import evaluate, quantize, stream_bytes
from firmware_models.event_payload import check_payload, pseudo_payload
from firmware_models.event_reader import read
from firmware_models.event_stream import frame
from firmware_models.readout_events import ReadoutEvents

EVENTS = 100_000
REPEATS = 5


def events_of(n: int, longest: int) -> ReadoutEvents:
    """Return events whose eight fragments have up to `longest` words."""
    tag = np.arange(n, dtype=np.uint32)
    sizes = np.random.default_rng(1).integers(0, longest + 1, (n, 8))
    return ReadoutEvents.build(sizes, pseudo_payload(1, tag, sizes), {"tag": tag})


def plain(events: ReadoutEvents) -> bytes:
    """Write frames with struct and zlib, event by event: the baseline."""
    out = []
    for i in range(len(events)):
        body = b""
        for d in range(8):
            words = events.payload[events.offsets[8 * i + d] : events.offsets[8 * i + d + 1]]
            if (events.present[i] >> d) & 1:
                body += struct.pack("<BBH", d + 1, 0xFD, len(words)) + words.tobytes()
        info = int(events.present[i]).bit_count() << 16
        length = 18 + len(body) // 4
        head = struct.pack("<3sBIIQI", b"L1F", 1, length, int(events.tag[i]), 0, info)
        head += events.lines[i].tobytes()
        out.append(head + body + struct.pack("<I", zlib.crc32(head + body)) + b"L1E\x01")
    return b"".join(out)


def best(function: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Return the shortest time of several calls [s]; the first, which may compile, is left out."""
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Print the table."""
    table = Table(caption="one core; MB of frames a second")
    for name in ("bytes an event", "frame", "read", "check_payload", "tick model", "plain Python"):
        table.add_column(name, justify="right")
    for longest in (8, 60, 600):
        events = events_of(EVENTS * 8 // (longest + 8), longest)
        few = events_of(2000, longest)
        stream, part = frame(events), frame(few)
        assert plain(few) == part == stream_bytes(evaluate(quantize(few)))
        words = quantize(few)
        size, small = len(stream) / 1e6, len(part) / 1e6
        paces = (
            size / best(lambda events=events: frame(events)),
            size / best(lambda stream=stream: read(stream)),
            size / best(lambda events=events: check_payload(events, 1)),
            small / best(lambda words=words: evaluate(words), 2),
            small / best(lambda few=few: plain(few), 2),
        )
        row = (f"{len(stream) / len(events):,.0f}", *(f"{pace:,.0f}" for pace in paces))
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
