"""Checks a stream of event frames as it comes, and counts what it carries; memory does not grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware_models.event_payload import pseudo_payload
from firmware_models.event_reader import FrameError, Reader
from firmware_models.interface.readout import HEADER_WORDS, N_LINE_WORD, N_SUBDETECTOR
from firmware_models.readout_events import SUBDETECTORS, ReadoutEvents, frame_lengths, presence


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong.

    Parameters
    ----------
    byte : int
        Byte of the stream at which it shows.
    frame : int
        Number of the frame, from 0.
    message : str
    """

    byte: int
    frame: int
    message: str


class StreamCheck:
    """Takes a stream in parts of any length.

    Parameters
    ----------
    seed : int, optional
        Check that the payload is the pseudo-random one of this seed.
    most : int, optional
        Frames after which nothing more is looked at.
    """

    def __init__(self, *, seed: int | None = None, most: int | None = None) -> None:
        self._reader, self._seed, self._most = Reader(), seed, most
        self.fault: Fault | None = None
        self.frames = 0
        self.bytes = 0
        self.longest = 0
        """Bytes of the longest frame."""
        self.first_tag = self.last_tag = 0
        self.first_time = self.last_time = 0
        """Times of the first and the last frame [tick]."""
        self.shortest_gap: int | None = None
        """Least time between neighbours [tick]; negative when they are out of order."""
        self.types = np.zeros(16, dtype=np.int64)
        self.flags = np.zeros(12, dtype=np.int64)
        self.lines = np.zeros(32 * N_LINE_WORD, dtype=np.int64)
        """Frames by trigger type; with each flag; with each line."""
        self.fragments = np.zeros(N_SUBDETECTOR, dtype=np.int64)
        self.words = np.zeros(N_SUBDETECTOR, dtype=np.int64)
        """Fragments and payload words by sub-detector."""

    @property
    def done(self) -> bool:
        """Whether no more is wanted: a fault, or frames enough."""
        return self.fault is not None or self.frames == self._most

    def feed(self, part: bytes | bytearray | memoryview) -> None:
        """Take the next part of the stream; ignored when `done`."""
        if self.done:
            return
        begin = self._reader.offset
        try:
            events = self._reader.feed(part)
        except FrameError as fault:
            # Frames before the faulty one count: they are fed again, alone.
            good = fault.start - begin - self._reader.pending
            if good > 0:
                self._add(self._reader.feed(memoryview(part)[:good]), begin)
            if not self.done:
                self.fault = Fault(fault.byte, fault.frame, str(fault))
            return
        self._add(events, begin)

    def finish(self) -> None:
        """Say that the stream ends here."""
        if self.done:
            return
        try:
            self._reader.finish()
        except FrameError as fault:
            self.fault = Fault(fault.byte, fault.frame, str(fault))
            return
        if self._most is not None:
            wanted = f"{self._most} frames are wanted, the stream has {self.frames}"
            self.fault = Fault(self.bytes, self.frames, wanted)
        elif not self.frames:
            self.fault = Fault(0, 0, "the stream holds no frames")

    def _add(self, events: ReadoutEvents, begin: int) -> None:
        """Check the payload of good frames that start at byte `begin`, and count them."""
        if self._most is not None:
            events = _first(events, self._most - self.frames)
        if self._seed is not None:
            n_good = self._check_payload(events, self._seed, begin)
            events = _first(events, n_good)
        if len(events):
            self._count(events)

    def _check_payload(self, events: ReadoutEvents, seed: int, begin: int) -> int:
        """Return the events before the first wrong word; note that word."""
        expected = pseudo_payload(seed, events.tag, events.sizes)
        wrong = np.flatnonzero(expected != events.payload)
        if not len(wrong):
            return len(events)
        at = int(wrong[0])
        # The last fragment that starts at or before the word: empty ones before it start there too.
        fragment = int(np.searchsorted(events.offsets, at, side="right")) - 1
        event, d = divmod(fragment, N_SUBDETECTOR)
        heads = int(presence(events.present[event : event + 1])[0, : d + 1].sum())
        inside = at - int(events.offsets[N_SUBDETECTOR * event])
        before = int(frame_lengths(events)[:event].sum()) + HEADER_WORDS + heads + inside
        byte = begin + 4 * before
        word = at - int(events.offsets[fragment])
        self.fault = Fault(
            byte, self.frames + event,
            f"byte {byte}: frame {self.frames + event} (tag {events.tag[event]}): "
            f"{SUBDETECTORS[d]} payload word {word} must be 0x{expected[at]:08x} for seed {seed}, "
            f"not 0x{events.payload[at]:08x}",
        )  # fmt: skip
        return event

    def _count(self, events: ReadoutEvents) -> None:
        lengths = 4 * frame_lengths(events)
        time = events.time.astype(np.int64)
        before = [self.last_time] if self.frames else []
        gaps = np.diff(np.concatenate([np.array(before, dtype=np.int64), time]))
        if len(gaps):
            least = int(gaps.min())
            self.shortest_gap = (
                least if self.shortest_gap is None else min(self.shortest_gap, least)
            )
        if not self.frames:
            self.first_tag, self.first_time = int(events.tag[0]), int(time[0])
        self.last_tag, self.last_time = int(events.tag[-1]), int(time[-1])
        self.frames += len(events)
        self.bytes += int(lengths.sum())
        self.longest = max(self.longest, int(lengths.max()))
        self.types += np.bincount(events.trigger_type, minlength=16)
        self.flags += ((events.flags[:, None] >> np.arange(12)) & 1).sum(axis=0)
        fired = np.unpackbits(events.lines.astype("<u4").view(np.uint8), axis=1, bitorder="little")
        self.lines += fired.sum(axis=0, dtype=np.int64)
        self.fragments += presence(events.present).sum(axis=0)
        self.words += events.sizes.sum(axis=0)

    def summary(self, clock_mhz: float) -> dict[str, Any]:
        """Return what was found, ready for JSON.

        Parameters
        ----------
        clock_mhz : float
            Of the ticks in the stream.
        """
        tick = 1e-6 / clock_mhz
        span = (self.last_time - self.first_time) * tick
        some = self.frames > 0
        return {
            "frames": self.frames,
            "bytes": self.bytes,
            "mean_bytes": self.bytes / self.frames if some else None,
            "longest_bytes": self.longest,
            "first_tag": self.first_tag if some else None,
            "last_tag": self.last_tag if some else None,
            "first_s": self.first_time * tick if some else None,
            "span_s": span if some else None,
            "rate_hz": (self.frames - 1) / span if span > 0 else None,
            "shortest_gap_ticks": self.shortest_gap,
            "trigger_types": {str(i): int(n) for i, n in enumerate(self.types) if n},
            "flags": {str(i): int(n) for i, n in enumerate(self.flags) if n},
            "lines": {str(i): int(n) for i, n in enumerate(self.lines) if n},
            "subdetectors": [
                {"name": name, "fragments": int(n), "mean_bytes": 4 * int(words) / int(n)}
                for name, n, words in zip(SUBDETECTORS, self.fragments, self.words, strict=True)
                if n
            ],
            "fault": None if self.fault is None else {
                "byte": self.fault.byte, "frame": self.fault.frame, "message": self.fault.message,
            },
        }  # fmt: skip


def _first(events: ReadoutEvents, n: int) -> ReadoutEvents:
    """Return the first `n` events, or all if there are fewer."""
    if n >= len(events):
        return events
    last = N_SUBDETECTOR * n
    return ReadoutEvents(
        events.tag[:n], events.time[:n], events.trigger_type[:n], events.flags[:n],
        events.lines[:n], events.present[:n], events.offsets[: last + 1],
        events.payload[: int(events.offsets[last])],
    )  # fmt: skip
