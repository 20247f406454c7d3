"""Groups of output files of one stem, checked before the first is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firmware_models.errors import InputError, shortened


def checked_targets(stem: str | Path, endings: Sequence[str]) -> list[Path]:
    """Return the files STEM + ending after a check that each can be written.

    Parameters
    ----------
    stem : str or Path
        File name without ending, with its folder.
    endings : sequence of str
        Such as ``".csv"``.

    Raises
    ------
    InputError
        When the stem has no file name, its folder does not exist, or a file of the group is a
        folder: then none of the group shall be written.
    """
    text = str(stem)
    if text.endswith("/") or Path(text).name in ("", "..") or "\0" in text:
        raise InputError(
            f"must be a file name without ending, such as results/run1, not {shortened(text)!r}",
            place="--out",
        )
    paths = [Path(f"{text}{ending}") for ending in endings]
    for path in paths:
        try:
            if not path.parent.is_dir():
                raise InputError(
                    "cannot write here: the folder does not exist", place=shortened(str(path), 300)
                )
            if path.is_dir():
                raise InputError(
                    "is a folder, a file name is needed", place=shortened(str(path), 300)
                )
        except OSError as error:
            raise InputError(
                f"cannot write here: {error.strerror}", place=shortened(str(path), 300)
            ) from error
    return paths
