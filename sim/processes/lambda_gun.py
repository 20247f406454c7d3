"""Background sample: Λ → pπ⁻ and its antiparticle, from the collision point."""

from __future__ import annotations

from sim.processes.neutral_gun import NeutralGun


class LambdaGun(NeutralGun):
    """One Λ or anti-Λ, by equal chance, with cτ = 7.89 cm (Particle Data Group)."""

    name = "lambda_gun"
    title = "single Lambda to proton and pion (no cross-section)"
    parent = 3122
    own_antiparticle = False
    slope = 0.35
