"""The firmware's throttle and derandomiser, tick by tick, against the simulation of the readout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_models import derandomizer, l1_throttle
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS
from firmware_models.interface.throttle import RULES
from sim.readout.arrivals import ACTIVITY, SHORT, Arrivals, Kicks
from sim.readout.config import parse_readout
from sim.readout.fast.engine import FastEngine
from sim.readout.firmware import throttle_registers
from sim.readout.loads import Loads
from sim.readout.plan import QUANTA, compile_plan

TICKS = 60_000


def _rules(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return rules in the order in which the block asks them."""
    rules: list[dict[str, Any]] = []
    if rng.random() < 0.7:
        rules.append({"kind": "min_spacing", "ticks": int(rng.integers(1, 40))})
    for _ in range(rng.integers(0, 4)):
        rules.append({"kind": "window", "accepts": int(rng.integers(1, 17)),
                      "ticks": int(rng.integers(1, 600))})  # fmt: skip
    for _ in range(rng.integers(0, 5)):
        rules.append({"kind": "leaky_bucket", "size": int(rng.integers(1, 20)),
                      "drain_ticks": int(rng.integers(1, 100)),
                      "timer": str(rng.choice(["restart", "free"]))})  # fmt: skip
    for _ in range(rng.integers(0, 3)):
        rules.append({"kind": "fifo", "depth": int(rng.integers(1, 9)),
                      "service_ticks": int(rng.integers(1, 120))})  # fmt: skip
    if rng.random() < 0.7:
        rules.append({"kind": "apv25", "samples": [3, 6, "mixed"][int(rng.integers(0, 3))],
                      "frame_ticks": int(rng.integers(1, 30)),
                      "grid_ticks": int(rng.choice([1, 7, 20])),
                      "processing_ticks": int(rng.choice([0, 11])),
                      "free": str(rng.choice(["cell", "event"]))})  # fmt: skip
    return rules


@pytest.mark.parametrize("seed", range(40))
def test_throttle_block_is_the_simulated_throttle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {"arrivals": {}, "throttle": _rules(rng)}
    if rng.random() < 0.6:
        data["veto"] = {"mode": str(rng.choice(["passive", "active"])), "rings": [
            {"ring": ring, "pre_ticks": int(rng.integers(0, 300)),
             "length_ticks": int(rng.integers(0, 900)), "full_turns": int(rng.integers(0, 3)),
             "gated_turns": int(rng.integers(1, 5)), "wait_turns": int(rng.integers(0, 3))}
            for ring in ("her", "ler")]}  # fmt: skip
    config = parse_readout(data, "random")
    registers, names = throttle_registers(config, "random")

    # The same traffic for both: at most one request and one announcement a tick.
    ticks = np.flatnonzero(rng.random(TICKS) < 0.05)
    short, activity = rng.random(len(ticks)) < 0.5, rng.random(len(ticks)) < 0.5
    kicks = np.sort(rng.choice(TICKS, 12, replace=False))
    rings, positions = rng.integers(0, 2, 12), rng.integers(0, 1280, 12)
    words = BLOCKS["l1_throttle"].input.zeros(TICKS)
    words["l1"][ticks], words["short"][ticks], words["activity"][ticks] = 1, short, activity
    words["kick"][kicks, rings] = 1
    words["position"][kicks] = positions
    words["tick"] = np.arange(TICKS) % 1280
    block = l1_throttle.evaluate(words, registers)[ticks]

    plan = compile_plan(config, "random")
    loads = Loads.of(plan)
    flags = (SHORT * short + ACTIVITY * activity).astype(np.uint8)
    arrivals = Arrivals(ticks * QUANTA, flags, np.full(len(ticks), -1, np.int32),
                        Kicks(kicks * QUANTA, rings, positions))  # fmt: skip
    verdicts = FastEngine(plan, loads).feed(arrivals, loads.draw(1, 0, len(ticks)))

    order = [RULES.index(name) for name in ("veto", *names) if name != "veto" or "veto" in data]
    assert len(order) == len(plan.causes)
    np.testing.assert_array_equal(block["l1"] == 1, verdicts.cause == 0)
    for cause, rule in enumerate(order):
        np.testing.assert_array_equal(
            block["refused"][:, rule] == 1,
            (verdicts.refused >> np.uint64(cause)) & np.uint64(1) == 1,
        )
        np.testing.assert_array_equal(block["cause"] == rule + 1, verdicts.cause == cause + 1)


def test_rules_without_a_place_in_the_block_are_refused() -> None:
    def registers(*rules: dict[str, Any]) -> None:
        throttle_registers(parse_readout({"arrivals": {}, "throttle": list(rules)}, "x"), "x")

    with pytest.raises(InputError, match=r"x: throttle\.1: min_spacing number 2 has no place"):
        registers(*[{"kind": "min_spacing", "ticks": 3}] * 2)
    with pytest.raises(InputError, match="dead_time number 1 has no place"):
        registers({"kind": "dead_time", "ticks": 3})
    with pytest.raises(InputError, match=r"throttle\.0: the block has fifos with fixed service"):
        registers({"kind": "fifo", "depth": 3, "service_ticks": 9, "service": "exponential"})
    with pytest.raises(InputError, match="70000 does not fit register spacing"):
        registers({"kind": "min_spacing", "ticks": 70_000})


@pytest.mark.parametrize("seed", range(10))
def test_derandomiser_block_is_a_simulated_front_end(seed: int) -> None:
    """A front end and the link behind it: the link's room is the block's `ready`."""
    rng = np.random.default_rng(seed)
    service, link = int(rng.integers(2, 60)), int(rng.integers(2, 60))
    depth = int(rng.integers(1, 4))
    data = {
        "clock": {"frequency_mhz": 1.0}, "arrivals": {},
        "stage": [
            {"name": "fe", "after": ["l1"], "service": {"kind": "fixed", "us": float(service)}},
            {"name": "link", "after": ["fe"], "service": {"kind": "fixed", "us": float(link)},
             "depth": depth},
        ],
    }  # fmt: skip
    plan = compile_plan(parse_readout(data, "x"), "x")
    loads = Loads.of(plan)
    # Bursts that the block's 64 places hold.
    gaps = rng.integers(1, 3 * max(service, link), 400)
    gaps[rng.random(400) < 0.3] = 1
    ticks = np.cumsum(gaps)
    engine = FastEngine(plan, loads, record=True)
    engine.feed(Arrivals(ticks * QUANTA, np.zeros(400, np.uint8), np.full(400, -1, np.int32),
                         Kicks.none()), loads.draw(1, 0, 400))  # fmt: skip
    recorded = engine.finish().recorded
    assert recorded is not None
    left = recorded.depart[:, 0] // QUANTA
    inside = np.searchsorted(ticks, left) - np.arange(400)
    assert inside.max() <= 64

    # The link has room on a tick when at most depth - 1 events are inside after its departures.
    words = BLOCKS["derandomizer"].input.zeros(int(left[-1]) + 1)
    words["l1"][ticks], words["service"][ticks] = 1, service
    held, gone = np.zeros((2, len(words) + 1), dtype=np.int64)
    np.add.at(held, left + 1, 1)
    out = recorded.depart[:, 1] // QUANTA
    np.add.at(gone, out[out < len(words)], 1)
    words["ready"] = (np.cumsum(held) - np.cumsum(gone))[:-1] < depth
    found = derandomizer.evaluate(words, {"depth": np.array([64]), "almost_full": np.array([64])})
    np.testing.assert_array_equal(np.flatnonzero(found["sent"]), left)
    assert not found["overflow"].any()
