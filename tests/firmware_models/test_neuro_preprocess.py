"""Inputs of the neural track trigger against plain integers, and what they mean on known tracks."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from firmware_models import crossing_angles as tables
from firmware_models import neuro_preprocess
from firmware_models.errors import InputError
from firmware_models.interface.neuro import TRACK_SEGMENTS
from hdl.testbenches.neuro_preprocess.stimulus import constrained
from tests.firmware_models import preprocess_oracle as oracle

NAMES = ("id", "time", "lr", "position", "pattern")
MODES = list(itertools.product((0, 1), (0, 1)))


def _frame(word: np.void) -> dict[str, Any]:
    """Return a word as plain numbers, without segments that are none."""
    frame: dict[str, Any] = {
        name: int(word[name]) for name in ("omega", "phi0", "clock", "event_valid", "event_time")
    }
    axial = [{name: int(word[f"axial_{name}"][k]) for name in NAMES} for k in range(5)]
    slots = [{name: int(word[f"stereo_{name}"][k]) for name in NAMES} for k in range(40)]
    frame["axial"] = [segment if segment["position"] else None for segment in axial]
    frame["stereo"] = [
        [(k, slots[k]) for k in range(10 * i, 10 * i + 10)
         if word["stereo_valid"][k] and slots[k]["position"]]
        for i in range(4)
    ]  # fmt: skip
    return frame


def _registers(t0_source: int, clamp: int) -> dict[str, np.ndarray]:
    return {"t0_source": np.array([t0_source]), "clamp": np.array([clamp])}


def _agree(words: np.ndarray, t0_source: int, clamp: int) -> None:
    found = neuro_preprocess.evaluate(words, _registers(t0_source, clamp))
    for word, result in zip(words, found, strict=True):
        wanted = oracle.evaluate(_frame(word), t0_source, clamp)
        assert {name: result[name].tolist() for name in wanted} == wanted


@pytest.mark.parametrize(("t0_source", "clamp"), MODES)
def test_model_is_the_rule(t0_source: int, clamp: int) -> None:
    _agree(constrained(700, 10 + 2 * t0_source + clamp), t0_source, clamp)


@pytest.mark.parametrize("seed", range(2))
def test_any_bits_are_a_frame(seed: int) -> None:
    """Every value of every field, also those that no board sends."""
    rng = np.random.default_rng(seed)
    words = TRACK_SEGMENTS.zeros(500)
    for field in TRACK_SEGMENTS.fields:
        words[field.name] = rng.integers(field.low, field.high + 1, words[field.name].shape)
    _agree(words, seed, seed)


def test_stimulus_reaches_the_corners() -> None:
    """Each edge of each window is met, and missed by one count; so is each limit in time."""
    words = constrained(4000, 3)
    found = neuro_preprocess.evaluate(words)
    edges = {(s, end, by): 0 for s in range(9) for end in (0, 1) for by in (-1, 0, 1)}
    drifts: dict[int, int] = dict.fromkeys((-1, 0, 256, 257), 0)
    for word in words:
        frame = _frame(word)
        end = 16 * (frame["clock"] % 32) + 15
        ages = [(end - segment["time"]) % 512 for segment in frame["axial"] if segment]
        for drift in [max(ages) - age for age in ages]:
            drifts[drift] = drifts.get(drift, 0) + 1
        each = [(2 * k, segment) for k, segment in enumerate(frame["axial"]) if segment]
        each += [(2 * k + 1, slots[0][1]) for k, slots in enumerate(frame["stereo"]) if slots]
        for superlayer, segment in each:
            at = oracle.relative(superlayer, segment, frame["omega"], frame["phi0"])
            for side, edge in enumerate(oracle.WINDOWS[superlayer]):
                key = (superlayer, side, (at - edge) * 256)
                if key in edges:
                    edges[key] += 1  # type: ignore[index]
    assert min(edges.values()) > 1, edges
    assert min(drifts[limit] for limit in (0, 256, 257)) > 20
    assert np.bincount(found["expert"]).min() > 20
    assert {-64, 63, 0} <= set(words["omega"].tolist())
    assert {0, 127} <= set(words["phi0"].tolist())


# ------------------------------------------------------------------------------------------ tables
def test_tables_to_forty_digits() -> None:
    """No entry depends on how a library rounds: `oracle.rounded` refuses values near a tie."""
    angles = tables.crossing_angles()
    for superlayer, second, omega in itertools.product(range(9), range(2), range(-64, 64)):
        assert angles[superlayer, second, omega + 64] == oracle.alpha(superlayer, second, omega)
    assert tables.azimuths().tolist() == [oracle.phi(count) for count in range(128)]
    assert list(tables.WIRES_PER_RADIAN) == [oracle.wires(s) for s in range(9)]


def test_windows_and_scales_are_those_of_the_notes() -> None:
    """cdc_track_trigger section 5.1."""
    assert [tuple(map(float, window)) for window in oracle.WINDOWS] == list(tables.WINDOW)
    scales = [2.0 ** (shift - 4) for shift in tables.RELATIVE_SHIFT]
    assert scales == [1 / 2, 1 / 4, 1 / 2, 1 / 4, 1 / 2, 1 / 8, 1 / 2, 1 / 8, 1 / 4]


def test_radii() -> None:
    """Axial wires: as in the notes. Stereo wires come 1.5 % nearer at most, and stay in order."""
    radii = tables.radii()
    for superlayer in range(9):
        for second in range(2):
            exact = float(oracle.radius_cm(superlayer, second))
            assert radii[superlayer, second] == pytest.approx(exact, rel=1e-14)
    ends = np.array([[float(layer[0]) / 10 for layer in row[2:]] for row in oracle.CHAMBER])
    assert np.allclose(radii[::2], ends[::2], rtol=1e-14)
    short = radii[1::2] / ends[1::2]
    assert ((short > 0.985) & (short < 0.998)).all()
    assert (np.diff(radii.ravel()) > 0).all()


def test_windows_of_found_tracks_lie_in_the_ids() -> None:
    """Tracks of the finder's plane do not reach the seam of a superlayer, nor that of 8 bits."""
    for superlayer in range(9):
        low, high = oracle.WINDOWS[superlayer]
        shift = 16 if superlayer in oracle.SHIFTED else 0
        for second, omega, count in itertools.product(range(2), (-33, 33), (0, 83)):
            angle = oracle.phi(count) - oracle.alpha(superlayer, second, omega)
            at = angle * oracle.wires(superlayer) / 2**20
            assert at + low + shift - 1 >= 0
            assert at + high + shift + 1 < min(256, oracle.CHAMBER[superlayer][0])


