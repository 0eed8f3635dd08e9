"""A test that is unknown is decided on the month's page, by the convener alone, once and with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from web_pages import NOW, Running, violations

from harness.agency import Agency
from harness.programme.month import draw_and_seal, kept_plan
from harness.store import open_store
from harness.store.plans import DONE, DROPPED, UNKNOWN
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
MONTH = "2026-11"
DRAWN_AT = datetime.fromisoformat("2026-10-25T10:00:00+08:00")


@pytest.fixture(scope="module", autouse=True)
def unknown(agency: Agency) -> tuple[str, str]:
    """Two tests of this month that were cut off; of the first's unit there is a call that was placed by hand."""
    (agency.folder / "programme.toml").write_text("rounds_per_month = 1\nunits_per_round = 3\n", encoding="utf-8")
    with open_store(agency.database) as store:
        draw_and_seal(agency, MONTH, store, seed="1", now=DRAWN_AT)
        first, second = kept_plan(MONTH, store)[0].tests[:2]
        for test in (first, second):
            store.plans.note(test.id, UNKNOWN, month=MONTH, detail={}, now=test.at + timedelta(minutes=1))
    keep_call(agency, "by-hand", call(), best(), unit=first.unit, day=date(2026, 11, 20))
    return first.id, second.id


def state(agency: Agency, test: str) -> str | None:
    with open_store(agency.database) as store:
        return store.plans.state(test)


def test_the_page_asks_the_convener_and_nobody_else(server: Running) -> None:
    html = server.client(Role.CONVENER).get(f"/plan/{MONTH}").text
    assert html.count("記下決定") == 2
    assert html.count('<option value="by-hand">') == 1
    assert "by-hand 115/11/20 10:00 為結果" in html
    assert "2 個測試結果不明，待您決定" in server.client(Role.CONVENER).get("/").text
    for role in (Role.TESTER, Role.AUDITOR, Role.ADMINISTRATOR):
        client = server.client(role)
        assert "待人決定的測試" not in client.get(f"/plan/{MONTH}").text
        assert "待您決定" not in client.get("/").text


def test_the_pages_are_right_in_both_widths(page_of: Callable[..., Any]) -> None:
    for width in (1280, 320):
        page = page_of(Role.CONVENER, f"/plan/{MONTH}", width=width, dark=width == 320)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_choice_or_a_reason_or_the_right_nothing_is_kept(
    server: Running, agency: Agency, unknown: tuple[str, str]
) -> None:
    client, told = server.client(Role.CONVENER), {"test": unknown[0], "as": DROPPED, "reason": "電話沒響"}
    for wrong in ({"as": ""}, {"reason": " "}, {"as": "nobody"}):
        assert client.post(f"/plan/{MONTH}/settle", told | wrong).status in (404, 422)
    assert client.post(f"/plan/{MONTH}/settle", told | {"test": "2026-11-1-nobody"}).status == 404
    assert client.post("/plan/2026-12/settle", told).status == 404
    for role in (Role.TESTER, Role.AUDITOR, Role.ADMINISTRATOR, Role.REVIEWER):
        assert server.client(role).post(f"/plan/{MONTH}/settle", told).status == 403
    assert state(agency, unknown[0]) == UNKNOWN


def test_a_decision_is_kept_once_with_who_and_why(server: Running, agency: Agency, unknown: tuple[str, str]) -> None:
    client, first, second = server.client(Role.CONVENER), *unknown
    told = {"test": first, "as": "by-hand", "reason": "隔日由人補測"}
    answer = client.post(f"/plan/{MONTH}/settle", told)
    assert answer.status == 303, answer.text
    assert "不會再撥" in client.get(answer.headers["location"]).text
    assert client.post(f"/plan/{MONTH}/settle", told).status == 404
    assert client.post(f"/plan/{MONTH}/settle", {"test": second, "as": DROPPED, "reason": "不補"}).status == 303
    assert (state(agency, first), state(agency, second)) == (DONE, DROPPED)
    html = client.get(f"/plan/{MONTH}").text
    assert "待人決定的測試" not in html
    assert "取消 1 通" in html
    with open_store(agency.database) as store:
        lines = [row for row in store.log.newest(limit=20) if row["what"] == "test_decided"]
    assert [(row["who"], row["detail"]["reason"]) for row in lines] == [("林召集", "不補"), ("林召集", "隔日由人補測")]
    assert all(row["at"][:10] == NOW.date().isoformat() for row in lines)


def test_a_month_without_rounds_has_no_button_and_names_the_next(server: Running, agency: Agency) -> None:
    text = 'units_per_round = 3\nrounds_every = "quarter"\nround_month = 2\n'
    (agency.folder / "programme.toml").write_text(text, encoding="utf-8")
    client = server.client(Role.CONVENER)
    html = client.get("/plan").text
    assert "這個月不測試；下次在 116 年 2 月" in html
    assert "/plan/2026-12/draw" not in html
    assert client.post("/plan/2026-12/draw").status == 422
    assert "每季只在一個月測試，這個月不是" in client.get("/plan/2026-12/rules").text
