"""What a tool said, cut down to what its user needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from firmware_models.errors import InputError
from hdl.sources import Design

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


def compile_error(design: Design, tool: str, text: str) -> InputError:
    """Return the error for a design that a tool does not compile."""
    return build_error(design, f"{tool} does not compile it", error_lines(text))


def build_error(design: Design, what: str, details: Sequence[str]) -> InputError:
    """Return an `InputError` that names the design's top and lists details, one a line."""
    place = f"{design.sources[-1]}: {design.top}"
    return InputError(what + "".join(f"\n  {line}" for line in details), place=place)
