"""Candidates drawn from a menu: their rates are those of the study, alone and with pile-up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import CheckFailed, InputError
from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ, TICK_NS
from firmware_models.trigger_cells import CellHits
from sim.pipeline.plan import unpack_bits
from sim.readout.arrivals import SHORT
from sim.readout.config import parse_readout
from sim.readout.plan import QUANTA
from sim.readout.sources.menu import MenuSource, source
from sim.study.config import load_study
from sim.study.decisions import write_decisions
from sim.study.run import run_study

pytestmark = pytest.mark.xdist_group("menu_source")

EVENTS = 4000
STUDY = """
[study]
events = 4000
chunk = 1000
seed = 11
luminosity_cm2_s = 8e37
[[samples]]
name = "digamma"
process = "digamma"
[[samples]]
name = "eemumu"
process = "eemumu"
[[samples]]
name = "background"
background = true
share = 2
"""
"""At a hundred times the design luminosity a tenth of the photon pairs overlap with something."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(STUDY)
    return path


def made(study: Path, triggers: int = 40_000, **tables: Any) -> MenuSource:
    arrivals = {
        "kind": "menu", "study": str(study), "events": EVENTS, **tables.pop("arrivals", {})
    }  # fmt: skip
    data = {"run": {"triggers": triggers, "seed": 5}, "arrivals": arrivals, **tables}
    return MenuSource(parse_readout(data, "r.toml"), "r.toml")


@pytest.fixture(scope="module")
def alone(study: Path) -> MenuSource:
    return made(study)


def played(menu: MenuSource) -> tuple[Any, Any, Any, float]:
    """Return times, flags and pattern of all candidates, and the seconds that they take."""
    chunks = list(menu.chunks())
    time = np.concatenate([chunk.time for chunk in chunks])
    assert (time % 256 == 0).all()
    assert (np.diff(time) >= 0).all()
    pattern = np.concatenate([chunk.pattern for chunk in chunks])
    assert pattern.max() == len(menu.patterns) - 1
    flags = np.concatenate([chunk.flags for chunk in chunks])
    return time, flags, pattern, float(time[-1]) / 256 / (SYSTEM_CLOCK_MHZ * 1e6)


def line_rates(menu: MenuSource, pattern: Any, seconds: float) -> dict[str, tuple[float, int]]:
    counts = np.bincount(pattern, minlength=len(menu.patterns)) @ menu.patterns
    return {
        name: (n / seconds, int(n)) for name, n in zip(menu.lines, counts.tolist(), strict=True)
    }


def table_rates(menu: MenuSource) -> dict[str, float]:
    """Rate of each line after its prescale, from the table of decisions."""
    table = menu.table
    fired = unpack_bits(table.fired, len(table.lines))
    interval = table.prescales.registers["interval"]
    return {
        name: float(table.rate_hz[fired[:, i]].sum()) / int(interval[i])
        for i, name in enumerate(table.lines)
        if interval[i]
    }


def test_the_table_is_the_study(alone: MenuSource, study: Path) -> None:
    rates = run_study(load_study(study)).rates
    assert rates is not None
    expected = {row["name"]: row["rate_hz"] for row in rates.to_json()["lines"] if row["prescale"]}
    assert sum(expected.values()) > 1e5
    assert table_rates(alone) == pytest.approx(expected, rel=1e-9)


def test_candidates_have_the_studys_rates(alone: MenuSource, study: Path) -> None:
    _, _, pattern, seconds = played(alone)
    rates = run_study(load_study(study)).rates
    assert rates is not None
    table = rates.to_json()
    n = len(pattern)
    assert n == 40_000
    assert n / seconds == pytest.approx(table["total_hz"], rel=4 / n**0.5)
    found = line_rates(alone, pattern, seconds)
    for row in table["lines"]:
        rate, count = found[row["name"]]
        error = 4 * (max(count, row["rate_hz"] * seconds) ** 0.5 + 1) / seconds
        assert rate == pytest.approx(row["rate_hz"], abs=error), row["name"]


