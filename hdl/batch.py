"""Volume: a block's RTL as a shared library, with the clock loop in C++.

The verilated model, `hdl/harness/replay.cpp` and nothing else (no VPI, no traces) become one
library for each content of the sources, kept in the build cache when the RTL is ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import CheckFailed, InputError
from firmware_models.interface import Block, Registers
from hdl.messages import compile_error
from hdl.ports import check_ports
from hdl.sources import Design, link_data, our_design, user_design
from hdl.tools import cache_folder, fingerprint, require, run, verilator_folder

HARNESS = Path(__file__).resolve().parent / "harness" / "replay.cpp"

_VERILATE = (
    "--cc", "--exe", "--no-MMD", "--prefix", "Vtop", "-O3", "-Wno-fatal", "--quiet",
    "--x-assign", "unique", "--x-initial", "unique", "--noassert",
)  # fmt: skip
_CXX = "-std=c++20 -fPIC -fvisibility=hidden -fno-gnu-unique -march=native"
_LD = "-shared -Wl,-Bsymbolic"

PATIENCE = 4096
"""Clocks past the due clock after which a block that does not answer is given up."""


class _Job(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("input", "output", "cfg_addr", "cfg_data")),
        *((name, ctypes.c_int64) for name in
          ("n", "n_cfg", "input_words", "output_words", "beats", "interval", "latency", "idle",
           "patience", "seed")),
    )  # fmt: skip


class _Report(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in (
            "clocks",
            "answered",
            "extra",
            "off_time",
            "first_off",
            "first_clocks",
            "unasked",
            "sent",
        )
    )


@dataclass(frozen=True)
class Replay:
    """What came out of a block.

    Parameters
    ----------
    words : ndarray, shape (answered,), dtype of the block's output word
    clocks : int
        Clocks simulated after reset and configuration.
    extra : int
        1 when an output came that no complete frame accounts for (the run stops there).
    off_time : int
        Answers on another clock than the table's latency says.
    first_off, first_latency : int
        Frame of the first of them (-1: none) and its latency in clocks.
    seconds : float
        Time spent in the clock loop.
    unasked : int
        Clocks with an output among the four before the first frame.
    sent : int
        Complete frames that went in.
    """

    words: NDArray[np.void]
    clocks: int
    extra: int
    off_time: int
    first_off: int
    first_latency: int
    seconds: float
    unasked: int = 0
    sent: int = 0

    def problem(self, block: Block, n: int) -> tuple[str, int, str] | None:
        """Return (stage, vector, explanation) of a fault in protocol, or None.

        Parameters
        ----------
        block : Block
        n : int
            Frames that went in.
        """
        answered = len(self.words)
        if self.unasked:
            return ("protocol", 0,
                    f"valid_o is high with no frame in flight: on {self.unasked} of the 4 clocks "
                    "before the first frame")  # fmt: skip
        # Counts come first: after a lost or an added answer all later ones look off time.
        if self.extra:
            return ("protocol", self.first_off if self.off_time else answered,
                    f"valid_o is high with no frame in flight: on clock {self.clocks}, after "
                    f"{answered} answers to {self.sent} frames{self._shift(block)}")  # fmt: skip
        if answered < n:
            if self.off_time:
                return ("protocol", self.first_off,
                        f"{answered} answers to {n} frames{self._shift(block)}")  # fmt: skip
            return ("protocol", answered,
                    f"{answered} answers to {n} frames: frame {answered} is never answered, not "
                    f"within {PATIENCE} clocks of when it was due")  # fmt: skip
        if self.off_time:
            return ("latency", self.first_off,
                    f"{self.off_time} of {n} answers off time: the first came "
                    f"{self.first_latency} clocks after its last beat, the table says "
                    f"{block.latency}")  # fmt: skip
        return None

    def _shift(self, block: Block) -> str:
        return off_due(self.first_off, self.first_latency - block.latency) if self.off_time else ""


def off_due(frame: int, late: int) -> str:
    """Return what to add to a wrong count of answers, when they left their clocks before the end.

    Parameters
    ----------
    frame : int
        First frame whose answer did not come on its clock.
    late : int
        Clocks from when it was due to when ``valid_o`` was high; negative: before.
    """
    if late > 0:
        return (
            f": frame {frame} is the first without an answer on its clock "
            f"(the next valid_o comes {late} clocks later)"
        )
    return f": valid_o is high {-late} clocks before the answer to frame {frame} is due"


class BatchSimulator:
    """A block's RTL, compiled for volume.

    Parameters
    ----------
    block : str or Block
    sources : sequence of path, optional
        The user's own Verilog or SystemVerilog instead of ours.
    top : str, optional
        Top module in `sources`. Default: the block's name.

    Raises
    ------
    InputError
        When a tool is missing, or the sources do not compile or have other ports.
    """

    def __init__(
        self,
        block: str | Block,
        sources: Sequence[str | Path] | None = None,
        *,
        top: str | None = None,
    ) -> None:
        name = block if isinstance(block, str) else block.name
        self._load(our_design(name) if sources is None else user_design(name, sources, top))

    @classmethod
    def of(cls, design: Design) -> BatchSimulator:
        """Return the simulator of a design."""
        simulator = cls.__new__(cls)
        simulator._load(design)
        return simulator

    def _load(self, design: Design) -> None:
        if design.language != "verilog":
            raise InputError("verilator reads Verilog and SystemVerilog, not VHDL; use ghdl",
                             place=str(design.sources[-1]))  # fmt: skip
        self.design = design
        self.block = design.block
        if not design.own:
            self._library = ctypes.CDLL(str(build(design)))
            return
        with tempfile.TemporaryDirectory(prefix="lowmult-batch-") as folder:
            # Once loaded, the library stays when its file goes.
            self._library = ctypes.CDLL(str(_fresh(design, Path(folder))))

    def run(
        self,
        words: NDArray[np.void],
        registers: Registers | None = None,
        *,
        idle: float = 0.0,
        seed: int = 1,
    ) -> NDArray[np.void]:
        """Return the block's output words for input words, one each.

        Parameters
        ----------
        words : ndarray, shape (n,), dtype of the block's input word
        registers : dict of ndarray, optional
            Written after reset. Default: nothing is written.
        idle : float
            Chance of an idle clock before each beat, 0 to 0.99. 0: frames back to back.
        seed : int
            For the idle clocks and the state before reset.

        Raises
        ------
        CheckFailed
            When the block does not answer, answers too often, or on other clocks than the
            table's latency says.
        """
        replay = self.replay(words, registers, idle=idle, seed=seed)
        problem = replay.problem(self.block, len(words))
        if problem:
            stage, vector, text = problem
            raise CheckFailed(f"{self.block.name}: {stage}, vector {vector}: {text}")
        return replay.words

    def replay(
        self,
        words: NDArray[np.void],
        registers: Registers | None = None,
        *,
        idle: float = 0.0,
        seed: int = 1,
    ) -> Replay:
        """Run like `run`, but report faults instead of raising."""
        block = self.block
        out = np.zeros((len(words), -(-block.output.width // 32)), dtype=np.uint32)
        if not len(words):
            return Replay(block.output.unpack(out), 0, 0, 0, -1, 0, 0.0)
        bus = block.input.pack(words, block.beats)
        address, data = register_writes(block, registers)
        job = _Job(
            bus.ctypes.data, out.ctypes.data, address.ctypes.data, data.ctypes.data,
            len(words), len(address), bus.shape[1], out.shape[1], block.beats, block.interval,
            block.latency, min(int(256 * idle), 253), PATIENCE, seed,
        )  # fmt: skip
        report = _Report()
        started = time.perf_counter()
        with _data_of(self.design):
            self._library.replay(ctypes.byref(job), ctypes.byref(report))
        seconds = time.perf_counter() - started
        return Replay(
            block.output.unpack(out[: report.answered]), report.clocks, report.extra,
            report.off_time, report.first_off, report.first_clocks, seconds, report.unasked,
            report.sent,
        )  # fmt: skip


@contextlib.contextmanager
def _data_of(design: Design) -> Iterator[None]:
    """Work in a folder with the user's memory files: ``$readmemh`` opens them as a model starts."""
    if not design.own:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="lowmult-data-") as folder:
        if link_data(design, Path(folder)):
            with contextlib.chdir(folder):
                yield
        else:
            yield


