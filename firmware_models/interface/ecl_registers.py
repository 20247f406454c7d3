"""Configuration registers of `ecl_selection`: every threshold of the calorimeter selections.

Values: ecl_klm_gdl sections 2 and 3 of the reference notes (basf2 ETM_Parameters.dat and
TrgEclMaster). Angles are whole degrees in the centre-of-mass frame, ring masks hold θ-ID n in bit
n − 1, energies are counts of 5.231 MeV.

A laboratory threshold T [GeV] becomes counts such that the integer comparison decides exactly as
the energy ``counts × 5.231 MeV`` compared with T: ``energy > T`` needs floor(T / LSB), ``energy <
T`` and ``energy ≥ T`` need ceil(T / LSB). A centre-of-mass threshold is multiplied by the boost
factor of the cell afterwards, so it is rounded to the nearest count (at most 0.26 % at 1 GeV).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from firmware_models.interface.block import Register
from firmware_models.interface.clock import TIME_LSB_NS

ENERGY_LSB_MEV = 5.231
"""One count of energy [MeV] (ETM_Parameters.dat)."""

LAB_WIDTH, SUM_WIDTH, ANGLE_WIDTH, RING_WIDTH = 14, 19, 9, 17
"""Bits of a cluster energy, of a sum over all rings, of an angle and of a ring mask."""

BHABHA_2D = (
    ((1, 2, 3), (16, 17), 4.0, 2.5),
    ((3,), (15,), 4.0, 2.5),
    ((4,), (14, 15), 4.0, 2.5),
    ((5,), (14, 15), 4.0, 2.5),
    ((4, 5), (14,), 4.0, 2.5),
    ((5,), (13, 14), 4.0, 2.5),
    ((5,), (12, 13), 4.0, 2.5),
    ((5, 6), (13,), 4.0, 2.5),
    ((5, 6), (12,), 4.0, 2.5),
    ((6, 7), (12,), 4.0, 2.5),
    ((6, 7), (11,), 4.0, 2.5),
    ((7, 8), (11,), 4.0, 2.5),
    ((8,), (10, 11), 3.0, 3.0),
    ((8, 9), (9, 10), 3.5, 3.0),
)
"""Forward rings, backward rings, and the two thresholds [GeV] of the 2D Bhabha types (basf2
TrgEclBhabha and ETM_Parameters.dat)."""


def above(gev: float) -> int:
    """Return the register value for ``energy > gev``: the largest count that fails."""
    return math.floor(gev * 1e3 / ENERGY_LSB_MEV)


def at_least(gev: float) -> int:
    """Return the register value for ``energy ≥ gev``, and for ``energy < gev``."""
    return math.ceil(gev * 1e3 / ENERGY_LSB_MEV)


def nearest(gev: float) -> int:
    """Return the nearest count, for thresholds in the centre-of-mass frame."""
    return math.floor(gev * 1e3 / ENERGY_LSB_MEV + 0.5)


def rings(*theta_ids: int) -> int:
    """Return the mask of the given θ-IDs: θ-ID n in bit n − 1."""
    return sum(1 << (theta_id - 1) for theta_id in theta_ids)


def bhabha_rings() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the forward and the backward ring masks of the 2D Bhabha types."""
    forward = tuple(rings(*item[0]) for item in BHABHA_2D)
    return forward, tuple(rings(*item[1]) for item in BHABHA_2D)


def _window(name: str, phi: tuple[int, int], theta: tuple[int, int], what: str) -> Iterable[_Item]:
    yield f"{name}_phi_low", ANGLE_WIDTH, phi[0], "degree", f"{what}: Δφ above this"
    yield f"{name}_phi_high", ANGLE_WIDTH, phi[1], "degree", f"{what}: Δφ below this"
    yield f"{name}_theta_low", ANGLE_WIDTH, theta[0], "degree", f"{what}: Σθ above this"
    yield f"{name}_theta_high", ANGLE_WIDTH, theta[1], "degree", f"{what}: Σθ below this"


def _sum(name: str, value: int, doc: str) -> _Item:
    return name, SUM_WIDTH, value, "count", doc


