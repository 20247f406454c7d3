"""Dead times without a queue: spacing rules, windows, vetoes, and the head-room behind BUSY."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammainc

from firmware_models.interface.clock import RF_MHZ
from sim.readout.theory.checks import count, number, positive
from sim.readout.theory.erlang import erlang_b

TICKS_MAX = 10**9

APV_FRAME_CLOCKS = 140
"""Clocks of one APV25 frame: 12 of header and 128 strips (M. Friedl, thesis, Vienna 2001)."""

APV_CLOCK_MHZ = RF_MHZ / 16
"""Readout clock of the APV25 [MHz]: 31.805 MHz (basf2 hardware clock settings)."""


def nonparalysable_loss(load: float) -> float:
    """Return the loss of a dead time that follows accepted candidates only, Poisson arrivals.

    Each accept is followed by a dead time and an exponential wait: one accept in τ + 1/λ
    (W. R. Leo, Techniques for Nuclear and Particle Physics Experiments, section 5.7). The rules
    `min_spacing`, `dead_time`, and `window` with one accept are all of this kind.

    Parameters
    ----------
    load : float
        Offered rate times dead time.
    """
    load = number("load", load)
    return load / (1 + load)


def paralysable_loss(load: float) -> float:
    """Return the loss of a dead time that every candidate renews, Poisson arrivals.

    A candidate is accepted when none came in the dead time before it (Leo, section 5.7).

    Parameters
    ----------
    load : float
        Offered rate times dead time.
    """
    return -math.expm1(-number("load", load))


def clocked_loss(probability: float, ticks: int) -> float:
    """Return the loss when accepts are at least `ticks` apart, candidates on clock edges.

    An accept blocks the n - 1 ticks behind it; the wait for the next candidate is geometric: one
    accept in n - 1 + 1/p ticks.

    Parameters
    ----------
    probability : float
        Probability p of a candidate in a tick.
    ticks : int
        Smallest distance n of two accepts.
    """
    blocked = number("probability", probability, high=1) * (count("ticks", ticks, 1, TICKS_MAX) - 1)
    return blocked / (1 + blocked)


def clocked_paralysable_loss(probability: float, ticks: int) -> float:
    """Return the loss when every candidate closes the n - 1 ticks behind it, on clock edges.

    Parameters
    ----------
    probability : float
        Probability of a candidate in a tick.
    ticks : int
        Smallest distance n of an accept from the candidate before it.
    """
    probability = number("probability", probability, high=1)
    ticks = count("ticks", ticks, 1, TICKS_MAX)
    if probability == 1:
        return float(ticks > 1)
    return -math.expm1((ticks - 1) * math.log1p(-probability))


def window_loss(load: float, accepts: int) -> float:
    """Return the loss of the rule "at most k accepts in any time T", Poisson arrivals.

    Every accept t' counts against the candidates of [t', t' + T) and no others: it holds one of k
    places for a fixed time T, and a candidate that finds no place free is refused. That is the
    loss system M/D/k/k. Its loss depends on the mean of the holding time alone (B. A. Sevastyanov,
    Theory Probab. Appl. 2 (1957) 104), so that it is Erlang's B(k, λT).

    Parameters
    ----------
    load : float
        Offered rate times T.
    accepts : int
        Allowed accepts k; with 1 the rule is a minimum spacing.
    """
    return erlang_b(load, accepts)


def accepts_from_idle(load: float, length: float) -> float:
    """Return the mean number of accepts in an open interval that begins idle, Poisson arrivals.

    The n-th accept comes n exponential waits and n - 1 dead times after the start, so that the
    mean is the sum over n of P(n waits ≤ length - (n - 1) τ) (D. R. Cox, Renewal Theory, 1962).
    With it, a non-paralysable dead time behind a veto whose closed intervals are longer than the
    dead time is exact, whatever the veto's rhythm.

    Parameters
    ----------
    load : float
        Offered rate times dead time.
    length : float
        Length of the interval in dead times, at most 10⁷.
    """
    load, length = positive("load", load), number("length", length, high=1e7)
    n = np.arange(1, math.floor(length) + 2)
    left = np.maximum(length - (n - 1), 0.0)
    return float(gammainc(n, load * left).sum())


def veto_fraction(kick_rate: float, full: float, gated_turns: int = 0, gate: float = 0.0) -> float:
    """Return the part of time that an injection veto takes.

    Exact when no sequence overlaps another: the part is the rate of sequences times the closed
    time of one, T_full + N_gate w_gate. A Poisson stream loses this part of its candidates.

    Parameters
    ----------
    kick_rate : float
        Injections of all rings [1/s].
    full : float
        Time closed without a break [s].
    gated_turns : int
        Turns with a gate.
    gate : float
        Width of the gate in a turn [s].
    """
    closed = number("full", full) + count("gated_turns", gated_turns, 0, 10**6) * number(
        "gate", gate
    )
    return number("veto fraction", number("kick_rate", kick_rate) * closed, high=1)


def independent_loss(*losses: float) -> float:
    """Return the loss of causes that are independent of each other: 1 - Π (1 - loss).

    Exact for causes none of whose states depends on another's refusals: vetoes, random prescales,
    and paralysable dead times that every candidate renews. Queues and non-paralysable dead times
    behind another cause are *not* of this kind: they see the thinned stream.

    Parameters
    ----------
    *losses : float
    """
    return 1 - math.prod(1 - number("loss", loss, high=1) for loss in losses)


def spacings_loss(load_of_each: list[float]) -> float:
    """Return the loss of several minimum spacings at once, Poisson arrivals.

    Only the longest refuses anything that the others do not.

    Parameters
    ----------
    load_of_each : list of float
        Offered rate times spacing, for each rule.
    """
    return nonparalysable_loss(max([0.0, *(number("load", load) for load in load_of_each)]))


def busy_headroom(round_trip: float, spacing: float) -> int:
    """Return the accepts that a front end must take from the one that raises BUSY on.

    The trigger that raises BUSY is the first; others may follow every `spacing` until the news is
    back, the round trip later: ceil(round trip / spacing) in all. A buffer is safe when
    depth ≥ almost_full - 1 + head-room, and this is the best such bound.

    Parameters
    ----------
    round_trip : float
        Time from accept to front end and of BUSY back to the throttle.
    spacing : float
        Smallest distance of two accepts, same unit.
    """
    ratio = number("round_trip", round_trip) / positive("spacing", spacing)
    return max(1, math.ceil(number("round_trip / spacing", ratio, high=1e15)))


def svd_saturation_khz(samples: int) -> float:
    """Return the trigger rate at which the APV25 read out without a pause [kHz].

    A frame takes 140 clocks of 31.805 MHz, 4.402 µs: 37.9 kHz with six samples an event, 75.7 kHz
    with three.

    Parameters
    ----------
    samples : int
        Frames of an event.
    """
    return 1e3 * APV_CLOCK_MHZ / (APV_FRAME_CLOCKS * count("samples", samples))
