"""The file of the segments' sides: what it must hold, and that damage is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models import segment_lut
from firmware_models.errors import InputError
from firmware_models.segment_lut import SegmentLut

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    value: Document = json.loads(segment_lut.DEFAULT.read_text())
    return value


def test_packaged_tables(document: Document) -> None:
    lut = segment_lut.load()
    assert [len(table) for table in lut.tables] == [65536, *(4096,) * 8]
    for table, lines in zip(lut.tables, document["tables"], strict=True):
        assert table.tolist() == [int(digit) for line in lines for digit in line]
    provenance = document["provenance"]
    for part, table in enumerate(lut.tables):
        called = np.isin(table, (1, 2)).sum() / len(table)
        assert provenance["called"][part] == round(float(called), 4)
        assert provenance["seen"][part] == round(float((table != 0).sum() / len(table)), 4)


def test_checksum_is_that_of_the_plain_numbers(document: Document) -> None:
    digits = "".join(line for table in document["tables"] for line in table)
    digest = hashlib.sha256(bytes(int(digit) for digit in digits)).hexdigest()
    assert digest == document["sha256"] == segment_lut.load().checksum()


def test_written_file_is_read_back(tmp_path: Path) -> None:
    lut = segment_lut.load()
    segment_lut.save(lut, tmp_path / "lut.json")
    assert (tmp_path / "lut.json").read_text() == segment_lut.DEFAULT.read_text()
    again = segment_lut.load(tmp_path / "lut.json")
    assert np.array_equal(again.entries, lut.entries)
    assert again.provenance == lut.provenance


def _table(change: Callable[[list[str]], list[str]]) -> Callable[[Document], None]:
    def damage(document: Document) -> None:
        document["tables"][2] = change(document["tables"][2])

    return damage


def _set(key: str, value: object) -> Callable[[Document], None]:
    def damage(document: Document) -> None:
        document[key] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (_table(lambda rows: rows[:-1]), r"tables\[2\]: must have 4096 entries, not 3968"),
        (_table(lambda rows: [*rows, "0"]), r"tables\[2\]: must have 4096 entries, not 4097"),
        (_table(lambda rows: ["4" + rows[0][1:], *rows[1:]]), r"2 bits must be 0 to 3, not '4'"),
        (_table(lambda rows: ["é" + rows[0][1:], *rows[1:]]), r"2 bits must be 0 to 3, not 'é'"),
        (_table(lambda rows: [str((int(rows[0][0]) + 1) % 4) + rows[0][1:], *rows[1:]]),
         "sha256: the tables have the checksum"),
        (lambda d: d["tables"].pop(), "must be a list of 9 tables"),
        (lambda d: d["tables"].__setitem__(0, 3), r"tables\[0\]: must be a list of texts"),
        (_set("format", "x"), "format: must be 'lowmult-segment-lut', not 'x'"),
        (_set("version", True), "version: must be 1, not True"),
        (_set("entry_bits", 3), "entry_bits: must be 2, not 3"),
        (_set("shape", [1]), "shape: must be"),
        (_set("provenance", {"kind": "x"}), "provenance: needs command, seed, figures"),
        (lambda d: d.pop("sha256"), "'sha256' is missing"),
    ],
)  # fmt: skip
def test_damage_is_refused(damage: Callable[[Document], None], text: str, tmp_path: Path) -> None:
    document = json.loads(segment_lut.DEFAULT.read_text())
    damage(document)
    path = tmp_path / "lut.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=text):
        segment_lut.load(path)


def test_what_is_no_file_of_tables(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        segment_lut.load(tmp_path / "none.json")
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(InputError, match="one JSON object"):
        segment_lut.load(tmp_path / "a.json")
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        segment_lut.load(tmp_path / "b.json")


def test_nothing_unfit_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="98304 bytes"):
        segment_lut.save(SegmentLut(np.zeros(3, dtype=np.uint8)), tmp_path / "x.json")
    with pytest.raises(InputError, match="provenance: needs"):
        segment_lut.save(segment_lut.undetermined(), tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()
