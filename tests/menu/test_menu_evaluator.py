"""The bit-sliced evaluator on menus: blocks, last words, shared parts, the block's model."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models import gdl_logic
from firmware_models.errors import InputError
from firmware_models.interface.ecl import ECL_TRIGGER
from sim.streams import stream
from trigger.bits import BitTable, slice_bits, unslice_bits
from trigger.menu import Menu, load, loads
from trigger.menu.evaluator import BLOCK_WORDS
from trigger.menu.firmware import firmware_program
from trigger.menu.inputs import ECL_INPUTS, ecl_input_rows
from trigger.menu.interpret import interpret


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load("low_multiplicity")


# 1 event, a part of a word, whole words, one block, more than one block and a bit.
@pytest.mark.parametrize("n", [1, 63, 64, 65, 64 * BLOCK_WORDS, 64 * BLOCK_WORDS * 2 + 77])
def test_every_line_is_its_names_logic_on_random_events(menu: Menu, n: int) -> None:
    rng = stream(1, "menu/evaluator", n)
    names = tuple(item.name for item in menu.inputs)
    dense = rng.random((len(names), n)) < rng.random((len(names), 1))
    decided = menu.decide(BitTable.from_dense(names, dense))
    assert decided.names == menu.names
    assert decided.n_events == n
    bits = dict(zip(names, dense, strict=True))
    for line in menu.lines:
        wanted = interpret(line.expression, menu.groups, bits)
        assert np.array_equal(decided[line.name], wanted), line.name
    assert np.array_equal(decided.rows, slice_bits(unslice_bits(decided.rows, n)))


def test_bits_beyond_the_last_event_stay_zero() -> None:
    menu = loads('[menu]\nname="n"\nversion="1"\n[inputs]\nveto=0\n'
                 '[outputs.open]\nindex=0\nlogic="not veto"')  # fmt: skip
    for n in (1, 64, 65, 127, 128, 200):
        decided = menu.decide(BitTable.from_dense(("veto",), np.zeros((1, n), dtype=bool)))
        assert decided.counts().tolist() == [n]


def test_shared_parts_are_computed_once() -> None:
    shared = "not bha_veto and not veto"
    lines = "\n".join(
        f'[outputs.l{i}]\nindex = {i}\nlogic = "x{i} and {shared}"' for i in range(20)
    )
    inputs = "\n".join(f"x{i} = {i + 10}" for i in range(20))
    menu = loads(f'[menu]\nname="n"\nversion="1"\n[inputs]\nbha_veto=0\nveto=1\n{inputs}\n{lines}')
    # Two negations, their conjunction, and one conjunction a line.
    assert len(menu.compile().program.code) == 2 + 1 + 20


def test_result_goes_where_it_is_wanted(menu: Menu) -> None:
    rows = stream(4, "menu/out").integers(0, 2**63, (menu.n_inputs, 300), dtype=np.uint64)
    out = np.full((len(menu.lines), 300), 7, dtype=np.uint64)
    assert menu.compile()(rows, out=out) is out
    assert np.array_equal(out, menu.compile()(rows))
    shape = rf"uint64 of shape \({len(menu.lines)}, 300\)"
    with pytest.raises(InputError, match=f"output rows must be {shape}"):
        menu.compile()(rows, out=out[:, ::2])


def test_wrong_rows_are_refused(menu: Menu) -> None:
    shape = rf"uint64 of shape \({menu.n_inputs}, n_words\)"
    with pytest.raises(InputError, match=f"{shape}, not int64"):
        menu.compile()(np.zeros((menu.n_inputs, 1), dtype=np.int64))  # type: ignore[arg-type]


def test_block_model_decides_as_the_evaluator(menu: Menu) -> None:
    rng = stream(2, "menu/block")
    bits = rng.random((1000, menu.n_inputs)) < rng.random((1000, 1))
    words = gdl_logic.quantize(bits)
    lines = gdl_logic.evaluate(words)["bits"]
    rows = menu.compile()(slice_bits(bits.T), 1000)
    wanted = unslice_bits(rows, 1000)
    for row, line in enumerate(menu.lines):
        assert np.array_equal(lines[:, line.index], wanted[row]), line.name
    idle = sorted(set(range(320)) - {line.index for line in menu.lines})
    assert not lines[:, idle].any()


def test_block_model_takes_another_program() -> None:
    menu = loads('[menu]\nname="n"\nversion="1"\n[inputs]\na=3\nb=319\n'
                 '[outputs.x]\nindex=319\nlogic="a and not b"')  # fmt: skip
    bits = np.zeros((4, 320), dtype=bool)
    bits[:, 3], bits[:, 319] = [0, 0, 1, 1], [0, 1, 0, 1]
    out = gdl_logic.evaluate(gdl_logic.quantize(bits), program=firmware_program(menu))
    assert out["bits"][:, 319].tolist() == [0, 0, 1, 0]
    assert out["bits"].sum() == 1


def test_block_program_refuses_what_does_not_fit() -> None:
    with pytest.raises(InputError, match="input index must be 0 to 319"):
        gdl_logic.Program.of([(0, [[320]])])
    with pytest.raises(InputError, match="output index must be 0 to 319"):
        gdl_logic.Program.of([(320, [[1]])])
    with pytest.raises(InputError, match="no registers"):
        gdl_logic.evaluate(gdl_logic.BLOCK.input.zeros(1), {"x": np.zeros(1, np.int64)})


def test_calorimeter_bits_arrive_under_their_names() -> None:
    rng = stream(3, "menu/ecl")
    raw = rng.integers(0, 2**32, (500, -(-ECL_TRIGGER.width // 32)), dtype=np.uint32)
    words = ECL_TRIGGER.unpack(raw)
    table = ecl_input_rows(words)
    assert set(table.names) == set(ECL_INPUTS)
    for i in range(12):
        assert np.array_equal(table[f"ecl_lml_{i}"], words["lml"][:, i] == 1)
    for i in range(4):
        assert np.array_equal(table[f"clst_{i}"], words["clst"] // 2**i % 2 == 1)
    for i in range(3):
        assert np.array_equal(table[f"ecl_hie{i + 1}"], words["hie"][:, i] == 1)
    for i, part in enumerate(("fwd", "brl", "bwd")):
        assert np.array_equal(table[f"ecl_timing_{part}"], words["timing_source"] // 2**i % 2 == 1)
    assert np.array_equal(table["bha_theta_1"], words["bhabha_theta"] >= 2)
    assert np.array_equal(table["bha_veto"], words["bhabha_3d"] == 1)
    assert np.array_equal(table["ecl_lml_13"], words["lml13"] == 1)
    assert np.array_equal(table["ehigh"], words["ehigh"] == 1)


def test_unknown_rows_are_left_out_and_missing_ones_are_zero(menu: Menu) -> None:
    table = BitTable.from_dense(("ecl_lml_6", "stranger"), np.ones((2, 70), dtype=bool))
    rows = menu.input_rows(table)
    assert np.bitwise_count(rows).sum() == 70
    assert np.bitwise_count(rows[menu.input_index["ecl_lml_6"]]).sum() == 70
    missing = menu.without_producer(ECL_INPUTS)
    assert "typ" in missing
    assert "veto" in missing
    assert not set(missing) & set(ECL_INPUTS)
    # An input that no line reads is not missed.
    assert "cdc_active" not in missing
