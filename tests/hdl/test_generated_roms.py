"""Every generated ROM: yosys and Icarus read the table that the model uses, at every address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from firmware_models import deep_weights, displaced_weights, neuro_weights, segment_lut
from firmware_models.cell_positions import cell_azimuth
from firmware_models.cot_table import cot_table
from firmware_models.crossing_angles import azimuths, crossing_angles
from firmware_models.sine_table import sine_table
from firmware_models.tanh_table import tanh_table
from firmware_models.tanh_table_short import short_tanh_table
from firmware_models.track_extrapolation import ECL_RADIUS_CM, KLM_RADIUS_CM
from firmware_models.trigger_cells import cell_map
from hdl.generate_grl_match import cell_words, turn_words
from hdl.generate_grl_neural import path_words
from hdl.generate_hough import range_words
from hdl.generate_rom import ROW, rom
from hdl.generate_rtl import rom_words
from hdl.generate_segment import near_masks
from hdl.tools import ROOT, available
from tests.hdl.rom_contents import Contents, in_icarus, in_text, in_yosys

Table = Sequence[int] | Mapping[int, int]

GENERATED = ROOT / "hdl" / "generated"


def _weights(layers: np.ndarray, lanes: int, bits: int, pitch: int) -> dict[int, int]:
    """Return the words of a layer's ROM, weight by weight; shape (expert, node, input)."""
    inputs = layers.shape[2]
    steps = -(-inputs // lanes)
    above = max((steps - 1).bit_length(), 1)
    words: dict[int, int] = {}
    for expert, layer in enumerate(layers.tolist()):
        for node, row in enumerate(layer):
            for column, weight in enumerate(row):
                place = expert << above | column // lanes
                bit = pitch * (node * lanes + column % lanes)
                words[place] = words.get(place, 0) | (weight & ((1 << bits) - 1)) << bit
    return words


def _deep(part: str) -> dict[int, int]:
    first, hidden, output = deep_weights.load().layers
    # Eleven bits follow three quantities in each of nine superlayers; the bias comes last.
    bits = np.array([i < 126 and i % 14 >= 3 for i in range(first.shape[1])])
    layers = {"input": first[:, ~bits], "pattern": first[:, bits], "hidden": hidden,
              "output": output}  # fmt: skip
    lanes = {"input": 4, "pattern": 15, "hidden": 6, "output": 31}
    return _weights(layers[part][None], lanes[part], 18, 32)


def _angles() -> dict[int, int]:
    """Return the words of the table of angles: 18 of 14 bits, over omega in two's complement."""
    flat = crossing_angles().reshape(18, -1).tolist()
    return {
        omega & 127: sum((row[omega + 64] & 0x3FFF) << (14 * i) for i, row in enumerate(flat))
        for omega in range(-64, 64)
    }


def _codes(tables: Sequence[np.ndarray]) -> list[int]:
    codes = [int(code) or 3 for table in tables for code in table]
    return [
        sum(code << (2 * i) for i, code in enumerate(codes[at : at + 64]))
        for at in range(0, len(codes), 64)
    ]


TABLES: dict[str, Callable[[], tuple[Table, int]]] = {
    "cdc_hough_ranges": lambda: (range_words(), 0),
    "cdc_segment_view": lambda: (near_masks(), 0),
    "displaced_classifier_hidden_rom": lambda: (
        _weights(displaced_weights.load().hidden[None], 6, 13, 13), 0),
    "displaced_classifier_output_rom": lambda: (
        _weights(displaced_weights.load().output[None], 7, 13, 13), 0),
    "ecl_selection_rom": lambda: ([0, *rom_words()[1:]], 0),
    "grl_match_cell_rom": lambda: ([192, *cell_words()[1:]], 192),
    "grl_match_turn_rom": lambda: (turn_words(), (1 << 20) - 1),
    "grl_neural_cell_rom": lambda: ((cell_map().theta_id << 12 | cell_azimuth()).tolist(), 0),
    "grl_neural_cot_rom": lambda: (cot_table().tolist(), 0),
    "grl_neural_ecl_rom": lambda: (path_words(ECL_RADIUS_CM), 0),
    "grl_neural_klm_rom": lambda: (path_words(KLM_RADIUS_CM), 0),
    "neuro_deep_hidden_rom": lambda: (_deep("hidden"), 0),
    "neuro_deep_input_rom": lambda: (_deep("input"), 0),
    "neuro_deep_output_rom": lambda: (_deep("output"), 0),
    "neuro_deep_pattern_rom": lambda: (_deep("pattern"), 0),
    "neuro_deep_tanh_rom": lambda: (short_tanh_table().tolist(), 0),
    "neuro_mlp_hidden_rom": lambda: (_weights(neuro_weights.load().hidden, 2, 13, 13), 0),
    "neuro_mlp_output_rom": lambda: (_weights(neuro_weights.load().output, 10, 13, 13), 0),
    # The table ends where tanh reaches 1; that stands at all addresses beyond.
    "neuro_mlp_tanh_rom": lambda: (tanh_table().tolist(), 4096),
    "neuro_preprocess_alpha_rom": lambda: (_angles(), 0),
    "neuro_preprocess_phi_rom": lambda: (azimuths().tolist(), 0),
    "single_track_sine_rom": lambda: (sine_table().tolist(), 0),
}  # fmt: skip
"""Module to its table, and the word at addresses beyond it."""


def _expected(name: str, found: Contents) -> Contents:
    if name == "cdc_segment_rom":
        fan, *others = segment_lut.load().tables
        return {"fan": _codes([fan]), "other": _codes(others)}
    table, rest = TABLES[name]()
    words = table if isinstance(table, Mapping) else dict(enumerate(table))
    assert len(words) <= len(found["rom"])
    return {"rom": [words.get(address, rest) for address in range(len(found["rom"]))]}


ALL = sorted([*TABLES, "cdc_segment_rom"])


def test_all_memories_with_contents_are_generated_and_in_the_list() -> None:
    paths = [*(ROOT / "hdl" / "rtl").rglob("*.sv"), *GENERATED.glob("*.sv")]
    assert len(paths) > 80
    filled = set()
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if re.search(r"\binitial\b|\$readmem", text):
            filled.add(path.stem)
        # Registers are chosen by address and hold no table; else no case has more than states.
        branches = re.findall(r"^\s*\d+'[bdh]\w+:", text, re.M)
        assert path.stem.endswith("_registers") or len(branches) < 9, path
    assert filled == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_yosys_reads_the_table(name: str, tmp_path: Path) -> None:
    """A table that its front end takes for a constant would vanish from the area."""
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    found = in_yosys(GENERATED / f"{name}.sv", tmp_path)
    assert found == _expected(name, found)


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-roms")
@pytest.mark.parametrize("name", ALL)
def test_icarus_and_the_text_say_the_same(name: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    path = GENERATED / f"{name}.sv"
    found = in_icarus(path, tmp_path)
    assert found == _expected(name, found)
    assert found == in_text(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("width", [1, 7, ROW // 2, ROW // 2 + 1, ROW, 3 * ROW])
def test_any_width_and_holes(width: int, tmp_path: Path) -> None:
    """One, many or no word a row; negative words; addresses left out in the middle and beyond."""
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    rng = np.random.default_rng(width)
    mask, rest = (1 << width) - 1, 1
    words = {
        int(at): int.from_bytes(rng.bytes(width // 8 + 1), "little") & mask
        for at in rng.choice(200, 120, replace=False)
    } | {3: -1, 200: 0}  # fmt: skip
    text = "\n".join(rom("some_rom", "Any.", words, width, 8, rest=rest, enable=True))
    path = tmp_path / "some_rom.sv"
    path.write_text(text, encoding="utf-8")
    expected = [words.get(address, rest) & mask for address in range(256)]
    assert in_yosys(path, tmp_path) == {"rom": expected}
    assert in_text(text) == {"rom": expected}
    if not available("icarus"):
        assert in_icarus(path, tmp_path) == {"rom": expected}


def test_a_case_over_the_loop_is_what_the_check_is_for(tmp_path: Path) -> None:
    """Two words from a case in a loop: Icarus fills both, yosys' reader the same one twice.

    When this fails with a later yosys, the rule of `generate_rom` is no longer needed.
    """
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    if reason := available("icarus"):
        pytest.skip(reason)
    path = tmp_path / "case_rom.sv"
    path.write_text(
        "module case_rom (input logic clk_i, input logic [0:0] address_i,"
        " output logic [3:0] word_o);\n"
        "  logic [3:0] rom[0:1];\n  initial begin : fill\n    logic [3:0] row;\n"
        "    for (int i = 0; i < 2; i++) begin\n"
        "      case (i)\n        0: row = 4'h5;\n        default: row = 4'h9;\n      endcase\n"
        "      rom[i] = row;\n    end\n  end\n"
        "  always_ff @(posedge clk_i) word_o <= rom[address_i];\nendmodule\n",
        encoding="utf-8",
    )
    assert in_icarus(path, tmp_path) == {"rom": [5, 9]}
    assert in_yosys(path, tmp_path) == {"rom": [9, 9]}
