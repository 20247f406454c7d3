"""The rules of `grl_match` in plain Python: angles in exact fractions, pairs one by one.

Shares nothing with the model but the words' fields. Cells, radii and curvature are written out.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, product
from typing import Any

OMEGA_LSB = 4.4087e-4
"""1/cm, from the documentation of the track finder's word."""

Row = dict[str, Any]
Pairs = list[tuple[int, int]]


def far(a: int, b: int, circle: int) -> int:
    """Return the distance the shorter way round."""
    return min((a - b) % circle, (b - a) % circle)


def cell(tc: int) -> tuple[str, int] | None:
    """Return part and bin of 10° of a trigger cell, by the order of the cells in their groups."""
    if not 1 <= tc <= 576:
        return None
    if 81 <= tc <= 512:
        return "barrel", (tc - 81) // 12
    if tc <= 80:
        group, place = divmod(tc - 1, 5)
        # Rings 1, 2, 3, 3, 2: the first spans the group's 22.5°, of the others each one half.
        part, middle = "forward", (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4), Fraction(3, 4),
                                   Fraction(3, 4))[place]  # fmt: skip
    else:
        group, place = divmod(tc - 513, 4)
        part, middle = "backward", (Fraction(3, 4), Fraction(3, 4), Fraction(1, 4),
                                    Fraction(1, 4))[place]  # fmt: skip
    return part, math.floor((group + middle) * Fraction(45, 2) / 10)


