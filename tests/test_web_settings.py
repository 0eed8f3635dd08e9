"""Settings: nothing is taken over until it is right, every fault is shown, and every change is in the log."""

import re
from datetime import date
from pathlib import Path

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from web_pages import PASSWORD, Running, make_sound

from harness.directory_files import export_units
from harness.second_opinion import object_to
from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
OWN = {"own_password": PASSWORD}
GOOD = "單位代號,單位名稱,電話,分機\nu1,一課,0227000001,201\nu2,二課,0227000002,202\nu9,九課,0227000009,209\n"
BAD = "單位代號,單位名稱,電話,分機,線路\nu1,一課,110,201,\nu2,二課,,,nowhere\nu2,二課,0227000002,abc,\n"
SCENARIO = (Path(__file__).parent.parent / "scenarios" / "extension-direct.toml").read_bytes()


def in_log(agency, what):
    with open_store(agency.database) as store:
        return [row for row in store.log.newest(limit=1000) if row["what"] == what]


def test_a_directory_with_faults_shows_each_with_row_and_column_and_changes_nothing(server: Running, agency):
    client, before = server.client(Role.CONVENER), (agency.folder / "units.csv").read_bytes()
    for what in ("check", "import"):
        answer = client.upload("/settings/units", "名冊.csv", BAD.encode("utf-8-sig"), {"what": what})
        assert answer.status == 422
        faults = re.findall(r"<li>([^<]*第 ?\d[^<]*)</li>", answer.text)
        assert len(faults) >= 4, answer.text
        assert all(any(f"{row}" in one for one in faults) for row in (2, 3, 4))
        assert [one for one in faults if not one.startswith("名冊.csv，")] == []
        assert any("欄「分機」：「abc」" in one for one in faults)
    assert (agency.folder / "units.csv").read_bytes() == before
    assert in_log(agency, "units_imported") == []


def test_a_line_that_the_agency_does_not_have_is_found_before_anything_is_taken_over(server: Running, agency):
    told = GOOD.replace("分機\n", "分機,線路\n").replace("201\n", "201,nowhere\n")
    answer = server.client(Role.CONVENER).upload("/settings/units", "a.csv", told.encode(), {"what": "import"})
    assert (answer.status, "nowhere" in answer.text) == (422, True)
    assert server.client(Role.CONVENER).get("/settings/units").status == 200


@pytest.mark.parametrize("kind", ["csv", "ods"])
def test_a_good_directory_is_checked_first_then_taken_over(kind, server: Running, agency, tmp_path):
    client = server.client(Role.CONVENER)
    content = GOOD.encode("utf-8-sig")
    if kind == "ods":
        export_units(server.site.agency().units, tmp_path / "a.ods")
        content = (tmp_path / "a.ods").read_bytes()
    before = (agency.folder / "units.csv").read_bytes()
    checked = client.upload("/settings/units", f"a.{kind}", content, {"what": "check"})
    assert ("目前還沒有更動" in checked.text, (agency.folder / "units.csv").read_bytes()) == (True, before)
    assert kind == "ods" or "<li>+ 九課</li>" in checked.text
    taken = client.upload("/settings/units", f"a.{kind}", content, {"what": "import"})
    assert taken.status == 303
    assert "已匯入" in client.get(taken.headers["location"]).text
    assert (agency.folder / "units.csv.before").read_bytes() == before
    assert in_log(agency, "units_imported")[0]["who"] == "林召集"


def test_what_is_wrong_with_one_unit_is_said_in_the_words_of_its_form(server: Running):
    told = {"unit": "u77", "name": "新課", "extension": "12-3"}
    answer = server.client(Role.CONVENER).post("/settings/unit", told)
    assert (answer.status, "欄「分機」：「12-3」不是分機" in answer.text, "units.csv" in answer.text) == (
        422,
        True,
        False,
    )


@pytest.mark.parametrize("name", ["a.exe", "a", "../units.csv.exe", ""])
def test_a_file_of_another_kind_is_refused(name, server: Running):
    assert server.client(Role.CONVENER).upload("/settings/units", name, b"x", {"what": "import"}).status == 422


