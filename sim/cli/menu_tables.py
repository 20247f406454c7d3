"""Tables of `lowmult menu`, and the records behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cli import screen
from trigger.menu import Line, Menu
from trigger.menu.compare import Change
from trigger.menu.constant_inputs import UNKNOWN
from trigger.menu.equivalence import LineProof
from trigger.menu.inputs import CONSTANT_INPUTS, PRODUCERS
from trigger.menu.interpret import input_names
from trigger.menu.public_format import products_text


def status(text: str) -> AbstractContextManager[object]:
    """Return a spinner on standard error; silent where that is not a terminal."""
    return Console(stderr=True).status(text)


def _table(*columns: tuple[str, str]) -> Table:
    table = Table()
    for name, kind in columns:
        if kind == "number":
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, no_wrap=kind == "name", overflow="fold")
    return table


def _print(table: Table, rows: Sequence[Sequence[object]]) -> None:
    for row in rows:
        # Text, not markup: logic and patterns may hold brackets.
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)


def line_record(menu: Menu, line: Line) -> dict[str, Any]:
    """Return everything about a line."""
    return {
        "name": line.name,
        "index": line.index,
        "prescale": float(line.prescale.value),
        "mode": line.prescale.mode,
        "phase": line.prescale.phase,
        "logic": line.text,
        "products": products_text(line.dnf, menu.input_index).strip(),
        "inputs": list(input_names(line.expression, menu.groups)),
        "description": line.description,
        "source": line.source,
    }


def print_record(record: Mapping[str, Any]) -> None:
    """Print one line's record, a field a row."""
    rows = [
        (key, " ".join(value) if isinstance(value, list) else value)
        for key, value in record.items()
    ]
    _print(_table(("field", "name"), ("value", "text")), rows)


def print_lines(menu: Menu) -> None:
    """Print the lines of a menu."""
    table = _table(
        ("index", "number"), ("line", "name"), ("prescale", "number"), ("logic", "text"),
        ("description", "text"),
    )  # fmt: skip
    _print(
        table,
        [(x.index, x.name, x.prescale, x.text, x.description) for x in menu.lines],
    )


def _origin(name: str) -> dict[str, Any]:
    """Return what gives an input bit: a block's field, or a constant with its reason."""
    if name in PRODUCERS:
        producer = PRODUCERS[name]
        source = {"block": producer.block, **asdict(producer.source)}
        return {"from": str(producer), "producer": source, "constant": None}
    if name in CONSTANT_INPUTS:
        constant = CONSTANT_INPUTS[name]
        text = f"constant {constant.value}: {constant.reason}"
        return {"from": text, "producer": None, "constant": asdict(constant)}
    return {"from": UNKNOWN, "producer": None, "constant": {"reason": UNKNOWN, "value": 0}}


def input_records(menu: Menu) -> list[dict[str, Any]]:
    """Return everything about the inputs, and what gives them."""
    owner = {bit: group for group in menu.groups.values() for bit in group.bits}
    return [
        {
            "name": item.name,
            "index": item.index,
            "value": owner[item.name].name if item.name in owner else "",
            "kind": owner[item.name].kind if item.name in owner else "bit",
            "delay": item.delay,
            "width": item.width,
            "description": item.description,
            **_origin(item.name),
        }
        for item in menu.inputs
    ]


def print_inputs(menu: Menu) -> None:
    """Print the inputs of a menu, and below them why some are constant."""
    records = input_records(menu)
    table = _table(
        ("index", "number"), ("input", "name"), ("kind", "name"), ("delay", "number"),
        ("width", "number"), ("from", "text"), ("description", "text"),
    )  # fmt: skip
    keys = ("index", "name", "kind", "delay", "width")
    rows: list[list[Any]] = []
    constant: dict[str, list[str]] = {}
    for record in records:
        origin = record["from"]
        if record["constant"] is not None:
            constant.setdefault(origin, []).append(record["name"])
            origin = f"constant {record['constant']['value']}"
        rows.append([*(record[key] for key in keys), origin, record["description"]])
    _print(table, rows)
    for origin, names in constant.items():
        screen.line(f"{', '.join(names)}: {origin}")


def print_changes(changes: Sequence[Change]) -> None:
    """Print the differences between two menus."""
    table = _table(
        ("change", "name"), ("name", "name"), ("old", "text"), ("new", "text"),
        ("differs for", "text"),
    )  # fmt: skip
    _print(table, [(c.kind, c.name, c.old, c.new, c.example) for c in changes])


def proof_records(
    proofs: Sequence[LineProof], rtl: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """Return the verdicts by line; `rtl` has the solver's, None when it was left out."""
    records = []
    for proof in proofs:
        faces = {"products": proof.products, "evaluator": proof.evaluator}
        if rtl is not None:
            faces["rtl"] = rtl[proof.name]
        records.append(_record(proof.name, proof.n_inputs, proof.method, faces))
    known = {proof.name for proof in proofs}
    for name, pattern in (rtl or {}).items():
        if name not in known:
            records.append(_record(name, None, "solver", {"rtl": pattern}))
    return records


def _record(
    name: str, n_inputs: int | None, method: str, faces: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "name": name,
        "inputs": n_inputs,
        "method": method,
        **{face: "differs" if pattern else "equal" for face, pattern in faces.items()},
        "proven": not any(faces.values()),
        "counter_examples": {face: pattern for face, pattern in faces.items() if pattern},
    }


def print_proofs(records: Sequence[Mapping[str, Any]]) -> None:
    """Print the verdicts by line."""
    table = _table(
        ("line", "name"), ("inputs", "number"), ("patterns", "number"), ("products", "name"),
        ("evaluator", "name"), ("RTL", "name"),
    )  # fmt: skip
    rows = []
    for record in records:
        inputs, method = record["inputs"], record["method"]
        patterns = f"{1 << inputs:,}" if method == "exhaustive" else method
        faces = [record.get(face, "–") for face in ("products", "evaluator", "rtl")]
        rows.append([record["name"], "–" if inputs is None else inputs, patterns, *faces])
    _print(table, rows)
