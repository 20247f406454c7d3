"""Parameters of the calorimeter's response, each with unit, range and source.

Sources in short: PDG is the Particle Data Group (review 2024 and atomic properties of CsI); notes
are the reference notes on the calorimeter trigger (ecl_klm_gdl sections 1 and 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.interface.ecl import N_CELL, N_RING
from sim.detector import material
from sim.detector.detector_config import DetectorConfig
from sim.detector.parameters import Section, checked_number, joined, parameter

_GFLASH = "fit to hep-ex/0001020, averaged over depth at 1 GeV"
_BELLE = "Belle, NIM A 479 (2002) 117"
_NOTES = "notes"


@dataclass(frozen=True)
class ShowerConfig(Section):
    """Electromagnetic showers and the crystals they are in."""

    crystal_length: float = parameter(
        30.0, "cm", 1.0, 100.0, "length of the crystals (16.1 radiation lengths)",
        "Belle II TDR, KEK 2010-1",
    )  # fmt: skip
    moliere_radius: float = parameter(
        material.MOLIERE_RADIUS, "cm", 0.1, 20.0, "Molière radius of CsI(Tl)", "PDG"
    )
    core: float = parameter(0.6455, "", 0.0, 1.0, "core's fraction of the radial profile", _GFLASH)
    core_radius: float = parameter(0.1194, "R_M", 0.001, 5.0, "core's radius", _GFLASH)
    tail_radius: float = parameter(0.8773, "R_M", 0.001, 5.0, "tail's radius", _GFLASH)
    reach: float = parameter(
        20.0, "cm", 5.0, 30.0, "cells are followed up to this far from the shower's centre"
    )
    floor: float = parameter(
        0.26, "MeV", 1e-6, 5.0, "smaller shares are dropped (and booked as lost)"
    )
    stochastic: float = parameter(
        0.0081, "GeV^1/4", 0.0, 0.5, "σ_E/E at 1 GeV, falling with E^(1/4)", _BELLE
    )
    constant: float = parameter(0.0134, "", 0.0, 0.5, "constant part of σ_E/E", _BELLE)


@dataclass(frozen=True)
class HadronConfig(Section):
    """Hadrons that interact in the crystals."""

    pion_length: float = parameter(
        material.PION_INTERACTION_LENGTH, "cm", 1.0, 1e4, "interaction length of pions", "PDG"
    )
    hadron_length: float = parameter(
        material.INTERACTION_LENGTH, "cm", 1.0, 1e4, "interaction length of kaons and nucleons",
        "PDG (nucleons); kaons: assumption",
    )  # fmt: skip
    visible_mean: float = parameter(
        0.40, "", 0.01, 0.99, "mean part of the energy after the interaction that is seen"
    )
    visible_rms: float = parameter(
        0.22, "", 0.001, 0.49, "its spread, of a beta distribution between 0 and 1"
    )
    core_radius: float = parameter(2.0, "cm", 0.01, 50.0, "core's radius of the radial profile")
    tail_radius: float = parameter(8.0, "cm", 0.01, 50.0, "tail's radius of the radial profile")

    def check_more(self, place: str) -> None:
        """A beta distribution's variance is below m (1 - m)."""
        limit = self.visible_mean * (1.0 - self.visible_mean)
        if self.visible_rms**2 >= limit:
            raise InputError(
                f"given {self.visible_rms!r}; allowed: less than {limit**0.5:.3f} for a mean of "
                f"{self.visible_mean:g}",
                place=joined(place, "visible_rms"),
            )


