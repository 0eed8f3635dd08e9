"""The review of a call: marks corrected beside the machine's, heard again, second opinions blind, settled, objected."""

from __future__ import annotations

import os
import re
from datetime import date
from typing import Any

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from sheet_calls import keep_sheet_call
from web_pages import Client, Running, add_person, violations

from harness.agency import Agency
from harness.kept_sheet import kept_sheet
from harness.scoring import usable_form
from harness.second_opinion import object_to
from harness.store import open_store
from harness.web.review_view import in_full
from harness.web.rights import Role
from harness.web.sheet_fields import fields_from
from harness.words import say

pytest_plugins = ("web_fixtures",)
MARKS = {"leg": "unit", "outcome": "answered", "onset": "50", "from": "70.5", "to": "70.9", "rings": "7"}


def kept(agency: Agency, call_id: str) -> Any:
    with open_store(agency.database) as store:
        return store.get_call(call_id)


def test_a_mark_is_tried_and_then_corrected_with_a_reason(server: Running, agency: Agency) -> None:
    keep_sheet_call(agency, "c-marks")
    client, path = server.client(Role.REVIEWER), "/calls/c-marks/review"
    before = kept(agency, "c-marks")
    tried = client.post(f"{path}/marks", MARKS | {"do": "try"})
    assert (tried.status, kept(agency, "c-marks")) == (200, before)
    assert "這些項目的分數會變" in tried.text
    refused = client.post(f"{path}/marks", MARKS | {"do": "keep"})
    assert (refused.status, kept(agency, "c-marks")) == (422, before)
    assert "請寫更正的理由" in refused.text
    assert 'value="70.5"' in refused.text
    done = client.post(f"{path}/marks", MARKS | {"do": "keep", "reason": "第七聲才接"})
    assert (done.status, done.headers["location"]) == (303, f"{path}#leg-unit")
    after = kept(agency, "c-marks")
    assert after["sheets"][0] == before["sheets"][0]
    assert after["sheets"][1]["facts"]["legs"]["unit"]["rings"] == {"earliest": 7, "latest": 7}
    shown = client.get(path).text
    assert "第七聲才接" in shown
    assert "56.4" in shown
    assert "70.5–70.9" in shown


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"from": "abc"}, "不是數字"),
        ({"to": "60"}, "順序不對"),
        ({"rings": "1.5"}, "不是數字"),
        ({"leg": "x"}, "沒有「x」"),
    ],
)
def test_marks_that_cannot_be_are_told(wrong: dict[str, str], sentence: str, server: Running, agency: Agency) -> None:
    answer = server.client(Role.REVIEWER).post("/calls/c-open/review/marks", MARKS | {"reason": "r"} | wrong)
    assert answer.status == 422
    assert sentence in answer.text


def test_a_call_is_heard_again_or_it_is_said_why_not(server: Running, agency: Agency) -> None:
    answer = server.client(Role.REVIEWER).post("/calls/c-mine/review/hear")
    assert answer.status == 422
    assert "c-mine" in answer.text


@pytest.mark.parametrize(
    ("sent_to", "fields", "at"),
    [("marks", MARKS, "leg-unit"), ("hear", {}, "again"), ("object", {"reason": " "}, "opinions")],
)
def test_what_is_refused_is_said_where_it_was_sent_from(
    sent_to: str, fields: dict[str, str], at: str, server: Running
) -> None:
    """Once, inside the place that the answer's address leads to, and able to take the focus."""
    who = Role.UNIT if sent_to == "object" else Role.REVIEWER
    call_id = "c-done" if sent_to == "object" else "c-open" if sent_to == "marks" else "c-mine"
    told = server.client(who).post(f"/calls/{call_id}/review/{sent_to}", fields).text
    alerts = [found.start() for found in re.finditer(r'class="problem look" role="alert" tabindex="-1"', told)]
    places = [found.start() for found in re.finditer(r'id="(?:leg-\w+|again|opinions|fault)"', told)]
    begin = told.index(f'id="{at}"')
    end = min((one for one in places if one > begin), default=len(told))
    assert [begin < one < end for one in alerts] == [True]


