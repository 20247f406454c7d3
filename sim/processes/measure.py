"""Cross-section of a process before and after cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.processes.base import BATCH, Estimate, FloatArray, Process, estimate
from sim.processes.cut_values import CutEvents
from sim.processes.cuts import Cut
from sim.streams import stream

LUMINOSITY = 8e35
"""Instantaneous luminosity of the rates in kHz [cm⁻² s⁻¹], the 2020 design peak."""

NB_CM2 = 1e-33


@dataclass(frozen=True)
class Measurement:
    """Cross-sections of the generation region, after every cut in turn, and after all.

    Parameters
    ----------
    proposals : int
        Weighted events that were made.
    generated : Estimate
        Before cuts.
    after_each : tuple of Estimate
        After the first cut, after the first two, and so on; the last is after all.
    """

    proposals: int
    generated: Estimate
    after_each: tuple[Estimate, ...]

    @property
    def after(self) -> Estimate:
        """After all cuts."""
        return self.after_each[-1] if self.after_each else self.generated


def measure(
    process: Process,
    cuts: Sequence[Cut],
    n_events: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Measurement:
    """Apply cuts to a weighted sample, in chunks.

    Parameters
    ----------
    process : Process
        What to generate.
    cuts : sequence of Cut
        All must pass.
    n_events, seed : int
        Number of weighted events and their seed.
    progress : callable, optional
        Told the size of every chunk that is done.
    """
    sums = np.zeros((len(cuts) + 1, 2))
    done = chunk = 0
    while done < n_events:
        size = min(BATCH, n_events - done)
        rng = stream(seed, f"{process.name}/measure", chunk)
        # Without cuts the weights are enough; hadrons take much longer.
        sums += _after_cuts(process, cuts, size, rng) if cuts else _sums(process.weights(size, rng))
        done, chunk = done + size, chunk + 1
        if progress is not None:
            progress(size)
    estimates = [estimate(float(total), float(square), n_events) for total, square in sums]
    return Measurement(n_events, estimates[0], tuple(estimates[1:]))


def _sums(weight: FloatArray) -> FloatArray:
    return np.array([[weight.sum(), (weight * weight).sum()]])


def _after_cuts(
    process: Process, cuts: Sequence[Cut], size: int, rng: np.random.Generator
) -> FloatArray:
    """Return the sums of weights and of their squares before cuts and after each."""
    events = process.sample(size, rng)
    events = events.select(np.flatnonzero(events.weight > 0.0))
    view = CutEvents(events, process.machine)
    weight = events.weight
    sums = [_sums(weight)]
    for cut in cuts:
        weight = np.where(cut.apply(view), weight, 0.0)
        sums.append(_sums(weight))
    return np.concatenate(sums)


def rate_khz(cross_section_nb: float, luminosity: float = LUMINOSITY) -> float:
    """Return the rate [kHz] of a cross-section [nb] at a luminosity [cm⁻² s⁻¹]."""
    return cross_section_nb * NB_CM2 * luminosity / 1e3
