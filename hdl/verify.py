"""Bit-exactness of a block's RTL against its Python model, ours or the user's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface import Block, Registers
from hdl.batch import BatchSimulator, Replay
from hdl.compare import Mismatch, differing, explain, fault
from hdl.runner import SIMULATORS, BenchResult, run_bench
from hdl.sources import Design, our_design

CHUNK = 25_000
"""Most frames in one run of the batch simulator: memory stays flat for any number of vectors."""


@dataclass(frozen=True)
class Batch:
    """Frames for one run from reset.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the block's input word
    registers : dict, optional
        Written after reset; None: nothing is written.
    idle : float
        Chance of an idle clock before each beat.
    """

    words: NDArray[np.void]
    registers: Registers | None = None
    idle: float = 0.0


Vectors = Mapping[str, Iterable[Batch]]
"""Kind of frames (``"constrained"``, ``"physics"``) to runs of them."""


@dataclass
class VerifyResult:
    """Verdict on one block in one simulator.

    Parameters
    ----------
    block, simulator : str
    checks : dict of str to int
        Frames compared in each check.
    mismatches : int
        Frames whose output differs, plus faults in protocol.
    first : Mismatch or None
    batch_vectors, batch_seconds : int, float
        Frames and time of the batch runs (of the testbench where there is no batch run).
    """

    block: str
    simulator: str
    checks: dict[str, int] = field(default_factory=dict)
    mismatches: int = 0
    first: Mismatch | None = None
    batch_vectors: int = 0
    batch_seconds: float = 0.0

    @property
    def vectors(self) -> int:
        """Frames compared in all checks."""
        return sum(self.checks.values())

    @property
    def vectors_per_s(self) -> float:
        """Frames per second of simulation; NaN when none ran."""
        return self.batch_vectors / self.batch_seconds if self.batch_seconds else float("nan")

    @property
    def passed(self) -> bool:
        """At least one frame was compared and nothing differed."""
        return self.vectors > 0 and self.mismatches == 0

    def note(self, check: str, vectors: int, mismatches: int, first: Mismatch | None) -> None:
        """Add the outcome of one check."""
        self.checks[check] = self.checks.get(check, 0) + vectors
        self.mismatches += mismatches
        self.first = self.first or first

    def as_dict(self) -> dict[str, Any]:
        """Return the result for a JSON file."""
        return {
            "block": self.block,
            "simulator": self.simulator,
            "vectors": self.vectors,
            "mismatches": self.mismatches,
            "first_mismatch": self.first.as_dict() if self.first else None,
            "vectors_per_s": self.vectors_per_s,
            "checks": self.checks,
        }


def verify(
    block: str,
    simulator: str,
    vectors: Vectors | None = None,
    dut: Design | None = None,
    *,
    bench_vectors: int | None = None,
    seed: int = 1,
) -> VerifyResult:
    """Compare a block's RTL with its model.

    Parameters
    ----------
    block : str
    simulator : str
        ``"verilator"`` runs the testbench and the batches, ``"icarus"`` and ``"ghdl"`` the
        testbench alone.
    vectors : mapping of str to iterable of Batch, optional
        Frames for the batch runs by kind. Default: none.
    dut : Design, optional
        The user's own RTL. Default: ours.
    bench_vectors : int, optional
        Frames in each check of the testbench. Default: 200, or fewer where the stimulus says that
        the simulator is slow.
    seed : int

    Raises
    ------
    InputError
        When a tool is missing, or the design does not compile or has other ports.
    """
    design = dut or our_design(block)
    result = VerifyResult(block, simulator)
    if simulator == "verilator" and vectors:
        simulate = BatchSimulator.of(design)
        for kind, batches in vectors.items():
            run_batches(simulate, kind, batches, result, seed)
    frames = bench_frames(block, simulator) if bench_vectors is None else bench_vectors
    bench = run_bench(design, simulator, vectors=frames, seed=seed)
    _add_bench(bench, result)
    return result


def bench_frames(block: str, simulator: str, most: int = 200) -> int:
    """Return how many frames each check of a block's testbench has: `most`, if that is affordable.

    A stimulus may name fewer for a simulator in ``BENCH``.
    """
    limits: Mapping[str, int] = getattr(stimulus_of(block), "BENCH", {})
    return min(most, limits.get(simulator, most))


def default_simulators(design: Design) -> tuple[str, ...]:
    """Return the simulators that read a design's language."""
    return ("ghdl",) if design.language == "vhdl" else ("verilator", "icarus")


