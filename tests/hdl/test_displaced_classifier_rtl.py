"""RTL of `displaced_classifier`: other weights, features' corners reached, seeded faults found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models import displaced_classifier, displaced_weights
from firmware_models.displaced_weights import DisplacedWeights
from firmware_models.interface import BLOCKS
from firmware_models.vertex_features import features
from hdl.batch import BatchSimulator
from hdl.generate_classifier import classifier_modules
from hdl.generate_neuro import weight_words
from hdl.sources import block_sources
from hdl.testbenches.displaced_classifier.stimulus import constrained
from hdl.tools import available
from tests.hdl.seeded_faults import assert_volume_finds, changed_sources

BLOCK = "displaced_classifier"
FEATURES = "displaced_classifier_features.sv"


def test_it_follows_the_planes_in_step() -> None:
    assert BLOCKS[BLOCK].interval <= BLOCKS["displaced_hough"].interval
    assert BLOCKS[BLOCK].input is BLOCKS["displaced_hough"].output


def test_stimulus_reaches_both_forms_and_images() -> None:
    words = constrained(4000, 1)
    p, n = (words[name].astype(np.int64) for name in ("positive", "negative"))
    middle = (p + n == 63) & (words["valid"] == 1)
    rows = words["positive_row"].astype(np.int64) + words["negative_row"] - 7
    layers = words["positive_layers"].astype(np.int64) - words["negative_layers"]
    for chosen in (rows > 0, rows < 0, (rows == 0) & (layers < 0), (rows == 0) & (layers == 0)):
        assert (middle & chosen).sum() > 50
    # Half a turn to the next ring, either way of the mirror.
    turns = features(words)[:, :, 27:]
    assert turns.min() == -4096
    assert turns.max() == 15 * 256


def test_weights_lie_in_the_rom_as_the_layer_takes_them() -> None:
    hidden = displaced_weights.load().hidden
    words = weight_words(hidden[None], 6)
    assert len(words) == 5
    for node, column in ((0, 0), (31, 29), (17, 8)):
        step, lane = divmod(column, 6)
        field = words[step] >> (13 * (6 * node + lane)) & 0x1FFF
        assert (field ^ 0x1000) - 0x1000 == hidden[node, column]


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-displaced")
class TestRtl:
    """Builds of the block."""

    @pytest.fixture(autouse=True)
    def _tools(self) -> None:
        if reason := available("verilator"):
            pytest.skip(reason)

    def test_other_weights_need_no_other_rtl(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(8)
        weights = DisplacedWeights(
            np.clip(rng.normal(0, 900, (32, 30)), -4096, 4095).astype(np.int64),
            rng.integers(-4096, 4096, (1, 33)),
        )
        roms = {Path(k).name: v for k, v in classifier_modules("Untrained.", weights).items()}
        for name, text in roms.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        sources = [tmp_path / s.name if s.name in roms else s for s in block_sources(BLOCK)]
        words = constrained(5_000, 2)
        found = BatchSimulator(BLOCK, sources).run(words)
        assert np.array_equal(found, displaced_classifier.evaluate(words, weights=weights))
        assert not np.array_equal(found, displaced_classifier.evaluate(words))

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            (FEATURES, "image ? '0 : mirrored ? -inward_q", "mirrored ? -inward_q"),
            (FEATURES, "off >= 5'd30", "off >= 5'd31"),
            (f"{BLOCK}.sv", ">= min_score[NW*found_ring+:NW]", "> min_score[NW*found_ring+:NW]"),
        ],
        ids=["image", "sectors", "edge"],
    )
    def test_volume_finds_it(self, tmp_path: Path, file: str, old: str, new: str) -> None:
        assert_volume_finds(BLOCK, changed_sources(BLOCK, tmp_path, file, old, new), 20_000)
