"""Collisions as input of the readout blocks: what goes in comes out, in order."""

from __future__ import annotations

import numpy as np

from firmware_models import derandomizer, event_framer
from firmware_models.event_reader import Reader
from firmware_models.interface.readout import HEADER_WORDS
from firmware_models.readout_events import SUBDETECTORS
from sim.study.frames import physics_frames

ECL = SUBDETECTORS.index("ECL")


def test_front_end_gets_accepts_and_loses_none() -> None:
    (words,) = physics_frames("derandomizer", 4000, seed=2)
    out = derandomizer.evaluate(words)
    accepts = np.flatnonzero(words["l1"])
    assert len(words) == 4000
    assert len(accepts) > 50
    assert int(out["overflow"][-1]) == 0
    sent = out["tag"][out["sent"] == 1]
    assert sent.tolist() == list(range(len(accepts) - int(out["occupancy"][-1])))
    assert int(out["occupancy"].max()) > 2
    assert 0.5 < float(words["ready"].mean()) < 1


def test_frames_of_collisions_hold_their_cells() -> None:
    (words,) = physics_frames("event_framer", 4000, seed=2)
    out = event_framer.evaluate(words)
    assert len(words) == 4000
    assert int(out["ignored"][-1]) == 0
    events = Reader(first_tag=0).feed(event_framer.stream_bytes(out))
    assert len(events) == int(out["last"].sum()) > 4000 // (HEADER_WORDS + 80)
    assert 0.2 < float(events.lines.any(axis=1).mean()) <= 1
    assert np.all((events.present >> ECL) & 1 == 1)
    cells = np.concatenate(
        [events.payload[events.offsets[8 * i + ECL] : events.offsets[8 * i + ECL + 1]]
         for i in range(len(events))]
    )  # fmt: skip
    assert len(cells) > 100
    number, counts = cells & 1023, (cells >> 10) & 4095
    assert int(number.min()) >= 1
    assert int(number.max()) <= 576
    assert int(counts.min()) >= 1
