"""Every wrong number is named by file, event and particle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.events import Events, concatenate
from sim.readers import open_events, write_events


def _stored(path: Path, events: Events, **changes: np.ndarray) -> Path:
    write_events(path, [replace(events, **changes)])
    return path


def _changed(values: np.ndarray, at: tuple[int, ...], value: float) -> np.ndarray:
    result = values.copy()
    result[at] = value
    return result


# Event 0 has particles 0 and 1, event 1 none, event 2 particles 2 and 3, and so on.
@pytest.mark.parametrize(
    ("quantity", "at", "value", "message"),
    [
        ("p4", (3, 0), np.nan, r"event 2, particle 1: \(px, py, pz, E\) \[GeV\] = \(nan, .*finite"),
        ("p4", (0, 3), np.inf, r"event 0, particle 0: .* must be finite"),
        (
            "vertex",
            (2, 1),
            -np.inf,
            r"event 2, particle 0: \(x, y, z \[cm\], t \[ns\]\) = .*finite",
        ),
        ("weight", (7,), np.nan, r"event 7: weight must be a finite number, not nan"),
        ("p4", (4, 3), -1.0, r"event 3, particle 0: .*the energy must be 0 or above"),
        ("p4", (5, 3), 0.2, r"event 3, particle 1: .*\|p\| must not exceed E by more than 0.001 E"),
        ("p4", (5, 0), 1e300, r"event 3, particle 1: .*\|p\| must not exceed E"),
        (
            "p4",
            (1, 3),
            40.0,
            r"event 0: the energies .* add up to 4\d\.\d+ GeV, the beams .* 11.006",
        ),
        ("pdg", (2,), 21, r"event 2, particle 0: code = 21: particle g \(code 21\) decays"),
        ("pdg", (2,), 2, r"event 2, particle 0: code = 2: "),
        ("pdg", (2,), 92, r"event 2, particle 0: code = 92: unknown particle code 92"),
        ("pdg", (2,), 9000005, r"unknown particle code 9000005"),
        ("pdg", (2,), 0, r"event 2, particle 0: code = 0: "),
    ],
)
def test_named(
    quantity: str,
    at: tuple[int, ...],
    value: float,
    message: str,
    tmp_path: Path,
    events: Events,
) -> None:
    changed = _changed(getattr(events, quantity), at, value)
    path = _stored(tmp_path / "wrong.parquet", events, **{quantity: changed})
    for chunk in (100_000, 2):  # the event keeps its number in the file
        with pytest.raises(InputError, match=message) as caught:
            list(open_events(path, chunk=chunk))
        assert str(caught.value).startswith(f"{path}: event")


def test_code_beyond_32_bits_is_not_taken_for_another(tmp_path: Path, events: Events) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _stored(tmp_path / "good.parquet", events)
    table = pq.read_table(path)
    lists = pa.array([[c + (1 << 32) for c in row] for row in table["pdg"].to_pylist()])
    pq.write_table(table.set_column(0, "pdg", lists), path)
    with pytest.raises(InputError, match=r"unknown particle code"):
        list(open_events(path))


def test_declared_invisible_is_accepted(tmp_path: Path, events: Events) -> None:
    path = _stored(tmp_path / "new.parquet", events, pdg=_changed(events.pdg, (2,), -9000005))
    read = concatenate(list(open_events(path, invisible=[9000005])))
    assert read.pdg[2] == -9000005


def test_rounded_text_is_accepted(tmp_path: Path, events: Events) -> None:
    """Four significant digits, as some generators write."""
    rounded = np.array([float(f"{value:.3e}") for value in events.p4.ravel()]).reshape(-1, 4)
    path = _stored(tmp_path / "rounded.parquet", events, p4=rounded)
    assert len(concatenate(list(open_events(path)))) == len(events)


def test_earlier_chunks_arrive_before_the_error(tmp_path: Path, events: Events) -> None:
    path = _stored(tmp_path / "late.parquet", events, weight=_changed(events.weight, (30,), np.nan))
    chunks = iter(open_events(path, chunk=10))
    assert [len(next(chunks)) for _ in range(3)] == [10, 10, 10]
    with pytest.raises(InputError, match="event 30: weight"):
        next(chunks)
