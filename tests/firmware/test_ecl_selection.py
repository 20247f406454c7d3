"""`ecl_selection` against a plain-integer oracle written from the table of the selections.

The oracle compares energies with thresholds in GeV as exact fractions; the block compares counts
with registers. It knows nothing of the registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from firmware_models import ecl_selection
from firmware_models.cm_table import cm_table
from firmware_models.errors import InputError
from firmware_models.interface.ecl import ECL_CLUSTERS, ECL_TRIGGER
from firmware_models.trigger_cells import cell_map
from hdl.testbenches.ecl_selection.stimulus import constrained

LSB = Fraction(5231, 1_000_000)  # GeV a count
TYPES = (
    ((1, 2, 3), (16, 17), "4", "2.5"), ((3,), (15,), "4", "2.5"), ((4,), (14, 15), "4", "2.5"),
    ((5,), (14, 15), "4", "2.5"), ((4, 5), (14,), "4", "2.5"), ((5,), (13, 14), "4", "2.5"),
    ((5,), (12, 13), "4", "2.5"), ((5, 6), (13,), "4", "2.5"), ((5, 6), (12,), "4", "2.5"),
    ((6, 7), (12,), "4", "2.5"), ((6, 7), (11,), "4", "2.5"), ((7, 8), (11,), "4", "2.5"),
    ((8,), (10, 11), "3", "3"), ((8, 9), (9, 10), "3.5", "3"),
)  # fmt: skip


# ------------------------------------------------------------------------------------- the oracle
def lab(counts: int) -> Fraction:
    return counts * LSB


def gev(text: str) -> Fraction:
    return Fraction(text)


class Cluster:
    """One cluster as the selections see it."""

    def __init__(self, tc: int, energy: int, time: int) -> None:
        inside = 1 <= tc <= 576
        self.ring = int(cell_map().theta_id[tc]) if inside else 0
        self.theta = int(cm_table().theta[tc]) if inside else 0
        self.phi = int(cm_table().phi[tc]) if inside else 0
        self.scale = int(cm_table().scale[tc]) if inside else 0
        self.counts, self.time = energy, time
        self.energy = lab(energy)

    def cm(self, text: str) -> int:
        """Compare the CM energy with a threshold: -1, 0, 1. The threshold is a whole count."""
        threshold = round(gev(text) / LSB)
        left, right = 10 * self.counts, threshold * self.scale
        return (left > right) - (left < right)


def angles(a: Cluster, b: Cluster) -> tuple[int, int]:
    return abs(a.phi - b.phi), a.theta + b.theta


def inside(pair: tuple[Cluster, Cluster], window: tuple[int, int, int, int]) -> bool:
    dphi, dtheta = angles(*pair)
    return window[0] < dphi < window[1] and window[2] < dtheta < window[3]


def folded(pair: tuple[Cluster, Cluster]) -> int:
    dphi = angles(*pair)[0]
    return min(dphi, 360 - dphi)


def oracle(word: Any) -> dict[str, Any]:
    """Evaluate one word; every field of the 96 bits, one after the other."""
    clusters = [
        Cluster(int(tc), int(e), int(t))
        for v, tc, e, t in zip(word["valid"], word["tc"], word["energy"], word["time"], strict=True)
        if v
    ]
    pairs = list(combinations(clusters, 2))
    rings = {i + 1: int(e) for i, e in enumerate(word["ring_energy"])}
    phys = sum(rings[r] for r in range(2, 16))
    total = sum(rings.values())
    icn, n = int(word["icn"]), len(clusters)
    tc, time = int(word["max_tc"]), int(word["max_time"])
    hit = tc > 0
    clock = int(word["frame"]) + time // 128
    clock -= 80 if clock >= 80 else 0
    types = [
        lab(sum(rings[r] for r in front)) >= gev(e_front)
        and lab(sum(rings[r] for r in back)) >= gev(e_back)
        for front, back, e_front, e_back in TYPES
    ]
    bhabha = any(types) and icn < 4

    def bhabha_pair(pair: Any, window: Any, both: str, one: str) -> bool:
        above = all(c.cm(both) > 0 for c in pair) and any(c.cm(one) > 0 for c in pair)
        return inside(pair, window) and above

    veto = [p for p in pairs if bhabha_pair(p, (160, 200, 165, 190), "3", "4.5")]
    selection = [p for p in pairs if bhabha_pair(p, (140, 220, 160, 200), "2.5", "4")]
    smallest = min((c.ring for p in selection for c in p), default=1)

    out: dict[str, Any] = {
        "hit": hit,
        "time": time % 128,
        "rev_clock": clock,
        "timing_source": (1 if tc <= 80 else 2 if tc <= 512 else 4) if hit else 0,
        "physics": (lab(phys) > 1 or icn > 3) and not bhabha,
        "bhabha": bhabha,
        "bhabha_type": sum(flag << i for i, flag in enumerate(types)),
        "e_tot": min(phys, 8191),
        "elow": lab(phys) > gev("0.5"),
        "ehigh": lab(phys) > 1,
        "elum": lab(phys) > 3,
        "icn": icn,
        "bg_veto": 0,
        "overflow": int(word["overflow"]),
        "bhabha_3d": bool(veto),
        "bhabha_selection": bool(selection),
        "mumu": any(
            inside(p, (160, 200, 165, 190)) and all(c.cm("2") < 0 for c in p) for p in pairs
        ),
        "bhabha_prescale": 0,
        "burst": lab(total) > 20,
        "clock": clock % 16,
        "timing_quality": 0,
        "bhabha_intrack": any(3 <= c.ring <= 15 for p in veto for c in p),
        "bhabha_theta": {0: 0, 1: 0, 2: 1, 3: 2}.get(smallest, 3) if selection else 0,
        "clst": sum(abs(c.time - time) * Fraction(10**6, 1017774) < 100 for c in clusters),
    }
    if hit:
        peak = lab(int(word["max_energy"]))
        out["timing_quality"] = 3 if peak > 20 else 2 if peak > 1 else 1
    out |= _tau(clusters, pairs, lab(total))
    out |= _hie(clusters, lab(phys))
    out |= _lml(clusters, pairs, bool(veto), hit, n)
    return out


def _tau(clusters: list[Cluster], pairs: Any, total: Fraction) -> dict[str, bool]:
    endcap = [c for c in clusters if c.ring in (1, 2, 3, 16, 17) and c.energy > 3]
    clean = all(gev("0.12") < c.energy <= gev("4.5") for c in clusters)
    return {
        "taub2b": total < 7
        and any(
            inside(p, (110, 250, 130, 230)) and any(c.energy < gev("1.9") for c in p) for p in pairs
        ),
        "taub2b2": total < 7
        and len(endcap) < 2
        and any(
            inside(p, (120, 240, 140, 220)) and all(c.energy > gev("0.162") for c in p)
            for p in pairs
        ),
        "taub2b3": total < 7
        and clean
        and any(
            inside(p, (120, 240, 140, 220))
            and all(2 <= c.ring <= 16 for c in p)
            and any(c.energy > gev("0.14") for c in p)
            for p in pairs
        ),
    }


def _hie(clusters: list[Cluster], phys: Fraction) -> dict[str, Any]:
    rejected = [False] * 4
    if len(clusters) == 1:
        rejected = [1 <= clusters[0].ring <= 3] * 4
    elif len(clusters) == 2:
        first, second = clusters
        dphi, dtheta = angles(first, second)
        lower = first if first.energy < second.energy else second
        endcap = lower.ring in (1, 2, 3, 16, 17)
        rejected = [
            150 < dphi < 210 and 160 < dtheta < 200,
            150 < dphi < 210 or 160 < dtheta < 200,
            endcap,
            endcap and first.energy > gev("0.5") and second.energy > gev("0.5"),
        ]
    passed = [phys > 1 and not flag for flag in rejected]
    return {"hie": passed[:3], "hie4": passed[3]}


def _lml(clusters: list[Cluster], pairs: Any, veto: bool, hit: bool, n: int) -> dict[str, Any]:
    def hard(text: str, rings: Any) -> int:
        return sum(c.cm(text) > 0 and c.ring in rings for c in clusters)

    def soft(text: str) -> int:
        return sum(c.energy > gev(text) for c in clusters)

    quiet = not any(c.cm("2") > 0 for c in clusters)
    quarter = gev("0.25")
    lml = [
        n >= 3 and soft("0.3") >= 1 and not veto,
        hard("2", range(4, 15)) >= 1,
        hard("2", (2, 3, 15, 16)) >= 1 and not veto,
        hard("2", (2, 3, 15, 16)) >= 1 and veto,
        hard("2", (1, 17)) >= 1 and not veto,
        hard("2", (1, 17)) >= 1 and veto,
        hard("1", range(4, 16)) == 1 and soft("0.3") == 1,
        hard("1", (2, 3, 16)) == 1 and soft("0.3") == 1,
        quiet and any(folded(p) > 170 and all(c.energy > quarter for c in p) for p in pairs),
        quiet
        and any(
            folded(p) > 170 and min(c.energy for c in p) < quarter < max(c.energy for c in p)
            for p in pairs
        ),
        quiet and any(folded(p) > 160 and 160 < angles(*p)[1] < 200 for p in pairs),
        quiet and hit,
    ]
    inner = [c for c in clusters if 2 <= c.ring <= 16]
    return {
        "lml": lml,
        "lml12": len(inner) >= 3 and any(c.energy > gev("0.5") for c in inner) and not veto,
        "lml13": hard("0.5", range(6, 12)) == 1 and soft("0.3") == 1,
    }


# ------------------------------------------------------------------------------------- the facts
def test_every_bit_equals_the_oracle_on_constrained_words() -> None:
    words = constrained(3000, seed=21)
    found = ecl_selection.evaluate(words)
    for i, word in enumerate(words):
        expected = oracle(word)
        assert set(expected) == set(ECL_TRIGGER.dtype.names or ())
        for name, value in expected.items():
            assert np.array_equal(found[i][name], np.asarray(value)), (i, name, value)


def test_constrained_words_set_and_clear_every_bit() -> None:
    """But for the reserved ones, and high bits of counts that six clusters cannot reach."""
    found = ecl_selection.evaluate(constrained(20_000, seed=22))
    bus = ECL_TRIGGER.pack(found)
    seen = np.unpackbits(bus.view(np.uint8), axis=1, bitorder="little")[:, : ECL_TRIGGER.width]
    never = {i for i in range(ECL_TRIGGER.width) if not seen[:, i].any()}
    always = {i for i in range(ECL_TRIGGER.width) if seen[:, i].all()}
    reserved = {57, 58, 59, 76}
    assert never == reserved | {99}
    assert always == set()


def test_the_word_has_the_published_bit_positions() -> None:
    """ecl_klm_gdl section 3.5 of the reference notes."""
    positions = {
        "hit": 0, "time": 1, "rev_clock": 8, "timing_source": 15, "physics": 18, "bhabha": 19,
        "bhabha_type": 20, "e_tot": 34, "elow": 47, "ehigh": 48, "elum": 49, "icn": 50,
        "bg_veto": 57, "overflow": 60, "bhabha_3d": 61, "lml": 62, "bhabha_selection": 74,
        "mumu": 75, "bhabha_prescale": 76, "burst": 77, "lml12": 78, "lml13": 79, "clock": 80,
        "timing_quality": 84, "bhabha_intrack": 86, "bhabha_theta": 87, "taub2b": 89, "hie": 90,
        "taub2b2": 93, "taub2b3": 94, "hie4": 95, "clst": 96,
    }  # fmt: skip
    assert {name: ECL_TRIGGER.low_bit(name) for name in positions} == positions
    assert sum(field.bits for field in ECL_TRIGGER.fields[:-1]) == 96


# ------------------------------------------------------------------- hand-made words, ±1 count
def word(
    clusters: list[tuple[int, int]], rings: dict[int, int] | None = None, **fields: int
) -> Any:
    """Build one word from clusters (cell, counts) and ring sums."""
    words = ECL_CLUSTERS.zeros(1)
    for i, (tc, energy) in enumerate(clusters):
        words["valid"][0, i], words["tc"][0, i], words["energy"][0, i] = 1, tc, energy
    for ring, energy in (rings or {}).items():
        words["ring_energy"][0, ring - 1] = energy
    words["max_tc"] = clusters[0][0] if clusters else 0
    for name, value in fields.items():
        words[name] = value
    return words


def bit(words: Any, name: str, **registers: Any) -> int:
    """Return one bit of the block's answer; ``lml6`` and ``hie2`` mean elements."""
    found = ecl_selection.evaluate(
        words, {key: np.atleast_1d(value) for key, value in registers.items()}
    )[0]
    if name in found.dtype.names:
        return int(found[name])
    stem = name.rstrip("0123456789")
    return int(found[stem][int(name[len(stem) :]) - (1 if stem == "hie" else 0)])


