"""Matches of neural tracks against the rules in plain Python, event by event."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from firmware_models import grl_neural
from firmware_models.cell_positions import cell_azimuth, ring_cot, ring_z
from firmware_models.cot_table import cot_table
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS
from firmware_models.interface.ecl import ECL_CLUSTERS
from firmware_models.interface.klm import KLM_SECTORS
from firmware_models.interface.neuro import NEURO_TRACK, SINGLE_TRACK
from hdl.testbenches.grl_neural.stimulus import constrained, registers

DEFAULTS = {"ecl_phi": 81, "ecl_z": 1229, "klm_window": 232, "klm_margin": 820}
THETA_DEG = (
    15.76, 22.52, 28.94, 34.79, 40.71, 47.46, 55.08, 63.52, 72.70, 82.45, 92.53, 102.47, 111.95,
    120.77, 126.79, 134.87, 146.75,
)  # fmt: skip
"""Middles of the rings: ecl_klm_gdl section 1 of the reference notes."""
COUNTS_PER_CM = 4096 / 100
HALF_CELL_PER_CM = 4.4087e-4
"""Curvature of one count of ω."""


# ------------------------------------------------------------------------------------- the oracle
def rounded(value: float | Fraction) -> int:
    return math.floor(value + Fraction(1, 2) if isinstance(value, Fraction) else value + 0.5)


def cell(tc: int) -> tuple[int, Fraction] | None:
    """Return θ-ID and azimuth in degrees of a trigger cell's middle."""
    if not 1 <= tc <= 576:
        return None
    if tc <= 80:
        group, place = divmod(tc - 1, 5)
        if place == 0:
            return 1, Fraction(45 * (2 * group + 1), 4)
        return (2, 3, 3, 2)[place - 1], Fraction(45 * (4 * group + (1, 1, 3, 3)[place - 1]), 8)
    if tc <= 512:
        column, ring = divmod(tc - 81, 12)
        return ring + 4, Fraction(10 * column + 5)
    group, place = divmod(tc - 513, 4)
    return (17, 16, 16, 17)[place], Fraction(45 * (4 * group + (3, 3, 1, 1)[place]), 8)


def azimuth(tc: int) -> int:
    """Return the azimuth of a cell in 1/2560 of a turn."""
    place = cell(tc)
    assert place
    return rounded(place[1] * 2560 / 360)


def cot_of_ring(ring: int) -> int:
    return rounded(4096 / math.tan(math.radians(THETA_DEG[ring - 1])))


