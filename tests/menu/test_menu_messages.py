"""Impossible menus: one message with file, path, what was given, what is allowed, nearest name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS
from trigger.menu import load, loads
from trigger.menu.checks import findings
from trigger.menu.working_points import register_value

HEAD = '[menu]\nname = "n"\nversion = "1"\n'
INPUTS = """[inputs]
veto = 0
ehigh = { index = 1, delay = 3, width = 4 }
clst = { index = 4, bits = 4, kind = "binary" }
t2 = { index = 8, bits = 4, kind = "one_hot" }
"""
LINE = '[outputs.lml6]\nindex = 6\nlogic = "ehigh and not veto"\n'


def line(logic: str, more: str = "") -> str:
    return f"{HEAD}{INPUTS}[outputs.lml6]\nindex = 6\nlogic = '{logic}'\n{more}"


CASES = {
    "no menu table": (INPUTS + LINE, r"^m.toml: the table \[menu\] is missing"),
    "no version": ('[menu]\nname="n"\n' + INPUTS + LINE, r"^m.toml: menu: 'version' is missing"),
    "unknown top key": (HEAD + INPUTS + LINE + "[output.x]\n",
                        r"^m.toml: unknown key 'output' \(nearest: 'outputs'\); allowed:"),
    "unknown line key": (line("veto", "prescal = 2"),
                         r"outputs.lml6: unknown key 'prescal' \(nearest: 'prescale'\)"),
    "not TOML": ("[menu\nx = 1", r"^m.toml: not valid TOML: .*line 1"),
    "table twice": (HEAD + INPUTS + LINE + LINE, r"^m.toml: not valid TOML: .*lml6"),
    "no outputs": (HEAD + INPUTS, r"^m.toml: the menu has no outputs; needed: \[outputs.NAME\]"),
    "outputs is a number": ("outputs = 3\n" + HEAD + INPUTS, r"outputs: must be a table, not 3"),
    # Names.
    "undefined": (line("ehigh and vetto"),
                  r"^m.toml: outputs.lml6.logic, column 11: undefined name 'vetto'; "
                  r"nearest: 'veto'; allowed: .*\n    ehigh and vetto\n              \^"),
    "output as name": (line("lml6 and veto"), r"'lml6'; it is an output, and outputs cannot"),
    "cycle": (HEAD + INPUTS + '[definitions]\na = "b or veto"\nb = "not c"\nc = "a"\n' + LINE,
              r"^m.toml: definitions.a: definitions use each other in a circle: a -> b -> c -> a"),
    "self cycle": (HEAD + INPUTS + '[definitions]\na = "not a"\n' + LINE, r"circle: a -> a"),
    "undefined in definition": (HEAD + INPUTS + '[definitions]\na = "vetoo"\n' + LINE,
                                r"^m.toml: definitions.a, column 1: undefined name 'vetoo'"),
    "definition hides input": (HEAD + INPUTS + '[definitions]\nveto = "ehigh"\n' + LINE,
                               r"definitions.veto: the definition 'veto' has the name of an input"),
    "bad name": (HEAD + "[inputs]\n'3dbha' = 1\n" + LINE,
                 r"inputs.3dbha: a name must be 1 to 64 letters.*not '3dbha'"),
    "keyword as name": (HEAD + "[inputs]\nand = 1\n" + LINE, r"inputs.and: 'and' is a word of"),
    "name twice": (HEAD + INPUTS + "clst_2 = 50\n" + LINE,
                   r"inputs.clst_2: the input name 'clst_2' is given twice"),
    # Indices, delays, widths.
    "index twice": (HEAD + INPUTS + "x = 5\n" + LINE,
                    r"inputs.x.index: index 5 belongs to input 'clst_1' already"),
    "output index twice": (HEAD + INPUTS + LINE + '[outputs.b]\nindex = 6\nlogic = "veto"\n',
                           r"outputs.b.index: index 6 belongs to output 'lml6' already"),
    "index too high": (HEAD + INPUTS + "x = 320\n" + LINE,
                       r"inputs.x.index: must be a whole number from 0 to 319, not 320"),
    "group too high": (HEAD + '[inputs]\nx = { index = 318, bits = 4, kind = "binary" }\n' + LINE,
                       r"inputs.x.index: must be a whole number from 0 to 316, not 318"),
    "output index below": (HEAD + INPUTS + '[outputs.b]\nindex = -1\nlogic = "veto"\n',
                           r"outputs.b.index: must be a whole number from 0 to 319, not -1"),
    "index text": (HEAD + "[inputs]\nx = { index = '3' }\n" + LINE,
                   r"inputs.x.index: must be a whole number from 0 to 319, not '3'"),
    "delay": (HEAD + "[inputs]\nx = { index = 3, delay = 32 }\n" + LINE,
              r"inputs.x.delay: must be a whole number from 0 to 31, not 32"),
    "width": (HEAD + "[inputs]\nx = { index = 3, width = 0 }\n" + LINE,
              r"inputs.x.width: must be a whole number from 1 to 32, not 0"),
    "no kind": (HEAD + "[inputs]\nx = { index = 3, bits = 2 }\n" + LINE,
                r"inputs.x: 'kind' is missing; a multi-bit input is 'binary' or 'one_hot'"),
    "wrong kind": (HEAD + "[inputs]\nx = { index = 3, bits = 2, kind = 'onehot' }\n" + LINE,
                   r"inputs.x.kind: unknown kind 'onehot' \(nearest: 'one_hot'\)"),
    "kind of one bit": (HEAD + "[inputs]\nx = { index = 3, kind = 'binary' }\n" + LINE,
                        r"inputs.x: kind 'binary' needs several bits"),
    # Prescales.
    "prescale below 0": (line("veto", "prescale = -1"),
                         r"outputs.lml6.prescale: prescale must be 0 \(masked\) or .*, not -1"),
    "prescale NaN": (line("veto", "prescale = nan"), r"prescale must be 0 .*, not NaN"),
    "prescale infinite": (line("veto", "prescale = inf"), r"prescale must be 0 .*, not Infinity"),
    "prescale between": (line("veto", "prescale = 0.5"), r"prescale must be 0 .*, not 0.5"),
    "prescale text": (line("veto", "prescale = '5'"),
                      r"outputs.lml6.prescale: must be a number, such as 1, 20 or 2.5, not '5'"),
    "prescale true": (line("veto", "prescale = true"), r"must be a number.*not true"),
    "prescale huge": (line("veto", "prescale = 16777216"),
                      r"a number from 1 to 16777215, such as .*, not 16777216"),
    "prescale absurd": (line("veto", "prescale = " + "9" * 400), r"not a whole number of 13 or"),
    "prescale decimals": (line("veto", "prescale = 2.12345678"),
                          r"prescale must have at most 6 decimals, not 2.12345678"),
    "prescale mode": (line("veto", "prescale = { value = 3, mode = 'counted' }"),
                      r"prescale.mode: unknown mode 'counted' \(nearest: 'counter'\)"),
    "fraction counted": (line("veto", "prescale = { value = 2.5, mode = 'counter' }"),
                         r"a counter passes one in a whole number, not one in 2.5; use mode"),
    "phase": (line("veto", "prescale = { value = 5, phase = 5 }"),
              r"prescale.phase: phase must be 0 to the prescale less one .*, not 5"),
    "random phase": (line("veto", "prescale = { value = 5, phase = 1, mode = 'random' }"),
                     r"a random prescale has no phase"),
    # Comparisons.
    "too high": (line("clst > 15"), r"'clst > 15' is never true: clst is a 4-bit binary number "
                                    r"from 0 to 15\n    clst > 15\n    \^"),
    "always": (line("clst >= 0"), r"'clst >= 0' is always true"),
    "equal too high": (line("veto or clst = 16"), r"column 9: 'clst = 16' is never true"),
    "one-hot too high": (line("t2 > 4"), r"'t2 > 4' is never true: t2 is a 4-bit one-hot count"),
    "one-hot last": (line("t2 = 4"), r"its last bit t2_3 means 4 or more; write t2 > 3"),
    "one-hot not last": (line("t2 != 4"), r"t2_3 means 4 or more; write t2 < 4"),
    "value as bit": (line("clst and veto"), r"column 1: 'clst' is a 4-bit binary number, not a "
                                            r"condition; compare it, as in clst > 0"),
    "count as bit": (line("veto and t2"), r"column 10: 't2' is a one-hot count.*t2_0, t2_1"),
    "bit as value": (line("veto = 1"), r"'veto' is one bit and cannot be compared.*write veto or "
                                       r"not veto"),
    "bit of value": (line("clst_2 > 1"), r"'clst_2' is one bit .* compare the whole value: clst"),
    "definition as value": (HEAD + INPUTS + '[definitions]\na = "veto"\n[outputs.x]\nindex = 1\n'
                            'logic = "a > 1"\n', r"'a' is a definition, true or false"),
    # Expressions.
    "empty": (line("  "), r"outputs.lml6.logic: the expression is empty"),
    "ampersand": (line("veto & ehigh"), r"column 6: unexpected character '&': write 'and'"),
    "tilde": (line("~veto"), r"column 1: unexpected character '~': write 'not' or '!'"),
    "negative": (line("clst > -1"), r"unexpected character '-': numbers are whole"),
    "decimal": (line("clst > 1.5"), r"column 8: a number must be whole and stand alone"),
    "swapped": (line("3 < clst"), r"column 1: 3 stands where a name must stand; the name comes"),
    "open": (line("(veto or ehigh"), r"column 15: the '\(' of column 1 is not closed; found the "
                                     r"end of the expression, allowed: \) and or"),
    "close": (line("veto or ehigh)"), r"column 14: this '\)' closes nothing"),
    "two names": (line("veto ehigh"), r"column 6: 'ehigh' is not expected here; allowed: and, or"),
    "dangling": (line("veto and"), r"the end of the expression where a name, 'not', '!' or '\('"),
    "chain": (line("clst > 1 < 5"), r"one comparison at a time .*; join two with 'and'"),
    "no number": (line("clst > veto"), r"'veto' where a whole number must stand after 'clst >'"),
    "deep": (line("(" * 200 + "veto" + ")" * 200), r"more than 100 levels of parentheses"),
    "long": (line("veto or " * 9000 + "veto"), r"more than 10000 words in one expression"),
    "too many products": (
        HEAD + '[inputs]\nx = { index = 0, bits = 16, kind = "one_hot" }\n'
        + 'y = { index = 16, bits = 16, kind = "one_hot" }\n'
        + 'z = { index = 32, bits = 16, kind = "one_hot" }\nw = 60\nv = 61\n'
        + '[outputs.l]\nindex = 0\nlogic = "x > 0 and y > 0 and z > 0 and (w or v)"\n',
        r"outputs.l.logic: the logic expands into more than 4096 products"),
    # Vetoes.
    "veto of nothing": (line("ehigh", "[vetoes.v]\nlogic = 'veto'\nlines = ['lml7']\n"),
                        r"vetoes.v.lines: unknown output 'lml7' \(nearest: 'lml6'\)"),
    "veto twice": (line("ehigh", "[vetoes.v]\nlogic='veto'\nlines=['lml6']\nexcept=['lml6']\n"),
                   r"vetoes.v: give 'lines' or 'except', not both"),
    # Working points.
    "unknown block": (line("veto", "[working_points.a.ecl_selecton]\nx = 1\n"),
                      r"working_points.a.ecl_selecton: unknown block .*nearest: 'ecl_selection'"),
    "unknown register": (line("veto", "[working_points.a.ecl_selection]\nlml6_enrgy = 1\n"),
                         r"unknown register 'lml6_enrgy' \(nearest: 'lml6_energy'\)"),
    "register too high": (line("veto", "[working_points.a.ecl_selection]\nlml6_energy = '99 GeV'"),
                          r"lml6_energy: '99 GeV' gives 18926; the register holds 0 to 16383"),
    "register unit": (line("veto", "[working_points.a.ecl_selection]\nlml6_energy = '9 keV'\n"),
                      r"must be a whole number, or a text such as '1 GeV' or '1 MeV', not '9 keV'"),
    "register list": (line("veto", "[working_points.a.ecl_selection]\nlml6_energy = [1, 2]\n"),
                      r"lml6_energy: the register has 1 values, not 2"),
    "no registers": (line("veto", "[working_points.a.gdl_logic]\nx = 1\n"),
                     r"block 'gdl_logic' has no registers to set"),
    "register float": (line("veto", "[working_points.a.ecl_selection]\nlml6_energy = 1.5\n"),
                       r"must be a whole number or a text such as '1.2 GeV', not 1.5"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_message(case: str) -> None:
    text, message = CASES[case]
    with pytest.raises(InputError, match=message):
        loads(text, "m.toml")


def test_definitions_that_grow_without_end_are_refused() -> None:
    chain = '[definitions]\nd0 = "veto or ehigh"\n' + "".join(
        f'd{i} = "d{i - 1} and not d{i - 1}"\n' for i in range(1, 60)
    )
    with pytest.raises(InputError, match=r"definitions.d\d+: with its definitions the expression"):
        loads(HEAD + INPUTS + chain + LINE, "m.toml")


def test_missing_file_and_misspelt_packaged_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"low_multiplicty: no such file, .*'low_multiplicity'"):
        load("low_multiplicty")
    with pytest.raises(InputError, match=r"none.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(InputError, match="is not a regular file"):
        load(str(tmp_path) + "/.")
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe\x00menu")
    with pytest.raises(InputError, match=r"b.toml: not a text file: byte 0 is not UTF-8"):
        load(binary)


def test_line_name_is_looked_up_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"menu low_multiplicity: unknown line 'lml66' .*'lml6'"):
        load("low_multiplicity").line("lml66")
    with pytest.raises(InputError, match="unknown working point 'x'; allowed: deep_network"):
        load("low_multiplicity").working_point("x")


@pytest.mark.parametrize(
    ("logic", "level", "message"),
    [
        ("ehigh and not ehigh", "warning", "the line can never fire, whatever the inputs"),
        ("ehigh or clst > 3 or clst < 4", "warning", "the line always fires"),
        ("clst_2", "warning", r"bit 2 \(worth 4\) of the binary number 'clst', not a count of 3"),
    ],
)
def test_findings(logic: str, level: str, message: str) -> None:
    found = findings(loads(line(logic), "m.toml"))
    hits = [item for item in found if item.level == level]
    assert len(hits) == 1
    assert hits[0].place == "m.toml: outputs.lml6"
    assert re.search(message, hits[0].message)


def test_notes_tell_of_masked_equal_and_unused() -> None:
    text = line("ehigh and not veto", "prescale = 0\n[definitions]\nidle = 'veto'\n")
    text += '[outputs.twin]\nindex = 7\nlogic = "!(veto or !ehigh)"\n'
    messages = [item.message for item in findings(loads(text, "m.toml"))]
    assert messages == [
        "masked: prescale 0",
        "the same logic as 'lml6'",
        "inputs that no line uses: clst_0, clst_1, clst_2, clst_3, t2_0, t2_1, t2_2, t2_3",
        "nothing uses this definition",
    ]


def test_packaged_menu_has_no_warnings() -> None:
    assert [f for f in findings(load("low_multiplicity")) if f.level == "warning"] == []


def test_energy_given_in_gev_is_the_default_register_value() -> None:
    """Every register whose description names its default in GeV or MeV."""
    checked = 0
    for register in BLOCKS["ecl_selection"].registers:
        match = re.search(r"(?:\(|default )([0-9.]+ (?:GeV|MeV))\)", register.doc)
        if register.unit == "count" and match:
            assert register_value(register, match[1], "here") == register.default, register.name
            checked += 1
    assert checked > 30
