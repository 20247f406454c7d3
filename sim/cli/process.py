"""`lowmult process`: a cross-section, before and after acceptance cuts."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.processes.base import Estimate, Process
    from sim.processes.measure import Measurement

LONG = 2_000_000
"""Events from which a progress bar is worth its place."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("name", nargs="?", help="process, see --list")
    parser.add_argument("--list", action="store_true", help="list processes and their parameters")
    parser.add_argument(
        "--published", action="store_true",
        help="compute every published cross-section of the validation page; exit 1 outside "
        "tolerance",
    )  # fmt: skip
    parser.add_argument(
        "--cut", action="append", default=[], metavar="EXPR",
        help="acceptance cut, such as '10 < theta_cm(e-) < 170'; may be repeated, all must pass",
    )  # fmt: skip
    parser.add_argument(
        "--param", action="append", default=[], metavar="KEY=VALUE", help="parameter of the process"
    )
    parser.add_argument("--events", default="200000", metavar="N", help="weighted events")
    parser.add_argument("--seed", default="1", metavar="S", help="seed")


def run(options: argparse.Namespace) -> int:
    """Measure one process, or list all."""
    from firmware_models.errors import InputError
    from firmware_models.files import write_json

    if options.list:
        listing = _listing()
        if options.json:
            write_json(options.json, {"processes": listing})
        sys.stdout.write(_listing_text(listing))
        return 0
    if options.published:
        return _published(options)
    if options.name is None:
        raise InputError("a process is needed; `lowmult process --list` names them all")
    result = _measure(options)
    if options.json:
        write_json(options.json, result)
    sys.stdout.write(_result_text(result))
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    from sim.processes import get_process
    from sim.processes.cuts import read_cut
    from sim.processes.measure import measure

    events = whole_number("--events", options.events, 2, 10**10)
    seed = whole_number("--seed", options.seed, 0, 2**63 - 1)
    process = get_process(options.name, None, **_parameters(options.param))
    cuts = [read_cut(text, process.final_state or None) for text in options.cut]
    with _Progress(events) as advance:
        measured = measure(process, cuts, events, seed, advance)
    return _report(process, options.cut, measured, seed)


def _published(options: argparse.Namespace) -> int:
    from firmware_models.errors import CheckFailed
    from firmware_models.files import write_json
    from sim.processes.published import ROWS, outside, table

    events = whole_number("--events", options.events, 2, 10**10)
    seed = whole_number("--seed", options.seed, 0, 2**63 - 1)
    rows = [(row, row.compute(events, seed)) for row in ROWS]
    failed = [row.quantity for row, ours in rows if outside(row, ours)]
    if options.json:
        entries = [
            {
                "quantity": row.quantity, "source": row.source, "published_nb": row.value_nb,
                "published_err_nb": row.error_nb, "ours_nb": ours.value_nb,
                "ours_err_nb": ours.error_nb, "tolerance": row.tolerance or None,
                "remark": row.remark, "command": row.command(events),
            }
            for row, ours in rows
        ]  # fmt: skip
        write_json(options.json, {"events": events, "seed": seed, "rows": entries})
    sys.stdout.write(table(rows, events))
    if failed:
        raise CheckFailed(f"outside tolerance: {'; '.join(failed)}")
    return 0


def _report(process: Process, cuts: list[str], measured: Measurement, seed: int) -> dict[str, Any]:
    from sim.processes.measure import LUMINOSITY

    generated, after = measured.generated, measured.after
    return {
        "process": process.name,
        "title": process.title,
        "final_state": list(process.final_state),
        "parameters": process.values,
        "machine": {
            "electron_gev": process.machine.electron_energy,
            "positron_gev": process.machine.positron_energy,
            "half_crossing_rad": process.machine.half_crossing,
            "sqrt_s_gev": process.machine.sqrt_s,
        },
        "events": measured.proposals,
        "seed": seed,
        "luminosity_cm2_s": LUMINOSITY,
        "before_cuts": _figures(generated),
        "cuts": [
            {"cut": text, **_figures(value)}
            for text, value in zip(cuts, measured.after_each, strict=True)
        ],
        "after_cuts": _figures(after),
        "fraction": after.value_nb / generated.value_nb if generated.value_nb else None,
    }


