"""A stage that saturates holds more than `max_in_stage` for a while: the last bins take it."""

from __future__ import annotations

from typing import Any

import pytest

from sim.readout.config import parse_readout
from sim.readout.run import run_readout

SLOW = {"kind": "exponential", "us": 900.0}
STAGES: dict[str, list[dict[str, Any]]] = {
    "front": [{"name": "slow", "after": ["l1"], "service": SLOW}],
    "farm": [{"name": "slow", "after": ["l1"], "service": SLOW, "servers": 12}],
    "way": [
        {"name": "quick", "after": ["l1"], "service": {"kind": "fixed", "us": 1.0}},
        {"name": "slow", "after": ["quick"], "service": SLOW, "delay_us": 700.0},
    ],
}


@pytest.mark.parametrize("engine", ["fast", "simpy"])
@pytest.mark.parametrize("name", STAGES)
def test_no_time_and_no_event_is_missing(name: str, engine: str) -> None:
    data = {
        "run": {"triggers": 3000, "seed": 2, "max_in_stage": 16},
        "arrivals": {"kind": "poisson", "rate_khz": 30.0}, "stage": STAGES[name],
    }  # fmt: skip
    run = run_readout(parse_readout(data, "test"), engine=engine).run
    assert run.saturated == "slow"
    for stage in run.stages:
        assert len(stage.time_at) == len(stage.seen) == 17
        assert stage.time_at.sum() == run.end
        assert stage.seen.sum() == stage.arrived == run.accepted
        assert stage.weighted == stage.inside
    assert run.stages[-1].occupancy_max >= 16
