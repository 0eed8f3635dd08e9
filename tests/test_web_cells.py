"""Figures and follow-up that are carried on from change to change are those reckoned from nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from kept_calls import agency_with_units, keep_call
from rubric_cases import best
from test_web_remembered import BAD, SPANS, WORSE, Office, visit_of
from web_pages import NOW

from harness.figures import figures_of, span_of
from harness.papers.held import held_back
from harness.programme.follow_up import deficiencies
from harness.programme.retention import Expired, delete_sound
from harness.programme.settings import read_programme
from harness.rescoring import rescore
from harness.scoring import find_form
from harness.store import Store, open_store
from harness.store.rows import COLUMNS, Rows
from harness.web import by_unit
from harness.web.by_unit import ByUnit
from harness.web.reckoned import YEAR, deficiencies_now, figures_without
from harness.web.site import Site

ALL_SPANS = (*SPANS, span_of("half_year", "2026-H2"), span_of("year", "2026"))
NO_CALL = frozenset[str]()
ELSEWHERE = """
import sys
from pathlib import Path
from harness.store import open_store
with open_store(Path(sys.argv[1])) as store:
    last = store.sheets(sys.argv[2])[-1]
    store.add_sheet(sys.argv[2], last["sheet"] | {"total": 41}, facts=last["facts"])
    store._db.execute("UPDATE rows SET total = '41' WHERE call_id = ?", [sys.argv[2]])
    store._db.conn.commit()
"""


@dataclass
class LargerOffice(Office):
    """One in which results are also moved, signed, scored by a second form, and changed by somebody else."""

    def act(self, store: Store) -> str:
        """Somebody does something."""
        more: list[Callable[[Store], None]] = [
            self.move_a_result,
            self.sign,
            self.finish,
            self.score_by_another_form,
            self.delete_a_sound,
            self.void,
            self.another_connection,
        ]
        if not self.calls or self.draw.random() < 0.5:
            return super().act(store)
        chosen = self.draw.choice(more)
        chosen(store)
        return chosen.__name__

    def move_a_result(self, store: Store) -> None:
        """A correction puts a call's row into another unit's month, in the place of the one that was there."""
        call_id = self.draw.choice(self.calls)
        found = store._db.execute(f"SELECT {_NAMES} FROM rows WHERE call_id = ?", [call_id]).fetchone()
        if found:
            row = dict(zip(COLUMNS, found, strict=True)) | {"unit": self.draw.choice(["u1", "u2", "u3", "left"])}
            row["day"] = f"2026-{self.draw.randint(8, 12):02d}-{self.draw.randint(1, 28):02d}"
            store.rows.put(call_id, row, sheet=store.sheets(call_id)[-1]["sheet"])

    def sign(self, store: Store) -> None:
        call_id = self.draw.choice(self.calls)
        if store.signatures.of(call_id) is None:
            store.signatures.add(call_id, version=1, who="陳", digest="ab", now=NOW + timedelta(days=self.days))

    def finish(self, store: Store) -> None:
        """The list's own count of open items is set right."""
        call_id, items = self.draw.choice(self.calls), self.draw.choice([0, 1])
        store._db.execute("UPDATE calls SET open_items = ? WHERE call_id = ?", [items, call_id])
        store._db.conn.commit()

    def score_by_another_form(self, store: Store) -> None:
        rescore(self.draw.choice(self.calls), find_form("boft"), who="林", agency=self.site.agency(), store=store)

    def delete_a_sound(self, store: Store) -> None:
        gone = Expired(call_id=self.draw.choice(self.calls), day=date(2026, 9, 1), due=date(2026, 10, 1), files=())
        delete_sound(gone, store, who="林", now=NOW)

    def void(self, store: Store) -> None:
        store._db.execute("UPDATE rows SET void = 1 - void WHERE call_id = ?", [self.draw.choice(self.calls)])
        store._db.conn.commit()

    def another_connection(self, store: Store) -> None:
        """Somebody else has the database open as well."""
        with open_store(self.site.folder / "thirdring.db") as other:
            super().act(other)


_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    agency = agency_with_units(tmp_path / "agency")
    for unit in ("u1", "u2", "u3"):
        for month in (9, 10, 11):
            keep_call(agency, f"{unit}-{month}", BAD, best(), unit=unit, day=date(2026, month, 3))
    return Site(folder=agency.folder, clock=lambda: NOW)


