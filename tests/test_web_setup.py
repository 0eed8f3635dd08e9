"""The first run: an administrator's first hour, step by step; left and taken up again; and nothing is dialled by it."""

import re
import tomllib

import pytest
from web_pages import NOW, TOKEN, add_person, serving, violations

from harness.agency import load_agency
from harness.directory_files import export_units
from harness.ledger import claims
from harness.new_agency import make_agency
from harness.programme.settings import read_programme
from harness.store import open_store
from harness.web.daemon import UNREADY, set_up, state_of
from harness.web.rights import Role
from harness.web.setting_up import BEGUN, STEP, STEPS
from harness.web.site import Site

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
UNITS = "單位代號,單位名稱,電話,分機\nu1,一課,0227000001,201\nu2,二課,0227000002,202\n"


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    """A folder as `thirdring init` and `thirdring user add` leave it."""
    folder = tmp_path_factory.mktemp("first") / "agency"
    make_agency(folder)
    with open_store(folder / "thirdring.db") as store:
        add_person(store, "administrator", name="系統管理者", roles=[Role.ADMINISTRATOR])
        add_person(store, "tester", name="陳小華", roles=[Role.TESTER])
        add_person(store, "auditor", name="吳稽核", roles=[Role.AUDITOR])
    return load_agency(folder)


@pytest.fixture(scope="module")
def server(agency):
    with serving(Site(folder=agency.folder, clock=lambda: NOW, metrics_token=TOKEN)) as running:
        yield running


def fill(page, **values):
    for name, value in values.items():
        page.fill(f'[name="{name.replace("__", ".")}"]', value)


def test_today_counts_the_steps_that_the_overview_does_not_call_done(tmp_path):
    """Gone through, and still with the example in it: that is no step done."""
    make_agency(tmp_path / "agency")
    with open_store(tmp_path / "agency" / "thirdring.db") as store:
        add_person(store, "administrator", name="系統管理者", roles=[Role.ADMINISTRATOR])
        store.log.write(BEGUN, who="系統管理者")
        for name in ("agency", "form", "hours"):
            store.log.write(STEP, who="系統管理者", detail={"step": name})
    with serving(Site(folder=tmp_path / "agency", clock=lambda: NOW)) as running:
        client = running.client(Role.ADMINISTRATOR)
        done = client.get("/setup").text.count('class="state good"')
        told = re.search(r"還有 (\d+) 個設定步驟", client.get("/").text)
    assert told
    assert (done, int(told[1])) == (2, len(STEPS) - 2)


def test_a_step_that_still_has_the_example_in_it_is_left_for_later_and_not_called_done(tmp_path):
    make_agency(tmp_path / "agency")
    with open_store(tmp_path / "agency" / "thirdring.db") as store:
        add_person(store, "administrator", name="系統管理者", roles=[Role.ADMINISTRATOR])
        add_person(store, "convener", name="林召集", roles=[Role.CONVENER])
        store.log.write(BEGUN, who="系統管理者")
    with serving(Site(folder=tmp_path / "agency", clock=lambda: NOW)) as running:
        client = running.client(Role.ADMINISTRATOR)
        for name in ("agency", "units", "lines", "people"):
            page = client.get(next(one.path for one in STEPS if one.name == name)).text
            assert ("先跳過" in page or name == "agency", "照這樣，下一步" in page) == (True, False), name
            assert client.post(f"/setup/{name}").status == 303
        assert 'class="state good"' not in client.get("/setup").text
        assert "還沒有人可以評分" in client.get("/setup").text
        convener = running.client(Role.CONVENER)  # accounts are not theirs to make: no step of theirs
        assert (convener.get("/setup").text.count("/settings/people"), convener.post("/setup/people").status) == (
            0,
            404,
        )
        assert f"第 7 步，共 {len(STEPS) - 1} 步" in convener.get("/settings/testers").text


LOOKED_AT = (1, 4, 7, 11)
"""One page of each kind; the pages themselves are looked at elsewhere."""


