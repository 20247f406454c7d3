"""A channel's limits and efficiencies on points of mass and lifetime, as values and files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.files import whole_file, write_text
from sim.sensitivity.channel import Channel
from sim.sensitivity.coupling_band import excluded_band
from sim.sensitivity.lifetimes import LEAST_EFFECTIVE, LifetimePoint, broad_process
from sim.sensitivity.passed import Passed, Through
from sim.sensitivity.reach import limit
from sim.sensitivity.run import ChannelResult
from trigger.axes import Axis
from trigger.export import grids as grid_files
from trigger.export import write_all
from trigger.grids import EfficiencyGrid, GridTable, mass_edges

FloatArray = NDArray[np.float64]

FOLDER = "grids"
"""Of the efficiencies, inside that of the results."""

IDEAL = "ideal"
"""Name of the ideal trigger among the others in arrays."""

STAGE = "psnm"
"""Efficiencies are those behind the prescales."""

NUMBERS = (
    "coupling_limit", "sigma_limit_fb", "sigma_limit_err_fb", "trigger_efficiency",
    "trigger_efficiency_err", "event_limit", "background_events", "n_effective",
)  # fmt: skip
"""Of every trigger, each an array [mass][lifetime]."""

COLUMNS = (
    "channel", "cl", "luminosity_fb", "trigger", "mass_gev", "ctau_m", *NUMBERS,
    "coupling_limit_ideal_trigger", "sigma_limit_ideal_trigger_fb", "acceptance", "acceptance_err",
    "n_events", "enough_events",
)  # fmt: skip


BAND_COLUMNS = (
    "channel", "cl", "luminosity_fb", "trigger", "mass_gev", "coupling_lower", "coupling_upper",
    "lower_open", "upper_open", "ctau_reference_m",
)  # fmt: skip


def lifetimes_json(result: ChannelResult) -> dict[str, Any] | None:
    """Return limits on points of mass and lifetime; None where the channel has no lifetimes.

    Arrays are [mass][lifetime]. A point whose events are too few has `enough` false and no limit.
    """
    if not result.lifetimes:
        return None
    rows = result.lifetimes
    return {
        "mass_gev": [row[0].passed.mass for row in rows],
        "ctau_m": result.channel.signal.ctaus(),
        "least_effective": LEAST_EFFECTIVE,
        "n_events": [row[0].passed.n_events for row in rows],
        "acceptance": [[p.passed.acceptance.value for p in row] for row in rows],
        "acceptance_err": [[p.passed.acceptance.error for p in row] for row in rows],
        "ideal": _trigger(result, None),
        "triggers": [_trigger(result, label) for label in result.labels],
    }


def _trigger(result: ChannelResult, label: str | None) -> dict[str, Any]:
    found = [[_numbers(result.channel, point, label) for point in row] for row in result.lifetimes]
    return {
        "label": IDEAL if label is None else label,
        **{name: [[point[name] for point in row] for row in found] for name in NUMBERS},
        "enough": [[point.enough(label) for point in row] for row in result.lifetimes],
        **_bands(result.channel, result.lifetimes, found),
    }


def _bands(
    channel: Channel,
    rows: Sequence[Sequence[LifetimePoint]],
    numbers: Sequence[Sequence[dict[str, float]]],
) -> dict[str, list[dict[str, Any]]]:
    """Return the excluded couplings of each mass where these set the lifetime."""
    if not channel.coupling.sets_lifetime:
        return {}
    bands = []
    for row, found in zip(rows, numbers, strict=True):
        passed = row[0].passed
        ctau = broad_process(channel, passed.mass).coupling_ctau_m
        assert ctau is not None
        band = excluded_band(
            channel.signal.ctaus(), [point["sigma_limit_fb"] for point in found],
            sigma_reference=passed.sigma_fb * channel.signal.share(passed.mass),
            ctau_reference=ctau, reference=channel.coupling.reference,
            exponent=channel.coupling.exponent,
        )  # fmt: skip
        bands.append({"mass_gev": passed.mass, "ctau_reference_m": ctau, **asdict(band)})
    return {"bands": bands}


def _numbers(channel: Channel, point: LifetimePoint, label: str | None) -> dict[str, float]:
    through = _through(point.passed, label)
    found = limit(channel, point.passed, through)
    enough = point.enough(label)
    sigma = found.sigma_fb if enough else inf
    return {
        "coupling_limit": found.coupling if enough else inf,
        "sigma_limit_fb": sigma,
        "sigma_limit_err_fb": sigma * point.error[label] if isfinite(sigma) else inf,
        "trigger_efficiency": through.efficiency.value,
        "trigger_efficiency_err": through.efficiency.error,
        "event_limit": found.events,
        "background_events": found.background,
        "n_effective": point.effective[label],
    }


def _through(passed: Passed, label: str | None) -> Through:
    return passed.ideal if label is None else passed.trigger[label]


def at_lifetime(result: ChannelResult, ctau: float, trigger: str | None) -> list[Passed]:
    """Return the points of one lifetime [m] in order of mass, without those of too few events."""
    return [
        point.passed
        for row in result.lifetimes
        for point in row
        if point.ctau == ctau and point.enough(trigger)
    ]


def lifetimes_csv(value: dict[str, Any]) -> str:
    """Return one row a trigger, mass and lifetime, the lifetime fastest.

    Parameters
    ----------
    value : dict
        A channel's JSON.
    """
    grid, stream = value["lifetimes"], io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    head = (value["channel"], value["cl"], value["luminosity_fb"])
    for trigger in grid["triggers"]:
        for where in np.ndindex(len(grid["mass_gev"]), len(grid["ctau_m"])):
            i, j = where
            numbers = [trigger[name][i][j] for name in NUMBERS]
            numbers += [grid["ideal"][name][i][j] for name in ("coupling_limit", "sigma_limit_fb")]
            numbers += [grid["acceptance"][i][j], grid["acceptance_err"][i][j]]
            writer.writerow((
                *head, trigger["label"], grid["mass_gev"][i], grid["ctau_m"][j],
                *(f"{number:.8g}" if isfinite(number) else "" for number in numbers),
                grid["n_events"][i], "yes" if trigger["enough"][i][j] else "no",
            ))  # fmt: skip
    return stream.getvalue()


def bands_csv(value: dict[str, Any]) -> str:
    """Return one row a trigger and mass with the excluded couplings, the ideal trigger first.

    Parameters
    ----------
    value : dict
        A channel's JSON, with a coupling that sets the lifetime.
    """
    grid, stream = value["lifetimes"], io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(BAND_COLUMNS)
    head = (value["channel"], value["cl"], value["luminosity_fb"])
    for trigger in (grid["ideal"], *grid["triggers"]):
        for band in trigger["bands"]:
            edges = (band["lower"], band["upper"])
            writer.writerow((
                *head, trigger["label"], band["mass_gev"],
                *(f"{edge:.8g}" if isfinite(edge) else "" for edge in edges),
                *("yes" if band[name] else "no" for name in ("lower_open", "upper_open")),
                f"{band['ctau_reference_m']:.8g}",
            ))  # fmt: skip
    return stream.getvalue()


def write_limits_npz(path: Path, grid: dict[str, Any]) -> None:
    """Write the limits as a numpy archive, whole.

    ``mass`` [GeV], ``ctau`` [m], ``trigger`` (names, the first is `IDEAL`); every one of `NUMBERS`
    as [trigger, mass, ctau], NaN where there is none; ``acceptance`` [mass, ctau].
    """
    triggers = [grid["ideal"], *grid["triggers"]]
    arrays: dict[str, Any] = {
        "mass": np.array(grid["mass_gev"]),
        "ctau": np.array(grid["ctau_m"]),
        "trigger": np.array([trigger["label"] for trigger in triggers]),
        "acceptance": np.array(grid["acceptance"]),
    }
    arrays |= {name: _finite([trigger[name] for trigger in triggers]) for name in NUMBERS}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with whole_file(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _finite(values: Any) -> FloatArray:
    found = np.array(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def efficiency_grid(result: ChannelResult) -> EfficiencyGrid:
    """Return the triggers' efficiency inside the offline selection on mass and lifetime."""
    signal = result.channel.signal
    grid = EfficiencyGrid(result.labels, signal.masses, signal.ctaus())
    for i, row in enumerate(result.lifetimes):
        grid.n_events[i] = row[0].n_inside
        grid.n_generated[i] = row[0].passed.n_events
        for j, point in enumerate(row):
            whole = point.passed.ideal.sums
            grid.w_total[i, j], grid.w2_total[i, j] = whole.n_total, whole.w2_total
            grid.w_generated[i, j] = point.generated
            for k, label in enumerate(result.labels):
                sums = point.passed.trigger[label].sums
                grid.w_pass[k, i, j], grid.w2_pass[k, i, j] = sums.n_pass, sums.w2_pass
    return grid