def azimuth(slot: int, n: int) -> Fraction:
    """Return φ0 [degree]."""
    return (45 + 90 * (slot // 6) + Fraction(9, 8) * (n + 1)) % 360


def at_radius(phi: Fraction, omega: int, radius: float) -> Fraction | None:
    """Return the azimuth [degree] on the cylinder, on the grid of 360°/2560."""
    sine = abs(omega) * OMEGA_LSB * radius / 2
    if abs(omega) > 33 or sine > 1:
        return None
    counts = math.floor(math.degrees(math.asin(sine)) * 2560 / 360 + 0.5)
    turn = Fraction(counts * 360, 2560)
    return (phi - turn if omega > 0 else phi + turn) % 360


def one_hot(count: int, bits: int = 4) -> list[int]:
    return [int(count == i + 1 if i + 1 < bits else count >= bits) for i in range(bits)]


def apart(pairs: Pairs, least: int) -> int:
    return int(any(far(a, b, 36) >= least for a, b in pairs))


def back_to_back(pairs: Pairs, classes: int) -> list[int]:
    return [apart(pairs, 18 - k) for k in range(1, classes + 1)]


def runs(bits: list[int]) -> int:
    """Return the number of groups in which set bins hang together."""
    groups = {b: {b} for b, bit in enumerate(bits) if bit}
    for b in list(groups):
        after = (b + 1) % len(bits)
        if after in groups and groups[after] is not groups[b]:
            whole = groups[b] | groups[after]
            for member in whole:
                groups[member] = whole
    return len({id(group) for group in groups.values()})


def oracle(word: Any, registers: dict[str, int]) -> Row:
    """Return every field of the output word."""
    values = {name: word[name].tolist() for name in word.dtype.names}
    tracks = tracks_of(values)
    clusters = clusters_of(values)
    out: Row = {"clock": values["clock"]}
    match_ecl(out, values, tracks, clusters, registers)
    match_klm(out, values, tracks, registers)
    neutral(out, values, tracks, clusters, registers)
    endcaps(out, values, clusters)
    high_pairs(out, values, tracks, clusters, registers)
    openings(out, values, tracks, clusters)
    return out


def tracks_of(values: Row) -> dict[int, tuple[int, int | None, Fraction | None]]:
    """Return bin at the beam line, bin at 126 cm and degrees at 176 cm by slot."""
    found = {}
    for slot in range(24):
        if values["valid"][slot]:
            phi, omega = azimuth(slot, values["phi0"][slot]), values["omega"][slot]
            ecl = at_radius(phi, omega, 126.0)
            bin_ecl = None if ecl is None else int(ecl // 10)
            found[slot] = (int(phi // 10), bin_ecl, at_radius(phi, omega, 176.0))
    return found


def clusters_of(values: Row) -> dict[int, tuple[str, int]]:
    """Return part and bin by number."""
    found = {i: cell(values["tc"][i]) for i in range(6) if values["cluster"][i]}
    return {i: place for i, place in found.items() if place is not None}


def match_ecl(out: Row, values: Row, tracks: Row, clusters: Row, registers: dict[str, int]) -> None:
    out["ecl_matched"], strong = [0] * 24, 0
    for slot, (_, there, _) in tracks.items():
        near = [] if there is None else sorted(
            (far(there, place, 36), i) for i, (part, place) in clusters.items()
            if part == "barrel" and far(there, place, 36) < registers["ecl_bins"]
        )  # fmt: skip
        if near:
            out["ecl_matched"][slot] = 1
            strong += values["energy"][near[0][1]] >= registers["c2gev_energy"]
    out["cdcecl"] = one_hot(sum(out["ecl_matched"]))
    out["c2gev"] = one_hot(strong)


def match_klm(out: Row, values: Row, tracks: Row, registers: dict[str, int]) -> None:
    out["klm_matched"], sectors = [0] * 24, set()
    for slot, (_, _, phi) in tracks.items():
        if phi is None:
            continue
        fired = [s for s in range(8) if values["barrel"][s] or values["barrel"][s + 8]]
        near = sorted((abs((phi - 45 * s + 180) % 360 - 180), s) for s in fired)
        if near and near[0][0] * 2560 / 360 < registers["klm_window"]:
            out["klm_matched"][slot] = 1
            sectors.add(near[0][1])
    out["cdcklm"] = one_hot(len(sectors), 2)


def neutral(out: Row, values: Row, tracks: Row, clusters: Row, registers: dict[str, int]) -> None:
    counts = {"n1gev": 0, "n2gev": 0}
    hit = {there for _, there, _ in tracks.values() if there is not None}
    for i, (part, place) in clusters.items():
        late = abs(values["time"][i] - values["event_time"])
        if registers["time_window"] and late >= registers["time_window"]:
            continue
        if part == "barrel" and any((place + step) % 36 in hit for step in (-1, 0, 1)):
            continue
        for name in counts:
            counts[name] += values["energy"][i] >= registers[f"{name}_energy"]
    for name, count in counts.items():
        out[name] = one_hot(count)


def endcaps(out: Row, values: Row, clusters: Row) -> None:
    inner = inner_bins(values)
    out["secl"] = out["ecleklm"] = near = 0
    for part, place in clusters.values():
        if part == "barrel":
            continue
        out["secl"] |= meets_short(values, part, place)
        near += any(far(place, b, 36) <= 4 for b in inner)
        out["ecleklm"] |= values["endcap"][4 * (part == "backward") + place * 10 // 90]
    out["iecl"] = one_hot(near, 2)
    both = [a and b for a, b in zip(values["endcap"], values["short_klm"], strict=True)]
    out["seklm"] = one_hot(sum(both), 2)
    out["ieklm"] = int(any(
        values["endcap"][q + side] and any((b + step) % 36 // 9 == q for step in (-1, 0, 1))
        for q, side, b in product(range(4), (0, 4), inner)
    ))  # fmt: skip


def meets_short(values: Row, part: str, place: int) -> int:
    side = 36 * (part == "backward")
    return int(any(values["short_ecl"][side + (place + step) % 36] for step in (-1, 0, 1)))


def inner_bins(values: Row) -> set[int]:
    return middles(values["inner"])


def middles(bits: list[int]) -> set[int]:
    """Return the 36-bins of the middles of set 64-bins."""
    return {int((b + Fraction(1, 2)) * Fraction(45, 8) // 10) for b, bit in enumerate(bits) if bit}


def high_pairs(
    out: Row, values: Row, tracks: Row, clusters: Row, registers: dict[str, int]
) -> None:
    for name in ("trkbha", "grlgg", "brlfb", "brlnb", "endsb", "endnb"):
        out[name] = [0, 0]
    reach = {there for _, there, _ in tracks.values() if there is not None}
    charged = {}
    for i, (part, place) in clusters.items():
        if part == "barrel":
            charged[i] = any(far(place, there, 36) < registers["ecl_bins"] for there in reach)
        else:
            charged[i] = bool(meets_short(values, part, place))
    high = [i for i in clusters if values["energy"][i] >= registers["pair_energy"]]
    for pair in combinations(high, 2):
        (part, place), (other_part, other) = (clusters[i] for i in pair)
        if far(place, other, 36) < 16:
            continue
        number = sum(charged[i] for i in pair)
        barrel = part == other_part == "barrel"
        for with_track, without, ask in (("trkbha", "grlgg", True), ("brlfb", "brlnb", barrel)):
            if ask and number == 1:
                out[with_track][0] = out[without][0] = 1
            if ask and number == 2:
                out[with_track][1] = 1
            if ask and number == 0:
                out[without][1] = 1
        for i in pair:
            if clusters[i][0] != "barrel":
                side = int(clusters[i][0] == "backward")
                out["endsb" if charged[i] else "endnb"][side] = 1


def openings(out: Row, values: Row, tracks: Row, clusters: Row) -> None:
    full = [at for at, _, _ in tracks.values()]
    reach = [there for _, there, _ in tracks.values() if there is not None]
    place = [place for _, place in clusters.values()]
    short, inner = middles(values["short"]), inner_bins(values)
    out["track"] = int(bool(full or short))
    out["ta"] = one_hot(len(full) + runs(values["short"]))
    out["d"] = back_to_back(list(combinations(place, 2)), 3)
    out["p"] = back_to_back(list(product(reach, place)), 4)
    s2f, s2s = list(product(short, full)), list(combinations(short, 2))
    out["s2f30"], out["s2fo"], out["s2f"] = apart(s2f, 3), apart(s2f, 9), back_to_back(s2f, 2)
    out["s2s30"], out["s2so"], out["s2s"] = apart(s2s, 3), apart(s2s, 9), back_to_back(s2s, 2)
    i2f = list(product(inner, full))
    out["i2fo"], out["i2io"] = apart(i2f, 9), apart(list(combinations(inner, 2)), 9)
    out["itsfb2b"] = apart(s2f + i2f, 16)
