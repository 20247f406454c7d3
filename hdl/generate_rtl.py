"""Generated modules: register files of the larger blocks, the look-up ROM of `ecl_selection`.

Plain Verilog-style SystemVerilog that Icarus 11, Verilator and yosys read alike: a register is one
output port, ROMs come from `generate_rom`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from firmware_models.cell_neighbours import neighbours
from firmware_models.cm_table import WORD_WIDTH, cm_table
from firmware_models.interface import BLOCKS, Block
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN, TICKS_PER_TURN
from firmware_models.interface.ecl import N_CELL, N_RING
from firmware_models.interface.ecl_registers import bhabha_rings
from firmware_models.trigger_cells import (
    FIRST_BACKWARD,
    FIRST_BARREL,
    RING_PHI_COUNT,
    cell_map,
)
from hdl.generate_classifier import classifier_modules, classifier_parameters
from hdl.generate_deep import deep_modules, deep_parameters
from hdl.generate_displaced import displaced_modules, displaced_parameters
from hdl.generate_grl_match import match_modules, match_parameters
from hdl.generate_grl_neural import grl_neural_modules, grl_neural_parameters
from hdl.generate_grl_short import short_parameters
from hdl.generate_hough import hough_modules, hough_parameters
from hdl.generate_neuro import neuro_modules, neuro_parameters
from hdl.generate_preprocess import preprocess_modules, preprocess_parameters
from hdl.generate_readout import readout_parameters
from hdl.generate_rom import rom
from hdl.generate_segment import segment_modules, segment_parameters
from hdl.generate_tracks import track_parameters

WITH_REGISTERS = (
    "ecl_selection", "cdc_segment", "cdc_event_time", "cdc_hough", "neuro_preprocess",
    "single_track", "klm_sector", "grl_short", "grl_match", "grl_neural", "l1_throttle",
    "displaced_hough", "displaced_classifier",
)  # fmt: skip
"""Blocks whose registers are a module of their own."""

BARREL_RINGS = 12
"""θ-IDs 4 to 15."""

RING_WIDTH = 5
"""Bits of a θ-ID in a ROM entry, above the CM entry."""


def generated_modules(notice: str) -> dict[str, str]:
    """Return the text of every generated module by its path from the project's root."""
    files = {
        f"hdl/generated/{name}_registers.sv": "\n".join(_registers(BLOCKS[name], notice))
        for name in WITH_REGISTERS
    }
    selection = rom(
        "ecl_selection_rom",
        "Trigger cell to {theta_id[5], theta_cm[8], phi_cm[9], scale[4]}; one clock.",
        [0, *rom_words()[1:]], WORD_WIDTH + RING_WIDTH, 10, enable=True)  # fmt: skip
    return files | {
        "hdl/generated/ecl_selection_rom.sv": "\n".join([f"// {notice}", *selection]),
        **segment_modules(notice),
        **hough_modules(notice),
        **neuro_modules(notice),
        **preprocess_modules(notice),
        **deep_modules(notice),
        **match_modules(notice),
        **grl_neural_modules(notice),
        **displaced_modules(notice),
        **classifier_modules(notice),
    }


def rom_words() -> list[int]:
    """Return the ROM's entries for TC ids 0 to 576: θ-ID · 2²¹ + θ · 2¹³ + φ · 2⁴ + e."""
    words = cm_table().words() | (cell_map().theta_id << WORD_WIDTH)
    return [int(word) for word in words]


