"""Events to cross-section to coupling."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import InputError
from trigger.statistics.conversion import coupling_limit, sigma_limit_fb
from trigger.statistics.limits import signal_limit


def test_events_to_cross_section() -> None:
    found = sigma_limit_fb(
        [3.0, 6.0], luminosity_inv_fb=20.0, trigger_efficiency=[0.5, 0.0], offline_efficiency=0.3
    )
    assert found.tolist() == [1.0, np.inf]


def test_background_limited_coupling_scales_with_luminosity_to_minus_a_quarter() -> None:
    # B proportional to L: sigma ~ sqrt(B)/L, g ~ sigma**(1/2).
    coupling = []
    for luminosity in (1e6, 16e6):
        events = signal_limit(15.0 * luminosity, cl=0.9, method="asimov")
        sigma = sigma_limit_fb(
            events, luminosity_inv_fb=luminosity, trigger_efficiency=1.0, offline_efficiency=1.0
        )
        coupling.append(
            float(coupling_limit(sigma, sigma_reference_fb=1.06, coupling_reference=1e-4))
        )
    assert coupling[0] / coupling[1] == pytest.approx(2.0, rel=1e-3)


def test_couplings_return_their_cross_section() -> None:
    sigma = np.array([0.5, 7.0, np.inf, 1.0])
    reference = np.array([2.0, 2.0, 2.0, 0.0])
    for power in (2.0, 4.0):
        g = coupling_limit(
            sigma, sigma_reference_fb=reference, coupling_reference=1e-3, power=power
        )
        assert np.allclose(2.0 * (g[:2] / 1e-3) ** power, sigma[:2])
        assert np.isinf(g[2:]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"luminosity_inv_fb": 0.0}, "luminosity must be above 0"),
        ({"trigger_efficiency": 1.2}, "trigger efficiency must lie between 0 and 1, not 1.2"),
        ({"offline_efficiency": -0.1}, "offline efficiency must be finite and at least 0"),
        ({"signal_limit": np.nan}, "not NaN"),
    ],
)
def test_errors_of_cross_sections(change: dict[str, float], message: str) -> None:
    given = {"signal_limit": 3.0, "luminosity_inv_fb": 1.0,
             "trigger_efficiency": 1.0, "offline_efficiency": 1.0}  # fmt: skip
    with pytest.raises(InputError, match=message):
        sigma_limit_fb(**(given | change))  # type: ignore[arg-type]


def test_errors_of_couplings() -> None:
    for change in ({"coupling_reference": 0.0}, {"power": -1.0}, {"sigma_reference_fb": -1.0}):
        given = {"sigma_limit_fb": 1.0, "sigma_reference_fb": 1.0, "coupling_reference": 1.0}
        with pytest.raises(InputError, match=r"above 0|at least 0"):
            coupling_limit(**(given | change))
