"""The machine's frames: published figures, Lorentz group identities."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import MINKOWSKI, Machine, superkekb_with_spread, transform
from sim.streams import stream


def test_superkekb_frame_has_the_published_figures() -> None:
    machine = Machine()
    assert machine.sqrt_s == pytest.approx(10.5796, abs=1e-4)
    assert machine.boost == pytest.approx([0.0415, 0.0, 0.2725], abs=1e-4)
    beta = float(np.linalg.norm(machine.boost))
    assert beta / np.sqrt(1.0 - beta**2) == pytest.approx(0.2868, abs=1e-4)
    assert np.arctan2(machine.boost[0], machine.boost[2]) == pytest.approx(0.151, abs=5e-4)


def test_matrices_belong_to_the_lorentz_group_and_invert_each_other() -> None:
    machine = Machine()
    for matrix in (machine.to_lab, machine.to_cm):
        assert matrix.T @ MINKOWSKI @ matrix == pytest.approx(MINKOWSKI, abs=1e-13)
        assert np.linalg.det(matrix) == pytest.approx(1.0, abs=1e-13)
        assert matrix[3, 3] >= 1.0
    assert machine.to_lab @ machine.to_cm == pytest.approx(np.eye(4), abs=1e-13)


def test_beams_are_opposite_along_z_in_the_centre_of_mass() -> None:
    machine = Machine()
    half = machine.sqrt_s / 2.0
    electron, positron = machine.to_cm @ machine.electron, machine.to_cm @ machine.positron
    assert electron[3] == pytest.approx(half, abs=1e-12)
    assert electron[:2] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert electron[2] > 0.0
    assert positron[:3] == pytest.approx(-electron[:3], abs=1e-12)
    assert machine.to_cm @ machine.total == pytest.approx([0, 0, 0, machine.sqrt_s], abs=1e-12)


def test_s_is_the_same_in_both_frames() -> None:
    machine = Machine()
    p4 = np.stack([machine.to_cm @ machine.electron, machine.to_cm @ machine.positron])[None]
    total = transform(machine.to_lab[None], p4).sum(axis=1)[0]
    assert total @ MINKOWSKI @ total == pytest.approx(machine.s, rel=1e-13)


def test_head_on_equal_beams_need_no_boost() -> None:
    machine = Machine(5.0, 5.0, 0.0)
    assert machine.to_lab == pytest.approx(np.eye(4), abs=1e-15)
    assert machine.sqrt_s == pytest.approx(10.0, abs=1e-12)


def test_energy_spread_moves_s_as_error_propagation_says() -> None:
    machine = superkekb_with_spread()
    sqrt_s, to_lab = machine.collide(40_000, stream(3, "test/beams"))
    relative = np.hypot(5.13e-3 / 7.004, 2.375e-3 / 4.002) / 2.0
    assert np.std(sqrt_s) == pytest.approx(machine.sqrt_s * relative, rel=0.02)
    assert np.mean(sqrt_s) == pytest.approx(machine.sqrt_s, abs=2e-4)
    identity = np.swapaxes(to_lab, 1, 2) @ MINKOWSKI @ to_lab
    assert np.max(np.abs(identity - MINKOWSKI)) < 1e-12


@pytest.mark.parametrize(
    "values",
    [
        {"electron_energy": -7.0},
        {"positron_energy": float("nan")},
        {"half_crossing": 2.0},
        {"electron_spread": -0.1},
        {"positron_spread": 1.0},
    ],
)
def test_impossible_machines_are_refused_by_name(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"machine.{next(iter(values))}: must be"):
        Machine(**values)
