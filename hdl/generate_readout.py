"""Constants of the event frames in the generated package."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_models import crc32
from firmware_models.interface import readout


def readout_parameters() -> Iterator[str]:
    """Yield the package's constants of the frame format, and the matrix of the checksum."""
    yield "  // Event frames: marks, words before the first fragment and after the last."
    yield f"  localparam [31:0] FRAME_MAGIC = 32'h{readout.FRAME_MAGIC:08x};"
    yield f"  localparam [31:0] FRAME_END = 32'h{readout.FRAME_END:08x};"
    yield f"  localparam [7:0] FRAGMENT_MARK = 8'h{readout.FRAGMENT_MARK:02x};"
    yield f"  localparam FRAME_HEADER_WORDS = {readout.HEADER_WORDS};"
    yield f"  localparam FRAME_TRAILER_WORDS = {readout.TRAILER_WORDS};"
    total = sum(row << (32 * i) for i, row in enumerate(crc32.matrix()))
    yield "  // CRC-32 of a word: bit i of the next value is the parity of row i over value ^ word."
    yield f"  localparam [1023:0] CRC32_MATRIX = 1024'h{total:0256x};"
