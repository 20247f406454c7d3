"""Runs of the SimPy engine on random configurations."""

from __future__ import annotations

import dataclasses

import numpy as np

from sim.readout.arrivals import PROBE, SHORT, Arrivals
from sim.readout.config import parse_readout
from sim.readout.engine import EngineResult, Verdicts
from sim.readout.loads import Loads
from sim.readout.plan import Plan, compile_plan
from sim.readout.reference.engine import SimpyEngine
from tests.readout.random_configs import random_arrivals, random_config, split

N = 250
"""Candidates."""


@dataclasses.dataclass
class Case:
    """A run and what it should follow from."""

    plan: Plan
    arrivals: Arrivals
    verdicts: Verdicts
    result: EngineResult
    service: np.ndarray
    """Of accepted events, shape (n, n_stages)."""
    size: np.ndarray


def run(seed: int, cuts: tuple[int, ...] = (), max_in_stage: int = 3000) -> Case:
    """Play random candidates through a random configuration, cut into chunks."""
    rng = np.random.default_rng(seed)
    plan = compile_plan(parse_readout(random_config(rng, max_in_stage), "random"))
    arrivals = random_arrivals(rng, N)
    loads = Loads.of(plan)
    draws = loads.draw(seed, 0, N)
    engine = SimpyEngine(plan, loads, record=True)
    chunks = split(arrivals, list(cuts))
    edges = [0, *cuts, N]
    verdicts = [
        engine.feed(chunk, draws[a:b])
        for chunk, a, b in zip(chunks, edges[:-1], edges[1:], strict=True)
    ]
    cause = np.concatenate([v.cause for v in verdicts])
    refused = np.concatenate([v.refused for v in verdicts])
    accepted = (cause == 0) & (arrivals.flags & PROBE == 0)
    apv = [rule.samples for rule in plan.rules if rule.kind == "apv25"]
    samples = np.where(arrivals.flags & SHORT, 3, 6).astype(np.int64)
    if apv and apv[0]:
        samples[:] = apv[0]
    service, size = loads.events(draws, samples)
    result = engine.finish()
    return Case(plan, arrivals, Verdicts(cause, refused), result, service[accepted], size[accepted])