# --------------------------------------------------------------------------------- frames by hand
def _one(stereo: dict[str, Any] | None = None, **track: Any) -> np.ndarray:
    """Return a straight track at φ0 = 90° with all axial segments on it, all times 100."""
    axial = {
        "id": [[40, 48, 64, 80, 112]], "time": [[100] * 5], "lr": [[1, 2, 3, 1, 2]],
        "position": [[3] * 5], "pattern": [[1, 2, 4, 8, 2047]],
    }  # fmt: skip
    track = {"omega": [0], "phi0": [39], "clock": 31} | track
    for name in NAMES:
        axial[name] = track.pop(f"axial_{name}", axial[name])
    return neuro_preprocess.quantize(axial, stereo or {}, **track)


def _slots(**columns: list[int]) -> dict[str, Any]:
    """Return slots of superlayer 1 from columns of any length; the window is 32.5 to 39.5."""
    n = len(columns["time"])
    full = {"id": [36] * n, "lr": [3] * n, "position": [3] * n, "pattern": [0] * n} | columns
    return {name: [[*column, *[0] * (40 - n)]] for name, column in full.items()}


def _input(word: np.ndarray, superlayer: int, **registers: int) -> list[int]:
    given = {name: np.array([value]) for name, value in registers.items()}
    out = neuro_preprocess.evaluate(word, given)[0]
    return out["input"].reshape(9, 3)[superlayer].tolist()  # type: ignore[no-any-return]


