"""Frames of simulated collisions for every block, to drive RTL with what physics gives it.

The blocks of the neural track trigger get analytic toy tracks (`sim.neuro.toy_tracks`), not
simulated hits: there is no drift chamber in the simulation yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_models import (
    cdc_hough,
    ecl_cluster,
    ecl_selection,
    event_framer,
    l1_throttle,
    neuro_mlp,
)
from firmware_models.errors import unknown_name
from firmware_models.event_payload import pseudo_payload
from firmware_models.interface import WORDS
from firmware_models.interface.cdc_hough import N_TRACKER, TRACK_CLOCKS_PER_TURN, TRACK_TICK_NS
from firmware_models.interface.clock import DATA_CLOCK_TICKS, TICK_NS, TICKS_PER_TURN
from firmware_models.interface.readout import HEADER_WORDS, N_LINE_WORD, TRAILER_WORDS
from firmware_models.interface.throttle import N_BUSY, RINGS
from firmware_models.readout_events import SUBDETECTORS, ReadoutEvents
from firmware_models.trigger_cells import CellHits
from sim.detector.ecl import EclConfig, EclResponse
from sim.events import concatenate
from sim.neuro import toy_tracks
from sim.processes import get_process
from sim.streams import stream
from sim.study.ideal_tracks import IdealTracks, fire
from trigger.bits import unslice_bits
from trigger.chain import Chain
from trigger.menu import load
from trigger.menu.inputs import ecl_input_rows

MIXTURE = ("bhabha", "radiative_bhabha", "digamma", "dimuon", "eeee", "photon_gun")
"""Processes of which the frames are made, in equal parts: many topologies, not the real rates."""

CHUNK = 8_192
"""Frames at a time: dense calorimeter frames are large."""

MEAN_GAP = 12.0
"""Mean idle ticks between collisions in a stream of ticks: pulses overlap now and then."""

L1_RATE_KHZ = 30.0
"""Design rate of the requests: readout_daq section 2.1 of the reference notes."""

TRACKS_PER_EVENT = 2.5
"""Mean tracks of an event in the toy frames of the neural track trigger."""

COMPRESSION = 32.0
"""How many times faster requests come in a stream for the throttle: at the design rate a stream
of `CHUNK` ticks would hold two."""

MEAN_TRACKS = 3.0
"""Mean tracks in one data clock of the track trigger: several in one quadrant now and then."""

Frames = NDArray[np.void]


def physics_frames(block: str, n: int, seed: int = 1) -> Iterator[Frames]:
    """Yield input words of a block, made by the chain up to it.

    Parameters
    ----------
    block : str
        Name of the block.
    n : int
        Words in all.
    seed : int

    Yields
    ------
    ndarray, dtype of the block's input word
        At most `CHUNK` words.

    Raises
    ------
    InputError
        For a block without a source of physics frames.
    """
    if block not in _MAKERS:
        raise unknown_name("block", block, _MAKERS, place="physics frames")
    make = _MAKERS[block](seed)
    for chunk, start in enumerate(range(0, n, CHUNK)):
        yield make(min(CHUNK, n - start), chunk)


Maker = Callable[[int, int], Frames]


def _collisions(seed: int) -> Callable[[int, int], CellHits]:
    """Return a function of (n, chunk) that gives the fired cells of n collisions, mixed."""
    processes = [get_process(name) for name in MIXTURE]
    response = EclResponse(EclConfig())

    def make(n: int, chunk: int) -> CellHits:
        each = -(-n // len(processes))
        events = concatenate([process.generate(each, seed, chunk) for process in processes])
        order = stream(seed, "frames/order", chunk).permutation(len(events))[:n]
        return response.respond(events.select(order), seed, chunk)

    return make


def _calorimeter_frames(seed: int) -> Maker:
    collisions = _collisions(seed)
    return lambda n, chunk: collisions(n, chunk).dense()


def _clusters(seed: int) -> Maker:
    collisions = _collisions(seed)
    return lambda n, chunk: ecl_cluster.evaluate_hits(collisions(n, chunk))


def _calorimeter_words(seed: int) -> Maker:
    clusters = _clusters(seed)
    return lambda n, chunk: ecl_selection.evaluate(clusters(n, chunk))


def _toy_tracks(seed: int) -> Maker:
    """Give toy tracks in events of one or more."""

    def make(n: int, chunk: int) -> Frames:
        words = toy_tracks.generate(n, seed, chunk).words()
        rng = stream(seed, "frames/toy_tracks", chunk)
        words["last"] = rng.random(n) < 1 / TRACKS_PER_EVENT
        words["quadrant"] = rng.integers(0, 4, n)
        return words

    return make


def _neural_tracks(seed: int) -> Maker:
    tracks = _toy_tracks(seed)
    return lambda n, chunk: neuro_mlp.evaluate(tracks(n, chunk))


def _input_bits(seed: int) -> Maker:
    words, menu = _calorimeter_words(seed), load("low_multiplicity")

    def make(n: int, chunk: int) -> Frames:
        rows = menu.input_rows(ecl_input_rows(words(n, chunk)))
        return _bits(WORDS["gdl_input"].zeros(n), unslice_bits(rows, n))

    return make


def _ticks(seed: int) -> Maker:
    """Give one word a tick: each collision's bits on one tick, idle ticks between."""
    bits = _input_bits(seed)

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/ticks", chunk)
        gaps = rng.geometric(1.0 / MEAN_GAP, size=n)
        ticks = np.cumsum(gaps)
        ticks = ticks[ticks < n]
        words = WORDS["gdl_raw"].zeros(n)
        words["bits"][ticks] = bits(max(len(ticks), 1), chunk)["bits"][: len(ticks)]
        return words

    return make


