"""The pipeline as integers: ticks, masks and products that the kernel works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import CheckFailed, InputError, unknown_name
from firmware_models.gdl_timing import SOURCES
from firmware_models.interface.clock import TICK_NS
from sim.pipeline.config import PipelineConfig, TimingSubTrigger
from sim.pipeline.groups import CDC, ECL, SUB_TRIGGERS, TOP, sub_trigger_of
from trigger.menu import Menu
from trigger.menu.model import Input

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]

SOURCE_SUB = (ECL, TOP, CDC)
"""Sub-trigger of each event-time source, by its code in `gdl_timing`."""

MAX_SIGMA = 6.0
"""Jitter and errors of event times are cut at this many standard deviations."""


class Alignment(NamedTuple):
    """Inputs in the order of their bits, for the kernel.

    Parameters
    ----------
    sub, hold, delay : ndarray of int64, shape (n_inputs,)
        Number of the sub-trigger; ticks.
    class_delay, class_width : ndarray of int64, shape (n_classes,)
        Delay and width [tick] of each class: the inputs that have them in common.
    class_mask : ndarray of uint64, shape (n_classes, n_words)
    """

    sub: Ints
    hold: Ints
    delay: Ints
    class_delay: Ints
    class_width: Ints
    class_mask: Words


class Logic(NamedTuple):
    """The menu as products over the followed inputs, for the kernel.

    Parameters
    ----------
    wanted, forbidden : ndarray of uint64, shape (n_products, n_words)
        Input bits that must be 1, and 0.
    line : ndarray of int64, shape (n_products,)
        Position of the product's line in the menu.
    open : ndarray of uint64, shape (n_line_words,)
        Lines that are not masked.
    """

    wanted: Words
    forbidden: Words
    line: Ints
    open: Words


class Ticks(NamedTuple):
    """Times of the decision [tick]."""

    decision: int
    gdl: int
    budget: int
    gate: int
    self_gate: int
    lookahead: int


@dataclass(frozen=True)
class PipelinePlan:
    """What the model needs to know.

    Parameters
    ----------
    menu : Menu
    inputs : tuple of str
        Inputs that are followed: those that a line reads and a sub-trigger sends.
    alignment : Alignment
    logic : Logic
    ticks : Ticks
    sub_mask : ndarray of uint64, shape (7, n_words)
        Inputs of each sub-trigger.
    latency, pad : ndarray of int64, shape (7,)
        [tick]
    jitter : ndarray of float64, shape (7,)
        Standard deviation [tick].
    spread, tail, tail_part : ndarray of float64, shape (3,)
        Errors of the event times by source code [tick].
    min_quality, rank : ndarray of int64, shape (3,)
        By source code; rank -1: the source is not asked.
    ecl_window, cdc_window, klm_window : int
        [tick]
    """

    menu: Menu
    inputs: tuple[str, ...]
    alignment: Alignment
    logic: Logic
    ticks: Ticks
    sub_mask: Words
    latency: Ints
    pad: Ints
    jitter: NDArray[np.float64]
    spread: NDArray[np.float64]
    tail: NDArray[np.float64]
    tail_part: NDArray[np.float64]
    min_quality: Ints
    rank: Ints
    ecl_window: int
    cdc_window: int
    klm_window: int

    @property
    def words(self) -> int:
        """64-bit words that hold the input bits of one event."""
        return int(self.sub_mask.shape[1])

    @property
    def line_words(self) -> int:
        """64-bit words that hold the lines of one decision."""
        return len(self.logic.open)


def compile_pipeline(config: PipelineConfig, menu: Menu, place: str = "pipeline") -> PipelinePlan:
    """Return the plan of a configuration and a menu.

    Raises
    ------
    InputError
        For an input that the menu does not have, or a decision too early for its gate.
    CheckFailed
        When a path is longer than the budget: the message names it.
    """
    for name in config.inputs:
        if name not in menu.input_index:
            raise unknown_name("input", name, menu.input_index, place=f"{place}.inputs")
    used = {name for line in menu.lines for term in line.dnf for name, _ in term}
    followed = [
        (item, sub)
        for item in menu.inputs
        if item.name in used and (sub := _sub_trigger(config, item.name)) is not None
    ]
    subs = [getattr(config, name) for name in SUB_TRIGGERS]
    timing = [getattr(config, name) for name in SOURCES]
    names = tuple(item.name for item, _ in followed)
    plan = PipelinePlan(
        menu=menu,
        inputs=names,
        alignment=_alignment(config, followed),
        logic=_logic(menu, names),
        ticks=_times(config),
        sub_mask=_masks([SUB_TRIGGERS.index(sub) for _, sub in followed], len(SUB_TRIGGERS)),
        latency=_ticks([1e3 * sub.latency_us for sub in subs]),
        pad=_ticks([1e3 * sub.pad_us for sub in subs]),
        jitter=np.array([sub.jitter_ns / TICK_NS for sub in subs]),
        spread=np.array([source.time_ns / TICK_NS for source in timing]),
        tail=np.array([source.tail_ns / TICK_NS for source in timing]),
        tail_part=np.array([source.tail_part for source in timing]),
        min_quality=np.array([source.min_quality for source in timing], dtype=np.int64),
        rank=np.array(
            [config.priority.index(s) if s in config.priority else -1 for s in SOURCES],
            dtype=np.int64,
        ),
        ecl_window=round(config.ecl.window_ns / TICK_NS),
        cdc_window=round(config.cdc.window_ns / TICK_NS),
        klm_window=round(config.klm.window_ns / TICK_NS),
    )
    _check_decision(config, plan, timing, place)
    _check_budget(config, plan, place)
    return plan


def pack_bits(dense: NDArray[np.bool_]) -> Words:
    """Pack booleans of shape (n, k) into words of shape (n, ceil(k / 64)), at least one word."""
    n, k = dense.shape
    padded = np.zeros((n, 8 * word_count(k)), dtype=np.uint8)
    packed = np.packbits(dense, axis=1, bitorder="little")
    padded[:, : packed.shape[1]] = packed
    return padded.view("<u8").astype(np.uint64, copy=False)


def unpack_bits(words: Words, k: int) -> NDArray[np.bool_]:
    """Unpack words into booleans of shape (n, k); the inverse of `pack_bits`."""
    raw = np.ascontiguousarray(words, dtype="<u8").view(np.uint8)
    return np.unpackbits(raw, axis=1, count=k, bitorder="little").astype(bool)


def word_count(k: int) -> int:
    """Return the words that k bits need, at least one."""
    return max(1, -(-k // 64))


def _sub_trigger(config: PipelineConfig, name: str) -> str | None:
    given = config.inputs.get(name)
    return given.sub_trigger if given and given.sub_trigger else sub_trigger_of(name)


def _align(config: PipelineConfig, item: Input, sub: str) -> tuple[int, int]:
    """Return delay and width: of the input's own entry, the menu, or the sub-trigger."""
    default = getattr(config, sub)
    aligned = (item.delay, item.width) != (0, 1)
    delay = item.delay if aligned else default.delay_ticks
    width = item.width if aligned else default.width_ticks
    given = config.inputs.get(item.name)
    if given and given.delay_ticks is not None:
        delay = given.delay_ticks
    if given and given.width_ticks is not None:
        width = given.width_ticks
    return delay, width


