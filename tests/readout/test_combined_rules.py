"""Throttles of several rules against their full chain, tick by tick.

No closed form knows two rules at once. With candidates on clock edges and short times the whole
state of a throttle is a few small integers: every state that can be reached is listed here by a
plain reimplementation of the rules, and the linear system solved for how often each occurs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve

from sim.readout.arrivals import SHORT, Arrivals, Kicks
from sim.readout.config import parse_readout
from sim.readout.fast.engine import FastEngine
from sim.readout.loads import Loads
from sim.readout.plan import QUANTA, compile_plan
from sim.streams import stream

BATCHES, CHUNK = 200, 50_000


class Chip(NamedTuple):
    """A minimum spacing and an APV25."""

    spacing: int
    cells: int
    frame: int
    samples: int | str
    free: str
    grid: int = 1
    processing: int = 0


class State(NamedTuple):
    """What a candidate of this tick finds: ticks until the next accept, until each cell is free,
    until the chip is empty; the tick modulo the grid."""

    spacing: int
    cells: tuple[int, ...]
    end: int
    phase: int


def refused(chip: Chip, state: State, n: int) -> bool:
    """Return whether an event of `n` samples is refused."""
    return state.spacing > 0 or len(state.cells) + n > chip.cells


def accept(chip: Chip, state: State, n: int) -> State:
    """Return the state behind the accept of an event of `n` samples."""
    start = state.end if state.end > 0 else chip.processing
    while (state.phase + start) % chip.grid:
        start += 1
    end = start + n * chip.frame
    ends = [start + (k + 1) * chip.frame if chip.free == "cell" else end for k in range(n)]
    return State(chip.spacing, (*state.cells, *ends), end, state.phase)


def tick(chip: Chip, state: State) -> State:
    """Return the state one tick later."""
    return State(
        max(state.spacing - 1, 0),
        tuple(left - 1 for left in state.cells if left > 1),
        max(state.end - 1, 0),
        (state.phase + 1) % chip.grid,
    )


def chain_loss(chip: Chip, p: float) -> float:
    """Return the part of candidates that is refused, p of them in a tick."""
    sizes = [6, 3] if chip.samples == "mixed" else [int(chip.samples)]
    start = State(0, (), 0, 0)
    index, todo = {start: 0}, [start]
    rows, columns, values, lost = [], [], [], []
    while todo:
        state = todo.pop()
        targets = [(tick(chip, state), 1 - p)]
        for n in sizes:
            no = refused(chip, state, n)
            after = state if no else accept(chip, state, n)
            targets.append((tick(chip, after), p / len(sizes)))
            if no:
                lost.append((index[state], 1 / len(sizes)))
        for target, probability in targets:
            if target not in index:
                index[target] = len(index)
                todo.append(target)
            rows.append(index[target])
            columns.append(index[state])
            values.append(probability)
    size = len(index)
    balance = (coo_array((values, (rows, columns)), shape=(size, size)) - eye_array(size)).tolil()
    balance[0, :] = 1.0
    right = np.zeros(size)
    right[0] = 1.0
    often = spsolve(balance.tocsc(), right)
    return float(sum(often[i] * part for i, part in lost))


def simulated_loss(chip: Chip, p: float, seed: int) -> tuple[float, float]:
    """Return the engine's loss and its error, from 10⁷ candidates."""
    rules: list[dict[str, Any]] = [
        {"kind": "min_spacing", "ticks": chip.spacing},
        {"kind": "apv25", "cells": chip.cells, "frame_ticks": chip.frame, "samples": chip.samples,
         "free": chip.free, "grid_ticks": chip.grid, "processing_ticks": chip.processing},
    ]  # fmt: skip
    plan = compile_plan(parse_readout({"arrivals": {}, "throttle": rules}, "test"))
    loads = Loads.of(plan)
    engine = FastEngine(plan, loads)
    batches, start = [], 0
    for chunk in range(BATCHES):
        rng = stream(seed, "tests/combined", chunk)
        times = start + np.cumsum(rng.geometric(p, CHUNK)).astype(np.int64) * QUANTA
        start = int(times[-1])
        flags = np.where(rng.random(CHUNK) < 0.5, SHORT, 0).astype(np.uint8)
        arrivals = Arrivals(times, flags, np.full(CHUNK, -1, dtype=np.int32), Kicks.none())
        batches.append((engine.feed(arrivals, loads.draw(seed, chunk, CHUNK)).cause != 0).mean())
    return float(np.mean(batches)), float(np.std(batches, ddof=1)) / math.sqrt(BATCHES)


CASES = {
    "6 samples, by event": (Chip(4, 14, 2, 6, "event"), 0.06),
    "6 samples, by cell": (Chip(4, 14, 2, 6, "cell"), 0.06),
    "6 samples, by cell, deeper": (Chip(3, 20, 2, 6, "cell"), 0.07),
    "3 samples": (Chip(4, 8, 3, 3, "cell"), 0.09),
    "mixed, by event": (Chip(3, 11, 2, "mixed", "event"), 0.07),
    "mixed, by cell": (Chip(3, 11, 2, "mixed", "cell"), 0.07),
    "grid": (Chip(4, 14, 2, 6, "cell", grid=5), 0.06),
    "grid, by event, frames off the grid": (Chip(4, 14, 3, 6, "event", grid=4), 0.04),
    "processing": (Chip(4, 14, 2, 6, "cell", processing=7), 0.05),
    "grid and processing, mixed": (Chip(2, 11, 2, "mixed", "cell", 3, 4), 0.06),
}


@pytest.mark.parametrize("name", CASES)
def test_loss_against_the_full_chain(name: str) -> None:
    chip, p = CASES[name]
    expected = chain_loss(chip, p)
    mean, sigma = simulated_loss(chip, p, 300 + list(CASES).index(name))
    assert 0 < sigma < 0.005 * expected
    assert abs(mean - expected) < 3 * sigma, (mean, sigma, expected, (mean - expected) / sigma)


def test_the_variants_differ() -> None:
    """Each variant's loss is its own, so that the test above tells them apart."""
    losses = [chain_loss(*CASES[name]) for name in ("6 samples, by event", "6 samples, by cell",
              "grid")]  # fmt: skip
    assert losses[1] < losses[0] * 0.98
    assert losses[2] > losses[1] * 1.02
