"""What the pages keep in memory is what would be reckoned now, whatever was changed, by whom and in which order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call, leg
from starlette.datastructures import FormData
from starlette.requests import Request
from web_pages import NOW

from harness.answering import answer_call
from harness.errors import ThirdringError
from harness.figures import figures_of, span_of
from harness.programme import follow_up
from harness.programme.follow_up import deficiencies
from harness.programme.settings import read_programme
from harness.store import Store, open_store
from harness.web.reckoned import YEAR, figures_without, unit_figures, year_of_deficiencies
from harness.web.remembered import Remembered
from harness.web.site import Site
from harness.web.visit import Visit

SPANS = (span_of("month", "2026-11"), span_of("quarter", "2026-Q4"))
WORSE = {"B2.3": {"option": "4"}, "B3.甲": {"option": "4"}, "accuracy": {"asked": 2, "correct": 0}}
"""Answers that leave a result below every mark."""
BAD = call(legs={"ivr": leg(1, 2.0), "operator": leg(9, 30.0), "unit": leg(12, 36.0)})


@dataclass
class Office:
    """An agency in which people do things; `now` goes on."""

    site: Site
    draw: Random
    days: int = 0
    calls: list[str] = field(default_factory=list)

    def act(self, store: Store) -> str:
        """Somebody does something; what cannot be done now is not done."""
        acts: list[Callable[[Store], None]] = [
            self.test_a_unit,
            self.answer,
            self.object,
            self.settle,
            self.note,
            self.notify,
            self.notify,
            self.rename_a_unit,
            self.change_the_rules,
            self.wait,
            self.test_again,
        ]
        chosen = self.draw.choice(acts) if self.calls else self.test_a_unit
        try:
            chosen(store)
        except ThirdringError:
            return f"{chosen.__name__} refused"
        return chosen.__name__

    def test_a_unit(self, store: Store) -> None:
        self.calls.append(f"c{len(self.calls)}")
        day = date(2026, self.draw.choice([9, 10, 11]), self.draw.randint(1, 20))
        facts = self.draw.choice([call(), BAD])
        where: dict[str, Any] = {"unit": self.draw.choice(["u1", "u2"]), "day": day}
        keep_call(self.site.agency(), self.calls[-1], facts, self.draw.choice([None, best(), best(**WORSE)]), **where)

    def answer(self, store: Store) -> None:
        said = best() | {"B2.3": {"option": "1", "points": self.draw.randint(8, 10)}}
        answer_call(self.draw.choice(self.calls), said, who="陳", agency=self.site.agency(), store=store)

    def object(self, store: Store) -> None:
        one = {"round_no": 1, "what": "objection", "who": "受測者"}
        store.reviews.add(self.draw.choice(self.calls), **one, detail={"reason": "x"})

    def settle(self, store: Store) -> None:
        store.reviews.add(self.draw.choice(self.calls), round_no=1, what="settled", who="林", detail={})

    def note(self, store: Store) -> None:
        call_id, at = self.draw.choice(self.calls), NOW + timedelta(days=self.days)
        self.draw.choice([follow_up.answer, follow_up.close])(call_id, "已改善", who="u1", store=store, now=at)

    def notify(self, store: Store) -> None:
        for call_id in self.draw.choices(self.calls, k=self.draw.randint(1, 3)):
            store.improvements.note(call_id, "notified", who="林", now=NOW + timedelta(days=self.days))

    def rename_a_unit(self, store: Store) -> None:
        file = self.site.folder / "units.csv"
        file.write_text(file.read_text("utf-8").replace("課,", "課室,", 1), encoding="utf-8")

    def change_the_rules(self, store: Store) -> None:
        below = self.draw.choice([70, 80, 95])
        (self.site.folder / "programme.toml").write_text(f"[improvement]\nbelow = {below}\n", encoding="utf-8")

    def wait(self, store: Store) -> None:
        self.days += self.draw.randint(1, 40)

    def test_again(self, store: Store) -> None:
        """The row of an attempt that was followed by another one goes."""
        store.rows._db.execute("DELETE FROM rows WHERE call_id = ?", [self.draw.choice(self.calls)])
        store.rows._db.conn.commit()


def visit_of(site: Site, store: Store) -> Visit:
    request = Request({"type": "http", "headers": [], "query_string": b""})
    return Visit(request=request, site=site, store=store, session=None, form=FormData())


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_would_be_reckoned_now(seed: int, tmp_path: Path) -> None:
    agency_with_units(tmp_path / "agency")
    office = Office(site=Site(folder=tmp_path / "agency"), draw=Random(seed))
    office.site.clock = lambda: NOW + timedelta(days=office.days)
    with open_store(tmp_path / "agency" / "thirdring.db") as store:
        for _ in range(25):
            did, visit = office.act(store), visit_of(office.site, store)
            agency, today = visit.agency, visit.now.date()
            for span in SPANS:
                for _ in "twice":
                    fresh_figures = figures_of(span, agency=agency, store=store, levels=("unit",))
                    assert figures_without(office.site, store, span) == fresh_figures, did
            rules = read_programme(agency.folder).improvement
            for unit in ("", "u1"):
                fresh = deficiencies(agency, store, rules, today=today, since=today - YEAR, unit=unit)
                assert year_of_deficiencies(visit, unit=unit) == fresh, did


def test_nothing_is_reckoned_twice_while_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes nothing of the results, a log line or a session, does not count as a change either."""
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", BAD, best())
    site = Site(folder=agency.folder, clock=lambda: NOW)
    made = list[object]()
    monkeypatch.setattr("harness.web.reckoned.figures_of", lambda span, **_: made.append(span) or {"of": span})
    with open_store(agency.database) as store:
        for _ in range(3):
            assert unit_figures(visit_of(site, store), SPANS[0]) == {"of": SPANS[0]}
            store.log.write("heard", who="陳", call_id="c1")
    assert made == [SPANS[0]]


