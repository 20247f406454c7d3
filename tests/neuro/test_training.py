"""Fit of networks: loss and gradient against plain sums, known functions found, same bits again."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models import neuro_mlp
from firmware_models.errors import InputError
from firmware_models.interface.neuro import NEURO_INPUT
from sim.cli import main
from sim.neuro import deep, mlp, train
from sim.neuro.dense import DenseShape
from sim.neuro.fitting import FitData, Schedule, fit
from sim.neuro.track_set import TrackSet

SMALL = DenseShape((4, 6, 3, 4), gain=0.5, limit=1.5)


def test_dense_network_in_plain_numbers() -> None:
    layers = SMALL.first_weights(1, "test")
    inputs = np.random.default_rng(1).uniform(-1, 1, (5, 4))
    for row in range(5):
        values = inputs[row].tolist()
        for layer in layers:
            values = [math.tanh(0.5 * (sum(w * v for w, v in zip(node, values, strict=False))
                                       + node[-1])) for node in layer.tolist()]  # fmt: skip
        assert SMALL.evaluate(layers, inputs)[row] == pytest.approx(values)
    assert max(np.abs(layer).max() for layer in layers) == 1.5


def _data(n: int = 40, classes: bool = True) -> FitData:
    rng = np.random.default_rng(3)
    inputs = rng.uniform(-1, 1, (n, 4))
    targets = np.stack((0.5 * inputs[:, 0] - 0.2, 0.3 * inputs[:, 1] * inputs[:, 2]), axis=1)
    matched = np.arange(n) % 4 != 0
    known = np.stack((inputs[:, 3] > 0, inputs[:, 3] > 0.5), axis=1) if classes else None
    return FitData(inputs, targets, matched, known)


def _loss(layers: list[Any], data: FitData, schedule: Schedule) -> float:
    """Huber's loss of tracks with truth, cross-entropy of all: one by one."""
    out = SMALL.evaluate(layers, data.inputs)
    total, entropy = 0.0, 0.0
    assert data.classes is not None
    for row in range(len(out)):
        if data.matched[row]:
            for place in (0, 1):
                off = abs(out[row, place] - data.targets[row, place]) / schedule.huber
                total += off * off / 2 if off < 1 else off - 0.5
        for place in (0, 1):
            chance = (1 + out[row, 2 + place]) / 2
            entropy -= math.log(chance if data.classes[row, place] else 1 - chance)
    return total / data.matched.sum() + schedule.class_weight * entropy / (2 * len(out))


def test_loss_and_gradient() -> None:
    """Against the sum above and its central differences."""
    torch = pytest.importorskip("torch")
    from sim.neuro.fitting import _Columns

    data, schedule = _data(), Schedule(huber=0.2, class_weight=0.7)
    plain = SMALL.first_weights(1, "test")
    layers = [torch.tensor(layer, requires_grad=True) for layer in plain]
    columns = _Columns(*(torch.tensor(np.asarray(column, dtype=np.float64)) for column in (
        data.inputs, data.targets, data.matched, data.classes)))  # fmt: skip
    loss = columns.loss(torch, SMALL, layers, torch.arange(40), schedule)
    assert float(loss.detach()) == pytest.approx(_loss(plain, data, schedule))
    loss.backward()
    for number, place in ((0, (0, 0)), (0, (5, 4)), (1, (2, 6)), (2, (0, 1)), (2, (3, 3))):
        values = []
        for change in (1e-6, -1e-6):
            moved = [layer.copy() for layer in plain]
            moved[number][place] += change
            values.append(_loss(moved, data, schedule))
        slope = (values[0] - values[1]) / 2e-6
        assert float(layers[number].grad[place]) == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_fit_finds_a_function_and_repeats() -> None:
    pytest.importorskip("torch")
    data = _data(2000)
    schedule = Schedule(steps=1500, batch=128, rate=1e-2, huber=0.2)
    layers, again = (fit(SMALL, data, schedule, 7, "test") for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(layers, again, strict=True))
    other = fit(SMALL, data, Schedule(steps=50, batch=128), 8, "test")
    assert not np.array_equal(layers[0], other[0])
    assert max(np.abs(layer).max() for layer in layers) <= 1.5
    out = SMALL.evaluate(layers, data.inputs)
    off = (out[:, :2] - data.targets)[data.matched]
    assert np.abs(off).mean() < 0.25 * np.abs(data.targets - data.targets.mean(axis=0)).mean()
    assert data.classes is not None
    assert ((out[:, 2] > 0) == data.classes[:, 0]).mean() > 0.95


def test_a_fit_ends_on_the_grid() -> None:
    """Weights are multiples of the step, and no worse than those without one, rounded after."""
    pytest.importorskip("torch")
    data, coarse = _data(2000), 2.0**-4
    schedule = Schedule(steps=1500, batch=128, rate=1e-2, huber=0.2)
    free = fit(SMALL, data, schedule, 7, "test")
    held = fit(replace(SMALL, grid=coarse), data, schedule, 7, "test")
    after = [np.floor(layer / coarse + 0.5) * coarse for layer in free]
    assert all((layer / coarse == np.round(layer / coarse)).all() for layer in held)
    assert _loss(held, data, schedule) < _loss(after, data, schedule)


