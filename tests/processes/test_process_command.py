"""`lowmult process`: figures, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli import main


def test_json_holds_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.json"
    code = main([
        "process", "digamma", "--param", "required=2", "--events", "2e4", "--seed", "3",
        "--cut", "count(gamma, E_lab > 0.5) == 2", "--cut", "min(theta_lab, gamma) > 30",
        "--json", str(path),
    ])  # fmt: skip
    result = json.loads(path.read_text())
    assert code == 0
    assert result["process"] == "digamma"
    assert result["events"] == 20_000
    assert result["parameters"]["required"] == "2"
    before, after = result["before_cuts"], result["after_cuts"]
    assert after == {key: result["cuts"][-1][key] for key in after}
    assert 0.0 < after["cross_section_nb"] < before["cross_section_nb"]
    assert before["cross_section_pb"] == pytest.approx(1e3 * before["cross_section_nb"])
    # 1 nb at 8e35 per cm² and second is 0.8 kHz.
    assert before["rate_khz"] == pytest.approx(0.8 * before["cross_section_nb"])
    assert result["fraction"] == pytest.approx(
        after["cross_section_nb"] / before["cross_section_nb"]
    )
    text = capsys.readouterr().out
    assert f"{before['cross_section_nb']:.5g} ±" in text
    assert "kHz at 8e35" in text


def test_same_seed_same_json_other_seed_other(tmp_path: Path) -> None:
    def run(name: str, seed: str) -> bytes:
        path = tmp_path / name
        arguments = ["process", "eemumu", "--events", "5000", "--seed", seed, "--json", str(path)]
        assert main(arguments) == 0
        return path.read_bytes()

    assert run("a", "1") == run("b", "1")
    assert run("c", "2") != run("a", "1")


def test_list_names_every_process_and_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    from sim.machine import Machine
    from sim.processes import PROCESSES, process_class

    assert main(["process", "--list"]) == 0
    text = capsys.readouterr().out
    for name in PROCESSES:
        assert f"{name}: " in text
        for parameter in process_class(name).parameters(Machine()):
            assert f"    {parameter.name}={parameter.default}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "unknown process 'nosuch'"),
        ([], "a process is needed"),
        (["bhabha", "--events", "1.5"], "--events: must be a whole number"),
        (["bhabha", "--events", "nan"], "--events: must be a whole number"),
        (["bhabha", "--seed", "-1"], "--seed: must be a whole number"),
        (["bhabha", "--param", "required"], "--param: must be KEY=VALUE"),
        (["bhabha", "--param", "frame=cm", "--param", "frame=lab"], "given twice"),
        (["bhabha", "--param", "theta_min=much"], "bhabha.theta_min: must be 0.01 to"),
        (["bhabha", "--cut", "theta"], "cut 'theta', position 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_two(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.json"
    assert main(["process", *arguments, "--json", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_published_exits_one_outside_tolerance(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from sim.processes import published

    good = next(row for row in published.ROWS if row.value_nb == 1.148)
    monkeypatch.setattr(published, "ROWS", (good,))
    assert main(["process", "--published", "--events", "20000"]) == 0
    assert "1.148" in capsys.readouterr().out
    monkeypatch.setattr(published, "ROWS", (replace(good, value_nb=1.3),))
    assert main(["process", "--published", "--events", "20000"]) == 1
    assert "outside tolerance" in capsys.readouterr().err
