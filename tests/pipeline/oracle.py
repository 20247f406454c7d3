"""The pipeline tick by tick, from the firmware models: slow, and without the kernel's shortcuts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from firmware_models import gdl_inputs, gdl_logic, gdl_prescale, gdl_timing
from firmware_models.interface.gdl import N_INPUT, N_OUTPUT
from sim.pipeline.config import PipelineConfig
from sim.pipeline.groups import sub_trigger_of
from trigger.menu import Menu
from trigger.menu.firmware import firmware_program

SUBS = ("ecl", "cdc", "klm", "grl", "top", "neuro", "displaced")
CODES = {"ecl": 0, "top": 1, "cdc": 2, "self": 3}
TICK_NS = 4000 / 508.887


@dataclass
class Event:
    """A collision: tick, input names by sub-trigger, jitter, event times."""

    tick: int
    bits: dict[str, list[str]]
    jitter: dict[str, int]
    quality: dict[str, int]
    error: dict[str, int]


@dataclass
class Result:
    """Candidates as (tick, lines, quality, source), and counts."""

    candidates: list[tuple[int, tuple[str, ...], int, str]] = field(default_factory=list)
    late: Counter[str] = field(default_factory=Counter)
    early: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    late_times: Counter[str] = field(default_factory=Counter)
    covered_times: Counter[str] = field(default_factory=Counter)
    late_decisions: int = 0


def simulate(config: PipelineConfig, menu: Menu, events: list[Event], n_ticks: int) -> Result:
    """Play events that all are over before `n_ticks`."""
    ticks = lambda us: round(us * 1e3 / TICK_NS)  # noqa: E731
    decision, gdl, budget = map(
        ticks, (config.decision_us, config.gdl_latency_us, config.budget_us)
    )
    gate = config.gate_ticks
    raw = np.zeros((n_ticks, N_INPUT), dtype=np.uint8)
    delay, width = np.zeros(N_INPUT, dtype=np.int64), np.ones(N_INPUT, dtype=np.int64)
    for item in menu.inputs:
        sub = sub_trigger_of(item.name)
        if sub is not None:
            own = config.inputs.get(item.name)
            delay[item.index] = getattr(config, sub).delay_ticks
            width[item.index] = getattr(config, sub).width_ticks
            if own is not None and own.delay_ticks is not None:
                delay[item.index] = own.delay_ticks
            if own is not None and own.width_ticks is not None:
                width[item.index] = own.width_ticks
    arrival: dict[tuple[int, str], int] = {}
    signals = []
    came: dict[int, list[int]] = {}
    for number, event in enumerate(events):
        for sub in SUBS:
            table = getattr(config, sub)
            sent = max(event.tick + ticks(table.latency_us) + event.jitter[sub], event.tick)
            at = sent + ticks(table.pad_us)
            arrival[number, sub] = at
            for name in event.bits[sub]:
                raw[at : at + table.hold_ticks, menu.input_index[name]] = 1
                came.setdefault(at, []).append(event.tick)
            if event.quality.get(sub, -1) >= 0 and sub in config.priority:
                if event.quality[sub] < table.min_quality:
                    continue
                said = max(event.tick + event.error[sub], event.tick)
                signals.append((said + decision, sent, sub, number))
    result = Result()
    chosen: dict[int, tuple[str, int]] = {}
    for source in config.priority:
        mine = sorted((s for s in signals if s[2] == source), key=lambda s: (s[0], s[3]))
        for tick, sent, _, number in mine:
            if sent > tick - config.self_gate_ticks - 2 * gate:
                result.late_times[source] += 1
            elif any(abs(tick - other) < gate for other in chosen):
                result.covered_times[source] += 1
            else:
                chosen[tick] = (source, number)

    words = gdl_inputs.BLOCK.input.zeros(n_ticks)
    words["bits"] = raw
    aligned = gdl_inputs.evaluate(words, {"delay": delay, "width": width})
    ftdl = gdl_logic.evaluate(aligned, program=firmware_program(menu))
    unmasked = [line.index for line in menu.lines if not line.prescale.masked]
    some = ftdl["bits"][:, unmasked].any(axis=1)
    last_self = -(10**9)
    away = config.self_gate_ticks
    blocked = np.zeros(n_ticks, dtype=bool)
    for tick in chosen:
        blocked[max(0, tick - away + 1) : tick + away] = True
    for tick in range(1, n_ticks):
        if some[tick] and not some[tick - 1] and not blocked[tick] and tick - last_self >= gate:
            chosen[tick] = ("self", -1)
            last_self = tick

    asked = np.zeros(n_ticks, dtype=bool)
    asked[list(chosen)] = True
    ftdl["bits"][~asked] = 0
    registers = {name: np.zeros(N_OUTPUT, dtype=np.int64) for name in gdl_prescale.BLOCK.defaults()}
    made = gdl_prescale.line_registers(
        [float(line.prescale.value) for line in menu.lines],
        [line.prescale.mode for line in menu.lines],
    )
    for name, values in made.items():
        registers[name][[line.index for line in menu.lines]] = values
    psnm = gdl_prescale.evaluate(ftdl, state=gdl_prescale.State.start(registers))

    timing = gdl_timing.BLOCK.input.zeros(n_ticks)
    timing["l1"] = psnm["l1"]
    for tick, _, source, number in signals:
        if chosen.get(tick) == (source, number):
            timing[f"{source}_valid"][tick] = 1
            timing[f"{source}_quality"][tick] = events[number].quality[source]
    order = [CODES[s] for s in config.priority] + [3] * (3 - len(config.priority))
    least = [getattr(config, s).min_quality for s in ("ecl", "top", "cdc")]
    decided = gdl_timing.evaluate(
        timing, {"priority": np.array(order), "min_quality": np.array(least)}
    )
    names = {line.index: line.name for line in menu.lines}
    codes = {code: name for name, code in CODES.items()}
    for tick in sorted(chosen):
        source, number = chosen[tick]
        result.decisions[source] += 1
        if number >= 0:
            for sub, bits in events[number].bits.items():
                for name in bits:
                    i = menu.input_index[name]
                    if not aligned["bits"][tick, i]:
                        late = arrival[number, sub] + delay[i] > tick
                        (result.late if late else result.early)[name] += 1
        if not psnm["l1"][tick]:
            continue
        if number >= 0:
            collision = events[number].tick
        else:
            collision = came[max(at for at in came if at <= tick)][-1]
        if tick + gdl - collision > budget:
            result.late_decisions += 1
            continue
        lines = tuple(names[i] for i in np.flatnonzero(psnm["bits"][tick]))
        word = decided[tick]
        assert codes[int(word["source"])] == source
        result.candidates.append((tick + gdl, lines, int(word["quality"]), source))
    return result
