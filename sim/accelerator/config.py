"""The table ``[machine]``: bunches, beams, injection, and the point that backgrounds refer to.

Sources: readout_daq sections 1, 1.1 and 4 of the reference notes; docs/reference/accelerator.md
says which figure is read in a source, which is recalled, and which is an assumption.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from firmware_models.interface.clock import BUCKETS_PER_TURN, TICKS_PER_TURN
from sim.toml_file import Strict, check_data

Positive = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amplitude = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Bunches = Annotated[int, Field(ge=1, le=BUCKETS_PER_TURN)]
Luminosity = Annotated[float, Field(gt=0, le=1e40, allow_inf_nan=False)]
Tick = Annotated[int, Field(ge=0, lt=TICKS_PER_TURN)]

LARGEST_INJECTION_HZ = 25.0
"""Most injections into one ring a second: every other pulse of the 50 Hz linac."""


class Beam(Strict):
    """A stored beam, as far as backgrounds depend on it."""

    current_ma: Positive
    vertical_size: Positive = 1.0
    """σ_y, in any unit that is the same here and in the reference point."""
    dynamic_pressure_per_a: NotNegative = 1.0
    """k / P0 of the pressure P0 + k I [1/A]. Assumption: as much dynamic as static at 1 A."""


class Ring(Beam):
    """A ring: its beam, its injections, and the background candidates that they make."""

    injection_hz: Annotated[float, Field(ge=0, le=LARGEST_INJECTION_HZ)] = 12.5
    candidates_per_shot: Annotated[float, Field(ge=0, le=1e6)] = 20.0
    """Mean number of candidates from one injection. Assumption."""
    strip_us: Annotated[float, Field(gt=0, le=5)]
    """Width in the turn of the strip around the injected bunch."""


class HER(Ring):
    """The electron ring; current in 2022 (recalled), strip as in the 2.20-2.33 us HLT window."""

    current_ma: Positive = 1150.0
    strip_us: Annotated[float, Field(gt=0, le=5)] = 0.13


class LER(Ring):
    """The positron ring; current in 2022 (recalled), strip as in the 1.25-1.55 us HLT window."""

    current_ma: Positive = 1460.0
    strip_us: Annotated[float, Field(gt=0, le=5)] = 0.30


class InjectionShape(Strict):
    """How injection background falls with the time since the injection. All assumptions.

    The part `fast_part` of it decays with `fast_us`, the rest with `slow_us`; nothing comes after
    `end_us`. With 0.9 most of it lies in the first 500 us, as CLAWS saw in Phase 1.
    """

    fast_us: Positive = 500.0
    slow_us: Positive = 5000.0
    fast_part: Part = 0.9
    end_us: Annotated[float, Field(gt=0, le=1e5)] = 20_000.0
    betatron_tune: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Oscillations a turn, folded to 0 to 0.5."""
    betatron_amplitude: Amplitude = 0.0
    synchrotron_turns: Positive = 45.0
    """Turns in one oscillation."""
    synchrotron_amplitude: Amplitude = 0.0


class WorkingPoint(Strict):
    """A machine state at which background rates are known."""

    luminosity_cm2_s: Luminosity = 4.7e34
    bunches: Bunches = 2346
    her: Beam = Beam(current_ma=1150.0)
    ler: Beam = Beam(current_ma=1460.0)


class MachineConfig(Strict):
    """The collider in time."""

    bunches: Bunches = 2346
    spacing_buckets: Annotated[int, Field(ge=1, le=BUCKETS_PER_TURN)] = 2
    """Smallest distance of bunches; fewer bunches than fit are spread evenly."""
    abort_gap_ticks: Annotated[int, Field(ge=0, lt=TICKS_PER_TURN)] = 42
    abort_gap_starts: Annotated[list[Tick], Field(max_length=16)] = [598, 1238]
    """Where the abort gaps begin [tick]. Their place in the turn is a convention."""
    luminosity_cm2_s: Luminosity = 4.7e34
    announce_turns: Annotated[int, Field(ge=0, le=15)] = 4
    """Turns that a veto may wait after an announcement: its ``wait_turns``."""
    her: HER = HER()
    ler: LER = LER()
    injection: InjectionShape = InjectionShape()
    reference: WorkingPoint = WorkingPoint()


def parse_machine(data: dict[str, Any], place: str) -> MachineConfig:
    """Check the data of a table ``[machine]``; `place` names where it comes from.

    Raises
    ------
    InputError
        Naming the key, what was given and what is allowed.
    """
    return check_data(MachineConfig, data, place)
