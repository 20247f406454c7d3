"""Reading channels: packaged ones by name, others from a TOML file, all checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError, unknown_name
from sim.processes import process_class
from sim.processes.base import Process
from sim.processes.lifetimes import check_lifetimes
from sim.processes.long_lived import LongLived
from sim.sensitivity.channel import Channel
from sim.study.fields import Range
from sim.toml_file import check_data, parse_toml, read_text
from sim.truth import VARIABLES


def packaged() -> tuple[str, ...]:
    """Return the names of the channels that come with the package."""
    folder = files("sim.sensitivity").joinpath("channels")
    return tuple(sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".toml")))


def load_channel(given: str | Path) -> Channel:
    """Read a channel.

    Parameters
    ----------
    given : str or Path
        Name of a packaged channel, or path of a TOML file.

    Raises
    ------
    InputError
        Naming the file, the path in it, what was given and what is allowed.
    """
    name = str(given)
    if name in packaged():
        place = f"{name}.toml"
        text = files("sim.sensitivity").joinpath("channels", place).read_text(encoding="utf-8")
    elif name and not Path(name).suffix and not Path(name).is_file():
        raise unknown_name("channel", name, packaged())
    else:
        place, text = name, read_text(name)
    return parse_channel(parse_toml(text, place), place)


def parse_channel(data: dict[str, Any], place: str) -> Channel:
    """Check a channel's data; `place` names where it comes from."""
    channel = check_data(Channel, data, place)
    for path, regions in _all_regions(channel):
        for cut in (cut for region in regions for cut in region):
            _check_variable(cut.variable, f"{place}: {path}")
    for i, window in enumerate(channel.offline.window):
        _check_variable(window.variable, f"{place}: offline.window.{i}")
    for i, observable in enumerate(channel.offline.observable):
        for variable in observable.variables:
            _check_variable(variable, f"{place}: offline.observable.{i}")
    try:
        process = process_class(channel.signal.process)
        known = [parameter.name for parameter in process.parameters(channel.collider())]
        if channel.signal.mass not in known:
            raise unknown_name("parameter", channel.signal.mass, known, place="signal.mass")
        check_parameters(channel)
    except InputError as error:
        raise InputError(str(error), place=place) from error
    return channel


def _check_variable(name: str, place: str) -> None:
    if name not in VARIABLES:
        raise unknown_name("variable", name, VARIABLES, place=place)


def check_parameters(channel: Channel) -> None:
    """Refuse masses and parameters that the processes do not take.

    Raises
    ------
    InputError
    """
    machine, signal = channel.collider(), channel.signal
    process = process_class(signal.process)
    if signal.ctaus():
        check_lifetimes(signal.process, signal.ctaus(), "signal.lifetimes")
    for mass in signal.masses:
        made = process(machine, **parameters(channel, mass))
        if signal.ctaus() and isinstance(made, LongLived) and not made.products:
            raise InputError(
                f"{signal.process} with these parameters leaves nothing that decays after a flight",
                place="signal.lifetimes",
            )
    if channel.coupling.sets_lifetime:
        _check_coupling(channel, made)
    for published in channel.published:
        if published.ctau is not None and published.ctau not in signal.ctaus():
            raise InputError(f"{published.ctau:g} m is none of signal.lifetimes",
                             place="published.ctau")  # fmt: skip
    for i, background in enumerate(channel.background.process):
        try:
            process_class(background.process)(machine, **background.parameters)
        except InputError as error:
            raise InputError(str(error), place=f"background.process.{i}") from error


def _check_coupling(channel: Channel, process: Process) -> None:
    """Refuse `sets_lifetime` where it has no meaning.

    Raises
    ------
    InputError
    """
    place = "coupling.sets_lifetime"
    if not channel.signal.ctaus():
        raise InputError("needs signal.lifetimes", place=place)
    if not isinstance(process, LongLived) or process.coupling_ctau_m is None:
        raise InputError(f"{process.name} does not know the lifetime from the coupling",
                         place=place)  # fmt: skip
    if len(process.products) != 1:
        raise InputError(f"needs one long-lived particle, not {len(process.products)}",
                         place=place)  # fmt: skip


def parameters(channel: Channel, mass: float) -> dict[str, float | int | str]:
    """Return the parameters of the channel's process at one mass."""
    return {**channel.signal.parameters, channel.signal.mass: mass}


def _all_regions(channel: Channel) -> Sequence[tuple[str, list[list[Range]]]]:
    own = [("offline.regions", channel.offline.regions)]
    return own + [
        (f"truth_trigger.{i}.regions", entry.regions)
        for i, entry in enumerate(channel.truth_trigger)
    ]


def overridden(channel: Channel, changes: Mapping[str, Any], place: str) -> Channel:
    """Return the channel with other values, checked again.

    Parameters
    ----------
    channel : Channel
    changes : mapping
        By path, such as ``statistic.cl``; None leaves what the channel has.
    place : str
        For messages.
    """
    data = channel.model_dump()
    for path, value in changes.items():
        if value is None:
            continue
        *tables, key = path.split(".")
        inner = data
        for table in tables:
            inner = inner[table]
        inner[key] = value
    return parse_channel(data, place)
