"""The cache of compiled kernels follows the sources."""

from __future__ import annotations

from pathlib import Path

import numba
import pytest

from firmware_models import kernels


def _tree(root: Path) -> None:
    for package in kernels.PACKAGES:
        (root / package / "interface").mkdir(parents=True)
    (root / "sim" / "kernel.py").write_text("@njit()\ndef f(x): return x")
    (root / "sim" / "plain.py").write_text("x = 1")
    (root / "firmware_models" / "interface" / "ecl.py").write_text("N = 1")


@pytest.mark.parametrize(
    ("path", "changes"),
    [("sim/kernel.py", True), ("firmware_models/interface/ecl.py", True), ("sim/plain.py", False)],
)
def test_hash_changes_with_what_kernels_are_made_of(
    tmp_path: Path, path: str, changes: bool
) -> None:
    _tree(tmp_path)
    before = kernels.source_hash(tmp_path)
    (tmp_path / path).write_text((tmp_path / path).read_text() + "\n# changed")
    assert (kernels.source_hash(tmp_path) != before) == changes


def test_old_caches_are_forgotten(tmp_path: Path) -> None:
    for number in range(kernels.KEPT + 3):
        (tmp_path / str(number)).mkdir()
    kernels._forget_old(tmp_path, tmp_path / "0")
    assert kernels.KEPT <= len(list(tmp_path.iterdir())) <= kernels.KEPT + 1
    assert (tmp_path / "0").exists()


def test_every_kernel_goes_through_the_cache() -> None:
    root = Path(kernels.__file__).resolve().parent.parent
    direct = [
        str(path.relative_to(root))
        for package in kernels.PACKAGES
        for path in (root / package).rglob("*.py")
        if "numba.njit" in path.read_text(encoding="utf-8") and path.name != "kernels.py"
    ]
    assert direct == []


def test_kernel_computes() -> None:
    @kernels.njit()
    def double(x: int) -> int:
        return 2 * x

    assert double(21) == 42
    assert kernels.cache_folder() == numba.config.CACHE_DIR
