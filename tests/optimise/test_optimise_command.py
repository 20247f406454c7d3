"""The command: rates are those of a study, thresholds only lower them, files agree."""

from __future__ import annotations

import csv
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli import main
from sim.sensitivity.config import load_channel, overridden
from sim.sensitivity.reach import limit
from sim.sensitivity.run import run_channels
from sim.sensitivity.settings import settings
from sim.study.config import load_study
from sim.study.run import run_study

STUDY = """
[study]
events = 6000
seed = 7
chunk = 2000
[registers.ecl_selection]
lml6_energy = "2 GeV"
[[samples]]
name = "bhabha"
process = "bhabha"
share = 2
[[samples]]
name = "photon"
process = "photon_gun"
rates = false
[[samples]]
name = "radiative"
process = "radiative_bhabha"
share = 3
"""

READOUT = """
[arrivals]
kind = "poisson"
rate_khz = 10.0
[[throttle]]
kind = "dead_time"
ticks = 127
"""

FILE = """
[optimise]
study = "STUDY"
[[channel]]
channel = "dark_photon"
masses = [9.0, 9.8]
events = 300
[budget]
rate_khz = 1000.0
dead_time = 0.5
[base]
prescales = { lml1 = 7 }
[axes.registers.ecl_selection]
lml13_energy = ["0.4 GeV", "0.5 GeV", "1 GeV"]
[axes.prescales]
lml7 = [1, 5]
[readout]
config = "READOUT"
triggers = 20000
points = 3
checks = 2
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("optimise")
    (folder / "study.toml").write_text(STUDY)
    (folder / "readout.toml").write_text(READOUT)
    text = FILE.replace("STUDY", str(folder / "study.toml"))
    (folder / "opt.toml").write_text(text.replace("READOUT", str(folder / "readout.toml")))
    assert _run(folder, "out", "first.json") == 0
    return folder, json.loads((folder / "first.json").read_text())


def _run(folder: Path, out: str, result: str) -> int:
    return main([
        "optimise", str(folder / "opt.toml"), "--out", str(folder / out), "--workers", "1",
        "--kept", str(folder / "kept"), "--json", str(folder / result),
    ])  # fmt: skip


def test_rates_are_those_of_a_study(made: tuple[Path, dict[str, Any]]) -> None:
    """Same samples, seed and registers, prescales of the menu: equal to the last bit, errors too.

    Registers of the study's own file do not count, the base's do.
    """
    folder, _ = made
    study = load_study(folder / "study.toml")
    for one in _without_prescales(folder)["candidates"]:
        wanted = run_study(study.model_copy(update={"registers": one["registers"]}))
        assert wanted.rates is not None
        assert one["rate_khz"] == 1e-3 * wanted.rates.all.total
        assert one["rate_err_khz"] == 1e-3 * wanted.rates.all.total_err
        assert one["rate_by_sample_khz"] == {
            name: 1e-3 * part.total for name, part in wanted.rates.by_process.items()
        }


def test_several_channels(made: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = made
    value = _without_prescales(folder)
    names = [one["name"] for one in value["objectives"]]
    assert names == ["all channels", "dark_photon", "alp_3photon"]
    for one in value["candidates"]:
        first, second = one["reach"]["dark_photon"], one["reach"]["alp_3photon"]
        assert one["reach"]["all channels"] == pytest.approx(first**0.25 * second**0.75)
        assert set(one["on_front"]) <= set(names)
    assert (folder / "plain" / "optimise_2.png").stat().st_size > 1000
    page = (folder / "plain" / "report.html").read_text()
    assert page.count("<svg") == 4


@lru_cache
def _without_prescales(folder: Path) -> dict[str, Any]:
    text = (folder / "opt.toml").read_text()
    cut = text[: text.index("[axes.prescales]")] + text[text.index("[readout]") :]
    cut = cut.replace("prescales = { lml1 = 7 }", "")
    more = '[[channel]]\nchannel = "alp_3photon"\nmasses = [1.0]\nevents = 200\nweight = 3.0\n'
    (folder / "plain.toml").write_text(cut.replace("[budget]", f"{more}[budget]"))
    assert main([
        "optimise", str(folder / "plain.toml"), "--out", str(folder / "plain"), "--workers", "1",
        "--kept", str(folder / "kept"), "--json", str(folder / "plain.json"),
    ]) == 0  # fmt: skip
    found: dict[str, Any] = json.loads((folder / "plain.json").read_text())
    return found


def test_a_higher_threshold_or_prescale_never_raises_the_rate(
    made: tuple[Path, dict[str, Any]],
) -> None:
    _, value = made
    by_values = {
        (
            one["registers"]["ecl_selection"]["lml13_energy"],
            one["prescales"]["lml7"],
        ): one for one in value["candidates"]
    }  # fmt: skip
    assert len(by_values) == 6
    for prescale in (1, 5):
        low, middle, high = (by_values[f"{e} GeV", prescale] for e in ("0.4", "0.5", "1"))
        for key in ("rate_khz", "dead_time"):
            assert low[key] >= middle[key] >= high[key]
        for lower, upper in ((low, middle), (middle, high)):
            pairs = zip(
                lower["trigger_efficiency"]["dark_photon"],
                upper["trigger_efficiency"]["dark_photon"], strict=True,
            )  # fmt: skip
            assert all(a >= b for a, b in pairs)
    for energy in ("0.4", "0.5", "1"):
        one, five = (by_values[f"{energy} GeV", n] for n in (1, 5))
        assert one["rate_khz"] > five["rate_khz"]
    assert by_values["0.4 GeV", 1]["rate_khz"] > by_values["1 GeV", 1]["rate_khz"]


def test_the_base_and_differences(made: tuple[Path, dict[str, Any]]) -> None:
    _, value = made
    base = value["candidates"][0]
    assert base["base"]
    assert base["values"] == {
        "registers.ecl_selection.lml13_energy": "0.5 GeV", "prescales.lml7": 5,
    }  # fmt: skip
    assert base["rate_difference_khz"] == base["rate_difference_err_khz"] == 0.0
    for one in value["candidates"]:
        assert one["rate_difference_khz"] == pytest.approx(
            one["rate_khz"] - base["rate_khz"], rel=1e-9, abs=1e-9
        )
        # The same events: the difference is known better than either.
        assert one["rate_difference_err_khz"] <= one["rate_err_khz"]
        assert one["reach_difference_err"]["dark_photon"] <= 1.5 * base["reach_err"]["dark_photon"]


def test_reach_is_that_of_the_sensitivity(made: tuple[Path, dict[str, Any]]) -> None:
    """The same samples through `run_channels`, and the dead time taken off."""
    folder, value = made
    channel = overridden(load_channel("dark_photon"), {"signal.masses": [9.0, 9.8]}, "test")
    base = value["candidates"][0]
    setting = settings(prescales={"lml1": 7, "lml7": 5})[1]
    (found,) = run_channels(
        [channel], [setting], events=300, seed=value["seed"], folder=folder / "kept" / "samples"
    )
    ratios = []
    for i, passed in enumerate(found.points):
        trigger = passed.trigger[setting.label]
        assert base["trigger_efficiency"]["dark_photon"][i] == trigger.efficiency.value
        live = 1 - base["dead_time"]
        own = limit(channel, passed, trigger.scaled(live)).coupling
        assert base["coupling_limit"]["dark_photon"][i] == pytest.approx(own, rel=1e-9)
        ratios.append(limit(channel, passed, passed.ideal).coupling / own)
    assert base["reach"]["dark_photon"] == pytest.approx(np.mean(ratios), rel=1e-9)


def test_front_and_budget(made: tuple[Path, dict[str, Any]]) -> None:
    _, value = made
    found, (objective,) = value["candidates"], value["objectives"]
    name = objective["name"]
    for one in found:
        beaten = any(
            other["rate_khz"] <= one["rate_khz"] and other["reach"][name] >= one["reach"][name]
            and (other["rate_khz"], other["reach"][name]) != (one["rate_khz"], one["reach"][name])
            for other in found
        )  # fmt: skip
        assert (one["id"] in objective["front"]) == (not beaten)
        assert one["within_budget"] == (one["rate_khz"] <= 1000 and one["dead_time"] <= 0.5)
    best = found[objective["best"]]
    assert best["reach"][name] == max(o["reach"][name] for o in found if o["within_budget"])


def test_dead_time_is_that_of_the_readout(made: tuple[Path, dict[str, Any]]) -> None:
    """One dead time of 127 ticks after each trigger."""
    _, value = made
    for check in value["dead_time"]["checks"]:
        load = check["rate_khz"] * 127 / 127.216e3
        assert check["direct"] == pytest.approx(load / (1 + load), abs=5 * check["direct_err"])
        assert check["interpolated"] == pytest.approx(
            check["direct"], abs=6 * check["direct_err"]
        )  # fmt: skip


def test_kept_words_change_nothing(made: tuple[Path, dict[str, Any]]) -> None:
    folder, value = made
    words = sorted((folder / "kept" / "words").iterdir())
    assert len(words) == 3
    before = [path.stat().st_mtime_ns for path in words]
    words[0].write_bytes(b"damaged")
    assert _run(folder, "again", "again.json") == 0
    assert json.loads((folder / "again.json").read_text()) == value
    assert [path.stat().st_mtime_ns for path in words][1:] == before[1:]
    assert words[0].stat().st_size > 1000
    for name in ("optimise.json", "optimise.csv", "optimise.png", "report.html", "best.toml"):
        assert (folder / "out" / name).read_bytes() == (folder / "again" / name).read_bytes()


def test_files_agree(made: tuple[Path, dict[str, Any]]) -> None:
    folder, value = made
    assert json.loads((folder / "out" / "optimise.json").read_text()) == value
    with open(folder / "out" / "optimise.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(value["candidates"]) == 6
    for row, one in zip(rows, value["candidates"], strict=True):
        assert row["label"] == one["label"]
        assert float(row["rate_khz"]) == pytest.approx(one["rate_khz"], rel=1e-7)
        assert float(row["reach_dark_photon"]) == pytest.approx(one["reach"]["dark_photon"])
        assert bool(int(row["front_dark_photon"])) == bool(one["on_front"])
        assert bool(int(row["best_dark_photon"])) == bool(one["best_of"])
    best = value["candidates"][value["objectives"][0]["best"]]
    chosen = settings(candidates=folder / "out" / "best.toml")[1]
    assert chosen.as_dict()["registers"] == best["registers"]
    assert chosen.as_dict()["prescales"] == best["prescales"]
    page = (folder / "out" / "report.html").read_text()
    assert best["label"] in page
    assert page.count("<svg") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "0"], "--workers: must be 1 to"),
        (["--events", "0"], "--events: must be 1 to"),
        (["--seed", "-1"], "--seed: must be 0 to"),
        (["--json", "opt.toml"], "the input config"),
    ],
)
def test_arguments_are_checked(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "opt.toml").write_text(FILE)
    assert main(["optimise", "opt.toml", "--out", "out", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
