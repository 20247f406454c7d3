"""Cuts at their limits: length, depth, overflow and ranges that hold no number."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.events import from_dense
from sim.machine import Machine
from sim.processes.cut_values import CutEvents
from sim.processes.cuts import read_cut

MACHINE = Machine()
EVENTS = CutEvents(
    from_dense([11, -11], np.stack([MACHINE.electron, MACHINE.positron])[None].repeat(2, 0)),
    MACHINE,
)


@pytest.mark.parametrize(
    "text",
    [
        " and ".join(["1<2"] * 1200),
        " or ".join(["2<1"] * 1300 + ["1<2"]),
        "0<" + "+".join(["1"] * 4900),
        "<".join(str(i) for i in range(1900)),
        "-" * 9000 + "1 > 0",
        "not " * 2000 + "1 > 0",
    ],
)
def test_long_chains_are_evaluated_without_deep_calls(text: str) -> None:
    assert read_cut(text).apply(EVENTS).tolist() == [True, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" and ".join(["1<2"] * 6000), "characters are too many; allowed: 10000"),
        ("(" * 4000 + "1<2" + ")" * 4000, "nested more than 50 deep"),
        ("theta_lab(e-) in 5..1", r"the range 5\.\.1 is empty"),
        ("theta_lab(e-) in -(1)..-(2*3)", r"the range -1\.\.-6 is empty"),
        ("1e400 > E_lab(e-)", "the number is too large"),
        ("x" * 9000 + " > 1", "unknown quantity or function 'xxx"),
    ],
)
def test_refused_with_a_short_message(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_cut(text)
    assert len(str(caught.value)) < 700


def test_arithmetic_that_overflows_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_cut("1e308*1e308 > 1").apply(EVENTS).all()
        assert not read_cut("1e308*1e308 - 1e308*1e308 > 1").apply(EVENTS).any()
        assert not read_cut("E_lab(e-)*1e308*1e308 in 1..1e308").apply(EVENTS).any()
