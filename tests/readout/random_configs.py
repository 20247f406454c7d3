"""Random readout simulations that use every feature of the configuration, often at one instant.

The clock runs at 1 MHz, so a microsecond is a tick of 256 quanta; most durations are whole ticks,
so that much happens at the same time. Stages are loaded up to and beyond what they can take;
front ends never lose an event.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.random import Generator

from sim.readout.arrivals import Arrivals, Kicks

TICK = 256
SPACING = 40
"""Mean ticks between candidates."""

SERVICES = ("fixed", "exponential", "lognormal", "frames", "transfer")
RULES = ("min_spacing", "dead_time", "window", "leaky_bucket", "fifo", "apv25")


def random_config(rng: Generator, max_in_stage: int = 3000) -> dict[str, Any]:
    """Return the data of a readout file.

    Parameters
    ----------
    rng : Generator
    max_in_stage : int
        Above the number of candidates, no run saturates.
    """
    latency = int(rng.choice([0, 0, 1, 30, 100]))
    throttle = [_rule(rng, str(rng.choice(RULES))) for _ in range(rng.integers(0, 4))]
    spacing = int(rng.choice([0, 5, 20]))
    if spacing:
        place = int(rng.integers(0, len(throttle) + 1))
        throttle.insert(place, {"kind": "min_spacing", "ticks": spacing})
    config: dict[str, Any] = {
        "clock": {"frequency_mhz": 1.0},
        "run": {"max_in_stage": max_in_stage},
        "arrivals": {},
        "busy": {"latency_us": float(latency)},
        "throttle": throttle,
        "stage": _stages(rng, spacing, latency),
    }
    if rng.random() < 0.4:
        config["veto"] = _veto(rng)
    return config


def random_arrivals(rng: Generator, n: int) -> Arrivals:
    """Return candidates with ties, every flag and injections, some of them ignored."""
    step = 1 if rng.random() < 0.3 else TICK
    gap = rng.exponential(SPACING * TICK / step, n).astype(np.int64)
    gap[rng.random(n) < 0.1] = 0
    time = np.cumsum(gap) * step
    flags = rng.choice([0, 1, 2, 3, 4, 5, 6], n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])
    k = int(rng.integers(0, 8)) if n else 0
    kick_time = np.sort(rng.integers(0, time[-1] + 1, k)) if k else np.zeros(0, dtype=np.int64)
    at_candidate = rng.random(k) < 0.3
    if k:
        kick_time[at_candidate] = rng.choice(time, int(at_candidate.sum()))
        kick_time.sort()
    kicks = Kicks(kick_time, rng.integers(0, 2, k), rng.integers(0, 1280, k))
    return Arrivals(time, flags.astype(np.uint8), np.full(n, -1, dtype=np.int32), kicks)


def split(arrivals: Arrivals, cuts: list[int]) -> list[Arrivals]:
    """Cut one chunk into several, each with the kicks not later than its last candidate.

    Parameters
    ----------
    arrivals : Arrivals
    cuts : list of int
        Candidates at which a chunk starts, rising.
    """
    chunks = []
    kicks, first_kick = arrivals.kicks, 0
    edges = [0, *cuts, len(arrivals.time)]
    for a, b in itertools.pairwise(edges):
        last_kick = first_kick
        if b > a:
            last_kick = int(np.searchsorted(kicks.time, arrivals.time[b - 1], side="right"))
            last_kick = max(last_kick, first_kick)
        some = slice(first_kick, last_kick)
        chunks.append(
            Arrivals(
                arrivals.time[a:b], arrivals.flags[a:b], arrivals.pattern[a:b],
                Kicks(kicks.time[some], kicks.ring[some], kicks.position[some]),
            )
        )  # fmt: skip
        first_kick = last_kick
    return chunks


def _rule(rng: Generator, kind: str) -> dict[str, Any]:
    ticks = int(rng.integers(1, 2 * SPACING))
    rule: dict[str, Any] = {"kind": kind}
    if kind in ("min_spacing", "dead_time", "window"):
        rule["ticks"] = ticks * (4 if kind == "window" else 1)
    if kind == "dead_time":
        rule["paralysable"] = bool(rng.random() < 0.5)
    if kind == "window":
        rule["accepts"] = int(rng.integers(1, 5))
    if kind == "leaky_bucket":
        rule |= {"size": int(rng.integers(1, 5)), "drain_ticks": ticks}
        rule["timer"] = str(rng.choice(["restart", "free"]))
    if kind == "fifo":
        servers = int(rng.choice([1, 1, 2, 3]))
        rule |= {"depth": servers + int(rng.integers(0, 4)), "service_ticks": ticks * servers}
        rule |= {"service": str(rng.choice(["fixed", "exponential"])), "servers": servers}
    if kind == "apv25":
        rule |= {"cells": int(rng.integers(6, 33)), "frame_ticks": int(rng.integers(1, 15))}
        rule["samples"] = [3, 6, "mixed"][int(rng.integers(0, 3))]
        rule["free"] = str(rng.choice(["cell", "event"]))
        rule["grid_ticks"] = int(rng.choice([1, 4, 35]))
        rule["processing_ticks"] = int(rng.choice([0, 7]))
    return rule


def _veto(rng: Generator) -> dict[str, Any]:
    rings = [
        {
            "ring": ring,
            "pre_ticks": int(rng.integers(0, 200)),
            "length_ticks": int(rng.integers(0, 400)),
            "full_turns": int(rng.integers(0, 2)),
            "gated_turns": int(rng.integers(0, 4)),
            "wait_turns": int(rng.integers(0, 2)),
        }
        for ring in ("her", "ler")[: int(rng.integers(1, 3))]
    ]
    return {"mode": str(rng.choice(["passive", "active"])), "rings": rings}


def _stages(rng: Generator, spacing: int, latency: int) -> list[dict[str, Any]]:
    n = int(rng.integers(0, 9))
    farm = int(rng.integers(0, n)) if n and rng.random() < 0.5 else -1
    stages: list[dict[str, Any]] = []
    for i in range(n):
        servers = int(rng.integers(2, 5)) if i == farm else 1
        stage = _stage(rng, i, servers, makes=i == 0 or rng.random() < 0.4)
        stage["after"] = _inputs(rng, i)
        if stage["after"] == ["l1"]:
            _front_end(rng, stage, spacing, latency)
        else:
            _inner(rng, stage)
        stages.append(stage)
    _drop_bytes_behind(stages)
    return stages


def _drop_bytes_behind(stages: list[dict[str, Any]]) -> None:
    """Leave out `depth_bytes` where the plan refuses it: a join of both sides of the farm."""
    behind = {stage["name"] for stage in stages if stage["servers"] > 1}
    for stage in stages:
        if behind & set(stage["after"]):
            behind.add(stage["name"])
            if not set(stage["after"]) <= behind:
                stage.pop("depth_bytes", None)


def _inputs(rng: Generator, i: int) -> list[str]:
    if i == 0 or rng.random() < 0.3:
        return ["l1"]
    k = min(i, int(rng.choice([1, 1, 2, 3])))
    # Mostly late ones, so that there are long chains; the others make forks.
    weights = np.arange(1, i + 1) ** 2.0
    chosen = rng.choice(i, k, replace=False, p=weights / weights.sum())
    return [f"s{j}" for j in sorted(chosen)]


def _stage(rng: Generator, i: int, servers: int, makes: bool) -> dict[str, Any]:
    kind = str(rng.choice(SERVICES))
    # Loads of 0.2 to 1.2 if every candidate were accepted.
    us = float(max(1, round(SPACING * servers * rng.uniform(0.2, 1.2))))
    service: dict[str, Any] = {"kind": kind, "us": us}
    if kind == "lognormal":
        service["sigma"] = float(rng.choice([0.0, 0.5]))
    if kind == "frames":
        service["us"] = max(1.0, us // 5)
    if kind == "transfer":
        service = {"kind": kind, "mb_s": 100 / us, "links": int(rng.choice([1, 1, 2]))}
    stage: dict[str, Any] = {"name": f"s{i}", "service": service, "servers": servers}
    if makes:
        stage["bytes"] = {"mean": 100.0, "sigma": float(rng.choice([0.0, 0.7]))}
    if rng.random() < 0.3:
        stage["delay_us"] = float(rng.choice([1, 10, 60]))
    if rng.random() < 0.3:
        stage["credit_us"] = float(rng.choice([1, 10, 60]))
    if rng.random() < 0.3:
        stage["reduction"] = 0.5
    if rng.random() < 0.2:
        stage["keep"] = 0.4
    return stage


def _front_end(rng: Generator, stage: dict[str, Any], spacing: int, latency: int) -> None:
    """Give a front end room, and BUSY in time for all that may still come."""
    if rng.random() < 0.6:
        stage["almost_full"] = stage["servers"] + int(rng.integers(0, 4))
    if not spacing or "almost_full" not in stage:
        return
    late = int((latency + stage.get("delay_us", 0.0)) // spacing) + 1
    room = stage["almost_full"] + late
    kind = rng.random()
    if kind < 0.5:
        stage["depth"] = room
    elif kind < 0.7 and stage["servers"] == 1:
        stage["bytes"] = {"mean": 100.0}
        stage["depth_bytes"] = 100 * room


def _inner(rng: Generator, stage: dict[str, Any]) -> None:
    if rng.random() < 0.6:
        stage["depth"] = stage["servers"] + int(rng.integers(0, 4))
    if rng.random() < 0.3 and stage["servers"] == 1:
        stage["depth_bytes"] = int(rng.integers(50, 500))
    if rng.random() < 0.3:
        stage["almost_full"] = min(stage.get("depth", 99), 1 + int(rng.integers(0, 6)))
