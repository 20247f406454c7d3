"""Frames: a sample comes to the laboratory, or is refused with the frame it looks like."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.events import Events, concatenate
from sim.machine import Machine, transform
from sim.readers import open_events, write_events

MACHINE = Machine()
MUON = 0.1056583755  # GeV
HEAD_ON = replace(MACHINE, half_crossing=0.0)


def _moved(events: Events, matrix: np.ndarray) -> Events:
    return replace(events, p4=transform(matrix[None], events.p4[None])[0])


def _lhe(path: Path, energies: tuple[float, float], codes: str = "11 -11", pz: int = 1) -> Path:
    """One e+e- -> mu+mu- event with beams along z."""
    a, b = energies
    # Muons along the beams, so that their sum is that of the beams.
    half, velocity = math.sqrt(a * b), (a - b) / (a + b)
    k, gamma = math.sqrt(half**2 - MUON**2), 1.0 / math.sqrt(1.0 - velocity**2)
    muons = [
        (gamma * (sign * k + velocity * half), gamma * (half + sign * velocity * k))
        for sign in (1, -1)
    ]
    first, second = codes.split()
    rows = [
        f"{first} -1 0 0 0 0 0 0 {pz * a} {a} 0 0 9",
        f"{second} -1 0 0 0 0 0 0 {-pz * b} {b} 0 0 9",
        f"13 1 1 2 0 0 0 0 {muons[0][0]!r} {muons[0][1]!r} {MUON} 0 9",
        f"-13 1 1 2 0 0 0 0 {muons[1][0]!r} {muons[1][1]!r} {MUON} 0 9",
    ]
    path.write_text(
        '<LesHouchesEvents version="3.0">\n<init>\n'
        f"{codes} {a} {b} 0 0 0 0 3 1\n1.0 0.1 1.0 1\n</init>\n<event>\n4 1 1.0 10 0.0073 0.1\n"
        + "\n".join(rows)
        + "\n</event>\n</LesHouchesEvents>\n"
    )
    return path


@pytest.mark.parametrize(
    ("frame", "matrix"),
    [("cm", MACHINE.to_cm), ("head-on", HEAD_ON.to_lab @ MACHINE.to_cm)],
)
def test_a_frame_is_undone(frame: str, matrix: np.ndarray, tmp_path: Path, events: Events) -> None:
    path = tmp_path / "moved.parquet"
    write_events(path, [_moved(events, matrix)])
    read = concatenate(list(open_events(path, frame=frame)))
    np.testing.assert_allclose(read.p4, events.p4, atol=1e-12)
    one = concatenate(list(open_events(path, frame=frame, chunk=1)))
    assert np.array_equal(one.p4, read.p4)  # to the last bit, whatever the chunk


def test_vertices_move_with_the_frame(tmp_path: Path, events: Events) -> None:
    path = tmp_path / "moved.parquet"
    write_events(path, [_moved(events, MACHINE.to_cm)])
    read = concatenate(list(open_events(path, frame="cm")))
    scale = np.array([1.0, 1.0, 1.0, 29.9792458])
    expected = (events.vertex * scale) @ MACHINE.to_lab.T / scale
    np.testing.assert_allclose(read.vertex, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("given", ["lab", "head-on"])
def test_cm_sample_is_recognised_by_its_sums(given: str, tmp_path: Path, events: Events) -> None:
    path = tmp_path / "moved.parquet"
    write_events(path, [_moved(events, MACHINE.to_cm)])
    with pytest.raises(InputError, match=r"looks like the cm frame .* pass --frame cm"):
        open_events(path, frame=given)


def test_lab_sample_is_not_boosted_again(tmp_path: Path, events: Events) -> None:
    path = tmp_path / "lab.parquet"
    write_events(path, [events])
    with pytest.raises(InputError, match=r"looks like the lab frame .* pass --frame lab"):
        open_events(path, frame="cm")


def test_beams_of_the_header(tmp_path: Path) -> None:
    half = MACHINE.sqrt_s / 2
    cm = _lhe(tmp_path / "cm.lhe", (half, half))
    head_on = _lhe(tmp_path / "head_on.lhe", (7.0, 4.0))
    for path, frame in ((cm, "cm"), (head_on, "head-on")):
        with pytest.raises(InputError, match=f"looks like the {frame} frame .* --frame {frame}$"):
            open_events(path)
        total = concatenate(list(open_events(path, frame=frame))).p4.sum(axis=0)
        np.testing.assert_allclose(total, MACHINE.total, atol=0.03)  # 7 + 4 for 7.004 + 4.002


@pytest.mark.parametrize(
    ("energies", "codes", "pz", "message"),
    [
        ((6500.0, 6500.0), "2212 2212", 1, "must be e- and e+"),
        ((4.0, 7.0), "11 -11", 1, "another machine, axis or unit"),  # HER and LER swapped
        ((7.0, 4.0), "11 -11", -1, "another machine, axis or unit"),  # electrons towards -z
        ((5.43, 5.43), "11 -11", 1, "looks like the cm frame"),  # 10.86 GeV: within 2 %
        ((8.0, 3.5), "11 -11", 1, "another machine, axis or unit"),  # KEKB
        ((3500.0, 3500.0), "11 -11", 1, "another machine, axis or unit"),  # MeV
    ],
)
def test_other_beams_are_refused(
    energies: tuple[float, float], codes: str, pz: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        open_events(_lhe(tmp_path / "beams.lhe", energies, codes, pz))


def test_other_machine_may_be_given(tmp_path: Path) -> None:
    kekb = Machine(electron_energy=8.0, positron_energy=3.5, half_crossing=0.011)
    path = _lhe(tmp_path / "kekb.lhe", (8.0, 3.5))
    total = concatenate(list(open_events(path, frame="head-on", machine=kekb))).p4.sum(axis=0)
    np.testing.assert_allclose(total, kekb.total, atol=1e-3)


def test_partial_events_are_only_noted(tmp_path: Path, events: Events) -> None:
    """A list of photons, or one particle an event, has no sum that could be recognised."""
    first = np.arange(len(events.pdg)) % 2 == 0
    counts = np.bincount(events.event_of[first], minlength=len(events))
    part = Events(
        np.concatenate(([0], np.cumsum(counts))),
        events.pdg[first],
        events.p4[first],
        events.vertex[first],
        events.weight,
    )
    path = tmp_path / "part.parquet"
    write_events(path, [part])
    file = open_events(path)
    assert len(concatenate(list(file))) == len(events)
    assert "no frame can be recognised" in file.notes[0]


def test_unknown_frame_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown frame 'cms' \(nearest: 'cm'\)"):
        open_events("any.lhe", frame="cms")
