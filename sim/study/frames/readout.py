"""Frames of the blocks behind the decision: throttle, front-end buffer, event framer."""

from __future__ import annotations

import numpy as np

from firmware_models import event_framer, l1_throttle
from firmware_models.event_payload import pseudo_payload
from firmware_models.interface import WORDS
from firmware_models.interface.clock import TICK_NS, TICKS_PER_TURN
from firmware_models.interface.readout import HEADER_WORDS, N_LINE_WORD, TRAILER_WORDS
from firmware_models.interface.throttle import N_BUSY, RINGS
from firmware_models.readout_events import SUBDETECTORS, ReadoutEvents
from sim.streams import stream
from sim.study.frames.collisions import CHUNK, MEAN_GAP, Frames, Maker, collisions
from trigger.bits import unslice_bits
from trigger.chain import Chain
from trigger.menu import load

L1_RATE_KHZ = 30.0
"""Design rate of the requests: readout_daq section 2.1 of the reference notes."""

COMPRESSION = 32.0
"""How many times faster requests come in a stream for the throttle: at the design rate a stream
of some thousand ticks would hold two."""


def requests(seed: int) -> Maker:
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


def front_end(seed: int) -> Maker:
    """Give the ticks of a front end whose read-out time grows with the fired cells.

    Gaps are shorter than real ones, and set so that the buffer fills now and then.
    """
    fired_cells, chain = collisions(seed), Chain.build(load("low_multiplicity"))

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/front_end", chunk)
        ticks = np.cumsum(rng.geometric(1.0 / MEAN_GAP, size=n))
        ticks = ticks[ticks < n]
        hits = fired_cells(max(len(ticks), 1), chunk)
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


def events(seed: int) -> Maker:
    """Give the ticks of event frames: fired lines, the calorimeter's cells, others made up."""
    fired_cells, chain = collisions(seed), Chain.build(load("low_multiplicity"))
    index = [line.index for line in chain.menu.lines]
    ecl = SUBDETECTORS.index("ECL")

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/events", chunk)
        count = n // (HEADER_WORDS + TRAILER_WORDS) + 1  # enough even for empty frames
        hits = fired_cells(count, chunk)
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
