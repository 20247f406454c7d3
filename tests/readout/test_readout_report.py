"""The report of a readout is whole for every kind of run; every key of its JSON is documented."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli import main
from sim.readout.config import load_readout, parse_readout
from sim.readout.run import run_readout
from sim.readout.summary import summary
from sim.report.readout_page import readout_page
from sim.report.settings import toml_text
from tests.readout.random_configs import random_config

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "readout.md").read_text(encoding="utf-8")

RULE = {"kind": "min_spacing", "ticks": 24}
FIFO = {"kind": "fifo", "depth": 3, "service_ticks": 3000}
POISSON = {"kind": "poisson", "rate_khz": 30.0}
STAGES = [
    {"name": "front", "after": ["l1"], "service": {"kind": "fixed", "us": 20.0}, "depth": 8,
     "almost_full": 2},
    {"name": "farm", "after": ["front"], "service": {"kind": "exponential", "us": 900.0},
     "servers": 40},
]  # fmt: skip
VETO = {"rings": [{"ring": "her", "full_turns": 50, "gated_turns": 100, "length_ticks": 200}]}

CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "rules": {"throttle": [RULE, FIFO]},
    "stages": {"throttle": [RULE], "stage": STAGES},
    "probes": {"throttle": [FIFO], "run": {"probe_khz": 20.0}},
    "injection": {"arrivals": {"kind": "beam", "rate_khz": 30.0}, "machine": {}, "veto": VETO,
                  "throttle": [RULE]},
    "too short for an injection": {"machine": {}, "veto": VETO, "run": {"triggers": 100}},
    "saturated": {"stage": [{**STAGES[1], "after": ["l1"], "servers": 1}],
                  "run": {"max_in_stage": 16}},
    "all refused but one": {"throttle": [{"kind": "dead_time", "ticks": 10**9}]},
}  # fmt: skip


def found_in(case: dict[str, Any]) -> dict[str, Any]:
    data = {"arrivals": POISSON, **case}
    data["run"] = {"triggers": 4000, "seed": 2, **data.get("run", {})}
    # As the file holds it.
    loaded: dict[str, Any] = json.loads(
        json.dumps(summary(run_readout(parse_readout(data, "test"))), allow_nan=False)
    )
    return loaded


def with_lines(folder: Path) -> dict[str, Any]:
    path = folder / "trace.csv"
    rng = np.random.default_rng(1)
    ticks = np.cumsum(rng.integers(1, 9000, 3000))
    rows = [f"{t},{a},{b},0" for t, a, b in zip(ticks, *rng.integers(0, 2, (2, 3000)), strict=True)]
    path.write_text("\n".join(["tick,lml0,hie,never", *rows]))
    return {"arrivals": {"kind": "trace", "file": str(path)}, "throttle": [FIFO]}


class Balanced(HTMLParser):
    """Checks that every element is closed, and collects the headings."""

    VOID = ("meta", "br", "img", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def sections(found: dict[str, Any]) -> list[str]:
    text = readout_page(found)
    assert ">nan" not in text.lower()
    return Balanced(text).headings


STAGE_SECTIONS = ["Load", "Time in the stages", "Occupancy"]


@pytest.mark.parametrize("name", CASES)
def test_page_of_every_kind_of_run(name: str) -> None:
    found = found_in(CASES[name])
    expected = ["Losses"]
    expected += STAGE_SECTIONS if found["stages"] else []
    expected += ["Injection"] if "machine" in CASES[name] else []
    assert sections(found) == [*expected, "Configuration"]
    assert bool(found["saturated"]) == (name == "saturated")
    assert (found["random_trigger"] is not None) == (name == "probes")


def test_page_with_lines(tmp_path: Path) -> None:
    found = found_in(with_lines(tmp_path))
    assert sections(found)[:2] == ["Losses", "Lines"]
    own = {line["name"]: line for line in found["lines"]}
    assert own["never"]["loss"] is None
    assert 0 < own["lml0"]["loss"] < 1
    # The two lines fire independently: their union is in line_triggers.
    both = found["line_triggers"]["offered"]
    assert max(own["lml0"]["offered"], own["hie"]["offered"]) < both
    assert both < own["lml0"]["offered"] + own["hie"]["offered"]


def keys(value: Any) -> Iterator[str]:
    """Yield the keys of a JSON value; what a configuration, cause or line is called is no key."""
    if isinstance(value, list):
        for item in value[:1]:
            yield from keys(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in ("configuration", "refused_by_cause") and "by_cause" not in key:
                yield from keys(item)


def test_every_key_is_documented(tmp_path: Path) -> None:
    section = PAGE[PAGE.index("\n## JSON") :]
    found = [found_in(case) for case in CASES.values()] + [found_in(with_lines(tmp_path))]
    named = {key for one in found for key in keys(one)}
    assert {"offered", "p99", "since_ms", "utilisation", "line_triggers"} <= named
    assert [key for key in sorted(named) if f"`{key}`" not in section] == []


def test_command_writes_the_whole_folder_or_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[arrivals]\nkind = "poisson"\nrate_khz = 30.0\n')
    report, table = tmp_path / "out", tmp_path / "out.json"
    arguments = ["readout", str(config), "--triggers", "500", "--report", str(report)]
    assert main([*arguments, "--json", str(table)]) == 0
    assert sorted(path.name for path in report.iterdir()) == ["readout.json", "report.html"]
    assert (report / "readout.json").read_text() == table.read_text()
    assert "Readout: mine" in (report / "report.html").read_text()
    assert f"Report: {report / 'report.html'}" in capsys.readouterr().out
    config.write_text('[arrivals]\nkind = "poisson"\nrate_khz = -1.0\n')
    assert main([*arguments[:-1], str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()
    assert main([*arguments[:-1], str(config)]) == 2


@pytest.mark.parametrize("seed", range(20))
def test_configuration_reads_back(seed: int) -> None:
    config = parse_readout(random_config(np.random.default_rng(seed)), "random")
    text = toml_text(config.model_dump(mode="json", exclude_none=True))
    assert parse_readout(tomllib.loads(text), "text") == config


def test_packaged_configuration_reads_back() -> None:
    config = load_readout()
    text = toml_text(config.model_dump(mode="json", exclude_none=True))
    assert parse_readout(tomllib.loads(text), "text") == config
    assert tomllib.loads(toml_text({"a": 'ä"\\\n', "b": {"c": {"d": [1.5, {"e": True}]}}})) == {
        "a": 'ä"\\\n', "b": {"c": {"d": [1.5, {"e": True}]}},
    }  # fmt: skip
