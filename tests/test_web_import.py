"""Sending recordings by the page: straight into the sheet, errors in plain words, nothing half-way, everybody's way."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from outside_calls import both_sides, far_end, write
from web_pages import Answer, Client, Running, violations

from harness.agency import Agency
from harness.store import open_store
from harness.web.pages.imports import A_PART
from harness.web.rights import Role
from harness.words import say

pytest_plugins = ("web_fixtures",)
FAR = far_end()
TOLD = {"unit": "u2", "started": "2026-11-20T10:05", "far": "left"}


def send(client: Client, files: list[Path], told: dict[str, str], *, to: str = "/import", **headers: str) -> Answer:
    """POST the form as a browser does."""
    mark, parts = b"a-boundary", list[bytes]()
    for name, value in ({"csrf": client.csrf} | told).items():
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for file in files:
        head = f'Content-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'
        parts.append(head.encode() + file.read_bytes() + b"\r\n")
    body: Any = b"".join(b"--" + mark + b"\r\n" + part for part in parts) + b"--" + mark + b"--\r\n"
    kind = {"content_type": "multipart/form-data; boundary=a-boundary", "sec_fetch_site": "same-origin"}
    return client.send("POST", to, body, kind | headers)


def kept(agency: Agency) -> set[str]:
    with open_store(agency.database) as store:
        return {one["call_id"] for one in store.list_calls(limit=100)}


def test_a_recording_becomes_a_call_with_its_sheet_open(server: Running, agency: Agency, tmp_path: Path) -> None:
    file = write(tmp_path / "王小姐的錄音.mp3", both_sides(FAR))
    answer = send(server.client(Role.TESTER), [file], TOLD)
    assert answer.status == 303
    call_id = answer.headers["location"].split("/")[2]
    assert answer.headers["location"] == f"/calls/{call_id}/sheet"
    with open_store(agency.database) as store:
        call, log = store.get_call(call_id), store.log.of(call_id)
    assert (call["record"]["source"], call["unit"], call["rings"]) == ("imported", "u2", 3)
    assert (log[0]["who"], log[0]["detail"]["file"]) == ("陳小華", file.name)
    sheet = server.client(Role.TESTER).get(f"/calls/{call_id}/sheet").text
    causes = {problem: f'cause">{say(problem, "zh")}' in sheet for problem in call["measured"]["problems"]}
    assert causes["imported.no_signalling"]
    assert all(f'note">{say(problem, "zh")}' in sheet for problem in causes)
    before = kept(agency)
    again = send(server.client(Role.TESTER), [file], TOLD, hx_request="true")
    assert (again.status, call_id in again.text, kept(agency)) == (422, True, before)
    assert "<html" not in again.text


def test_an_item_that_the_recording_leaves_open_says_why(server: Running, tmp_path: Path) -> None:
    cut = far_end(lead_s=0.05)  # it may have rung before
    client = server.client(Role.TESTER)
    answer = send(client, [write(tmp_path / "cut.wav", both_sides(cut))], TOLD | {"started": "2026-11-20T11:05"})
    sheet = client.get(answer.headers["location"]).text
    item = sheet.partition('data-item="B1.1"')[2].partition("</fieldset>")[0]
    assert say("imported.begun_late", "zh") in item
    assert say("imported.no_signalling", "zh") not in item


def test_several_come_by_the_names_of_their_files(server: Running, agency: Agency, tmp_path: Path) -> None:
    files = [write(tmp_path / f"20261118-0{n}0000_20{n}.flac", FAR[: -100 * n]) for n in (2, 3)]
    before = kept(agency)
    told = {"pattern": "{YYYY}{MM}{DD}-{hh}{mm}{ss}_{number}"}
    answer = send(server.client(Role.CONVENER), files, told)
    assert (answer.status, answer.headers["location"]) == (303, "/import?done=2")
    assert len(kept(agency) - before) == 2


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (TOLD | {"far": ""}, "是立體聲"),
        (TOLD | {"started": ""}, "不知道是哪一天"),
        (TOLD | {"started": "2027-01-01T10:00"}, "還沒到"),
        (TOLD | {"unit": ""}, "不知道打給哪一個單位"),
        (TOLD | {"far": "up"}, "不是聲道"),
        (TOLD | {"pattern": "{when}"}, "不能用"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    told: dict[str, str], sentence: str, server: Running, agency: Agency, tmp_path: Path
) -> None:
    before = kept(agency)
    answer = send(server.client(Role.TESTER), [write(tmp_path / "a.wav", both_sides(FAR[:-333]))], told)
    assert (answer.status, kept(agency)) == (422, before)
    assert sentence in answer.text
    assert not told["unit"] or re.search(r'value="u2" selected', answer.text)


def test_no_file_and_a_text_are_told(server: Running, agency: Agency, tmp_path: Path) -> None:
    client, text = server.client(Role.TESTER), tmp_path / "<b>x.wav"
    text.write_text("hello")
    assert "請先選擇錄音檔" in send(client, [], TOLD).text
    answer = send(client, [text], TOLD)
    assert "不是可用的錄音檔" in answer.text
    assert "<b>" not in answer.text


def test_ones_own_unit_is_for_another_to_score(server: Running, tmp_path: Path) -> None:
    answer = send(
        server.client(Role.TESTER), [write(tmp_path / "own.wav", FAR[:-444])], TOLD | {"unit": "u1", "far": ""}
    )
    assert answer.headers["location"] == "/import?done=1"


NAMES = "{YYYY}{MM}{DD}-{hh}{mm}{ss}_{number}"


def exported(folder: Path, count: int, *, minute: int) -> list[Path]:
    """A recorder's folder with one below it: some short calls, each another."""
    names = [f"{'old/' if n % 2 else ''}20261117-09{minute:02}{n:02}_202.wav" for n in range(count)]
    return [write(folder / name, FAR[: -(1000 * minute + n + 1)]) for n, name in enumerate(names)]


