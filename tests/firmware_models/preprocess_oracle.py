"""The network's inputs of one track in plain integers and fractions, angles to 40 digits.

Written from the rules in docs/reference/neuro_preprocess.md; shares no code with the model. Numbers
of the chamber are those of cdc_track_trigger sections 1.1 and 5.1 of the reference notes.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

PI = Decimal("3.14159265358979323846264338327950288419716939937511")

# Superlayer: cells, half cells of twist, then radius and ends of first and second layer [mm].
CHAMBER = (
    (160, 0, ("198.0", "-355.4", "670.23"), ("208.0", "-372.72", "702.93")),
    (160, 18, ("293.4", "-527.19", "980.16"), ("311.6", "-558.62", "1039.69")),
    (192, 0, ("401.6", "-586.02", "1334.07"), ("419.8", "-589.56", "1393.6")),
    (224, -18, ("512.8", "-607.644", "1462.64"), ("531.0", "-611.182", "1466.18")),
    (256, 0, ("620.0", "-628.482", "1483.48"), ("638.2", "-632.019", "1487.02")),
    (288, 19, ("731.2", "-650.097", "1505.1"), ("749.4", "-653.634", "1508.63")),
    (320, 0, ("838.4", "-670.934", "1525.93"), ("856.6", "-674.472", "1529.47")),
    (352, -20, ("949.6", "-692.549", "1547.55"), ("967.8", "-696.087", "1551.09")),
    (384, 0, ("1056.8", "-713.387", "1568.39"), ("1075.0", "-716.925", "1571.92")),
)
HALF = Fraction(1, 2)
WINDOWS = (
    (-3 * HALF, 3 * HALF), (-15 * HALF, -HALF), (-3 * HALF, 3 * HALF), (HALF, 15 * HALF),
    (-3 * HALF, 3 * HALF), (-17 * HALF, HALF), (-5 * HALF, 3 * HALF), (-HALF, 21 * HALF),
    (-7 * HALF, 5 * HALF),
)  # fmt: skip
SCALES = tuple(Fraction(1, n) for n in (2, 4, 2, 4, 2, 8, 2, 8, 4))
SHIFTED = (5, 7, 8)


def sine(x: Decimal) -> Decimal:
    """Return sin x from its series."""
    term = total = x
    order = 1
    while abs(term) > Decimal("1e-45"):
        term *= -x * x / ((order + 1) * (order + 2))
        order += 2
        total += term
    return total


def arcsine(x: Decimal) -> Decimal:
    """Return asin x by Newton's method, ±π/2 beyond ±1."""
    if abs(x) >= 1:
        return PI / 2 * (1 if x > 0 else -1)
    angle = Decimal(math.asin(x))
    for _ in range(4):
        angle -= (sine(angle) - x) / sine(angle + PI / 2)
    return angle