def _lab(name: str, value: int, doc: str) -> _Item:
    return name, LAB_WIDTH, value, "count", doc


def _cm(name: str, gev: float, doc: str) -> _Item:
    return name, LAB_WIDTH, nearest(gev), "count", f"{doc} (CM, default {gev} GeV)"


def _rings(name: str, ids: Iterable[int], doc: str) -> _Item:
    return name, RING_WIDTH, rings(*ids), "", doc


_Item = tuple[str, int, int | tuple[int, ...], str, str]


def _sums() -> Iterable[_Item]:
    yield _sum("elow", above(0.5), "E_phys above this: elow (0.5 GeV)")
    yield _sum("ehigh", above(1.0), "E_phys above this: ehigh (1 GeV)")
    yield _sum("elum", above(3.0), "E_phys above this: elum (3 GeV)")
    yield _sum("physics_energy", above(1.0), "E_phys above this: physics (1 GeV)")
    yield "physics_icn", 7, 3, "", "or ICN above this: physics"
    yield _sum("burst", above(20.0), "E_total above this: burst (20 GeV)")
    yield _lab("timing_fine", above(1.0), "highest cell above this: timing quality 2 (1 GeV)")
    yield _lab("timing_superfine", above(20.0), "highest cell above this: quality 3 (20 GeV)")
    yield ("cluster_window", 8, math.ceil(100 / TIME_LSB_NS), "0.98254 ns",
           "|cluster time − event time| below this: counted in clst (100 ns)")  # fmt: skip


def _bhabha() -> Iterable[_Item]:
    yield "bhabha_icn", 7, 4, "", "2D Bhabha: ICN below this"
    yield ("bhabha_forward", SUM_WIDTH, tuple(at_least(item[2]) for item in BHABHA_2D), "count",
           "2D Bhabha, types 0 to 13: forward sum at least this")  # fmt: skip
    yield ("bhabha_backward", SUM_WIDTH, tuple(at_least(item[3]) for item in BHABHA_2D), "count",
           "2D Bhabha, types 0 to 13: backward sum at least this")  # fmt: skip
    yield from _window("veto", (160, 200), (165, 190), "3D Bhabha veto")
    yield _cm("veto_both", 3.0, "3D Bhabha veto: both above this")
    yield _cm("veto_one", 4.5, "3D Bhabha veto: one above this")
    yield _rings("veto_intrack", range(3, 16), "in-track flag: a cluster of the pair in these")
    yield from _window("selection", (140, 220), (160, 200), "3D Bhabha selection")
    yield _cm("selection_both", 2.5, "3D Bhabha selection: both above this")
    yield _cm("selection_one", 4.0, "3D Bhabha selection: one above this")
    yield from _window("mumu", (160, 200), (165, 190), "mu pair")
    yield _cm("mumu_both", 2.0, "mu pair: both below this")


def _tau() -> Iterable[_Item]:
    yield from _window("taub2b", (110, 250), (130, 230), "taub2b")
    yield _sum("taub2b_total", at_least(7.0), "taub2b: E_total below this (7 GeV)")
    yield _lab("taub2b_one", at_least(1.9), "taub2b: one of the pair below this (1.9 GeV)")
    yield from _window("taub2b2", (120, 240), (140, 220), "taub2b2")
    yield _sum("taub2b2_total", at_least(7.0), "taub2b2: E_total below this (7 GeV)")
    yield _rings("taub2b2_endcap", (1, 2, 3, 16, 17), "taub2b2: rings of the endcap clusters")
    yield _lab("taub2b2_hard", above(3.0), "taub2b2: endcap cluster counts above this (3 GeV)")
    yield "taub2b2_hard_max", 3, 2, "", "taub2b2: fewer of those than this"
    yield _lab("taub2b2_both", above(0.162), "taub2b2: both of the pair above this (162 MeV)")
    yield from _window("taub2b3", (120, 240), (140, 220), "taub2b3")
    yield _sum("taub2b3_total", at_least(7.0), "taub2b3: E_total below this (7 GeV)")
    yield _rings("taub2b3_rings", range(2, 17), "taub2b3: both of the pair in these rings")
    yield _lab("taub2b3_one", above(0.14), "taub2b3: one of the pair above this (140 MeV)")
    yield _lab("taub2b3_low", above(0.12), "taub2b3: every cluster above this (120 MeV)")
    yield _lab("taub2b3_high", above(4.5), "taub2b3: no cluster above this (4.5 GeV)")