def at_step(page, number):
    page.wait_for_load_state()
    assert f"第 {number} 步" in page.inner_text("nav.setup")
    if number in LOOKED_AT:
        assert violations(page) == []


@pytest.mark.page_may_say("422")
def test_the_first_run_from_an_empty_folder_to_an_agency_that_may_dial(page_of, agency, tmp_path):
    """In a real browser; the steps are done by keyboard where nothing has to be uploaded."""
    folder = agency.folder
    page = page_of(Role.ADMINISTRATOR, "/", width=390)
    page.wait_for_url("**/setup")
    page.click("text=開始設定")
    at_step(page, 1)
    fill(page, name="某某市政府")
    page.press('[name="name"]', "Enter")
    at_step(page, 2)
    (tmp_path / "bad.csv").write_text(UNITS.replace("0227000002", "110"), encoding="utf-8-sig")
    page.set_input_files("[name=file]", tmp_path / "bad.csv")
    page.click('[name=what][value="import"]')
    assert "第 3 行" in page.inner_text(".problem")
    (tmp_path / "good.csv").write_text(UNITS, encoding="utf-8-sig")
    page.set_input_files("[name=file]", tmp_path / "good.csv")
    page.click('[name=what][value="import"]')
    assert "已匯入" in page.inner_text("main")
    page.click("text=照這樣，下一步")
    at_step(page, 3)
    page.goto(page.url.replace("/settings/forms", "/"))  # left, and taken up again
    page.click("text=個設定步驟")
    page.click("text=接著設定")
    at_step(page, 3)
    page.click("text=照這樣，下一步")
    at_step(page, 4)
    page.click("table >> text=main")
    fill(page, **{"lines[1].server": "192.0.2.9:5060", "lines[1].user": "1001"})
    fill(page, **{"lines[1].from_uri": "sip:0227000000@192.0.2.9"})
    page.check('[name="secret_where"][value="file"]')
    fill(page, password="hush-hush-42")
    page.click("form.settings button")
    at_step(page, 4)
    page.click("text=照這樣，下一步")
    at_step(page, 5)
    fill(page, hours__default="9-12")
    page.click("form.settings button")
    wrong = page.locator('[name="hours.default"]')
    assert wrong.get_attribute("aria-invalid") == "true"
    assert "09:00-11:30" in page.inner_text(".problem")
    assert violations(page) == []
    wrong.fill("10:00-12:00")
    page.click("form.settings button")
    at_step(page, 6)
    page.click("text=照這樣，下一步")
    at_step(page, 7)
    page.click("text=照這樣，下一步")
    at_step(page, 8)
    page.click("text=新增測試人員")
    fill(page, **{"testers[1].name": "陳小華"})
    page.select_option('[name="testers[1].unit"]', "u1")
    page.click("form.settings button")
    page.click("text=照這樣，下一步")
    at_step(page, 9)
    fill(page, units_per_round="2")
    page.click("form.settings button")
    at_step(page, 10)
    assert not set_up(folder)
    fill(page, recording_notice_date="2026-11-02")
    page.click("form.settings button")
    at_step(page, 11)
    assert "0227000001" in page.inner_text("main")
    assert (set_up(folder), state_of(folder)) == (False, UNREADY)  # all is there, but nobody said that it is finished
    page.click("text=看過了")
    page.check("[name=sure]")
    page.click("form.card button")
    assert "設定完成" in page.inner_text("main")
    assert violations(page) == []
    settings, programme = load_agency(folder).settings, read_programme(folder)
    line = settings.lines[0]
    assert (settings.name, line.server, line.secret_file) == ("某某市政府", "192.0.2.9:5060", "main.secret")
    assert ((folder / "main.secret").read_text().strip(), (folder / "main.secret").stat().st_mode & 0o777) == (
        "hush-hush-42",
        0o600,
    )
    assert (programme.testers[0].unit, programme.units_per_round) == ("u1", 2)
    assert set_up(folder)
    assert list(claims(load_agency(folder))) == []  # nothing was dialled
    assert (folder / "agency.toml").read_text("utf-8").count("#") > 40  # the comments are still there


