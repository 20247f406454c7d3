"""Registers of the track trigger as quantities, and tables that belong together."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.interface.neuro import below_z
from trigger.chain import register_values
from trigger.menu import load
from trigger.track_trigger import TrackTrigger


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("stt_z", "10 cm", below_z(10)),
        ("stt_z", "15 cm", below_z(15)),
        ("ty_z", "20 cm", below_z(20)),
        ("nnt_z", "40 cm", below_z(40)),
        ("momentum", "600 MeV", 600),
        ("momentum", "0.6 GeV", 600),
    ],
)
def test_quantities_are_counts(name: str, text: str, counts: int) -> None:
    assert register_values({"single_track": {name: text}})["single_track"][name] == counts


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stt_z", "10 GeV", "or a text such as '1 cm'"),
        ("momentum", "0.6005 GeV", "must be whole in MeV"),
        ("ip_class", "1 cm", "it has no unit"),
    ],
)
def test_other_units_are_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        register_values({"single_track": {name: text}})


def test_the_working_point_of_the_classes_needs_the_deeper_network() -> None:
    registers = register_values(load("low_multiplicity").working_point("deep_network"))
    assert np.array_equal(registers["single_track"]["ip_class"], [8192 - 2500])
    assert TrackTrigger(registers, "deep").network == "deep"
    with pytest.raises(InputError, match=r"single_track.ip_class: is for the network 'deep'"):
        TrackTrigger(registers, "mlp")
