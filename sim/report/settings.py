"""A configuration as text: TOML that reads back to the same data."""

from __future__ import annotations

import json
from typing import Any


def toml_text(data: dict[str, Any]) -> str:
    """Return nested settings as TOML.

    Parameters
    ----------
    data : dict
        Of the types that JSON has, without None. Keys are letters, digits, ``_`` and ``-``.
    """
    parts: list[str] = []
    own = {key: value for key, value in data.items() if not _is_table(value)}
    if own:
        parts.append(_lines(own))
    for key, value in data.items():
        if _is_table(value):
            tables = value if isinstance(value, list) else [value]
            head = f"[[{key}]]" if isinstance(value, list) else f"[{key}]"
            parts += [f"{head}\n{_lines(table)}" for table in tables]
    return "\n".join(parts)


def _is_table(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _lines(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    # Numbers, truth values and strings are written alike in JSON and TOML.
    return json.dumps(value, ensure_ascii=False)
