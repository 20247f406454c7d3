"""What `l1_throttle` must never do, proven for all inputs and all times by yosys' solver.

`hdl/formal/l1_throttle_properties.sv` watches the block's ports with registers of its own. The
proof is temporal induction: no sequence of inputs from reset breaks the property (or the lemma that
the watching registers and the block's agree) within n clocks, and none does on the clock after any
n clocks on which both held. There is no bound on the number of clocks.

Nothing is assumed of the inputs but a reset on the first clock: register writes may come at any
time, with any data, also with values that the model refuses.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_models.errors import InputError, unknown_name
from hdl.sources import Design, block_sources, find_block
from hdl.synth import read_passes, run_passes
from hdl.tools import ROOT

BLOCK = "l1_throttle"
WATCHER = ROOT / "hdl" / "formal" / f"{BLOCK}_properties.sv"

PROPERTIES = {
    "spacing": "no accept comes sooner after the last one than the register says (24 after reset)",
    "cells": "the output never says more than 32 occupied cells",
    "busy": "no accept on a tick on which a BUSY input is high whose mask bit is set",
    "veto": "no accept while a window is up, unless the veto is active and activity is low",
    "tag": "the tag is the number of accepts before, modulo 2^32",
}
"""What is proven, by name."""

_PROVEN = "Induction step proven: SUCCESS!"
_BROKEN = "model found for base case: FAIL!"
_LENGTH = re.compile(r"(?:Trying induction with|Base case for induction) length (\d+)")

MOST_INDUCTION = 4
"""Longest induction that is tried [clocks]: what is not inductive by then wants a better lemma."""


@dataclass(frozen=True)
class PropertyProof:
    """Verdict on one property.

    Parameters
    ----------
    name : str
        One of `PROPERTIES`.
    proven : bool
        It holds on every clock, for all inputs.
    counterexample : bool
        Some inputs break it `clocks` clocks after the first. Neither proven nor broken: it holds
        for so many clocks, and nothing is known beyond.
    clocks : int
        Length of the induction, or of the search for a counter-example.
    """

    name: str
    proven: bool
    counterexample: bool
    clocks: int


def prove_property(
    name: str, sources: Sequence[Path] | None = None, *, most_clocks: int = 12
) -> PropertyProof:
    """Prove one property of the RTL of `l1_throttle`, for any number of clocks.

    Parameters
    ----------
    name : str
        One of `PROPERTIES`.
    sources : sequence of path, optional
        Other files of the block, packages first, with the same instances and registers: the
        watcher looks at them. Default: ours.
    most_clocks : int
        Clocks in which a counter-example is looked for when there is no proof.

    Raises
    ------
    InputError
        For an unknown property, when pyosys is missing, or when the RTL does not elaborate.
    """
    if name not in PROPERTIES:
        raise unknown_name("property", name, PROPERTIES)
    files = tuple(sources or block_sources(BLOCK))
    design = Design(find_block(BLOCK), (*files, WATCHER), WATCHER.stem)
    proven, _, clocks = _ask(design, f"-maxsteps {MOST_INDUCTION} -prove lemma_o,{name}_o 2'b11")
    if proven:
        return PropertyProof(name, True, False, clocks)
    # The lemma may have failed: what breaks the property itself is another question.
    _, broken, clocks = _ask(
        design, f"-tempinduct-baseonly -maxsteps {most_clocks} -prove {name}_o 1"
    )
    return PropertyProof(name, False, broken, clocks)


def _ask(design: Design, question: str) -> tuple[bool, bool, int]:
    """Return whether the question is proven, whether it is refuted, and the clocks it took."""
    with tempfile.TemporaryDirectory(prefix="lowmult-prove-") as path:
        folder = Path(path)
        passes = [
            *read_passes(design, folder),
            *("proc", "flatten", "opt -full", "opt_clean -purge"),
            f"tee -q -o answer.txt sat -tempinduct -set reset_first_o 1 {question} {design.top}",
        ]
        run_passes(design, passes, folder)
        answer = (folder / "answer.txt").read_text(encoding="utf-8")
    lengths = _LENGTH.findall(answer)
    if not lengths:
        raise InputError("the solver gave no answer", place=f"{design.sources[-1]}: {question}")
    return _PROVEN in answer, _BROKEN in answer, max(map(int, lengths))