def cell(ring: int, phi: int = 1) -> int:
    return int(cell_map().id_of[ring, phi])


def cm_counts(tc: int, energy_gev: str) -> int:
    """Return the largest count that is not above a CM threshold."""
    return round(gev(energy_gev) / LSB) * int(cm_table().scale[tc]) // 10


def lab_counts(energy_gev: str) -> int:
    """Return the largest count that is not above a laboratory threshold."""
    return gev(energy_gev) // LSB


@cache
def _angle_index() -> dict[tuple[int, int], tuple[int, int]]:
    """Return one pair of cells for each (Δφ, Σθ), in θ-ID 2 to 16."""
    table, cells = cm_table(), cell_map()
    good = [tc for tc in range(1, 577) if 2 <= cells.theta_id[tc] <= 16]
    out: dict[tuple[int, int], tuple[int, int]] = {}
    for a, b in combinations(good, 2):
        key = (abs(int(table.phi[a] - table.phi[b])), int(table.theta[a] + table.theta[b]))
        out.setdefault(key, (a, b))
    return out


def pair_at(dphi: int, dtheta: int) -> tuple[int, int]:
    """Return two cells with this Δφ and with Σθ as near as possible to the given one."""
    index = _angle_index()
    nearest = min((key for key in index if key[0] == dphi), key=lambda key: abs(key[1] - dtheta))
    assert abs(nearest[1] - dtheta) <= 8
    return index[nearest]


