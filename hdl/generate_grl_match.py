"""Generated parts of `grl_match`: turns up to calorimeter and coil, bins of trigger cells."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_models.azimuth_maps import (
    BACKWARD,
    BARREL,
    FORWARD,
    NO_PART,
    QUADRANT,
    cell_bins,
    cell_parts,
)
from firmware_models.interface.ecl import N_CELL
from firmware_models.match_rules import (
    INNER_REACH,
    ISOLATION,
    PAIR_WITHIN,
    QUADRANT_OVERLAP,
    SECTOR_TURN,
    SHORT_REACH,
)
from firmware_models.track_extrapolation import (
    ECL_RADIUS_CM,
    FIRST_HALF_CELL,
    HALF_CELL,
    KLM_RADIUS_CM,
    N_CURVATURE,
    NOT_REACHED,
    QUADRANT_HALF_CELLS,
    TURN,
    turn_table,
)
from hdl.generate_rom import rom

TURN_WIDTH = 10
"""Bits of a turn: up to a quarter of the circle, 640; all ones: the radius is not reached."""

BIN_WIDTH, PART_WIDTH = 6, 2


def match_modules(notice: str) -> dict[str, str]:
    """Return the text of the generated modules by their paths from the project's root."""
    turns, cells = turn_words(), cell_words()
    assert len(turns) == N_CURVATURE
    assert len(cells) == N_CELL + 1
    no_cell = NO_PART << BIN_WIDTH
    files = {
        "grl_match_turn_rom": rom(
            "grl_match_turn_rom",
            "|omega| to the turn in azimuth up to calorimeter and coil; all ones: not reached.",
            turns, 2 * TURN_WIDTH, 7, rest=(1 << 2 * TURN_WIDTH) - 1),
        "grl_match_cell_rom": rom(
            "grl_match_cell_rom",
            "Trigger cell to {part[2], bin[6]}; part 0 barrel, 1 forward, 2 backward, 3: no cell.",
            [no_cell, *cells[1:]], BIN_WIDTH + PART_WIDTH, 10, rest=no_cell),
    }  # fmt: skip
    return {
        f"hdl/generated/{name}.sv": "\n".join([f"// {notice}", *lines])
        for name, lines in files.items()
    }


def match_parameters() -> Iterator[str]:
    """Yield the package's constants of the matches in azimuth."""
    yield "  // Matches in azimuth: counts of a turn, half-cells of a track, widths of the tables."
    for name, value in {
        "GRL_TURN": TURN,
        "GRL_HALF_CELL": HALF_CELL,
        "GRL_FIRST_HALF_CELL": FIRST_HALF_CELL,
        "GRL_QUADRANT_HALF_CELLS": QUADRANT_HALF_CELLS,
        "GRL_SECTOR_TURN": SECTOR_TURN,
        "GRL_TURN_W": TURN_WIDTH,
        "GRL_BIN_W": BIN_WIDTH,
        "GRL_PART_W": PART_WIDTH,
        "GRL_BARREL": BARREL,
        "GRL_FORWARD": FORWARD,
        "GRL_BACKWARD": BACKWARD,
        "GRL_NO_PART": NO_PART,
    }.items():
        yield f"  localparam {name} = {value};"
    yield "  // Distances in bins: clusters from inner, short and 2D tracks, quadrants, pairs."
    for name, value in {
        "GRL_INNER_REACH": INNER_REACH,
        "GRL_SHORT_REACH": SHORT_REACH,
        "GRL_ISOLATION": ISOLATION,
        "GRL_KLM_QUADRANT": QUADRANT,
        "GRL_QUADRANT_OVERLAP": QUADRANT_OVERLAP,
        "GRL_PAIR_WITHIN": PAIR_WITHIN,
    }.items():
        yield f"  localparam {name} = {value};"


def turn_words() -> list[int]:
    """Return the entries of the table of turns by |ω|: that of the coil in the high bits."""
    tables = (turn_table(ECL_RADIUS_CM), turn_table(KLM_RADIUS_CM))
    none = (1 << TURN_WIDTH) - 1
    ecl, klm = ([none if turn == NOT_REACHED else int(turn) for turn in t] for t in tables)
    assert max(x for x in ecl + klm if x != none) < none
    return [far << TURN_WIDTH | near for near, far in zip(ecl, klm, strict=True)]


def cell_words() -> list[int]:
    """Return the entries of the table of cells by TC id: the part in the high bits."""
    return [int(word) for word in cell_parts() << BIN_WIDTH | cell_bins()]
