"""Words and blocks of the global reconstruction (GRL).

Sources: ecl_klm_gdl sections 4 and 5 of the reference notes (basf2 TRGGRLProjects: counts one-hot,
azimuth in 36 bins, differences of bins for opening angles and back-to-back tracks).
"""

from __future__ import annotations

from firmware_models.interface.block import Block
from firmware_models.interface.cdc_hough import N_TRACK, N_TRACKER, TRACK_CLOCK_TICKS
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

BLOCKS = (
    Block("grl_tracks", "single track", ALL_TRACKS, TRACK_COUNTS, latency=3,
          interval=TRACK_CLOCK_TICKS,
          doc="Counts of 2D tracks and the angles between them."),
)  # fmt: skip
