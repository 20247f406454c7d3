"""Run a readout simulation: candidates, chunk by chunk, through one of the engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from sim.readout.arrivals import PROBE, Arrivals, Source
from sim.readout.config import ReadoutConfig
from sim.readout.engine import UNDECIDED, Engine, EngineResult, Verdicts
from sim.readout.injection_map import InjectionMap
from sim.readout.loads import Loads
from sim.readout.plan import Plan, compile_plan
from sim.readout.tally import Tally

ENGINES = ("fast", "simpy")

Observer = Callable[[Arrivals, NDArray[np.uint64], Verdicts], None]
"""Called with every chunk, its random words and its verdicts."""


@dataclass
class ReadoutResult:
    """A finished run.

    Parameters
    ----------
    config : ReadoutConfig
    plan : Plan
    engine : str
    source : Source
    tally : Tally
    run : EngineResult
    duration : int
        Time from 0 to the last candidate [quanta].
    injection : InjectionMap, optional
        Where the machine injects.
    """

    config: ReadoutConfig
    plan: Plan
    engine: str
    source: Source
    tally: Tally
    run: EngineResult
    duration: int
    injection: InjectionMap | None = None


def run_readout(
    config: ReadoutConfig,
    *,
    engine: str = "fast",
    place: str = "",
    record: bool = False,
    progress: Callable[[int], None] | None = None,
    observers: tuple[Observer, ...] = (),
    source: Source | None = None,
) -> ReadoutResult:
    """Simulate a readout; the result depends on the configuration alone.

    Parameters
    ----------
    config : ReadoutConfig
    engine : str
        ``fast`` or ``simpy``: the same result, at different speed.
    place : str
        Where the configuration comes from, for messages.
    record : bool
        Keep the times of every accepted event in every stage.
    progress : callable, optional
        Called with the number of candidates done since the last call.
    observers : tuple of callable
        Called with every chunk.
    source : Source, optional
        The candidates that the configuration asks for, where a caller has them already.

    Raises
    ------
    InputError
        For anything wrong in the configuration.
    CheckFailed
        When an accepted event would be lost.
    """
    from sim.readout.sources import make_source

    if config.veto is not None and config.machine is None:
        raise InputError("needs a table [machine], whose injections it waits for",
                         place=f"{place}: veto")  # fmt: skip
    plan = compile_plan(config, place)
    loads = Loads.of(plan)
    machine = _engine(engine, plan, loads, record)
    source = source or make_source(config, place)
    tally = Tally(len(plan.causes), config.run.triggers)
    injection = _injection_map(config, place)
    if injection is not None:
        observers = (*observers, injection)
    duration = 0
    for chunk, arrivals in enumerate(source.chunks()):
        if not len(arrivals.time):
            continue
        draws = loads.draw(config.run.seed, chunk, len(arrivals.time))
        verdicts = machine.feed(arrivals, draws)
        tally.add(arrivals, verdicts)
        for observer in observers:
            observer(arrivals, draws, verdicts)
        decided = np.flatnonzero(verdicts.cause != UNDECIDED)
        duration = int(arrivals.time[decided[-1]]) if len(decided) else duration
        if progress is not None:
            progress(int(np.count_nonzero((arrivals.flags & PROBE) == 0)))
        if tally.undecided:
            break
    return ReadoutResult(config, plan, engine, source, tally, machine.finish(), duration, injection)


def _injection_map(config: ReadoutConfig, place: str) -> InjectionMap | None:
    from sim.readout.sources.merge import make_accelerator

    accelerator = make_accelerator(config, place)
    if accelerator is None or not any(ring.shots.rate_hz for ring in accelerator.rings):
        return None
    return InjectionMap(accelerator, veto=config.veto is not None)


def _engine(name: str, plan: Plan, loads: Loads, record: bool) -> Engine:
    if name == "fast":
        from sim.readout.fast.engine import FastEngine
        from sim.readout.fast.fifo import FifoEngine, is_one_fifo

        if is_one_fifo(plan):
            return FifoEngine(plan, record=record)
        return FastEngine(plan, loads, record=record)
    if name == "simpy":
        from sim.readout.reference.engine import SimpyEngine

        return SimpyEngine(plan, loads, record=record)
    raise unknown_name("engine", name, ENGINES, place="--engine")