def constrained_batches(block: str, n: int, seed: int) -> Iterator[Batch]:
    """Yield constrained-random frames: back to back and with idle clocks, any legal registers.

    Parameters
    ----------
    block : str
    n : int
        Frames in all.
    seed : int
    """
    stimulus = stimulus_of(block)
    make: Callable[[int, int], NDArray[np.void]] = stimulus.constrained
    kinds = 4 if hasattr(stimulus, "registers") else 2
    # A block with many registers needs many sets of them more than long streams.
    size = max(1, min(getattr(stimulus, "BATCH", CHUNK), -(-n // kinds)))
    for number, start in enumerate(range(0, n, size)):
        chunk_seed = seed + 1000 * number
        yield Batch(
            make(min(size, n - start), chunk_seed),
            stimulus.registers(chunk_seed) if number % kinds >= 2 else None,
            0.25 * (number % 2),
        )


def stimulus_of(block: str) -> Any:
    """Return the stimulus module of a block."""
    return importlib.import_module(f"hdl.testbenches.{block}.stimulus")


def verifiable_blocks() -> tuple[str, ...]:
    """Return the blocks that have RTL, in the interface table's order."""
    from firmware_models.interface import BLOCKS

    return tuple(name for name in BLOCKS if our_design(name).sources[-1].is_file())


def check_simulator(name: str) -> None:
    """Raise `InputError` for a simulator that does not exist."""
    if name not in SIMULATORS:
        raise InputError(f"{name!r} is not among {', '.join(SIMULATORS)}", place="--simulator")


def run_batches(
    simulate: BatchSimulator, kind: str, batches: Iterable[Batch], result: VerifyResult, seed: int
) -> None:
    """Run batches, compare each with the model and add the outcome to a result.

    Parameters
    ----------
    simulate : BatchSimulator
    kind : str
        Name of the check.
    batches : iterable of Batch
        Consumed up to the first fault in protocol: every later run would wait just as long.
    result : VerifyResult
        Updated.
    seed : int
        For idle clocks and the state before reset.
    """
    block = simulate.block
    model = importlib.import_module(f"firmware_models.{block.name}")
    done = 0
    for number, batch in enumerate(batches):
        n = len(batch.words)
        expected = model.evaluate(batch.words, batch.registers)
        replay = simulate.replay(batch.words, batch.registers, idle=batch.idle, seed=seed + number)
        result.batch_vectors += n
        result.batch_seconds += replay.seconds
        different = differing(expected[: len(replay.words)], replay.words)
        first = _first_fault(block, kind, done, batch, expected, replay, different, model)
        result.note(kind, n, max(len(different), int(first is not None)), first)
        done += n
        if replay.problem(block, n):
            return


def _first_fault(
    block: Block,
    kind: str,
    done: int,
    batch: Batch,
    expected: NDArray[np.void],
    replay: Replay,
    different: NDArray[np.intp],
    model: Any,
) -> Mismatch | None:
    """Return whichever comes first: a fault in protocol or latency, or a differing word."""
    problem = replay.problem(block, len(batch.words))
    if problem and not (len(different) and int(different[0]) < problem[1]):
        stage, vector, text = problem
        found = fault(kind, vector, stage, text, block, batch.words)
        return replace(found, vector=done + vector)
    if not len(different):
        return None
    i = int(different[0])
    return explain(
        block, kind, done + i, batch.words[i : i + 1], expected[i : i + 1],
        replay.words[i : i + 1], model=model, registers=batch.registers,
    )  # fmt: skip


def _add_bench(bench: BenchResult, result: VerifyResult) -> None:
    first = Mismatch.from_dict(bench.first) if bench.first else None
    mismatches = bench.mismatches
    if bench.failures and first is None:
        first = fault("testbench", -1, "protocol", bench.failures[0])
        mismatches = max(mismatches, len(bench.failures))
    result.note("testbench", bench.vectors, mismatches, first)
    if not result.batch_vectors:
        result.batch_vectors, result.batch_seconds = bench.vectors, bench.seconds
