"""Remarks, the case, papers for the pen, the look through the evidence and marks of recorded prompts, at buttons."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from web_pages import NAMES, PROMPT, Running, make_sound, violations

from harness.agency import Agency
from harness.assisted.remarks import remark
from harness.callback import CALLBACKS
from harness.prompts.marks import load_marks
from harness.record import record_from_dict
from harness.recording import sha256
from harness.store import open_store
from harness.test_call import call_folder
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
WHO = NAMES[Role.CONVENER]
A_MARK = {"at": "8.5", "name": "main-menu", "what": "operator", "kind": "", "site": ""}


@pytest.fixture(scope="module", autouse=True)
def _heard(agency: Agency) -> None:
    """The sound of c-open where its record has it, too."""
    with open_store(agency.database) as store:
        record = record_from_dict(store.get_call("c-open")["record"])
    make_sound(call_folder(agency, record) / record.files["recording"])


def logged(agency: Agency, what: str) -> list[dict[str, Any]]:
    with open_store(agency.database) as store:
        return store.log.named(what)


def test_a_remark_stands_on_the_page_with_who_said_it(server: Running, agency: Agency) -> None:
    client, path = server.client(Role.TESTER), "/calls/c-open"
    done = client.post(f"{path}/remarks", {"what": "number_left", "number": "02-2700-1234", "note": "下午回"})
    assert done.status == 303
    shown = client.get(done.headers["location"]).text
    assert "已記下" in shown
    assert all(one in shown for one in ("留了回電號碼", NAMES[Role.TESTER], "0227001234", "下午回"))
    with open_store(agency.database) as store:
        (row,) = store.call_marks.of("c-open")
    assert (row["what"], row["who"]) == ("number_left", NAMES[Role.TESTER])


@pytest.mark.parametrize("wrong", [{"what": "nonsense"}, {"what": "number_left", "number": "110"}])
def test_a_wrong_remark_is_refused_with_what_was_typed(wrong: dict[str, str], server: Running, agency: Agency) -> None:
    answer = server.client(Role.CONVENER).post("/calls/c-done/remarks", {"note": "先別丟掉", **wrong})
    assert answer.status == 422
    assert 'value="先別丟掉"' in answer.text
    with open_store(agency.database) as store:
        assert store.call_marks.of("c-done") == []


def test_a_call_back_is_told_on_the_page(server: Running, agency: Agency) -> None:
    with open_store(agency.database) as store:
        kept = store.get_call("c-other")
    unit = next(one for one in agency.units if one.unit == kept["unit"])
    began = kept["started_at"][:10]
    line = {"at": f"{began}T23:00:00+00:00", "caller": unit.digits or unit.extension, "status": 200}
    (agency.folder / CALLBACKS).write_text(json.dumps(line) + "\n", encoding="utf-8")
    client = server.client(Role.CONVENER)
    assert "不一定是回這一通" in client.get("/calls/c-other").text  # nobody noted that a number was left
    with open_store(agency.database) as store:
        remark("c-other", "number_left", who="林召集", store=store, number="02-2700-0999")
    (agency.folder / CALLBACKS).write_text(json.dumps(line | {"called": "0227000999"}) + "\n", encoding="utf-8")
    told = client.get("/calls/c-other").text
    assert "回電：" in told
    assert "不一定是回這一通" not in told


def test_the_unit_itself_is_not_told_what_was_remarked(server: Running) -> None:
    assert server.client(Role.CONVENER).post("/calls/c-done/remarks", {"what": "refused"}).status == 303
    assert "拒絕協助" in server.client(Role.AUDITOR).get("/calls/c-done").text
    assert "拒絕協助" not in server.client(Role.UNIT).get("/calls/c-done").text


@pytest.mark.parametrize("role", [Role.CONVENER, Role.AUDITOR])
def test_a_case_is_downloaded_and_who_and_why_are_logged(role: Role, server: Running, agency: Agency) -> None:
    client, before = server.client(role), len(logged(agency, "case_exported"))
    refused = client.post("/calls/c-done/case", {"reason": ""})
    assert (refused.status, len(logged(agency, "case_exported"))) == (422, before)
    sent = client.post("/calls/c-done/case", {"reason": "申訴會"})
    assert (sent.status, sent.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(sent.body)) as case:
        names = set(case.namelist())
        assert NAMES[role] in case.read("c-done/README.txt").decode()
    assert {"c-done/SHA256SUMS", "c-done/SHA256SUMS.sig", "c-done/verify.sh", "c-done/sheet.html"} <= names
    line = logged(agency, "case_downloaded")[0]
    assert (line["who"], line["call_id"], line["detail"]["reason"]) == (NAMES[role], "c-done", "申訴會")
    assert logged(agency, "case_exported")[0]["who"] == NAMES[role]
    heard = [one["who"] for one in logged(agency, "downloaded")]
    hears = role is Role.CONVENER
    assert (NAMES[role] in heard, line["detail"]["sound"]) == (hears, hears)
    assert ("c-done/recording-left-out.txt" in names) != hears
    assert hears or not any(one.endswith((".flac", ".wav")) for one in names)
    assert ("您沒有聽錄音的權限" in client.get("/calls/c-done").text) != hears


def test_who_still_has_to_hear_a_call_blind_gets_neither_its_case_nor_the_machines_half(
    server: Running, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("calls", "call_case", "by_hand"):
        monkeypatch.setattr(f"harness.web.pages.{module}.is_blind", lambda visit, call_id: True)
    client, before = server.client(Role.CONVENER), len(logged(agency, "case_exported"))
    assert client.post("/calls/c-done/case", {"reason": "x"}).status == 409
    assert client.post("/calls/c-done/machine-half", {"kind": "odt"}).status == 409
    shown = client.get("/calls/c-done").text
    assert not any(one in shown for one in ("/case", "/machine-half", "拒絕協助"))
    assert len(logged(agency, "case_exported")) == before


def test_the_blank_sheet_and_the_machines_half_are_downloaded(server: Running) -> None:
    client = server.client(Role.TESTER)
    assert "/by-hand" in client.get("/calls").text
    blank = client.post("/by-hand", {"unit": "u2", "kind": "odt"})
    half = client.post("/calls/c-other/machine-half", {"kind": "odt"})
    for sent, name in ((blank, "空白量表-二課.odt"), (half, "machine-c-other.odt")):
        assert sent.status == 200
        assert name in unquote(sent.headers["content-disposition"])
        with zipfile.ZipFile(io.BytesIO(sent.body)) as odt:
            assert odt.read("mimetype") == b"application/vnd.oasis.opendocument.text"
    assert client.post("/by-hand", {"unit": "nobody", "kind": "odt"}).status == 409
    assert client.post("/by-hand", {"unit": "u2", "kind": "exe"}).status == 422
    assert client.post("/calls/c-mine/machine-half", {"kind": "odt"}).status == 404


def test_the_evidence_is_looked_through_and_its_result_kept_with_its_moment(server: Running, agency: Agency) -> None:
    client = server.client(Role.ADMINISTRATOR)
    assert "還沒有核對過" in client.get("/settings/evidence").text
    assert client.post("/settings/evidence", {"heads": "no head"}).status == 422
    assert client.post("/settings/evidence", {"heads": str(agency.folder / "heads.txt")}).status == 422
    assert client.post("/settings/evidence").status == 303
    server.site.verifying.wait(60)
    shown = client.get("/settings/evidence").text
    assert "全部相符" in shown
    assert "115/11/23 09:30" in shown
    assert logged(agency, "verified")[0]["detail"]["findings"] == 0
    server.site.verifying.result = None  # as after a restart: the log has it still
    assert "當時全部相符" in client.get("/settings/evidence").text


def test_a_change_is_found_and_said(server: Running, agency: Agency) -> None:
    keep_call(agency, "c-changed", call(), best(), unit="u3", columns=PROMPT)
    with sqlite3.connect(agency.database) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE calls SET outcome = 'busy' WHERE call_id = 'c-changed'")
    db.close()
    client = server.client(Role.AUDITOR)
    assert client.post("/settings/evidence").status == 303
    server.site.verifying.wait(60)
    assert "c-changed" in client.get("/settings/evidence/found").text


def test_one_look_at_a_time(server: Running) -> None:
    server.site.verifying.running = server.site.suggesting.running = True
    try:
        client = server.client(Role.CONVENER)
        assert client.post("/settings/evidence").status == 409
        assert client.post("/settings/prompts/suggest").status == 409
        assert "正在核對" in client.get("/settings/evidence").text
        assert 'hx-get="/settings/prompts/found"' in client.get("/settings/prompts").text
    finally:
        server.site.verifying.running = server.site.suggesting.running = False


def test_a_prompt_is_marked_listed_and_only_replaced_when_asked(server: Running, agency: Agency) -> None:
    client, path = server.client(Role.CONVENER), "/calls/c-open/prompts"
    assert client.get(f"{path}?at=8.5").text.count('value="8.5"') == 1
    made = client.post(path, A_MARK)
    assert made.status == 303, re.findall(r'role="alert">(.*?)</div>', made.text)
    (mark,) = load_marks(agency.folder)
    assert (mark.name, mark.what, mark.kind, mark.marked_in, mark.at_s) == (
        "main-menu",
        "operator",
        "menu",
        "c-open",
        8.5,
    )
    listed = client.get(made.headers["location"]).text
    assert all(one in listed for one in ("已記住", "main-menu", "報完總機代號", "語音選單"))
    again = client.post(path, A_MARK | {"at": "9"})
    assert again.status == 422
    assert str(agency.folder) not in again.text
    assert 'value="9"' in again.text
    assert client.post(path, A_MARK | {"at": "9", "replace": "1"}).status == 303
    assert [one.at_s for one in load_marks(agency.folder)] == [9.0]
    with open_store(agency.database) as store:
        newest = store.log.named("prompt_marked")[0]
    assert newest["detail"]["sha256"] == sha256(agency.folder / "prompts" / "main-menu.json")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"at": at} for at in ("soon", "nan", "-1", "99")),
        *({name: "../x"} for name in ("name", "what", "kind", "site")),
    ],
    ids=str,
)
def test_a_wrong_mark_is_refused_and_nothing_kept(wrong: dict[str, str], server: Running, agency: Agency) -> None:
    before = load_marks(agency.folder)
    answer = server.client(Role.CONVENER).post("/calls/c-open/prompts", A_MARK | {"name": "other"} | wrong)
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert load_marks(agency.folder) == before


def test_recordings_are_looked_for_in_the_background(server: Running) -> None:
    client = server.client(Role.CONVENER)
    assert client.post("/settings/prompts/suggest").status == 303
    server.site.suggesting.wait(60)
    assert "115/11/23 09:30" in client.get("/settings/prompts").text
    assert server.site.suggesting.result is not None


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_keep_to_wcag_and_to_a_narrow_screen(lang: str, page_of: Any) -> None:
    paths = ["/calls/c-open", "/calls/c-open/prompts", "/settings/prompts", "/settings/evidence", "/by-hand"]
    page = page_of(Role.CONVENER, "/me", width=390, dark=lang == "en", lang=lang)
    for path in paths:
        page.goto(page.url.partition("/me")[0].partition("/calls")[0].partition("/settings")[0] + path)
        assert (path, violations(page)) == (path, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (path, wide) == (path, 0)


def test_a_click_on_the_waveform_chooses_the_instant(page_of: Any) -> None:
    page = page_of(Role.CONVENER, "/calls/c-open/prompts")
    page.wait_for_selector("#wave[data-ready]")
    box = page.locator("#wave").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 40)
    page.wait_for_function("document.getElementById('mark').elements.at.value !== ''")
    assert abs(float(page.locator("input[name=at]").input_value()) - 9.0) < 0.3
    assert page.locator("#here").is_visible()


def test_who_has_a_sheet_on_paper_finds_where_its_answers_are_typed_in(server: Running) -> None:
    client = server.client(Role.TESTER)
    assert 'href="/calls"' in client.get("/by-hand").text.partition("<main")[2]
    assert 'href="/calls/c-open/sheet">輸入手寫的答案' in client.get("/calls/c-open").text
    assert "輸入手寫的答案" not in server.client(Role.CONVENER).get("/calls/c-open").text  # who scores nothing
