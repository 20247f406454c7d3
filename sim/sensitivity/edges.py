"""Choose the edges of a channel's windows mass by mass, before anything passes a trigger."""

from __future__ import annotations

from pathlib import Path

from sim.sensitivity.channel import Channel
from sim.sensitivity.regions import inside
from sim.sensitivity.sample import background_sample, signal_sample
from sim.sensitivity.windows import Weighted, best_edges


def with_chosen_edges(channel: Channel, *, seed: int, folder: Path | None = None) -> Channel:
    """Return the channel with one edge a mass in every window.

    The events are others than those of the limit, so that no fluctuation that made an edge look
    good is counted again. The trigger has no part in the choice.

    Parameters
    ----------
    channel : Channel
        One without windows, or whose edges are given by mass, is returned as it is.
    seed : int
        Of the run.
    folder : Path, optional
        Where samples are kept.
    """
    offline, machine = channel.offline, channel.collider()
    if not any(window.edges for window in offline.window):
        return channel
    backgrounds = []
    for background in channel.background.process:
        made = background_sample(channel, background, seed=seed + 1, folder=folder, detector=False)
        each = channel.luminosity_fb * made.sigma_fb * background.share / made.n_generated
        backgrounds.append(Weighted(made.truth, each))
    chosen: list[list[list[float]]] = [[] for _ in offline.window]
    for mass in channel.signal.masses:
        made = signal_sample(channel, mass, events=channel.signal.events, seed=seed + 1,
                             folder=folder, detector=False)  # fmt: skip
        made = made.select(inside(offline.regions, made.truth))
        signal = Weighted(made.truth, 1.0)
        best = best_edges(offline.window, signal, backgrounds, mass, machine, offline.keep)
        for pairs, edge in zip(chosen, best, strict=True):
            pairs.append([mass, edge])
    windows = [
        window.model_copy(update={"edges": [], "edge_by_mass": pairs})
        for window, pairs in zip(offline.window, chosen, strict=True)
    ]
    return channel.model_copy(update={"offline": offline.model_copy(update={"window": windows})})