def register_writes(
    block: Block, registers: Registers | None
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return addresses and data of the writes on the configuration bus, register by register."""
    address, data = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
    for register in block.registers if registers is not None else ():
        assert registers is not None
        if register.name in registers:
            values = np.asarray(registers[register.name]).reshape(register.count)
            address.append((register.address + np.arange(register.count)).astype(np.uint32))
            data.append(values.astype(np.int64).astype(np.uint32))
    return np.concatenate(address), np.concatenate(data)


def build(design: Design) -> Path:
    """Return the shared library of our design, built when the cache does not have it."""
    require("verilator")
    key = design.digest(
        *_VERILATE, _CXX, _LD, HARNESS.read_text(encoding="utf-8"), fingerprint("verilator")
    )
    target = cache_folder() / "batch" / f"{design.block.name}-{key}.so"
    if target.exists():
        return target
    check_ports(design)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may build the same library: each in its own folder, the last rename wins.
    folder = Path(tempfile.mkdtemp(prefix=f".{design.block.name}-", dir=target.parent))
    try:
        _compile(design, folder)
        (folder / "dut.so").replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target


def _fresh(design: Design, folder: Path) -> Path:
    """Return the shared library of a user's design, built in a folder of its own."""
    require("verilator")
    check_ports(design)
    _compile(design, folder)
    return folder / "dut.so"


def _compile(design: Design, folder: Path) -> None:
    verilate = run(
        [verilator_folder() / "verilator", *_VERILATE, *(f"-I{path}" for path in design.includes),
         "-Mdir", ".", "--top-module", design.top,
         "-CFLAGS", _CXX, "-LDFLAGS", _LD, "-o", "dut.so", *design.sources, HARNESS],
        cwd=folder,
    )  # fmt: skip
    if verilate.returncode:
        raise compile_error(design, "verilator", verilate.stdout)
    make = run(["make", "-s", "-j2", "-f", "Vtop.mk"], cwd=folder)
    if make.returncode:
        raise compile_error(design, "g++", make.stdout)
