"""Which calls somebody may see, and with which right: the check behind every route that names one.

Right and object are given by one and the same role: whoever is of a unit and reviews as well reviews every call, and
answers for the own unit's only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.errors import Refused
from harness.store.call_list import Scope
from harness.web.person import Person
from harness.web.problems import Hidden
from harness.web.rights import SEE_EVERY_CALL, TABLE, Right, Role
from harness.web.visit import Visit

JUDGING = frozenset({Right.REVIEW, Right.SETTLE})
"""Rights that nobody has over the own unit's calls: who corrects, hears again or decides must be unbiased."""


def scope_of(person: Person, right: Right) -> Scope:
    """The calls that a right reaches, by those of somebody's roles that give it; none where no role does.

    A tester's are those allotted to the tester, and, inside the agency, those allotted to nobody but not of the own
    unit (nobody tests the own unit); a unit's are its own once they are scored; those who review see all, and judge
    all but their own unit's."""
    roles = {role for role in person.roles if right in TABLE[role]}
    if roles & SEE_EVERY_CALL:
        return Scope(everything=True, but_unit=person.unit if right in JUDGING else "")
    testers = roles & {Role.TESTER, Role.OUTSIDE_TESTER}
    return Scope(
        tester=person.name if testers else "",
        spare_but=person.unit if Role.TESTER in roles else None,
        unit=person.unit if Role.UNIT in roles else "",
    )


def reaches(visit: Visit, right: Right, call_id: str) -> bool:
    """Whether the person has a right, and has it for this call."""
    return visit.store.call_list.sees(scope_of(visit.person, right), call_id)


def is_own_to_judge(visit: Visit, call_id: str) -> bool:
    """Whether somebody who reviews or decides may not here, because the call is the own unit's."""
    judges = any(visit.may(right) for right in JUDGING)
    return (
        judges
        and reaches(visit, Right.SEE_CALLS, call_id)
        and not any(reaches(visit, right, call_id) for right in JUDGING)
    )


def may_with(visit: Visit, call_id: str) -> Callable[[Right], bool]:
    """What a call's page calls `may`: the rights that reach this call, not those for other ones."""
    return lambda right: reaches(visit, right, call_id)


def call_of(visit: Visit, call_id: str) -> dict[str, Any]:
    """The call that a path names, whole.

    Hidden where the route's right does not reach it; Refused where somebody would judge the own unit's.
    """
    if not reaches(visit, visit.right, call_id):
        if visit.right in JUDGING and is_own_to_judge(visit, call_id):
            raise Refused("review.own_unit", call_id=call_id)
        raise Hidden
    return visit.store.get_call(call_id)