def test_straight_track_through_its_wires() -> None:
    """All references but rounding: a relative ID of 0 is the middle but for superlayers 6 and 8."""
    out = neuro_preprocess.evaluate(_one())[0]
    relative, drift, angle = out["input"].reshape(9, 3).T.tolist()
    assert relative[::2] == pytest.approx([0, 0, 0, 1024, 512], abs=16)
    assert drift == [0] * 9
    assert angle == [0] * 9
    assert out["expert"] == 5
    patterns = (out["pattern"].reshape(9, 11) * (1 << np.arange(11))).sum(axis=1)
    assert patterns.tolist() == [1, 0, 2, 0, 4, 0, 8, 0, 2047]


def test_drift_times_have_the_side_of_the_wire() -> None:
    """Left (2) positive, right (1) negative; 256 ticks are 1."""
    times = [100, 110, 356, 357, 99]
    word = _one(axial_time=[times], axial_lr=[[2, 1, 2, 1, 2]], event_time=100)
    late = [_input(word, s, t0_source=1)[1] for s in (0, 2, 4, 6, 8)]
    assert late == [0, -160, 4096, -4096, 0]
    left_out = [_input(word, s, t0_source=1, clamp=0) for s in (0, 2, 4, 6, 8)]
    assert left_out[2][1] == 4096
    assert left_out[3:] == [[0, 0, 0], [0, 0, 0]]


def test_start_is_the_earliest_own_axial_segment() -> None:
    times = [130, 120, 140, 125, 150]
    word = _one(axial_time=[times], axial_lr=[[2] * 5])
    assert [_input(word, s)[1] for s in (0, 2, 4, 6, 8)] == [160, 0, 320, 80, 480]
    # Not one without a position, and no stereo one.
    word = _one(_slots(time=[90], lr=[2]), axial_time=[times], axial_lr=[[2] * 5],
                axial_position=[[3, 0, 3, 3, 3]])  # fmt: skip
    assert [_input(word, s)[1] for s in (0, 2, 4, 6, 8)] == [80, 0, 240, 0, 400]
    assert _input(word, 1)[1] == 0
    assert _input(word, 1, clamp=0) == [0, 0, 0]


def test_event_time_where_there_is_one() -> None:
    word = _one(event_time=90, axial_lr=[[2] * 5])
    assert _input(word, 0, t0_source=1)[1] == 160
    assert _input(word, 0, t0_source=0)[1] == 0
    word["event_valid"] = 0
    assert _input(word, 0, t0_source=1)[1] == 0


def test_no_start_means_no_drift_times() -> None:
    word = _one(_slots(time=[300], lr=[2], id=[35]), axial_position=[[0] * 5])
    for clamp in (0, 1):
        relative, drift, _ = _input(word, 1, clamp=clamp)
        assert drift == 0
        assert relative != 0


