"""Words and blocks of the global reconstruction (GRL).

Sources: ecl_klm_gdl sections 4 and 5 of the reference notes (basf2 TRGGRLProjects: counts one-hot,
azimuth in 36 bins, differences of bins for opening angles and back-to-back tracks; basf2
TRGGRLMatch: tracks to clusters and to sectors of the muon detector, short and inner tracks).
"""

from __future__ import annotations

import math

from firmware_models.interface.block import Block, Register
from firmware_models.interface.cdc_hough import N_TRACK, N_TRACKER, TRACK_CLOCK_TICKS
from firmware_models.interface.clock import DATA_CLOCK_TICKS, TIME_LSB_NS
from firmware_models.interface.ecl import ENERGY_LSB_MEV, N_CLUSTER
from firmware_models.interface.klm import N_BARREL, N_ENDCAP
from firmware_models.interface.neuro import NEURO_TRACK, Z_LSB_CM
from firmware_models.words import Field, Word

N_PHI_BIN = 36
"""Bins of azimuth, 10° each."""

OPEN90, OPEN30 = 9, 3
"""Least difference of bins of an opening of 90° and of 30°."""

BACK_TO_BACK = (1, 2, 3, 4)
"""Greatest distance from 18 bins of back-to-back tracks: classes 3, 5, 7 and 9."""

N_T2 = 4

