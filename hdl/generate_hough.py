"""Generated parts of `cdc_hough`: which segments cross a cell, which ids fit to a centre.

Both come from `firmware_models.hough_plane`. The pattern repeats every 11.25°, so that one list of
terms for each of 34 rows and five columns serves the whole tracker: a term is a vector over
sectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firmware_models.hough_plane import (
    BELOW,
    FIRST_COLUMN,
    N_COLUMN,
    N_OMEGA,
    OWN_COLUMNS,
    PERIOD,
    POSITIONS,
    SECTOR_COLUMNS,
    SHIFT,
    columns_crossed,
    crossings,
)
from firmware_models.interface.cdc_hough import AXIAL
from hdl.generate_rom import rom

STRIDE = 32
"""Bits from one vector over sectors to the next: no vector crosses a 32-bit boundary."""

BEFORE = 2
"""Sectors below the tracker's first one that a vector of fired segments begins with."""

FIRST_SECTOR = FIRST_COLUMN // SECTOR_COLUMNS
N_SECTOR = (FIRST_COLUMN + N_COLUMN - 1) // SECTOR_COLUMNS - FIRST_SECTOR + 1
"""Sectors with cells of the tracker; not all cells of the outer ones belong to it."""

N_SQUARE = N_COLUMN // 2
ROW_STRIDE = 4 * STRIDE

Term = tuple[int, int, int]
"""Position (1 to 3), number of the segment in its sector, sectors that the cell lies above it."""


