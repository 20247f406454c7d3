"""Arguments that make no sense together, and targets that cannot be written: exit 2, no file."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.cli import main
from sim.detector.parameters import checked_number
from sim.machine import Machine
from sim.processes import PROCESSES, process_class
from trigger.bits import BitTable
from trigger.decision_files import open_writer
from trigger.decisions import MenuId, Provenance, chunk
from trigger.menu import load, loads
from trigger.menu.parser import parse
from trigger.samples import Sample


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    path = tmp_path / "d.parquet"
    provenance = Provenance(
        ("a", "b"), (1.0, 1.0), MenuId("toy", "1", ""), {"e_cm": "GeV"}, {"bhabha": Sample(1.0)}
    )
    bits = BitTable.from_dense(("a", "b"), np.ones((2, 3), bool))
    with open_writer(path, provenance) as writer:
        writer.write(chunk("bhabha", bits, bits, truth={"e_cm": np.ones(3)}))
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--within", "e_cm:2:1"), "--within: needs LOW < HIGH, not 'e_cm:2:1'"),
        (("--within", "e_cm:1:2", "--within", "e_cm:0:2"), "--within: given twice: e_cm"),
        (("--reference", "a"), "--reference: 'a' is a --line as well"),
        (("--format", "csv,csv", "--out", "{o}/x"), "--format: given twice: csv"),
        (("--process", "bhabha", "--process", "bhabha"), "--process: given twice: bhabha"),
        (("--out", ""), "--out: must be a file name without ending"),
        (("--out", "{o}/"), "--out: must be a file name without ending"),
        (("--out", "{o}/no/x"), "cannot write here: the folder does not exist"),
        (("--out", "{o}/f"), "f.json: is a folder"),
        (("--out", "{o}/g", "--reference", "b"), "g_given_b.csv: is a folder"),
        (("--flow", "x" * 10**6 + "=clamp"), "--flow: unknown axis 'xxx"),
        (("--cl", "x" * 10**6), "--cl: must be a finite number, not 'xxx"),
    ],
)
def test_efficiency_refuses(
    arguments: tuple[str, ...],
    message: str,
    decisions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    (out / "f.json").mkdir(parents=True)
    (out / "g_given_b.csv").mkdir()
    given = [text.replace("{o}", str(out)) for text in arguments]
    command = ["efficiency", str(decisions), "--line", "a", "--axis", "e_cm:0:2:1", *given]
    assert main(command) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err) < 600
    assert sorted(path.name for path in out.rglob("*")) == ["f.json", "g_given_b.csv"]


def test_rates_refuse_a_process_given_twice(
    decisions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = ["--process", "bhabha", "--process", "bhabha"]
    assert main(["rates", str(decisions), "--luminosity", "1e33", *twice]) == 2
    assert "--process: given twice: bhabha" in capsys.readouterr().err


@pytest.mark.parametrize("stem", ["", ".", "{o}/", "{o}/..", "{o}/taken"])
def test_menu_export_refuses_before_it_writes(
    stem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken.alg").mkdir()
    given = stem.replace("{o}", str(tmp_path))
    assert main(["menu", "export", "low_multiplicity", "--out", given]) == 2
    assert len(capsys.readouterr().err) < 400
    assert [path.name for path in tmp_path.iterdir()] == ["taken.alg"]


def test_the_limit_in_a_message_is_the_limit() -> None:
    limited = [
        (parameter, float(parameter.high))
        for name in PROCESSES
        for parameter in process_class(name).parameters(Machine())
        if not parameter.choices and np.isfinite(parameter.high)
    ]
    assert any(float(f"{high:g}") != high for _, high in limited)
    for parameter, high in limited:
        with pytest.raises(InputError) as caught:
            parameter.check(repr(float(np.nextafter(high, np.inf))), "p")
        written = str(caught.value).split(" to ")[1].split()[0].rstrip(",")
        assert float(written) == high


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "not " * 5000 + "a", "a and " * 100_000 + "a", "x" * 10**6, "!" * 9000]
)
def test_pathological_expressions_end_early_with_a_short_message(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert len(str(caught.value)) < 500


def _menu(n_lines: int) -> str:
    inputs = "\n".join(f"i{k} = {k}" for k in range(22))
    sums = " and ".join(f"(i{2 * k} or i{2 * k + 1})" for k in range(11))
    outputs = "\n".join(f'[outputs.o{k}]\nindex = {k}\nlogic = "{sums}"' for k in range(n_lines))
    return f'[menu]\nname = "m"\nversion = "1"\n[inputs]\n{inputs}\n{outputs}\n'


def test_products_of_a_menu_are_bounded() -> None:
    start = time.monotonic()
    with pytest.raises(InputError, match=r"outputs\.o9: .*20480 products; allowed in one menu"):
        loads(_menu(40))
    assert time.monotonic() - start < 20
    assert sum(len(line.dnf) for line in loads(_menu(2)).lines) == 4096


def test_a_menu_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(b"\xef\xbb\xbf" + _menu(1).encode())
    assert load(path).names == ("o0",)


@pytest.mark.parametrize(
    "command",
    [
        ("menu", "check", "x" * 100_000),
        ("menu", "check", "x" * 100_000 + ".toml"),
        ("process", "x" * 100_000),
        ("process", "bhabha", "--cut", "x" * 9000),
        ("process", "bhabha", "--param", "x" * 100_000),
        ("process", "bhabha", "--events", "x" * 100_000),
        ("rates", "d.parquet", "--luminosity", "x" * 100_000),
    ],
)
def test_messages_do_not_repeat_long_text(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(command)) == 2
    assert len(capsys.readouterr().err) < 1200


def test_a_number_beyond_floats_in_the_configuration() -> None:
    with pytest.raises(InputError, match="given a whole number of more than 24 digits; allowed"):
        checked_number(10**400, 0.0, 1.0, place="x")
    for wrong in (float("nan"), float("inf"), True, "1", 1.5):
        with pytest.raises(InputError, match="allowed: a number from 0 to 1"):
            checked_number(wrong, 0.0, 1.0, place="x")
