"""The plan of a simulation: the configuration as integers, the one input of both engines.

Time is a count of quanta, 1/256 of a clock tick. Arrivals that come on clock edges are multiples
of 256; Poisson arrivals are continuous to 31 ps, so that closed forms of continuous time apply to
them. Every duration of a configuration becomes a whole number of quanta here; the engines know of
no other unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from firmware_models.errors import InputError
from firmware_models.interface.clock import TICKS_PER_TURN
from sim.readout import config as c

QUANTA = 256
"""Quanta in one tick."""

TURN = TICKS_PER_TURN * QUANTA
"""Quanta in one revolution."""

L1 = -1
"""Stage number that stands for the stream of accepted triggers."""

RINGS = ("her", "ler")

SCALE_BITS = 20
"""Fraction bits of the quanta that one byte takes."""

REDUCTION_BITS = 16
"""Fraction bits of a stage's reduction of bytes."""

MOST_CAUSES = 64
"""The union of refusals is a word of 64 bits."""

RuleKind = Literal["min_spacing", "dead_time", "window", "leaky_bucket", "fifo", "apv25"]
ServiceKind = Literal["fixed", "exponential", "lognormal", "frames", "transfer"]


@dataclass(frozen=True)
class RulePlan:
    """One throttle rule; durations in quanta, what a kind does not use is 0.

    Parameters
    ----------
    name : str
        Cause of the refusals.
    kind : str
    time : int
        ``ticks``, ``drain_ticks``, ``service_ticks`` (its mean) or ``frame_ticks``.
    count : int
        ``accepts``, ``size``, ``depth`` or ``cells``.
    servers : int
        Of a fifo.
    exponential, paralysable, free_timer, by_event : bool
    samples : int
        Of the APV25: 3, 6, or 0 for mixed.
    grid, processing : int
        Of the APV25.
    """

    name: str
    kind: RuleKind
    time: int
    count: int = 0
    servers: int = 1
    exponential: bool = False
    paralysable: bool = False
    free_timer: bool = False
    by_event: bool = False
    samples: int = 6
    grid: int = QUANTA
    processing: int = 0


@dataclass(frozen=True)
class VetoPlan:
    """Injection veto of one ring; ring -1: none."""

    ring: int
    pre: int
    length: int
    full: int
    gated_turns: int
    wait: int


