"""Units and their improvements: each unit sees and answers its own; the convener notes, closes and escalates."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime

import pytest
from kept_calls import keep_call
from markupsafe import escape
from rubric_cases import best, call
from web_pages import NOW, Running, add_person, login_of, violations

from harness.documents.paper import plain_text, read_paper
from harness.documents.paper_template import write_markdown
from harness.figures import span_of
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition
from harness.store import open_store
from harness.web.making import papers_folder
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
BAD = {"B2.1": {"unit": False, "name": False, "greeting": False}, "B2.3": {"option": "4"}}
BAD |= {"B3.甲": {"option": "4"}, "accuracy": {"asked": 2, "correct": 0}}
MADE = {"c-bad": "2026-11-03", "c-bad-2": "2026-11-03", "c-bad-3": "2026-11-20"}
"""When each sheet was made: a week later nobody can object."""


@pytest.fixture(scope="module", autouse=True)
def _bad(agency):
    """Deficient calls of u1 and u2 whose time for objection is over, and one of u3 whose is not."""
    for unit, name in zip(("u1", "u2", "u3"), MADE, strict=True):
        keep_call(agency, name, call(), best(**BAD), unit=unit, day=date(2026, 11, 2))
    with closing(sqlite3.connect(agency.database)) as database, database:
        guards = "SELECT name FROM sqlite_master WHERE tbl_name = 'sheets' AND type = 'trigger'"
        for (name,) in list(database.execute(guards)):
            database.execute(f"DROP TRIGGER {name}")
        for name, day in MADE.items():
            database.execute("UPDATE sheets SET made_at = ? WHERE call_id = ?", [f"{day}T04:00:00+00:00", name])


def happened(agency, call_id):
    with open_store(agency.database) as store:
        return [(one["what"], one["who"], one["detail"]) for one in store.improvements.of(call_id)]


def test_the_list_shows_each_mean_with_its_n_and_reach(server: Running):
    html = server.client(Role.CONVENER).get("/units?period=2026-11").text
    rows = re.findall(r'<a href="/units/(u\d)\?period=2026-11">(.)課</a></td><td class="number">(\d+)', html)
    assert [(unit, int(count)) for unit, _, count in rows] == [("u1", 3), ("u2", 2), ("u3", 2)]
    cells = re.findall(r'([\d.]+) <span class="aside">n=(\d+)</span>', html)
    reaches = re.findall(r'<td class="number">([\d.]+)–([\d.]+)</td>', html)
    assert len(cells) == len(reaches) > 0
    assert all(float(low) <= float(mean) <= float(high) for (mean, _), (low, high) in zip(cells, reaches, strict=True))


def test_the_calls_below_a_standard_are_named_by_it_and_shown_on_a_phone_too(server: Running):
    heads = re.findall(r'<th scope="col" class="([^"]*)">([^<]*)</th>', server.client(Role.AUDITOR).get("/units").text)
    assert ("number", "未達接聽時限或量表及格分數") in heads  # `spare` would hide it


def test_a_unit_is_led_to_its_own_page_and_sees_no_other(server: Running):
    client = server.client(Role.UNIT)
    assert client.get("/units").headers["location"] == "/units/u1"
    assert client.get("/improvements").headers["location"] == "/units/u1"
    html = client.get("/units/u1").text
    assert "一課" in html
    # What is read and where it leads: a form's random token may have any two characters.
    told = re.sub(r"<[^>]*>", " ", html) + " ".join(re.findall(r' (?:href|hx-get|action|aria-label)="([^"]*)"', html))
    assert re.findall("二課|三課|u2|u3", told) == []
    assert [client.get(path).status for path in ("/units/u2", "/units/none", "/improvements/c-bad-2")] == [404] * 3
    assert client.post("/improvements/c-bad-2/answer", {"text": "x"}).status == 404


def test_items_that_lost_points_stand_with_their_reason(server: Running):
    html = server.client(Role.UNIT).get("/units/u1?period=2026-Q4").text
    assert len(re.findall(r'<strong class="figure">[\d.]+／[\d.]+</strong> <span class="aside">[^<]', html)) >= 3
    assert 'href="/calls/c-bad"' in html
    assert "c-mine" not in html  # its sheet is not complete: not yet for the unit


def test_a_unit_answers_on_its_own_page_and_that_is_kept(server: Running, agency):
    client = server.client(Role.UNIT)
    for told in ({"text": ""}, {"text": "  "}, {"text": "x", "explanation": "asleep"}):
        assert client.post("/improvements/c-bad/answer", told).status == 422
    assert happened(agency, "c-bad") == []
    answer = client.post("/improvements/c-bad/answer", {"text": "已請代理人接聽", "explanation": "away"})
    html = client.get(answer.headers["location"]).text
    assert "已送出回復" in html
    assert "公出：已請代理人接聽" in html
    detail = {"text": "已請代理人接聽", "explanation": "away"}
    assert happened(agency, "c-bad") == [("answered", "一課代表", detail)]


@pytest.mark.parametrize("period", ["2026-11", "2027-Q1"])
def test_an_open_deficiency_has_its_clips_beside_its_form_in_every_period(period: str, server: Running):
    """In a new quarter last quarter's is still to be answered: one hears on the same page what it is about."""
    html = server.client(Role.UNIT).get(f"/units/u1?period={period}").text
    (card,) = [one for one in re.findall(r"<article.*?</article>", html, re.DOTALL) if "c-bad/answer" in one]
    assert 'hx-get="/calls/c-bad/lost"' in card
    assert html.count('hx-get="/calls/c-bad/lost"') == 1  # no second player among the period's results
    assert ('href="/calls/c-bad"' in html.partition("每通成績與失分")[2]) == (period == "2026-11")


