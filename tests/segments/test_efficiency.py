"""Passages of particles and the segments found of them."""

from __future__ import annotations

import numpy as np

from firmware_models.segment_finding import Segments, find_segments
from firmware_models.segment_lut import undetermined
from sim.detector.cdc.config import CdcConfig, DriftConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse, CdcTruth
from sim.detector.cdc.truth import segment_truth
from sim.events import Events
from sim.segments.efficiency import passages
from sim.segments.labels import label, segment_numbers
from sim.segments.lookup import samples
from sim.segments.single_tracks import single_tracks

FIRST = np.cumsum([0, 160, 160, 192, 224, 256, 288, 320, 352, 384])


def pairs(n: int, config: CdcConfig) -> tuple[CdcTruth, Segments]:
    """Return events of two tracks and their segments."""
    one = single_tracks(2 * n, 5)
    events = Events(2 * np.arange(n + 1), one.pdg, one.p4, one.vertex, np.ones(n))
    truth = CdcResponse(config).explain(events, 5)
    return truth, find_segments(truth.hits, lut=undetermined())


def test_passages_equal_a_plain_loop() -> None:
    truth, segments = pairs(40, CdcConfig(drift=DriftConfig(efficiency=0.8)))
    rows = passages(truth, segments)
    told = set(zip(label(truth, segments).particle.tolist(),
                   segment_numbers(segments).tolist(), strict=True))  # fmt: skip
    expected: dict[tuple[int, int], bool] = {}
    true = segment_truth(truth.crossings)
    for particle, segment in zip(true.particle.tolist(), true.segment.tolist(), strict=True):
        part = int(np.searchsorted(FIRST, segment, side="right")) - 1
        size = int(FIRST[part + 1] - FIRST[part])
        near = [FIRST[part] + (segment - FIRST[part] + step) % size for step in (-1, 0, 1)]
        hit = any((particle, int(other)) in told for other in near)
        expected[particle, part] = expected.get((particle, part), False) or hit
    found = dict(zip(zip(rows.particle.tolist(), rows.superlayer.tolist(), strict=True),
                     rows.found.tolist(), strict=True))  # fmt: skip
    assert found == expected
    assert 0.1 < np.mean(list(found.values())) < 0.99


def test_nothing_is_lost_in_an_ideal_chamber() -> None:
    config = CdcConfig(
        drift=DriftConfig(efficiency=1.0, clusters=1e4),
        background=WireBackgroundConfig(level=0.0),
    )
    for truth, segments in samples(800, 3, config):
        rows = passages(truth, segments)
        stiff = np.hypot(truth.events.p4[:, 0], truth.events.p4[:, 1])[rows.particle] > 0.5
        assert stiff.sum() > 2500
        assert rows.found[stiff].all()


def test_four_of_five_layers() -> None:
    # With one cell a layer: 0.97⁵ + 5 · 0.97⁴ · 0.03 = 0.9915; inclined tracks are in more cells.
    config = CdcConfig(background=WireBackgroundConfig(level=0.0))
    for truth, segments in samples(3000, 4, config):
        rows = passages(truth, segments)
        pt = np.hypot(truth.events.p4[:, 0], truth.events.p4[:, 1])[rows.particle]
        prompt = ~truth.events.vertex[rows.particle, :2].any(axis=1)
        share = rows.found[(pt > 1.0) & prompt].mean()
        n = int(((pt > 1.0) & prompt).sum())
        expected = 0.97**5 + 5 * 0.97**4 * 0.03
        error = np.sqrt(expected * (1 - expected) / n)
        assert abs(share - expected) < 4 * error + 0.0015  # cells beside, corners that fire nothing
