"""ROOT files (TTree or RNTuple) through uproot.

One entry an event with lists (jagged), or one entry a particle with event numbers (ntuple).
"""

from __future__ import annotations

import contextlib
import itertools
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from sim.events import Events, FloatArray
from sim.readers.layout import (
    LENGTH_UNITS,
    MOMENTUM_UNITS,
    POSITION,
    REQUIRED,
    TIME_UNITS,
    RootLayout,
)
from sim.readers.sample import Sample, assemble
from sim.readers.text import clean, listed

FINAL = 1
LARGE_FILE = 1_000_000
"""Added to the version number of a ROOT file with 64-bit offsets."""

KEY = ("experiment", "run", "event")
COUNTERS = (*KEY, "candidate")
TREES = ("TTree", "ROOT::RNTuple")
NUMBERS = re.compile(r"(var \* )?(u?int(8|16|32|64)|float(32|64))")


def read(sample: Sample, batch: int, layout: RootLayout | None = None) -> Iterator[Events]:
    """Read particles in pieces of about `batch` entries; see `sim.readers.sample.Reader`.

    Parameters
    ----------
    sample, batch
        As in `sim.readers.sample.Reader`.
    layout : RootLayout, optional
        Tree, branches and units. Default: the only tree and a standard layout.

    Raises
    ------
    InputError
        Names the tree, the branch or the entry.
    """
    layout = layout or RootLayout()
    sample.format = "ROOT"
    import uproot

    with _translated(str(sample.path)):
        _check_size(sample.path)
        file = uproot.open(sample.path)
    try:
        with _translated(str(sample.path)):
            tree = _tree(file, layout, sample.path)
            place = f"{sample.path}: tree {tree.name!r}"
            names = layout.resolve(tree.keys(recursive=False), place)
            entries = int(tree.num_entries)
        columns = _iterate(tree, names, batch, place)
        first = next(columns, None)
        if first is None:
            return
        columns = itertools.chain([first], columns)
        if _is_jagged(first[1], names, place):
            sample.n_events_hint = entries
            for entry, arrays in columns:
                with _translated(f"{place}: from entry {entry} on"):
                    events = _from_jagged(entry, arrays, layout, place)
                yield events
        else:
            yield from _from_ntuple(columns, names, layout, place)
    finally:
        file.close()


@contextlib.contextmanager
def _translated(place: str) -> Iterator[None]:
    """Turn whatever uproot raises into an `InputError`: its type depends on the damaged byte.

    A damaged file can send uproot into endless recursion; objects that are then deleted at the
    limit report that to the terminal, past any exception, unless the hook for it is silent.
    """
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    except InputError:
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise InputError(f"cannot read: {error.strerror}", place=place) from error
    except Exception as error:
        detail = clean(f"{type(error).__name__}: {error}")
        raise InputError(
            f"damaged, truncated or not a ROOT file ({detail})", place=place
        ) from error
    finally:
        sys.unraisablehook = hook


def _check_size(path: Path) -> None:
    """Compare the size with fEND, the end of the file as its header states it (TFile format)."""
    with path.open("rb") as stream:
        head = stream.read(20)
    if len(head) == 20:
        large = struct.unpack(">i", head[4:8])[0] >= LARGE_FILE
        end = struct.unpack(">q" if large else ">i", head[12:20] if large else head[12:16])[0]
        size = path.stat().st_size
        if size < end:
            raise InputError(f"truncated: {size} of {end} bytes", place=str(path))


def _tree(file: Any, layout: RootLayout, path: Path) -> Any:
    """Return the tree that the layout names, or the only one."""
    kinds = file.classnames(cycle=False)
    trees = sorted(name for name, kind in kinds.items() if kind in TREES)
    if layout.tree is None and len(trees) == 1:
        return file[trees[0]]
    if layout.tree in trees:
        return file[layout.tree]
    if layout.tree in kinds:
        raise InputError(
            f"{layout.tree!r} is a {kinds[layout.tree]}, need a {' or '.join(TREES)}",
            place=str(path),
        )
    if layout.tree is not None:
        raise unknown_name("tree", layout.tree, trees, place=str(path))
    found = listed([f"{name} ({kind})" for name, kind in kinds.items()])
    what = "several trees, name one" if trees else "no tree"
    raise InputError(f"{what}; found: {found}", place=str(path))


def _is_jagged(arrays: dict[str, Any], names: dict[str, str], place: str) -> bool:
    """Tell the two layouts apart: the needed branches hold lists, or single numbers."""
    import awkward as ak

    jagged = {}
    for quantity, array in arrays.items():
        kind = str(ak.type(array).content)
        if not NUMBERS.fullmatch(kind):
            raise InputError(
                f"branch {names[quantity]!r} must hold numbers or lists of numbers, not {kind}",
                place=place,
            )
        jagged[quantity] = kind.startswith("var")
    lists = jagged["pdg"]
    for quantity, is_list in jagged.items():
        of_event = quantity == "weight" or quantity in COUNTERS
        if is_list != (lists and not of_event):
            raise InputError(
                f"branch {names[quantity]!r} ({quantity}) must hold "
                f"{'one number' if is_list else 'a list of numbers'} an entry, "
                f"as {names['pdg']!r} holds {'lists' if lists else 'single numbers'}",
                place=place,
            )
    return lists


