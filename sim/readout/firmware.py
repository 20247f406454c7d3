"""The throttle rules of a readout file as register values of the firmware block `l1_throttle`."""

from __future__ import annotations

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Registers
from firmware_models.interface.throttle import N_BUCKET, N_FIFO, N_WINDOW, RINGS
from sim.readout import config as c

ROOM = {"window": N_WINDOW, "leaky_bucket": N_BUCKET, "fifo": N_FIFO, "min_spacing": 1, "apv25": 1}
"""Rules of each kind that the block holds."""


def throttle_registers(config: c.ReadoutConfig, place: str = "") -> tuple[Registers, list[str]]:
    """Return the block's registers for the throttle and veto of a readout.

    Parameters
    ----------
    config : ReadoutConfig
    place : str
        Where the configuration comes from, for messages.

    Returns
    -------
    registers : dict of ndarray
    rules : list of str
        For each rule of the file, the name of the block's rule that does its work (see
        `firmware_models.interface.throttle.RULES`). The block seeks the first cause in its own
        order.

    Raises
    ------
    InputError
        For a rule that the block does not have, too many of a kind, or a value that does not fit
        its register.
    """
    registers = BLOCKS["l1_throttle"].defaults()
    registers["spacing"][:] = 0
    registers["apv_cells"][:] = 0
    used: dict[str, int] = {}
    names = []
    for index, rule in enumerate(config.throttle):
        where = f"{place}: throttle.{index}"
        i = used.get(rule.kind, 0)
        used[rule.kind] = i + 1
        if i >= ROOM.get(rule.kind, 0):
            allowed = ", ".join(f"{n} {kind}" for kind, n in ROOM.items())
            raise InputError(f"{rule.kind} number {i + 1} has no place in the block, "
                             f"which has {allowed}", place=where)  # fmt: skip
        names.append(_set(registers, rule, i, where))
    if config.veto is not None:
        registers["veto_active"][:] = config.veto.mode == "active"
        for ring in config.veto.rings:
            i = RINGS.index(ring.ring)
            registers["veto_enable"][i] = 1
            for name in ("pre_ticks", "length_ticks", "full_turns", "gated_turns", "wait_turns"):
                registers[f"veto_{name.removesuffix('_ticks')}"][i] = getattr(ring, name)
    _check_widths(registers, place)
    return registers, names


def _set(registers: Registers, rule: c.Rule, i: int, where: str) -> str:
    """Write one rule's registers; return the name of the block's rule."""
    if isinstance(rule, c.MinSpacing):
        registers["spacing"][:] = rule.ticks
        return "min_spacing"
    if isinstance(rule, c.Window):
        registers["window_accepts"][i], registers["window_ticks"][i] = rule.accepts, rule.ticks
        return f"window{i}"
    if isinstance(rule, c.LeakyBucket):
        registers["bucket_size"][i], registers["bucket_drain"][i] = rule.size, rule.drain_ticks
        registers["bucket_free"][i] = rule.timer == "free"
        return f"bucket{i}"
    if isinstance(rule, c.Fifo):
        if rule.service != "fixed" or rule.servers != 1:
            raise InputError("the block has fifos with fixed service and one server", place=where)
        registers["fifo_depth"][i], registers["fifo_service"][i] = rule.depth, rule.service_ticks
        return f"fifo{i}"
    assert isinstance(rule, c.Apv25)
    registers["apv_cells"][:] = rule.cells
    registers["apv_samples"][:] = {6: 0, 3: 1, "mixed": 2}[rule.samples]
    registers["apv_frame"][:] = rule.frame_ticks
    registers["apv_processing"][:] = rule.processing_ticks
    registers["apv_grid"][:] = rule.grid_ticks
    registers["apv_eventwise"][:] = rule.free == "event"
    return "apv"


def _check_widths(registers: Registers, place: str) -> None:
    for register in BLOCKS["l1_throttle"].registers:
        largest = int(registers[register.name].max())
        if largest >= 1 << register.width:
            raise InputError(
                f"{largest} does not fit register {register.name} of l1_throttle, "
                f"{register.width} bits", place=f"{place}: throttle",
            )  # fmt: skip
