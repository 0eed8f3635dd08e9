"""A TOML file read into a pydantic model; what is wrong comes out as file, place, key and what is allowed."""

from __future__ import annotations

import hashlib
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


def read_table_text(path: Path, *, fault: Fault = WrongInput) -> str:
    """The same of a table that somebody made, in UTF-8 or, as Excel saves CSV here, in Big5.

    UTF-8 first: text in Big5 is hardly ever valid UTF-8, while almost anything passes for Big5.
    """
    try:
        return read_text(path, fault=fault)
    except fault as error:
        if error.key != "file.not_utf8":
            raise
    try:
        return path.read_bytes().decode("cp950")
    except UnicodeDecodeError:
        raise fault("file.not_text", file=path.name) from None


def digest_of(text: str) -> str:
    """What differs between two versions of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_toml(path: Path, *, fault: Fault = WrongInput) -> dict[str, Any]:
    """Read a TOML file as a plain dict."""
    return parse_toml(read_text(path, fault=fault), file=path.name, fault=fault)


def parse_toml(text: str, *, file: str, fault: Fault = WrongInput) -> dict[str, Any]:
    """Read the text of a TOML file as a plain dict; `file` is its name."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise fault("file.not_toml", file=file, reason=str(error)) from None


def read_json(path: Path, *, fault: Fault = WrongInput) -> dict[str, Any]:
    """Read a JSON file whose top is an object."""
    try:
        data = json.loads(read_text(path, fault=fault))
    except (ValueError, RecursionError) as error:
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
