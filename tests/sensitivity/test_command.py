"""The command: thresholds move the reach, files agree, bad input is refused with one message."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main
from sim.sensitivity.config import load_channel, packaged, parse_channel
from sim.sensitivity.outputs import remove_older
from sim.sensitivity.passing import check_lines, silent_lines
from sim.sensitivity.settings import Setting, settings
from trigger.menu import load

TOY = """
name = "toy"
title = "a toy"
luminosity_fb = 20.0
lines = ["lml13", "lml6"]
[signal]
process = "dark_photon"
masses = [9.0, 9.8]
[coupling]
name = "ε"
reference = 1e-3
[statistic]
cl = 0.9
[background]
events = [100.0]
[offline]
regions = [[{ variable = "photonTheta", low = 0.9, high = 1.6 }]]
[[published]]
mass = 9.4
value = 1e-3
cl = 0.95
source = "nowhere"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("reach")
    (folder / "toy.toml").write_text(TOY)
    (folder / "more.toml").write_text(
        '[[candidate]]\nlabel = "masked"\nprescales = { lml13 = 0, lml6 = 4 }\n'
    )
    command = [
        "sensitivity", str(folder / "toy.toml"), "--out", str(folder / "out"), "--events", "400",
        "--workers", "1", "--set", "ecl_selection.lml13_energy=1 GeV", "--candidates",
        str(folder / "more.toml"), "--json", str(folder / "toy.json"),
    ]  # fmt: skip
    assert main(command) == 0
    return folder, json.loads((folder / "toy.json").read_text())


def test_a_higher_threshold_never_helps(made: tuple[Path, dict[str, Any]]) -> None:
    """E* is 1.46 GeV at 9 and 0.75 GeV at 9.8: lml13 from 1 GeV loses the second whole."""
    _, value = made
    today, raised, masked = value["triggers"]
    assert [t["label"] for t in value["triggers"]] == [
        "low_multiplicity", "lml13_energy=1 GeV", "masked",
    ]  # fmt: skip
    for old, new in zip(today["points"], raised["points"], strict=True):
        assert new["trigger_efficiency"] <= old["trigger_efficiency"]
        assert (new["coupling_limit"] or math.inf) >= old["coupling_limit"]
        assert old["coupling_limit"] >= old["coupling_limit_ideal_trigger"]
    assert today["points"][1]["trigger_efficiency"] > 0.9
    assert raised["points"][1]["trigger_efficiency"] == 0
    assert raised["points"][1]["coupling_limit"] is None
    assert raised["reach"]["highest_mass_gev"] == 9.0
    # What lml6 alone takes, one event in four; lml13 cannot add to it.
    assert masked["points"][0]["trigger_efficiency"] <= 0.25
    assert masked["points"][1]["trigger_efficiency"] == 0


