"""Parameters of the muon detector's response, each with unit, range and source.

Sources in short: basf2 is the public source of Belle II's software (BKLM.xml, EKLM.xml); the notes
are ecl_klm_gdl section 6 of the reference notes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.detector.detector_config import DetectorConfig
from sim.detector.parameters import Section, parameter


@dataclass(frozen=True)
class MaterialConfig(Section):
    """What stands before and between the layers."""

    crystal: float = parameter(
        30.0, "cm", 0.0, 100.0, "length of the calorimeter's crystals (CsI)", "TDR (KEK 2010-1)"
    )
    coil: float = parameter(
        25.0, "g/cm²", 0.0, 200.0,
        "coil, cryostat and what else stands before the barrel, as aluminium, at normal incidence; "
        "with the crystals 0.21 GeV and one interaction length",
        "chosen for the notes' 0.20 to 0.25 GeV",
    )  # fmt: skip
    loss: float = parameter(1.0, "", 0.0, 10.0, "factor to the energy loss; 0 for none")
    scattering: float = parameter(
        1.0, "", 0.0, 10.0, "factor to the angles of multiple scattering; 0 for none"
    )


@dataclass(frozen=True)
class HadronConfig(Section):
    """Interactions and decays of hadrons."""

    interaction: float = parameter(
        1.0, "", 0.0, 10.0, "factor to the number of nuclear interaction lengths; 0 for none"
    )
    tail: float = parameter(
        0.5, "", 0.0, 10.0,
        "mean length of a cascade behind its interaction, in interaction lengths, of a hadron of "
        "1 GeV; grows as log2(1 + E_kin / GeV)",
    )  # fmt: skip
    decays: float = parameter(1.0, "", 0.0, 100.0, "factor to the decay rates of π and K")


@dataclass(frozen=True)
class PlaneConfig(Section):
    """The chambers."""

    efficiency: float = parameter(0.93, "", 0.0, 1.0, "efficiency of a plane", "the notes, 9")
    frame: float = parameter(
        2.0, "cm", 0.0, 20.0,
        "barrel: dead edge of a chamber in azimuth, besides the iron at the ends of a gap "
        "(7.94 cm in layer 0, 3 cm in others: basf2)",
    )  # fmt: skip
    gap_z: float = parameter(
        5.0, "cm", 0.0, 50.0,
        "barrel: dead on either side of the plane between forward and backward sectors",
        "half of basf2's brace of 10 cm",
    )  # fmt: skip
    endcap_edge: float = parameter(
        10.3, "cm", 0.0, 50.0, "endcaps: dead edge of a quadrant", "basf2 (edge of the first strip)"
    )


@dataclass(frozen=True)
class PlaneNoiseConfig(Section):
    """Hits without a particle: electronics' noise and beam background, each plane by itself."""

    window: float = parameter(251.5, "ns", 1.0, 1e4, "window in which hits count: two data clocks")
    noise: float = parameter(4.0, "kHz", 0.0, 1e5, "noise of a sector's plane")
    level: float = parameter(
        1.0, "", 0.0, 1000.0, "scale of the beam background: relative to the stated rates"
    )
    barrel: float = parameter(
        125.0, "kHz", 0.0, 1e5,
        "beam background of a sector's plane in the barrel's third layer at level 1",
        "4 MHz over 32 planes, recalled from arXiv:2302.01566 (June 2021), not read again",
    )  # fmt: skip
    barrel_depth: float = parameter(
        3.0, "layer", 0.1, 1e3, "layers in which it falls by a factor e outwards"
    )
    endcap: float = parameter(
        125.0, "kHz", 0.0, 1e5, "beam background of a sector's plane in an endcap's first layer"
    )
    endcap_depth: float = parameter(
        10.0, "layer", 0.1, 1e3, "layers in which it falls by a factor e"
    )


@dataclass(frozen=True)
class KlmConfig(DetectorConfig):
    """All parameters of the response.

    Parameters
    ----------
    material : MaterialConfig
        What stands before and between the layers.
    hadrons : HadronConfig
        Interactions and decays.
    planes : PlaneConfig
        The chambers.
    background : PlaneNoiseConfig
        Noise and beam background.
    invisible : tuple of int
        Further particle codes, of either sign, that leave nothing.
    """

    material: MaterialConfig = field(default_factory=MaterialConfig)
    hadrons: HadronConfig = field(default_factory=HadronConfig)
    planes: PlaneConfig = field(default_factory=PlaneConfig)
    background: PlaneNoiseConfig = field(default_factory=PlaneNoiseConfig)
    invisible: tuple[int, ...] = ()
