"""Single-photon rates at 8e35 beside the quoted 4, 7 and 5 kHz, split by process.

    python benchmarks/single_photon_rates.py [--events N] [--workers N]

The second table shows how far each modelling choice moves them. docs/validation/
single_photon_rates.md explains the differences.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from firmware_models.interface.ecl_registers import rings
from sim.report.study_page import SOURCE_RATES_KHZ
from sim.study.config import StudyConfig, load_study, parse_study
from sim.study.run import run_study
from trigger.rate_table import RateTable

ENDCAPS = rings(1, 2, 3, 16, 17)

VARIANTS: dict[str, dict[str, Any]] = {
    "packaged study": {},
    "no beam background": {"detector": {"background": {"level": 0.0}}},
    "five times the background": {"detector": {"background": {"level": 5.0}}},
    "energy calibrated to photons (+7 %)": {"detector": {"electronics": {"energy_scale": 1.07}}},
    "lml7 in all endcap rings": {"registers": {"ecl_selection": {"lml7_rings": ENDCAPS}}},
    "elastic Bhabha only": {"elastic": True},
}


def main() -> None:
    """Run the variants and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    base = load_study().model_dump()
    base["study"]["events"] = options.events
    base["efficiency"] = []
    base["samples"] = [sample for sample in base["samples"] if sample["rates"]]
    for title, change in VARIANTS.items():
        table = run_study(_changed(base, change), workers=options.workers).rates
        assert table is not None
        if not change:
            _print_processes(table)
            print(f"\n{'before prescale [kHz]':<38}" + _heads())
            print(f"{'quoted':<38}" + "".join(f"{v:>18.1f}" for v in SOURCE_RATES_KHZ.values()))
        cells = (_khz(table, line) for line in SOURCE_RATES_KHZ)
        print(f"{title:<38}" + "".join(f"{f'{v:.2f} ± {e:.2f}':>18}" for v, e in cells), flush=True)


def _changed(base: dict[str, Any], change: dict[str, Any]) -> StudyConfig:
    data = {**base, **{key: value for key, value in change.items() if key != "elastic"}}
    if change.get("elastic"):
        data["samples"] = [
            {**s, "parameters": {}} if s["process"] == "bhabha" else s for s in base["samples"]
        ]
    return parse_study(data, "single_photon_rates")


def _heads() -> str:
    return "".join(f"{line:>18}" for line in SOURCE_RATES_KHZ)


def _khz(table: RateTable, line: str, process: str | None = None) -> tuple[float, float]:
    rates = table.all if process is None else table.by_process[process]
    i = table.lines.index(line)
    scale = table.prescales[i] / 1e3
    return float(rates.line[i]) * scale, float(rates.line_err[i]) * scale


def _print_processes(table: RateTable) -> None:
    print(f"{'before prescale [kHz], by process':<38}" + _heads())
    for process in table.by_process:
        values = (_khz(table, line, process)[0] for line in SOURCE_RATES_KHZ)
        print(f"{process:<38}" + "".join(f"{value:>18.3g}" for value in values))


if __name__ == "__main__":
    main()
