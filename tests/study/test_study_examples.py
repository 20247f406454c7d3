"""The example studies: every name resolves, and every table gets events of its sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.study.checks import check_study
from sim.study.chunk import Context
from sim.study.config import load_study
from sim.study.run import run_study
from sim.study.scenarios import scenario_studies
from sim.study.tasks import event_counts
from sim.truth import truth_variables
from trigger.efficiency import EfficiencyTable

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "studies"
STUDIES = [path for path in sorted(FOLDER.glob("*.toml")) if "[[efficiency]]" in path.read_text()]
TRACK_LINES = {"stt", "fyo", "ffy", "ff", "fff", "ffb", "ff30"}


@pytest.mark.parametrize("path", STUDIES, ids=[path.stem for path in STUDIES])
def test_names_resolve_and_tables_are_filled(path: Path) -> None:
    config = load_study(path)
    context = Context(config)
    check_study(context)
    used = set()
    for sample in config.samples:
        assert sample.process is not None
        n = 4000 if sample.name == "muons_photon" else 1000  # few have one muon and a photon
        events = context.process(sample).generate(n, 1)
        truth = truth_variables(events, context.machine)
        for entry in (each for each in config.efficiency if each.sample == sample.name):
            used.add(sample.name)
            inside = np.ones(n, dtype=bool)
            for cut in entry.where:
                inside &= (truth[cut.variable] >= cut.low) & (truth[cut.variable] < cut.high)
            chosen = np.sum(inside)
            for axis in entry.axes:
                value, edges = truth[axis.variable], axis.edge_values()
                reach = value[inside]
                # The axis covers what the sample gives after the cuts, and is not much wider.
                inside &= (value >= edges[0]) & (value < edges[-1])
                assert np.ptp(reach) > 0.75 * (edges[-1] - edges[0]), (entry.label, axis.variable)
            assert np.sum(inside) >= max(20, 0.3 * chosen), entry.label
    assert used == {sample.name for sample in config.samples}


def test_track_study_has_a_table_of_every_track_line() -> None:
    config = load_study(FOLDER / "tracks.toml")
    lines: dict[str, set[str]] = {}
    for entry in config.efficiency:
        for line in entry.lines:
            lines.setdefault(line, set()).update(axis.variable for axis in entry.axes)
    assert set(lines) == TRACK_LINES
    assert {"chargedP", "chargedTheta", "chargedD0", "chargedZ0", "chargedRho"} <= lines["stt"]
    assert {"chargedMinPT", "chargedTheta", "chargedD0", "chargedRho"} <= lines["fyo"]
    assert not any(sample.rates for sample in config.samples)


def test_tracks_off_the_collision_point_are_flat_in_z_from_the_beam_pipe() -> None:
    context = Context(load_study(FOLDER / "tracks.toml"))
    (sample,) = (each for each in context.config.samples if each.name == "off_ip")
    events = context.process(sample).generate(5000, 1)
    np.testing.assert_allclose(np.hypot(events.vertex[:, 0], events.vertex[:, 1]), 1.0)
    z = np.sort(events.vertex[:, 2])
    # Kolmogorov's distance, exceeded once in 2000 cases.
    assert np.max(np.abs((z + 100.0) / 200.0 - np.arange(5000) / 5000)) < 2.1 / np.sqrt(5000)
    assert np.all(np.sum(events.vertex[:, :2] * events.p4[:, :2], axis=1) >= 0.0)


def test_every_track_line_of_the_example_fires() -> None:
    config = load_study(FOLDER / "tracks.toml")
    small = config.model_copy(
        update={"study": config.study.model_copy(update={"events": 4000, "chunk": 1000})}
    )
    result = run_study(small)
    passed: dict[str, float] = {}
    for (_, line), table in result.tables.items():
        assert isinstance(table, EfficiencyTable)
        passed[line] = passed.get(line, 0.0) + float(table.n_pass.sum())
    assert set(passed) == TRACK_LINES
    assert min(passed.values()) > 10


def test_study_of_luminosities_names_what_exists_and_covers_the_packaged_processes() -> None:
    config, packaged = load_study(FOLDER / "rates_vs_luminosity.toml"), load_study()
    check_study(Context(config))
    assert [s for s in config.samples if not s.background] == [
        s for s in packaged.samples if s.rates and not s.background
    ]
    studies = scenario_studies(config)
    assert [s.scenario.luminosity_cm2_s for s in studies] == [1e34, 4.7e34, 6e35]
    # The docs' factors.
    assert [s.level for s in studies] == pytest.approx([0.215, 1.0, 6.64], rel=2e-3)
    for study in studies:
        windows = [n for n, s in zip(event_counts(study.config), study.config.samples, strict=True)
                   if s.background]  # fmt: skip
        # One accidental trigger is worth less than 25 Hz.
        assert 3_975_680 / windows[0] < 25