def test_times_wrap_at_512() -> None:
    """Data clock 32 ends at tick 15: time 500 is 27 ticks old, 5 is 10 ticks old."""
    word = _one(axial_time=[[500, 5, 15, 16, 510]], axial_lr=[[2] * 5], clock=32)
    # 16 is still to come: 511 ticks old, so it is the earliest, and all others are limited.
    assert [_input(word, s)[1] for s in (0, 2, 4, 6, 8)] == [4096, 4096, 4096, 0, 4096]
    word["axial_time"][0, 3] = 14
    assert [_input(word, s)[1] // 16 for s in (0, 2, 4, 6, 8)] == [0, 17, 27, 26, 10]


@pytest.mark.parametrize(
    ("columns", "best"),
    [
        ({"time": [120, 110, 130]}, 1),
        ({"time": [110, 110, 110]}, 0),
        ({"time": [110, 120, 115], "lr": [3, 1, 2]}, 2),
        ({"time": [101, 350], "lr": [0, 1]}, 1),
        # Both before the start: both 0, the lower slot.
        ({"time": [98, 90], "lr": [1, 1]}, 0),
        # Outside the window, and without a position.
        ({"time": [100, 101, 150], "id": [45, 36, 36], "position": [3, 0, 3]}, 2),
        ({"time": [100, 101], "id": [31, 33]}, 1),
    ],
)
def test_choice_of_the_stereo_segment(columns: dict[str, list[int]], best: int) -> None:
    n = len(columns["time"])
    word = _one(_slots(pattern=[1 << i for i in range(n)], **columns))
    out = neuro_preprocess.evaluate(word)[0]
    assert np.flatnonzero(out["pattern"].reshape(9, 11)[1]).tolist() == [best]


def test_only_valid_slots_count() -> None:
    word = _one(_slots(time=[110]) | {"valid": [[0] * 40]})
    assert _input(word, 1) == [0, 0, 0]


def test_experts() -> None:
    """All, then without SL 7, 5, 3, 1, then without two."""
    at = {1: 36, 3: 60, 5: 72 + 12, 7: 88 + 21}
    experts = []
    for missing in ((), (7,), (5,), (3,), (1,), (1, 7)):
        position = np.zeros((1, 40), dtype=int)
        number = np.zeros((1, 40), dtype=int)
        for k, superlayer in enumerate((1, 3, 5, 7)):
            number[0, 10 * k + 9] = at[superlayer]
            position[0, 10 * k + 9] = 0 if superlayer in missing else 3
        word = _one({"id": number, "position": position, "time": np.full((1, 40), 100)})
        experts.append(int(neuro_preprocess.evaluate(word)["expert"][0]))
    assert experts == [0, 1, 2, 3, 4, 5]


def test_angles_of_curved_tracks() -> None:
    """Half of α, toward zero on both sides; ±π/2 where the track curls up."""
    word = _one(omega=[33], axial_id=[[36, 39, 45, 47, 58]])
    back = _one(omega=[-33], axial_id=[[44, 57, 83, 113, 166]])
    radii = {0: 19.80, 2: 40.16, 4: 62.00, 6: 83.84, 8: 105.68}
    for superlayer, radius in radii.items():
        # 33 of 34 half-cells below the curvature of 0.3 GeV; R [cm] = pT [GeV] / 0.0044969.
        angle = np.arcsin(radius * 0.0044969 / 0.3 / 2 * 33 / 34)
        assert _input(word, superlayer)[2] == pytest.approx(angle / 2 * 4096, abs=1)
        assert _input(back, superlayer)[2] == -_input(word, superlayer)[2]
    curled = _one(omega=[-64], phi0=[20], axial_id=[[0, 0, 0, 0, 185]])
    assert _input(curled, 8)[2] == -(round(np.pi / 2 * 4096) // 2)


def test_track_passes_through() -> None:
    words = constrained(500, 5)
    found = neuro_preprocess.evaluate(words)
    for name in ("omega", "phi0", "quadrant", "valid", "last"):
        assert np.array_equal(found[name], words[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"omega": [[1]]}, "omega must have the shape"),
        ({"omega": [64]}, "omega must lie in -64 to 63"),
        ({"phi0": [1.5]}, "phi0 must be whole numbers"),
        ({"event_time": 512}, "event_time must lie in 0 to 511"),
        ({"clock": [1, 2]}, "clock must be whole numbers of the shape"),
        ({"axial_id": [[1, 2, 3]]}, "axial_id must be whole numbers of the shape"),
    ],
)
def test_wrong_input_is_told(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _one(**change)


def test_unknown_names_are_told() -> None:
    with pytest.raises(InputError, match="stereo_positions"):
        _one({"positions": 1})
    with pytest.raises(InputError, match="clamps"):
        neuro_preprocess.evaluate(_one(), {"clamps": np.array([1])})
    with pytest.raises(InputError, match="takes one of 0 to 1, not"):
        neuro_preprocess.evaluate(_one(), {"clamp": np.array([2])})
