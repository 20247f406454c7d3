"""Input bits of the track trigger: where they come from, and what lines make of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.interface.cdc_segment import EVENT_TIME
from firmware_models.interface.displaced import DISPLACED_DECISION
from firmware_models.interface.ecl import ECL_TRIGGER
from firmware_models.interface.grl import TRACK_COUNTS
from firmware_models.interface.neuro import SINGLE_TRACK
from firmware_models.words import Word
from sim.streams import stream
from tests.hit_counter import track_rows
from trigger.bits import BitTable
from trigger.chain import Chain
from trigger.event_words import EventWords
from trigger.menu import Menu, load
from trigger.menu.inputs import (
    CONSTANT_INPUTS,
    ECL_INPUTS,
    GRL_INPUTS,
    KLM_INPUTS,
    MUON_MATCHES,
    NEURAL_INPUTS,
    TRACK_INPUTS,
    input_rows,
    produced_inputs,
)
from trigger.tracks import TrackWords


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load("low_multiplicity")


def random_words(word: Word, n: int) -> np.ndarray:
    rng = stream(5, f"tests/{word.name}")
    return word.unpack(rng.integers(0, 2**32, (n, -(-word.width // 32)), dtype=np.uint32))


def random_tracks(n: int) -> TrackWords:
    return replace(
        TrackWords.empty(n),
        counts=random_words(TRACK_COUNTS, n),
        single=random_words(SINGLE_TRACK, n),
        time=random_words(EVENT_TIME, n),
        displaced=random_words(DISPLACED_DECISION, n),
    )


def test_track_bits_arrive_under_their_names() -> None:
    words = random_tracks(500)
    table = track_rows(words)
    wanted = {"cdc_active": words.counts["tracks"] > 0, "typ": words.single["stt"] == 1}
    for i in range(4):
        wanted[f"t2_{i}"] = words.counts["t2"][:, i] == 1
        wanted[f"ty_{i}"] = words.single["ty"][:, i] == 1
    wanted["dvt"] = words.displaced["dvt"] == 1
    wanted["cdc_open90"] = words.counts["open90"] == 1
    wanted["f2f30"] = words.counts["open30"] == 1
    # Classes of the public menus: 3, 5, 7, 9 bins of 10 degrees around back to back.
    for i, bins in enumerate((3, 5, 7, 9)):
        wanted[f"cdc_b2b{bins}"] = words.counts["b2b"][:, i] == 1
    assert set(table.names) == set(wanted) == set(TRACK_INPUTS)
    for name, bits in wanted.items():
        assert 0 < bits.sum() < 500
        assert np.array_equal(table[name], bits), name
    assert set(NEURAL_INPUTS) == {"ty_0", "ty_1", "ty_2", "ty_3", "typ"}


def test_names_are_those_of_the_menu_and_of_one_producer(menu: Menu) -> None:
    given = {item.name for item in menu.inputs}
    assert set(TRACK_INPUTS) - given == {"cdc_b2b3", "cdc_b2b7", "cdc_b2b9"}
    assert not set(TRACK_INPUTS) & set(ECL_INPUTS)


def test_tracks_are_produced_only_where_they_are_simulated(menu: Menu) -> None:
    without = set(menu.without_producer(produced_inputs(tracks=False)))
    both = set(menu.without_producer(produced_inputs(tracks=True)))
    assert without == set(menu.without_producer(ECL_INPUTS))
    read = {name for line in menu.lines for term in line.dnf for name, _ in term}
    assert without - both == read & ({*TRACK_INPUTS, *GRL_INPUTS} - MUON_MATCHES)
    assert {"typ", "t2_3", "ty_0", "cdc_open90", "f2f30", "cdc_b2b5"} <= without - both
    assert {"veto", "cdcklm_0", "klm_0"} <= both
    every = set(menu.without_producer(produced_inputs(tracks=True, muons=True)))
    assert both - every == read & {*KLM_INPUTS, *MUON_MATCHES}
    assert every <= set(CONSTANT_INPUTS)


@pytest.mark.parametrize(
    ("line", "t2", "ty", "counts", "single"),
    [
        ("stt", None, None, {}, {"stt"}),
        ("ffb", 1, None, {("b2b", 1)}, set()),
        ("ff30", 2, None, {"open30"}, set()),
        ("fyo", 3, 0, {"open90"}, set()),
        ("ffy", 2, 3, {}, set()),
    ],
)
def test_lines_fire_on_their_bits_and_on_nothing_less(menu: Menu, line, t2, ty, counts, single):  # type: ignore[no-untyped-def]
    settings = [("counts", ("t2", t2))] * (t2 is not None) + [("single", ("ty", ty))] * (
        ty is not None
    )
    settings += [("counts", item) for item in counts] + [("single", item) for item in single]
    n = len(settings)
    tracks = TrackWords.empty(n + 1)
    # Event 0 has all that the line needs, event i + 1 lacks setting i.
    for number, (word, item) in enumerate(settings):
        field, element = item if isinstance(item, tuple) else (item, None)
        column = getattr(tracks, word)[field]
        column = column if element is None else column[:, element]
        column[np.arange(n + 1) != number + 1] = 1
    chain = Chain.build(menu)
    words = EventWords(ECL_TRIGGER.zeros(n + 1), tracks)
    assert chain.decide_words(words)[line].tolist() == [True] + [False] * n
    assert not chain.decide_words(replace(words, tracks=None))[line].any()


def test_lines_of_the_calorimeter_do_not_see_tracks(menu: Menu) -> None:
    words = random_words(ECL_TRIGGER, 1000)
    chain = Chain.build(menu)
    alone = chain.decide_words(EventWords(words))
    both = chain.decide_words(EventWords(words, random_tracks(1000)))
    missing = set(menu.without_producer(produced_inputs(tracks=False)))
    for line in menu.lines:
        if not {name for term in line.dnf for name, _ in term} & missing & set(TRACK_INPUTS):
            assert np.array_equal(alone[line.name], both[line.name]), line.name
    assert both["stt"].sum() > 0


def test_chain_keeps_the_registers_of_all_blocks(menu: Menu) -> None:
    chain = Chain.build(menu, {"single_track": {"stt_z": 77}, "cdc_hough": {"hit_threshold": 3}})
    assert chain.registers["single_track"]["stt_z"].tolist() == [77]
    assert chain.registers["single_track"]["momentum"].tolist() == [700]
    assert chain.registers["cdc_hough"]["hit_threshold"].tolist() == [3]


def test_words_that_do_not_belong_together_are_refused(menu: Menu) -> None:
    chain = Chain.build(menu)
    with pytest.raises(InputError, match="tables of 3, 4 events"):
        chain.decide_words(EventWords(ECL_TRIGGER.zeros(3), TrackWords.empty(4)))
    with pytest.raises(InputError, match="4 words of 'single_track' beside 3"):
        track_rows(replace(TrackWords.empty(3), single=SINGLE_TRACK.zeros(4)))
    with pytest.raises(InputError, match="words of 'track_counts'"):
        track_rows(replace(TrackWords.empty(3), counts=EVENT_TIME.zeros(3)))
    with pytest.raises(InputError, match="same name"):
        BitTable.joined([track_rows(TrackWords.empty(2))] * 2)


def test_no_events_give_no_bits() -> None:
    table = track_rows(TrackWords.empty(0))
    assert table.n_events == 0
    assert table.counts().tolist() == [0] * len(TRACK_INPUTS)
    with pytest.raises(ValueError, match="zip"):
        input_rows({TRACK_COUNTS: {}}, ())
