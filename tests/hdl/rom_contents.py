"""What a generated ROM holds: as its text says, as yosys reads it, as Icarus reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hdl.sources import user_design
from hdl.synth import read_passes, run_passes
from hdl.tools import run

Contents = dict[str, list[int]]
"""Memories of a module by name: their words from address 0 on."""

_MEMORY = re.compile(r"logic \[\d+:0\] (\w+)\[0:(\d+)\];")
_ROW = re.compile(r"row = \d+'h(\w+);")
_FROM_ROW = re.compile(r"i < (\d+); i\+\+\) (\w+)\[(\d+)\+i\] = row\[i\*(\d+)\+:(\d+)\];")
_SAME = re.compile(r"int i = (\d+); i < (\d+); i\+\+\) (\w+)\[i\] = \d+'h(\w+);")
_ONE = re.compile(r"^ *(\w+)\[(\d+)\] = \d+'h(\w+);")


def in_text(text: str) -> Contents:
    """Return what the statements of the generated text say, which are read one by one."""
    found = {name: [-1] * (int(last) + 1) for name, last in _MEMORY.findall(text)}
    row = 0
    for line in text.splitlines():
        if match := _ROW.search(line):
            row = int(match[1], 16)
        elif match := _FROM_ROW.search(line):
            many, start, width = int(match[1]), int(match[3]), int(match[4])
            assert match[4] == match[5]
            for i in range(many):
                found[match[2]][start + i] = row >> (i * width) & ((1 << width) - 1)
        elif match := _SAME.search(line):
            for i in range(int(match[1]), int(match[2])):
                found[match[3]][i] = int(match[4], 16)
        elif match := _ONE.search(line):
            found[match[1]][int(match[2])] = int(match[3], 16)
    return found


def in_yosys(path: Path, folder: Path) -> Contents:
    """Return the memories that yosys makes of a ROM module, as it hands them to the mapping.

    Each must be read at the module's own address and nowhere else, where that is a port.
    """
    # The block only names the design.
    design = user_design("neuro_mlp", [path], path.stem)
    passes = ["proc", "opt_clean", "memory_collect", "write_json memories.json"]
    run_passes(design, [*read_passes(design, folder), *passes], folder)
    module = json.loads((folder / "memories.json").read_text(encoding="utf-8"))["modules"][
        path.stem
    ]
    found = {}
    for cell in module["cells"].values():
        if cell["type"] != "$mem_v2":
            continue
        values, bits = cell["parameters"], cell["parameters"]["INIT"]
        width, size = int(values["WIDTH"], 2), int(values["SIZE"], 2)
        assert int(values["WR_PORTS"], 2) == 0
        assert int(values["RD_PORTS"], 2) == 1
        if "word_o" in module["ports"]:
            assert cell["connections"]["RD_ADDR"] == module["ports"]["address_i"]["bits"]
        assert len(bits) == width * size
        # int() refuses x: a word that nobody filled.
        found[values["MEMID"].lstrip("\\")] = [
            int(bits[len(bits) - (i + 1) * width : len(bits) - i * width], 2) for i in range(size)
        ]
    return found


def in_icarus(path: Path, folder: Path) -> Contents:
    """Return the memories of a ROM module at the start of a simulation."""
    names = [name for name, _ in _MEMORY.findall(path.read_text(encoding="utf-8"))]
    dump = " ".join(f'$writememh("{name}.hex", u_rom.{name});' for name in names)
    bench = f"module bench; {path.stem} u_rom (); initial #1 begin {dump} end endmodule\n"
    (folder / "bench.sv").write_text(bench, encoding="utf-8")
    run(["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.sv", path], cwd=folder)
    run(["vvp", "bench.vvp"], cwd=folder)
    return {
        name: [int(word, 16) for word in re.sub(r"//.*", "", text).split()]
        for name in names
        for text in [(folder / f"{name}.hex").read_text(encoding="utf-8")]
    }