def test_the_same_numbers_on_every_call(alone: MenuSource, study: Path) -> None:
    first, second = played(alone), played(alone)
    again = played(made(study))
    for a, b, c in zip(first[:3], second[:3], again[:3], strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()


def test_a_good_event_time_makes_a_candidate_short(alone: MenuSource, study: Path) -> None:
    table = alone.table
    assert (played(alone)[1] == SHORT).any()
    none = made(study, 2000, arrivals={"short_quality": 3})
    assert (none.table.quality <= 2).all()
    assert not played(none)[1].any()
    every = made(study, 2000, arrivals={"short_quality": 0})
    assert (table.quality >= 0).all()
    assert (played(every)[1] == SHORT).all()


def test_in_time_without_overlaps_nothing_changes(study: Path) -> None:
    """At low luminosity collisions are far apart: the pipeline gives what single events give."""
    exact = {name: {"jitter_ns": 0.0} for name in ("ecl", "grl")}
    menu = made(
        study, 5000, arrivals={"luminosity_cm2_s": 8e34}, pipeline={**exact, "gate_ticks": 1}
    )
    _, _, pattern, seconds = played(menu)
    assert len(pattern) / seconds == pytest.approx(expected_total(menu), rel=4 / 5000**0.5)
    assert menu.counters is not None
    assert set(menu.counters.late_times.values()) == {0}
    assert sum(menu.counters.late_bits.values()) == 0
    assert menu.counters.decisions["self"] == 0


def expected_total(menu: MenuSource) -> float:
    """Rate of accepts when each line passes one in its prescale, independently of the others."""
    table = menu.table
    fired = unpack_bits(table.fired, len(table.lines))
    interval = table.prescales.registers["interval"]
    passes = np.divide(1.0, interval, out=np.zeros(len(interval)), where=interval > 0)
    return float(table.rate_hz @ (1 - np.prod(np.where(fired, 1 - passes, 1.0), axis=1)))


def test_pile_up_merges_as_often_as_a_window_is_hit(study: Path) -> None:
    menu = made(study, 30_000, arrivals={"pile_up": True})
    played(menu)
    merged, library = menu.merged, menu.library
    assert merged is not None
    assert library is not None
    rate = sum(p.rate_hz for p in library.processes if not p.background)
    # From somewhere in the opening tick to the end of 32 ticks, and so on with the next.
    mean = rate * 31.5 * TICK_NS * 1e-9
    part = mean / (1 + mean)
    n = merged.collisions
    assert merged.absorbed / n == pytest.approx(part, abs=5 * (part / n) ** 0.5)
    assert mean > 0.1
    assert merged.gained > 0
    assert menu.counters is not None
    assert menu.counters.decisions["ecl"] > 0


EXACT = {"jitter_ns": 0.0, "time_ns": 0.0, "tail_ns": 0.0, "hold_ticks": 1, "width_ticks": 1,
         "latency_us": 2.9, "pad_us": 0.9825, "delay_ticks": 15}  # fmt: skip
"""Bits are high on the very tick of their own decision: 369 + 125 + 15 = 509."""


def test_rates_with_pile_up_are_those_of_windows_merged_by_hand(study: Path) -> None:
    menu = made(study, 60_000, arrivals={"pile_up": True}, pipeline={"ecl": EXACT, "gate_ticks": 1})
    _, _, pattern, seconds = played(menu)
    found, library = line_rates(menu, pattern, seconds), menu.library
    assert library is not None
    is_background = np.zeros(len(library), dtype=bool)
    for process in library.processes:
        is_background[process.first : process.last] = process.background
    rate = np.where(is_background, 0.0, library.rate_hz)
    per_tick = rate.sum() * TICK_NS * 1e-9
    # Windows drawn one by one and laid out as whole frames of 576 cells.
    rng, n = np.random.default_rng(8), 20_000
    frames, cells = library.detected.cells.dense(), (n, 576)
    energy, time = np.zeros(cells, dtype=np.int32), np.full(cells, 255, dtype=np.int32)
    first = rng.random(n)
    others = rng.poisson(per_tick * (32 - first))
    for place in range(1 + int(others.max())):
        rows = np.flatnonzero(others >= place)
        event = rng.choice(len(rate), len(rows), p=rate / rate.sum())
        shift = np.zeros(len(rows), dtype=np.int32)
        if place:
            shift = np.floor(first[rows] + (32 - first[rows]) * rng.random(len(rows))).astype(int)
        own = frames["energy"][event].astype(np.int32)
        at = np.where(own > 0, frames["time"][event].astype(np.int32) + 8 * shift[:, None], 255)
        energy[rows] += own
        time[rows] = np.minimum(time[rows], at)
    merged = frames[np.zeros(n, dtype=int)].copy()
    merged["energy"], merged["time"] = np.minimum(energy, 4095), np.where(energy > 0, time, 0)
    ftdl = library.context.chain.decide(CellHits.from_dense(merged))
    windows_hz = rate.sum() / (1 + 31.5 * per_tick)
    free = np.exp(-32 * per_tick)
    background = library.context.chain.decide(library.detected.cells)
    checked = 0
    for line in library.context.menu.lines:
        if line.prescale.value != 1:
            continue
        fires = float(ftdl[line.name].sum())
        fixed = float(library.rate_hz[is_background & background[line.name]].sum()) * free
        expected = windows_hz * fires / n + fixed
        error = 4 * np.hypot(
            windows_hz * (fires + 1) ** 0.5 / n, (found[line.name][1] + 1) ** 0.5 / seconds
        )
        assert found[line.name][0] == pytest.approx(expected, abs=error), line.name
        checked += fires > 50
    assert checked >= 8
    before = table_rates(menu)
    assert found["c4"][0] > 2 * before["c4"]


def test_no_pile_up_window_is_no_pile_up(study: Path) -> None:
    menu = made(study, 3000, arrivals={"pile_up": True}, pipeline={"ecl": {"window_ns": 0.0}})
    played(menu)
    assert menu.merged is not None
    assert menu.merged.collisions > 0
    assert menu.merged.windows == menu.merged.covered == 0


def test_a_pipeline_that_loses_all_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "study.toml"
    study.write_text('[[samples]]\nname = "digamma"\nprocess = "digamma"\n')
    monkeypatch.setattr("sim.pipeline.stream.CHUNK", 1000)
    # Bits come 21 ticks after the decision, yet within the budget; the gate keeps SELF away.
    late = {"ecl": {"pad_us": 1.15, "jitter_ns": 0.0, "time_ns": 0.0, "tail_ns": 0.0}}
    with pytest.raises(CheckFailed, match="too late or too early"):
        played(made(study, 3000, arrivals={"luminosity_cm2_s": 8e33}, pipeline=late))


def test_decisions_from_a_file_are_the_same_table(
    alone: MenuSource, study: Path, tmp_path: Path
) -> None:
    path = tmp_path / "d.parquet"
    write_decisions(load_study(study), path)
    arrivals = {"kind": "menu", "decisions": str(path), "luminosity_cm2_s": 8e37}
    data = {"run": {"triggers": 1000}, "arrivals": arrivals}
    menu = MenuSource(parse_readout(data, "r.toml"), "r.toml")
    assert table_rates(menu) == pytest.approx(table_rates(alone), rel=1e-9)
    assert menu.table.total_hz == pytest.approx(alone.table.total_hz, rel=1e-9)
    time, flags, _, seconds = played(menu)
    assert len(time) == 1000
    assert not flags.any()
    assert 1000 / seconds == pytest.approx(expected_total(menu), rel=4 / 1000**0.5)


@pytest.mark.parametrize(
    ("arrivals", "tables", "message"),
    [
        ({"evnts": 5}, {}, "r.toml: arrivals: evnts: unknown key (nearest: 'events')"),
        ({"decisions": "d.parquet", "study": "s"}, {}, "decisions stands without study"),
        ({"decisions": "d.parquet"}, {"pipeline": {}}, "decisions stands without [pipeline]"),
        ({"decisions": "d.parquet"}, {}, "decisions needs luminosity_cm2_s"),
        ({"study": "/no/such.toml"}, {}, "/no/such.toml: cannot read"),
        ({}, {"clock": {"frequency_mhz": 40.0}}, "kind menu needs the trigger's clock"),
        ({}, {"pipeline": {"ecl": {"pad": 1}}}, "pipeline: ecl.pad: unknown key"),
    ],
)
def test_mistakes_are_named(arrivals: Any, tables: Any, message: str) -> None:
    config = parse_readout({"arrivals": {"kind": "menu", **arrivals}, **tables}, "r.toml")
    with pytest.raises(InputError) as caught:
        source(config, "r.toml")
    assert message in str(caught.value)


def test_machine_and_probes_join_in(study: Path) -> None:
    quiet = {"her": {"injection_hz": 0.0}, "ler": {"injection_hz": 0.0}}
    menu = made(study, 5000, machine=quiet, run={"triggers": 5000, "seed": 5, "probe_khz": 100.0})
    chunks = list(menu.chunks())
    flags = np.concatenate([chunk.flags for chunk in chunks])
    pattern = np.concatenate([chunk.pattern for chunk in chunks])
    assert int((flags & 4 == 0).sum()) == 5000
    assert ((pattern < 0) == (flags & 4 != 0)).all()
    assert not (flags & 2).any()


def test_injection_background_comes_without_lines(study: Path) -> None:
    # 500 background candidates an injection, 25 injections a second in each ring.
    ring = {"injection_hz": 25.0, "candidates_per_shot": 500.0}
    menu = made(study, 40_000, machine={"her": ring, "ler": ring})
    chunks = list(menu.chunks())
    time = np.concatenate([chunk.time for chunk in chunks])
    flags = np.concatenate([chunk.flags for chunk in chunks])
    pattern = np.concatenate([chunk.pattern for chunk in chunks])
    assert len(time) == 40_000
    assert (np.diff(time) >= 0).all()
    assert (time % QUANTA == 0).all()
    background = pattern < 0
    assert menu.accelerator is not None
    strip = menu.accelerator.in_strip(time - menu.latency_ticks * QUANTA)
    # Edges of the strip move by up to a tick.
    assert np.mean(strip[background]) > 0.95
    assert ((flags & 2 != 0) == strip).all()
    seconds = time[-1] / QUANTA / SYSTEM_CLOCK_MHZ * 1e-6
    expected = 50 * 500 * seconds
    assert abs(background.sum() - expected) < 5 * np.sqrt(500 * expected)
