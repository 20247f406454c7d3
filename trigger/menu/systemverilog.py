"""A menu as SystemVerilog: the RTL of `gdl_logic`, and a reference of independent make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firmware_models.interface.gdl import N_INPUT, N_OUTPUT
from trigger.menu.dnf import Term, support
from trigger.menu.interpret import input_names
from trigger.menu.model import Line, Menu
from trigger.menu.syntax import And, Compare, Expression, Name, Not
from trigger.menu.values import BINARY, Group

_WIDTH = 96

_PORTS = """\
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         valid_i,
  input  logic [319:0] data_i,
  output logic         valid_o,
  output logic [319:0] data_o
);
"""

_REGISTERS = """\
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= valid_i;
  end

  always_ff @(posedge clk_i) data_o <= line;

endmodule
"""


def rtl_text(menu: Menu) -> str:
    """Return the RTL of `gdl_logic` for a menu: one assignment a line, latency 1.

    Each line stands with its name, index and names logic as a comment. Written for Verilator,
    Icarus 11 and yosys alike.
    """
    used = {name for line in menu.lines for name in support(line.dnf)}
    parts = [
        f"// Generated from menu {menu.name} {menu.version}. Do not edit.",
        f"// sha256 {menu.sha256}",
        "//",
        "// Global decision logic: every output line is a sum of products of the input bits.",
        "module gdl_logic (",
        _PORTS,
    ]
    for item in menu.inputs:
        if item.name in used:
            parts.append(f"  wire {_wire(item.name)} = data_i[{item.index}];")
    parts += ["", "  logic [319:0] line;", ""]
    for line in menu.lines:
        parts += [*_line_text(line), ""]
    parts += [
        f"  assign line[{span}] = '0;" for span in _spans(N_OUTPUT, {x.index for x in menu.lines})
    ]
    idle = _spans(N_INPUT, {menu.input_index[name] for name in used})
    if idle:
        bits = ", ".join(f"data_i[{span}]" for span in idle)
        parts += [
            "",
            "  // Inputs that no line reads.",
            *_wrap(f"wire unused = &{{1'b0, {bits}}};"),
        ]
    return "\n".join(parts) + "\n\n" + _REGISTERS


def _wire(name: str) -> str:
    # A prefix keeps names of inputs apart from ports and from words of SystemVerilog.
    return f"in_{name}"


def _line_text(line: Line) -> Iterator[str]:
    comment = f"// {line.index} {line.name}: {line.text}"
    yield from _wrap(comment, "// ")
    left = f"  assign line[{line.index}] ="
    if not line.dnf:
        yield f"{left} 1'b0;"
    elif len(line.dnf) == 1:
        yield from _wrap(f"{left.strip()} {_product(line.dnf[0])};")
    else:
        yield left
        for i, term in enumerate(line.dnf):
            end = ";" if i == len(line.dnf) - 1 else " |"
            yield from _wrap(f"  ({_product(term)}){end}")


def _product(term: Term) -> str:
    return " & ".join(f"{'' if sign else '~'}{_wire(name)}" for name, sign in term)


def _wrap(text: str, continuation: str = "  ") -> Iterator[str]:
    """Break a line at blanks so that it stays readable; two blanks of indent."""
    indent = " " * (len(text) - len(text.lstrip()))
    current = ""
    for word in text.split():
        if current and len(current) + len(word) > _WIDTH:
            yield f"  {indent}{current}"
            current = f"{continuation}{word}"
        else:
            current = f"{current} {word}" if current else word
    yield f"  {indent}{current}"


def _spans(size: int, taken: Iterable[int]) -> list[str]:
    """Return the ranges of indices that are not taken, as SystemVerilog part selects."""
    spans = []
    start = 0
    for index in [*sorted(taken), size]:
        if index > start:
            spans.append(f"{index - 1}:{start}" if index - start > 1 else f"{start}")
        start = index + 1
    return spans


def reference_text(menu: Menu, module: str = "gdl_reference") -> str:
    """Return a module with the ports of `gdl_logic` that states the names logic literally.

    Multi-bit inputs are numbers and are compared as numbers; the sum of products is not used. It
    exists to prove the RTL against.
    """
    parts = [f"module {module} (", _PORTS]
    names = dict.fromkeys(n for x in menu.lines for n in input_names(x.expression, menu.groups))
    parts += [f"  wire {_wire(name)} = data_i[{menu.input_index[name]}];" for name in names]
    for group in menu.groups.values():
        if group.bits[0] in names:
            parts += list(_number(group))
    parts.append("  wire [319:0] line;")
    for line in menu.lines:
        parts.append(f"  assign line[{line.index}] = {_literal(line.expression, menu)};")
    parts += [
        f"  assign line[{span}] = 0;" for span in _spans(N_OUTPUT, {x.index for x in menu.lines})
    ]
    return "\n".join(parts) + "\n" + _REGISTERS


def _number(group: Group) -> Iterator[str]:
    width = len(group.bits) + 1
    bits = [_wire(name) for name in group.bits]
    if group.kind == BINARY:
        value = f"{{1'b0, {', '.join(reversed(bits))}}}"
    else:
        value = f"{width}'d0"
        for count, bit in enumerate(bits, start=1):
            value = f"{bit} ? {width}'d{count} : ({value})"
    yield f"  wire [{width - 1}:0] value_{group.name} = {value};"


def _literal(expression: Expression, menu: Menu) -> str:
    if isinstance(expression, Name):
        return _wire(expression.name)
    if isinstance(expression, Compare):
        width = len(menu.groups[expression.name].bits) + 1
        sign = "==" if expression.operator == "=" else expression.operator
        return f"(value_{expression.name} {sign} {width}'d{expression.value})"
    if isinstance(expression, Not):
        return f"!({_literal(expression.operand, menu)})"
    word = " && " if isinstance(expression, And) else " || "
    return "(" + word.join(_literal(operand, menu) for operand in expression.operands) + ")"