def test_nothing_of_a_password_is_left_anywhere_but_in_its_file(server, agency):
    client = server.client(Role.ADMINISTRATOR)
    told = {"stamp": "", "lines[1].server": "192.0.2.9:5060", "secret_where": "file", "password": "another-42"}
    usual = {"lines[1].transport": "udp", "lines[1].from_uri": "sip:0227000000@192.0.2.9", "lines[1].srtp": "off"}
    usual |= {"lines[1].codecs": "PCMA/8000", "lines[1].tls_verify": "1"}
    assert client.post("/settings/line/main", told | usual).status == 303
    assert (agency.folder / "main.secret").read_text().strip() == "another-42"
    for path in ("/settings/line/main", "/settings/changes", "/settings/log", "/settings/lines"):
        assert "-42" not in client.get(path).text
    files = [one for one in agency.folder.rglob("*") if one.is_file() and one.name != "main.secret"]
    assert [one.name for one in files if b"another-42" in one.read_bytes() or b"hush-hush" in one.read_bytes()] == []


def test_who_types_the_password_for_the_variables_name_is_refused(server, agency):
    client, before = server.client(Role.ADMINISTRATOR), (agency.folder / "agency.toml").read_bytes()
    told = {"stamp": "", "lines[1].server": "192.0.2.9", "lines[1].transport": "udp", "secret_where": "env"}
    for variable in ("HUSH_HUSH_43", "PATH", "THIRDRING_HUSH_43"):
        answer = client.post("/settings/line/main", told | {"secret_env": variable})
        assert (answer.status, "環境變數" in answer.text) == (422, True)
        assert ("沒有環境變數" in answer.text) is variable.startswith("THIRDRING_")
    assert (agency.folder / "agency.toml").read_bytes() == before


def test_an_agency_that_is_set_up_is_not_stopped_by_beginning_again(server, agency):
    client = server.client(Role.ADMINISTRATOR)
    for path in ("/setup/begin", "/setup/units", "/setup/finish"):
        assert client.post(path, {"sure": "1"}).status == 422
    assert set_up(agency.folder)


def test_afterwards_an_administrator_is_no_convener(server, agency, tmp_path):
    client = server.client(Role.ADMINISTRATOR)
    export_units(agency.units, tmp_path / "a.csv")
    assert (
        client.upload("/settings/units", "a.csv", (tmp_path / "a.csv").read_bytes(), {"what": "import"}).status == 403
    )
    assert client.post("/settings/notice", {"recording_notice_date": "2026-11-03"}).status == 403
    assert "您可以看，不能改" in client.get("/settings/notice").text
    assert client.post("/settings/testers", {}).status == 405


def test_who_did_what_when_stands_among_the_changes(server):
    html = server.client(Role.AUDITOR).get("/settings/changes").text
    rows = re.findall(r"<tr><td>.*?</tr>", html, flags=re.DOTALL)
    assert any("可測時段" in row and "10:00-12:00" in row and "系統管理者" in row for row in rows)
    assert server.client(Role.TESTER).get("/settings/changes").status == 403


def test_a_file_that_is_changed_beside_the_pages_is_told(server, agency):
    client, path = server.client(Role.AUDITOR), agency.folder / "agency.toml"
    assert "在網頁之外被改過" not in client.get("/settings/changes").text
    path.write_text(path.read_text("utf-8") + "# by hand\n", encoding="utf-8")
    assert "agency.toml 在網頁之外被改過" in client.get("/settings/changes").text


def test_every_step_is_a_page_of_the_settings(server):
    client = server.client(Role.ADMINISTRATOR)
    for step in STEPS:
        answer = client.get(step.path)
        assert (answer.status, 'nav class="tabs"' in answer.text) == (200, True)
    assert tomllib.loads((server.site.folder / "programme.toml").read_text("utf-8"))["units_per_round"] == 2
