"""Which sub-trigger sends which input bit of the menu, and so when it reaches the GDL.

Bits that `trigger.menu.inputs` names go by their word. Short tracks (`grl_short`) are made in the
global reconstruction but wait for the chamber only: they come with the counts of 2D tracks, whose
path leads through it as well. Whatever stands in `grl_match` waits for the calorimeter, so all its
bits, angles between tracks included, come with that word. So do the matches in three dimensions
(`grl_neural`): the calorimeter's clusters reach the global reconstruction later than the neural
tracks (docs/reference/pipeline.md). Bits that nothing produces go by name, after the classes of the
public GDL menus (ecl_klm_gdl sections 4 to 6 of the reference notes). Machine and monitor inputs
(veto, pulses) belong to none.
"""

from __future__ import annotations

import re

from firmware_models.interface.displaced import DISPLACED_DECISION
from firmware_models.interface.ecl import ECL_TRIGGER
from firmware_models.interface.grl import GRL_MATCH, GRL_NEURAL, GRL_SHORT, TRACK_COUNTS
from firmware_models.interface.klm import KLM_SECTORS
from firmware_models.interface.neuro import SINGLE_TRACK
from trigger.menu.inputs import ECL_WORDS, GRL_WORDS, KLM_WORDS, NEURAL_MATCH_WORDS, TRACK_WORDS

SUB_TRIGGERS = ("ecl", "cdc", "klm", "grl", "top", "neuro", "displaced")
"""Names by number."""

ECL, CDC, KLM, GRL, TOP, NEURO, DISPLACED = range(7)

_BY_WORD = {
    ECL_TRIGGER.name: "ecl",
    TRACK_COUNTS.name: "cdc",
    SINGLE_TRACK.name: "neuro",
    DISPLACED_DECISION.name: "displaced",
    KLM_SECTORS.name: "klm",
    GRL_SHORT.name: "cdc",
    GRL_MATCH.name: "grl",
    GRL_NEURAL.name: "grl",
}

_SENDER = {
    name: _BY_WORD[word.name]
    for words in (ECL_WORDS, TRACK_WORDS, KLM_WORDS, GRL_WORDS, NEURAL_MATCH_WORDS)
    for word, inputs in words.items()
    for name in inputs
}

_BY_NAME = (
    ("grl", r"cdctop|trkflt"),
    ("cdc", r"t[3x]"),
    ("top", r"top|top_bb|top_active"),
    ("ecl", r"bha_type"),
)


def sub_trigger_of(name: str) -> str | None:
    """Return the sub-trigger that sends an input bit, None for none.

    Parameters
    ----------
    name : str
        Name of the bit; bit 2 of a multi-bit input is ``clst_2``.
    """
    if name in _SENDER:
        return _SENDER[name]
    stem = re.sub(r"_[0-9]+$", "", name)
    for sub_trigger, pattern in _BY_NAME:
        if re.fullmatch(pattern, name) or re.fullmatch(pattern, stem):
            return sub_trigger
    return None
