"""The period that a page is asked for, and those that it offers."""

from __future__ import annotations

from harness.figures import Span, span_of
from harness.web.visit import Visit
from rubric.periods import Period, period_before, period_of

MONTHS, YEARS = 15, 2


def kind_of(name: str) -> Period:
    """What a period's name names: 2026-11, 2026-Q4, 2026-H2, 2026; in either calendar."""
    _, _, rest = name.strip().upper().partition("-")
    return "year" if not rest else "quarter" if rest[0] == "Q" else "half_year" if rest[0] == "H" else "month"


def asked_span(visit: Visit, *, usual: Period) -> Span:
    """The period that the address names, or the one that is now. WrongInput where there is no such."""
    today = visit.now.astimezone(visit.agency.zone).date()
    name = visit.asked.get("period", "")[:20] or period_of(today, usual)
    return span_of(kind_of(name), name)


def offered(visit: Visit) -> list[str]:
    """Names of periods to choose from, months first, the newest first in each kind."""
    today = visit.now.astimezone(visit.agency.zone).date()
    counts: tuple[tuple[Period, int], ...] = (("month", MONTHS), ("quarter", 4 * YEARS), ("half_year", 2 * YEARS))
    found = []
    for kind, count in (*counts, ("year", YEARS)):
        name = period_of(today, kind)
        for _ in range(count):
            found.append(name)
            name = period_before(name)
    return found