def _hie() -> Iterable[_Item]:
    yield _rings("hie_forward", (1, 2, 3), "hie1 to hie4: a lone cluster here is rejected")
    yield from _window("hie", (150, 210), (160, 200), "hie1, hie2 two-cluster rejection")
    yield _rings("hie_endcap", (1, 2, 3, 16, 17), "hie3, hie4: lower-energy cluster here rejects")
    yield _lab("hie4_both", above(0.5), "hie4: rejects only if both above this (500 MeV)")


def _lml() -> Iterable[_Item]:
    yield "lml0_clusters", 3, 3, "", "lml0: at least so many clusters"
    yield _lab("lml0_energy", above(0.3), "lml0: cluster counts above this (300 MeV)")
    yield "lml0_energetic", 3, 1, "", "lml0: at least so many of those"
    yield _cm("lml1_energy", 2.0, "lml1: above this")
    yield _rings("lml1_rings", range(4, 15), "lml1: in these rings")
    yield _cm("lml2_energy", 2.0, "lml2, lml3: above this")
    yield _rings("lml2_rings", (2, 3, 15, 16), "lml2, lml3: in these rings")
    yield _cm("lml4_energy", 2.0, "lml4, lml5: above this")
    yield _rings("lml4_rings", (1, 17), "lml4, lml5: in these rings")
    yield _cm("lml6_energy", 1.0, "lml6: exactly one above this")
    yield _rings("lml6_rings", range(4, 16), "lml6: in these rings")
    yield _lab("lml6_other", above(0.3), "lml6: exactly one anywhere above this (300 MeV)")
    yield _cm("lml7_energy", 1.0, "lml7: exactly one above this")
    yield _rings("lml7_rings", (2, 3, 16), "lml7: in these rings")
    yield _lab("lml7_other", above(0.3), "lml7: exactly one anywhere above this (300 MeV)")
    yield "lml8_phi", ANGLE_WIDTH, 170, "degree", "lml8: wrapped Δφ above this"
    yield _lab("lml8_energy", above(0.25), "lml8: both above this (250 MeV)")
    yield "lml9_phi", ANGLE_WIDTH, 170, "degree", "lml9: wrapped Δφ above this"
    yield _lab("lml9_low", at_least(0.25), "lml9: one below this (250 MeV)")
    yield _lab("lml9_high", above(0.25), "lml9: the other above this (250 MeV)")
    yield "lml10_phi", ANGLE_WIDTH, 160, "degree", "lml10: wrapped Δφ above this"
    yield "lml10_theta_low", ANGLE_WIDTH, 160, "degree", "lml10: Σθ above this"
    yield "lml10_theta_high", ANGLE_WIDTH, 200, "degree", "lml10: Σθ below this"
    yield _cm("lml_veto", 2.0, "lml8 to lml11: no cluster above this")
    yield "lml12_clusters", 3, 3, "", "lml12: at least so many clusters in the rings"
    yield _rings("lml12_rings", range(2, 17), "lml12: the rings")
    yield _lab("lml12_energy", above(0.5), "lml12: cluster counts above this (500 MeV)")
    yield "lml12_energetic", 3, 1, "", "lml12: at least so many of those"
    yield _cm("lml13_energy", 0.5, "lml13: exactly one above this")
    yield _rings("lml13_rings", range(6, 12), "lml13: in these rings")
    yield _lab("lml13_other", above(0.3), "lml13: exactly one anywhere above this (300 MeV)")


def selection_registers() -> tuple[Register, ...]:
    """Return the registers of `ecl_selection`, at consecutive addresses from 0."""
    registers, address = [], 0
    for name, width, default, unit, doc in (*_sums(), *_bhabha(), *_tau(), *_hie(), *_lml()):
        count = len(default) if isinstance(default, tuple) else 1
        registers.append(Register(name, address, width, default, count, unit, doc))
        address += count
    return tuple(registers)