@dataclass(frozen=True)
class StagePlan:
    """One stage; durations in quanta.

    Parameters
    ----------
    name : str
    inputs : tuple of int
        Stages before, by number; `L1` alone for a front end.
    outputs : tuple of int
        Stages behind.
    ordered : bool
        Events leave in the order of their accepts: not behind (or in) a stage of several servers.
    servers : int
    depth : int
        Events inside, 0: no limit.
    depth_bytes : int
        Bytes inside, 0: no limit.
    delay, credit : int
        Way of an event into the stage, way back of the news of room.
    almost_full : int
        Events inside that raise BUSY, 0: never.
    service : str
    service_time : int
        Time, mean time, or time of a frame; for a transfer the time of a byte in units of
        2**-20 quanta.
    sigma : float
        Of a log-normal service.
    makes_bytes : bool
        The stage makes events of `bytes_mean` bytes; otherwise it takes what comes.
    bytes_mean, bytes_sigma : float
    reduction : int
        Part of the bytes that leaves, in units of 2**-16.
    keep : float
        Part of the events that leaves with its bytes.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ordered: bool
    servers: int
    depth: int
    depth_bytes: int
    delay: int
    credit: int
    almost_full: int
    service: ServiceKind
    service_time: int
    sigma: float
    makes_bytes: bool
    bytes_mean: float
    bytes_sigma: float
    reduction: int
    keep: float


@dataclass(frozen=True)
class Plan:
    """What an engine needs to know.

    Parameters
    ----------
    quantum_ns : float
        Length of a quantum [ns].
    causes : tuple of str
        Why a trigger may be refused, in the order in which the first cause is sought: ``veto``,
        then ``busy_<stage>`` for each stage with BUSY, then the rules.
    veto : tuple of VetoPlan
    veto_active : bool
        The veto takes only triggers with activity.
    busy_latency : int
    busy_stages : tuple of int
        Stages that raise BUSY, in their order.
    rules : tuple of RulePlan
    stages : tuple of StagePlan
        In an order in which every stage stands behind its inputs, ordered ones first.
    farm : int
        Number of the stage with several servers, or -1.
    sides : tuple of int
        Ordered stages, other than the farm's inputs, whose output goes to stages behind the farm.
        An event enters the farm when it has left all of them.
    max_in_stage : int
        Events in a stage without depth at which the run ends.
    """

    quantum_ns: float
    causes: tuple[str, ...]
    veto: tuple[VetoPlan, ...]
    veto_active: bool
    busy_latency: int
    busy_stages: tuple[int, ...]
    rules: tuple[RulePlan, ...]
    stages: tuple[StagePlan, ...]
    farm: int
    sides: tuple[int, ...]
    max_in_stage: int


def compile_plan(config: c.ReadoutConfig, place: str = "") -> Plan:
    """Return the plan of a configuration.

    Parameters
    ----------
    config : ReadoutConfig
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        For loops, stages that no trigger reaches, several stages with several servers, or
        durations that vanish.
    """
    order = _order(config, place)
    farm = _farm(config, place)
    behind = _behind(config, farm)
    order = [n for n in order if n not in behind] + [n for n in order if n in behind]
    number = {name: i for i, name in enumerate(order)}
    us = config.clock.frequency_mhz * QUANTA
    by_name = {stage.name: stage for stage in config.stage}
    stages = tuple(
        _stage(by_name[name], number, behind, config, us, f"{place}: stage {name}")
        for name in order
    )
    _check_bytes(stages, place)
    rules = tuple(_rules(config))
    busy = tuple(i for i, stage in enumerate(stages) if stage.almost_full)
    farm_inputs = set(stages[number[farm]].inputs) if farm else set()
    sides = tuple(
        i
        for i, stage in enumerate(stages)
        if stage.ordered
        and i not in farm_inputs
        and any(not stages[k].ordered for k in stage.outputs)
    )
    causes = (
        *(("veto",) if config.veto else ()),
        *(f"busy_{stages[i].name}" for i in busy),
        *(rule.name for rule in rules),
    )
    if len(causes) > MOST_CAUSES:
        raise InputError(
            f"{len(causes)} causes of refusal are too many; allowed: up to {MOST_CAUSES} of rules, "
            "stages with almost_full, and the veto", place=f"{place}: throttle",
        )  # fmt: skip
    return Plan(
        quantum_ns=1e3 / us,
        causes=causes,
        veto=tuple(_veto(ring) for ring in config.veto.rings) if config.veto else (),
        veto_active=config.veto is not None and config.veto.mode == "active",
        busy_latency=round(config.busy.latency_us * us),
        busy_stages=busy,
        rules=rules,
        stages=stages,
        farm=number[farm] if farm else -1,
        sides=sides,
        max_in_stage=config.run.max_in_stage,
    )


def _order(config: c.ReadoutConfig, place: str) -> list[str]:
    """Return the stages' names, each behind its inputs; of those that are free, file order."""
    done: list[str] = []
    left = list(config.stage)
    while left:
        ready = next((s for s in left if all(b == c.SOURCE or b in done for b in s.after)), None)
        if ready is None:
            names = ", ".join(stage.name for stage in left)
            raise InputError(
                f"stages in a loop, or only reached through one: {names}; every stage must be "
                f"reached from {c.SOURCE!r}", place=f"{place}: stage",
            )  # fmt: skip
        done.append(ready.name)
        left.remove(ready)
    return done


def _farm(config: c.ReadoutConfig, place: str) -> str:
    farms = [stage.name for stage in config.stage if stage.servers > 1]
    if len(farms) > 1:
        raise InputError(
            f"only one stage may have several servers, not {', '.join(farms)}",
            place=f"{place}: stage",
        )
    return farms[0] if farms else ""


def _behind(config: c.ReadoutConfig, farm: str) -> set[str]:
    """Return the farm and every stage behind it."""
    found = {farm} if farm else set()
    size = -1
    while size != len(found):
        size = len(found)
        found |= {stage.name for stage in config.stage if found & set(stage.after)}
    return found


