"""Imports run one way: sim → trigger → firmware_models; hdl → trigger.menu, firmware_models."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("firmware_models", "trigger", "sim", "hdl")
ALLOWED = {
    "firmware_models": ("firmware_models",),
    "trigger": ("trigger", "firmware_models"),
    "hdl": ("hdl", "trigger.menu", "firmware_models"),
    "sim": ("sim", "trigger", "firmware_models"),
    "sim/cli": ("sim", "trigger", "firmware_models", "hdl"),
}


def _imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if name.split(".")[0] in PACKAGES]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = []
    for path in files:
        place = "sim/cli" if (ROOT / "sim" / "cli") in path.parents else package
        allowed = ALLOWED[place]
        for name in _imports(path):
            # `from trigger import menu` names both `trigger` and `trigger.menu`.
            parents = tuple(prefix.rpartition(".")[0] for prefix in allowed if "." in prefix)
            if name not in parents and not any(
                name == prefix or name.startswith(prefix + ".") for prefix in allowed
            ):
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == []
