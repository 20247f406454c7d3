"""The track trigger of one window: hit wires → segments → 2D tracks → neural tracks → words;
segments → displaced vertices.

Every block runs once a window, on the data clock that completes it: that frame has seen all its
hits (`firmware_models.segment_finding`), and its tracks are those that decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import (
    cdc_event_time,
    cdc_hough,
    cdc_segment,
    displaced_classifier,
    displaced_hough,
    grl_short,
    grl_tracks,
    neuro_deep,
    neuro_mlp,
    neuro_preprocess,
    single_track,
)
from firmware_models.deep_weights import DeepWeights
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Registers
from firmware_models.neuro_weights import NeuroWeights
from firmware_models.segment_dealing import deal
from firmware_models.segment_finding import Segments, check_wires, find_segments
from firmware_models.wire_hits import WireHits
from trigger.track_words import LAST_CLOCK, axial_words, network_words, stamped
from trigger.tracks import TrackWords

Network = Literal["mlp", "deep"]

NETWORKS: Mapping[str, Any] = {"mlp": neuro_mlp, "deep": neuro_deep}
"""Block of the neural network by name."""

WEIGHTS: Mapping[str, type] = {"mlp": NeuroWeights, "deep": DeepWeights}
"""What each network's weights are."""

BLOCK_NAMES = (
    "cdc_segment", "cdc_event_time", "cdc_hough", "grl_tracks", "grl_short", "neuro_preprocess",
    "neuro_mlp", "neuro_deep", "single_track", "displaced_hough", "displaced_classifier",
)  # fmt: skip

SLICE = 4_000
"""Windows at a time: the words of all blocks stay in the cache."""

_NO_WINDOWS = WireHits(np.zeros(1, np.int64), np.zeros(0, np.uint16), np.zeros(0, np.uint16))


@dataclass(frozen=True)
class TrackSteps:
    """Words of all blocks for some windows, for studies of single blocks and for training.

    Parameters
    ----------
    segments : Segments
    dropped : ndarray of int64, shape (4 n, 9)
        Segments beyond ten, by frame (four trackers a window) and superlayer.
    event : ndarray, shape (n,), dtype of the word `event_segments`
    axial : ndarray, shape (4 n,), dtype of the word `cdc_segments`
    tracks : ndarray, shape (4 n,), dtype of the word `cdc_tracks`
    time : ndarray, shape (n,), dtype of the word `event_time`
    counts : ndarray, shape (n,), dtype of the word `track_counts`
    full : ndarray, shape (n,), dtype of the word `grl_segments`
    short : ndarray, shape (n,), dtype of the word `grl_short`
    vertices : ndarray, shape (n,), dtype of the word `displaced_vertices`
    window : ndarray of int64, shape (m,)
        Window of each frame of the network: one a 2D track, or one that says there is none.
    given : ndarray, shape (m,), dtype of the word `track_segments`
    inputs : ndarray, shape (m,), dtype of the word `neuro_input`
    """

    segments: Segments
    dropped: NDArray[np.int64]
    event: NDArray[np.void]
    axial: NDArray[np.void]
    tracks: NDArray[np.void]
    time: NDArray[np.void]
    counts: NDArray[np.void]
    full: NDArray[np.void]
    short: NDArray[np.void]
    vertices: NDArray[np.void]
    window: NDArray[np.int64]
    given: NDArray[np.void]
    inputs: NDArray[np.void]


