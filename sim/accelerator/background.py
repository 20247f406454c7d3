"""How beam backgrounds follow the machine: the usual heuristic, relative to a reference point.

    Touschek      I² / (n_b σ_y)        each ring
    beam-gas      I (P0 + k I)          each ring
    luminosity    L

Source: readout_daq section 4 of the reference notes, there recalled from arXiv:2302.01566 and not
read again: a fit to measured rates, not a calculation. It holds no collimator settings, no
vacuum history and no optics; far from the reference point it is a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, model_validator

from sim.accelerator.config import Beam, MachineConfig
from sim.toml_file import Strict


@dataclass(frozen=True)
class BackgroundScale:
    """Background rates relative to the reference point; 1 is the reference.

    Parameters
    ----------
    touschek, beam_gas : tuple of float
        HER, LER.
    luminosity : float
    """

    touschek: tuple[float, float]
    beam_gas: tuple[float, float]
    luminosity: float


def background_scale(machine: MachineConfig) -> BackgroundScale:
    """Return the factors between a machine and its reference point."""
    reference = machine.reference
    rings = ((machine.her, reference.her), (machine.ler, reference.ler))
    touschek = [
        _touschek(now, machine.bunches) / _touschek(then, reference.bunches) for now, then in rings
    ]
    beam_gas = [_beam_gas(now) / _beam_gas(then) for now, then in rings]
    return BackgroundScale(
        (touschek[0], touschek[1]),
        (beam_gas[0], beam_gas[1]),
        machine.luminosity_cm2_s / reference.luminosity_cm2_s,
    )


def _touschek(beam: Beam, bunches: int) -> float:
    return beam.current_ma**2 / (bunches * beam.vertical_size)


def _beam_gas(beam: Beam) -> float:
    return beam.current_ma * (1.0 + beam.dynamic_pressure_per_a * beam.current_ma / 1e3)


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Shares(Strict):
    """What makes a detector's background at the reference point; the shares add up to 1.

    Assumption: a third each from Touschek scattering, beam-gas scattering and luminosity, the
    rings alike. No composition for trigger cells or trigger wires is known to us.
    """

    touschek_her: Share = 1 / 6
    touschek_ler: Share = 1 / 6
    beam_gas_her: Share = 1 / 6
    beam_gas_ler: Share = 1 / 6
    luminosity: Share = 1 / 3

    @model_validator(mode="after")
    def _complete(self) -> Shares:
        total = sum(value for _, value in self)
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"must add up to 1, not {total:g}")
        return self

    def level(self, scale: BackgroundScale) -> float:
        """Return the background relative to that at the reference point."""
        return (
            self.touschek_her * scale.touschek[0] + self.touschek_ler * scale.touschek[1]
            + self.beam_gas_her * scale.beam_gas[0] + self.beam_gas_ler * scale.beam_gas[1]
            + self.luminosity * scale.luminosity
        )  # fmt: skip
