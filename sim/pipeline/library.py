"""A library of simulated events to draw from: fired cells, input bits, rates.

The events are those of a study (`sim.study`): its samples that enter the rate table, its menu, its
registers, its seed. Only events with a fired cell are kept; the others do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.trigger_cells import CellHits
from sim.pipeline.plan import Ints, Words, pack_bits
from sim.study.chunk import Context, detector_hits
from sim.study.config import StudyConfig
from sim.study.fired import time_quality
from sim.study.run import check_study, located, open_files, sample_result, take_from_file, tasks_of
from trigger.bits import unslice_bits
from trigger.menu.inputs import ECL_INPUTS, ecl_input_rows


@dataclass(frozen=True)
class Process:
    """Where the events of one process stand in the library.

    Parameters
    ----------
    name : str
    background : bool
        Windows without a collision.
    first, last : int
        Its events are number `first` to `last` - 1.
    rate_hz : float
        Rate of those events together.
    """

    name: str
    background: bool
    first: int
    last: int
    rate_hz: float


@dataclass(frozen=True)
class Library:
    """Events with a fired cell.

    Parameters
    ----------
    context : Context
        The study's menu, trigger chain and detector.
    processes : tuple of Process
    rate_hz : ndarray of float64, shape (n,)
        Rate for which each event stands.
    bits : ndarray of uint64, shape (n, n_words)
        Its input bits, in the order of `inputs`.
    quality : ndarray of int64, shape (n,)
        Quality of the calorimeter's event time.
    largest : ndarray of int64, shape (n,)
        Energy of its most energetic cell [counts].
    hits : CellHits
    inputs : tuple of str
    """

    context: Context
    processes: tuple[Process, ...]
    rate_hz: NDArray[np.float64]
    bits: Words
    quality: Ints
    largest: Ints
    hits: CellHits
    inputs: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.quality)


def study_context(config: StudyConfig, place: str) -> Context:
    """Return the context of a study, reduced to the samples that enter the rate table.

    Parameters
    ----------
    config : StudyConfig
    place : str
        Where the study comes from, for messages.

    Raises
    ------
    InputError
        When no sample is left, or anything is wrong with one.
    """
    samples = [sample for sample in config.samples if sample.rates]
    if not samples:
        raise InputError("has no sample with rates = true", place=place)
    with located(place):
        context = Context(config.model_copy(update={"samples": samples, "efficiency": []}))
        check_study(context)
    return context


def build_library(
    context: Context, inputs: tuple[str, ...], events: int, luminosity_cm2_s: float, place: str
) -> Library:
    """Simulate the events of a study.

    Parameters
    ----------
    context : Context
        From `study_context`.
    inputs : tuple of str
        Input bits that are kept.
    events : int
        Events of all samples together, shared as in the study.
    luminosity_cm2_s : float
        For samples with a cross-section; background windows come at their own rate.
    place : str
        Where the study comes from, for messages.

    Raises
    ------
    InputError
        For a sample without a rate, or with negative weights.
    """
    main = context.config.study.model_copy(update={"events": events})
    config = context.config.model_copy(update={"study": main})
    with located(place):
        files = open_files(context)
        results = [sample_result(context, sample) for sample in config.samples]
    parts: list[_Part] = []
    sum_w = np.zeros(len(results))
    for task in tasks_of(config, files, False):
        made, hits = detector_hits(context, config.samples[task.sample], task)
        weight = np.ones(len(hits)) if made is None else made.weight
        sum_w[task.sample] += weight.sum()
        results[task.sample].n_events += len(hits)
        parts.append(_part(context, inputs, task.sample, hits, weight, place))
    for result, opened in zip(results, files, strict=True):
        take_from_file(config, result, opened)
    source = np.array(
        [
            result.normalisation.source_rate(luminosity_cm2_s, f"{place}: {result.name}")[0]
            for result in results
        ]
    )
    per_weight = np.divide(source, sum_w, out=np.zeros_like(source), where=sum_w > 0)
    sample = np.concatenate([part.sample for part in parts])
    rate = np.concatenate([part.weight for part in parts]) * per_weight[sample]
    edges = np.searchsorted(sample, np.arange(len(results) + 1))
    return Library(
        context,
        tuple(
            Process(given.name, given.background, int(a), int(b), float(rate[a:b].sum()))
            for given, a, b in zip(config.samples, edges, edges[1:], strict=False)
        ),
        rate,
        np.concatenate([part.bits for part in parts]),
        np.concatenate([part.quality for part in parts]),
        np.concatenate([part.largest for part in parts]),
        _joined([part.hits for part in parts]),
        inputs,
    )


def input_bits(words: NDArray[np.void], inputs: tuple[str, ...]) -> Words:
    """Return the named input bits of calorimeter words, shape ``(n, n_words)``."""
    table = ecl_input_rows(words)
    dense = np.zeros((len(words), len(inputs)), dtype=bool)
    for column, name in enumerate(inputs):
        if name in ECL_INPUTS:
            row = table.names.index(name)
            dense[:, column] = unslice_bits(table.rows[row : row + 1], table.n_events)[0]
    return pack_bits(dense)


@dataclass(frozen=True)
class _Part:
    sample: Ints
    weight: NDArray[np.float64]
    bits: Words
    quality: Ints
    largest: Ints
    hits: CellHits


def _part(
    context: Context, inputs: tuple[str, ...], sample: int, hits: CellHits,
    weight: NDArray[np.float64], place: str,
) -> _Part:  # fmt: skip
    """Return the events of a chunk that have a fired cell."""
    if (weight < 0).any():
        name = context.config.samples[sample].name
        raise InputError("events of negative weight cannot be drawn", place=f"{place}: {name}")
    fired = np.diff(hits.offsets) > 0
    rows = np.flatnonzero(fired & (weight > 0))
    sizes = np.diff(hits.offsets)[rows]
    chosen = np.repeat(hits.offsets[rows] - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
    index = chosen + np.arange(len(chosen))
    kept = CellHits(
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        hits.cell[index], hits.energy[index], hits.time[index], hits.frame[rows],
    )  # fmt: skip
    words = context.chain.calorimeter_words(kept)
    energy = kept.energy.astype(np.int64)
    largest = np.maximum.reduceat(energy, kept.offsets[:-1]) if len(rows) else np.zeros(0, int)
    return _Part(
        np.full(len(rows), sample), weight[rows], input_bits(words, inputs), time_quality(words),
        largest.astype(np.int64), kept,
    )  # fmt: skip


def _joined(parts: list[CellHits]) -> CellHits:
    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    return CellHits(
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate([part.cell for part in parts]),
        np.concatenate([part.energy for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.frame for part in parts]),
    )
