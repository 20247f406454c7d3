"""The errors that a user can cause, all derived from one class.

A message names the place, what was given, what is allowed and the nearest valid choice.
The command line turns them into one line on standard error and an exit code.
"""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterable
from pathlib import Path


class LowmultError(Exception):
    """Base of every error that this project raises on purpose."""


class InputError(LowmultError):
    """The user's input is wrong: exit code 2.

    Parameters
    ----------
    message : str
        What is wrong, as a full clause.
    place : str, optional
        File and path inside it, such as ``menu.toml: outputs.lml6``.
    """

    def __init__(self, message: str, *, place: str = "") -> None:
        self.place = place
        super().__init__(f"{place}: {message}" if place else message)


class CheckFailed(LowmultError):  # noqa: N818 - the name of the exit state, not of a fault
    """A check ran and its answer is no (mismatch, drift, not equivalent): exit code 1."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return the valid name nearest to the given one, or an empty string.

    Parameters
    ----------
    given : str
        What the user wrote.
    allowed : iterable of str
        The valid names.
    """
    matches = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.5)
    return matches[0] if matches else ""


def shortened(text: str, longest: int = 80) -> str:
    """Return what a user wrote, cut to the length that a message can show."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def check_regular(path: Path) -> None:
    """Refuse a folder, pipe or device where a file to read is needed; a missing path passes.

    Opening a pipe would wait for a writer, so this comes before any opening.

    Raises
    ------
    InputError
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # whoever opens it says why it cannot be opened
    if not stat.S_ISREG(mode):
        raise InputError("is not a regular file", place=shortened(str(path), 300))


def unknown_name(kind: str, given: str, allowed: Iterable[str], *, place: str = "") -> InputError:
    """Build the error for a name that is not among the allowed ones.

    Parameters
    ----------
    kind : str
        What the name stands for, such as ``"process"``.
    given, allowed, place
        The name, the valid names, and where it stood.
    """
    names = sorted(allowed)
    given = shortened(given)
    near = nearest(given, names)
    listed = ", ".join(shortened(name) for name in names[:40]) + (" …" if len(names) > 40 else "")
    hint = f" (nearest: {near!r})" if near else ""
    return InputError(f"unknown {kind} {given!r}{hint}; allowed: {listed}", place=place)