def test_a_note_or_a_sheet_has_its_unit_alone_followed_up_anew_and_a_note_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", call(), best(**WORSE))
    site = Site(folder=agency.folder, clock=lambda: NOW)
    made = list[str]()
    monkeypatch.setattr("harness.web.reckoned.figures_of", lambda span, **_: made.append("figures"))
    monkeypatch.setattr(
        "harness.web.reckoned.deficiencies",
        lambda *given, unit, **told: made.append(unit or "all") or deficiencies(*given, unit=unit, **told),
    )
    with open_store(agency.database) as store:

        def asked() -> list[str]:
            made.clear()
            unit_figures(visit_of(site, store), SPANS[0])
            year_of_deficiencies(visit_of(site, store))
            return list(made)

        assert asked() == ["figures", "u1"]
        store.improvements.note("c1", "notified", who="林", now=NOW)
        assert asked() == ["u1"]  # its own unit's deficiencies, and no others
        keep_call(agency, "c2", call(), best(**WORSE), unit="u2")
        assert asked() == ["figures", "u2"]
        assert asked() == []


def test_who_comes_while_it_is_being_made_waits_for_the_one_maker() -> None:
    kept, begun, may_end = Remembered(), threading.Event(), threading.Event()
    made, got = list[int](), list[int]()

    def make() -> int:
        begun.set()
        assert may_end.wait(30)
        made.append(1)
        return 7

    threads = [threading.Thread(target=lambda: got.append(kept.of("x", "state", make))) for _ in range(3)]
    for one in threads:
        one.start()
    assert begun.wait(30)
    may_end.set()
    for one in threads:
        one.join(30)
    assert (got, made) == ([7, 7, 7], [1])


def test_only_so_many_are_kept_and_those_asked_for_last() -> None:
    kept, made = Remembered(most=2), list[str]()

    def ask(what: str) -> None:
        kept.of(what, 0, lambda: made.append(what))

    for what in "abacab":
        ask(what)
    assert made == ["a", "b", "c", "b"]  # b went when c came: a had been asked for since
