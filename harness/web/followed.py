"""Deficiencies as one person may see them: a unit's own, or all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from harness.errors import NotFound
from harness.programme.follow_up import Deficiency, deficiency
from harness.programme.settings import read_programme
from harness.store import Store
from harness.web.between import listed_text
from harness.web.blind import blind_calls, is_blind
from harness.web.may_see import reaches, scope_of
from harness.web.problems import Hidden
from harness.web.reckoned import year_of_deficiencies
from harness.web.rights import SEE_EVERY_CALL, Right
from harness.web.visit import Visit
from harness.words import say
from rubric.schema import Form

OPEN = ("objection_time", "under_objection", "waiting", "overdue", "answered", "escalated")
EARLY = ("objection_time", "under_objection")
Row = dict[str, Any]


def today_of(visit: Visit) -> date:
    """The day it is where the agency is."""
    return visit.now.astimezone(visit.agency.zone).date()


def sees_every_unit(visit: Visit) -> bool:
    """Whether somebody is not held to the own unit."""
    return bool(visit.person.roles & SEE_EVERY_CALL)


def unit_of(visit: Visit, unit: str) -> str:
    """The unit that a path names; Hidden where it is not this person's to see, or there is none."""
    known = [one.unit for one in visit.agency.units]
    if unit not in known or not (sees_every_unit(visit) or unit == visit.person.unit):
        raise Hidden
    return unit


def deficiency_of(visit: Visit, call_id: str) -> Deficiency:
    """The deficiency of the call that a path names; Hidden where the route's right does not reach it."""
    if not reaches(visit, visit.right, call_id) or is_blind(visit, call_id):
        raise Hidden
    rules = read_programme(visit.agency.folder).improvement
    try:
        return deficiency(call_id, visit.agency, visit.store, rules, today=today_of(visit))
    except NotFound:
        raise Hidden from None


def followed(visit: Visit, *, right: Right = Right.SEE_UNITS, unit: str = "") -> list[Deficiency]:
    """A year's deficiencies that a right reaches, newest first, those that wait for somebody before the others."""
    found, scope, blind = year_of_deficiencies(visit, unit=unit), scope_of(visit.person, right), blind_calls(visit)
    told = [one for one in found if one.call_id not in blind]
    seen = [one for one in told if scope.everything or visit.store.call_list.sees(scope, one.call_id)]
    return sorted(reversed(seen), key=lambda one: one.state == "closed")


def item_texts(store: Store, form: str, version: str) -> dict[str, str]:
    """An item's own wording by its id; empty where the form was not kept."""
    try:
        return _texts(store.forms.content(form, version))
    except NotFound:
        return {}


@lru_cache(maxsize=16)
def _texts(content: str) -> dict[str, str]:
    """A frozen form's, which never changes: every result of a page would read it again."""
    form = Form.model_validate_json(content)
    return {item.id: item.text or form.group(item.group).text for item in form.items}


def rows_of(found: Iterable[Deficiency], visit: Visit) -> list[Row]:
    """Deficiencies as a page shows them."""
    titles = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}
    below = read_programme(visit.agency.folder).improvement.below
    return [_row(one, titles, below) for one in found]


def _row(one: Deficiency, titles: Mapping[str, str], below: float) -> Row:
    told = {name: getattr(one, name) for name in ("call_id", "unit", "day", "total", "state", "answer", "retested_by")}
    told |= {"title": titles.get(one.unit, one.unit), "due": one.answer_due, "objection_until": one.objection_until}
    reasons = [say("report.below", points=f"{below:g}") if one == "total" else one for one in one.reasons]
    told |= {"reasons": listed_text(reasons), "notified": one.notified}
    return told | {
        "late": one.state == "overdue",
        "early": one.state in EARLY,
        "disputed": one.state == "under_objection",
    }
