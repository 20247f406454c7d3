"""The TOML form: what is written is read again; the hash follows what decides."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import pytest

from trigger.menu import Menu, load, loads
from trigger.menu.prescale_table import csv_text, interval_registers, memory_text, rounded_lines
from trigger.menu.toml_file import read_document, write_document

TEXT = """[menu]
name = "n"
version = "1"
description = "tab \\t, quote \\", λ, \\u007f"
[inputs]
veto = 0
ehigh = { index = 1, delay = 3, width = 4, description = "energy" }
clst = { index = 4, bits = 4, kind = "binary" }
iecl = { index = [52, 20], kind = "one_hot" }
[definitions]
quiet = "not veto"
[vetoes.v]
logic = "veto"
lines = ["a"]
[outputs.a]
index = 9
logic = "ehigh and clst > 3"
prescale = { value = 20, phase = 3 }
[outputs.b]
index = 2
logic = "iecl > 0 and quiet"
prescale = 2.5
source = "assumption"
[outputs.c]
index = 5
logic = "iecl_1"
prescale = { value = 4, mode = "random" }
[outputs.d]
index = 6
logic = "clst = 2"
prescale = 0
[working_points.low.ecl_selection]
lml6_energy = "0.5 GeV"
lml8_phi = "165 degree"
lml0_energetic = 2
"""


@pytest.fixture(scope="module")
def menu() -> Menu:
    return loads(TEXT, "n.toml")


def test_written_document_is_read_as_the_same_menu(menu: Menu) -> None:
    text = write_document(menu.document)
    again = loads(text, "n.toml")
    assert again.document == menu.document
    assert again.sha256 == menu.sha256
    assert write_document(read_document(text, "n.toml")) == text


def test_packaged_menu_survives_the_round_trip() -> None:
    menu = load("low_multiplicity")
    again = loads(write_document(menu.document), "low_multiplicity.toml")
    assert again.document == menu.document
    assert again.sha256 == menu.sha256


def test_lines_and_inputs_stand_by_rising_index(menu: Menu) -> None:
    assert menu.names == ("b", "c", "d", "a")
    assert [item.index for item in menu.inputs] == [0, 1, 4, 5, 6, 7, 20, 52]
    assert menu.input_index["iecl_0"] == 52
    assert menu.n_inputs == 53
    ehigh = next(item for item in menu.inputs if item.name == "ehigh")
    assert (ehigh.delay, ehigh.width) == (3, 4)


def test_prescales(menu: Menu) -> None:
    a, b, c, d = (menu.line(name).prescale for name in "abcd")
    assert (a.value, a.mode, a.phase) == (20, "counter", 3)
    assert (b.value, b.mode, str(b)) == (Fraction(5, 2), "fractional", "2.5")
    assert (c.value, c.mode) == (4, "random")
    assert d.masked
    assert [p.fraction for p in (a, b, c, d)] == [0.05, 0.4, 0.25, 0.0]


def test_prescale_registers(menu: Menu) -> None:
    registers = interval_registers(menu)
    assert registers.shape == (320,)
    assert {i: int(v) for i, v in enumerate(registers) if v} == {2: 2, 5: 4, 9: 20}
    assert [line.name for line in rounded_lines(menu)] == ["b"]
    lines = memory_text(menu).splitlines()
    assert lines[0].startswith("//")
    assert [int(text, 16) for text in lines[1:]] == registers.tolist()
    assert csv_text(menu).splitlines()[1:] == [
        "2,b,2.5,fractional,0", "5,c,4,random,0", "6,d,0,counter,0", "9,a,20,counter,3",
    ]  # fmt: skip


def test_working_point_gives_register_values(menu: Menu) -> None:
    # 0.5 GeV (CM) to the nearest count of 5.231 MeV: 95.58.
    assert menu.working_point("low") == {
        "ecl_selection": {"lml6_energy": 96, "lml8_phi": 165, "lml0_energetic": 2}
    }


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('description = "energy"', 'description = "power"', True),
        ('source = "assumption"', 'source = "paper"', True),
        ("ehigh and clst > 3", "ehigh  and clst>3", True),
        ('"not veto"', '"!veto"', True),
        ("clst > 3", "clst > 2", False),
        ("phase = 3", "phase = 4", False),
        ("prescale = 2.5", "prescale = 2.25", False),
        ("delay = 3", "delay = 2", False),
        ("index = 9", "index = 10", False),
        ("[52, 20]", "[20, 52]", False),
        ('version = "1"', 'version = "2"', False),
        ("0.5 GeV", "0.6 GeV", False),
        ('lines = ["a"]', 'lines = ["b"]', False),
    ],
)
def test_hash_follows_what_decides(menu: Menu, old: str, new: str, same: bool) -> None:
    assert old in TEXT
    assert (loads(TEXT.replace(old, new)).sha256 == menu.sha256) is same


def test_menu_cannot_be_changed(menu: Menu) -> None:
    with pytest.raises(AttributeError):
        menu.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        menu.groups["x"] = menu.groups["clst"]  # type: ignore[index]
    with pytest.raises(TypeError):
        menu.working_points["low"]["ecl_selection"]["x"] = 1  # type: ignore[index]
    menu.working_point("low")["ecl_selection"]["lml8_phi"] = 1
    assert menu.working_point("low")["ecl_selection"]["lml8_phi"] == 165


def test_menu_travels_to_other_processes(menu: Menu) -> None:
    again = pickle.loads(pickle.dumps(menu))
    assert again.sha256 == menu.sha256
    assert [line.dnf for line in again.lines] == [line.dnf for line in menu.lines]
    evaluator = pickle.loads(pickle.dumps(menu.compile()))
    assert (evaluator.program.code == menu.compile().program.code).all()


def test_example_of_the_reference_page_is_a_menu() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "menu.md"
    text = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    menu = loads(text, "menu.md")
    assert menu.names == ("lml6", "photon_only", "monitor")
    assert menu.line("lml6").text == "ecl_lml_6 and !veto"
    assert menu.line("monitor").text == "clst>3 or t2>1"
