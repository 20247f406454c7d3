"""Published cross-sections and the settings that reproduce them.

Sources: "B2TIP": cross-section table of the Belle II Physics Book (arXiv:1808.10567), as shown in
the low-multiplicity trigger talks; "ALP": Acanfora et al., arXiv:2307.06369, eq. 5; "notes":
independent calculations in the reference notes (physics sections A.2, A.4, A.6), which check the
implementation, not nature. Tolerances are those of physics section F.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field

from sim.processes import get_process
from sim.processes.base import Estimate
from sim.processes.cuts import read_cut
from sim.processes.measure import measure

_CM10 = {"frame": "cm", "theta_min": 10, "theta_max": 170, "required": 2}


@dataclass(frozen=True)
class Published:
    """One published cross-section.

    Parameters
    ----------
    quantity : str
        What it is.
    process : str
        Process that gives it.
    value_nb, error_nb : float
        The published value [nb]; error 0 when none is stated.
    tolerance : float
        Largest accepted relative difference; 0: shown, not required (see `remark`).
    source : str
        Where it is published.
    parameters : mapping
        Parameters of the process.
    cuts : tuple of str
        Acceptance cuts.
    remark : str
        Why it differs, or what it fixes.
    """

    quantity: str
    process: str
    value_nb: float
    tolerance: float
    source: str
    error_nb: float = 0.0
    parameters: dict[str, object] = field(default_factory=dict)
    cuts: tuple[str, ...] = ()
    remark: str = ""

    def command(self, events: int) -> str:
        """Return the command line that computes it."""
        words = ["lowmult", "process", self.process]
        for key, value in self.parameters.items():
            words += ["--param", f"{key}={value}"]
        for cut in self.cuts:
            words += ["--cut", cut]
        return shlex.join([*words, "--events", str(events)])

    def compute(self, events: int, seed: int = 1) -> Estimate:
        """Return our value."""
        process = get_process(self.process, None, **self.parameters)
        cuts = [read_cut(text, process.final_state or None) for text in self.cuts]
        return measure(process, cuts, events, seed).after


def _dark_photon(mass: float, c: str, angle: float, value_fb: float) -> Published:
    return Published(
        f"γA′, ε = 10⁻³, m = {mass:g} GeV, \\|cosθ*\\| < {c}",
        "dark_photon",
        value_fb * 1e-6,
        0.01,
        "notes A.4",
        parameters={"mass": mass, "frame": "cm", "theta_min": angle, "theta_max": 180 - angle},
    )


def _zprime(mass: float, value_fb: float, tolerance: float, remark: str) -> Published:
    return Published(
        f"μ⁺μ⁻Z′, g′ = 1, m = {mass:g} GeV", "mumu_zprime", value_fb * 1e-6, tolerance,
        "notes A.4", parameters={"mass": mass, "coupling": 1}, remark=remark,
    )  # fmt: skip


def _fusion(mass: float) -> dict[str, object]:
    angles = {"frame": "cm", "theta_min": 22, "theta_max": 158, "energy_min": 0.25}
    return {"mass": mass, "diagrams": "fusion", **angles}


_SINGLE = "count(e gamma, theta_lab in 12.4..155.1 and E_lab > 0.3) == 1"
_ONE = "count(e, theta_lab in {0}..{1}) == 1"
_MUONS = "count({0}, pT_lab > {1} and theta_lab in 17..150) >= {2}"
_RECOIL = "depends on the pair's transverse recoil, see the text"
_END_CAPS = "theta_lab in 12.4..31.4 or theta_lab in 130.7..155.1"
_TRIGGER_RATE = "a trigger rate: gaps, inefficiency and beam background are not in ours"
_LEADING_LOG = "leading logs at Q² = -t, shown, not required"
_MUON_PAIR = "count(mu, theta_lab in 17..150 and p_lab > 0.5) == 2"
_RADIATION = "notes: without the muon's mass in the amplitude, see the text"
_SHORT = "three-variable calculation without the spectator's recoil, see the text"

ROWS: tuple[Published, ...] = (
    Published(
        "e⁺e⁻(γ), 10° < θ* < 170°, E* > 0.15 GeV", "bhabha", 300.0, 0.02, "B2TIP", 3.0, _CM10,
        ("10 < theta_cm(e-) < 170 and E_cm(e-) > 0.15", "10 < theta_cm(e+) < 170"),
    ),
    Published(
        "e⁺e⁻(γ), both p > 0.5 GeV in the ECL", "bhabha", 74.4, 0.04, "B2TIP", 0.0,
        {"required": 2}, ("count(e, theta_lab in 12.4..155.1 and p_lab > 0.5) == 2",),
        "both, not any: recovered by computing either",
    ),
    Published(
        "γγ(γ), 10° < θ* < 170°, E* > 0.15 GeV", "digamma", 4.99, 0.02, "B2TIP", 0.05, _CM10, (),
        "fixes K = 1.103, not a test",
    ),
    Published(
        "γγ(γ), both E > 0.5 GeV in the ECL", "digamma", 3.30, 0.02, "B2TIP", 0.0,
        {"required": 2}, ("count(gamma, theta_lab in 12.4..155.1 and E_lab > 0.5) == 2",),
    ),
    Published("μ⁺μ⁻(γ), total", "dimuon", 1.148, 0.01, "B2TIP"),
    Published(
        "μ⁺μ⁻(γ), both p > 0.5 GeV in the CDC", "dimuon", 0.831, 0.05, "B2TIP", 0.0, {},
        ("count(mu, theta_lab in 17..150 and p_lab > 0.5) == 2",),
    ),
    Published(
        "μ⁺μ⁻γ, p > 0.5 GeV in the CDC, Eγ > 0.5 GeV in the ECL", "mumugamma", 0.242, 0.0, "B2TIP",
        0.0, {"photon_energy_min": 0.3}, (_MUON_PAIR, "E_lab(gamma) > 0.5"),
        "not reproducible: ours is exact lowest order, see the text",
    ),
    Published(
        "νν̄(γ), total", "nunugamma", 0.25e-3, 0.02, "B2TIP", 0.0, {"photon_energy_min": 0}, (),
        "total, no photon required",
    ),
    Published(
        "e⁺e⁻e⁺e⁻, W > 0.5 GeV", "eeee", 39.7, 0.06, "B2TIP", 0.1, {},
        ("min_pair_mass(e) > 0.5",), "W: of every opposite-sign pair",
    ),
    Published(
        "e⁺e⁻μ⁺μ⁻, W > 0.5 GeV", "eemumu", 18.9, 0.05, "B2TIP", 0.1, {}, ("mass(mu) > 0.5",)
    ),
    Published(
        "γa, g = 10⁻⁴ GeV⁻¹, 22° < θ* < 158°", "axion_like", 1e-6, 0.20, "ALP", 0.0,
        {"mass": 0.1, "frame": "cm", "theta_min": 22, "theta_max": 158},
    ),
    Published(
        "γa, g = 10⁻⁴ GeV⁻¹, all angles", "axion_like", 1.184e-6, 0.01, "notes A.4", 0.0,
        {"mass": 0.1, "frame": "cm", "theta_min": 0.1, "theta_max": 179.9},
    ),
    _dark_photon(0.0, "0.6", 53.13010235, 1.83),
    _dark_photon(0.0, "0.9", 25.84193276, 4.76),
    _dark_photon(4.0, "0.6", 53.13010235, 2.65),
    _dark_photon(8.0, "0.9", 25.84193276, 20.3),
    _dark_photon(10.0, "0.6", 53.13010235, 54.0),
    Published(
        "e⁺e⁻ → e⁺e⁻, no vacuum polarisation, 10° < θ* < 170°", "bhabha", 286.8, 0.005,
        "notes A.2", 0.0, {**_CM10, "vacuum_polarisation": "off"},
    ),
    Published(
        "μ⁺μ⁻(γ), no vacuum polarisation", "dimuon", 1.078, 0.005, "notes A.2", 0.0,
        {"vacuum_polarisation": "off"},
    ),
    Published(
        "e⁺e⁻e⁺e⁻, W of the produced pair > 0.5 GeV", "eeee", 80.7, 0.01, "notes A.2"
    ),
    Published(
        "e⁺e⁻μ⁺μ⁻ from threshold", "eemumu", 66.0, 0.01, "notes A.3", 0.0, {"w_min": 0.21132}
    ),
    Published(
        "Bhabha, exactly one in 12.4°–155.1°", "bhabha", 44.0, 0.03, "notes A.6", 0.0, {},
        (_ONE.format(12.4, 155.1),),
    ),
    Published(
        "Bhabha, exactly one in 18.5°–139.3°", "bhabha", 20.5, 0.03, "notes A.6", 0.0,
        {"theta_min": 18.5, "theta_max": 139.3}, (_ONE.format(18.5, 139.3),),
    ),
    Published(
        "e⁺e⁻μ⁺μ⁻, ≥ 1 μ with pT > 0.3 GeV in 17°–150°", "eemumu", 4.07, 0.0, "notes A.6",
        0.0, {}, (_MUONS.format("mu", 0.3, 1),), _RECOIL,
    ),
    Published(
        "e⁺e⁻μ⁺μ⁻, 2 μ with pT > 0.3 GeV in 17°–150°", "eemumu", 1.58, 0.03, "notes A.6",
        0.0, {}, (_MUONS.format("mu", 0.3, 2),),
    ),
    Published(
        "e⁺e⁻μ⁺μ⁻, ≥ 1 μ with pT > 0.5 GeV in 17°–150°", "eemumu", 1.18, 0.0, "notes A.6",
        0.0, {}, (_MUONS.format("mu", 0.5, 1),), _RECOIL,
    ),
    Published(
        "e⁺e⁻e⁺e⁻, ≥ 1 e with pT > 0.3 GeV in 17°–150°", "eeee", 4.59, 0.0, "notes A.6",
        0.0, {}, (_MUONS.format("e", 0.3, 1),),
        _RECOIL,
    ),
    Published(
        "eeγ, one cluster E* > 1 GeV in the barrel, no other > 0.3 GeV: photon",
        "radiative_bhabha", 0.55, 0.0, "notes A.6", 0.0, {"energy_min": 0.9},
        (_SINGLE, "count(gamma, theta_lab in 32.2..128.7 and E_cm > 1) == 1"), _SHORT,
    ),
    Published(
        "the same: electron", "radiative_bhabha", 1.80, 0.0, "notes A.6", 0.0,
        {"energy_min": 0.9},
        (_SINGLE, "count(e, theta_lab in 32.2..128.7 and E_cm > 1) == 1"), _SHORT,
    ),
    Published(
        "single cluster E > 1 GeV in the barrel: 4 kHz at 8×10³⁵", "radiative_bhabha", 5.0, 0.0,
        "trigger talks", 0.0, {"energy_min": 0.9},
        (_SINGLE, "count(e gamma, theta_lab in 32.2..128.7 and E_cm > 1) == 1"),
        _TRIGGER_RATE,
    ),
    Published(
        "the same in the end caps: 7 kHz", "radiative_bhabha", 8.75, 0.0,
        "trigger talks", 0.0, {"energy_min": 0.9},
        (_SINGLE,
         f"count(e gamma, ({_END_CAPS}) and E_cm > 1) == 1"),
        f"{_TRIGGER_RATE}; notes: 4.3 to 18 nb by where the end caps are cut",
    ),
    Published(
        "row 1 with initial-state radiation", "bhabha", 300.0, 0.0, "B2TIP", 3.0,
        {**_CM10, "radiation": "initial"},
        ("10 < theta_cm(e-) < 170 and E_cm(e-) > 0.15",
         "10 < theta_cm(e+) < 170 and E_cm(e+) > 0.15"), _LEADING_LOG,
    ),
    Published(
        "row 2 with initial-state radiation", "bhabha", 74.4, 0.0, "B2TIP", 0.0,
        {"required": 2, "radiation": "initial"},
        ("count(e, theta_lab in 12.4..155.1 and p_lab > 0.5) == 2",), _LEADING_LOG,
    ),
    Published("τ⁺τ⁻(γ), total", "tau_pair", 0.919, 0.01, "B2TIP"),
    _zprime(1.0, 1.00e5, 0.02, ""),
    _zprime(4.0, 5.47e3, 0.02, ""),
    _zprime(8.0, 31.6, 0.0, "notes: without the muon's mass, which costs 2.5 % here; ours with "
            "m_μ → 0 is 31.6 fb"),
    Published(
        "τ⁺τ⁻ → e⁺e⁻ and neutrinos, 22° < θ* < 158°, E* > 0.25 GeV", "tau_pair", 0.0754, 0.0, "ALP",
        0.0, {"tau_minus": "e", "tau_plus": "e"},
        ("count(e, theta_cm in 22..158 and E_cm > 0.25) == 2",),
        "not reproducible: σ(ττ) B(e)² is 29 pb before any cut; notes: 22 pb",
    ),
    Published("uū(γ)", "qqbar", 1.61, 0.02, "B2TIP", 0.0, {"flavour": "u"}),
    Published("cc̄(γ)", "qqbar", 1.30, 0.02, "B2TIP", 0.0, {"flavour": "c"}),
    Published(
        "dd̄(γ)", "qqbar", 0.40, 0.0, "B2TIP", 0.0, {"flavour": "d"}, (),
        "a quarter of uū by the charges",
    ),
    Published(
        "ss̄(γ)", "qqbar", 0.38, 0.0, "B2TIP", 0.0, {"flavour": "s"}, (),
        "depends on where s′ begins; ours at two kaons",
    ),
    Published(
        "row 7 at exact lowest order", "mumugamma", 0.093, 0.0, "notes A.2", 0.0,
        {"photon_energy_min": 0.3}, (_MUON_PAIR, "E_lab(gamma) > 0.5"), _RADIATION,
    ),
    Published(
        "the same, Eγ > 0.5 GeV, any muons", "mumugamma", 0.115, 0.0, "notes A.2", 0.0,
        {"photon_energy_min": 0.3}, ("E_lab(gamma) > 0.5",), _RADIATION,
    ),
    Published(
        "row 7 with Eγ > 0.05 GeV at exact lowest order", "mumugamma", 0.18, 0.0, "notes A.2", 0.0,
        {"photon_energy_min": 0.03}, (_MUON_PAIR, "E_lab(gamma) > 0.05"), _RADIATION,
    ),
    Published(
        "e⁺e⁻a, g = 10⁻⁴ GeV⁻¹, light a", "eea", 7e-8, 0.28, "ALP", 0.0, _fusion(0.0), (),
        "the acceptance is not stated: a factor 1.4; ours: that of the next row",
    ),
    Published(
        "e⁺e⁻a, g = 10⁻⁴ GeV⁻¹, m = 0, both 22° < θ* < 158°, E* > 0.25 GeV", "eea", 5.74e-8, 0.02,
        "notes A.4", 0.0, _fusion(0.0),
    ),
    Published(
        "e⁺e⁻a, g = 10⁻⁴ GeV⁻¹, m = 0, both 17° < θ* < 163°, E* > 0.1 GeV", "eea", 9.2e-8, 0.02,
        "notes A.4", 0.0,
        {"mass": 0.0, "diagrams": "fusion", "frame": "cm", "theta_min": 17, "theta_max": 163,
         "energy_min": 0.1},
    ),
    Published(
        "the same for 22°, 0.25 GeV and m = 1 GeV", "eea", 5.56e-8, 0.02, "notes A.4", 0.0,
        _fusion(1.0),
    ),
    Published("the same, m = 3 GeV", "eea", 4.28e-8, 0.02, "notes A.4", 0.0, _fusion(3.0)),
    Published("the same, m = 6 GeV", "eea", 2.07e-8, 0.02, "notes A.4", 0.0, _fusion(6.0)),
)  # fmt: skip
"""All rows, in the order of the table."""


def table(rows: Iterable[tuple[Published, Estimate]], events: int) -> str:
    """Return the rows as a Markdown table with the commands below it."""
    lines = [
        "| # | quantity | source | published [nb] | ours [nb] | ratio | tolerance | remark |",
        "|---|---|---|---|---|---|---|---|",
    ]
    commands = []
    for number, (row, ours) in enumerate(rows, 1):
        value = f"{row.value_nb:.5g}" + (f" ± {row.error_nb:g}" if row.error_nb else "")
        limit = f"{row.tolerance:.1%}" if row.tolerance else "none"
        lines.append(
            f"| {number} | {row.quantity} | {row.source} | {value} | {ours.value_nb:.5g} ± "
            f"{ours.error_nb:.2g} | {ours.value_nb / row.value_nb:.3f} | {limit} | {row.remark} |"
        )
        commands.append(f"{number}. `{row.command(events)}`")
    return "\n".join([*lines, "", *commands]) + "\n"


def outside(row: Published, ours: Estimate) -> bool:
    """Say whether a required row is outside its tolerance."""
    return row.tolerance > 0.0 and abs(ours.value_nb / row.value_nb - 1.0) > row.tolerance
