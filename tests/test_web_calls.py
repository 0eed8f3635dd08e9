"""The list of calls: whatever is asked for, every call of it is on exactly one page, newest first."""

import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_pages import NOW, Running

from harness.bench.furnished import furnish
from harness.bench.pages import measure
from harness.store import open_store
from harness.store.call_list import Scope, Wanted
from harness.web.pages.calls import A_PAGE
from harness.web.rights import Role
from harness.words import catalogue

pytest_plugins = ("web_fixtures",)
MANY = 130
OUTCOMES = ("answered", "busy", "no_answer")
COLUMNS = ("call_id", "unit", "outcome", "open_items", "started_at")


@pytest.fixture(scope="module", autouse=True)
def _many(agency):
    with open_store(agency.database) as store, store.writing():
        for n in range(MANY):
            row = {"call_id": f"m{n:03d}", "unit": f"u{n % 3 + 1}", "number": "1", "scenario": "s"}
            row |= {"started_at": (NOW - timedelta(hours=n // 2)).isoformat(), "outcome": OUTCOMES[n % 3]}
            store.add_call(row | {"open_items": n % 4}, record={})
            if n % 5 == 0:
                store.allotments.give(row["call_id"], "陳小華" if n % 2 else "別人")


@pytest.fixture(scope="module")
def everything(agency):
    """Every call with whose it is: the model that the list is compared with."""
    with open_store(agency.database) as store:
        rows = store.call_list.page(Scope(everything=True), COLUMNS, Wanted(), limit=10_000)
        return [row | {"tester": store.allotments.of(row["call_id"])} for row in rows]


def seen(scope, row):
    spare = scope.spare_but is not None and not row["tester"] and row["unit"] != scope.spare_but
    done = bool(scope.unit) and row["unit"] == scope.unit and row["open_items"] == 0
    return scope.everything or (bool(scope.tester) and row["tester"] == scope.tester) or spare or done


def wanted_of(wanted, row):
    fits = (not wanted.unit or row["unit"] == wanted.unit) and (not wanted.outcome or row["outcome"] == wanted.outcome)
    return fits and (not wanted.open_only or (row["open_items"] or 0) > 0)


UNITS = st.sampled_from(["", "u1", "u2", "nowhere"])
SCOPES = st.builds(
    Scope,
    everything=st.booleans(),
    tester=st.sampled_from(["", "陳小華", "別人"]),
    spare_but=st.one_of(st.none(), UNITS),
    unit=UNITS,
)
WANTED = st.builds(Wanted, unit=UNITS, outcome=st.sampled_from(["", *OUTCOMES]), open_only=st.booleans())


def test_pages_together_are_the_list_that_a_simple_loop_makes(agency, everything):
    with open_store(agency.database) as store:

        @given(scope=SCOPES, wanted=WANTED, size=st.integers(1, 60))
        def holds(scope, wanted, size):
            count = store.call_list.count(scope, wanted)
            pages = [
                store.call_list.page(scope, ("call_id",), wanted, limit=size, offset=offset)
                for offset in range(0, count, size)
            ]
            found = [row["call_id"] for rows in pages for row in rows]
            model = [row["call_id"] for row in everything if seen(scope, row) and wanted_of(wanted, row)]
            assert (found, count) == (model, len(model))
            assert all(store.call_list.sees(scope, one) for one in found[:5])

        holds()


@pytest.mark.parametrize("scope", [Scope(everything=True), Scope(tester="陳小華", spare_but="u1"), Scope(unit="u1")])
def test_a_page_is_chosen_without_reading_the_calls_themselves(scope, agency):
    """A call's row carries its whole record: 10,000 of them are not read for a page of fifty."""
    seen_where, values = scope.where()
    order = "ORDER BY c.started_at DESC, c.call_id DESC"
    query = f"EXPLAIN QUERY PLAN SELECT c.call_id FROM calls c WHERE {seen_where} {order}"
    with closing(sqlite3.connect(agency.database)) as database:
        steps = [row[3] for row in database.execute(query, values)]
    assert "SCAN c USING COVERING INDEX" in " ".join(steps)
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.slow
def test_the_bench_measures_every_page_that_there_is(tmp_path):
    """A page that answers nobody with itself, an error page say, raises."""
    took = list(measure(furnish(tmp_path / "year", calls=60), runs=1, every_role=False))
    assert {"/", "/calls", "/me", "/units/u1", "/plan/2026-12"} <= {one.path for one in took}
    assert all(0 < one.median_s <= one.p95_s for one in took)
    assert sum(bool(one.changed) for one in took) >= 4


def test_a_call_outside_the_scope_is_not_seen(agency, everything):
    with open_store(agency.database) as store:
        scope = Scope(tester="陳小華", spare_but="u1")
        told = {row["call_id"]: store.call_list.sees(scope, row["call_id"]) for row in everything}
    assert told == {row["call_id"]: seen(scope, row) for row in everything}


def test_the_links_lead_through_every_page_and_keep_what_was_asked_for(server: Running):
    client, path, found = server.client(Role.CONVENER), "/calls?outcome=answered", []
    while path:
        html = client.get(path).text
        found += re.findall(r'href="/calls/([^"?/]+)"', html)
        more = re.search(r'href="([^"]+)" rel="next"', html)
        path = more[1].replace("&amp;", "&") if more else ""
        assert not path or "outcome=answered" in path
    assert len(found) == len(set(found)) == MANY // 3 + 1 + 4 > A_PAGE - 5


@pytest.mark.parametrize("asked", ["page=0", "page=-3", "page=99999999999", "page=x", "unit=%27%20OR%201", "outcome=x"])
def test_whatever_stands_in_the_address_a_page_comes(asked, server: Running):
    assert server.client(Role.CONVENER).get(f"/calls?{asked}").status == 200


def test_a_unit_is_not_shown_the_other_units(server: Running):
    options = re.findall(r'<option value="(u\d)"', server.client(Role.UNIT).get("/calls").text)
    assert options == ["u1"]


def test_names_from_outside_are_shown_as_text(server: Running, agency):
    row = {"call_id": "zz", "unit": "<script>alert(1)</script>", "number": "1", "scenario": "s", "outcome": "<b>x</b>"}
    with open_store(agency.database) as store:
        store.add_call(row | {"started_at": NOW.isoformat()}, record={})
    html = server.client(Role.CONVENER).get("/calls").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_every_outcome_that_the_list_can_show_can_be_asked_for(server: Running) -> None:
    shown = server.client(Role.CONVENER).get("/calls").text
    offered = re.findall(r'<option value="([^"]+)"', shown[shown.index('name="outcome"') :].partition("</select>")[0])
    assert set(offered) == {key.removeprefix("outcome.") for key in catalogue() if key.startswith("outcome.")}


def test_on_a_phone_day_unit_and_result_are_seen_without_scrolling(page_of, agency):
    path = agency.folder / "units.csv"
    before = path.read_text("utf-8")
    path.write_text(before.replace("一課", "為民服務暨聯合服務中心綜合業務課第一服務台"), encoding="utf-8")
    try:
        page = page_of(Role.TESTER, "/calls", width=390)
        assert "第一服務台" in page.inner_text("table.list")
        right_of = (
            "[...document.querySelectorAll('tbody tr')].map(row => row.children[2].getBoundingClientRect().right)"
        )
        cells = page.evaluate(right_of)
        assert max(cells) <= 390
        assert page.evaluate(
            "document.querySelector('.scroll').scrollWidth <= document.querySelector('.scroll').clientWidth"
        )
    finally:
        path.write_text(before, encoding="utf-8")


def test_the_list_says_what_its_count_is_of_and_what_a_sheet_s_is_of(server: Running):
    client = server.client(Role.TESTER)
    told = "是量表上還沒有分數的項目，尚未簽名的草稿不算在內"
    assert told in client.get("/calls?open=1").text
    assert told not in client.get("/calls?outcome=congestion").text