def form_values(agency: Agency, said: dict[str, Any]) -> dict[str, str]:
    form = usable_form(agency.settings.form, agency.folder)
    return {name: values[-1] for name, values in fields_from(said, form).items()}


def test_an_opinion_is_kept_as_it_is_typed_refused_where_it_cannot_be_and_wanted_whole(
    server: Running, agency: Agency
) -> None:
    keep_sheet_call(agency, "c-typed", unit="u3", told=call())
    client, path = server.client(Role.REVIEWER), "/calls/c-typed/opinion"
    half = {"changed": "B2.3", "B2.3:option": "1=8", "B2.3:adjusted:from": "6"}
    told = client.post(f"{path}/draft", half, hx_request="true").text
    assert "調整" in told[told.index('class="refused"') :]
    assert re.search(r'name="B2.3:option" value="1=8"[^>]* checked', client.get(path).text)
    wanted = client.post(path, {"B2.3:option": "1=8"})
    assert (wanted.status, "還沒有評完" in wanted.text) == (422, True)
    assert re.search(r'name="B2.3:option" value="1=8"[^>]* checked', client.get(path).text)  # nothing is lost
    assert client.post(path, {"B2.3:option": "1=8", "unfinished": "1"}).status == 303
    with open_store(agency.database) as store:
        (entry,) = store.reviews.of("c-typed")
        assert store.drafts.of("c-typed", "黃複評") is None
    assert (entry["what"], entry["detail"]["answers"]) == ("first", {"B2.3": {"option": "1", "points": 8}})


def test_two_blind_opinions_then_their_differences_then_a_decision(server: Running, agency: Agency) -> None:
    keep_sheet_call(agency, "c-blind", unit="u3", told=call())
    with open_store(agency.database) as store:
        add_person(store, "second", name="許複評", roles=[Role.REVIEWER])
    first, convener = server.client(Role.REVIEWER), server.client(Role.CONVENER)
    second = server.client(None)
    second.log_in("second")
    said = form_values(agency, best())
    other = said | {"B2.2:tick:courteous_ending": "no", "B2.3:option": "1=8"}
    path = "/calls/c-blind/review"
    assert first.post("/calls/c-blind/opinion", {}).status == 422
    assert first.post("/calls/c-blind/opinion", said).status == 303
    assert "兩份不同的項目" not in second.get(path).text
    assert "誰也看不到" in second.get(path).text
    assert first.post("/calls/c-blind/opinion", said).status == 422
    assert second.post("/calls/c-blind/opinion", other).status == 303
    shown = convener.get(path).text
    assert "兩份不同的項目" in shown
    names = [part.split('"')[0] for part in shown.split('name="take:')[1:]]
    offered = re.findall(r'name="take:[^>]*> ([^<]*)</label>', shown)
    assert len(offered) == len(names) >= 4
    assert [one for one in offered if re.search(r"courteous_ending|option|points|true|\b(?:yes|no)\b", one)] == []
    assert any("分" in one and "選「" in one for one in offered)
    assert convener.post(f"{path}/settle", {}).status == 422
    decided = {f"take:{name}": "first" for name in names} | {f"why:{name}": "聽得很清楚" for name in names}
    assert "等您裁定" in convener.get("/").text
    assert convener.post(f"{path}/settle", decided).status == 303
    assert "已由 林召集 裁定" in convener.get(path).text
    assert "互不知情的兩份評分共 1 對" in convener.get("/reviews").text


