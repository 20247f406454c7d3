"""The single-track decision against exact fractions, event by event in plain Python."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from firmware_models import single_track
from firmware_models.errors import InputError
from firmware_models.sine_table import sine_table
from hdl.testbenches.single_track.stimulus import constrained, registers

DEFAULTS = {
    "stt_z": 615, "nnt_z": 615, "ty_z": 820, "momentum": 700, "nnt_tracks": 2, "ip_class": 0,
    "stt_class": 0,
}  # fmt: skip
NAMES = ("near", "single", "last", "stt", "nnt", "ty", "tracks")


# ------------------------------------------------------------------------------------- the oracle
def sine(theta: int) -> Fraction:
    """Return the table's value of sin θ: the cosine in the middle of 16 counts, to 1/4096."""
    address = min(abs(theta) // 16, 255)
    angle = 80 * (16 * address + 8) / 4096
    return Fraction(math.floor(4096 * math.cos(math.radians(angle)) + 0.5), 4096)


def oracle(rows: list[dict[str, int]], cut: dict[str, int]) -> list[tuple[Any, ...]]:
    """Cut whole events out of the frames, then decide with p in MeV as a fraction."""
    found, event = [], []
    for row in rows:
        neural = bool(row["valid"] and row["neural"])
        inverse = abs(row["omega"]) * sine(row["theta"])
        # p = pT / sin θ, pT = 10.2 GeV / |ω|; a straight track passes any cut.
        fast = inverse == 0 or 10200 / inverse > cut["momentum"]
        z = abs(row["z"])
        from_ip = neural and row["ip_class"] + 8192 >= cut["ip_class"]
        event.append({
            "track": bool(row["valid"]),
            "near": from_ip and z < cut["ty_z"],
            "nnt": from_ip and z < cut["nnt_z"],
            "single": neural and row["stt_class"] + 8192 >= cut["stt_class"] and z < cut["stt_z"]
            and fast,
        })  # fmt: skip
        decision: tuple[Any, ...] = (0, 0, 0, [0, 0, 0, 0], 0)
        if row["last"]:
            tracks = min(sum(track["track"] for track in event), 15)
            near = min(sum(track["near"] for track in event), 4)
            decision = (
                1, int(any(track["single"] for track in event)),
                int(any(track["nnt"] for track in event) and tracks >= cut["nnt_tracks"]),
                [int(near == count) for count in (1, 2, 3, 4)], tracks,
            )  # fmt: skip
        found.append((int(event[-1]["near"]), int(event[-1]["single"]), *decision))
        if row["last"]:
            event = []
    return found


def rows_of(words: np.ndarray) -> list[dict[str, int]]:
    return [{name: int(word[name]) for name in words.dtype.names or ()} for word in words]


def listed(out: np.ndarray) -> list[tuple[Any, ...]]:
    return [
        tuple(word[name].tolist() if name == "ty" else int(word[name]) for name in NAMES)
        for word in out
    ]


@pytest.mark.parametrize("seed", range(6))
def test_model_is_the_rule(seed: int) -> None:
    words = constrained(1500, seed)
    chosen = registers(seed) if seed else None
    cut = DEFAULTS | {name: int(value[0]) for name, value in (chosen or {}).items()}
    out = single_track.evaluate(words, chosen)
    assert listed(out) == oracle(rows_of(words), cut)


def test_every_bit_is_reached() -> None:
    out = single_track.evaluate(constrained(5000, 1))
    last = out["last"] == 1
    for name in ("near", "single", "stt", "nnt"):
        assert 0 < int(out[name][last].sum()) < int(last.sum()), name
    assert (out["ty"].sum(axis=0) > 0).all()
    assert out["tracks"].max() == 15


# -------------------------------------------------------------------------------------- definition
def test_table_of_sines() -> None:
    """Rounding is never close to a tie, so the entries do not depend on the library's cosine."""
    with localcontext() as context:
        context.prec = 30
        pi = Decimal("3.14159265358979323846264338328")
        for address, entry in enumerate(sine_table().tolist()):
            x = pi * 80 * (16 * address + 8) / 4096 / 180
            term, cosine, order = Decimal(1), Decimal(0), 0
            while abs(term) > Decimal("1e-28"):
                cosine += term
                order += 2
                term *= -x * x / (order * (order - 1))
            assert int((4096 * cosine + Decimal("0.5")).to_integral_value("ROUND_FLOOR")) == entry


def test_error_of_the_sine() -> None:
    """Over all counts of θ: at most 0.0028, relative 1.7 % at the ends and 0.5 % above 30°."""
    count = np.arange(-4096, 4097)
    exact = np.sin(np.radians(90 + 80 * count / 4096))
    table = sine_table()[np.minimum(np.abs(count) >> 4, 255)] / 4096
    assert np.abs(table - exact).max() < 0.0028
    assert np.abs(table / exact - 1).max() < 0.017
    inside = exact >= 0.5
    assert np.abs(table / exact - 1)[inside].max() < 0.005


def test_momentum_cut_is_that_of_the_momentum() -> None:
    """p of the track's ω and θ decides, but within the table's error of the cut."""
    rng = np.random.default_rng(2)
    n = 20_000
    omega = rng.integers(-64, 64, n)
    theta = rng.uniform(math.radians(10), math.radians(170), n)
    words = single_track.quantize(np.zeros(n), theta, omega / 10.2)
    assert np.array_equal(words["omega"], omega)
    exact = np.radians(90 + words["theta"] * (80 / 4096))
    with np.errstate(divide="ignore"):
        momentum = 10.2 / np.abs(omega) / np.sin(exact)
    single = single_track.evaluate(words)["single"] == 1
    clear = np.abs(momentum / 0.7 - 1) > 0.017
    assert clear.mean() > 0.9
    assert np.array_equal(single[clear], (momentum > 0.7)[clear])


@pytest.mark.parametrize(("z_cm", "near", "single"), [
    (14.99, 1, 1), (-14.99, 1, 1), (15.03, 1, 0), (19.99, 1, 0), (-20.03, 0, 0), (100.0, 0, 0),
])  # fmt: skip
def test_published_cuts_in_z(z_cm: float, near: int, single: int) -> None:
    """|z| < 15 cm for the trigger, |z| < 20 cm for the counts; a count is 0.0244 cm."""
    out = single_track.evaluate(single_track.quantize([z_cm], [math.pi / 2], [0.5]))[0]
    assert (out["near"], out["single"]) == (near, single)


@pytest.mark.parametrize(("momentum", "stt"), [(0.60, 0), (0.68, 0), (0.73, 1), (5.0, 1)])
def test_slow_tracks(momentum: float, stt: int) -> None:
    """At 90°, p = pT: 14 counts of q/pT are 0.729 GeV, 15 are 0.680 GeV."""
    out = single_track.evaluate(single_track.quantize([0.0], [math.pi / 2], [1 / momentum]))
    assert out["stt"][0] == stt


def test_forward_track_has_more_momentum_than_transverse_momentum() -> None:
    """pT = 0.5 GeV at 30° is p = 1 GeV."""
    tracks = single_track.quantize([0, 0], np.radians([90, 30]), [2.0, 2.0])
    assert single_track.evaluate(tracks)["stt"].tolist() == [0, 1]


def _event(n: int) -> np.ndarray:
    return single_track.quantize(np.zeros(n), np.full(n, 1.5), np.full(n, 0.5),
                                 last=np.arange(n) == n - 1)  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 20])
