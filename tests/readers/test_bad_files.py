"""Wrong, damaged and hostile files: one clear `InputError`, never anything else."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from sim.events import Events
from sim.readers import RootLayout, open_events, write_events

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


def _read(path: Path) -> int:
    return sum(len(part) for part in open_events(path))


def _read_or_refuse(path: Path) -> None:
    try:
        for events in open_events(path, chunk=16):
            assert np.isfinite(events.p4).all()
            assert events.offsets[-1] == len(events.pdg)
    except InputError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert message.isprintable()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.mark.parametrize("name", ["x.hepmc3", "x.hepmc", "x.hepmc3.gz", "x.lhe", "x.root",
                                  "x.parquet", "x.dat"])  # fmt: skip
@settings(max_examples=25, deadline=None)
@given(data=st.binary(max_size=400))
def test_nonsense_is_refused(name: str, scratch: Path, data: bytes) -> None:
    path = scratch / name
    path.write_bytes(data)
    with pytest.raises(InputError):
        _read(path)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25, deadline=None)
@given(where=st.floats(0.0, 1.0, exclude_max=True))
def test_truncated_anywhere(name: str, scratch: Path, files: dict[str, Path], where: float) -> None:
    data = files[name].read_bytes()
    keep = int(where * (len(data) - 1))
    path = scratch / files[name].name
    path.write_bytes(data[:keep])
    if name in ("hepmc3", "hepmc2", "lhe") and not data[keep:].strip():
        return  # only an empty line is missing
    with pytest.raises(InputError):
        _read(path)


flips = st.lists(
    st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(changes=flips)
def test_changed_bytes(
    name: str, scratch: Path, files: dict[str, Path], changes: list[tuple[float, int]]
) -> None:
    data = bytearray(files[name].read_bytes())
    for where, value in changes:
        data[int(where * len(data))] = value
    path = scratch / files[name].name
    path.write_bytes(data)
    _read_or_refuse(path)


@pytest.mark.parametrize("name", ["hepmc3", "hepmc2", "lhe"])
@settings(max_examples=40, deadline=None)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, 10**6), st.sampled_from(["drop", "double", "swap", "cut", "huge"])
        ),
        min_size=1,
        max_size=3,
    )
)
def test_changed_lines(
    name: str, scratch: Path, files: dict[str, Path], edits: list[tuple[int, str]]
) -> None:
    lines = files[name].read_bytes().split(b"\n")
    for at, edit in edits:
        k = at % len(lines)
        if edit == "drop" and len(lines) > 1:
            del lines[k]
        elif edit == "double":
            lines.insert(k, lines[k])
        elif edit == "swap":
            lines[k], lines[k - 1] = lines[k - 1], lines[k]
        elif edit == "cut":
            lines[k] = lines[k][: at % (len(lines[k]) + 1)]
        else:
            lines[k] = lines[k].replace(b"1", b"1" * 30)
    path = scratch / files[name].name
    path.write_bytes(b"\n".join(lines))
    _read_or_refuse(path)


def test_truncated_root_file_says_how_much(files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "cut.root"
    data = files["root-jagged"].read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(InputError, match=rf"truncated: {len(data) - 1} of {len(data)} bytes"):
        open_events(path)


def test_nothing_is_written_to_the_terminal(
    scratch: Path, files: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    for name in FORMATS:
        data = bytearray(files[name].read_bytes())
        for change in (data[: len(data) // 2], data[:-30], data[:200] + data[220:], data):
            path = scratch / files[name].name
            path.write_bytes(change)
            _read_or_refuse(path)
    assert capfd.readouterr() == ("", "")


def _write(text: str | bytes):  # type: ignore[no-untyped-def]
    data = text.encode() if isinstance(text, str) else text
    return lambda path: path.write_bytes(data)


HEAD = "HepMC::Version 3.02.05\nHepMC::Asciiv3-START_EVENT_LISTING\n"
END = "HepMC::Asciiv3-END_EVENT_LISTING\n"
MUONS = (
    "P 1 0 13 0 0 3 3.1 0.1 1\n",
    "P 2 0 -13 0 0 -3 3.1 0.1 1\n",
)
LHE = '<LesHouchesEvents version="1.0">\n<init>\n11 -11 5.29 5.29 0 0 0 0 3 1\n1 0 1 1\n</init>\n'


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("none.hepmc3", lambda path: None, "cannot read: No such file"),
        ("folder.lhe", lambda path: path.mkdir(), "is a folder"),
        ("empty.hepmc3", _write(""), r"is empty \(0 bytes"),
        ("empty.hepmc3.gz", _write(gzip.compress(b"")), r"is empty \(0 bytes"),
        ("empty.root", _write(""), r"is empty"),
        ("binary.hepmc3", _write(bytes(range(256))), r"does not look like hepmc3.* begins"),
        ("word.doc", _write("hello"), r"no known format \(hepmc3, hepmc2, lhe, root, parquet\)"),
        ("bad.lhe.gz", _write(gzip.compress(LHE.encode())[:30]), "gzip data end early"),
        ("bad.hepmc3.gz", _write(b"\x1f\x8b\x08\x00" + bytes(40)), "damaged gzip data"),
        ("zero.hepmc3", _write(HEAD + END), "holds no events"),
        ("zero.lhe", _write(LHE + "</LesHouchesEvents>\n"), "holds no events"),
        ("head.hepmc3", _write(HEAD), "ends without HepMC::Asciiv3-END_EVENT_LISTING: truncated"),
        ("cut.hepmc3", _write(f"{HEAD}E 0 0 2\n{MUONS[0]}"), r"line 3: .* 2 particles and has 1"),
        (
            "bare.hepmc3",
            _write(f"{HEAD}E 0 0 2\n{MUONS[0]}{MUONS[1]}"),
            "ends without .* append this line",
        ),
        (
            "number.hepmc3",
            _write(f"{HEAD}E 0 0 2\nU GEV MM\n{MUONS[0]}P 2 0 -13 0 0 x -3 0.1 1\n{END}"),
            r"line 6: pz must be a number, not 'x'",
        ),
        (
            "fields.hepmc3",
            _write(f"{HEAD}E 0 0 1\nP 1 0 13 0 0\n{END}"),
            r"line 4: 6 fields, need 10",
        ),
        (
            "vertex.hepmc3",
            _write(f"{HEAD}E 0 1 1\nP 1 -7 13 0 0 3 3.1 0.1 1\n{END}"),
            r"line 4: no vertex -7 in this event",
        ),
        (
            "unit.hepmc3",
            _write(f"{HEAD}E 0 0 1\nU TEV MM\n{MUONS[0]}{END}"),
            r"line 4: units must be .* not 'U TEV MM'",
        ),
        ("noise.hepmc3", _write(f"{HEAD}E 0 0 1\nX 1\n{MUONS[0]}{END}"), r"line 4: a HepMC3 line"),
        ("init.lhe", _write("<LesHouchesEvents>\n<event>\n</event>\n"), "No <init> block"),
        (
            "count.lhe",
            _write(LHE + "<event>\n3 1 1 1 1 1\n13 1 0 0 0 0 0 0 1 2 0 0 0\n</event>\n"
                   "</LesHouchesEvents>"),
            r"event 0: announces 3 particles and has 1",
        ),
        (
            "xml.lhe",
            _write(LHE + "<event>\n1 1 1 1 1 1\n13 1 0 0 0 0 0 0 1 2 0 0 0\n</even"),
            r"event 0: not well-formed LHE: .*line 9.* truncated file\?",
        ),
        (
            "field.lhe",
            _write(LHE + "<event>\n1 1 1 1 1 1\n13 1 0 0 0 0 0 0 q 2 0 0 0\n</event>\n"),
            r"event 0: not LHE, or damaged: could not convert string to float: 'q'",
        ),
        ("cut.root", _write(b"root" + bytes(500)), "no tree; found: nothing"),
        ("cut.parquet", _write(b"PAR1" + bytes(500)), "damaged, truncated or not a Parquet file"),
    ],
)  # fmt: skip
def test_message(name: str, make, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / name
    make(path)
    with pytest.raises(InputError, match=message) as caught:
        _read(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "label", "message"),
    [
        ("root-jagged", "events.hepmc3", "the name says hepmc3, but the content is root"),
        ("parquet", "events.root", "the name says root, but the content is parquet"),
        ("lhe", "events.hepmc3", "the name says hepmc3, but the content is lhe"),
        ("hepmc3.gz", "events.lhe.gz", "the name says lhe, but the content is hepmc3"),
        ("hepmc3", "events.parquet", "the name says parquet, but the content is hepmc3"),
    ],
)
def test_mislabelled(
    content: str, label: str, message: str, tmp_path: Path, files: dict[str, Path]
) -> None:
    path = tmp_path / label
    shutil.copy(files[content], path)
    with pytest.raises(InputError, match=message):
        open_events(path)


def test_name_that_says_nothing_and_format_that_insists(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    path = tmp_path / "events.dat"
    shutil.copy(files["lhe"], path)
    assert _read(path) == 40
    assert sum(len(part) for part in open_events(path, format="lhe")) == 40
    with pytest.raises(InputError, match="format 'root' was given, but the content is lhe"):
        open_events(path, format="root")
    with pytest.raises(InputError, match=r"unknown format 'les' \(nearest: 'lhe'\)"):
        open_events(path, format="les")
    gzipped = tmp_path / "events.root.gz"
    gzipped.write_bytes(gzip.compress(files["root-jagged"].read_bytes()))
    with pytest.raises(InputError, match="gunzip it first"):
        open_events(gzipped)


def test_root_trees_and_branches(tmp_path: Path, files: dict[str, Path]) -> None:
    import uproot

    path = files["root-jagged"]
    with pytest.raises(InputError, match=r"unknown tree 'event' \(nearest: 'events'\)"):
        open_events(path, layout=RootLayout("event"))
    with pytest.raises(InputError, match=r"no branch 'pxx' \(nearest: 'px'\); found: energy, n"):
        open_events(path, layout=RootLayout(names={"px": "pxx"}))
    with pytest.raises(InputError, match=r"unknown quantity 'pxx' \(nearest: 'px'\)"):
        RootLayout(names={"pxx": "px"})
    with pytest.raises(InputError, match=r"layout.momentum_unit: unknown unit 'TeV'"):
        RootLayout(momentum_unit="TeV")
    other = tmp_path / "other.root"
    with uproot.recreate(other) as file:
        file.mkrntuple("a", {"px": np.zeros(3), "py": np.zeros(3)})
        file.mkrntuple("b", {"c": np.zeros(3)})
        file["note"] = "text"
    with pytest.raises(InputError, match=r"several trees, name one; found: a \(ROOT::RNTuple\)"):
        open_events(other)
    with pytest.raises(InputError, match=r"'note' is a TObjString, need a TTree or"):
        open_events(other, layout=RootLayout("note"))
    with pytest.raises(InputError, match=r"tree 'a': no branch 'pdg', 'pz'.*; found: px, py$"):
        open_events(other, layout=RootLayout("a"))
    with pytest.raises(InputError, match="takes no layout: it is a lhe file"):
        open_events(files["lhe"], layout=RootLayout("a"))


def test_root_lists_of_unequal_length_and_wrong_kinds(tmp_path: Path) -> None:
    import awkward as ak
    import uproot

    short = ak.Array([[1.0], [1.0, 2.0]])
    long = ak.Array([[1.0], [1.0, 2.0, 3.0]])
    branches = dict.fromkeys(("px", "py", "pz", "energy"), short)
    cases = {
        "unequal": ({**branches, "pdg": long}, r"from entry 0 on|entry 1: px has 2 .* pdg has 3"),
        "half": ({**branches, "pdg": np.ones(2)}, r"'px' \(px\) must hold one number an entry"),
        "text": ({**branches, "pdg": ak.Array(["a", "b"])}, "must hold numbers"),
        "broken": ({**branches, "pdg": short + 0.5}, "pdg must be an integer, not 1.5"),
    }
    for name, (columns, message) in cases.items():
        path = tmp_path / f"{name}.root"
        with uproot.recreate(path) as file:
            file.mkrntuple("t", columns)
        with pytest.raises(InputError, match=message):
            _read(path)


def test_parquet_columns(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lists = pa.array([[1.0], [2.0]])
    codes = pa.array([[22], [22]])
    good = {"pdg": codes, "px": lists, "py": lists, "pz": lists, "energy": lists}
    holes = pa.array([[1.0], None])
    cases = {
        "missing": ({**good, "Energy": lists}, ["energy"], r"no column 'energy' \(nearest: 'Ener"),
        "flat": ({**good, "px": pa.array([1.0, 2.0])}, [], "column 'px' must be list<"),
        "float": ({**good, "pdg": lists}, [], "column 'pdg' must be list<"),
        "null": ({**good, "px": holes}, [], r"px has empty \(null\) values"),
        "short": ({**good, "px": pa.array([[1.0], []], lists.type)}, [], "px and pdg differ in le"),
    }
    for name, (columns, dropped, message) in cases.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({k: v for k, v in columns.items() if k not in dropped}), path)
        with pytest.raises(InputError, match=message):
            _read(path)


def test_nothing_half_written(tmp_path: Path, events: Events) -> None:
    def broken():  # type: ignore[no-untyped-def]
        yield events
        raise InputError("no further")

    with pytest.raises(InputError, match="no further"):
        write_events(tmp_path / "out.parquet", broken())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="cannot write here"):
        write_events(tmp_path / "no" / "out.parquet", [events])


@pytest.mark.parametrize("chunk", [0, -1, 100_001])
def test_chunk_is_checked(chunk: int, files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="chunk: must be 1 to 100000"):
        open_events(files["lhe"], chunk=chunk)