def _lines(seed: int) -> Maker:
    collisions, chain = _collisions(seed), Chain.build(load("low_multiplicity"))

    def make(n: int, chunk: int) -> Frames:
        table = chain.decide(collisions(n, chunk))
        index = [line.index for line in chain.menu.lines]
        words = WORDS["ftdl"].zeros(n)
        words["bits"][:, index] = unslice_bits(table.rows, n).T
        return words

    return make


def _event_times(seed: int) -> Maker:
    words = _calorimeter_words(seed)

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


def _requests(seed: int) -> Maker:
    """Give Poisson requests, one injection announcement and a BUSY now and then."""
    spacing_ns = 1e6 / (L1_RATE_KHZ * COMPRESSION)

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/requests", chunk)
        duration_ns = n * TICK_NS
        times = rng.uniform(0.0, duration_ns, rng.poisson(duration_ns / spacing_ns))
        words = l1_throttle.quantize(
            n, times, rng.random(len(times)) < 0.5,
            kick_ns=rng.uniform(0.0, duration_ns, 1), kick_ring=rng.integers(0, len(RINGS), 1),
            kick_position=rng.integers(0, TICKS_PER_TURN, 1),
            first_tick=int(rng.integers(TICKS_PER_TURN)),
        )  # fmt: skip
        words["activity"] = rng.random(n) < 0.1
        words["busy"] = rng.random((n, N_BUSY)) < 0.002
        return words

    return make


def _front_end(seed: int) -> Maker:
    """Give the ticks of a front end whose read-out time grows with the fired cells.

    Gaps are shorter than real ones, and set so that the buffer fills now and then.
    """
    collisions, chain = _collisions(seed), Chain.build(load("low_multiplicity"))

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/front_end", chunk)
        ticks = np.cumsum(rng.geometric(1.0 / MEAN_GAP, size=n))
        ticks = ticks[ticks < n]
        hits = collisions(max(len(ticks), 1), chunk)
        fired = unslice_bits(chain.decide(hits).rows, len(hits))[:, : len(ticks)]
        cells = np.diff(hits.offsets)[: len(ticks)]
        words = WORDS["derandomizer_input"].zeros(n)
        words["l1"][ticks] = np.any(fired, axis=0)
        words["service"][ticks] = np.minimum(4 * (cells + 1), 1000)
        # The link takes events in spells of 100 ticks on average, with breaks of 10.
        turns = np.where(np.arange(n) % 2, rng.geometric(0.1, n), rng.geometric(0.01, n))
        words["ready"] = np.repeat((np.arange(n) + 1) % 2, turns)[:n]
        return words

    return make


