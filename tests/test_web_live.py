"""The page of a call that is up: what it says, who may see it, what its keys do, and where it ends."""

import json
import os
import re
from datetime import timedelta
from types import SimpleNamespace
from urllib.request import Request, urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_calls import Shelf, StandIn, state
from web_pages import NAMES, NOW, Running, later, login_of, violations

from harness.agency import Agency
from harness.assisted.live_calls import LiveCalls
from harness.assisted.planned import Waiting
from harness.assisted.state import MARKS, Countdown
from harness.ledger import settle, this_process
from harness.softphone.growing_wav import write_wav
from harness.store import open_store
from harness.web import assisting
from harness.web.live_view import KEYS, clock_of, level_of
from harness.web.pages import live_stream
from harness.web.rights import Role

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
PATH = "/assist/c-live"
NOTHING = SimpleNamespace(name="", steps=())


@pytest.fixture
def live(server: Running) -> StandIn:
    """A call of the tester that is up."""
    made = StandIn()
    server.site.calls = Shelf(made)
    return made


@given(st.floats(0, 100), st.floats(0, 100), st.none() | st.floats(0, 200))
def test_the_clock_runs_from_the_ring_onset_and_stops_at_the_pick_up(onset_s, waited_s, answered_s):
    found = clock_of(state(ring_onset_s=onset_s, now_s=onset_s + waited_s, answered_s=answered_s))
    assert found["runs"] is (answered_s is None)
    wanted = waited_s if answered_s is None else max(0.0, answered_s - onset_s)
    assert found["elapsed_s"] == pytest.approx(wanted, abs=1e-9)


def test_before_a_ring_there_is_no_time_and_silence_is_not_the_same_as_nothing():
    assert clock_of(state(ring_onset_s=None)) == {"elapsed_s": None, "runs": False, "answered": False}
    assert [level_of(one)["word"] for one in (None, -70.0, -20.0, -1.0)] == ["none", "quiet", "voice", "loud"]


def test_every_mark_has_a_key_of_its_own():
    assert tuple(KEYS) == MARKS
    assert len(set(KEYS.values())) == len(KEYS)
    assert not set(KEYS.values()) & set("mq0123456789*#")


def test_the_page_says_everything_in_words(server: Running, live: StandIn):
    text = server.client(Role.TESTER).get(PATH).text
    for words in (
        "二課",
        "0227000302",
        "第 4 聲",
        "回鈴音",
        "180 Ringing",
        "12.0",
        "-23 dB",
        "有聲音",
        "安靜",
        "還有 48 秒",
    ):
        assert words in text
    assert "幾點開門？" in text
    assert "八點。" in text
    assert "<b>" not in re.sub(r"\s", "", text).partition("questions-title")[2].partition("</ol>")[0]


@pytest.mark.parametrize("role", [None, *(one for one in Role if one is not Role.TESTER)])
@pytest.mark.parametrize("path", ["", "/stream", "/do"])
def test_nobody_else_sees_it_or_does_anything_in_it(role, path, server: Running, live: StandIn):
    client = server.client(role)
    answer = client.post(PATH + path, {"do": "hang_up"}) if path == "/do" else client.get(PATH + path)
    assert answer.status in (303, 403, 404)
    assert live.did == []


def test_a_convener_listens_takes_over_and_only_then_has_the_keys(server: Running, live: StandIn):
    client, me = server.client(Role.CONVENER), NAMES[Role.CONVENER]
    assert "/live/c-live" in client.get("/live").text
    assert "旁聽" in client.get("/live/c-live").text
    assert client.post("/live/c-live/do", {"do": "hang_up"}).status == 409
    for what in ("listen", "take_over", "hang_up", "leave"):
        assert client.post("/live/c-live/do", {"do": what}).status == 204
    assert live.did == [("listen", "sip", me), ("take_over", False, me), ("hang_up", me), ("leave", me)]
    with open_store(server.site.folder / "thirdring.db") as store:
        log = [row["what"] for row in store.log.of("c-live")]
    assert {"live_listen", "live_take_over", "live_leave", "assist_hung_up"} <= set(log)


def test_who_takes_over_is_told_before_where_nobody_will_say_a_word_for_them(server: Running, live: StandIn):
    client, sounds = server.client(Role.CONVENER), server.site.folder / "sounds"
    live.become(tester="")
    told = "沒有錄好的致意語"
    assert client.get("/live/c-live").text.count(told) == 2  # on the page, and where it is confirmed
    sounds.mkdir(exist_ok=True)
    write_wav(sounds / "courtesy.wav", np.full(8000, 200, np.int16), sample_rate_hz=8000)
    try:
        assert told not in client.get("/live/c-live").text
    finally:
        (sounds / "courtesy.wav").unlink()
    live.become(tester="陳小華")  # nobody takes a tester's call over
    assert told not in client.get("/live/c-live").text


