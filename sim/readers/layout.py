"""Where a ROOT file keeps its events: tree, branch names and units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from firmware_models.errors import InputError, nearest, unknown_name
from sim.readers.text import clean, listed

REQUIRED = ("pdg", "px", "py", "pz", "energy")
POSITION = ("x", "y", "z", "t")
OPTIONAL = (*POSITION, "status", "weight", "experiment", "run", "event", "candidate")
MOMENTUM_UNITS = {"GeV": 1.0, "MeV": 1e-3}
LENGTH_UNITS = {"cm": 1.0, "mm": 0.1, "m": 100.0}
TIME_UNITS = {"ns": 1.0, "s": 1e9, "mm/c": 0.1 / 29.9792458}

JAGGED: Mapping[str, str] = {name: name for name in (*REQUIRED, *POSITION, "status", "weight")}
"""One entry an event, one variable-length branch a quantity."""

_COUNTERS = {
    "experiment": "__experiment__",
    "run": "__run__",
    "event": "__event__",
    "candidate": "__candidate__",
    "weight": "__weight__",
}

NTUPLE_MC: Mapping[str, str] = {
    "pdg": "mcPDG",
    "px": "mcPX",
    "py": "mcPY",
    "pz": "mcPZ",
    "energy": "mcE",
    "x": "mcProductionVertexX",
    "y": "mcProductionVertexY",
    "z": "mcProductionVertexZ",
    **_COUNTERS,
}
"""One entry a particle, as written by basf2's variablesToNtuple, generator variables."""

NTUPLE: Mapping[str, str] = {
    "pdg": "PDG",
    "px": "px",
    "py": "py",
    "pz": "pz",
    "energy": "E",
    "x": "mcProductionVertexX",
    "y": "mcProductionVertexY",
    "z": "mcProductionVertexZ",
    **_COUNTERS,
}
"""The same for particle lists that are made of generated particles (fillParticleListFromMC)."""

STANDARD = (JAGGED, NTUPLE_MC, NTUPLE)


@dataclass(frozen=True)
class RootLayout:
    """Where to find what in a ROOT file.

    Parameters
    ----------
    tree : str, optional
        Name of the tree. Default: the only tree of the file.
    names : mapping
        Branch of each quantity where it differs from a standard layout. Quantities: ``pdg px py
        pz energy`` (needed), ``x y z t`` (production point and time), ``status`` (1 = final
        state; others are left out), ``weight``, and, with one entry a particle, ``experiment
        run event candidate``.
    momentum_unit : {"GeV", "MeV"}
    length_unit : {"cm", "mm", "m"}
    time_unit : {"ns", "s", "mm/c"}

    Raises
    ------
    InputError
        For an unknown quantity or unit.
    """

    tree: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    momentum_unit: str = "GeV"
    length_unit: str = "cm"
    time_unit: str = "ns"

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in (*REQUIRED, *OPTIONAL):
                raise unknown_name("quantity", name, (*REQUIRED, *OPTIONAL), place="layout.names")
        for unit, allowed in (
            ("momentum_unit", MOMENTUM_UNITS),
            ("length_unit", LENGTH_UNITS),
            ("time_unit", TIME_UNITS),
        ):
            if getattr(self, unit) not in allowed:
                raise unknown_name("unit", getattr(self, unit), allowed, place=f"layout.{unit}")

    def resolve(self, branches: Iterable[str], place: str) -> dict[str, str]:
        """Return the branch of every quantity that the tree has.

        The first standard layout whose needed branches are all there is taken, with `names` on
        top.

        Raises
        ------
        InputError
            Lists the branches found and names the nearest to each missing one.
        """
        found = set(branches)
        best: dict[str, str] = {}
        missing: list[str] = [*REQUIRED]
        for standard in STANDARD:
            wanted = {**standard, **self.names}
            absent = [wanted[q] for q in (*REQUIRED, *self.names) if wanted[q] not in found]
            if not absent:
                return {q: name for q, name in wanted.items() if name in found}
            if not best or len(absent) < len(missing):
                best, missing = wanted, absent
        hints = []
        for name in dict.fromkeys(missing):
            near = nearest(name, found)
            hints.append(f"{name!r}" + (f" (nearest: {clean(near)!r})" if near else ""))
        raise InputError(f"no branch {', '.join(hints)}; found: {listed(found)}", place=place)
