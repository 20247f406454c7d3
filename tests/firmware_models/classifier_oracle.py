"""The classifier in plain integers: one hypothesis at a time, from the words on the page."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import Any

import numpy as np


@cache
def activation(address: int) -> int:
    """Return round(4096 tanh(x/2)) at the middle of an address, to 40 digits."""
    with localcontext() as context:
        context.prec = 40
        x = (Decimal(address) + Decimal("0.5") - Decimal(2) ** -13) / 1024
        power = x.exp()
        return int(
            (4096 * (power - 1) / (power + 1) + Decimal("0.5")).to_integral_value("ROUND_FLOOR")
        )


def node(weights: list[int], values: list[int]) -> int:
    """Return a node's value; the bias is the last weight."""
    total = 4096 * weights[-1] + sum(w * v for w, v in zip(weights[:-1], values, strict=True))
    size = activation(min(abs(total) // 4096, 9937))
    return -size if total < 0 else size


def told(word: Any, ring: int) -> list[int]:
    """Return the 29 features of a ring of one word."""

    def of(name: str, r: int = ring) -> int:
        return int(word[name][r])

    p, n = of("positive"), of("negative")
    arms = [(p, of("positive_row"), of("positive_layers")),
            (n, of("negative_row"), of("negative_layers"))]  # fmt: skip
    # The mirror image: other arm, other end of columns and rows.
    image = [(63 - c, 7 - r, k) for c, r, k in reversed(arms)]
    keys = [(a[0] + b[0] - 63, a[1] + b[1] - 7, a[2] - b[2]) for a, b in (arms, image)]
    turn = 0 if arms == image else 1
    if keys[0] < (0, 0, 0):
        assert keys[1] > (0, 0, 0)
        arms, turn = image, -1
    (p, p_row, p_layers), (n, n_row, n_layers) = arms
    rings = [r for r in range(6) if of("valid", r)]
    others = [r for r in rings if r != ring]

    def apart(r: int, sign: int = turn) -> int:
        steps = sign * (of("azimuth", r) - of("azimuth")) % 32
        return steps - 32 if steps > 15 else steps

    inner = [apart(r) for r in others if r < ring]
    outer = [apart(r) for r in others if r > ring]
    return [
        *(4096 * (r == ring) for r in range(6)), 64 * (p - n), 256 * min(abs(p - n), 15),
        64 * (p + n - 63), 512 * (2 * p_row - 7), 512 * (2 * n_row - 7), 512 * p_layers,
        512 * n_layers, 256 * of("arms"), 1024 * of("inner"), 256 * min(of("cells"), 15),
        4096 * (int(word["tracks"]) > 0), *(4096 * (r in rings) for r in range(6)),
        64 * min(sum(of("cells", r) for r in rings), 63),
        256 * max((of("positive_layers", r) + of("negative_layers", r) for r in others), default=0),
        128 * min(max((abs(of("positive", r) - of("negative", r)) for r in others), default=0), 31),
        512 * sum(abs(apart(r, 1)) <= 2 for r in others), 256 * (inner[-1] if inner else 0),
        256 * (outer[0] if outer else 0),
    ]  # fmt: skip


def decision(word: Any, hidden: np.ndarray, output: np.ndarray, values: Any) -> dict[str, Any]:
    """Return the fields of the word `displaced_decision`."""
    layer, last = hidden.tolist(), output[0].tolist()
    score = [node(last, [node(w, told(word, r)) for w in layer]) if word["valid"][r] else 0
             for r in range(6)]  # fmt: skip
    accepted = [int(word["valid"][r] == 1 and score[r] + 8192 >= values["min_score"][r])
                for r in range(6)]  # fmt: skip
    tracks = int(word["tracks"])
    return {"accepted": accepted, "score": score, "tracks": tracks, "clock": int(word["clock"]),
            "dvt": int(any(accepted) and tracks <= values["max_tracks"][0])}  # fmt: skip
