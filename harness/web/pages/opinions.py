"""Second listeners: a blind sheet of one's own, what differs, what is settled, objections, and how far people agree."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import Refused, WrongInput
from harness.kept_sheet import kept_sheet, unit_of_call
from harness.rounds import rounds
from harness.scoring import usable_form
from harness.second_opinion import add_opinion, agreement_of, compare, object_to, settle_opinions
from harness.web.declared import Nav, page, waits
from harness.web.may_see import call_of, may_with, reaches, scope_of
from harness.web.pages.calls import duration_of, sound_of
from harness.web.pages.review import shown_review
from harness.web.review_view import ACCURACY, QUESTIONS, in_full
from harness.web.rights import Right
from harness.web.sheet_clips import leg_clips
from harness.web.sheet_draft import bank_of, keep_draft
from harness.web.sheet_fields import answers_of, fields_of
from harness.web.sheet_view import Filled
from harness.web.sheet_words import words_for
from harness.web.visit import Visit
from harness.web.years import sentence_of


@page("/reviews", right=Right.SEE_UNITS, nav=Nav(30, "reviewing.nav"))
def reviews(visit: Visit) -> Response:
    """Rounds that are not settled, and the agreement of those who listened blind."""
    scope = scope_of(visit.person, Right.SEE_CALLS)
    names = {one.unit: one.name or one.unit for one in visit.agency.units}
    pending = _mine(visit, Right.SEE_CALLS)
    rows = [one | {"unit_name": names.get(one["unit"], one["unit"])} for one in pending]
    agreed = _agreed(visit) if scope.everything else None
    return visit.page("reviews.html", pending=rows, agreed=agreed)


def _agreed(visit: Visit) -> dict[str, Any]:
    """How far testers agree by the agency's form, each item with its wording."""
    form = usable_form(visit.agency.settings.form, visit.agency.folder)
    told = agreement_of(form.id, visit.store)
    items = [one | {"words": in_full(one["item"], form, visit.preferences.lang)} for one in told["items"]]
    return told | {"items": items}


@waits("reviewing.wait_second", "/reviews", right=Right.REVIEW)
def to_hear(visit: Visit) -> int:
    """Rounds that want a second listener."""
    return sum("second" not in one["seats"] for one in _mine(visit, Right.REVIEW))


@waits("reviewing.wait_settle", "/reviews", right=Right.SETTLE)
def to_settle(visit: Visit) -> int:
    """Rounds that want a decision."""
    return sum({"first", "second"} <= set(one["seats"]) for one in _mine(visit, Right.SETTLE))


def _mine(visit: Visit, right: Right) -> list[dict[str, Any]]:
    """The rounds that are this person's to hear or to decide."""
    scope = scope_of(visit.person, right)
    return [one for one in visit.store.reviews.unsettled() if visit.store.call_list.sees(scope, one["call_id"])]


@page("/calls/{call_id}/opinion", right=Right.REVIEW, of=call_of)
def opinion(visit: Visit, call: dict[str, Any]) -> Response:
    """A sheet of one's own beside the recording, with one's draft: nobody else's answers are on it."""
    return _blank(visit, call)


@page("/calls/{call_id}/opinion/draft", right=Right.REVIEW, method="POST", of=call_of)
def draft(visit: Visit, call: dict[str, Any]) -> Response:
    """Keep what was changed, and say what it is worth."""
    told = keep_draft(visit, kept_sheet(call["call_id"], agency=visit.agency, store=visit.store))
    return told if visit.by_htmx else visit.to(f"/calls/{call['call_id']}/opinion")


