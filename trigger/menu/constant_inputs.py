"""Input bits of the public GDL menus that are always 0 here, each with the reason.

The names are those of menu 0034 (data files of basf2), less what `trigger.menu.inputs` produces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """Why nothing produces an input bit, and the value that it has instead."""

    reason: str
    value: int = 0


UNKNOWN = "unknown to this trigger: constant 0"
"""Of an input that is neither produced nor named here."""


def _all(names: Iterable[str], reason: str) -> dict[str, Constant]:
    return dict.fromkeys(names, Constant(reason))


CONSTANT_INPUTS: dict[str, Constant] = {
    **_all((f"t3_{i}" for i in range(4)),
           "the analytic 3D fitter is not simulated; neural tracks (ty) do its task"),
    **_all(("tx_0", "tx_1"), "their meaning is not documented publicly"),
    **_all(("bha_type_0", "bha_type_1"),
           "the code of the 2D Bhabha's 14 types in two bits is not documented publicly"),
    **_all(("top_0", "top_1", "top_2", "top_bb", "top_active"),
           "the trigger of the time-of-propagation counter is not simulated"),
    **_all((f"cdctop_{i}" for i in range(4)),
           "matches of tracks to the time-of-propagation counter, whose trigger is not simulated"),
    "trkflt": Constant("its meaning is not documented publicly"),
    **_all(("veto", "injv"),
           "signal of the machine; the readout simulation applies its injection veto to the "
           "decisions instead"),
    **_all(("her_kick", "ler_kick"),
           "signal of the machine; the readout simulation has injections, but sends the GDL none"),
    "revo": Constant("signal of the machine, once a turn: no function of an event"),
    "bha_delay": Constant("source beside the GDL, a Bhabha after a delay: no function of an event"),
    "pseud_rand": Constant("source inside the GDL: no function of an event"),
    "poissonin": Constant("source beside the GDL: no function of an event"),
    "plsin": Constant("source beside the GDL, a pulser: no function of an event"),
    **_all(("nimin0", "nimin1"), "for external NIM signals, of which there are none"),
    **_all(("inp159", "inp160", "inp161"), "spare, by its name"),
}  # fmt: skip
"""Input bit by name to its value and the reason."""
