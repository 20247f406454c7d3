"""A study file is checked before anything runs, and each mistake gets one clear message."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_models.errors import InputError
from sim.study.checks import check_study
from sim.study.chunk import Context
from sim.study.config import StudyConfig, load_study, parse_study
from sim.study.tasks import event_counts

GUN = {"name": "photon", "process": "photon_gun", "rates": False}


def _study(**changes: object) -> dict[str, object]:
    return {"samples": [GUN], **changes}


def test_packaged_study_is_valid() -> None:
    config = load_study()
    check_study(Context(config))
    assert sum(event_counts(config)) >= config.study.events


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"study": {"evnts": 5}}, r"study\.evnts: unknown key \(nearest: 'events'\); allowed: "),
        ({"study": {"events": 0}}, r"study\.events: Input should be greater than or equal to 1"),
        ({"study": {"luminosity_cm2_s": float("nan")}}, r"study\.luminosity_cm2_s: .*not nan"),
        ({"study": {"seed": -1}}, r"study\.seed: .*not -1"),
        ({"samples": []}, r"samples: .*at least 1"),
        ({"samples": [{"name": "x"}]}, r"samples\.0: needs exactly one of process, file"),
        ({"samples": [GUN, GUN]}, r"name 'photon' is given twice"),
        ({"samples": [{**GUN, "share": -1}]}, r"samples\.0\.share: .*not -1"),
        (
            {"efficiency": [{"label": "a", "sample": "foton", "lines": ["hie"],
                             "axes": [{"variable": "x", "edges": [0, 1]}]}]},
            r"unknown sample 'foton' \(nearest: 'photon'\)",
        ),
        (
            {"efficiency": [{"label": "a", "sample": "photon", "lines": ["hie"],
                             "axes": [{"variable": "x", "edges": [1, 0]}]}]},
            r"efficiency\.0\.axes\.0: edges must rise strictly",
        ),
        (
            {"efficiency": [{"label": "a", "sample": "photon", "lines": ["hie"],
                             "axes": [{"variable": "x", "low": 0, "high": 1}]}]},
            r"efficiency\.0\.axes\.0: needs either edges or all of low, high, bins",
        ),
    ],
)  # fmt: skip
def test_mistake_is_named(data: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_study(_study(**data), "my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"efficiency": [{"label": "a", "sample": "photon", "lines": ["lml66"],
                          "axes": [{"variable": "photonECM", "edges": [0, 1]}]}]},
         r"efficiency\.0 \(a\)\.lines: unknown line 'lml66' \(nearest: 'lml6'\)"),
        ({"efficiency": [{"label": "a", "sample": "photon", "lines": ["lml6"],
                          "axes": [{"variable": "photonEMC", "edges": [0, 1]}]}]},
         r"unknown variable 'photonEMC' \(nearest: 'photonECM'\)"),
        ({"study": {"focus": ["hiee"]}}, r"study\.focus: unknown line 'hiee' \(nearest: 'hie'\)"),
        ({"study": {"menu": "low_multiplicty"}}, r"nearest: 'low_multiplicity'"),
        ({"samples": [{"name": "a", "process": "bhaba"}]}, r"unknown process 'bhaba'"),
        ({"registers": {"ecl_selection": {"lml6_enrgy": 1}}}, r"unknown register 'lml6_enrgy'"),
        ({"registers": {"ecl_selection": {"lml6_energy": 1 << 20}}}, r"the register holds 0 to"),
        ({"detector": {"treshold": 1}}, r"treshold"),
    ],
)  # fmt: skip
def test_unknown_name_is_refused_before_the_first_event(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_study(Context(parse_study(_study(**change), "my.toml")))


@pytest.mark.parametrize("content", [b"\x00\xff\xfe", b"[study", b"study = 3", b""])
def test_file_that_is_no_study_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"study\.toml"):
        load_study(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load_study(tmp_path / "none.toml")


def test_config_survives_the_way_to_a_worker() -> None:
    config = load_study()
    assert StudyConfig.model_validate_json(config.model_dump_json()) == config
