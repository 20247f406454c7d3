"""The joined track trigger: words between blocks, invariances, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import deep_weights, neuro_weights
from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.cdc_segments import segment_map
from firmware_models.errors import InputError
from firmware_models.segment_dealing import list_words
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.processes import get_process
from tests.tracks import chain_oracle
from trigger import track_trigger
from trigger.track_trigger import TrackSteps, TrackTrigger

N = 120
STAMPS = 512

STAMPED = {
    "event": {"time": "valid"},
    "axial": {"time": "valid"},
    "tracks": {"time": "position"},
    "time": {"time": "valid", "earliest": "earliest_valid"},
    "given": {"axial_time": "axial_position", "stereo_time": "stereo_valid",
              "event_time": "event_valid"},
}  # fmt: skip
"""Fields that are stamps, and those that tell where they are in use."""


@pytest.fixture(scope="module")
def hits() -> WireHits:
    """Windows with three tracks and much background: several trackers find several tracks.

    Every tenth one has no hits, every eleventh a single one, every twelfth so many that segments
    are dropped.
    """
    events = get_process(
        "track_gun", tracks="3", p_min=0.4, theta_min=35.0, theta_max=125.0, z_width=5.0
    ).generate(N, 3, 0)
    config = CdcConfig.from_mapping({"background": {"level": 2.0}})
    found = CdcResponse(config).respond(events, 3, 0)
    windows = [slice(*found.offsets[i : i + 2]) for i in range(N)]
    wires, times = ([column[w] for w in windows] for column in (found.wire, found.time))
    rng = np.random.default_rng(6)
    for i in range(0, N, 10):
        wires[i], times[i] = wires[i][:0], times[i][:0]
    for i in range(5, N, 11):
        wires[i], times[i] = wires[i][:1], times[i][:1]
    for i in range(7, N, 12):
        wires[i] = np.flatnonzero(rng.random(14336) < 0.2).astype(np.uint16)
        times[i] = rng.integers(0, 300, len(wires[i])).astype(np.uint16)
    offsets = np.append(0, np.cumsum([len(wire) for wire in wires]))
    return WireHits(offsets, np.concatenate(wires), np.concatenate(times))


@pytest.fixture(scope="module")
def steps(hits: WireHits) -> TrackSteps:
    return TrackTrigger().steps(hits)


def words_of(steps: TrackSteps) -> dict[str, NDArray[np.void]]:
    """Return the words of all blocks."""
    names = ("event", "axial", "tracks", "time", "counts", "given", "inputs")
    return {name: getattr(steps, name) for name in names}


def lists_of(steps: TrackSteps) -> list[NDArray[np.void]]:
    """Return the segment finders' words, superlayer by superlayer."""
    slots, dropped = track_trigger.deal(steps.segments)
    return [list_words(steps.segments, slots, dropped, superlayer) for superlayer in range(9)]


def one_hot(count: int) -> list[int]:
    return [int(min(count, 4) == n) for n in (1, 2, 3, 4)]


def test_sample_has_what_it_is_made_for(hits: WireHits, steps: TrackSteps) -> None:
    assert {0, 1} <= set(np.diff(hits.offsets).tolist())
    assert steps.dropped.any()
    found = steps.tracks["valid"].sum(axis=1)
    assert {0, 1, 2} <= set(found.tolist())
    assert (found.reshape(-1, 4).sum(axis=1) >= 3).sum() > N / 3
    assert (steps.tracks["valid"] != 0).reshape(-1, 4, 6).any(axis=(0, 2)).all()
    # Tracks without one of their axial segments, and such with all.
    attached = (steps.given["axial_position"] > 0).sum(axis=1)[steps.given["valid"] == 1]
    assert {4, 5} <= set(attached.tolist())
    assert set(steps.time["valid"].tolist()) == {0, 1}


