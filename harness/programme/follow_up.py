"""What is followed up: a deficiency opens an improvement, the unit answers, the next test shows whether it helped.

000:214–218: 「如有待改進事項，受查核單位應迅即辦理改善並依限提報改進情形，俾下次查核時進行複查」.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any, Literal

from harness.agency import Agency
from harness.errors import NotFound, Refused
from harness.programme.settings import Improvement as Rules
from harness.store import Store
from harness.store.improvements import ANSWERED, CLOSED, ESCALATED, NOTIFIED
from rubric.rows import BETWEEN, line

INTERNAL = "internal"
EXPLANATIONS = {"away": "公出", "counter": "臨櫃", "leave": "請假", "other": "其他"}
"""Why nobody may have answered well (004:27 and the forms' own 乙): it goes with the answer into every paper."""
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
    series: str
    """internal or external; the re-test is the agency's own either way (000:224: 經考核小組複查)."""
    total: float
    """What it got of 100 points; where only one part was tested, that part by itself as the form rescales it."""
    reasons: tuple[str, ...]
    """`total`, or the items that lost points."""
    state: State
    """How far it has got."""
    objection_until: date
    """Last day on which the person tested may object, from the day on which the sheet was made or signed, or the unit
    told of it, whichever came last: nobody can object to what nobody could know."""
    answer_due: date
    """Last day for the unit's answer."""
    notified: date | None = None
    """When the unit was told; None: that was not noted, its time runs from the end of the time for objection, and it is
    never overdue."""
    answer: str = ""
    """What the unit answered, its explanation before it: 公出：已請代理人接聽."""
    retested_by: str = ""
    """The next test of the unit; empty: none yet."""

    def to_dict(self) -> Row:
        """JSON form."""
        days = ("day", "objection_until", "answer_due")
        told = asdict(self) | {name: str(getattr(self, name)) for name in days}
        return told | {"notified": None if self.notified is None else str(self.notified)}


def deficiencies(
    agency: Agency,
    store: Store,
    rules: Rules,
    *,
    today: date,
    since: date,
    unit: str = "",
    unheard: Container[str] = (),
) -> tuple[Deficiency, ...]:
    """Every deficient result from a day on, or one unit's, oldest first, with its state today.

    A sheet that is not finished or signed is no result yet: nobody can object to it, answer it or improve by it.
    `unheard`: calls that close or escalate none, because their own results may not be told yet.
    """
    lean = store.improvements.lean(str(since), unit=unit, items=bool(rules.items))
    results = [row for row in lean if row["finished"] and not row["void"] and _marked(row, store)]
    events = store.improvements.since(str(since), unit=unit)
    known = _Known(agency=agency, rules=rules, today=today, pending=store.reviews.pending(), events=events)
    retests: dict[str, list[Row]] = defaultdict(list)  # of a unit, in order of their day
    for row in results:
        if row["series"] == INTERNAL and row["call_id"] not in unheard:
            retests[row["unit"]].append(row)
    found = []
    for row in results if rules.items else (row for row in results if row["total"] < rules.below):
        reasons = reasons_of(row, rules)
        if reasons:
            own = retests[row["unit"]]
            later = own[bisect_right(own, row["day"], key=itemgetter("day")) :]
            found.append(_deficiency(row, reasons, later, known))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What every deficiency's state is drawn from, read at once."""

    agency: Agency
    rules: Rules
    today: date
    pending: frozenset[str]
    events: Mapping[str, Sequence[Row]]


def _marked(row: Row, store: Store) -> bool:
    """Put what a result got of 100 into it; False where it got nothing yet. Few sheets need be read for that."""
    mark = mark_of(store.improvements.sheet(row["call_id"])) if row["total"] is None else float(row["total"])
    row["total"] = mark
    return mark is not None


def mark_of(sheet: Mapping[str, Any]) -> float | None:
    """What a sheet got of 100: its total, or where only one part was tested, that part as if it were the whole.

    A direct call to an extension has no switchboard to judge: without this it could never fall below 80.
    """
    if sheet["total"] is not None:
        return float(sheet["total"])
    whole = [part["rescaled"] for part in sheet["parts"] if part["complete"] and part["rescaled"] is not None]
    return float(whole[0]) if len(whole) == 1 and sheet["kind"] == "sheet" else None


def deficiency(call_id: str, agency: Agency, store: Store, rules: Rules, *, today: date) -> Deficiency:
    """One deficiency by its call; NotFound where that call showed none."""
    call = store.get_call(call_id)
    day = agency.day_of(call["started_at"])
    found = deficiencies(agency, store, rules, today=today, since=day, unit=call["unit"])
    for one in found:
        if one.call_id == call_id:
            return one
    raise NotFound("programme.no_deficiency", call_id=call_id)


def reasons_of(row: Row, rules: Rules) -> tuple[str, ...]:
    """Why a result is deficient: its total, or named items that lost points; empty when it is not."""
    scored = map(line, row["items"].split(BETWEEN) if rules.items and row["items"] else ())
    lost = tuple(one.id for one in scored if one.id in rules.items and one.points < one.max)
    return (*(("total",) if float(row["total"]) < rules.below else ()), *lost)


def _deficiency(row: Row, reasons: tuple[str, ...], later: Sequence[Row], known: _Known) -> Deficiency:
    agency, rules = known.agency, known.rules
    events = known.events.get(row["call_id"], ())
    answers = [event for event in events if event["what"] == ANSWERED]
    objection = _objection(row, known)
    told = [agency.day_of(event["at"]) for event in events if event["what"] == NOTIFIED]
    again = (one for one in later if not answers or one["day"] > agency.day_of(answers[0]["at"]).isoformat())
    retest = next((one for one in again if _stands(one, known)), None)
    due = max([objection, *told[:1]]) + timedelta(days=rules.answer_days)
    state = _state(row, events, retest, known, objection=objection, due=due if told else None)
    return Deficiency(
        call_id=row["call_id"],
        unit=row["unit"],
        day=date.fromisoformat(row["day"]),
        series=row["series"],
        total=float(row["total"]),
        reasons=reasons,
        state=state,
        objection_until=objection,
        answer_due=due,
        notified=told[0] if told else None,
        answer=_answered(answers[-1]["detail"]) if answers else "",
        retested_by=retest["call_id"] if retest else "",
    )


def _objection(row: Row, known: _Known) -> date:
    return known.agency.day_of(row["known_at"]) + timedelta(days=known.rules.objection_days)


def _stands(row: Row, known: _Known) -> bool:
    """A good re-test counts at once; a bad one only when nobody may object to it any more."""
    settled = known.today > _objection(row, known) and row["call_id"] not in known.pending
    return settled or not reasons_of(row, known.rules)


def _answered(detail: Row) -> str:
    said = EXPLANATIONS.get(detail.get("explanation", ""), "")
    return "：".join(part for part in (said, detail.get("text", "")) if part)


def _state(
    row: Row, events: Sequence[Row], retest: Row | None, known: _Known, *, objection: date, due: date | None
) -> State:
    """How far a follow-up has got: closed by a person, or by a test that was good; worse again is escalated.

    `due` is None where nobody noted that the unit was told: nothing can be overdue of which nobody told it.
    """
    happened = {event["what"] for event in events}
    if CLOSED in happened:
        return "closed"
    if ESCALATED in happened:
        return "escalated"
    if row["call_id"] in known.pending:
        return "under_objection"
    if known.today <= objection:
        return "objection_time"
    if retest is not None and ANSWERED in happened:
        return "escalated" if reasons_of(retest, known.rules) else "closed"
    if ANSWERED in happened:
        return "answered"
    return "overdue" if due is not None and known.today > due else "waiting"


def notify(call_id: str, day: date, *, who: str, store: Store, now: datetime) -> None:
    """Keep that the unit was told: the time for objection begins then at the earliest, its time to answer after it."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=now.tzinfo)
    store.improvements.note(call_id, NOTIFIED, who=who, detail={"noted_at": now.isoformat()}, now=at)


def answer(call_id: str, text: str, *, who: str, store: Store, now: datetime, explanation: str = "") -> None:
    """Keep a unit's answer: what it did about the deficiency, or why there was none (公出、臨櫃、請假)."""
    detail = {"text": text} | ({"explanation": explanation} if explanation else {})
    store.improvements.note(call_id, ANSWERED, who=who, detail=detail, now=now)


def close(call_id: str, reason: str, *, who: str, store: Store, now: datetime) -> None:
    """Close one by a person's word."""
    store.improvements.note(call_id, CLOSED, who=who, detail={"reason": reason}, now=now)


def check_settled(one: Deficiency) -> None:
    """Refused while somebody may still object, or does: until then it is neither escalated nor closed."""
    if one.state in ("objection_time", "under_objection"):
        raise Refused("improve.too_early", call_id=one.call_id, until=one.objection_until)


def check_may_notify(one: Deficiency) -> None:
    """Refused while somebody objects; within the time for objection it is how the unit learns that it may object."""
    if one.state == "under_objection":
        raise Refused("improve.disputed", call_id=one.call_id)


def escalate(call_id: str, reason: str, *, who: str, store: Store, now: datetime) -> None:
    """Bring one before the agency's meeting (必要時將提報局務會議, 000:218)."""
    store.improvements.note(call_id, ESCALATED, who=who, detail={"reason": reason}, now=now)
