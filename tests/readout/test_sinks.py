"""Files whole or not at all; sockets that are slow, that close, that nobody serves."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from firmware_models.errors import InputError
from sim.readout.emulation import endpoint
from sim.readout.emulation.endpoint import Endpoint, accept_one, connect, parse_endpoint
from sim.readout.emulation.sinks import open_sink

DATA = os.urandom(1 << 16) * 200
"""Far more than a socket's buffers hold."""


@pytest.fixture
def server() -> socket.socket:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        yield listening


def _address(server: socket.socket) -> str:
    return f"tcp://127.0.0.1:{server.getsockname()[1]}"


def _write(target: str, data: bytes, error: Exception | None = None) -> None:
    with open_sink(target) as sink:
        sink.write(memoryview(data))
        if error is not None:
            raise error


class Receiver(threading.Thread):
    """Accepts one connection and reads it to its end, or `most` bytes, then closes."""

    def __init__(self, server: socket.socket, most: int | None = None) -> None:
        super().__init__()
        self.server, self.most, self.got = server, most, b""
        self.start()

    def run(self) -> None:
        connection, _ = self.server.accept()
        with connection:
            parts, size = [], 0
            while self.most is None or size < self.most:
                part = connection.recv(3000 if size < 30_000 else 1 << 20)
                if not part:
                    break
                parts.append(part)
                size += len(part)
            self.got = b"".join(parts)


def test_everything_arrives_through_a_socket(server: socket.socket) -> None:
    receiver = Receiver(server)
    with open_sink(_address(server)) as sink:
        sink.write(memoryview(DATA))
        sink.write(memoryview(b"end"))
    receiver.join(30)
    assert receiver.got == DATA + b"end"


def test_a_receiver_that_leaves_is_an_error(server: socket.socket) -> None:
    receiver = Receiver(server, most=1000)
    message = r"tcp://127\.0\.0\.1:\d+: the receiver closed the connection before the end"
    with pytest.raises(InputError, match=message):
        _write(_address(server), DATA * 20)
    receiver.join(30)


def test_a_receiver_that_leaves_bytes_unread_is_an_error(server: socket.socket) -> None:
    """All bytes fit the buffers: only the farewell shows that they were not read."""
    receiver = Receiver(server, most=1)
    with pytest.raises(InputError, match="closed the connection before the end"):
        _write(_address(server), bytes(50_000))
    receiver.join(30)


def test_an_error_of_the_run_closes_the_connection(server: socket.socket) -> None:
    receiver = Receiver(server)
    with pytest.raises(ZeroDivisionError):
        _write(_address(server), b"part", ZeroDivisionError())
    receiver.join(30)
    assert receiver.got == b"part"


def test_listening_for_one_connection() -> None:
    got: list[bytes] = []
    clients: list[threading.Thread] = []

    def client(address: str) -> None:
        with connect(parse_endpoint(address, ("tcp",), "x")) as connection:
            got.append(connection.makefile("rb").read())

    def announce(address: str) -> None:
        clients.append(threading.Thread(target=client, args=(address,)))
        clients[0].start()

    with open_sink("tcp-listen://127.0.0.1:0", announce=announce) as sink:
        sink.write(memoryview(DATA))
    clients[0].join(30)
    assert got == [DATA]


def test_nobody_listens_and_nobody_connects(server: socket.socket) -> None:
    free = Endpoint("tcp", "127.0.0.1", server.getsockname()[1])
    taken = "cannot listen: address already in use"
    with pytest.raises(InputError, match=taken):
        accept_one(free)
    server.close()
    with pytest.raises(InputError, match="refused; start the program that listens there first"):
        connect(free)
    with pytest.raises(InputError, match=r"tcp://127.*: nobody connected within 0\.01 s"):
        accept_one(free, patience=0.01)


def test_waiting_can_be_interrupted() -> None:
    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accept_one(Endpoint("tcp", "127.0.0.1", 0), check=check)


@pytest.mark.parametrize(
    "text",
    ["tcp://127.0.0.1", "tcp://:5000", "tcp://h:99999", "tcp://h:-1", "tcp://h:x", "tcp://h:5/a",
     "tcp://u@h:5", "tcp://[::1:5", "tcp://h:5 ", "tcp://" + "h" * 10_000],
)  # fmt: skip
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match=r"--emit: must be tcp://HOST:PORT with a port") as caught:
        parse_endpoint(text, ("tcp",), "--emit")
    assert len(str(caught.value)) < 300


def test_addresses() -> None:
    assert parse_endpoint("tcp://host:5", ("tcp",), "x") == Endpoint("tcp", "host", 5)
    assert parse_endpoint("tcp://[::1]:5", ("tcp",), "x") == Endpoint("tcp", "::1", 5)
    assert endpoint.is_address("tcp://host:5")
    assert not endpoint.is_address("folder/file")
    with pytest.raises(
        InputError, match=r"unknown kind of address 'udp'.*allowed: tcp, tcp-listen"
    ):
        parse_endpoint("udp://host:5", ("tcp", "tcp-listen"), "--emit")


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with pytest.raises(ZeroDivisionError):
        _write(str(path), DATA, ZeroDivisionError())
    assert list(tmp_path.iterdir()) == []
    with open_sink(str(path)) as sink:
        sink.write(memoryview(DATA))
        assert not path.exists()
    assert path.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_gets_the_stream_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    with open_sink(str(path)) as sink:
        sink.write(memoryview(DATA))
    reader.join(30)
    assert got == [DATA]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(InputError, match="/dev/full: cannot write: No space left"):
        _write("/dev/full", DATA)
