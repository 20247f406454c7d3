"""The same events through every format give the same arrays; totals agree with pyhepmc's own."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyhepmc
import pytest

from sim.events import Events, concatenate
from sim.machine import Machine
from sim.readers import EventFile, RootLayout, open_events, write_events

PYTHIA = Path(__file__).resolve().parent.parent / "data" / "pythia" / "belle2.hepmc3.gz"
FORMATS = (
    "hepmc3",
    "hepmc3.gz",
    "hepmc2",
    "lhe",
    "lhe.gz",
    "root-jagged",
    "rntuple",
    "root-ntuple",
    "parquet",
)
LIGHT_MM = 299.792458  # mm/ns


def _all(file: EventFile) -> Events:
    return concatenate(list(file))


def _same(a: Events, b: Events) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("offsets", "pdg", "p4", "vertex", "weight")
    )


@pytest.mark.parametrize("name", FORMATS)
def test_same_arrays_from_every_format(name: str, files: dict[str, Path], events: Events) -> None:
    read = _all(open_events(files[name]))
    if name == "root-ntuple":  # an event without particles has no entry
        events = events.select(np.flatnonzero(np.diff(events.offsets)))
    assert np.array_equal(read.offsets, events.offsets)
    assert read.pdg.dtype == np.int32
    assert np.array_equal(read.pdg, events.pdg)
    assert np.array_equal(read.p4, events.p4)  # 17 digits and repr give the bits back
    assert np.array_equal(read.weight, events.weight)
    if name.startswith("lhe"):
        assert not read.vertex.any()
    elif name == "root-ntuple":  # basf2 has no variable for the production time
        assert np.array_equal(read.vertex[:, :3], events.vertex[:, :3])
        assert not read.vertex[:, 3].any()
    else:  # HepMC stores mm and mm/c: two roundings
        np.testing.assert_allclose(read.vertex, events.vertex, rtol=4e-16)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("chunk", [1, 7, 39, 100_000])
def test_chunks_do_not_matter(name: str, chunk: int, files: dict[str, Path]) -> None:
    chunks = list(open_events(files[name], chunk=chunk))
    assert all(len(part) == chunk for part in chunks[:-1])
    assert 1 <= len(chunks[-1]) <= chunk
    assert _same(concatenate(chunks), _all(open_events(files[name])))


@pytest.mark.parametrize("name", ["hepmc3", "hepmc2", "lhe", "parquet"])
def test_cross_section_is_read(name: str, files: dict[str, Path]) -> None:
    file = open_events(files[name])
    assert file.cross_section_pb == 1147.5
    assert file.cross_section_err_pb == pytest.approx(1.5)  # LHE: two processes in quadrature


def test_file_says_what_it_is(files: dict[str, Path]) -> None:
    told = {name: open_events(path) for name, path in files.items()}
    assert {name: file.format for name, file in told.items()} == {
        "hepmc3": "HepMC3",
        "hepmc3.gz": "HepMC3",
        "hepmc2": "HepMC2",
        "lhe": "LHE",
        "lhe.gz": "LHE",
        "root-jagged": "ROOT",
        "rntuple": "ROOT",
        "root-ntuple": "ROOT",
        "parquet": "Parquet",
    }
    hints = {name: file.n_events_hint for name, file in told.items() if file.n_events_hint}
    assert hints == {"root-jagged": 40, "rntuple": 40, "parquet": 40}


def test_pythia_particle_by_particle_as_pyhepmc_reads_it() -> None:
    read = _all(open_events(PYTHIA))
    row = 0
    with pyhepmc.open(PYTHIA) as file:
        for i, event in enumerate(file):
            final = [p for p in event.particles if p.status == 1]
            assert read.offsets[i + 1] - read.offsets[i] == len(final)
            for particle in final:
                p, v = particle.momentum, particle.production_vertex.position
                assert read.pdg[row] == particle.pid
                assert read.p4[row].tolist() == [p.x, p.y, p.z, p.t]
                expected = [v.x / 10, v.y / 10, v.z / 10, v.t / LIGHT_MM]
                np.testing.assert_allclose(read.vertex[row], expected, rtol=1e-15)
                row += 1
    assert (len(read), len(read.pdg)) == (200, row)
    rho = np.hypot(read.vertex[:, 0], read.vertex[:, 1])
    assert np.count_nonzero(rho > 0.1) > 20  # K_S and hyperons decayed in flight


def test_pythia_conserves_four_momentum() -> None:
    read = _all(open_events(PYTHIA))
    for k in range(4):
        total = np.bincount(read.event_of, weights=read.p4[:, k])
        np.testing.assert_allclose(total, Machine().total[k], atol=2e-6)


def test_pythia_header() -> None:
    file = open_events(PYTHIA)
    list(file)
    assert (file.format, file.notes) == ("HepMC3", [])
    assert file.cross_section_pb == 5069.21803  # the last event's estimate, not the first's
    assert file.cross_section_err_pb == 192.35906


def test_pythia_through_every_format(tmp_path: Path) -> None:
    """A user's file converted by other tools gives the same events."""
    read = _all(open_events(PYTHIA))
    pyhepmc.Setup.print_warnings = False
    old = tmp_path / "old.hepmc"
    with pyhepmc.open(PYTHIA) as source, pyhepmc.open(old, "w", format="hepmc2") as out:
        for event in source:
            out.write(event)
    assert _same(_all(open_events(old)), read)
    stored = tmp_path / "stored.parquet"
    assert write_events(stored, open_events(PYTHIA, chunk=33)) == 200
    assert _same(_all(open_events(stored)), read)


