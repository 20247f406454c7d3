"""Frames of simulated collisions for every block, to drive RTL with what physics gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firmware_models.errors import unknown_name
from sim.study.frames import chamber, ecl, gdl, readout, tracks
from sim.study.frames.collisions import CHUNK, Frames, Maker

_MAKERS: dict[str, Callable[[int], Maker]] = {
    "ecl_cluster": ecl.calorimeter_frames,
    "ecl_selection": ecl.clusters,
    "cdc_hough": tracks.track_segments,
    "neuro_preprocess": tracks.neural_segments,
    "cdc_event_time": chamber.event_segments,
    "grl_tracks": chamber.all_tracks,
    "neuro_mlp": tracks.network_inputs,
    "neuro_deep": tracks.network_inputs,
    "single_track": tracks.neural_tracks,
    "gdl_inputs": gdl.ticks,
    "gdl_logic": gdl.input_bits,
    "gdl_prescale": gdl.lines,
    "gdl_timing": gdl.event_times,
    "l1_throttle": readout.requests,
    "derandomizer": readout.front_end,
    "event_framer": readout.events,
}


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
