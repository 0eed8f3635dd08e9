"""Second listeners hear for themselves: until somebody's opinion is in, no page shows that person the first one's."""

from __future__ import annotations

from datetime import date

from harness.rounds import open_round, same_name
from harness.web.may_see import reaches
from harness.web.rights import Right
from harness.web.visit import Visit


def is_blind(visit: Visit, call_id: str) -> bool:
    """Whether a round wants an opinion that this person may give and has not given: then what counts stays hidden."""
    now = open_round(call_id, visit.store)
    if not now.entries or now.both_in or same_name(visit.person.name) in now.people:
        return False
    return reaches(visit, Right.REVIEW, call_id) or reaches(visit, Right.SCORE, call_id)


def blind_calls(visit: Visit) -> frozenset[str]:
    """The calls of which a list shows this person no result for now."""
    waiting = (one["call_id"] for one in visit.store.reviews.unsettled())
    return frozenset(call_id for call_id in waiting if is_blind(visit, call_id))


def blind_between(visit: Visit, first: date, last: date) -> frozenset[str]:
    """Those of them from one day to another, both included."""
    hidden, day_of = blind_calls(visit), visit.agency.day_of
    days = {one["call_id"]: day_of(one["started_at"]) for one in visit.store.reviews.unsettled()}
    return frozenset(call_id for call_id in hidden if first <= days[call_id] <= last)