def test_units_of_hepmc(tmp_path: Path, files: dict[str, Path], events: Events) -> None:
    path = tmp_path / "mev.hepmc3"
    with pyhepmc.open(files["hepmc3"]) as source, pyhepmc.open(path, "w", precision=17) as out:
        for event in source:
            event.set_units(pyhepmc.Units.MEV, pyhepmc.Units.CM)
            out.write(event)
    assert b"U MEV CM" in path.read_bytes()
    read = _all(open_events(path))
    np.testing.assert_allclose(read.p4, events.p4, rtol=1e-15)
    np.testing.assert_allclose(read.vertex, events.vertex, rtol=1e-15)


def test_unusual_but_valid_spelling_of_numbers(tmp_path: Path, files: dict[str, Path]) -> None:
    text = (
        files["hepmc3"]
        .read_text()
        .replace("\nP ", "\nP  ")
        .replace(" -", " -0")
        .replace("e+0", "E+0")
    )
    # '-0' before particle and vertex numbers would be odd: undo it there.
    text = "\n".join(
        line.replace(" -0", " -", 2) if line.startswith(("P", "V")) else line
        for line in text.split("\n")
    )
    path = tmp_path / "odd.hepmc3"
    path.write_text(text)
    assert _same(_all(open_events(path)), _all(open_events(files["hepmc3"])))


def test_joined_listings(tmp_path: Path, files: dict[str, Path], events: Events) -> None:
    """`cat` of two HepMC3 files, each gzipped: a file that people do make."""
    path = tmp_path / "joined.hepmc3.gz"
    data = files["hepmc3"].read_bytes()
    path.write_bytes(gzip.compress(data) + gzip.compress(data))
    read = _all(open_events(path))
    assert len(read) == 2 * len(events)
    assert np.array_equal(read.p4[: len(events.p4)], read.p4[len(events.p4) :])


def test_vertex_without_position_is_where_its_ancestors_are(tmp_path: Path) -> None:
    path = tmp_path / "chain.hepmc3"
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    heavy = pyhepmc.GenParticle((0, 0, 3, 5), 310, 2)
    middle = pyhepmc.GenParticle((0, 0, 3, 5), 310, 2)
    light = pyhepmc.GenParticle((0, 0, 3, 5), 211, 1)
    placed = pyhepmc.GenVertex((1.0, 2.0, 3.0, 4.0))
    placed.add_particle_in(heavy)
    placed.add_particle_out(middle)
    plain = pyhepmc.GenVertex()
    plain.add_particle_in(middle)
    plain.add_particle_out(light)
    event.add_vertex(placed)
    event.add_vertex(plain)
    with pyhepmc.open(path, "w") as out:
        out.write(event)
    read = _all(open_events(path))
    np.testing.assert_allclose(read.vertex, [[0.1, 0.2, 0.3, 4.0 / LIGHT_MM]], rtol=1e-15)


