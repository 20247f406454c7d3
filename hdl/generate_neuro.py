"""Generated modules and constants of the neural track trigger: weights, activation and sine tables.

A new file of weights changes generated files alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_weights
from firmware_models.interface.neuro import (
    ACCUMULATOR_WIDTH,
    ADDRESS_SHIFT,
    ADDRESS_WIDTH,
    HIDDEN_LANES,
    MOMENTUM_LIMIT,
    N_EXPERT,
    N_HIDDEN,
    N_INPUT,
    N_OUTPUT,
    NEURO_INPUT,
    NODE_WIDTH,
    ONE,
    OUTPUT_LANES,
    SINE_FRACTION,
    SINE_SHIFT,
    SINE_WIDTH,
    WEIGHT_WIDTH,
)
from firmware_models.neuro_weights import NeuroWeights
from firmware_models.sine_table import sine_table
from firmware_models.tanh_table import tanh_table
from hdl.generate_rom import packed, rom

EXPERT_WIDTH = NEURO_INPUT["expert"].width


def neuro_parameters() -> Iterator[str]:
    """Yield the package's constants of the neural track trigger."""
    yield "  // Network: nodes, experts, fixed point, inputs that a layer takes on a clock."
    for name, value in {
        "NEURO_INPUTS": N_INPUT,
        "NEURO_HIDDEN": N_HIDDEN,
        "NEURO_OUTPUTS": N_OUTPUT,
        "NEURO_EXPERTS": N_EXPERT,
        "NEURO_NODE_W": NODE_WIDTH,
        "NEURO_ONE": ONE,
        "NEURO_WEIGHT_W": WEIGHT_WIDTH,
        "NEURO_SUM_W": ACCUMULATOR_WIDTH,
        "NEURO_ADDRESS_W": ADDRESS_WIDTH,
        "NEURO_ADDRESS_SHIFT": ADDRESS_SHIFT,
        "NEURO_HIDDEN_STEP_W": step_width(N_INPUT + 1, HIDDEN_LANES),
        "NEURO_OUTPUT_STEP_W": step_width(N_HIDDEN + 1, OUTPUT_LANES),
        "NEURO_HIDDEN_LANES": HIDDEN_LANES,
        "NEURO_OUTPUT_LANES": OUTPUT_LANES,
        "SINE_W": SINE_WIDTH,
        "SINE_SHIFT": SINE_SHIFT,
        "SINE_ENTRY_W": SINE_FRACTION + 1,
        "MOMENTUM_LIMIT": MOMENTUM_LIMIT,
    }.items():
        yield f"  localparam {name} = {value};"


def neuro_modules(notice: str, weights: NeuroWeights | None = None) -> dict[str, str]:
    """Return the text of the ROMs by their paths from the project's root.

    Parameters
    ----------
    notice : str
        First line of each file.
    weights : NeuroWeights, optional
        Default: those of the package.
    """
    weights = weights or neuro_weights.load()
    about = f"kind: {weights.provenance.get('kind')}; checksum {weights.checksum()[:16]}"
    files = {
        "neuro_mlp_hidden_rom": rom(
            "neuro_mlp_hidden_rom", f"Weights of the hidden layer ({about}).",
            weight_words(weights.hidden, HIDDEN_LANES), WEIGHT_WIDTH * HIDDEN_LANES * N_HIDDEN,
            step_width(N_INPUT + 1, HIDDEN_LANES) + EXPERT_WIDTH),
        "neuro_mlp_output_rom": rom(
            "neuro_mlp_output_rom", f"Weights of the output layer ({about}).",
            weight_words(weights.output, OUTPUT_LANES), WEIGHT_WIDTH * OUTPUT_LANES * N_OUTPUT,
            step_width(N_HIDDEN + 1, OUTPUT_LANES) + EXPERT_WIDTH),
        "neuro_mlp_tanh_rom": rom(
            "neuro_mlp_tanh_rom", "tanh(x/2) with 12 fractional bits; 10 of the address.",
            tanh_table()[:-1].tolist(), NODE_WIDTH - 1, ADDRESS_WIDTH, rest=ONE),
        "single_track_sine_rom": rom(
            "single_track_sine_rom", "sin(theta) with 12 fractional bits, over |theta| >> 4.",
            sine_table().tolist(), SINE_FRACTION + 1, SINE_WIDTH),
    }  # fmt: skip
    return {
        f"hdl/generated/{name}.sv": "\n".join([f"// {notice}", *lines])
        for name, lines in files.items()
    }


def step_width(inputs: int, lanes: int) -> int:
    """Return the bits of the number of a clock in a layer; the expert lies above in an address."""
    return max((-(-inputs // lanes) - 1).bit_length(), 1)


def weight_words(
    layer: NDArray[np.int64], lanes: int, width: int = WEIGHT_WIDTH, pitch: int = 0
) -> dict[int, int]:
    """Return the ROM of a layer: address ``{expert, step}`` to the weights of one clock.

    Parameters
    ----------
    layer : ndarray, shape (n_expert, nodes, inputs + 1)
    lanes : int
        Inputs taken on a clock. Weight of lane l of node n at bit pitch · (n · lanes + l); lanes
        beyond the last input have weight 0.
    width : int
        Bits of a weight.
    pitch : int
        Bits from weight to weight, the upper ones 0; 0: `width`.
    """
    experts, nodes, columns = layer.shape
    steps = -(-columns // lanes)
    padded = np.zeros((experts, nodes, steps * lanes), dtype=np.int64)
    padded[:, :, :columns] = layer
    by_step = padded.reshape(experts, nodes, steps, lanes).transpose(0, 2, 1, 3)
    return {
        expert << step_width(columns, lanes) | step: packed(
            by_step[expert, step].ravel().tolist(), width, pitch
        )
        for expert in range(experts)
        for step in range(steps)
    }