def _registers(block: Block, notice: str) -> Iterator[str]:
    yield f"// {notice}"
    yield f"// Configuration registers of {block.name}; element 0 of an array lies lowest."
    yield f"module {block.name}_registers ("
    yield "    input  logic        clk_i,"
    yield "    input  logic        rst_ni,"
    yield "    input  logic        cfg_valid_i,"
    yield "    input  logic [11:0] cfg_addr_i,"
    yield "    /* verilator lint_off UNUSEDSIGNAL */"
    yield "    input  logic [31:0] cfg_data_i,"
    yield "    /* verilator lint_on UNUSEDSIGNAL */"
    last = block.registers[-1].name
    for register in block.registers:
        comma = "" if register.name == last else ","
        yield f"    output logic [{register.width * register.count - 1}:0] {register.name}{comma}"
    yield ");"
    yield "  always_ff @(posedge clk_i) begin"
    yield "    if (!rst_ni) begin"
    for register in block.registers:
        each = register.default
        default = each if isinstance(each, tuple) else (each,) * register.count
        total = sum(value << (i * register.width) for i, value in enumerate(default))
        yield f"      {register.name} <= {register.width * register.count}'h{total:x};"
    yield "    end else if (cfg_valid_i) begin"
    yield "      case (cfg_addr_i)"
    for register in block.registers:
        for element in range(register.count):
            low, high = element * register.width, (element + 1) * register.width - 1
            part = f"[{high}:{low}]" if register.count > 1 else ""
            yield (f"        12'd{register.address + element}: {register.name}{part} <= "
                   f"cfg_data_i[{register.width - 1}:0];")  # fmt: skip
    yield "        default: ;"
    yield "      endcase"
    yield "    end"
    yield "  end"
    yield "endmodule"
    yield ""


FIRST_GROUP = 20
"""Cells before the endcap group that stands for all: not at the seam, whole in both endcaps."""


def _window(before: int, size: int) -> str:
    """Return the 3×3 of every cell in a group as indices into previous, own and next group."""
    around = neighbours().window[before + 1 : before + 1 + size]
    index = np.where(around > 0, around - 1 - before + size, 15)
    assert ((index < 3 * size) | (index == 15)).all()
    total = sum(int(value) << (4 * i) for i, value in enumerate(index.ravel()))
    return f"{size * 36}'h{total:x}"


def shared_parameters() -> Iterator[str]:
    """Yield the package's constants that no single word or block owns."""
    yield "  // Clocks in one turn, and the trigger cells of the calorimeter."
    yield f"  localparam DATA_CLOCKS_PER_TURN = {DATA_CLOCKS_PER_TURN};"
    yield f"  localparam TICKS_PER_TURN = {TICKS_PER_TURN};"
    yield f"  localparam ECL_FIRST_BARREL = {FIRST_BARREL};"
    yield f"  localparam ECL_FIRST_BACKWARD = {FIRST_BACKWARD};"
    yield f"  localparam ECL_BARREL_RINGS = {BARREL_RINGS};"
    yield f"  localparam ECL_BARREL_PHI = {RING_PHI_COUNT[3]};"
    yield f"  localparam ECL_ENDCAP_GROUPS = {RING_PHI_COUNT[0]};"
    yield f"  localparam ECL_FORWARD_GROUP = {(FIRST_BARREL - 1) // RING_PHI_COUNT[0]};"
    backward = (N_CELL + 1 - FIRST_BACKWARD) // RING_PHI_COUNT[0]
    yield f"  localparam ECL_BACKWARD_GROUP = {backward};"
    yield "  // 3x3 around cell k of an endcap group: places in three groups, 15: none."
    yield f"  localparam [{5 * 36 - 1}:0] ECL_FORWARD_WINDOW = {_window(FIRST_GROUP, 5)};"
    yield (f"  localparam [{4 * 36 - 1}:0] ECL_BACKWARD_WINDOW = "
           f"{_window(FIRST_BACKWARD - 1 + FIRST_GROUP, 4)};")  # fmt: skip
    yield "  // 2D Bhabha types: rings of the forward and of the backward sum, type 0 lowest."
    for name, masks in zip(("FORWARD", "BACKWARD"), bhabha_rings(), strict=True):
        total = sum(mask << (i * N_RING) for i, mask in enumerate(masks))
        width = N_RING * len(masks)
        yield f"  localparam [{width - 1}:0] ECL_BHABHA_{name}_RINGS = {width}'h{total:x};"
    yield from segment_parameters()
    yield from hough_parameters()
    yield from readout_parameters()
    yield from neuro_parameters()
    yield from track_parameters()
    yield from short_parameters()
    yield from preprocess_parameters()
    yield from deep_parameters()
    yield from match_parameters()
    yield from grl_neural_parameters()
    yield from displaced_parameters()
    yield from classifier_parameters()