def test_counts_are_one_hot(n: int) -> None:
    out = single_track.evaluate(_event(n))
    assert out["ty"][-1].tolist() == [int(n == 1), int(n == 2), int(n == 3), int(n >= 4)]
    assert out["tracks"][-1] == min(n, 15)
    assert out["nnt"][-1] == (n >= 2)
    assert not out["stt"][:-1].any()
    assert out["stt"][-1] == 1


def test_events_do_not_mix() -> None:
    one, other = _event(3), _event(2)
    other["neural"] = 0
    empty = single_track.BLOCK.input.zeros(1)
    empty["last"] = 1
    out = single_track.evaluate(np.concatenate([one, other, empty, one]))
    ends = np.flatnonzero(out["last"])
    assert ends.tolist() == [2, 4, 5, 8]
    assert out["tracks"][ends].tolist() == [3, 2, 0, 3]
    assert out["stt"][ends].tolist() == [1, 0, 0, 1]
    assert out["ty"][ends].tolist() == [[0, 0, 1, 0], [0] * 4, [0] * 4, [0, 0, 1, 0]]


def test_cuts_that_are_off() -> None:
    words = single_track.quantize([100.0, -100.0], np.radians([10, 170]), [-6.27, 6.17])
    off = {"stt_z": np.array([8192]), "momentum": np.array([0])}
    assert single_track.evaluate(words, off)["single"].tolist() == [1, 1]
    assert single_track.evaluate(words)["single"].tolist() == [0, 0]


