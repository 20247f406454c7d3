"""Where a command writes, checked before it works: possible, distinct, and none of its inputs."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from firmware_models.errors import InputError

FILES = {
    "study": ("decisions", "json"),
    "trigger": ("out", "json"),
    "rates": ("csv", "json"),
    "readout": ("emit", "json"),
    "train": ("out", "json"),
    "samples": ("out", "json"),
}
"""Options that name an output file, where it is not only ``--json``."""

FOLDERS = {
    "optimise": ("out", "kept"),
    "sensitivity": ("out", "samples"),
    "study": ("out",), "trigger": ("report",), "vectors": ("out",), "readout": ("report",),
}  # fmt: skip
"""Options that name an output folder."""

INPUTS = {
    "study": ("study", "menu"),
    "trigger": ("events", "menu"),
    "rates": ("decisions", "menu"),
    "efficiency": ("decisions",),
    "readout": ("config",),
    "sensitivity": ("channels", "menu", "candidates", "efficiency"),
    "optimise": ("config",),
    "receive": ("stream",),
    "menu": ("menu", "old", "new", "inp", "oup", "lgc", "alg", "files"),
    "verify": ("dut",),
}
"""Options and arguments that name input files."""

ADDRESSES = ("emit", "stream")
"""Options and arguments that may name a network address in place of a file."""


def check_outputs(command: str, options: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written, that collide, or that are inputs.

    Raises
    ------
    InputError
        Naming the option and the path.
    """
    taken: dict[str, str] = {}
    folders: dict[str, str] = {}
    for option, path in _values(options, INPUTS.get(command, ())):
        if Path(path).is_file():
            taken[os.path.realpath(path)] = f"the input {option}"
    for option, path in _values(options, FOLDERS.get(command, ())):
        _check_folder(f"--{option}", path)
        taken[os.path.realpath(path)] = f"--{option}"
        folders[os.path.realpath(path)] = f"--{option}"
    for option, path in _values(options, FILES.get(command, ("json",))):
        place = f"--{option}"
        real = os.path.realpath(path)
        if real in taken and not _is_device(path):
            raise InputError(f"{path!r} is {taken[real]} too", place=place)
        for folder, option in folders.items():
            if real.startswith(folder + os.sep):
                raise InputError(f"{path!r} is inside {option}, which is written whole",
                                 place=place)  # fmt: skip
        taken[real] = place
        _check_file(place, path)


def _values(options: argparse.Namespace, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        value = getattr(options, name, None)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and not (name in ADDRESSES and "://" in item):
                yield name, item


def _is_device(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _check_file(place: str, path: str) -> None:
    if not path:
        raise InputError("needs a file name, not an empty one", place=place)
    if os.path.isdir(path):
        raise InputError(f"{path!r} is a folder, a file name is needed", place=place)
    if not _is_device(path):
        _probe(place, Path(os.path.realpath(path)).parent)


def _check_folder(place: str, path: str) -> None:
    if not path:
        raise InputError("needs a folder, not an empty name", place=place)
    folder = Path(path)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is a file, a folder is needed", place=place)
    _probe(place, folder)


def _probe(place: str, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write in {str(folder)!r}: {error.strerror}", place=place
        ) from error


def check_not_inputs(
    options: argparse.Namespace, names: Iterable[str], inputs: dict[str, str]
) -> None:
    """Refuse outputs that are files which a configuration names as its inputs.

    Parameters
    ----------
    options : Namespace
    names : iterable of str
        Options that name output files.
    inputs : dict of str to str
        Path of each input by where it is named.

    Raises
    ------
    InputError
        Naming the option and the path.
    """
    real = {os.path.realpath(path): where for where, path in inputs.items() if path}
    for name in names:
        path = getattr(options, name, None)
        if isinstance(path, str) and os.path.realpath(path) in real:
            raise InputError(f"{path!r} is the input {real[os.path.realpath(path)]} too",
                             place=f"--{name}")  # fmt: skip
