"""Scenarios: rates by part against a plain count, background everywhere, one clear message."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from firmware_models.errors import InputError
from sim.cli import main
from sim.processes import get_process
from sim.readers import write_events
from sim.study.background import LEVELS, with_background
from sim.study.chunk import Context, Task, run_chunk
from sim.study.config import StudyConfig, load_study, parse_study
from sim.study.outputs import whole_folder, write_study
from sim.study.results import StudyResult
from sim.study.run import run_study
from sim.study.scenario_config import MACHINE_POINTS
from sim.study.scenarios import PARTS, TOTAL, scenario_studies, scenarios_csv, scenarios_json
from sim.study.tasks import event_counts, planned_events

pytestmark = pytest.mark.xdist_group("scenarios")

DATA: dict[str, Any] = {
    "study": {"events": 300, "chunk": 200, "seed": 5, "focus": ["lml1", "hie4", "ecltaub2b3"]},
    "detector": {"background": {"level": 2.0}},
    "samples": [
        {"name": "digamma", "process": "digamma"},
        {"name": "bhabha", "process": "bhabha"},
        {"name": "photon", "process": "photon_gun", "rates": False},
        {"name": "windows", "background": True},
    ],
    "efficiency": [
        {"label": "energy", "sample": "photon", "lines": ["hie"],
         "axes": [{"variable": "photonECM", "low": 0.0, "high": 4.0, "bins": 4}]},
    ],
    "scenarios": [
        {"name": "low", "luminosity_cm2_s": 1e34, "background": "machine", "events": 300},
        {"name": "twice", "luminosity_cm2_s": 2e35, "background": 30.0, "events": 900},
    ],
}  # fmt: skip


def _changed(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(DATA))
    return data | changes


@pytest.fixture(scope="module")
def config() -> StudyConfig:
    return parse_study(DATA, "test")


@pytest.fixture(scope="module")
def result(config: StudyConfig) -> StudyResult:
    return run_study(config)


def test_same_bytes_for_any_number_of_workers(
    config: StudyConfig, result: StudyResult, tmp_path: Path
) -> None:
    seen: list[tuple[str, int]] = []
    two = run_study(config, workers=2, progress=lambda name, n: seen.append((name, n)))
    for name, study in (("1", result), ("2", two)):
        with whole_folder(tmp_path / name) as folder:
            write_study(study, folder)
    for name in ("scenarios.json", "scenarios.csv", "rates.json", "report.html", "study.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
    assert sum(n for _, n in seen) == planned_events(config) == 300 + 300 + 900
    assert {name for name, _ in seen} >= {"photon", "low digamma", "twice windows"}
    assert not any(name.endswith(" photon") for name, _ in seen)


def test_study_itself_does_not_depend_on_its_scenarios(
    config: StudyConfig, result: StudyResult
) -> None:
    alone = run_study(config.model_copy(update={"scenarios": []}))
    assert alone.rates is not None
    assert result.rates is not None
    assert alone.rates.to_json() == result.rates.to_json()
    assert scenarios_json(alone.scenarios) == []


def test_parts_equal_a_plain_count(config: StudyConfig, result: StudyResult) -> None:
    """Every event and every outcome of the prescalers, in plain Python."""
    own, found = scenario_studies(config)[1], scenarios_json(result.scenarios)[1]
    names = Context(own.config).menu.names
    q = [0.0 if p == 0 else 1.0 / p for p in Context(own.config).prescales]
    job = own.config.model_dump_json()
    sigma = {s.name: s.normalisation.sigma_nb for s in result.samples}
    line = {part: [0.0] * len(names) for part in PARTS}
    pure = {part: [0.0] * len(names) for part in PARTS}
    total = dict.fromkeys(PARTS, 0.0)
    for number, sample in enumerate(own.config.samples):
        part = "background" if sample.background else "physics"
        fires = []
        for chunk, n in enumerate((200, 100)):
            decided = run_chunk((job, Task(number, chunk, n, keep_decisions=True))).ftdl
            assert decided is not None
            columns = [decided[name].tolist() for name in names]
            fires += [[i for i, column in enumerate(columns) if column[e]] for e in range(n)]
        assert len(fires) == 300
        # A window has 32 ticks of a quarter of the radio frequency; 1 nb at 2e35 is 200 Hz.
        hertz = 508.887e6 / 4 / 32 if sample.background else 200.0 * sigma[sample.name]  # type: ignore[operator]
        for fired in fires:
            missed = 1.0
            for i in fired:
                missed *= 1.0 - q[i]
                others = 1.0
                for j in fired:
                    others *= 1.0 if j == i else 1.0 - q[j]
                for each in ("all", part):
                    line[each][i] += hertz / 300 * q[i]
                    pure[each][i] += hertz / 300 * q[i] * others
            for each in ("all", part):
                total[each] += hertz / 300 * (1.0 - missed)
    for each in PARTS:
        assert found["total"][each]["rate_hz"] == pytest.approx(total[each], rel=1e-6)
        got = [entry[each]["rate_hz"] for entry in found["lines"]]
        assert got == pytest.approx(line[each], rel=1e-6, abs=1e-6), each
        got = [entry[each]["pure_hz"] for entry in found["lines"]]
        assert got == pytest.approx(pure[each], rel=1e-6, abs=1e-4), each
    assert total["background"] > 0
    assert total["physics"] > 0


def test_parts_add_up_and_errors_in_quadrature(result: StudyResult) -> None:
    for found in scenarios_json(result.scenarios):
        for entry in (found["total"], *found["lines"]):
            for key in entry["all"]:
                both = [entry[part][key] for part in ("physics", "background")]
                wanted = (both[0] ** 2 + both[1] ** 2) ** 0.5 if "err" in key else sum(both)
                assert entry["all"][key] == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        for entry in found["lines"]:
            physics = [hz for name, hz in entry["pure_by_process"].items() if name != "windows"]
            assert entry["physics"]["pure_hz"] == pytest.approx(sum(physics), rel=1e-12)


def test_coincidence_is_the_fraction_of_windows_with_a_collision(result: StudyResult) -> None:
    sigma = sum(s.normalisation.sigma_nb or 0.0 for s in result.samples)
    low, high = scenarios_json(result.scenarios)
    # 1 nb is 10 Hz at 1e34; a window is 32 ticks of a quarter of the radio frequency.
    assert low["coincidence"] == pytest.approx(sigma * 10.0 * 32 / (508.887e6 / 4), rel=1e-9)
    assert high["coincidence"] == pytest.approx(20.0 * low["coincidence"], rel=1e-9)


def test_csv_holds_what_the_json_holds(result: StudyResult) -> None:
    found = scenarios_json(result.scenarios)
    rows = list(csv.DictReader(io.StringIO(scenarios_csv(found))))
    assert len(rows) == sum(3 * (1 + len(one["lines"])) for one in found)
    keyed = {(row["scenario"], row["line"], row["part"]): row for row in rows}
    for one, part in itertools.product(found, PARTS):
        row = keyed[one["name"], TOTAL, part]
        assert float(row["rate_hz"]) == one["total"][part]["rate_hz"]
        assert row["pure_hz"] == ""
        for line in one["lines"]:
            row = keyed[one["name"], line["name"], part]
            for key, value in line[part].items():
                assert float(row[key]) == value
            assert float(row["background"]) == one["background"]["level"]


def test_background_reaches_collisions_and_windows(config: StudyConfig) -> None:
    """At 1000 times nothing, as at none; at 60 times the study's, more cells in both kinds."""
    own = scenario_studies(config)[1]
    assert own.config.detector["background"]["level"] == pytest.approx(60.0)
    quiet = own.config.model_copy(
        update={"detector": {"background": {"level": 0.0}}, "study": own.config.study}
    )
    cells = {}
    for number in (0, 2):
        for name, study in (("quiet", quiet), ("loud", own.config)):
            part = run_chunk((study.model_dump_json(), Task(number, 0, 200)))
            cells[number, name] = int(part.cell_fired.sum())
    assert cells[2, "quiet"] == 0
    # A mean of 60 x 0.1 cells above 19 counts a window, more with those below it.
    assert cells[2, "loud"] > 200 * 4
    assert cells[0, "loud"] > cells[0, "quiet"] + 200 * 4


