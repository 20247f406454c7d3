"""Generated modules and constants of the deeper network: weights, their scale, activation table.

A new file of weights changes generated files alone: also by how far sums are shifted, which
follows from the size of the weights, lies in a package of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_models import deep_weights
from firmware_models.deep_weights import DeepWeights
from firmware_models.interface.neuro import N_INPUT, N_PATTERN, NODE_FRACTION
from firmware_models.interface.neuro_deep import (
    ADDRESS_SHIFT,
    ADDRESS_WIDTH,
    HIDDEN_LANES,
    INPUT_LANES,
    N_FEATURE,
    N_QUANTITY,
    OUTPUT_LANES,
    PATTERN_LANES,
    PATTERN_SUM_WIDTH,
    PER_SUPERLAYER,
    SHAPE,
    SUM_WIDTH,
    TOP,
    WEIGHT_WIDTH,
    WINDOW_INTEGER,
)
from firmware_models.tanh_table_short import short_tanh_table
from hdl.generate_neuro import step_width, weight_words
from hdl.generate_rom import rom

INPUTS = {
    "input": (N_INPUT + 1, INPUT_LANES),
    "pattern": (N_PATTERN, PATTERN_LANES),
    "hidden": (SHAPE[1] + 1, HIDDEN_LANES),
    "output": (SHAPE[2] + 1, OUTPUT_LANES),
}
"""Inputs with the bias, and inputs on a clock, of each part that has weights."""

PITCH, SUM_PITCH = 32, 64
"""Bits from weight to weight in a word of a ROM, and from sum to sum between layers: simulators
read one with one access. Synthesis drops the bits between them, which nobody reads."""


def deep_parameters() -> Iterator[str]:
    """Yield the package's constants of the deeper network."""
    yield "  // Deeper network: nodes, fixed point, inputs that a layer takes on a clock."
    for name, value in {
        "FIRST": SHAPE[1],
        "SECOND": SHAPE[2],
        "OUTPUTS": SHAPE[3],
        "WEIGHT_W": WEIGHT_WIDTH,
        "PITCH": PITCH,
        "SUM_PITCH": SUM_PITCH,
        "SUM_W": SUM_WIDTH,
        "PATTERN_SUM_W": PATTERN_SUM_WIDTH,
        "FRACTION": NODE_FRACTION,
        "INTEGER_W": WINDOW_INTEGER,
        "ADDRESS_W": ADDRESS_WIDTH,
        "ADDRESS_SHIFT": ADDRESS_SHIFT,
        "TOP": TOP,
    }.items():
        yield f"  localparam NEURO_DEEP_{name} = {value};"
    for part, (inputs, lanes) in INPUTS.items():
        yield f"  localparam NEURO_DEEP_{part.upper()}_LANES = {lanes};"
        yield f"  localparam NEURO_DEEP_{part.upper()}_STEP_W = {step_width(inputs, lanes)};"


def deep_modules(notice: str, weights: DeepWeights | None = None) -> dict[str, str]:
    """Return the text of ROMs and of the package of scales by their paths from the project's root.

    Parameters
    ----------
    notice : str
        First line of each file.
    weights : DeepWeights, optional
        Default: those of the package.
    """
    weights = weights or deep_weights.load()
    about = f"checksum {weights.checksum()[:16]}"
    layers = _parts(weights)
    files = {
        f"neuro_deep_{part}_rom": list(rom(
            f"neuro_deep_{part}_rom", f"Weights by clock, {part} ({about}).",
            weight_words(layers[part][None], lanes, WEIGHT_WIDTH, PITCH),
            PITCH * lanes * len(layers[part]), step_width(inputs, lanes)))
        for part, (inputs, lanes) in INPUTS.items()
    }  # fmt: skip
    files["neuro_deep_tanh_rom"] = list(rom(
        "neuro_deep_tanh_rom", "tanh(x) with 12 fractional bits; 10 of the address.",
        short_tanh_table().tolist(), NODE_FRACTION, ADDRESS_WIDTH))  # fmt: skip
    files["neuro_deep_pkg"] = list(_scales(weights, about))
    return {
        f"hdl/generated/{name}.sv": "\n".join([f"// {notice}", *lines])
        for name, lines in files.items()
    }


def _parts(weights: DeepWeights) -> dict[str, NDArray[np.int64]]:
    """Return the weights by part: of the first layer those of bits apart from the others."""
    first, hidden, output = weights.layers
    bits = np.arange(N_FEATURE) % PER_SUPERLAYER >= N_QUANTITY
    others = np.append(~bits, True)
    return {"input": first[:, others], "pattern": first[:, :-1][:, bits],
            "hidden": hidden, "output": output}  # fmt: skip


def _scales(weights: DeepWeights, about: str) -> Iterator[str]:
    yield f"// Fractional bits of the weights of each layer ({about})."
    yield "package neuro_deep_pkg;"
    for name, bits in zip(("FIRST", "SECOND", "OUTPUT"), weights.fractions, strict=True):
        yield f"  localparam NEURO_DEEP_{name}_SHIFT = {bits};"
    yield "endpackage"
    yield ""
