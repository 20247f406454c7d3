"""Differences between menus: by what the lines do, not by how they are written."""

from __future__ import annotations

from trigger.menu import loads
from trigger.menu.compare import Change, compare

OLD = """[menu]
name = "n"
version = "1"
[inputs]
veto = 0
ehigh = 1
gone = 2
clst = { index = 4, bits = 4, kind = "binary" }
[outputs.same]
index = 0
logic = "clst > 3 and not veto"
[outputs.changed]
index = 1
logic = "clst > 3 and ehigh"
[outputs.scaled]
index = 2
logic = "ehigh"
[outputs.dropped]
index = 3
logic = "veto"
"""
NEW = """[menu]
name = "n"
version = "2"
[inputs]
veto = 0
ehigh = { index = 1, delay = 2 }
fresh = 2
clst = { index = 104, bits = 4, kind = "binary" }
[definitions]
few = "clst < 4"
[vetoes.v]
logic = "veto"
lines = ["same"]
[outputs.same]
index = 10
logic = "clst_2 or clst_3"
[outputs.changed]
index = 1
logic = "clst > 2 and ehigh"
[outputs.scaled]
index = 2
logic = "not not ehigh"
prescale = 20
[outputs.made]
index = 4
logic = "few"
[working_points.a.ecl_selection]
lml8_phi = 160
"""


def test_a_menu_does_not_differ_from_itself() -> None:
    assert compare(loads(OLD), loads(OLD)) == ()


def test_every_kind_of_change_is_listed_once() -> None:
    changes = compare(loads(OLD), loads(NEW))
    clst = [Change("input", f"clst_{i}", f"index {4 + i}", f"index {104 + i}") for i in range(4)]
    assert changes == (
        Change("removed", "dropped", old="veto"),
        Change("added", "made", new="clst<4"),
        Change("index", "same", "0", "10"),
        Change(
            "logic", "changed", "clst>3 and ehigh", "clst>2 and ehigh",
            "clst_2=0 clst_3=0 ehigh=1 clst_0=1 clst_1=1",
        ),
        Change("prescale", "scaled", "1 (counter)", "20 (counter)"),
        Change("delay", "ehigh", "delay 0", "delay 2"),
        Change("input", "gone", old="index 2"),
        *clst,
        Change("input", "fresh", new="index 2"),
        Change("working_point", "a", "", "ecl_selection.lml8_phi=160"),
    )  # fmt: skip
