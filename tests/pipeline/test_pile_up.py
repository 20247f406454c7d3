"""Merging of primitives against dictionaries, and of decisions against frames merged by hand."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.trigger_cells import CellHits
from sim.pipeline.pile_up import merged_cells, windows
from trigger.chain import Chain
from trigger.menu import load


def random_hits(n: int, rng: np.random.Generator, cells: int = 12) -> CellHits:
    """Few cells and high energies, so that cells coincide and saturate."""
    rows = [np.sort(rng.choice(cells, rng.integers(1, 8), replace=False)) + 1 for _ in range(n)]
    sizes = np.array([len(row) for row in rows])
    m = int(sizes.sum())
    return CellHits(
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate(rows).astype(np.uint16),
        rng.integers(1, 4096, m).astype(np.uint16),
        rng.integers(0, 256, m).astype(np.uint8),
        rng.integers(0, 80, n).astype(np.uint8),
    )


def test_windows_open_with_the_first_collision() -> None:
    tick = np.array([0, 5, 31, 32, 63, 64, 64, 200])
    assert windows(tick, 32).tolist() == [0, 0, 0, 3, 3, 5, 5, 7]
    assert windows(tick, 0).tolist() == list(range(8))
    assert windows(tick[:0], 32).tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_cells_are_added_and_the_earliest_time_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hits = random_hits(50, rng)
    event = rng.integers(0, 50, 400)
    tick = np.cumsum(rng.integers(0, 30, 400))
    first = windows(tick, 32)
    opened = np.flatnonzero(np.bincount(first, minlength=400) > 1)
    merged = merged_cells(hits, event, tick, first, opened)
    expected: list[tuple[int, dict[int, list[int]]]] = []
    start = None
    for i in range(400):
        if start is None or tick[i] - tick[start] >= 32:
            start = i
            expected.append((i, {}))
        cells = expected[-1][1]
        for k in range(hits.offsets[event[i]], hits.offsets[event[i] + 1]):
            energy, time = int(hits.energy[k]), int(hits.time[k]) + 8 * int(tick[i] - tick[start])
            old = cells.setdefault(int(hits.cell[k]), [0, 255])
            old[0], old[1] = min(old[0] + energy, 4095), min(old[1], time)
        expected[-1][1][0] = [i, start]
    several = [(i, cells) for i, cells in expected if cells.pop(0)[0] != i]
    assert opened.tolist() == [i for i, _ in several]
    assert len(several) > 50
    for row, (i, cells) in enumerate(several):
        part = slice(merged.offsets[row], merged.offsets[row + 1])
        found = {
            int(c): [int(e), int(t)]
            for c, e, t in zip(
                merged.cell[part], merged.energy[part], merged.time[part], strict=True
            )
        }
        assert found == cells
        assert merged.cell[part].tolist() == sorted(cells)
        assert merged.frame[row] == hits.frame[event[i]]


def test_two_events_on_one_tick_decide_as_their_sum() -> None:
    rng = np.random.default_rng(5)
    hits = random_hits(2, rng, cells=576)
    event, tick, first = np.array([0, 1]), np.array([9, 9]), np.array([0, 0])
    merged = merged_cells(hits, event, tick, first, np.array([0]))
    frames = hits.dense()
    both = frames[:1].copy()
    energy = frames["energy"].astype(int)
    both["energy"][0] = np.minimum(energy.sum(axis=0), 4095)
    time = np.where(energy > 0, frames["time"].astype(int), 999).min(axis=0)
    both["time"][0] = np.where(time < 999, time, 0)
    chain = Chain.build(load("low_multiplicity"))
    expected = chain.words(CellHits.from_dense(both)).calorimeter
    assert chain.words(merged).calorimeter == expected
