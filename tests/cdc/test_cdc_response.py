"""Times, efficiency, windows, background, truth, determinism, messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.wire_hits import TIME_TICK_NS, WireHits
from sim.detector.cdc import response as module
from sim.detector.cdc.background import draw_hits, draw_tracks, expected_hits, wire_rates
from sim.detector.cdc.cells import DISTANCE, FLIGHT, PATH, Z
from sim.detector.cdc.config import CdcConfig, DriftConfig, TimingConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse, CdcTruth
from sim.events import Events, concatenate

Gun = Callable[..., Events]
NONE = WireBackgroundConfig(level=0.0)
READOUT = TimingConfig(inner_window=208, outer_window=384)


def _same(a: WireHits, b: WireHits) -> bool:
    return all(
        getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in ("offsets", "wire", "time")
    )


def test_tick_is_half_a_bucket_pair() -> None:
    assert pytest.approx(1.9651, abs=1e-4) == TIME_TICK_NS
    assert pytest.approx(TIME_TICK_NS) == 2e3 / 1017.774
    assert pytest.approx((408.7, 754.6), abs=0.1) == (208 * TIME_TICK_NS, 384 * TIME_TICK_NS)


def test_times_are_flight_drift_and_propagation(gun: Gun) -> None:
    """Without resolution and jitter: collision + flight + |d| / v + (z - z_b) √(1+s²) / c_w."""
    config = CdcConfig(
        drift=DriftConfig(efficiency=1.0, clusters=1e4),
        timing=TimingConfig(resolution=0.0, collision=40.0, jitter=0.0),
        background=NONE,
    )
    response = CdcResponse(config)
    truth = response.explain(gun(13, 1.0, 70.0, np.arange(0.0, 360.0, 9.0)), 1)
    table, layer = response.geometry.table, response.geometry.layer[truth.hits.wire]
    columns = truth.crossings.columns[truth.crossing]
    slope = response.geometry.line[truth.hits.wire, 2:]
    way = (columns[:, Z] - table.z_backward[layer]) * np.sqrt(1.0 + (slope**2).sum(axis=1))
    time = 40.0 + columns[:, FLIGHT] + np.abs(columns[:, DISTANCE]) / 4e-3 + way / 27.25
    np.testing.assert_array_equal(truth.hits.time, np.floor(time / 1.96507).astype(int))
    # One wire is at most 2.3 m long, a cell's corner 1.26 cm away.
    assert truth.hits.time.max() * TIME_TICK_NS < 40.0 + 8.0 + 320.0 + 9.0


def test_a_table_of_drift_times_replaces_the_velocity(gun: Gun) -> None:
    table = ((0.0, 0.0), (0.4, 80.0), (0.8, 200.0))
    config = CdcConfig(
        drift=DriftConfig(efficiency=1.0, clusters=1e4, table=table),
        timing=TimingConfig(resolution=0.0, jitter=0.0, collision=0.0),
        background=NONE,
    )
    response = CdcResponse(config)
    truth = response.explain(gun(13, 1.0, 90.0, np.arange(0.0, 360.0, 9.0)), 1)
    columns, layer = truth.crossings.columns[truth.crossing], response.geometry.layer
    way = columns[:, Z] - response.geometry.table.z_backward[layer[truth.hits.wire]]
    drift = truth.hits.time * TIME_TICK_NS - columns[:, FLIGHT] - way / 27.25
    distance = np.abs(columns[:, DISTANCE])
    expected = np.where(
        distance < 0.4, distance * 200.0, 80.0 + (distance - 0.4) * 300.0
    )  # the last slope goes on
    assert np.abs(drift - expected).max() < TIME_TICK_NS + 0.05


def test_resolution_and_jitter(gun: Gun) -> None:
    """Residuals are normal with the resolution plus a tick's evenness; jitter is even."""
    response = CdcResponse(CdcConfig(drift=DriftConfig(efficiency=1.0), background=NONE))
    n = 400
    truth = response.explain(gun(13, 2.0, 80.0, np.linspace(0.0, 360.0, n, endpoint=False)), 5)
    table, layer = response.geometry.table, response.geometry.layer[truth.hits.wire]
    columns = truth.crossings.columns[truth.crossing]
    slope = response.geometry.line[truth.hits.wire, 2:]
    way = (columns[:, Z] - table.z_backward[layer]) * np.sqrt(1.0 + (slope**2).sum(axis=1))
    time = columns[:, FLIGHT] + np.abs(columns[:, DISTANCE]) / 4e-3 + way / 27.25
    residual = (truth.hits.time + 0.5) * TIME_TICK_NS - time
    residual -= truth.collision[truth.hits.window_of]
    m = len(residual)
    assert residual.mean() == pytest.approx(0.0, abs=5.0 * 4.0 / np.sqrt(m))
    assert residual.std() == pytest.approx(np.hypot(4.0, TIME_TICK_NS / np.sqrt(12)), rel=0.03)
    clock = 16 * TIME_TICK_NS
    phase = (truth.collision - clock) / clock
    assert ((phase >= 0.0) & (phase < 1.0)).all()
    assert phase.std() == pytest.approx(1.0 / np.sqrt(12), rel=0.15)


