"""What a form file says of the call: legs, settings, the head of the sheet."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from rubric.table import Basis, Id, Setting, Table


class NoAnswer(Table):
    """From when on ringing counts as unanswered."""

    rings: int | None = Field(default=None, ge=1)
    """Rings, counted from the first."""
    seconds: Decimal | None = Field(default=None, gt=0)
    """Seconds from the first ring."""


class BusyRetry(Table):
    """How an engaged line is dialled again. It changes no point: engaged is no result."""

    retries: int = Field(default=3, ge=0, le=9)
    """How often, after the first call."""
    retry_after_minutes: int = Field(default=10, ge=1)
    """How long to wait before each."""
    clause: str = ""
    """Where the form says it."""
    ours: str = "量表未列忙線：不是結果，隔 10 分鐘再撥，最多 3 次，之後註明忙線由人決定"
    """Why a choice of ours stands here, where the form says nothing."""


class Leg(Table):
    """How one leg of the call is tested."""

    text: str
    """What the agency calls it."""
    attempts: Setting[int] = Setting[int](value=1, letter=1)
    """Unanswered calls it takes before the result counts."""
    retry_after_minutes: int | None = Field(default=None, ge=1)
    """How long to wait before the next attempt."""
    no_answer: NoAnswer | None = None
    """When ringing counts as unanswered, if the form says."""
    busy: BusyRetry = BusyRetry()
    """What is done when the line is engaged; apart from `attempts`."""
    clause: str = ""
    """Where the form says it."""


class Settings(Table):
    """The choices a form leaves open."""

    latency_basis: Setting[Basis] = Setting[Basis](value="either", letter="either")
    """Which limb of 「rings or seconds」 counts."""
    unobserved: Setting[Literal["zero", "exclude_and_rescale"]] = Setting[Literal["zero", "exclude_and_rescale"]](
        value="zero", letter="zero"
    )
    """What an item is worth when nobody was reached."""
    no_answer_combine: Setting[Literal["both", "any"]] = Setting[Literal["both", "any"]](value="both", letter="both")
    """Whether both limits of `no_answer` must pass, or one is enough."""
    partial_credit: Setting[bool] = Setting[bool](value=False, letter=False)
    """Whether a composite item gives points for the part that was met."""


class HeaderField(Table):
    """A blank at the head of the sheet."""

    id: Id
    """Its key in ANSWERS."""
    text: str
    """Its wording."""
    type: Literal["signature", "unit", "roc_datetime", "phone", "text", "extension"] = "text"
    """What belongs in it."""


class FactQuestion(Table):
    """Something about the call that only the tester can say."""

    id: Id
    """Its name in conditions."""
    text: str
    """The question."""
    machine: str = ""
    """What the machine can propose, if anything."""