def mass_tables(result: ChannelResult) -> list[GridTable]:
    """Return the triggers' efficiency inside the offline selection, with one bin a mass."""
    axis = Axis("mass", "GeV", mass_edges([point.mass for point in result.points]), "error")
    tables = []
    for label in result.labels:
        sums = np.array([point.trigger[label].sums for point in result.points])
        columns = dict(zip(("n_pass", "w2_pass", "n_total", "w2_total"), sums.T, strict=True))
        table = GridTable.from_sums(label, (axis,), columns, stage=STAGE)
        assert isinstance(table, GridTable)
        tables.append(table)
    return tables


def write_grids(result: ChannelResult, value: dict[str, Any], folder: Path) -> None:
    """Write efficiencies for correctionlib, and limits and efficiencies against lifetime.

    Parameters
    ----------
    result : ChannelResult
    value : dict
        Its JSON.
    folder : Path
        That exists.
    """
    name = result.channel.name
    write_all(
        mass_tables(result), folder / name, ["correctionlib"],
        description=_text(result, value["seed"], "as the parameters say"),
    )  # fmt: skip
    if value["lifetimes"] is None:
        return
    write_text(folder / f"{name}_lifetimes.csv", lifetimes_csv(value))
    write_limits_npz(folder / f"{name}_lifetimes.npz", value["lifetimes"])
    if result.channel.coupling.sets_lifetime:
        write_text(folder / f"{name}_bands.csv", bands_csv(value))
    inner = folder / FOLDER
    inner.mkdir(exist_ok=True)
    grid = efficiency_grid(result)
    write_text(inner / f"{name}.csv", grid_files.to_csv(grid, name))
    grid_files.write_npz(inner / f"{name}.npz", grid)
    write_all(
        grid.tables(STAGE), inner / name, ["correctionlib"],
        description=_text(result, value["seed"], f"ctau {list(grid.ctaus)} m in edges "
                          f"{list(grid.axes()[1].edges)}"),
    )  # fmt: skip


def _text(result: ChannelResult, seed: int, lifetimes: str) -> str:
    channel = result.channel
    signal = channel.signal
    axis = mass_edges(signal.masses)
    return "; ".join([
        f"{channel.title}; process {signal.process} {dict(signal.parameters)}",
        "denominator: events inside the offline selection of the channel; prescales as expectation",
        f"one bin about each point, {signal.mass} {list(signal.masses)} GeV in edges {list(axis)}",
        f"lifetimes: {lifetimes}",
        f"seed {seed}, lowmult {version('lowmult')}",
    ])  # fmt: skip