def test_levels_of_all_simulated_detectors_are_scaled() -> None:
    chamber = {"background": {"level": 1.5, "rate": 30.0}}
    config = parse_study(_changed(tracks={"chamber": chamber}), "test")
    scaled = with_background(config, 4.0)
    assert scaled.detector["background"] == {"level": 8.0}
    assert scaled.tracks is not None
    assert scaled.tracks.chamber["background"] == {"level": 6.0, "rate": 30.0}
    assert config.detector["background"] == {"level": 2.0}
    # Every table that is listed is one of the study's, so that no detector is left out silently.
    for level in LEVELS:
        head, *rest = level.table.split(".")
        assert head in StudyConfig.model_fields
        assert len(rest) <= 1
    defaults = with_background(parse_study(_changed(detector={}, tracks={}), "test"), 3.0)
    assert defaults.detector == {"background": {"level": 3.0}}
    assert defaults.tracks is not None
    assert defaults.tracks.chamber == {"background": {"level": 3.0}}
    assert with_background(config, 1.0).model_copy(update={"tracks": None}) == config.model_copy(
        update={"tracks": None}
    )


def test_a_working_point_of_its_own_changes_the_thresholds_and_nothing_else() -> None:
    one = {"name": "twice", "luminosity_cm2_s": 2e35, "background": 30.0, "events": 900}
    low = _changed(scenarios=[{**one, "working_point": "lml0_two_clusters"}])
    given, plain = (
        run_study(parse_study(data, "x")).scenarios[0] for data in (low, _changed(scenarios=[one]))
    )
    both = [scenarios_json([result])[0] for result in (given, plain)]
    assert [found["working_point"] for found in both] == ["lml0_two_clusters", None]
    rates = [{line["name"]: line["all"]["rate_hz"] for line in found["lines"]} for found in both]
    changed = {name for name in rates[0] if rates[0][name] != rates[1][name]}
    assert changed == {"lml0"}
    assert 0 < rates[0]["lml0"] < rates[1]["lml0"]


