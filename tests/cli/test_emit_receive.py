"""`lowmult readout --emit` and `lowmult receive`: files, sockets and the example program."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli import main
from tests.readout.emitted import frames

ROOT = Path(__file__).resolve().parent.parent.parent
LOWMULT = [sys.executable, "-c", "import sys; from sim.cli import main; sys.exit(main())"]
CLIENT = [sys.executable, str(ROOT / "examples" / "daq_client.py")]

CONFIG = """
[run]
seed = 7
triggers = 400
[arrivals]
kind = "trace"
file = "{trace}"
[[throttle]]
kind = "min_spacing"
ticks = 24
[[stage]]
name = "cdc"
after = ["l1"]
service = {{ kind = "fixed", us = 0.1 }}
bytes = {{ mean = 600, sigma = 0.5 }}
"""
LINES = 5


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A readout of 400 candidates; line i fires in those whose number has bit i."""
    trace = tmp_path / "trace.csv"
    rows = [[20 * i + 5 * (i % 3), *(i >> k & 1 for k in range(LINES))] for i in range(400)]
    names = ["tick", *(f"line{k}" for k in range(LINES))]
    trace.write_text("\n".join(",".join(map(str, row)) for row in [names, *rows]))
    path = tmp_path / "readout.toml"
    path.write_text(CONFIG.format(trace=trace))
    return path


def _stream(config: Path, *options: str) -> bytes:
    path = config.with_suffix(".l1f")
    assert main(["readout", str(config), "--emit", str(path), *options]) == 0
    return path.read_bytes()