def _check_bytes(stages: tuple[StagePlan, ...], place: str) -> None:
    for stage in stages:
        mixed = not stage.ordered and any(k >= 0 and stages[k].ordered for k in stage.inputs)
        if stage.depth_bytes and mixed:
            raise InputError(
                "depth_bytes is not possible behind the farm where a stage before it joins; "
                "use depth", place=f"{place}: stage {stage.name}",
            )  # fmt: skip


def _stage(
    stage: c.Stage, number: dict[str, int], behind: set[str], config: c.ReadoutConfig, us: float,
    place: str,
) -> StagePlan:  # fmt: skip
    service = stage.service
    if isinstance(service, c.Transfer):
        time = us / (service.mb_s * service.links) * (1 << SCALE_BITS)
    else:
        time = service.us * us
    if round(time) < 1:
        raise InputError(
            f"service is shorter than 1/{QUANTA} of a tick "
            f"({1e3 / us:.3g} ns); it must be longer", place=place,
        )  # fmt: skip
    return StagePlan(
        name=stage.name,
        inputs=tuple(L1 if b == c.SOURCE else number[b] for b in stage.after),
        outputs=tuple(
            sorted(number[other.name] for other in config.stage if stage.name in other.after)
        ),
        ordered=stage.name not in behind,
        servers=stage.servers,
        depth=stage.depth or 0,
        depth_bytes=stage.depth_bytes or 0,
        delay=round(stage.delay_us * us),
        credit=round(stage.credit_us * us),
        almost_full=stage.almost_full or 0,
        service=service.kind,
        service_time=round(time),
        sigma=service.sigma if isinstance(service, c.Lognormal) else 0.0,
        makes_bytes=stage.bytes is not None,
        bytes_mean=stage.bytes.mean if stage.bytes else 0.0,
        bytes_sigma=stage.bytes.sigma if stage.bytes else 0.0,
        reduction=max(1, round(stage.reduction * (1 << REDUCTION_BITS))),
        keep=stage.keep,
    )


def _rules(config: c.ReadoutConfig) -> list[RulePlan]:
    rules: list[RulePlan] = []
    taken: list[str] = ["veto", *(f"busy_{stage.name}" for stage in config.stage)]
    for rule in config.throttle:
        name = rule.name or rule.kind
        copy = 2
        while name in taken:
            name = f"{rule.name or rule.kind}_{copy}"
            copy += 1
        taken.append(name)
        rules.append(_rule(rule, name))
    return rules


def _rule(rule: c.Rule, name: str) -> RulePlan:
    if isinstance(rule, c.MinSpacing):
        return RulePlan(name, "min_spacing", rule.ticks * QUANTA)
    if isinstance(rule, c.DeadTime):
        return RulePlan(name, "dead_time", rule.ticks * QUANTA, paralysable=rule.paralysable)
    if isinstance(rule, c.Window):
        return RulePlan(name, "window", rule.ticks * QUANTA, rule.accepts)
    if isinstance(rule, c.LeakyBucket):
        return RulePlan(
            name, "leaky_bucket", rule.drain_ticks * QUANTA, rule.size,
            free_timer=rule.timer == "free",
        )  # fmt: skip
    if isinstance(rule, c.Fifo):
        return RulePlan(
            name, "fifo", rule.service_ticks * QUANTA, rule.depth, rule.servers,
            exponential=rule.service == "exponential",
        )  # fmt: skip
    return RulePlan(
        name, "apv25", rule.frame_ticks * QUANTA, rule.cells, by_event=rule.free == "event",
        samples=0 if rule.samples == "mixed" else rule.samples, grid=rule.grid_ticks * QUANTA,
        processing=rule.processing_ticks * QUANTA,
    )  # fmt: skip


def _veto(ring: c.VetoRing) -> VetoPlan:
    return VetoPlan(
        RINGS.index(ring.ring), ring.pre_ticks * QUANTA, ring.length_ticks * QUANTA,
        ring.full_turns * TURN, ring.gated_turns, ring.wait_turns * TURN,
    )  # fmt: skip
