"""Event files that other readers refuse, or that say something impossible of themselves."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from firmware_models.errors import InputError
from sim.readers import open_events
from trigger.menu import load


def _changed(path: Path, folder: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert re.search(old, text, re.M)
    target = folder / path.name
    target.write_text(re.sub(old, new, text, count=1, flags=re.M))
    return target


def _read(path: Path) -> int:
    return sum(len(part) for part in open_events(path))


def test_fraction_as_lhe_code(files: dict[str, Path], tmp_path: Path) -> None:
    text = files["lhe"].read_text().split("\n")
    row = next(k for k, line in enumerate(text) if re.match(r"\s*-?13\s", line))
    for code, good in (("13.5", False), ("13.0", True)):
        lines = list(text)
        lines[row] = re.sub(r"^(\s*)-?13\s", rf"\g<1>{code} ", lines[row])
        path = tmp_path / "x.lhe"
        path.write_text("\n".join(lines))
        if good:
            assert _read(path) == _read(files["lhe"])
        else:
            with pytest.raises(InputError, match=rf"line {row + 1}: a particle code .*'13.5'"):
                open_events(path)


@pytest.mark.parametrize("given", ["nan", "-1.0", "inf"])
def test_impossible_cross_section_is_found_on_opening(
    given: str, files: dict[str, Path], tmp_path: Path
) -> None:
    text = files["lhe"].read_text()
    block = text.split("<init>")[1].split("</init>")[0].strip("\n").split("\n")
    fields = block[1].split()
    fields[0] = given
    path = tmp_path / "x.lhe"
    path.write_text(text.replace(block[1], " ".join(fields)))
    with pytest.raises(InputError, match=r"x\.lhe: the cross-section must be a finite number"):
        open_events(path)
    text = files["hepmc3"].read_text().split("\n")
    row = next(k for k, line in enumerate(text) if line.startswith("U "))
    text.insert(row + 1, f"A 0 GenCrossSection {given} 0.1 -1 -1")
    path = tmp_path / "x.hepmc3"
    path.write_text("\n".join(text))
    with pytest.raises(InputError, match=r"x\.hepmc3: line \d+: the cross-section and its"):
        open_events(path)


def test_a_vertex_cannot_be_its_own_parent(files: dict[str, Path], tmp_path: Path) -> None:
    lines = files["hepmc3"].read_text().split("\n")
    row, born = next(
        (k, line.split()) for k, line in enumerate(lines)
        if line.startswith("P ") and int(line.split()[2]) < 0
    )  # fmt: skip
    vertex = next(k for k, line in enumerate(lines[:row]) if line.startswith(f"V {born[2]} "))
    lines[vertex] = re.sub(r"\[.*\]", f"[{born[1]}]", lines[vertex])
    path = tmp_path / "x.hepmc3"
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=f"line {vertex + 1}: .* comes from this vertex itself"):
        _read(path)
    lines = files["hepmc2"].read_text().split("\n")
    row = next(
        k for k, line in enumerate(lines)
        if line.startswith("P ") and line.split()[8] == "1" and line.split()[11] == "0"
    )  # fmt: skip
    mother = next(k for k in range(row, 0, -1) if lines[k].startswith("V "))
    fields = lines[row].split()
    fields[11] = lines[mother].split()[1]
    lines[row] = " ".join(fields)
    path = tmp_path / "x.hepmc2"
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=f"line {row + 1}: the particle ends in the vertex"):
        _read(path)


def test_all_weights_zero(files: dict[str, Path], tmp_path: Path) -> None:
    text = re.sub(r"^W .*$", "W 0", files["hepmc3"].read_text(), flags=re.M)
    path = tmp_path / "x.hepmc3"
    path.write_text(text)
    with pytest.raises(InputError, match="the weights of all events are 0"):
        _read(path)
    path.write_text(re.sub(r"^W .*$", "W 1", text, count=1, flags=re.M))
    assert _read(path) == _read(files["hepmc3"])


@pytest.mark.parametrize("name", ["x.hepmc3", "x.lhe", "x.root", "x.parquet"])
def test_pipes_and_devices_do_not_block(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    for path in (tmp_path / name, Path("/dev/zero")):
        with pytest.raises(InputError, match="is not a regular file"):
            open_events(path)
    os.mkfifo(tmp_path / "m.toml")
    for menu in (tmp_path / "m.toml", tmp_path):
        with pytest.raises(InputError, match="is not a regular file"):
            load(menu)


@pytest.mark.parametrize("code", [0, 2**31, -(10**3000), True])
def test_codes_that_no_particle_has(code: int, files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"invisible: given .*allowed: whole numbers, 1 to 214"):
        open_events(files["lhe"], invisible=[code])
