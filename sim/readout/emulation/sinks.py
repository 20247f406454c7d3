"""Where an emulated stream goes: a file, whole or not at all, or a socket."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from firmware_models.errors import InputError
from firmware_models.files import whole_file
from sim.readout.emulation.endpoint import accept_one, connect, is_address, parse_endpoint

SCHEMES = ("tcp", "tcp-listen")

FAREWELL_S = 10.0
"""How long the receiver may take to read the rest of the stream and close."""

STEP_S = 0.1
"""Between two looks at whether the play was interrupted, while the receiver is busy."""


class Sink(Protocol):
    """Takes the bytes of a stream in order."""

    def write(self, data: memoryview) -> None:
        """Take some bytes, all of them; may block while the receiver is busy."""
        ...


@contextlib.contextmanager
def open_sink(
    target: str,
    *,
    check: Callable[[], None] = lambda: None,
    announce: Callable[[str], None] = lambda text: None,
) -> Iterator[Sink]:
    """Open a sink; closing it well keeps the file or lets the receiver read to the end.

    Parameters
    ----------
    target : str
        A file name, ``tcp://HOST:PORT`` (connects to a listening program) or
        ``tcp-listen://HOST:PORT`` (waits for one to connect).
    check : callable
        Called now and then while waiting; an exception ends the wait.
    announce : callable
        Called with the address that is listened on.

    Raises
    ------
    InputError
        For an address that cannot be used, and when the receiver closes before the end.
    """
    if not is_address(target):
        with _open_file(target) as stream:
            yield FileSink(stream, target)
        return
    endpoint = parse_endpoint(target, SCHEMES, "--emit")
    if endpoint.scheme == "tcp":
        connection = connect(endpoint)
    else:
        connection = accept_one(endpoint, check=check, announce=announce)
    with connection:
        sink = SocketSink(connection, str(endpoint), check)
        yield sink
        sink.finish()


@contextlib.contextmanager
def _open_file(target: str) -> Iterator[BinaryIO]:
    path = Path(target)
    # A pipe or device is written to as the stream comes: it could not hold a whole file.
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb", buffering=0) as stream:
            yield stream
        return
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        yield stream


class FileSink:
    """Writes into a file, pipe or device."""

    def __init__(self, stream: BinaryIO, place: str) -> None:
        self._stream, self._place = stream, place

    def write(self, data: memoryview) -> None:
        """Take some bytes.

        Raises
        ------
        InputError
            When the disk is full, or who reads the pipe has left.
        """
        try:
            while len(data):
                data = data[self._stream.write(data) or 0 :]
        except OSError as error:
            raise InputError(f"cannot write: {error.strerror}", place=self._place) from error


STALL_S = 60.0
"""A receiver that takes nothing for so long is given up."""


class SocketSink:
    """Sends through a connection; a slow receiver slows the play."""

    def __init__(
        self, connection: socket.socket, place: str, check: Callable[[], None] = lambda: None
    ) -> None:
        self._connection, self._place, self._check = connection, place, check
        self._sent = 0
        connection.settimeout(STEP_S)

    def write(self, data: memoryview) -> None:
        """Take some bytes.

        Raises
        ------
        InputError
            When the receiver has closed the connection, or takes nothing any more.
        """
        moved = time.monotonic()
        try:
            while len(data):
                try:
                    sent = self._connection.send(data)
                except TimeoutError:
                    self._check()
                    if time.monotonic() > moved + STALL_S:
                        raise InputError(
                            f"the receiver has taken nothing for {STALL_S:g} s", place=self._place
                        ) from None
                    continue
                moved = time.monotonic()
                self._sent += sent
                data = data[sent:]
        except OSError as error:
            raise self._closed() from error

    def finish(self) -> None:
        """Say that this was all, and wait until the receiver closes, at most `FAREWELL_S`.

        Raises
        ------
        InputError
            When it closes with bytes unread.
        """
        end = time.monotonic() + FAREWELL_S
        try:
            self._connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < end:
                self._check()
                with contextlib.suppress(TimeoutError):
                    if not self._connection.recv(1 << 16):
                        return
        except OSError as error:
            raise self._closed() from error

    def _closed(self) -> InputError:
        return InputError(
            f"the receiver closed the connection before the end ({self._sent} bytes were sent)",
            place=self._place,
        )
