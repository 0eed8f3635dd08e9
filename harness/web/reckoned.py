"""Figures and follow-up for the pages: reckoned once for each state of the results and of the agency's files."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from harness.agency import Agency
from harness.figures import Span, figures_of
from harness.programme.follow_up import Deficiency, deficiencies
from harness.programme.past import Reckon
from harness.programme.settings import Improvement, read_programme
from harness.store import Store
from harness.web.blind import blind_calls
from harness.web.site import Site
from harness.web.visit import Visit

YEAR = timedelta(days=366)
NONE = frozenset[str]()
T = TypeVar("T")


def unit_figures(visit: Visit, span: Span) -> dict[str, Any]:
    """A period's figures of the agency and of its units. Whoever shows them leaves them as they are.

    What this person still has to hear without knowing what the first one heard is left out.
    """
    return figures_without(visit.site, visit.store, span, blind_calls(visit))


def figures_without(site: Site, store: Store, span: Span, hidden: frozenset[str] = NONE) -> dict[str, Any]:
    """The same without some calls."""

    def make() -> dict[str, Any]:
        return figures_of(span, agency=site.agency(), store=store, levels=("unit",), without=hidden)

    return _kept(site, ("figures", span, hidden), make, store.revisions.of_figures())


def year_of_deficiencies(visit: Visit, *, unit: str = "") -> tuple[Deficiency, ...]:
    """Every deficient result of a year, or one unit's, oldest first, with its state today."""
    return deficiencies_now(visit.site, visit.store, unit=unit)


def deficiencies_now(site: Site, store: Store, *, unit: str = "") -> tuple[Deficiency, ...]:
    """The same, whoever asks."""
    agency = site.agency()
    today = site.clock().astimezone(agency.zone).date()
    rules = read_programme(agency.folder).improvement
    return remembering(site)(agency, store, rules, today=today, since=today - YEAR, unit=unit)


def remembering(site: Site) -> Reckon:
    """`deficiencies` that are reckoned once for each state, whatever they are wanted for."""

    def reckon(
        _: Agency, store: Store, rules: Improvement, *, today: date, since: date, unit: str = ""
    ) -> tuple[Deficiency, ...]:
        what = ("deficiencies", unit, today, since)
        mark, made_from = store.revisions.of_results(), (store.revisions.of_figures(), site.files_now(), repr(rules))

        def reckoned(one: str) -> tuple[Deficiency, ...]:  # with the agency as it is after its files' state was read
            return deficiencies(site.agency(), store, rules, today=today, since=since, unit=one)

        def make() -> _Reckoned:
            newest, before = store.improvements.newest(), site.remembered.before(what)
            noted = store.improvements.noted_after(before.newest) if before and before.made_from == made_from else None
            found = reckoned(unit) if noted is None else _noted(before.found, noted, reckoned)
            return _Reckoned(found=found, made_from=made_from, newest=newest)

        return _kept(site, what, make, mark, repr(rules)).found

    return reckon


@dataclass(frozen=True, kw_only=True)
class _Reckoned:
    """Deficiencies with what they were reckoned from."""

    found: tuple[Deficiency, ...]
    """They."""
    made_from: Hashable
    """The state of everything but what was noted of them."""
    newest: dict[str, Any] | None
    """What had been noted last, before they were reckoned."""


def _noted(
    found: tuple[Deficiency, ...], noted: frozenset[str], reckoned: Callable[[str], tuple[Deficiency, ...]]
) -> tuple[Deficiency, ...]:
    """The same where something was noted of a few: a note changes its own deficiency and no other."""
    units = {one.unit for one in found if one.call_id in noted}
    anew = {one.call_id: one for unit in units for one in reckoned(unit)}
    return tuple(anew.get(one.call_id, one) for one in found)


def of_results(visit: Visit, what: Hashable, make: Callable[[], T], *, also: Hashable = ()) -> T:
    """What `make` gives, once for each state of the results and of the agency's files, and of what is said `also`."""
    return _kept(visit.site, what, make, visit.store.revisions.of_results(), also)


def from_figures(visit: Visit, what: Hashable, make: Callable[[], T], *, also: Hashable = ()) -> T:
    """The same of what is made from figures alone, which a note of an improvement leaves as they are."""
    return _kept(visit.site, what, make, visit.store.revisions.of_figures(), also)


def _kept(site: Site, what: Hashable, make: Callable[[], T], mark: int, also: Hashable = ()) -> T:
    """Once for each mark of the database, read before anything is made from it."""
    return site.remembered.of(what, (mark, site.files_now(), also), make)
