"""Parquet files of our own schema: one row an event, lists of particles. Exact round trip.

========  ==============  ======================================================
column    type            meaning
========  ==============  ======================================================
pdg       list<int32>     particle codes of the Particle Data Group
px py pz  list<double>    momentum in the laboratory [GeV]
energy    list<double>    energy [GeV]
x y z     list<double>    production point [cm]; optional when reading
t         list<double>    production time [ns]; optional when reading
weight    double          weight of the event; optional when reading
========  ==============  ======================================================
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from firmware_models.errors import InputError, nearest
from firmware_models.files import whole_file
from sim.events import Events, FloatArray
from sim.readers.sample import Sample, assemble, rechunk
from sim.readers.text import clean, listed

PARTICLE = ("px", "py", "pz", "energy")
POSITION = ("x", "y", "z", "t")
SCHEMA = pa.schema(
    [("pdg", pa.list_(pa.int32()))]
    + [(name, pa.list_(pa.float64())) for name in (*PARTICLE, *POSITION)]
    + [("weight", pa.float64())]
)
METADATA = b"lowmult.events"
SCHEMA_VERSION = 1
ROWS = 20_000
"""Events of a row group: some megabytes, the unit in which a reader needs memory."""


def write_events(
    path: str | Path,
    chunks: Iterable[Events],
    *,
    cross_section_pb: float | None = None,
    cross_section_err_pb: float | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> int:
    """Store events so that `open_events` gives back the same bits.

    The same events give the same bytes, however they are cut into chunks.

    Parameters
    ----------
    path : str or Path
        The file, written whole or not at all.
    chunks : iterable of Events
        The events, laboratory frame.
    cross_section_pb, cross_section_err_pb : float, optional
        Cross-section of the sample and its error [pb].
    provenance : mapping, optional
        How the sample was made (process, seed, version …), kept as JSON in the metadata.

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    head = {
        "version": SCHEMA_VERSION,
        "cross_section_pb": cross_section_pb,
        "cross_section_err_pb": cross_section_err_pb,
        "provenance": dict(provenance or {}),
    }
    schema = SCHEMA.with_metadata({METADATA: json.dumps(head, sort_keys=True).encode()})
    n = 0
    with (
        whole_file(path) as temporary,
        pq.ParquetWriter(
            temporary, schema, compression="zstd", write_page_checksum=True, use_dictionary=["pdg"]
        ) as writer,
    ):
        for events in rechunk(iter(chunks), ROWS):
            writer.write_table(_table(events, schema))
            n += len(events)
    return n


def _table(events: Events, schema: pa.Schema) -> pa.Table:
    offsets = pa.array(events.offsets, pa.int32())
    columns = [pa.ListArray.from_arrays(offsets, pa.array(events.pdg, pa.int32()))]
    for block in (events.p4, events.vertex):
        for values in block.T:
            flat = pa.array(np.ascontiguousarray(values), pa.float64())
            columns.append(pa.ListArray.from_arrays(offsets, flat))
    columns.append(pa.array(events.weight, pa.float64()))
    return pa.Table.from_arrays(columns, schema=schema)


def read(sample: Sample, batch: int) -> Iterator[Events]:
    """Read events in pieces of at most `batch`; see `sim.readers.sample.Reader`.

    Raises
    ------
    InputError
        Names the column or the event.
    """
    sample.format = "Parquet"
    place = str(sample.path)
    with _translated(place):
        file = pq.ParquetFile(sample.path, page_checksum_verification=True)
    with file:
        with _translated(place):
            columns = _columns(file.schema_arrow, place)
            sample.n_events_hint = file.metadata.num_rows
            _note_header(sample, file.schema_arrow.metadata or {})
            batches = file.iter_batches(batch, columns=columns, use_threads=False)
        first = 0
        while True:
            with _translated(f"{place}: from event {first} on"):
                part = next(batches, None)
                if part is None:
                    return
                events = _convert(part, f"{place}: from event {first} on")
            yield events
            first += len(events)


@contextlib.contextmanager
def _translated(place: str) -> Iterator[None]:
    """Turn the errors of pyarrow into `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise InputError(f"cannot read: {error.strerror}", place=place) from error
    except Exception as error:  # Arrow uses OSError, ValueError, IndexError … for damaged files
        raise InputError(
            f"damaged, truncated or not a Parquet file ({clean(str(error))})", place=place
        ) from error


def _columns(schema: pa.Schema, place: str) -> list[str]:
    """Return the columns to read; check their types."""
    found = schema.names
    missing = [name for name in ("pdg", *PARTICLE) if name not in found]
    if missing:
        hints = []
        for name in missing:
            near = nearest(name, found)
            hints.append(f"{name!r}" + (f" (nearest: {clean(near)!r})" if near else ""))
        raise InputError(f"no column {', '.join(hints)}; found: {listed(found)}", place=place)
    for wanted in SCHEMA:
        if wanted.name in found and not _fits(schema.field(wanted.name).type, wanted.type):
            raise InputError(
                f"column {wanted.name!r} must be {wanted.type}, "
                f"not {schema.field(wanted.name).type}",
                place=place,
            )
    return [name for name in SCHEMA.names if name in found]


def _fits(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Tell whether a column type can be read: any width of the same kind of number."""
    if pa.types.is_list(wanted):
        lists = pa.types.is_list(given) or pa.types.is_large_list(given)
        return lists and _fits(given.value_type, wanted.value_type)
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(given))
    return bool(pa.types.is_floating(given))


def _note_header(sample: Sample, metadata: Mapping[bytes, bytes]) -> None:
    if METADATA not in metadata:
        return
    head = json.loads(metadata[METADATA])
    value, error = head.get("cross_section_pb"), head.get("cross_section_err_pb")
    if isinstance(value, float | int):
        given = isinstance(error, float | int)
        sample.set_cross_section(float(value), float(error) if given else 0.0)
        sample.cross_section_err_pb = float(error) if given else None


def _convert(batch: pa.RecordBatch, place: str) -> Events:
    counts = _counts(batch, "pdg", place)
    n = int(counts.sum())
    blocks: list[FloatArray] = []
    for names in (PARTICLE, POSITION):
        block = np.zeros((n, 4))
        for k, name in enumerate(names):
            if name in batch.schema.names:
                if not np.array_equal(_counts(batch, name, place), counts):
                    raise InputError(f"{name} and pdg differ in length", place=place)
                block[:, k] = _flat(batch, name, place)
        blocks.append(block)
    weight = np.ones(len(counts))
    if "weight" in batch.schema.names:
        weight = _numbers(batch.column("weight"), "weight", place).astype(np.float64)
    return assemble(counts, _flat(batch, "pdg", place), blocks[0], blocks[1], weight)


def _counts(batch: pa.RecordBatch, name: str, place: str) -> NDArray[np.int64]:
    column = batch.column(name)
    column.validate(full=True)
    return _numbers(pc.list_value_length(column), name, place).astype(np.int64)


def _flat(batch: pa.RecordBatch, name: str, place: str) -> NDArray[Any]:
    return _numbers(batch.column(name).flatten(), name, place)


def _numbers(array: pa.Array, name: str, place: str) -> NDArray[Any]:
    if array.null_count:
        raise InputError(f"{name} has empty (null) values", place=place)
    result: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return result
