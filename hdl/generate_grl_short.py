"""Constants of `grl_short`: patterns, and what full tracks take away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firmware_models.grl_short import (
    INNER_WINDOWS,
    KLM_MARGIN,
    NO_VETO,
    SHORT_BIN,
    veto_growth,
    veto_turns,
)
from firmware_models.interface.grl import N_SHORT_BIN
from firmware_models.short_patterns import short_patterns
from firmware_models.track_extrapolation import (
    FIRST_HALF_CELL,
    HALF_CELL,
    QUADRANT_HALF_CELLS,
    TURN,
)

BIN_WIDTH = (N_SHORT_BIN - 1).bit_length()
"""Bits of a bin, and of a distance of bins round the circle."""

RECIPROCAL_SHIFT = 16
"""Azimuth to bin: a product and a shift instead of a division."""


def short_parameters() -> Iterator[str]:
    """Yield the package's constants of `grl_short`."""
    patterns = short_patterns()
    turns, growth = veto_turns().tolist(), veto_growth().tolist()
    (first1, last1), (first2, last2) = INNER_WINDOWS
    yield "  // Short tracks: patterns, those of the forward side first; counts of azimuth."
    for name, value in {
        "SHORT_PATTERNS": len(patterns),
        "SHORT_FORWARD": int((patterns.side == 0).sum()),
        "SHORT_KLM_MARGIN": KLM_MARGIN,
        "SHORT_NO_VETO": NO_VETO,
        "SHORT_TURN": TURN,
        "SHORT_TURN_W": (2 * TURN - 1).bit_length(),
        "SHORT_HALF_CELL": HALF_CELL,
        "SHORT_FIRST_HALF_CELL": FIRST_HALF_CELL,
        "SHORT_QUADRANT_HALF_CELLS": QUADRANT_HALF_CELLS,
        "SHORT_RECIPROCAL": reciprocal(),
        "SHORT_RECIPROCAL_SHIFT": RECIPROCAL_SHIFT,
        "SHORT_CURVATURES": len(turns),
        "SHORT_VETO_TURN_W": max(turns).bit_length(),
        "SHORT_VETO_GROWTH_W": max(growth).bit_length(),
        "SHORT_VETO_GROWTH_MOST": max(growth),
        "SHORT_INNER_FIRST1": first1,
        "SHORT_INNER_LAST1": last1,
        "SHORT_INNER_FIRST2": first2,
        "SHORT_INNER_LAST2": last2,
    }.items():
        yield f"  localparam {name} = {value};"
    yield "  // Bins of superlayers 1 to 4 beyond that of superlayer 0, superlayer 1 lowest."
    yield _packed("SHORT_OFFSETS", patterns.offset.ravel() % N_SHORT_BIN, BIN_WIDTH)
    yield "  // Bins at the endcap calorimeter and at the endcap muon detector beyond it."
    yield _packed("SHORT_TO_ECL", patterns.ecl % N_SHORT_BIN, BIN_WIDTH)
    yield _packed("SHORT_TO_KLM", patterns.klm % N_SHORT_BIN, BIN_WIDTH)
    yield "  // By |omega|: azimuth up to superlayer 2, bins by which the veto's window grows."
    yield _packed("SHORT_VETO_TURNS", turns, max(turns).bit_length())
    yield _packed("SHORT_VETO_GROWTH", growth, max(growth).bit_length())


def reciprocal() -> int:
    """Return the factor that, shifted, gives the bin of every azimuth below a turn."""
    return -(-(1 << RECIPROCAL_SHIFT) // SHORT_BIN)


def _packed(name: str, values: Iterable[int], width: int) -> str:
    """Return a constant with element 0 lowest."""
    listed = [int(value) for value in values]
    total = sum(value << (width * i) for i, value in enumerate(listed))
    bits = width * len(listed)
    return f"  localparam [{bits - 1}:0] {name} = {bits}'h{total:x};"
