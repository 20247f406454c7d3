"""`lowmult rates` and `lowmult efficiency` on decision files whose answers are known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import correctionlib
import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.cli import assignments, main, screen
from trigger.bits import BitTable
from trigger.decision_files import open_writer
from trigger.decisions import MenuId, Provenance, chunk
from trigger.export import csv as csv_format
from trigger.export import json as json_format
from trigger.menu import load
from trigger.samples import Sample, join

LINES = ("fff", "lml6", "hie")
ENERGY = np.repeat([0.25, 0.75, 1.25, 1.75], 250)


def _bits(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn_on = np.clip(ENERGY / 2, 0, 1)
    return np.stack([rng.random(1000) < 0.5, rng.random(1000) < turn_on, ENERGY > 1.5])


def _write(
    path: Path,
    seed: int = 1,
    processes: tuple[str, ...] = ("gamma",),
    weight: np.ndarray | None = None,
) -> Path:
    provenance = Provenance(
        LINES, (1.0, 1.0, 10.0), MenuId("toy", "1", "a" * 64),
        {"e_cm": "GeV", "theta_lab": "rad"}, {"gamma": Sample(2.0, 0.1)}, seed=seed,
    )  # fmt: skip
    with open_writer(path, provenance) as writer:
        for i, process in enumerate(processes):
            ftdl = BitTable.from_dense(LINES, _bits(seed + i))
            psnm = BitTable.from_dense(LINES, _bits(seed + i) & np.array([[True], [True], [False]]))
            truth = {"e_cm": ENERGY, "theta_lab": np.full(1000, 1.0)}
            writer.write(chunk(process, ftdl, psnm, truth=truth, weight=weight))
    return path


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    return _write(tmp_path / "d.parquet")


def _run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_rates_follow_from_counts(
    decisions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, table = tmp_path / "r.json", tmp_path / "r.csv"
    assert _run("rates", decisions, "--luminosity", "8e35", "--json", out, "--csv", table) == 0
    text = json.loads(out.read_text())
    bits, hz = _bits(1), 2.0 * 800 / 1000  # 2 nb at 8e35 are 1600 Hz for 1000 events
    rates = {line["name"]: line for line in text["lines"]}
    assert rates["lml6"]["rate_hz"] == pytest.approx(bits[1].sum() * hz)
    assert rates["hie"]["rate_hz"] == pytest.approx(250 * hz / 10)
    alone = bits[2] & ~bits[0] & ~bits[1]
    assert rates["hie"]["pure_hz"] == pytest.approx(alone.sum() * hz / 10)
    both = (bits[0] | bits[1]).sum()
    assert text["total_hz"] == pytest.approx((both + alone.sum() / 10) * hz)
    assert rates["hie"]["cumulative_hz"] == text["total_hz"]
    assert text["overlap_hz"][0][1] == pytest.approx((bits[0] & bits[1]).sum() * hz)
    assert text["menu"]["sha256"] == "a" * 64
    shown = capsys.readouterr().out
    assert "lml6" in shown
    assert "toy at 8e+35" in shown
    with open(table, newline="") as stream:
        rows = {(row["process"], row["line"]): row for row in csv.DictReader(stream)}
    assert float(rows["gamma", "lml6"]["rate_hz"]) == rates["lml6"]["rate_hz"]


def test_sigma_prescales_and_generated_events_can_be_given(decisions: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    assert _run("rates", decisions, "--luminosity", "1e33", "--sigma", "gamma=3±0.5", "--prescale",
                "hie=1", "--prescale", "fff=0", "--generated", "gamma=2000", "--json", out) == 0  # fmt: skip  # noqa: E501
    text = json.loads(out.read_text())
    hie = text["lines"][2]
    assert hie["prescale"] == 1.0
    assert hie["rate_hz"] == pytest.approx(3 * 250 / 2000)
    statistical = 3 * np.sqrt(0.125 * 0.875 / 2000)
    assert hie["rate_err_hz"] == pytest.approx(np.hypot(statistical, 0.5 * 0.125))
    assert text["lines"][0]["rate_hz"] == 0
    assert text["menu"] == {"name": "toy", "version": "1 with other prescales", "sha256": ""}


def test_files_add_up_and_background_has_a_rate(tmp_path: Path) -> None:
    paths = [_write(tmp_path / "1.parquet", 1), _write(tmp_path / "2.parquet", 2, ("gamma", "windows"))]  # fmt: skip  # noqa: E501
    out = tmp_path / "r.json"
    assert _run("rates", *paths, "--luminosity", 1e33, "--rate", "windows=1000+-10", "--json", out, "--overlaps", 2) == 0  # fmt: skip  # noqa: E501
    text = json.loads(out.read_text())
    fires = _bits(1)[1].sum() + _bits(2)[1].sum()
    by_process = text["lines"][1]["by_process"]
    assert by_process["gamma"] == pytest.approx(2 * fires / 2000)
    assert by_process["windows"] == pytest.approx(1000 * _bits(3)[1].mean())
    assert text["lines"][1]["rate_hz"] == pytest.approx(sum(by_process.values()))


def test_a_menu_gives_lines_and_prescales(
    decisions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    menu = tmp_path / "m.toml"
    menu.write_text(
        '[menu]\nname = "m"\nversion = "2"\n[inputs]\na = 0\n[outputs]\n'
        'hie = { logic = "a", prescale = 4, index = 0 }\nlml6 = { logic = "a", index = 1 }\n'
    )
    out = tmp_path / "r.json"
    assert _run("rates", decisions, "--luminosity", 1e33, "--menu", menu, "--json", out) == 0
    text = json.loads(out.read_text())
    assert [line["name"] for line in text["lines"]] == ["hie", "lml6"]
    assert text["lines"][0]["rate_hz"] == pytest.approx(2 * 0.25 / 4)
    assert text["menu"] == {"name": "m", "version": "2", "sha256": load(menu).sha256}
    # A line of the menu that the decisions lack.
    menu.write_text(menu.read_text().replace("lml6", "lml66"))
    assert _run("rates", decisions, "--luminosity", 1e33, "--menu", menu) == 2
    assert "unknown line 'lml66' (nearest: 'lml6')" in capsys.readouterr().err


def test_efficiency_files_agree_with_the_bits(
    decisions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e.json"
    assert _run("efficiency", decisions, "--line", "lml6", "--axis", "e_cm:0:2:0.5", "--out",
                tmp_path / "eff", "--json", out) == 0  # fmt: skip
    expected = _bits(1)[1].reshape(4, 250).sum(axis=1)
    text = json.loads(out.read_text())
    assert text["n_pass"] == expected.tolist()
    assert text["n_total"] == [250] * 4
    assert text["axes"][0]["edges"] == [0.0, 0.5, 1.0, 1.5, 2.0]
    (table,) = json_format.read(tmp_path / "eff.json")
    assert csv_format.read(tmp_path / "eff.csv") == [table]
    corrections = correctionlib.CorrectionSet.from_file(str(tmp_path / "eff.corr.json"))
    assert corrections["L1FTDL_lml6"].evaluate(1.2, "nominal") == pytest.approx(expected[2] / 250)
    assert (tmp_path / "eff.hepdata.yaml").exists()
    shown = capsys.readouterr().out
    assert "eff.corr.json" in shown
    assert f"{expected.sum()} of 1000" in shown


def test_reference_line_gives_measurement_and_closure(decisions: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.json"
    assert _run("efficiency", decisions, "--line", "lml6", "--line", "l1", "--axis", "e_cm:0,1,2",
                "--reference", "fff", "--out", tmp_path / "eff", "--format", "csv,json", "--json", out) == 0  # fmt: skip  # noqa: E501
    text = json.loads(out.read_text())
    fff, lml6, _ = _bits(1)
    (probe, level1) = text["orthogonal"]
    assert probe["n_total"] == [int(fff[:500].sum()), int(fff[500:].sum())]
    assert probe["n_pass"] == [int((fff & lml6)[:500].sum()), int((fff & lml6)[500:].sum())]
    assert probe["closure"]["n_bins"] == 2
    # The Level-1 accept is the OR with the reference: fully efficient there, biased upwards.
    assert level1["efficiency"] == [1.0, 1.0]
    assert level1["bit"] == "L1PSNM(l1)"
    assert min(level1["bias"]) > 0
    assert [t["line"] for t in text["tables"]] == ["lml6", "l1"]
    given = json_format.read(tmp_path / "eff_given_fff.json")
    assert given[0].n_pass.tolist() == probe["n_pass"]


def test_lines_after_prescale(decisions: Path, tmp_path: Path) -> None:
    # The file's PSNM bits are its FTDL bits, but for hie, which never passes.
    out = tmp_path / "e.json"
    arguments = ("efficiency", decisions, "--line", "lml6", "--line", "hie", "--axis", "e_cm:0,2")
    assert _run(*arguments, "--stage", "psnm", "--json", out) == 0
    found = {table["line"]: table for table in json.loads(out.read_text())["tables"]}
    assert found["lml6"]["n_pass"] == [int(_bits(1)[1].sum())]
    assert found["hie"]["n_pass"] == [0]
    assert found["hie"]["bit"] == "L1PSNM(hie)"


def test_weights_and_cuts(tmp_path: Path) -> None:
    weight = np.linspace(0.5, 1.5, 1000)
    path, out = _write(tmp_path / "w.parquet", weight=weight), tmp_path / "e.json"
    assert _run("efficiency", path, "--line", "hie", "--axis", "theta_lab:0,3", "--within",
                "e_cm:1:", "--json", out) == 0  # fmt: skip
    text = json.loads(out.read_text())
    assert text["n_total"][0] == pytest.approx(weight[500:].sum())
    assert text["n_pass"][0] == pytest.approx(weight[750:].sum())
    assert text["w2_pass"][0] == pytest.approx((weight[750:] ** 2).sum())
    assert text["interval"]["method"] == "generalised-wilson"


LML6 = ("efficiency", "{d}", "--line", "lml6", "--axis")
EFFICIENCY = (*LML6, "e_cm:0:2:0.5")
LML7 = ("efficiency", "{d}", "--line", "lml7", "--axis", "e_cm:0:2:0.5")
RATES = ("rates", "{d}", "--luminosity", "1e35")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (LML7, "unknown line 'lml7' (nearest: 'lml6')"),
        ((*LML6, "e_cn:0:2:0.5"), "unknown axis 'e_cn' (nearest: 'e_cm')"),
        ((*LML6, "e_cm:0:2:0.3"), "0.3 does not divide the range 0 to 2"),
        ((*LML6, "e_cm:0:2"), "must read NAME:LOW:HIGH:STEP"),
        ((*LML6, "e_cm:2,1"), "edges must rise"),
        ((*EFFICIENCY, "--format", "cvs"), "unknown format 'cvs' (nearest: 'csv')"),
        ((*EFFICIENCY, "--interval", "wald"), "unknown interval 'wald'"),
        ((*EFFICIENCY, "--cl", "68"), "confidence level must lie between 0 and 1"),
        ((*EFFICIENCY, "--reference", "ff"), "unknown line 'ff' (nearest: 'fff')"),
        ((*EFFICIENCY, "--process", "gama"), "unknown process 'gama' (nearest: 'gamma')"),
        ((*EFFICIENCY, "--line", "lml6"), "given twice: lml6"),
        ((*EFFICIENCY, "--flow", "e_cm=wrap"), "unknown flow 'wrap'"),
        ((*EFFICIENCY, "--stage", "raw"), "unknown stage 'raw'"),
        ((*EFFICIENCY, "--within", "e_c:0:1"), "unknown truth column 'e_c'"),
        (("rates", "{d}.none", "--luminosity", "1e35"), "no such file"),
        (("rates", "{d}", "--luminosity", "bright"), "must be a finite number, not 'bright'"),
        (("rates", "{d}", "--luminosity", "-1"), "luminosity: must be finite and not negative"),
        (("rates", "{d}", "{d}", "--luminosity", "1e35"), "is given twice"),
        ((*RATES, "--sigma", "gama=1"), "unknown process 'gama' (nearest: 'gamma')"),
        ((*RATES, "--sigma", "gamma"), "must read PROCESS=VALUE"),
        ((*RATES, "--sigma", "gamma=1±2±3"), "VALUE±ERROR"),
        ((*RATES, "--sigma", "gamma=1", "--rate", "gamma=1"), "not both"),
        ((*RATES, "--prescale", "hi=2"), "unknown line 'hi' (nearest: 'hie')"),
        ((*RATES, "--prescale", "hie=0.5"), "prescale must be 0 or at least 1, not 0.5"),
        ((*RATES, "--generated", "gamma=10"), "10 generated, but 1000 seen"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_message(
    decisions: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    before = sorted(decisions.parent.iterdir())
    stem = ["--out", decisions.parent / "eff"] if arguments[0] == "efficiency" else []
    json_file = decisions.parent / "result.json"
    filled = [text.format(d=decisions) for text in arguments]
    assert _run(*filled, *stem, "--json", json_file) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.startswith("lowmult: error: ")
    assert error.count("\n") == 1
    assert sorted(decisions.parent.iterdir()) == before


def test_several_processes_must_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "d.parquet", processes=("gamma", "mumu"))
    assert _run("efficiency", path, "--line", "lml6", "--axis", "e_cm:0:2:0.5") == 2
    assert "several processes, name one or more: gamma, mumu" in capsys.readouterr().err
    assert _run("rates", path, "--luminosity", "1e35") == 2
    assert "mumu: needs a cross-section [nb] or a rate [Hz]" in capsys.readouterr().err
    out = tmp_path / "r.json"
    assert _run("rates", path, "--luminosity", "1e33", "--process", "gamma", "--json", out) == 0
    hie = json.loads(out.read_text())["lines"][2]
    assert hie["by_process"] == {"gamma": pytest.approx(2 * 0.25 / 10)}
    assert _run("rates", path, "--luminosity", "1e33", "--process", "mum") == 2
    assert "unknown process 'mum' (nearest: 'mumu')" in capsys.readouterr().err


def test_files_that_disagree_are_refused(tmp_path: Path) -> None:
    seen = {"n_events": 10, "sum_w": 10.0, "sum_w2": 10.0}
    with pytest.raises(InputError, match=r"p: files disagree on sigma_nb: 1\.0, 2\.0"):
        join([(Sample(1.0), seen), (Sample(2.0), seen)], "p")
    # A file that dropped events counts with all that were generated.
    joined = join([(Sample(1.0, n_generated=50), seen), (Sample(1.0), seen)], "p")
    assert joined == Sample(1.0, n_generated=60)
    # With weights, the sums of a file that dropped events are known only if it says so.
    weighted = {"n_events": 10, "sum_w": 5.0, "sum_w2": 3.0}
    known = Sample(1.0, n_generated=50, sum_w=20.0, sum_w2=12.0)
    joined = join([(known, weighted), (Sample(1.0), weighted)], "p")
    assert (joined.n_generated, joined.sum_w, joined.sum_w2) == (60, 25.0, 15.0)


def test_arguments() -> None:
    assert assignments.steps("x:0.1:0.5:0.1", "") == ("x", [0.1, 0.2, 0.3, 0.4, 0.5])
    assert assignments.with_error("300+/-3", "") == (300.0, 3.0)
    assert assignments.with_error("-1e3±2", "") == (-1000.0, 2.0)
    assert assignments.bounds("x::2", "") == ("x", (-np.inf, 2.0))
    for text in ("x:0:1:0", "x:1:0:0.1", "x:0:1:nan", "x:0:1e9:1e-9", ":0:1:1"):
        with pytest.raises(InputError):
            assignments.steps(text, "--axis")


def test_numbers_are_shown_with_the_digits_of_their_error() -> None:
    assert screen.measured(1234.567, 12.3) == "1,235 ± 12"
    assert screen.measured(0.01234, 0.00056) == "0.01234 ± 0.00056"
    assert screen.measured(1.5e-9, 2e-10) == "1.500e-09 ± 2.0e-10"
    assert screen.measured(3.14159, 0.0271) == "3.142 ± 0.027"
    assert screen.measured(5.0, 0.0) == "5"
