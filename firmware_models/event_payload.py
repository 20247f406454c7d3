"""Payload that a reader can check: pseudo-random words keyed by (seed, tag, sub-detector).

The words of a fragment are the upper halves of the SplitMix64 sequence that starts from
``mix(mix(seed) + tag · 8 + (id − 1))``: word k is ``mix(start + (k + 1) · γ) >> 32``, all
modulo 2⁶⁴.

Source: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014: the constant γ and the mixing function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import CheckFailed, InputError
from firmware_models.interface.readout import N_SUBDETECTOR
from firmware_models.kernels import njit
from firmware_models.readout_events import SUBDETECTORS, ReadoutEvents

GAMMA = 0x9E3779B97F4A7C15
FACTOR_1, FACTOR_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def pseudo_payload(
    seed: int, tag: NDArray[np.uint32], sizes: NDArray[np.integer]
) -> NDArray[np.uint32]:
    """Return the payload of many events, one after the other.

    Parameters
    ----------
    seed : int
        0 to 2**63 - 1.
    tag : ndarray of uint32, shape (n,)
        Event tags.
    sizes : ndarray of int, shape (n, 8)
        Payload words of each event and sub-detector.

    Returns
    -------
    ndarray of uint32, shape (sum of sizes,)

    Raises
    ------
    InputError
        For a seed out of range, or a shape that does not agree.
    """
    if not 0 <= seed < 1 << 63:
        raise InputError(f"must be 0 to 2**63 - 1, not {seed}", place="payload seed")
    if np.shape(sizes) != (len(tag), N_SUBDETECTOR):
        raise InputError(f"must have shape {(len(tag), N_SUBDETECTOR)}, not {np.shape(sizes)}",
                         place="payload sizes")  # fmt: skip
    flat = np.ascontiguousarray(sizes, dtype=np.int64).ravel()
    out = np.empty(int(flat.sum()), dtype=np.uint32)
    _fill(np.uint64(seed), np.asarray(tag, dtype=np.uint32), flat, out)
    return out


def check_payload(events: ReadoutEvents, seed: int) -> None:
    """Raise `CheckFailed` unless every payload word is that of `pseudo_payload`.

    Parameters
    ----------
    events : ReadoutEvents
    seed : int
    """
    expected = pseudo_payload(seed, events.tag, events.sizes)
    wrong = np.flatnonzero(expected != events.payload)
    if len(wrong):
        at = int(wrong[0])
        fragment = int(np.searchsorted(events.offsets, at, side="right")) - 1
        event, d = divmod(fragment, N_SUBDETECTOR)
        raise CheckFailed(
            f"payload of event {event} (tag {events.tag[event]}), {SUBDETECTORS[d]}, word "
            f"{at - events.offsets[fragment]} must be 0x{expected[at]:08x}, "
            f"not 0x{events.payload[at]:08x}; {len(wrong)} words differ"
        )


@njit()
def _mix(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(FACTOR_1)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(FACTOR_2)
    return x ^ (x >> np.uint64(31))


@njit()
def _fill(seed, tag, sizes, out):  # type: ignore[no-untyped-def]
    at = 0
    key = _mix(seed)
    for i in range(len(tag)):
        for d in range(N_SUBDETECTOR):
            x = _mix(key + np.uint64(tag[i]) * np.uint64(N_SUBDETECTOR) + np.uint64(d))
            for _ in range(sizes[N_SUBDETECTOR * i + d]):
                x += np.uint64(GAMMA)
                out[at] = np.uint32(_mix(x) >> np.uint64(32))
                at += 1
