"""Four charged particles, one against three, in plain arithmetic: oracle of the variables."""

from __future__ import annotations

import math

from particle import Particle

from sim.events import Events
from sim.machine import Machine

MACHINE = Machine()
TAU = 1.77686


def boosted(p: list[float], beta: list[float]) -> list[float]:
    """Boost px, py, pz, E by the velocity -beta: into the frame of something that flies with it."""
    b2 = sum(b * b for b in beta)
    gamma = 1 / math.sqrt(1 - b2)
    along = sum(b * q for b, q in zip(beta, p[:3], strict=True))
    shift = (gamma - 1) * along / b2 - gamma * p[3]
    return [q + shift * b for q, b in zip(p[:3], beta, strict=True)] + [gamma * (p[3] - along)]


def plain_four_tracks(events: Events, number: int) -> dict[str, float]:
    """Mass of the charged particles in the chamber, code of the lone one, its x: one event."""
    beta = [float(b) for b in MACHINE.total[:3] / MACHINE.total[3]]
    four = []
    for row in range(events.offsets[number], events.offsets[number + 1]):
        code, p4 = int(events.pdg[row]), [float(q) for q in events.p4[row]]
        theta = math.degrees(math.acos(p4[2] / math.sqrt(sum(q * q for q in p4[:3]))))
        if Particle.from_pdgid(code).charge and 17 <= theta <= 150:
            four.append((abs(code), boosted(p4, beta)))
    if len(four) != 4:
        return {}
    total = [sum(p[k] for _, p in four) for k in range(4)]
    mass = math.sqrt(total[3] ** 2 - sum(q * q for q in total[:3]))
    lone = [
        i for i in range(4)
        if all(sum(four[i][1][k] * four[j][1][k] for k in range(3)) < 0 for j in range(4) if j != i)
    ]  # fmt: skip
    if len(lone) != 1:
        return {"fourTrackMass": mass}
    code, p4 = four[lone[0]]
    rest = [total[k] - p4[k] for k in range(3)]
    size = math.sqrt(sum(q * q for q in rest))
    half = MACHINE.sqrt_s / 2
    speed = math.sqrt(1 - (TAU / half) ** 2)
    energy = boosted(p4, [-speed * q / size for q in rest])[3]
    return {"fourTrackMass": mass, "oneProngPDG": code, "oneProngX": 2 * energy / TAU}
