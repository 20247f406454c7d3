"""Published limits on B → K S against lifetime imply a reach: our generator finds it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "displaced_closure.py"


@pytest.fixture(scope="module")
def closure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("displaced_closure", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_reach_of_the_published_limits(closure: ModuleType) -> None:
    """25, 15 and 10 cm, found before by an independent program on a grid of 5 cm from 10 cm on."""
    for mass, deviation in ((0.3, 0.05), (1.0, 0.1), (3.5, 0.1)):
        accepted = closure.acceptance(mass, 5, 60_000)
        found = closure.fit(1.0 / np.array(closure.LIMITS[mass]), accepted)
        assert found.reach_cm == pytest.approx(closure.EARLIER_CM[mass], abs=2.5)
        assert found.rms < deviation
        # A trigger that takes every vertex within 30 cm has this reach.
        ideal = closure.fit(accepted.within[np.searchsorted(closure.RADII, 30.0)], accepted)
        assert ideal.reach_cm == pytest.approx(30.0, abs=0.25)
        assert ideal.rms < 1e-12


def test_acceptance_is_the_closed_form_in_the_transverse_plane(closure: ModuleType) -> None:
    """Average of exp(-r₀ m/(pT cτ)) - exp(-r m/(pT cτ)) over the events in the chamber."""
    accepted, process = closure.acceptance(1.0, 6, 60_000), closure.process_of(1.0)
    events = process.generate(60_000, 7)
    parent = events.p4.reshape(-1, 3, 4)[:, 1:].sum(axis=1)
    slowness, flies = 1.0 / np.hypot(parent[:, 0], parent[:, 1]), closure.in_chamber(events)
    row = int(np.searchsorted(closure.RADII, 20.0))
    for column, ctau in enumerate(closure.CTAU_CM):
        near, far = (np.exp(-r * slowness / ctau) for r in (closure.INNER_CM, 20.0))
        expected = np.mean(flies * (near - far))
        assert accepted.within[row, column] == pytest.approx(expected, rel=0.05)
