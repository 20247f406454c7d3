"""What a run says: the numbers of `lowmult readout --json`, its tables and its report."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.readout.engine import ACCEPTED, StageStats, time_bin_edges
from sim.readout.run import ReadoutResult
from sim.readout.tally import fraction

REFUSED = slice(1, None)
"""Columns of a tally that count refusals."""


def summary(result: ReadoutResult) -> dict[str, Any]:
    """Return everything that a run found, ready for JSON.

    Keys: docs/reference/readout.md.
    """
    tally, run, plan = result.tally, result.run, result.plan
    ns = plan.quantum_ns
    loss, loss_err = fraction(tally.batches, REFUSED)
    by_cause = {name: fraction(tally.batches, 1 + i) for i, name in enumerate(plan.causes)}
    seconds = result.duration * ns * 1e-9
    offered = tally.offered
    return {
        "engine": result.engine,
        "seed": result.config.run.seed,
        "offered": offered,
        "accepted": tally.accepted,
        "duration_s": seconds,
        "offered_hz": _ratio(offered, seconds),
        "accepted_hz": _ratio(tally.accepted, seconds),
        "loss": _number(loss),
        "loss_err": _number(loss_err),
        "live_fraction": _number(1 - loss),
        "loss_by_cause": {name: _number(value) for name, (value, _) in by_cause.items()},
        "loss_by_cause_err": {name: _number(error) for name, (_, error) in by_cause.items()},
        "refused_by_cause": {
            name: _ratio(int(n), offered)
            for name, n in zip(plan.causes, tally.refused, strict=True)
        },
        "stages": [
            *(_stage(run.rules[i], ns, run.end, "throttle", rule.servers, rule.count,
                     unit="cells" if rule.kind == "apv25" else "events")
              for i, rule in enumerate(plan.rules) if i in run.rules),
            *(_stage(stats, ns, run.end, "stage", stage.servers, stage.depth)
              for stats, stage in zip(run.stages, plan.stages, strict=True)),
        ],
        "latency_ns": quantiles(run.latency_time, run.latency_max, ns),
        "lines": lines(result),
        "line_triggers": _line_triggers(result),
        "random_trigger": _random_trigger(result),
        "injection": None if result.injection is None else result.injection.to_json(),
        "saturated": run.saturated or None,
        "undecided": tally.undecided,
        "package_version": version("lowmult"),
        "configuration": result.config.model_dump(mode="json", exclude_none=True),
    }  # fmt: skip


def lines(result: ReadoutResult) -> list[dict[str, Any]]:
    """Return what each output line loses: a line's triggers are those in which it fired."""
    patterns, counts = np.asarray(result.source.patterns), result.tally.patterns
    found = []
    for i, name in enumerate(result.source.lines):
        own = counts[np.flatnonzero(patterns[: len(counts), i])].sum(axis=0)
        found.append({"name": name, **_counted(own, result.plan.causes)})
    return found


def _line_triggers(result: ReadoutResult) -> dict[str, Any] | None:
    """Return what all triggers with a line lose together; None without lines."""
    if not result.source.lines:
        return None
    counts = result.tally.patterns
    some = np.asarray(result.source.patterns)[: len(counts)].any(axis=1)
    own = counts[np.flatnonzero(some)].sum(axis=0)
    return _counted(own, result.plan.causes)


def _counted(own: NDArray[np.int64], causes: tuple[str, ...]) -> dict[str, Any]:
    offered = int(own.sum())
    loss = _ratio(offered - int(own[ACCEPTED]), offered)
    return {
        "offered": offered,
        "accepted": int(own[ACCEPTED]),
        "loss": loss,
        "loss_err": None if loss is None else math.sqrt(loss * (1 - loss) / offered),
        "loss_by_cause": {
            cause: _ratio(int(own[1 + k]), offered) for k, cause in enumerate(causes)
        },
    }


def quantiles(counts: NDArray[np.int64], longest: int, quantum_ns: float) -> dict[str, Any]:
    """Return median, 99 % quantile and maximum [ns] of a time histogram; None when it is empty."""
    total = int(counts.sum())
    if total == 0:
        return {"p50": None, "p99": None, "max": None}
    edges = time_bin_edges()
    cumulative = np.cumsum(counts)
    found: dict[str, Any] = {}
    for name, part in (("p50", 0.5), ("p99", 0.99)):
        i = int(np.searchsorted(cumulative, part * total))
        inside = (part * total - (cumulative[i] - counts[i])) / counts[i]
        # Bins end before their upper edge, times are whole numbers.
        value = edges[i] + inside * (edges[i + 1] - 1 - edges[i])
        found[name] = float(min(value, longest)) * quantum_ns
    return found | {"max": longest * quantum_ns}


def _stage(
    stats: StageStats, ns: float, end: int, kind: str, servers: int, depth: int,
    unit: str = "events",
) -> dict[str, Any]:  # fmt: skip
    per_event = ns / stats.arrived if stats.arrived else math.nan
    used = np.flatnonzero(stats.time_at + stats.seen)
    last = int(used[-1]) + 1 if len(used) else 1
    return {
        "name": stats.name,
        "kind": kind,
        "servers": servers,
        "unit": unit,
        "depth": depth or None,
        "arrived": stats.arrived,
        "departed": stats.departed,
        "occupancy_mean": _ratio(stats.weighted, end),
        "occupancy_max": stats.occupancy_max,
        "utilisation": _ratio(stats.served, end * servers),
        "blocked": _ratio(stats.blocked, end * servers),
        "wait_ns_mean": _number(stats.waited * per_event),
        "inside_ns_mean": _number(_sojourn(stats) * per_event),
        "latency_ns": quantiles(stats.inside_time, stats.inside_max, ns),
        "occupancy": {
            "step": stats.step,
            "time": (stats.time_at[:last] / max(end, 1)).tolist(),
            "arrivals": (stats.seen[:last] / max(int(stats.seen.sum()), 1)).tolist(),
        },
    }


def _sojourn(stats: StageStats) -> int:
    return stats.waited + stats.served + stats.blocked


def _random_trigger(result: ReadoutResult) -> dict[str, Any] | None:
    """Return the dead time that random probes measure; None without probes."""
    probes = result.tally.probes
    if not probes.sum():
        return None
    loss, error = fraction(probes, REFUSED)
    return {
        "offered": int(probes.sum()),
        "loss": _number(loss),
        "loss_err": _number(error),
        "loss_by_cause": {
            name: _number(fraction(probes, 1 + i)[0])
            for i, name in enumerate(result.plan.causes)
        },
    }  # fmt: skip


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _number(value: float) -> float | None:
    """Return a number that JSON can hold."""
    return value if math.isfinite(value) else None
