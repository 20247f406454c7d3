"""The track finder's rules once more: the whole chamber, sets of cells, floating-point geometry.

Nothing is shared with the model: curves are followed through the plane by the signs at the cells'
corners, clusters grow by recursion, and there are no trackers until the tracks are dealt out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np

COLUMNS, ROWS = 160, 34
Y_MAX = 0.299792458 * 1.5 / 0.3 / 2 / 100  # 1/cm: half the curvature at 0.3 GeV in 1.5 T
CELLS = {0: 160, 2: 192, 4: 256, 6: 320, 8: 384}
RADII = {
    0: (19.8, 20.8), 2: (40.16, 41.98), 4: (62.0, 63.82), 6: (83.84, 85.66), 8: (105.68, 107.5),
}  # fmt: skip
HALF = {3: 0.0, 2: 0.5, 1: -0.5}
Cell = tuple[int, int]


@dataclass(frozen=True)
class Segment:
    """A segment of an axial superlayer, numbered round the whole chamber."""

    superlayer: int
    number: int
    position: int
    time: int = 0
    lr: int = 0


@dataclass(frozen=True)
class Track:
    """A track of one tracker; segments by superlayer."""

    charge: int
    omega: int
    phi0: int
    segments: dict[int, Segment]


@cache
def curve(superlayer: int, number: int, position: int) -> frozenset[Cell]:
    """Return the cells whose closed area the rising half of a segment's curve meets."""
    radius = RADII[superlayer][position != 3]
    phi = 2 * math.pi * (number + HALF[position]) / CELLS[superlayer]
    edges = 2 * math.pi * np.arange(COLUMNS + 1) / COLUMNS
    # At the left and the right edge of each column, on the branch next to the segment.
    turn = np.round((edges - phi) / (2 * math.pi)) * 2 * math.pi
    y = np.sin(edges - phi - turn) / radius
    rising = np.cos(edges - phi - turn) > 0
    below = -Y_MAX + 2 * Y_MAX * np.arange(ROWS) / ROWS
    slack = 1e-9 * Y_MAX
    left, right = y[:-1, None], y[1:, None]
    met = (left <= below + 2 * Y_MAX / ROWS + slack) & (right >= below - slack)
    met &= (rising[:-1] & rising[1:])[:, None]
    return frozenset((int(i), int(j)) for i, j in zip(*np.nonzero(met), strict=True))


def active_cells(segments: list[Segment], threshold: int) -> set[Cell]:
    """Return the cells that enough different superlayers cross."""
    layers: dict[Cell, set[int]] = defaultdict(set)
    for one in segments:
        if one.position:
            for cell in curve(one.superlayer, one.number, one.position):
                layers[cell].add(one.superlayer)
    return {cell for cell, crossed in layers.items() if len(crossed) >= threshold}


def _linked(cells: set[Cell], a: Cell, b: Cell) -> bool:
    """Tell whether a cell of square b lies beside, above or right above one of square a."""
    of_b = {c for c in cells if (c[0] // 2, c[1] // 2) == b}
    steps = ((1, 0), (0, 1), (1, 1))
    return any(
        ((x + dx) % COLUMNS, y + dy) in of_b
        for x, y in cells if (x // 2, y // 2) == a for dx, dy in steps
    )  # fmt: skip


def clusters(cells: set[Cell]) -> dict[Cell, set[Cell]]:
    """Return the squares of each cluster, as steps from the square where it begins, by that one."""
    squares = {(x // 2, y // 2) for x, y in cells}
    wide = COLUMNS // 2
    found = {}
    for x, y in squares:
        before = [((x - 1) % wide, y), (x, y - 1), ((x - 1) % wide, y - 1)]
        if any(b in squares and _linked(cells, b, (x, y)) for b in before):
            continue
        members: set[Cell] = set()

        def grow(dx: int, dy: int, x: int = x, y: int = y, members: set[Cell] = members) -> None:
            members.add((dx, dy))
            here = ((x + dx) % wide, y + dy)
            for sx, sy in ((1, 0), (0, 1), (1, 1)):
                step, there = (dx + sx, dy + sy), ((x + dx + sx) % wide, y + dy + sy)
                if (max(step) < 3 and step not in members and there in squares
                        and _linked(cells, here, there)):  # fmt: skip
                    grow(*step)

        grow(0, 0)
        found[x, y] = members
    return found


def find(segments: list[Segment], threshold: int = 4) -> list[list[Track]]:
    """Return the tracks of each of the four trackers, all of them, in order."""
    cells = active_cells(segments, threshold)
    trackers: list[list[Track]] = [[], [], [], []]
    # Tracker 0 begins at 45°, which is square 10.
    begins = sorted(clusters(cells).items(), key=lambda item: ((item[0][0] - 10) % 80, item[0][1]))
    for (x, y), members in begins:
        inside = {
            (2 * dx + u, 2 * dy + v)
            for dx, dy in members for u in (0, 1) for v in (0, 1)
            if ((2 * (x + dx) + u) % COLUMNS, 2 * (y + dy) + v) in cells
        }  # fmt: skip
        if len(inside) < 2:
            continue
        low = min(c for c in inside if c[0] < 2 and c[1] < 2)
        # The last square of the highest row; in it the rightmost, then the highest cell.
        square = max((c[1] // 2, c[0] // 2) for c in inside)
        top = max(c for c in inside if (c[1] // 2, c[0] // 2) == square)
        column, row = 4 * x + low[0] + top[0], 4 * y + low[1] + top[1]
        tracker = (x - 10) % 80 // 20
        trackers[tracker].append(
            Track(
                (row > 33) + 2 * (row < 33), row - 33, (column - 40 - 80 * tracker) % 320,
                _attach(segments, column, row, tracker),
            )
        )  # fmt: skip
    return trackers


def own_number(one: Segment, tracker: int) -> int:
    """Return the segment's id in a tracker."""
    size = CELLS[one.superlayer]
    return (one.number - size * tracker // 4 + (16 if one.superlayer == 8 else 0)) % size


def _attach(segments: list[Segment], column: int, row: int, tracker: int) -> dict[int, Segment]:
    centre = {
        (x % COLUMNS, y)
        for x in (column // 2, (column + 1) // 2) for y in (row // 2, (row + 1) // 2)
    }  # fmt: skip
    chosen: dict[int, Segment] = {}
    for one in segments:
        crosses = any(curve(one.superlayer, one.number, p) & centre for p in (1, 2, 3))
        if not one.position or not crosses:
            continue
        best = chosen.get(one.superlayer)
        key = (one.position == 3, own_number(one, tracker))
        if best is None or key > (best.position == 3, own_number(best, tracker)):
            chosen[one.superlayer] = one
    return chosen