def test_a_convener_does_not_take_over_a_call_of_the_own_unit(server: Running, live: StandIn):
    login = login_of(Role.CONVENER)
    with open_store(server.site.folder / "thirdring.db") as store:
        before = store.people.of(login)["unit"]
        store.people.change(login, unit="u2")  # that of the call
        try:
            assert server.client(Role.CONVENER).post("/live/c-live/do", {"do": "take_over"}).status == 409
        finally:
            store.people.change(login, unit=before)
    assert live.did == []


def test_a_page_is_not_sent_away_while_it_cannot_be_looked_up_whether_it_may(
    server: Running, live: StandIn, monkeypatch
):
    looked = list[int]()

    def breaks(*_):
        looked.append(1)
        live.become(phase="over")
        raise OSError("half edited")

    monkeypatch.setattr(live_stream, "SESSION_S", 0.0)
    monkeypatch.setattr(live_stream, "_signed_in", breaks)
    cookies = server.client(Role.TESTER).cookies
    asked = Request(
        server.url + PATH + "/stream", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    )
    with urlopen(asked, timeout=60) as answer:
        told = answer.read().decode()  # it ends when the call is over
    assert looked
    assert "call-over" in told
    assert "signed-out" not in told


@pytest.mark.parametrize("role", [None, *(one for one in Role if one is not Role.CONVENER)])
@pytest.mark.parametrize("path", ["", "/c-live", "/c-live/stream", "/c-live/do"])
def test_nobody_else_listens_in(role, path, server: Running, live: StandIn):
    client = server.client(role)
    answer = client.post("/live" + path, {"do": "listen"}) if path.endswith("do") else client.get("/live" + path)
    assert answer.status in (303, 403)
    assert live.did == []


def test_who_has_a_call_up_is_led_to_it(server: Running, live: StandIn):
    client = server.client(Role.TESTER)
    assert client.get("/assist").headers["location"] == PATH
    assert "您有 1 通測試電話在線上" in client.get("/").text
    live.become(phase="over")
    assert "二課" in client.get("/assist").text


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"unit": "u1", "way": "browser"}, 409, "自己的單位"),
        ({"unit": "", "way": "browser"}, 409, ""),
        ({"unit": "nobody", "way": "browser"}, 409, "nobody"),
        ({"unit": "u2", "way": "smoke"}, 422, "瀏覽器或自己的話機"),
        ({"unit": "u2", "way": "own"}, 422, "陳小華"),
        ({"unit": "*", "way": "browser"}, 409, "沒有排定給您"),
    ],
)
def test_what_may_not_be_begun_is_said_beside_what_was_typed(typed, status, words, server: Running, live: StandIn):
    live.become(phase="over")
    answer = server.client(Role.TESTER).post("/assist", typed | {"muted": "1"})
    assert (answer.status, words in answer.text) == (status, True)
    assert 'name="muted" value="1" checked' in answer.text


def test_a_test_that_was_drawn_for_the_tester_is_offered_without_its_unit(server: Running, live: StandIn, monkeypatch):
    live.become(phase="over")
    due = {"test_id": "t", "month": "2026-11", "due_at": later(90), "earlier": ()}
    drawn = [Waiting(unit="u3", tester=one, **due) for one in ("", "別人", NAMES[Role.TESTER])]
    monkeypatch.setattr(assisting, "waiting_tests", lambda agency, tester: drawn)
    text = server.client(Role.TESTER).get("/assist").text
    assert "排定給我的下一通（11 時）" in text
    monkeypatch.setattr(assisting, "waiting_tests", lambda agency, tester: drawn[:2])
    assert "排定給我的" not in server.client(Role.TESTER).get("/assist").text


def drawn_again(seconds: float) -> Waiting:
    """A test of the tester's own that is dialled again in so many seconds."""
    at = NOW + timedelta(seconds=seconds)
    how = {"test_id": "t", "month": "2026-11", "unit": "u3", "tester": NAMES[Role.TESTER], "earlier": ()}
    return Waiting(due_at=at, not_before=at, **how)


def test_a_test_that_is_dialled_again_is_told_with_its_time_and_not_begun_before(
    server: Running, live: StandIn, monkeypatch
):
    live.become(phase="over")
    client, later_one = server.client(Role.TESTER), drawn_again(492.0)
    monkeypatch.setattr(assisting, "waiting_tests", lambda agency, tester: [later_one])
    text = client.get("/assist").text
    assert "等著再打一次：三課" in text
    assert "8:12" in text
    assert "排定給我的下一通（" not in text
    answer = client.post("/assist", {"unit": "*", "way": "browser"})
    assert (answer.status, "09:38:12" in answer.text) == (409, True)
    now = drawn_again(-1.0)
    monkeypatch.setattr(assisting, "waiting_tests", lambda agency, tester: [later_one, now])
    text = client.get("/assist").text
    assert "排定給我的下一通（9 時）" in text  # one that may be done now is not kept back by one that waits


