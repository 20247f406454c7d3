"""Tracks in a study: what the chamber sees, which background tracks count, which lines fire."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.interface.cdc_segment import EVENT_TIME
from firmware_models.interface.displaced import DISPLACED_DECISION
from firmware_models.interface.ecl import ECL_TRIGGER
from firmware_models.interface.grl import TRACK_COUNTS
from firmware_models.interface.neuro import SINGLE_TRACK
from firmware_models.wire_hits import TIME_TICK_NS, WINDOW_TICKS
from sim.cli import main
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.study.chunk import Context, Task, detector_hits, run_chunk
from sim.study.config import parse_study
from sim.study.fired import event_quality, time_quality
from sim.study.results import WINDOW_NS
from sim.study.run import run_study
from sim.study.tracks import FIRST_TICK, SPACING_TICKS, chamber_quality, counted_once
from tests.hit_counter import HitCounter, track_rows, use_hit_counter
from trigger.event_words import EventWords
from trigger.menu.inputs import ECL_INPUTS, TRACK_INPUTS
from trigger.tracks import TrackWords

SAMPLES = [
    {"name": "dimuon", "process": "dimuon"},
    {"name": "background", "background": True},
]
PYTHIA = Path(__file__).parents[1] / "data" / "pythia" / "belle2.hepmc3.gz"


@pytest.fixture(autouse=True)
def _hit_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    use_hit_counter(monkeypatch)


def study(**tables: Any) -> Any:
    main_table = {"events": 400, "chunk": 200, "seed": 3}
    return parse_study({"study": main_table, "samples": SAMPLES, "tracks": {}, **tables}, "my.toml")


def words(earliest: Any, valid: Any = True) -> TrackWords:
    """Events with every bit set, and segments from a given tick on."""
    n = len(earliest)
    raw = np.full((n, 16), 0xFFFFFFFF, dtype=np.uint32)
    parts = [
        word.unpack(raw[:, : -(-word.width // 32)])
        for word in (TRACK_COUNTS, SINGLE_TRACK, EVENT_TIME, DISPLACED_DECISION)
    ]
    parts[2]["earliest"], parts[2]["earliest_valid"] = earliest, valid
    parts[2]["time"], parts[2]["valid"] = earliest, valid
    counts, single, time, vertex = parts
    return replace(TrackWords.empty(n), counts=counts, single=single, time=time, displaced=vertex)


def test_windows_of_background_are_128_ticks_apart() -> None:
    assert SPACING_TICKS == 128
    assert pytest.approx(WINDOW_NS, rel=1e-12) == SPACING_TICKS * TIME_TICK_NS
    assert FIRST_TICK == 16
    assert FIRST_TICK + SPACING_TICKS <= WINDOW_TICKS


def test_every_moment_counts_in_one_window() -> None:
    """A segment on tick T of a long time is seen by all windows around it, and counts in one."""
    n_windows = 7
    moments = np.arange(FIRST_TICK, FIRST_TICK + n_windows * SPACING_TICKS)
    seen, kept = np.zeros(len(moments), dtype=int), np.zeros(len(moments), dtype=int)
    for number in range(-2, n_windows + 2):
        tick = moments - number * 128
        inside = np.flatnonzero((tick >= 0) & (tick < 256))
        table = track_rows(counted_once(words(tick[inside])))
        fires = np.array([table[name] for name in TRACK_INPUTS])
        assert (fires == fires[0]).all()
        seen[inside] += 1
        kept[inside] += fires[0]
    assert (seen == 2).all()
    assert (kept == 1).all()


def test_words_that_another_window_counts_are_empty() -> None:
    tick = np.array([0, 15, 16, 143, 144, 255, 50])
    valid = np.array([1, 1, 1, 1, 1, 1, 0])
    given = words(tick, valid)
    kept = counted_once(given)
    for name in ("counts", "single", "time"):
        old, new = getattr(given, name), getattr(kept, name)
        assert np.array_equal(new[2:4], old[2:4])
        rest = np.delete(new, [2, 3])
        for field in rest.dtype.names or ():
            assert (rest[field] == (1 if field == "last" else 0)).all(), field
    assert (words(tick, valid).counts == given.counts).all()
    assert chamber_quality(kept).tolist() == [-1, -1, 1, 1, -1, -1, -1]


def test_a_segment_by_chance_does_not_time_the_event() -> None:
    """The event time counts where there is one, the earliest segment where there is none."""
    given = words(np.array([5, 5, 20, 20, 150, 20]))
    given.time["time"] = [50, 200, 150, 50, 50, 20]
    given.time["valid"] = [1, 0, 1, 0, 1, 0]
    kept = counted_once(given)
    assert (kept.counts["tracks"] > 0).tolist() == [True, False, False, True, True, True]


def test_the_better_time_gives_the_quality() -> None:
    ecl = ECL_TRIGGER.zeros(6)
    ecl["hit"] = [0, 0, 1, 1, 1, 1]
    ecl["timing_quality"] = [0, 0, 0, 0, 3, 1]
    tracks = words(np.full(6, 20), [1, 0, 1, 1, 1, 0])
    tracks.time["valid"] = [0, 1, 1, 0, 1, 1]
    assert event_quality(EventWords(ecl, tracks)).tolist() == [0, -1, 1, 0, 3, 1]
    assert np.array_equal(event_quality(EventWords(ecl)), time_quality(ecl))


def test_the_chamber_sees_the_events_of_the_calorimeter() -> None:
    config = study(tracks={"chamber": {"background": {"level": 0.5}}})
    with_tracks, without = Context(config), Context(study(tracks=None))
    chamber = CdcResponse(CdcConfig.from_mapping({"background": {"level": 0.5}}))
    for number, chunk in ((0, 0), (0, 1), (1, 0)):
        sample, task = config.samples[number], Task(number, chunk, 30)
        events, detected = detector_hits(with_tracks, sample, task)
        _, plain = detector_hits(without, sample, task)
        assert plain.wires is None
        assert detected.wires is not None
        for name in ("offsets", "cell", "energy", "time", "frame"):
            assert np.array_equal(getattr(detected.cells, name), getattr(plain.cells, name))
        seed = with_tracks.seed(sample)
        if sample.background:
            expected = chamber.background_events(30, seed, chunk)
        else:
            assert events is not None
            expected = chamber.respond(events, seed, chunk)
        assert len(detected.wires) == 30
        for name in ("offsets", "wire", "time"):
            assert np.array_equal(getattr(detected.wires, name), getattr(expected, name))


@pytest.mark.parametrize("number", [0, 1])
def test_lines_are_those_of_the_words(number: int) -> None:
    """Muon pairs fire lines of tracks; background windows count tracks of their interval only."""
    noisy = {"background": {"rate": 0.0, "tracks": 2000.0}}
    config = study(tracks={"chamber": noisy})
    context = Context(config)
    task = Task(number, 1, 150, keep_decisions=True)
    _, detected = detector_hits(context, config.samples[number], task)
    assert detected.wires is not None
    raw = HitCounter({}, "").evaluate(detected.wires)
    expected = counted_once(raw) if number == 1 else raw
    assert (counted_once(raw).counts != raw.counts).any()
    ftdl = context.chain.decide(detected.cells, expected)
    part = run_chunk((config.model_dump_json(), task))
    assert part.ftdl is not None
    assert np.array_equal(part.ftdl.rows, ftdl.rows)
    assert part.ftdl["stt"].sum() > 5
    alone = context.chain.decide(detected.cells)
    assert alone["stt"].sum() == 0
    assert np.array_equal(alone["lml6"], part.ftdl["lml6"])


def test_rates_of_tracks_enter_the_study() -> None:
    result = run_study(study())
    assert result.rates is not None
    stt = result.menu.names.index("stt")
    assert result.rates.by_process["dimuon"].line[stt] > 0
    assert not set(result.without_producer) & (set(TRACK_INPUTS) | set(ECL_INPUTS))
    off = run_study(study(tracks={"enabled": False}))
    assert off.rates is not None
    assert off.rates.all.line[stt] == 0
    assert {"typ", "t2_1", "ty_0"} <= set(off.without_producer)
    for line in ("lml6", "hie", "c4"):
        row = result.menu.names.index(line)
        assert off.rates.all.line[row] == result.rates.all.line[row]


def test_the_table_says_what_is_built() -> None:
    registers = {"single_track": {"stt_z": 400}, "ecl_selection": {"lml6_other": 57}}
    context = Context(study(registers=registers, tracks={"network": "deep"}))
    trigger: Any = context.tracks
    assert trigger.network == "deep"
    assert trigger.registers["single_track"]["stt_z"].tolist() == [400]
    assert trigger.registers["ecl_selection"]["lml6_other"].tolist() == [57]
    assert Context(study()).tracks.network == "mlp"  # type: ignore[union-attr]
    for tracks in (None, {"enabled": False, "network": "deep"}):
        off = Context(study(tracks=tracks))
        assert off.tracks is None
        assert off.chamber is None


def test_invisible_particles_are_so_in_both_detectors() -> None:
    context = Context(study(detector={"invisible": [13]}))
    assert context.chamber is not None
    assert context.chamber.config.invisible == (13,)
    own = Context(study(detector={"invisible": [13]}, tracks={"chamber": {"invisible": []}}))
    assert own.chamber is not None
    assert own.chamber.config.invisible == ()


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ({"network": "mpl"}, r"tracks\.network: .*'mlp' or 'deep'"),
        ({"enable": True}, r"tracks\.enable: unknown key \(nearest: 'enabled'\)"),
        ({"chamber": {"drfit": {}}}, r"tracks\.chamber: unknown parameter 'drfit'"),
        ({"chamber": {"background": {"level": -1}}}, r"tracks\.chamber\.background\.level"),
    ],
)
def test_mistakes_are_named(tracks: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Context(study(tracks=tracks))


MENU = """
[menu]
name = "m"
version = "1"
[inputs]
ehigh = 0
typ = 1
[outputs.hie]
index = 0
logic = "ehigh"
"""


def test_the_trigger_command_takes_tracks_where_a_line_needs_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    menu = tmp_path / "menu.toml"
    menu.write_text(MENU)
    cases: list[tuple[list[str], str | None, str]] = [
        ([], "mlp", "Track trigger: network mlp"),
        (["--network", "deep"], "deep", "Track trigger: network deep"),
        (
            ["--no-tracks"],
            None,
            "Track trigger: off; its inputs are 0 in the lines ecltaub2b_track, ggsel, stt",
        ),
        (["--menu", str(menu)], None, "Track trigger: off, no line reads it"),
        (["--menu", str(menu), "--tracks"], "mlp", "Track trigger: network mlp"),
    ]
    n_stt = {}
    for number, (options, network, said) in enumerate(cases):
        out, found = tmp_path / f"{number}.parquet", tmp_path / f"{number}.json"
        assert main(["trigger", str(PYTHIA), "--out", str(out), "--workers", "1",
                     "--json", str(found), *options]) == 0  # fmt: skip
        data = json.loads(found.read_text())
        assert data["tracks"] == network
        assert said in " ".join(capsys.readouterr().out.split())
        n_stt[number] = sum(row["n_ftdl"] for row in data["lines"] if row["name"] == "stt")
        assert ("typ" in data["without_producer"]) == (number == 2)
    assert n_stt[0] == n_stt[1] > 0
    assert n_stt[2] == 0
