"""`lowmult menu`: exit codes, one message on bad input, JSON, nothing half-written."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from sim.cli import main
from trigger.menu.inputs import CONSTANT_INPUTS, PRODUCERS

MENU_0034 = Path(__file__).resolve().parents[3] / "shared" / "menus" / "ftd_0034"
SMALL = Path(__file__).parent / "data" / "small"
FILES = [f"{SMALL}.{suffix}" for suffix in ("inp", "oup", "lgc", "alg")]
SOLVER = pytest.mark.skipif(find_spec("pyosys") is None, reason="pyosys is not installed")


def menu(*arguments: object) -> int:
    return main(["menu", *map(str, arguments)])


def test_import_then_export_gives_the_files_back(tmp_path: Path) -> None:
    assert menu("import", *FILES, "--out", tmp_path / "small.toml") == 0
    assert menu("export", tmp_path / "small.toml", "--out", tmp_path / "out") == 0
    for file in FILES:
        written = tmp_path / f"out{Path(file).suffix}"
        assert written.read_bytes() == Path(file).read_bytes()


def test_check_lists_findings_and_strict_fails_on_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.toml"
    file.write_text('[menu]\nname="n"\nversion="1"\n[inputs]\nehigh=0\n'
                    '[outputs.x]\nindex=0\nlogic="ehigh and not ehigh"\n')  # fmt: skip
    assert menu("check", file, "--json", tmp_path / "c.json") == 0
    assert "warning:" in capsys.readouterr().out
    result = json.loads((tmp_path / "c.json").read_text())
    assert result["menu"]["name"] == "n"
    assert [f["level"] for f in result["findings"]] == ["warning"]
    assert menu("check", file, "--strict") == 1
    assert menu("check", "low_multiplicity", "--strict") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "none.toml"), "none.toml: cannot be read: No such file"),
        (("check", "low_multiplicit"), "nearest: 'low_multiplicity'"),
        (("show", "low_multiplicity", "--line", "lml66"), "unknown line 'lml66'"),
        (("prove", "low_multiplicity", "--top", "x"), "--top: needs --rtl"),
        (("prove", "low_multiplicity", "--rtl", "x.sv", "--no-rtl"), "--rtl: cannot stand beside"),
        (("prove", "low_multiplicity", "--alg", FILES[3]), "has 9 lines, but the menu has 68"),
        (("import", *FILES[::-1], "--out", "x.toml"), "the files must come in the order"),
        (("export", "low_multiplicity", "--out", "no/such/folder/x"), "cannot write here"),
        (("compile", "low_multiplicity", "--out", FILES[0]), "cannot be made"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert menu(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("lowmult: error: ")
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_import_of_contradicting_files_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in FILES:
        (tmp_path / Path(file).name).write_bytes(Path(file).read_bytes())
    alg = tmp_path / "small.alg"
    alg.write_text(alg.read_text().replace(" 12\n", " !12\n", 1))
    copies = [tmp_path / Path(file).name for file in FILES]
    assert menu("import", *copies, "--out", tmp_path / "m.toml") == 1
    assert "line 1 (single): .lgc and .alg differ for" not in capsys.readouterr().out
    assert not (tmp_path / "m.toml").exists()


def test_show_and_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert menu("show", "low_multiplicity", "--line", "lml6", "--json", tmp_path / "s.json") == 0
    line = json.loads((tmp_path / "s.json").read_text())["line"]
    assert line["products"] == "28 !120"
    assert line["inputs"] == ["ecl_lml_6", "veto"]
    assert menu("show", "low_multiplicity") == 0
    assert menu("show", "low_multiplicity", "--inputs") == 0
    assert "bha_theta_1" in capsys.readouterr().out
    assert menu("import", *FILES, "--out", tmp_path / "small.toml") == 0
    assert menu("diff", "low_multiplicity", tmp_path / "small.toml") == 0
    assert menu("diff", "low_multiplicity", tmp_path / "small.toml", "--strict") == 1
    assert menu("diff", "low_multiplicity", "low_multiplicity", "--strict") == 0


def records(name: object, tmp_path: Path) -> dict[str, dict[str, object]]:
    assert menu("show", name, "--inputs", "--json", tmp_path / "i.json") == 0
    inputs = json.loads((tmp_path / "i.json").read_text())["inputs"]
    assert len({item["name"] for item in inputs}) == len(inputs)
    return {item["name"]: item for item in inputs}


def test_inputs_are_shown_with_what_gives_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    found = records(Path(__file__).parent / "data" / "all_inputs.toml", tmp_path)
    assert set(found) == {*PRODUCERS, *CONSTANT_INPUTS}
    for name, item in found.items():
        # One or the other, never both or none.
        assert (item["producer"] is None) == (item["constant"] is not None), name
    assert found["cdcklm_1"]["from"] == "grl_match cdcklm[1]"
    assert found["cdcklm_1"]["producer"] == {
        "block": "grl_match", "field": "cdcklm", "element": 1, "bit": 0,
    }  # fmt: skip
    assert found["top_bb"]["constant"]["value"] == 0  # type: ignore[index]
    assert found["top_bb"]["from"].startswith("constant 0: the trigger of the time")  # type: ignore[attr-defined]
    printed = capsys.readouterr().out
    assert "grl_match cdcklm[1]" in printed
    # The reason stands once, below the table, with all the inputs that it is for.
    why = "top_0, top_1, top_2, top_bb, top_active: constant 0: the trigger of the time-of"
    assert why in " ".join(printed.split())


@pytest.mark.skipif(not MENU_0034.with_suffix(".alg").exists(), reason="no ../shared menu 0034")
def test_inputs_of_the_public_menu_are_all_known(tmp_path: Path) -> None:
    files = [MENU_0034.with_suffix(suffix) for suffix in (".inp", ".oup", ".lgc", ".alg")]
    assert menu("import", *files, "--out", tmp_path / "m.toml") == 0
    found = records(tmp_path / "m.toml", tmp_path)
    assert len(found) == 162
    constant = {name for name, item in found.items() if item["constant"]}
    assert constant == set(CONSTANT_INPUTS)
    assert {name for name, item in found.items() if item["producer"]} == set(found) - constant
    assert menu("check", tmp_path / "m.toml", "--json", tmp_path / "c.json") == 0
    messages = [f["message"] for f in json.loads((tmp_path / "c.json").read_text())["findings"]]
    assert not [text for text in messages if "unknown" in text]
    assert "cannot fire in this trigger: top_active is always 0" in messages


def test_unknown_inputs_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "m.toml"
    file.write_text('[menu]\nname="n"\nversion="1"\n[inputs]\nklm_hitt=0\nehigh=1\n'
                    't2={index=4, bits=6, kind="one_hot"}\n'
                    '[outputs.x]\nindex=0\nlogic="ehigh and not klm_hitt"\n'
                    '[outputs.y]\nindex=1\nlogic="klm_hitt and ehigh or t2 > 4"\n')  # fmt: skip
    found = records(file, tmp_path)
    assert found["klm_hitt"]["from"] == "unknown to this trigger: constant 0"
    assert found["ehigh"]["from"] == "ecl_selection ehigh"
    capsys.readouterr()
    assert menu("check", file) == 0
    out = capsys.readouterr().out
    assert ("inputs.klm_hitt: klm_hitt: unknown to this trigger: constant 0 "
            "(nearest to 'klm_hitt': 'klm_hit')") in out  # fmt: skip
    assert "inputs.t2: t2_4, t2_5: unknown to this trigger: constant 0" in out
    assert "outputs.y: cannot fire in this trigger: klm_hitt, t2_4, t2_5 are always 0" in out
    assert "outputs.x: cannot" not in out
    assert menu("check", file, "--strict") == 1


def test_compile_writes_rtl_and_prescales(tmp_path: Path) -> None:
    assert menu("compile", "low_multiplicity", "--out", tmp_path / "a" / "b") == 0
    files = sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert files == ["gdl_logic.sv", "gdl_prescale.csv", "gdl_prescale.mem"]
    root = Path(__file__).resolve().parents[2]
    committed = (root / "hdl" / "rtl" / "gdl_logic.sv").read_text()
    assert (tmp_path / "a" / "b" / "gdl_logic.sv").read_text() == committed


def test_prove_without_rtl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert menu("import", *FILES, "--out", tmp_path / "m.toml") == 0
    result = tmp_path / "p.json"
    assert menu("prove", tmp_path / "m.toml", "--no-rtl", "--json", result) == 0
    assert json.loads(result.read_text())["proven"] is True
    wrong = tmp_path / "wrong.alg"
    wrong.write_text(Path(FILES[3]).read_text().replace(" 3 + 9", " 3 + !9"))
    assert menu("prove", tmp_path / "m.toml", "--no-rtl", "--alg", wrong, "--json", result) == 1
    record = json.loads(result.read_text())
    assert [line["name"] for line in record["lines"] if not line["proven"]] == ["bracketed"]
    assert "bracketed: products differs for t2_3=0 ecl_lml_6=0" in capsys.readouterr().err


@SOLVER
def test_prove_finds_a_flipped_literal_in_the_rtl(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert menu("compile", "low_multiplicity", "--out", tmp_path) == 0
    rtl = tmp_path / "gdl_logic.sv"
    assert menu("prove", "low_multiplicity", "--rtl", rtl) == 0
    rtl.write_text(rtl.read_text().replace("in_ecl_lml_6 & ~in_veto", "in_ecl_lml_6 & in_veto"))
    assert menu("prove", "low_multiplicity", "--rtl", rtl) == 1
    captured = capsys.readouterr()
    assert "1 lines are not equal to the names logic" in captured.err
    assert "lml6: rtl differs for ecl_lml_6=1 veto=" in captured.err