def test_lhe_lifetime_moves_the_daughters(tmp_path: Path) -> None:
    """A scalar with c·tau = 2 mm and |p|/m = 3/4 along x flies 1.5 mm in 2.5 mm/c."""
    event = [
        "5 1 2.5 10.0 0.007 0.1",
        "11 -1 0 0 0 0 0 0 5.29 5.29 0 0 9",
        "-11 -1 0 0 0 0 0 0 -5.29 5.29 0 0 9",
        "54 2 1 2 0 0 3.0 0 0 5.0 4.0 2.0 9",
        "22 1 3 0 0 0 4.0 0 0 4.0 0 0 9",
        "22 1 3 0 0 0 -1.0 0 0 1.0 0 0 9",
    ]
    path = tmp_path / "llp.lhe"
    path.write_text(
        '<LesHouchesEvents version="1.0">\n<init>\n-11 11 5.29 5.29 0 0 0 0 3 1\n1 0 1 1\n</init>\n'
        "<event>\n" + "\n".join(event) + "\n</event>\n</LesHouchesEvents>\n"
    )
    # The first event decides on the axis: electrons towards +z although the header lists e+ first.
    frame = {"frame": "cm"}
    file = open_events(path, **frame)
    read = _all(file)
    interval = read.vertex[0] * [1, 1, 1, 29.9792458]
    proper = interval[3] ** 2 - interval[:3] @ interval[:3]
    assert proper == pytest.approx(0.2**2)  # cm²: the boost to the laboratory keeps c·tau
    back = Machine().to_cm @ interval
    np.testing.assert_allclose(back, [0.15, 0.0, 0.0, 0.25], atol=1e-12)
    assert read.weight.tolist() == [2.5]


def test_parquet_bytes_do_not_depend_on_chunks(tmp_path: Path, events: Events) -> None:
    whole, pieces = tmp_path / "a.parquet", tmp_path / "b.parquet"
    write_events(whole, [events])
    write_events(pieces, [events.select(np.array([i])) for i in range(len(events))])
    assert whole.read_bytes() == pieces.read_bytes()


def test_root_names_and_units(tmp_path: Path, events: Events) -> None:
    import awkward as ak
    import uproot

    path = tmp_path / "mine.root"
    counts = np.diff(events.offsets)
    names = {"pdg": "id", "px": "kx", "py": "ky", "pz": "kz", "energy": "ke", "z": "zprod"}
    columns = {"id": events.pdg, "zprod": events.vertex[:, 2] * 10.0, "code": events.pdg * 0 + 1}
    columns |= dict(zip(("kx", "ky", "kz", "ke"), 1e3 * events.p4.T, strict=True))
    columns["code"][:1] = 2  # not final state
    with uproot.recreate(path) as file:
        file.mkrntuple("other", {"a": np.zeros(1)})
        file.mkrntuple("mine", {k: ak.unflatten(v, counts) for k, v in columns.items()})
    layout = RootLayout("mine", {**names, "status": "code"}, "MeV", "mm")
    read = _all(open_events(path, layout=layout))
    np.testing.assert_allclose(read.p4, events.p4[1:], rtol=1e-15)
    np.testing.assert_allclose(read.vertex[:, 2], events.vertex[1:, 2], rtol=1e-15)
    assert not read.vertex[:, [0, 1, 3]].any()
    assert np.diff(read.offsets).tolist() == [1, *counts[1:]]
    assert (read.weight == 1.0).all()


def test_negative_weights_are_kept_and_noted(tmp_path: Path, events: Events) -> None:
    path = tmp_path / "negative.parquet"
    write_events(
        path, [Events(events.offsets, events.pdg, events.p4, events.vertex, -events.weight)]
    )
    file = open_events(path)
    assert np.array_equal(_all(file).weight, -events.weight)
    assert file.notes == ["some weights are negative; rates and efficiencies use them as they are"]