def _alignment(config: PipelineConfig, followed: list[tuple[Input, str]]) -> Alignment:
    pairs = [_align(config, item, sub) for item, sub in followed]
    classes = sorted(set(pairs))
    return Alignment(
        np.array([SUB_TRIGGERS.index(sub) for _, sub in followed], dtype=np.int64),
        np.array([getattr(config, sub).hold_ticks for _, sub in followed], dtype=np.int64),
        np.array([delay for delay, _ in pairs], dtype=np.int64),
        np.array([delay for delay, _ in classes], dtype=np.int64),
        np.array([width for _, width in classes], dtype=np.int64),
        _masks([classes.index(pair) for pair in pairs], len(classes)),
    )


def _logic(menu: Menu, inputs: tuple[str, ...]) -> Logic:
    """Return the products; one that needs an input that nobody sends is left out."""
    position = {name: i for i, name in enumerate(inputs)}
    wanted: list[NDArray[np.bool_]] = []
    forbidden: list[NDArray[np.bool_]] = []
    of_line: list[int] = []
    for number, line in enumerate(menu.lines):
        for term in line.dnf:
            if any(positive and name not in position for name, positive in term):
                continue
            bits = np.zeros((2, len(inputs)), dtype=bool)
            for name, positive in term:
                if name in position:
                    bits[int(not positive), position[name]] = True
            wanted.append(bits[0])
            forbidden.append(bits[1])
            of_line.append(number)
    empty = np.zeros((0, len(inputs)), dtype=bool)
    unmasked = np.array([[not line.prescale.masked for line in menu.lines]])
    return Logic(
        pack_bits(np.array(wanted) if wanted else empty),
        pack_bits(np.array(forbidden) if forbidden else empty),
        np.array(of_line, dtype=np.int64),
        pack_bits(unmasked)[0],
    )


