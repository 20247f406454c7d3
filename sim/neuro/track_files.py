"""A file for a set of tracks (numpy's npz), with the parameters that the set was made with."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firmware_models.errors import InputError, check_regular
from firmware_models.files import whole_file
from firmware_models.interface.neuro import NEURO_INPUT
from sim.neuro.track_set import COLUMNS, TrackSet


def save(tracks: TrackSet, path: str | Path) -> None:
    """Write a set to a file, whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    columns: dict[str, Any] = {name: getattr(tracks, name) for name in COLUMNS}
    columns |= {f"word_{name}": tracks.words[name] for name in NEURO_INPUT.dtype.names or ()}
    head = json.dumps({"parameters": dict(tracks.parameters), "n_event": tracks.n_event})
    with whole_file(path) as part, part.open("wb") as file:
        np.savez_compressed(file, head=np.array(head), **columns)


def load(path: str | Path, parameters: Mapping[str, Any]) -> TrackSet:
    """Read a set.

    Parameters
    ----------
    path : str or Path
    parameters : mapping
        What the set must have been made with.

    Raises
    ------
    InputError
        The file cannot be read, is no such set, or was made with other parameters.
    """
    check_regular(Path(path))
    try:
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            columns = {name: file[name] for name in COLUMNS}
            words = NEURO_INPUT.zeros(len(columns["event"]))
            for name in NEURO_INPUT.dtype.names or ():
                words[name] = file[f"word_{name}"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"is no set of tracks: {error}", place=str(path)) from error
    made, wanted = head["parameters"], json.loads(json.dumps(dict(parameters)))
    for key in sorted(set(made) | set(wanted)):
        if made.get(key) != wanted.get(key):
            raise InputError(f"was made with {key} {made.get(key)!r}, not {wanted.get(key)!r}",
                             place=str(path))  # fmt: skip
    return TrackSet(words=words, n_event=head["n_event"], parameters=made, **columns)
