"""Words that cross block boundaries: fields, numpy dtypes, packing to and from bits.

A `Word` is declared once, in `firmware_models.interface`. Everything else that knows its layout
(numpy dtype, SystemVerilog package, testbench drivers, vector files, docs page) is derived.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit


@dataclass(frozen=True)
class Field:
    """One field of a word.

    Parameters
    ----------
    name : str
        Name in the field's standard terms.
    width : int
        Bits of one element, 1 to 63.
    count : int
        Number of elements; element 0 lies lowest.
    signed : bool
        Two's complement if true.
    lsb : float
        Physical value of one count, in `unit`.
    unit : str
        Unit of `lsb`; empty for pure numbers.
    doc : str
        What the field means, with its source where it has one.
    """

    name: str
    width: int
    count: int = 1
    signed: bool = False
    lsb: float = 1.0
    unit: str = ""
    doc: str = ""

    @property
    def bits(self) -> int:
        """Bits of all elements."""
        return self.width * self.count

    @property
    def low(self) -> int:
        """Lowest value that the field holds."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """Highest value that the field holds."""
        return (1 << (self.width - 1 if self.signed else self.width)) - 1

    @property
    def scalar(self) -> np.dtype[np.generic]:
        """Smallest numpy integer type that holds one element."""
        size = next(s for s in (8, 16, 32, 64) if s >= self.width)
        return np.dtype(f"{'i' if self.signed else 'u'}{size // 8}")


@dataclass(frozen=True)
class Word:
    """A word: fields from bit 0 upwards, without gaps.

    Parameters
    ----------
    name : str
        Name of the word.
    fields : tuple of Field
        From the lowest bit upwards.
    doc : str
        What the word carries.
    """

    name: str
    fields: tuple[Field, ...]
    doc: str = ""

    def __getitem__(self, name: str) -> Field:
        """Return the field of that name."""
        return next(field for field in self.fields if field.name == name)

    @property
    def width(self) -> int:
        """Bits of the whole word."""
        return sum(field.bits for field in self.fields)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Structured numpy dtype: one item a field, a subarray where `count` > 1."""
        return np.dtype(
            [(f.name, f.scalar) if f.count == 1 else (f.name, f.scalar, (f.count,))
             for f in self.fields]
        )  # fmt: skip

    def low_bit(self, name: str) -> int:
        """Return the lowest bit of a field."""
        low = 0
        for field in self.fields:
            if field.name == name:
                return low
            low += field.bits
        raise KeyError(name)

    def zeros(self, n: int) -> NDArray[np.void]:
        """Return `n` words of zeros, shape ``(n,)``, dtype `dtype`."""
        return np.zeros(n, dtype=self.dtype)

    def beat(self, beats: int) -> Word:
        """Return the word that crosses the bus in one clock when a frame takes `beats` clocks.

        A field with several elements is dealt out in order, ``count / beats`` elements a beat; a
        field with one element is repeated on every beat.
        """
        if beats == 1:
            return self
        parts = []
        for field in self.fields:
            if field.count == 1:
                parts.append(field)
            else:
                if field.count % beats:
                    raise InputError(f"{field.count} elements do not divide into {beats} beats",
                                     place=f"{self.name}.{field.name}")  # fmt: skip
                parts.append(
                    Field(field.name, field.width, field.count // beats, field.signed, field.lsb,
                          field.unit, field.doc)
                )  # fmt: skip
        return Word(f"{self.name}_beat", tuple(parts), self.doc)

    def pack(self, values: NDArray[np.void], beats: int = 1) -> NDArray[np.uint32]:
        """Pack structured values into bus words.

        Parameters
        ----------
        values : ndarray, shape (n,), dtype `dtype`
        beats : int
            Clocks that one word takes on the bus.

        Returns
        -------
        ndarray of uint32, shape (n * beats, ceil(beat width / 32))
            Least significant 32 bits first, as Verilator lays out wide ports.

        Raises
        ------
        InputError
            When a value does not fit its field.
        """
        beat = self.beat(beats)
        out = np.zeros((len(values) * beats, (beat.width + 31) // 32), dtype=np.uint32)
        low = 0
        for field, part in zip(self.fields, beat.fields, strict=True):
            column = np.asarray(values[field.name]).reshape(len(values), field.count)
            if column.size and (int(column.min()) < field.low or int(column.max()) > field.high):
                raise InputError(
                    f"value outside [{field.low}, {field.high}]: {column.min()} to {column.max()}",
                    place=f"{self.name}.{field.name}",
                )
            if field.count == 1:
                column = np.repeat(column, beats, axis=0)
            else:
                column = column.reshape(len(values) * beats, part.count)
            _insert(out, np.ascontiguousarray(column), low, part.width)
            low += part.bits
        return out

    def unpack(self, bus: NDArray[np.uint32], beats: int = 1) -> NDArray[np.void]:
        """Unpack bus words; the inverse of `pack` (repeated fields are read from the first beat).

        Parameters
        ----------
        bus : ndarray of uint32, shape (n * beats, ceil(beat width / 32))
        beats : int
            Clocks that one word takes on the bus.

        Returns
        -------
        ndarray, shape (n,), dtype `dtype`
        """
        beat = self.beat(beats)
        bus = np.ascontiguousarray(bus, dtype=np.uint32)
        n = len(bus) // beats
        values = self.zeros(n)
        low = 0
        for field, part in zip(self.fields, beat.fields, strict=True):
            column = np.zeros((len(bus), part.count), dtype=np.uint64)
            _extract(bus, column, low, part.width)
            if field.signed:
                shift = np.int64(64 - field.width)
                column = ((column.view(np.int64) << shift) >> shift).view(np.uint64)
            if field.count == 1:
                values[field.name] = column[::beats, 0].astype(field.scalar)
            else:
                values[field.name] = column.reshape(n, field.count).astype(field.scalar)
            low += part.bits
        return values

    def to_int(self, value: NDArray[np.void] | np.void) -> int:
        """Return one structured value as a plain integer, field by field."""
        total, low = 0, 0
        for field in self.fields:
            for element in np.atleast_1d(value[field.name]).ravel().tolist():
                total |= (int(element) & ((1 << field.width) - 1)) << low
                low += field.width
        return total


@njit()
def _insert(out, column, low, width):  # type: ignore[no-untyped-def]
    """Write every element of `column` into the bit stream of its row, from bit `low` upwards."""
    mask = np.uint64((np.uint64(1) << np.uint64(width)) - np.uint64(1))
    for row in range(column.shape[0]):
        position = low
        for element in range(column.shape[1]):
            value = np.uint64(column[row, element]) & mask
            remaining = width
            at = position
            while remaining > 0:
                bit = at & 31
                take = min(32 - bit, remaining)
                part = value & np.uint64((np.uint64(1) << np.uint64(take)) - np.uint64(1))
                out[row, at >> 5] |= np.uint32(part << np.uint64(bit))
                value >>= np.uint64(take)
                at += take
                remaining -= take
            position += width


@njit()
def _extract(bus, column, low, width):  # type: ignore[no-untyped-def]
    """Read every element of a field out of the bit stream of its row, from bit `low` upwards."""
    for row in range(column.shape[0]):
        position = low
        for element in range(column.shape[1]):
            value = np.uint64(0)
            done = 0
            while done < width:
                at = position + done
                bit = at & 31
                take = min(32 - bit, width - done)
                part = (np.uint64(bus[row, at >> 5]) >> np.uint64(bit)) & np.uint64(
                    (np.uint64(1) << np.uint64(take)) - np.uint64(1)
                )
                value |= part << np.uint64(done)
                done += take
            column[row, element] = value
            position += width
