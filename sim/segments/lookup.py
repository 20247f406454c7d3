"""Make the look-up tables of the segments' sides from simulated tracks.

``lowmult train segments --seed 1 --out firmware_models/data/segment_lut.json`` made those of the
package. Each address counts how often the track passed at the left and at the right of the priority
wire, and how often background had hit it. In axial superlayers a track and its mirror image are
equally likely, so each counts as both; in stereo superlayers the mirror turns the wires the other
way and this does not hold.

Source of the two thresholds: names of basf2's tables, "p0.70_b0.80" (cdc_track_trigger section 2.2
of the reference notes, which calls their meaning uncertain).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import segment_lut
from firmware_models.errors import InputError
from firmware_models.interface.cdc_hough import AXIAL
from firmware_models.interface.cdc_segment import N_SUPERLAYER
from firmware_models.segment_finding import Segments, find_segments
from firmware_models.segment_lut import (
    FIRST_ENTRY,
    NEVER,
    SIDE_LEFT,
    SIDE_RIGHT,
    SIZES,
    UNKNOWN,
    SegmentLut,
    undetermined,
)
from sim.detector.cdc.config import CdcConfig
from sim.detector.cdc.response import CdcResponse, CdcTruth
from sim.segments.labels import NO_SIDE, addresses, label, mirrored
from sim.segments.single_tracks import single_tracks

CHUNK = 20_000

LEAST_SHARE = 0.70
"""Share of the more frequent side among the tracks of an address that calls it."""

MOST_BACKGROUND = 0.80
"""An address with this share of background, or more, is not called."""

FIGURE_TRACKS, FIGURE_PT = 40_000, 0.5
"""Independent tracks for the figures, and their least transverse momentum [GeV]."""


def samples(
    tracks: int, seed: int, config: CdcConfig | None = None, lut: SegmentLut | None = None
) -> Iterator[tuple[CdcTruth, Segments]]:
    """Yield single tracks in the chamber, chunk by chunk, with the segments found.

    Parameters
    ----------
    tracks, seed : int
    config : CdcConfig, optional
        Default: the standard chamber with background of 22 kHz a wire.
    lut : SegmentLut, optional
        Default: no side known.
    """
    response = CdcResponse(CdcConfig() if config is None else config)
    chosen = undetermined() if lut is None else lut
    for chunk in range(-(-tracks // CHUNK)):
        events = single_tracks(min(CHUNK, tracks - chunk * CHUNK), seed, chunk)
        truth = response.explain(events, seed, chunk)
        yield truth, find_segments(truth.hits, lut=chosen)


def count(truth: CdcTruth, segments: Segments, counts: NDArray[np.int64]) -> None:
    """Add segments to the counts of their addresses.

    Parameters
    ----------
    truth : CdcTruth
    segments : Segments
        Found in its hits.
    counts : ndarray of int64, shape (98304, 3)
        Address in all tables, one behind the other; background, right, left.
    """
    side, found = label(truth, segments).side, addresses(truth.hits, segments)
    swap = np.array((NO_SIDE, SIDE_LEFT, SIDE_RIGHT))
    for part in range(N_SUPERLAYER):
        here = segments.superlayer == part
        table = counts[FIRST_ENTRY[part] : FIRST_ENTRY[part + 1]]
        address = found.address[here]
        np.add.at(table, (address, side[here]), 1)
        if part not in AXIAL:
            continue
        # A tie of the second wires goes to the left one in the mirror too: no image of it.
        clear = here & ~found.tied
        pattern = found.pattern[clear]
        left = (found.right < found.left)[clear]
        np.add.at(table, (mirrored(pattern, part) << 1 | left, swap[side[clear]]), 1)


def call(
    counts: NDArray[np.int64], p: float = LEAST_SHARE, b: float = MOST_BACKGROUND
) -> SegmentLut:
    """Return the tables that counts give.

    Parameters
    ----------
    counts : ndarray of int64, shape (98304, 3)
        As from `count`.
    p : float, optional
        A side is called when its share of the tracks is at least this, above 0.5 to 1.
    b : float, optional
        And the share of background below this, above 0 to 1.

    Raises
    ------
    InputError
        For thresholds outside these ranges.
    """
    if not 0.5 < p <= 1.0:
        raise InputError(f"must lie above 0.5 and not above 1, not {p}", place="p")
    if not 0.0 < b <= 1.0:
        raise InputError(f"must lie above 0 and not above 1, not {b}", place="b")
    background, right, left = counts.T
    track = right + left
    total = track + background
    clear = (background < b * total) & (track > 0)
    entries = np.full(len(counts), UNKNOWN, dtype=np.uint8)
    entries[clear & (right >= p * track)] = SIDE_RIGHT
    entries[clear & (left >= p * track)] = SIDE_LEFT
    entries[total == 0] = NEVER
    return SegmentLut(entries)


def train_lookup(
    tracks: int,
    seed: int = 1,
    p: float = LEAST_SHARE,
    b: float = MOST_BACKGROUND,
    config: CdcConfig | None = None,
    command: str = "",
) -> SegmentLut:
    """Make the tables from simulated tracks; equal arguments give equal tables.

    Parameters
    ----------
    tracks, seed : int
    p, b : float, optional
        Thresholds of `call`.
    config : CdcConfig, optional
        Chamber and background. Default: the standard ones.
    command : str, optional
        What made the tables, for their provenance.

    Raises
    ------
    InputError
        For fewer than one track, or thresholds out of range.
    """
    if tracks < 1:
        raise InputError(f"must be at least 1, not {tracks}", place="tracks")
    counts = np.zeros((FIRST_ENTRY[-1], 3), dtype=np.int64)
    call(counts, p, b)  # refuses bad thresholds before the work
    for truth, segments in samples(tracks, seed, config):
        count(truth, segments, counts)
    lut = call(counts, p, b)
    return SegmentLut(lut.entries, {
        "kind": "simulated single tracks with beam background",
        "command": command,
        "seed": seed,
        "tracks": tracks,
        "least_share": p,
        "most_background": b,
        "seen": _shares(lut, NEVER, inverse=True),
        "called": _shares(lut, SIDE_RIGHT, SIDE_LEFT),
        "figures": figures(lut, min(FIGURE_TRACKS, tracks), seed + 1, config=config),
    })  # fmt: skip


def _shares(lut: SegmentLut, *entries: int, inverse: bool = False) -> list[float]:
    """Return the share of entries with these values, by superlayer."""
    chosen = [np.isin(table, entries, invert=inverse).sum() for table in lut.tables]
    return [round(float(n) / size, 4) for n, size in zip(chosen, SIZES, strict=True)]


def figures(
    lut: SegmentLut,
    tracks: int,
    seed: int,
    least_pt: float = FIGURE_PT,
    config: CdcConfig | None = None,
) -> dict[str, Any]:
    """Return how well the tables do on other tracks, by superlayer.

    Parameters
    ----------
    lut : SegmentLut
    tracks, seed : int
    least_pt : float, optional
        Only tracks above this transverse momentum count [GeV].
    config : CdcConfig, optional

    Returns
    -------
    dict
        ``tracks``, ``seed``, ``least_pt_gev``; lists over superlayers of segments whose priority
        wire the track hit: ``segments``, ``known`` (share with a side), ``correct`` (share of
        these that is right).
    """
    totals = np.zeros((3, N_SUPERLAYER), dtype=np.int64)
    for truth, segments in samples(tracks, seed, config, lut):
        truths = label(truth, segments)
        pt = np.append(np.hypot(truth.events.p4[:, 0], truth.events.p4[:, 1]), 0.0)
        chosen = (truths.side != NO_SIDE) & (pt[truths.particle] > least_pt)
        known = chosen & (segments.lr != UNKNOWN)
        for row, mask in enumerate((chosen, known, known & (segments.lr == truths.side))):
            totals[row] += np.bincount(segments.superlayer[mask], minlength=N_SUPERLAYER)
    known_share, correct = totals[1:] / np.maximum(totals[:-1], 1)
    return {
        "tracks": tracks,
        "seed": seed,
        "least_pt_gev": least_pt,
        "segments": totals[0].tolist(),
        "known": known_share.round(4).tolist(),
        "correct": correct.round(4).tolist(),
    }


def run(seed: int, tracks: int, level: float, out: str) -> dict[str, Any]:
    """Make tables, write their file, and return its provenance.

    Parameters
    ----------
    seed, tracks : int
    level : float
        Background relative to 22 kHz a wire and 100 kHz of tracks.
    out : str
        File of tables.

    Raises
    ------
    InputError
        The level is out of range, or the file cannot be written.
    """
    config = CdcConfig.from_mapping({"background": {"level": level}}, "--level")
    command = f"lowmult train segments --seed {seed} --tracks {tracks} --level {level}"
    lut = train_lookup(tracks, seed, config=config, command=command)
    segment_lut.save(lut, out)
    return dict(lut.provenance)
