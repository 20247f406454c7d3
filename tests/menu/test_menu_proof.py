"""The proofs: they hold for our menus, and every seeded fault is found with an example."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from pathlib import Path

import pytest

from firmware_models.errors import InputError
from hdl.prove import UNUSED, VALID, prove_rtl
from trigger.menu import Menu, equivalence, load, loads
from trigger.menu.diagram import Diagrams, constant, difference
from trigger.menu.parser import parse
from trigger.menu.slots import AND, OR
from trigger.menu.systemverilog import rtl_text
from trigger.menu.values import BINARY, ONE_HOT, Group

SOLVER = pytest.mark.skipif(find_spec("pyosys") is None, reason="pyosys is not installed")
GROUPS = {
    "clst": Group("clst", BINARY, ("clst_0", "clst_1", "clst_2")),
    "t2": Group("t2", ONE_HOT, ("t2_0", "t2_1", "t2_2")),
}
MENU = """[menu]
name = "n"
version = "1"
[inputs]
veto = 97
ehigh = 3
track = 4
clst = { index = 40, bits = 4, kind = "binary" }
t2 = { index = [9, 30, 20, 60], kind = "one_hot" }
[outputs.a]
index = 2
logic = "clst > 4 and not veto"
[outputs.b]
index = 300
logic = "(t2 > 1 or ehigh) and clst != 5 and not (track and veto)"
[outputs.c]
index = 4
logic = "t2 = 2 or t2 < 1 and clst <= 3"
"""


@pytest.fixture(scope="module")
def menu() -> Menu:
    return loads(MENU, "m.toml")


@pytest.fixture(scope="module")
def low_multiplicity() -> Menu:
    return load("low_multiplicity")


@pytest.mark.parametrize("limit", [20, 0], ids=["exhaustive", "diagram"])
def test_software_is_proven(
    low_multiplicity: Menu, menu: Menu, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equivalence, "EXHAUSTIVE_INPUTS", limit)
    for each in (low_multiplicity, menu):
        proofs = list(equivalence.prove_software(each))
        assert [proof.name for proof in proofs] == list(each.names)
        assert all(proof.proven for proof in proofs)
        assert {proof.method for proof in proofs} == {"exhaustive" if limit else "diagram"}


@pytest.mark.parametrize("limit", [20, 0], ids=["exhaustive", "diagram"])
def test_flipped_literal_in_the_products_is_found(
    menu: Menu, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equivalence, "EXHAUSTIVE_INPUTS", limit)
    for line in menu.lines:
        for i, term in enumerate(line.dnf):
            for j, (name, sign) in enumerate(term):
                wrong = (*term[:j], (name, not sign), *term[j + 1 :])
                dnf = (*line.dnf[:i], wrong, *line.dnf[i + 1 :])
                proof = equivalence.prove_line(menu, line, dnf)
                assert not proof.evaluator
                # A flipped literal may leave a redundant product's sum as it was.
                same = difference(line.expression, equivalence.dnf_expression(dnf), menu.groups)
                assert (proof.products == "") == (same is None)
    assert equivalence.prove_line(menu, menu.line("a"), menu.line("a").dnf[:-1]).products


@pytest.mark.parametrize("limit", [20, 0], ids=["exhaustive", "diagram"])
def test_fault_in_the_evaluator_is_found(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equivalence, "EXHAUSTIVE_INPUTS", limit)
    menu = loads(MENU, "m.toml")
    good = menu.compile()
    found = 0
    for i, operation in enumerate(good.program.code[:, 0]):
        if operation not in (AND, OR):
            continue
        code = good.program.code.copy()
        code[i, 0] = OR if operation == AND else AND
        program = dataclasses.replace(good.program, code=code)
        vars(menu)["_evaluator"] = dataclasses.replace(good, program=program)
        faults = [p.evaluator for p in equivalence.prove_software(menu) if p.evaluator]
        found += bool(faults)
        assert all("=" in text for text in faults)
    assert found >= 8


def test_diagrams_are_equal_exactly_for_equal_logic() -> None:
    equal = [
        ("!(veto or ehigh)", "!veto and !ehigh"),
        ("clst > 3", "clst_2"),
        ("clst = 0", "!(clst > 0)"),
        ("t2 > 1", "t2_1 or t2_2"),
        ("t2 = 1", "t2_0 and t2 < 2"),
        ("veto and (ehigh or track)", "veto and ehigh or veto and track"),
    ]
    for left, right in equal:
        assert difference(parse(left), parse(right), GROUPS) is None
    text = difference(parse("veto and ehigh"), parse("veto"), GROUPS)
    assert text == "veto=1 ehigh=0"
    assert constant(parse("clst > 3 or clst < 4"), GROUPS) is True
    assert constant(parse("t2 > 1 and t2 < 2"), GROUPS) is False
    assert constant(parse("t2 > 1"), GROUPS) is None


def test_diagram_of_parity_has_its_known_size() -> None:
    """Parity of n variables: one node for the first variable, two for each other one."""
    n = 6
    text = "a0"
    for i in range(1, n):
        text = f"(({text}) and !a{i} or !({text}) and a{i})"
    diagrams = Diagrams()
    reached, open_nodes = set(), [diagrams.of(parse(text), {})]
    while open_nodes:
        node = open_nodes.pop()
        if node > 1 and node not in reached:
            reached.add(node)
            open_nodes += diagrams._nodes[node][1:]
    assert len(reached) == 2 * n - 1


@SOLVER
def test_rtl_of_both_menus_is_proven(low_multiplicity: Menu, menu: Menu) -> None:
    for each in (low_multiplicity, menu):
        proof = prove_rtl(each)
        assert proof.proven
        assert set(proof.lines) == {*each.names, UNUSED, VALID}


@SOLVER
@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("(in_clst_0 & in_clst_2 & ~in_veto)", "(in_clst_0 & ~in_clst_2 & ~in_veto)", {"a"}),
        ("(in_clst_0 & in_clst_2 & ~in_veto) |", "", {"a"}),
        ("in_t2_3 = data_i[60]", "in_t2_3 = data_i[61]", {"b", "c"}),
        ("assign line[1:0] = '0", "assign line[1:0] = data_i[1:0]", {UNUSED}),
        ("valid_o <= valid_i", "valid_o <= 1'b1", {VALID}),
        ("data_o <= line", "data_o <= ~line", {"a", "b", "c", UNUSED}),
    ],
)
def test_fault_in_the_rtl_is_found(
    menu: Menu, tmp_path: Path, old: str, new: str, lines: set[str]
) -> None:
    text = rtl_text(menu)
    assert old in text
    file = tmp_path / "user.sv"
    file.write_text(text.replace(old, new, 1))
    proof = prove_rtl(menu, [file])
    assert {line for line, pattern in proof.lines.items() if pattern} == lines


@SOLVER
def test_counter_example_shows_the_difference(menu: Menu, tmp_path: Path) -> None:
    """The pattern, put into the names logic and into the faulty logic, gives two answers."""
    file = tmp_path / "user.sv"
    faulty = "(in_clst_0 & ~in_clst_2 & ~in_veto)"
    file.write_text(rtl_text(menu).replace("(in_clst_0 & in_clst_2 & ~in_veto)", faulty))
    pattern = dict(
        item.split("=") for item in prove_rtl(menu, [file]).lines["a"].split(";")[0].split()
    )
    bit = {name: value == "1" for name, value in pattern.items()}
    value = sum(bit[f"clst_{i}"] << i for i in range(4))
    wanted = value > 4 and not bit["veto"]
    found = not bit["veto"] and (
        (bit["clst_0"] and not bit["clst_2"]) or (bit["clst_1"] and bit["clst_2"]) or bit["clst_3"]
    )
    assert wanted != found


@SOLVER
@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("assign line[2] =", "assign line[2] = data_i[200] &", "a",
         "(the RTL also reads data_i[200]=0, which the line does not); expected 1, observed 0"),
        ("assign line[2] =", "assign line[2] = data_i[3] |", "a",
         "(the RTL also reads ehigh=1, which the line does not); expected 0, observed 1"),
        ("assign line[1:0] = '0", "assign line[1:0] = {data_i[7], 1'b0}", UNUSED,
         "output 1, data_i[7]=1; expected 0, observed 1"),
        ("assign line[1:0] = '0", "assign line[1:0] = 2'b11", UNUSED,
         "output 0, any input; expected 0, observed 1; outputs that differ too: 1"),
        ("valid_o <= valid_i", "valid_o <= valid_i & data_i[97]", VALID,
         "valid_i=1 (the RTL also reads veto=0, which the line does not); expected 1, observed 0"),
    ],
)  # fmt: skip
def test_counter_example_names_what_the_rtl_reads(
    menu: Menu, tmp_path: Path, old: str, new: str, line: str, says: str
) -> None:
    text = rtl_text(menu)
    assert old in text
    file = tmp_path / "user.sv"
    file.write_text(text.replace(old, new, 1))
    lines = prove_rtl(menu, [file]).lines
    assert lines[line].endswith(says)
    assert {name for name, example in lines.items() if example} == {line}


@SOLVER
def test_users_rtl_may_use_our_package(menu: Menu, tmp_path: Path) -> None:
    file = tmp_path / "user.sv"
    file.write_text(rtl_text(menu).replace("module gdl_logic", "module mine import l1_pkg::*;"))
    assert prove_rtl(menu, [file], "mine").proven
    with pytest.raises(InputError, match="no module 'gdl_logic' in these files") as error:
        prove_rtl(menu, [file])
    assert "lowmult" not in str(error.value).replace("lowmult-", "")
    assert "--top" in str(error.value)


@SOLVER
def test_users_rtl_of_another_shape_is_proven(menu: Menu, tmp_path: Path) -> None:
    """Inputs registered rather than outputs, a synchronous reset, names of its own."""
    (tmp_path / "a folder").mkdir()
    file = tmp_path / "a folder" / "mine.sv"
    file.write_text("""
