"""`lowmult menu`: check, show, compare, compile, prove, import and export menus."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_models.errors import CheckFailed, InputError

if TYPE_CHECKING:
    from trigger.menu import Menu
    from trigger.menu.dnf import Dnf

_MENU = "TOML file, or the name of a packaged menu"
_SHOWN = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(
        name: str, action: Callable[[argparse.Namespace], Any], text: str
    ) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text)
        # The option stands before or after the action's name.
        sub.add_argument("--json", metavar="FILE", default=argparse.SUPPRESS,
                         help="machine-readable result")  # fmt: skip
        sub.set_defaults(perform=action)
        return sub

    sub = add("check", _check, "check a menu and list what deserves a look")
    sub.add_argument("menu", metavar="MENU", help=_MENU)
    sub.add_argument("--strict", action="store_true", help="exit 1 on a warning")
    sub = add("show", _show, "list the lines of a menu, its inputs, or one line in full")
    sub.add_argument("menu", metavar="MENU", help=_MENU)
    sub.add_argument("--line", metavar="NAME", help="one line: logic, products, inputs, prescale")
    sub.add_argument("--inputs", action="store_true", help="list the inputs, and what gives them")
    sub = add("diff", _diff, "list what changed from one menu to another, by what the lines do")
    sub.add_argument("old", metavar="OLD", help=_MENU)
    sub.add_argument("new", metavar="NEW", help=_MENU)
    sub.add_argument("--strict", action="store_true", help="exit 1 on a difference")
    sub = add("compile", _compile, "write gdl_logic.sv and the prescale registers of a menu")
    sub.add_argument("menu", metavar="MENU", help=_MENU)
    sub.add_argument("--out", metavar="DIR", required=True, help="folder, made if missing")
    sub = add("prove", _prove, "prove names logic = products = evaluator = RTL, line by line")
    sub.add_argument("menu", metavar="MENU", help=_MENU)
    sub.add_argument("--alg", metavar="FILE", help="prove this .alg file in place of our products")
    sub.add_argument("--rtl", nargs="+", metavar="FILE", help="prove this RTL in place of ours")
    sub.add_argument("--top", metavar="NAME", help="top module of --rtl (default: gdl_logic)")
    sub.add_argument("--no-rtl", action="store_true", help="leave the RTL out (needs no pyosys)")
    sub = add("import", _import, "read a menu in the public formats")
    for suffix in ("inp", "oup", "lgc", "alg"):
        sub.add_argument(suffix, metavar=f"A.{suffix}", help=f".{suffix} file")
    sub.add_argument("--out", metavar="MENU.toml", required=True, help="file to write")
    sub.add_argument("--name", help="name of the menu (default: that of the .lgc file)")
    sub = add("export", _export, "write a menu in the public formats")
    sub.add_argument("menu", metavar="MENU", help=_MENU)
    sub.add_argument("--out", metavar="STEM", required=True,
                     help="STEM.inp, .oup, .lgc and .alg are written")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Perform the chosen action; write its result, then report a failed check."""
    from firmware_models.files import write_json

    result, failure = options.perform(options)
    if options.json:
        write_json(options.json, result)
    if failure:
        raise CheckFailed(failure)
    return 0


def _load(name: str) -> Menu:
    from trigger.menu import load

    return load(name)


