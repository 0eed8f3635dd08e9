"""Refused tries: noted with who, what and when, shown to who looks after the log, and of no use to who makes them."""

from __future__ import annotations

import logging
import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from web_pages import NAMES, NOW, Running, login_of, without_nonce

from harness.agency import Agency
from harness.store import open_store
from harness.store.refused_tries import KEPT, MOST_A_DAY, RefusedTries
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)


def tries(agency: Agency, role: Role) -> list[tuple[str, int, int]]:
    """What is noted of a role's account, newest first: asked, status, count."""
    with open_store(agency.database) as store:
        rows = store.refused_tries.newest(limit=10_000)
    return [(one["asked"], one["status"], one["count"]) for one in rows if one["login"] == login_of(role)]


def test_a_try_is_noted_with_who_what_and_when_and_the_hour_s_others_are_counted(
    alone: Running, agency: Agency, clock: Any
) -> None:
    unit = alone.client(Role.UNIT)
    for _ in range(3):
        assert unit.get("/calls/c-other/recording").status == 404
    assert unit.post("/plan/off", {"day": "2026-12-01"}).status == 403
    assert sorted(tries(agency, Role.UNIT)) == [("GET /calls/c-other/recording", 404, 3), ("POST /plan/off", 403, 1)]
    clock.now = NOW + timedelta(minutes=40)  # the next hour by the clock
    assert unit.get("/calls/c-other/recording").status == 404
    assert tries(agency, Role.UNIT)[0] == ("GET /calls/c-other/recording", 404, 1)
    for role in (Role.AUDITOR, Role.ADMINISTRATOR):
        page = alone.client(role).get("/settings/refused").text
        assert all(one in page for one in (NAMES[Role.UNIT], "GET /calls/c-other/recording", "115/11/23 10:10"))


def test_what_is_there_and_what_is_not_are_noted_and_answered_alike(server: Running, agency: Agency) -> None:
    client = server.client(Role.OUTSIDE_TESTER)
    there, nothing = (client.get(f"/calls/{one}/sheet") for one in ("c-open", "c-none"))
    assert (there.status, nothing.status) == (404, 404)
    assert without_nonce(there.text).replace("c-open", "") == without_nonce(nothing.text).replace("c-none", "")
    assert {one[1:] for one in tries(agency, Role.OUTSIDE_TESTER)} == {(404, 1)}


def test_who_is_let_in_or_logged_in_nowhere_is_noted_nowhere(server: Running, agency: Agency) -> None:
    with open_store(agency.database) as store:
        before = store.refused_tries.newest(limit=1000)
    assert server.client(None).get("/calls/c-open").status == 303
    assert server.client(Role.CONVENER).get("/calls/c-open").status == 200
    assert server.client(Role.CONVENER).post("/calls/c-open/review/settle", {"csrf": "wrong"}).status == 403
    with open_store(agency.database) as store:
        assert store.refused_tries.newest(limit=1000) == before


def test_nobody_judges_the_own_unit_and_the_try_is_noted(server: Running, agency: Agency) -> None:
    with open_store(agency.database) as store:
        store.people.change(login_of(Role.REVIEWER), unit="u1")
    try:
        assert server.client(Role.REVIEWER).post("/calls/c-done/review/hear").status == 409
    finally:
        with open_store(agency.database) as store:
            store.people.change(login_of(Role.REVIEWER), unit="")
    assert ("POST /calls/c-done/review/hear", 409, 1) in tries(agency, Role.REVIEWER)


def test_a_flood_fills_nothing(agency: Agency) -> None:
    """Rows a day stay below their limit, what is beyond is counted all the same, and old ones go."""
    with open_store(agency.database) as store:
        head = store.evidence.head()
        for n in range(3 * MOST_A_DAY):
            store.refused_tries.note("flood", f"GET /calls/c-{n}", who="x", status=404, now=NOW)
        rows = [one for one in store.refused_tries.newest(limit=1000) if one["login"] == "flood"]
        assert (len(rows), sum(one["count"] for one in rows)) == (MOST_A_DAY + 1, 3 * MOST_A_DAY)
        assert [one["count"] for one in rows if not one["asked"]] == [2 * MOST_A_DAY]
        assert store.refused_tries.note("flood", "GET /late", who="x", status=404, now=NOW + KEPT + timedelta(hours=1))
        left = [one["asked"] for one in store.refused_tries.newest(limit=1000) if one["login"] == "flood"]
        assert (left, store.evidence.head()) == (["GET /late"], head)


def test_a_path_is_kept_as_text_and_no_longer_than_it_may_be(server: Running, agency: Agency) -> None:
    client = server.client(Role.TESTER)
    assert client.get("/calls/%3Cscript%3E%0Aforged%20line").status == 404
    assert client.get("/calls/" + "x" * 3000).status == 404
    asked = [one for one, _, _ in tries(agency, Role.TESTER)]
    assert max(map(len, asked)) == 200
    page = server.client(Role.AUDITOR).get("/settings/refused").text
    assert "<script>\n" not in page
    assert "&lt;script&gt;" in page


def test_a_no_stays_a_no_where_it_cannot_be_noted(
    server: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    client = server.client(Role.UNIT)
    monkeypatch.setattr(RefusedTries, "note", full)
    with caplog.at_level(logging.ERROR):
        assert client.get("/calls/c-open/recording").status == 404
    assert "could not be noted" in caplog.text