def test_somebody_who_sees_every_unit_answers_only_for_the_own(server: Running, agency):
    with open_store(agency.database) as store:
        add_person(store, "both", name="兼任", roles=[Role.UNIT, Role.CONVENER], unit="u1")
    client, before = server.client(), happened(agency, "c-bad-2")
    client.log_in("both")
    assert "送出回復" not in client.get("/units/u2").text
    assert client.post("/improvements/c-bad-2/answer", {"text": "x"}).status == 404
    assert happened(agency, "c-bad-2") == before


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.UNIT, Role.TESTER])
def test_only_the_convener_closes(role, server: Running, agency):
    before = happened(agency, "c-bad-2")
    for what in ("close", "escalate", "notify"):
        answer = server.client(role).post(f"/improvements/c-bad-2/{what}", {"reason": "x", "day": "2026-11-20"})
        assert answer.status in (403, 404)
    assert happened(agency, "c-bad-2") == before


def test_an_escalation_or_a_closing_before_the_end_of_objections_is_refused(server: Running, agency):
    client = server.client(Role.CONVENER)
    html = client.get("/improvements/c-bad-3").text
    for what, button in (("escalate", "提報</button>"), ("close", "結案</button>")):
        assert button not in html
        assert client.post(f"/improvements/c-bad-3/{what}", {"reason": "重大"}).status == 409
    assert happened(agency, "c-bad-3") == []
    assert "登記</button>" in html  # that the unit was told may be noted: it begins the time for objection
    assert "提報</button>" in client.get("/improvements/c-bad").text
    assert client.post("/improvements/c-bad/escalate", {"reason": "重大"}).status == 303
    assert happened(agency, "c-bad")[-1] == ("escalated", "林召集", {"reason": "重大"})


def test_what_waits_for_a_unit_stands_on_its_first_page(server: Running, agency):
    waiting = [row for row in MADE if not happened(agency, row)]
    html = server.client(Role.UNIT).get("/").text
    assert ("件待改進事項等您回復" in html) == ("c-bad" in waiting)


def test_the_convener_notes_and_closes_with_a_reason(server: Running, agency):
    client = server.client(Role.CONVENER)
    assert client.post("/improvements/c-bad-2/notify", {"day": "2027-01-01"}).status == 422
    assert client.post("/improvements/c-bad-2/close", {"reason": " "}).status == 422
    assert client.post("/improvements/c-bad-2/notify", {"day": "2026-11-03"}).status == 303
    assert client.post("/improvements/c-bad-2/close", {"reason": "已改善"}).status == 303
    html = client.get("/improvements/c-bad-2").text
    assert "林召集 結案 已改善" in html
    assert "c-bad-2" not in client.get("/improvements").text
    assert "c-bad-2" in client.get("/improvements?all=1").text
    with open_store(agency.database) as store:
        told = [row["what"] for row in store.log.newest(limit=20)]
    assert {"improvement_notified", "improvement_closed"} <= set(told)


def test_complaints_are_counted_and_a_correction_keeps_the_one_before(server: Running, agency):
    client = server.client(Role.CONVENER)
    told = {"unit": "u2", "month": "2026-11", "source": "1999", "count": "3"}
    for wrong in ({"count": "-1"}, {"count": "x"}, {"month": "x"}, {"source": ""}, {"unit": "none"}):
        assert client.post("/complaints", told | wrong).status in (404, 409, 422)
    for count in ("3", "2"):
        assert client.post("/complaints", told | {"count": count}).status == 303
    with open_store(agency.database) as store:
        assert [row["count"] for row in store.complaints.counted("2026-11", "2026-11")] == [2]
        assert [row["count"] for row in store.complaints.entries("2026-11", "2026-11")] == [3, 2]


