"""What is reckoned ahead is there for whoever comes next, and never what was right before a change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from kept_calls import agency_with_units, keep_call
from rubric_cases import best
from test_web_remembered import BAD, SPANS, Office, visit_of
from web_pages import NOW

from harness.figures import figures_of, span_of
from harness.programme.follow_up import deficiencies
from harness.programme.rules import rules_of
from harness.programme.settings import read_programme
from harness.store import open_store
from harness.web import reckoned
from harness.web.ahead import Ahead
from harness.web.reckoned import YEAR, figures_without, remembering, unit_figures, year_of_deficiencies
from harness.web.site import Site

YEAR_SPAN = span_of("year", "2026")
MONTHS = ("2026-11", "2026-12")
LONG_S = 60.0


@pytest.fixture
def site(tmp_path: Path) -> Site:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c0", BAD, best())
    return Site(folder=agency.folder, clock=lambda: NOW)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is reckoned meanwhile, and not taken from what is kept."""
    done, real = list[str](), {"figures_of": figures_of, "deficiencies": deficiencies}

    def of(name: str) -> Callable[..., Any]:
        return lambda *given, **told: done.append(name) or real[name](*given, **told)

    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(reckoned, name, of(name))
        yield done


@pytest.mark.parametrize("seed", range(2))
def test_after_a_change_and_its_turn_nobody_waits_and_everything_is_what_would_be_reckoned_now(
    seed: int, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(site=site, draw=Random(seed), calls=["c0"])
    site.clock = lambda: NOW + timedelta(days=office.days % 7)
    ahead = Ahead(site)
    with open_store(site.folder / "thirdring.db") as store:
        for _ in range(12):
            did = office.act(store)
            assert ahead.turn()
            visit = visit_of(site, store)
            with counted(monkeypatch) as done:
                spans = [*SPANS, YEAR_SPAN]
                shown = [figures_without(site, store, span) for span in spans] + [year_of_deficiencies(visit)]
                rules = [rules_of(visit.agency, month, store, reckon=remembering(site)) for month in MONTHS]
            assert done == [], did
            told, today = read_programme(site.folder).improvement, visit.now.date()
            fresh = [figures_of(span, agency=visit.agency, store=store, levels=("unit",)) for span in spans]
            late = deficiencies(visit.agency, store, told, today=today, since=today - YEAR)
            assert shown == [*fresh, late], did
            assert rules == [rules_of(visit.agency, month, store) for month in MONTHS], did


def test_what_changes_while_it_is_reckoned_is_never_shown_as_it_was(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change falls behind what was read and before it is kept: the worst moment there is."""
    ahead, agency = Ahead(site), site.agency()
    changes = iter(["c1", "c2"])

    def figures(*given: Any, **told: Any) -> dict[str, Any]:
        read = figures_of(*given, **told)
        for call_id in changes:
            keep_call(agency, call_id, BAD, best())
            break
        return read

    monkeypatch.setattr(reckoned, "figures_of", figures)
    assert ahead.turn()
    assert not ahead.up_to_date(), "what changed meanwhile calls for another turn"
    with open_store(agency.database) as store:
        shown = unit_figures(visit_of(site, store), SPANS[1])
        assert shown == figures_of(SPANS[1], agency=agency, store=store, levels=("unit",))
        assert shown["calls"] == 3


def test_a_change_of_a_file_while_it_is_reckoned_is_seen_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, units = Ahead(site), site.folder / "units.csv"

    def figures(*given: Any, **told: Any) -> dict[str, Any]:
        read = figures_of(*given, **told)
        units.write_text(units.read_text("utf-8") + "u9,新課,0227000909,209,甲組\n", encoding="utf-8")
        monkeypatch.setattr(reckoned, "figures_of", figures_of)
        return read

    monkeypatch.setattr(reckoned, "figures_of", figures)
    assert ahead.turn()
    with open_store(site.folder / "thirdring.db") as store:
        shown = unit_figures(visit_of(site, store), SPANS[1])
        assert shown == figures_of(SPANS[1], agency=site.agency(), store=store, levels=("unit",))


def test_the_thread_comes_after_a_change_by_itself_one_at_a_time_and_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = list[int](), list[int]()

    def figures(*given: Any, **told: Any) -> dict[str, Any]:
        at_once.append(1)
        most.append(len(at_once))
        read = figures_of(*given, **told)
        at_once.pop()
        return read

    monkeypatch.setattr(reckoned, "figures_of", figures)
    before, ahead = threading.active_count(), Ahead(site)
    ahead.start()
    try:
        _until(ahead.up_to_date)
        for number in range(1, 4):
            keep_call(site.agency(), f"c{number}", BAD, best())
        _until(ahead.up_to_date)
        with open_store(site.folder / "thirdring.db") as store, counted(monkeypatch) as done:
            assert unit_figures(visit_of(site, store), SPANS[1])["calls"] == 4
            assert done == []
    finally:
        ahead.stop(LONG_S)
    assert set(most) == {1}
    assert threading.active_count() == before


def test_it_stands_back_for_a_call_and_goes_on_behind_a_mistake_in_a_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(site)
    with counted(monkeypatch) as done:
        with monkeypatch.context() as patch:
            patch.setattr(site.calls, "up", lambda: ("a call",))
            assert not ahead.turn()
            assert not ahead.up_to_date()
        assert done == []
        (site.folder / "programme.toml").write_text("[improvement]\nbelow = 'many'\n", encoding="utf-8")
        assert ahead.turn()
        (site.folder / "programme.toml").write_text("[improvement]\nbelow = 90\n", encoding="utf-8")
        assert not ahead.up_to_date()
        assert ahead.turn()
    assert done.count("figures_of") == 3
    assert done.count("deficiencies") == 3


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