def test_efficiency_of_wires_and_layers(gun: Gun) -> None:
    """Hits over cells with a long way: the efficiency times 1 - exp(-clusters · way)."""
    drift = DriftConfig(efficiency=0.9, layer_efficiency=((10, 0.5), (52, 0.0)))
    response = CdcResponse(CdcConfig(drift=drift, background=NONE))
    n = 3000
    rng = np.random.default_rng(2)
    truth = response.explain(gun(13, 2.0, rng.uniform(40, 110, n), rng.uniform(0, 360, n)), 5)
    layer = response.geometry.layer[truth.crossings.wire]
    hit = np.zeros(len(layer), dtype=bool)
    hit[truth.crossing] = True
    path = truth.crossings.columns[:, PATH]
    for chosen, expected in (
        ((layer == 10) & (path > 1.0), 0.5),
        ((layer == 52), 0.0),
        ((layer == 30) & (path > 1.0), 0.9),
    ):
        error = np.sqrt(max(expected * (1 - expected), 1e-9) / chosen.sum())
        assert hit[chosen].mean() == pytest.approx(expected, abs=4.0 * error)
    short = (path < 0.05) & (layer != 10) & (layer != 52)
    expected = (0.9 * (1.0 - np.exp(-20.0 * path[short]))).mean()
    assert hit[short].mean() == pytest.approx(expected, abs=4.0 * 0.5 / np.sqrt(short.sum()))


def test_a_wire_has_one_hit_the_first(gun: Gun) -> None:
    """Two tracks on top of each other: the later one's times never show."""
    first = gun(13, 1.0, 80.0, 33.0)
    later = gun(13, 1.0, 80.0, 33.0)
    later.vertex[:, 3] = 50.0
    both = concatenate((first, later))
    both = Events(np.array((0, 2)), both.pdg, both.p4, both.vertex, np.ones(1))
    config = CdcConfig(
        drift=DriftConfig(efficiency=1.0, clusters=1e4),
        timing=TimingConfig(resolution=0.0, jitter=0.0), background=NONE,
    )  # fmt: skip
    config = replace(config, medium=replace(config.medium, scattering=0.0))
    response = CdcResponse(config)
    truth = response.explain(both, 1)
    assert _same(truth.hits, response.respond(first, 1))
    assert (truth.particle == 0).all()
    assert len(truth.crossings.wire) == 2 * len(truth.hits.wire)
    assert (np.diff(truth.hits.wire.astype(int)) > 0).all()


def test_windows_bound_the_times(gun: Gun) -> None:
    """A vertex 600 ns late is outside the trigger's window, inside the readout's only in part."""
    events = gun(13, 1.0, 80.0, np.arange(0.0, 360.0, 30.0))
    events.vertex[:, 3] = 600.0
    assert len(CdcResponse(CdcConfig(background=NONE)).respond(events, 1).wire) == 0
    response = CdcResponse(CdcConfig(background=NONE, timing=READOUT))
    hits = response.respond(events, 1)
    assert len(hits.wire) > 0
    assert (response.geometry.layer[hits.wire] >= 8).all()
    assert hits.time.max() < 384


