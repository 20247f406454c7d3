"""Constants of nature that the processes share (Particle Data Group, 2022 review)."""

from __future__ import annotations

from typing import Final

ALPHA: Final = 1.0 / 137.035999
"""Fine-structure constant at zero momentum transfer."""

GEV2_NB: Final = 0.3893793721e6
"""(ħc)² [nb GeV²]: turns a cross-section in GeV⁻² into nb."""

HBARC_CM: Final = 1.973269804e-14
"""ħc [GeV cm]."""

LIGHT_CM_PER_NS: Final = 29.9792458
"""Speed of light [cm/ns]."""

ELECTRON_MASS: Final = 0.51099895e-3
MUON_MASS: Final = 0.1056583755
TAU_MASS: Final = 1.77686

FERMI_CONSTANT: Final = 1.1663788e-5
"""G_F [GeV⁻²]."""

SIN2_THETA_W: Final = 0.2312
"""Effective weak mixing angle (value used at low energy: an assumption, 0.2312)."""
