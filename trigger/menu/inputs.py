"""Which input bits of the menu the sub-triggers produce, and from which words.

Names are those of the public GDL menus where such a bit exists there; ``ecl_taub2b*`` and
``ecl_hie*`` are names of our own in the same style. ``bha_veto`` is the 3D Bhabha bit
(ecl_klm_gdl section 5 of the reference notes). Of the drift chamber, ``t2`` counts 2D tracks and
``ty`` neural tracks, one-hot; ``typ`` is the single-track trigger; angles between 2D tracks and
their classes back to back are named as in sections 4 and 5 of the same notes. Of the muon detector,
``klm`` and ``eklm`` are binary counts of fired sectors in barrel and endcaps (section 6 there).
Of the global reconstruction, ``ts`` counts short tracks, ``cdcecl``, ``cdcklm`` and their like
matches between sub-triggers (section 5 there). Neural tracks matched in three dimensions have names
of our own, after the bits of 2D tracks: ``ycdcecl``, ``ycdcklm``, ``typecl``, ``typklm``; so
has ``dvt``, a displaced vertex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS
from firmware_models.interface.displaced import DISPLACED_DECISION
from firmware_models.interface.ecl import ECL_TRIGGER
from firmware_models.interface.grl import (
    BACK_TO_BACK,
    GRL_MATCH,
    GRL_NEURAL,
    GRL_SHORT,
    N_COUNT,
    N_T2,
    TRACK_COUNTS,
)
from firmware_models.interface.klm import KLM_SECTORS
from firmware_models.interface.neuro import N_TY, SINGLE_TRACK
from firmware_models.words import Word
from trigger.bits import BitTable
from trigger.menu.constant_inputs import CONSTANT_INPUTS as CONSTANT_INPUTS
from trigger.menu.constant_inputs import Constant as Constant

if TYPE_CHECKING:
    pass

ANY = -1
"""In place of a bit: whether the element differs from 0."""


@dataclass(frozen=True)
class Source:
    """Where an input bit comes from: field of the word, element of the field, bit of it."""

    field: str
    element: int = 0
    bit: int = 0


Inputs = Mapping[Word, Mapping[str, Source]]
"""Input bits by name to their sources, for each word of a sub-trigger."""


ECL_INPUTS: dict[str, Source] = {
    "ecl_active": Source("hit"),
    "ecl_timing_fwd": Source("timing_source", bit=0),
    "ecl_timing_brl": Source("timing_source", bit=1),
    "ecl_timing_bwd": Source("timing_source", bit=2),
    "ecl_phys": Source("physics"),
    "elow": Source("elow"),
    "ehigh": Source("ehigh"),
    "elum": Source("elum"),
    "ecl_bha": Source("bhabha"),
    "ecl_3dbha": Source("bhabha_3d"),
    "bha_veto": Source("bhabha_3d"),
    "bha_intrk": Source("bhabha_intrack"),
    "ecl_bhapur": Source("bhabha_selection"),
    "bha_theta_0": Source("bhabha_theta", bit=0),
    "bha_theta_1": Source("bhabha_theta", bit=1),
    "ecl_mumu": Source("mumu"),
    "ecl_oflo": Source("overflow"),
    "ecl_bst": Source("burst"),
    **{f"clst_{i}": Source("clst", bit=i) for i in range(4)},
    **{f"ecl_lml_{i}": Source("lml", i) for i in range(12)},
    "ecl_lml_12": Source("lml12"),
    "ecl_lml_13": Source("lml13"),
    "ecl_taub2b": Source("taub2b"),
    "ecl_taub2b2": Source("taub2b2"),
    "ecl_taub2b3": Source("taub2b3"),
    **{f"ecl_hie{i + 1}": Source("hie", i) for i in range(3)},
    "ecl_hie4": Source("hie4"),
}
"""Input bit by name to its source in the word `ecl_trigger`."""


ECL_WORDS: Inputs = {ECL_TRIGGER: ECL_INPUTS}

TRACK_WORDS: Inputs = {
    TRACK_COUNTS: {
        **{f"t2_{i}": Source("t2", i) for i in range(N_T2)},
        "cdc_active": Source("tracks", bit=ANY),
        "cdc_open90": Source("open90"),
        "f2f30": Source("open30"),
        **{f"cdc_b2b{2 * d + 1}": Source("b2b", i) for i, d in enumerate(BACK_TO_BACK)},
    },
    SINGLE_TRACK: {
        **{f"ty_{i}": Source("ty", i) for i in range(N_TY)},
        "typ": Source("stt"),
    },
    DISPLACED_DECISION: {"dvt": Source("dvt")},
}
"""Input bits of the track trigger, by word."""

TRACK_INPUTS: dict[str, Source] = {
    name: source for inputs in TRACK_WORDS.values() for name, source in inputs.items()
}
"""Input bit by name to its source, in one word or the other."""

NEURAL_INPUTS = tuple(TRACK_WORDS[SINGLE_TRACK])
"""Those that come after the network."""

KLM_WORDS: Inputs = {
    KLM_SECTORS: {
        "klm_hit": Source("klm", bit=ANY),
        **{f"klm_{i}": Source("klm", bit=i) for i in range(KLM_SECTORS["klm"].width)},
        "klmb2b": Source("klmb2b"),
        "eklm_hit": Source("eklm", bit=ANY),
        **{f"eklm_{i}": Source("eklm", bit=i) for i in range(KLM_SECTORS["eklm"].width)},
        "eklmb2b": Source("eklmb2b"),
    }
}
"""Input bits of the muon detector's trigger; that a hit bit is any fired sector is assumed."""

