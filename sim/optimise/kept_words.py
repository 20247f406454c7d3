"""Words of the study's events, kept in a folder: new candidates need no new events.

Each file has the words of one chunk of one sample for one setting of the track and muon triggers,
under a hash of all that they depend on.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.files import whole_file
from sim.sensitivity.decide import Upstream, Words
from sim.study.config import StudyConfig
from trigger.tracks import TrackWords

FORMAT = 1
"""Of the kept files."""

TRACKS = ("counts", "single", "time", "full", "short", "offsets", "neural", "frames")


def path_of(
    folder: Path, study: StudyConfig, sample: int, chunk: int, n: int, upstream: Upstream,
    sources: str,
) -> Path:  # fmt: skip
    """Return where the words of a chunk are kept; `sources` is that of `program`."""
    entry = study.samples[sample]
    wanted = {
        "format": FORMAT,
        "sources": sources,
        "seed": study.study.seed,
        "sample": entry.model_dump(mode="json", include={
            "name", "process", "parameters", "background",
        }),
        "detector": study.detector,
        "tracks": None if study.tracks is None else study.tracks.model_dump(mode="json"),
        "muons": None if study.muons is None else study.muons.model_dump(mode="json"),
        "chunk": chunk,
        "n": n,
        "registers": upstream.key,
    }  # fmt: skip
    text = json.dumps(wanted, sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"


@cache
def program() -> str:
    """Return a hash of the version and of all sources and weights that words depend on."""
    digest = hashlib.sha256(version("lowmult").encode())
    root = Path(__file__).resolve().parent.parent.parent
    found = [*(root / "sim").glob("*.py"), *(root / "sim" / "study").glob("*.py")]
    for folder in ("sim/detector", "sim/processes", "trigger", "firmware_models"):
        found += [
            p for p in (root / folder).rglob("*")
            if p.is_file() and p.suffix in (".py", ".json", ".toml", ".npz", ".npy")
        ]  # fmt: skip
    for path in sorted(found):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def write(path: Path, words: Words, weight: NDArray[np.float64]) -> None:
    """Keep words and the events' weights."""
    arrays: dict[str, Any] = {"weight": weight, "clusters": words.clusters}
    if words.tracks is not None:
        arrays |= {f"tracks/{name}": getattr(words.tracks, name) for name in TRACKS}
    if words.sectors is not None:
        arrays["sectors"] = words.sectors
    with whole_file(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **arrays)


def read(path: Path) -> tuple[Words, NDArray[np.float64]] | None:
    """Return kept words and weights; None where there are none, or a file that is damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError):
        return None
    if "clusters" not in arrays or "weight" not in arrays:
        return None
    tracks = None
    if "tracks/offsets" in arrays:
        tracks = TrackWords(**{name: arrays[f"tracks/{name}"] for name in TRACKS})
    return Words(arrays["clusters"], tracks, arrays.get("sectors")), arrays["weight"]
