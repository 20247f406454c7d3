"""Words and block of the displaced-vertex trigger.

Nothing of the kind is published in detail (Belle II: Hough planes for many vertex hypotheses, then
a network; BELLE2-MTHESIS-2023-021): rings, planes and words are this project's own, chosen by
measurement (docs/validation/displaced_vertex.md).
"""

from __future__ import annotations

from firmware_models.interface.block import Block, Register
from firmware_models.interface.cdc_hough import AXIAL
from firmware_models.interface.neuro import NODE_WIDTH, ONE
from firmware_models.words import Field, Word

RING_RHO_CM = (16, 24, 32, 40, 48, 56)
"""Radii of the rings of vertex hypotheses [cm]."""

N_RING = len(RING_RHO_CM)

N_AZIMUTH = 32
"""Hypotheses of a ring: one a sector of 11.25 degrees."""

N_COLUMN, N_ROW = 64, 8
"""Cells of a hypothesis' plane: azimuth of the arm, curvature."""

AXIAL_SEGMENTS = (160, 192, 256, 320, 384)
"""Segments of the axial superlayers."""

CHAMBER_SEGMENTS = Word(
    "chamber_segments",
    (
        *(Field(f"superlayer{s}", 1, n, doc=f"segments found in superlayer {s}, number 0 lowest")
          for s, n in zip(AXIAL, AXIAL_SEGMENTS, strict=True)),
        Field("tracks", 5, doc="2D tracks of the standard finder, 0 to 24"),
        Field("clock", 9, doc="data clock in the turn, 0 to 319"),
    ),
    "Axial segments of the whole chamber, and the number of standard tracks.",
)  # fmt: skip

DISPLACED_VERTICES = Word(
    "displaced_vertices",
    (
        Field("valid", 1, N_RING, doc="the ring has a hypothesis with a pair of arms"),
        Field("azimuth", 5, N_RING, lsb=360 / N_AZIMUTH, unit="deg", doc="the best one's "
              "sector; its centre lies half a sector on"),
        Field("positive", 6, N_RING, doc="column of the arm of rising rows"),
        Field("negative", 6, N_RING, doc="column of the arm of falling rows"),
        Field("positive_row", 3, N_RING, doc="its row: curvature"),
        Field("negative_row", 3, N_RING, doc="its row: curvature"),
        Field("positive_layers", 3, N_RING, doc="its superlayers"),
        Field("negative_layers", 3, N_RING, doc="its superlayers"),
        Field("arms", 4, N_RING, doc="groups of lit columns in the plane, at most 15"),
        Field("inner", 2, N_RING, doc="superlayers inside the ring with a segment on the way from "
              "the beam"),
        Field("cells", 6, N_RING, doc="hypotheses of the ring with a pair, 0 to 32"),
        Field("tracks", 5, doc="2D tracks of the standard finder"),
        Field("displaced", 1, doc="a ring is valid, and not too many standard tracks"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Best vertex hypothesis of every ring.",
)  # fmt: skip

N_FEATURE, N_HIDDEN = 29, 32
"""Nodes of the classifier: features of a ring's hypothesis, hidden layer; one output."""

FEATURE_LANES, HIDDEN_LANES = 6, 7
"""Inputs that each node of a layer takes on a clock: five clocks a ring in both layers."""

DISPLACED_DECISION = Word(
    "displaced_decision",
    (
        Field("accepted", 1, N_RING, doc="the ring's hypothesis is valid, and score + 8192 at "
              "least `min_score`"),
        Field("score", NODE_WIDTH, N_RING, signed=True, lsb=1 / ONE, unit="1",
              doc="of the ring's hypothesis: towards 1 a displaced vertex; 0 without valid"),
        Field("tracks", 5, doc="2D tracks of the standard finder"),
        Field("dvt", 1, doc="a ring is accepted, and not too many standard tracks"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "What the classifier says of the vertex hypotheses.",
)  # fmt: skip

BLOCKS = (
    Block("displaced_hough", "displaced vertex", CHAMBER_SEGMENTS, DISPLACED_VERTICES,
          latency=40, interval=32,
          registers=(
              Register("layers", 0x000, 3, (4, 4, 4, 3, 3, 3), N_RING, "",
                       "axial superlayers that an arm needs, 1 to 5"),
              Register("min_opening", 0x008, 6, (5, 5, 5, 8, 8, 10), N_RING, "columns",
                       "least distance of the arms"),
              Register("max_inner", 0x010, 2, (3,) * N_RING, N_RING, "", "most superlayers inside "
                       "the ring with a segment on the way from the beam"),
              Register("max_opening", 0x018, 6, 52, 1, "columns", "largest distance of the arms"),
              Register("max_tracks", 0x019, 5, 31, 1, "", "most standard tracks"),
          ),
          doc="Pairs of arms from displaced vertices: Hough planes for a grid of hypotheses."),
    Block("displaced_classifier", "displaced vertex", DISPLACED_VERTICES, DISPLACED_DECISION,
          latency=48, interval=32,
          registers=(
              Register("min_score", 0x000, NODE_WIDTH, (5192,) * N_RING, N_RING, "1/4096",
                       "least score + 8192; 0: every valid hypothesis is accepted"),
              Register("max_tracks", 0x008, 5, 31, 1, "", "most standard tracks"),
          ),
          doc="Neural classifier of the vertex hypotheses."),
)  # fmt: skip