def texts(block):
    """All that a block of a paper says."""
    found = [block.runs] if hasattr(block, "runs") else [*block.head, *(cell for row in block.rows for cell in row)]
    return [escape(plain_text(runs)) for runs in found]


def test_the_board_is_there_once_the_months_papers_are_made_and_says_what_they_say(server: Running, agency):
    client, place = server.client(Role.UNIT), "/units/board?period=2026-10"
    assert "還沒結束" in client.get("/units/board?period=2026-11").text
    assert client.get("/units/board?period=2026-Q4").status == 404
    settled, late = datetime(2026, 10, 6, 2, tzinfo=UTC), datetime(2026, 11, 20, 2, tzinfo=UTC)
    keep_call(agency, "c-before", call(), best(), unit="u2", day=date(2026, 10, 5), made_at=settled)
    keep_call(agency, "c-held", call(), best(**BAD), unit="u1", day=date(2026, 10, 6), made_at=late)
    html = client.get(place).text
    assert "還沒製作" in html
    assert "二課" not in html
    span, today = span_of("month", "2026-10"), NOW.date()
    with open_store(agency.database) as store:
        known = gather(span, agency=agency, store=store, today=today)
    edition = edition_of(known)
    write_edition(edition, known, papers_folder(agency.folder, "2026-10"), pdf=False, made_at=late)
    html = client.get(place).text
    values = next(one.values for one in edition.papers if one.template == "board")
    said = [text for block in read_paper(write_markdown("board", values)) for text in texts(block)]
    assert [text for text in said if text not in html] == []
    assert "名次" in html
    assert "尚有1 通仍在異議期限內" in html
    row = re.search(r"<tr><td>一課</td>.*?</tr>", html)[0]
    assert re.findall(r">([^<]+)</td>", row)[1:] == ["0", *["—"] * (row.count("<td") - 3), "另 1 通結果未確定"]
    assert html.count("<td>一課</td>") == 1
    with open_store(agency.database) as store:
        store.people.change(login_of(Role.UNIT), preferences={"years": "western", "lang": "en"})
    html = client.get(place).text
    assert "For this agency only" in html
    assert "1 call(s) may still be objected to" in html
    assert re.findall(r"\b11[45][-/ ]", html) == []
    with open_store(agency.database) as store:
        store.people.change(login_of(Role.UNIT), preferences={"years": "western", "lang": "zh"})
    html = client.get(place).text
    assert "115 年" not in html
    with open_store(agency.database) as store:
        store.people.change(login_of(Role.UNIT), preferences={})


@pytest.mark.parametrize("period", ["2026-13", "x", "2026-Q5", "0", "%27"])
def test_a_period_that_is_none_is_told(period, server: Running):
    assert server.client(Role.CONVENER).get(f"/units?period={period}").status == 422


PAGES = [(Role.CONVENER, "/units"), (Role.UNIT, "/units/u1"), (Role.CONVENER, "/improvements?all=1")]
PAGES += [(Role.CONVENER, "/improvements/c-bad"), (Role.UNIT, "/units/board?period=2026-10")]


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize(("role", "path"), PAGES, ids=[path for _, path in PAGES])
def test_the_pages_have_no_violation_of_wcag_and_fit(role, path, width, page_of):
    page = page_of(role, path, width=width, dark=width == 320)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_unit_answers_by_the_keyboard_alone(page_of, agency):
    page = page_of(Role.UNIT, "/units/u1")
    page.get_by_text("回復改進情形", exact=True).first.focus()
    if not page.get_by_label("改進情形或說明").first.is_visible():
        page.keyboard.press("Enter")
    page.get_by_label("改進情形或說明").first.focus()
    page.keyboard.type("已加強訓練")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("已送出回復").wait_for()
    assert any(detail.get("text") == "已加強訓練" for _, _, detail in happened(agency, "c-bad"))


def test_a_unit_finds_where_to_object_and_to_answer_from_each_of_its_pages(server: Running):
    """The link stands where its page has the form; whoever may not object finds neither."""
    unit, convener = server.client(Role.UNIT), server.client(Role.CONVENER)
    place = "/calls/c-bad/review"
    assert 'id="object"' in unit.get(place).text
    for page in ("/units/u1?period=2026-11", "/improvements/c-bad"):
        assert f'href="{place}#object"' in unit.get(page).text
        assert f'href="{place}#object"' not in convener.get(page).text
    here = 'href="/units/u1#improve-c-bad"'
    closed = ">結案<" in unit.get("/improvements/c-bad").text
    assert (here in unit.get("/improvements/c-bad").text) == (not closed)
    assert 'id="improve-c-bad"' in unit.get("/units/u1").text
    assert here not in convener.get("/improvements/c-bad").text