@pytest.mark.parametrize("clock", [0, 14, 16, 31, 319, "each"])
def test_clock_shifts_stamps_and_nothing_else(
    clock: Any, hits: WireHits, steps: TrackSteps
) -> None:
    clocks = np.arange(N) * 37 % 320 if clock == "each" else np.full(N, clock)
    later = TrackTrigger().steps(hits, clocks if clock == "each" else clock)
    assert np.array_equal(later.window, steps.window)
    of_row = {name: np.repeat(clocks, 4) for name in ("axial", "tracks")}
    of_row["given"] = clocks[steps.window]
    for word, expected in words_of(steps).items():
        found, here = getattr(later, word), of_row.get(word, clocks)
        assert found.dtype == expected.dtype
        stamped = STAMPED.get(word, {})
        for name in expected.dtype.names or ():
            if name == "clock":
                assert (found[name] == here).all()
                continue
            values = expected[name].astype(np.int64)
            if name in stamped:
                shift = (16 * (here - 15)).reshape(-1, *(1,) * (values.ndim - 1))
                values = np.where(expected[stamped[name]] != 0, (values + shift) % STAMPS, values)
            assert np.array_equal(found[name], values), (word, name)
    for name in ("offsets", "superlayer", "local", "lr", "position", "pattern"):
        assert np.array_equal(getattr(later.segments, name), getattr(steps.segments, name))
    for network in track_trigger.NETWORKS:
        trigger = TrackTrigger(network=network)
        assert np.array_equal(trigger.words(later).single, trigger.words(steps).single)


def test_words_between_blocks_are_those_of_plain_loops(steps: TrackSteps) -> None:
    lists = lists_of(steps)
    for frame in range(4 * N):
        for name, values in chain_oracle.axial(lists, frame).items():
            assert steps.axial[frame][name].tolist() == values, (frame, name)
    row = 0
    for window in range(N):
        for name, values in chain_oracle.event(lists, window).items():
            assert steps.event[window][name].tolist() == values, (window, name)
        for fields in chain_oracle.network(lists, steps.tracks, steps.time, window):
            given = steps.given[row]
            assert set(fields) | {"clock"} == set(given.dtype.names or ())
            for name, value in fields.items():
                assert given[name].tolist() == value, (window, row, name)
            assert steps.window[row] == window
            row += 1
    assert row == len(steps.given)
    for word in words_of(steps).values():
        if "clock" in (word.dtype.names or ()):
            assert (word["clock"] == 15).all()


@pytest.mark.parametrize("network", ["mlp", "deep"])
def test_decision_counts_the_tracks_of_its_window(
    network: str, hits: WireHits, steps: TrackSteps
) -> None:
    """Plain loops over the network's tracks, with the defaults: 15 cm, 20 cm, 700 MeV."""
    trigger = TrackTrigger(network=network)
    words = trigger.evaluate(hits)
    tracks = trigger.neural_tracks(steps.inputs)
    for window in range(N):
        near = total = 0
        sure = possible = False
        for track in tracks[steps.window == window]:
            total += int(track["valid"])
            if track["neural"]:
                z = abs(int(track["z"])) * 100 / 4096
                near += z < 20
                theta = np.radians(90 + int(track["theta"]) * 80 / 4096)
                momentum = 10.2 / max(abs(int(track["omega"])), 1e-9) / np.sin(theta)
                # The block's table of sines has 256 entries: within 2 % of the cut it decides.
                sure |= z < 15 and momentum > 0.7 * 1.02
                possible |= z < 15 and momentum > 0.7 / 1.02
        decided, counts = words.single[window], words.counts[window]
        assert decided["ty"].tolist() == one_hot(near)
        assert sure <= bool(decided["stt"]) <= possible
        assert decided["tracks"] == counts["tracks"] == total
        assert counts["t2"].tolist() == one_hot(total)
        assert decided["last"] == 1


