"""What every block's cocotb testbench does: drive, monitor, model, in-order check.

The bench works on falling edges: it samples what the last rising edge left at the outputs, then
sets the inputs for the next one, so no write races with the clock in any simulator.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from numpy.typing import NDArray

from firmware_models.interface import BLOCKS, Registers
from firmware_models.words import Word
from hdl.batch import off_due, register_writes
from hdl.compare import Mismatch, differing, explain, fault
from hdl.ports import ports
from hdl.streams import stream

PATIENCE = 4096
"""Clocks past the due clock after which a block that does not answer is given up."""

_SETTLE = 4
_REGISTER_SETS = 6


class Bench:
    """Driver, monitor, model and checker around one block.

    Parameters
    ----------
    dut
        cocotb's handle of the top module.
    name : str
        Block.

    Notes
    -----
    Environment: ``LOWMULT_SEED`` (default 1), ``LOWMULT_VECTORS`` (frames a check, default 200),
    ``LOWMULT_RESULTS`` (file to which each check appends one line of JSON).
    """

    def __init__(self, dut: Any, name: str) -> None:
        self.dut = dut
        self.block = BLOCKS[name]
        self.model = importlib.import_module(f"firmware_models.{name}")
        self.stimulus = importlib.import_module(f"hdl.testbenches.{name}.stimulus")
        self.seed = int(os.environ.get("LOWMULT_SEED", "1"))
        self.n = int(os.environ.get("LOWMULT_VECTORS", "200"))
        self.rng = stream(self.seed, f"{name}/bench")

    # Checks: each starts the clock, resets, plays and compares.

    async def back_to_back(self) -> None:
        """Frames without an idle clock between them give the model's words, on time."""
        await self._start()
        words = self.stimulus.constrained(self.n, self.seed)
        # A few clocks first, on which nothing may come out.
        await self._check("back_to_back", words, quiet=_SETTLE)

    async def idle_cycles(self) -> None:
        """Idle clocks between beats and between frames, with junk on the bus, change nothing."""
        await self._start()
        words = self.stimulus.constrained(self.n, self.seed + 1)
        await self._check("idle_cycles", words, idle=0.4)

    async def reset_in_flight(self) -> None:
        """Reset loses the frames in the pipe, clears the state and restores the registers."""
        await self._start()
        if self._has_registers():
            await self._configure(self.stimulus.registers(self.seed + 2))
        for part in range(3):
            words = self.stimulus.constrained(self.n // 2, self.seed + 3 + part)
            beats = self.block.input.pack(words, self.block.beats)
            # Stop anywhere, also in the middle of a frame.
            await self._drive_only(beats[: int(self.rng.integers(1, len(beats)))])
            await self._reset(junk=True)
            await self._check(f"reset_in_flight[{part}]", words)

    async def random_registers(self) -> None:
        """Any legal register values give the model's words."""
        await self._start()
        if not self._has_registers():
            return
        for part in range(_REGISTER_SETS):
            # Where there is no state to clear, every other set is written over the one before.
            if part % 2 or (part and self.block.stateful):
                await self._reset()
            registers = self.stimulus.registers(self.seed + part)
            await self._configure(registers)
            words = self.stimulus.constrained(self.n // 2, self.seed + 6 + part)
            await self._check(
                f"random_registers[{part}]", words, registers=registers, idle=0.2 * (part % 2)
            )

    # Parts.

    async def _start(self) -> None:
        self._check_ports()
        self.dut.clk_i.value = 0
        self.dut.rst_ni.value = 1
        self._quiet()
        Clock(self.dut.clk_i, 8, unit="ns").start()
        await FallingEdge(self.dut.clk_i)
        await self._reset()

    def _check_ports(self) -> None:
        """Stop the run when the ports are not those of the table (VHDL is checked only here)."""
        wrong = []
        for port in ports(self.block):
            handle = getattr(self.dut, port.name, None)
            if handle is None:
                wrong.append(f"{port.name} is missing, it must have {port.width} bits")
            elif _width(handle) != port.width:
                wrong.append(f"{port.name} has {_width(handle)} bits, it must have {port.width}")
        if wrong:
            _record({"ports": wrong})
            raise AssertionError("; ".join(wrong))

    def _has_registers(self) -> bool:
        return bool(self.block.registers) and hasattr(self.stimulus, "registers")

    def _quiet(self) -> None:
        self.dut.valid_i.value = 0
        self.dut.data_i.value = 0
        if self.block.registers:
            self.idle_configuration()

    def idle_configuration(self) -> None:
        """Leave an address and junk on the bus without valid: nothing is written."""
        register = self.block.registers[int(self.rng.integers(len(self.block.registers)))]
        self.dut.cfg_valid_i.value = 0
        self.dut.cfg_addr_i.value = register.address + int(self.rng.integers(register.count))
        self.dut.cfg_data_i.value = int(self.rng.integers(1 << 32))

    async def _reset(self, *, junk: bool = False) -> None:
        self.dut.rst_ni.value = 0
        for clock in range(3):
            # A beat offered during reset is lost.
            self.dut.valid_i.value = int(junk and clock < 2)
            await FallingEdge(self.dut.clk_i)
        self.dut.valid_i.value = 0
        self.dut.rst_ni.value = 1

    async def _configure(self, registers: Registers) -> None:
        for address, data in zip(*register_writes(self.block, registers), strict=True):
            self.dut.cfg_valid_i.value = 1
            self.dut.cfg_addr_i.value = int(address)
            self.dut.cfg_data_i.value = int(data)
            await FallingEdge(self.dut.clk_i)
        self.idle_configuration()
        for _ in range(_SETTLE):
            await FallingEdge(self.dut.clk_i)

    async def _drive_only(self, beats: NDArray[np.uint32]) -> None:
        for beat in beats:
            self.dut.valid_i.value = 1
            self.dut.data_i.value = _integer(beat)
            await FallingEdge(self.dut.clk_i)

    async def _check(
        self,
        check: str,
        words: NDArray[np.void],
        *,
        registers: Registers | None = None,
        idle: float = 0.0,
        quiet: int = 0,
    ) -> None:
        """Play frames, compare with the model, record the result, fail on a difference."""
        expected = self.model.evaluate(words, registers)
        answers, problem = await self._play(words, check, idle, quiet)
        observed = self.block.output.unpack(_rows(answers, self.block.output.width))
        different = differing(expected[: len(observed)], observed)
        mismatch = problem
        if len(different) and not (problem and problem.vector <= different[0]):
            i = int(different[0])
            mismatch = explain(
                self.block, check, i, words[i : i + 1], expected[i : i + 1],
                observed[i : i + 1], model=self.model, registers=registers,
            )  # fmt: skip
        _record({
            "check": check,
            "vectors": len(words),
            "mismatches": max(len(different), int(mismatch is not None)),
            "first": mismatch.as_dict() if mismatch else None,
        })  # fmt: skip
        if mismatch:
            raise AssertionError(mismatch.text())

    async def _play(
        self, words: NDArray[np.void], check: str, idle: float, quiet: int
    ) -> tuple[list[int], Mismatch | None]:
        """Drive every frame and collect the answers, with the first fault in protocol."""
        source = _Source(self, words, idle)
        source.start = quiet
        sink = _Sink(self, check)
        clock, drain = 0, 2 * self.block.latency + 16
        while drain and not sink.stopped:
            sink.sample(clock, source.due)
            source.drive(clock)
            if idle and self.block.registers:
                self.idle_configuration()
            if source.finished and len(sink.answers) == len(source.due):
                drain -= 1
            await FallingEdge(self.dut.clk_i)
            clock += 1
        return sink.answers, sink.problem(len(source.due), words)


class _Source:
    """Driver: offers beats, and notes on which clock each frame's answer is due."""

    def __init__(self, bench: Bench, words: NDArray[np.void], idle: float) -> None:
        self.dut, self.block, self.rng, self.idle = bench.dut, bench.block, bench.rng, idle
        self.beats = [_integer(beat) for beat in self.block.input.pack(words, self.block.beats)]
        self.due: list[int] = []
        self.sent = 0
        self.start = 0

    @property
    def finished(self) -> bool:
        return self.sent == len(self.beats)

    def drive(self, clock: int) -> None:
        first = self.sent % self.block.beats == 0
        offer = not self.finished and (not first or clock >= self.start)
        if offer and self.idle:
            offer = self.rng.random() >= self.idle
        self.dut.valid_i.value = int(offer)
        if offer:
            self.dut.data_i.value = self.beats[self.sent]
            self.start = clock + self.block.interval if first else self.start
            self.sent += 1
            if self.sent % self.block.beats == 0:
                self.due.append(clock + self.block.latency)
        elif self.idle:
            # Another beat's data with valid low: a block that ignores valid shows it.
            self.dut.data_i.value = self.beats[int(self.rng.integers(len(self.beats)))]


class _Sink:
    """Monitor: collects answers, and notes the first that is early, late, unknown or missing."""

    def __init__(self, bench: Bench, check: str) -> None:
        self.dut, self.block, self.check = bench.dut, bench.block, check
        self.answers: list[int] = []
        self.stopped = False
        self._said = ""
        # First answer off its clock: frame, clocks late.
        self._off: tuple[int, int] | None = None

    def problem(self, sent: int, words: NDArray[np.void]) -> Mismatch | None:
        """Return the first fault. Counts come first: a lost answer makes all later ones late."""
        number = len(self.answers)
        if self._said:
            at, shift = self._off or (number, 0)
            text = self._said + (off_due(at, shift) if self._off else "")
            return fault(self.check, at, "protocol", text, self.block, words)
        if self._off:
            at, shift = self._off
            text = (
                f"answered {self.block.latency + shift} clocks after its last beat, "
                f"the table says {self.block.latency}"
            )
            return fault(self.check, at, "latency", text, self.block, words)
        return None

    def sample(self, clock: int, due: Sequence[int]) -> None:
        number = len(self.answers)
        waiting = number < len(due)
        valid = _known(self.dut.valid_o)
        if valid is None:
            self._stop(f"valid_o is {self.dut.valid_o.value} after reset")
        elif valid and not waiting:
            self._stop(f"valid_o is high with no frame in flight, after {number} answers to "
                       f"{len(due)} frames")  # fmt: skip
        elif valid:
            self._accept(clock - due[number])
        elif waiting and clock > due[number] + PATIENCE:
            said = f"{number} answers to {len(due)} frames"
            never = f": frame {number} is never answered, not within {PATIENCE} clocks of when due"
            self._stop(said if self._off else said + never)

    def _accept(self, late: int) -> None:
        value = _known(self.dut.data_o)
        if value is None:
            fields = ", ".join(unknown_fields(self.block.output, str(self.dut.data_o.value)))
            self._stop(f"data_o has unknown bits while valid_o is high: {fields}")
            return
        if late and self._off is None:
            self._off = (len(self.answers), late)
        self.answers.append(value)

    def _stop(self, text: str) -> None:
        self.stopped = True
        self._said = text


def _integer(row: NDArray[np.uint32]) -> int:
    return int.from_bytes(row.astype("<u4").tobytes(), "little")


def _rows(values: Sequence[int], width: int) -> NDArray[np.uint32]:
    words = -(-width // 32)
    raw = b"".join(value.to_bytes(4 * words, "little") for value in values)
    return np.frombuffer(raw, dtype="<u4").reshape(len(values), words).astype(np.uint32)


def _width(handle: Any) -> int:
    try:
        return len(handle)
    except TypeError:
        return 1


def _known(handle: Any) -> int | None:
    """Return a port's value as an unsigned integer, or None when a bit is unknown."""
    text = str(handle.value)
    return int(text, 2) if set(text) <= {"0", "1"} else None


def unknown_fields(word: Word, text: str) -> list[str]:
    """Return the fields (elements of array fields by index) in which a port has unknown bits.

    Parameters
    ----------
    word : Word
    text : str
        The port's bits, highest first.
    """
    found, low = [], len(text)
    for field in word.fields:
        for index in range(field.count):
            if set(text[low - field.width : low]) - {"0", "1"}:
                found.append(field.name if field.count == 1 else f"{field.name}[{index}]")
            low -= field.width
    return found


def _record(result: dict[str, Any]) -> None:
    if path := os.environ.get("LOWMULT_RESULTS"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
