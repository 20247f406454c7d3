"""Dead time of a study: its own decisions at its own rates, whatever the number of workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.cli import main
from sim.pipeline.library import build_library, study_context
from sim.study.chunk import Context, Task, run_chunk
from sim.study.config import StudyConfig, parse_study
from sim.study.fired import Fired, decisions
from sim.study.outputs import whole_folder, write_study
from sim.study.readout import readout_config
from sim.study.results import StudyResult
from sim.study.run import run_study
from trigger.bits import BitTable, slice_bits

pytestmark = pytest.mark.xdist_group("study_readout")

SMALL: dict[str, Any] = {
    "study": {"events": 6000, "chunk": 1000, "seed": 7, "focus": ["lml6", "hie4"]},
    "samples": [
        {"name": "digamma", "process": "digamma"},
        {"name": "eemumu", "process": "eemumu"},
        {"name": "background", "background": True},
        {"name": "photon", "process": "photon_gun", "rates": False},
    ],
    "readout": {"triggers": 20_000},
}


@pytest.fixture(scope="module")
def config() -> StudyConfig:
    return parse_study(SMALL, "test")


@pytest.fixture(scope="module")
def result(config: StudyConfig) -> StudyResult:
    return run_study(config)


def test_same_bytes_for_any_number_of_workers(
    config: StudyConfig, result: StudyResult, tmp_path: Path
) -> None:
    for name, study in (("1", result), ("2", run_study(config, workers=2))):
        with whole_folder(tmp_path / name) as folder:
            write_study(study, folder)
    for name in ("readout.json", "report.html", "rates.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
    assert 'id="dead-time"' in (tmp_path / "1" / "report.html").read_text()


def test_rates_are_those_of_the_same_study_without_readout(
    config: StudyConfig, result: StudyResult
) -> None:
    bare = run_study(config.model_copy(update={"readout": None}))
    assert bare.rates is not None
    assert result.rates is not None
    assert bare.readout is None
    assert result.rates.to_json() == bare.rates.to_json()


def fired_parts(config: StudyConfig, result: StudyResult) -> list[tuple[Fired, float]]:
    parts, job = [], config.model_dump_json()
    for number, sample in enumerate(result.samples[:3]):
        total = Fired(len(result.menu.names))
        for chunk in range(3):
            part = run_chunk((job, Task(number, chunk, min(1000, sample.n_events - chunk * 1000))))
            assert part.fired is not None
            total.merge(part.fired)
            if sample.n_events <= (chunk + 1) * 1000:
                break
        rate = sample.normalisation.source_rate(config.study.luminosity_cm2_s, sample.name)[0]
        parts.append((total, rate))
    return parts


def test_decisions_add_up_to_the_rate_table(config: StudyConfig, result: StudyResult) -> None:
    fired, _, rate = decisions(fired_parts(config, result), len(result.menu.names))
    assert result.rates is not None
    prescales = Context(config).prescales
    for number, line in enumerate(result.rates.to_json()["lines"]):
        before = rate[fired[:, number]].sum()
        expected = before / prescales[number] if prescales[number] else 0.0
        assert line["rate_hz"] == pytest.approx(expected, rel=1e-9), line["name"]


def test_decisions_are_those_of_the_menu_arrivals(config: StudyConfig, result: StudyResult) -> None:
    """`kind = "menu"` simulates the same events again and decides by another way."""
    from sim.pipeline.alone import DecisionTable
    from sim.pipeline.config import parse_pipeline
    from sim.pipeline.plan import compile_pipeline, unpack_bits

    # The library shares out the events of the samples in the rate table alone.
    context = study_context(config, "test")
    plan = compile_pipeline(parse_pipeline(None, "test"), context.menu, "test")
    events = sum(sample.n_events for sample in result.samples[:3])
    library = build_library(context, plan.inputs, events, config.study.luminosity_cm2_s, "test")
    other = DecisionTable.of_library(library, 7)
    fired, quality, rate = decisions(fired_parts(config, result), len(result.menu.names))
    ours = {(f.tobytes(), q): r for f, q, r in zip(fired, quality.tolist(), rate, strict=True)}
    useful = fired[:, [bool(p) for p in context.prescales]].any(axis=1)
    ours = {key: r for (key, r), keep in zip(ours.items(), useful, strict=True) if keep}
    found: dict[tuple[bytes, int], float] = {}
    rows = unpack_bits(other.fired, len(other.lines))
    for row, q, r in zip(rows, other.quality.tolist(), other.rate_hz, strict=True):
        found[row.tobytes(), q] = found.get((row.tobytes(), q), 0.0) + r
    assert found.keys() == ours.keys()
    for key, value in found.items():
        assert ours[key] == pytest.approx(value, rel=1e-9)


def test_offered_at_the_total_rate_and_left_after_dead_time(result: StudyResult) -> None:
    found, rates = result.readout, result.rates
    assert found is not None
    assert rates is not None
    own, after = found["line_triggers"], found["after_dead_time"]
    # Injection background comes on top and has no line.
    assert own["offered"] < found["offered"] == 20_000
    total = rates.to_json()["total_hz"]
    expected = total * found["duration_s"]
    assert own["offered"] == pytest.approx(expected, abs=5 * expected**0.5)
    assert after["total_hz"] == pytest.approx(total * own["accepted"] / own["offered"])
    assert sum(own["loss_by_cause"].values()) == pytest.approx(own["loss"])
    lost = {line["name"]: line["loss"] for line in found["lines"]}
    for line, left in zip(rates.to_json()["lines"], after["lines"], strict=True):
        if lost[line["name"]] is not None:
            assert left["rate_hz"] == pytest.approx(line["rate_hz"] * (1 - lost[line["name"]]))
        else:
            assert left["rate_hz"] == (0.0 if line["rate_hz"] == 0.0 else None)


def test_fired_counts_combinations_with_their_weights() -> None:
    dense = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0], [1, 0, 1]], dtype=bool)
    ftdl = BitTable(("a", "b", "c"), slice_bits(dense.T), 5)
    weight = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    counted = Fired.of(ftdl, np.array([2, 2, 2, -1, 3]), weight, "x")
    fired, quality, rate = decisions([(counted, 62.0)], 3)
    assert sorted(zip(fired.tolist(), quality.tolist(), rate.tolist(), strict=True)) == [
        ([False, True, False], -1, 16.0),
        ([True, False, True], 2, 10.0),
        ([True, False, True], 3, 32.0),
    ]
    with pytest.raises(InputError, match="negative weight"):
        Fired.of(ftdl, np.zeros(5, dtype=np.int64), -weight, "x")


def test_a_readout_file_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[arrivals]\nkind = "poisson"\nrate_khz = 1.0\n[pipeline]\n')
    config = parse_study({**SMALL, "readout": {"config": str(own)}}, "test")
    with pytest.raises(InputError, match="leave \\[pipeline\\] and pile_up"):
        readout_config(config)
    own.write_text(
        '[run]\ntriggers = 3000\n[arrivals]\nkind = "beam"\nrate_khz = 1.0\n'
        "activity_fraction = 0.25\n[[throttle]]\nkind = 'min_spacing'\nticks = 5000\n"
    )
    made = readout_config(config)
    assert made.arrivals == {
        "kind": "menu", "luminosity_cm2_s": 8e35, "activity_fraction": 0.25,
    }  # fmt: skip
    assert (made.run.triggers, made.run.seed) == (3000, 7)
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nevents = 600\n[[samples]]\nname = "digamma"\nprocess = "digamma"\n'
        f'[readout]\nconfig = "{own}"\ntriggers = 2000\n'
    )
    table = tmp_path / "all.json"
    arguments = ["study", str(study), "--workers", "1", "--json", str(table)]
    assert main([*arguments, "--out", str(tmp_path / "o")]) == 0
    assert "Dead time: " in capsys.readouterr().out
    found = json.loads(table.read_text())["readout"]
    assert found == json.loads((tmp_path / "o" / "readout.json").read_text())
    assert found["loss_by_cause"].keys() == {"min_spacing"}
    study.write_text(study.read_text().replace(str(own), str(tmp_path / "none.toml")))
    assert main([*arguments, "--out", str(tmp_path / "p")]) == 2
    assert "none.toml" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()
