"""Stimulus for `single_track`: tracks at the cuts in z and momentum, events of 0 to 20 tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface import Registers
from firmware_models.interface.neuro import (
    CLASS_OFFSET,
    MOMENTUM_LIMIT,
    NEURO_TRACK,
    ONE,
    SINE_SHIFT,
)
from firmware_models.sine_table import sine_table
from firmware_models.single_track import BLOCK
from hdl.streams import stream

_DEFAULT = {name: int(value[0]) for name, value in BLOCK.defaults().items()}
_CLASSES = ("ip_class", "stt_class")
_CUTS = [0, *(_DEFAULT[name] for name in ("stt_z", "nnt_z", "ty_z"))]


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words: half of the tracks near the cuts, the others anywhere."""
    rng = stream(seed, "single_track/constrained")
    words = BLOCK.input.zeros(n)
    words["valid"] = rng.random(n) < 0.9
    words["neural"] = rng.random(n) < 0.85
    # Long events and short ones.
    words["last"] = rng.random(n) < rng.choice((0.05, 0.3, 0.6, 1.0), n, p=(0.5, 0.3, 0.1, 0.1))
    words["z"] = _edges(rng, n, np.array(_CUTS))
    words["theta"] = _edges(rng, n, np.arange(0, ONE + 1, 1 << SINE_SHIFT))
    omega = NEURO_TRACK["omega"]
    anywhere = rng.integers(omega.low, omega.high + 1, n)
    words["omega"] = np.where(rng.random(n) < 0.5, _at_momentum(words["theta"], rng), anywhere)
    for name in ("ip_class", "stt_class"):
        words[name] = _edges(rng, n, np.array([0]))
    for name in ("phi0", "quadrant"):
        words[name] = rng.integers(0, NEURO_TRACK[name].high + 1, n)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers: near their usual values, anywhere, or at their ends."""
    rng = stream(seed, "single_track/registers")
    out: Registers = {}
    for register in BLOCK.registers:
        top = (1 << register.width) - 1
        # A class is cut on in the middle of its range, where tracks are.
        usual = CLASS_OFFSET if register.name in _CLASSES else _DEFAULT[register.name]
        close = min(max(usual + int(rng.integers(-20, 21)), 0), top)
        values = (close, int(rng.integers(0, top + 1)), 0, top)
        value = rng.choice(values, p=(0.5, 0.4, 0.05, 0.05))
        out[register.name] = np.array([value], dtype=np.int64)
    return out


def _edges(rng: np.random.Generator, n: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw counts: at the edges ±1, within ±1 of the scale, and anywhere in the field."""
    field = NEURO_TRACK["z"]
    close = rng.choice(edges, n) * rng.choice((-1, 1), n) + rng.integers(-1, 2, n)
    inside = rng.integers(-ONE, ONE + 1, n)
    ends = rng.choice((-ONE, ONE, field.low, field.high, 0), n)
    anywhere = rng.integers(field.low, field.high + 1, n)
    kind = rng.choice(4, size=n, p=(0.5, 0.35, 0.1, 0.05))
    drawn: NDArray[np.int64] = np.choose(kind, (close, inside, ends, anywhere))
    return drawn


def _at_momentum(theta: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the curvature at which the default cut turns over, or one count beside it."""
    address = np.minimum(np.abs(theta.astype(np.int64)) >> SINE_SHIFT, len(sine_table()) - 1)
    edge = MOMENTUM_LIMIT // (sine_table()[address] * _DEFAULT["momentum"])
    near = edge + rng.integers(-1, 2, len(theta))
    field = NEURO_TRACK["omega"]
    signed: NDArray[np.int64] = near * rng.choice((-1, 1), len(theta))
    return np.clip(signed, field.low, field.high)
