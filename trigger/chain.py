"""The trigger of one event: words of the sub-triggers → GDL inputs → output lines.

The calorimeter's words come from its fired cells; those of the track trigger are given, where it
is simulated. Without them the inputs of tracks are 0.

Here every event is a window of its own, with its bits aligned in time: delays, widths and
prescales act on the stream of decisions, not on an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ecl_cluster, ecl_selection
from firmware_models.interface import BLOCKS, Registers
from firmware_models.trigger_cells import CellHits
from trigger.bits import BitTable
from trigger.menu import Menu
from trigger.menu.inputs import ecl_input_rows, track_input_rows
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

    def calorimeter_words(self, hits: CellHits) -> NDArray[np.void]:
        """Return the calorimeter's word for every window, dtype of the word `ecl_trigger`."""
        return ecl_selection.evaluate(
            ecl_cluster.evaluate_hits(hits), self.registers["ecl_selection"]
        )

    def decide(self, hits: CellHits, tracks: TrackWords | None = None) -> BitTable:
        """Return every output line before prescale, bit-sliced over the windows.

        Parameters
        ----------
        hits : CellHits
        tracks : TrackWords, optional
            Of the same windows.

        Raises
        ------
        InputError
            When there are not as many words of tracks as windows.
        """
        return self.decide_words(self.calorimeter_words(hits), tracks)

    def decide_words(self, words: NDArray[np.void], tracks: TrackWords | None = None) -> BitTable:
        """Return every output line before prescale for the words of the sub-triggers.

        Parameters
        ----------
        words : ndarray, shape (n,), dtype of the word `ecl_trigger`
        tracks : TrackWords, optional
            Of the same windows.

        Raises
        ------
        InputError
            When words are of another type, or not as many of tracks as of the calorimeter.
        """
        return self.menu.decide(event_input_rows(words, tracks))


def event_input_rows(words: NDArray[np.void], tracks: TrackWords | None = None) -> BitTable:
    """Return the input bits of all sub-triggers that are given; see `Chain.decide_words`."""
    calorimeter = ecl_input_rows(words)
    if tracks is None:
        return calorimeter
    return BitTable.joined((calorimeter, track_input_rows(tracks)))


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
