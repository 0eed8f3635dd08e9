"""Figures and follow-up for the pages: reckoned once for each state of the results and of the agency's files."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

from harness.agency import Agency
from harness.figures import Span, figures_of, fill_rows
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
        agency = site.agency()
        fill_rows(agency, store)
        with store.at_one_moment():
            known = site.cells.of(store, span, hidden)
            return figures_of(span, agency=agency, store=store, levels=("unit",), source=known)

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
        mark, also = store.revisions.of_results(), (site.files_now(), repr(rules))

        def of_unit(one: str) -> tuple[Deficiency, ...]:  # with the agency as it is after its files' state was read
            return deficiencies(site.agency(), store, rules, today=today, since=since, unit=one)

        def make() -> tuple[Deficiency, ...]:
            return site.by_unit.of(("deficiencies", today, since), store, since=since, also=also, reckon=of_unit)

        what = ("deficiencies", unit, today, since)
        return _kept(site, what, partial(of_unit, unit) if unit else make, mark, repr(rules))

    return reckon


def of_results(visit: Visit, what: Hashable, make: Callable[[], T], *, also: Hashable = ()) -> T:
    """What `make` gives, once for each state of the results and of the agency's files, and of what is said `also`."""
    return _kept(visit.site, what, make, visit.store.revisions.of_results(), also)


def from_figures(visit: Visit, what: Hashable, make: Callable[[], T], *, also: Hashable = ()) -> T:
    """The same of what is made from figures alone, which a note of an improvement leaves as they are."""
    return _kept(visit.site, what, make, visit.store.revisions.of_figures(), also)


def _kept(site: Site, what: Hashable, make: Callable[[], T], mark: int, also: Hashable = ()) -> T:
    """Once for each mark of the database, read before anything is made from it."""
    return site.remembered.of(what, (mark, site.files_now(), also), make)