def cot_of(theta: int) -> int:
    """Return cot θ in 1/4096, from the middle of two counts of |θ| − 90°."""
    pair = min(abs(theta) // 2, 2047)
    size = rounded(4096 * math.tan(math.radians((2 * pair + 0.5) * 80 / 4096)))
    return -size if theta > 0 else size


def at_radius(row: dict[str, Any], radius: float) -> tuple[int, int] | None:
    """Return azimuth (1/2560 of a turn) and z (100/4096 cm) at a radius, None: not reached."""
    sine = abs(row["omega"]) * HALF_CELL_PER_CM * radius / 2
    if abs(row["omega"]) > 33 or sine > 1:
        return None
    turn = rounded(math.asin(sine) * 2560 / math.tau)
    arc = rounded((math.asin(sine) / sine if sine else 1.0) * radius * COUNTS_PER_CM)
    way = rounded(Fraction(arc * abs(cot_of(row["theta"])), 4096))
    sign = -1 if row["omega"] < 0 else 1
    forward = row["theta"] <= 0
    return (start(row) - sign * turn) % 2560, row["z"] + (way if forward else -way)


def start(row: dict[str, Any]) -> int:
    """Return the azimuth at the beam line, 45° + 90° k + 1.125° (n + 1)."""
    degrees = 45 + 90 * row["quadrant"] + Fraction(9, 8) * (row["phi0"] + 1)
    units = degrees * 2560 / 360
    assert units.denominator == 1
    return int(units) % 2560


def apart(a: int, b: int) -> int:
    return min((a - b) % 2560, (b - a) % 2560)


def track(row: dict[str, Any], cut: dict[str, int]) -> dict[str, bool]:
    """Return what one track is: matched, near, single; clusters in and opposite its hemisphere."""
    if not (row["valid"] and row["neural"]):
        return dict.fromkeys(("ecl", "klm", "near", "single", "same", "opposite"), False)
    clusters = [tc for tc, there in zip(row["tc"], row["cluster"], strict=True)
                if there and cell(tc)]  # fmt: skip
    calorimeter, coil = at_radius(row, 126.0), at_radius(row, 176.0)
    ecl = klm = same = opposite = False
    for tc in clusters:
        place = cell(tc)
        assert place
        if calorimeter and 4 <= place[0] <= 15:
            z = rounded(126 * COUNTS_PER_CM / math.tan(math.radians(THETA_DEG[place[0] - 1])))
            close = apart(calorimeter[0], azimuth(tc)) < cut["ecl_phi"]
            ecl |= close and abs(calorimeter[1] - z) < cut["ecl_z"]
        if apart(start(row), azimuth(tc)) * 360 > 80 * 2560:
            opposite = True
        else:
            slope = Fraction(cot_of(row["theta"]) - cot_of_ring(place[0]), 4096)
            same |= slope < Fraction(-8, 10) or slope > Fraction(6, 10)
    if coil:
        boundary = rounded(47 * COUNTS_PER_CM)
        allowed = [
            sector % 8 for sector in range(16) if row["barrel"][sector]
            and (coil[1] > boundary - cut["klm_margin"] if sector < 8
                 else coil[1] < boundary + cut["klm_margin"])
        ]  # fmt: skip
        if allowed:
            nearest = min(allowed, key=lambda sector: apart(coil[0], 320 * sector))
            klm = apart(coil[0], 320 * nearest) < cut["klm_window"]
    return {"ecl": ecl, "klm": klm, "near": bool(row["near"]), "single": bool(row["single"]),
            "same": same, "opposite": opposite}  # fmt: skip


def one_hot(number: int, width: int) -> list[int]:
    return [int(min(number, width) == count) for count in range(1, width + 1)]


def oracle(rows: list[dict[str, Any]], cut: dict[str, int]) -> list[dict[str, Any]]:
    found, event = [], []
    for row in rows:
        event.append(track(row, cut))
        decision = {"ycdcecl": [0] * 4, "ycdcklm": [0] * 2, "typecl": 0, "typklm": 0,
                    "samhem": 0, "opohem": 0}  # fmt: skip
        if row["last"]:
            near = [one for one in event if one["near"]]
            single = [one for one in event if one["single"]]
            decision = {
                "ycdcecl": one_hot(sum(one["ecl"] for one in near), 4),
                "ycdcklm": one_hot(sum(one["klm"] for one in near), 2),
                "typecl": int(any(one["ecl"] for one in single)),
                "typklm": int(any(one["klm"] for one in single)),
                "samhem": int(len(near) == 1 and near[0]["same"]),
                "opohem": int(len(near) == 1 and near[0]["opposite"]),
            }
        found.append({"ecl_matched": int(event[-1]["ecl"]), "klm_matched": int(event[-1]["klm"]),
                      "last": int(row["last"]), **decision})  # fmt: skip
        if row["last"]:
            event = []
    return found


def listed(words: np.ndarray) -> list[dict[str, Any]]:
    return [{name: word[name].tolist() for name in words.dtype.names or ()} for word in words]


@pytest.mark.parametrize("seed", range(5))
def test_model_is_the_rule(seed: int) -> None:
    words = constrained(1200, seed)
    chosen = registers(seed) if seed else None
    cut = DEFAULTS | {name: int(value[0]) for name, value in (chosen or {}).items()}
    assert listed(grl_neural.evaluate(words, chosen)) == oracle(listed(words), cut)


def test_every_bit_is_reached() -> None:
    out = grl_neural.evaluate(constrained(5000, 1))
    for name in out.dtype.names or ():
        share = out[name].mean(axis=0)
        assert (share > 0).all(), name
        assert (share < 1).all(), name


# ------------------------------------------------------------------------------------------ tables
def test_tables_do_not_hang_on_rounding() -> None:
    """No entry lies so close to a tie that the library's tangent could decide it."""
    pairs = 4096 * np.tan(np.radians((2 * np.arange(2048) + 0.5) * 80 / 4096))
    theta = np.radians(np.array(THETA_DEG))
    for exact, table in (
        (pairs, cot_table()), (4096 / np.tan(theta), ring_cot()[1:]),
        (126 * COUNTS_PER_CM / np.tan(theta), ring_z()[1:]),
    ):  # fmt: skip
        distance = np.abs(exact - table)
        assert distance.max() < 0.5 - 1e-6
    assert cot_table().max() < 1 << 15


def test_error_of_the_cotangent() -> None:
    """At 126 cm: at most 0.3 cm over the chamber's 17° to 150°, 0.1 cm before the barrel."""
    count = np.arange(-4096, 4097)
    theta = 90 + 80 * count / 4096
    size = cot_table()[np.minimum(np.abs(count) >> 1, 2047)] / 4096
    error = 126 * np.abs(np.where(count > 0, -size, size) - 1 / np.tan(np.radians(theta)))
    assert error[(theta >= 17) & (theta <= 150)].max() < 0.3
    assert error[(theta >= 31) & (theta <= 149)].max() < 0.1


def test_cells_are_within_half_a_count_of_their_middles() -> None:
    for tc in range(1, 577):
        place = cell(tc)
        assert place
        assert abs(int(cell_azimuth()[tc]) - place[1] * 2560 / 360) <= Fraction(1, 2)


# ---------------------------------------------------------------------------------------- by hand
def frame(**values: Any) -> np.ndarray:
    """Return one near track of the collision point at 90°, φ0 = 90°, alone in its event."""
    words = BLOCKS["grl_neural"].input.zeros(1)
    for name in ("valid", "neural", "near", "last"):
        words[name] = 1
    # 45° + 1.125° (39 + 1) = 90°.
    words["phi0"] = 39
    for name, value in values.items():
        words[name] = value
    return words


def with_cluster(phi_id: int, theta_id: int, **values: Any) -> np.ndarray:
    words = frame(**values)
    words["cluster"][0, 2] = 1
    words["tc"][0, 2] = 81 + 12 * (phi_id - 1) + theta_id - 4
    return words


@pytest.mark.parametrize(("phi_id", "theta_id", "matched"), [
    (9, 10, 1), (10, 10, 1), (8, 10, 0), (11, 10, 0), (9, 11, 1), (9, 9, 0), (9, 12, 1),
    (9, 13, 0), (27, 10, 0),
])  # fmt: skip
def test_windows_of_a_cluster(phi_id: int, theta_id: int, matched: int) -> None:
    """At 90°: cells 9 and 10 are 5° away, 8 and 11 are 15°; rings 10, 11, 12 lie at 16.7, -5.6 and
    -27.9 cm, 9 and 13 at 39.2 and -50.8 cm."""
    assert grl_neural.evaluate(with_cluster(phi_id, theta_id))["ecl_matched"][0] == matched


@pytest.mark.parametrize("sign", [-1, 1])
def test_positive_tracks_turn_to_lower_azimuth(sign: int) -> None:
    """18 counts of ω turn by 30° up to 126 cm: from 90° to 60° or to 120°, edges of cells."""
    tracks = {phi: with_cluster(phi, 10, omega=18 * sign) for phi in range(1, 37)}
    hit = [phi for phi, words in tracks.items() if grl_neural.evaluate(words)["ecl_matched"][0]]
    assert hit == ([6, 7] if sign > 0 else [12, 13])


@pytest.mark.parametrize(("z_cm", "sectors"), [(0.0, [10]), (26.9, [10]), (27.2, [2, 10]),
                                               (66.9, [2, 10]), (67.2, [2])])  # fmt: skip
def test_sections_overlap_by_the_margin(z_cm: float, sectors: list[int]) -> None:
    """47 cm ± 20 cm at 90°; sector 2 of either section has its middle at 90°."""
    found = []
    for sector in range(16):
        words = frame(z=round(z_cm * COUNTS_PER_CM))
        words["barrel"][0, sector] = 1
        if grl_neural.evaluate(words)["klm_matched"][0]:
            found.append(sector)
    assert found == sectors


def test_slow_tracks_do_not_reach() -> None:
    """pT of 0.4 GeV, 25 counts of ω, still reaches the coil, 26 do not; 33 reach 126 cm."""
    words = np.concatenate([frame(omega=omega) for omega in (25, 26, -26, 33, 34, -34)])
    words["barrel"] = 1
    words["cluster"], words["tc"] = 1, 81
    found = []
    for first in range(81, 513, 6):
        words["tc"] = np.arange(first, first + 6)
        found.append(grl_neural.evaluate(words))
    assert np.max([out["klm_matched"] for out in found], axis=0).tolist() == [1, 0, 0, 0, 0, 0]
    assert np.max([out["ecl_matched"] for out in found], axis=0).tolist() == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_counts_and_the_only_near_track(n: int) -> None:
    """A far track and one that is no track do not count; hemispheres need exactly one near."""
    near = with_cluster(9, 10, last=0, single=1)
    near["barrel"][0, 10] = 1
    # Opposite, in φ; and in the same hemisphere, cot θ of −0.8 and less against its 0.
    near["cluster"][0, :2], near["tc"][0, :2] = 1, (81 + 12 * 26 + 6, 81 + 12 * 8)
    far, none = near.copy(), near.copy()
    far["near"], none["valid"] = 0, 0
    end = frame(near=0, valid=0)
    out = grl_neural.evaluate(np.concatenate([far, none, *[near] * n, end]))
    assert out["ecl_matched"].tolist() == [1, 0, *[1] * n, 0]
    assert out["ycdcecl"][-1].tolist() == one_hot(n, 4)
    assert out["ycdcklm"][-1].tolist() == one_hot(n, 2)
    assert (out["typecl"][-1], out["typklm"][-1]) == (1, 1)
    assert (out["samhem"][-1], out["opohem"][-1]) == (n == 1, n == 1)
    assert not out["ycdcecl"][:-1].any()


@pytest.mark.parametrize(("theta_id", "same"), [(5, 1), (6, 1), (7, 0), (10, 0), (11, 0), (13, 0),
                                                (14, 0), (15, 1), (1, 1), (17, 1)])  # fmt: skip
def test_hemisphere_needs_a_difference_of_cot(theta_id: int, same: int) -> None:
    """cot θ of the rings 6, 7 is 0.92, 0.70; of 14, 15 −0.60, −0.75: below −0.8 or above 0.6."""
    words = frame()
    words["cluster"][0, 0] = 1
    # At φ = 90°: cell 9 of the barrel, the fifth group of the endcaps.
    tc = {1: 1 + 5 * 4, 17: 513 + 4 * 4}.get(theta_id, 81 + 12 * 8 + theta_id - 4)
    words["tc"][0, 0] = tc
    out = grl_neural.evaluate(words)
    assert (out["samhem"][0], out["opohem"][0]) == (same, 0)


def test_events_do_not_mix() -> None:
    one = with_cluster(9, 10, single=1)
    empty = frame(valid=0)
    out = grl_neural.evaluate(np.concatenate([one, empty, one, one]))
    assert out["ycdcecl"].tolist() == [[1, 0, 0, 0], [0] * 4, [1, 0, 0, 0], [1, 0, 0, 0]]
    assert out["typecl"].tolist() == [1, 0, 1, 1]


# ------------------------------------------------------------------------------------- quantize
def given(n: int = 2) -> dict[str, Any]:
    return {"neural": NEURO_TRACK.zeros(3), "single": SINGLE_TRACK.zeros(3),
            "window": np.array([0, 0, 1]), "clusters": ECL_CLUSTERS.zeros(n),
            "sectors": KLM_SECTORS.zeros(n)}  # fmt: skip


def test_quantize_gives_each_track_its_window() -> None:
    words = given()
    words["neural"]["z"], words["neural"]["last"] = (5, -6, 7), (0, 1, 1)
    words["single"]["near"] = (1, 0, 1)
    words["clusters"]["valid"][1, 0] = 1
    words["clusters"]["tc"][:, :2] = (11, 22), (33, 44)
    words["sectors"]["barrel"][0, 3] = 1
    out = grl_neural.quantize(**words)
    assert out["z"].tolist() == [5, -6, 7]
    assert out["last"].tolist() == [0, 1, 1]
    assert out["near"].tolist() == [1, 0, 1]
    assert out["cluster"][:, 0].tolist() == [0, 0, 1]
    assert out["tc"][:, :2].tolist() == [[0, 0], [0, 0], [33, 0]]
    assert out["barrel"][:, 3].tolist() == [1, 1, 0]


@pytest.mark.parametrize(("name", "value", "says"), [
    ("neural", SINGLE_TRACK.zeros(3), "neural: takes words 'neuro_track'"),
    ("single", SINGLE_TRACK.zeros(2), "one length, not 3, 2"),
    ("sectors", KLM_SECTORS.zeros(1), "clusters and sectors"),
    ("window", np.array([0, 1, 2]), "window: must lie in 0 to 1, not 0 to 2"),
])  # fmt: skip
def test_wrong_words(name: str, value: np.ndarray, says: str) -> None:
    with pytest.raises(InputError, match=says):
        grl_neural.quantize(**(given() | {name: value}))


@pytest.mark.parametrize(("given_registers", "says"), [
    ({"ecl": [1]}, "unknown register 'ecl'"), ({"ecl_phi": [1024]}, "takes one of 0 to 1023, not"),
    ({"ecl_z": [-1]}, "takes one of 0 to 16383"), ({"klm_margin": [1, 2]}, "takes one of"),
])  # fmt: skip
def test_wrong_registers(given_registers: dict[str, list[int]], says: str) -> None:
    values = {name: np.array(value) for name, value in given_registers.items()}
    with pytest.raises(InputError, match=says):
        grl_neural.evaluate(frame(), values)
