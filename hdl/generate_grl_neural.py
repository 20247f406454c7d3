"""Generated parts of `grl_neural`: tables of cot θ, of tracks by curvature, of trigger cells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from firmware_models.cell_positions import cell_azimuth, ring_cot, ring_z
from firmware_models.cot_table import (
    COT_ENTRY_WIDTH,
    COT_FRACTION,
    COT_SHIFT,
    COT_WIDTH,
    cot_table,
)
from firmware_models.grl_neural import BACKWARD_OF, FORWARD_OF, HEMISPHERE, SECTION_BOUNDARY
from firmware_models.interface.grl import GRL_NEURAL_TRACK
from firmware_models.track_extrapolation import (
    ECL_RADIUS_CM,
    FIRST_HALF_CELL,
    HALF_CELL,
    KLM_RADIUS_CM,
    N_CURVATURE,
    NOT_REACHED,
    QUADRANT_HALF_CELLS,
    TURN,
    arc_table,
    turn_table,
)
from firmware_models.trigger_cells import FIRST_BARREL, cell_map
from hdl.generate_rom import packed, rom

AZIMUTH_WIDTH = (TURN - 1).bit_length()
TURN_WIDTH, ARC_WIDTH = 11, 14
"""Bits of a turn of azimuth, signed, and of an arc."""

RING_WIDTH = 5
POSITION_WIDTH = 16
"""Bits of z and of cot θ of a ring, signed."""


def grl_neural_parameters() -> Iterator[str]:
    """Yield the package's constants of the neural tracks' matches."""
    yield "  // Azimuth in counts of a turn; tracks by curvature; cot theta; rings of cells."
    for name, value in {
        "GRL_NEURAL_TURN": TURN,
        "GRL_NEURAL_AZIMUTH_W": AZIMUTH_WIDTH,
        "GRL_NEURAL_HALF_CELL": HALF_CELL,
        "GRL_NEURAL_FIRST_HALF_CELL": FIRST_HALF_CELL,
        "GRL_NEURAL_QUADRANT_HALF_CELLS": QUADRANT_HALF_CELLS,
        "GRL_NEURAL_TURN_ENTRY_W": TURN_WIDTH,
        "GRL_NEURAL_ARC_ENTRY_W": ARC_WIDTH,
        "GRL_NEURAL_COT_W": COT_WIDTH,
        "GRL_NEURAL_COT_SHIFT": COT_SHIFT,
        "GRL_NEURAL_COT_FRACTION": COT_FRACTION,
        "GRL_NEURAL_COT_ENTRY_W": COT_ENTRY_WIDTH,
        "GRL_NEURAL_RING_W": RING_WIDTH,
        "GRL_NEURAL_FIRST_BARREL_RING": int(cell_map().theta_id[FIRST_BARREL]),
        "GRL_NEURAL_POSITION_W": POSITION_WIDTH,
        "GRL_NEURAL_HEMISPHERE": HEMISPHERE,
        "GRL_NEURAL_BACKWARD_OF": BACKWARD_OF,
        "GRL_NEURAL_FORWARD_OF": FORWARD_OF,
        "GRL_NEURAL_SECTION_BOUNDARY": SECTION_BOUNDARY,
    }.items():
        yield f"  localparam {name} = {value};"
    yield "  // z at 126 cm and cot theta of the rings, signed, theta-ID 0 (none) lowest."
    for name, table in (("Z", ring_z()), ("COT", ring_cot())):
        bits = POSITION_WIDTH * len(table)
        yield (f"  localparam [{bits - 1}:0] GRL_NEURAL_RING_{name} = "
               f"{bits}'h{packed(table.tolist(), POSITION_WIDTH):0{bits // 4}x};")  # fmt: skip


def grl_neural_modules(notice: str) -> dict[str, str]:
    """Return the text of the ROMs by their paths from the project's root."""
    cells = cell_map().theta_id << AZIMUTH_WIDTH | cell_azimuth()
    omega = GRL_NEURAL_TRACK["omega"].width
    files = {
        "grl_neural_cot_rom": rom(
            "grl_neural_cot_rom", "|cot(theta)| with 12 fractional bits, over |theta| >> 1.",
            cot_table().tolist(), COT_ENTRY_WIDTH, COT_WIDTH),
        "grl_neural_cell_rom": rom(
            "grl_neural_cell_rom", "{theta-ID, azimuth} of a trigger cell; theta-ID 0: none.",
            cells.tolist(), RING_WIDTH + AZIMUTH_WIDTH, GRL_NEURAL_TRACK["tc"].width),
    }  # fmt: skip
    for name, radius in (("ecl", ECL_RADIUS_CM), ("klm", KLM_RADIUS_CM)):
        files[f"grl_neural_{name}_rom"] = rom(
            f"grl_neural_{name}_rom", f"{{reached, turn, arc}} up to {radius:g} cm, over omega.",
            path_words(radius), 1 + TURN_WIDTH + ARC_WIDTH, omega)  # fmt: skip
    return {
        f"hdl/generated/{name}.sv": "\n".join([f"// {notice}", *lines])
        for name, lines in files.items()
    }


def path_words(radius_cm: float) -> dict[int, int]:
    """Return the ROM of one radius: ω as it lies in the word to {reached, turn, arc}.

    The turn has the sign of ω. Curvatures beyond the tables are left out: 0, not reached.
    """
    mask = (1 << GRL_NEURAL_TRACK["omega"].width) - 1
    turns, arcs = turn_table(radius_cm), arc_table(radius_cm)
    words = {}
    for omega in range(-N_CURVATURE + 1, N_CURVATURE):
        turn, arc = int(turns[abs(omega)]), int(arcs[abs(omega)])
        if turn != NOT_REACHED:
            signed = int(np.sign(omega)) * turn & ((1 << TURN_WIDTH) - 1)
            words[omega & mask] = (1 << TURN_WIDTH | signed) << ARC_WIDTH | arc
    return words
