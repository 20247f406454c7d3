"""Frames of the global decision's blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface import WORDS
from firmware_models.interface.clock import DATA_CLOCK_TICKS
from sim.streams import stream
from sim.study.frames.collisions import MEAN_GAP, Frames, Maker, collisions
from sim.study.frames.ecl import calorimeter_words
from trigger.bits import unslice_bits
from trigger.chain import Chain
from trigger.menu import load
from trigger.menu.inputs import ecl_input_rows


def input_bits(seed: int) -> Maker:
    words, menu = calorimeter_words(seed), load("low_multiplicity")

    def make(n: int, chunk: int) -> Frames:
        rows = menu.input_rows(ecl_input_rows(words(n, chunk)))
        return _bits(WORDS["gdl_input"].zeros(n), unslice_bits(rows, n))

    return make


def ticks(seed: int) -> Maker:
    """Give one word a tick: each collision's bits on one tick, idle ticks between."""
    bits = input_bits(seed)

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/ticks", chunk)
        gaps = rng.geometric(1.0 / MEAN_GAP, size=n)
        ticks = np.cumsum(gaps)
        ticks = ticks[ticks < n]
        words = WORDS["gdl_raw"].zeros(n)
        words["bits"][ticks] = bits(max(len(ticks), 1), chunk)["bits"][: len(ticks)]
        return words

    return make


def lines(seed: int) -> Maker:
    fired_cells, chain = collisions(seed), Chain.build(load("low_multiplicity"))

    def make(n: int, chunk: int) -> Frames:
        table = chain.decide(fired_cells(n, chunk))
        index = [line.index for line in chain.menu.lines]
        words = WORDS["ftdl"].zeros(n)
        words["bits"][:, index] = unslice_bits(table.rows, n).T
        return words

    return make


def event_times(seed: int) -> Maker:
    words = calorimeter_words(seed)

    def make(n: int, chunk: int) -> Frames:
        found = words(n, chunk)
        rng = stream(seed, "frames/times", chunk)
        out = WORDS["gdl_timing_input"].zeros(n)
        out["l1"] = found["physics"]
        out["tick"] = found["rev_clock"].astype(np.int64) * DATA_CLOCK_TICKS + rng.integers(
            DATA_CLOCK_TICKS, size=n
        )
        out["ecl_valid"] = found["hit"]
        out["ecl_time"] = found["rev_clock"].astype(np.int64) * 128 + found["time"]
        out["ecl_quality"] = found["timing_quality"]
        return out

    return make


def _bits(words: Frames, bits: NDArray[np.bool_]) -> Frames:
    """Put rows of bits, shape (n_rows, n), into the lowest bits of the words."""
    words["bits"][:, : len(bits)] = bits.T
    return words