ALL_TRACKS = Word(
    "all_tracks",
    (
        Field("valid", 1, N_TRACKER * N_TRACK, doc="the track exists"),
        Field("phi0", 7, N_TRACKER * N_TRACK, lsb=1.125, unit="deg",
              doc="half-cells n in the quadrant: φ0 = 45° + 90° k + 1.125° (n + 1)"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "2D tracks of the four trackers, six of tracker 0 first.",
)  # fmt: skip

TRACK_COUNTS = Word(
    "track_counts",
    (
        Field("t2", 1, N_T2, doc="2D tracks: 1, 2, 3, 4 or more; one-hot"),
        Field("tracks", 5, doc="2D tracks, 0 to 24"),
        Field("open90", 1, doc="two tracks 9 to 27 bins apart"),
        Field("open30", 1, doc="two tracks 3 to 33 bins apart"),
        Field("b2b", 1, len(BACK_TO_BACK), doc="two tracks 18 bins apart, ±1, ±2, ±3, ±4"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Number of 2D tracks, and angles between them at the beam line.",
)

N_ALL = N_TRACKER * N_TRACK
"""2D tracks of all trackers."""

N_SHORT_BIN = 64
"""Bins of azimuth of segments, short and inner tracks, 5.625° each; bin 0 begins at φ = 0."""

SHORT_SUPERLAYERS = 5
"""Superlayers of short tracks: 0 to 4."""

N_COUNT = 4
"""Bits of a one-hot count: 1, 2, 3, 4 or more."""

N_SIDE = 2
"""Endcaps: 0 forward, 1 backward."""


def _full_tracks() -> tuple[Field, ...]:
    return (
        Field("valid", 1, N_ALL, doc="the 2D track exists; six of tracker 0 first"),
        Field("phi0", 7, N_ALL, lsb=1.125, unit="deg",
              doc="half-cells n in the quadrant: φ0 = 45° + 90° k + 1.125° (n + 1)"),
        Field("omega", 7, N_ALL, signed=True, lsb=4.4087e-4, unit="1/cm",
              doc="curvature, −33 to 33; positive: positive charge"),
    )  # fmt: skip


def _short_tracks() -> tuple[Field, ...]:
    return (
        Field("short", 1, N_SHORT_BIN, doc="bins with a short track, at superlayer 0"),
        Field("inner", 1, N_SHORT_BIN, doc="bins with an inner track, at superlayer 0"),
        Field("short_side", 1, N_SIDE, doc="a short track goes forward, backward"),
        Field("short_ecl", 1, N_SIDE * N_PHI_BIN,
              doc="bins of 10° in which a short track meets the endcap calorimeter; forward first"),
        Field("short_klm", 1, N_ENDCAP,
              doc="endcap sectors of the muon detector that a short track meets"),
    )  # fmt: skip


def _clusters() -> tuple[Field, ...]:
    return (
        Field("cluster", 1, N_CLUSTER, doc="the calorimeter's cluster exists"),
        Field("tc", 10, N_CLUSTER, doc="id of its cell with the highest energy"),
        Field("energy", 14, N_CLUSTER, lsb=ENERGY_LSB_MEV, unit="MeV", doc="its energy"),
    )  # fmt: skip


GRL_SEGMENTS = Word(
    "grl_segments",
    (
        Field("segment", 1, SHORT_SUPERLAYERS * N_SHORT_BIN,
              doc="bins with a track segment; 64 of superlayer 0 first"),
        *_full_tracks(),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Segments of the inner superlayers and 2D tracks of all trackers.",
)  # fmt: skip

GRL_SHORT = Word(
    "grl_short",
    (
        *_short_tracks(),
        Field("ts", 1, N_COUNT, doc="short tracks: 1, 2, 3, 4 or more; one-hot"),
        Field("ti", 1, doc="an inner track"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Short tracks, that leave the chamber through an endcap, and inner tracks.",
)  # fmt: skip

GRL_OBJECTS = Word(
    "grl_objects",
    (
        *_full_tracks(),
        *_short_tracks(),
        *_clusters(),
        Field("time", 8, N_CLUSTER, lsb=TIME_LSB_NS, unit="ns", doc="its time in the window"),
        Field("event_time", 8, lsb=TIME_LSB_NS, unit="ns",
              doc="the calorimeter's event time there"),
        Field("barrel", 1, N_BARREL, doc="fired barrel sectors of the muon detector"),
        Field("endcap", 1, N_ENDCAP, doc="fired endcap sectors of the muon detector"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "What the sub-triggers say of one window: tracks, clusters, sectors.",
)  # fmt: skip


def _count(name: str, doc: str, n: int = N_COUNT) -> Field:
    numbers = ", ".join(str(i + 1) for i in range(n))
    return Field(name, 1, n, doc=f"{doc}: {numbers} or more; one-hot")


def _b2b(name: str, doc: str, n: int) -> Field:
    most = ", ".join(f"±{d}" for d in BACK_TO_BACK[:n])
    return Field(name, 1, n, doc=f"{doc} 18 bins apart, {most}")


GRL_MATCH = Word(
    "grl_match",
    (
        Field("ecl_matched", 1, N_ALL, doc="the 2D track has a barrel cluster"),
        Field("klm_matched", 1, N_ALL, doc="the 2D track has a barrel sector"),
        Field("track", 1, doc="a 2D track or a short track"),
        _count("ta", "2D tracks and short tracks"),
        _count("cdcecl", "2D tracks with a barrel cluster"),
        _count("c2gev", "2D tracks whose nearest barrel cluster has 2 GeV"),
        _count("n1gev", "clusters of 1 GeV without a track"),
        _count("n2gev", "clusters of 2 GeV without a track"),
        _count("cdcklm", "barrel sectors with a 2D track", 2),
        _count("seklm", "endcap sectors with a short track", 2),
        _count("iecl", "endcap clusters with an inner track", 2),
        Field("secl", 1, doc="a short track meets an endcap cluster"),
        Field("ieklm", 1, doc="an inner track and an endcap sector in one quadrant"),
        Field("ecleklm", 1, doc="an endcap cluster and a sector of that endcap in one quadrant"),
        _b2b("d", "two clusters", 3),
        _b2b("p", "2D track at the calorimeter and cluster", 4),
        Field("s2f30", 1, doc="short and 2D track 3 to 33 bins apart"),
        Field("s2fo", 1, doc="short and 2D track 9 to 27 bins apart"),
        _b2b("s2f", "short and 2D track", 2),
        Field("s2s30", 1, doc="two short tracks 3 to 33 bins apart"),
        Field("s2so", 1, doc="two short tracks 9 to 27 bins apart"),
        _b2b("s2s", "two short tracks", 2),
        Field("i2fo", 1, doc="inner and 2D track 9 to 27 bins apart"),
        Field("i2io", 1, doc="two inner tracks 9 to 27 bins apart"),
        Field("itsfb2b", 1, doc="inner or short track and 2D track 18 bins apart, ±2"),
        Field("trkbha", 1, 2, doc="high pair with one, with two clusters that have a track"),
        Field("grlgg", 1, 2, doc="high pair with one, with two clusters that have none"),
        Field("brlfb", 1, 2, doc="as trkbha, both clusters in the barrel"),
        Field("brlnb", 1, 2, doc="as grlgg, both clusters in the barrel"),
        Field("endsb", 1, N_SIDE,
              doc="high pair with a cluster of that endcap that has a short track"),
        Field("endnb", 1, N_SIDE, doc="high pair with a cluster of that endcap that has none"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Matches between sub-triggers, and angles between their objects.",
)  # fmt: skip

GRL_NEURAL_TRACK = Word(
    "grl_neural_track",
    (
        *(field for field in NEURO_TRACK.fields if not field.name.endswith("_class")),
        Field("near", 1, doc="single_track: neural, |z| below its ty_z"),
        Field("single", 1, doc="single_track: it passes the single-track trigger"),
        *(field for field in _clusters() if field.name != "energy"),
        Field("barrel", 1, N_BARREL, doc="fired barrel sectors of the muon detector"),
    ),
    "One neural track, with clusters and sectors of its event.",
)  # fmt: skip

GRL_NEURAL = Word(
    "grl_neural",
    (
        Field("ecl_matched", 1, doc="this track has a barrel cluster"),
        Field("klm_matched", 1, doc="this track has a barrel sector"),
        Field("last", 1, doc="the event is complete; the fields below are 0 without it"),
        _count("ycdcecl", "near tracks with a barrel cluster"),
        _count("ycdcklm", "near tracks with a barrel sector", 2),
        Field("typecl", 1, doc="a single-track trigger's track has a barrel cluster"),
        Field("typklm", 1, doc="a single-track trigger's track has a barrel sector"),
        Field("samhem", 1, doc="one near track, and a cluster in its hemisphere"),
        Field("opohem", 1, doc="one near track, and a cluster in the opposite one"),
    ),
    "Matches of neural tracks in three dimensions, of the event with its last track.",
)  # fmt: skip


def _gev(name: str, address: int, gev: float, doc: str) -> Register:
    counts = math.ceil(1e3 * gev / ENERGY_LSB_MEV)
    return Register(name, address, 14, counts, 1, "count", f"{doc} ({gev:g} GeV)")


BLOCKS = (
    Block("grl_tracks", "single track", ALL_TRACKS, TRACK_COUNTS, latency=3,
          interval=TRACK_CLOCK_TICKS,
          doc="Counts of 2D tracks and the angles between them."),
    Block("grl_short", "single muon", GRL_SEGMENTS, GRL_SHORT, latency=6,
          interval=TRACK_CLOCK_TICKS,
          registers=(
              Register("veto", 0x000, 6, 2, 1, "5.625 deg",
                       "no short track within so many bins of a 2D track, and more for a curved "
                       "one; 63: no veto"),
          ),
          doc="Short and inner tracks from patterns of segments."),
    Block("grl_match", "single muon", GRL_OBJECTS, GRL_MATCH, latency=8,
          interval=DATA_CLOCK_TICKS,
          registers=(
              Register("ecl_bins", 0x000, 4, 2, 1, "10 deg",
                       "track and barrel cluster are less than so many bins apart"),
              Register("klm_window", 0x001, 10, 232, 1, "360/2560 deg",
                       "track and middle of a barrel sector are less than this apart (32.5°)"),
              _gev("c2gev_energy", 0x002, 2.0, "cluster of c2gev: at least this"),
              _gev("n1gev_energy", 0x003, 1.0, "cluster of n1gev: at least this"),
              _gev("n2gev_energy", 0x004, 2.0, "cluster of n2gev: at least this"),
              _gev("pair_energy", 0x005, 2.0, "both clusters of a high pair: at least this"),
              Register("time_window", 0x006, 8, math.ceil(100.0 / TIME_LSB_NS), 1,
                       f"{TIME_LSB_NS:.5f} ns",
                       "clusters of n1gev and n2gev: less than this from the event time (100 ns); "
                       "0: no cut"),
          ),
          doc="Tracks, clusters and sectors of the muon detector matched in azimuth."),
    Block("grl_neural", "single muon", GRL_NEURAL_TRACK, GRL_NEURAL, latency=6, stateful=True,
          registers=(
              Register("ecl_phi", 0x000, 10, 81, 1, "360/2560 deg",
                       "track and barrel cluster: azimuth less than this apart (25 cm at 126 cm)"),
              Register("ecl_z", 0x001, 14, math.ceil(30.0 / Z_LSB_CM), 1, f"{Z_LSB_CM} cm",
                       "track and barrel cluster: z less than this apart (30 cm)"),
              Register("klm_window", 0x002, 10, 232, 1, "360/2560 deg",
                       "track and middle of a barrel sector are less than this apart (32.5°)"),
              Register("klm_margin", 0x003, 14, math.ceil(20.0 / Z_LSB_CM), 1, f"{Z_LSB_CM} cm",
                       "a sector of the other section counts for a track this near to it"),
          ),
          doc="Neural tracks matched to clusters and sectors in three dimensions."),
)  # fmt: skip
