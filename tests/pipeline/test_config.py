"""The `[pipeline]` table: what is refused, and which path breaks the budget."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_models.errors import CheckFailed, InputError
from firmware_models.interface import BLOCKS
from firmware_models.interface.clock import TICK_NS
from sim.pipeline.config import parse_pipeline
from sim.pipeline.groups import SUB_TRIGGERS, sub_trigger_of
from sim.pipeline.plan import compile_pipeline
from trigger.menu import load, loads
from trigger.menu.inputs import (
    CONSTANT_INPUTS,
    ECL_WORDS,
    GRL_WORDS,
    KLM_WORDS,
    NEURAL_MATCH_WORDS,
    TRACK_WORDS,
)

MENU = """
[menu]
name = "m"
version = "1"
description = ""
[inputs]
ehigh = 0
elow = { index = 1, delay = 4, width = 9 }
klmb2b = 2
[outputs.hie]
index = 0
logic = "ehigh or elow or klmb2b"
"""


def compiled(**table: Any) -> Any:
    return compile_pipeline(parse_pipeline(table, "f.toml"), loads(MENU), "f.toml: pipeline")


def test_defaults_bring_all_bits_around_the_decision() -> None:
    plan = compile_pipeline(parse_pipeline(None, "x"), load("low_multiplicity"))
    align = plan.alignment
    for sub, delay in zip(align.sub, align.delay, strict=True):
        rise = int(plan.latency[sub] + plan.pad[sub] + delay)
        # 32 ticks wide: from 16 before the decision to 15 after.
        assert abs(plan.ticks.decision - 16 - rise) <= 1, SUB_TRIGGERS[sub]
    assert set(align.sub.tolist()) == {0, 1, 2, 3, 5, 6}
    assert plan.ticks.decision + plan.ticks.gdl == 560  # 4.4 us
    assert plan.ecl_window == 32


def test_own_timing_goes_before_the_menu_and_the_sub_trigger() -> None:
    plan = compiled(ecl={"delay_ticks": 7}, inputs={"klmb2b": {"width_ticks": 3}})
    align = plan.alignment
    pairs = {}
    for i, name in enumerate(plan.inputs):
        word = [c for c in range(len(align.class_delay)) if int(align.class_mask[c, 0]) >> i & 1]
        assert len(word) == 1
        pairs[name] = (int(align.class_delay[word[0]]), int(align.class_width[word[0]]))
    assert pairs == {"ehigh": (7, 32), "elow": (4, 9), "klmb2b": (15, 3)}


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ({"decision_us": 4.7}, "decision 4.7 + GDL 0.4 = 5.101 us is above the budget of 5.0 us"),
        ({"klm": {"latency_us": 3.5}}, "klm 3.5 + pad 1.26 + delay 0.118 of klmb2b + GDL 0.4"),
        ({"ecl": {"latency_us": 3.8}, "budget_us": 4.5}, "ecl 3.8 + pad 0.86 + delay 0.118 of ehi"),
    ],
)
def test_a_path_beyond_the_budget_is_named(table: dict[str, Any], path: str) -> None:
    with pytest.raises(CheckFailed) as caught:
        compiled(**table)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"ecl": {"latency": 3}}, "pipeline: ecl.latency: unknown key (nearest: 'latency_us')"),
        ({"inputs": {"ehihg": {}}}, "unknown input 'ehihg' (nearest: 'ehigh')"),
        ({"priority": ["ecl", "ecl"]}, "priority: 'ecl' is given twice"),
        ({"decision_us": 0.5}, "pipeline.decision_us: must be at least 0.857 us"),
        ({"grl": {"time_ns": 3.0}}, "grl.time_ns: unknown key"),
        ({"cdc": {"width_ticks": 33}}, "cdc.width_ticks"),
    ],
)
def test_mistakes_are_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        compiled(**table)
    assert message in str(caught.value)


def test_every_input_of_the_packaged_menu_has_its_sub_trigger() -> None:
    expected = {
        "ecl": {"ehigh", "bha_theta_1", "clst_3", "ecl_lml_13"},
        "cdc": {"t2_0", "ts_3", "cdc_open90", "f2f30", "cdc_b2b5", "cdc_active", "fwd_s", "bwd_s"},
        "neuro": {"ty_0", "ty_1", "ty_2", "ty_3", "typ"},
        "displaced": {"dvt"},
        "grl": {
            "cdcecl_3",
            "cdcklm_1",
            "d5",
            "p5",
            "trkbha1",
            "trkbha2",
            "s2fo",
            "track",
            "ieklm",
            "ycdcklm_0",
            "typecl",
            "typklm",
            "samhem",
            "opohem",
        },
        "klm": {"klm_2", "klmb2b", "klm_hit", "eklm_0", "eklmb2b", "eklm_hit"},
        None: {"veto", "bha_delay", "pseud_rand", "poissonin"},
    }
    found: dict[str | None, set[str]] = {}
    for item in load("low_multiplicity").inputs:
        found.setdefault(sub_trigger_of(item.name), set()).add(item.name)
    for sub, names in expected.items():
        assert names <= found[sub]
    assert found[None] == expected[None]
    assert sub_trigger_of("top_2") == sub_trigger_of("top_bb") == "top"
    assert sub_trigger_of("eklm_hit") == "klm"
    assert sub_trigger_of("seklm_0") == sub_trigger_of("cdctop_3") == "grl"


def test_inputs_of_one_word_come_together() -> None:
    for words in (ECL_WORDS, TRACK_WORDS, KLM_WORDS, GRL_WORDS, NEURAL_MATCH_WORDS):
        for inputs in words.values():
            assert len({sub_trigger_of(name) for name in inputs}) == 1
    # Sources in the machine or beside the GDL belong to none, other constants to a sub-trigger.
    alone = {name for name in CONSTANT_INPUTS if sub_trigger_of(name) is None}
    assert alone == {
        "veto",
        "injv",
        "her_kick",
        "ler_kick",
        "revo",
        "bha_delay",
        "pseud_rand",
        "poissonin",
        "plsin",
        "nimin0",
        "nimin1",
        "inp159",
        "inp160",
        "inp161",
    }


def test_neural_matches_wait_for_the_calorimeter_and_not_for_the_network() -> None:
    # Parts of the latencies in docs/reference/pipeline.md [us]: neural tracks at the global
    # reconstruction, and the calorimeter there; then its 0.25 and a link of 0.25.
    config = parse_pipeline(None, "x")
    neural, calorimeter = config.neuro.latency_us - 0.5, config.ecl.latency_us
    assert neural < calorimeter
    assert config.grl.latency_us == pytest.approx(max(neural, calorimeter) + 0.5)


def test_displaced_vertices_take_what_their_blocks_declare() -> None:
    # docs/reference/pipeline.md [us]: up to the 2D finder as for 2D tracks, then both blocks, then
    # link, global reconstruction, link.
    config = parse_pipeline(None, "x")
    to_finder = config.cdc.latency_us - 0.75
    blocks = sum(BLOCKS[f"displaced_{part}"].latency for part in ("hough", "classifier"))
    assert config.displaced.latency_us >= to_finder + blocks * TICK_NS / 1e3 + 0.75
    assert all(BLOCKS[f"displaced_{part}"].interval <= 32 for part in ("hough", "classifier"))
