"""Emulated streams for tests, and a reader of frames that shares no code with the package."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from sim.readout.arrivals import Arrivals
from sim.readout.config import ReadoutConfig, parse_readout
from sim.readout.emulation.events import Emulation
from sim.readout.emulation.player import Player
from sim.readout.engine import Verdicts
from sim.readout.loads import Loads
from sim.readout.plan import Plan, compile_plan
from sim.readout.run import ReadoutResult, run_readout
from sim.readout.sources import make_source

READ = ("svd", "cdc", "top", "arich", "ecl", "klm", "trg", "pxd")


class Frame(NamedTuple):
    """One frame, as the format page reads it."""

    tag: int
    time: int
    trigger_type: int
    flags: int
    lines: int
    sizes: dict[int, int]
    """Payload words by id of the sub-detector."""


def frames(stream: bytes) -> Iterator[Frame]:
    """Give the frames of a stream (docs/reference/event_format.md)."""
    at = 0
    while at < len(stream):
        magic, length, tag, time, info = struct.unpack_from("<IIIQI", stream, at)
        frame = stream[at : at + 4 * length]
        crc, end = struct.unpack("<II", frame[-8:])
        assert (magic, end, crc) == (0x0146314C, 0x0145314C, zlib.crc32(frame[:-8]))
        sizes, inside = {}, 64
        for _ in range(info >> 16):
            sub, mark, n = struct.unpack_from("<BBH", frame, inside)
            assert mark == 0xFD
            sizes[sub] = n
            inside += 4 + 4 * n
        assert inside == 4 * length - 8
        lines = int.from_bytes(frame[24:64], "little")
        yield Frame(tag, time, info & 15, (info >> 4) & 0xFFF, lines, sizes)
        at += 4 * length


class Memory:
    """A sink that keeps everything, in the parts in which it came."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: memoryview) -> None:
        """Keep some bytes."""
        self.parts.append(bytes(data))

    @property
    def stream(self) -> bytes:
        """All bytes so far."""
        return b"".join(self.parts)


class Emitted(NamedTuple):
    """A run with its stream, its plan, and the candidates that it saw."""

    stream: bytes
    result: ReadoutResult
    plan: Plan
    arrivals: Arrivals
    draws: np.ndarray
    verdicts: Verdicts


def stage(name: str, after: str = "l1", mean: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return a quick stage; it makes events of `mean` bytes, or takes what comes."""
    made = {"bytes": {"mean": mean, "sigma": 0.5}} if mean else {}
    return {"name": name, "after": after.split(), "service": {"kind": "fixed", "us": 0.1},
            **made, **more}  # fmt: skip


def readout(**tables: Any) -> ReadoutConfig:
    """Return a configuration: 500 Poisson candidates, unless the tables say otherwise."""
    data = {
        "run": {"triggers": 500, "seed": 5},
        "arrivals": {"kind": "poisson", "rate_khz": 100.0, "short_fraction": 0.5},
        "throttle": [{"kind": "dead_time", "ticks": 500}],
        **tables,
    }
    return parse_readout(data, "test.toml")


def emit(config: ReadoutConfig, *, engine: str = "fast", size_factor: float = 1.0) -> Emitted:
    """Run a readout of one chunk, and keep its stream."""
    plan = compile_plan(config, "test.toml")
    source = make_source(config, "test.toml")
    emulation = Emulation(
        plan, Loads.of(plan), source, seed=config.run.seed, size_factor=size_factor
    )
    memory = Memory()
    player = Player(emulation, memory, quantum_s=plan.quantum_ns * 1e-9)
    seen: list[tuple[Arrivals, np.ndarray, Verdicts]] = []
    result = run_readout(
        config, engine=engine, record=True, source=source,
        observers=(player, lambda *chunk: seen.append(chunk)),
    )  # fmt: skip
    assert len(seen) == 1
    return Emitted(memory.stream, result, plan, *seen[0])
