"""Small runs of an engine in whole ticks, for cases computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.readout.arrivals import Arrivals, Kicks
from sim.readout.config import parse_readout
from sim.readout.engine import EngineResult
from sim.readout.loads import Loads
from sim.readout.plan import QUANTA, compile_plan
from sim.readout.reference.engine import SimpyEngine


class Hand:
    """A run: candidates at the given ticks of a 1 MHz clock.

    Parameters
    ----------
    ticks : list of int
    flags : list of int, optional
    kicks : list of (tick, ring, position)
    config : sections of the configuration
    """

    def __init__(
        self, ticks: list[int], flags: list[int] | None = None,
        kicks: tuple[tuple[int, int, int], ...] = (), **config: Any,
    ) -> None:  # fmt: skip
        data = {"clock": {"frequency_mhz": 1.0}, "arrivals": {}, **config}
        self.plan = compile_plan(parse_readout(data, "hand"))
        loads = Loads.of(self.plan)
        engine = SimpyEngine(self.plan, loads, record=True)
        n = len(ticks)
        table = np.array(kicks, dtype=np.int64).reshape(-1, 3)
        arrivals = Arrivals(
            np.array(ticks, dtype=np.int64) * QUANTA,
            np.array(flags or [0] * n, dtype=np.uint8),
            np.full(n, -1, dtype=np.int32),
            Kicks(table[:, 0] * QUANTA, table[:, 1], table[:, 2]),
        )
        self.verdicts = engine.feed(arrivals, loads.draw(1, 0, n))
        self.result: EngineResult = engine.finish()

    @property
    def causes(self) -> list[str]:
        """Cause of each refusal; empty: accepted."""
        return ["" if not c else self.plan.causes[c - 1] for c in self.verdicts.cause.tolist()]

    @property
    def pattern(self) -> str:
        """A for each accepted candidate, . for each refused one."""
        return "".join("." if c else "A" for c in self.verdicts.cause.tolist())

    def column(self, what: str, stage: str) -> list[float]:
        """Return recorded times of a stage in ticks, event by event."""
        j = [s.name for s in self.plan.stages].index(stage)
        times: NDArray[np.int64] = getattr(self.result.recorded, what)
        return (times[:, j] / QUANTA).tolist()


def stage(name: str, after: str, us: float, **more: Any) -> dict[str, Any]:
    """Return a stage of fixed service; `after` may name several, separated by spaces."""
    service = {"kind": "fixed", "us": us}
    return {"name": name, "after": after.split(), "service": service, **more}
