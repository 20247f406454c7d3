"""Background sample: K_S → π⁺π⁻ from the collision point."""

from __future__ import annotations

from sim.processes.neutral_gun import NeutralGun


class KshortGun(NeutralGun):
    """One K_S with cτ = 2.68 cm (Particle Data Group); see `NeutralGun`."""

    name = "kshort_gun"
    title = "single K_S to two pions (no cross-section)"
    parent = 310
    own_antiparticle = True
    slope = 0.35
