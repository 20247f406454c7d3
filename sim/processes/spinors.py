"""Spinors, currents and slashed vectors for amplitudes with explicit spins.

The chiral representation: the first two components are left-handed, the last two right-handed. Rows
are ū or v̄. Vectors are px, py, pz, E; those of currents are complex.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@njit()
def spinors(p4: FloatArray, mass: float, sign: float, out: ComplexArray) -> None:
    """Fill u(p) (sign 1) or v(p) (sign -1) of both spins, shape ``(2, 4)``."""
    x, y, z, shifted = p4[0], p4[1], p4[2], p4[3] + mass
    norm = 1.0 / math.sqrt(2.0 * shifted)
    out[0, 0], out[0, 1] = (shifted - z) * norm, -(x + 1j * y) * norm
    out[0, 2], out[0, 3] = sign * (shifted + z) * norm, sign * (x + 1j * y) * norm
    out[1, 0], out[1, 1] = -(x - 1j * y) * norm, (shifted + z) * norm
    out[1, 2], out[1, 3] = sign * (x - 1j * y) * norm, sign * (shifted - z) * norm


@njit()
def conjugate(states: ComplexArray) -> None:
    """Turn u into ū, or v into v̄, in place, both spins: γ⁰ exchanges the halves."""
    for spin in range(2):
        for half in range(2):
            left = states[spin, half].conjugate()
            states[spin, half] = states[spin, half + 2].conjugate()
            states[spin, half + 2] = left


@njit()
def sandwich(bra: ComplexArray, ket: ComplexArray, out: ComplexArray) -> None:
    """Fill the vector ā γ^μ b, px, py, pz, E."""
    out[:] = 0.0
    add_sandwich(bra, ket, out)


@njit()
def add_sandwich(bra: ComplexArray, ket: ComplexArray, out: ComplexArray) -> None:
    """Add the vector ā γ^μ b."""
    ac, ad, bc, bd = bra[0] * ket[2], bra[0] * ket[3], bra[1] * ket[2], bra[1] * ket[3]
    out[0] += ad + bc
    out[1] += 1j * (bc - ad)
    out[2] += ac - bd
    out[3] += ac + bd
    ac, ad, bc, bd = bra[2] * ket[0], bra[2] * ket[1], bra[3] * ket[0], bra[3] * ket[1]
    out[0] -= ad + bc
    out[1] -= 1j * (bc - ad)
    out[2] -= ac - bd
    out[3] += ac + bd


@njit()
def slash_ket(a: ComplexArray, ket: ComplexArray, mass: float, out: ComplexArray) -> None:
    """Fill (a̸ + m) b; a is a vector px, py, pz, E."""
    minus, plus = a[0] - 1j * a[1], a[0] + 1j * a[1]
    low, high = a[3] - a[2], a[3] + a[2]
    out[0] = low * ket[2] - minus * ket[3] + mass * ket[0]
    out[1] = -plus * ket[2] + high * ket[3] + mass * ket[1]
    out[2] = high * ket[0] + minus * ket[1] + mass * ket[2]
    out[3] = plus * ket[0] + low * ket[1] + mass * ket[3]


@njit()
def slash_bra(bra: ComplexArray, a: ComplexArray, mass: float, out: ComplexArray) -> None:
    """Fill ā (a̸ + m)."""
    minus, plus = a[0] - 1j * a[1], a[0] + 1j * a[1]
    low, high = a[3] - a[2], a[3] + a[2]
    out[0] = bra[2] * high + bra[3] * plus + mass * bra[0]
    out[1] = bra[2] * minus + bra[3] * low + mass * bra[1]
    out[2] = bra[0] * low - bra[1] * plus + mass * bra[2]
    out[3] = -bra[0] * minus + bra[1] * high + mass * bra[3]


@njit()
def dot(a: ComplexArray, b: ComplexArray) -> complex:
    """Return the four-product, neither conjugated."""
    result: complex = a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]
    return result


@njit()
def square(a: FloatArray) -> float:
    """Return the invariant square of a momentum [GeV²]."""
    result: float = a[3] * a[3] - a[0] * a[0] - a[1] * a[1] - a[2] * a[2]
    return result