def _events(seed: int) -> Maker:
    """Give the ticks of event frames: fired lines, the calorimeter's cells, others made up."""
    collisions, chain = _collisions(seed), Chain.build(load("low_multiplicity"))
    index = [line.index for line in chain.menu.lines]
    ecl = SUBDETECTORS.index("ECL")

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/events", chunk)
        count = n // (HEADER_WORDS + TRAILER_WORDS) + 1  # enough even for empty frames
        hits = collisions(count, chunk)
        bits = np.zeros((count, 32 * N_LINE_WORD), dtype=np.uint8)
        bits[:, index] = unslice_bits(chain.decide(hits).rows, count).T
        present = rng.integers(0, 1 << len(SUBDETECTORS), count) | 1 << ecl
        there = (present[:, None] >> np.arange(len(SUBDETECTORS))) & 1
        sizes = rng.integers(0, 8, there.shape) * there
        sizes[:, ecl] = np.diff(hits.offsets)
        tag = np.arange(chunk * CHUNK, chunk * CHUNK + count)
        payload = pseudo_payload(seed, tag.astype(np.uint32), sizes)
        # A fired cell is a word: number, counts of energy and of time.
        cells = hits.cell.astype(np.uint32) | hits.energy.astype(np.uint32) << np.uint32(10)
        kind = np.repeat(np.tile(np.arange(len(SUBDETECTORS)), count), sizes.ravel())
        payload[kind == ecl] = cells | hits.time.astype(np.uint32) << np.uint32(22)
        columns = {
            "tag": tag,
            "time": np.cumsum(rng.geometric(1.0 / 4240, count)),  # 30 kHz in ticks
            "trigger_type": rng.integers(0, 16, count),
            "flags": rng.integers(0, 4, count),
            "lines": np.packbits(bits, axis=1, bitorder="little").view("<u4"),
        }
        events = ReadoutEvents.build(sizes, payload, columns, present=present)
        return event_framer.quantize(events, rng.geometric(0.5, count) - 1)[:n]

    return make


def _track_segments(seed: int) -> Maker:
    """Give all trackers' frames of data clocks with a few ideal circles each.

    Circles with a hit efficiency, without noise or scattering (`sim.study.ideal_tracks`): there are
    no segments of the simulated drift chamber yet.
    """

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/track_segments", chunk)
        clocks = -(-n // N_TRACKER)
        number = rng.poisson(MEAN_TRACKS, clocks)
        segments = fire(IdealTracks.draw(int(number.sum()), rng), rng)
        clock = np.repeat(np.arange(clocks), number)[segments.track]
        count = len(clock)
        return cdc_hough.quantize(
            np.searchsorted(clock, np.arange(clocks + 1)), segments.superlayer, segments.segment,
            rng.uniform(0, 512 * TRACK_TICK_NS * (1 - 1e-12), count), rng.integers(1, 4, count),
            segments.position, clock=np.arange(clocks) % TRACK_CLOCKS_PER_TURN,
        )[:n]  # fmt: skip

    return make


def _bits(words: Frames, bits: NDArray[np.bool_]) -> Frames:
    """Put rows of bits, shape (n_rows, n), into the lowest bits of the words."""
    words["bits"][:, : len(bits)] = bits.T
    return words


_MAKERS: dict[str, Callable[[int], Maker]] = {
    "ecl_cluster": _calorimeter_frames,
    "ecl_selection": _clusters,
    "cdc_hough": _track_segments,
    "neuro_mlp": _toy_tracks,
    "single_track": _neural_tracks,
    "gdl_inputs": _ticks,
    "gdl_logic": _input_bits,
    "gdl_prescale": _lines,
    "gdl_timing": _event_times,
    "l1_throttle": _requests,
    "derandomizer": _front_end,
    "event_framer": _events,
}
