"""The sentences below a model's fields, read when somebody asks for them.

pydantic can take them as a class is made, and looks for the class's source by walking every module loaded: for the
forty tables of a form that was a third of the time that any command took to start."""

import ast
import inspect
import textwrap
from typing import Any

from pydantic import BaseModel


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Put each field's sentence into the model's JSON Schema, as `ConfigDict(json_schema_extra=describe)` has it."""
    sentences = _sentences(model)
    for name, field in model.model_fields.items():
        known = schema.get("properties", {}).get(field.alias or name)
        if known is not None and name in sentences:
            known.setdefault("description", sentences[name])


def _sentences(model: type[BaseModel]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel and "[" not in one.__name__:
            found |= _below_fields(one)
    return found


def _below_fields(model: type[BaseModel]) -> dict[str, str]:
    """Field name -> the string that stands right below it in the class's body."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
