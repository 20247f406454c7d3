"""The CM look-up table against published entries, four-vector algebra and its own symmetries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.cm_table import PHI_LOW, THETA_LOW, cm_table
from firmware_models.trigger_cells import cell_map
from hdl.generate_rtl import rom_words

# ecl_klm_gdl section 2 of the reference notes: the barrel row near φ = 206° of basf2 TrgEclDataBase
PUBLISHED_THETA = (47, 54, 62, 71, 80, 89, 99, 108, 117, 125, 133, 137)
PUBLISHED_SCALE = (12, 12, 11, 11, 11, 10, 10, 9, 9, 8, 8, 8)
PUBLISHED_PHI = 206

# same notes, section 1: range over φ of the CM polar angle of each ring [degree]
THETA_RANGE = (
    (17.8, 23.7), (26.7, 32.3), (35.1, 40.3), (42.6, 47.4), (50.1, 54.4), (58.4, 62.2),
    (67.6, 70.7), (77.5, 79.8), (87.7, 89.2), (98.1, 98.7), (108.2, 108.4), (117.0, 118.0),
    (125.2, 126.7), (132.5, 134.5), (137.4, 139.7), (143.8, 146.5), (153.0, 156.1),
)  # fmt: skip


def test_published_barrel_row() -> None:
    """θ and e are equal at the φ of the row; φ differs by the published table's own offset."""
    row = cell_map().id_of[4:16, 21]
    words = [rom_words()[tc] for tc in row]
    assert tuple((word >> THETA_LOW) & 0xFF for word in words) == PUBLISHED_THETA
    assert tuple(word & 0xF for word in words) == PUBLISHED_SCALE
    offsets = {PUBLISHED_PHI - ((word >> PHI_LOW) & 0x1FF) for word in words}
    assert offsets <= {2, 3}
    assert [word >> 21 for word in words] == list(range(4, 16))


@pytest.mark.parametrize("theta_id", range(1, 18))
def test_polar_angle_stays_in_the_published_range(theta_id: int) -> None:
    ring = cm_table().theta[cell_map().theta_id == theta_id]
    low, high = THETA_RANGE[theta_id - 1]
    assert math.floor(low) <= ring.min()
    assert ring.max() <= math.ceil(high)


def _lorentz(vector: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Boost (E, p) with the full 4×4 matrix."""
    gamma = 1 / math.sqrt(1 - beta @ beta)
    matrix = np.eye(4)
    matrix[0, 0] = gamma
    matrix[0, 1:] = matrix[1:, 0] = -gamma * beta
    matrix[1:, 1:] += (gamma - 1) * np.outer(beta, beta) / (beta @ beta)
    return matrix @ vector


def test_every_entry_from_the_boost_matrix() -> None:
    """Rounding may differ by one count only where the exact value lies on a half."""
    half = 0.083 / 2
    electron = 7.007 * np.array([1, math.sin(half), 0, math.cos(half)])
    positron = 4.002 * np.array([1, math.sin(half), 0, -math.cos(half)])
    total = electron + positron
    beta = total[1:] / total[0]
    axis = _lorentz(electron, beta)[1:]
    axis /= np.linalg.norm(axis)
    across = np.array([axis[2], 0, -axis[0]])
    cells, table = cell_map(), cm_table()
    for tc in range(1, 577):
        theta, phi = math.radians(cells.theta_deg[tc]), math.radians(cells.phi_deg[tc])
        photon = np.array([1, math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi),
                           math.cos(theta)])  # fmt: skip
        boosted = _lorentz(photon, beta)
        unit = boosted[1:] / boosted[0]
        exact = (
            math.degrees(math.acos(unit @ axis)),
            math.degrees(math.atan2(unit[1], unit @ across)) % 360,
            10 / boosted[0],
        )
        found = (table.theta[tc], table.phi[tc], table.scale[tc])
        for value, entry in zip(exact, found, strict=True):
            distance = abs(value - entry)
            assert min(distance, 360 - distance) <= 0.5 + 1e-9, (tc, exact, found)


def test_entries_fit_their_fields() -> None:
    table = cm_table()
    assert table.theta[0] == table.phi[0] == table.scale[0] == 0
    assert table.theta[1:].min() > 0
    assert table.theta.max() < 180
    assert table.phi.min() >= 0
    assert table.phi.max() < 360
    assert table.scale[1:].min() > 0
    assert table.scale.max() < 16


def test_mirror_in_the_beam_plane() -> None:
    """The beams lie in the xz plane, so φ and −φ have the same θ and e."""
    cells, table = cell_map(), cm_table()
    for ring in range(4, 16):
        row = cells.id_of[ring, 1:37]
        assert np.array_equal(table.theta[row], table.theta[row[::-1]])
        assert np.array_equal(table.scale[row], table.scale[row[::-1]])