def test_classes_alone() -> None:
    """z cuts off, the classes cut at 0 as in cdc_track_trigger section 5.5 of the notes."""
    classes = np.array([-1.0, -1 / 4096, 0.0, 1.0])
    words = single_track.quantize(np.full(4, 90.0), np.full(4, 1.5), np.full(4, 0.5), last=False,
                                  ip_class=classes, stt_class=classes[::-1])  # fmt: skip
    words["last"][-1] = 1
    cuts = {"stt_z": 8192, "nnt_z": 8192, "ty_z": 8192, "ip_class": 8192, "stt_class": 8192}
    out = single_track.evaluate(words, {name: np.array([cut]) for name, cut in cuts.items()})
    assert out["near"].tolist() == [0, 0, 1, 1]
    assert out["single"].tolist() == [1, 1, 0, 0]
    assert (out["stt"][-1], out["nnt"][-1], out["ty"][-1].tolist()) == (1, 1, [0, 1, 0, 0])
    assert not single_track.evaluate(words)["near"].any()


@pytest.mark.parametrize("name", ["ip_class", "stt_class"])
def test_a_class_cuts_on_its_own_decisions_only(name: str) -> None:
    """Classes of 0 fail a register above 8192: of ip_class near, nnt and ty, of stt_class stt."""
    words = _event(2)
    out = single_track.evaluate(words, {name: np.array([8193])})
    of_ip = name == "ip_class"
    assert out["stt"][-1] == of_ip
    assert (out["nnt"][-1], out["ty"][-1].sum()) == (not of_ip, not of_ip)
    assert np.array_equal(single_track.evaluate(words, {name: np.array([8192])}),
                          single_track.evaluate(words))  # fmt: skip


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"stt": [1]}, "unknown register 'stt'"),
        ({"momentum": [4096]}, "takes one of 0 to 4095, not"),
        ({"stt_z": [-1]}, "takes one of 0 to 16383"),
        ({"stt_z": [1, 2]}, "takes one of"),
    ],
)
def test_wrong_registers(given: dict[str, list[int]], says: str) -> None:
    values = {name: np.array(value) for name, value in given.items()}
    with pytest.raises(InputError, match=says):
        single_track.evaluate(_event(1), values)


def test_wrong_tracks() -> None:
    with pytest.raises(InputError, match="one shape"):
        single_track.quantize([0.0], [1.0, 2.0], [0.0])
    with pytest.raises(InputError, match="finite"):
        single_track.quantize([np.inf], [1.0], [0.0])
    with pytest.raises(InputError, match="stt_class must be finite"):
        single_track.quantize([0.0], [1.0], [0.0], stt_class=np.nan)
