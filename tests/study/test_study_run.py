"""A study's results: independent of workers, whole or absent, and what its parts give."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.cli import main
from sim.study.chunk import Context, Task, run_chunk
from sim.study.config import StudyConfig, parse_study
from sim.study.outputs import whole_folder, write_study
from sim.study.results import WINDOW_NS
from sim.study.run import run_study
from trigger.samples import CM2_PER_NB

SMALL = {
    "study": {"events": 2400, "chunk": 500, "seed": 7, "focus": ["lml6"]},
    "samples": [
        {"name": "digamma", "process": "digamma"},
        {"name": "background", "background": True},
        {"name": "photon", "process": "photon_gun", "rates": False},
    ],
    "efficiency": [
        {"label": "energy", "sample": "photon", "lines": ["lml6", "hie"],
         "axes": [{"variable": "photonECM", "low": 0.0, "high": 4.0, "bins": 4}]},
        {"label": "measured", "sample": "digamma", "lines": ["hie"], "reference": "elow_check",
         "axes": [{"variable": "photonECM", "low": 0.0, "high": 6.0, "bins": 3}]},
    ],
    "grids": [
        {"label": "recoil", "process": "photon_displaced", "masses": [0.5, 2.0], "share": 0.5,
         "ctaus": {"low": 1e-3, "high": 1.0, "points": 4}, "lines": ["lml6", "hie"]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def config() -> StudyConfig:
    data = json.loads(json.dumps(SMALL))
    data["efficiency"][1]["reference"] = "lml1"
    return parse_study(data, "test")


@pytest.mark.xdist_group("study")
def test_same_bytes_for_any_number_of_workers(config: StudyConfig, tmp_path: Path) -> None:
    for workers in (1, 2):
        with whole_folder(tmp_path / str(workers)) as folder:
            write_study(run_study(config, workers=workers), folder)
    names = sorted(p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*.*"))
    assert names == sorted(p.relative_to(tmp_path / "2") for p in (tmp_path / "2").rglob("*.*"))
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


@pytest.mark.xdist_group("study")
def test_rates_are_counts_times_luminosity(config: StudyConfig) -> None:
    result = run_study(config)
    assert result.rates is not None
    context, job = Context(config), config.model_dump_json()
    fires = dict.fromkeys(("digamma", "background"), 0)
    line = context.menu.names.index("lml1")
    prescale = context.prescales[line]
    for number, name in enumerate(fires):
        for chunk, n in enumerate((500, 100)):
            part = run_chunk((job, Task(number, chunk, n, keep_decisions=True)))
            assert part.ftdl is not None
            fires[name] += int(part.ftdl["lml1"].sum())
    sample = result.samples[0].normalisation
    assert sample.sigma_nb is not None
    expected = fires["digamma"] / 600 * sample.sigma_nb * 8e35 * CM2_PER_NB / prescale
    assert fires["digamma"] > 50
    assert result.rates.by_process["digamma"].line[line] == pytest.approx(expected, rel=1e-12)
    accidental = fires["background"] / 600 * 1e9 / WINDOW_NS / prescale
    assert result.rates.by_process["background"].line[line] == pytest.approx(accidental)


@pytest.mark.xdist_group("study")
def test_orthogonal_halves_add_up_to_all_events(config: StudyConfig) -> None:
    result = run_study(config)
    method = result.tables["measured", "hie"]
    assert int(method.truth.n_total.sum() + method.truth.outside[1]) == 600  # type: ignore[union-attr]


@pytest.mark.xdist_group("study")
def test_samples_do_not_share_random_numbers(config: StudyConfig) -> None:
    context = Context(config)
    seeds = {context.seed(sample) for sample in config.samples}
    assert len(seeds) == len(config.samples)


@pytest.mark.xdist_group("study")
def test_report_stands_alone_and_shows_every_line(config: StudyConfig, tmp_path: Path) -> None:
    result = run_study(config)
    write_study(result, tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    for name in result.menu.names:
        assert name in text
    assert text.count("<svg") >= 5


def test_interrupted_study_leaves_nothing(tmp_path: Path) -> None:
    def interrupt() -> None:
        with whole_folder(tmp_path / "out") as new:
            (new / "rates.json").write_text("{}")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is a file"), whole_folder(tmp_path / "out"):
        pass


@pytest.mark.xdist_group("study")
def test_rates_from_decisions_equal_those_of_the_study(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nevents = 1200\nseed = 3\n[[samples]]\nname = "digamma"\nprocess = "digamma"\n'
    )
    decisions = tmp_path / "decisions.parquet"
    assert main(["study", str(study), "--out", str(tmp_path / "out"), "--workers", "1",
                 "--decisions", str(decisions)]) == 0  # fmt: skip
    assert main(["rates", str(decisions), "--luminosity", "8e35",
                 "--json", str(tmp_path / "rates.json")]) == 0  # fmt: skip
    ours = json.loads((tmp_path / "out" / "rates.json").read_text())
    read = json.loads((tmp_path / "rates.json").read_text())
    assert read == ours


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "--out", "x", "--events", "-3"], "study.events"),
        (["study", "--out", "x", "--workers", "0"], "--workers"),
        (["study", "--out", "x", "--menu", "nonsense"], "nonsense"),
        (["study", "--out", "x", "--scheduler", "tcp://127.0.0.1:1"], "--scheduler"),
        (["trigger", "no_such_file.hepmc3", "--out", "x.parquet"], "no_such_file"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_chunk_truth_and_decisions_have_one_entry_an_event(config: StudyConfig) -> None:
    part = run_chunk((config.model_dump_json(), Task(2, 0, 130, keep_decisions=True)))
    assert part.ftdl is not None
    assert part.truth is not None
    assert part.n_events == part.ftdl.n_events == 130
    assert all(np.shape(values) == (130,) for values in part.truth.values())
