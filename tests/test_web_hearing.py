"""Hearing in a real browser: every clip of the sheet, a unit's lost items, and text beside the sound wherever it is."""

from datetime import date

import pytest
from kept_calls import keep_call
from rubric_cases import best
from sheet_calls import PICKED, SECONDS, TRACED, facts, keep_sheet_call, make_call_sound
from web_pages import Running, violations

from harness.store import open_store
from harness.web.rights import Role
from harness.web.sheet_clips import leg_clips, mark_clips, waiting_clips

pytest_plugins = ("web_fixtures",)
NOW_S = "document.getElementById('sound').currentTime"
LOST = {"B2.1": {"unit": True, "name": False, "greeting": False}, "B2.3": {"option": "3", "points": 3}}
LOST |= {"A1.2": "3", "B2.2": {"courteous_ending": False}}
PEOPLE = {"heard": {"operator": "person", "unit": "person"}}
MARKS = (("operator_speaks", 34.5), ("transfer", 46.0), ("unit_speaks", 57.0))
MARKS += (("hold", 64.5), ("back", 69.0), ("ending", 84.0))


@pytest.fixture(scope="module", autouse=True)
def calls(agency):
    keep_sheet_call(agency, "c-clips", told=facts(**TRACED))
    keep_sheet_call(agency, "c-marked", told=facts(**TRACED))
    make_call_sound(agency.folder / "recordings" / "c-lost.flac")
    keep_call(
        agency,
        "c-lost",
        facts(**TRACED, answerer_role="owner"),
        best(**LOST, **PEOPLE),
        unit="u1",
        day=date(2026, 11, 18),
    )
    with open_store(agency.database) as store:
        for what, at_s in MARKS:
            store.call_marks.add("c-marked", what, who="陳小華", at_s=at_s)


def log_of(server: Running, call_id: str) -> list[tuple[str, str]]:
    with open_store(server.site.folder / "thirdring.db") as store:
        return [(one["what"], one["who"]) for one in store.log.of(call_id)]


def until(page, holds: str) -> None:
    """Wait for a condition; the page's policy lets none be evaluated inside it again and again."""
    for _ in range(1200):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{holds}, but at {page.evaluate(NOW_S)} s")


def test_every_clip_of_the_sheet_begins_and_ends_where_it_says_with_the_focus_kept(page_of):
    page = page_of(Role.TESTER, "/calls/c-clips/sheet")
    page.locator("#player[data-ready]").wait_for()
    page.evaluate("document.getElementById('sound').muted = true")
    clips = leg_clips(facts()["legs"], SECONDS)
    wanted = {(one.kind, one.leg): one for kinds in clips.values() for one in kinds.values() if one.kind != "whole"}
    buttons = page.locator("#player .clips .hear")
    told = buttons.evaluate_all("all => all.map((one) => ({...one.dataset}))")
    shown = [(float(one["start"]), float(one["end"]), "loop" in one) for one in told]
    assert shown == [(one.start_s, one.end_s, one.loop) for one in wanted.values()] + [(61.0, 71.5, False)]  # the hold
    assert {one.leg for one in wanted.values() if one.loop and one.end_s == PICKED[one.leg][1] + 8.0} == set(PICKED)
    assert wanted["end", "unit"].start_s == SECONDS - 8.0
    assert {leg for kind, leg in wanted if kind == "transfer"} == {"ivr", "operator"}
    for n, (start_s, end_s, loop) in enumerate(shown):
        buttons.nth(n).focus()
        page.keyboard.press("Enter")
        until(page, f"{NOW_S} >= {start_s} && {NOW_S} < {end_s} && !document.getElementById('sound').paused")
        assert buttons.nth(n).evaluate("one => one === document.activeElement && one.classList.contains('now')")
        page.evaluate(f"document.getElementById('sound').currentTime = {end_s - 0.15}")
        if loop:
            until(page, f"{NOW_S} >= {start_s} && {NOW_S} < {end_s - 1} && !document.getElementById('sound').paused")
            page.keyboard.press("Enter")  # the same button stops it
        until(page, "document.getElementById('sound').paused")
        assert buttons.nth(n).evaluate("one => one === document.activeElement")
        assert start_s <= page.evaluate(NOW_S) < end_s + 0.5


