"""Wires of the central drift chamber: numbers, places, stereo angles.

A global wire id counts through the layers, the innermost first: 0 to 14335. Wires are straight
lines between the endplates, so that the azimuth of a stereo wire is no linear function of z and its
distance from the axis is smallest half way. Gravity's sag is not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cdc_layers import (
    N_LAYER,
    N_SECTOR,
    N_SEGMENT,
    N_WIRE,
    SUPERLAYER_KIND,
    SUPERLAYER_LAYERS,
    LayerTable,
    layer_table,
)
from firmware_models.errors import InputError


@dataclass(frozen=True)
class CdcGeometry:
    """Wires of a chamber.

    Parameters
    ----------
    table : LayerTable
        Its layers.
    first_wire : ndarray of int64, shape (57,)
        Wires of layer l are ``first_wire[l]`` to ``first_wire[l + 1]``.
    layer : ndarray of int64, shape (14336,)
        Layer of each wire.
    line : ndarray of float64, shape (14336, 4)
        Each wire as x = a + b z, y = c + d z [cm]: a, c, b, d.
    """

    table: LayerTable
    first_wire: NDArray[np.int64]
    layer: NDArray[np.int64]
    line: NDArray[np.float64]

    def position(self, wire: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        """Return x and y [cm] of wires at z [cm], shape ``(…, 2)``."""
        line = self.line[np.asarray(wire)]
        at = np.asarray(z, dtype=np.float64)[..., None]
        result: NDArray[np.float64] = line[..., :2] + at * line[..., 2:]
        return result

    def phi(self, wire: ArrayLike, z: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the azimuth [rad] of wires, in [0, 2π).

        Parameters
        ----------
        wire : array_like of int
            Global ids.
        z : array_like of float, optional
            [cm]; default: at the backward endplate.
        """
        wire = np.asarray(wire)
        at = self.table.z_backward[self.layer[wire]] if z is None else z
        xy = self.position(wire, at)
        return np.asarray(np.arctan2(xy[..., 1], xy[..., 0]) % (2.0 * np.pi))


@cache
def cdc_geometry() -> CdcGeometry:
    """Return the wires of the standard chamber."""
    return build_geometry(layer_table())


def build_geometry(table: LayerTable) -> CdcGeometry:
    """Return the wires of a chamber.

    Raises
    ------
    InputError
        From `check_geometry`.
    """
    check_geometry(table)
    first = np.concatenate(([0], np.cumsum(table.cells))).astype(np.int64)
    layer = np.repeat(np.arange(N_LAYER, dtype=np.int64), table.cells)
    local = np.arange(N_WIRE) - first[layer]
    phi = 2.0 * np.pi * (local + table.offset[layer]) / table.cells[layer]
    far = phi + twist(table)[layer]
    radius, low, high = (
        a[layer][:, None] for a in (table.radius, table.z_backward, table.z_forward)
    )
    backward = radius * np.stack((np.cos(phi), np.sin(phi)), axis=1)
    forward = radius * np.stack((np.cos(far), np.sin(far)), axis=1)
    slope = (forward - backward) / (high - low)
    line = np.hstack((backward - low * slope, slope))
    for array in (first, layer, line):
        array.flags.writeable = False
    return CdcGeometry(table, first, layer, line)


def twist(table: LayerTable) -> NDArray[np.float64]:
    """Return the azimuth [rad] from backward to forward endplate of each layer, shape ``(56,)``."""
    result: NDArray[np.float64] = np.pi * table.half_shift / table.cells
    return result


def stereo_angle(table: LayerTable) -> NDArray[np.float64]:
    """Return the angle [rad] between the wires of each layer and the axis, signed, shape (56,)."""
    chord = 2.0 * table.radius * np.sin(0.5 * twist(table))
    return np.asarray(np.arctan2(chord, table.z_forward - table.z_backward))


def check_geometry(table: LayerTable) -> None:
    """Check that a table describes a chamber that the trigger's words and patterns fit.

    Parameters
    ----------
    table : LayerTable
        To be checked.

    Raises
    ------
    InputError
        The message names the invariant that does not hold, and the first layer at fault.
    """
    for name, values in vars(table).items():
        if np.shape(values) != (N_LAYER,):
            raise InputError(
                f"given shape {np.shape(values)}; allowed: one number for each of {N_LAYER} layers",
                place=name,
            )
        _demand(np.isfinite(values), name, values, "finite numbers")
    superlayer = np.repeat(np.arange(len(SUPERLAYER_LAYERS)), SUPERLAYER_LAYERS)
    _demand(
        table.superlayer == superlayer, "superlayer", table.superlayer,
        f"layers in superlayers of {', '.join(map(str, SUPERLAYER_LAYERS))}",
    )  # fmt: skip
    _check_lengths(table)
    _check_cells(table)


def _check_lengths(table: LayerTable) -> None:
    step = np.diff(table.radius, prepend=0.0)
    _demand(step > 0.0, "radius", table.radius, "positive radii that rise with the layer")
    _demand(table.z_backward < 0.0, "z_backward", table.z_backward, "below 0")
    _demand(table.z_forward > 0.0, "z_forward", table.z_forward, "above 0")
    for name, inset, end in (
        ("inset_backward", table.inset_backward, -table.z_backward),
        ("inset_forward", table.inset_forward, table.z_forward),
    ):
        _demand((inset >= 0.0) & (inset < end), name, inset, "from 0 to the wire's half")


def _check_cells(table: LayerTable) -> None:
    cells, superlayer = table.cells, table.superlayer
    first = np.searchsorted(superlayer, superlayer)
    _demand(cells > 0, "cells", cells, "above 0")
    _demand(cells == cells[first], "cells", cells, "the same number in all layers of a superlayer")
    _demand(
        cells % N_SECTOR == 0, "cells", cells,
        f"multiples of {N_SECTOR}: the chamber repeats {N_SECTOR} times in azimuth",
    )  # fmt: skip
    for text, given, wanted in (
        ("wires", int(cells.sum()), N_WIRE),
        ("segments", int(cells[np.unique(first)].sum()), N_SEGMENT),
    ):
        if given != wanted:
            raise InputError(f"given {given} {text}; allowed: {wanted}", place="cells")
    shift = table.half_shift
    _demand(
        shift == shift[first], "half_shift", shift, "the same shift in all layers of a superlayer"
    )
    sign = np.array([{"A": 0, "U": 1, "V": -1}[kind] for kind in SUPERLAYER_KIND])
    _demand(
        np.sign(shift) == sign[superlayer], "half_shift", shift,
        "0 in axial superlayers (0, 2, 4, 6, 8), above 0 in 1 and 5, below 0 in 3 and 7",
    )  # fmt: skip
    local = np.arange(N_LAYER) - first
    odd = (local + (superlayer == 0)) % 2
    _demand(
        table.offset == 0.5 * odd, "offset", table.offset,
        "0 and 0.5 in turn, 0 in priority layers (3 of superlayer 0, 2 of the others)",
    )  # fmt: skip


def _demand(good: NDArray[np.bool_], name: str, values: NDArray[np.generic], allowed: str) -> None:
    """Raise for the first layer that is not as it must be."""
    if not np.all(good):
        layer = int(np.argmin(good))
        raise InputError(f"given {values[layer]}; allowed: {allowed}", place=f"{name}[{layer}]")
