"""Generated parts of `displaced_classifier`: weights as ROMs, and its constants."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_models import displaced_weights
from firmware_models.displaced_weights import DisplacedWeights
from firmware_models.interface.displaced import (
    FEATURE_LANES,
    HIDDEN_LANES,
    N_FEATURE,
    N_HIDDEN,
)
from firmware_models.interface.neuro import WEIGHT_WIDTH
from hdl.generate_neuro import step_width, weight_words
from hdl.generate_rom import rom


def classifier_parameters() -> Iterator[str]:
    """Yield the package's constants of `displaced_classifier`."""
    clocks = -(-(N_FEATURE + 1) // FEATURE_LANES)
    # Both layers take a ring in the same time: they share the width of a clock's number.
    assert clocks == -(-(N_HIDDEN + 1) // HIDDEN_LANES)
    yield "  // Classifier of vertex hypotheses: nodes, inputs on a clock, clocks a ring."
    for name, value in {
        "FEATURES": N_FEATURE,
        "HIDDEN": N_HIDDEN,
        "FEATURE_LANES": FEATURE_LANES,
        "HIDDEN_LANES": HIDDEN_LANES,
        "RING_CLOCKS": clocks,
        "STEP_W": step_width(N_FEATURE + 1, FEATURE_LANES),
    }.items():
        yield f"  localparam DISPLACED_{name} = {value};"


def classifier_modules(notice: str, weights: DisplacedWeights | None = None) -> dict[str, str]:
    """Return the text of the ROMs by their paths from the project's root.

    Parameters
    ----------
    notice : str
        First line of each file.
    weights : DisplacedWeights, optional
        Default: those of the package.
    """
    weights = weights or displaced_weights.load()
    about = f"checksum {weights.checksum()[:16]}"
    files = {}
    for part, layer, lanes in (
        ("hidden", weights.hidden, FEATURE_LANES), ("output", weights.output, HIDDEN_LANES),
    ):  # fmt: skip
        name = f"displaced_classifier_{part}_rom"
        lines = rom(name, f"Weights by clock, {part} layer ({about}).",
                    weight_words(layer[None], lanes), WEIGHT_WIDTH * lanes * len(layer),
                    step_width(layer.shape[1], lanes))  # fmt: skip
        files[f"hdl/generated/{name}.sv"] = "\n".join([f"// {notice}", *lines])
    return files
