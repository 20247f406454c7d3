"""The pages name every key, with its default, and their examples work."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from sim.accelerator.config import HER, LER, InjectionShape, MachineConfig, WorkingPoint
from sim.readout.sources import KINDS
from sim.readout.sources.beam import BeamArrivals
from sim.readout.sources.bernoulli import Bernoulli
from sim.readout.sources.poisson import Poisson
from sim.readout.sources.trace import TraceArrivals, read_trace

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
ACCELERATOR = (DOCS / "accelerator.md").read_text(encoding="utf-8")
SOURCES = (DOCS / "readout_sources.md").read_text(encoding="utf-8")


def _row(page: str, key: str) -> str:
    rows = [row for row in page.splitlines() if row.startswith("|") and f"`{key}`" in row]
    return rows[0].replace(" ", "") if rows else ""


@pytest.mark.parametrize("model", [MachineConfig, HER, LER, InjectionShape, WorkingPoint])
def test_every_key_of_the_machine_is_explained(model: type[BaseModel]) -> None:
    tables = {"her", "ler", "injection", "reference"}
    for key in set(model.model_fields) - tables:
        assert f"`{key}`" in ACCELERATOR, key


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        (MachineConfig, ["bunches", "spacing_buckets", "abort_gap_ticks", "abort_gap_starts"]),
        (MachineConfig, ["announce_turns"]),
        (HER, ["injection_hz", "candidates_per_shot", "strip_us", "current_ma", "vertical_size"]),
        (LER, ["injection_hz", "candidates_per_shot", "strip_us", "current_ma", "vertical_size"]),
        (HER, ["dynamic_pressure_per_a"]),
        (InjectionShape, list(InjectionShape.model_fields)),
    ],
)
def test_defaults_of_the_machine(model: type[BaseModel], keys: list[str]) -> None:
    for key in keys:
        value = model.model_fields[key].default
        shown = f"{value:g}" if isinstance(value, float) and value < 1e5 else str(value)
        assert shown.replace(" ", "") in _row(ACCELERATOR, key), key


@pytest.mark.parametrize("model", [Poisson, Bernoulli, BeamArrivals, TraceArrivals])
def test_every_key_of_the_arrivals_is_explained_for_its_kind(model: type[BaseModel]) -> None:
    kind = model.model_fields["kind"].annotation.__args__[0]  # type: ignore[union-attr]
    for key in set(model.model_fields) - {"kind"}:
        assert kind in _row(SOURCES, key).split("|")[2], key


def test_every_kind_is_listed() -> None:
    assert all(_row(SOURCES, kind) for kind in KINDS)


def test_the_example_of_a_trace_can_be_read(tmp_path: Path) -> None:
    example = [line.strip() for line in SOURCES.splitlines() if line.startswith("    ")]
    path = tmp_path / "example.csv"
    path.write_text("\n".join(example))
    trace = read_trace(path)
    assert trace.lines == ("lml0", "c4")
    assert trace.patterns[trace.pattern].tolist() == [[True, False], [True, True]]
