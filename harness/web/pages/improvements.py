"""What is to be improved: answered by the unit, noted, closed or escalated by the convener; complaints counted."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.responses import Response

from harness.complaints import ALL
from harness.errors import WrongInput
from harness.number_gate.called_number import find_unit
from harness.programme import follow_up
from harness.programme.follow_up import EXPLANATIONS, Deficiency
from harness.rounds import is_pending
from harness.web.declared import page, waits
from harness.web.done import done, said
from harness.web.followed import OPEN, deficiency_of, followed, rows_of, sees_every_unit, today_of
from harness.web.may_see import reaches
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.visit import Visit
from rubric.periods import period_before, period_named, period_of

SHOWN = 200
MONTHS = 12
MOST_COMPLAINTS = 100_000
Row = dict[str, Any]


@page("/improvements", right=Right.SEE_UNITS)
def listing(visit: Visit) -> Response:
    """The list; somebody of a unit comes to the own unit, where it is answered."""
    if not sees_every_unit(visit):
        return visit.to(f"/units/{visit.person.unit}")
    found = followed(visit)
    every = bool(visit.asked.get("all"))
    shown = [one for one in found if every or one.state in OPEN]
    last = period_of(today_of(visit), "month")
    months = [last]
    for _ in range(MONTHS - 1):
        months.append(period_before(months[-1]))
    told: Row = {
        "rows": rows_of(shown[:SHOWN], visit),
        "count": len(shown),
        "every": every,
        "note": said(visit),
        "months": months,
    }
    counted = visit.store.complaints.counted(months[-1], last)[::-1]
    titles = {one.unit: one.name or one.unit for one in visit.agency.units}
    return visit.page("improvements.html", **told, counted=counted, units=visit.agency.units, titles=titles)


@page("/improvements/{call_id}", right=Right.SEE_UNITS, of=deficiency_of)
def one(visit: Visit, found: Deficiency) -> Response:
    """One, with everything that happened to it."""
    (row,) = rows_of([found], visit)
    events = visit.store.improvements.of(found.call_id)
    answers = visit.may(Right.ANSWER) and found.unit == visit.person.unit and found.state != "closed"
    objects = reaches(visit, Right.ANSWER, found.call_id) and not is_pending(found.call_id, visit.store)
    told: Row = {"events": events, "note": said(visit), "answers": answers, "objects": objects}
    return visit.page("improvement.html", one=row, today=today_of(visit), **told)


@page("/improvements/{call_id}/answer", right=Right.ANSWER, method="POST", of=deficiency_of)
def answer(visit: Visit, found: Deficiency) -> Response:
    """The unit's answer; who may see every unit answers for the own all the same."""
    if found.unit != visit.person.unit:
        raise Hidden
    text, explanation = visit.text("text"), visit.text("explanation", most=20)
    if not text:
        raise WrongInput("improvements.no_text")
    if explanation and explanation not in EXPLANATIONS:
        raise WrongInput("improvements.explanation")
    follow_up.answer(found.call_id, text, explanation=explanation, **_by(visit))
    visit.log("improvement_answered", call_id=found.call_id)
    return done(visit, f"/units/{found.unit}", "improvements.answered")


@page("/improvements/{call_id}/notify", right=Right.FOLLOW_UP, method="POST", of=deficiency_of)
def notify(visit: Visit, found: Deficiency) -> Response:
    """The unit was told on a day."""
    try:
        day = date.fromisoformat(visit.text("day", most=10))
    except ValueError:
        raise WrongInput("improvements.which_day") from None
    if day > today_of(visit):
        raise WrongInput("improve.day_to_come", day=day)
    follow_up.check_may_notify(found)
    now = visit.now.astimezone(visit.agency.zone)
    follow_up.notify(found.call_id, day, who=visit.person.name, store=visit.store, now=now)
    return _noted(visit, found, "improvement_notified")


@page("/improvements/{call_id}/close", right=Right.FOLLOW_UP, method="POST", of=deficiency_of)
def close(visit: Visit, found: Deficiency) -> Response:
    """Closed by a person's word, once nobody can object any more."""
    follow_up.check_settled(found)
    follow_up.close(found.call_id, _reason(visit), **_by(visit))
    return _noted(visit, found, "improvement_closed")


@page("/improvements/{call_id}/escalate", right=Right.FOLLOW_UP, method="POST", of=deficiency_of)
def escalate(visit: Visit, found: Deficiency) -> Response:
    """Before the meeting, once nobody can object any more."""
    follow_up.check_settled(found)
    follow_up.escalate(found.call_id, _reason(visit), **_by(visit))
    return _noted(visit, found, "improvement_escalated")


@page("/complaints", right=Right.FOLLOW_UP, method="POST")
def complain(visit: Visit) -> Response:
    """A number of complaints; typed in again it is a correction, and the one before stays."""
    unit = visit.text("unit", most=80)
    name = ALL if unit == ALL else find_unit(unit, visit.agency.units).unit
    try:
        month, count = period_named(visit.text("month", most=20), "month"), int(visit.text("count", most=7))
    except ValueError:
        raise WrongInput("improvements.complaint") from None
    source = visit.text("source", most=80)
    if not source or not 0 <= count <= MOST_COMPLAINTS:
        raise WrongInput("improvements.complaint")
    told: Row = {"unit": name, "month": month, "source": source, "count": count}
    visit.store.complaints.add(**told, note=visit.text("note", most=200), who=visit.person.name, now=visit.now)
    visit.log("complaints_counted", **told)
    return done(visit, "/improvements", "improvements.complaint_kept", month=month, count=count)


@waits("improvements.wait_for_unit", "/improvements", right=Right.ANSWER)
def to_answer(visit: Visit) -> int:
    """The own unit's that wait for its answer."""
    found = followed(visit, right=Right.ANSWER, unit=visit.person.unit or "-")
    return sum(one.state in ("waiting", "overdue") for one in found)


def _noted(visit: Visit, found: Deficiency, what: str) -> Response:
    visit.log(what, call_id=found.call_id)
    return done(visit, f"/improvements/{found.call_id}", "improvements.kept")


def _reason(visit: Visit) -> str:
    reason = visit.text("reason", most=500)
    if not reason:
        raise WrongInput("improvements.no_reason")
    return reason


def _by(visit: Visit) -> Row:
    return {"who": visit.person.name, "store": visit.store, "now": visit.now}
