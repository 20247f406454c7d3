"""Words and blocks of the calorimeter trigger (ECL).

Sources: ecl_klm_gdl sections 1 to 3 of the reference notes (basf2 trg/ecl).
"""

from __future__ import annotations

from firmware_models.interface.block import Block
from firmware_models.interface.clock import TIME_LSB_NS
from firmware_models.interface.ecl_registers import ENERGY_LSB_MEV as ENERGY_LSB_MEV
from firmware_models.interface.ecl_registers import selection_registers
from firmware_models.words import Field, Word

N_CELL = 576
"""Trigger cells: 80 forward, 432 barrel, 64 backward; numbered from 1."""

N_RING = 17
"""θ-IDs: 1 to 3 forward, 4 to 15 barrel, 16 and 17 backward."""

N_CLUSTER = 6
"""Clusters that one frame can carry."""

CELL_BEATS = 16
"""A frame of 576 cells crosses the bus in 16 ticks, one data clock, 36 cells a tick."""


def _energy(name: str, width: int, count: int = 1, doc: str = "") -> Field:
    return Field(name, width, count, lsb=ENERGY_LSB_MEV, unit="MeV", doc=doc)


def _time(name: str, width: int, count: int = 1, doc: str = "") -> Field:
    return Field(name, width, count, lsb=TIME_LSB_NS, unit="ns", doc=doc)


ECL_FRAME = Word(
    "ecl_frame",
    (
        _energy("energy", 12, N_CELL, doc="cell 1 first; 0: not above threshold"),
        _time("time", 8, N_CELL, doc="fitted time in the 250 ns window; bit 7: second data clock"),
        Field("frame", 7, doc="data clock in the turn (0 to 79) in which the window starts"),
    ),
    "All trigger cells of one 250 ns window.",
)  # fmt: skip

ECL_CLUSTERS = Word(
    "ecl_clusters",
    (
        Field("valid", 1, N_CLUSTER, doc="the cluster exists; filled from 0 without gaps"),
        Field("tc", 10, N_CLUSTER, doc="id of the cell with the highest energy"),
        _energy("energy", 14, N_CLUSTER, doc="sum over the fired cells of the 3×3"),
        _time("time", 8, N_CLUSTER, doc="energy-weighted time in the window"),
        Field("n_tc", 4, N_CLUSTER, doc="fired cells in the 3×3"),
        Field("overflow", 1, doc="more than six clusters were found"),
        Field("icn", 7, doc="isolated-cluster number: seeds in θ-ID 2 to 15"),
        _energy("ring_energy", 14, N_RING, doc="saturating sum of each θ-ring, θ-ID 1 first"),
        Field("max_tc", 10, doc="id of the cell with the highest energy, 0: none fired"),
        _energy("max_energy", 12, doc="energy of that cell"),
        _time("max_time", 8, doc="time of that cell in the window: the event time"),
        Field("frame", 7, doc="data clock in the turn in which the window starts"),
    ),
    "Clusters, ring sums and event time of one window.",
)  # fmt: skip

ECL_TRIGGER = Word(
    "ecl_trigger",
    (
        Field("hit", 1, doc="a cell fired"),
        _time("time", 7, doc="event time within the data clock"),
        Field("rev_clock", 7, doc="data clock in the turn of the event time, 0 to 79"),
        Field("timing_source", 3, doc="one-hot: forward, barrel, backward"),
        Field("physics", 1, doc="(E_phys > 1 GeV or ICN > 3) and not 2D Bhabha"),
        Field("bhabha", 1, doc="2D Bhabha"),
        Field("bhabha_type", 14, doc="the 14 ring pairs of the 2D Bhabha"),
        _energy("e_tot", 13, doc="saturating sum over θ-ID 2 to 15"),
        Field("elow", 1, doc="E_phys > 0.5 GeV"),
        Field("ehigh", 1, doc="E_phys > 1 GeV (hie)"),
        Field("elum", 1, doc="E_phys > 3 GeV"),
        Field("icn", 7, doc="isolated-cluster number"),
        Field("bg_veto", 3, doc="reserved, 0: its definition is not public"),
        Field("overflow", 1, doc="more than six clusters"),
        Field("bhabha_3d", 1, doc="3D Bhabha veto"),
        Field("lml", 1, 12, doc="low-multiplicity bits lml0 to lml11"),
        Field("bhabha_selection", 1, doc="3D Bhabha selection"),
        Field("mumu", 1, doc="muon pair"),
        Field("bhabha_prescale", 1, doc="reserved, 0: its definition is not public"),
        Field("burst", 1, doc="E_total > 20 GeV"),
        Field("lml12", 1, doc="low-multiplicity bit 12"),
        Field("lml13", 1, doc="low-multiplicity bit 13"),
        Field("clock", 4, doc="low four bits of rev_clock"),
        Field("timing_quality", 2, doc="0 none, 1 coarse, 2 fine, 3 superfine"),
        Field("bhabha_intrack", 1, doc="a cluster of the 3D Bhabha lies in θ-ID 3 to 15"),
        Field("bhabha_theta", 2, doc="smallest θ-ID of the selection pair: 1→0, 2→1, 3→2, ≥4→3"),
        Field("taub2b", 1, doc="τ pair, back to back"),
        Field("hie", 1, 3, doc="hie1 to hie3"),
        Field("taub2b2", 1, doc="τ pair, second version"),
        Field("taub2b3", 1, doc="τ pair, third version"),
        Field("hie4", 1, doc="hie4"),
        Field("clst", 4, doc="beside the 96 bits, for the GRL: clusters within 100 ns of the event "
              "time"),
    ),
    "The 96-bit word from the ECL trigger to the GDL (bits 0 to 95) and the cluster count.",
)  # fmt: skip

BLOCKS = (
    Block("ecl_cluster", "single photon", ECL_FRAME, ECL_CLUSTERS, latency=19, interval=16,
          beats=CELL_BEATS, doc="Isolated-cluster finding on the 576 trigger cells."),
    Block("ecl_selection", "single photon", ECL_CLUSTERS, ECL_TRIGGER, latency=4,
          registers=selection_registers(),
          doc="CM look-up, Bhabha, taub2b, hie and low-multiplicity selections."),
)  # fmt: skip
