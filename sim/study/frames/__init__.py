"""Frames of simulated collisions for every block, to drive RTL with what physics gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firmware_models.errors import unknown_name
from firmware_models.interface import Registers
from sim.study.frames import displaced, ecl, gdl, matches, muons, neural, readout, tracks
from sim.study.frames.collisions import CHUNK, Frames, Maker

_MAKERS: dict[str, Callable[[int], Maker]] = {
    "ecl_cluster": ecl.calorimeter_frames,
    "ecl_selection": ecl.clusters,
    "cdc_segment": tracks.wires,
    "cdc_event_time": tracks.event_segments,
    "cdc_hough": tracks.axial_segments,
    "grl_tracks": tracks.all_tracks,
    "grl_short": tracks.inner_segments,
    "neuro_preprocess": tracks.track_segments,
    "neuro_mlp": tracks.network_inputs,
    "neuro_deep": tracks.network_inputs,
    "single_track": tracks.neural_tracks,
    "klm_sector": muons.hit_planes,
    "displaced_hough": displaced.axial_maps,
    "displaced_classifier": displaced.hypotheses,
    "grl_match": matches.objects,
    "grl_neural": neural.matched_tracks,
    "gdl_inputs": gdl.ticks,
    "gdl_logic": gdl.input_bits,
    "gdl_prescale": gdl.lines,
    "gdl_timing": gdl.event_times,
    "l1_throttle": readout.requests,
    "derandomizer": readout.front_end,
    "event_framer": readout.events,
}

_REGISTERS: dict[str, Callable[[int], Registers]] = {"cdc_segment": tracks.wire_registers}
"""Blocks whose frames are made for other registers than those after reset, chunk by chunk."""


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


def physics_registers(block: str, chunk: int) -> Registers | None:
    """Return the registers that go with a chunk of a block's frames; None: those after reset.

    Parameters
    ----------
    block : str
    chunk : int
        Number of the chunk that `physics_frames` yields, from 0.
    """
    return _REGISTERS[block](chunk) if block in _REGISTERS else None