def test_who_is_to_listen_second_sees_the_first_result_nowhere(server: Running, agency: Agency) -> None:
    secret = "第一人聽到的話"
    ticks = {"unit": False, "name": False, "greeting": False}
    first = best() | {
        "B2.1": ticks,
        "B2.3": {"option": "3", "points": 3},
        "B3.甲": {"option": "3", "points": 4},
        "remarks": secret,
    }
    keep_call(agency, "c-secret", call(), first, unit="u3", day=date(2026, 11, 20), who="甲測試")
    with open_store(agency.database) as store:
        object_to("c-secret", who="三課", reason="不同意", agency=agency, store=store)
        add_person(store, "hats", name="兼召集", roles=[Role.REVIEWER, Role.CONVENER])
        total = f"{store.get_call('c-secret')['sheets'][-1]['sheet']['total']:g}"
    hats = server.client()
    hats.log_in("hats")
    said = form_values(agency, best())

    def sees(client: Client) -> list[bool]:
        sheet, paper, review, opinion = (
            client.get(f"/calls/c-secret/{one}").text for one in ("sheet", "sheet/paper", "review", "opinion")
        )
        points = re.search(r'name="B2.3:option" value="3=3"[^>]* checked', sheet) is not None
        written = [secret in page for page in (sheet, review, opinion)]
        unit = re.sub(r"<[^>]*>", " ", client.get("/units/u3?period=2026-11").text)
        improved = "c-secret" in client.get("/improvements?all=1").text
        one = client.get("/improvements/c-secret").status == 200
        summed = f" {total} " in re.sub(r"<[^>]*>", " ", paper)
        return [points, *written, summed, f" {total} 分" in unit, improved, one]

    everything = [True, True, False, False, True, True, True, True]
    assert sees(server.client(Role.CONVENER)) == everything
    for client in (server.client(Role.REVIEWER), hats, server.client(Role.TESTER)):
        assert sees(client) == [False] * 8
    assert "送出自己的意見之前" in server.client(Role.TESTER).get("/calls/c-secret/sheet").text
    assert hats.post("/calls/c-secret/review/hear").status == 409
    assert hats.post("/calls/c-secret/opinion", said).status == 303
    assert sees(hats) == everything


def test_the_questions_are_asked_once_and_each_reason_says_what_it_is_for(server: Running, agency: Agency) -> None:
    """Who counted right answers and who went by the questions differ in one thing, decided once, with its questions."""
    keep_call(agency, "c-asked", call(), best(), unit="u3", day=date(2026, 11, 20), who="甲測試")
    with open_store(agency.database) as store:
        object_to("c-asked", who="三課", reason="不同意", agency=agency, store=store)
    asked = form_values(agency, {key: value for key, value in best().items() if key != "accuracy"})
    asked |= {"question:1:verdict": "wrong", "question:2:verdict": "correct"}
    assert server.client(Role.REVIEWER).post("/calls/c-asked/opinion", asked).status == 303
    convener, path = server.client(Role.CONVENER), "/calls/c-asked/review"
    shown = convener.get(path).text
    names = {part.split('"')[0] for part in shown.split('name="take:')[1:]}
    assert ("accuracy" in names, "questions" in names) == (True, False)
    assert "第 1 題（" in shown
    reasons = [one.strip() for one in re.findall(r'<label>([^<]*)<input name="why:', shown)]
    assert len(reasons) == len(names)
    assert [one for one in reasons if "accuracy" in one or "questions" in one] == []
    decided = {f"take:{name}": "second" for name in names} | {f"why:{name}": "重聽過" for name in names}
    assert convener.post(f"{path}/settle", decided | {"reason": "有理由"}).status == 303
    with open_store(agency.database) as store:
        final = kept_sheet("c-asked", agency=agency, store=store).answers or {}
    assert ([one["verdict"] for one in final["questions"]], "accuracy" in final) == (["wrong", "correct"], False)


def test_what_is_said_of_a_round_before_both_are_in_holds_when_they_are(server: Running, agency: Agency) -> None:
    """Nobody is told that nobody sees the first, and afterwards that it could be seen."""
    with open_store(agency.database) as store:
        add_person(store, "third", name="周複評", roles=[Role.REVIEWER])
    keep_sheet_call(agency, "c-round-blind", unit="u3", told=call())
    keep_call(agency, "c-round-stood", call(), best(), unit="u3", day=date(2026, 11, 20), who="甲測試")
    with open_store(agency.database) as store:
        object_to("c-round-stood", who="三課", reason="不同意", agency=agency, store=store)
    first, said = server.client(Role.REVIEWER), form_values(agency, best())
    third = server.client()
    third.log_in("third")
    assert first.post("/calls/c-round-blind/opinion", said).status == 303
    for call_id, blind in (("c-round-blind", True), ("c-round-stood", False)):
        path = f"/calls/{call_id}/review"
        before = third.get(path).text
        assert (say("reviewing.blind", "zh") in before, say("reviewing.stood_before", "zh") in before) == (
            blind,
            not blind,
        )
        assert third.post(f"/calls/{call_id}/opinion", said).status == 303
        after = third.get(path).text
        assert (say("reviewing.not_blind", "zh") in after, say("reviewing.stood_before", "zh") in after) == (
            not blind,
            False,
        )


