"""`lowmult receive`: read a stream of event frames from a file or a connection, and check it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from firmware_models.errors import CheckFailed, InputError
from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ

SCHEMES = ("tcp", "tcp-connect")

PART = 1 << 19
"""Most bytes that are read at once."""

PATIENCE_S = 60.0

LONGEST_LIST = 40
"""Lines in the table; all are in the JSON."""

TYPE_NAMES = {"0": "physics", "7": "random"}
FLAG_NAMES = {"0": "three samples", "1": "injection veto window", "2": "high activity"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "stream", metavar="FILE|tcp://HOST:PORT",
        help="file, address to listen on, or (tcp-connect://) to connect to",
    )  # fmt: skip
    parser.add_argument(
        "--frames", type=int, metavar="N", help="check the first N frames, and stop"
    )
    parser.add_argument(
        "--seed", type=int, metavar="S", help="check the payload against the seed of the run"
    )
    parser.add_argument(
        "--wait", type=float, default=PATIENCE_S, metavar="SECONDS",
        help=f"for a sender to connect (default: {PATIENCE_S:g})",
    )  # fmt: skip
    parser.add_argument(
        "--clock", type=float, default=SYSTEM_CLOCK_MHZ, metavar="MHZ",
        help=f"of the ticks in the stream (default: {SYSTEM_CLOCK_MHZ:.2f})",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Read and check the stream, print what it carries."""
    from firmware_models.files import write_json
    from sim.cli import interrupt
    from sim.readout.emulation.check import StreamCheck

    _check_options(options)
    check = StreamCheck(seed=options.seed, most=options.frames)
    check.feed(b"")  # loads the kernels before the sender waits for us
    start: float | None = None
    for part in _parts(options):
        interrupt.check()
        # The clock starts with the first bytes, not with the wait for them.
        start = time.perf_counter() if start is None else start
        check.feed(part)
        if check.done:
            break
    check.finish()
    seconds = 0.0 if start is None else time.perf_counter() - start
    found = {"stream": options.stream, **check.summary(options.clock), "seconds": seconds}
    found["frames_per_s"] = check.frames / seconds if seconds > 0 else None
    found["mb_per_s"] = check.bytes / seconds * 1e-6 if seconds > 0 else None
    show(found)
    if options.json:
        write_json(options.json, found)
    if check.fault is not None:
        raise CheckFailed(check.fault.message)
    return 0


def _check_options(options: argparse.Namespace) -> None:
    if options.frames is not None and options.frames < 1:
        raise InputError(f"must be 1 or more, not {options.frames}", place="--frames")
    if options.seed is not None and not 0 <= options.seed < 1 << 63:
        raise InputError(f"must be 0 to 2**63 - 1, not {options.seed}", place="--seed")
    if not 0 < options.wait <= 1e6:
        raise InputError(f"must be above 0, at most 1e6 s, not {options.wait:g}", place="--wait")
    if not 1e-3 <= options.clock <= 1e5:
        raise InputError(f"must be 0.001 to 100000 MHz, not {options.clock:g}", place="--clock")


def _parts(options: argparse.Namespace) -> Iterator[memoryview]:
    """Give the stream in parts; a part is good until the next one is asked for."""
    from sim.readout.emulation.endpoint import is_address

    buffer = bytearray(PART)
    if is_address(options.stream):
        yield from _received(options, buffer)
        return
    path = Path(options.stream)
    try:
        with path.open("rb", buffering=0) as stream:
            yield from _pieces(stream.readinto, buffer)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", place=options.stream) from error


def _received(options: argparse.Namespace, buffer: bytearray) -> Iterator[memoryview]:
    from sim.cli import interrupt
    from sim.cli.emit import announce
    from sim.readout.emulation.endpoint import accept_one, connect, parse_endpoint

    endpoint = parse_endpoint(options.stream, SCHEMES, "stream")
    if endpoint.scheme == "tcp-connect":
        connection = connect(endpoint)
    else:
        connection = accept_one(
            endpoint, patience=options.wait, check=interrupt.check, announce=announce
        )
    with connection:
        connection.settimeout(options.wait)
        try:
            yield from _pieces(connection.recv_into, buffer)
        except TimeoutError as error:
            raise CheckFailed(
                f"{options.stream}: nothing came for {options.wait:g} s, and the sender has not "
                "closed the connection"
            ) from error
        except ConnectionError:
            return  # a sender that breaks off: what is missing shows in the last frame


def _pieces(read: Callable[[bytearray], int | None], buffer: bytearray) -> Iterator[memoryview]:
    while True:
        n = read(buffer)
        if not n:
            return
        yield memoryview(buffer)[:n]


def show(found: dict[str, Any]) -> None:
    """Print the tables of what a stream carries."""
    from sim.cli import screen

    pace = ""
    if found["seconds"] > 0:
        pace = (
            f" in {found['seconds']:.3g} s ({found['frames_per_s']:.4g} frames/s, "
            f"{found['mb_per_s']:.4g} MB/s)"
        )
    frames = found["frames"]
    screen.line(f"{frames:,} good frames, {found['bytes']:,} bytes{pace}")
    if not frames:
        return
    rate = f", {found['rate_hz'] / 1e3:.4g} kHz" if found["rate_hz"] else ""
    gap = found["shortest_gap_ticks"]
    screen.line(
        f"Tags {found['first_tag']} to {found['last_tag']}, "
        f"times over {found['span_s']:.6g} s{rate}"
        + (f", least distance {gap} ticks" if gap is not None else "")
    )
    screen.table(
        "Fragments",
        ("sub-detector", "frames", "mean size [B]"),
        [
            (part["name"], f"{part['fragments']:,}", f"{part['mean_bytes']:,.1f}")
            for part in found["subdetectors"]
        ]
        + [("whole frame", f"{frames:,}", f"{found['mean_bytes']:,.1f}")],
    )
    rows = [
        *((f"type {i} {TYPE_NAMES.get(i, '')}".strip(), n) for i, n in
          found["trigger_types"].items()),
        *((f"flag {i} {FLAG_NAMES.get(i, '')}".strip(), n) for i, n in found["flags"].items()),
    ]  # fmt: skip
    lines = sorted(found["lines"].items(), key=lambda item: -item[1])
    rows += [(f"line {i}", n) for i, n in lines[:LONGEST_LIST]]
    left = len(lines) - LONGEST_LIST
    screen.table(
        "Header"
        + (f" (the {left} rarest lines are left out; all are in --json)" if left > 0 else ""),
        ("", "frames", "part [%]"),
        [(name, f"{n:,}", f"{100 * n / frames:.4g}") for name, n in rows],
    )
