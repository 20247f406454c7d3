"""The tables `[[scenarios]]` of a study: a luminosity and a level of beam background.

The level is a factor to the study's own, in all sub-detectors. It is given, or comes from the
heuristic of `sim.accelerator.background` with a machine point: the study's own level is then taken
to belong to the reference point, and the heuristic's terms are weighted by their shares there.
docs/reference/scenarios.md says which figure is recalled and which is an assumption.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from sim.accelerator.background import BackgroundScale, Shares, background_scale
from sim.accelerator.config import HER, LER, Beam, Bunches, Luminosity, MachineConfig, WorkingPoint
from sim.toml_file import Strict

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", max_length=100)]

MACHINE = "machine"
"""Value of `background` for a level from the machine's heuristic."""

LARGEST_FACTOR = 1000.0


class MachinePoint(Strict):
    """Beams of a scenario, and the reference point to which the study's own level belongs."""

    bunches: Bunches
    her: Beam
    ler: Beam
    reference: WorkingPoint = WorkingPoint()
    shares: Shares = Shares()
    """What makes the background at the reference point."""

    def scale(self, luminosity_cm2_s: float) -> BackgroundScale:
        """Return the factors of the heuristic's terms at a luminosity."""
        machine = MachineConfig(
            bunches=self.bunches,
            luminosity_cm2_s=luminosity_cm2_s,
            her=HER(**self.her.model_dump()),
            ler=LER(**self.ler.model_dump()),
            reference=self.reference,
        )
        return background_scale(machine)


MACHINE_POINTS: dict[float, MachinePoint] = {
    # Assumption: currents that give 1e34 with the bunches of spring 2020 and the specific
    # luminosity of June 2020 (2.4e34 with 978 bunches, 712 and 607 mA); all recalled.
    1e34: MachinePoint(bunches=783, her=Beam(current_ma=350.0), ler=Beam(current_ma=410.0)),
    # The reference point itself: sim.accelerator.config, recalled.
    4.7e34: MachinePoint(bunches=2346, her=Beam(current_ma=1150.0), ler=Beam(current_ma=1460.0)),
    # Target machine as recalled from arXiv:2302.01566, not read again.
    6e35: MachinePoint(bunches=1761, her=Beam(current_ma=2000.0), ler=Beam(current_ma=2800.0)),
}
"""Machines of known luminosities; vertical size and vacuum as at the reference (assumption)."""


class Scenario(Strict):
    """One luminosity with its beam background."""

    name: Name
    luminosity_cm2_s: Luminosity
    background: float | str = 1.0
    """Factor to the study's own level, or ``machine``."""
    machine: MachinePoint | None = None
    """Beams, for ``machine``; none: that of `MACHINE_POINTS` at this luminosity."""
    working_point: str | None = None
    """A named set of thresholds of the menu, in place of the study's; none: the study's."""
    events: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Events of all its samples together; none: as many as the study's."""

    @field_validator("background", mode="before")
    @classmethod
    def _factor_or_machine(cls, value: Any) -> float | str:
        if value == MACHINE:
            return MACHINE
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not 0.0 <= value <= LARGEST_FACTOR:
            raise ValueError(
                f"given {value!r:.40}; allowed: a factor from 0 to {LARGEST_FACTOR:g}, or "
                f"{MACHINE!r}"
            )
        return float(value)

    @model_validator(mode="after")
    def _known_machine(self) -> Scenario:
        if self.background != MACHINE:
            if self.machine is not None:
                raise ValueError(f"{self.name}: machine needs background = {MACHINE!r}")
        elif self.machine is None and self.luminosity_cm2_s not in MACHINE_POINTS:
            known = ", ".join(f"{value:g}" for value in MACHINE_POINTS)
            raise ValueError(
                f"{self.name}: no machine is known at {self.luminosity_cm2_s:g}, only at {known}; "
                "give the table [scenarios.machine] with bunches, her.current_ma, ler.current_ma"
            )
        return self

    def level(self) -> tuple[float, dict[str, Any]]:
        """Return the factor to the study's own background and how it came about.

        Returns
        -------
        factor : float
        origin : dict
            ``from``: ``given`` or ``machine``; for the latter the terms, their shares and beams.
        """
        if not isinstance(self.background, str):
            return self.background, {"from": "given"}
        point = self.machine or MACHINE_POINTS[self.luminosity_cm2_s]
        scale = point.scale(self.luminosity_cm2_s)
        terms = {
            "touschek_her": scale.touschek[0], "touschek_ler": scale.touschek[1],
            "beam_gas_her": scale.beam_gas[0], "beam_gas_ler": scale.beam_gas[1],
            "luminosity": scale.luminosity,
        }  # fmt: skip
        data = point.model_dump(mode="json")
        return point.shares.level(scale), {
            "from": MACHINE, "terms": terms, "shares": data.pop("shares"), "point": data,
        }  # fmt: skip
