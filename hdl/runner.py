"""cocotb: build a design in one of three simulators and run its block's testbench."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError, unknown_name
from hdl.messages import build_error, compile_error
from hdl.ports import check_ports, port_list
from hdl.sources import Design, link_data
from hdl.tools import (
    NEEDS,
    ROOT,
    applied_environment,
    cache_folder,
    fingerprint,
    require,
)

SIMULATORS = tuple(NEEDS)

# cocotb's runner makes every signal public, which slows a verilated model down two- to sixfold.
_BUILD_ARGS = {
    "verilator": ("--no-public-flat-rw", "--public-depth", "1", "-Wno-fatal", "--x-initial",
                  "unique", "--quiet"),
    "icarus": (),
    "ghdl": ("--std=08",),
}  # fmt: skip


@dataclass(frozen=True)
class BenchResult:
    """What a testbench found.

    Parameters
    ----------
    simulator : str
    tests : int
        Tests that ran.
    failures : tuple of str
        Name and message of each test that failed.
    vectors, mismatches : int
    first : dict or None
        First mismatch, as `hdl.compare.Mismatch.as_dict` gives it.
    seconds : float
        Simulation time, without the build.
    """

    simulator: str
    tests: int
    failures: tuple[str, ...]
    vectors: int
    mismatches: int
    first: dict[str, Any] | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Every test ran and none failed."""
        return self.tests > 0 and not self.failures


def run_bench(design: Design, simulator: str, *, vectors: int = 200, seed: int = 1) -> BenchResult:
    """Build a design and run its block's testbench.

    Parameters
    ----------
    design : Design
    simulator : str
        ``"verilator"`` or ``"icarus"`` for Verilog, ``"ghdl"`` for VHDL.
    vectors : int
        Frames in each check.
    seed : int

    Raises
    ------
    InputError
        When a tool is missing, the simulator does not read the language, or the design does not
        compile or has other ports.
    """
    _check_language(design, simulator)
    require(simulator)
    with _built(design, simulator) as built:
        return _run(design, simulator, built, vectors, seed)


def _run(design: Design, simulator: str, built: Path, vectors: int, seed: int) -> BenchResult:
    """Run the testbench in a build and read what it found."""
    with tempfile.TemporaryDirectory(prefix="lowmult-bench-") as folder:
        link_data(design, Path(folder))
        results = Path(folder) / "results.jsonl"
        started = time.perf_counter()
        tests, failures, log = _test(design, simulator, built, Path(folder), {
            "LOWMULT_RESULTS": str(results), "LOWMULT_VECTORS": str(vectors),
            "LOWMULT_SEED": str(seed),
            # By default pytest rewrites the asserts of every module that is imported: 5 s a run.
            "COCOTB_REWRITE_ASSERTION_FILES": "",
        })  # fmt: skip
        seconds = time.perf_counter() - started
        text = results.read_text(encoding="utf-8") if results.exists() else ""
    records = [json.loads(line) for line in text.splitlines()]
    for record in records:
        if "ports" in record:
            details = [*record["ports"], "the interface table says:", *port_list(design.block)]
            raise build_error(design, "its ports are not those of the block", details)
    if not tests:
        raise compile_error(design, simulator, log)
    return BenchResult(
        simulator, tests, tuple(failures),
        sum(record["vectors"] for record in records),
        sum(record["mismatches"] for record in records),
        next((record["first"] for record in records if record["first"]), None),
        seconds,
    )  # fmt: skip


def _check_language(design: Design, simulator: str) -> None:
    if simulator not in SIMULATORS:
        raise unknown_name("simulator", simulator, SIMULATORS)
    needed = "vhdl" if simulator == "ghdl" else "verilog"
    if design.language != needed:
        other = "ghdl" if design.language == "vhdl" else "verilator or icarus"
        raise InputError(
            f"{simulator} does not read {design.language} here; use {other}",
            place=str(design.sources[-1]),
        )


@contextmanager
def _built(design: Design, simulator: str) -> Iterator[Path]:
    """Give the folder with the simulator's build: from the cache, or for a user's design fresh."""
    if not design.own:
        yield _build(design, simulator)
        return
    with tempfile.TemporaryDirectory(prefix="lowmult-build-") as name:
        folder = Path(name)
        if design.language == "verilog":
            check_ports(design)
        _compile(design, simulator, folder)
        yield folder


def _build(design: Design, simulator: str) -> Path:
    """Return the folder with our design's build, made when the cache does not have it."""
    folder = cache_folder() / "bench"
    key = design.digest(*_BUILD_ARGS[simulator], fingerprint(simulator))
    target = folder / f"{design.block.name}-{simulator}-{key}"
    with _locked(target):
        if (target / ".done").exists():
            return target
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        if design.language == "verilog":
            check_ports(design)
        _compile(design, simulator, target)
        (target / ".done").touch()
    return target


def _compile(design: Design, simulator: str, target: Path) -> None:
    from cocotb_tools.runner import get_runner

    log = target / "build.log"
    sources = design.sources
    if simulator == "ghdl":
        # Its library refers to the files, and elaborates from them at run time.
        sources = tuple(Path(shutil.copy(source, target)) for source in sources)
    with applied_environment():
        try:
            get_runner(simulator).build(
                sources=list(sources), hdl_toplevel=design.top, build_dir=target,
                includes=list(design.includes) if design.language == "verilog" else [],
                always=True, timescale=None if simulator == "ghdl" else ("1ns", "1ps"),
                build_args=list(_BUILD_ARGS[simulator]), log_file=log,
            )  # fmt: skip
        except (SystemExit, RuntimeError, OSError) as error:
            text = log.read_text(errors="replace") if log.exists() else str(error)
            for source, copy in zip(design.sources, sources, strict=True):
                text = text.replace(str(copy), str(source))
            raise compile_error(design, simulator, text) from error


def _test(
    design: Design, simulator: str, built: Path, folder: Path, variables: dict[str, str]
) -> tuple[int, list[str], str]:
    """Run the testbench; return how many tests ran, the failures and the log."""
    from cocotb_tools.runner import get_runner

    name = design.block.name
    log = folder / "test.log"
    with applied_environment():
        os.environ.update(variables)
        os.environ["PYTHONPATH"] = os.pathsep.join(
            part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part
        )
        runner = get_runner(simulator)
        # A failed test ends in SystemExit; results.xml has the details.
        with suppress(SystemExit, RuntimeError, OSError):
            runner.test(
                hdl_toplevel=design.top, test_module=f"hdl.testbenches.{name}.test_{name}",
                build_dir=built, test_dir=folder, seed=1, log_file=log,
                hdl_toplevel_lang=design.language, results_xml=str(folder / "results.xml"),
                test_args=["--std=08", f"--workdir={built}"] if simulator == "ghdl" else [],
            )  # fmt: skip
    text = log.read_text(errors="replace") if log.exists() else ""
    tests, failures = _read_results(folder / "results.xml")
    return tests, failures, text


def _read_results(path: Path) -> tuple[int, list[str]]:
    from xml.etree import ElementTree

    if not path.exists():
        return 0, []
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    failures = []
    for case in cases:
        for bad in (*case.iter("failure"), *case.iter("error")):
            text = re.sub(r"\s+$", "", bad.get("message") or bad.text or "")
            failures.append(f"{case.get('name')}: {text}")
    return len(cases), failures


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process at a time build one target."""
    import fcntl

    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_name(f".{target.name}.lock"), "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)
