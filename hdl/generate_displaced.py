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
"""Bits of a range's first place in the chamber's map, and of its size."""

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


def range_vector(ring: int, layer: int, name: str) -> int:
    """Return one entry a cell, cell 8 · column + row lowest first: `LOW` or `SIZE`."""
    table = vertex_planes()
    total = 0
    for column in range(N_COLUMN):
        for row in range(N_ROW):
            low = int(table.low[ring, layer, column, row])
            high = int(table.high[ring, layer, column, row])
            value, width = (
                (low + FIRST[layer], LOW_WIDTH) if name == "LOW" else (high - low + 1, SIZE_WIDTH)
            )
            total |= value << (width * (column * N_ROW + row))
    return total


def _cross(notice: str) -> Iterator[str]:
    yield f"// {notice}"
    yield "// Cells of a ring's plane that each axial superlayer crosses: a range of segments each,"
    yield "// one clock."
    yield "module displaced_hough_cross #("
    yield "    parameter RING = 0"
    yield ") ("
    yield "    input  logic clk_i,"
    yield "    /* verilator lint_off UNUSEDSIGNAL */  // segments far from the hypothesis"
    yield f"    input  logic [{sum(AXIAL_SEGMENTS) - 1}:0] map_i,"
    yield "    /* verilator lint_on UNUSEDSIGNAL */"
    yield "    // Superlayer 0 lowest; cell 8 column + row."
    yield f"    output logic [{N_LAYER * N_CELL - 1}:0] cross_o"
    yield ");"
    for name, width in (("LOW", LOW_WIDTH), ("SIZE", SIZE_WIDTH)):
        bits = width * N_CELL
        for layer in range(N_LAYER):
            yield f"  localparam [{bits - 1}:0] {name}{layer} ="
            for ring in range(N_RING):
                text = f"{bits}'h{range_vector(ring, layer, name):x}"
                if ring < N_RING - 1:
                    yield f"      RING == {ring} ? {text} :"
                else:
                    yield f"      {text};"
    yield f"  wire [{N_LAYER * N_CELL - 1}:0] crossed;"
    yield "  always_ff @(posedge clk_i) cross_o <= crossed;"
    for layer in range(N_LAYER):
        yield f"  for (genvar c = 0; c < {N_CELL}; c++) begin : g_layer{layer}"
        yield f"    localparam A = 32'(LOW{layer}[c*{LOW_WIDTH}+:{LOW_WIDTH}]);"
        yield f"    localparam N = 32'(SIZE{layer}[c*{SIZE_WIDTH}+:{SIZE_WIDTH}]);"
        yield "    if (N == 0) begin : g_none"
        yield f"      assign crossed[{layer * N_CELL}+c] = 1'b0;"
        yield "    end else begin : g_some"
        yield f"      assign crossed[{layer * N_CELL}+c] = |map_i[A+:N];"
        yield "    end"
        yield "  end"
    yield "endmodule"
    yield ""