def test_a_part_of_a_folder_is_kept_file_by_file_and_sent_again_changes_nothing(
    server: Running, agency: Agency, tmp_path: Path
) -> None:
    client, good = server.client(Role.TESTER), exported(tmp_path, 2, minute=1)
    broken, nobody = tmp_path / "20261117-090155_202.wav", tmp_path / "20261117-090156_999.wav"
    broken.write_bytes(good[0].read_bytes()[:900])
    nobody.write_bytes(good[0].read_bytes() + b"x")
    before, files = kept(agency), [broken, good[0], nobody, good[1]]
    first, second = (json.loads(send(client, files, {"pattern": NAMES}, to="/import/folder").text) for _ in range(2))
    assert (first["kept"], first["known"], second["kept"], second["known"]) == (2, 0, 0, 2)
    assert first["wrong"] == second["wrong"]
    assert [one.partition("：")[0] for one in first["wrong"]] == [broken.name, nobody.name]
    assert len(kept(agency) - before) == 2
    assert not list(agency.recordings.glob(".importing-*"))


@pytest.mark.parametrize("told", [{"started": "2026-11-17T09:00"}, {"pattern": "{when}"}])
def test_what_is_said_of_a_whole_folder_is_looked_at_before_its_files(
    told: dict[str, str], server: Running, agency: Agency, tmp_path: Path
) -> None:
    before = kept(agency)
    answer = send(
        server.client(Role.TESTER),
        exported(tmp_path, 1, minute=2),
        {"unit": "u2", **told},
        to="/import/folder",
        hx_request="true",
    )
    assert (answer.status, answer.headers["hx-retarget"], kept(agency)) == (422, "#problem", before)


def test_a_whole_folder_is_chosen_in_a_browser_and_goes_in_parts(
    page_of: Any, server: Running, agency: Agency, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    files = exported(folder, A_PART + 2, minute=3)
    (folder / "20261117-090359_202.wav").write_bytes(b"RIFF" + bytes(60))
    (folder / "index.csv").write_text("a,b")
    (folder / "._20261117-090300_202.wav").write_bytes(b"what a Mac leaves beside a file")
    page, before, parts = page_of(Role.CONVENER, "/import", width=390), kept(agency), list[Any]()
    page.on("request", lambda asked: parts.append(asked) if asked.url.endswith("/import/folder") else None)
    page.set_input_files("#folder", str(folder))
    page.fill("#pattern", NAMES)
    page.get_by_role("button", name="匯入", exact=True).click()
    page.locator("#folder-done").wait_for()
    told = page.inner_text("#folder-done")
    assert f"已匯入 {len(files)} 通" in told
    assert "不是錄音檔而略過：2 個" in told
    assert "export/index.csv" in told
    assert [one.inner_text().partition("：")[0] for one in page.locator("#folder-done li").all()] == [
        "20261117-090359_202.wav"
    ]
    assert (len(kept(agency) - before), len(parts)) == (len(files), 2)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="匯入", exact=True).click()
    page.get_by_text(f"以前匯入過而略過：{len(files)} 個").wait_for()
    assert len(kept(agency) - before) == len(files)