def test_background_is_rate_times_window() -> None:
    """10.375 wire-ms in the readout's windows: 228, 1040 and 2075 hits for 22, 100 and 200 kHz."""
    geometry = CdcResponse(CdcConfig()).geometry
    for rate, hits in ((22.0, 228), (100.0, 1040), (200.0, 2075)):
        config = CdcConfig(timing=READOUT, background=WireBackgroundConfig(rate=rate))
        assert expected_hits(config, geometry).sum() == pytest.approx(hits, rel=3e-3)
        assert expected_hits(config, geometry).sum() == pytest.approx(10.375 * rate, rel=1e-4)


def test_background_hits_are_poisson_and_even() -> None:
    weights = (3.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 0.0, 1.0)
    background = WireBackgroundConfig(rate=100.0, level=0.5, superlayer_weights=weights, tracks=0.0)
    config = CdcConfig(background=background)
    geometry = CdcResponse(config).geometry
    n = 400
    random = draw_hits(config, geometry, n, np.random.default_rng(4))
    expected = expected_hits(config, geometry)
    total = np.diff(random.offsets)
    assert total.mean() == pytest.approx(expected.sum(), abs=4.0 * np.sqrt(expected.sum() / n))
    assert total.var() == pytest.approx(expected.sum(), rel=0.3)
    counts = np.bincount(geometry.layer[random.wire], minlength=56)
    pull = (counts - n * expected)[expected > 0] / np.sqrt(n * expected[expected > 0])
    assert np.abs(pull).max() < 4.5
    assert (counts[expected == 0] == 0).all()
    rates = wire_rates(config, geometry)
    assert (rates * geometry.table.cells).sum() / 14336 == pytest.approx(50.0)
    ticks = np.bincount(random.tick, minlength=256)
    assert len(ticks) == 256
    assert ticks.std() / np.sqrt(ticks.mean()) == pytest.approx(1.0, abs=0.2)
    own = random.wire[geometry.layer[random.wire] == 4] - geometry.first_wire[4]
    assert set(own.tolist()) == set(range(160))


def test_hit_wires_of_an_empty_window() -> None:
    """Distinct wires: Σ 1 - exp(-rate · window), less than the hits that were drawn."""
    background = WireBackgroundConfig(rate=300.0, tracks=0.0)
    response = CdcResponse(CdcConfig(background=background))
    n = 200
    hits = response.background_events(n, 3)
    mean = 14336 * -np.expm1(-300e-6 * 256 * TIME_TICK_NS)
    assert len(hits.wire) / n == pytest.approx(mean, abs=4.0 * np.sqrt(mean / n))
    with pytest.raises(InputError, match="given -1 windows"):
        response.background_events(-1, 3)


def test_background_tracks() -> None:
    background = WireBackgroundConfig(rate=0.0, tracks=1000.0, level=2.0)
    config = CdcConfig(background=background)
    n = 3000
    offsets, tracks = draw_tracks(config, n, np.random.default_rng(6))
    mean = 2e-3 * (500.0 + 256 * TIME_TICK_NS)
    assert offsets[-1] / n == pytest.approx(mean, abs=4.0 * np.sqrt(mean / n))
    z = tracks.vertex[:, 2]
    assert np.abs(z).max() <= 100.0
    assert np.histogram(z, bins=10)[0].std() < 0.1 * offsets[-1] / 10
    pt = np.hypot(tracks.p4[:, 0], tracks.p4[:, 1])
    assert (pt.min() >= 0.1, pt.mean()) == (True, pytest.approx(0.5, rel=0.05))
    assert np.abs(tracks.charge.mean()) < 0.06
    hits = CdcResponse(config).background_events(500, 1)
    assert len(hits.wire) > 500


