"""Decisions of several settings on the same windows: what they have in common is done once.

Clusters depend on no register, tracks and sectors on those of their own blocks, selection and
matching on the others, lines on the menu, and prescales come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firmware_models import ecl_cluster
from firmware_models.interface import Registers
from sim.sensitivity.settings import Setting
from sim.study.tracks import Detected, counted_once
from trigger.bits import BitTable
from trigger.chain import Chain
from trigger.track_trigger import BLOCK_NAMES

if TYPE_CHECKING:
    from trigger.tracks import TrackWords

SECTOR_BLOCKS = ("klm_sector",)
"""Whose registers the sectors of the muon detector depend on."""

TRACK_BLOCKS = BLOCK_NAMES
"""Whose registers the track trigger's words depend on."""


@dataclass(frozen=True)
class Words:
    """Words of the sub-triggers before what settings decide differently.

    Parameters
    ----------
    clusters : ndarray, shape (n,), dtype of the word `ecl_clusters`
    tracks : TrackWords, optional
    sectors : ndarray, shape (n,), dtype of the word `klm_sectors`, optional
    """

    clusters: NDArray[np.void]
    tracks: TrackWords | None = None
    sectors: NDArray[np.void] | None = None

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.clusters)


@dataclass(frozen=True)
class Upstream:
    """Settings with the same words of tracks and sectors.

    Parameters
    ----------
    registers : mapping of block to Registers
        Of all of them equal in `TRACK_BLOCKS` and `SECTOR_BLOCKS`.
    groups : list of (Chain, list of int)
        Settings of the same lines before prescale, by number.
    """

    registers: Mapping[str, Registers]
    groups: list[tuple[Chain, list[int]]]

    def words(self, detected: Detected, network: str, *, background: bool = False) -> Words:
        """Return the words of windows.

        Parameters
        ----------
        detected : Detected
        network : str
            Of the track trigger.
        background : bool
            Windows without a collision, that follow without gaps: each track counts once.
        """
        tracks = sectors = None
        if detected.wires is not None:
            from trigger.track_trigger import TrackTrigger

            tracks = TrackTrigger(self.registers, network).evaluate(detected.wires)
            tracks = counted_once(tracks) if background else tracks
        if detected.muons is not None:
            sectors = self.groups[0][0].muon_words(detected.muons)
        return Words(ecl_cluster.evaluate_hits(detected.cells), tracks, sectors)

    def decide(self, words: Words) -> Iterator[tuple[list[int], BitTable]]:
        """Give settings, by number, with their lines before prescale."""
        last, rows = None, None
        for chain, numbers in self.groups:
            if rows is None or last is not chain.registers:
                last = chain.registers
                rows = chain.event_words(words.clusters, words.tracks, words.sectors).input_rows()
            yield numbers, chain.menu.decide(rows)

    @property
    def key(self) -> list[list[object]]:
        """What the words depend on, for the name of kept words."""
        return [
            [block, name, np.asarray(value).tolist()]
            for block in (*TRACK_BLOCKS, *SECTOR_BLOCKS)
            for name, value in sorted(self.registers.get(block, {}).items())
        ]


def upstreams(found: Sequence[Setting]) -> list[Upstream]:
    """Return the settings in groups that share what is done once."""
    chains: dict[str, dict[str, list[tuple[Chain, list[int]]]]] = {}
    for number, setting in enumerate(found):
        chain = setting.chain()
        above = _state(chain.registers, (*TRACK_BLOCKS, *SECTOR_BLOCKS))
        groups = chains.setdefault(above, {}).setdefault(_state(chain.registers), [])
        for other, numbers in groups:
            if other.menu.sha256 == chain.menu.sha256:
                numbers.append(number)
                break
        else:
            # One mapping for all of a group: `decide` sees by it that the words are the same.
            shared = groups[0][0].registers if groups else chain.registers
            groups.append((Chain(chain.menu, shared), [number]))
    return [
        Upstream(
            next(iter(parts.values()))[0][0].registers,
            [entry for groups in parts.values() for entry in groups],
        )
        for parts in chains.values()
    ]


def _state(registers: Mapping[str, Registers], blocks: Sequence[str] | None = None) -> str:
    return repr([
        (block, name, np.asarray(value).tolist())
        for block in (sorted(registers) if blocks is None else blocks)
        for name, value in sorted(registers.get(block, {}).items())
    ])  # fmt: skip
