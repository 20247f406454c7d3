"""Decision files whose metadata or rows contradict what a decision file is: one clear message."""

from __future__ import annotations

import json
import os
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from firmware_models.errors import InputError
from sim.cli import main
from trigger.bits import BitTable
from trigger.decision_files import DecisionFile, open_writer
from trigger.decisions import MenuId, Provenance, chunk
from trigger.from_files import Selection, efficiencies
from trigger.rates import RateAccumulator
from trigger.samples import Sample


def _write(path: Path, weight: np.ndarray | None = None) -> Path:
    provenance = Provenance(
        ("a",), (1.0,), MenuId("toy", "1", ""), {"e_cm": "GeV"}, {"photon": Sample(1.0)}
    )
    bits = BitTable.from_dense(("a",), np.ones((1, 3), bool))
    with open_writer(path, provenance) as writer:
        writer.write(chunk("photon", bits, bits, truth={"e_cm": np.ones(3)}, weight=weight))
    return path


def _rewrite(path: Path, table: pa.Table, key: bytes = b"", value: Any = None) -> Path:
    stored = dict(pq.ParquetFile(path).metadata.metadata)
    if key:
        stored[key] = json.dumps(value).encode()
    pq.write_table(table.replace_schema_metadata(stored), path)
    return path


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("prescales", [10**400], "prescales is .*needed: a list of finite numbers"),
        ("prescales", ["1"], "needed: a list of finite numbers"),
        ("menu", [1], "menu is .1., needed: a table of texts"),
        ("menu", {"name": "x"}, "needed: a table of name, version and sha256"),
        ("lines", "a", 'lines is "a", needed: a list of names'),
        ("truth", {"e_cm": 1}, "truth is .*needed: a table of texts"),
        ("format_version", "1", "format_version is .*needed: a whole number"),
        ("format_version", 9, "format version 9 is newer than 1"),
        ("format", None, "format is missing"),
        ("configuration", 3, "configuration is 3, needed: a table"),
        ("seed", "x", 'seed is "x", needed: a whole number or null'),
    ],
)
def test_damaged_metadata_name_the_entry(
    tmp_path: Path, key: str, value: Any, message: str
) -> None:
    path = _write(tmp_path / "d.parquet")
    text = json.loads(pq.ParquetFile(path).metadata.metadata[b"lowmult"])
    _rewrite(path, pq.read_table(path), b"lowmult", {**text, key: value})
    with pytest.raises(InputError, match=message) as caught:
        DecisionFile(path)
    assert re.search(r"d\.parquet: ", str(caught.value))
    assert "argument" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        ({"n_events": 3, "sum_w": float("inf"), "sum_w2": 3}, "seen of 'photon' is"),
        ({"n_events": "3", "sum_w": 3, "sum_w2": 3}, "seen of 'photon' is"),
        ({"n_events": 3.5, "sum_w": 3, "sum_w2": 3}, "n_events is 3.5, needed: a whole number"),
        ([], "seen of 'photon' is"),
    ],
)
def test_damaged_tallies(tmp_path: Path, seen: Any, message: str) -> None:
    path = _write(tmp_path / "d.parquet")
    entry = {"seen": seen, "normalisation": {}}
    _rewrite(path, pq.read_table(path), b"lowmult.samples", {"photon": entry})
    with pytest.raises(InputError, match=message):
        DecisionFile(path)
    entry = {"seen": {"n_events": 3, "sum_w": 3, "sum_w2": 3}, "normalisation": {"sum_w": 10**400}}
    _rewrite(path, pq.read_table(path), b"lowmult.samples", {"photon": entry})
    with pytest.raises(InputError, match="sum_w is beyond"):
        DecisionFile(path)


def test_rows_of_a_process_that_the_metadata_do_not_know(tmp_path: Path) -> None:
    path = _write(tmp_path / "d.parquet")
    table = pq.read_table(path)
    other = table.set_column(1, "process", pa.array(["photom"] * 3))
    _rewrite(path, other)
    wanted = r"unknown process of its rows 'photom' \(nearest: 'photon'\)"
    with pytest.raises(InputError, match=wanted):
        list(DecisionFile(path).chunks())
    from trigger.axes import Axis

    with pytest.raises(InputError, match=wanted):
        efficiencies(
            [DecisionFile(path)], ["a"], [Axis("e_cm", "GeV", [0, 2])],
            selection=Selection(("photon",)),
        )  # fmt: skip


def test_rows_that_are_not_as_many_as_the_metadata_say(tmp_path: Path) -> None:
    path = _write(tmp_path / "d.parquet")
    table = pq.read_table(path).set_column(1, "process", pa.array(["photon", "photon", "mumu"]))
    tally = {"n_events": 0, "sum_w": 0, "sum_w2": 0}
    samples = {
        "photon": {"seen": {**tally, "n_events": 3}, "normalisation": {}},
        "mumu": {"seen": tally, "normalisation": {}},
    }
    _rewrite(path, table, b"lowmult.samples", samples)
    with pytest.raises(InputError, match="2 rows of process 'photon', its metadata say 3"):
        list(DecisionFile(path).chunks())


def test_weights_whose_squares_overflow_are_refused_without_a_warning(tmp_path: Path) -> None:
    large = np.array([1, 1e308, 1e308])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=r"at most 1e\+100 in size, not 1e\+308"):
            _write(tmp_path / "w.parquet", large)
        assert not (tmp_path / "w.parquet").exists()
        path = _write(tmp_path / "d.parquet", np.array([1.0, 2.0, 3.0]))
        _rewrite(path, pq.read_table(path).set_column(2, "weight", pa.array(large)))
        with pytest.raises(InputError, match=r"column weight, photon: .*not 1e\+308"):
            list(DecisionFile(path).chunks())
        accumulator = RateAccumulator(("a",), (1.0,))
        with pytest.raises(InputError, match=r"not 1e\+308"):
            accumulator.fill("x", BitTable.from_dense(("a",), np.ones((1, 3), bool)), large)
        # The largest allowed ones give finite rates.
        accumulator.fill(
            "x", BitTable.from_dense(("a",), np.ones((1, 3), bool)), np.array([1, 1e100, 1e100])
        )
        table = accumulator.rate_table({"x": Sample(1.0)}, 1e33)
        assert table.all.total == pytest.approx(1.0)
        assert np.isfinite(table.all.total_err)


def test_a_pipe_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        DecisionFile(tmp_path / "pipe")
    assert main(["rates", str(tmp_path / "pipe"), "--luminosity", "1e33"]) == 2
    assert "pipe: is not a regular file" in capsys.readouterr().err