def test_the_time_until_it_is_dialled_again_is_counted_down(page_of, live: StandIn, monkeypatch):
    live.become(phase="over")
    monkeypatch.setattr(assisting, "waiting_tests", lambda agency, tester: [drawn_again(492.0)])
    page = page_of(Role.TESTER, "/assist")
    page.clock.install()
    page.reload()
    page.wait_for_selector("text=/^8:1[012]$/")
    page.clock.fast_forward(400_000)
    page.wait_for_selector("text=/^1:[23].$/")
    page.select_option("select[name=unit]", "u2")  # what somebody is choosing is not taken from them
    page.clock.fast_forward(100_000)
    page.wait_for_selector("text=可以打了")
    assert page.input_value("select[name=unit]") == "u2"
    assert violations(page) == []


def test_nobody_talks_on_two_calls(server: Running, live: StandIn):
    answer = server.client(Role.TESTER).post("/assist", {"unit": "u2", "way": "browser"})
    assert (answer.status, "已有一通" in answer.text) == (409, True)


def test_a_call_that_is_dialled_again_is_found_under_each_of_its_ids(agency):
    calls = LiveCalls()
    live = calls.begin(plan=SimpleNamespace(unit=agency.units[1], to="unit", scenario=NOTHING), agency=agency)
    first = live.call_id
    for attempt in (2, 3):
        live.next_attempt(f"again-{attempt}", attempt)
    assert [calls.find(one) for one in (first, "again-2", "again-3", "again-4")] == [live, live, live, None]


def test_another_tester_s_call_is_not_there(server: Running, live: StandIn):
    live.become(tester="另一位")
    assert server.client(Role.TESTER).get(PATH).status == 404
    assert server.client(Role.TESTER).post(PATH + "/do", {"do": "hang_up"}).status == 404
    assert live.did == []


@pytest.mark.parametrize("wrong", [{}, {"do": "mark"}, {"do": "mark", "what": "lunch"}, {"do": "press"}, {"do": "x"}])
def test_what_is_no_key_does_nothing(wrong, server: Running, live: StandIn):
    assert server.client(Role.TESTER).post(PATH + "/do", wrong).status == 422
    assert live.did == []


def test_the_microphone_is_allowed_on_this_page_only(server: Running, live: StandIn):
    client, path = server.client(Role.CONVENER), "/live/c-live"
    assert "microphone=(self)" in client.get(path).headers["permissions-policy"]
    assert "microphone=()" in client.get("/").headers["permissions-policy"]
    assert "script-src 'self';" in client.get(path).headers["content-security-policy"]


@pytest.mark.parametrize(("written", "ticked"), [("", True), ("muted = true\n", True), ("muted = false\n", False)])
def test_the_tick_is_as_the_testers_telephone_has_it(written, ticked, server: Running, live: StandIn):
    live.become(phase="over")
    path = server.site.folder / "agency.toml"
    before = path.read_text(encoding="utf-8")
    name = NAMES[Role.TESTER]
    path.write_text(f'{before}\n[[telephones]]\ntester = "{name}"\nnumber = "2701"\n{written}', encoding="utf-8")
    try:
        told = server.client(Role.TESTER).get("/assist").text
    finally:
        path.write_text(before, encoding="utf-8")
    assert ("checked" in told.partition('name="muted"')[2].partition(">")[0]) == ticked


def test_a_call_that_is_over_leads_to_its_sheet(server: Running, live: StandIn):
    answer = server.client(Role.TESTER).get("/assist/c-open")
    assert (answer.status, answer.headers["location"]) == (303, "/calls/c-open/sheet")


def test_keys_mark_press_and_mute_and_the_page_follows(page_of, live: StandIn):
    page = page_of(Role.TESTER, PATH)
    page.wait_for_selector("#now .livestate")
    me = NAMES[Role.TESTER]
    for key in ("u", "h", "7", "#", "m", "q"):
        before = len(live.did)
        page.keyboard.press(key)
        while len(live.did) == before:
            page.wait_for_timeout(20)
    assert live.did == [
        ("mark", "unit_speaks", me),
        ("mark", "hold", me),
        ("press", "7", me),
        ("press", "#", me),
        ("mute", False, me),
        ("done", me),
    ]
    page.wait_for_selector("text=請不要說話")
    assert page.inner_text("ol.marks li:first-child") == f"0:12.0 單位開口 {me}"
    assert "對方聽得到您" in page.inner_text("#now")
    page.uncheck("#shortcuts")
    page.keyboard.press("u")
    page.click("button[data-key=e]")
    page.wait_for_selector("text=結束語 " + me)
    assert [one[1] for one in live.did if one[0] == "mark"] == ["unit_speaks", "hold", "ending"]


