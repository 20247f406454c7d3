"""The commands and programs of the efficiency page, run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from sim.cli import main
from trigger.bits import BitTable
from trigger.decision_files import open_writer
from trigger.decisions import Provenance, chunk
from trigger.export.json import read

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(1)
    n = 4000
    photonECM, photonTheta = rng.uniform(0, 5, n), rng.uniform(0.6, 2.2, n)
    bits = BitTable.from_dense(("lml6", "hie"), rng.random((2, n)) < [[0.7], [0.4]])
    provenance = Provenance(
        bits.names, (1.0, 1.0), truth={"photonECM": "GeV", "photonTheta": "rad"}
    )
    with open_writer(tmp_path / "decisions.parquet", provenance) as writer:
        writer.write(
            chunk("gamma", bits, bits, truth={"photonECM": photonECM, "photonTheta": photonTheta})
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", ["how-to/efficiency_tables.md", "reference/file_formats.md"])
def test_blocks_run_in_order(workplace: Path, page: str) -> None:
    names: dict[str, object] = {}
    kinds = []
    for kind, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        kinds.append(kind)
        if kind == "bash":
            words = shlex.split(text.replace("\\\n", " "))
            assert words[0] == "lowmult"
            assert main(words[1:]) == 0
        else:
            exec(compile(text, page, "exec"), names)
    assert kinds.count("python") >= 1
    if page.startswith("how-to"):
        assert {path.name for path in workplace.glob("single_photon*")} >= {
            "single_photon.corr.json", "single_photon.csv", "single_photon.hepdata.yaml",
            "single_photon_given_hie.json", "single_photon.json",
        }  # fmt: skip
        assert read("single_photon_given_hie.json")[0].condition == "hie"