@dataclass(frozen=True)
class TrackTrigger:
    """All blocks of the track trigger behind each other.

    Parameters
    ----------
    registers : mapping of block to Registers
        Those of blocks that are absent keep their defaults.
    network : {'mlp', 'deep'}
    weights : optional
        Of the network; default: those of the package.

    Raises
    ------
    InputError
        For an unknown network, weights of another one, unknown blocks, registers that a block
        does not have or that do not fit, or the register `superlayer`, which each superlayer's
        finder has of its own.
    """

    registers: Mapping[str, Registers] = field(default_factory=dict)
    network: str = "mlp"
    weights: Any = None

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise unknown_name("network", self.network, NETWORKS)
        needed = WEIGHTS[self.network]
        if self.weights is not None and not isinstance(self.weights, needed):
            raise InputError(f"the network {self.network!r} needs {needed.__name__}, not "
                             f"{type(self.weights).__name__}", place="weights")  # fmt: skip
        for name in self.registers:
            if name not in BLOCKS:
                raise unknown_name("block", name, BLOCKS)
        for name in BLOCK_NAMES:
            if self._of(name) and not BLOCKS[name].registers:
                raise InputError(f"has no registers, not {', '.join(self._of(name))}", place=name)
        if cdc_segment.check_registers(self._of("cdc_segment"))[0]:
            raise InputError("is set by the chain, one finder a superlayer",
                             place="cdc_segment.superlayer")  # fmt: skip
        for name in ("ip_class", "stt_class"):
            if self.network == "mlp" and np.any(self._of("single_track").get(name, 0)):
                raise InputError("is for the network 'deep'; 'mlp' has no classes, and without "
                                 "cuts of its own every track would pass",
                                 place=f"single_track.{name}")  # fmt: skip
        # Every block refuses registers that do not fit before it looks at its frames.
        self.evaluate(_NO_WINDOWS)

    def _of(self, block: str) -> Registers:
        return self.registers.get(block, {})

    def evaluate(self, hits: WireHits) -> TrackWords:
        """Return what the track trigger says of each window.

        Parameters
        ----------
        hits : WireHits
            Windows of 256 ticks.

        Raises
        ------
        InputError
            For wires outside the chamber.
        """
        check_wires(hits)  # of a slice, it would tell the window's number in the slice
        parts = []
        for first in range(0, max(len(hits), 1), SLICE):
            part = hits.select(np.arange(first, min(first + SLICE, len(hits))))
            parts.append(self.words(self.steps(part)))
        return TrackWords.joined(parts)

    def words(self, steps: TrackSteps) -> TrackWords:
        """Return what the track trigger says of windows whose steps are given."""
        neural = self.neural_tracks(steps.inputs)
        frames = single_track.evaluate(neural, self._of("single_track"))
        last = np.flatnonzero(frames["last"] == 1)
        displaced = displaced_classifier.evaluate(steps.vertices, self._of("displaced_classifier"))
        return TrackWords(
            steps.counts, frames[last], steps.time, steps.full, steps.short, displaced,
            np.concatenate(([0], last + 1)), neural, frames,
        )  # fmt: skip

    def steps(self, hits: WireHits, clock: ArrayLike = LAST_CLOCK) -> TrackSteps:
        """Return the words of all blocks up to the network.

        Parameters
        ----------
        hits : WireHits
            Of n windows.
        clock : array_like of int, shape () or (n,)
            Data clock in the turn, 0 to 319, on which each window is complete: what is found does
            not depend on it, but times are told modulo 512 ticks.

        Raises
        ------
        InputError
            As for `evaluate`.
        """
        _, layers, shape = cdc_segment.check_registers(self._of("cdc_segment"))
        clock = np.broadcast_to(np.asarray(clock, dtype=np.int64), (len(hits),))
        segments = stamped(find_segments(hits, layers, shape=shape), clock)
        slots, dropped = deal(segments)
        event = cdc_event_time.from_slots(
            slots, segments.superlayer, segments.local, segments.fastest, clock=clock
        )
        times = cdc_event_time.evaluate(event, self._of("cdc_event_time"))
        axial = axial_words(segments, slots, clock)
        tracks = cdc_hough.evaluate(axial, self._of("cdc_hough"))
        counts = grl_tracks.evaluate(grl_tracks.quantize(tracks))
        full = grl_short.quantize(segments, tracks, clock=clock)
        short = grl_short.evaluate(full, self._of("grl_short"))
        axial_map = displaced_hough.quantize(segments, counts["tracks"], clock=clock)
        vertices = displaced_hough.evaluate(axial_map, self._of("displaced_hough"))
        given, window = network_words(segments, slots, tracks, times, clock)
        inputs = neuro_preprocess.evaluate(given, self._of("neuro_preprocess"))
        return TrackSteps(
            segments, dropped, event, axial, tracks, times, counts, full, short, vertices, window,
            given,
            inputs,
        )  # fmt: skip

    def neural_tracks(self, inputs: NDArray[np.void]) -> NDArray[np.void]:
        """Return the network's tracks, dtype of the word `neuro_track`."""
        result: NDArray[np.void] = NETWORKS[self.network].evaluate(inputs, None, self.weights)
        return result
