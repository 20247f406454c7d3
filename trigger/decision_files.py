"""Decision files: Parquet, one row an event, one boolean column a line and stage.

Columns: ``event`` (int64), ``process`` (dictionary of strings), ``weight`` (float64), the truth
variables (float64), ``l1``, ``ftdl_<line>`` and ``psnm_<line>`` (bool). The provenance stands as
JSON under the key ``lowmult`` of the file's metadata, the tally of each process (events, sum of
weights and of squared weights, normalisation) under ``lowmult.samples``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from firmware_models.errors import InputError, check_regular, unknown_name
from firmware_models.files import whole_file
from trigger.arrow_bits import from_arrow, to_arrow
from trigger.bits import BitTable
from trigger.decision_schema import SAMPLES_KEY, Tally, compatible, make_schema, parse_metadata
from trigger.decisions import LEVEL1, STAGES, DecisionChunk, Provenance, check_weights, column
from trigger.samples import Sample

MAX_CHUNK = 98_304
"""Most events of a row group that the writer makes and of a batch that the reader gives."""


class DecisionWriter:
    """Write chunks of decisions as row groups; made by `open_writer`."""

    def __init__(self, writer: pq.ParquetWriter, provenance: Provenance) -> None:
        self._writer = writer
        self._provenance = provenance
        self._tally: Tally = {}
        self._samples: dict[str, Sample] = dict(provenance.samples)

    def write(self, chunk: DecisionChunk) -> None:
        """Append a chunk.

        Raises
        ------
        InputError
            When its lines or truth variables are not those of the file.
        """
        expected = self._provenance
        if chunk.ftdl.names != expected.lines or chunk.psnm.names != expected.lines:
            raise InputError("lines differ from those of the file", place=chunk.process)
        if set(chunk.truth) != set(expected.truth):
            raise InputError(
                f"truth columns {sorted(chunk.truth)}, those of the file: {sorted(expected.truth)}",
                place=chunk.process,
            )
        if len(chunk) == 0:
            return
        self._writer.write_table(_to_table(chunk, expected, self._writer.schema), MAX_CHUNK)
        tally = self._tally.setdefault(chunk.process, {"n_events": 0, "sum_w": 0.0, "sum_w2": 0.0})
        tally["n_events"] += len(chunk)
        tally["sum_w"] += float(chunk.weight.sum())
        tally["sum_w2"] += float(np.square(chunk.weight).sum())

    def normalise(self, process: str, sample: Sample) -> None:
        """Note the normalisation of a process, known by the end of its generation."""
        self._samples[process] = sample.checked(process)

    def close(self) -> None:
        """Write the tally and the normalisation."""
        names = sorted({*self._samples, *self._tally})
        text = {
            name: {
                "seen": self._tally.get(name, {"n_events": 0, "sum_w": 0.0, "sum_w2": 0.0}),
                "normalisation": self._samples.get(name, Sample()).as_dict(),
            }
            for name in names
        }
        self._writer.add_key_value_metadata({SAMPLES_KEY: json.dumps(text).encode()})


@contextlib.contextmanager
def open_writer(path: str | Path, provenance: Provenance) -> Iterator[DecisionWriter]:
    """Open a decision file for writing; it appears when the block ends well, or not at all.

    Parameters
    ----------
    path : str or Path
        The Parquet file.
    provenance : Provenance
        Lines, prescales, menu, units of the truth columns, configuration and seed. The version of
        the package is filled in.

    Raises
    ------
    InputError
        When names collide or the file cannot be written.
    """
    schema = make_schema(provenance.checked(str(path)))
    with whole_file(path) as temporary, _parquet_writer(temporary, schema) as arrow:
        writer = DecisionWriter(arrow, provenance)
        yield writer
        writer.close()


def _parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # zstd keeps mostly empty bit columns small; statistics of booleans would only cost space;
    # checksums let the reader notice a damaged page.
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=["process"], write_statistics=["event"],
        write_page_checksum=True,
    )  # fmt: skip


class DecisionFile:
    """A decision file, opened and checked; its chunks are read one at a time.

    Parameters
    ----------
    path : str or Path

    Attributes
    ----------
    path : Path
    provenance : Provenance
    n_events : int
    seen : dict of str to dict
        Tally of each process: ``n_events``, ``sum_w``, ``sum_w2``.

    Raises
    ------
    InputError
        When the file is missing, truncated, empty, or not a decision file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        check_regular(self.path)
        with _readable(self.path):
            self._file = pq.ParquetFile(self.path, page_checksum_verification=True)
        stored: Mapping[bytes, bytes] = self._file.metadata.metadata or {}
        self.provenance, self.seen = parse_metadata(stored, str(self.path))
        self.n_events = int(self._file.metadata.num_rows)
        if self.n_events == 0:
            raise InputError("holds no events", place=str(self.path))
        if sum(int(tally["n_events"]) for tally in self.seen.values()) != self.n_events:
            raise InputError("number of rows differs from its metadata", place=str(self.path))
        self._check_columns()

    @property
    def processes(self) -> tuple[str, ...]:
        """Processes that have events, in alphabetical order."""
        return tuple(name for name, tally in self.seen.items() if tally["n_events"])

    def _check_columns(self) -> None:
        """Compare the columns with those that the metadata promise."""
        found, promised = self._file.schema_arrow, make_schema(self.provenance)
        for wanted in promised:
            index = found.get_field_index(wanted.name)
            if index < 0 or not compatible(found.field(index).type, wanted.type):
                what = "missing" if index < 0 else f"of type {found.field(index).type}"
                raise InputError(f"column {wanted.name!r} is {what}", place=str(self.path))

    def chunks(
        self,
        *,
        lines: Sequence[str] | None = None,
        stages: Sequence[str] = STAGES,
        truth: Sequence[str] | None = None,
    ) -> Iterator[DecisionChunk]:
        """Read the events, each chunk of one process and at most `MAX_CHUNK` events.

        Parameters
        ----------
        lines : sequence of str, optional
            Lines to read. Default: all, in menu order.
        stages : sequence of str
            Of ``"ftdl"`` and ``"psnm"``.
        truth : sequence of str, optional
            Truth columns to read. Default: all.

        Raises
        ------
        InputError
            For unknown names, damaged pages and missing values.
        """
        every = self.provenance
        chosen = every.lines if lines is None else tuple(lines)
        wanted = tuple(every.truth) if truth is None else tuple(truth)
        self._check_names("line", chosen, every.lines)
        self._check_names("truth column", wanted, every.truth)
        bits = [column(stage, line) for stage in stages for line in chosen]
        columns = ["event", "process", "weight", LEVEL1, *wanted, *bits]
        counted = dict.fromkeys(self.seen, 0)
        for group in range(self._file.num_row_groups):
            with _readable(self.path):
                batches = self._file.iter_batches(MAX_CHUNK, row_groups=[group], columns=columns)
            while True:
                with _readable(self.path):
                    batch = next(batches, None)
                if batch is None:
                    break
                for part in self._split(batch, chosen, tuple(stages), wanted):
                    counted[part.process] += len(part)
                    yield part
        for name, n in counted.items():
            if n != self.seen[name]["n_events"]:
                raise InputError(
                    f"{n} rows of process {name!r}, its metadata say {self.seen[name]['n_events']}",
                    place=str(self.path),
                )

    def _check_names(self, kind: str, given: Sequence[str], allowed: Sequence[str] | Mapping[str, str]) -> None:  # fmt: skip  # noqa: E501
        for name in given:
            if name not in allowed:
                raise unknown_name(kind, name, allowed, place=str(self.path))

    def _split(
        self,
        batch: pa.RecordBatch,
        lines: tuple[str, ...],
        stages: tuple[str, ...],
        truth: tuple[str, ...],
    ) -> Iterator[DecisionChunk]:
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            if values.null_count:
                raise InputError(f"column {name!r} has missing values", place=str(self.path))
        label = batch.column("process")
        if pa.types.is_dictionary(label.type):
            label = label.cast(pa.string())
        for process in label.unique().to_pylist():
            if process not in self.seen:
                raise unknown_name("process of its rows", process, self.seen, place=str(self.path))
            mask = pa.compute.equal(label, process)
            part = batch if pa.compute.all(mask).as_py() else batch.filter(mask)
            yield _to_chunk(process, part, lines, stages, truth, str(self.path))


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn every way in which Arrow fails on a bad file into one error."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError("no such file", place=str(path)) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        if path.is_file() and path.stat().st_size == 0:
            raise InputError("is empty", place=str(path)) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"is no readable Parquet file ({reason})", place=str(path)) from error


