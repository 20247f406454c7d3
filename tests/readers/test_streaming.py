"""Memory while reading does not grow with the number of events."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sim.events import Events, concatenate
from sim.readers import event_file, open_events, text, write_events


def _peak(path: Path) -> int:
    list(zip(open_events(path, chunk=100), range(1), strict=False))  # imports and compilation
    tracemalloc.start()
    n = sum(len(part) for part in open_events(path, chunk=100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n > 0
    return peak


@pytest.mark.parametrize("name", ["hepmc3", "hepmc2", "lhe"])
def test_peak_is_that_of_a_chunk(
    name: str, tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times the events, the same memory; with small units, so that small files suffice."""
    monkeypatch.setattr(text, "BLOCK", 1 << 16)
    monkeypatch.setattr(event_file, "PIECE", 100)

    def repeated(times: int) -> Path:
        path = tmp_path / f"{times}.{name}"
        data = files[name].read_bytes()
        mark = b"<event>" if name == "lhe" else b"E 0 "
        end = data.rindex(b"</LesHouches" if name == "lhe" else b"HepMC::")
        start = data.index(mark)
        path.write_bytes(data[:start] + data[start:end] * times + data[end:])
        return path

    assert _peak(repeated(45)) < 1.2 * _peak(repeated(15))


def test_parquet_peak_is_that_of_a_row_group(tmp_path: Path, events: Events) -> None:
    """Arrow's own memory counts too: its pool is asked."""
    peaks = []
    for times in (1, 4):
        path = tmp_path / f"{times}.parquet"
        write_events(path, [concatenate([events] * 500)] * times)
        pool = pa.default_memory_pool()
        before = pool.bytes_allocated()
        peaks.append(max(pool.bytes_allocated() - before for _ in open_events(path, chunk=5000)))
    assert peaks[1] <= 1.2 * peaks[0]


def test_chunks_are_views_of_nothing_larger(files: dict[str, Path]) -> None:
    first = next(iter(open_events(files["parquet"], chunk=3)))
    assert isinstance(first, Events)
    base = first.p4.base
    assert base is None or base.size <= 4 * first.p4.size
    assert np.array_equal(first.offsets, [0, 2, 2, 4])
