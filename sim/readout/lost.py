"""The invariant that nothing is lost after an accept, and what to say when it would break."""

from __future__ import annotations

from firmware_models.errors import CheckFailed
from sim.readout.plan import Plan


def lost_event(plan: Plan, stage: int, time: int) -> CheckFailed:
    """Return the failure for an accepted event that finds its front end full.

    Parameters
    ----------
    plan : Plan
    stage : int
        Number of the stage.
    time : int
        When the event comes [quanta].
    """
    found = plan.stages[stage]
    limits = [f"depth {found.depth}"] if found.depth else []
    limits += [f"depth_bytes {found.depth_bytes}"] if found.depth_bytes else []
    advice = (
        f"almost_full {found.almost_full} leaves too little head-room for the way of BUSY: lower "
        "it or busy.latency_us, or make the buffer deeper or the minimum spacing longer"
        if found.almost_full
        else "give it almost_full so that it raises BUSY, or a throttle rule that emulates it"
    )
    if found.outputs and not found.almost_full:
        advice += "; or what comes behind holds it up, see the stages that are in use all the time"
    return CheckFailed(
        f"stage {found.name!r} is full ({', '.join(limits)}) when an accepted event comes at "
        f"{time * plan.quantum_ns * 1e-3:.3f} µs: the event would be lost; {advice}"
    )
