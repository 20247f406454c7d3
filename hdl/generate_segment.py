"""Generated parts of `cdc_segment`: which ids may fire, and the left-right look-up tables.

The ids come from `firmware_models.segment_views`, the tables from `firmware_models.segment_lut`: a
new file of tables changes generated files alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_models import segment_lut
from firmware_models.interface import BLOCKS
from firmware_models.interface.cdc_segment import (
    CDC_WIRES,
    N_COLUMN,
    N_ROW,
    N_SUPERLAYER,
    PAD,
    PERSISTENCE,
)
from firmware_models.segment_lut import SegmentLut
from firmware_models.segment_views import segment_views
from hdl.generate_rom import filled_memory, rom

N_ID = N_COLUMN - 2 * PAD
"""Segment ids that have all their wires in the columns."""

CLOCK_WIDTH = (2 * PERSISTENCE - 1).bit_length()
"""Bits of the data clock in a time: enough to tell a live hit's age."""

ROW = 64
"""Entries of a look-up table in one word of its ROM, two bits each."""

UNKNOWN = 3
"""What an entry of a pattern that never fires becomes."""

_FAN_ADDRESS, _ADDRESS = 16, 12
"""Bits of the tables' addresses: of superlayer 0, and of the others."""


def segment_parameters() -> Iterator[str]:
    """Yield the package's constants of the segment finder."""
    yield "  // Segment finder: columns and rows of wires, columns in a beat, columns before"
    yield "  // the one of id 0, ids, bits of the data clock in a time, bits of {live, age, time}."
    for name, value in {
        "COLUMNS": N_COLUMN,
        "ROWS": N_ROW,
        "GROUP": N_COLUMN // BLOCKS["cdc_segment"].beats,
        "PAD": PAD,
        "IDS": N_ID,
        "CLOCK_W": CLOCK_WIDTH,
        "KEY_W": 1 + (CLOCK_WIDTH - 1) + CDC_WIRES["time"].width,
    }.items():
        yield f"  localparam CDC_SEGMENT_{name} = {value};"


def segment_modules(notice: str, lut: SegmentLut | None = None) -> dict[str, str]:
    """Return the text of the generated modules by their paths from the project's root.

    Parameters
    ----------
    notice : str
        First line of each file.
    lut : SegmentLut, optional
        Default: that of the package.
    """
    lut = segment_lut.load() if lut is None else lut
    view = rom("cdc_segment_view", "Segment ids that may fire, by superlayer; one clock.",
               near_masks(), N_ID, 4)  # fmt: skip
    return {
        "hdl/generated/cdc_segment_view.sv": "\n".join([f"// {notice}", *view]),
        "hdl/generated/cdc_segment_rom.sv": "\n".join(_rom(notice, lut)),
    }


def near_masks() -> list[int]:
    """Return the ids that may fire in each superlayer, as masks: bit i is id i."""
    near = segment_views().near.tolist()
    assert all(0 <= low <= high < N_ID for low, high in near)
    return [(1 << (high + 1)) - (1 << low) for low, high in near]


def rom_words(tables: NDArray[np.uint8]) -> list[int]:
    """Return a table as the words of its ROM: entry i of a word at bit 2 i.

    Parameters
    ----------
    tables : ndarray of uint8, shape (n,)
        Entries 0 to 3 in the order of their addresses; n is a multiple of `ROW`.
    """
    entries = np.where(tables == 0, UNKNOWN, tables).astype(np.int64).reshape(-1, ROW)
    return [sum(entry << (2 * i) for i, entry in enumerate(row)) for row in entries.tolist()]


def _rom(notice: str, lut: SegmentLut) -> Iterator[str]:
    width, low = 2 * ROW, (ROW - 1).bit_length()
    fan = rom_words(lut.tables[0])
    other = rom_words(np.concatenate(lut.tables[1:]))
    assert len(fan) << low == 1 << _FAN_ADDRESS
    assert len(other) << low == (N_SUPERLAYER - 1) << _ADDRESS
    yield f"// {notice}"
    yield f"// Left-right codes by hit pattern (checksum {lut.checksum()[:16]}); one clock."
    yield "// Superlayer 0 has a table of its own; those of 1 to 8 lie one behind the other."
    yield "module cdc_segment_rom ("
    yield "    input  logic        clk_i,"
    yield "    input  logic [ 3:0] superlayer_i,"
    yield f"    input  logic [{_FAN_ADDRESS - 1}:0] address_i,"
    yield "    output logic [ 1:0] lr_o"
    yield ");"
    yield from filled_memory("fan", fan, width, len(fan))
    yield from filled_memory("other", other, width, len(other))
    yield f"  logic [{width - 1}:0] fan_q, other_q;"
    yield f"  logic [{low - 1}:0] entry_q;"
    yield "  wire [2:0] table_number = superlayer_i[2:0] - 3'd1;"
    yield "  always_ff @(posedge clk_i) begin"
    yield f"    fan_q   <= fan[address_i[{_FAN_ADDRESS - 1}:{low}]];"
    yield f"    other_q <= other[{{table_number, address_i[{_ADDRESS - 1}:{low}]}}];"
    yield f"    entry_q <= address_i[{low - 1}:0];"
    yield "  end"
    yield "  assign lr_o = superlayer_i == 4'd0 ? fan_q[{entry_q, 1'b0}+:2]"
    yield "                                     : other_q[{entry_q, 1'b0}+:2];"
    yield "endmodule"
    yield ""