def test_equal_keys_give_equal_bytes_and_events_do_not_know_of_later_ones(
    spray: Gun, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = CdcResponse(CdcConfig())
    events = spray(211, 60)
    hits = response.respond(events, 5, 2)
    assert _same(hits, CdcResponse(CdcConfig()).respond(events, 5, 2))
    assert _same(hits, response.explain(events, 5, 2).hits)
    assert not _same(hits, response.respond(events, 6, 2))
    assert not _same(hits, response.respond(events, 5, 3))
    monkeypatch.setattr(module, "BLOCK", 7)
    assert _same(hits, response.respond(events, 5, 2))
    alone = CdcResponse(CdcConfig(background=NONE))
    few = alone.respond(events.select(np.arange(20)), 5, 2)
    assert _same(few, alone.respond(events, 5, 2).select(np.arange(20)))
    assert len(hits) == 60
    assert len(response.respond(events.select(np.arange(0)), 5, 2)) == 0


def test_truth_links_hits_to_their_particles(quiet: CdcResponse, spray: Gun) -> None:
    truth = quiet.explain(spray(211, 50), 1)
    assert (truth.particle == truth.hits.window_of).all()
    assert (truth.crossings.wire[truth.crossing] == truth.hits.wire).all()
    noisy = CdcResponse(CdcConfig()).explain(spray(211, 50), 1)
    part = (noisy.particle == -1).sum() / 50
    mean = 14336 * 22e-6 * 256 * TIME_TICK_NS
    assert part == pytest.approx(mean, rel=0.1)


def test_decays_are_those_of_the_calorimeter(gun: Gun) -> None:
    """K_S → π π: one vertex, displaced, and the same in both detectors."""
    from sim.detector.decays import decay_all
    from sim.detector.particles import classify
    from sim.streams import stream

    events = gun(211, 1.0, 90.0, np.arange(0.0, 360.0, 30.0))
    events.pdg[:] = 310
    truth: CdcTruth = CdcResponse(CdcConfig(background=NONE)).explain(events, 9, 4)
    again, _ = decay_all(events, classify(events.pdg), stream(9, "ecl/response/decays", 4))
    np.testing.assert_array_equal(truth.events.vertex, again.vertex)
    assert len(truth.hits.wire) > 0


def test_hit_counts_follow_the_geometry(quiet: CdcResponse, gun: Gun) -> None:
    """Stiff tracks at 90°: 56 layers times the efficiency, and a few neighbours."""
    n = 500
    hits = quiet.respond(gun(13, 3.0, 90.0, np.linspace(0.0, 360.0, n, endpoint=False)), 1)
    layers = [
        len(set(quiet.geometry.layer[hits.wire[a:b]].tolist()))
        for a, b in zip(hits.offsets[:-1], hits.offsets[1:], strict=True)
    ]
    assert 0.96 * 56 < np.mean(layers) < 0.985 * 56
    assert 0.97 * 56 < len(hits.wire) / n < 1.15 * 56


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"drift": {"velocty": 3}}, "cdc.drift: unknown parameter 'velocty' (nearest: 'velocity')"),
        ({"drift": {"efficiency": 1.5}}, "cdc.drift.efficiency: given 1.5; allowed"),
        ({"drift": {"layer_efficiency": {"56": 0.5}}}, "given layer 56; allowed: 0 to 55"),
        ({"drift": {"layer_efficiency": {"x": 0.5}}}, "given layer 'x'; allowed: 0 to 55"),
        ({"drift": {"table": [[0, 0], [1, 5], [0.5, 9]]}}, "does not rise from (0, 0)"),
        ({"drift": {"table": 3}}, "allowed: a list of pairs"),
        ({"background": {"superlayer_weights": [1, 2]}}, "allowed: 9 numbers"),
        ({"background": {"level": -1}}, "cdc.background.level: given -1; allowed"),
        ({"invisible": 5}, "cdc.invisible: given 5; allowed: a list"),
    ],
)
def test_messages(table: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        CdcConfig.from_mapping(table, "cdc")
    assert message in str(caught.value)


def test_configuration_from_a_table() -> None:
    table = {
        "drift": {"table": [[0, 0], [0.5, 100], [1.0, 260]], "layer_efficiency": {"3": 0.8}},
        "timing": {"outer_window": 384},
        "background": {"superlayer_weights": [2, 1, 1, 1, 1, 1, 1, 1, 1]},
    }
    config = CdcConfig.from_mapping(table, "cdc")
    assert config.drift.efficiencies()[2:5].tolist() == [0.97, 0.8, 0.97]
    assert config.timing.windows()[[7, 8]].tolist() == [256, 384]
    assert config.drift.relation()[1].tolist() == [0.0, 100.0, 260.0]