def synthetic(n: int, seed: int) -> TrackSet:
    """Return tracks whose inputs tell z and θ linearly; those from the collision point at z = 0."""
    rng = np.random.default_rng(seed)
    words = NEURO_INPUT.zeros(n)
    words["valid"] = 1
    words["expert"] = rng.choice(6, n, p=(0.75, 0.06, 0.06, 0.06, 0.06, 0.01))
    from_ip = rng.random(n) < 0.4
    z = np.where(from_ip, 0.0, rng.uniform(-100, 100, n))
    theta = np.radians(rng.uniform(30, 120, n))
    bend = rng.uniform(-3, 3, n)
    bend = np.where(np.abs(bend) < 0.2, 0.2, bend)
    for layer in range(9):
        mix = 0.4 * z / 100 + (0.02 * layer - 0.08) * (np.degrees(theta) - 90) / 80
        words["input"][:, 3 * layer] = 4096 * (mix + rng.normal(0, 0.01, n))
        words["input"][:, 3 * layer + 2] = 4096 * 0.1 * bend * (layer + 1) / 9
        words["pattern"][:, 11 * layer + layer] = rng.random(n) < 0.5
    for expert, layer in enumerate((7, 5, 3, 1), start=1):
        words["input"][np.ix_(words["expert"] == expert, np.arange(3 * layer, 3 * layer + 3))] = 0
    every = np.arange(n)
    truth = np.where(rng.random(n) < 0.02, -1, every)
    return TrackSet(words, every, truth, every, z, theta, bend, from_ip, n, {"seed": seed})


@pytest.mark.parametrize("kind", ["mlp", "deep"])
def test_training_of_integers(kind: str) -> None:
    """z of fresh tracks is found to 3 cm where ignorance of it is 10; integers are near floats.

    The deeper network's table rounds down: half a step of 1/1024, a few times over.
    """
    pytest.importorskip("torch")
    shown, judged = synthetic(12_000, 1), synthetic(4_000, 2)
    # Classes take more steps than z.
    schedule = Schedule(steps={"mlp": 600, "deep": 1500}[kind], batch=256, rate=1.5e-2)
    weights, again = (train.train(kind, 1, shown, judged, schedule, "test") for _ in range(2))
    assert weights.checksum() == again.checksum()
    assert weights.provenance == again.provenance
    found = weights.provenance["figures"]
    assert max(found["z_68_cm"].values()) < 3.0
    assert found["fixed_minus_float"]["z_rms_cm"] < {"mlp": 0.05, "deep": 0.2}[kind]
    assert weights.provenance["data_sha256"] == shown.checksum()
    assert found["tracks_shown"] == 12_000
    # What is written says the same as what was trained.
    served = train.KINDS[kind][0].served(judged)
    assert served.sum() == (judged.words["expert"] < {"mlp": 5, "deep": 8}[kind]).sum() > 3000
    rows = served & judged.matched & ~judged.from_ip
    z = neuro_mlp.physical(
        {"mlp": neuro_mlp, "deep": train.deep.neuro_deep}[kind].evaluate(
            judged.words, weights=weights
        )
    )[0]
    width = np.quantile(np.abs(z - judged.z[judged.truth])[rows], 0.68)
    assert width == pytest.approx(found["all_z_68_cm"], abs=1e-3)
    points = found["working_points"]
    by_z = points["z"] if kind == "deep" else points
    assert 0.0 < by_z["points"]["0.96"]["accepted"] < 0.2
    if kind == "deep":
        # A cut on chance accepts 0.96, one on z as above.
        assert 0.0 < points["ip_class"]["points"]["0.96"]["accepted"] < 0.2


def test_written_file_is_read_back(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    shown = synthetic(2000, 1)
    for kind, (_, files) in train.KINDS.items():
        weights = train.train(kind, 1, shown, shown, Schedule(steps=20, batch=64), "test")
        files.save(weights, tmp_path / f"{kind}.json")
        again = files.load(tmp_path / f"{kind}.json")
        assert again.checksum() == weights.checksum()
        assert again.provenance == weights.provenance


def test_without_torch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"needs the package torch: pip install 'lowmult\[train"):
        fit(SMALL, _data(), Schedule(steps=1), 1, "test")
    assert main(["train", "mlp", "--out", str(tmp_path / "w.json")]) == 2
    error = capsys.readouterr().err
    assert "needs the package torch" in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_shapes_are_those_of_the_blocks() -> None:
    assert mlp.SHAPE.nodes == (27, 81, 2)
    assert deep.SHAPE.nodes[0] == 126
    assert deep.SHAPE.nodes[-1] == 4


def test_nothing_to_train_on() -> None:
    pytest.importorskip("torch")
    data = _data()
    none = FitData(data.inputs[:0], data.targets[:0], data.matched[:0])
    with pytest.raises(InputError, match="no tracks"):
        fit(SMALL, none, Schedule(steps=1), 1, "test")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mpl", "--out", "w"], "nearest: mlp"),
        (["mlp"], "required: --out"),
        (["mlp", "--out", "w", "--tracks", "0"], "--tracks: must be a whole number, 1 to"),
        (["mlp", "--out", "none/w"], "--out: cannot write in"),
        (["segments", "--out", "w", "--tracks", "0"], "--tracks: must be a whole number, 1 to"),
        (["segments", "--out", "w", "--steps", "9"], "--steps: only networks have this option"),
        (["segments", "--out", "w", "--data", "d"], "--data: only networks have this option"),
        (["segments", "--out", "w", "--level", "-1"], "--level"),
        (["segments", "--out", "none/w"], "--out: cannot write in"),
    ],
)
def test_nonsense_is_refused(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
