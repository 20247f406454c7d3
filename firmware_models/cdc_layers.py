"""The 56 sense layers of the central drift chamber, as a table.

Source: basf2 `cdc/data/CDC.xml` (commit 013f2904). Azimuths are those at the backward endplate:
wire i of a layer of N cells stands at 2π (i + offset) / N there and at the forward endplate
2π · half_shift / (2N) further on. Superlayers alternate axial and stereo: A U A V A U A V A.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

N_LAYER, N_SUPERLAYER, N_WIRE, N_SEGMENT, N_SECTOR = 56, 9, 14336, 2336, 32

SUPERLAYER_LAYERS = (8, 6, 6, 6, 6, 6, 6, 6, 6)
SUPERLAYER_CELLS = (160, 160, 192, 224, 256, 288, 320, 352, 384)
SUPERLAYER_HALF_SHIFT = (0, 18, 0, -18, 0, 19, 0, -20, 0)
SUPERLAYER_KIND = "AUAVAUAVA"

FIRST_PRIORITY_LAYER = (3, 10, 16, 22, 28, 34, 40, 46, 52)
"""First-priority layer of each superlayer; the next one is the second-priority layer."""

RADIUS_MM = (
    168.0, 178.0, 188.0, 198.0, 208.0, 218.0, 228.0, 238.0,
    257.0, 275.2, 293.4, 311.6, 329.8, 348.0, 365.2, 383.4, 401.6, 419.8, 438.0, 455.7,
    476.9, 494.6, 512.8, 531.0, 549.2, 566.9, 584.1, 601.8, 620.0, 638.2, 656.4, 674.1,
    695.3, 713.0, 731.2, 749.4, 767.6, 785.3, 802.5, 820.2, 838.4, 856.6, 874.8, 892.5,
    913.7, 931.4, 949.6, 967.8, 986.0, 1003.7, 1020.9, 1038.6, 1056.8, 1075.0, 1093.2, 1111.4,
)  # fmt: skip
"""Radius of the wires at the endplates; a stereo wire comes nearer to the axis between them."""

Z_BACKWARD_MM = (
    -312.1, -320.76, -338.08, -355.4, -372.72, -390.04, -407.36, -424.68,
    -464.15, -495.67, -527.19, -558.62, -572.07, -575.6,
    -578.95, -582.49, -586.02, -589.56, -593.1, -596.5,
    -600.666, -604.106, -607.644, -611.182, -614.719, -618.16,
    -621.503, -624.944, -628.482, -632.019, -635.557, -638.997,
    -643.118, -646.559, -650.097, -653.634, -657.172, -660.613,
    -663.956, -667.397, -670.934, -674.472, -678.01, -681.45,
    -685.571, -689.011, -692.549, -696.087, -699.625, -703.065,
    -706.409, -709.849, -713.387, -716.925, -720.462, -724.0,
)  # fmt: skip
"""Backward endplate."""

Z_FORWARD_MM = (
    572.1, 604.81, 637.52, 670.23, 702.93, 735.64, 768.35, 801.06,
    855.1, 920.63, 980.16, 1039.69, 1099.22, 1158.75,
    1215.01, 1274.54, 1334.07, 1393.6, 1448.1, 1451.5,
    1455.67, 1459.11, 1462.64, 1466.18, 1469.72, 1473.16,
    1476.5, 1479.94, 1483.48, 1487.02, 1490.56, 1494.0,
    1498.12, 1501.56, 1505.1, 1508.63, 1512.17, 1515.61,
    1518.96, 1522.4, 1525.93, 1529.47, 1533.01, 1536.45,
    1540.57, 1544.01, 1547.55, 1551.09, 1554.62, 1558.07,
    1561.41, 1564.85, 1568.39, 1571.92, 1575.46, 1579.0,
)  # fmt: skip
"""Forward endplate."""

INSET_BACKWARD_MM = (*(12.8,) * 12, *(3.2,) * 7, 2.6, *(3.2,) * 36)
INSET_FORWARD_MM = (*(28.2,) * 8, 22.2, *(28.2,) * 10, 2.6, *(3.2,) * 36)
"""Parts of a wire at its ends that are inside the feed-through and see nothing."""


@dataclass(frozen=True)
class LayerTable:
    """Layers of a chamber, one row a layer, the innermost first; lengths in cm.

    Parameters
    ----------
    radius : ndarray of float64, shape (56,)
        Radius at the endplates [cm].
    z_backward, z_forward : ndarray of float64, shape (56,)
        Endplates [cm].
    inset_backward, inset_forward : ndarray of float64, shape (56,)
        Insensitive ends [cm].
    cells : ndarray of int64, shape (56,)
        Sense wires.
    half_shift : ndarray of int64, shape (56,)
        Azimuth from the backward to the forward endplate in half cells; 0 for axial layers.
    offset : ndarray of float64, shape (56,)
        Azimuth of wire 0 at the backward endplate in cells: 0 or 0.5.
    superlayer : ndarray of int64, shape (56,)
        0 to 8.
    """

    radius: NDArray[np.float64]
    z_backward: NDArray[np.float64]
    z_forward: NDArray[np.float64]
    inset_backward: NDArray[np.float64]
    inset_forward: NDArray[np.float64]
    cells: NDArray[np.int64]
    half_shift: NDArray[np.int64]
    offset: NDArray[np.float64]
    superlayer: NDArray[np.int64]


@cache
def layer_table() -> LayerTable:
    """Return the table of the layers.

    Notes
    -----
    Offsets: even layers of a superlayer 0, odd ones 0.5, but the other way round in superlayer 0,
    so that every priority layer has 0.
    """
    layers = np.array(SUPERLAYER_LAYERS)
    local = np.concatenate([np.arange(n) for n in SUPERLAYER_LAYERS])
    superlayer = np.repeat(np.arange(N_SUPERLAYER, dtype=np.int64), layers)
    odd = (local + (superlayer == 0)) % 2
    table = LayerTable(
        np.array(RADIUS_MM) / 10.0,
        np.array(Z_BACKWARD_MM) / 10.0,
        np.array(Z_FORWARD_MM) / 10.0,
        np.array(INSET_BACKWARD_MM) / 10.0,
        np.array(INSET_FORWARD_MM) / 10.0,
        np.array(SUPERLAYER_CELLS, dtype=np.int64)[superlayer],
        np.array(SUPERLAYER_HALF_SHIFT, dtype=np.int64)[superlayer],
        0.5 * odd,
        superlayer,
    )
    for array in vars(table).values():
        array.flags.writeable = False
    return table