KLM_INPUTS: dict[str, Source] = dict(KLM_WORDS[KLM_SECTORS])
"""The same by name."""


def _counts(name: str, n: int = N_COUNT) -> dict[str, Source]:
    return {f"{name}_{i}": Source(name, i) for i in range(n)}


def _classes(prefix: str, field: str, n: int) -> dict[str, Source]:
    return {f"{prefix}{2 * d + 1}": Source(field, i) for i, d in enumerate(BACK_TO_BACK[:n])}


GRL_WORDS: Inputs = {
    GRL_SHORT: {
        **_counts("ts"),
        "ti": Source("ti"),
        "fwd_s": Source("short_side", 0),
        "bwd_s": Source("short_side", 1),
    },
    GRL_MATCH: {
        "track": Source("track"),
        **_counts("ta"),
        **_counts("cdcecl"),
        **_counts("c2gev"),
        **_counts("n1gev"),
        **_counts("n2gev"),
        **_counts("cdcklm", 2),
        **_counts("seklm", 2),
        **_counts("iecl", 2),
        "secl": Source("secl"),
        "ieklm": Source("ieklm"),
        "ecleklm": Source("ecleklm"),
        **_classes("d", "d", 3),
        **_classes("p", "p", 4),
        "s2f30": Source("s2f30"),
        "s2fo": Source("s2fo"),
        **_classes("s2f", "s2f", 2),
        "s2s30": Source("s2s30"),
        "s2so": Source("s2so"),
        **_classes("s2s", "s2s", 2),
        "i2fo": Source("i2fo"),
        "i2io": Source("i2io"),
        "itsfb2b": Source("itsfb2b"),
        **{f"{name}{i + 1}": Source(name, i)
           for name in ("trkbha", "grlgg", "brlfb", "brlnb") for i in range(2)},
        "fwdsb": Source("endsb", 0),
        "bwdsb": Source("endsb", 1),
        "fwdnb": Source("endnb", 0),
        "bwdnb": Source("endnb", 1),
    },
}  # fmt: skip
"""Input bits of short and inner tracks, and of matches in azimuth, by word."""

NEURAL_MATCH_WORDS: Inputs = {
    GRL_NEURAL: {
        **_counts("ycdcecl"),
        **_counts("ycdcklm", 2),
        "typecl": Source("typecl"),
        "typklm": Source("typklm"),
        "samhem": Source("samhem"),
        "opohem": Source("opohem"),
    }
}
"""Input bits of neural tracks matched in three dimensions."""

