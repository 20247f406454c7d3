"""Numbers of the deeper network of the track trigger; its words are those of `neuro_mlp`.

Source of inputs, widths, table and window: cdc_track_trigger section 5.5 of the reference notes
(basf2 NeuroTrigger3DH). Its hidden layers are not published: their sizes are this project's
choice, and so are fractional bits for each layer, and how many inputs a layer takes on a clock.
"""

from __future__ import annotations

from firmware_models.interface.cdc_segment import N_PATTERN_BIT, N_SUPERLAYER
from firmware_models.interface.neuro import N_INPUT, N_PATTERN, NODE_FRACTION, ONE

N_QUANTITY = N_INPUT // N_SUPERLAYER
"""Relative ID, drift time and crossing angle."""

N_FEATURE = N_INPUT + N_PATTERN
PER_SUPERLAYER = N_QUANTITY + N_PATTERN_BIT
"""Inputs of a superlayer: its three quantities, then its eleven bits."""

SHAPE = (N_FEATURE, 60, 60, 4)
"""Nodes: inputs, two hidden layers, then z, θ, the class of the collision point and that of STT."""

OUTPUTS = ("z", "theta", "ip_class", "stt_class")

WEIGHT_WIDTH = 18
"""Bits of a weight: 17 and the sign."""

SMALLEST_FRACTION, LARGEST_FRACTION = 8, 20
"""Fractional bits of a layer's weights: 17 − ceil(log2 of the largest). So weights reach 512, and a
layer of weights below 1/8 keeps 20 bits, as far as the sums go."""

SUM_WIDTH, PATTERN_SUM_WIDTH = 38, 25
"""Bits of a sum, whatever the weights: 27 inputs of at most 8192, 99 bits that stand for 4096 and
the bias, all times 2¹⁷, are below 2³⁷; 99 weights alone are below 2²⁴."""

WINDOW_INTEGER = 2
"""The table covers [0, 4). basf2 looks at 18 bits of a sum, 12 fractional, 2, 3 of headroom and the
sign. Sums beyond 4 are limited here, so no output depends on the headroom."""

ADDRESS_WIDTH = 12
ADDRESS_SHIFT = NODE_FRACTION + WINDOW_INTEGER - ADDRESS_WIDTH
LIMIT = 1 << (NODE_FRACTION + WINDOW_INTEGER)
"""Value of the window from which on, at 4, a node has its largest value."""

TOP = ONE - 1
"""Largest value of a node: 12 bits. The bias is `ONE`."""

INPUT_LANES, PATTERN_LANES, HIDDEN_LANES, OUTPUT_LANES = 4, 15, 6, 31
"""Inputs that each node takes on a clock: 7 clocks for 28 and for 99, 11 for 61, 2 for 61."""
