"""Menus from files and from the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from firmware_models.errors import InputError, check_regular, nearest, shortened
from trigger.menu.build import build
from trigger.menu.model import Menu
from trigger.menu.toml_file import read_document

MAX_BYTES = 10_000_000
"""Larger files are refused unread."""


def packaged() -> tuple[str, ...]:
    """Return the names of the menus that come with the package."""
    folder = resources.files("trigger") / "menus"
    return tuple(sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".toml")))


def load(menu: str | Path) -> Menu:
    """Load a menu.

    Parameters
    ----------
    menu : str or Path
        Path of a TOML file, or the name of a packaged menu such as ``low_multiplicity``.

    Raises
    ------
    InputError
        When it cannot be read or is not a valid menu; the message holds file and path.
    """
    name = str(menu)
    if name in packaged():
        text = (resources.files("trigger") / "menus" / f"{name}.toml").read_text(encoding="utf-8")
        return loads(text, f"{name}.toml")
    path = Path(menu)
    if not path.suffix and not _exists(path):
        name = shortened(name)
        near = nearest(name, packaged())
        hint = f" (nearest: {near!r})" if near else ""
        raise InputError(
            f"no such file, and no packaged menu of this name{hint}; "
            f"packaged: {', '.join(packaged())}",
            place=name,
        )
    return loads(read_text(path), name)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name that is too long for the file system
        return False


def loads(text: str, file: str = "menu") -> Menu:
    """Build a menu from TOML text; `file` is its name in messages."""
    return build(read_document(text, file))


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, or refuse with one message.

    Raises
    ------
    InputError
        When it is missing, unreadable, too large or not text.
    """
    check_regular(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES} bytes, not a menu file", place=str(path))
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read: {reason}", place=shortened(str(path), 300)) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not a text file: byte {error.start} is not UTF-8", place=str(path)
        ) from error
