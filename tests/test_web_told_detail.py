"""The log and the page of changes in words: no key of the code, no id of a unit, no value of a file alone."""

import pytest
from web_pages import NOW, Running

from dsp.tone_plan import plan_names
from harness.agency_writer import CHANGED
from harness.store import open_store
from harness.web.rights import Role
from harness.web.told_detail import detail_told, place_told, value_told
from harness.words import catalogue, use_language

pytest_plugins = ("web_fixtures",)
TITLES = {"u1": "一課"}


@pytest.fixture(autouse=True)
def _in_chinese():
    use_language("zh")
    yield
    use_language("both")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("lines[1].srtp", "語音加密（線路 1）"),
        ("testers[2]", "測試人員 2"),
        ("hours.days", "星期"),
        ("kind", "線別"),
        ("something.of[3].its", "something.of[3].its"),
    ],
)
def test_a_place_in_a_file_is_called_as_its_page_calls_it(place, told):
    assert place_told(place) == told


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("srtp", "off", "不加密"),
        ("kind", "second", "二線"),
        ("register", True, "是"),
        ("register", False, "否"),
        ("days", ["mon", "tue"], "星期一、星期二"),
        ("unit", "u1", "一課"),
        ("unit", "u77", "u77"),
        ("tone_plan", "us-old", "美國（約 1950 年以前）"),
        ("number", None, ""),
        ("testers", {"name": "陳小華", "unit": "u1"}, "名稱：陳小華、單位：一課"),
    ],
)
def test_a_value_is_called_as_its_page_calls_it(key, value, told):
    assert value_told(key, value, TITLES) == told


def test_what_says_nothing_is_left_out():
    told = {"seal": "ab12", "approved_by": "首長", "tests": 4, "note": "", "unit": "u1", "blind": False}
    assert detail_told(told, TITLES) == "封存雜湊值：ab12；核定人：首長；測試：4；單位：一課"


def test_every_shipped_tone_plan_has_a_name():
    assert [name for name in plan_names() if f"tone_plan.{name.replace('-', '_')}" not in catalogue()] == []


def test_log_and_changes_say_it(server: Running, agency):
    changes = [{"place": "lines[1].srtp", "from": "off", "to": "mandatory"}]
    with open_store(agency.database) as store:
        store.log.write(CHANGED, who="林召集", detail={"file": "agency.toml", "changes": changes}, now=NOW)
        store.log.write("reward_list_made", who="林召集", detail={"period": "2026-H2", "approved_by": "首長"}, now=NOW)
        store.log.write("blank_sheet", who="林召集", detail={"unit": "u1"}, now=NOW)
    client = server.client(Role.AUDITOR)
    changed, log = client.get("/settings/changes").text, client.get("/settings/log").text
    assert "語音加密（線路 1）：<del>不加密</del> → <ins>一定加密</ins>" in changed
    assert "lines[1]" not in changed
    assert "核定人：首長" in log
    assert "語音加密（線路 1）：不加密 → 一定加密" in log
    assert "單位：一課" in log
    assert "不加密" in client.get("/settings").text
