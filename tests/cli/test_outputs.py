"""Outputs are checked before the work: possible, distinct, no input; devices are never replaced."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware_models.files import write_text
from sim.cli import main

LOWMULT = [sys.executable, "-c", "import sys; from sim.cli import main; sys.exit(main())"]
PROCESS = ["process", "digamma", "--events", "100"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["menu", "check", "a.toml", "--json", "a.toml"], "--json: 'a.toml' is the input menu too"),
        ([*PROCESS, "--json", "none/x.json"], "--json: cannot write in"),
        ([*PROCESS, "--json", "."], "--json: '.' is a folder"),
        ([*PROCESS, "--json", ""], "--json: needs a file name"),
        (["study", "--out", "a.toml"], "--out: 'a.toml' is a file, a folder is needed"),
        (["study", "--out", "o", "--decisions", "d", "--json", "d"], "'d' is --decisions too"),
        (["trigger", "a.toml", "--out", "a.toml"], "--out: 'a.toml' is the input events too"),
        (["study", "--out", "o", "--evnts", "3"], "unknown option --evnts; nearest: --events"),
        (["trigger", "a.toml", "--out", "o", "--frame", "labb"], "nearest: lab"),
        (["studdy"], "nearest: study"),
    ],
)
def test_refused_at_once_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text("x = 1")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]
    assert Path("a.toml").read_text() == "x = 1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make device nodes")
def test_device_is_written_through(tmp_path: Path) -> None:
    node = tmp_path / "null"
    try:
        os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")
    write_text(node, "text")
    assert stat.S_ISCHR(node.stat().st_mode)


def test_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    write_text(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_closed_output_and_plain_terminal_are_no_errors() -> None:
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *LOWMULT, "process", "--list"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert (closed.returncode, closed.stderr) == (0, b"")
    plain = subprocess.run(
        [*LOWMULT, "process", "--list"], capture_output=True, check=False,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert (plain.returncode, plain.stderr) == (0, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.5, 4.0])
def test_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, seconds: float) -> None:
    command = [*LOWMULT, "study", "--out", str(tmp_path / "out"), "--events", "50000000",
               "--decisions", str(tmp_path / "d.parquet")]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        started = time.monotonic()
        while not (tmp_path / "out").exists() and time.monotonic() < started + 60:
            time.sleep(0.05)
        time.sleep(seconds)
        process.send_signal(number)
        _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert error == "lowmult: interrupted, no partial output was kept\n"
    assert list(tmp_path.iterdir()) == []
