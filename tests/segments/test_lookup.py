"""Sides of segments: labels against geometry, addresses against the finder, thresholds by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_models import segment_lut
from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_segments import CENTRE, LEFT, RIGHT, segment_map
from firmware_models.errors import InputError
from firmware_models.segment_finding import find_segments
from firmware_models.segment_lut import FIRST_ENTRY, SegmentLut, undetermined
from firmware_models.wire_hits import WireHits
from sim.cli import main
from sim.detector.cdc.config import CdcConfig, DriftConfig, MediumConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse
from sim.events import Events, from_dense
from sim.segments import lookup
from sim.segments.labels import addresses, label, mirror_order, mirrored, segment_numbers
from sim.segments.single_tracks import single_tracks


@pytest.fixture(scope="module")
def noisy() -> WireHits:
    """Windows with many hits, ties among them."""
    rng = np.random.default_rng(2)
    wires = [np.flatnonzero(rng.random(14336) < share) for share in (0.1, 0.2, 0.3, 0.5)]
    offsets = np.concatenate(([0], np.cumsum([len(w) for w in wires])))
    wire = np.concatenate(wires).astype(np.uint16)
    return WireHits(offsets, wire, rng.integers(0, 20, len(wire)).astype(np.uint16))


def stiff(n: int) -> Events:
    """Return nearly straight tracks from the collision point."""
    rng = np.random.default_rng(4)
    theta, phi = np.radians(rng.uniform(40.0, 115.0, n)), rng.uniform(0.0, 2 * np.pi, n)
    p3 = 1e6 * np.stack((np.cos(phi), np.sin(phi), 1.0 / np.tan(theta)), axis=1)
    p4 = np.hstack((p3, np.linalg.norm(p3, axis=1)[:, None]))
    return from_dense([13], p4[:, None, :])


def test_address_is_that_of_the_finder(noisy: WireHits) -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        lut = SegmentLut(rng.integers(1, 4, FIRST_ENTRY[-1]).astype(np.uint8))
        segments = find_segments(noisy, lut=lut)
        found = addresses(noisy, segments)
        entry = np.array(FIRST_ENTRY)[segments.superlayer] + found.address
        assert np.array_equal(lut.entries[entry], segments.lr)
        assert found.tied.any()
        assert not found.tied.all()


def test_mirror_turns_every_row_round() -> None:
    assert mirror_order(0) == [0, 2, 1, 5, 4, 3, 9, 8, 7, 6, 14, 13, 12, 11, 10]
    for part in range(1, 9):
        assert mirror_order(part) == [2, 1, 0, 4, 3, 5, 7, 6, 10, 9, 8]
    for part in range(9):
        order = mirror_order(part)
        assert (order[RIGHT[part]], order[CENTRE[part]]) == (LEFT[part], CENTRE[part])


def test_addresses_of_mirrored_hits_are_the_mirrored_addresses(noisy: WireHits) -> None:
    geometry = cdc_geometry()
    layer = geometry.layer[noisy.wire]
    number = noisy.wire - geometry.first_wire[layer]
    cells = geometry.table.cells[layer]
    # A wire at azimuth φ goes to −φ: half-cell offsets make it one less.
    other = (-number - (geometry.table.offset[layer] == 0.5)) % cells
    wire = geometry.first_wire[layer] + other
    order = np.lexsort((wire, noisy.window_of))
    image = WireHits(noisy.offsets, wire[order].astype(np.uint16), noisy.time[order])
    lut = undetermined()
    direct, turned = find_segments(noisy, lut=lut), find_segments(image, lut=lut)
    here, there = addresses(noisy, direct), addresses(image, turned)
    at = {(int(w), int(s)): i for i, (w, s) in
          enumerate(zip(turned.window_of, segment_numbers(turned), strict=True))}  # fmt: skip
    compared = 0
    first = segment_map().first
    for i, (w, part, local) in enumerate(
        zip(direct.window_of, direct.superlayer, direct.local, strict=True)
    ):
        size = first[part + 1] - first[part]
        j = at.get((int(w), int(first[part] + (-int(local)) % size)))
        if j is None or here.tied[i]:  # at the views' edges; ties go left in both
            continue
        expected = mirrored(here.pattern[i : i + 1], int(part)) << 1
        expected |= (here.right < here.left)[i : i + 1]
        assert there.address[j] == expected[0]
        assert {3: 3, 1: 2, 2: 1}[int(direct.position[i])] == turned.position[j]
        compared += 1
    assert compared > 500


def test_labels_of_straight_tracks() -> None:
    response = CdcResponse(
        CdcConfig(
            medium=MediumConfig(scattering=0.0, loss=0.0),
            drift=DriftConfig(efficiency=1.0, clusters=1e4),
            background=WireBackgroundConfig(level=0.0),
        )
    )
    truth = response.explain(stiff(300), 1)
    segments = find_segments(truth.hits, lut=undetermined())
    labels = label(truth, segments)
    assert (labels.particle == segments.window_of).all()
    table, number, geometry = segment_map(), segment_numbers(segments), cdc_geometry()
    wire = np.where(
        segments.position == 3, table.priority[number],
        np.where(segments.position == 1, table.second[number, 0], table.second[number, 1]),
    )  # fmt: skip
    p = truth.events.p4[labels.particle]
    phi = np.arctan2(p[:, 1], p[:, 0])
    z = geometry.table.radius[geometry.layer[wire]] * p[:, 2] / np.hypot(p[:, 0], p[:, 1])
    # Stereo wires come nearer to the axis between the endplates: not for the closest.
    off = (phi - geometry.phi(wire, z) + np.pi) % (2 * np.pi) - np.pi
    clear = np.abs(off) * geometry.table.radius[geometry.layer[wire]] > 0.1
    assert clear.sum() > 2000
    assert np.array_equal(labels.side[clear], np.where(off > 0, 1, 2)[clear])
    assert np.array_equal(labels.side, np.where(labels.distance > 0, 1, 2))
    axial = clear & (segments.superlayer % 2 == 0)
    assert np.allclose(
        labels.distance[axial],
        (geometry.table.radius[geometry.layer[wire]] * np.sin(off))[axial], atol=1e-3,
    )  # fmt: skip


def test_background_has_no_side(noisy: WireHits) -> None:
    config = CdcConfig(background=WireBackgroundConfig(level=60.0, tracks=0.0))
    none = Events(np.zeros(21, dtype=np.int64), np.zeros(0, np.int32), np.zeros((0, 4)),
                  np.zeros((0, 4)), np.ones(20))  # fmt: skip
    truth = CdcResponse(config).explain(none, 1)
    segments = find_segments(truth.hits, lut=undetermined())
    labels = label(truth, segments)
    assert len(segments.local) > 1000
    assert not labels.side.any()
    assert (labels.particle == -1).all()


def test_calls_by_hand() -> None:
    counts = np.zeros((FIRST_ENTRY[-1], 3), dtype=np.int64)
    rows = {  # background, right, left: entry
        (0, 7, 3): 1, (0, 69, 31): 3, (0, 3, 7): 2, (0, 31, 69): 3, (39, 7, 3): 1, (40, 7, 3): 3,
        (5, 0, 0): 3, (0, 0, 1): 2, (0, 5, 5): 3,
    }  # fmt: skip
    counts[: len(rows)] = list(rows)
    lut = lookup.call(counts)
    assert lut.entries[: len(rows)].tolist() == list(rows.values())
    assert not lut.entries[len(rows) :].any()
    assert lookup.call(counts, p=0.69).entries[1] == 1
    assert lookup.call(counts, b=0.79).entries[4] == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"tracks": 0}, "tracks: must be at least 1, not 0"),
        ({"p": 0.5}, "p: must lie above 0.5 and not above 1, not 0.5"),
        ({"p": float("nan")}, "p: must lie above 0.5"),
        ({"b": 0.0}, "b: must lie above 0 and not above 1, not 0.0"),
    ],
)
def test_bad_training_is_refused(arguments: dict[str, float], text: str) -> None:
    with pytest.raises(InputError, match=text):
        lookup.train_lookup(**{"tracks": 100, **arguments})  # type: ignore[arg-type]


def test_the_same_command_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And needs no torch."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.chdir(tmp_path)
    for name, seed, level in (("a", "3", "1"), ("b", "3", "1.0"), ("c", "4", "1"), ("d", "3", "2")):
        arguments = ["--seed", seed, "--tracks", "500", "--level", level, "--out", name]
        assert main(["train", "segments", *arguments, "--json", f"{name}.json"]) == 0
    data = [(tmp_path / name).read_bytes() for name in "abcd"]
    assert data[0] == data[1]
    assert data[0] != data[2]
    assert data[0] != data[3]
    provenance = segment_lut.load(tmp_path / "a").provenance
    assert provenance["tracks"] == 500
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == provenance
    # What the file states as its command makes the file.
    program, *stated = str(provenance["command"]).split()
    assert program == "lowmult"
    assert main([*stated, "--out", "e"]) == 0
    assert (tmp_path / "e").read_bytes() == data[0]
    told = capsys.readouterr().out
    assert f"e: {provenance['command']}\n500 other tracks, those above 0.5 GeV:\n" in told


def test_more_tracks_only_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "CHUNK", 200)
    parts = [np.zeros((FIRST_ENTRY[-1], 3), dtype=np.int64) for _ in range(2)]
    for counts, tracks in zip(parts, (200, 400), strict=True):
        for truth, segments in lookup.samples(tracks, 7):
            lookup.count(truth, segments, counts)
    assert (parts[1] >= parts[0]).all()
    assert parts[1].sum() > parts[0].sum() > 0


def test_packaged_tables_do_as_their_file_says() -> None:
    lut = segment_lut.load()
    stated = lut.provenance["figures"]
    found = lookup.figures(lut, 4000, seed=77)
    n = np.array(found["segments"])
    for name, size in (("known", n), ("correct", n * np.array(found["known"]))):
        share = np.array(stated[name])
        error = np.sqrt(share * (1 - share) / size)
        assert (np.abs(np.array(found[name]) - share) < 4.5 * error).all(), name


def test_single_tracks() -> None:
    events = single_tracks(20_000, 1)
    pt = np.hypot(events.p4[:, 0], events.p4[:, 1])
    mass2 = events.p4[:, 3] ** 2 - (events.p4[:, :3] ** 2).sum(axis=1)
    light = np.abs(events.pdg) == 13
    assert np.allclose(np.sqrt(mass2[light]), 0.1056584, atol=1e-4)
    assert np.allclose(np.sqrt(mass2[~light]), 0.1395704, atol=1e-4)
    for code in (13, -13, 211, -211):
        assert abs((events.pdg == code).mean() - 0.25) < 0.02
    assert 0.25 < pt.min() < pt.max() < 6.0
    assert abs((1 / pt > 2.0833).mean() - 0.5) < 0.02  # even in 1/pT
    theta = np.degrees(np.arctan2(pt, events.p4[:, 2]))
    assert 20.0 < theta.min() < 21.0
    assert 144.0 < theta.max() < 145.0
    away = np.hypot(events.vertex[:, 0], events.vertex[:, 1])
    assert abs((away > 0).mean() - 0.1) < 0.01
    assert 9.0 < away.max() <= 10.0
    assert np.abs(events.vertex[:, 2]).max() <= 50.0
    assert np.array_equal(single_tracks(20_000, 1).p4, events.p4)
    assert not np.array_equal(single_tracks(20_000, 1, 1).p4, events.p4)
