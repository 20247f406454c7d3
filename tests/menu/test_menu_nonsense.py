"""Whatever stands in a menu file, the answer is a menu or one message: never a traceback."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_models.errors import LowmultError
from trigger.menu import load, loads
from trigger.menu.checks import findings
from trigger.menu.parser import parse
from trigger.menu.public_format import SUFFIXES, public_texts, read_public
from trigger.menu.public_import import import_public
from trigger.menu.toml_file import write_document

WORDS = st.sampled_from(
    ["and", "or", "not", "!", "(", ")", "clst", "t2", "veto", "t2_0", ">", "<", "=", "==", "!=",
     ">=", "3", "0", "99999999999999999999", "x", "&", "é", "\n", "-1", "1.5", "NOT", ""]
)  # fmt: skip
EXPRESSIONS = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40)

SCALARS = (
    st.none().map(lambda _: "nan") | st.integers().map(str) | st.floats().map(repr)
    | st.sampled_from(["true", "[]", "{}", "[1, 2]", '"x"', "inf", "1e999", "1979-05-27", "'a b'",
                       "{ index = 3 }", "{ value = 2, phase = 1 }", "0x10", "9" * 5000,
                       "9" * 400, "-" + "9" * 400, "2." + "3" * 400])
)  # fmt: skip
KEYS = st.sampled_from(
    ["index", "bits", "kind", "delay", "width", "logic", "prescale", "name", "version", "lines",
     "except", "description", "source", "value", "mode", "phase", "'é'", "x"]
)  # fmt: skip
TABLES = st.sampled_from(
    ["menu", "inputs", "inputs.veto", "inputs.clst", "outputs", "outputs.a", "outputs.b",
     "definitions", "vetoes.v", "working_points.p.ecl_selection", "'é'", "outputs.'a b'"]
)  # fmt: skip
GOOD = """[menu]
name = "n"
version = "1"
[inputs]
veto = 0
clst = { index = 4, bits = 4, kind = "binary" }
t2 = { index = 8, bits = 4, kind = "one_hot" }
"""


def message(action: Callable[[], object]) -> str:
    """Return the message of the one kind of error that users may see; empty when there is none."""
    try:
        action()
    except LowmultError as error:
        return str(error)
    return ""


def accept(text: str) -> None:
    """Read a menu; what can be read can be checked, written and read again."""
    complaint = message(lambda: loads(text, "m.toml"))
    if complaint:
        assert complaint.startswith("m.toml")
        return
    menu = loads(text, "m.toml")
    findings(menu)
    assert loads(write_document(menu.document), "m.toml").sha256 == menu.sha256


@given(EXPRESSIONS)
def test_expressions(text: str) -> None:
    complaint = message(lambda: parse(text, "here"))
    assert complaint == "" or complaint.startswith("here")


@settings(deadline=None)
@given(EXPRESSIONS, EXPRESSIONS)
def test_logic_in_a_good_menu(logic: str, definition: str) -> None:
    def quoted(text: str) -> str:
        return (
            '"' + "".join(f"\\U{ord(c):08x}" for c in text if not 0xD800 <= ord(c) < 0xE000) + '"'
        )

    accept(
        f"{GOOD}[definitions]\nx = {quoted(definition)}\n"
        f"[outputs.a]\nindex = 1\nlogic = {quoted(logic)}\n"
    )


@settings(deadline=None)
@given(st.lists(st.tuples(TABLES, st.lists(st.tuples(KEYS, SCALARS), max_size=4)), max_size=6))
def test_tables(tables: list[tuple[str, list[tuple[str, str]]]]) -> None:
    body = "".join(
        f"[{table}]\n" + "".join(f"{key} = {value}\n" for key, value in items)
        for table, items in tables
    )
    accept(body)
    accept(GOOD + '[outputs.good]\nindex = 0\nlogic = "veto"\n' + body)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(raw)
    with pytest.raises(LowmultError, match=r"m\.toml"):
        load(path)


LINES = st.lists(
    st.text(alphabet=string.ascii_letters + string.digits + " !+()_>=.\té", max_size=30), max_size=6
)  # fmt: skip
NAMED = st.lists(
    st.tuples(st.integers(0, 330), st.sampled_from(["veto", "clst_0", "clst_1", "t2_0", "a", "é"])),
    max_size=5,
).map(lambda entries: [f"{index} {name}" for index, name in entries])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(LINES | NAMED, LINES | NAMED, LINES | st.lists(EXPRESSIONS, max_size=5), LINES),
    st.binary(max_size=3),
)
def test_public_files(tmp_path: Path, parts: tuple[list[str], ...], tail: bytes) -> None:
    paths = [tmp_path / f"m{suffix}" for suffix in SUFFIXES]
    for path, lines in zip(paths, parts, strict=True):
        path.write_bytes("\n".join(lines).encode("utf-8", "replace") + tail)
    complaint = message(lambda: import_public(read_public(*paths), "m"))
    if complaint:
        assert "m." in complaint
        return
    public_texts(import_public(read_public(*paths), "m").menu)