def pair_with_sum(dphi: int, dtheta: int) -> tuple[int, int]:
    """Return two cells with this Σθ and with Δφ as near as possible to the given one."""
    index = _angle_index()
    nearest = min((key for key in index if key[1] == dtheta), key=lambda key: abs(key[0] - dphi))
    assert abs(nearest[0] - dphi) <= 6
    return index[nearest]


BARREL, EDGE, LAST = cell(9), cell(15), cell(14)
OPPOSITE = pair_at(180, 178)

# bit, words as a function of one energy, the count up to which the bit is 0 (it is 1 beyond) or,
# with `falls`, 1 (it is 0 beyond)
Build = Callable[[int], Any]
RISES: dict[str, tuple[str, Build, int]] = {
    "elow": ("elow", lambda e: word([], {9: e}), lab_counts("0.5")),
    "ehigh": ("ehigh", lambda e: word([], {9: e}), lab_counts("1")),
    "elum": ("elum", lambda e: word([], {2: e}), lab_counts("3")),
    "physics": ("physics", lambda e: word([], {15: e}), lab_counts("1")),
    "physics by icn": ("physics", lambda e: word([], icn=e), 3),
    "burst": ("burst", lambda e: word([], {1: e}), lab_counts("20")),
    "lml0": ("lml0", lambda e: word([(BARREL, e), (LAST, 20), (EDGE, 20)]), lab_counts("0.3")),
    "lml1": ("lml1", lambda e: word([(BARREL, e)]), cm_counts(BARREL, "2")),
    "lml1 last ring": ("lml1", lambda e: word([(LAST, e)]), cm_counts(LAST, "2")),
    **{
        f"lml2 ring {ring}": (
            "lml2", lambda e, ring=ring: word([(cell(ring), e)]), cm_counts(cell(ring), "2")
        )
        for ring in (2, 3, 15, 16)
    },
    **{
        f"lml4 ring {ring}": (
            "lml4", lambda e, ring=ring: word([(cell(ring), e)]), cm_counts(cell(ring), "2")
        )
        for ring in (1, 17)
    },
    **{
        f"lml6 ring {ring}": (
            "lml6", lambda e, ring=ring: word([(cell(ring), e)]), cm_counts(cell(ring), "1")
        )
        for ring in range(4, 16)
    },
    **{
        f"lml7 ring {ring}": (
            "lml7", lambda e, ring=ring: word([(cell(ring), e)]), cm_counts(cell(ring), "1")
        )
        for ring in (2, 3, 16)
    },
    **{
        f"lml13 ring {ring}": (
            "lml13", lambda e, ring=ring: word([(cell(ring), e)]), cm_counts(cell(ring), "0.5")
        )
        for ring in range(6, 12)
    },
    "lml8": (
        "lml8", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 100)]), lab_counts("0.25")
    ),
    "lml9 high": (
        "lml9", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 30)]), lab_counts("0.25")
    ),
    "lml12": ("lml12", lambda e: word([(BARREL, e), (LAST, 20), (EDGE, 20)]), lab_counts("0.5")),
    "veto both": (
        "bhabha_3d", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 2000)]),
        cm_counts(OPPOSITE[0], "3"),
    ),
    "veto one": (
        "bhabha_3d",
        lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], cm_counts(OPPOSITE[1], "4.4"))]),
        cm_counts(OPPOSITE[0], "4.5"),
    ),
    "selection both": (
        "bhabha_selection", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 2000)]),
        cm_counts(OPPOSITE[0], "2.5"),
    ),
    "selection one": (
        "bhabha_selection",
        lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], cm_counts(OPPOSITE[1], "3.9"))]),
        cm_counts(OPPOSITE[0], "4"),
    ),
    "taub2b2 both": (
        "taub2b2", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 200)]), lab_counts("0.162")
    ),
    "taub2b3 one": (
        "taub2b3", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 25)]), lab_counts("0.14")
    ),
    "taub2b3 all": (
        "taub2b3", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100), (BARREL, e)]),
        lab_counts("0.12"),
    ),
}  # fmt: skip
FALLS: dict[str, tuple[str, Build, int]] = {
    "lml6 second cluster": (
        "lml6", lambda e: word([(BARREL, 400), (LAST, e)]), lab_counts("0.3")
    ),
    "lml7 second cluster": (
        "lml7", lambda e: word([(cell(16), 400), (LAST, e)]), lab_counts("0.3")
    ),
    "lml13 second cluster": (
        "lml13", lambda e: word([(BARREL, 200), (LAST, e)]), lab_counts("0.3")
    ),
    "lml8 hard cluster": (
        "lml8", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100), (BARREL, e)]),
        cm_counts(BARREL, "2"),
    ),
    "lml9 low": (
        "lml9", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 100)]), lab_counts("0.25")
    ),
    "lml10 hard cluster": (
        "lml10", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100), (BARREL, e)]),
        cm_counts(BARREL, "2"),
    ),
    "lml11 hard cluster": ("lml11", lambda e: word([(EDGE, e)]), cm_counts(EDGE, "2")),
    "taub2b total": (
        "taub2b", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100)], {1: e}),
        lab_counts("7"),
    ),
    "taub2b2 total": (
        "taub2b2", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100)], {17: e}),
        lab_counts("7"),
    ),
    "taub2b3 total": (
        "taub2b3", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100)], {8: e}),
        lab_counts("7"),
    ),
    "taub2b one": (
        "taub2b", lambda e: word([(OPPOSITE[0], e), (OPPOSITE[1], 1000)]), lab_counts("1.9")
    ),
    "taub2b2 second endcap cluster": (
        "taub2b2", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100), (cell(2), 600),
                                   (cell(17), e)]), lab_counts("3"),
    ),
    "taub2b3 hard cluster": (
        "taub2b3", lambda e: word([(OPPOSITE[0], 100), (OPPOSITE[1], 100), (BARREL, e)]),
        lab_counts("4.5"),
    ),
    "hie4 rejects above": (
        "hie4", lambda e: word([(cell(16, 1), e), (cell(9, 10), 300)], {9: 300}),
        lab_counts("0.5"),
    ),
    "bhabha icn": ("bhabha", lambda e: word([], {4: 765, 14: 478}, icn=e), 3),
}  # fmt: skip