def test_three_seconds_back_the_rates_and_an_items_own_evidence(page_of):
    page = page_of(Role.TESTER, "/calls/c-clips/sheet")
    page.locator("#player[data-ready]").wait_for()
    sound = "document.getElementById('sound')"
    for at_s, button in ((50.0, "聽轉接 50.0 秒"), (14.5, "聽總機代號 14.5 秒"), (88.2, "聽掛斷 88.2 秒")):
        page.get_by_role("button", name=button).first.click()
        until(page, f"{NOW_S} >= {at_s - 0.5} && {NOW_S} < {at_s + 1.5}")
    page.evaluate(f"{sound}.pause()")
    page.evaluate(f"{sound}.currentTime = 30")
    page.get_by_role("button", name="↶ 3 秒").click()
    assert page.evaluate(NOW_S) == 27
    page.locator('fieldset[data-item="A3.1"]').focus()
    page.keyboard.press("b")
    assert page.evaluate(NOW_S) == 24
    rates = page.locator("#rate option").evaluate_all("all => all.map((one) => Number(one.value))")
    assert (rates[0], rates[-1]) == (0.75, 1.5)
    for rate in rates:
        page.locator("#rate").select_option(str(rate).removesuffix(".0"))
        assert page.evaluate(f"[{sound}.playbackRate, {sound}.preservesPitch]") == [rate, True]


def test_a_unit_hears_each_item_it_lost_on_its_own_page_and_that_is_logged(page_of, server: Running):
    page = page_of(Role.UNIT, "/units/u1?period=2026-11")
    lost = page.locator("article", has=page.locator('a[href="/calls/c-lost"]')).locator(".lost")
    page.locator("article", has=page.locator('a[href="/calls/c-lost"]')).last.scroll_into_view_if_needed()
    lost.locator("audio").wait_for()
    items = lost.locator("li", has=page.locator("strong.figure"))
    assert items.count() == len(LOST) == lost.locator("li .hear").count()
    assert ("heard", "一課代表") not in log_of(server, "c-lost")
    for n in range(items.count()):
        button = items.nth(n).locator(".hear")
        start_s, end_s = (float(button.get_attribute(f"data-{one}")) for one in ("start", "end"))
        button.click()
        sound = "document.querySelector('article:has(a[href=\"/calls/c-lost\"]) audio')"
        until(page, f"{sound}.currentTime >= {start_s} && {sound}.currentTime < {end_s} && !{sound}.paused")
        assert button.evaluate("one => one === document.activeElement")
    assert log_of(server, "c-lost").count(("heard", "一課代表")) == 1
    lost.get_by_text("錄音裡有什麼（文字）").click()
    lost.locator("ol[data-ready]").wait_for()
    assert lost.locator("ol li").count() > len(PICKED) * 2
    assert violations(page) == []


def test_who_may_not_hear_is_offered_no_clip_and_a_call_without_sound_says_so(server: Running):
    assert "/lost" not in server.client(Role.AUDITOR).get("/units/u1?period=2026-11").text
    assert "/calls/c-lost/lost" in server.client(Role.CONVENER).get("/units/u1?period=2026-11").text
    gone = server.client(Role.CONVENER).get("/calls/c-other/lost")
    assert gone.status == 200
    assert "<audio" not in gone.text


