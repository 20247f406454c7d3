"""What a tool said, cut down to what its user needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from firmware_models.errors import InputError
from hdl.sources import PACKAGE, Design

_ERROR = re.compile(r"(%Error|: error|error:|:error:|syntax error|ERROR|I give up)", re.IGNORECASE)
_NOISE = re.compile(
    r"(%Error: Exiting|%Error: Command Failed|make(\[\d+\])?: \*\*\*|compilation error$)"
)


def error_lines(text: str, most: int = 6) -> list[str]:
    """Return the first lines of a tool's output that report errors, or its last lines.

    Parameters
    ----------
    text : str
        Everything that the tool printed.
    most : int
        Most lines to return.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    found = [line for line in lines if _ERROR.search(line) and not _NOISE.search(line)]
    return found[:most] if found else lines[-most:]


_NO_TOP = (
    r"Cannot find file containing module: '{}'",
    r"Specified --top-module '{}'",
    r"unknown module '{}'",
    r"'{}' is not a valid top-level",
    r"Unable to find the root module \"{}\"",
    r'unit "{}" not found',
    r"cannot find entity or configuration {}\b",
)


def missing_top(design: Design, text: str) -> InputError | None:
    """Return the error for files without the top module, when a tool's output says so."""
    top = re.escape(design.top)
    if not any(re.search(pattern.format(top), text, re.IGNORECASE) for pattern in _NO_TOP):
        return None
    kind = "entity" if design.language == "vhdl" else "module"
    return InputError(
        f"no {kind} {design.top!r} in these files; name yours with --top",
        place=" ".join(path.name for path in design.sources if path != PACKAGE),
    )


def compile_error(design: Design, tool: str, text: str) -> InputError:
    """Return the error for a design that a tool does not compile."""
    if missing := missing_top(design, text):
        return missing
    return build_error(design, f"{tool} does not compile it", error_lines(text))


def build_error(design: Design, what: str, details: Sequence[str]) -> InputError:
    """Return an `InputError` that names the design's top and lists details, one a line."""
    place = f"{design.sources[-1]}: {design.top}"
    return InputError(what + "".join(f"\n  {line}" for line in details), place=place)
