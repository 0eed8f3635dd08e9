"""The plan's pages: drawn and called off by a button, verified, and its times only for whom they are no secret."""

import re
import sqlite3
from contextlib import closing

import pytest
from web_pages import NOW, Running, violations

from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
PROGRAMME = "rounds_per_month = 1\nunits_per_round = 2\n\n[[testers]]\nname = '陳小華'\nunit = 'u1'\n"
PROGRAMME += "\n[[testers]]\nname = '外部測試'\n"
TIME = r"\d\d:\d\d</time>"
COMING = "2026-12"


@pytest.fixture(scope="module", autouse=True)
def _drawn(agency, server: Running):
    """Both months drawn by the button; the convener does it."""
    (agency.folder / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    client = server.client(Role.CONVENER)
    assert "還沒有抽籤" in client.get("/plan").text
    for month in ("2026-11", COMING):
        answer = client.post(f"/plan/{month}/draw")
        assert answer.status == 303, answer.text
        assert "已抽籤封存" in client.get(answer.headers["location"]).text


def in_log(agency, what):
    with open_store(agency.database) as store:
        return [(row["who"], row["detail"]) for row in store.log.newest(limit=1000) if row["what"] == what]


def planned(agency, month=COMING):
    with open_store(agency.database) as store:
        return store.plans.tests(month)


def test_a_month_is_drawn_once_and_only_this_one_or_the_next(server: Running, agency):
    client = server.client(Role.CONVENER)
    before = planned(agency)
    again = client.post(f"/plan/{COMING}/draw")
    assert (again.status, planned(agency)) == (422, before)
    assert [client.post(f"/plan/{month}/draw").status for month in ("2027-01", "2026-10", "xx")] == [404, 404, 404]
    assert [who for who, _ in in_log(agency, "plan_drawn")] == ["林召集", "林召集"]


def verified(client, server, month):
    assert client.post(f"/plan/{month}/verify").status == 303
    server.site.months[month].wait(60)
    html = client.get(f"/plan/{month}/verify").text
    assert "核對時間：" in html
    return html


@pytest.mark.parametrize("role", [Role.TESTER, Role.ADMINISTRATOR, Role.AUDITOR])
@pytest.mark.parametrize("path", ["", f"/{COMING}", f"/{COMING}/verify", f"/{COMING}/rules"])
def test_nobody_but_the_convener_learns_a_unit_or_a_time(role, path, server: Running):
    client = server.client(role)
    html = verified(client, server, COMING) if path.endswith("/verify") else client.get(f"/plan{path}").text
    shown = html.partition("<main")[2]
    shown = re.sub(r"抽籤封存；公布的雜湊值|<time[^>]*>115/11/23 09:30</time>", "", shown)  # when it was drawn
    assert re.findall(rf"{TIME}|[一二三]課|\bu[123]\b|陳小華", shown) == []


@pytest.mark.parametrize("role", [Role.TESTER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_the_times_are_refused_to_them_too(role, server: Running, agency):
    before = len(in_log(agency, "plan_revealed"))
    client = server.client(role)
    assert client.post(f"/plan/{COMING}/times").status == 403
    assert client.post("/plan/off", {"day": "2026-12-01", "reason": "x", "sure": "1"}).status == 403
    assert len(in_log(agency, "plan_revealed")) == before


def test_who_looks_at_the_times_is_written_down(server: Running, agency):
    client, before = server.client(Role.CONVENER), len(in_log(agency, "plan_revealed"))
    assert re.findall(r"[一二三]課", client.get(f"/plan/{COMING}").text) == []
    shown = client.post(f"/plan/{COMING}/times").text
    assert len(re.findall(rf"<tr><td><time[^>]*>115/12/\d\d {TIME}", shown)) == len(planned(agency)) > 0
    assert in_log(agency, "plan_revealed")[0] == ("林召集", {"month": COMING})
    assert len(in_log(agency, "plan_revealed")) == before + 1


def test_a_day_is_called_off_only_when_one_is_sure(server: Running, agency):
    client, before = server.client(Role.CONVENER), planned(agency)
    day = before[0]["due_at"][:10]
    for told in ({"reason": "颱風"}, {"sure": "1"}, {"sure": "1", "reason": "颱風", "day": "昨天"}):
        assert client.post("/plan/off", {"day": day} | told).status == 422
    assert planned(agency) == before
    answer = client.post("/plan/off", {"day": day, "reason": "颱風", "sure": "1"})
    assert "停測：" in client.get(answer.headers["location"]).text
    assert all(row["due_at"][:10] != day for row in planned(agency) if row["state"] == "redrawn")
    assert sum(row["state"] in ("redrawn", "called_off") for row in planned(agency)) == sum(
        row["due_at"][:10] == day for row in before
    )
    assert in_log(agency, "day_called_off")[0][1]["reason"] == "颱風"
    html = verified(client, server, COMING)
    assert "停測（颱風）" in html
    assert "封存的計畫沒有更動" in html


def test_a_day_that_has_passed_is_not_called_off(server: Running):
    told = {"day": f"{NOW.year}-11-20", "reason": "颱風", "sure": "1"}
    assert server.client(Role.CONVENER).post("/plan/off", told).status == 422


def test_a_sentence_in_the_address_is_said_only_when_the_server_made_it(server: Running):
    client = server.client(Role.CONVENER)
    forged = client.get("/plan?done=plan.drawn&month=x&tests=call-0900000000&sign=00").text
    assert "0900000000" not in forged


def test_a_plan_that_was_changed_is_told(server: Running, agency):
    client = server.client(Role.AUDITOR)
    assert "封存的計畫沒有更動" in verified(client, server, "2026-11")
    with closing(sqlite3.connect(agency.database)) as database, database:
        guards = "SELECT name FROM sqlite_master WHERE tbl_name = 'plans' AND type = 'trigger'"
        for (name,) in list(database.execute(guards)):
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE plans SET seal = 'ffff' WHERE month = '2026-11'")
    assert "封存的計畫與雜湊值不符" in verified(client, server, "2026-11")


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", ["/plan", f"/plan/{COMING}", f"/plan/{COMING}/verify", f"/plan/{COMING}/rules"])
def test_the_pages_have_no_violation_of_wcag_and_fit(path, width, page_of):
    page = page_of(Role.CONVENER, path, width=width, dark=width == 320)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_rules_come_by_themselves_and_the_keyboard_shows_the_times(page_of):
    page = page_of(Role.CONVENER, f"/plan/{COMING}")
    page.get_by_text("每月至少").first.wait_for()
    page.get_by_role("button", name="看時間與單位").focus()
    page.keyboard.press("Enter")
    page.get_by_text("已記錄您看過這份分配表").wait_for()
    assert violations(page) == []


def test_units_are_called_by_their_names_and_rules_lead_to_where_they_are_changed(server: Running):
    client = server.client(Role.CONVENER)
    rules = client.get(f"/plan/{COMING}/rules").text
    assert '<a href="/settings/programme">測試計畫</a>' in rules
    assert '<a href="/plan/external">外部測試</a>' in rules
    assert re.findall(r"\bu[123]\b", rules) == []
    testers = client.get("/settings/testers").text
    assert ("<td>一課</td>" in testers, "<td>u1</td>" in testers) == (True, False)
    people = server.client(Role.ADMINISTRATOR).get("/settings/people").text
    assert ('<td class="spare">一課</td>' in people, "<td>u1</td>" in people) == (True, False)
    assert '<a href="/settings/programme">' not in server.client(Role.TESTER).get(f"/plan/{COMING}/rules").text
