"""Plain-integer version of `displaced_hough` cell by cell, from the rules on its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SIZES = (160, 192, 256, 320, 384)
NAMES = ("superlayer0", "superlayer2", "superlayer4", "superlayer6", "superlayer8")


def best_of_ring(
    fired: Sequence[set[int]],
    low: Any,
    high: Any,
    inner: Sequence[tuple[int, int]],
    least: int,
    openings: tuple[int, int],
    most_inner: int,
) -> dict[str, int]:
    """Return the fields of one ring.

    Parameters
    ----------
    fired : sequence of set of int
        Numbers of the fired segments of each axial superlayer.
    low, high : nested sequences, shape (5, 64, 8)
        Range of each cell, counted from the place opposite to the hypothesis.
    inner : sequence of (int, int)
        Ranges on the way from the beam.
    least, openings, most_inner
        Registers.
    """
    best: dict[str, int] = {}
    best_order = (-1, -1)
    cells = 0
    for azimuth in range(32):
        places = [
            {(n - azimuth * size // 32 + size // 2) % size for n in numbers}
            for numbers, size in zip(fired, SIZES, strict=True)
        ]
        way = sum(
            any(a <= place <= b for place in own) for own, (a, b) in zip(places, inner, strict=True)
        )
        count = [
            [
                sum(
                    any(low[k][column][row] <= p <= high[k][column][row] for p in places[k])
                    for k in range(5)
                )
                for row in range(8)
            ]
            for column in range(64)
        ]
        plus = [c for c in range(64) if max(count[c][3:]) >= least]
        minus = [c for c in range(64) if max(count[c][:5]) >= least]
        if not plus or not minus:
            continue
        pairs = ((minus[-1] - plus[0], plus[0], minus[-1]),
                 (plus[-1] - minus[0], plus[-1], minus[0]))  # fmt: skip
        opening, p, m = pairs[1] if pairs[1][0] > pairs[0][0] else pairs[0]
        if not openings[0] <= opening <= openings[1] or way > most_inner:
            continue
        cells += 1
        p_layers, m_layers = max(count[p][3:]), max(count[m][:5])
        if (p_layers + m_layers, opening) > best_order:
            best_order = p_layers + m_layers, opening
            lit = sorted({*plus, *minus})
            best = {
                "valid": 1, "azimuth": azimuth, "positive": p, "negative": m,
                "positive_row": 3 + count[p][3:].index(p_layers),
                "negative_row": count[m][:5].index(m_layers),
                "positive_layers": p_layers, "negative_layers": m_layers,
                "arms": min(15, sum(c - 1 not in lit for c in lit)), "inner": way,
            }  # fmt: skip
    return best | {"cells": cells}


def displaced(word: Any, table: Any, registers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the output word of a frame: a list of six for the rings' fields."""
    fired = [{i for i, bit in enumerate(word[name].tolist()) if bit} for name in NAMES]
    rings = []
    for g in range(6):
        inner = list(zip(table.inner_low[g].tolist(), table.inner_high[g].tolist(), strict=True))
        rings.append(
            best_of_ring(
                fired, table.low[g].tolist(), table.high[g].tolist(), inner,
                int(registers["layers"][g]),
                (int(registers["min_opening"][g]), int(registers["max_opening"][0])),
                int(registers["max_inner"][g]),
            )
        )  # fmt: skip
    names = ("valid", "azimuth", "positive", "negative", "positive_row", "negative_row",
             "positive_layers", "negative_layers", "arms", "inner", "cells")  # fmt: skip
    out: dict[str, Any] = {name: [ring.get(name, 0) for ring in rings] for name in names}
    some = any(out["valid"]) and int(word["tracks"]) <= int(registers["max_tracks"][0])
    return out | {
        "tracks": int(word["tracks"]), "displaced": int(some), "clock": int(word["clock"]),
    }  # fmt: skip