def test_the_directory_comes_out_as_it_goes_in(server: Running, agency):
    client = server.client(Role.AUDITOR)
    told = client.get("/settings/units/export?kind=csv")
    assert told.body.decode("utf-8-sig").startswith("單位代號,")
    assert client.get("/settings/units/export").body[:2] == b"PK"
    again = server.client(Role.CONVENER).upload("/settings/units", "a.csv", told.body, {"what": "check"})
    assert "新增 0、移除 0、修改 0" in again.text


def test_a_scenario_is_taken_over_only_when_it_is_right(server: Running, agency):
    client, there = server.client(Role.CONVENER), agency.scenarios / "our-way.toml"
    wrong = SCENARIO.replace(b"[[steps]]", b"[[steps]]\nnonsense = 1", 1)
    answer = client.upload("/settings/scenarios", "our-way.toml", wrong)
    assert (answer.status, "nonsense" in answer.text, there.exists()) == (422, True, False)
    right = SCENARIO.replace(b'"extension-direct"', b'"our-way"', 1)
    for name in ("../our-way.toml", "Our Way.toml", "our-way.txt", ".toml"):
        answer = client.upload("/settings/scenarios", name, right)
        assert answer.status == (303 if name.startswith("..") else 422)  # a folder in a name is left out of it
    assert there.exists()
    assert "our-way" in client.get("/settings/scenarios").text
    assert in_log(agency, "scenario_brought")


def test_a_form_is_taken_over_only_when_it_is_right(server: Running, agency):
    from harness.form_files import make_form

    client = server.client(Role.CONVENER)
    made = make_form("our-form", like="keelung-102", title=None, agency_folder=agency.folder)
    content = made.file.read_bytes()
    made.file.unlink()
    answer = client.upload("/settings/forms", "our-form.toml", content + b"\nnonsense = 1\n")
    assert (answer.status, made.file.exists()) == (422, False)
    assert client.upload("/settings/forms", "other-name.toml", content).status == 422
    assert client.upload("/settings/forms", "our-form.toml", content).status == 303
    assert made.file.read_bytes() == content
    assert in_log(agency, "form_brought")[0]["detail"]["form"] == "our-form"


def test_an_account_is_made_changed_signed_out_and_removed_and_all_of_it_is_logged(server: Running, agency):
    admin, new = server.client(Role.ADMINISTRATOR), server.client()
    told = {
        "login": "wang",
        "name": "王小明",
        "role": "tester",
        "unit": "u2",
        "password": "另一句只有他知道的話 7",
    } | OWN
    for wrong in (
        {"login": "w"},
        {"password": "short"},
        {"role": "king"},
        {"unit": "none"},
        {"name": ""},
        {"own_password": "x"},
    ):
        assert admin.post("/settings/people", told | wrong).status == 422
    assert admin.post("/settings/people", told).status == 303
    assert new.log_in("wang", told["password"]).status == 303
    assert admin.post("/settings/people/wang/sign-out").status == 303
    assert new.get("/").status == 303
    assert admin.post("/settings/people/wang/roles", {"role": "unit", "unit": "u2"} | OWN).status == 303
    assert admin.post("/settings/people/wang/password", {"password": PASSWORD} | OWN).status == 303
    assert new.log_in("wang").status == 303
    assert new.get("/units").headers["location"] == "/me/first-password"
    own = told["password"]
    assert new.post("/me/password", {"now": PASSWORD, "new": own}).status == 303
    assert new.log_in("wang", own).status == 303
    assert new.get("/units").headers["location"] == "/units/u2"
    assert admin.post("/settings/people/wang/remove").status == 422
    assert admin.post("/settings/people/wang/remove", {"sure": "1"} | OWN).status == 303
    assert new.get("/").status == 303
    html = admin.get("/settings/log").text
    for said in ("新增帳號", "改角色", "重設密碼", "移除帳號"):
        assert said in html
    assert told["password"] not in html