@pytest.mark.parametrize("few", [8, 0])
@pytest.mark.parametrize("seed", range(3))
def test_after_every_drawn_change_it_is_what_is_reckoned_from_nothing(
    seed: int, few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_unit, "FEW", few)
    agency_with_units(tmp_path / "agency")
    office = LargerOffice(site=Site(folder=tmp_path / "agency"), draw=Random(seed))
    office.site.clock = lambda: NOW + timedelta(days=office.days)
    with open_store(tmp_path / "agency" / "thirdring.db") as store:
        for _ in range(40):
            did, agency = office.act(store), office.site.agency()
            hidden = frozenset(office.draw.sample(office.calls, k=office.draw.randint(0, len(office.calls))))
            for span in office.draw.sample(ALL_SPANS, k=2):
                for without in (NO_CALL, hidden):
                    fresh = figures_of(span, agency=agency, store=store, levels=("unit",), without=without)
                    assert figures_without(office.site, store, span, without) == fresh, did
            today, rules = visit_of(office.site, store).now.date(), read_programme(agency.folder).improvement
            late = deficiencies(agency, store, rules, today=today, since=today - YEAR)
            assert deficiencies_now(office.site, store) == late, did
            told: dict[str, Any] = {"agency": agency, "store": store, "objection_days": 14, "today": today}
            held = tuple(held_back(date(2026, 10, 1), **told).values())
            assert _held(office.site, store, told) == held, did


def _held(site: Site, store: Store, told: dict[str, Any]) -> tuple[Any, ...]:
    return site.by_unit.of(
        "held",
        store,
        since=date(2026, 10, 1),
        also=(told["today"], site.files_now()),
        reckon=lambda unit: held_back(date(2026, 10, 1), unit=unit, **told).values(),
    )


def test_what_another_process_writes_is_shown_by_the_next_page(site: Site) -> None:
    database = site.folder / "thirdring.db"
    with open_store(database) as store:
        before = _units(figures_without(site, store, SPANS[0]))
        subprocess.run([sys.executable, "-c", ELSEWHERE, str(database), "u2-11"], check=True, timeout=120)
        after = _units(figures_without(site, store, SPANS[0]))
        assert deficiencies_now(site, store)[-1].total == 41
    assert after["u2"] == 41
    assert {unit: mean for unit, mean in after.items() if unit != "u2"} == {"u1": before["u1"], "u3": before["u3"]}


def _units(told: dict[str, Any]) -> dict[str, float | None]:
    units = told["forms"][0]["series"][0]["units"]
    return {one["name"]: one["total"] and one["total"]["mean"] for one in units}


@contextmanager
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, list[str]]]]:
    """The months and units whose rows are read meanwhile."""
    done, real = list[tuple[str, list[str]]](), Rows.of_units

    def of_units(self: Rows, month: str, units: list[str], **more: Any) -> Any:
        done.append((month, sorted(units)))
        return real(self, month, units, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "of_units", of_units)
        yield done


def test_a_new_sheet_has_its_own_units_month_read_and_no_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    year = span_of("year", "2026")
    with open_store(site.folder / "thirdring.db") as store, read(monkeypatch) as done:
        figures_without(site, store, year)
        assert done == [(f"2026-{month:02d}", ["u1", "u2", "u3"]) for month in (9, 10, 11)]
        done.clear()
        keep_call(site.agency(), "new", BAD, best(**WORSE), unit="u2", day=date(2026, 10, 9))
        for span in ALL_SPANS:
            figures_without(site, store, span)
        assert done == [("2026-10", ["u2"])]


def test_who_must_not_know_some_calls_has_only_their_months_read_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    year, hidden = span_of("year", "2026"), frozenset({"u1-9", "u3-9"})
    with open_store(site.folder / "thirdring.db") as store, read(monkeypatch) as done:
        for without in (NO_CALL, hidden):
            figures_without(site, store, year, without)
        assert done[3:] == [("2026-09", ["u1", "u3"])]
        done.clear()
        store.reviews.add("u2-9", round_no=1, what="objection", who="受測者", detail={})
        figures_without(site, store, year, hidden)
        assert done == []
        figures_without(site, store, year, hidden | {"u3-10"})
        assert done == [("2026-10", ["u3"])]


def test_a_change_of_one_unit_has_that_one_followed_up_anew(site: Site) -> None:
    asked, kept = list[str](), ByUnit()

    def reckon(unit: str) -> list[Any]:
        asked.append(unit)
        return []

    with open_store(site.folder / "thirdring.db") as store:

        def ask() -> list[str]:
            asked.clear()
            kept.of("x", store, since=date(2026, 10, 15), also=1, reckon=reckon)
            return list(asked)

        assert ask() == ["u1", "u2", "u3"]
        assert ask() == []
        store.improvements.note("u1-11", "notified", who="林")
        assert ask() == ["u1"]
        store.reviews.add("u3-11", round_no=1, what="objection", who="受測者", detail={})
        store.signatures.add("u2-11", version=1, who="陳", digest="ab")
        assert ask() == ["u2", "u3"]
        store.improvements.note("u1-9", "notified", who="林")  # before the day from which it is asked
        store.log.write("heard", who="陳", call_id="u2-11")
        assert ask() == []


