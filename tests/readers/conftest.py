"""The same events written in every format, by the libraries of those formats."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pyhepmc
import pytest
import uproot

from sim.events import Events, from_dense
from sim.machine import Machine, transform
from sim.readers import write_events

MM, LIGHT = 0.1, 29.9792458
Writer = Callable[[Path, Events], None]


def make_events(n: int = 40) -> Events:
    """Photon and muon pair at rest-frame angles, in the laboratory, some displaced, one empty."""
    rng = np.random.default_rng(5)
    half = 0.5 * Machine().sqrt_s
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    size = np.sqrt(half**2 - 0.1056583755**2)
    p4 = np.zeros((n, 2, 4))
    p4[:, 0, :3], p4[:, 1, :3] = size * direction, -size * direction
    p4[:, :, 3] = half
    lab = transform(Machine().to_lab[None], p4)
    dense = from_dense([13, -13], lab, rng.normal(1.0, 0.1, n))
    vertex = rng.normal(size=(2 * n, 4))
    keep = np.ones(2 * n, bool)
    keep[2:4] = False  # event 1 has no particle
    counts = np.full(n, 2)
    counts[1] = 0
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Events(offsets, dense.pdg[keep], dense.p4[keep], vertex[keep], dense.weight)


def write_hepmc(path: Path, events: Events, format: str = "hepmc3") -> None:
    beams = Machine()
    with pyhepmc.open(path, "w", precision=17, format=format) as out:
        for i in range(len(events)):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.event_number = i
            incoming = [
                pyhepmc.GenParticle(tuple(beams.electron), 11, 4),
                pyhepmc.GenParticle(tuple(beams.positron), -11, 4),
            ]
            first = pyhepmc.GenVertex()
            for particle in incoming:
                first.add_particle_in(particle)
            boson = pyhepmc.GenParticle(tuple(beams.total), 23, 2)
            first.add_particle_out(boson)
            event.add_vertex(first)
            for row in range(events.offsets[i], events.offsets[i + 1]):
                # One vertex a particle: a chain of intermediate states with own positions.
                x, y, z, t = events.vertex[row]
                vertex = pyhepmc.GenVertex((x / MM, y / MM, z / MM, t * LIGHT / MM))
                vertex.add_particle_in(boson)
                vertex.add_particle_out(
                    pyhepmc.GenParticle(tuple(events.p4[row]), int(events.pdg[row]), 1)
                )
                boson = pyhepmc.GenParticle(tuple(events.p4[row]), 23, 2)
                vertex.add_particle_out(boson)
                event.add_vertex(vertex)
            event.weights = [float(events.weight[i])]
            section = pyhepmc.GenCrossSection()
            section.set_cross_section(1147.5, 1.5, i + 1, i + 1)
            event.cross_section = section
            out.write(event)


def write_hepmc2(path: Path, events: Events) -> None:
    pyhepmc.Setup.print_warnings = False
    write_hepmc(path, events, "hepmc2")


def write_lhe(path: Path, events: Events) -> None:
    """LHE by hand: position as a flight of an intermediate state is not general, so at 0."""
    machine = Machine()
    lines = [
        '<LesHouchesEvents version="3.0">',
        "<init>",
        f"11 -11 {machine.electron_energy!r} {machine.positron_energy!r} 0 0 0 0 3 2",
        "1000.0 1.2 1.0 1",
        "147.5 0.9 1.0 2",
        "</init>",
    ]
    for i in range(len(events)):
        rows = range(events.offsets[i], events.offsets[i + 1])
        lines += ["<event>", f"{len(rows) + 2} 1 {float(events.weight[i])!r} 10.58 0.0073 0.118"]
        for code, p4 in ((11, machine.electron), (-11, machine.positron)):
            lines.append(f"{code} -1 0 0 0 0 {_numbers(p4)} 0.0 0.0 9.0")
        for row in rows:
            lines.append(f"{events.pdg[row]} 1 1 2 0 0 {_numbers(events.p4[row])} 0.1 0.0 9.0")
        lines.append("</event>")
    text = "\n".join([*lines, "</LesHouchesEvents>", ""])
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        path.write_text(text)


def _numbers(values: np.ndarray) -> str:
    return " ".join(repr(float(value)) for value in values)


def write_root_jagged(path: Path, events: Events, tree: bool = True) -> None:
    counts = np.diff(events.offsets)
    columns = {"pdg": events.pdg}
    columns |= dict(zip(("px", "py", "pz", "energy"), events.p4.T, strict=True))
    columns |= dict(zip(("x", "y", "z", "t"), events.vertex.T, strict=True))
    with uproot.recreate(path) as file:
        arrays = {name: ak.unflatten(values, counts) for name, values in columns.items()}
        arrays["weight"] = events.weight
        _fill(file, "events", arrays, tree)


def write_rntuple(path: Path, events: Events) -> None:
    write_root_jagged(path, events, tree=False)


def _fill(file: uproot.WritableDirectory, name: str, arrays: dict, tree: bool) -> None:
    if tree:
        types = {k: v.type if isinstance(v, ak.Array) else v.dtype for k, v in arrays.items()}
        types = {k: t.content if isinstance(t, ak.types.ArrayType) else t for k, t in types.items()}
        file.mktree(name, types)
        file[name].extend(arrays)
    else:
        file.mkrntuple(name, arrays)


def write_root_ntuple(path: Path, events: Events) -> None:
    counts = np.diff(events.offsets)
    event = np.repeat(np.arange(len(counts)), counts)
    columns = {
        "__experiment__": np.zeros(len(event), np.int32),
        "__run__": np.zeros(len(event), np.int32),
        "__event__": event.astype(np.int32),
        "__candidate__": (np.arange(len(event)) - events.offsets[event]).astype(np.int32),
        "__weight__": events.weight[event],
        "mcPDG": events.pdg.astype(np.float64),
    }
    columns |= dict(zip(("mcPX", "mcPY", "mcPZ", "mcE"), events.p4.T, strict=True))
    positions = ("mcProductionVertexX", "mcProductionVertexY", "mcProductionVertexZ")
    columns |= dict(zip(positions, events.vertex.T, strict=False))
    with uproot.recreate(path) as file:
        _fill(file, "variables", columns, tree=True)


def write_parquet(path: Path, events: Events) -> None:
    write_events(path, [events], cross_section_pb=1147.5, cross_section_err_pb=1.5)


WRITERS: dict[str, tuple[str, Writer]] = {
    "hepmc3": ("e.hepmc3", write_hepmc),
    "hepmc3.gz": ("e.hepmc3.gz", write_hepmc),
    "hepmc2": ("e.hepmc", write_hepmc2),
    "lhe": ("e.lhe", write_lhe),
    "lhe.gz": ("e.lhe.gz", write_lhe),
    "root-jagged": ("e.root", write_root_jagged),
    "rntuple": ("r.root", write_rntuple),
    "root-ntuple": ("n.root", write_root_ntuple),
    "parquet": ("e.parquet", write_parquet),
}


@pytest.fixture(scope="session")
def events() -> Events:
    return make_events()


@pytest.fixture(scope="session")
def files(events: Events, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file of every format with the same events."""
    folder = tmp_path_factory.mktemp("formats")
    paths = {}
    for name, (file, writer) in WRITERS.items():
        paths[name] = folder / file
        writer(paths[name], events)
    return paths