def rounded(value: Decimal) -> int:
    """Round 4096 times a value; refuse one that is too close to a tie."""
    scaled = 4096 * value
    whole = int((scaled + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
    # Floating point is good to 1e-12 here: no table entry may depend on it.
    assert abs(abs(scaled - whole) - Decimal("0.5")) > Decimal("1e-9")
    return whole


@cache
def radius_cm(superlayer: int, second: int) -> Decimal:
    """Return the radius of a wire at z = 0, half way along in azimuth for none."""
    cells, twist, *layers = CHAMBER[superlayer]
    radius, back, forward = (Decimal(text) / 10 for text in layers[second])  # type: ignore[attr-defined]
    with localcontext() as context:
        context.prec = 50
        turn = PI * twist / cells
        share = -back / (forward - back)
        x = radius * ((1 - share) + share * sine(turn + PI / 2))
        y = radius * share * sine(turn)
        return (x * x + y * y).sqrt()


@cache
def alpha(superlayer: int, second: int, omega: int) -> int:
    """Return the crossing angle: 34 cells over the curvature of 0.3 GeV at 1.5 T, on each side."""
    with localcontext() as context:
        context.prec = 50
        half_curvature = Decimal("1.5") * Decimal("0.00299792458") / Decimal("0.3") / 2 / 34
        return rounded(arcsine(radius_cm(superlayer, second) * half_curvature * omega))


@cache
def phi(count: int) -> int:
    with localcontext() as context:
        context.prec = 50
        return rounded((45 + Decimal("1.125") * (count + 1)) * PI / 180)


@cache
def wires(superlayer: int) -> int:
    with localcontext() as context:
        context.prec = 50
        return int((Decimal(CHAMBER[superlayer][0]) / (2 * PI) * 256).to_integral_value())


def relative(superlayer: int, segment: dict[str, int], omega: int, count: int) -> Fraction:
    """Return the relative ID."""
    second = int(segment["position"] != 3)
    angle = Fraction(phi(count) - alpha(superlayer, second, omega), 4096)
    reference = angle * Fraction(wires(superlayer), 256)
    reference = Fraction(math.trunc(reference * 256), 256)
    half = {1: -HALF, 2: HALF, 3: Fraction(0)}[segment["position"]]
    return segment["id"] - (16 if superlayer in SHIFTED else 0) + half - reference


def evaluate(frame: dict[str, Any], t0_source: int, clamp: int) -> dict[str, Any]:
    """Return inputs, pattern and expert.

    `frame` has omega, phi0, clock, event_valid, event_time; axial: five segments or None; stereo:
    four lists of (slot, segment).
    """
    end = 16 * (frame["clock"] % 32) + 15
    ages = [(end - s["time"]) % 512 for s in frame["axial"] if s]
    start = max(ages) if ages else None
    if t0_source and frame["event_valid"]:
        start = (end - frame["event_time"]) % 512
    inputs, pattern = [0] * 27, [0] * 99

    def taken(superlayer: int, segment: dict[str, int]) -> tuple[Fraction, int] | None:
        """Return relative ID and drift time of a segment that may be used."""
        at = relative(superlayer, segment, frame["omega"], frame["phi0"])
        drift = 0 if start is None else start - (end - segment["time"]) % 512
        if not 0 <= drift <= 256:
            if not clamp:
                return None
            drift = 0 if drift < 0 else 256
        low, high = WINDOWS[superlayer]
        return (at, drift) if low <= at <= high else None

    def use(superlayer: int, segment: dict[str, int], at: Fraction, drift: int) -> None:
        low, high = WINDOWS[superlayer]
        second = int(segment["position"] != 3)
        angle = Fraction(alpha(superlayer, second, frame["omega"]), 4096) / 2
        sign = {1: -1, 2: 1}.get(segment["lr"], 0)
        values = ((at - (low + high) / 2) * SCALES[superlayer], sign * Fraction(drift, 256), angle)
        inputs[3 * superlayer : 3 * superlayer + 3] = [math.trunc(4096 * value) for value in values]
        bits = [segment["pattern"] >> bit & 1 for bit in range(11)]
        pattern[11 * superlayer : 11 * superlayer + 11] = bits

    for k, segment in enumerate(frame["axial"]):
        found = taken(2 * k, segment) if segment else None
        if segment and found:
            use(2 * k, segment, *found)
    missing = []
    for k, slots in enumerate(frame["stereo"]):
        candidates = []
        for slot, segment in slots:
            found = taken(2 * k + 1, segment)
            if found:
                unknown = segment["lr"] not in (1, 2)
                candidates.append(((unknown, found[1], slot), segment, found))
        if candidates:
            _, segment, found = min(candidates, key=lambda candidate: candidate[0])
            use(2 * k + 1, segment, *found)
        else:
            missing.append(2 * k + 1)
    expert = 5
    if len(missing) < 2:
        expert = {7: 1, 5: 2, 3: 3, 1: 4}[missing[0]] if missing else 0
    return {"input": inputs, "pattern": pattern, "expert": expert}