def _touched(store: Store, act: Callable[[], object]) -> dict[tuple[str, str], str]:
    """Which cells' marks an act changed: of the figures, or of what is followed up alone."""
    before = {(one.unit, one.month): one for one in store.revisions.of_cells("2026-01")}
    results, figures = store.revisions.of_results(), store.revisions.of_figures()
    act()
    found = {}
    for one in store.revisions.of_cells("2026-01"):
        old = before.get((one.unit, one.month))
        if old is None or old.results != one.results:
            found[one.unit, one.month] = "figures" if old is None or old.figures != one.figures else "results"
    assert bool(found) <= (store.revisions.of_results() != results), "the whole's mark changes with every part's"
    assert ("figures" in found.values()) <= (store.revisions.of_figures() != figures)
    return found


@pytest.mark.parametrize("recursive", ["on", "off"])
def test_every_change_of_a_result_marks_the_months_that_it_leaves_and_comes_to(recursive: str, site: Site) -> None:
    with open_store(site.folder / "thirdring.db") as store:
        store._db.execute(f"PRAGMA recursive_triggers = {recursive}")

        def sql(statement: str) -> Callable[[], object]:
            return lambda: (store._db.execute(statement), store._db.conn.commit())

        def again() -> None:
            store.add_sheet("u1-9", store.sheets("u1-9")[-1]["sheet"], facts={})

        moved = dict(zip(COLUMNS, store._db.execute(f"SELECT {_NAMES} FROM rows").fetchone(), strict=True))
        sheet = store.sheets("u1-9")[-1]["sheet"]
        moved |= {"day": "2026-10-30", "unit": "u3"}
        assert _touched(store, again) == {("u1", "2026-09"): "results"}
        act = sql("UPDATE calls SET open_items = open_items + 1 WHERE call_id = 'u1-9'")
        assert _touched(store, act) == {("u1", "2026-09"): "results"}
        assert _touched(store, sql("UPDATE calls SET open_items = open_items WHERE call_id = 'u1-9'")) == {}
        both = {("u1", "2026-09"): "figures", ("u3", "2026-10"): "figures"}
        assert _touched(store, lambda: store.rows.put("u1-9", moved, sheet=sheet)) == both
        act = sql("UPDATE rows SET day = '2026-09-09', unit = 'u1' WHERE call_id = 'u1-9'")
        assert _touched(store, act) == both
        act = sql("DELETE FROM rows WHERE call_id = 'u2-10'")
        assert _touched(store, act) == {("u2", "2026-10"): "figures"}
        act = sql("UPDATE rows SET unit = 'new' WHERE call_id = 'u2-11'")
        assert _touched(store, act) == {("u2", "2026-11"): "figures", ("new", "2026-11"): "figures"}


def test_a_database_from_before_gets_its_marks(site: Site) -> None:
    database = site.folder / "thirdring.db"
    with open_store(database) as store:
        named = store._db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_cell' ESCAPE '\\'"
        )
        for (name,) in named.fetchall():
            store._db.execute(f"DROP TRIGGER {name}")
        store._db.execute("DROP TABLE cell_marks")
        store._db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm024_marks_of_cells'")
        store._db.conn.commit()
    with open_store(database) as store:
        marked = [(one.month, one.unit) for one in store.revisions.of_cells("2026-01")]
        assert marked == [(month, unit) for month in ("2026-09", "2026-10", "2026-11") for unit in ("u1", "u2", "u3")]
        assert figures_without(site, store, SPANS[0]) == figures_of(
            SPANS[0], agency=site.agency(), store=store, levels=("unit",)
        )


def test_a_call_of_no_unit_is_followed_up_once(site: Site) -> None:
    """Its name would ask for everybody's."""
    with open_store(site.folder / "thirdring.db") as store:
        store._db.execute("UPDATE rows SET unit = '', total = '20' WHERE call_id = 'u1-11'")
        store._db.conn.commit()
        found = deficiencies_now(site, store)
        store.signatures.add("u1-11", version=1, who="陳", digest="ab")
        again = deficiencies_now(site, store)
    assert [one.call_id for one in found] == [one.call_id for one in again]
    assert len({one.call_id for one in again}) == len(again)


def test_what_is_read_at_one_moment_stays_while_others_write(site: Site) -> None:
    with open_store(site.folder / "thirdring.db") as store:
        with store.at_one_moment():
            before = json.dumps(list(store.improvements.lean("2026-01-01")))
            keep_call(site.agency(), "new", BAD, best())
            assert json.dumps(list(store.improvements.lean("2026-01-01"))) == before
        assert len(store.improvements.lean("2026-01-01")) == 10
        with store.writing(), store.at_one_moment():  # within a transaction it is that one's
            store.log.write("heard", who="陳")
        assert store.log.newest(limit=1)[0]["what"] == "heard"
