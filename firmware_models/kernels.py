"""Compiled kernels: numba's `njit` with a cache that notices every change of a kernel's sources.

numba's own cache looks only at the file of the kernel itself. A kernel that calls another file's
kernel, or uses its constants, would keep running old code after an update. Here the cache lies in
a folder named by a hash of all sources that kernels are made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])

PACKAGES = ("firmware_models", "trigger", "sim", "hdl")
KEPT = 6
"""Caches of older sources that are kept, so that going back and forth costs nothing."""


def njit(**options: Any) -> Callable[[F], F]:
    """Return the decorator of a kernel, ``@njit()``; options are those of numba."""
    numba.config.CACHE_DIR = cache_folder()
    decorator: Callable[[F], F] = numba.njit(cache=True, **options)
    return decorator


@cache
def cache_folder() -> str:
    """Return the folder of the compiled kernels; ``NUMBA_CACHE_DIR`` overrides it."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return given
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lowmult" / "kernels"
    try:
        base.mkdir(parents=True, exist_ok=True)
        if not os.access(base, os.W_OK):
            raise PermissionError
    except OSError:
        base = Path(tempfile.gettempdir()) / f"lowmult-kernels-{os.getuid()}"
        base.mkdir(parents=True, exist_ok=True)
    folder = base / source_hash(Path(__file__).resolve().parent.parent)
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    _forget_old(base, folder)
    return str(folder)


def source_hash(root: Path) -> str:
    """Return a hash of every source file that holds kernels, or constants that they use."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_bytes()
            if b"njit" in text or path.parent.name == "interface":
                digest.update(str(path.relative_to(root)).encode() + b"\0" + text)
    return digest.hexdigest()[:16]


def _forget_old(base: Path, current: Path) -> None:
    try:
        folders = sorted(base.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:  # another process is tidying up
        return
    for folder in folders[KEPT:]:
        if folder != current:
            shutil.rmtree(folder, ignore_errors=True)