@pytest.mark.parametrize("proof", [{}, {"own_password": "a password that is not the own 1"}])
def test_a_page_left_open_gives_nobody_roles_or_passwords(proof: dict[str, str], server: Running, agency):
    admin = server.client(Role.ADMINISTRATOR)
    with open_store(agency.database) as store:
        before = store.people.find("reviewer")
    acts = {"roles": {"role": "administrator"}, "password": {"password": PASSWORD}, "remove": {"sure": "1"}}
    for path, told in acts.items():
        assert admin.post(f"/settings/people/reviewer/{path}", told | proof).status == 422
    with open_store(agency.database) as store:
        assert store.people.find("reviewer") == before


def test_the_last_administrator_stays(server: Running):
    admin = server.client(Role.ADMINISTRATOR)
    assert admin.post("/settings/people/administrator/remove", {"sure": "1"} | OWN).status == 422
    assert admin.post("/settings/people/administrator/roles", {"role": "tester"} | OWN).status == 422


def test_no_secret_of_an_account_or_a_line_is_shown(server: Running):
    admin = server.client(Role.ADMINISTRATOR)
    for path in ("/settings", "/settings/people", "/settings/people/reviewer", "/settings/log"):
        assert re.findall(r"argon2|secret_", admin.get(path).text) == []


def old_sound(agency, call_id, day):
    """A call of long ago whose sound is still there."""
    keep_call(agency, call_id, call(), best(), unit="u1", day=day)
    make_sound(agency.folder / "recordings" / str(day) / "gone.flac", seconds=1.0)
    return agency.folder / "recordings" / str(day) / "gone.flac"


def test_sound_is_deleted_only_when_one_is_sure(server: Running, agency):
    client = server.client(Role.CONVENER)
    assert client.post("/settings/retention").status == 422
    assert client.post("/settings/retention", {"sure": "1"}).status == 409  # no list was shown that it could mean
    assert (agency.folder / "recordings" / "c-open.flac").exists()


@pytest.mark.page_may_say("409")
def test_sound_whose_time_is_over_is_deleted_in_the_browser_as_it_was_shown_and_the_sheet_stays(
    page_of, server: Running, agency
):
    first = old_sound(agency, "c-2024", date(2024, 1, 15))
    page = page_of(Role.CONVENER, "/settings/retention")
    assert "c-2024" in page.inner_text("main")
    second = old_sound(agency, "c-2025", date(2024, 2, 15))  # after the page was seen
    page.check("[name=sure]")
    page.get_by_role("button", name="刪除").click()
    page.get_by_text("什麼都沒有刪除").wait_for()
    assert (first.exists(), second.exists(), in_log(agency, "sound_deleted")) == (True, True, [])
    page.goto(f"{server.url}/settings/retention")
    page.get_by_role("button", name="刪除").click()
    assert first.exists()  # the browser asks for the tick
    page.check("[name=sure]")
    page.get_by_role("button", name="刪除").click()
    page.get_by_text("已刪除 2 通的錄音").wait_for()
    assert (first.exists(), second.exists()) == (False, False)
    assert (agency.folder / "recordings" / "c-open.flac").exists()  # its time is not over
    logged = {row["call_id"]: (row["who"], row["detail"]["files"]) for row in in_log(agency, "sound_deleted")}
    assert logged == {one: ("林召集", ["gone.flac"]) for one in ("c-2024", "c-2025")}
    client = server.client(Role.CONVENER)
    assert client.get("/calls/c-2024/sheet").status == 200
    assert client.get("/calls/c-2024/recording").status == 404
    assert "c-2024" not in client.get("/settings/retention").text


def test_the_log_says_in_words_what_was_done_and_what_stands_beside_it(server: Running, agency):
    """Of an objection and of the opinion that it begins a round with: nothing as the database spells it."""
    with open_store(agency.database) as store:
        object_to("c-other", who="三課", reason="不同意", agency=agency, store=store)
    page = server.client(Role.ADMINISTRATOR).get("/settings/log").text
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", page)]
    about = [row for row in rows if len(row) == 4 and "c-other" in row[3]]
    assert [row[2] for row in about] == ["意見", "異議"]
    told = " ".join(row[3] for row in about).replace("c-other", "")
    assert re.findall("[A-Za-z]{2,}", told) == []
    assert ("第一意見" in told, "理由：不同意" in told) == (True, True)
    assert [row[2] for row in rows if len(row) == 4 and re.search("[a-z_]{3,}", row[2])] == []
