"""Words and blocks of the muon detector's trigger (KLM).

Source: ecl_klm_gdl section 6 of the reference notes (basf2 KLM trigger simulation: a mask over
layers and planes for each sector, a count of its bits, recovery of muons between two sectors;
FTD36 for binary counts). Widths and the order of sectors are this project's choice.
"""

from __future__ import annotations

from firmware_models.interface.block import Block, Register
from firmware_models.interface.clock import DATA_CLOCK_TICKS
from firmware_models.words import Field, Word

N_LAYER = 15
"""Layers of a barrel sector."""

FORWARD_LAYERS, BACKWARD_LAYERS = 14, 12
"""Layers of the endcaps' sectors."""

N_PLANE = 2
"""Readout planes of a layer: phi and z in the barrel, y and x in the endcaps."""

N_BARREL_RING, N_ENDCAP_RING = 8, 4
"""Sectors around the beam line in one section of barrel and endcap."""

N_BARREL, N_ENDCAP = 2 * N_BARREL_RING, 2 * N_ENDCAP_RING
"""Sectors: barrel forward 0 to 7, backward 8 to 15; endcap forward 0 to 3, backward 4 to 7."""

N_SECTOR = N_BARREL + N_ENDCAP

MASK_WIDTH = N_LAYER * N_PLANE

KLM_HITS = Word(
    "klm_hits",
    (
        Field("mask", MASK_WIDTH, N_SECTOR,
              doc="hit planes of a sector: bit 2 layer + plane, layer 0 the innermost; barrel "
              "sectors first"),
        Field("clock", 7, doc="data clock (125.77 ns) in the turn, 0 to 79"),
    ),
    "Hit planes of all sectors in one window of the muon detector's trigger.",
)  # fmt: skip

KLM_SECTORS = Word(
    "klm_sectors",
    (
        Field("barrel", 1, N_BARREL, doc="the barrel sector fires"),
        Field("endcap", 1, N_ENDCAP, doc="the endcap sector fires"),
        Field("recovered", 1, N_SECTOR, doc="it fires only together with a neighbour"),
        Field("klm", 3, doc="fired barrel sectors, at most 7"),
        Field("eklm", 3, doc="fired endcap sectors, at most 7"),
        Field("klmb2b", 1, doc="fired barrel sectors opposite to each other"),
        Field("eklmb2b", 1, doc="fired endcap sectors opposite to each other"),
        Field("clock", 7, doc="data clock in the turn"),
    ),
    "Fired sectors of the muon detector, counts, back-to-back bits.",
)

_ALL = (1 << MASK_WIDTH) - 1

BLOCKS = (
    Block("klm_sector", "single muon", KLM_HITS, KLM_SECTORS, latency=4,
          interval=DATA_CLOCK_TICKS, beats=8,
          registers=(
              Register("barrel_planes", 0x000, 5, 8, 1, "", "hit planes that a barrel sector "
                       "needs; 0 counts as 1"),
              Register("endcap_planes", 0x001, 5, 8, 1, "", "hit planes that an endcap sector "
                       "needs; 0 counts as 1"),
              Register("barrel_mask", 0x002, MASK_WIDTH, _ALL, 1, "", "planes of barrel sectors "
                       "that count, bit 2 layer + plane"),
              Register("endcap_mask", 0x003, MASK_WIDTH, _ALL, 1, "", "planes of endcap sectors "
                       "that count"),
              Register("recovery", 0x004, 1, 1, 1, "", "1: two neighbours below the count whose "
                       "planes together reach it fire both"),
          ),
          doc="Sectors of the muon detector with enough hit planes."),
)  # fmt: skip
