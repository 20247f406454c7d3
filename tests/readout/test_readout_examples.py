"""Example files: both engines agree on them, and they lose what is published or derived."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.readout.config import load_readout
from sim.readout.run import ReadoutResult, run_readout
from sim.readout.tally import fraction

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "readout"
HOW_TO = (FOLDER.parents[1] / "docs" / "how-to" / "simulate_a_readout.md").read_text("utf-8")
FILES = sorted(FOLDER.glob("*.toml"))


def played(name: str, triggers: int, engine: str = "fast") -> ReadoutResult:
    config = load_readout(FOLDER / f"{name}.toml")
    config = config.model_copy(update={"run": config.run.model_copy(update={"triggers": triggers})})
    return run_readout(config, engine=engine, place=name)


def loss(name: str, triggers: int = 400_000) -> tuple[float, float]:
    return fraction(played(name, triggers).tally.batches, slice(1, None))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_engines_agree(path: Path) -> None:
    fast, simpy = (played(path.stem, 20_000, engine) for engine in ("fast", "simpy"))
    assert fast.tally.offered == 20_000
    np.testing.assert_array_equal(fast.tally.batches, simpy.tally.batches)
    np.testing.assert_array_equal(fast.tally.refused, simpy.tally.refused)
    # Every rule of a file is there because it refuses something.
    never = {"belle2_three_samples": {"apv25"}}.get(path.stem, set())
    assert {c for c, n in zip(fast.plan.causes, fast.tally.refused, strict=True) if not n} == never


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("belle2_event_wise", 0.0370),
        ("belle2_six_samples", 0.0320),
        ("belle2_three_samples", 0.00562),
    ],
)
def test_belle2_losses_of_an_independent_simulation(name: str, expected: float) -> None:
    # Another program, written before this one; its error is 0.01 % absolute.
    value, error = loss(name)
    assert value == pytest.approx(expected, abs=4 * error + 1e-4)


def test_lhcb_stays_below_half_a_percent_and_equals_the_queue() -> None:
    value, error = loss("lhcb", 1_000_000)
    assert value < 0.005
    assert value == pytest.approx(md1k(1e6 * 36 / 40.079e6, 16), abs=4 * error)


def md1k(rho: float, k: int) -> float:
    """Return the loss of M/D/1/K, from the number left behind by each event (embedded chain)."""
    pois = [np.exp(-rho)]
    for i in range(1, k + 1):
        pois.append(pois[-1] * rho / i)
    # States 0 to k-1 left behind; row sums are closed by the last column.
    step = np.zeros((k, k))
    for state in range(k):
        base = max(state, 1) - 1
        for new in range(base, k - 1):
            step[state, new] = pois[new - base]
        step[state, k - 1] = 1 - step[state].sum()
    system = np.vstack([step.T - np.eye(k), np.ones(k)])
    left = np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0]
    return float(1 - 1 / (left[0] + rho))


def test_cms_rules_hold_for_every_group_of_accepts() -> None:
    config = load_readout(FOLDER / "cms.toml")
    fast = config.model_copy(update={
        "run": config.run.model_copy(update={"triggers": 60_000}),
        "arrivals": {**config.arrivals, "rate_khz": 3000.0},
    })  # fmt: skip
    taken: list[int] = []
    run_readout(
        fast, observers=(lambda a, _, v: taken.extend((a.time[v.cause == 0] // 256).tolist()),)
    )
    crossing = np.array(taken)
    for accepts, within in ((1, 3), (2, 25), (3, 100), (4, 240)):
        # One more accept than allowed needs at least the window's length; somewhere just that.
        assert (crossing[accepts:] - crossing[:-accepts]).min() == within


def test_table_of_the_how_to() -> None:
    rows = {
        cells[0].strip(" `"): cells
        for line in HOW_TO.splitlines()
        if line.startswith("| `") and len(cells := line.strip("| ").split("|")) == 4
    }
    assert rows.keys() == {path.stem for path in FILES}
    for name, (_, _, rate, lost) in rows.items():
        given = load_readout(FOLDER / f"{name}.toml").arrivals["rate_khz"]
        assert float(rate) == given
        value, error = loss(name)
        shown, its_error = (float(part) / 100 for part in lost.split("±"))
        assert value == pytest.approx(shown, abs=4 * (error + its_error))