@dataclass(frozen=True)
class ElectronicsConfig(Section):
    """From energy to counts: scale, noise, threshold, time."""

    energy_scale: float = parameter(
        1.0, "", 0.1, 10.0, "counts an energy deposit gives over its nominal counts"
    )
    noise: float = parameter(
        2.0, "count", 0.0, 100.0, "normal noise of a cell", "notes (order of magnitude only)"
    )
    threshold: float = parameter(
        19.0, "count", 0.0, 4095.0, "a cell fires strictly above this", f"{_NOTES} (basf2 FAM)"
    )
    thresholds: tuple[tuple[int, float], ...] = ()
    """Cells with a threshold of their own: pairs of TC id and counts; in TOML a table by TC id."""

    time_floor: float = parameter(
        3.0, "ns", 0.0, 100.0, "best time resolution", f"{_NOTES} (working model)"
    )
    time_reference: float = parameter(
        25.0, "ns", 0.0, 200.0, "time resolution at 0.1 GeV", f"{_NOTES} (working model)"
    )
    time_power: float = parameter(
        0.6, "", 0.0, 2.0, "power of 0.1 GeV/E with which it improves", f"{_NOTES} (working model)"
    )

    def check_more(self, place: str) -> None:
        """Check the cells' own thresholds."""
        for number, value in self.thresholds:
            here = joined(place, f"thresholds.{number}")
            if not 1 <= number <= N_CELL:
                raise InputError(f"given cell {number}; allowed: 1 to {N_CELL}", place=here)
            checked_number(value, 0.0, 4095.0, place=here)

    @classmethod
    def read_more(cls, key: str, value: object, place: str) -> object:
        """Read the table of cells with a threshold of their own."""
        if not isinstance(value, Mapping):
            raise InputError(f"given {value!r}; allowed: a table by cell", place=place)
        pairs = []
        for name, counts in value.items():
            if not str(name).isascii() or not str(name).isdigit():
                raise InputError(
                    f"given cell {name!r}; allowed: 1 to {N_CELL}", place=joined(place, str(name))
                )
            pairs.append((int(name), counts))
        return tuple(pairs)

    def cell_thresholds(self) -> NDArray[np.float64]:
        """Return the threshold of every cell [count], shape ``(577,)``, index = TC id."""
        values = np.full(N_CELL + 1, self.threshold)
        for number, value in self.thresholds:
            values[number] = value
        return values


RING_WEIGHTS = (6.0, 3.0, 2.0, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.5, 3.0)
"""Background of a cell in each ring relative to the central barrel: assumption, endcaps first."""

SPECTRA = ("exponential", "power")


@dataclass(frozen=True)
class BackgroundConfig(Section):
    """Beam background: independent cells, flat in time. Every number here is an assumption."""

    level: float = parameter(1.0, "", 0.0, 100.0, "scale of the background's rate; 0 for none")
    cells_per_window: float = parameter(
        0.1, "cell", 0.0, 50.0,
        "mean number of cells above the nominal 19 counts in an empty window at level 1",
    )  # fmt: skip
    spectrum: str = "exponential"
    """Shape of a deposit's energy: `exponential` or `power`."""

    lowest: float = parameter(20.0, "MeV", 0.1, 1000.0, "least energy of a deposit")
    highest: float = parameter(2000.0, "MeV", 1.0, 12000.0, "greatest energy of a deposit")
    slope: float = parameter(60.0, "MeV", 1.0, 5000.0, "slope of the exponential spectrum")
    power: float = parameter(3.0, "", 0.0, 10.0, "exponent of the power spectrum, E^(-power)")
    ring_weights: tuple[float, ...] = RING_WEIGHTS
    """Rate of a cell in each of the 17 rings, in any unit."""

    def check_more(self, place: str) -> None:
        """Check the spectrum's name and range and the rings' weights."""
        if self.spectrum not in SPECTRA:
            raise unknown_name(
                "spectrum", str(self.spectrum), SPECTRA, place=joined(place, "spectrum")
            )
        if self.highest <= self.lowest:
            raise InputError(
                f"given {self.highest!r}; allowed: more than `lowest` ({self.lowest:g} MeV)",
                place=joined(place, "highest"),
            )
        here = joined(place, "ring_weights")
        if not isinstance(self.ring_weights, tuple) or len(self.ring_weights) != N_RING:
            raise InputError(f"given {self.ring_weights!r}; allowed: {N_RING} numbers", place=here)
        for number, weight in enumerate(self.ring_weights, start=1):
            checked_number(weight, 0.0, 1e6, place=f"{here}[{number - 1}]")
        if sum(self.ring_weights) <= 0.0:
            raise InputError("given only zeros; allowed: at least one above 0", place=here)

    @classmethod
    def read_more(cls, key: str, value: object, place: str) -> object:
        """Read the list of weights; the name of the spectrum stands as it is."""
        if key == "ring_weights":
            if not isinstance(value, list | tuple):
                raise InputError(f"given {value!r}; allowed: {N_RING} numbers", place=place)
            return tuple(value)
        return value


@dataclass(frozen=True)
class EclConfig(DetectorConfig):
    """All parameters of the response.

    Parameters
    ----------
    shower : ShowerConfig
        Electromagnetic showers and crystals.
    hadron : HadronConfig
        Hadrons that interact.
    electronics : ElectronicsConfig
        Scale, noise, thresholds, time.
    background : BackgroundConfig
        Beam background.
    invisible : tuple of int
        Further particle codes, of either sign, that leave nothing.
    """

    shower: ShowerConfig = field(default_factory=ShowerConfig)
    hadron: HadronConfig = field(default_factory=HadronConfig)
    electronics: ElectronicsConfig = field(default_factory=ElectronicsConfig)
    background: BackgroundConfig = field(default_factory=BackgroundConfig)
    invisible: tuple[int, ...] = ()
