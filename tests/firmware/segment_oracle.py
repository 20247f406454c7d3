"""The segment finder's rules once more, in plain integers and dictionaries.

Nothing is shared with the model: hits live in a dictionary by column and row, ages are counted, and
each segment is looked at by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

FAN = {0: [0], 1: [-1, 0], 2: [-1, 0, 1], 3: [-2, -1, 0, 1], 4: [-2, -1, 0, 1, 2]}
HOUR_GLASS = {0: [-1, 0, 1], 1: [-1, 0], 2: [0], 3: [-1, 0], 4: [-1, 0, 1]}
WIDE_FAN = {0: [], 1: [-2, 1], 2: [-2, 2], 3: [-4, -3, 2, 3], 4: [-4, -3, 3, 4]}
WIDE_HOUR_GLASS = {0: [-3, -2, 2, 3], 1: [-2, 1], 2: [], 3: [-2, 1], 4: [-3, -2, 2, 3]}
CELLS = [160, 160, 192, 224, 256, 288, 320, 352, 384]
SHIFT = [0, 0, 0, 0, 0, 16, 0, 16, 16]
NEAR = [
    (14, 68), (6, 68), (12, 87), (14, 109), (8, 123), (17, 155), (0, 164), (16, 207), (2, 227),
]  # fmt: skip
Wire = tuple[int, int]
Row = dict[str, int]


@dataclass
class Frame:
    """What a finder tells on one data clock."""

    segments: list[Row] = field(default_factory=list)
    dropped: int = 0
    clock: int = 0


def shape(superlayer: int) -> dict[int, list[int]]:
    """Return the wires of a pattern by row."""
    return HOUR_GLASS if superlayer else FAN


def extra(superlayer: int) -> dict[int, list[int]]:
    """Return the wires by row that only the extended shape has."""
    return WIDE_HOUR_GLASS if superlayer else WIDE_FAN


class Finder:
    """One finder: superlayer, threshold, table, extended shape or not."""

    def __init__(self, superlayer: int, least: int, table: list[int], wide: int = 0) -> None:
        self.superlayer, self.least, self.table, self.wide = superlayer, least, table, wide
        self.live: dict[Wire, tuple[int, int]] = {}  # clock modulo 32, time in it

    def age(self, wire: Wire, now: int) -> int:
        """Return the age in ticks, from the end of this data clock."""
        clock, time = self.live[wire]
        clocks = 0
        while (clock + clocks) % 32 != now:
            clocks += 1
        return 16 * clocks + 15 - time

    def step(self, new: dict[Wire, int], clock: int) -> Frame:
        """Take one data clock's hits and return the segments."""
        now = clock % 32
        for wire in list(self.live):
            if self.age(wire, now) // 16 >= 16:
                del self.live[wire]
        for wire, time in new.items():
            self.live.setdefault(wire, (now, time))
        fired = {}
        low, high = NEAR[self.superlayer]
        for number in range(low, high + 1):
            found = self.segment(number, now)
            if found is not None:
                fired[number] = found
        kept = [
            row
            for number, row in sorted(fired.items())
            if row["position"] == 3
            or not any(fired.get(number + step, {}).get("position") == 3 for step in (-1, 1))
        ]
        return Frame(kept[:10], min(len(kept[10:]), 255), clock)

    def segment(self, number: int, now: int) -> Row | None:
        """Return one segment, or None when it does not fire."""
        wires = [
            (row, (number + 4 + relative, row))
            for row, relatives in shape(self.superlayer).items()
            for relative in relatives
        ]
        hit = [wire in self.live for _, wire in wires]
        rows = {row for (row, _), one in zip(wires, hit, strict=True) if one}
        if self.wide:
            rows |= {
                row
                for row, relatives in extra(self.superlayer).items()
                if any((number + 4 + relative, row) in self.live for relative in relatives)
            }
        first_row = 0 if self.superlayer == 0 else 2
        first = (number + 4, first_row)
        right, left = (number + 3, first_row + 1), (number + 4, first_row + 1)
        left_counts = left in self.live and (
            right not in self.live or self.age(left, now) >= self.age(right, now)
        )
        if first in self.live:
            position, chosen = 3, first
        elif left_counts:
            position, chosen = 2, left
        elif right in self.live:
            position, chosen = 1, right
        else:
            return None
        if len(rows) < self.least:
            return None
        address = sum(2 << i for i, one in enumerate(hit) if one) + int(left_counts)
        oldest = max((wire for _, wire in wires if wire in self.live),
                     key=lambda wire: self.age(wire, now))  # fmt: skip
        told = hit if self.superlayer else [*hit[:10], any(hit[10:])]
        return {
            "id": number,
            "time": self.stamp(chosen),
            "lr": {0: 3, 1: 1, 2: 2, 3: 3}[self.table[address]],
            "position": position,
            "fastest": self.stamp(oldest),
            "pattern": sum(1 << i for i, one in enumerate(told) if one),
        }

    def stamp(self, wire: Wire) -> int:
        """Return clock and time as one number."""
        clock, time = self.live[wire]
        return 16 * clock + time


def hits_of(word: np.void) -> dict[Wire, int]:
    """Return the new hits of one input word."""
    return {
        (int(element) // 5, int(element) % 5): int(word["time"][element])
        for element in np.flatnonzero(word["hit"])
    }


def run(
    words: np.ndarray, superlayer: int, least: int, table: list[int], wide: int = 0
) -> list[Frame]:
    """Return the frames of a stream."""
    finder = Finder(superlayer, least, table, wide)
    return [finder.step(hits_of(word), int(word["clock"])) for word in words]
