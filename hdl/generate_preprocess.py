"""Generated parts of `neuro_preprocess`: its angles, and constants of the nine superlayers.

All come from `firmware_models.crossing_angles`. Constants are vectors with one entry a superlayer,
superlayer 0 lowest: what Icarus 11 reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
               f"{width}'h{_packed(values, CONSTANT_WIDTH):0{width // 4}x};")  # fmt: skip


def preprocess_modules(notice: str) -> dict[str, str]:
    """Return the text of the ROMs by their paths from the project's root."""
    # The address is ω as it lies in the word, in two's complement: 0 comes first.
    angles = np.roll(crossing_angles().reshape(-1, N_OMEGA_COUNT).T, FIRST_OMEGA, axis=0)
    roms = {
        "neuro_preprocess_alpha_rom": (
            "alpha of {superlayer, first or second priority layer}, over omega.",
            [_packed(row.tolist(), ANGLE_WIDTH) for row in angles], angles.shape[1] * ANGLE_WIDTH,
            NEURO_INPUT["omega"].width),
        "neuro_preprocess_phi_rom": (
            "phi0 from the azimuth of the tracker.",
            azimuths().tolist(), ANGLE_WIDTH, (N_PHI_COUNT - 1).bit_length()),
    }  # fmt: skip
    return {
        f"hdl/generated/{name}.sv": "\n".join([f"// {notice}", *_rom(name, *rom)])
        for name, rom in roms.items()
    }


def _packed(values: Sequence[int], width: int) -> int:
    return sum((value & ((1 << width) - 1)) << (i * width) for i, value in enumerate(values))


def _rom(name: str, about: str, words: list[int], width: int, address: int) -> Iterator[str]:
    yield f"// {about}"
    yield f"module {name} ("
    yield "    input  logic clk_i,"
    yield f"    input  logic [{address - 1}:0] address_i,"
    yield f"    output logic [{width - 1}:0] word_o"
    yield ");"
    yield f"  logic [{width - 1}:0] rom[0:{len(words) - 1}];"
    yield "  initial begin"
    for place, word in enumerate(words):
        yield f"    rom[{place}] = {width}'h{word:0{-(-width // 4)}x};"
    yield "  end"
    yield "  always_ff @(posedge clk_i) word_o <= rom[address_i];"
    yield "endmodule"
    yield ""