def terms(layer: int, row: int, column: int) -> list[Term]:
    """Return the segments that cross a cell of the first sector."""
    found = []
    for position in POSITIONS:
        for number in range(PERIOD[layer]):
            first, last = columns_crossed(layer, number, position)[row]
            low = -((column - first) // SECTOR_COLUMNS)
            high = (last - column) // SECTOR_COLUMNS
            found += [(position, number, k) for k in range(low, high + 1)]
    return found


def hough_modules(notice: str) -> dict[str, str]:
    """Return the text of the generated modules by their paths from the project's root."""
    # Address: {sum of rows, sum of columns modulo 10}.
    ranges = rom(
        "cdc_hough_ranges",
        "Ids of segments that cross a cluster's centre, {high, low} a superlayer; one clock.",
        range_words(), 16 * len(AXIAL), 11, enable=True)  # fmt: skip
    return {
        "hdl/generated/cdc_hough_plane.sv": "\n".join(_plane(notice)),
        "hdl/generated/cdc_hough_ranges.sv": "\n".join([f"// {notice}", *ranges]),
    }


def hough_parameters() -> Iterator[str]:
    """Yield the package's constants of the Hough plane."""
    periods = sum(p << (4 * i) for i, p in enumerate(PERIOD))
    pads = sum((BEFORE * p - s) << (5 * i) for i, (p, s) in enumerate(zip(PERIOD, SHIFT,
                                                                         strict=True)))  # fmt: skip
    yield "  // Hough plane: rows, squares of two by two cells in a tracker and in its quadrant."
    yield f"  localparam CDC_HOUGH_ROWS = {N_OMEGA};"
    yield f"  localparam CDC_HOUGH_SQUARES = {N_SQUARE};"
    yield f"  localparam CDC_HOUGH_SQUARES_BELOW = {BELOW // 2};"
    yield f"  localparam CDC_HOUGH_OWN_SQUARES = {OWN_COLUMNS // 2};"
    yield "  // Bits from a vector over sectors to the next, and from a row of squares to the next."
    yield f"  localparam CDC_HOUGH_STRIDE = {STRIDE};"
    yield f"  localparam CDC_HOUGH_ROW_STRIDE = {ROW_STRIDE};"
    yield "  // Segments in a sector of 11.25 degrees; ids from the first vector's start to id 0."
    yield f"  localparam [19:0] CDC_HOUGH_PERIODS = 20'h{periods:05x};"
    yield f"  localparam [24:0] CDC_HOUGH_PADS = 25'h{pads:07x};"


def _plane(notice: str) -> Iterator[str]:
    high = N_SECTOR - 1
    yield f"// {notice}"
    yield "// Cells of the Hough plane that enough superlayers cross, as squares of two by two."
    yield "// fired_<i>_i: a vector over sectors for each position and number in the sector."
    yield "// plane_o: for each row of squares the lower left, lower right, upper left and upper"
    yield "// right cells."
    yield "module cdc_hough_plane ("
    yield "    input  logic clk_i,"
    yield "    input  logic valid_i,"
    yield "    input  logic [2:0] threshold_i,"
    yield "    /* verilator lint_off UNUSEDSIGNAL */  // some sectors cross no cell of the tracker"
    for layer, period in enumerate(PERIOD):
        width = len(POSITIONS) * period * STRIDE
        yield f"    input  logic [{width - 1}:0] fired_{layer}_i,"
    yield "    /* verilator lint_on UNUSEDSIGNAL */"
    yield f"    output logic [{N_OMEGA // 2 * ROW_STRIDE - 1}:0] plane_o"
    yield ");"
    yield "  // Where at least `threshold` of five vectors are set."
    yield f"  function automatic [{high}:0] enough("
    yield "      input [2:0] threshold,"
    for name in "abcde":
        yield f"      input [{high}:0] {name}{');' if name == 'e' else ','}"
    yield f"    logic [{high}:0] one, two, three, four;"
    yield "    one = a | b;"
    yield "    two = a & b;"
    yield "    three = two & c;"
    yield "    two = two | one & c;"
    yield "    one = one | c;"
    yield "    four = three & d;"
    yield "    three = three | two & d;"
    yield "    two = two | one & d;"
    yield "    one = one | d;"
    yield "    case (threshold)"
    yield "      3'd1: enough = one | e;"
    yield "      3'd2: enough = two | one & e;"
    yield "      3'd3: enough = three | two & e;"
    yield "      3'd4: enough = four | three & e;"
    yield "      default: enough = four & e;"
    yield "    endcase"
    yield "  endfunction"
    yield "  always_ff @(posedge clk_i) begin"
    yield "    if (valid_i) begin : cells"
    yield "      /* verilator lint_off UNUSEDSIGNAL */  // outer columns of the outer sectors"
    for row in range(N_OMEGA):
        names = ", ".join(f"c_{row}_{column}" for column in range(SECTOR_COLUMNS))
        yield f"      logic [{high}:0] {names};"
    yield "      /* verilator lint_on UNUSEDSIGNAL */"
    yield f"      logic [{high}:0] a, b, c, d, e;"
    for row in range(N_OMEGA):
        for column in range(SECTOR_COLUMNS):
            for layer, name in enumerate("abcde"):
                yield from _wrapped(f"      {name} = ", _slices(layer, row, column))
            yield f"      c_{row}_{column} = enough(threshold_i, a, b, c, d, e);"
    for square_row in range(N_OMEGA // 2):
        for kind in range(4):
            row, side = 2 * square_row + kind // 2, kind % 2
            bits = [_cell(row, FIRST_COLUMN + 2 * q + side) for q in reversed(range(N_SQUARE))]
            base = square_row * ROW_STRIDE + kind * STRIDE
            yield from _wrapped(
                f"      plane_o[{base}+:{STRIDE}] <= {{{STRIDE - N_SQUARE}'d0, ", bits, ", ", "};"
            )
    yield "    end"
    yield "  end"
    yield "endmodule"
    yield ""


def _slices(layer: int, row: int, column: int) -> list[str]:
    """Return the vectors of fired segments that cross the cells at (row, column) of all sectors."""
    parts = []
    for position, number, above in terms(layer, row, column):
        vector = ((position - 1) * PERIOD[layer] + number) * STRIDE
        parts.append(f"fired_{layer}_i[{vector + FIRST_SECTOR + BEFORE - above}+:{N_SECTOR}]")
    return parts


def _cell(row: int, column: int) -> str:
    return f"c_{row}_{column % SECTOR_COLUMNS}[{column // SECTOR_COLUMNS - FIRST_SECTOR}]"


def _wrapped(head: str, parts: list[str], joint: str = " | ", tail: str = ";") -> Iterator[str]:
    """Yield a long expression in lines of at most 100 characters."""
    line = head
    for i, part in enumerate(parts):
        piece = part + (joint if i < len(parts) - 1 else tail)
        if len(line) + len(piece.rstrip()) > 100:
            yield line.rstrip()
            line = "          "
        line += piece
    yield line


_VECTOR = re.compile(r"fired_(\d)_i\[(\d+)\+:\d+\]")
_CELL = re.compile(r"c_(\d+)_(\d+) = enough")


def crossings_in(text: str) -> set[tuple[int, int, int, int, int]]:
    """Return every crossing that the text of the generated module says.

    Parameters
    ----------
    text : str
        SystemVerilog of `cdc_hough_plane`.

    Returns
    -------
    set of (layer, position, id, column, row)
        Columns and ids as in `firmware_models.hough_plane.Crossings.mask`.
    """
    found, pending = set(), list[tuple[int, int]]()
    for line in text.splitlines():
        pending += [(int(layer), int(base)) for layer, base in _VECTOR.findall(line)]
        if not (cell := _CELL.search(line)):
            continue
        row, column = int(cell[1]), int(cell[2])
        for layer, base in pending:
            vector, bit = divmod(base, STRIDE)
            position, number = divmod(vector, PERIOD[layer])
            for sector in range(N_SECTOR):
                own = number + (bit + sector - BEFORE) * PERIOD[layer] + SHIFT[layer]
                at = column + (FIRST_SECTOR + sector) * SECTOR_COLUMNS - FIRST_COLUMN
                if 0 <= at < N_COLUMN:
                    found.add((layer, position + 1, own, at, row))
        pending.clear()
    return found


def range_words() -> dict[int, int]:
    """Return the ROM of id ranges: {row sum, column sum in two sectors' halves} to its entry.

    The address is 16 · (sum of rows) + (sum of columns modulo 10), the entry low and high id, eight
    bits each, of superlayer 0 lowest; ids rise by `PERIOD` from one ten of columns to the next.
    """
    table = crossings()
    turn = 2 * SECTOR_COLUMNS
    for layer, period in enumerate(PERIOD):
        for ids in (table.low[layer], table.high[layer]):
            assert (ids[:, turn:] == ids[:, :-turn] + period).all()
    words = {}
    for row in range(2 * N_OMEGA - 1):
        for column in range(turn):
            words[row << 4 | column] = sum(
                int(table.low[layer, row, column]) << (16 * layer)
                | int(table.high[layer, row, column]) << (16 * layer + 8)
                for layer in range(len(AXIAL))
            )
    return words
