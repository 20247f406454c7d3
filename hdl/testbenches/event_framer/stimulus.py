"""Stimulus for `event_framer`: short frames with every corner, junk wherever it does not count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.event_framer import BLOCK
from firmware_models.interface.readout import (
    HEADER_WORDS,
    MAX_PAYLOAD,
    N_SUBDETECTOR,
    TRAILER_WORDS,
)
from hdl.streams import stream

PRESENT = (0x00, 0x01, 0x80, 0xFF)
"""Masks that come often beside random ones: none, the lowest, the highest, all."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` ticks of frames, mostly back to back.

    Header fields are junk on ticks without a start. Some streams end with a frame too long for
    them: sizes up to the largest. In the second half of every other stream starts come inside
    frames too: late, because the flag which then stays up would hide later ones.
    """
    rng = stream(seed, "event_framer/constrained")
    words = BLOCK.input.zeros(n)
    for name in ("tag", "time", "lines", "payload"):
        words[name] = rng.integers(0, 1 << 32, words[name].shape)
    words["trigger_type"] = rng.integers(0, 1 << 4, n)
    words["flags"] = rng.integers(0, 1 << 12, n)
    words["present"] = rng.integers(0, 1 << N_SUBDETECTOR, n)
    words["sizes"] = rng.integers(0, 1 << 16, (n, N_SUBDETECTOR))
    at, ends_long, interrupted = int(rng.integers(3)), rng.random() < 0.4, rng.random() < 0.5
    while at < n:
        present = int(rng.choice((*PRESENT, int(rng.integers(1 << N_SUBDETECTOR)))))
        words["start"][at] = 1
        words["present"][at] = present
        if ends_long and at > 0.9 * n:
            words["sizes"][at] = rng.choice((1, MAX_PAYLOAD - 1, MAX_PAYLOAD), N_SUBDETECTOR)
        else:
            _shorten(rng, words["sizes"][at], present)
        at += _length(words["sizes"][at], present)
        # Mostly back to back.
        at += 0 if rng.random() < 0.6 else int(rng.integers(1, 8))
    if interrupted:
        words["start"][n // 2 :] |= rng.random(n - n // 2) < 0.05
    return words


def _shorten(rng: np.random.Generator, sizes: NDArray[np.uint16], present: int) -> None:
    """Give the sub-detectors that are there a few words: none, one, some, at times many."""
    longest = int(rng.choice((1, 2, 3, 6, 60), p=(0.2, 0.3, 0.3, 0.19, 0.01)))
    there = (present >> np.arange(N_SUBDETECTOR)) & 1 == 1
    sizes[there] = rng.integers(0, longest, int(there.sum()))


def _length(sizes: NDArray[np.uint16], present: int) -> int:
    there = (present >> np.arange(N_SUBDETECTOR)) & 1
    payload = int((sizes.astype(np.int64) * there).sum())
    return HEADER_WORDS + int(there.sum()) + payload + TRAILER_WORDS