def _iterate(
    tree: Any, names: dict[str, str], batch: int, place: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (first entry, arrays by quantity); only the needed branches are read."""
    wanted = set(names.values())
    entry = 0
    parts = tree.iterate(
        filter_name=lambda name: name in wanted, step_size=batch, library="ak", how=dict
    )
    while True:
        with _translated(f"{place}: from entry {entry} on"):
            part = next(parts, None)
            if part is None:
                return
            arrays = {quantity: part[name] for quantity, name in names.items()}
            length = len(arrays["pdg"])
        yield entry, arrays
        entry += length


def _from_jagged(entry: int, arrays: dict[str, Any], layout: RootLayout, place: str) -> Events:
    import awkward as ak

    counts = ak.to_numpy(ak.num(arrays["pdg"])).astype(np.int64)
    flat = {}
    for quantity, array in arrays.items():
        if quantity == "weight" or quantity in COUNTERS:
            continue
        differs = np.flatnonzero(ak.to_numpy(ak.num(array)) != counts)
        if len(differs):
            i = int(differs[0])
            raise InputError(
                f"{quantity} has {len(array[i])} particles where pdg has {counts[i]}",
                place=f"{place}: entry {entry + i}",
            )
        flat[quantity] = ak.to_numpy(ak.flatten(array))
    weight = ak.to_numpy(arrays["weight"]) if "weight" in arrays else np.ones(len(counts))
    return _events(counts, flat, weight, layout, place)


def _from_ntuple(
    parts: Iterator[tuple[int, dict[str, Any]]],
    names: dict[str, str],
    layout: RootLayout,
    place: str,
) -> Iterator[Events]:
    """Join consecutive entries of the same event; the last event waits for the next entries."""
    import awkward as ak

    if "event" not in names:
        raise InputError(
            "one entry a particle needs the event number (branch '__event__', "
            "or layout.names['event'])",
            place=place,
        )
    held: dict[str, NDArray[Any]] = {}
    for entry, arrays in parts:
        with _translated(f"{place}: from entry {entry} on"):
            rows = {quantity: ak.to_numpy(array) for quantity, array in arrays.items()}
            if held:
                rows = {q: np.concatenate((held[q], values)) for q, values in rows.items()}
            starts = _starts(rows)
            whole = {q: v[: starts[-1]] for q, v in rows.items()}
            events = _grouped(whole, starts[:-1], layout, place)
            held = {q: v[starts[-1] :] for q, v in rows.items()}
        if len(events):
            yield events
    with _translated(place):
        events = _grouped(held, _starts(held), layout, place)
    yield events


def _starts(rows: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Return the entries at which an event starts: a new key, or the candidate count restarts."""
    n = len(rows["pdg"])
    new = np.zeros(n, np.bool_)
    new[:1] = True
    for quantity in KEY:
        if quantity in rows:
            new[1:] |= rows[quantity][1:] != rows[quantity][:-1]
    if "candidate" in rows:
        new[1:] |= rows["candidate"][1:] <= rows["candidate"][:-1]
    return np.flatnonzero(new)


def _grouped(
    rows: dict[str, NDArray[Any]], starts: NDArray[np.int64], layout: RootLayout, place: str
) -> Events:
    counts = np.diff(np.append(starts, len(rows["pdg"])))
    weight = rows["weight"][starts] if "weight" in rows else np.ones(len(starts))
    return _events(counts, rows, weight, layout, place)


def _events(
    counts: NDArray[np.int64],
    rows: dict[str, NDArray[Any]],
    weight: NDArray[Any],
    layout: RootLayout,
    place: str,
) -> Events:
    """Build events from flat columns: units, integer codes, final state only."""
    n = len(rows["pdg"])
    momentum = MOMENTUM_UNITS[layout.momentum_unit]
    p4 = np.stack([rows[q].astype(np.float64) * momentum for q in REQUIRED[1:]], axis=1)
    scale = [LENGTH_UNITS[layout.length_unit]] * 3 + [TIME_UNITS[layout.time_unit]]
    vertex: FloatArray = np.zeros((n, 4))
    for k, quantity in enumerate(POSITION):
        if quantity in rows:
            vertex[:, k] = rows[quantity].astype(np.float64) * scale[k]
    pdg = _integers(rows["pdg"], "pdg", place)
    if "status" in rows:
        final = _integers(rows["status"], "status", place) == FINAL
        event = np.repeat(np.arange(len(counts)), counts)
        counts = np.bincount(event[final], minlength=len(counts))
        pdg, p4, vertex = pdg[final], p4[final], vertex[final]
    return assemble(counts, pdg, p4, vertex, weight.astype(np.float64))


def _integers(values: NDArray[Any], quantity: str, place: str) -> NDArray[np.int64]:
    """Return codes as integers; basf2 writes every variable as a floating-point number."""
    if values.dtype.kind == "f":
        wrong = np.flatnonzero(~(np.abs(values) < 2.0**31) | (values != np.round(values)))
        if len(wrong):
            raise InputError(
                f"{quantity} must be an integer, not {values[wrong[0]]!s}", place=place
            )
    return values.astype(np.int64)
