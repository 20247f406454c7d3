"""Writer of ROM modules that Verilator, Icarus 11 and yosys read alike: one port, one clock.

A ROM is a memory that an ``initial`` block fills: no file to find at run time. The block holds
straight assignments and loops without branches only: a ``case`` over the loop's variable is
legal, yet yosys' SystemVerilog reader takes its ``default`` on every turn, so that a table became
one constant and vanished from the area.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

ROW = 1024
"""Bits that one statement fills: one an entry makes every instance slow to compile and to start,
and Icarus copies the whole constant for each entry that it takes from it."""


def packed(values: Sequence[int], width: int, pitch: int = 0) -> int:
    """Return values of some bits as one number, the first lowest, every `width` or `pitch` bits."""
    step, mask = pitch or width, (1 << width) - 1
    return sum((value & mask) << (i * step) for i, value in enumerate(values))


def rom(
    name: str,
    about: str,
    words: Sequence[int] | Mapping[int, int],
    width: int,
    address: int,
    *,
    rest: int = 0,
    enable: bool = False,
) -> Iterator[str]:
    """Yield the lines of a ROM module with ports ``clk_i``, ``address_i`` and ``word_o``.

    Parameters
    ----------
    name, about : str
        Module; what it holds.
    words : sequence of int or mapping of int to int
        From address 0 on, or by address; negative ones as two's complement.
    width, address : int
        Bits of a word and of an address.
    rest : int
        Word of all addresses that `words` leaves out.
    enable : bool
        Whether the word changes on clocks with ``valid_i`` only.
    """
    yield f"// {about}"
    yield f"module {name} ("
    yield "    input  logic clk_i,"
    if enable:
        yield "    input  logic valid_i,"
    yield f"    input  logic [{address - 1}:0] address_i,"
    yield f"    output logic [{width - 1}:0] word_o"
    yield ");"
    yield from filled_memory("rom", words, width, 1 << address, rest=rest)
    read = "if (valid_i) word_o" if enable else "word_o"
    yield f"  always_ff @(posedge clk_i) {read} <= rom[address_i];"
    yield "endmodule"
    yield ""


def filled_memory(
    name: str,
    words: Sequence[int] | Mapping[int, int],
    width: int,
    depth: int,
    *,
    rest: int = 0,
) -> Iterator[str]:
    """Yield the lines that declare a memory and fill it; `words` and `rest` as in `rom`.

    Parameters
    ----------
    name : str
        The memory.
    words : sequence of int or mapping of int to int
        At most `depth`, or addresses below it.
    width, depth : int
        Bits of a word; number of words.
    rest : int
        Word of all addresses that `words` leaves out.
    """
    by_address = words if isinstance(words, Mapping) else dict(enumerate(words))
    used = max(by_address) + 1
    assert 0 <= min(by_address) < used <= depth
    table = [by_address.get(place, rest) for place in range(used)]
    many = max(ROW // width, 1)
    yield f"  logic [{width - 1}:0] {name}[0:{depth - 1}];"
    yield f"  initial begin : fill_{name}"
    if many > 1:
        yield f"    logic [{many * width - 1}:0] row;"
    for start in range(0, used, many):
        row = table[start : start + many]
        if many == 1:
            yield f"    {name}[{start}] = {_literal(row, width)};"
        else:
            yield f"    row = {_literal(row, width, many)};"
            yield (f"    for (int i = 0; i < {len(row)}; i++) "
                   f"{name}[{start}+i] = row[i*{width}+:{width}];")  # fmt: skip
    if used < depth:
        yield (f"    for (int i = {used}; i < {depth}; i++) "
               f"{name}[i] = {_literal([rest], width)};")  # fmt: skip
    yield "  end"


def _literal(values: Sequence[int], width: int, many: int = 1) -> str:
    bits = width * many
    return f"{bits}'h{packed(values, width):0{-(-bits // 4)}x}"
