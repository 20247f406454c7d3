"""Exports of efficiency tables, each read by the library that its users read it with."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path

import correctionlib
import correctionlib.schemav2
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from trigger.axes import Axis
from trigger.efficiency import EfficiencyTable
from trigger.export import FORMATS, write_all
from trigger.export import csv as csv_format
from trigger.export import json as json_format
from trigger.export.hepdata import validate

ENERGY = Axis("e_cm", "GeV", np.arange(5) * 0.1)
ANGLE = Axis("theta_lab", "rad", [0.3, 1.0, 2.7])


def _table(line: str = "lml6", *, weighted: bool = False, seed: int = 1) -> EfficiencyTable:
    rng = np.random.default_rng(seed)
    total = rng.integers(0, 30, (4, 2))
    total[1, 1] = 0
    passed = rng.binomial(total, 0.6)
    sums = {"n_pass": passed, "n_total": total}
    if weighted:
        sums = {"n_pass": passed * 0.7, "n_total": total * 0.7,
                "w2_pass": passed * 0.6, "w2_total": total * 0.6}  # fmt: skip
    return EfficiencyTable.from_sums(line, [ENERGY, ANGLE], sums, condition="fff")


@pytest.mark.parametrize("weighted", [False, True])
def test_correctionlib_evaluates_to_the_table(tmp_path: Path, weighted: bool) -> None:
    tables = [_table(weighted=weighted), _table("hie", weighted=weighted, seed=2)]
    (path,) = write_all(tables, tmp_path / "eff", ["correctionlib"], method="wilson", cl=0.9)
    assert path.name == "eff.corr.json"
    corrections = correctionlib.CorrectionSet.from_file(str(path))
    energy, angle = (grid.ravel() for grid in np.meshgrid(ENERGY.centres, ANGLE.centres, indexing="ij"))  # fmt: skip  # noqa: E501
    for table in tables:
        name = f"L1FTDL_{table.line}"
        lo, hi = table.interval("wilson", 0.9)
        for key, expected in (("nominal", table.efficiency()), ("stat_up", hi), ("stat_down", lo)):
            found = corrections[name].evaluate(energy, angle, key)
            # The evaluator's reader of numbers may differ in the last digit.
            assert np.allclose(found, expected.ravel(), rtol=1e-15, atol=0, equal_nan=True)
        assert np.isnan(corrections[name].evaluate(0.15, 2.0, "nominal"))
        for part in ("n_pass", "n_total", *(("w2_pass", "w2_total") if weighted else ())):
            found = corrections[f"{name}_{part}"].evaluate(energy, angle)
            assert np.allclose(found, getattr(table, part).ravel(), rtol=1e-15 * weighted, atol=0)
        assert corrections[f"{name}_bin"].evaluate(energy, angle).tolist() == list(range(8))
        assert ("L1FTDL_lml6_w2_pass" in list(corrections)) == weighted


def test_correctionlib_flow_is_that_of_the_axis(tmp_path: Path) -> None:
    table = _table()
    (path,) = write_all([table], tmp_path / "eff", ["correctionlib"])
    corrections = correctionlib.CorrectionSet.from_file(str(path))
    found = corrections["L1FTDL_lml6_n_total"]
    assert found.evaluate(-1.0, 0.5) == table.n_total[0, 0]
    assert found.evaluate(99.0, 0.5) == table.n_total[-1, 0]
    for outside in (0.1, 2.7, 3.0):
        with pytest.raises(RuntimeError, match="bounds in Binning for input argument 1"):
            found.evaluate(0.1, outside)
    # Edges belong to the bin above, here as in the table.
    for edge in ENERGY.edges[:-1]:
        assert corrections["L1FTDL_lml6_bin"].evaluate(edge, 0.5) == 2 * ENERGY.index(edge)
    # Plain JSON, and valid under the schema of the Python package.
    correctionlib.schemav2.CorrectionSet.model_validate(
        json.loads(path.read_text(), parse_constant=pytest.fail)
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "module"), [("json", json_format), ("csv", csv_format)])
def test_json_and_csv_round_trip(tmp_path: Path, name: str, module: object, weighted: bool) -> None:
    tables = [_table(weighted=weighted), _table("hie", weighted=weighted, seed=5)]
    (path,) = write_all(tables, tmp_path / "eff", [name])
    assert module.read(path) == tables  # type: ignore[attr-defined]
    (path,) = write_all(tables[:1], tmp_path / "one", [name])
    assert module.read(path) == tables[:1]  # type: ignore[attr-defined]


def test_json_keeps_events_outside(tmp_path: Path) -> None:
    table = EfficiencyTable("lml6", [ENERGY]).fill(
        {"e_cm": np.array([0.1, 9.0, np.nan])}, np.array([True, True, False])
    )
    (path,) = write_all([table], tmp_path / "eff", ["json"])
    (found,) = json_format.read(path)
    assert found == table
    assert found.outside.tolist() == [1, 2]


def test_json_has_the_agreed_keys(tmp_path: Path) -> None:
    table = _table()
    (path,) = write_all([table], tmp_path / "eff", ["json"])
    text = json.loads(path.read_text())
    for key in ("line", "axes", "n_pass", "n_total", "efficiency", "lo", "hi", "interval"):
        assert key in text
    assert text["interval"] == {"method": "clopper-pearson", "cl": 0.6827}
    assert text["axes"][0] == {"name": "e_cm", "unit": "GeV", "edges": list(ENERGY.edges), "flow": "clamp"}  # fmt: skip  # noqa: E501
    assert text["efficiency"][1][1] is None
    assert (text["lo"][1][1], text["hi"][1][1]) == (0.0, 1.0)


def test_csv_is_flat(tmp_path: Path) -> None:
    table = _table()
    (path,) = write_all([table], tmp_path / "eff", ["csv"])
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:10] == [
        "line", "e_cm_lo", "e_cm_hi", "theta_lab_lo", "theta_lab_hi", "eff", "err_lo", "err_hi",
        "n_pass", "n_total",
    ]  # fmt: skip
    assert len(rows) == 8
    assert float(rows[3]["e_cm_lo"]) == ENERGY.edges[1]
    assert rows[3]["eff"] == "nan"
    assert int(rows[4]["n_total"]) == table.n_total[2, 0]


def test_hepdata_accepts_the_submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [_table(), _table("hie", seed=2)]
    (path,) = write_all(tables, tmp_path / "eff", ["hepdata"], description="toy menu")
    monkeypatch.chdir(tmp_path)  # the validator puts files beside itself
    with warnings.catch_warnings():
        # The validator imports a deprecated class and leaves files open.
        warnings.simplefilter("ignore")
        from hepdata_validator.full_submission_validator import FullSubmissionValidator

        validator = FullSubmissionValidator()
        assert validator.validate(file=str(path)), validator.get_messages()
    heading, first, _ = yaml.safe_load_all(path.read_text())
    assert heading["comment"] == "toy menu"
    assert first["name"] == "Efficiency of L1FTDL(lml6) given fff"
    eff, passing, everything = (part["values"] for part in first["dependent_variables"])
    lo, hi = tables[0].interval()
    where = tables[0].shape[1] * 2  # the bin (2, 0)
    value, errors = eff[where]["value"], eff[where]["errors"][0]["asymerror"]
    assert value == tables[0].efficiency()[2, 0]
    assert value + errors["minus"] == pytest.approx(lo[2, 0])
    assert value + errors["plus"] == pytest.approx(hi[2, 0])
    assert eff[3] == {"value": "-"}
    assert [item["value"] for item in passing] == tables[0].n_pass.ravel().tolist()
    assert [item["value"] for item in everything] == tables[0].n_total.ravel().tolist()
    low_edges = [item["low"] for item in first["independent_variables"][0]["values"]]
    assert low_edges == np.repeat(ENERGY.edges[:-1], 2).tolist()
    assert first["independent_variables"][0]["header"] == {"name": "e_cm", "units": "GeV"}


def test_hepdata_schema_is_really_asked() -> None:
    with pytest.raises(InputError, match="HEPData refuses"):
        validate([{"comment": "x"}, {"name": "no description", "keywords": [],
                   "independent_variables": [], "dependent_variables": []}])  # fmt: skip


def test_nothing_is_written_for_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown format 'jsn' \(nearest: 'json'\)"):
        write_all([_table()], tmp_path / "eff", ["csv", "jsn"])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="doubled line"):
        write_all([_table(), _table()], tmp_path / "eff", list(FORMATS))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("module", "name"), [(json_format, "json"), (csv_format, "csv")])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_files_give_one_clear_error(module: object, name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:  # fmt: skip  # noqa: E501
    folder = tmp_path_factory.mktemp("damage")
    (path,) = write_all([_table()], folder / "eff", [name])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        tables = module.read(path)  # type: ignore[attr-defined]
    except InputError as error:
        place = error.place
    else:
        place = str(path)
        assert all((table.n_pass <= table.n_total).all() for table in tables)
    assert place.partition(":")[0] == str(path)


def test_csv_with_missing_rows_or_columns_is_refused(tmp_path: Path) -> None:
    (path,) = write_all([_table()], tmp_path / "eff", ["csv"])
    rows = path.read_text().splitlines()
    path.write_text("\n".join(rows[:-1]) + "\n")
    with pytest.raises(InputError, match="do not fill the 8 bins"):
        csv_format.read(path)
    path.write_text("\n".join([rows[0].replace("n_total", "n_tot"), *rows[1:]]))
    with pytest.raises(InputError, match="'n_total' is missing"):
        csv_format.read(path)
    with pytest.raises(InputError, match="cannot be read"):
        csv_format.read(tmp_path / "none.csv")
