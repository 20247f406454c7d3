"""Import and export of the public formats: what comes in goes out, and faults are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_models.errors import CheckFailed, InputError
from trigger.menu import load, loads
from trigger.menu.equivalence import prove_software
from trigger.menu.public_format import SUFFIXES, export_public, public_texts, read_public
from trigger.menu.public_import import Imported, import_public
from trigger.menu.toml_file import write_document

SMALL = Path(__file__).parent / "data" / "small"
MENU_0034 = Path(__file__).resolve().parents[3] / "shared" / "menus" / "ftd_0034"


def files(stem: Path) -> list[Path]:
    return [Path(f"{stem}{suffix}") for suffix in SUFFIXES]


def take(stem: Path) -> Imported:
    inp, oup, lgc, alg = files(stem)
    return import_public(read_public(inp, oup, lgc, alg), stem.name)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in files(SMALL):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "small"


def edit(stem: Path, suffix: str, old: str, new: str) -> None:
    path = Path(f"{stem}{suffix}")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param(SMALL, id="small"),
        pytest.param(
            MENU_0034,
            id="menu 0034",
            marks=pytest.mark.skipif(
                not MENU_0034.with_suffix(".alg").exists(), reason="menu 0034 is not in ../shared"
            ),
        ),
    ],
)
def test_imported_menu_exports_identical_files(stem: Path, tmp_path: Path) -> None:
    imported = take(stem)
    toml = tmp_path / "menu.toml"
    toml.write_text(write_document(imported.menu.document))
    menu = load(toml)
    assert menu.sha256 == imported.menu.sha256
    written = export_public(menu, tmp_path / "out")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in files(stem)]
    assert all(proof.proven for proof in prove_software(menu))
    assert imported.notes == (
        "the public files carry no prescales, delays and widths: prescale 1, delay 0, width 1",
    )


@pytest.mark.skipif(not MENU_0034.with_suffix(".alg").exists(), reason="no ../shared menu 0034")
def test_menu_0034_has_its_published_size() -> None:
    menu = take(MENU_0034).menu
    assert (len(menu.lines), len(menu.inputs)) == (176, 162)
    assert menu.line("lml6").text == "ecl_lml_6 and !veto"
    assert menu.line("c5").text == "clst>4 and !bha_veto and !veto"


def test_encoding_of_an_unknown_value_follows_the_algebra(copy: Path) -> None:
    assert take(copy).menu.groups["muhit"].kind == "binary"
    edit(copy, ".lgc", "muhit>1", "muhit>0")
    edit(copy, ".alg", " 14 !10 !12 + 15 !10 !12", " 13 !10 !12 + 14 !10 !12 + 15 !10 !12")
    assert take(copy).menu.groups["muhit"].kind == "binary"
    edit(copy, ".lgc", "muhit>0", "muhit>2")
    edit(copy, ".alg", " 13 !10 !12 + 14 !10 !12 + 15 !10 !12", " 15 !10 !12")
    assert take(copy).menu.groups["muhit"].kind == "one_hot"


def test_other_order_of_products_is_noted(copy: Path) -> None:
    edit(copy, ".alg", " 3 + 9", " 9 + 3")
    notes = take(copy).notes
    assert len(notes) == 2
    assert "small.alg: line 9 (bracketed): the same logic, but written in another order" in notes[1]


def test_other_logic_is_refused_with_an_example(copy: Path) -> None:
    edit(copy, ".alg", " 9 !12\n", " 9 12\n")
    with pytest.raises(CheckFailed, match=r"line 1 \(single\): .lgc and .alg differ for ecl_lml_6"):
        take(copy)


def test_files_out_of_index_order_are_noted(copy: Path) -> None:
    edit(copy, ".inp", "9 ecl_lml_6\n10 bha_veto\n", "10 bha_veto\n9 ecl_lml_6\n")
    assert any("not in the order of the index" in note for note in take(copy).notes)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "message"),
    [
        (".inp", "12 veto", "12", r"small.inp: line 11: must be an index and a name.*not '12'"),
        (".inp", "12 veto", "999 veto", "line 11: index must be 0 to 319, not 999"),
        (".inp", "12 veto", "10 veto", "index 10 belongs to input 'bha_veto' already"),
        (".inp", "12 veto", "12 bha_veto", "input name 'bha_veto' is given twice"),
        (".inp", "12 veto", "12 ve-to", "a name must be 1 to 64 letters"),
        (".oup", "3 c3", "3 pair", "the output 'pair' is given twice"),
        (".oup", "3 c3", "1 c3", "index 1 belongs to output 'pair' already"),
        (".oup", "3 c3\n", "", "small.lgc: has 9 lines, but .*small.oup names 8 outputs"),
        (".lgc", "clst>2", "clsd>2",
         r"small.lgc: line 3, column 1: undefined name 'clsd'; nearest: 'clst'"),
        (".lgc", "!veto", "!(veto", r"small.lgc: line 1, column 21: the '\(' .* is not closed"),
        (".alg", " 9 !12", " 9 -12", r"small.alg: line 1: a literal must be N or !N, not '-12'"),
        (".alg", " 9 !12", " 9 !11", "small.alg: line 1: input 11 is not in the .inp file"),
        (".alg", " 9 !12", " 9 + + !12", "small.alg: line 1: a product without literals"),
    ],
)  # fmt: skip
def test_faults_name_file_and_line(
    copy: Path, suffix: str, old: str, new: str, message: str
) -> None:
    edit(copy, suffix, old, new)
    with pytest.raises(InputError, match=message):
        take(copy)


def test_wrong_order_of_files_is_refused() -> None:
    inp, oup, lgc, alg = files(SMALL)
    with pytest.raises(InputError, match=r"small.alg: the files must come in the order"):
        read_public(inp, oup, alg, lgc)


def test_definitions_and_vetoes_are_written_out() -> None:
    menu = loads(
        '[menu]\nname="n"\nversion="1"\n[inputs]\nveto=5\na=1\nb=2\n'
        'clst={index=8,bits=2,kind="binary"}\n'
        '[definitions]\nboth="a and not b"\n[vetoes.all]\nlogic="veto"\nexcept=["monitor"]\n'
        '[outputs.x]\nindex=0\nlogic="both or clst == 3"\n[outputs.y]\nindex=1\nlogic="a and b"\n'
        '[outputs.monitor]\nindex=2\nlogic="not a"\n'
    )
    assert public_texts(menu)[".lgc"] == (
        "((a and !b) or clst=3) and !veto\na and b and !veto\n!a\n"
    )
    assert public_texts(menu)[".alg"] == " 1 !2 !5 + 8 9 !5\n 1 2 !5\n !1\n"


def test_line_that_never_fires_cannot_be_exported() -> None:
    menu = loads('[menu]\nname="n"\nversion="1"\n[inputs]\na=1\n'
                 '[outputs.x]\nindex=0\nlogic="a and not a"\n')  # fmt: skip
    with pytest.raises(InputError, match=r"outputs.x: the line can never fire"):
        public_texts(menu)
