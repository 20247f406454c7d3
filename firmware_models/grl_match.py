"""Block `grl_match`: tracks, clusters and sectors of the muon detector matched in azimuth.

Source: ecl_klm_gdl sections 4 and 5 of the reference notes (basf2 TRGGRLMatch, TRGGRLProjects).
Conventions of our own: docs/reference/grl_match.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import match_rules as rules
from firmware_models.azimuth_maps import HALF
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.ecl import ECL_CLUSTERS
from firmware_models.interface.grl import (
    BACK_TO_BACK,
    GRL_MATCH,
    GRL_OBJECTS,
    GRL_SEGMENTS,
    GRL_SHORT,
    OPEN30,
    OPEN90,
)
from firmware_models.interface.klm import KLM_SECTORS
from firmware_models.words import Word

BLOCK: Block = BLOCKS["grl_match"]

SHORT_FIELDS = ("short", "inner", "short_side", "short_ecl", "short_klm")
"""Fields of short and inner tracks, taken as they are."""


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    full: NDArray[np.void],
    short: NDArray[np.void],
    clusters: NDArray[np.void],
    sectors: NDArray[np.void],
    clock: ArrayLike = 0,
) -> NDArray[np.void]:
    """Put the words of one window side by side.

    Parameters
    ----------
    full : ndarray, shape (n,), dtype of the word `grl_segments`
        2D tracks of all trackers.
    short : ndarray, shape (n,), dtype of the word `grl_short`
    clusters : ndarray, shape (n,), dtype of the word `ecl_clusters`
    sectors : ndarray, shape (n,), dtype of the word `klm_sectors`
    clock : array_like of int, shape () or (n,)
        Data clock in the turn that the window is given; those of the words are not looked at.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `grl_objects`
        What empty slots hold is left out.

    Raises
    ------
    InputError
        For another dtype or number of words, or a clock that does not fit.
    """
    n = len(short)
    for given, word, count in ((full, GRL_SEGMENTS, n), (short, GRL_SHORT, n),
                               (clusters, ECL_CLUSTERS, n), (sectors, KLM_SECTORS, n)):  # fmt: skip
        _check(given, word, count)
    clocks = np.asarray(clock, dtype=np.int64)
    top = GRL_OBJECTS["clock"].high
    if clocks.shape not in ((), (n,)) or ((clocks < 0) | (clocks > top)).any():
        raise InputError(f"takes one number or one a window, 0 to {top}", place="clock")
    words = GRL_OBJECTS.zeros(n)
    words["clock"] = clocks
    words["valid"] = full["valid"]
    for name in ("phi0", "omega"):
        words[name] = np.where(words["valid"] == 1, full[name], 0)
    for name in SHORT_FIELDS:
        words[name] = short[name]
    words["cluster"] = clusters["valid"]
    for name in ("tc", "energy", "time"):
        words[name] = np.where(clusters["valid"] == 1, clusters[name], 0)
    words["event_time"] = clusters["max_time"]
    for name in ("barrel", "endcap"):
        words[name] = sectors[name]
    return words


def _check(given: NDArray[np.void], word: Word, count: int) -> None:
    if given.dtype != word.dtype or given.shape != (count,):
        raise InputError(f"takes {count} words {word.name!r}, not shape {given.shape} of "
                         f"{given.dtype.names}", place=BLOCK.name)  # fmt: skip


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Match the objects of each window, and find pairs at an angle.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `grl_objects`
    registers : dict of ndarray, optional
        Default: the values after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `grl_match`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    values = BLOCK.scalars(registers or {})
    at = rules.places(words)
    out = GRL_MATCH.zeros(len(words))
    out["clock"] = words["clock"]
    _tracks(words, values, at, out)
    _clusters(words, values, at, out)
    _openings(at, out)
    return out


def _tracks(
    words: NDArray[np.void], values: dict[str, int], at: rules.Places, out: NDArray[np.void]
) -> None:
    """Fill in what is counted by 2D tracks and short tracks."""
    n = len(words)
    full, runs = words["valid"].sum(axis=1, dtype=np.int64), np.zeros(n, np.int64)
    rules.runs(words["short"], runs)
    out["track"] = (full > 0) | (runs > 0)
    _one_hot(out, "ta", full + runs)
    strong, sectors = np.zeros(n, np.int64), np.zeros(n, np.int64)
    rules.match_clusters(
        at.ecl_bin, at.part, at.bin, words["energy"], values["ecl_bins"], values["c2gev_energy"],
        out["ecl_matched"], strong,
    )  # fmt: skip
    rules.match_sectors(
        at.klm_phi, words["barrel"], values["klm_window"], out["klm_matched"], sectors
    )
    _one_hot(out, "cdcecl", out["ecl_matched"].sum(axis=1, dtype=np.int64))
    _one_hot(out, "c2gev", strong)
    _one_hot(out, "cdcklm", sectors)


def _clusters(
    words: NDArray[np.void], values: dict[str, int], at: rules.Places, out: NDArray[np.void]
) -> None:
    """Fill in what is counted by clusters and endcap sectors."""
    n, window = len(words), values["time_window"]
    late = words["time"].astype(np.int16) - words["event_time"][:, None]
    in_time = (abs(late) < window) | (window == 0)
    neutral = np.zeros((n, 2), np.int64)
    least = np.array([values["n1gev_energy"], values["n2gev_energy"]])
    rules.neutral_clusters(at.part, at.bin, in_time, words["energy"], at.at_ecl, least, neutral)
    _one_hot(out, "n1gev", neutral[:, 0])
    _one_hot(out, "n2gev", neutral[:, 1])
    charged, inner = np.zeros(at.part.shape, np.int64), np.zeros(n, np.int64)
    rules.with_track(at.part, at.bin, at.at_ecl, at.short_ecl, values["ecl_bins"], charged)
    rules.high_pairs(
        at.part, at.bin, words["energy"], charged, values["pair_energy"],
        *(out[name] for name in ("trkbha", "grlgg", "brlfb", "brlnb", "endsb", "endnb")),
    )  # fmt: skip
    rules.endcap_matches(
        at.part, at.bin, at.inner, words["endcap"], charged,
        out["secl"], inner, out["ieklm"], out["ecleklm"],
    )  # fmt: skip
    _one_hot(out, "iecl", inner)
    _one_hot(out, "seklm", (words["endcap"] & words["short_klm"]).sum(axis=1, dtype=np.int64))


def _openings(at: rules.Places, out: NDArray[np.void]) -> None:
    """Fill in the angles between objects."""
    for name, one, other in (
        ("d", at.clusters, at.clusters), ("p", at.at_ecl, at.clusters),
        ("s2f", at.short, at.full), ("s2s", at.short, at.short),
    ):  # fmt: skip
        for k in range(out[name].shape[1]):
            rules.pairs_apart(one, other, BACK_TO_BACK[k], out[name][:, k])
    for name, one, other, least in (
        ("s2f30", at.short, at.full, OPEN30), ("s2fo", at.short, at.full, OPEN90),
        ("s2s30", at.short, at.short, OPEN30), ("s2so", at.short, at.short, OPEN90),
        ("i2fo", at.inner, at.full, OPEN90), ("i2io", at.inner, at.inner, OPEN90),
        ("itsfb2b", at.short | at.inner, at.full, HALF - BACK_TO_BACK[1]),
    ):  # fmt: skip
        rules.pairs_apart(one, other, HALF - least, out[name])


def _one_hot(out: NDArray[np.void], name: str, count: NDArray[np.int64]) -> None:
    """Set the bit of a count: 1, 2, … or at least as many as there are bits."""
    bits = out[name].shape[1]
    out[name] = np.minimum(count, bits)[:, None] == np.arange(1, bits + 1)
