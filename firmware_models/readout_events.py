"""Events as the readout knows them: header fields, and the payload of every sub-detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.readout import (
    HEADER_WORDS,
    MAX_PAYLOAD,
    N_LINE_WORD,
    N_SUBDETECTOR,
    TRAILER_WORDS,
)

SUBDETECTORS = ("SVD", "CDC", "TOP", "ARICH", "ECL", "KLM", "TRG", "PXD")
"""Names by bit of the present mask; the id of a sub-detector is its bit + 1."""

THREE_SAMPLE, INJECTION_VETO = 1 << 0, 1 << 1
"""Flags: the vertex detector was read with three samples, an injection veto window was up."""

_LIMITS = {"trigger_type": 0xF, "flags": 0xFFF}


@dataclass(frozen=True)
class ReadoutEvents:
    """Header fields and payloads of many events, ragged.

    Parameters
    ----------
    tag : ndarray of uint32, shape (n,)
        Event tag.
    time : ndarray of uint64, shape (n,)
        Ticks since the start of the run.
    trigger_type : ndarray of uint8, shape (n,)
        0 to 15.
    flags : ndarray of uint16, shape (n,)
        12 bits: `THREE_SAMPLE`, `INJECTION_VETO`, others free.
    lines : ndarray of uint32, shape (n, 10)
        Output line i is bit ``i % 32`` of element ``i // 32``.
    present : ndarray of uint8, shape (n,)
        Bit d: sub-detector d + 1 has a fragment (perhaps an empty one).
    offsets : ndarray of int64, shape (8 n + 1,)
        Payload of sub-detector d + 1 in event i is ``offsets[8 i + d]`` to
        ``offsets[8 i + d + 1]``; nothing where it is absent, at most 65 535 words.
    payload : ndarray of uint32, shape (n_words,)

    Raises
    ------
    InputError
        When shapes do not agree, or a value is out of range.
    """

    tag: NDArray[np.uint32]
    time: NDArray[np.uint64]
    trigger_type: NDArray[np.uint8]
    flags: NDArray[np.uint16]
    lines: NDArray[np.uint32]
    present: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    payload: NDArray[np.uint32]

    def __post_init__(self) -> None:
        """Check shapes, types and ranges."""
        for name, (dtype, shape) in _layout(len(self.tag)).items():
            array = getattr(self, name)
            if array.dtype != dtype or (shape is not None and array.shape != shape):
                raise InputError(f"{name} must be {dtype} of shape {shape or '(n_words,)'}, "
                                 f"not {array.dtype} of {array.shape}", place="events")  # fmt: skip
        for name, high in _LIMITS.items():
            if np.any(getattr(self, name) > high):
                raise InputError(f"{name} must be 0 to {high}, not {getattr(self, name).max()}",
                                 place="events")  # fmt: skip
        self._check_payloads()

    def _check_payloads(self) -> None:
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.payload):
            raise InputError(
                f"offsets must run from 0 to {len(self.payload)}, not from "
                f"{self.offsets[0]} to {self.offsets[-1]}", place="events",
            )  # fmt: skip
        sizes = np.diff(self.offsets)
        if np.any((sizes < 0) | (sizes > MAX_PAYLOAD)):
            i = int(np.flatnonzero((sizes < 0) | (sizes > MAX_PAYLOAD))[0])
            raise InputError(f"payload of {_place(i)} must have 0 to {MAX_PAYLOAD} words, "
                             f"not {sizes[i]}", place="events")  # fmt: skip
        absent = np.flatnonzero((self.sizes > 0) & ~presence(self.present))
        if len(absent):
            i = int(absent[0])
            raise InputError(f"{_place(i)} is absent but has {sizes[i]} payload words",
                             place="events")  # fmt: skip

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.tag)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Payload words of each event and sub-detector, shape ``(n, 8)``."""
        return np.diff(self.offsets).reshape(len(self.tag), N_SUBDETECTOR)

    def equals(self, other: ReadoutEvents) -> bool:
        """Say whether every field of every event is the same."""
        return all(np.array_equal(getattr(self, f.name), getattr(other, f.name))
                   for f in fields(self))  # fmt: skip

    @classmethod
    def build(
        cls,
        sizes: NDArray[np.integer],
        payload: NDArray[np.uint32],
        columns: Mapping[str, NDArray[np.generic]] | None = None,
        *,
        present: NDArray[np.integer] | None = None,
    ) -> ReadoutEvents:
        """Build from payload sizes; header fields that are not given are 0, tags count from 0.

        Parameters
        ----------
        sizes : ndarray of int, shape (n, 8)
            Payload words.
        payload : ndarray of uint32, shape (n_words,)
            Payload of all events one after the other.
        columns : mapping of str to ndarray, optional
            Header fields by name, any integer type.
        present : ndarray of int, shape (n,), optional
            Default: sub-detectors with payload.

        Raises
        ------
        InputError
            When a value does not fit its field.
        """
        sizes = np.asarray(sizes, dtype=np.int64).reshape(-1, N_SUBDETECTOR)
        n = len(sizes)
        if present is None:
            present = (sizes > 0) @ (1 << np.arange(N_SUBDETECTOR))
        given = {"tag": np.arange(n), "present": present, **(columns or {})}
        header = {
            name: _cast(name, given.get(name, np.zeros(shape or (n,))), dtype)
            for name, (dtype, shape) in _layout(n).items()
            if name not in ("offsets", "payload")
        }
        offsets = np.concatenate(([0], np.cumsum(sizes.ravel()))).astype(np.int64)
        return cls(**header, offsets=offsets, payload=payload)


def presence(present: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the mask as booleans, shape ``(n, 8)``."""
    bits = np.unpackbits(present[:, None], axis=1, bitorder="little")
    return bits.astype(np.bool_)


def frame_lengths(events: ReadoutEvents) -> NDArray[np.int64]:
    """Return the 32-bit words of each event's frame, shape ``(n,)``."""
    fragments = presence(events.present).sum(axis=1)
    total = events.sizes.sum(axis=1) + fragments + HEADER_WORDS + TRAILER_WORDS
    return np.asarray(total, dtype=np.int64)


def _layout(n: int) -> dict[str, tuple[np.dtype[np.generic], tuple[int, ...] | None]]:
    """Return dtype and shape of every field, for n events."""
    return {
        "tag": (np.dtype(np.uint32), (n,)),
        "time": (np.dtype(np.uint64), (n,)),
        "trigger_type": (np.dtype(np.uint8), (n,)),
        "flags": (np.dtype(np.uint16), (n,)),
        "lines": (np.dtype(np.uint32), (n, N_LINE_WORD)),
        "present": (np.dtype(np.uint8), (n,)),
        "offsets": (np.dtype(np.int64), (N_SUBDETECTOR * n + 1,)),
        "payload": (np.dtype(np.uint32), None),
    }


def _cast(name: str, values: Any, dtype: np.dtype[np.generic]) -> NDArray[Any]:
    given = np.asarray(values)
    cast = given.astype(dtype)
    if not np.array_equal(cast, given):
        raise InputError(f"{name} must fit {dtype}, not {given.min()} to {given.max()}",
                         place="events")  # fmt: skip
    return cast


def _place(index: int) -> str:
    return f"{SUBDETECTORS[index % N_SUBDETECTOR]} in event {index // N_SUBDETECTOR}"
