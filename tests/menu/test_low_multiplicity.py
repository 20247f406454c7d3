"""The packaged menu: published prescales and what its lines mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from trigger.menu import Menu, load
from trigger.menu.compare import compare
from trigger.menu.diagram import difference
from trigger.menu.inputs import CONSTANT_INPUTS, ECL_INPUTS, PRODUCERS
from trigger.menu.lines_page import MUONS, NOTHING, TRACKS, lines_page, needs
from trigger.menu.parser import parse
from trigger.menu.public_format import read_public
from trigger.menu.public_import import import_public

MENU_0034 = Path(__file__).resolve().parents[3] / "shared" / "menus" / "ftd_0034"

# Plan of 2018-19, ecl_klm_gdl section 3.4 of the reference notes.
PRESCALES_2018 = {
    "lml0": 1, "lml1": 1, "lml2": 1, "lml3": 1, "lml4": 20, "lml5": 20, "lml6": 1, "lml7": 5,
    "lml8": 1, "lml9": 3, "lml10": 5, "eed": 1, "fed": 1, "fp": 1,
}  # fmt: skip
RAISED_FOR_8E35 = {"lml1", "lml3", "lml4", "lml5", "fp"}
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
    "fed": f"t2_0 and cdcecl_0 and d5 and {B} and {V}",
    "fp": f"t2_0 and p5 and {B} and {V}",
    "fso": f"(t2_0 or t2_1 or t2_2 or t2_3) and (ts_0 or ts_1 or ts_2 or ts_3) and s2fo and {B} "
           f"and {V}",
    "sso": f"(ts_1 or ts_2 or ts_3) and s2so and {B} and {V}",
    "syo": f"(ts_0 or ts_1 or ts_2 or ts_3) and (ty_0 or ty_1 or ty_2 or ty_3) and s2fo and {B} "
           f"and {V}",
    "cdcklm1": f"cdcklm_0 and {B} and {V}",
    "cdcklm2": f"cdcklm_1 and {B} and {V}",
    "mu_pair": f"(klm_0 or klm_1 or klm_2) and (t2_1 or t2_2 or t2_3) and {V}",
    "mu_b2b": f"klmb2b and {V}",
    "mu_epair": f"(eklm_0 or eklm_1 or eklm_2) and {V}",
    "mu_eb2b": f"eklmb2b and {V}",
    "klmhit": f"klm_hit and {V}",
    "eklmhit": f"eklm_hit and {V}",
    "klm2": f"(klm_1 or klm_2) and {B} and {V}",
    "eklm2": f"(eklm_1 or eklm_2) and {B} and {V}",
    "beklm": f"klm_0 and !klm_1 and !klm_2 and eklm_0 and !eklm_1 and !eklm_2 and {B} and {V}",
    "seklm1": f"seklm_0 and {B} and {V}",
    "seklm2": f"seklm_1 and {B} and {V}",
    "ieklm1": f"ieklm and {B} and {V}",
    "fwd_seklm": f"fwd_s and eklm_hit and {V}",
    "bwd_seklm": f"bwd_s and eklm_hit and {V}",
    "ecleklm1": f"ecleklm and {B} and {V}",
    "shem": f"samhem and {V}",
    "ohem": f"opohem and {B} and {V}",
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


OTHER_NAMES = {"bhapur_brl": "bha_id0", "bhapur_fwd1": "bha_id1", "bhapur_fwd2": "bha_id2",
               "bhapur_fwd3": "bha_id3"}  # fmt: skip
"""Lines whose logic a public menu has under another name."""

OUR_OWN = {"lml1_nobha", "hie4", "ecltaub2b", "ecltaub2b3", "ecltaub2b_track", "ycdcklm1",
           "ycdcklm2", "sttklm", "sttecl_3d", "dvt"}  # fmt: skip
"""Lines that menu 0034 does not have."""


@pytest.mark.skipif(not MENU_0034.with_suffix(".alg").exists(), reason="no ../shared menu 0034")
def test_lines_are_those_of_the_public_menu(menu: Menu) -> None:
    files = [MENU_0034.with_suffix(suffix) for suffix in (".inp", ".oup", ".lgc", ".alg")]
    public = import_public(read_public(*files), "0034").menu
    shared = {line.name: OTHER_NAMES.get(line.name, line.name) for line in menu.lines
              if line.name not in OUR_OWN}  # fmt: skip
    assert set(shared.values()) <= set(public.names)
    assert not OUR_OWN & set(public.names)
    # Prescales, indices and encodings apart, `compare` finds no other logic in lines of one name.
    same = set(menu.names) & set(public.names)
    assert not [c.name for c in compare(menu, public) if c.name in same and c.kind == "logic"]
    for ours, theirs in shared.items():
        terms = [{frozenset(term) for term in m.line(n).dnf}
                 for m, n in ((menu, ours), (public, theirs))]  # fmt: skip
        assert terms[0] == terms[1], ours


def test_every_input_is_produced_or_constant_for_a_reason(menu: Menu) -> None:
    names = {item.name for item in menu.inputs}
    assert names <= {*PRODUCERS, *CONSTANT_INPUTS}
    assert names & set(CONSTANT_INPUTS) == {"veto", "bha_delay", "pseud_rand", "poissonin"}


def test_what_lines_need(menu: Menu) -> None:
    found: dict[tuple[str, ...], set[str]] = {}
    for line in menu.lines:
        found.setdefault(needs(line), set()).add(line.name)
    assert found[(NOTHING,)] == {"random", "poisson", "bg"}
    assert found[(MUONS,)] == {"mu_b2b", "mu_epair", "mu_eb2b", "klmhit", "eklmhit", "klm2",
                               "eklm2", "beklm"}  # fmt: skip
    assert found[(TRACKS, MUONS)] == {
        "cdcklm1", "cdcklm2", "mu_pair", "seklm1", "seklm2", "ieklm1", "fwd_seklm", "bwd_seklm",
        "ecleklm1", "ycdcklm1", "ycdcklm2", "sttklm",
    }  # fmt: skip
    # An inverted match counts: without tracks the line would fire too often.
    assert {"ggsel", "eed", "fp", "stt", "sttecl", "fso", "ecltaub2b_track"} <= found[(TRACKS,)]
    assert sum(map(len, found.values())) == len(menu.lines)


def test_page_has_every_line_once(menu: Menu) -> None:
    page = lines_page(menu, "made by hand")
    rows = [row for row in page.splitlines() if row.startswith("| ")][1:]
    assert [row.split("`")[1] for row in rows] == [
        line.name for line in sorted(menu.lines, key=lambda line: line.index)
    ]
    row = next(row for row in rows if "`cdcklm2`" in row)
    assert row.startswith("| 81 | `cdcklm2` | 1 | `cdcklm_1 and no_bhabha` | tracks, muons | two ")
    assert "acts on every line" in page
