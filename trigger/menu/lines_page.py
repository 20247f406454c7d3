"""Docs page with the lines of a menu, and what has to be simulated for each."""

from __future__ import annotations

from trigger.menu.inputs import GRL_INPUTS, KLM_INPUTS, MUON_MATCHES, PRODUCERS, TRACK_INPUTS
from trigger.menu.model import Line, Menu

TRACKS, MUONS, NOTHING = "tracks", "muons", "cannot fire"

_TRACKS = frozenset({*TRACK_INPUTS, *GRL_INPUTS})
_MUONS = frozenset(KLM_INPUTS) | MUON_MATCHES


def needs(line: Line) -> tuple[str, ...]:
    """Return what must be simulated beside the calorimeter for a line to see all its inputs.

    Returns
    -------
    tuple of str
        Of ``tracks`` and ``muons``. Inputs that are always 0 need neither; where every product
        needs such an input, ``cannot fire`` stands alone.
    """
    if all(any(sign and name not in PRODUCERS for name, sign in term) for term in line.dnf):
        return (NOTHING,)
    read = {name for term in line.dnf for name, _ in term}
    found = {TRACKS: read & _TRACKS, MUONS: read & _MUONS}
    return tuple(part for part, names in found.items() if names)


def lines_page(menu: Menu, notice: str) -> str:
    """Return a page with a table of the menu's lines in the order of their index.

    Parameters
    ----------
    menu : Menu
    notice : str
        Comment at the top.
    """
    lines = [f"<!-- {notice} -->", f"# Lines of the menu `{menu.name}`, version {menu.version}", ""]
    lines += [
        f"{menu.description}.",
        "",
        f"`lowmult menu show {menu.name} --inputs` lists the inputs, with the block that gives",
        "each. *Needs*: what has to be simulated beside the calorimeter. *Source*: sections of the",
        "reference notes ecl_klm_gdl; what is an assumption or our own.",
        "",
        *(f"The veto rule `{veto.name}` (`{veto.logic}`) acts on every line."
          for veto in menu.document.vetoes if veto.lines is None and not veto.exceptions),
        "",
        "| index | line | prescale | logic | needs | description | source |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for line in sorted(menu.lines, key=lambda line: line.index):
        cells = (line.index, f"`{line.name}`", line.prescale, f"`{line.logic}`",
                 ", ".join(needs(line)), line.description, line.source)  # fmt: skip
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
