"""Reading a TOML file into checked data, with one clear message for whatever is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from firmware_models.errors import InputError, check_regular, nearest

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A table of a TOML file: no unknown keys, no silent conversions."""

    # Strict: true is no number and "8e35" neither. Infinity survives the way to the workers.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, ser_json_inf_nan="constants"
    )


def read_text(path: str | Path) -> str:
    """Return a text file's contents.

    Raises
    ------
    InputError
        When it cannot be read or is no UTF-8 text.
    """
    if not str(path):
        raise InputError("needs a file name, not an empty one")
    check_regular(Path(path))
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", place=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not a text file (UTF-8 expected)", place=str(path)) from error


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises
    ------
    InputError
        When it is not valid TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not valid TOML: {str(error)[:200]}", place=place) from error


def check_data(model: type[Model], data: dict[str, Any], place: str) -> Model:
    """Return the data as an instance of `model`.

    Raises
    ------
    InputError
        Naming the place, the path in it, what was given and what is allowed.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _explained(error, model, place) from None


def _explained(error: ValidationError, model: type[BaseModel], place: str) -> InputError:
    """Turn one finding of pydantic into one clear message: a misspelt key before a missing one."""
    findings = error.errors()
    first = next((e for e in findings if e["type"] == "extra_forbidden"), findings[0])
    fields, names = _walk(model, first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        near = nearest(str(first["loc"][-1]), fields)
        hint = f" (nearest: {near!r})" if near else ""
        message = f"unknown key{hint}; allowed: {', '.join(sorted(fields))}"
    elif first["type"] == "union_tag_invalid":
        message = _wrong_kind(first)
    elif first["type"] == "union_tag_not_found":
        message = "needs a kind"
    elif first["type"] != "value_error" and first["type"] != "missing":
        message = f"{message}, not {first['input']!r:.80}"
    elif first["type"] == "missing":
        message = "is missing"
    path = ".".join(names)
    return InputError(message, place=f"{place}: {path}" if path else place)


def _wrong_kind(finding: Any) -> str:
    given = str(finding["ctx"]["tag"])
    allowed = [word.strip(" '") for word in str(finding["ctx"]["expected_tags"]).split(",")]
    near = nearest(given, allowed)
    hint = f" (nearest: {near!r})" if near else ""
    return f"unknown kind {given!r:.40}{hint}; allowed: {', '.join(allowed)}"


def _walk(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[str], list[str]]:
    """Return the keys that the innermost table may have, and the path to the finding.

    pydantic puts the kind that selects a member of a union into the location; the file has no such
    key there, so the path leaves it out.
    """
    here: list[Any] = [model]
    fields, path = list(model.model_fields), []
    for part in location:
        if isinstance(part, int):
            path.append(str(part))
            continue
        tagged = [m for m in here if part in (_tag(m), m.__name__)]
        if tagged:
            here = tagged
        else:
            path.append(part)
            inner = [
                found
                for m in here
                if part in m.model_fields
                for found in _models(m.model_fields[part].annotation)
            ]
            if not inner:
                break
            here = inner
        fields = list(dict.fromkeys(name for m in here for name in m.model_fields))
    return fields, path


def _tag(model: Any) -> str | None:
    """Return the value of `kind` that selects this member of a union."""
    kind = model.model_fields.get("kind")
    values: tuple[Any, ...] = getattr(kind.annotation, "__args__", ()) if kind else ()
    return str(values[0]) if len(values) == 1 else None


def _models(annotation: Any) -> list[Any]:
    """Return the models that an annotation names, through lists, unions and Annotated."""
    if hasattr(annotation, "model_fields"):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [found for item in inner for found in _models(item)]