def test_slices_do_not_show(hits: WireHits, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = TrackTrigger()
    whole = trigger.evaluate(hits)
    assert len(whole) == N
    alone = [trigger.evaluate(hits.select(np.array([window]))) for window in range(N)]
    monkeypatch.setattr(track_trigger, "SLICE", 7)
    assert N % track_trigger.SLICE
    sliced = trigger.evaluate(hits)
    for name in ("counts", "single", "time"):
        expected = getattr(whole, name)
        assert np.array_equal(getattr(sliced, name), expected)
        assert np.array_equal(np.concatenate([getattr(one, name) for one in alone]), expected)


def empty(n: int) -> WireHits:
    return WireHits(np.zeros(n + 1, np.int64), np.zeros(0, np.uint16), np.zeros(0, np.uint16))


@pytest.mark.parametrize("network", ["mlp", "deep"])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_windows_without_hits(n: int, network: str) -> None:
    trigger = TrackTrigger(network=network)
    words = trigger.evaluate(empty(n))
    assert len(words) == len(words.single) == len(words.time) == n
    for part in (words.counts, words.single, words.time):
        for name in part.dtype.names or ():
            expected = {"clock": 15, "last": 1}.get(name, 0)
            assert (part[name] == expected).all(), name
    steps = trigger.steps(empty(n))
    assert steps.window.tolist() == list(range(n))
    assert not steps.given["valid"].any()


@pytest.mark.parametrize("number", [0, 159, 160, 1000, 2335])
def test_one_hit(number: int) -> None:
    """It is a segment where one layer is enough, but never a track."""
    wire = segment_map().priority[number]
    one = WireHits(np.array([0, 1]), np.array([wire], np.uint16), np.array([9], np.uint16))
    words, none = TrackTrigger().evaluate(one), TrackTrigger().evaluate(empty(1))
    for name in ("counts", "single", "time"):
        assert np.array_equal(getattr(words, name), getattr(none, name))
    found = TrackTrigger({"cdc_segment": {"min_layers": np.array([1])}}).steps(one)
    assert found.segments.position.tolist() == [3]
    assert found.time[["valid", "earliest_valid", "earliest"]].tolist() == [(0, 1, 9)]
    assert found.counts["tracks"].tolist() == [0]


@pytest.mark.parametrize("shape", [0, 1])
def test_shape_of_segments_is_a_register(shape: int) -> None:
    """Four layers of superlayer 4, the outermost hit three wires beside the centre."""
    centre = int(segment_map().priority[160 + 160 + 192 + 224 + 100])
    wires = sorted((centre - 512, centre - 256, centre, centre + 512 + 3))
    hits = WireHits(np.array([0, 4]), np.array(wires, np.uint16), np.full(4, 9, np.uint16))
    found = TrackTrigger({"cdc_segment": {"shape": np.array([shape])}}).steps(hits).segments
    assert found.local.tolist() == [100] * shape


def turned(hits: WireHits) -> WireHits:
    """Return hits a quarter of a turn later in azimuth, rising again in each window."""
    geometry = cdc_geometry()
    layer = geometry.layer[hits.wire]
    first, cells = geometry.first_wire[layer], geometry.table.cells[layer]
    wire = first + (hits.wire - first + cells // 4) % cells
    order = np.lexsort((wire, hits.window_of))
    return WireHits(hits.offsets, wire[order].astype(np.uint16), hits.time[order])


def test_a_quarter_turn_moves_tracks_to_the_next_tracker(hits: WireHits, steps: TrackSteps) -> None:
    image = TrackTrigger().steps(turned(hits))
    for name in ("axial", "tracks"):
        before, after = (getattr(s, name).reshape(N, 4) for s in (steps, image))
        assert np.array_equal(after, np.roll(before, 1, axis=1)), name
    assert np.array_equal(image.counts, steps.counts)
    assert np.array_equal(image.time, steps.time)
    assert np.array_equal(image.dropped.reshape(N, 4, 9),
                          np.roll(steps.dropped.reshape(N, 4, 9), 1, axis=1))  # fmt: skip
    assert np.array_equal(image.window, steps.window)
    for word in ("given", "inputs"):
        for window in range(N):
            before, after = (getattr(s, word)[s.window == window] for s in (steps, image))
            if not before["valid"].any():
                continue
            shifted = before.copy()
            shifted["quadrant"] = (before["quadrant"] + 1) % 4
            # Tracks come tracker by tracker; the last one says so.
            shifted = shifted[np.argsort(shifted["quadrant"], kind="stable")]
            shifted["last"] = before["last"]
            assert np.array_equal(after, shifted), (word, window)
    for network in track_trigger.NETWORKS:
        trigger = TrackTrigger(network=network)
        decided, other = trigger.words(steps).single, trigger.words(image).single
        for name in ("stt", "ty", "nnt", "tracks"):
            assert np.array_equal(other[name], decided[name]), name
        assert decided["ty"].any()
        assert decided["stt"].any()


def test_four_quarter_turns_are_none(hits: WireHits) -> None:
    image = hits
    for _ in range(4):
        image = turned(image)
    assert np.array_equal(image.wire, hits.wire)
    assert all(cells % 4 == 0 for cells in SUPERLAYER_CELLS)


def test_wires_outside_the_chamber(hits: WireHits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track_trigger, "SLICE", 7)
    wire = hits.wire.copy()
    wire[hits.offsets[91] - 1] = 14336
    window = int(hits.window_of[hits.offsets[91] - 1])
    assert window > 7
    wrong = WireHits(hits.offsets, wire, hits.time)
    for call in (TrackTrigger().evaluate, TrackTrigger().steps):
        with pytest.raises(InputError, match=rf"^window {window}: wires .* 14335, not 14336$"):
            call(wrong)


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        ({"cdc_segment": {"min_layers": [6]}}, "cdc_segment.min_layers: must be one number of 1"),
        ({"cdc_segment": {"min_layers": [4, 4]}}, "cdc_segment.min_layers: must be one number"),
        ({"cdc_segment": {"min_layer": [4]}}, "cdc_segment: unknown register 'min_layer'"),
        ({"cdc_segment": {"superlayer": [3]}}, "cdc_segment.superlayer: is set by the chain"),
        ({"cdc_hough": {"hit_threshold": [0]}}, "cdc_hough.hit_threshold: must be one number of 1"),
        ({"cdc_hough": {"hit_threshold": [4, 4]}}, "cdc_hough.hit_threshold: must be one number"),
        ({"cdc_hough": {"hit_treshold": [4]}}, "nearest: 'hit_threshold'"),
        ({"cdc_event_time": {"entries": [8]}}, "cdc_event_time: register 'entries' takes one of"),
        ({"neuro_preprocess": {"clamp": [2]}}, "neuro_preprocess: register 'clamp' takes one of"),
        ({"single_track": {"stt_z": [1 << 14]}}, "single_track: register 'stt_z' takes one of 0"),
        ({"single_track": {"stt": [1]}}, "single_track: unknown register 'stt'"),
        ({"grl_tracks": {"bins": [9]}}, "grl_tracks: has no registers, not bins"),
        ({"neuro_mlp": {"x": [1]}}, "neuro_mlp: has no registers, not x"),
        ({"neuro_deep": {"x": [1]}}, "neuro_deep: has no registers, not x"),
        ({"cdc_hugh": {"hit_threshold": [4]}}, "unknown block 'cdc_hugh' (nearest: 'cdc_hough')"),
    ],
)
def test_registers_are_refused_before_any_window(
    registers: Mapping[str, Mapping[str, list[int]]], message: str
) -> None:
    given = {
        block: {name: np.array(value) for name, value in values.items()}
        for block, values in registers.items()
    }
    with pytest.raises(InputError) as error:
        TrackTrigger(given)
    assert message in str(error.value)


def test_registers_of_other_blocks_are_none_of_ours() -> None:
    TrackTrigger({"ecl_selection": {"lml6_other": np.array([57])}})


def test_networks_and_weights_that_do_not_go_together() -> None:
    with pytest.raises(InputError, match=r"unknown network 'mpl' \(nearest: 'mlp'\)"):
        TrackTrigger(network="mpl")
    for network, weights, needed in (
        ("deep", neuro_weights.load(), "DeepWeights"),
        ("mlp", deep_weights.load(), "NeuroWeights"),
    ):
        with pytest.raises(InputError, match=rf"^weights: the network '{network}' needs {needed}"):
            TrackTrigger(network=network, weights=weights)
