"""Speed of the readout simulation: both engines on the packaged chain, one fifo, one hour of beam.

    python benchmarks/readout.py [--hour]

Arrivals, random numbers, statistics and tallies are included ("run"); "engine" is the time inside
the engine alone. ``--hour`` adds one hour of beam at 30 kHz, with its memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

from sim.readout.config import ReadoutConfig, load_readout, parse_readout
from sim.readout.run import run_readout

RATE_KHZ = 30.0

FIFO = {"kind": "fifo", "depth": 5, "service_ticks": 3360}


def chain(triggers: int, **arrivals: Any) -> ReadoutConfig:
    """Return the packaged chain with some candidates of other arrivals."""
    data = load_readout().model_dump(exclude_none=True)
    for name in ("machine", "veto"):
        data.pop(name, None)
    data["arrivals"] = {"kind": "poisson", "rate_khz": RATE_KHZ, "short_fraction": 0.5}
    data["arrivals"] |= arrivals
    data["run"] = {"triggers": triggers, "seed": 1}
    return parse_readout(data, "benchmark")


def one_fifo(triggers: int) -> ReadoutConfig:
    """Return one fifo: M/D/1/5 at the strip detector's read-out time."""
    return parse_readout(
        {
            "run": {"triggers": triggers, "seed": 1},
            "arrivals": {"kind": "poisson", "rate_khz": RATE_KHZ},
            "throttle": [FIFO],
        },
        "benchmark",
    )


def measure(name: str, config: ReadoutConfig, engine: str) -> None:
    """Run once for the compiler, once for the clock."""
    warm = config.model_copy(update={"run": config.run.model_copy(update={"triggers": 20_000})})
    run_readout(warm, engine=engine)
    wall, cpu = time.perf_counter(), time.process_time()
    result = run_readout(config, engine=engine)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n = result.tally.offered
    seconds = result.duration * result.plan.quantum_ns * 1e-9
    loss = 1 - result.tally.accepted / n
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:34s} {n / 1e6:7.2f} {n / wall / 1e6:9.3f} {n / cpu / 1e6:9.3f} "
        f"{seconds / wall:9.2f} {100 * loss:8.4f} {memory:8.0f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hour", action="store_true", help="add one hour of beam at 30 kHz")
    options = parser.parse_args()
    print(
        f"{'':34s} {'10⁶':>7s} {'M/s':>9s} {'M/CPU s':>9s} {'real time':>9s} {'loss %':>8s} "
        f"{'peak MB':>8s}"
    )
    measure("one fifo, fast", one_fifo(40_000_000), "fast")
    measure("one fifo, simpy", one_fifo(200_000), "simpy")
    measure("packaged chain, fast", chain(4_000_000), "fast")
    measure("packaged chain, simpy", chain(60_000), "simpy")
    if options.hour:
        measure("packaged chain, fast, one hour", chain(int(RATE_KHZ * 3.6e6)), "fast")


if __name__ == "__main__":
    main()
