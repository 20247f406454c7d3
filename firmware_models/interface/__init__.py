"""The interface table: every word between blocks and every block, declared once.

One file for each part of the trigger; this one collects them. `WORDS` and `BLOCKS` are what the
generators (numpy dtypes, SystemVerilog package, testbench drivers, docs page) read.
"""

from __future__ import annotations

from firmware_models.interface import (
    cdc_hough,
    cdc_segment,
    displaced,
    ecl,
    gdl,
    grl,
    klm,
    neuro,
    readout,
    throttle,
)
from firmware_models.interface.block import Block, Register, Registers
from firmware_models.words import Word

BLOCKS: dict[str, Block] = {
    block.name: block
    for part in (ecl, cdc_segment, cdc_hough, neuro, grl, klm, displaced, gdl, throttle, readout)
    for block in part.BLOCKS
}
WORDS: dict[str, Word] = {
    word.name: word for block in BLOCKS.values() for word in (block.input, block.output)
}

__all__ = ["BLOCKS", "WORDS", "Block", "Register", "Registers", "Word"]