def test_json_has_the_keys_and_csv_the_same_numbers(made: tuple[Path, dict[str, Any]]) -> None:
    folder, value = made
    assert value == json.loads((folder / "out" / "toy.json").read_text())
    assert (value["channel"], value["cl"], value["luminosity_fb"]) == ("toy", 0.9, 20.0)
    keys = {"mass_gev", "coupling_limit", "sigma_limit_fb", "trigger_efficiency",
            "coupling_limit_ideal_trigger"}  # fmt: skip
    assert all(keys <= point.keys() for point in value["points"])
    rows = list(csv.DictReader((folder / "out" / "toy.csv").open(encoding="utf-8")))
    points = [(t["label"], p) for t in value["triggers"] for p in t["points"]]
    assert len(rows) == len(points)
    for row, (label, point) in zip(rows, points, strict=True):
        assert row["trigger"] == label
        for key in keys:
            if point[key] is None:
                assert row[key] == ""
            else:
                assert float(row[key]) == pytest.approx(point[key], rel=1e-6)
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"toy.json", "toy.csv", "toy.svg", "toy.png", "toy.html", "samples"} <= names
    page = (folder / "out" / "toy.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "nowhere" in page


def test_published_at_its_own_level(made: tuple[Path, dict[str, Any]]) -> None:
    """At 95 % ours is worse than at the channel's 90 %."""
    _, value = made
    (row,) = value["published"]
    low, high = (point["coupling_limit"] for point in value["points"])
    assert row["ours"] > math.sqrt(low * high)
    assert row["ratio"] == pytest.approx(row["ours"] / 1e-3)


def test_workers_and_kept_samples_change_nothing(
    made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, value = made
    for arguments in (
        ["--workers", "2", "--out", str(tmp_path / "new")],
        ["--workers", "1", "--out", str(folder / "out")],
    ):
        found = tmp_path / "found.json"
        command = [
            "sensitivity", str(folder / "toy.toml"), "--events", "400",
            "--set", "ecl_selection.lml13_energy=1 GeV", "--candidates",
            str(folder / "more.toml"), "--json", str(found), *arguments,
        ]  # fmt: skip
        assert main(command) == 0
        assert json.loads(found.read_text()) == value
    for name in ("toy.csv", "toy.svg", "toy.png", "toy.html"):
        assert (folder / "out" / name).read_bytes() == (tmp_path / "new" / name).read_bytes()


def test_level_and_luminosity_of_the_command_line(
    made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """100 times the luminosity has 100 times the background: 10 times less σ, but for N."""
    folder, value = made
    found = tmp_path / "found.json"
    command = [
        "sensitivity", str(folder / "toy.toml"), "--events", "400", "--workers", "1",
        "--samples", str(folder / "out" / "samples"), "--out", str(tmp_path / "out"),
        "--cl", "0.95", "--luminosity-fb", "2000", "--json", str(found),
    ]  # fmt: skip
    assert main(command) == 0
    more = json.loads(found.read_text())
    assert (more["cl"], more["luminosity_fb"]) == (0.95, 2000)
    old, new = value["points"][0], more["points"][0]
    assert new["background_events"] == pytest.approx(100 * old["background_events"])
    assert new["trigger_efficiency"] == old["trigger_efficiency"]
    # z = 1.96 in place of 1.64, and no correction of small numbers left.
    assert 0.1 < new["sigma_limit_fb"] / old["sigma_limit_fb"] < 0.13


@pytest.mark.parametrize("name", packaged())
def test_packaged_channels(name: str) -> None:
    """All lines are in the packaged menu, and all can fire with what the channel simulates."""
    channel = load_channel(name)
    assert channel.name == name
    today = settings()
    check_lines(channel, today)
    if not channel.truth_trigger:
        assert silent_lines(channel, today[0]) == ()
    for row in channel.published:
        assert row.reproducible or row.note
        assert row.mass_range[0] >= channel.signal.masses[0]
        assert row.mass_range[1] <= channel.signal.masses[-1]
    # A background is sourced, or said to be assumed.
    simulated = channel.background.process
    assert channel.background.source or simulated
    assert all(process.source for process in simulated)
    # All masses are allowed at the machine, and the process makes what the selection asks for.
    for mass in channel.signal.masses:
        assert 0 < channel.signal.share(mass) <= 1


def test_every_channel_is_in_the_table_of_searches() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "sensitivity.md"
    table = page.read_text(encoding="utf-8").split("## Searches and their channels")[1]
    named = set(re.findall(r"`(\w+)`", table.split("\n## ")[0]))
    assert set(packaged()) <= named


def test_a_line_without_its_detector_is_said() -> None:
    data = load_channel("b_to_k_s").model_dump() | {"tracks": None, "muons": None}
    silent = silent_lines(parse_channel(data, "test"), Setting("x", load("low_multiplicity")))
    assert {"ff", "fff", "cdcklm1", "klm2"} <= set(silent)
    assert "hie4" not in silent


def _edited(tmp_path: Path, old: str, new: str) -> str:
    assert old in TOY
    path = tmp_path / "edited.toml"
    path.write_text(TOY.replace(old, new))
    return str(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lml13", "lml14", "toy: lines: line 'lml14' (nearest: 'lml"),
        ("dark_photon", "dark_foton", "unknown process 'dark_foton' (nearest: 'dark_photon')"),
        ("photonTheta", "photonTeta", "offline.regions: unknown variable 'photonTeta' (nearest:"),
        ("cl = 0.9\n", "cl = 90\n", "statistic.cl: Input should be less than 1, not 90"),
        ("cl = 0.9\n", "cl = 0.9\nmethod = 'asimof'\n", "nearest: 'asimov'"),
        ("masses", "mases", "signal.mases: unknown key (nearest: 'masses')"),
        ("[9.0, 9.8]", "[9.8, 9.0]", "masses must rise strictly"),
        ("[9.0, 9.8]", "[9.8, 19.0]", "dark_photon.mass: must be 0 to"),
        ("lines =", "truth_trigger = []\nlinez =", "linez: unknown key (nearest: 'lines')"),
        ('lines = ["lml13", "lml6"]', "", "needs either lines or truth_trigger"),
        (
            "[signal]",
            "[machine]\nelectron_energy = 0.51\npositron_energy = 0.51\n[signal]",
            "SuperKEKB: with other beams give truth_trigger",
        ),
        ("masses = [9.0", "branching = 'zprime_mumuu'\nmasses = [9.0", "nearest: 'zprime_mumu'"),
        ("[background]", "[detector]\nx = 1\n[background]", "toy: detector"),
    ],
)
def test_channel_files_are_checked(
    old: str, new: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _edited(tmp_path, old, new)
    assert main(["sensitivity", path, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dark_foton"], "unknown channel 'dark_foton' (nearest: 'dark_photon')"),
        ([], "name a channel, or --all"),
        (["--all", "dark_photon"], "--all: gives all channels"),
        (["dark_photon", "dark_photon"], "channel 'dark_photon' is given twice"),
        (["dark_photon", "--menu", "low"], "no packaged menu of this name"),
        (["dark_photon", "--working-point", "deep"], "unknown working point 'deep'"),
        (["dark_photon", "--set", "lml6=3"], "--set: must read BLOCK.REGISTER=VALUE"),
        (["dark_photon", "--set", "ecl_selection.lml6_energi=3"], "(nearest: 'lml6_energy')"),
        (["dark_photon", "--set", "ecl_selection.lml6_energy=1 m"], "not '1 m'"),
        (["dark_photon", "--prescale", "lml6=0.5"], "--prescale: must read LINE=N"),
        (["dark_photon", "--prescale", "lml66=5"], "unknown line 'lml66' (nearest: 'lml6"),
        (["dark_photon", "--events", "0"], "--events: must be 1 to"),
        (["dark_photon", "--cl", "95"], "--cl: must lie between 0 and 1, such as 0.95, not 95"),
        (["dark_photon", "--line", "lml6"], "--line: chooses a table of --efficiency"),
        (["dark_photon", "--efficiency", "none.csv"], "none.csv: cannot be read"),
    ],
)
def test_arguments_are_checked(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sensitivity", *arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sensitivity", "--list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in packaged())


def test_files_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    """Files are numbered by trigger: with fewer triggers the others go, those of others stay."""
    out = tmp_path / "out"
    for folder, names in (
        ("lmt", ("toy_0.lmt", "toy_3.lmt", "toy_ideal.lmt", "toy_two_0.lmt")),
        ("pyhf", ("toy_9.5_3.json", "toy_1e-05_0.json", "toy_two_9.5_3.json")),
    ):
        (out / folder).mkdir(parents=True)
        for name in names:
            (out / folder / name).write_text("old")
    (out / "index.html").write_text("old")
    remove_older(out, ["toy"])
    assert sorted(path.name for path in out.rglob("*.*")) == ["toy_two_0.lmt", "toy_two_9.5_3.json"]


def test_a_trigger_that_makes_no_difference_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "toy.toml").write_text(TOY)
    command = ["sensitivity", str(tmp_path / "toy.toml"), "--out", str(tmp_path / "out"),
               "--events", "50", "--workers", "1", "--prescale", "ff=7"]  # fmt: skip
    assert main(command) == 0
    assert "Warning: ff 1/7: makes no difference to this channel" in capsys.readouterr().out
    command = ["sensitivity", "babar_dark_photon", "--out", str(tmp_path / "out"), "--events", "5",
               "--workers", "1", "--prescale", "ff=7"]  # fmt: skip
    assert main(command) == 0
    assert "its trigger is given by truth variables" in capsys.readouterr().out