@pytest.mark.page_may_say("503")
def test_a_folder_that_breaks_off_says_what_came_and_goes_on_when_it_is_chosen_again(
    page_of: Any, agency: Agency, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    files = exported(folder, A_PART + 1, minute=4)
    page, before = page_of(Role.CONVENER, "/import"), kept(agency)
    page.set_input_files("#folder", str(folder))
    page.fill("#pattern", NAMES)
    asked: list[str] = []

    def second_fails(route: Any) -> None:
        asked.append(route.request.url)
        route.continue_() if len(asked) != 2 else route.fulfill(status=503, body='<div class="problem">滿了</div>')

    page.route("**/import/folder", second_fails)
    page.get_by_role("button", name="匯入", exact=True).click()
    page.get_by_text("還沒有傳送：1 個").wait_for()
    assert "滿了" in page.inner_text("#problem")
    assert len(kept(agency) - before) == A_PART
    page.get_by_role("button", name="匯入", exact=True).click()
    page.get_by_text("已匯入 1 通").wait_for()
    assert len(kept(agency) - before) == len(files)


def test_without_scripts_some_files_still_go(browser: Any, server: Running, agency: Agency, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(60_000)
    client = server.client(Role.CONVENER)
    context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in client.cookies.items()])
    page, before = context.new_page(), kept(agency)
    page.goto(f"{server.url}/import")
    assert not page.locator("#folder").is_visible()
    page.set_input_files("#files", [str(one) for one in exported(tmp_path, 2, minute=5)])
    page.locator("#by-names summary").click()
    page.fill("#pattern", NAMES)
    page.get_by_role("button", name="匯入", exact=True).click()
    page.get_by_text("已匯入 2 通").wait_for()
    assert len(kept(agency) - before) == 2
    browser.shut(context)


@pytest.mark.page_may_say("422")
def test_in_a_browser_by_keyboard_and_on_a_telephone(page_of: Any, tmp_path: Path) -> None:
    file, broken = write(tmp_path / "b.m4a", both_sides(FAR)), tmp_path / "broken.mp3"
    broken.write_bytes(b"ID3" + bytes(500))
    page = page_of(Role.CONVENER, "/import", width=360)
    assert violations(page) == []
    page.set_input_files("#files", str(broken))
    page.select_option("select[name=unit]", "u3")
    page.fill("#started", "2026-11-19T09:00:00")
    page.focus("button[type=submit] >> text=匯入")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problem .problem")
    assert "broken.mp3" in page.inner_text("#problem")
    assert page.input_value("#started") == "2026-11-19T09:00"
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_input_files("#files", str(file))
    page.check("input[name=far][value=left]")
    page.press("#started", "Enter")
    page.wait_for_url("**/calls/2026*")
    assert "三課" in page.inner_text("h1")


def test_on_the_sheet_too_somebody_says_that_the_recording_begins_with_the_dialling(
    server: Running, agency: Agency, tmp_path: Path
) -> None:
    client = server.client(Role.TESTER)
    sent = write(tmp_path / "cut.wav", both_sides(far_end(lead_s=0.5)))
    here = send(client, [sent], TOLD).headers["location"]
    call_id, button = here.split("/")[2], f'action="{here}/from-dialling"'
    page = client.get(here).text
    assert (button in page, say("imported.begun_late", "zh") in page) == (True, True)
    with open_store(agency.database) as store:
        assert "rings" not in store.get_call(call_id)["sheets"][-1]["facts"]["legs"]["unit"]
    assert client.post(f"{here}/from-dialling").status == 303
    page = client.get(here).text
    assert (button in page, say("imported.begun_late", "zh") in page) == (False, False)
    with open_store(agency.database) as store:
        call = store.get_call(call_id)
        assert call["sheets"][-1]["facts"]["legs"]["unit"]["rings"] == {"earliest": 3, "latest": 3}
        (line,) = [one for one in store.log.of(call_id) if one["what"] == "mark_corrected"]
    assert (line["who"], line["detail"]["reason"]) == ("陳小華", say("imported.from_dialling", "zh"))
    assert client.post(f"{here}/from-dialling").status == 422
    assert server.client(Role.CONVENER).post(f"{here}/from-dialling").status == 403
