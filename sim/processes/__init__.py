"""The processes by name, each in a module of its own, loaded when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from firmware_models.errors import unknown_name

if TYPE_CHECKING:
    from sim.machine import Machine
    from sim.processes.base import Process

PROCESSES = {
    "bhabha": "Bhabha",
    "radiative_bhabha": "RadiativeBhabha",
    "digamma": "Digamma",
    "dimuon": "Dimuon",
    "eeee": "Eeee",
    "eemumu": "Eemumu",
    "qqbar": "Qqbar",
    "bbbar": "Bbbar",
    "two_photon_hadrons": "TwoPhotonHadrons",
    "nunugamma": "Nunugamma",
    "dark_photon": "DarkPhoton",
    "axion_like": "AxionLike",
    "photon_gun": "PhotonGun",
    "track_gun": "TrackGun",
    "cosmic": "Cosmic",
    "kshort_gun": "KshortGun",
    "lambda_gun": "LambdaGun",
    "conversion": "Conversion",
    "beam_background_tracks": "BeamBackgroundTracks",
    "b_to_k_s": "BToKS",
    "photon_displaced": "PhotonDisplaced",
    "dark_higgsstrahlung": "DarkHiggsstrahlung",
    "inelastic_dark_matter": "InelasticDarkMatter",
    "tau_pair": "TauPair",
    "tau_pair_dielectron": "TauPairDielectron",
    "tau_to_lepton_alpha": "TauToLeptonAlpha",
    "mumu_zprime": "MumuZprime",
    "zprime_emu": "ZprimeEmu",
    "dark_photon_visible": "DarkPhotonVisible",
    "eegamma": "Eegamma",
    "mumugamma": "Mumugamma",
    "gammagammagamma": "Gammagammagamma",
    "eea": "Eea",
    "fourmuon": "Fourmuon",
    "monopole_pair": "MonopolePair",
}
"""Name (and module) of every process, and its class."""


def process_class(name: str) -> type[Process]:
    """Return the class of a process.

    Raises
    ------
    InputError
        When there is no process of that name.
    """
    if name not in PROCESSES:
        raise unknown_name("process", name, PROCESSES)
    module = importlib.import_module(f"sim.processes.{name}")
    found: type[Process] = getattr(module, PROCESSES[name])
    return found


def get_process(name: str, machine: Machine | None = None, **parameters: Any) -> Process:
    """Return a process, ready to generate.

    Parameters
    ----------
    name : str
        One of `PROCESSES`.
    machine : Machine, optional
        Default: SuperKEKB at the Υ(4S) without energy spread.
    **parameters
        The process's own parameters, as numbers, words or text.

    Raises
    ------
    InputError
        For an unknown name, an unknown parameter or a value that is not allowed.
    """
    return process_class(name)(machine, **parameters)
