"""Traces: what the formats mean, and the line of whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from firmware_models.errors import InputError
from sim.readout.arrivals import ACTIVITY, SHORT
from sim.readout.config import parse_readout
from sim.readout.sources import make_source
from sim.readout.sources.candidates import CHUNK
from sim.readout.sources.trace import read_trace


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "trace.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_columns_by_name(tmp_path: Path) -> None:
    trace = read_trace(
        _file(tmp_path, "activity,tick,lml0,short,c4\n0,0,1,1,0\n1,7,0,0,0\n1,7,1,1,0\n0,9,1,0,1\n")
    )
    assert trace.time.tolist() == [0, 7 * 256, 7 * 256, 9 * 256]
    assert trace.flags.tolist() == [SHORT, ACTIVITY, SHORT | ACTIVITY, 0]
    assert trace.lines == ("lml0", "c4")
    rows = trace.patterns[trace.pattern].tolist()
    assert rows == [[True, False], [False, False], [True, False], [True, True]]
    assert len(trace.patterns) == 3


def test_many_lines(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    fired = rng.integers(0, 2, (500, 70))
    names = [f"line{i}" for i in range(70)]
    rows = [",".join(map(str, [i, *row])) for i, row in enumerate(fired.tolist())]
    trace = read_trace(_file(tmp_path, "\n".join([",".join(["tick", *names]), *rows])))
    assert np.array_equal(trace.patterns[trace.pattern], fired == 1)


@pytest.mark.parametrize("text", ["tick\n1\n2", "\ufefftick\r\n1\r\n2\r\n", " tick \n 1\n2 \n"])
def test_line_ends_blanks_and_byte_order_marks(tmp_path: Path, text: str) -> None:
    trace = read_trace(_file(tmp_path, text))
    assert trace.time.tolist() == [256, 512]
    assert trace.pattern.tolist() == [-1, -1]
    assert trace.lines == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"line 1: must begin with a line of column names$"),
        ("tick\n", r"trace.csv: holds no candidates$"),
        ("tick", r"holds no candidates$"),
        ("time\n1\n", r"needs a column tick; columns: time$"),
        ("1\n2\n", r"needs a column tick; columns: 1$"),
        ("tick,tick\n1,1\n", r"column 'tick' is given twice"),
        ("tick,a b\n1,1\n", r"column name 'a b' must be letters"),
        ("tick\n1\n3\n2\n", r"line 4: tick must not be below the one before, not 2$"),
        ("tick\n1\n2.5\n", r"line 3: tick must be an integer, not '2.5'$"),
        ("tick\n1\n0x10\n", r"line 3: tick must be an integer, not '0x10'$"),
        ("tick\n1\n\n2\n", r"line 3: tick must be an integer, not ''$"),
        ("tick\n-1\n2\n", r"line 2: tick must be 0 to \d+, not -1$"),
        ("tick\n1\n99999999999999999\n", r"line 3: tick must be 0 to 18014398509481984, not 9+$"),
        ("tick\n1\n99999999999999999999\n", r"line 3: tick 9+ is out of range$"),
        ("tick,short\n1,1\n2,2\n", r"line 3: short must be 0 or 1, not 2$"),
        ("tick,lml0\n1,1\n2,-1\n", r"line 3: lml0 must be 0 or 1, not -1$"),
        ("tick,short\n1,1\n25\n", r"line 3: must have 2 columns \(tick,short\), not 1$"),
        ("tick,short\n1,1\n25,\n", r"line 3: short must be an integer, not ''$"),
        ("tick\n1,2\n", r"line 2: must have 1 columns \(tick\), not 2$"),
        (b"tick\n1\n\xff\xfe\n", r"line 3: tick must be an integer"),
        (b"\xff\xfe\n1\n", r"is not a text file"),
        ("tick\n1 2\n", r"line 2: tick must be an integer, not '1 2'$"),
        ('tick\n"1"\n', r"line 2: tick must be an integer"),
        ("tick\n1\nNA\n", r"line 3: tick must be an integer, not 'NA'$"),
    ],
)
def test_damaged_files_are_refused_with_the_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        read_trace(_file(tmp_path, text))
    assert str(raised.value).startswith(f"{tmp_path}/trace.csv: ")


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_truncated_file_is_refused_or_ends_with_a_whole_line(tmp_path: Path, cut: int) -> None:
    ticks = [12_345_678 + 1000 * i for i in range(8)]
    text = "tick,short\n" + "".join(f"{t},{i % 2}\n" for i, t in enumerate(ticks))
    try:
        trace = read_trace(_file(tmp_path, text[:-cut]))
    except InputError:
        return
    assert (trace.time // 256).tolist() == ticks[: len(trace.time)]


def test_parquet_and_npy(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    pq.write_table(pa.table({"tick": [1, 5], "activity": [True, False]}), path)
    trace = read_trace(path)
    assert trace.time.tolist() == [256, 1280]
    assert trace.flags.tolist() == [ACTIVITY, 0]
    pq.write_table(pa.table({"tick": [5, 1]}), path)
    with pytest.raises(InputError, match=r"parquet: row 1: tick must not be below"):
        read_trace(path)
    pq.write_table(pa.table({"tick": [5, None]}), path)
    with pytest.raises(InputError, match=r"tick: holds missing values"):
        read_trace(path)
    pq.write_table(pa.table({"tick": [5.0]}), path)
    with pytest.raises(InputError, match=r"tick: must hold integers, not double"):
        read_trace(path)
    pq.write_table(pa.table([[1], [2]], names=["tick", "tick"]), path)
    with pytest.raises(InputError, match="cannot read: Multiple matches"):
        read_trace(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot read"):
        read_trace(path)
    path = tmp_path / "trace.npy"
    np.save(path, np.array([3, 4], dtype=np.uint64))
    assert read_trace(path).time.tolist() == [768, 1024]
    np.save(path, np.array([3, 2**63 + 5], dtype=np.uint64))
    with pytest.raises(InputError, match="element 1: tick must be 0 to"):
        read_trace(path)
    np.save(path, np.array([3.0]))
    with pytest.raises(InputError, match="1-dimensional float64"):
        read_trace(path)
    np.save(path, np.zeros(0, dtype=np.int64))
    with pytest.raises(InputError, match="holds no candidates"):
        read_trace(path)
    for content in (b"", b"PK\x03\x04", b"tick"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot read"):
            read_trace(path)
    np.save(path, np.arange(1000))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot read"):
        read_trace(path)


def test_a_source_gives_the_file_in_chunks_and_stops_at_the_wanted_number(tmp_path: Path) -> None:
    n = CHUNK + 500
    path = tmp_path / "long.npy"
    np.save(path, np.arange(n) * 3)
    for triggers, given in ((10**6, n), (CHUNK + 1, CHUNK + 1), (7, 7)):
        data = {
            "arrivals": {"kind": "trace", "file": str(path)},
            "run": {"triggers": triggers},
            "machine": {},
        }
        source = make_source(parse_readout(data, "x.toml"), "x.toml")
        chunks = list(source.chunks())
        time = np.concatenate([chunk.time for chunk in chunks])
        assert np.array_equal(time, np.arange(given) * 3 * 256)
        assert all(len(chunk.time) <= CHUNK for chunk in chunks)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read: No such file"):
        read_trace(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="cannot read: No such file"):
        read_trace(tmp_path / "nothing.parquet")
    with pytest.raises(InputError, match="is not a regular file"):
        read_trace(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        read_trace("a\0b")
