"""Sectors of the muon detector against sets of planes and angles of sectors in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from firmware_models import klm_sector
from firmware_models.errors import InputError
from firmware_models.interface.klm import KLM_HITS, KLM_SECTORS
from hdl.testbenches.klm_sector.stimulus import constrained, registers
from sim.study.frames import physics_frames

Sector = tuple[str, str, int]
"""Subdetector, section, azimuth in degrees."""

SECTORS: list[Sector] = [
    (detector, section, number * 360 // size)
    for detector, size in (("barrel", 8), ("endcap", 4))
    for section in ("forward", "backward")
    for number in range(size)
]
STEP = {"barrel": 45, "endcap": 90}
DEFAULTS = {
    "barrel_planes": 8, "endcap_planes": 8, "barrel_mask": 2**30 - 1, "endcap_mask": 2**30 - 1,
    "recovery": 1,
}  # fmt: skip


def planes_of(mask: int) -> frozenset[int]:
    return frozenset(i for i, digit in enumerate(reversed(f"{mask:b}")) if digit == "1")


def apart(a: Sector, b: Sector) -> int:
    turned = (a[2] - b[2]) % 360
    return min(turned, 360 - turned)


def oracle(word: np.void, chosen: dict[str, int]) -> dict[str, Any]:
    """Return the output word, field by field."""
    hits: dict[Sector, frozenset[int]] = {}
    for sector, mask in zip(SECTORS, word["mask"].tolist(), strict=True):
        hits[sector] = planes_of(mask) & planes_of(chosen[f"{sector[0]}_mask"])
    need = {detector: chosen[f"{detector}_planes"] or 1 for detector in STEP}
    alone = {sector for sector in SECTORS if len(hits[sector]) >= need[sector[0]]}
    recovered: set[Sector] = set()
    if chosen["recovery"]:
        for a, b in combinations([sector for sector in SECTORS if sector not in alone], 2):
            adjacent = a[:2] == b[:2] and apart(a, b) == STEP[a[0]]
            if adjacent and len(hits[a] | hits[b]) >= need[a[0]]:
                recovered |= {a, b}
    fired = alone | recovered
    by = {detector: [s for s in SECTORS if s in fired and s[0] == detector] for detector in STEP}
    opposite = {
        detector: any(apart(a, b) == 180 for a, b in combinations(found, 2))
        for detector, found in by.items()
    }
    return {
        "barrel": [int(s in fired) for s in SECTORS if s[0] == "barrel"],
        "endcap": [int(s in fired) for s in SECTORS if s[0] == "endcap"],
        "recovered": [int(s in recovered) for s in SECTORS],
        "klm": min(len(by["barrel"]), 7),
        "eklm": min(len(by["endcap"]), 7),
        "klmb2b": int(opposite["barrel"]),
        "eklmb2b": int(opposite["endcap"]),
        "clock": int(word["clock"]),
    }


def listed(out: np.ndarray[Any, Any]) -> Iterator[dict[str, Any]]:
    for word in out:
        yield {name: word[name].tolist() for name in KLM_SECTORS.dtype.names or ()}


@pytest.mark.parametrize("seed", range(40))
def test_model_is_the_rule(seed: int) -> None:
    words = constrained(150, seed)
    chosen = registers(seed) if seed % 4 else None
    values = DEFAULTS | {name: int(value[0]) for name, value in (chosen or {}).items()}
    out = klm_sector.evaluate(words, chosen)
    for number, answer in enumerate(listed(out)):
        assert answer == oracle(words[number], values), number


@pytest.mark.parametrize("planes", [8, 5])
def test_simulated_muons_follow_the_rule(planes: int) -> None:
    (words,) = physics_frames("klm_sector", 600, 3)
    given = {"barrel_planes": np.array([planes]), "endcap_planes": np.array([planes])}
    values = DEFAULTS | {"barrel_planes": planes, "endcap_planes": planes}
    out = klm_sector.evaluate(words, given)
    assert list(listed(out)) == [oracle(word, values) for word in words]
    for name in ("klm", "eklm", "klmb2b", "eklmb2b"):
        assert 0 < np.count_nonzero(out[name]) < 600
    assert out["recovered"].any()


def test_values_after_reset() -> None:
    assert {r.name: r.default for r in klm_sector.describe().registers} == DEFAULTS


def test_stimulus_reaches_every_answer() -> None:
    words = constrained(4000, 2)
    out = klm_sector.evaluate(words)
    for name in ("barrel", "endcap", "recovered"):
        assert (out[name].sum(axis=0) > 100).all()
        assert (out[name].sum(axis=0) < 3900).all()
    for name in ("klmb2b", "eklmb2b"):
        assert 200 < out[name].sum() < 3800
    for name in ("klm", "eklm"):
        assert (np.bincount(out[name], minlength=8) > 5).all()
    assert (out["barrel"].sum(axis=1) > 8).any()  # where a count of 3 bits would wrap
    count = np.array([[len(planes_of(m)) for m in row] for row in words["mask"][:500].tolist()])
    assert set(range(31)) == set(count.ravel())


@pytest.mark.parametrize(("seed", "part"), [(1, 0), (2, 8), (3, 16), (4, 20)])
def test_ring_turned_is_the_answer_turned(seed: int, part: int) -> None:
    words = constrained(400, seed)
    size = 8 if part < 16 else 4
    out = klm_sector.evaluate(words)
    for turn in range(size):
        turned = words.copy()
        turned["mask"][:, part : part + size] = np.roll(
            words["mask"][:, part : part + size], turn, 1
        )
        answer = klm_sector.evaluate(turned)
        wanted = np.roll(out["recovered"][:, part : part + size], turn, axis=1)
        assert np.array_equal(answer["recovered"][:, part : part + size], wanted)
        for name in ("klm", "eklm"):
            assert np.array_equal(answer[name], out[name])


def test_fewer_planes_fire_more() -> None:
    """Each sector without recovery; with it a weak neighbour may be lost, the pair never is."""
    words = constrained(500, 5)
    before = some = np.ones((500, 16), dtype=np.uint8)
    for planes in range(1, 32):
        values = {"barrel_planes": np.array([planes]), "recovery": np.array([0])}
        alone = klm_sector.evaluate(words, values)
        assert (alone["barrel"] <= before).all()
        assert not alone["recovered"][:, :16].any()
        both = klm_sector.evaluate(words, values | {"recovery": np.array([1])})
        added = np.where(both["recovered"][:, :16] == 1, 1, alone["barrel"])
        assert np.array_equal(both["barrel"], added)
        assert not (both["recovered"][:, :16] & alone["barrel"]).any()
        assert (both["barrel"].any(axis=1) <= some.any(axis=1)).all()
        before, some = alone["barrel"], both["barrel"]
    assert not some.any()  # 31 planes: there are 30


# ------------------------------------------------------------------------------------- by hand
def fired(hits: list[tuple[int, int, int, int, int]], **chosen: int) -> tuple[list[Any], ...]:
    """Return sectors that fire, sectors recovered, counts and opposite bits."""
    columns = np.array(hits).reshape(-1, 5).T
    words = klm_sector.quantize([0, len(hits)], *columns)
    out = klm_sector.evaluate(words, {name: np.array([value]) for name, value in chosen.items()})[0]
    both = np.flatnonzero(np.concatenate((out["barrel"], out["endcap"])))
    names = ("klm", "eklm", "klmb2b", "eklmb2b")
    return both.tolist(), np.flatnonzero(out["recovered"]).tolist(), [int(out[n]) for n in names]


def muon(
    detector: int, section: int, sector: int, layers: range
) -> list[tuple[int, int, int, int, int]]:
    """Return hits of both planes of layers."""
    return [(detector, section, sector, layer, plane) for layer in layers for plane in (0, 1)]


def test_eight_planes_fire() -> None:
    assert fired([]) == ([], [], [0, 0, 0, 0])
    assert fired(muon(0, 0, 3, range(4))) == ([3], [], [1, 0, 0, 0])
    assert fired(muon(0, 1, 3, range(4))[1:]) == ([], [], [0, 0, 0, 0])
    assert fired(muon(1, 1, 3, range(8, 12))) == ([23], [], [0, 1, 0, 0])
    # One hit twice is one plane.
    assert fired(muon(0, 0, 3, range(4))[:7] * 2)[0] == []


def test_innermost_layers_masked() -> None:
    """The example payload: 5 planes, layers from 2."""
    example = {"barrel_planes": 5, "barrel_mask": (2**30 - 1) ^ 0b1111}
    assert fired(muon(0, 0, 0, range(4)), **example)[0] == []
    assert fired(muon(0, 0, 0, range(5))[:-1], **example)[0] == [0]
    assert fired(muon(1, 0, 0, range(4)), **example)[0] == [16]  # endcaps have their own


def test_zero_planes_count_as_one() -> None:
    assert fired([(0, 0, 5, 14, 1)], barrel_planes=0)[0] == [5]
    assert fired([(1, 0, 3, 13, 1)], endcap_planes=0)[0] == [19]
    assert fired([], barrel_planes=0, endcap_planes=0)[0] == []


@pytest.mark.parametrize(
    ("detector", "section", "size", "first"),
    [(0, 0, 8, 0), (0, 1, 8, 8), (1, 0, 4, 16), (1, 1, 4, 20)],
)
def test_neighbours_share_a_muon(detector: int, section: int, size: int, first: int) -> None:
    for own in range(size):
        for other in range(size):
            hits = muon(detector, section, own, range(2)) + muon(
                detector, section, other, range(2, 4)
            )
            found = fired(hits)
            if own == other:
                assert found[:2] == ([first + own], [])
            elif abs(own - other) in (1, size - 1):
                pair = sorted((first + own, first + other))
                assert found[:2] == (pair, pair)
            else:
                assert found[:2] == ([], [])
            off = fired(hits, recovery=0)
            assert off[0] == ([first + own] if own == other else [])


def test_neighbours_need_different_planes() -> None:
    """The same four layers in both are eight planes, not sixteen."""
    both = muon(0, 0, 1, range(4))[:7] + muon(0, 0, 2, range(4))[:7]
    assert fired(both)[0] == []
    assert fired([*both, (0, 0, 2, 7, 0)])[0] == [2]
    assert fired([*both[:-1], (0, 0, 2, 7, 0)])[:2] == ([1, 2], [1, 2])


def test_rings_do_not_touch() -> None:
    """7 and 8, 15 and 16, 19 and 20 follow each other in the word but are no neighbours."""
    pairs = [((0, 0, 7), (0, 1, 0)), ((0, 1, 7), (1, 0, 0)), ((1, 0, 3), (1, 1, 0)),
             ((0, 0, 2), (0, 1, 2)), ((1, 1, 3), (0, 0, 0))]  # fmt: skip
    for a, b in pairs:
        assert fired(muon(*a, range(2)) + muon(*b, range(2, 4)))[0] == []


def test_who_fires_alone_recovers_nobody() -> None:
    hits = muon(0, 0, 1, range(5)) + muon(0, 0, 2, range(5, 8))
    assert fired(hits)[:2] == ([1], [])
    # The weak one may still be recovered with its other neighbour.
    assert fired(hits + muon(0, 0, 3, range(8, 9)))[:2] == ([1, 2, 3], [2, 3])


def test_chain_of_three() -> None:
    """Each pair by itself: 4 and 4 planes fire, 4 and 2 do not."""
    hits = muon(0, 0, 7, range(2)) + muon(0, 0, 0, range(2, 4)) + muon(0, 0, 1, range(4, 5))
    assert fired(hits)[:2] == ([0, 7], [0, 7])


def test_counts_stop_at_seven() -> None:
    barrel = [hit for section in (0, 1) for s in range(8) for hit in muon(0, section, s, range(4))]
    endcap = [hit for section in (0, 1) for s in range(4) for hit in muon(1, section, s, range(4))]
    for n in range(17):
        assert fired(barrel[: 8 * n])[2][0] == min(n, 7)
    for n in range(9):
        assert fired(endcap[: 8 * n])[2][1] == min(n, 7)


def test_opposite_in_the_same_or_in_the_other_section() -> None:
    for a in range(8):
        for b in range(8):
            for sections in ((0, 0), (0, 1), (1, 1)):
                hits = muon(0, sections[0], a, range(4)) + muon(0, sections[1], b, range(4))
                assert fired(hits)[2][2:] == [int((a - b) % 8 == 4), 0]
    for a in range(4):
        for b in range(4):
            for sections in ((0, 0), (0, 1), (1, 1)):
                hits = muon(1, sections[0], a, range(4)) + muon(1, sections[1], b, range(4))
                assert fired(hits)[2][2:] == [0, int((a - b) % 4 == 2)]
    # A barrel sector and an endcap sector are no pair.
    assert fired(muon(0, 0, 0, range(4)) + muon(1, 0, 2, range(4)))[2] == [1, 1, 0, 0]


# ------------------------------------------------------------------------------------- quantize
def test_every_plane_has_its_bit() -> None:
    layers = {(0, 0): 15, (0, 1): 15, (1, 0): 14, (1, 1): 12}
    seen = set()
    for (detector, section), depth in layers.items():
        for sector in range(4 if detector else 8):
            for hit in muon(detector, section, sector, range(depth)):
                words = klm_sector.quantize([0, 1], *([value] for value in hit))
                number = 20 * detector - 4 * detector + section * (4 if detector else 8) + sector
                assert np.flatnonzero(words["mask"][0]).tolist() == [number]
                assert words["mask"][0, number] == 1 << (2 * hit[3] + hit[4])
                seen.add((number, 2 * hit[3] + hit[4]))
    assert len(seen) == 16 * 30 + 4 * 28 + 4 * 24


def test_windows_and_clocks() -> None:
    words = klm_sector.quantize(
        [0, 2, 2, 3], [0, 0, 1], [0, 0, 1], [1, 1, 3], [0, 0, 11], [1, 1, 0], clock=[5, 6, 127]
    )
    assert words.dtype == KLM_HITS.dtype
    assert words["clock"].tolist() == [5, 6, 127]
    assert words["mask"].sum(axis=1).tolist() == [2, 0, 1 << 22]
    nothing = klm_sector.quantize([0], [], [], [], [], [])
    assert len(nothing) == len(klm_sector.evaluate(nothing)) == 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"offsets": [1, 3]}, "rise from 0"),
        ({"offsets": [0, 3, 2]}, "rise from 0"),
        ({"plane": [0]}, "every column"),
        ({"subdetector": [0, 2, 1]}, "subdetector: must lie in 0 to 1, not 0 to 2"),
        ({"section": [0, -1, 1]}, "section: must lie in 0 to 1, not -1 to 1"),
        ({"plane": [0, 1, 2]}, "plane: must lie in 0 to 1"),
        ({"sector": [8, 0, 0]}, r"sector\[0\]: must lie in 0 to 7 in the barrel forward, not 8"),
        ({"sector": [7, 4, 0]}, r"sector\[1\]: must lie in 0 to 3 in the endcap forward, not 4"),
        ({"layer": [15, 0, 0]}, r"layer\[0\]: must lie in 0 to 14 in the barrel forward, not 15"),
        ({"layer": [14, 14, 0]}, r"layer\[1\]: must lie in 0 to 13 in the endcap forward, not 14"),
        ({"layer": [14, 13, 12]}, r"layer\[2\]: must lie in 0 to 11 in the endcap backward"),
        ({"layer": [-1, 13, 11]}, r"layer\[0\]: .* not -1"),
        ({"clock": 128}, "clock: must lie in 0 to 127"),
    ],
)
def test_quantize_refuses(change: dict[str, Any], text: str) -> None:
    given: dict[str, Any] = {
        "offsets": [0, 3], "subdetector": [0, 1, 1], "section": [0, 0, 1], "sector": [7, 3, 3],
        "layer": [14, 13, 11], "plane": [0, 1, 1],
    }  # fmt: skip
    klm_sector.quantize(**given)
    with pytest.raises(InputError, match=text):
        klm_sector.quantize(**given | change)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"barrel_plane": 4}, "barrel_planes"),
        ({"endcap_planes": 32}, "0 to 31"),
        ({"barrel_mask": 1 << 30}, "0 to 1073741823"),
        ({"recovery": [1, 1]}, "0 to 1"),
        ({"recovery": -1}, "0 to 1"),
    ],
)
def test_registers_are_checked(values: dict[str, Any], text: str) -> None:
    chosen = {name: np.array(value) for name, value in values.items()}
    with pytest.raises(InputError, match=text):
        klm_sector.evaluate(constrained(1, 1), chosen)
