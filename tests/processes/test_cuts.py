"""The cut language: values against plain loops, precedence, messages, generated nonsense."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from sim.events import Events, from_dense
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.cut_values import PARTICLES, QUANTITIES, CutEvents
from sim.processes.cuts import read_cut

MACHINE = Machine()
BHABHA = from_dense([11, -11], np.stack([MACHINE.electron, MACHINE.positron])[None].repeat(2, 0))


@pytest.fixture(scope="module")
def eeee() -> Events:
    return get_process("eeee").generate(300, 3)


def _particles(events: Events, i: int) -> list[tuple[int, np.ndarray]]:
    rows = range(events.offsets[i], events.offsets[i + 1])
    return [(int(events.pdg[row]), events.p4[row]) for row in rows]


def _theta(p: np.ndarray) -> float:
    return math.degrees(math.acos(p[2] / math.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)))


def _mass(p: np.ndarray) -> float:
    return math.sqrt(max(0.0, p[3] ** 2 - p[0] ** 2 - p[1] ** 2 - p[2] ** 2))


def _passing(text: str, events: Events) -> list[bool]:
    found: list[bool] = read_cut(text).apply(CutEvents(events, MACHINE)).tolist()
    return found


def test_count_with_laboratory_quantities(eeee: Events) -> None:
    expected = [
        sum(12.4 <= _theta(p) <= 155.1 and math.hypot(p[0], p[1]) > 0.2 for _, p in
            _particles(eeee, i)) >= 1
        for i in range(len(eeee))
    ]  # fmt: skip
    assert any(expected)
    assert not all(expected)
    text = "count(e, theta_lab in 12.4..155.1 and pT_lab > 0.2) >= 1"
    assert _passing(text, eeee) == expected


def test_extremes_in_the_centre_of_mass(eeee: Events) -> None:
    def largest(i: int) -> float:
        return max(float((MACHINE.to_cm @ p)[3]) for code, p in _particles(eeee, i) if code == -11)

    expected = [largest(i) < 5.2 for i in range(len(eeee))]
    assert any(expected)
    assert not all(expected)
    assert _passing("max(E_cm, e+) < 5.2", eeee) == expected


def test_smallest_opposite_sign_mass(eeee: Events) -> None:
    def smallest(i: int) -> float:
        listed = _particles(eeee, i)
        return min(_mass(p + q) for a, p in listed for b, q in listed if a == 11 and b == -11)

    expected = [smallest(i) > 0.5 for i in range(len(eeee))]
    assert any(expected)
    assert not all(expected)
    assert _passing("min_pair_mass(e) > 0.5", eeee) == expected
    assert _passing("max_pair_mass(e) >= min_pair_mass(e)", eeee) == [True] * len(eeee)


def test_mass_of_everything_is_the_collision_energy(eeee: Events) -> None:
    text = f"{MACHINE.sqrt_s - 1e-6} < mass(any) < {MACHINE.sqrt_s + 1e-6}"
    assert all(_passing(text, eeee))
    assert all(_passing(f"sum(E_lab, any) - {MACHINE.total[3]} in -1e-9..1e-9", eeee))


def test_single_particle_quantities_in_both_frames() -> None:
    events = get_process("bhabha").generate(400, 2)
    expected = [30.0 < _theta(MACHINE.to_cm @ events.p4[2 * i]) < 60.0 for i in range(400)]
    assert any(expected)
    assert _passing("30 < theta_cm(e-) < 60", events) == expected
    assert _passing("costheta_cm(e-) + costheta_cm(e+) in -1e-9..1e-9", events) == [True] * 400
    assert _passing("(pT_cm(e-) - p_cm(e-)) * 2 <= 0", events) == [True] * 400


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("1 + 2 * 3 == 7", True), ("(1 + 2) * 3 == 9", True), ("1 - 2 - 3 == -4", True),
        ("8 / 4 / 2 == 1", True), ("--1 == 1", True), ("1 < 2 < 3", True), ("1 < 3 < 2", False),
        ("1 < 2 or 1 > 2 and 1 > 2", True), ("not 1 < 2 or 1 < 2", True),
        ("not (1 < 2 or 1 < 2)", False), ("not not 1 < 2", True), ("2 in 1..3", True),
        ("2.5 in 1.5..2.", False), (".5 in 0.25..1e0", True), ("1e3 == 1000", True),
        ("1 != 1", False), ("0 / 0 == 0", False),
    ],
)  # fmt: skip
def test_arithmetic_and_precedence(text: str, truth: bool) -> None:
    events = get_process("bhabha").generate(1, 1)
    assert _passing(text, events) == [truth]


def test_no_particle_means_no_pass_for_extremes() -> None:
    events = get_process("bhabha").generate(3, 1)
    assert _passing("min(E_lab, gamma) > 0", events) == [False] * 3
    assert _passing("min(E_lab, gamma) < 1e9", events) == [False] * 3
    assert _passing("min_pair_mass(mu) > 0", events) == [False] * 3
    assert _passing("count(gamma) == 0", events) == [True] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("theta_cmm(e-) > 1", r"position 1: unknown quantity or function.*nearest: 'theta_cm'"),
        ("theta_cm(el-) > 1", r"position 10: unknown particle 'el-'.*nearest: 'e-'"),
        ("theta_cm(mu-) > 1", r"position 10: the final state has no 'mu-'; allowed: e-, e\+, e"),
        ("E_lab(e) > 1", r"position 7: E_lab\(e\) needs exactly one such particle.*count"),
        ("theta_cm(e-)", r"position 1: must be a condition, not a number"),
        ("(1 < 2) + 1 > 2", r"position 1: must be a number, not a condition"),
        ("1 < 2 3", r"position 7: '3' stands where 'and', 'or' or the end is needed"),
        ("", r"position 1: the end stands where a number"),
        ("count(e, E_lab)", r"position 10: must be a condition"),
        ("count(e, count(e) > 1) > 1", r"position 10: 'count' is of a whole event"),
        ("1 in 2", r"position 7: the end stands where '\.\.' is needed"),
        ("count() > 1", r"position 7: '\)' stands where the name of a particle"),
        ("__import__('os')", r"position 1: unknown quantity or function '__import__'"),
        ("(" * 200 + "1<2" + ")" * 200, r"nested more than 50 deep"),
    ],
)  # fmt: skip
def test_errors_name_position_given_and_allowed(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_cut(text, (11, -11))


_WORDS = st.sampled_from([
    *QUANTITIES, *PARTICLES, "count", "min", "mass", "and", "or", "not", "in", "..", "(", ")",
    ",", "<", ">=", "==", "+", "-", "*", "/", "1", "2.5", "e", "", "=", "&", "\x00", "θ", "1e999",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=14).map(" ".join) | st.text(max_size=30))
def test_nonsense_is_a_cut_or_one_clear_error(text: str) -> None:
    events = CutEvents(BHABHA, MACHINE)
    try:
        cut = read_cut(text)
    except InputError as error:
        message = str(error)
    else:
        message = "position"
        assert cut.apply(events).shape == (2,)
    assert "position" in message
