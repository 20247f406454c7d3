"""Generated parts of `displaced_hough`: which segments cross each cell, and its constants."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_models.interface.displaced import (
    AXIAL_SEGMENTS,
    N_AZIMUTH,
    N_COLUMN,
    N_RING,
    N_ROW,
)
from firmware_models.vertex_plane import N_LAYER, NEGATIVE_ROWS, POSITIVE_ROWS, vertex_planes

LOW_WIDTH, SIZE_WIDTH = 11, 7
"""Bits of an inner range's first place in the chamber's map, and of its size."""

SMALL = 6
"""Most windows of four neighbours in a range; the inputs of a look-up table."""

_A_LINE = 4

N_CELL = N_COLUMN * N_ROW

FIRST = tuple(sum(AXIAL_SEGMENTS[:k]) for k in range(N_LAYER))
"""Place of each superlayer in the chamber's map."""


def displaced_modules(notice: str) -> dict[str, str]:
    """Return the text of the generated module by its path from the project's root."""
    return {"hdl/generated/displaced_hough_cross.sv": "\n".join(_cross(notice))}


def displaced_parameters() -> Iterator[str]:
    """Yield the package's constants of `displaced_hough`."""
    table = vertex_planes()
    yield "  // Vertex hypotheses: rings, sectors, cells of a plane; rows of either charge."
    for name, value in {
        "DISPLACED_RINGS": N_RING,
        "DISPLACED_AZIMUTHS": N_AZIMUTH,
        "DISPLACED_COLUMNS": N_COLUMN,
        "DISPLACED_ROWS": N_ROW,
        "DISPLACED_LAYERS": N_LAYER,
        "DISPLACED_MAP": sum(AXIAL_SEGMENTS),
    }.items():
        yield f"  localparam {name} = {value};"
    yield f"  localparam [{N_ROW - 1}:0] DISPLACED_POSITIVE_ROWS = {N_ROW}'h{POSITIVE_ROWS:x};"
    yield f"  localparam [{N_ROW - 1}:0] DISPLACED_NEGATIVE_ROWS = {N_ROW}'h{NEGATIVE_ROWS:x};"
    yield "  // Segments of the superlayers, and where they lie in the map; superlayer 0 lowest."
    for name, values, width in (("SEGMENTS", AXIAL_SEGMENTS, 9), ("FIRST", FIRST, LOW_WIDTH)):
        total = sum(value << (width * k) for k, value in enumerate(values))
        bits = width * N_LAYER
        yield f"  localparam [{bits - 1}:0] DISPLACED_{name} = {bits}'h{total:x};"
    yield "  // Superlayers inside a ring: first place and number of the segments on the way."
    for name, width in (("INNER_LOW", LOW_WIDTH), ("INNER_SIZE", SIZE_WIDTH)):
        total = 0
        for ring in range(N_RING):
            for layer in range(N_LAYER):
                low, high = int(table.inner_low[ring, layer]), int(table.inner_high[ring, layer])
                value = low + FIRST[layer] if name == "INNER_LOW" else high - low + 1
                total |= value << (width * (ring * N_LAYER + layer))
        bits = width * N_RING * N_LAYER
        yield f"  localparam [{bits - 1}:0] DISPLACED_{name} = {bits}'h{total:x};"


def windows(low: int, high: int) -> tuple[int, list[int]]:
    """Return how a range of segments is covered by shared ORs of neighbours.

    Windows of four neighbours, or of 16 where more than six of four were needed: an OR of up to
    six windows is one look-up table. The last window overlaps the one before it.

    Parameters
    ----------
    low, high : int
        First and last segment; at least four.

    Returns
    -------
    int, list of int
        Size of the windows and their first segments.
    """
    size = 4 if high - low < SMALL * 4 else 16
    last = high - size + 1
    return size, [*range(low, last, size), last]


def _cell(low: int, high: int) -> str:
    if high < low:
        return "1'b0"
    size, begins = windows(low, high)
    return "|".join(f"n{size}[{at}]" for at in begins)


def _cross(notice: str) -> Iterator[str]:
    table, places = vertex_planes(), sum(AXIAL_SEGMENTS)
    total = N_RING * N_LAYER * N_CELL
    yield f"// {notice}"
    yield "// Cells of the rings' planes that each axial superlayer crosses: a range of segments"
    yield "// each, one clock. All ranges share the ORs of four and of 16 neighbours."
    yield "module displaced_hough_cross ("
    yield "    input  logic clk_i,"
    yield f"    input  logic [{places - 1}:0] map_i,"
    yield "    // Ring 0, superlayer 0, row 0, column 0 lowest; then columns, rows, superlayers."
    yield f"    output logic [{total - 1}:0] cross_o"
    yield ");"
    yield "  // n4[i], n16[i]: some segment of i to i + 3, of i to i + 15. Not all are used."
    yield "  /* verilator lint_off UNUSEDSIGNAL */"
    yield f"  wire [{places - 1}:0] n4 = map_i | map_i >> 1 | map_i >> 2 | map_i >> 3;"
    yield f"  wire [{places - 1}:0] n16 = n4 | n4 >> 4 | n4 >> 8 | n4 >> 12;"
    yield "  /* verilator lint_on UNUSEDSIGNAL */"
    for ring in range(N_RING):
        for layer in range(N_LAYER):
            for row in range(N_ROW):
                at = ((ring * N_LAYER + layer) * N_ROW + row) * N_COLUMN
                cells = [
                    _cell(int(low) + FIRST[layer], int(high) + FIRST[layer])
                    for low, high in zip(
                        table.low[ring, layer, :, row],
                        table.high[ring, layer, :, row],
                        strict=True,
                    )
                ][::-1]
                yield f"  always_ff @(posedge clk_i) cross_o[{at}+:{N_COLUMN}] <= {{"
                for i in range(0, N_COLUMN, _A_LINE):
                    end = "};" if i + _A_LINE == N_COLUMN else ","
                    yield f"    {', '.join(cells[i : i + _A_LINE])}{end}"
    yield "endmodule"
    yield ""
