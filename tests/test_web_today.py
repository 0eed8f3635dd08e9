"""Today: what each may know of what is running and what comes; nobody who may be tested learns when."""

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from markupsafe import Markup
from web_pages import NOW, Running, later

from harness.ledger import this_process
from harness.store import open_store
from harness.web.render import day, words
from harness.web.rights import Right, Role, rights_of

pytest_plugins = ("web_fixtures",)
MONTH = "2026-11"
DUE = ((1, 0), (2, 47), (3, 197))
"""Units u1, u2, u3 and the minutes from NOW after which each is due; the first is being dialled."""


@pytest.fixture(scope="module", autouse=True)
def _planned(agency):
    tests = [
        {"id": f"{MONTH}.1.u{n}", "at": later(minutes).isoformat(), "unit": f"u{n}", "tester": ""} for n, minutes in DUE
    ]
    with open_store(agency.database) as store:
        store.plans.add(MONTH, seal="x", plan={"tests": tests}, now=NOW)
        assert store.plans.take(f"{MONTH}.1.u1", month=MONTH, attempts=[], now=NOW)


def shown(server: Running, role: Role) -> str:
    """The cards of Today without their tags."""
    html = server.client(role).get("/").text.partition('id="now"')[2]
    assert "&lt;" not in html  # no tag is shown as text
    return re.sub(r"<[^>]+>", " ", html)


def test_who_may_see_the_plan_sees_minute_and_unit(server: Running):
    text = shown(server, Role.CONVENER)
    assert "115/11/23 10:17" in text
    assert "二課" in text
    assert "1 通測試電話進行中" in text
    assert "一課" in text


@pytest.mark.parametrize("role", [Role.TESTER, Role.ADMINISTRATOR])
def test_others_see_the_hour_only_and_no_unit(role, server: Running):
    text = shown(server, role)
    assert re.search(r"115/11/23\s+10 時", text)
    assert "1 通測試電話進行中" in text
    assert re.findall(r"10:17|[一二三]課", text) == []


@pytest.mark.parametrize("role", [Role.UNIT, Role.AUDITOR, Role.REVIEWER, Role.OUTSIDE_TESTER])
def test_who_may_be_tested_learns_nothing_of_what_comes(role, server: Running):
    assert not rights_of(frozenset({role})) & {Right.SEE_HOURS, Right.SEE_PLAN}
    text = shown(server, role)
    assert re.findall(r"10:17|10 時|測試電話進行中|[一二三]課|下一次|正在進行", text) == []


def test_what_waits_is_counted_for_whom_it_waits(server: Running):
    assert "1 份評分表等您評分" in shown(server, Role.TESTER)
    assert "沒有等您處理的事" in shown(server, Role.AUDITOR)


def test_a_line_shows_what_came_of_its_last_call(server: Running, agency):
    assert "近日未使用" in shown(server, Role.CONVENER)
    agency.ledger.mkdir(exist_ok=True)
    for name, outcome, said in (("a-1", "fault_ours", "▲|故障"), ("a-2", "answered", "正常")):
        claimed_at = later(-30 + int(name[-1])).isoformat()
        claim = {"attempt_id": name, "unit": "u1", "number": "1", "claimed_at": claimed_at, "line": "main", "pid": 1}
        (agency.ledger / f"{name}.claim").write_text(json.dumps(claim), encoding="utf-8")
        (agency.ledger / f"{name}.outcome").write_text(json.dumps({"outcome": outcome}), encoding="utf-8")
        assert re.search(said, shown(server, Role.CONVENER)), outcome


def test_a_call_that_somebody_began_by_hand_is_running_too(server: Running, agency):
    def up() -> int:
        found = re.search(r"([0-9]+) 通測試電話進行中", shown(server, Role.CONVENER))
        return int(found[1]) if found else 0

    before = up()
    claim = {"attempt_id": "h-1", "unit": "u2", "number": "2", "claimed_at": later(-1).isoformat()}
    path = agency.ledger / "h-1.claim"
    agency.ledger.mkdir(exist_ok=True)
    path.write_text(json.dumps(claim | {"process": this_process()}), encoding="utf-8")
    assert up() == before + 1
    assert "測試電話進行中" not in shown(server, Role.UNIT)
    path.with_suffix(".outcome").write_text(json.dumps({"outcome": "answered"}), encoding="utf-8")
    assert up() == before


def test_whether_the_programme_runs_is_said(server: Running):
    assert "尚未設定完成" in shown(server, Role.CONVENER)
    assert "開始使用" in shown(server, Role.CONVENER)
    assert "開始使用" not in shown(server, Role.TESTER)


def test_a_day_is_the_agencys_day_while_the_world_is_still_at_the_one_before(alone: Running, clock):
    clock.now = datetime(2026, 11, 22, 22, 24, tzinfo=UTC)  # 06:24 of the next day in Taipei
    heading = re.search(r"<h1>.*?</h1>", alone.client(Role.CONVENER).get("/").text)
    assert heading
    assert 'datetime="2026-11-23">115/11/23<' in heading[0]


@pytest.mark.parametrize("moment", ["2026-11-22T22:24:00+00:00", "2026-11-23T06:24:00+08:00", "2026-11-23"])
def test_the_day_of_a_kept_moment_is_the_agencys_however_it_is_written(moment, agency):
    liked = SimpleNamespace(years="western", lang="en")
    context = {"visit": SimpleNamespace(agency=agency), "preferences": liked}
    assert day(context, moment) == '<time datetime="2026-11-23">2026-11-23</time>'


def test_words_around_a_moment_are_escaped_and_the_moment_is_not():
    value = Markup("<time>10:17</time>")
    assert words("today.since", at=value) == "<time>10:17</time> 開始\n" + "since <time>10:17</time>"
    assert "&lt;b&gt;" in words("today.since", at="<b>")
