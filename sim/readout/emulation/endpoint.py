"""Ends of a byte stream on the network: ``tcp://HOST:PORT`` and its relatives."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from firmware_models.errors import InputError, shortened, unknown_name

CONNECT_S = 10.0
"""How long a connection may take to come about."""

PATIENCE_S = 60.0
"""How long a listener waits for its one connection."""

_STEP_S = 0.1


@dataclass(frozen=True)
class Endpoint:
    """An address.

    Parameters
    ----------
    scheme : str
    host : str
    port : int
        0, where that is allowed: any free one.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the address as it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def is_address(text: str) -> bool:
    """Say whether a text is an address, not a file name."""
    return "://" in text


def parse_endpoint(text: str, schemes: Iterable[str], place: str) -> Endpoint:
    """Return the address that a text names.

    Parameters
    ----------
    text : str
    schemes : iterable of str
        Those allowed.
    place : str
        Option or argument, for messages.

    Raises
    ------
    InputError
    """
    scheme = text.partition("://")[0]
    if scheme not in schemes:
        raise unknown_name("kind of address", scheme, schemes, place=place)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or text != str(Endpoint(scheme, host, port)):
        raise InputError(
            f"must be {scheme}://HOST:PORT with a port of 0 to 65535, not {shortened(text)!r}",
            place=place,
        )
    return Endpoint(scheme, host, port)


def connect(endpoint: Endpoint) -> socket.socket:
    """Connect to a program that listens.

    Raises
    ------
    InputError
        When nobody listens there.
    """
    try:
        connection = socket.create_connection((endpoint.host, endpoint.port), CONNECT_S)
    except UnicodeError as error:
        raise InputError("is not the name of a host", place=str(endpoint)) from error
    except OSError as error:
        hint = (
            "; start the program that listens there first"
            if isinstance(error, ConnectionRefusedError)
            else ""
        )
        raise InputError(f"cannot connect: {_reason(error)}{hint}", place=str(endpoint)) from error
    connection.settimeout(None)
    return connection


def accept_one(
    endpoint: Endpoint,
    *,
    patience: float = PATIENCE_S,
    check: Callable[[], None] = lambda: None,
    announce: Callable[[str], None] = lambda text: None,
) -> socket.socket:
    """Listen, wait for one program to connect, and listen no more.

    Parameters
    ----------
    endpoint : Endpoint
    patience : float
        How long to wait [s].
    check : callable
        Called now and then; an exception ends the wait.
    announce : callable
        Called with the address once it can be connected to.

    Raises
    ------
    InputError
        When the address cannot be used, or nobody connects in time.
    """
    try:
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        server = socket.create_server((endpoint.host, endpoint.port), family=family, backlog=1)
    except UnicodeError as error:
        raise InputError("is not the name of a host", place=str(endpoint)) from error
    except OSError as error:
        raise InputError(f"cannot listen: {_reason(error)}", place=str(endpoint)) from error
    with server:
        port = int(server.getsockname()[1])
        announce(str(Endpoint("tcp", endpoint.host, port)))
        server.settimeout(_STEP_S)
        end = time.monotonic() + patience
        while True:
            check()
            try:
                connection, _ = server.accept()
            except TimeoutError:
                if time.monotonic() < end:
                    continue
                raise InputError(
                    f"nobody connected within {patience:g} s", place=str(endpoint)
                ) from None
            connection.settimeout(None)
            return connection


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__)[:200].lower()
