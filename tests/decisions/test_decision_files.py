"""Decision files: round trip, provenance, streaming, and every way to be a bad file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from trigger.arrow_bits import from_arrow, to_arrow
from trigger.bits import BitTable, slice_bits
from trigger.decision_files import MAX_CHUNK, DecisionFile, open_writer
from trigger.decisions import DecisionChunk, MenuId, Provenance, chunk
from trigger.samples import Sample

LINES = ("fff", "lml6", "hie")
PROVENANCE = Provenance(
    LINES, (1.0, 20.0, 0.0), MenuId("toy", "3", "ab" * 32), {"e_cm": "GeV", "theta_lab": "rad"},
    configuration={"threshold": 19}, seed=7,
)  # fmt: skip


def _chunk(process: str, n: int, seed: int) -> DecisionChunk:
    rng = np.random.default_rng(seed)
    ftdl = rng.random((3, n)) < 0.3
    psnm = ftdl & (rng.random((3, n)) < 0.5)
    return chunk(
        process, BitTable.from_dense(LINES, ftdl), BitTable.from_dense(LINES, psnm),
        event=np.arange(n) + seed, weight=rng.random(n),
        truth={"e_cm": rng.random(n), "theta_lab": np.full(n, np.nan)},
    )  # fmt: skip


def _write(path: Path, *chunks: DecisionChunk) -> Path:
    with open_writer(path, PROVENANCE) as writer:
        for part in chunks:
            writer.write(part)
        writer.normalise("bhabha", Sample(sigma_nb=300.0, sigma_err_nb=3.0, n_generated=5000))
    return path


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=300), st.integers(0, 70))
@example([True] * 300, 8)
def test_words_and_arrow_booleans_are_the_same_bits(values: list[bool], skip: int) -> None:
    dense = np.array(values, dtype=bool).reshape(1, -1)
    words = slice_bits(dense)[0]
    array = to_arrow(words, len(values))
    assert array.to_pylist() == values
    assert np.array_equal(from_arrow(pa.array(values, pa.bool_())), words)
    # A slice starts inside a byte and has foreign bits behind its end.
    rest = array.slice(skip, 37)
    assert np.array_equal(from_arrow(rest), slice_bits(dense[:, skip : skip + 37])[0])


def test_round_trip_with_provenance(tmp_path: Path) -> None:
    given_chunks = [_chunk("bhabha", 130, 0), _chunk("mumu", 64, 1), _chunk("bhabha", 1, 2)]
    file = DecisionFile(_write(tmp_path / "d.parquet", *given_chunks))
    assert file.n_events == 195
    assert file.processes == ("bhabha", "mumu")
    stored = file.provenance
    assert (stored.lines, stored.prescales, stored.menu) == (
        LINES,
        (1.0, 20.0, 0.0),
        PROVENANCE.menu,
    )
    assert (stored.seed, stored.configuration, stored.truth) == (
        7,
        {"threshold": 19},
        PROVENANCE.truth,
    )
    assert stored.samples["bhabha"] == Sample(300.0, 3.0, n_generated=5000)
    assert file.seen["bhabha"]["n_events"] == 131
    weights = np.concatenate([given_chunks[0].weight, given_chunks[2].weight])
    assert file.seen["bhabha"]["sum_w2"] == pytest.approx((weights**2).sum(), rel=1e-14)
    found = list(file.chunks())
    for expected, actual in zip(given_chunks, found, strict=True):
        assert actual.process == expected.process
        for table in ("ftdl", "psnm"):
            assert np.array_equal(getattr(actual, table).rows, getattr(expected, table).rows)
            assert getattr(actual, table).names == LINES
        for name in ("event", "weight", "l1"):
            assert np.array_equal(getattr(actual, name), getattr(expected, name))
        assert np.array_equal(actual.l1, expected.bit("fff", "psnm") | expected.bit("lml6", "psnm") | expected.bit("hie", "psnm"))  # fmt: skip  # noqa: E501
        assert np.array_equal(actual.truth["e_cm"], expected.truth["e_cm"])
        assert np.isnan(actual.truth["theta_lab"]).all()


def test_an_analyst_reads_plain_columns(tmp_path: Path) -> None:
    part = _chunk("bhabha", 100, 3)
    table = pq.read_table(_write(tmp_path / "d.parquet", part))
    assert table["ftdl_lml6"].to_pylist() == part.bit("lml6").tolist()
    assert table["process"].to_pylist() == ["bhabha"] * 100
    assert table.schema.field("ftdl_lml6").metadata == {b"basf2_name": b"L1FTDL(lml6)"}
    assert table.schema.field("e_cm").metadata == {b"unit": b"GeV"}
    text = json.loads(table.schema.metadata[b"lowmult"])
    assert text["menu"] == {"name": "toy", "version": "3", "sha256": "ab" * 32}


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    part = _chunk("bhabha", 100, 3)
    file = DecisionFile(_write(tmp_path / "d.parquet", part))
    (found,) = file.chunks(lines=["lml6"], stages=("ftdl",), truth=["e_cm"])
    assert found.ftdl.names == ("lml6",)
    assert np.array_equal(found.bit("lml6"), part.bit("lml6"))
    assert found.psnm.names == ()
    assert set(found.truth) == {"e_cm"}
    with pytest.raises(InputError, match=r"unknown line 'lml7' \(nearest: 'lml6'\)"):
        list(file.chunks(lines=["lml7"]))


def test_large_chunks_are_split_and_rewritten_files_are_understood(tmp_path: Path) -> None:
    # Another tool may regroup the rows: chunks still hold one process and bounded numbers.
    parts = [_chunk("bhabha", MAX_CHUNK + 10, 4), _chunk("mumu", 77, 5)]
    first = _write(tmp_path / "d.parquet", *parts)
    table = pq.read_table(first)
    second = tmp_path / "regrouped.parquet"
    pq.write_table(table.replace_schema_metadata(pq.ParquetFile(first).metadata.metadata), second)
    for path in (first, second):
        found = list(DecisionFile(path).chunks())
        assert max(len(part) for part in found) <= MAX_CHUNK
        for part in parts:
            rows = [f.bit("hie") for f in found if f.process == part.process]
            assert np.array_equal(np.concatenate(rows), part.bit("hie"))


def test_identical_input_gives_identical_bytes(tmp_path: Path) -> None:
    one = _write(tmp_path / "1.parquet", _chunk("bhabha", 500, 1)).read_bytes()
    assert _write(tmp_path / "2.parquet", _chunk("bhabha", 500, 1)).read_bytes() == one


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    def stop() -> None:
        with open_writer(tmp_path / "d.parquet", PROVENANCE) as writer:
            writer.write(_chunk("bhabha", 10, 1))
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        stop()
    assert list(tmp_path.iterdir()) == []


def test_bad_files_give_one_clear_error(tmp_path: Path) -> None:
    good = _write(tmp_path / "good.parquet", _chunk("bhabha", 2000, 1)).read_bytes()
    bad = tmp_path / "bad.parquet"
    with pytest.raises(InputError, match=r"bad\.parquet: no such file"):
        DecisionFile(bad)
    for content, words in (
        (b"", "is empty"),
        (b"\x00\x01binary", "no readable Parquet"),
        (good[: len(good) // 2], "no readable Parquet"),
        (good[:-100], "no readable Parquet"),
    ):
        bad.write_bytes(content)
        with pytest.raises(InputError, match=words):
            DecisionFile(bad)
    pq.write_table(pa.table({"x": [1]}), bad)
    with pytest.raises(InputError, match="not a file of decisions"):
        DecisionFile(bad)


def test_damaged_pages_are_an_input_error(tmp_path: Path) -> None:
    path = _write(tmp_path / "d.parquet", _chunk("bhabha", 2000, 1))
    content = bytearray(path.read_bytes())
    content[4:1500] = bytes(1496)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"d\.parquet"):
        list(DecisionFile(path).chunks())


def test_mislabelled_files_name_the_column(tmp_path: Path) -> None:
    path = _write(tmp_path / "d.parquet", _chunk("bhabha", 20, 1))
    stored = pq.ParquetFile(path).metadata.metadata
    table = pq.read_table(path)

    def rewritten(new: pa.Table) -> DecisionFile:
        pq.write_table(new.replace_schema_metadata(stored), path)
        return DecisionFile(path)

    with pytest.raises(InputError, match="column 'ftdl_hie' is missing"):
        rewritten(table.drop_columns(["ftdl_hie"]))
    index = table.schema.get_field_index("psnm_hie")
    with pytest.raises(InputError, match="column 'psnm_hie' is of type int64"):
        rewritten(table.set_column(index, "psnm_hie", pa.array(range(20))))
    with pytest.raises(InputError, match="number of rows differs"):
        rewritten(table.slice(0, 10))
    with pytest.raises(InputError, match="holds no events"):
        rewritten(table.slice(0, 0))
    nulls = pa.array([None] + [True] * 19)
    with pytest.raises(InputError, match="'psnm_hie' has missing values"):
        list(rewritten(table.set_column(index, "psnm_hie", nulls)).chunks())


def test_impossible_layouts_are_refused(tmp_path: Path) -> None:
    for wrong, words in (
        (Provenance(("a", "a"), (1.0, 1.0)), "'a' is doubled"),
        (Provenance(("a",), (0.5,)), "prescale must be 0 or at least 1, not 0.5"),
        (Provenance(("a",), (1.0,), truth={"ftdl_a": ""}), "'ftdl_a' cannot name a truth column"),
    ):
        with pytest.raises(InputError, match=words), open_writer(tmp_path / "d", wrong):
            pass
    with pytest.raises(InputError, match="lines differ"), open_writer(tmp_path / "d", Provenance(("a",), (1.0,))) as writer:  # fmt: skip  # noqa: E501
        writer.write(_chunk("bhabha", 3, 1))
    with pytest.raises(InputError, match="weights must be finite"):
        chunk("x", *(BitTable.from_dense(("a",), np.ones((1, 2), bool)),) * 2, weight=np.array([1, np.nan]))  # fmt: skip  # noqa: E501


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_damage_never_escapes_as_another_error(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:  # fmt: skip  # noqa: E501
    path = tmp_path_factory.mktemp("damage") / "d.parquet"
    content = bytearray(_write(path, _chunk("bhabha", 300, 1)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        for part in DecisionFile(path).chunks():
            assert len(part) == part.ftdl.n_events
    except InputError:
        pass