@pytest.mark.parametrize(
    "path", ["/calls/c-lost", "/calls/c-lost/review", "/calls/c-lost/prompts", "/calls/c-lost/sheet"]
)
def test_wherever_a_recording_is_played_its_text_stands_beside_it(path, page_of):
    page = page_of(Role.CONVENER, path)
    assert page.locator("audio").count() == page.locator("ol.heard-list").count() == 1
    page.locator(".heard summary").click()
    page.locator("ol.heard-list[data-ready]").wait_for()
    words = page.locator("ol.heard-list").inner_text()
    for wanted in ("單位起響 50.0 s", "單位接起 56.4–56.6 s", "第 1 聲"):
        assert wanted in words
    page.locator("ol.heard-list .jump").filter(has_text="單位接起").click()
    until(page, f"{NOW_S} >= 55.8 && {NOW_S} < 60")
    assert path.endswith("/sheet") or violations(page) == []  # the sheet's are looked for in its own tests


def test_what_was_marked_while_the_call_lasted_is_on_its_sheet_as_clips_and_what_happened_is_said_there(
    page_of, agency
):
    page = page_of(Role.TESTER, "/calls/c-marked/sheet")
    page.locator("#player[data-ready]").wait_for()
    wanted = mark_clips([{"what": what, "at_s": at_s} for what, at_s in MARKS], SECONDS)
    for one, (what, at_s) in zip(wanted, MARKS, strict=True):
        assert one.start_s <= at_s <= one.end_s
        assert (one.leg, one.at_s) == (what, at_s)
    page.get_by_role("button", name="您標的「請稍候」64.5 秒").click()
    until(page, f"{NOW_S} >= 62.5 && {NOW_S} < 66")
    with page.expect_response("**/sheet/draft"):
        page.locator('input[name="A3.1:met"][value="yes"]').click()
    page.get_by_text("記下一件事").click()
    happened = page.locator("#happened")
    for what, said in WORDS.items():
        if not happened.locator("details[open]").count():
            happened.locator("summary").click()
        happened.locator('[name="what"]').select_option(what)
        happened.locator('[name="number"]').fill("02-2700-1234" if what == "number_left" else "")
        happened.get_by_role("button", name="記下", exact=True).click()
        happened.locator("li", has_text=said).wait_for()
    assert "0227001234" in happened.inner_text()
    assert page.locator('input[name="A3.1:met"][value="yes"]').is_checked()  # nothing that was filled in is lost
    with open_store(agency.database) as store:
        assert [one["what"] for one in store.call_marks.of("c-marked")][len(MARKS) :] == list(WORDS)


WORDS = {
    "wrong_unit": "轉錯單位",
    "refused": "拒絕協助",
    "abandoned": "測試人員放棄",
    "number_left": "留了回電號碼",
    "called_back": "單位回電了",
}


@pytest.mark.page_may_say("422")
def test_a_number_that_cannot_be_called_back_is_refused_on_the_sheet_and_what_was_typed_stays(page_of):
    page = page_of(Role.TESTER, "/calls/c-marked/sheet")
    page.locator("#happened summary").click()
    page.locator('#happened [name="what"]').select_option("number_left")
    page.locator('#happened [name="number"]').fill("110")
    page.locator("#happened").get_by_role("button", name="記下", exact=True).click()
    page.locator("#happened .problem").wait_for()
    assert page.locator('#happened [name="number"]').input_value() == "110"


def test_a_late_answers_clip_is_the_ringing_and_every_clip_lies_in_the_recording():
    legs = facts()["legs"]
    waiting = waiting_clips(legs, SECONDS)
    assert {leg: (one.start_s, one.end_s) for leg, one in waiting.items()} == {
        "ivr": (3.5, 9.0),
        "operator": (29.5, 35.0),
        "unit": (49.5, 57.4),
    }
    unanswered = {**legs, "unit": {"outcome": "no_answer", "ring_onset_s": 50.0}}
    assert waiting_clips(unanswered, 80.0)["unit"].end_s == 80.0
    assert waiting_clips(legs, 40.0).keys() == {"ivr", "operator"}
