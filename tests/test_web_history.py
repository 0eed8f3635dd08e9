"""A call's history: who did what, and what each listener wrote, for whom and from when on."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from web_pages import PROMPT, Client, Running, add_person

from harness.agency import Agency
from harness.rounds import rounds
from harness.second_opinion import add_opinion, object_to, settle_opinions
from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
FIRST = best() | {"B2.3": {"option": "3", "points": 3}}
SECOND = best()


@pytest.fixture
def told(agency: Agency, request: pytest.FixtureRequest) -> str:
    """A call of u1 that nobody has judged; a reviewer of u1's own beside the others."""
    call_id = f"c-history-{request.node.name[:20].replace('_', '-')}"
    keep_call(agency, call_id, call(), None, unit="u1", day=date(2026, 11, 16), columns=PROMPT)
    with open_store(agency.database) as store:
        if store.people.find("ownreviewer") is None:
            add_person(store, "ownreviewer", name="一課複評", roles=[Role.REVIEWER], unit="u1")
    return call_id


def give(agency: Agency, call_id: str, said: dict[str, Any], who: str) -> None:
    with open_store(agency.database) as store:
        add_opinion(call_id, said, who=who, agency=agency, store=store)


def column(page: str, number: int) -> bool:
    """Whether a round's answers stand on a page."""
    return f"第 {number} 輪各人寫的評分" in page


def own(server: Running) -> Client:
    client = server.client()
    client.log_in("ownreviewer")
    return client


def test_what_was_written_is_seen_when_both_are_in_and_not_before(told: str, server: Running, agency: Agency) -> None:
    path = f"/calls/{told}/history"
    seers = {"reviewer": server.client(Role.REVIEWER), "convener": server.client(Role.CONVENER), "own": own(server)}
    seers["auditor"] = server.client(Role.AUDITOR)
    give(agency, told, FIRST, "甲評分")
    for name, client in seers.items():
        page = client.get(path).text
        assert (name, "甲評分" in page, "現在不能看" in page, column(page, 1)) == (name, True, True, False)
    assert "等您獨立評分" in seers["reviewer"].get(path).text
    give(agency, told, SECOND, "乙評分")
    with open_store(agency.database) as store:
        (held,) = rounds(told, store)
        assert held.entries["second"]["detail"]["blind"]
        settle_opinions(
            told, {"B2.3": {"take": "second", "reason": "聽清楚了"}}, who="黃複評", agency=agency, store=store
        )
    for name, client in seers.items():
        page = client.get(path).text
        assert (name, column(page, 1), "乙評分" in page, "現在不能看" in page) == (name, True, True, False)
        assert page.count('<span class="state wait">不同</span>') == 1
        assert "裁定" in page
        totals = re.findall(r"<td><strong>([\d.]+)</strong></td>", page)
        assert (len(totals), totals[1] == totals[2], totals[0] == totals[1]) == (3, True, False)  # the second's counts


@pytest.mark.parametrize("role", [Role.UNIT, Role.TESTER, Role.OUTSIDE_TESTER, Role.ADMINISTRATOR])
def test_the_unit_that_was_scored_and_who_scores_have_no_history(role: Role, server: Running) -> None:
    client = server.client(role)
    assert client.get("/calls/c-done/history").status == 403
    for path in ("/calls/c-done", "/calls/c-done/review"):
        assert "/history" not in client.get(path).text


def test_a_second_listener_of_an_objection_is_told_no_round_before_it(
    told: str, server: Running, agency: Agency
) -> None:
    """The first of the new round is what the round before came to."""
    path = f"/calls/{told}/history"
    give(agency, told, FIRST, "甲評分")
    give(agency, told, SECOND, "乙評分")
    with open_store(agency.database) as store:
        decided = {"B2.3": {"take": "first", "reason": "第二聲才說完"}}
        settle_opinions(told, decided, who="林召集", agency=agency, store=store)
        object_to(told, who="一課代表", reason="當時在接另一通", agency=agency, store=store)
    reviewer, convener = (server.client(role).get(path).text for role in (Role.REVIEWER, Role.CONVENER))
    assert (column(reviewer, 1), column(reviewer, 2)) == (False, False)
    assert ("當時在接另一通" in reviewer, "甲評分" in reviewer) == (True, True)  # who and why, not what
    assert (column(convener, 1), column(convener, 2)) == (True, False)
    give(agency, told, SECOND, "黃複評")
    reviewer = server.client(Role.REVIEWER).get(path).text
    assert (column(reviewer, 1), column(reviewer, 2)) == (True, True)


def test_the_log_is_what_the_command_tells(told: str, server: Running, agency: Agency) -> None:
    give(agency, told, FIRST, "甲評分")
    give(agency, told, SECOND, "乙評分")
    with open_store(agency.database) as store:
        lines = store.log.of(told)
    assert len(lines) == 2
    page = server.client(Role.REVIEWER).get(f"/calls/{told}/history").text.partition('id="log"')[2]
    assert page.count("<tr><td><time") == len(lines)
    assert all(one["who"] in page for one in lines)


def test_a_call_without_a_sheet_has_a_history(server: Running, agency: Agency) -> None:
    page = server.client(Role.AUDITOR).get("/calls/c-mine/history")
    assert page.status == 200
    assert "/calls/c-mine/history" in server.client(Role.REVIEWER).get("/calls/c-mine").text