def test_round_trip_through_a_file(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = _stream(config, "--json", str(config.with_name("sent.json")))
    found = list(frames(stream))
    sent = json.loads(config.with_name("sent.json").read_text())
    assert sent["emitted"]["frames"] == sent["accepted"] == len(found)
    assert sent["emitted"]["bytes"] == len(stream)
    assert f"Emitted to {config.with_suffix('.l1f')}: {len(found)} frames" in (
        capsys.readouterr().out
    )
    result = config.with_name("r.json")
    path = str(config.with_suffix(".l1f"))
    assert main(["receive", path, "--seed", "7", "--json", str(result)]) == 0
    received = json.loads(result.read_text())
    assert received["fault"] is None
    assert (received["frames"], received["bytes"]) == (len(found), len(stream))
    assert received["lines"] == {
        str(k): sum(frame.lines >> k & 1 for frame in found) for k in range(LINES)
    }
    printed = capsys.readouterr().out
    assert f"{len(found)} good frames, {len(stream):,} bytes" in printed
    assert "CDC" in printed
    assert "type 0 physics" in printed


def test_options_of_the_run_reach_the_stream(config: Path) -> None:
    fast = _stream(config)
    assert _stream(config, "--engine", "simpy") == fast
    assert _stream(config, "--emit-rate", "100") == fast
    assert _stream(config, "--seed", "8") != fast
    small = _stream(config, "--emit-size", "0.1", "--triggers", "100")
    assert len(list(frames(small))) < len(list(frames(fast)))
    assert max(frame.sizes[2] for frame in frames(small)) < 300


@pytest.mark.parametrize(
    ("damage", "options", "message"),
    [
        (lambda s: s[:-1], (), "the stream ends inside frame"),
        (lambda s: s[:200] + bytes([s[200] ^ 1]) + s[201:], (), "CRC-32 of the frame is"),
        (lambda s: s, ("--seed", "8"), "byte 68: frame 0 (tag 0): CDC payload word 0 must be"),
        (lambda s: s, ("--frames", "1000"), "1000 frames are wanted, the stream has"),
        (lambda s: b"", (), "the stream holds no frames"),
        (lambda s: b"\0" + s, (), "byte 0: frame 0 (from byte 0): a frame must start with"),
    ],
)
def test_a_bad_stream_fails_the_check(
    config: Path, damage, options: tuple[str, ...], message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = config.with_name("bad")
    path.write_bytes(damage(_stream(config)))
    result = config.with_name("r.json")
    assert main(["receive", str(path), "--json", str(result), *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("lowmult: failed: ")
    assert message in error
    assert error.count("\n") == 1
    assert message in json.loads(result.read_text())["fault"]["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["receive", "none"], "none: cannot read: No such file"),
        (["receive", "."], ".: cannot read: Is a directory"),
        (["receive", "udp://127.0.0.1:5"], "stream: unknown kind of address 'udp'"),
        (["receive", "tcp://127.0.0.1:x"], "stream: must be tcp://HOST:PORT"),
        (["receive", "tcp://127.0.0.1:0", "--wait", "0.01"], "nobody connected within 0.01 s"),
        (["receive", "x", "--frames", "0"], "--frames: must be 1 or more, not 0"),
        (["receive", "x", "--seed", "-1"], "--seed: must be 0 to 2**63 - 1, not -1"),
        (["receive", "x", "--wait", "nan"], "--wait: must be above 0"),
        (["receive", "x", "--clock", "0"], "--clock: must be 0.001 to 100000 MHz, not 0"),
        (["receive", "f", "--json", "f"], "--json: 'f' is the input stream too"),
        (["readout", "--emit", "none/x"], "--emit: cannot write in"),
        (["readout", "--emit", "x", "--json", "x"], "--json: 'x' is --emit too"),
        (["readout", "f", "--emit", "f"], "--emit: 'f' is the input config too"),
        (
            ["readout", "--emit", "tcq://h:1"],
            "--emit: unknown kind of address 'tcq' (nearest: 'tcp",
        ),
        (["readout", "--emit", "x", "--emit-rate", "-1"], "--emit-rate: must be 0"),
        (["readout", "--emit", "x", "--emit-size", "nan"], "--emit-size: must be 0 to 1000"),
        (["readout", "--emit", "x", "--emit-size", "50"], "stage svd: an event of SVD can have"),
        (["readout", "--emit-rate", "1"], "--emit-rate: needs --emit"),
        (["readout", "--emit-size", "2"], "--emit-size: needs --emit"),
    ],
)
def test_bad_input(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("f").write_text("x")
    assert main(arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert message in error[-1]
    assert [line for line in error[:-1] if "waiting for a connection" not in line] == []
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_nobody_listens(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert main(["readout", str(config), "--emit", f"tcp://127.0.0.1:{port}"]) == 2
    assert capsys.readouterr().err == (
        f"lowmult: error: tcp://127.0.0.1:{port}: cannot connect: connection refused; start the "
        "program that listens there first\n"
    )


def test_round_trip_through_a_socket(config: Path) -> None:
    """The receiver listens on a free port; it gets the bytes that a file gets."""
    stream = _stream(config)
    result = config.with_name("r.json")
    command = [*LOWMULT, "receive", "tcp://127.0.0.1:0", "--seed", "7", "--json", str(result)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as receiver:  # fmt: skip
        address = re.search(r"tcp://\S+", receiver.stderr.readline())[0]
        assert main(["readout", str(config), "--emit", address]) == 0
        _, error = receiver.communicate(timeout=60)
    assert (receiver.returncode, error) == (0, "")
    assert json.loads(result.read_text())["bytes"] == len(stream)


def test_a_receiver_that_has_seen_enough(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is content after 3 frames; the sender says that it left."""
    command = [*LOWMULT, "receive", "tcp://127.0.0.1:0", "--frames", "3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as receiver:  # fmt: skip
        address = re.search(r"tcp://\S+", receiver.stderr.readline())[0]
        assert main(["readout", "--triggers", "3000", "--emit", address]) == 2
        out, error = receiver.communicate(timeout=60)
    assert (receiver.returncode, error) == (0, "")
    assert out.startswith("3 good frames")
    assert "the receiver closed the connection before the end" in capsys.readouterr().err


def test_the_receiver_connects_to_a_listening_sender(config: Path) -> None:
    command = [*LOWMULT, "readout", str(config), "--emit", "tcp-listen://127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as sender:  # fmt: skip
        address = re.search(r"tcp://\S+", sender.stderr.readline())[0]
        assert main(["receive", address.replace("tcp", "tcp-connect"), "--seed", "7"]) == 0
        sender.communicate(timeout=60)
    assert sender.returncode == 0


def _example_says(stream: bytes) -> str:
    found = list(frames(stream))
    counts = [sum(frame.lines >> k & 1 for frame in found) for k in range(LINES)]
    lines = [f"line {k}: {n}\n" for k, n in enumerate(counts) if n]
    return f"{len(found)} frames, {len(stream)} bytes\n" + "".join(lines)


def test_the_example_listens(config: Path) -> None:
    stream = _stream(config)
    with subprocess.Popen([*CLIENT, "0"], stdout=subprocess.PIPE, text=True) as client:
        port = client.stdout.readline().split()[-1]
        assert main(["readout", str(config), "--emit", f"tcp://127.0.0.1:{port}"]) == 0
        out, _ = client.communicate(timeout=60)
    assert client.returncode == 0
    assert out == _example_says(stream)


def test_the_example_connects(config: Path) -> None:
    stream = _stream(config)
    command = [*LOWMULT, "readout", str(config), "--emit", "tcp-listen://127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as sender:  # fmt: skip
        port = re.search(r":(\d+)$", sender.stderr.readline().strip())[1]
        client = subprocess.run(
            [*CLIENT, port, "--connect"], capture_output=True, text=True, check=False, timeout=60
        )
        sender.communicate(timeout=60)
    assert (sender.returncode, client.returncode) == (0, 0)
    assert client.stdout == _example_says(stream)


def test_the_example_refuses_what_is_no_frame() -> None:
    with subprocess.Popen([*CLIENT, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as client:  # fmt: skip
        port = int(client.stdout.readline().split()[-1])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"not a frame, for sure")
        _, error = client.communicate(timeout=60)
    assert client.returncode == 1
    assert error.startswith("byte 0: no frame starts here (0x20746f6e")


def test_the_example_uses_nothing_but_python_and_is_short() -> None:
    text = (ROOT / "examples" / "daq_client.py").read_text()
    assert text.count("\n") < 80
    imported = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_file_leaves_nothing(
    config: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """The play would take hours: it is asleep between two frames."""
    folder = tmp_path / "out"
    folder.mkdir()
    command = [*LOWMULT, "readout", str(config), "--emit", str(folder / "x"), "--emit-rate", "1e-8"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        started = time.monotonic()
        while not any(folder.iterdir()) and time.monotonic() < started + 60:
            time.sleep(0.05)
        time.sleep(1.0)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "lowmult: interrupted, no partial output was kept\n"
    assert list(folder.iterdir()) == []


def test_an_interrupted_sender_ends_its_connection() -> None:
    """It is blocked in a send: the program that listens reads nothing until then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        command = [*LOWMULT, "readout", "--triggers", "5000", "--emit", address]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            server.settimeout(60)
            connection, _ = server.accept()
            with connection:
                connection.settimeout(60)
                assert connection.recv(3) == b"L1F"
                time.sleep(1.0)
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 130
                while connection.recv(1 << 20):
                    pass
            assert process.stderr.read() == "lowmult: interrupted, no partial output was kept\n"