def _identity(menu: Menu) -> dict[str, str]:
    return {"name": menu.name, "version": menu.version, "sha256": menu.sha256}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _check(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from dataclasses import asdict

    from trigger.menu.checks import WARNING, findings

    menu = _load(options.menu)
    found = findings(menu)
    for item in found:
        _say(f"{item.level}: {item.place}: {item.message}")
    warnings = sum(item.level == WARNING for item in found)
    _say(f"{menu.name} {menu.version}: {len(menu.lines)} lines, {len(menu.inputs)} inputs, "
         f"{warnings} warnings; sha256 {menu.sha256}")  # fmt: skip
    result = {"menu": _identity(menu), "findings": [asdict(item) for item in found]}
    return result, f"{warnings} warnings" if warnings and options.strict else ""


def _show(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from sim.cli import menu_tables as tables

    menu = _load(options.menu)
    if options.line:
        result = tables.line_record(menu, menu.line(options.line))
        tables.print_record(result)
        return {"menu": _identity(menu), "line": result}, ""
    if options.inputs:
        tables.print_inputs(menu)
        return {"menu": _identity(menu), "inputs": tables.input_records(menu)}, ""
    tables.print_lines(menu)
    lines = [tables.line_record(menu, line) for line in menu.lines]
    return {"menu": _identity(menu), "lines": lines}, ""


def _diff(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from dataclasses import asdict

    from sim.cli import menu_tables as tables
    from trigger.menu.compare import compare

    old, new = _load(options.old), _load(options.new)
    changes = compare(old, new)
    if changes:
        tables.print_changes(changes)
    _say(f"{len(changes)} changes from {old.name} {old.version} to {new.name} {new.version}")
    result = {
        "old": _identity(old),
        "new": _identity(new),
        "changes": [asdict(change) for change in changes],
    }
    return result, f"{len(changes)} changes" if changes and options.strict else ""


def _compile(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from firmware_models.files import write_text
    from trigger.menu.prescale_table import csv_text, memory_text, rounded_lines
    from trigger.menu.systemverilog import rtl_text

    menu = _load(options.menu)
    folder = Path(options.out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", place=str(folder)) from error
    written = []
    for name, text in (
        ("gdl_logic.sv", rtl_text(menu)),
        ("gdl_prescale.mem", memory_text(menu)),
        ("gdl_prescale.csv", csv_text(menu)),
    ):
        write_text(folder / name, text)
        written.append(str(folder / name))
        _say(f"written: {folder / name}")
    for line in rounded_lines(menu):
        _say(f"note: {line.name}: prescale {line.prescale} is not whole; the register holds "
             f"{round(line.prescale.value)}, the exact value is in the .csv file")  # fmt: skip
    return {"menu": _identity(menu), "files": written}, ""


def _prove(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from sim.cli import menu_tables as tables
    from trigger.menu.equivalence import prove_line

    if options.no_rtl and options.rtl:
        raise InputError("cannot stand beside --no-rtl", place="--rtl")
    if options.top and not options.rtl:
        raise InputError("needs --rtl", place="--top")
    menu = _load(options.menu)
    products = _foreign_products(menu, options.alg) if options.alg else {}
    with tables.status(f"{len(menu.lines)} lines"):
        proofs = [prove_line(menu, line, products.get(line.name)) for line in menu.lines]
        rtl = None
        if not options.no_rtl:
            from hdl.prove import prove_rtl

            rtl = prove_rtl(menu, options.rtl, options.top)
    records = tables.proof_records(proofs, rtl.lines if rtl else None)
    tables.print_proofs(records)
    failed = [record for record in records if not record["proven"]]
    _say(f"{len(records) - len(failed)} of {len(records)} rows proven equal to the names logic")
    result = {"menu": _identity(menu), "proven": not failed, "lines": records}
    return result, _counter_examples(failed)


def _counter_examples(failed: list[dict[str, Any]]) -> str:
    if not failed:
        return ""
    parts = [f"{len(failed)} lines are not equal to the names logic"]
    for record in failed[:_SHOWN]:
        for face, pattern in record["counter_examples"].items():
            parts.append(f"  {record['name']}: {face} differs for {pattern}")
    return "\n".join([*parts, *(["  …"] if len(failed) > _SHOWN else [])])


def _foreign_products(menu: Menu, name: str) -> dict[str, Dnf]:
    from trigger.menu.load import read_text
    from trigger.menu.public_format import read_products

    lines = read_text(Path(name)).rstrip("\n").split("\n")
    if len(lines) != len(menu.lines):
        raise InputError(
            f"has {len(lines)} lines, but the menu has {len(menu.lines)} outputs", place=name
        )
    names = {item.index: item.name for item in menu.inputs}
    return {
        line.name: read_products(text, names, f"{name}: line {number}")
        for number, (line, text) in enumerate(zip(menu.lines, lines, strict=True), start=1)
    }


def _import(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from firmware_models.files import write_text
    from trigger.menu.public_format import read_public
    from trigger.menu.public_import import import_public
    from trigger.menu.toml_file import write_document

    paths = [Path(getattr(options, suffix)) for suffix in ("inp", "oup", "lgc", "alg")]
    public = read_public(paths[0], paths[1], paths[2], paths[3])
    imported = import_public(public, options.name or paths[2].stem)
    write_text(options.out, write_document(imported.menu.document))
    for note in imported.notes:
        _say(f"note: {note}")
    menu = imported.menu
    _say(f"written: {options.out} ({len(menu.lines)} lines, {len(menu.inputs)} inputs)")
    result = {"menu": _identity(menu), "notes": list(imported.notes), "lines": len(menu.lines)}
    return result, ""


def _export(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from trigger.menu.public_format import export_public

    menu = _load(options.menu)
    written = [str(path) for path in export_public(menu, options.out)]
    for path in written:
        _say(f"written: {path}")
    return {"menu": _identity(menu), "files": written}, ""
