"""Which format a file has: what its first bytes say, checked against what its name says."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError, check_regular, unknown_name
from sim.readers.text import open_binary, read_some, shown

HEAD = 4096
"""Bytes looked at; text formats may begin with comments."""


@dataclass(frozen=True)
class Format:
    """One format: names, endings and the mark in its first bytes.

    Parameters
    ----------
    name : str
        What the user may give as `format`.
    endings : tuple of str
        File names end so, with or without ``.gz`` where `text`.
    module : str
        Module with the function ``read``.
    recognised : callable
        Tells whether the first bytes (uncompressed) are of this format.
    text : bool
        Whether the file may be gzipped.
    """

    name: str
    endings: tuple[str, ...]
    module: str
    recognised: Callable[[bytes], bool]
    text: bool = True

    def reader(self) -> Callable[..., Any]:
        """Load the reader, and with it the library that it needs."""
        read: Callable[..., Any] = importlib.import_module(self.module).read
        return read


FORMATS = (
    Format(
        "hepmc3",
        (".hepmc3", ".hepmc"),
        "sim.readers.hepmc",
        lambda head: b"HepMC::Asciiv3" in head,
    ),
    Format(
        "hepmc2",
        (".hepmc2", ".hepmc"),
        "sim.readers.hepmc",
        lambda head: b"HepMC::IO_GenEvent" in head,
    ),
    Format("lhe", (".lhe",), "sim.readers.lhe", lambda head: b"<LesHouchesEvents" in head),
    Format("root", (".root",), "sim.readers.root", lambda head: head[:4] == b"root", text=False),
    Format(
        "parquet",
        (".parquet",),
        "sim.readers.parquet",
        lambda head: head[:4] == b"PAR1",
        text=False,
    ),
)
BY_NAME = {known.name: known for known in FORMATS}


def detect(path: Path, given: str | None = None) -> Format:
    """Return the format of a file.

    The content decides. A name or a `given` format that says otherwise is an error, since one of
    the two is a mistake; a name that says nothing is accepted.

    Parameters
    ----------
    path : Path
        The file.
    given : str, optional
        Name of the format as the user gave it; then the file name does not matter.

    Raises
    ------
    InputError
        When the file cannot be read, is empty, is of no known format, or is mis-labelled.
    """
    if given is not None and given not in BY_NAME:
        raise unknown_name("format", given, BY_NAME, place=str(path))
    if path.is_dir():
        raise InputError("is a folder, need an event file", place=str(path))
    check_regular(path)
    head, compressed = _head(path)
    if not head:
        raise InputError("is empty (0 bytes of content)", place=str(path))
    found = next((known for known in FORMATS if known.recognised(head)), None)
    expected = (BY_NAME[given],) if given else _by_ending(path)
    if found is None:
        raise InputError(
            f"{_expectation(expected)}; it begins {shown(head[:24])}: not an event file, "
            "or damaged",
            place=str(path),
        )
    if expected and found not in expected:
        label = f"format {given!r} was given" if given else f"the name says {expected[0].name}"
        raise InputError(f"{label}, but the content is {found.name}", place=str(path))
    if compressed and not found.text:
        raise InputError(
            f"a gzipped {found.name} file cannot be read in place: gunzip it first", place=str(path)
        )
    return found


def _head(path: Path) -> tuple[bytes, bool]:
    with open_binary(path) as stream:
        head = read_some(stream, HEAD, path)
        return head, hasattr(stream, "mtime")


def _by_ending(path: Path) -> tuple[Format, ...]:
    name = path.name.lower().removesuffix(".gz")
    return tuple(known for known in FORMATS if name.endswith(known.endings))


def _expectation(expected: tuple[Format, ...]) -> str:
    if expected:
        return f"does not look like {' or '.join(known.name for known in expected)}"
    return f"is of no known format ({', '.join(BY_NAME)})"
