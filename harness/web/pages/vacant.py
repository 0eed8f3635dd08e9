"""Numbers that turned out not to exist, with what told so, so that the directory can be mended."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import WrongInput
from harness.programme.vacant import days_tested, vacant_numbers
from harness.web.declared import page
from harness.web.followed import today_of
from harness.web.rights import Right
from harness.web.visit import Visit
from rubric.periods import period_before, period_named, period_of

MONTHS = 12


@page("/plan/vacant", right=Right.SEE_REPORTS)
def listing(visit: Visit) -> Response:
    """A month's, or one of its rounds'."""
    months = [period_of(today_of(visit), "month")]
    for _ in range(MONTHS - 1):
        months.append(period_before(months[-1]))
    month, number = _asked(visit, months[0])
    first, last = days_tested(month, number, visit.store)
    found = vacant_numbers(visit.agency, visit.store, first=first, last=last)
    names = {one.unit: one.name or one.unit for one in visit.agency.units}
    rows = [(one, names.get(one.unit, one.unit), one.said(visit.preferences.lang)) for one in found]
    told: dict[str, Any] = {"month": month, "number": number, "months": months, "first": first, "last": last}
    return visit.page("vacant.html", rows=rows, open=sum(not one.mended for one in found), **told)


def _asked(visit: Visit, usual: str) -> tuple[str, int | None]:
    text, number = visit.asked.get("month", "")[:20] or usual, visit.asked.get("round", "")[:3]
    try:
        return period_named(text, "month"), int(number) if number else None
    except ValueError:
        raise WrongInput("programme_pages.which_month", value=f"{text} {number}".strip()) from None
