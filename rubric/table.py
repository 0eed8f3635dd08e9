"""A table of a form file, and the words its keys may hold."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator

from rubric.field_docs import describe

Outcome = Literal["answered", "no_answer", "busy", "fault_theirs"]
LegName = Literal["ivr", "operator", "unit"]
Basis = Literal["either", "rings", "seconds", "strictest", "by_signal"]
NaPolicy = Literal["full_points", "reallocate_in_group", "reallocate_in_part", "reallocate_in_sheet", "exclude", "zero"]
ItemType = Literal["check", "absence", "single", "multi", "number", "latency", "composite", "timed", "text"]
Id = Annotated[str, Field(pattern=r"^[^\s|]+$")]
T = TypeVar("T")


class Table(BaseModel):
    """A table of the form file: no key but its own, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, json_schema_extra=describe)


class Setting(Table, Generic[T]):
    """A choice. Leaving what the form's text says (`letter`) needs the approval that allowed it."""

    value: T
    """What is applied."""
    letter: T
    """What the form's own text says."""
    approval: str = ""
    """The 文號 that allows `value` to differ from `letter`."""
    why: str = ""
    """Why this is the reading."""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict | Setting) else {"value": raw, "letter": raw}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A setting may also be written as its plain value."""
        table = handler(schema)
        plain = dict(handler.resolve_ref_schema(table)["properties"]["value"])
        return {"anyOf": [plain, table]}