@page("/calls/{call_id}/opinion", right=Right.REVIEW, method="POST", of=call_of)
def give(visit: Visit, call: dict[str, Any]) -> Response:
    """Keep one's opinion; what is wrong with it, or missing, is told beside it."""
    kept, who = kept_sheet(call["call_id"], agency=visit.agency, store=visit.store), visit.person.name
    fields = fields_of(visit.form.multi_items(), kept.form)
    if fields:
        visit.store.drafts.change(kept.call_id, who, lambda _: fields, now=visit.now)
    if fields and Filled(kept, fields).missing and not visit.text("unfinished"):
        return _blank(visit, call, status=422, signing=True)
    try:
        said = answers_of(fields, kept.form)
        if not said:
            raise WrongInput("reviewing.nothing_said")
        add_opinion(kept.call_id, said, who=who, agency=visit.agency, store=visit.store)
    except WrongInput as error:
        return _blank(visit, call, status=422, wrong=sentence_of(error))
    visit.store.drafts.drop(kept.call_id, who)
    return visit.to(f"/calls/{kept.call_id}/review#opinions")


@page("/calls/{call_id}/review/settle", right=Right.SETTLE, method="POST", of=call_of)
def settle(visit: Visit, call: dict[str, Any]) -> Response:
    """Decide every difference of the last round, each with a reason."""
    taken = {name.removeprefix("take:"): value for name, value in visit.form.multi_items() if name.startswith("take:")}
    decisions: dict[str, Any] = {
        key: {"take": value, "reason": visit.text(f"why:{key}")} for key, value in taken.items()
    }
    if ACCURACY in decisions and QUESTIONS not in decisions:
        decisions |= _with_questions(visit, call["call_id"], decisions[ACCURACY])
    told: dict[str, Any] = {"who": visit.person.name, "reason": visit.text("reason")}
    try:
        settle_opinions(call["call_id"], decisions, agency=visit.agency, store=visit.store, **told)
    except (WrongInput, Refused) as error:
        return shown_review(visit, call, status=422, wrong=sentence_of(error), wrong_at="opinions")
    return visit.to(f"/calls/{call['call_id']}/review#opinions")


def _with_questions(visit: Visit, call_id: str, decided: dict[str, Any]) -> dict[str, Any]:
    """The questions go with the count of the right ones, where both differ: they were asked as one."""
    last = rounds(call_id, visit.store)[-1:]
    both = bool(last) and last[0].both_in
    apart = compare(call_id, agency=visit.agency, store=visit.store)["to_settle"] if both else ()
    return {QUESTIONS: decided} if QUESTIONS in apart else {}


@page("/calls/{call_id}/review/object", right=Right.ANSWER, method="POST", of=call_of)
def objection(visit: Visit, call: dict[str, Any]) -> Response:
    """Keep an objection of the unit that was tested; a second listener follows."""
    items = tuple(str(one) for one in visit.form.getlist("items"))
    told: dict[str, Any] = {"who": visit.person.name, "reason": visit.text("reason"), "items": items}
    try:
        object_to(call["call_id"], agency=visit.agency, store=visit.store, **told)
    except (WrongInput, Refused) as error:
        return shown_review(visit, call, status=422, wrong=sentence_of(error), wrong_at="opinions")
    return visit.to(f"/calls/{call['call_id']}/review#opinions")


def _blank(
    visit: Visit, call: dict[str, Any], *, status: int = 200, wrong: str = "", signing: bool = False
) -> Response:
    kept = kept_sheet(call["call_id"], agency=visit.agency, store=visit.store)
    mine = visit.store.drafts.of(kept.call_id, visit.person.name)
    path = sound_of(visit, call) if reaches(visit, Right.HEAR, kept.call_id) else None
    duration_s = duration_of(path)
    clips = leg_clips(kept.facts.get("legs", {}), duration_s)
    filled = Filled(kept, mine["fields"] if mine else {}, clips, duration_s)
    shown: dict[str, Any] = {"filled": filled, "told": words_for(visit.preferences.lang, filled), "there": bool(path)}
    shown |= {"call": call, "unit": unit_of_call(call, visit.agency), "writable": True, "wrong": wrong}
    shown |= {"may": may_with(visit, kept.call_id), "drafts": f"/calls/{kept.call_id}/opinion/draft"}
    shown |= {"bank": bank_of(visit, kept), "holds": filled.holds}
    shown |= {"serial": mine["serial"] if mine else 0, "signing": signing}
    return visit.page("opinion.html", status=status, **shown)
