"""Calls that a page counts and the papers leave out: whoever was tested may still object, or does, or nobody signed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from markupsafe import Markup

from harness.figures import Span
from harness.papers.held import Held, counted, held_back
from harness.programme.settings import read_programme
from harness.web.blind import blind_calls
from harness.web.followed import sees_every_unit, today_of
from harness.web.reckoned import of_results
from harness.web.render import words
from harness.web.visit import Visit
from harness.web.years import in_sentence


def unsettled_in(visit: Visit, span: Span, *, unit: str = "") -> Markup | None:
    """How many of a period's calls, or of one unit's, are not final and until when, as a sentence; None: all are.

    What is left out of the page's figures is not among them; who sees the own unit alone is not told of a sheet that
    is not signed yet, which is in no figure of theirs.
    """
    blind = blind_calls(visit)
    found = [one for one in _held(visit, span) if one.call_id not in blind and unit in ("", one.unit)]
    if not sees_every_unit(visit):
        found = [one for one in found if not one.unsigned]
    if not found:
        return None
    return words("held.on_page", n=len(found), calls=in_sentence(counted(found, visit.preferences.lang)))


def _held(visit: Visit, span: Span) -> list[Held]:
    return [one for one in held_since(visit, span.first) if one.day <= span.last]


def held_since(visit: Visit, since: date) -> tuple[Held, ...]:
    """The calls from a day on that the papers leave out today, in order of day."""
    site, today = visit.site, today_of(visit)
    days = read_programme(site.folder).improvement.objection_days
    what, also = ("held", since), (today, days)

    def make() -> tuple[Held, ...]:
        state = (site.files_now(), *also)  # and then the agency as its files are: never older than that
        told: dict[str, Any] = {"agency": site.agency(), "store": visit.store, "objection_days": days, "today": today}

        def of_unit(unit: str) -> Iterable[Held]:
            return held_back(since, unit=unit, **told).values()

        return site.by_unit.of(what, visit.store, since=since, also=state, reckon=of_unit)

    return of_results(visit, what, make, also=also)