module mine (
  input logic clk_i, input logic rst_ni, input logic valid_i, input logic [319:0] data_i,
  output logic valid_o, output logic [319:0] data_o
);
  logic [319:0] q;
  logic v;
  always_ff @(posedge clk_i) begin
    v <= rst_ni & valid_i;
    if (valid_i) q <= data_i;
  end
  assign valid_o = v;
  wire [3:0] clst = q[43:40];
  always_comb begin
    data_o = '0;
    data_o[2] = clst >= 4'd5 && !q[97];
    data_o[300] = (q[3] | q[30] | q[20] | q[60]) && clst != 5 && !(q[4] && q[97]);
    data_o[4] = (q[30] && !q[20] && !q[60])
              || (!q[9] && !q[30] && !q[20] && !q[60] && clst < 4);
  end
endmodule
""")
    assert prove_rtl(menu, [file], "mine").proven


@SOLVER
def test_rtl_that_does_not_elaborate_is_one_message(menu: Menu, tmp_path: Path) -> None:
    file = tmp_path / "user.sv"
    file.write_text("module gdl_logic (input logic clk_i);\nendmodule\n")
    with pytest.raises(InputError, match=r"its ports are not those|does not compile it"):
        prove_rtl(menu, [file])
    with pytest.raises(InputError, match="there is no such file"):
        prove_rtl(menu, [tmp_path / "none.sv"])
