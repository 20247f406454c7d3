"""Generated parts of `neuro_preprocess`: its angles, and constants of the nine superlayers.

All come from `firmware_models.crossing_angles`. Constants are vectors with one entry a superlayer,
superlayer 0 lowest: what Icarus 11 reads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from firmware_models.crossing_angles import (
    ANGLE_FRACTION,
    CENTRE,
    FIRST_OMEGA,
    N_OMEGA_COUNT,
    N_PHI_COUNT,
    RELATIVE_SHIFT,
    WINDOW_HIGH,
    WIRE_FRACTION,
    WIRE_ONE,
    WIRES_PER_RADIAN,
    azimuths,
    crossing_angles,
)
from firmware_models.interface.cdc_segment import ID_SHIFT
from firmware_models.interface.neuro import NEURO_INPUT
from firmware_models.neuro_preprocess import MAX_DRIFT
from hdl.generate_rom import packed, rom

ANGLE_WIDTH = 14
"""Bits of α, signed, and of φ0: ±6434 and at most 13 511 counts."""

CONSTANT_WIDTH = 16
"""Bits of an entry in a vector of constants."""


def preprocess_parameters() -> Iterator[str]:
    """Yield the package's constants of the network's inputs."""
    yield "  // Network inputs: angles [2^-12 rad], IDs [2^-8 wire], superlayer 0 lowest."
    for name, value in {
        "NEURO_ANGLE_W": ANGLE_WIDTH,
        "NEURO_ANGLE_FRACTION": ANGLE_FRACTION,
        "NEURO_WIRE_FRACTION": WIRE_FRACTION,
        "NEURO_CONSTANT_W": CONSTANT_WIDTH,
        "NEURO_MAX_DRIFT": MAX_DRIFT,
    }.items():
        yield f"  localparam {name} = {value};"
    offset = [WIRE_ONE * s + centre for s, centre in zip(ID_SHIFT, CENTRE, strict=True)]
    half = [high - centre for high, centre in zip(WINDOW_HIGH, CENTRE, strict=True)]
    for name, about, values in (
        ("WIRES", "Wires per radian", WIRES_PER_RADIAN),
        ("OFFSET", "Middle of the window from segment id 0, signed", offset),
        ("HALF", "Half of the window", half),
        ("SHIFT", "Left shift to an input", RELATIVE_SHIFT),
    ):
        width = CONSTANT_WIDTH * len(values)
        yield f"  // {about}."
        yield (f"  localparam [{width - 1}:0] NEURO_RELATIVE_{name} = "
               f"{width}'h{packed(values, CONSTANT_WIDTH):0{width // 4}x};")  # fmt: skip


def preprocess_modules(notice: str) -> dict[str, str]:
    """Return the text of the ROMs by their paths from the project's root."""
    # The address is ω as it lies in the word, in two's complement: 0 comes first.
    angles = np.roll(crossing_angles().reshape(-1, N_OMEGA_COUNT).T, FIRST_OMEGA, axis=0)
    files = {
        "neuro_preprocess_alpha_rom": rom(
            "neuro_preprocess_alpha_rom",
            "alpha of {superlayer, first or second priority layer}, over omega.",
            [packed(row.tolist(), ANGLE_WIDTH) for row in angles], angles.shape[1] * ANGLE_WIDTH,
            NEURO_INPUT["omega"].width),
        "neuro_preprocess_phi_rom": rom(
            "neuro_preprocess_phi_rom", "phi0 from the azimuth of the tracker.",
            azimuths().tolist(), ANGLE_WIDTH, (N_PHI_COUNT - 1).bit_length()),
    }  # fmt: skip
    return {
        f"hdl/generated/{name}.sv": "\n".join([f"// {notice}", *lines])
        for name, lines in files.items()
    }