def _figures(value: Estimate) -> dict[str, float]:
    from sim.processes.measure import rate_khz

    return {
        "cross_section_nb": value.value_nb,
        "cross_section_err_nb": value.error_nb,
        "cross_section_pb": 1e3 * value.value_nb,
        "cross_section_err_pb": 1e3 * value.error_nb,
        "rate_khz": rate_khz(value.value_nb),
        "rate_err_khz": rate_khz(value.error_nb),
    }


def _result_text(result: dict[str, Any]) -> str:
    values = ", ".join(f"{key}={value}" for key, value in result["parameters"].items())
    rows = [("generation region", result["before_cuts"])]
    rows += [(f"after {row['cut']}", row) for row in result["cuts"]]
    width = max(len(text) for text, _ in rows)
    lines = [
        f"{result['process']}: {result['title']}",
        f"√s = {result['machine']['sqrt_s_gev']:.4f} GeV; {values}",
        f"{result['events']} weighted events, seed {result['seed']}",
        "",
    ]
    lines += [
        f"{text:<{width}}  {_amount(row)}  {row['rate_khz']:.4g} kHz at 8e35" for text, row in rows
    ]
    return "\n".join(lines) + "\n"


def _amount(row: dict[str, float]) -> str:
    unit = "nb" if row["cross_section_nb"] >= 1e-2 else "pb"
    return f"{row[f'cross_section_{unit}']:.5g} ± {row[f'cross_section_err_{unit}']:.2g} {unit}"


def _listing() -> list[dict[str, Any]]:
    from sim.machine import Machine
    from sim.processes import PROCESSES, process_class

    machine = Machine()
    return [
        {
            "name": name,
            "title": process_class(name).title,
            "parameters": [
                {
                    "name": parameter.name,
                    "default": parameter.default,
                    "allowed": parameter.allowed,
                    "text": parameter.text,
                }
                for parameter in process_class(name).parameters(machine)
            ],
        }
        for name in PROCESSES
    ]


def _listing_text(listing: list[dict[str, Any]]) -> str:
    lines = []
    for process in listing:
        lines.append(f"{process['name']}: {process['title']}")
        lines += [
            f"    {item['name']}={item['default']}  ({item['allowed']})  {item['text']}"
            for item in process["parameters"]
        ]
    return "\n".join(lines) + "\n"


def _parameters(given: list[str]) -> dict[str, str]:
    from firmware_models.errors import InputError, shortened

    result: dict[str, str] = {}
    for text in given:
        key, sign, value = text.partition("=")
        key = key.strip()
        if not sign or not key.isidentifier():
            raise InputError(f"must be KEY=VALUE, not {shortened(text)!r}", place="--param")
        if key in result:
            raise InputError(f"{shortened(key)!r} is given twice", place="--param")
        result[key] = value.strip()
    return result


def whole_number(option: str, text: str, low: int, high: int) -> int:
    """Return an option's whole number, also written like 1e6, within its limits."""
    from firmware_models.errors import InputError, shortened

    try:
        # 1e6 is how people write it.
        number = float(text) if not text.isdigit() else int(text)
        if number != int(number) or not low <= number <= high:
            raise ValueError
    except (ValueError, OverflowError):
        raise InputError(
            f"must be a whole number, {low} to {high}, not {shortened(text)!r}", place=option
        ) from None
    return int(number)


class _Progress:
    """A progress bar on standard error, only for long work at a terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._bar: Any = None

    def __enter__(self) -> Any:
        if self._total < LONG or not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        task = self._bar.add_task("weighted events", total=self._total)
        self._bar.start()
        return lambda size: self._bar.advance(task, size)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