@pytest.mark.parametrize("case", RISES)
def test_bit_rises_one_count_above_its_threshold(case: str) -> None:
    name, build, last = RISES[case]
    assert [bit(build(last + step), name) for step in (-1, 0, 1)] == [0, 0, 1]


@pytest.mark.parametrize("case", FALLS)
def test_bit_falls_one_count_above_its_threshold(case: str) -> None:
    name, build, last = FALLS[case]
    assert [bit(build(last + step), name) for step in (-1, 0, 1)] == [1, 1, 0]


@pytest.mark.parametrize("kind", range(14))
def test_2d_bhabha_types_take_the_threshold_itself(kind: int) -> None:
    front, back, e_front, e_back = TYPES[kind]
    first = [-(-gev(text) // LSB) for text in (e_front, e_back)]
    only = ([r for r in front if r not in back], [r for r in back if r not in front])
    for ring_f, ring_b in ((only[0][0], only[1][0]), (only[0][-1], only[1][-1])):
        for step_f, step_b, expected in ((0, 0, 1), (-1, 0, 0), (0, -1, 0)):
            rings = {ring_f: first[0] + step_f, ring_b: first[1] + step_b}
            found = ecl_selection.evaluate(word([], rings))[0]
            assert (int(found["bhabha_type"]) >> kind) & 1 == expected
    # the sum of the rings counts, not each of them
    if len(front) > 1:
        rings = {front[0]: 5, front[1]: first[0] - 5, back[-1]: first[1]}
        assert (int(ecl_selection.evaluate(word([], rings))[0]["bhabha_type"]) >> kind) & 1


PAIR_BITS = {
    "bhabha_3d": (160, 200, 165, 190, 2000, {}),
    "bhabha_selection": (140, 220, 160, 200, 2000, {}),
    "mumu": (160, 200, 165, 190, 40, {}),
    "taub2b": (110, 250, 130, 230, 100, {}),
    "taub2b2": (120, 240, 140, 220, 100, {}),
    "taub2b3": (120, 240, 140, 220, 100, {}),
    "lml8": (170, 190, None, None, 100, {}),
    "lml10": (160, 200, 160, 200, 30, {}),
}


def _edges(name: str) -> Iterator[tuple[tuple[int, int], int]]:
    phi_low, phi_high, theta_low, theta_high, _, _ = PAIR_BITS[name]
    middle = 180 if theta_low is None else (theta_low + theta_high) // 2
    for dphi, expected in ((phi_low, 0), (phi_low + 1, 1), (phi_high - 1, 1), (phi_high, 0)):
        yield pair_at(dphi, middle), expected
    if theta_low is None or theta_high is None:
        return
    for dtheta, expected in (
        (theta_low, 0), (theta_low + 1, 1), (theta_high - 1, 1), (theta_high, 0)
    ):  # fmt: skip
        yield pair_with_sum(180, dtheta), expected


@pytest.mark.parametrize("name", PAIR_BITS)
def test_angular_windows_exclude_their_edges(name: str) -> None:
    energy = PAIR_BITS[name][4]
    for (a, b), expected in _edges(name):
        assert bit(word([(a, energy), (b, energy)]), name) == expected, (a, b)
        assert bit(word([(b, energy), (a, energy)]), name) == expected, (b, a)


def _hie_word(a: tuple[int, int], b: tuple[int, int]) -> Any:
    return word([a, b], {9: 300})


def test_hie1_rejects_both_angles_hie2_either() -> None:
    both, phi_only = pair_at(180, 180), pair_with_sum(180, 150)
    theta_only, neither = pair_at(100, 180), pair_at(100, 130)
    for (a, b), expected in (
        (both, (0, 0)), (phi_only, (1, 0)), (theta_only, (1, 0)), (neither, (1, 1))
    ):  # fmt: skip
        words = _hie_word((a, 100), (b, 100))
        assert (bit(words, "hie1"), bit(words, "hie2")) == expected


def test_hie1_window_edges() -> None:
    for dphi, expected in ((150, 1), (151, 0), (209, 0), (210, 1)):
        a, b = pair_at(dphi, 180)
        assert bit(_hie_word((a, 100), (b, 100)), "hie1") == expected
    for dtheta, expected in ((160, 1), (161, 0), (199, 0), (200, 1)):
        a, b = pair_with_sum(180, dtheta)
        assert bit(_hie_word((a, 100), (b, 100)), "hie1") == expected


def test_hie3_looks_at_the_lower_cluster_and_the_second_of_equals() -> None:
    end, mid = cell(2, 1), cell(9, 9)
    assert bit(_hie_word((end, 99), (mid, 100)), "hie3") == 0
    assert bit(_hie_word((end, 101), (mid, 100)), "hie3") == 1
    assert bit(_hie_word((end, 100), (mid, 100)), "hie3") == 1
    assert bit(_hie_word((mid, 100), (end, 100)), "hie3") == 0
    for ring, expected in ((3, 0), (4, 1), (15, 1), (16, 0)):
        assert bit(_hie_word((cell(ring), 90), (mid, 100)), "hie3") == expected


def test_a_lone_forward_cluster_is_no_hie() -> None:
    for ring in range(1, 18):
        words = word([(cell(ring), 400)], {9: 300})
        for name in ("hie1", "hie2", "hie3", "hie4"):
            assert bit(words, name) == (ring > 3)
    three = word([(cell(1), 300), (cell(2), 90), (cell(3), 80)], {2: 300})
    assert all(bit(three, name) for name in ("hie1", "hie2", "hie3", "hie4"))
    assert not bit(word([(BARREL, 400)], {9: lab_counts("1")}), "hie1")


def test_veto_turns_lml2_into_lml3_and_lml4_into_lml5() -> None:
    table, cells = cm_table(), cell_map()
    hard = 2000
    for ring, free, vetoed in ((3, "lml2", "lml3"), (1, "lml4", "lml5")):
        first = cell(ring, 5)
        partner = next(
            tc for tc in range(1, 577)
            if 165 < table.theta[tc] + table.theta[first] < 190
            and 160 < abs(table.phi[tc] - table.phi[first]) < 200
            and cells.theta_id[tc] > 3
        )  # fmt: skip
        alone, both = word([(first, hard)]), word([(first, hard), (partner, hard)])
        assert (bit(alone, free), bit(alone, vetoed)) == (1, 0)
        assert (bit(both, free), bit(both, vetoed), bit(both, "bhabha_3d")) == (0, 1, 1)
        three = word([(first, hard), (partner, hard), (BARREL, 500)])
        assert (bit(three, "lml0"), bit(three, "lml12")) == (0, 0)


@pytest.mark.parametrize(("ring", "flag"), [(1, 0), (2, 1), (3, 2), (4, 3), (9, 3)])
def test_theta_flag_is_the_smallest_ring_of_the_selection(ring: int, flag: int) -> None:
    table, first = cm_table(), cell(ring, 3)
    partner = next(
        tc for tc in range(1, 577)
        if 160 < table.theta[tc] + table.theta[first] < 200
        and 140 < abs(table.phi[tc] - table.phi[first]) < 220
        and cell_map().theta_id[tc] >= ring
    )  # fmt: skip
    words = word([(first, 3000), (partner, 3000)])
    assert bit(words, "bhabha_selection") == 1
    assert bit(words, "bhabha_theta") == flag
    assert bit(word([(first, 3000)]), "bhabha_theta") == 0


def test_intrack_needs_one_cluster_in_the_acceptance_of_the_chamber() -> None:
    table, cells = cm_table(), cell_map()
    found = {0: 0, 1: 0}
    for first in (cell(1, 2), cell(2, 2), cell(3, 2), cell(4, 2)):
        for partner in range(1, 577):
            dtheta = table.theta[partner] + table.theta[first]
            if not (165 < dtheta < 190 and 160 < abs(table.phi[partner] - table.phi[first]) < 200):
                continue
            rings = (cells.theta_id[first], cells.theta_id[partner])
            expected = int(any(3 <= ring <= 15 for ring in rings))
            assert bit(word([(first, 3000), (partner, 3000)]), "bhabha_intrack") == expected
            found[expected] += 1
    assert found[0] > 0
    assert found[1] > 0


def test_times_carry_over_the_turn() -> None:
    for frame, time, clock in ((5, 127, 5), (5, 128, 6), (79, 127, 79), (79, 128, 0), (0, 0, 0)):
        found = ecl_selection.evaluate(word([(BARREL, 100)], max_time=time, frame=frame))[0]
        assert (found["rev_clock"], found["time"], found["clock"]) == (
            clock,
            time % 128,
            clock % 16,
        )


def test_timing_source_and_quality() -> None:
    for tc, source in ((0, 0), (1, 1), (80, 1), (81, 2), (512, 2), (513, 4), (576, 4)):
        found = ecl_selection.evaluate(word([], max_tc=tc, max_energy=30))[0]
        assert (found["hit"], found["timing_source"]) == (tc > 0, source)
        assert found["timing_quality"] == (1 if tc else 0)
    for energy, quality in ((191, 1), (192, 2), (3823, 2), (3824, 3)):
        assert bit(word([], max_tc=1, max_energy=energy), "timing_quality") == quality


def test_cluster_count_takes_clusters_within_100_ns() -> None:
    words = word([(BARREL, 100)] * 6, max_time=120)
    words["time"] = [[120, 120 + 101, 120 + 102, 120 - 101, 120 - 102, 0]]
    assert bit(words, "clst") == 3


def test_an_empty_window_sets_nothing() -> None:
    found = ecl_selection.evaluate(ECL_CLUSTERS.zeros(1))[0]
    assert all(not np.any(found[name]) for name in found.dtype.names)


def test_lml6_photon_above_300_mev_in_the_endcap_is_counted() -> None:
    """The exactly-one condition looks at the whole calorimeter, the CM one at the barrel."""
    assert bit(word([(BARREL, 400), (cell(1), 58)]), "lml6") == 0
    assert bit(word([(BARREL, 400), (cell(1), 57)]), "lml6") == 1
    assert bit(word([(cell(2), 400)]), "lml6") == 0


# ------------------------------------------------------------------------------------- registers
def test_a_register_moves_a_threshold() -> None:
    words = word([(BARREL, 160)])
    assert bit(words, "lml6") == 0
    assert bit(words, "lml6", lml6_energy=140) == 1
    assert bit(words, "lml6", lml6_energy=140, lml6_rings=1 << 3) == 0
    assert bit(words, "lml6", lml6_energy=140, lml6_other=160) == 0
    pair = word([(OPPOSITE[0], 720), (OPPOSITE[1], 2000)])
    assert bit(pair, "bhabha_3d") == 1
    assert bit(pair, "bhabha_3d", veto_both=800) == 0
    rings = word([], {4: 700, 14: 478})
    forward = ecl_selection.BLOCK.defaults()["bhabha_forward"]
    assert bit(rings, "bhabha") == 0
    assert bit(rings, "bhabha", bhabha_forward=forward - 65) == 1


def test_defaults_are_what_no_registers_mean() -> None:
    words = constrained(500, seed=5)
    defaults = ecl_selection.BLOCK.defaults()
    assert np.array_equal(ecl_selection.evaluate(words), ecl_selection.evaluate(words, defaults))


def test_register_defaults_are_the_published_thresholds() -> None:
    """floor for 'above', ceil for 'below' and 'at least', nearest for the CM frame."""
    values = {name: value.tolist() for name, value in ecl_selection.BLOCK.defaults().items()}
    above = {"ehigh": "1", "lml0_energy": "0.3", "taub2b3_low": "0.12", "lml12_energy": "0.5"}
    below = {"taub2b_total": "7", "taub2b_one": "1.9", "lml9_low": "0.25"}
    frame = {"veto_both": "3", "veto_one": "4.5", "lml6_energy": "1", "lml13_energy": "0.5"}
    assert all(values[name] == [gev(text) // LSB] for name, text in above.items())
    assert all(values[name] == [-(-gev(text) // LSB)] for name, text in below.items())
    assert all(values[name] == [round(gev(text) / LSB)] for name, text in frame.items())
    assert values["lml13_rings"] == [2016]
    for (_, _, front, back), forward, backward in zip(
        TYPES, values["bhabha_forward"], values["bhabha_backward"], strict=True
    ):
        assert (forward, backward) == (-(-gev(front) // LSB), -(-gev(back) // LSB))


@pytest.mark.parametrize(
    ("registers", "words"),
    [
        ({"lml6_enrgy": [1]}, "nearest: 'lml6_energy'"),
        ({"lml6_energy": [1 << 14]}, "0 to 16383"),
        ({"lml6_energy": [-1]}, "0 to 16383"),
        ({"bhabha_forward": [1]}, "takes 14"),
    ],
)
def test_bad_registers_are_named(registers: Any, words: str) -> None:
    given = {name: np.array(value) for name, value in registers.items()}
    with pytest.raises(InputError, match=words):
        ecl_selection.evaluate(ECL_CLUSTERS.zeros(1), given)


# ------------------------------------------------------------------------------------- quantising
def test_quantize_moves_clusters_together_and_rounds() -> None:
    words = ecl_selection.quantize(
        [[0, 300, 0, 81, 0, 0]], [[9, 100.5 * float(LSB), 9, 1e6, 9, 9]], [[0, 10, 0, 400, 0, 0]],
        np.zeros((1, 17)), max_tc=300, max_energy_gev=1.0, frame=79,
    )  # fmt: skip
    assert words["tc"].tolist() == [[300, 81, 0, 0, 0, 0]]
    assert words["energy"].tolist() == [[101, 16383, 0, 0, 0, 0]]
    assert words["valid"].tolist() == [[1, 1, 0, 0, 0, 0]]
    assert words["time"].tolist() == [[10, 255, 0, 0, 0, 0]]
    assert (words["max_energy"][0], words["frame"][0]) == (191, 79)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tc": np.zeros((1, 5))}, "shape"),
        ({"tc": np.full((1, 6), 577)}, "cell"),
        ({"energy_gev": np.full((1, 6), np.nan)}, "finite"),
        ({"ring_energy_gev": np.zeros((1, 16))}, "shape"),
        ({"frame": 80}, "frame"),
    ],
)
def test_quantize_refuses_bad_input(arguments: Any, words: str) -> None:
    good: Any = {
        "tc": np.zeros((1, 6), dtype=int), "energy_gev": np.zeros((1, 6)),
        "time_ns": np.zeros((1, 6)), "ring_energy_gev": np.zeros((1, 17)),
    }  # fmt: skip
    with pytest.raises(InputError, match=words):
        ecl_selection.quantize(**{**good, **arguments})