def test_the_clock_goes_on_between_two_pictures_and_stops(page_of, live: StandIn):
    page = page_of(Role.TESTER, PATH)
    first = float(page.inner_text("#clock"))
    page.wait_for_function("least => Number(document.getElementById('clock').textContent) > least", arg=first + 0.5)
    live.become(answered_s=15.5, phase="talks")
    page.wait_for_selector("text=通話中，請開始提問")
    page.wait_for_function("document.getElementById('clock').textContent === '13.5'")
    live.become(refused="這個號碼不在名冊中")
    page.wait_for_selector("[role=alert] >> text=這個號碼不在名冊中")


@pytest.mark.page_may_say("ERR_INTERNET_DISCONNECTED", "Failed to fetch", "409")
def test_a_mark_that_was_lost_on_the_way_stands_on_the_page_until_the_next_is_kept(page_of, live: StandIn):
    page = page_of(Role.TESTER, PATH)
    page.keyboard.press("u")
    page.wait_for_selector("#marked >> text=單位開口", state="attached")
    page.context.set_offline(True)
    page.keyboard.press("h")
    page.wait_for_selector("#dropped:visible >> text=沒有記到：保留等候")
    assert page.get_attribute("#dropped", "role") == "alert"
    assert "保留" not in page.inner_text("#marked")
    page.context.set_offline(False)
    page.keyboard.press("b")
    page.wait_for_selector("ol.marks >> nth=0 >> text=回到線上")
    page.wait_for_selector("#dropped:empty", state="attached")
    live.deaf = True
    page.keyboard.press("t")
    page.wait_for_selector("#dropped >> text=沒有記到：轉接")
    page.wait_for_selector("#problem >> text=還沒有撥出")


def test_the_time_until_the_redial_is_counted_down_on_the_page(page_of, live: StandIn):
    page = page_of(Role.TESTER, PATH)
    for left_s in (600.0, 599.0, 12.0):
        live.become(phase="redial", countdowns=(Countdown(what="redial", left_s=left_s, of_s=600.0),))
        page.wait_for_selector(f"p.countdown >> text={left_s:.0f}")
        assert float(page.get_attribute("p.countdown progress", "value")) == left_s
        assert float(page.get_attribute("p.countdown progress", "max")) == 600.0


def test_the_sheet_opens_when_the_call_is_over(page_of, live: StandIn):
    page = page_of(Role.TESTER, PATH)
    live.become(call_id="c-open", phase="over", outcome="answered", sentence="已接聽")
    page.wait_for_url("**/calls/c-open/sheet")


def test_a_call_that_was_never_dialled_says_why(page_of, live: StandIn):
    page = page_of(Role.TESTER, PATH)
    live.become(phase="over", outcome="refused", sentence="現在不是可以測試的時間")
    page.wait_for_selector("text=現在不是可以測試的時間")
    assert page.url.endswith(PATH)


@pytest.mark.parametrize(("width", "dark", "lang"), [(1280, False, "zh"), (390, True, "zh"), (390, False, "en")])
def test_everybody_can_use_it(page_of, live: StandIn, server: Running, width, dark, lang):
    server.client(Role.TESTER).post("/me/preferences", {"lang": lang, "years": "roc", "theme": "auto"})
    page = page_of(Role.TESTER, PATH, width=width, dark=dark)
    live.mark("unit_speaks", who="陳小華")
    live.become(countdowns=(Countdown(what="stay_silent", left_s=3.0, of_s=5.0),), refused="不行")
    page.wait_for_selector("ol.marks")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_call_of_another_process_is_told_of_until_it_is_over(server: Running, agency: Agency) -> None:
    # What `thirdring call` leaves in the ledger while its call is up: a claim by a process that lives.
    claim = {"attempt_id": "by-hand-1", "unit": "u2", "number": "202", "line": "main", "switchboard": ""}
    claim |= {"claimed_at": NOW.isoformat(), "process": this_process()}
    agency.ledger.mkdir(exist_ok=True)
    file = agency.ledger / "by-hand-1.claim"
    file.write_text(json.dumps(claim), encoding="utf-8")
    os.utime(file, (NOW.timestamp(),) * 2)
    convener = server.client(Role.CONVENER)
    told = convener.get("/live").text
    assert "另一個程式正在撥的" in told
    assert "二課" in told
    settle(agency, "by-hand-1", "answered")
    assert "另一個程式正在撥的" not in convener.get("/live").text