def _to_table(chunk: DecisionChunk, provenance: Provenance, schema: pa.Schema) -> pa.Table:
    n = len(chunk)
    process = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(n, np.int32)), pa.array([chunk.process])
    )
    arrays = [pa.array(chunk.event), process, pa.array(chunk.weight)]
    arrays += [pa.array(chunk.truth[name]) for name in provenance.truth]
    arrays.append(pa.array(chunk.l1))
    arrays += [to_arrow(row, n) for table in (chunk.ftdl, chunk.psnm) for row in table.rows]
    return pa.Table.from_arrays(arrays, schema=schema)


def _to_chunk(
    process: str,
    batch: pa.RecordBatch,
    lines: tuple[str, ...],
    stages: tuple[str, ...],
    truth: tuple[str, ...],
    place: str,
) -> DecisionChunk:
    def numbers(name: str) -> NDArray[Any]:
        values: NDArray[Any] = batch.column(name).to_numpy(zero_copy_only=False)
        return values

    def table(stage: str) -> BitTable:
        names = lines if stage in stages else ()
        rows = np.zeros((len(names), -(-len(batch) // 64)), dtype=np.uint64)
        for row, line in zip(rows, names, strict=True):
            row[:] = from_arrow(batch.column(column(stage, line)))
        return BitTable(names, rows, len(batch))

    weight = numbers("weight")
    check_weights(weight, place=f"{place}: column weight, {process}")
    accept = numbers(LEVEL1).astype(bool)
    return DecisionChunk(
        process, numbers("event"), weight, table("ftdl"), table("psnm"), accept,
        {name: numbers(name) for name in truth},
    )  # fmt: skip


__all__ = ["MAX_CHUNK", "DecisionFile", "DecisionWriter", "open_writer"]
