"""Input bits of the global reconstruction, and the one producer or reason of every input."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from firmware_models.interface import BLOCKS
from firmware_models.interface.grl import GRL_MATCH, GRL_NEURAL, GRL_SHORT
from firmware_models.words import Word
from sim.streams import stream
from trigger.menu.inputs import (
    CONSTANT_INPUTS,
    ECL_INPUTS,
    GRL_INPUTS,
    GRL_WORDS,
    KLM_INPUTS,
    MUON_MATCHES,
    NEURAL_MATCH_WORDS,
    PRODUCERS,
    TRACK_INPUTS,
    input_rows,
    produced_inputs,
)

MENU_0034 = Path(__file__).resolve().parents[3] / "shared" / "menus" / "ftd_0034.inp"

ONE_HOT = {"ts": 4, "ta": 4, "cdcecl": 4, "c2gev": 4, "n1gev": 4, "n2gev": 4, "cdcklm": 2,
           "seklm": 2, "iecl": 2, "ycdcecl": 4, "ycdcklm": 2}  # fmt: skip
ALONE = ["ti", "track", "secl", "ieklm", "ecleklm", "s2f30", "s2fo", "s2s30", "s2so", "i2fo",
         "i2io", "itsfb2b", "typecl", "typklm", "samhem", "opohem"]  # fmt: skip
# Name without its digit: field, and the digits of elements 0, 1, ...
NUMBERED = {"d": ("d", "357"), "p": ("p", "3579"), "s2f": ("s2f", "35"), "s2s": ("s2s", "35"),
            "trkbha": ("trkbha", "12"), "grlgg": ("grlgg", "12"), "brlfb": ("brlfb", "12"),
            "brlnb": ("brlnb", "12")}  # fmt: skip
SIDES = {"_s": "short_side", "sb": "endsb", "nb": "endnb"}


def random_words(word: Word, n: int) -> np.ndarray:
    rng = stream(5, f"tests/{word.name}")
    return word.unpack(rng.integers(0, 2**32, (n, -(-word.width // 32)), dtype=np.uint32))


def expected() -> dict[str, tuple[str, int | None]]:
    """Return field and element of every bit, by the rules of the public names."""
    found: dict[str, tuple[str, int | None]] = {name: (name, None) for name in ALONE}
    found |= {f"{name}_{i}": (name, i) for name, n in ONE_HOT.items() for i in range(n)}
    for name, (field, digits) in NUMBERED.items():
        found |= {f"{name}{digit}": (field, i) for i, digit in enumerate(digits)}
    for ending, field in SIDES.items():
        found |= {f"fwd{ending}": (field, 0), f"bwd{ending}": (field, 1)}
    return found


def test_bits_arrive_under_their_names() -> None:
    words = {word: random_words(word, 500) for word in (GRL_SHORT, GRL_MATCH, GRL_NEURAL)}
    tables = [
        input_rows(inputs, [words[word] for word in inputs])
        for inputs in (GRL_WORDS, NEURAL_MATCH_WORDS)
    ]
    wanted = expected()
    assert {name for table in tables for name in table.names} == set(wanted) == set(GRL_INPUTS)
    for table in tables:
        for name in table.names:
            field, element = wanted[name]
            # Objects that a later word repeats (short tracks) count where they are made.
            values = next(words[w] for w in words if any(f.name == field for f in w.fields))
            column = values[field] if element is None else values[field][:, element]
            assert 0 < column.sum() < 500
            assert np.array_equal(table[name], column == 1), name


def test_every_decision_of_the_blocks_has_an_input() -> None:
    # Objects and clocks are no decisions; per-track bits go with their tracks.
    no_input = {"short", "inner", "short_ecl", "short_klm", "clock", "ecl_matched", "klm_matched",
                "last"}  # fmt: skip
    bits = {
        (word.name, field.name, i)
        for word in (GRL_SHORT, GRL_MATCH, GRL_NEURAL) for field in word.fields
        if field.name not in no_input for i in range(field.count)
    }  # fmt: skip
    read = {
        (BLOCKS[p.block].output.name, p.source.field, p.source.element)
        for name, p in PRODUCERS.items() if name in GRL_INPUTS
    }  # fmt: skip
    assert read == bits


def test_every_name_has_one_producer_or_one_reason() -> None:
    parts = [*ECL_INPUTS, *TRACK_INPUTS, *KLM_INPUTS, *GRL_INPUTS, *CONSTANT_INPUTS]
    assert len(parts) == len(set(parts))
    assert {*PRODUCERS, *CONSTANT_INPUTS} == set(parts)
    for name, constant in CONSTANT_INPUTS.items():
        assert constant.value == 0
        assert len(constant.reason) > 4, name
        assert "\n" not in constant.reason


@pytest.mark.skipif(not MENU_0034.exists(), reason="the public menu is not there")
def test_every_input_of_the_public_menu_is_produced_or_has_a_reason() -> None:
    names = [line.split()[1] for line in MENU_0034.read_text().splitlines()]
    assert len(names) == 162
    assert set(names) == {
        *CONSTANT_INPUTS,
        *(name for name in PRODUCERS
          if not re.match("ecl_(lml_11|taub2b|hie)|ycdc|typ(ecl|klm)|dvt", name)),
    }  # fmt: skip


def test_producers_are_blocks_that_have_the_field() -> None:
    for name, producer in PRODUCERS.items():
        field = BLOCKS[producer.block].output[producer.source.field]
        assert producer.source.element < field.count, name
        assert producer.source.bit < field.width, name
    texts = {name: str(PRODUCERS[name]) for name in ("cdcklm_1", "track", "klm_2", "cdc_active")}
    assert texts == {
        "cdcklm_1": "grl_match cdcklm[1]",
        "track": "grl_match track",
        "klm_2": "klm_sector klm[2]",
        "cdc_active": "grl_tracks tracks > 0",
    }


def test_matches_need_all_that_they_match() -> None:
    assert set(produced_inputs(tracks=False)) == set(ECL_INPUTS)
    assert set(produced_inputs(tracks=False, muons=True)) == {*ECL_INPUTS, *KLM_INPUTS}
    tracks = set(produced_inputs(tracks=True))
    assert tracks == {*ECL_INPUTS, *TRACK_INPUTS, *GRL_INPUTS} - MUON_MATCHES
    assert set(produced_inputs(tracks=True, muons=True)) == tracks | MUON_MATCHES | set(KLM_INPUTS)
    assert {name for name in GRL_INPUTS if "klm" in name} == MUON_MATCHES
