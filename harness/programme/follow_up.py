"""What is followed up: a deficiency opens an improvement, the unit answers, the next test shows whether it helped.

000:214–218: 「如有待改進事項，受查核單位應迅即辦理改善並依限提報改進情形，俾下次查核時進行複查」.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from harness.agency import Agency
from harness.errors import NotFound
from harness.programme.settings import Improvement as Rules
from harness.rounds import is_pending
from harness.store import Store
from harness.store.improvements import ANSWERED, CLOSED

State = Literal["objection_time", "under_objection", "waiting", "overdue", "answered", "closed", "escalated"]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Deficiency:
    """One deficient result and how far its follow-up has got."""

    call_id: str
    """The call that showed it."""
    unit: str
    """The unit."""
    day: date
    """When."""
    total: float
    """What it got of 100 points."""
    reasons: tuple[str, ...]
    """`total`, or the items that lost points."""
    state: State
    """How far it has got."""
    objection_until: date
    """Last day on which the person tested may object."""
    answer_due: date
    """Last day for the unit's answer."""
    answer: str = ""
    """What the unit answered."""
    retested_by: str = ""
    """The next test of the unit; empty: none yet."""

    def to_dict(self) -> Row:
        """JSON form."""
        days = ("day", "objection_until", "answer_due")
        return asdict(self) | {name: str(getattr(self, name)) for name in days}


def deficiencies(agency: Agency, store: Store, rules: Rules, *, today: date, since: date) -> tuple[Deficiency, ...]:
    """Every deficient result from a day on, oldest first, with its state today."""
    results = [row for row in store.improvements.results(str(since)) if not row["void"] and row["total"] is not None]
    found = []
    for place, row in enumerate(results):
        reasons = reasons_of(row, rules)
        if reasons:
            later = [one for one in results[place + 1 :] if one["unit"] == row["unit"] and one["day"] > row["day"]]
            found.append(_deficiency(row, reasons, later, agency, store, rules, today))
    return tuple(found)


def deficiency(call_id: str, agency: Agency, store: Store, rules: Rules, *, today: date) -> Deficiency:
    """One deficiency by its call; NotFound where that call showed none."""
    day = agency.day_of(store.get_call(call_id)["started_at"])
    found = deficiencies(agency, store, rules, today=today, since=day)
    for one in found:
        if one.call_id == call_id:
            return one
    raise NotFound("programme.no_deficiency", call_id=call_id)


def reasons_of(row: Row, rules: Rules) -> tuple[str, ...]:
    """Why a result is deficient: its total, or named items that lost points; empty when it is not."""
    lost = tuple(
        item["id"]
        for item in row["sheet"]["items"]
        if item["id"] in rules.items and item["points"] is not None and float(item["points"]) < float(item["max"])
    )
    return (*(("total",) if float(row["total"]) < rules.below else ()), *lost)


def _deficiency(
    row: Row, reasons: tuple[str, ...], later: Sequence[Row], agency: Agency, store: Store, rules: Rules, today: date
) -> Deficiency:
    events = store.improvements.of(row["call_id"])
    answers = [event for event in events if event["what"] == ANSWERED]
    judged = agency.day_of(row["made_at"])
    objection = judged + timedelta(days=rules.objection_days)
    retest = next((one for one in later if not answers or one["day"] > answers[0]["at"][:10]), None)
    due = objection + timedelta(days=rules.answer_days)
    state = _state(row, events, retest, store, rules, today=today, objection=objection, due=due)
    return Deficiency(
        call_id=row["call_id"],
        unit=row["unit"],
        day=date.fromisoformat(row["day"]),
        total=float(row["total"]),
        reasons=reasons,
        state=state,
        objection_until=objection,
        answer_due=due,
        answer=answers[-1]["detail"].get("text", "") if answers else "",
        retested_by=retest["call_id"] if retest else "",
    )


def _state(
    row: Row,
    events: Sequence[Row],
    retest: Row | None,
    store: Store,
    rules: Rules,
    *,
    today: date,
    objection: date,
    due: date,
) -> State:
    """How far a follow-up has got: closed by a person, or by a test that was good; worse again is escalated."""
    happened = {event["what"] for event in events}
    if CLOSED in happened:
        return "closed"
    if is_pending(row["call_id"], store):
        return "under_objection"
    if today <= objection:
        return "objection_time"
    if retest is not None and ANSWERED in happened:
        return "escalated" if reasons_of(retest, rules) else "closed"
    if ANSWERED in happened:
        return "answered"
    return "overdue" if today > due else "waiting"


def answer(call_id: str, text: str, *, who: str, store: Store, now: datetime) -> None:
    """Keep a unit's answer: what it did about the deficiency, or why there was none (公出、臨櫃、請假)."""
    store.improvements.note(call_id, ANSWERED, who=who, detail={"text": text}, now=now)


def close(call_id: str, reason: str, *, who: str, store: Store, now: datetime) -> None:
    """Close one by a person's word."""
    store.improvements.note(call_id, CLOSED, who=who, detail={"reason": reason}, now=now)