def test_a_unit_objects_to_its_own_and_a_second_listener_is_asked(server: Running, agency: Agency) -> None:
    client = server.client(Role.UNIT)
    assert client.post("/calls/c-done/review/object", {"reason": " "}).status == 422
    assert client.post("/calls/c-done/review/object", {"reason": "當時在接另一通"}).status == 303
    assert client.post("/calls/c-other/review/object", {"reason": "別人的"}).status == 404
    reviewer = server.client(Role.REVIEWER)
    assert "當時在接另一通" in reviewer.get("/calls/c-done/review").text
    assert "等第二人聽" in reviewer.get("/").text
    assert "c-done" in client.get("/reviews").text
    assert "κ" not in client.get("/reviews").text


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_in_a_browser(width: int, page_of: Any, agency: Agency) -> None:
    name = f"c-seen-{width}"
    keep_sheet_call(agency, name)
    page = page_of(Role.REVIEWER, f"/calls/{name}/review", width=width, dark=width < 500)
    page.wait_for_selector("#wave[data-ready]")
    page.focus("#leg-unit summary")
    page.keyboard.press("Enter")
    page.fill("#leg-unit input[name=to]", "70.9")
    page.fill("#leg-unit input[name=rings]", "7")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if os.environ.get("SHOT"):
        page.screenshot(path=f"{os.environ['SHOT']}{width}.png", full_page=True)
    page.keyboard.press("Enter")
    page.wait_for_selector("#leg-unit [role=status]")
    assert violations(page) == []
    for path in (f"/calls/{name}/opinion", "/reviews"):
        page.goto(page.url.split("/calls")[0] + path)
        if width > 500 or path == "/reviews":
            assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if os.environ.get("SHOT"):
            page.screenshot(path=f"{os.environ['SHOT']}{width}-{path.rpartition('/')[2]}.png", full_page=True)


def test_dragging_a_mark_fills_in_its_seconds(page_of: Any, agency: Agency) -> None:
    keep_sheet_call(agency, "c-drag")
    page = page_of(Role.REVIEWER, "/calls/c-drag/review")
    page.wait_for_selector("#wave[data-ready]")
    page.click("#leg-unit summary")

    def values() -> list[float]:
        return [float(page.input_value(f"#leg-unit input[name={name}]")) for name in ("onset", "from", "to")]

    def pull(handle: str, pixels: int) -> list[float]:
        """Pull a mark by its name; what the fields say once they have changed."""
        before = values()
        box = page.locator("#wave span").get_by_text(handle, exact=True).last.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 12, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + 12 + pixels, middle, steps=8)
        page.mouse.up()
        page.wait_for_function(
            "old => ['onset', 'from', 'to'].some((name, at) =>"
            " Number(document.querySelector(`#leg-unit input[name=${name}]`).value) !== old[at])",
            arg=before,
        )
        return [round(now - was, 2) for was, now in zip(before, values(), strict=True)]

    onset, *others = pull("單位 ☎", 60)
    assert (onset > 0, others) == (True, [0, 0])
    onset, first, last = pull("單位 ✓", 60)  # the instant as a whole, in one pull
    assert (onset, first > 0, abs(first - last) <= 0.01) == (0, True, True)
    assert (pull("最晚接起 ◆", 40)[:2], pull("最早接起 ◆", -40)[::2]) == ([0, 0], [0, 0])
    first, last = values()[1:]
    assert pull("最早接起 ◆", 200)[1] > 0  # past the other end, which goes along
    assert values()[1] == values()[2] > last > first


def test_an_item_is_numbered_once(agency: Agency):
    form = usable_form("keelung-102", agency.folder)
    assert in_full("A1.1", form, "zh") == "A1.1 電話語音總機接聽情形"
    assert in_full("A2.1", form, "zh").startswith("A2.1 總機人員接聽速度")
