"""Cylinders that cut the detector into zones, and the slabs of the layers within a zone.

A zone is the room between two cylinders; the helix is constant in it. Inner zones lie between the
cylinders of material, the outer nine hold one superlayer each. A layer's slab reaches from half way
to the layer below to half way to the layer above, measured from its wires' distance from the axis
at the particle's z (a stereo layer is a hyperboloid); the first and the last slab of a superlayer
are as thick outside as inside. What is left between superlayers belongs to no cell: assumption, in
the place of the field wires of the real chamber. The border between two superlayers lies half way
between their slabs, over all z; where a stereo layer ends at the endplates they overlap by up to
1 mm and are cut there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import CdcGeometry, twist
from firmware_models.cdc_layers import N_LAYER, N_SUPERLAYER
from firmware_models.errors import InputError
from sim.detector.cdc.material import CYLINDERS, SUBSTANCES


class Zones(NamedTuple):
    """Cylinders and zones.

    Parameters
    ----------
    radius : ndarray of float64, shape (n_zone + 1,)
        Cylinders [cm], the axis first; zone k lies between k and k + 1.
    thickness : ndarray of float64, shape (n_zone + 1,)
        Material of a cylinder in radiation lengths.
    substance : ndarray of int64, shape (n_zone + 1,)
        Its row in the table of substances.
    superlayer : ndarray of int64, shape (n_zone,)
        -1 before the gas.
    """

    radius: NDArray[np.float64]
    thickness: NDArray[np.float64]
    substance: NDArray[np.int64]
    superlayer: NDArray[np.int64]


SQUARE, LINEAR, CONSTANT = 2, 1, 0
BELOW, ABOVE, PER_TURN, OFFSET, HALF_TWIST, TANGENT, Z_LOW, Z_HIGH, Z_MIDDLE, Z_SCALE = range(3, 13)
FIRST_WIRE, CELLS = 13, 14
RADIUS = 15
N_LAYER_COLUMN = 16
"""Columns of `Layers.table`, lengths in cm. The wires' squared distance from the axis is a
polynomial of z (constant, z, z²). The slab reaches from the wires inwards and outwards. Cells for
one radian; offset in cells; half the azimuth between the endplates [rad] and its tangent. Sensitive
part of the wires; part of the way between the endplates, -1 to 1, as (z - middle) · scale. Radius
at the endplates."""


class Layers(NamedTuple):
    """What the kernels ask of the layers.

    Parameters
    ----------
    table : ndarray of float64, shape (56, 16)
        A row a layer; see `BELOW` and so on.
    line : ndarray of float64, shape (14336, 4)
        Wires; see `CdcGeometry`.
    first_layer : ndarray of int64, shape (10,)
        Layers of superlayer s are ``first_layer[s]`` to ``first_layer[s + 1]``.
    """

    table: NDArray[np.float64]
    line: NDArray[np.float64]
    first_layer: NDArray[np.int64]


def make_layers(geometry: CdcGeometry) -> Layers:
    """Return the layers of a chamber."""
    table = geometry.table
    half = 0.5 * twist(table)
    low, high = table.z_backward, table.z_forward
    first_layer = np.searchsorted(table.superlayer, np.arange(N_SUPERLAYER + 1)).astype(np.int64)
    step = 0.5 * np.diff(table.radius)
    below, above = np.concatenate(([step[0]], step)), np.concatenate((step, [step[-1]]))
    inner, outer = first_layer[:-1], first_layer[1:] - 1
    below[inner], above[outer] = above[inner], below[outer]
    # r² = R² (1 - 4 t (1 - t) sin²(half)), t = (z - low) / (high - low).
    k = 4.0 * (table.radius * np.sin(half) / (high - low)) ** 2
    rows = np.empty((N_LAYER, N_LAYER_COLUMN))
    rows[:, CONSTANT], rows[:, LINEAR] = table.radius**2 + k * low * high, -k * (low + high)
    rows[:, SQUARE] = k
    rows[:, BELOW], rows[:, ABOVE] = below, above
    rows[:, PER_TURN], rows[:, OFFSET] = table.cells / (2.0 * np.pi), table.offset
    rows[:, HALF_TWIST], rows[:, TANGENT] = half, np.tan(half)
    rows[:, Z_LOW], rows[:, Z_HIGH] = low + table.inset_backward, high - table.inset_forward
    rows[:, Z_MIDDLE], rows[:, Z_SCALE] = 0.5 * (low + high), 2.0 / (high - low)
    rows[:, FIRST_WIRE], rows[:, CELLS] = geometry.first_wire[:-1], table.cells
    rows[:, RADIUS] = table.radius
    return Layers(rows, np.ascontiguousarray(geometry.line), first_layer)


def make_zones(geometry: CdcGeometry) -> Zones:
    """Return the zones around and in a chamber.

    Raises
    ------
    InputError
        The first layer reaches into the material before the gas, or superlayers into each other.
    """
    table, layers = geometry.table, make_layers(geometry)
    outermost = table.radius + layers.table[:, ABOVE]
    innermost = table.radius * np.cos(layers.table[:, HALF_TWIST]) - layers.table[:, BELOW]
    last = layers.first_layer[1:-1] - 1
    between = 0.5 * (outermost[last] + innermost[last + 1])
    end = outermost[N_LAYER - 1]
    radius = np.array([0.0, *(row[0] for row in CYLINDERS), *between, end])
    if innermost[0] < CYLINDERS[-1][0] or not (np.diff(radius) > 0.0).all():
        raise InputError(
            f"given a first layer from {innermost[0]:.2f} cm; allowed: from {CYLINDERS[-1][0]:g} "
            "cm on, and superlayers one outside the other",
            place="radius",
        )
    thickness, substance = np.zeros(len(radius)), np.zeros(len(radius), dtype=np.int64)
    for number, (_, amount, of) in enumerate(CYLINDERS, start=1):
        thickness[number], substance[number] = amount, SUBSTANCES.index(of)
    superlayer = np.concatenate((np.full(len(CYLINDERS), -1), np.arange(N_SUPERLAYER)))
    return Zones(radius, thickness, substance, superlayer.astype(np.int64))
