"""Second listeners hear for themselves: no page, chart, file or list tells one the first result; and nobody judges the
own unit's."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from sheet_calls import keep_sheet_call
from web_pages import EXAMPLES, Client, Running, add_person

from harness.agency import Agency
from harness.figures import figures_of, span_of
from harness.second_opinion import object_to
from harness.store import open_store
from harness.web.declared import declared
from harness.web.rights import Role
from harness.web.sheet_fields import fields_from
from rubric.form import load_form

pytest_plugins = ("web_fixtures",)
FIRST: dict[str, Any] = best() | {
    "B2.1": {"unit": False, "name": False, "greeting": False},
    "B2.3": {"option": "3", "points": 3},
    "B3.甲": {"option": "3", "points": 4},
}
PERIODS = ("2026-11", "2026-Q4", "2026-H2", "2026")
PAPER = "/reports/2026-11/files/115-11.csv"


@pytest.fixture(scope="module")
def total(agency: Agency) -> str:
    """A call of u2 with a result that no other call has, objected to; its total as pages write it."""
    keep_call(agency, "c-first", call(), FIRST, unit="u2", day=date(2026, 11, 20), who="甲測試")
    paper = agency.folder / "papers" / "2026-11" / "115-11.csv"
    paper.parent.mkdir(parents=True)
    with open_store(agency.database) as store:
        object_to("c-first", who="二課", reason="不同意", agency=agency, store=store)
        found = f"{store.get_call('c-first')['sheets'][-1]['sheet']['total']:g}"
        hats = [Role.REVIEWER, Role.CONVENER, Role.AUDITOR]
        add_person(store, "hats", name="兼召集", roles=hats)
        add_person(store, "own", name="二課複評", roles=hats, unit="u2")
    paper.write_text(f"u2,{found}\n", encoding="utf-8")
    return found


def person(server: Running, login: str) -> Client:
    client = server.client()
    client.log_in(login)
    return client


def tells(html: str, total: str) -> bool:
    """Whether a page says that number anywhere: in text, in a drawing, in a table."""
    seen = re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    return (
        re.search(rf"(?<![\d.\-#]){re.escape(total)}(?:\.0+)?(?![\d.]*\d)(?!px|rem)", re.sub(r"<[^>]*>", " ", seen))
        is not None
    )


def everywhere(call_id: str) -> list[str]:
    """Every page that there is, of that call, its unit and its periods."""
    found = []
    for one in declared():
        if one.method == "GET" and "stream" not in one.path:
            for period in PERIODS if "{period}" in one.path or one.path in ("/reports", "/units") else PERIODS[:1]:
                told = EXAMPLES | {"call_id": call_id, "unit": "u2", "period": period, "month": "2026-11"}
                path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda name, told=told: told[name[1]], one.path)  # type: ignore[misc]
                found.append(path + (f"?period={period}" if "{" not in one.path else ""))
    return sorted({*found, "/units/u2?period=2026-11", "/improvements?all=1", "/calls?unit=u2"})


@pytest.mark.slow
def test_no_page_tells_a_second_listener_the_first_result(total: str, server: Running, agency: Agency) -> None:
    hats, convener = person(server, "hats"), server.client(Role.CONVENER)
    pages = everywhere("c-first")
    answers = {path: hats.get(path) for path in pages}
    assert [path for path, one in answers.items() if tells(one.body.decode(errors="replace"), total)] == []
    assert [path for path, one in answers.items() if one.status >= 500] == []
    telling = {path for path in pages if tells(convener.get(path).body.decode(errors="replace"), total)}
    assert telling >= {"/units?period=2026-11", "/reports?period=2026-11", "/reports?period=2026-Q4"}
    assert any("charts" in path for path in telling)
    assert "等您獨立評分" in answers["/reports?period=2026-11"].text
    assert hats.get(PAPER).status == 409
    assert convener.get(PAPER).status == 200
    said = {name: values[-1] for name, values in fields_from(best(), load_form("keelung-102")).items()}
    assert hats.post("/calls/c-first/opinion", said | {"unfinished": "1"}).status == 303
    assert {path for path in pages if tells(hats.get(path).body.decode(errors="replace"), total)} >= telling
    assert hats.get(PAPER).status == 200


def test_figures_without_a_call_are_those_of_the_others(total: str, agency: Agency) -> None:
    span = span_of("month", "2026-11")
    with open_store(agency.database) as store:
        whole = figures_of(span, agency=agency, store=store)
        less = figures_of(span, agency=agency, store=store, without=frozenset({"c-first"}))
    assert whole["calls"] == less["calls"] + 1
    totals = [{one["name"]: one["total"] for one in told["forms"][0]["series"][0]["units"]} for told in (whole, less)]
    assert totals[1] == totals[0] | {"u2": None}
    assert totals[0]["u2"]["n"] == 1


def test_nobody_reviews_or_decides_a_call_of_the_own_unit(total: str, server: Running, agency: Agency) -> None:
    keep_sheet_call(agency, "c-own", unit="u2", told=call())
    own, other = person(server, "own"), person(server, "hats")
    marks = {"leg": "unit", "outcome": "answered", "do": "try", "rings": "2", "reason": "聽過"}
    for path in ("opinion", "opinion/draft", "review/marks", "review/hear", "review/settle"):
        refused = own.post(f"/calls/c-own/{path}", marks)
        assert (path, refused.status) == (path, 409)
        assert "您自己單位的" in refused.text
        assert other.post(f"/calls/c-own/{path}", marks).status != 409
    shown = own.get("/calls/c-own/review").text
    assert "您自己單位的" in shown
    assert 'name="reason"' not in shown
    assert own.get("/calls/c-own/opinion").status == 409
    assert own.get("/calls/c-done/opinion").status == 200  # another unit's
    with open_store(agency.database) as store:
        assert not store.reviews.of("c-own")


def test_what_waits_for_a_reviewer_is_not_the_own_units(total: str, server: Running, agency: Agency) -> None:
    keep_call(agency, "c-waits", call(), best(), unit="u2", day=date(2026, 11, 12), who="乙測試")
    with open_store(agency.database) as store:
        object_to("c-waits", who="二課", reason="不同意", agency=agency, store=store)
    assert "等第二人聽" not in person(server, "own").get("/").text
    assert "等第二人聽" in person(server, "hats").get("/").text
