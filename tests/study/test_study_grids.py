"""Grids in a study: what runs is what a user would do by hand, and mistakes are named early."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.processes.long_lived import LongLived
from sim.study.checks import check_study
from sim.study.chunk import Context, Task, run_chunk
from sim.study.config import StudyConfig, parse_study
from sim.study.decisions import write_decisions
from sim.study.outputs import write_study
from sim.study.results import StudyResult
from sim.study.run import run_study
from sim.study.tasks import event_counts
from sim.truth import truth_variables
from trigger.decision_files import DecisionFile

GRID = {
    "label": "recoil", "title": "γ and X", "process": "photon_displaced",
    "parameters": {"decay": "ee"}, "masses": [0.5, 2.0], "ctaus": [1e-4, 0.03, 1.0],
    "lines": ["lml6", "hie"], "any_of": {"calorimeter": ["lml6", "hie", "lml1"]},
    "where": [{"variable": "nDecayVertexInBarrel", "low": 1}],
}  # fmt: skip


def _study(**changes: object) -> StudyConfig:
    study = {"events": 900, "chunk": 300, "seed": 3}
    return parse_study({"study": study, "grids": [{**GRID, **changes}]}, "my.toml")


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return run_study(_study())


def test_sums_are_those_of_the_events_of_each_mass(result: StudyResult) -> None:
    config, grid = result.config, result.grids["recoil"]
    assert grid.n_generated.tolist() == [450, 450]
    context = Context(config)
    for number, mass in enumerate(GRID["masses"]):
        sample = context.samples[number]
        assert sample.parameters == {"decay": "ee", "mass": mass, "sampling": "broad"}
        process = context.process(sample)
        assert isinstance(process, LongLived)
        weight, passed, inside = [], [], []
        for chunk, n in enumerate((300, 150)):
            events = process.generate(n, context.seed(sample), chunk)
            weight.append([process.weights_for_ctau(events, ctau) for ctau in GRID["ctaus"]])
            truth = truth_variables(events, context.machine)
            inside.append(truth["nDecayVertexInBarrel"] >= 1)
            cells = context.response.respond(events, context.seed(sample), chunk)
            ftdl = context.chain.decide_words(context.chain.words(cells, None, None))
            passed.append([ftdl[line] for line in ("lml6", "hie", "lml1")])
        w, fired = np.concatenate(weight, axis=1), np.concatenate(passed, axis=1)
        chosen = np.concatenate(inside)
        assert grid.n_events[number] == chosen.sum() < 450
        rows = [fired[0], fired[1], fired.any(axis=0)]
        for row, bits in enumerate(rows):
            expected = (w * (bits & chosen)).sum(axis=1) / (w * chosen).sum(axis=1)
            np.testing.assert_allclose(grid.efficiency()[row, number], expected, rtol=1e-12)
    assert (grid.efficiency()[2] > grid.efficiency()[0]).any()


def test_folder_has_every_view(result: StudyResult, tmp_path: Path) -> None:
    write_study(result, tmp_path)
    (found,) = json.loads((tmp_path / "grids.json").read_text(encoding="utf-8"))
    assert found["lines"] == ["lml6", "hie", "calorimeter"]
    assert found["n_generated"] == [450, 450]
    names = {path.name for path in (tmp_path / "grids").iterdir()}
    assert names == {"recoil.csv", "recoil.npz", "recoil.corr.json"}
    text = json.loads((tmp_path / "grids" / "recoil.corr.json").read_text(encoding="utf-8"))
    assert "calorimeter = lml6 or hie or lml1" in text["description"]
    assert "1 <= nDecayVertexInBarrel < inf" in text["description"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Mass and lifetime" in page
    assert page.count("<svg") == 3


def test_decisions_leave_grids_out(tmp_path: Path) -> None:
    sample = {"name": "photon", "process": "photon_gun", "rates": False}
    data = {"study": {"events": 300}, "samples": [sample], "grids": [GRID]}
    done = write_decisions(parse_study(data, "my.toml"), tmp_path / "a.parquet")
    assert done.grids["recoil"].n_generated.tolist() == [100, 100]
    rows = sum(len(part.weight) for part in DecisionFile(tmp_path / "a.parquet").chunks())
    assert rows == 100


def test_several_lifetimes_are_one() -> None:
    config = _study(
        process="inelastic_dark_matter", masses=[0.5], where=[],
        parameters={"production": "higgs", "mediator_mass": 3.0},
    )  # fmt: skip
    part = run_chunk((config.model_dump_json(), Task(0, 0, 50)))
    context = Context(config)
    process = context.process(context.samples[0])
    assert isinstance(process, LongLived)
    events = process.generate(50, context.seed(context.samples[0]), 0)
    assert part.grid is not None
    for number, ctau in enumerate(GRID["ctaus"]):
        expected = process.weights_for_ctau(events, ctau, ctau).sum()
        assert part.grid.w_total[0, number] == pytest.approx(expected, rel=1e-12)


def test_shares_and_logarithmic_points() -> None:
    config = parse_study(
        {"study": {"events": 500}, "samples": [{"name": "a", "process": "photon_gun"}],
         "grids": [{**GRID, "share": 2.0, "ctaus": {"low": 1e-4, "high": 1.0, "points": 5}}]}, "x",
    )  # fmt: skip
    assert event_counts(config) == [100, 200, 200]
    expected = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert config.grids[0].ctau_values() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"masses": [1.0, 0.5]}, r"grids\.0: masses must rise strictly"),
        ({"ctaus": []}, r"grids\.0: ctaus must not be empty"),
        ({"ctaus": {"low": 1e-3, "high": 1e-4, "points": 3}}, r"ctaus must rise strictly"),
        ({"mases": [1.0]}, r"grids\.0\.mases: unknown key \(nearest: 'masses'\)"),
        ({"lines": [], "any_of": {}}, r"grids\.0: needs lines or any_of"),
        ({"any_of": {"lml6": ["hie"]}}, r"any_of 'lml6' has the name of a line"),
        ({"label": "a/b"}, r"grids\.0\.label: "),
    ],
)
def test_mistake_in_the_file_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _study(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": ["lml66"]}, r"grids\.0 \(recoil\): lines: unknown line 'lml66'.*'lml6'"),
        ({"any_of": {"a": ["hiee"]}}, r"any_of\.a: unknown line 'hiee' \(nearest: 'hie'\)"),
        ({"any_of": {"lml1": ["hie"]}}, r"any_of: 'lml1' is a line of the menu"),
        ({"where": [{"variable": "decayVertexRo"}]}, r"where: .*nearest: 'decayVertexRho'"),
        ({"process": "photon_displacd"}, r"unknown process .*nearest: 'photon_displaced'"),
        ({"process": "kshort_gun"}, r"process: kshort_gun has no lifetime to choose; .*b_to_k_s"),
        ({"process": "dimuon"}, r"process: dimuon has no lifetime to choose"),
        ({"mass_parameter": "mas"}, r"mass_parameter: unknown parameter 'mas' \(nearest: 'mass'\)"),
        ({"parameters": {"ctau": 0.1}}, r"parameters\.ctau: is set by the grid itself"),
        ({"parameters": {"sampling": "broad"}}, r"parameters\.sampling: is set by the grid"),
        ({"parameters": {"decai": "ee"}}, r"grids .*mass = 0\.5 GeV.*'decai' \(nearest: 'decay'\)"),
        ({"ctaus": [1e-6]}, r"ctaus: must be 1e-05 to 10 m, not 1e-06"),
        ({"masses": [1.0, 20.0]}, r"grids .*mass = 20\.0 GeV"),
    ],
)  # fmt: skip
def test_unknown_name_is_refused_before_the_first_event(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_study(Context(_study(**change)))
