"""Input bits of the muon detector: where they come from, and under which names."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models import klm_sector
from firmware_models.errors import InputError
from firmware_models.interface.ecl import ECL_TRIGGER
from firmware_models.interface.klm import KLM_SECTORS
from hdl.testbenches.klm_sector.stimulus import constrained
from sim.streams import stream
from trigger.menu import load
from trigger.menu.inputs import ECL_INPUTS, KLM_WORDS, TRACK_INPUTS, input_rows

PUBLIC = ("klm_hit", "klm_0", "klm_1", "klm_2", "klmb2b",
          "eklm_hit", "eklm_0", "eklm_1", "eklm_2", "eklmb2b")  # fmt: skip
"""As in the public GDL menu 0034, in its order."""


def test_bits_arrive_under_their_names() -> None:
    rng = stream(5, "tests/klm_sectors")
    words = KLM_SECTORS.unpack(rng.integers(0, 2**32, (500, 3), dtype=np.uint32))
    table = input_rows(KLM_WORDS, (words,))
    assert table.names == PUBLIC
    for part in ("klm", "eklm"):
        wanted = {f"{part}_hit": words[part] > 0, f"{part}b2b": words[f"{part}b2b"] == 1}
        # Unsigned binary, bit 0 the lowest.
        wanted |= {f"{part}_{i}": words[part] // 2**i % 2 == 1 for i in range(3)}
        for name, bits in wanted.items():
            assert 0 < bits.sum() < 500
            assert np.array_equal(table[name], bits), name


def test_counts_of_the_block_read_back_from_the_bits() -> None:
    out = klm_sector.evaluate(constrained(2000, 4))
    table = input_rows(KLM_WORDS, (out,))
    for part, sectors in (("klm", "barrel"), ("eklm", "endcap")):
        read = sum(int(2**i) * table[f"{part}_{i}"].astype(int) for i in range(3))
        fired = out[sectors].sum(axis=1)
        assert np.array_equal(read, np.minimum(fired, 7))
        assert np.array_equal(table[f"{part}_hit"], fired > 0)
        assert set(np.unique(read)) == set(range(8))


def test_names_have_one_producer_and_the_menu_reads_them() -> None:
    assert not set(PUBLIC) & {*ECL_INPUTS, *TRACK_INPUTS}
    menu = load("low_multiplicity")
    assert set(PUBLIC) <= {item.name for item in menu.inputs}
    read = {line.name for line in menu.lines for term in line.dnf
            if set(PUBLIC) & {name for name, _ in term}}  # fmt: skip
    assert read == {"mu_pair", "mu_b2b", "mu_epair", "mu_eb2b", "klmhit", "eklmhit", "klm2",
                    "eklm2", "beklm", "fwd_seklm", "bwd_seklm"}  # fmt: skip


def test_other_words_are_refused() -> None:
    with pytest.raises(InputError, match="words of 'klm_sectors'"):
        input_rows(KLM_WORDS, (ECL_TRIGGER.zeros(3),))