def _masks(group: list[int], n_groups: int) -> Words:
    dense = np.zeros((n_groups, len(group)), dtype=bool)
    dense[group, np.arange(len(group))] = True
    return pack_bits(dense)


def _ticks(values_ns: list[float]) -> Ints:
    return np.array([round(value / TICK_NS) for value in values_ns], dtype=np.int64)


def _times(config: PipelineConfig) -> Ticks:
    decision, gdl, budget = _ticks(
        [1e3 * config.decision_us, 1e3 * config.gdl_latency_us, 1e3 * config.budget_us]
    ).tolist()
    # Whether a decision times itself depends on the signals within its gate, and whether those
    # are open on two better sources, each within a gate.
    lookahead = config.self_gate_ticks + 2 * config.gate_ticks
    return Ticks(decision, gdl, budget, config.gate_ticks, config.self_gate_ticks, lookahead)


def _check_decision(
    config: PipelineConfig, plan: PipelinePlan, timing: list[TimingSubTrigger], place: str
) -> None:
    worst = MAX_SIGMA * max(max(s.time_ns, s.tail_ns) for s in timing) / TICK_NS
    least = plan.ticks.lookahead + int(np.ceil(worst)) + 1
    if plan.ticks.decision < least:
        raise InputError(
            f"must be at least {least * TICK_NS / 1e3:.3f} us (self_gate_ticks, two gate_ticks and "
            f"the largest error of an event time), not {config.decision_us}",
            place=f"{place}.decision_us",
        )


def _check_budget(config: PipelineConfig, plan: PipelinePlan, place: str) -> None:
    """Refuse paths that are longer than the budget."""
    ticks = plan.ticks
    paths = {
        f"decision {config.decision_us} + GDL {config.gdl_latency_us}": ticks.decision + ticks.gdl
    }
    align = plan.alignment
    for name, sub_number, delay in zip(plan.inputs, align.sub, align.delay, strict=True):
        sub = SUB_TRIGGERS[sub_number]
        table = getattr(config, sub)
        path = (
            f"{sub} {table.latency_us} + pad {table.pad_us} + delay {delay * TICK_NS / 1e3:.3f} "
            f"of {name} + GDL {config.gdl_latency_us}"
        )
        paths[path] = int(plan.latency[sub_number] + plan.pad[sub_number] + delay + ticks.gdl)
    path, longest = max(paths.items(), key=lambda item: item[1])
    if longest > ticks.budget:
        raise CheckFailed(
            f"{place}: {path} = {longest * TICK_NS / 1e3:.3f} us is above the budget of "
            f"{config.budget_us} us"
        )
