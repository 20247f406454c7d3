"""The trigger of one event: words of the sub-triggers → GDL inputs → output lines.

The words of calorimeter and muon detector come from their hits; those of the track trigger are
given, where it is simulated, and matched to the others. Inputs of what is not simulated are 0.

Here every event is a window of its own, with its bits aligned in time: delays, widths and
prescales act on the stream of decisions, not on an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ecl_cluster, ecl_selection, klm_sector
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Registers
from firmware_models.klm_hits import KlmHits
from firmware_models.trigger_cells import CellHits
from trigger.bits import BitTable
from trigger.event_words import EventWords
from trigger.matching import match
from trigger.menu import Menu
from trigger.menu.working_points import resolve
from trigger.tracks import TrackWords

RegisterValues = Mapping[str, Mapping[str, int | str | Sequence[int | str]]]
"""Register values by block and register: counts, or text with a unit such as ``"0.75 GeV"``."""


@dataclass(frozen=True)
class Chain:
    """The low-multiplicity trigger with one menu and one set of register values.

    Parameters
    ----------
    menu : Menu
    registers : mapping of block to Registers
        Of all blocks: a track trigger with the same settings takes its own from here.
    """

    menu: Menu
    registers: Mapping[str, Registers]

    @classmethod
    def build(
        cls,
        menu: Menu,
        registers: RegisterValues | None = None,
        working_point: str | None = None,
    ) -> Chain:
        """Build the chain; unnamed registers keep their defaults.

        Parameters
        ----------
        menu : Menu
        registers : mapping, optional
            Raw register values; they win over the working point.
        working_point : str, optional
            One of the menu's named sets of thresholds.

        Raises
        ------
        InputError
            For an unknown block, register or working point, or a value that does not fit.
        """
        given: dict[str, dict[str, int | str | Sequence[int | str]]] = {}
        if working_point is not None:
            given = {block: {**v} for block, v in menu.working_point(working_point).items()}
        for block, values in (registers or {}).items():
            given[block] = {**given.get(block, {}), **values}
        return cls(menu, register_values(given))

    def calorimeter_words(self, clusters: NDArray[np.void]) -> NDArray[np.void]:
        """Return the calorimeter's decision on every window, dtype of the word `ecl_trigger`.

        Parameters
        ----------
        clusters : ndarray, shape (n,), dtype of the word `ecl_clusters`
        """
        return ecl_selection.evaluate(clusters, self.registers["ecl_selection"])

    def muon_words(self, hits: KlmHits) -> NDArray[np.void]:
        """Return the muon detector's word for every window, dtype of the word `klm_sectors`."""
        frames = klm_sector.quantize(hits.offsets, *hits.places(), hits.layer, hits.plane)
        return klm_sector.evaluate(frames, self.registers["klm_sector"])

    def words(
        self, cells: CellHits, tracks: TrackWords | None = None, muons: KlmHits | None = None
    ) -> EventWords:
        """Return the words of all sub-triggers.

        Parameters
        ----------
        cells : CellHits
        tracks : TrackWords, optional
            Of the same windows.
        muons : KlmHits, optional
            Of the same windows.

        Raises
        ------
        InputError
            When there are not as many windows of each.
        """
        for name, given in (("tracks", tracks), ("muons", muons)):
            if given is not None and len(given) != len(cells):
                raise InputError(f"{len(given)} windows of {name} beside {len(cells)} of cells")
        sectors = None if muons is None else self.muon_words(muons)
        return self.event_words(ecl_cluster.evaluate_hits(cells), tracks, sectors)

    def event_words(
        self,
        clusters: NDArray[np.void],
        tracks: TrackWords | None = None,
        sectors: NDArray[np.void] | None = None,
    ) -> EventWords:
        """Return the words of all sub-triggers from clusters, tracks and sectors of n windows.

        Parameters
        ----------
        clusters : ndarray, shape (n,), dtype of the word `ecl_clusters`
        tracks : TrackWords, optional
        sectors : ndarray, shape (n,), dtype of the word `klm_sectors`, optional
        """
        return EventWords(
            self.calorimeter_words(clusters), tracks, sectors,
            None if tracks is None else match(self.registers, clusters, tracks, sectors),
        )  # fmt: skip

    def decide(
        self, cells: CellHits, tracks: TrackWords | None = None, muons: KlmHits | None = None
    ) -> BitTable:
        """Return every output line before prescale, bit-sliced over the windows.

        Parameters and errors as for `words`.
        """
        return self.decide_words(self.words(cells, tracks, muons))

    def decide_words(self, words: EventWords) -> BitTable:
        """Return every output line before prescale for the words of the sub-triggers.

        Raises
        ------
        InputError
            When words are of another type, or not one of each for every event.
        """
        return self.menu.decide(words.input_rows())


def register_values(given: RegisterValues, place: str = "registers") -> dict[str, Registers]:
    """Return every block's registers: defaults, with the given values in their place.

    Parameters
    ----------
    given : mapping of block to mapping of register to value or values
    place : str
        Where the values stand, for messages.
    """
    values = {name: block.defaults() for name, block in BLOCKS.items()}
    settings = {
        block: {
            name: value if isinstance(value, int | str) else tuple(value)
            for name, value in registers.items()
        }
        for block, registers in given.items()
    }
    for block_name, registers in resolve(settings, place).items():
        for name, value in registers.items():
            count = BLOCKS[block_name].register(name).count
            array = np.asarray(value, dtype=np.int64)
            values[block_name][name] = np.broadcast_to(array, count).copy()
    return values
