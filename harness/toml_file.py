"""A TOML file read into a pydantic model; what is wrong comes out as file, place, key and what is allowed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import ThirdringError, WrongInput
from harness.model_fault import Place, explain, own_faults

Model = TypeVar("Model", bound=BaseModel)
Fault = type[ThirdringError]


class Written(BaseModel):
    """Base of all that a person writes into a file: frozen, no unknown keys, no guessing of kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def read_text(path: Path, *, fault: Fault = WrongInput) -> str:
    """Read a text file in UTF-8; a byte-order mark, as spreadsheets write it, is tolerated."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise fault("file.unreadable", file=str(path), reason=reason) from None
    except UnicodeDecodeError:
        raise fault("file.not_utf8", file=path.name) from None


def read_toml(path: Path, *, fault: Fault = WrongInput) -> dict[str, Any]:
    """Read a TOML file as a plain dict."""
    try:
        return tomllib.loads(read_text(path, fault=fault))
    except tomllib.TOMLDecodeError as error:
        raise fault("file.not_toml", file=path.name, reason=str(error)) from None


def read_json(path: Path, *, fault: Fault = WrongInput) -> dict[str, Any]:
    """Read a JSON file whose top is an object."""
    try:
        data = json.loads(read_text(path, fault=fault))
    except ValueError as error:
        raise fault("file.not_json", file=path.name, reason=str(error)) from None
    if not isinstance(data, dict):
        raise fault("file.not_json", file=path.name, reason="{ … }")
    return data


def build(model: type[Model], data: dict[str, Any], *, file: str, fault: Fault, place: Place) -> Model:
    """Make the model of what was read; every fault in the file is named, not only the first."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = own_faults(error.errors(include_url=False))
        problems = tuple(fault(key, **values) for key, values in explain(model, faults, data, file, place))
        raise fault(problems[0].key, problems=problems) from None
