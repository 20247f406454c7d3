"""The packaged menu: published prescales and what its lines mean."""

from __future__ import annotations

import pytest

from trigger.menu import Menu, load
from trigger.menu.diagram import difference
from trigger.menu.inputs import ECL_INPUTS
from trigger.menu.parser import parse

# Plan of 2018-19, ecl_klm_gdl section 3.4 of the reference notes.
PRESCALES_2018 = {
    "lml0": 1, "lml1": 1, "lml2": 1, "lml3": 1, "lml4": 20, "lml5": 20, "lml6": 1, "lml7": 5,
    "lml8": 1, "lml9": 3, "lml10": 5, "eed": 1, "fed": 1, "fp": 1,
}  # fmt: skip
RAISED_FOR_8E35 = {"lml1", "lml3", "lml4", "lml5"}
B, V = "!bha_veto", "!veto"
# Section 4 of the same notes: F = t2, Y = ty, CE = cdcecl, CK = cdcklm, NC = clst.
LOGIC = {
    "lml6": f"ecl_lml_6 and {V}",
    "hie": f"ehigh and {B} and {V}",
    "c4": f"(clst_2 or clst_3) and {B} and {V}",
    "bhapur_fwd2": f"ecl_bhapur and bha_theta_0 and !bha_theta_1 and {V}",
    "bhapur_brl": f"ecl_bhapur and bha_theta_0 and bha_theta_1 and {V}",
    "ggsel": f"ecl_3dbha and !trkbha1 and !trkbha2 and bha_intrk and {V}",
    "sttecl": f"typ and (cdcecl_0 or cdcecl_1 or cdcecl_2 or cdcecl_3) and {B} and {V}",
    "fyo": f"(t2_1 or t2_2 or t2_3) and (ty_0 or ty_1 or ty_2 or ty_3) and cdc_open90 and {B} "
           f"and {V}",
    "ffy": f"(t2_2 or t2_3) and (ty_0 or ty_1 or ty_2 or ty_3) and {V}",
    "ff": f"(t2_1 or t2_2 or t2_3) and {B} and {V}",
    "fff": f"(t2_2 or t2_3) and {V}",
    "eed": f"t2_1 and cdcecl_1 and d5 and {B} and {V}",
    "fp": f"t2_0 and p5 and {B} and {V}",
    "mu_pair": f"(klm_0 or klm_1 or klm_2) and (t2_1 or t2_2 or t2_3) and {V}",
}  # fmt: skip


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load("low_multiplicity")


def test_prescales_are_those_of_the_2018_plan_or_say_why_not(menu: Menu) -> None:
    for name, prescale in PRESCALES_2018.items():
        line = menu.line(name)
        if name in RAISED_FOR_8E35:
            assert line.prescale.value > prescale
            assert "8e35" in line.source
            assert "assumption" in line.source
        else:
            assert line.prescale.value == prescale, name
    assert all(line.prescale.mode == "counter" for line in menu.lines)


@pytest.mark.parametrize("name", LOGIC)
def test_line_is_the_published_logic(menu: Menu, name: str) -> None:
    assert difference(menu.line(name).expression, parse(LOGIC[name]), menu.groups) is None


def test_every_line_says_what_it_is_and_where_from(menu: Menu) -> None:
    for line in menu.lines:
        assert line.description, line.name
        assert line.source.startswith("notes"), line.name


def test_veto_silences_every_line(menu: Menu) -> None:
    for line in menu.lines:
        assert all(("veto", False) in term for term in line.dnf), line.name


def test_calorimeter_lines_have_all_their_inputs(menu: Menu) -> None:
    missing = set(menu.without_producer(ECL_INPUTS))
    alive = {
        line.name for line in menu.lines
        if not {name for term in line.dnf for name, _ in term} & (missing - {"veto"})
    }  # fmt: skip
    ecl = {f"lml{i}" for i in (*range(11), 12, 13)} | {"hie", "hie4", "c4", "eclmumu", "bha3d"}
    ecl |= {"ecltaub2b", "ecltaub2b3", "bhapur_fwd1", "bhapur_fwd2", "bhapur_fwd3", "bhapur_brl"}
    ecl |= {"lml1_nobha"}
    assert alive == ecl
