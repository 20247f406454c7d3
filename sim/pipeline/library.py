"""A library of simulated events to draw from: hits, input bits, rates.

The events are those of a study (`sim.study`): its samples that enter the rate table, its menu, its
registers, its seed. Only events with a fired cell, a track segment or a fired sector of the muon
detector are kept; the others do nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.pipeline.plan import Ints, Words, pack_bits
from sim.study.checks import check_study, located
from sim.study.chunk import Context, detector_hits
from sim.study.config import StudyConfig
from sim.study.fired import time_quality
from sim.study.results import sample_result, take_from_file
from sim.study.tasks import open_files, tasks_of
from sim.study.tracks import Detected, chamber_quality
from trigger.bits import BitTable


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
    """Events with a fired cell, a track segment or a fired sector of the muon detector.

    Parameters
    ----------
    context : Context
        The study's menu, trigger chain and detector.
    processes : tuple of Process
    rate_hz : ndarray of float64, shape (n,)
        Rate for which each event stands.
    bits : ndarray of uint64, shape (n, n_words)
        Its input bits, in the order of `inputs`.
    quality, chamber_quality : ndarray of int64, shape (n,)
        Quality of the event times of calorimeter and drift chamber; -1: it has none.
    largest : ndarray of int64, shape (n,)
        Energy of its most energetic cell [counts].
    detected : Detected
        Hits of those events; wires and planes of the muon detector where they were asked for, and
        are simulated.
    inputs : tuple of str
    """

    context: Context
    processes: tuple[Process, ...]
    rate_hz: NDArray[np.float64]
    bits: Words
    quality: Ints
    chamber_quality: Ints
    largest: Ints
    detected: Detected
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
        own = {"samples": samples, "efficiency": [], "grids": []}
        context = Context(config.model_copy(update=own))
        check_study(context)
    return context


def build_library(
    context: Context, inputs: tuple[str, ...], events: int, luminosity_cm2_s: float, place: str,
    *, keep_hits: bool = False, progress: Callable[[str, int], None] | None = None,
) -> Library:  # fmt: skip
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
    keep_hits : bool
        Keep wires and planes of the muon detector too, to merge them: some 700 bytes an event.
    progress : callable, optional
        Called with a sample's name and the number of its events done since the last call.

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
    for task in tasks_of(config, files):
        made, detected = detector_hits(context, config.samples[task.sample], task)
        weight = np.ones(len(detected.cells)) if made is None else made.weight
        sum_w[task.sample] += weight.sum()
        results[task.sample].n_events += len(weight)
        parts.append(_part(context, inputs, task.sample, detected, weight, keep_hits, place))
        if progress is not None:
            progress(config.samples[task.sample].name, len(weight))
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
        np.concatenate([part.chamber_quality for part in parts]),
        np.concatenate([part.largest for part in parts]),
        Detected.joined([part.detected for part in parts]),
        inputs,
    )


def input_bits(table: BitTable, inputs: tuple[str, ...]) -> Words:
    """Return the named input bits, shape ``(n, n_words)``; those that are not given are 0."""
    dense = np.zeros((table.n_events, len(inputs)), dtype=bool)
    for column, name in enumerate(inputs):
        if name in table.names:
            dense[:, column] = table[name]
    return pack_bits(dense)


@dataclass(frozen=True)
class _Part:
    sample: Ints
    weight: NDArray[np.float64]
    bits: Words
    quality: Ints
    chamber_quality: Ints
    largest: Ints
    detected: Detected


def _part(
    context: Context, inputs: tuple[str, ...], sample: int, detected: Detected,
    weight: NDArray[np.float64], keep_hits: bool, place: str,
) -> _Part:  # fmt: skip
    """Return the events of a chunk that leave something in a sub-trigger."""
    given = context.config.samples[sample]
    if (weight < 0).any():
        raise InputError(
            "events of negative weight cannot be drawn", place=f"{place}: {given.name}"
        )
    words = context.words(detected, background=given.background)
    n, cells, muons = len(detected.cells), detected.cells, words.muons
    chamber = np.full(n, -1) if words.tracks is None else chamber_quality(words.tracks)
    fires = (np.diff(cells.offsets) > 0) | (chamber >= 0)
    if muons is not None:
        fires |= (muons["klm"] > 0) | (muons["eklm"] > 0)
    rows = np.flatnonzero(fires & (weight > 0))
    largest = np.zeros(n, dtype=np.int64)
    np.maximum.at(largest, np.repeat(np.arange(n), np.diff(cells.offsets)), cells.energy)
    kept = detected if keep_hits else Detected(cells)
    return _Part(
        np.full(len(rows), sample), weight[rows], input_bits(words.input_rows(), inputs)[rows],
        time_quality(words.calorimeter)[rows], chamber[rows], largest[rows], kept.select(rows),
    )  # fmt: skip