GRL_INPUTS: dict[str, Source] = {
    name: source
    for words in (GRL_WORDS, NEURAL_MATCH_WORDS)
    for inputs in words.values()
    for name, source in inputs.items()
}
"""Input bit of the global reconstruction by name to its source, in one of its words."""

MUON_MATCHES = frozenset(
    name for name, source in GRL_INPUTS.items()
    if source.field in {"cdcklm", "seklm", "ieklm", "ecleklm", "ycdcklm", "typklm"}
)  # fmt: skip
"""Those that need the muon detector as well."""


@dataclass(frozen=True)
class Producer:
    """The block that gives an input bit, and where in its output word the bit lies."""

    block: str
    source: Source

    def __str__(self) -> str:
        """Return block, field and element or bit, as in ``grl_match cdcecl[0]``."""
        source, output = self.source, BLOCKS[self.block].output[self.source.field]
        if source.bit == ANY:
            return f"{self.block} {source.field} > 0"
        number = source.element if output.count > 1 else source.bit
        several = output.count > 1 or output.width > 1
        return f"{self.block} {source.field}" + (f"[{number}]" if several else "")


PRODUCERS: dict[str, Producer] = {
    name: Producer(block.name, source)
    for words in (ECL_WORDS, TRACK_WORDS, KLM_WORDS, GRL_WORDS, NEURAL_MATCH_WORDS)
    for word, inputs in words.items()
    for block in BLOCKS.values()
    if block.output == word
    for name, source in inputs.items()
}
"""Every input bit that is produced, by name."""


def input_rows(inputs: Inputs, words: Sequence[NDArray[np.void]]) -> BitTable:
    """Return the menu's input bits from the words of a sub-trigger.

    Parameters
    ----------
    inputs : mapping of Word to mapping of str to Source
    words : sequence of ndarray, shape (n_events,)
        One array for each word of `inputs`, in their order, of the word's dtype.

    Returns
    -------
    BitTable
        One row for each name in `inputs`, bit-sliced.

    Raises
    ------
    InputError
        When words are of another type, or of another number.
    """
    for word, values in zip(inputs, words, strict=True):
        if values.dtype != word.dtype or values.ndim != 1:
            raise InputError(f"words of {word.name!r}, shape (n,), are needed, not {values.dtype}")
        if len(values) != len(words[0]):
            raise InputError(f"{len(values)} words of {word.name!r} beside {len(words[0])}")
    names = tuple(chain.from_iterable(inputs.values()))
    dense = np.empty((len(names), len(words[0])), dtype=np.bool_)
    sources = ((values, source) for values, named in zip(words, inputs.values(), strict=True)
               for source in named.values())  # fmt: skip
    for row, (values, source) in enumerate(sources):
        column = values[source.field]
        column = column[:, source.element] if column.ndim == 2 else column
        if source.bit == ANY:
            dense[row] = column != 0
        else:
            dense[row] = column >> column.dtype.type(source.bit) & column.dtype.type(1)
    return BitTable.from_dense(names, dense)


def ecl_input_rows(words: NDArray[np.void]) -> BitTable:
    """Return the menu's input bits from the calorimeter trigger's words.

    Parameters
    ----------
    words : ndarray, shape (n_events,), dtype of the word `ecl_trigger`

    Returns
    -------
    BitTable
        One row for each name of `ECL_INPUTS`, bit-sliced.

    Raises
    ------
    InputError
        When the words are of another type.
    """
    return input_rows(ECL_WORDS, (words,))


def produced_inputs(*, tracks: bool, muons: bool = False) -> tuple[str, ...]:
    """Return the input bits that are simulated.

    Parameters
    ----------
    tracks : bool
        Tracks are simulated: those of the track trigger and of the global reconstruction, less
        its matches to the muon detector.
    muons : bool
        The muon detector is simulated: its bits, and with `tracks` those matches.

    Returns
    -------
    tuple of str
        The calorimeter's bits first.
    """
    matched = (name for name in GRL_INPUTS if muons or name not in MUON_MATCHES)
    return (
        *ECL_INPUTS,
        *((*TRACK_INPUTS, *matched) if tracks else ()),
        *(KLM_INPUTS if muons else ()),
    )
