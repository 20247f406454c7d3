"""Parameters of the drift chamber's response, each with unit, range and source.

Sources in short: basf2 is the public source of Belle II's software (CDCGeometryPar, NeuroTrigger,
CDCTriggerTSFModule); TDR is the Technical Design Report (KEK 2010-1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import N_LAYER, N_SUPERLAYER
from firmware_models.errors import InputError
from firmware_models.interface.cdc_segment import TICKS_PER_CLOCK
from firmware_models.wire_hits import TIME_TICK_NS, WINDOW_TICKS
from sim.detector.detector_config import DetectorConfig
from sim.detector.parameters import Section, checked_number, joined, parameter


@dataclass(frozen=True)
class MediumConfig(Section):
    """Material on the way and how far particles are followed."""

    scattering: float = parameter(
        1.0, "", 0.0, 10.0, "factor to the angles of multiple scattering; 0 for none"
    )
    loss: float = parameter(1.0, "", 0.0, 10.0, "factor to the energy loss; 0 for none")
    turns: float = parameter(
        2.0, "turn", 0.1, 50.0, "turns of its circle after which a particle is given up"
    )


@dataclass(frozen=True)
class DriftConfig(Section):
    """From the way through a cell to a time on its wire."""

    velocity: float = parameter(
        40.0, "µm/ns", 1.0, 1000.0, "drift velocity of the linear relation", "basf2"
    )
    table: tuple[tuple[float, float], ...] = ()
    """Pairs of distance [cm] and drift time [ns], rising from (0, 0), in place of the velocity;
    between pairs straight lines, beyond the last pair its slope."""

    propagation: float = parameter(
        27.25, "cm/ns", 1.0, 30.0, "speed of signals along the wire", "basf2"
    )
    clusters: float = parameter(
        20.0, "1/cm", 0.1, 1e4,
        "ionisations that can fire a wire, per cm of way in the cell: a short way may fire none",
    )  # fmt: skip
    efficiency: float = parameter(0.97, "", 0.0, 1.0, "efficiency of a wire for a long way")
    layer_efficiency: tuple[tuple[int, float], ...] = ()
    """Layers with an efficiency of their own: pairs of layer and efficiency; in TOML a table."""

    def check_more(self, place: str) -> None:
        """Check the relation between distance and time and the layers' own efficiencies."""
        for layer, value in self.layer_efficiency:
            here = joined(place, f"layer_efficiency.{layer}")
            if not 0 <= layer < N_LAYER:
                raise InputError(f"given layer {layer}; allowed: 0 to {N_LAYER - 1}", place=here)
            checked_number(value, 0.0, 1.0, place=here)
        here = joined(place, "table")
        for number, row in enumerate(self.table):
            if len(row) != 2:
                raise InputError(
                    f"given {row!r}; allowed: pairs of distance and time", place=f"{here}[{number}]"
                )
            checked_number(row[0], 0.0, 5.0, place=f"{here}[{number}][0]")
            checked_number(row[1], 0.0, 5000.0, place=f"{here}[{number}][1]")
        if not self.table:
            return
        rising = all(
            after[0] > before[0] and after[1] > before[1]
            for before, after in zip(self.table, self.table[1:], strict=False)
        )
        if len(self.table) < 2 or tuple(self.table[0]) != (0.0, 0.0) or not rising:
            raise InputError(
                "given a table that does not rise from (0, 0); allowed: at least two pairs, "
                "distance and time both rising",
                place=here,
            )

    @classmethod
    def read_more(cls, key: str, value: Any, place: str) -> object:
        """Read the table of times and that of efficiencies."""
        if key == "table":
            rows = value if isinstance(value, list | tuple) else None
            if rows is None or not all(isinstance(row, list | tuple) for row in rows):
                raise InputError(f"given {value!r}; allowed: a list of pairs", place=place)
            return tuple(tuple(row) for row in rows)
        if not isinstance(value, dict):
            raise InputError(f"given {value!r}; allowed: a table by layer", place=place)
        for name in value:
            if not (str(name).isascii() and str(name).isdigit()):
                raise InputError(
                    f"given layer {name!r}; allowed: 0 to {N_LAYER - 1}",
                    place=joined(place, str(name)),
                )
        return tuple((int(name), number) for name, number in value.items())

    def efficiencies(self) -> NDArray[np.float64]:
        """Return the efficiency of every layer, shape ``(56,)``."""
        values = np.full(N_LAYER, self.efficiency)
        for layer, value in self.layer_efficiency:
            values[layer] = value
        return values

    def relation(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distances [cm] and times [ns] between which the relation is linear."""
        rows = np.array(self.table or ((0.0, 0.0), (1.0, 1e4 / self.velocity)), dtype=np.float64)
        return rows[:, 0].copy(), rows[:, 1].copy()


@dataclass(frozen=True)
class TimingConfig(Section):
    """Time resolution and the window."""

    resolution: float = parameter(4.0, "ns", 0.0, 100.0, "normal spread of a hit's time")
    collision: float = parameter(
        TICKS_PER_CLOCK * TIME_TICK_NS, "ns", -1000.0, 2000.0,
        "earliest collision after the start of the window: one data clock",
    )  # fmt: skip
    jitter: float = parameter(
        TICKS_PER_CLOCK * TIME_TICK_NS, "ns", 0.0, 1000.0,
        "collisions are spread evenly over this: the phase of the data clock is arbitrary",
    )  # fmt: skip
    inner_window: float = parameter(
        WINDOW_TICKS, "tick", 1, 2048,
        "window of superlayer 0; the readout's is 208 ticks (408.7 ns)", "basf2 (256 drift ticks)",
    )  # fmt: skip
    outer_window: float = parameter(
        WINDOW_TICKS, "tick", 1, 2048,
        "window of the others; the readout's is 384 ticks (754.6 ns)", "basf2 (256 drift ticks)",
    )  # fmt: skip

    def windows(self) -> NDArray[np.int64]:
        """Return the window of every layer [tick], shape ``(56,)``."""
        values = np.full(N_LAYER, int(self.outer_window), dtype=np.int64)
        values[:8] = int(self.inner_window)
        return values


@dataclass(frozen=True)
class WireBackgroundConfig(Section):
    """Beam background: random hits and tracks from beside the collision point."""

    level: float = parameter(
        1.0, "", 0.0, 1000.0,
        "scale of both rates: background relative to the stated one, for whatever currents and "
        "luminosity; 0 for none",
    )  # fmt: skip
    rate: float = parameter(
        22.0, "kHz", 0.0, 1e4, "random hits of a wire at level 1, mean over all wires",
        "recalled from arXiv:2302.01566 (June 2021), not read again",
    )  # fmt: skip
    superlayer_weights: tuple[float, ...] = (1.0,) * N_SUPERLAYER
    """Rate of a wire in each superlayer, in any unit: flat by assumption."""

    tracks: float = parameter(100.0, "kHz", 0.0, 1e5, "tracks beside the collision at level 1")
    z_range: float = parameter(100.0, "cm", 0.0, 400.0, "they start evenly between ± this in z")
    beam_pipe: float = parameter(1.0, "cm", 0.0, 10.0, "and at this distance from the axis")
    least_pt: float = parameter(0.1, "GeV", 0.01, 5.0, "least transverse momentum")
    mean_pt: float = parameter(
        0.4, "GeV", 0.0, 10.0, "mean excess over it, of an exponential distribution"
    )

    def check_more(self, place: str) -> None:
        """Check the weights."""
        here = joined(place, "superlayer_weights")
        if not isinstance(self.superlayer_weights, tuple) or (
            len(self.superlayer_weights) != N_SUPERLAYER
        ):
            raise InputError(
                f"given {self.superlayer_weights!r}; allowed: {N_SUPERLAYER} numbers", place=here
            )
        for number, weight in enumerate(self.superlayer_weights):
            checked_number(weight, 0.0, 1e6, place=f"{here}[{number}]")
        if sum(self.superlayer_weights) <= 0.0:
            raise InputError("given only zeros; allowed: at least one above 0", place=here)

    @classmethod
    def read_more(cls, key: str, value: object, place: str) -> object:
        """Read the list of weights."""
        if not isinstance(value, list | tuple):
            raise InputError(f"given {value!r}; allowed: {N_SUPERLAYER} numbers", place=place)
        return tuple(value)


@dataclass(frozen=True)
class CdcConfig(DetectorConfig):
    """All parameters of the response.

    Parameters
    ----------
    medium : MediumConfig
        Material and how far particles are followed.
    drift : DriftConfig
        From the way through a cell to a time on its wire.
    timing : TimingConfig
        Time resolution and the window.
    background : WireBackgroundConfig
        Beam background.
    invisible : tuple of int
        Further particle codes, of either sign, that leave nothing.
    """

    medium: MediumConfig = field(default_factory=MediumConfig)
    drift: DriftConfig = field(default_factory=DriftConfig)
    timing: TimingConfig = field(default_factory=TimingConfig)
    background: WireBackgroundConfig = field(default_factory=WireBackgroundConfig)
    invisible: tuple[int, ...] = ()
