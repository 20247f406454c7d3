"""Output files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well.

    Parameters
    ----------
    path : str or Path
        Where the file shall be. Its folder must exist.

    Raises
    ------
    InputError
        When the folder does not exist or cannot be written.
    """
    target = Path(path)
    if not str(path):
        raise InputError("a file name is needed, not an empty one")
    if target.is_dir():
        raise InputError("is a folder, a file name is needed", place=str(target))
    # A device or pipe is written to, never replaced; of a link, the file behind it is replaced.
    through = target.exists() and not target.is_file()
    if not through:
        target = Path(os.path.realpath(target))
    folder = None if through else target.parent
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{target.name}.", suffix=target.suffix)
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", place=str(path)) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if through:
            target.write_bytes(temporary.read_bytes())
            return
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file whole: sorted never, two spaces, NaN refused by turning it to null."""
    write_text(path, json.dumps(_finite(value), indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
