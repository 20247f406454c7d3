"""Squared amplitudes from explicit Dirac matrices and spinors, summed over all spins.

Nothing here comes from the package: gamma matrices in Dirac's representation, spinors of any mass,
fermion lines built vertex by vertex. Four-vectors are E, px, py, pz; everything is for one event.
The coupling constant is 1: multiply by e⁶ (or e⁴g²).

A fermion line is ā … b with two flow momenta: p for an incoming electron (b = u) and an outgoing
electron (ā = ū), -p for an incoming positron (ā = v̄) and an outgoing positron (b = v).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

import numpy as np

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.zeros((4, 4, 4), complex)
GAMMA[0] = np.diag([1, 1, -1, -1])
for _axis in range(3):
    GAMMA[_axis + 1, :2, 2:], GAMMA[_axis + 1, 2:, :2] = PAULI[_axis], -PAULI[_axis]


def dot(a: np.ndarray, b: np.ndarray) -> complex:
    return complex(a @ METRIC @ b)


def slash(p: np.ndarray) -> np.ndarray:
    return np.einsum("m,mab->ab", METRIC @ p, GAMMA)


def spinors(p: np.ndarray, mass: float, *, anti: bool = False) -> list[np.ndarray]:
    """u(p) of both spins, or v(p); Σ u ū = p̸ + m and Σ v v̄ = p̸ - m."""
    matrix = (slash(p) + mass * np.eye(4)) if not anti else (mass * np.eye(4) - slash(p))
    rest = np.eye(4)[2:] if anti else np.eye(4)[:2]
    return [matrix @ chi / np.sqrt(p[0] + mass) for chi in rest]


def bar(u: np.ndarray) -> np.ndarray:
    return u.conj() @ GAMMA[0]


def polarisations(k: np.ndarray, mass: float = 0.0) -> list[np.ndarray]:
    """Two transverse vectors, and the longitudinal one of a massive particle."""
    n = k[1:] / np.linalg.norm(k[1:])
    other = np.eye(3)[np.argmin(np.abs(n))]
    first = np.cross(n, other) / np.linalg.norm(np.cross(n, other))
    found = [np.r_[0.0, first], np.r_[0.0, np.cross(n, first)]]
    if mass > 0.0:
        found.append(np.r_[np.linalg.norm(k[1:]), k[0] * n] / mass)
    return found


def propagator(p: np.ndarray, mass: float) -> np.ndarray:
    return (slash(p) + mass * np.eye(4)) / (dot(p, p) - mass**2)


class Line:
    """ā … b with flow momenta pa, pb; `current` has one free index, raised."""

    def __init__(
        self, a: np.ndarray, pa: np.ndarray, b: np.ndarray, pb: np.ndarray, mass: float
    ) -> None:
        self.a, self.pa, self.b, self.pb, self.mass = a, pa, b, pb, mass

    def current(self) -> np.ndarray:
        return np.array([self.a @ GAMMA[m] @ self.b for m in range(4)])

    def radiating(self, k: np.ndarray, polarisation: np.ndarray) -> np.ndarray:
        """With a vector particle of momentum k, of any mass, emitted at either end."""
        e = slash(polarisation)
        left = e @ propagator(self.pa + k, self.mass)
        right = propagator(self.pb - k, self.mass) @ e
        return np.array([self.a @ (left @ GAMMA[m] + GAMMA[m] @ right) @ self.b for m in range(4)])


Vectors = Sequence[np.ndarray]


def lines(
    beams: Vectors, pair: Vectors, masses: tuple[float, float], *, exchange: bool
) -> Iterator[tuple[Line, Line]]:
    """The two fermion lines, for all spins; electron first in `beams` and in `pair`.

    `exchange`: electron to electron and positron to positron (t-channel); otherwise beams to beams
    and pair to pair (s-channel).
    """
    (p, pp), (q, qq), (m, mf) = beams, pair, masses
    spins = product(
        spinors(p, m), spinors(pp, m, anti=True), spinors(q, mf), spinors(qq, mf, anti=True)
    )
    for u, v, uq, vq in spins:
        if exchange:
            yield Line(bar(uq), q, u, p, m), Line(bar(v), -pp, vq, -qq, m)
        else:
            yield Line(bar(v), -pp, u, p, m), Line(bar(uq), q, vq, -qq, mf)


def _one_emission(one: Line, two: Line, k: np.ndarray, e: np.ndarray, who: str) -> complex:
    """Two lines joined by a photon; `who` of them emits: first, second, both."""
    total = 0j
    if who in ("first", "both"):
        flow = two.pa - two.pb
        total += dot(one.radiating(k, e), two.current()) / dot(flow, flow)
    if who in ("second", "both"):
        flow = one.pa - one.pb
        total += dot(one.current(), two.radiating(k, e)) / dot(flow, flow)
    return total


def pair_and_vector(
    beams: Vectors,
    pair: Vectors,
    k: np.ndarray,
    *,
    masses: tuple[float, float] = (0.0, 0.0),
    bhabha: bool = False,
    vector_mass: float = 0.0,
    emitters: str = "both",
) -> float:
    """Spin-averaged |M|² of e⁻e⁺ → f⁻f⁺ V, V a photon or a massive vector.

    `emitters`: "first" the beams, "second" the pair (as for a Z′ that knows no electrons), "both".
    `masses`: of the electron and of f.
    """
    total = 0.0
    for e in polarisations(k, vector_mass):
        s_channel = lines(beams, pair, masses, exchange=False)
        t_channel = lines(beams, pair, masses, exchange=True)
        for s_lines, t_lines in zip(s_channel, t_channel, strict=True):
            amplitude = _one_emission(*s_lines, k, e, emitters)
            if bhabha:
                amplitude -= _one_emission(*t_lines, k, e, emitters)
            total += abs(amplitude) ** 2
    return total / 4.0


def annihilation(beams: Vectors, vectors: Vectors, *, vector_masses: Sequence[float]) -> float:
    """Spin-averaged |M|² of e⁻e⁺ → vector particles (γγγ, γγ, γA′ …), massless electrons."""
    p, pp = beams
    total = 0.0
    for e in product(*(polarisations(k, m) for k, m in zip(vectors, vector_masses, strict=True))):
        for u, v in product(spinors(p, 0.0), spinors(pp, 0.0, anti=True)):
            amplitude = 0j
            for order in permutations(range(len(vectors))):
                state, flow = u, p
                for step, i in enumerate(order):
                    state = slash(e[i]) @ state
                    flow = flow - vectors[i]
                    if step < len(order) - 1:
                        state = propagator(flow, 0.0) @ state
                amplitude += bar(v) @ state
            total += abs(amplitude) ** 2
    return total / 4.0


def photon_axion(beams: Vectors, k: np.ndarray) -> float:
    """Spin-averaged |M|² of e⁻e⁺ → γa for the vertex g ε_{μναβ} q₁^α q₂^β."""
    q = beams[0] + beams[1]
    total = 0.0
    for e in polarisations(k):
        for u, v in product(spinors(beams[0], 0.0), spinors(beams[1], 0.0, anti=True)):
            current = np.array([bar(v) @ GAMMA[m] @ u for m in range(4)])
            total += abs(_vertex(current, e, q, k) / dot(q, q)) ** 2
    return total / 4.0


def pair_and_axion(beams: Vectors, pair: Vectors, mass: float = 0.0, channels: str = "t") -> float:
    """Spin-averaged |M|² of e⁻e⁺ → e⁻e⁺a with t-channel (fusion), s-channel, or both ("st")."""
    total = 0.0
    masses = (mass, mass)
    s_channel = lines(beams, pair, masses, exchange=False)
    t_channel = lines(beams, pair, masses, exchange=True)
    for s_lines, t_lines in zip(s_channel, t_channel, strict=True):
        amplitude = 0j
        for sign, (one, two), used in (
            (1.0, s_lines, "s" in channels),
            (-1.0, t_lines, "t" in channels),
        ):
            if used:
                q1, q2 = one.pb - one.pa, two.pb - two.pa
                vertex = _vertex(one.current(), two.current(), q1, q2)
                amplitude += sign * vertex / dot(q1, q1) / dot(q2, q2)
        total += abs(amplitude) ** 2
    return total / 4.0


def _vertex(a: np.ndarray, b: np.ndarray, q1: np.ndarray, q2: np.ndarray) -> complex:
    """ε_{μναβ} a b q₁ q₂, which is a determinant."""
    return complex(np.linalg.det(np.array([a, b, q1, q2])))


def two_pairs(
    beams: Vectors, muons: Vectors, masses: tuple[float, float], diagrams: str = "all"
) -> float:
    """Spin-averaged |M|² of e⁻e⁺ → f⁻f⁺f⁻f⁺ (f not an electron), for `masses` of e and f.

    `diagrams`: "beams" for two photons from the beams, "pair" for a pair radiated by the other,
    "all"; with "distinct" only the pairing (0, 1), (2, 3), as for two different fermions.
    """
    (p, pp), (m, mf) = beams, masses
    spins = product(
        spinors(p, m), spinors(pp, m, anti=True),
        *(spinors(k, mf, anti=bool(n % 2)) for n, k in enumerate(muons)),
    )  # fmt: skip
    total = 0.0
    for u, v, *states in spins:
        beam = Line(bar(v), -pp, u, p, m)
        amplitude = 0j
        for sign, (a, b, c, d) in ((1.0, (0, 1, 2, 3)), (-1.0, (0, 3, 2, 1))):
            if diagrams == "distinct" and sign < 0.0:
                continue
            one = Line(bar(states[a]), muons[a], states[b], -muons[b], mf)
            two = Line(bar(states[c]), muons[c], states[d], -muons[d], mf)
            qa, qb, q = muons[a] + muons[b], muons[c] + muons[d], p + pp
            if diagrams != "pair":
                value = dot(beam.radiating(qb, two.current()), one.current())
                amplitude += sign * value / dot(qa, qa) / dot(qb, qb)
            if diagrams != "beams":
                value = dot(one.radiating(qb, two.current()), beam.current()) / dot(qb, qb)
                value += dot(two.radiating(qa, one.current()), beam.current()) / dot(qa, qa)
                amplitude += sign * value / dot(q, q)
        total += abs(amplitude) ** 2
    return total / 4.0