def test_an_unknown_working_point_is_refused_before_the_first_event() -> None:
    one = {"name": "a", "luminosity_cm2_s": 1e35, "working_point": "high_backgrund"}
    with pytest.raises(InputError, match=r"scenarios\.0 \(a\).*nearest: 'high_background'"):
        run_study(parse_study(_changed(scenarios=[one]), "x"))


def test_random_numbers_are_a_scenarios_own(config: StudyConfig) -> None:
    studies = scenario_studies(config)
    contexts = [Context(each) for each in (config, *(study.config for study in studies))]
    seeds = {(n, s.name): c.seed(s) for n, c in enumerate(contexts) for s in c.config.samples}
    assert len(set(seeds.values())) == len(seeds)
    # Whatever stands beside it in the file.
    assert (
        scenario_studies(config.model_copy(update={"scenarios": config.scenarios[1:]}))
        == (studies[1:])
    )


def test_machine_points() -> None:
    """The heuristic by hand: a third each of Touschek, beam-gas and luminosity."""
    scenarios = [
        {"name": f"{value:g}", "luminosity_cm2_s": value, "background": "machine"}
        for value in MACHINE_POINTS
    ]
    levels = [s.level for s in scenario_studies(parse_study(_changed(scenarios=scenarios), "t"))]
    by_hand = []
    for luminosity, bunches, her, ler in (
        (1e34, 783, 350, 410), (4.7e34, 2346, 1150, 1460), (6e35, 1761, 2000, 2800)
    ):  # fmt: skip
        touschek = [(her / 1150) ** 2 * 2346 / bunches, (ler / 1460) ** 2 * 2346 / bunches]
        gas = [her * (1 + her / 1000) / (1150 * 2.15), ler * (1 + ler / 1000) / (1460 * 2.46)]
        by_hand.append(sum(touschek) / 6 + sum(gas) / 6 + luminosity / 4.7e34 / 3)
    assert levels == pytest.approx(by_hand, rel=1e-12)
    assert levels[1] == pytest.approx(1.0, rel=1e-12)


