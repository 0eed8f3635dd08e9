"""A try at somebody else's call, or at a page beyond the own roles, is noted (OWASP ASVS 5.0, 16.3.2).

What the asker is told is the same with and without it, and so for a thing that is there and for one that is not.
"""

from __future__ import annotations

import logging

from harness.errors import Refused
from harness.store.refused_tries import LONGEST
from harness.web.problems import Forbidden, Hidden
from harness.web.visit import Visit

BIASED = frozenset({"review.own_unit", "assist.own_unit"})
"""Refusals for who somebody is, among those for what has happened so far."""
_log = logging.getLogger("thirdring.web")


def note_if_refused(error: Exception, visit: Visit) -> None:
    """Note an error that says no to the person; what cannot be noted changes no answer."""
    status = _status(error)
    if status is not None and visit.session is not None:
        note_try(visit, status)


def note_try(visit: Visit, status: int) -> None:
    """Note that this person asked for this path and was refused; the first in an hour goes to the program's output."""
    person, asked = visit.person, f"{visit.request.scope.get('method', 'GET')} {visit.request.url.path}"
    try:
        first = visit.store.refused_tries.note(person.login, asked, who=person.name, status=status, now=visit.now)
    except Exception:  # the disk is full, or another writes for long: the answer is no all the same
        _log.exception("a refused try that could not be noted")
        return
    if first:
        _log.warning("refused: %s asked %s (%d)", ascii(person.login), ascii(asked[:LONGEST]), status)


def _status(error: Exception) -> int | None:
    if isinstance(error, Hidden):
        return 404
    if isinstance(error, Forbidden):
        return 403
    return 409 if isinstance(error, Refused) and error.key in BIASED else None
