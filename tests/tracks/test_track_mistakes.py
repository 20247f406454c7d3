"""Studies whose tracks cannot be: exit 2, one message that names the place, nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_models import deep_weights, neuro_weights
from firmware_models.errors import InputError
from sim.cli import main
from trigger.track_trigger import TrackTrigger

STUDY = """
[study]
events = 200
chunk = 100
[[samples]]
name = "dimuon"
process = "dimuon"
"""


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[tracks]\nnetwork = 'mpl'", "tracks.network: Input should be 'mlp' or 'deep'"),
        ("[tracks]\nenable = true", "tracks.enable: unknown key (nearest: 'enabled')"),
        ("[tracks]\nchamber = 3", "tracks.chamber: Input should be a valid dictionary, not 3"),
        ("[tracks.chamber.backgruond]\nlevel = 1", "tracks.chamber: unknown parameter"),
        ("[tracks.chamber.background]\nlevel = -1", "tracks.chamber.background.level: given -1"),
        ("[tracks.chamber.background]\nlevel = nan", "tracks.chamber.background.level: given nan"),
        ("[tracks.chamber.drift]\nlayer_efficiency = {99 = 0.5}", "layer_efficiency.99"),
        ("[tracks.chamber.drift]\ntable = [[0, 0], [1, -1]]", "tracks.chamber.drift.table"),
        ("[tracks]\n[registers.cdc_hough]\nhit_treshold = 3", "nearest: 'hit_threshold'"),
        ("[tracks]\n[registers.cdc_hough]\nhit_threshold = 9", "the register holds 0 to 7"),
        ("[tracks]\n[registers.cdc_hough]\nhit_threshold = 0",
         "cdc_hough.hit_threshold: must be one number of 1 to 5, not 0"),
        ("[tracks]\n[registers.cdc_segment]\nmin_layers = 6",
         "cdc_segment.min_layers: must be one number of 1 to 5, not 6"),
        ("[tracks]\n[registers.cdc_segment]\nsuperlayer = 3",
         "cdc_segment.superlayer: is set by the chain"),
        ("[tracks]\n[registers.cdc_hugh]\nhit_threshold = 3", "nearest: 'cdc_hough'"),
        ("[tracks]\n[registers.neuro_mlp]\nx = 3", "registers.neuro_mlp: block 'neuro_mlp' has no"),
        ("[tracks]\n[registers.single_track]\nstt_z = '3 m'", "registers.single_track.stt_z"),
        ("[tracks]\n[registers.cdc_event_time]\nentries = [1, 2]", "has 1 values, not 2"),
    ],
)  # fmt: skip
def test_study_is_refused(
    tables: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("my.toml").write_text(STUDY + tables + "\n", encoding="utf-8")
    assert main(["study", "my.toml", "--out", "out", "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lowmult: error: my.toml: ")
    assert said.count("\n") == 1
    assert message in said
    assert not Path("out").exists()


def _narrow(document: Any) -> None:
    layer = document["weights"][0]
    (layer["hidden"] if isinstance(layer, dict) else layer)[3].pop()


def _wide(document: Any) -> None:
    layer = document["weights"][0]
    (layer["hidden"] if isinstance(layer, dict) else layer)[3][2] = 1 << 20


def _other(document: Any) -> None:
    layer = document["weights"][0]
    row = (layer["hidden"] if isinstance(layer, dict) else layer)[3]
    row[2] = 5 - row[2] % 4


def _shape(document: Any) -> None:
    document["weights"].pop()


@pytest.mark.parametrize("network", ["mlp", "deep"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_narrow, "must be a list of"),
        (_wide, "must be a whole number of"),
        (_other, "the weights have the checksum"),
        (_shape, "weights"),
    ],
    ids=["shape", "width", "checksum", "layers"],
)
def test_weights_are_refused_by_their_loader(
    network: str, damage: Callable[[Any], None], message: str, tmp_path: Path
) -> None:
    files: Any = {"mlp": neuro_weights, "deep": deep_weights}[network]
    document = json.loads(files.DEFAULT.read_text(encoding="utf-8"))
    path = tmp_path / "w.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    trigger = TrackTrigger(network=network, weights=files.load(path))
    assert trigger.weights.checksum() == files.load().checksum()
    damage(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError) as error:
        TrackTrigger(network=network, weights=files.load(path))
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