def test_given_beams_and_shares() -> None:
    machine = {"bunches": 2346, "her": {"current_ma": 2300.0}, "ler": {"current_ma": 1460.0},
               "shares": {"touschek_her": 0.5, "touschek_ler": 0.25, "beam_gas_her": 0.0,
                          "beam_gas_ler": 0.0, "luminosity": 0.25}}  # fmt: skip
    own = {"name": "a", "luminosity_cm2_s": 9.4e34, "background": "machine", "machine": machine}
    (study,) = scenario_studies(parse_study(_changed(scenarios=[own]), "test"))
    assert study.level == pytest.approx(0.5 * 4 + 0.25 + 0.25 * 2)
    assert study.origin["terms"]["touschek_her"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"background": "machin"}, r"scenarios\.0\.background: given 'machin'; allowed: a factor "),
        ({"background": -1.0}, r"scenarios\.0\.background: given -1\.0; allowed: "),
        ({"background": True}, r"scenarios\.0\.background: given True; allowed: "),
        ({"background": float("nan")}, r"scenarios\.0\.background: given nan; allowed: "),
        ({"luminosity_cm2_s": 0.0}, r"scenarios\.0\.luminosity_cm2_s: .*not 0\.0"),
        ({"events": 0}, r"scenarios\.0\.events: .*not 0"),
        ({"name": "a b"}, r"scenarios\.0\.name: .*not 'a b'"),
        ({"lumi": 1.0}, r"scenarios\.0\.lumi: unknown key; allowed: background, events"),
        ({"background": "machine"}, r"x: no machine is known at 3e\+34, only at 1e\+34, 4\.7e\+34"),
        ({"machine": {"bunches": 1, "her": {"current_ma": 1.0}, "ler": {"current_ma": 1.0}}},
         r"x: machine needs background = 'machine'"),
        ({"background": "machine", "machine": {"bunches": 1, "her": {"current_ma": 1.0}}},
         r"scenarios\.0\.machine\.ler: is missing"),
        ({"background": "machine", "machine": {
            "bunches": 1, "her": {"current_ma": 1.0}, "ler": {"current_ma": 1.0},
            "shares": {"luminosity": 0.5}}}, r"machine\.shares: must add up to 1, not 1\.16"),
        ({"background": 60.0}, r"scenarios\.0 \(x\): 60 times the background: "
                               r"detector\.background\.level: given 120\.0; allowed: "),
    ],
)  # fmt: skip
def test_mistake_is_named(change: dict[str, Any], message: str) -> None:
    scenario = {"name": "x", "luminosity_cm2_s": 3e34} | change
    with pytest.raises(InputError, match=message) as caught:
        planned_events(parse_study(_changed(scenarios=[scenario]), "my.toml"), "my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert "\n" not in str(caught.value)


def test_doubled_names_and_studies_without_rates_are_refused() -> None:
    one = {"name": "x", "luminosity_cm2_s": 3e34}
    with pytest.raises(InputError, match=r"scenarios: name 'x' is given twice"):
        parse_study(_changed(scenarios=[one, one]), "my.toml")
    with pytest.raises(InputError, match=r"scenarios: need a sample that enters the rates"):
        parse_study(_changed(scenarios=[one], samples=[DATA["samples"][2]]), "my.toml")


def test_command_writes_prints_and_scales(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nevents = 8000\nseed = 3\n'
        '[[samples]]\nname = "digamma"\nprocess = "digamma"\n'
        '[[scenarios]]\nname = "half"\nluminosity_cm2_s = 4e35\nevents = 4000\n'
        '[[scenarios]]\nname = "low"\nluminosity_cm2_s = 1e34\nbackground = 0.5\n'
    )  # fmt: skip
    out = tmp_path / "out"
    assert main(["study", str(study), "--out", str(out), "--workers", "1", "--events", "400",
                 "--decisions", str(tmp_path / "d.parquet"),
                 "--json", str(tmp_path / "all.json")]) == 0  # fmt: skip
    printed = capsys.readouterr().out
    assert "scenario half: 4e+35 /cm2/s, beam background x 1" in printed
    found = json.loads((out / "scenarios.json").read_text())
    assert [one["n_events"] for one in found] == [200, 400]
    # No sample of windows: that part is unknown, not zero.
    assert all(one["total"]["background"] is None for one in found)
    assert found[0]["total"]["all"] == found[0]["total"]["physics"]
    assert json.loads((tmp_path / "all.json").read_text())["scenarios"] == found
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="rates-against-luminosity"' in page
    assert re.search(r"low: 1e\+34 /\(cm² s\), background × 0\.5", page)
    # The decisions are those of the study alone.
    assert main(["rates", str(tmp_path / "d.parquet"), "--luminosity", "8e35",
                 "--json", str(tmp_path / "rates.json")]) == 0  # fmt: skip
    assert json.loads((tmp_path / "rates.json").read_text()) == json.loads(
        (out / "rates.json").read_text()
    )


def test_event_files_are_read_by_every_scenario(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_events(path, [get_process("digamma").generate(64, 1)])
    samples = [{"name": "file", "file": str(path), "cross_section_nb": 4.0}]
    scenarios = [{"name": "a", "luminosity_cm2_s": 1e34}, {"name": "b", "luminosity_cm2_s": 3e34}]
    data = {"samples": samples, "scenarios": scenarios}
    found = scenarios_json(run_study(parse_study(data, "test")).scenarios)
    assert [one["n_events"] for one in found] == [64, 64]
    assert all(one["total"]["physics"]["rate_hz"] > 0 for one in found)


def test_packaged_study_has_no_scenarios() -> None:
    # Sensible errors of the background's rates need more time than the default study has.
    config = load_study()
    assert config.scenarios == []
    assert planned_events(config) == sum(event_counts(config))
