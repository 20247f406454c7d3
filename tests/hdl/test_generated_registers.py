"""Reset values of the generated register files: those of the interface table, each element."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware_models.interface import BLOCKS
from hdl.generate_rtl import WITH_REGISTERS

GENERATED = Path(__file__).resolve().parents[2] / "hdl" / "generated"
RESET = re.compile(r"^\s+(\w+) <= (\d+)'h([0-9a-f]+);", re.MULTILINE)


@pytest.mark.parametrize("name", WITH_REGISTERS)
def test_reset_gives_every_element_its_default(name: str) -> None:
    text = (GENERATED / f"{name}_registers.sv").read_text()
    reset = text[text.index("if (!rst_ni)") : text.index("end else if (cfg_valid_i)")]
    found = {match[1]: (int(match[2]), int(match[3], 16)) for match in RESET.finditer(reset)}
    block = BLOCKS[name]
    assert set(found) == {register.name for register in block.registers}
    for register in block.registers:
        bits, value = found[register.name]
        assert bits == register.width * register.count
        elements = [
            value >> i * register.width & ((1 << register.width) - 1) for i in range(register.count)
        ]
        assert elements == block.defaults()[register.name].tolist(), register.name


def test_a_block_with_an_array_of_one_default_is_among_them() -> None:
    assert any(
        register.count > 1 and isinstance(register.default, int) and register.default
        for name in WITH_REGISTERS
        for register in BLOCKS[name].registers
    )
