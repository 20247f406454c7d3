"""What links do between the segment finders, the track finder and the network, in plain Python.

It reads the words of the blocks alone: lists of segments (`segment_list`), tracks (`cdc_tracks`)
and event times (`event_time`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

AXIAL, STEREO = (0, 2, 4, 6, 8), (1, 3, 5, 7)
CELLS = (160, 160, 192, 224, 256, 288, 320, 352, 384)
SHIFT = (0, 0, 0, 0, 0, 16, 0, 16, 16)
SLOTS, TRACKS, TRACKERS = 10, 6, 4

Lists = list[NDArray[np.void]]
"""Words `segment_list` by superlayer, shape (4 n,): trackers 0 to 3 of the first window first."""


def axial(lists: Lists, frame: int) -> dict[str, list[int]]:
    """Return the fields of the track finder's input of one frame."""
    fields: dict[str, list[int]] = {
        name: [] for name in ("valid", "id", "time", "lr", "position")
    }  # fmt: skip
    for superlayer in AXIAL:
        told = lists[superlayer][frame]
        for slot in range(SLOTS):
            for name, column in fields.items():
                column.append(int(told[name][slot]))
    return fields


def event(lists: Lists, window: int) -> dict[str, list[int]]:
    """Return the fields of the event time's input of one window: segments of the own quadrants."""
    fields: dict[str, list[int]] = {"valid": [], "time": []}
    for tracker in range(TRACKERS):
        for superlayer in range(9):
            told = lists[superlayer][window * TRACKERS + tracker]
            for slot in range(SLOTS):
                # From 45° to 135° after the tracker's first segment.
                angle = (int(told["id"][slot]) - SHIFT[superlayer]) * 360 / CELLS[superlayer]
                own = bool(told["valid"][slot]) and 45 <= angle < 135
                fields["valid"].append(int(own))
                fields["time"].append(int(told["fastest"][slot]) if own else 0)
    return fields


def network(
    lists: Lists, tracks: NDArray[np.void], times: NDArray[np.void], window: int
) -> list[dict[str, Any]]:
    """Return the fields of the network's frames of one window."""
    frames = []
    for tracker in range(TRACKERS):
        found = tracks[window * TRACKERS + tracker]
        for number in range(TRACKS):
            if found["valid"][number]:
                frames.append(_track(lists, found, number, window * TRACKERS + tracker))
    if not frames:
        frames = [_no_track(lists, window * TRACKERS)]
    for fields in frames:
        fields["event_valid"] = int(times[window]["valid"])
        fields["event_time"] = int(times[window]["time"])
        fields["last"] = 0
    frames[-1]["last"] = 1
    return frames


def _track(lists: Lists, found: Any, number: int, frame: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"valid": 1, "quadrant": frame % TRACKERS}
    for name in ("omega", "phi0"):
        fields[name] = int(found[name][number])
    for name in ("id", "time", "lr", "position"):
        first = len(AXIAL) * number
        fields[f"axial_{name}"] = [int(v) for v in found[name][first : first + len(AXIAL)]]
    fields["axial_pattern"] = [
        _pattern(lists[superlayer][frame], identity) if position else 0
        for superlayer, identity, position in zip(
            AXIAL, fields["axial_id"], fields["axial_position"], strict=True
        )
    ]
    return fields | _stereo(lists, frame)


def _no_track(lists: Lists, frame: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"valid": 0, "quadrant": 0, "omega": 0, "phi0": 0}
    for name in ("id", "time", "lr", "position", "pattern"):
        fields[f"axial_{name}"] = [0] * len(AXIAL)
    return fields | _stereo(lists, frame)


def _stereo(lists: Lists, frame: int) -> dict[str, list[int]]:
    fields: dict[str, list[int]] = {}
    for name in ("valid", "id", "time", "lr", "position", "pattern"):
        fields[f"stereo_{name}"] = [
            int(lists[superlayer][frame][name][slot])
            for superlayer in STEREO for slot in range(SLOTS)
        ]  # fmt: skip
    return fields


def _pattern(told: Any, identity: int) -> int:
    """Return the hit wires of the segment with an id."""
    (slot,) = [s for s in range(SLOTS) if told["valid"][s] and told["id"][s] == identity]
    return int(told["pattern"][slot])
