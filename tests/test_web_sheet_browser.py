"""The score sheet in a real browser: a tester hears, ticks and signs, by keyboard and by mouse."""

import re
import subprocess
import time
from pathlib import Path

import pytest
from office import need_poppler
from pressure import waited_share
from sheet_calls import PICKED, SECONDS, WHOLE, keep_sheet_call
from web_pages import NOW, Running, violations

from harness.papers.write import write_sheet
from harness.store import open_store
from harness.web.rights import Role

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
BY_KEYS = ("12", "111", "1111111", "123", "1", "11", "11", "12", "Enter")
"""Who answered; the menu; the operator; unit, name and greeting; the closing; two times option and points; the two
questions; the signature."""
MOST_ACTIONS = 25
MOST_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def calls(agency):
    for call_id in ("c-keys", "c-heard", "c-mouse", "c-axe", "c-two", "c-hear", "c-print", "c-plain"):
        keep_sheet_call(agency, call_id)


def sheet_of(server: Running, call_id: str):
    with open_store(server.site.folder / "thirdring.db") as store:
        return store.get_call(call_id)["sheets"][-1], store.signatures.of(call_id), store.log.of(call_id)


def ready(page):
    page.locator("#player[data-ready]").wait_for()
    return page


def actions():
    return [key for keys in BY_KEYS for key in ([keys] if keys == "Enter" else keys)]


def walk_to(page, href: str) -> None:
    """To a link by the tabulator alone, and through it."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == href:
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{href}")
            return
    raise AssertionError(f"the tabulator leads to no {href}")


def test_the_keyboard_alone_leads_from_the_list_to_a_sheet_scores_and_signs_it_in_25_keys_and_a_minute(
    page_of, server: Running
):
    page = page_of(Role.TESTER, "/calls?open=1")
    walk_to(page, "/calls/c-keys")
    walk_to(page, "/calls/c-keys/sheet")
    ready(page)
    begin = time.monotonic()
    for key in actions():
        page.keyboard.press(key)
    page.get_by_text("簽名定案，不能再改").wait_for()
    took = time.monotonic() - begin
    kept, signed, log = sheet_of(server, "c-keys")
    assert (kept["who"], signed["version"], kept["sheet"]["open"]) == ("陳小華", kept["version"], [])
    assert kept["sheet"]["total"] == 100
    assert "signed" in [one["what"] for one in log]
    assert len(actions()) <= MOST_ACTIONS
    assert took <= MOST_S
    assert not page.locator("#sign").count()


FASTER = 4.0
"""The test plays the recording so many times as fast as the tester would, and reckons what he would have heard."""
COVERED = """([from, to]) => {
  const played = document.getElementById("sound").played;
  let at = from;
  for (let n = 0; n < played.length; n += 1)
    if (played.start(n) <= at + 0.6 && played.end(n) > at) at = played.end(n);
  return at >= to - 0.6;
}"""
PLAYED_S = """() => {
  const played = document.getElementById("sound").played;
  return [...Array(played.length).keys()].reduce((sum, n) => sum + played.end(n) - played.start(n), 0);
}"""
CLIP = """() => {
  const now = document.querySelector(".hear.now");
  return now && [Number(now.dataset.start), Number(now.dataset.end)];
}"""


@pytest.mark.slow
def test_who_hears_every_clip_of_a_call_of_90_s_is_done_in_a_minute_too(page_of, server: Running):
    """At 1.5 times; each clip is waited for as it comes, and heard to its end before the item is answered."""
    page = ready(page_of(Role.TESTER, "/calls/c-heard/sheet"))
    page.locator("#rate").select_option("1.5")
    page.evaluate(f"document.getElementById('sound').playbackRate = {1.5 * FASTER}")
    page.locator("#sheet fieldset.item").first.focus()
    waited, begin, busy = 0.0, time.monotonic(), waited_share()
    for key in ["p", *actions()]:
        stretch, since = page.evaluate(CLIP), time.monotonic()
        while stretch and not page.evaluate(COVERED, stretch):
            assert time.monotonic() - since < 120, stretch
            page.wait_for_timeout(20)
        waited += time.monotonic() - since
        heard_s = page.evaluate(PLAYED_S)
        page.keyboard.press(key)
    page.locator("#sign").wait_for(state="detached")
    page.get_by_text("簽名定案，不能再改").wait_for()
    # What waited for a processor is not the tester's.
    by_hand_s = (time.monotonic() - begin - waited) * (1 - min(busy(), 0.9))
    kept, _, log = sheet_of(server, "c-heard")
    assert (kept["sheet"]["total"], kept["sheet"]["open"]) == (100, [])
    assert "heard" in [one["what"] for one in log]
    assert 1 + len(actions()) <= MOST_ACTIONS
    talked_s = [(picked, begin) for (_, picked), begin in zip(PICKED.values(), (30.0, 50.0, SECONDS), strict=True)]
    assert heard_s >= sum(over - picked for picked, over in talked_s) - 2  # all that was said, from the menu on
    assert heard_s / 1.5 + by_hand_s <= MOST_S


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320], ids=["wide", "telephone"])
def test_the_sheet_has_no_violation_of_wcag_and_fits(width, dark, page_of):
    page = ready(page_of(Role.TESTER, "/calls/c-axe/sheet", width=width, dark=dark))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_mouse_alone_scores_in_25_clicks_and_every_choice_is_kept_at_once(page_of, server: Running):
    page = ready(page_of(Role.TESTER, "/calls/c-mouse/sheet"))
    yes = ["A3.1", "A3.2", "A3.3", "A3.4", "A3.6"]
    wanted = ["heard:operator=person", "heard:unit=person", *(f"{one}:option=1" for one in ("A1.2", "A1.3", "A1.4"))]
    wanted += [*(f"{one}:met=yes" for one in yes), "A3.5:option=1", "A3.8:option=1"]
    wanted += [f"B2.1:tick:{one}=yes" for one in ("unit", "name", "greeting")] + ["B2.2:tick:courteous_ending=yes"]
    wanted += ["B2.3:option=1=9", "B3.甲:option=2=11", "question:1:verdict=correct", "question:2:verdict=wrong"]
    for one in wanted:
        name, _, value = one.partition("=")
        page.locator(f'input[name="{name}"][value="{value}"]').click()
    page.get_by_text("可以簽名").wait_for()
    assert page.locator("#foot .total strong").inner_text() == "95"
    with open_store(server.site.folder / "thirdring.db") as store:
        assert store.drafts.of("c-mouse", "陳小華")["serial"] == len(wanted)
    page.reload()
    assert page.locator('input[name="B2.3:option"][value="1=9"]').is_checked()
    page.locator("#sign").click()
    page.get_by_text("簽名定案，不能再改").wait_for()
    assert len(wanted) + 1 <= MOST_ACTIONS
    assert sheet_of(server, "c-mouse")[0]["sheet"]["total"] == 95


NOW_S = "document.getElementById('sound').currentTime"
OUTLINE_ASKED = """performance.getEntriesByType("resource").filter((one) => one.name.endsWith("/sound/peaks"))
  .map((one) => one.initiatorType === "link")"""


def test_a_clip_is_heard_on_a_loop_with_the_focus_kept_and_logged_once_it_plays(page_of, server: Running):
    page = ready(page_of(Role.TESTER, "/calls/c-hear/sheet"))
    assert "heard" not in [one["what"] for one in sheet_of(server, "c-hear")[2]]
    assert page.evaluate(OUTLINE_ASKED) == [True]  # once, while the page was still being read
    greeting = page.locator('fieldset[data-item="B2.1"]')
    greeting.focus()
    page.keyboard.press(" ")
    page.locator('#play[aria-pressed="true"]').wait_for()
    assert page.evaluate("document.activeElement.dataset.item") == "B2.1"
    page.keyboard.press("1")
    assert greeting.locator('input[value="yes"]').first.is_checked()
    assert page.evaluate("document.activeElement.dataset.item") == "B2.1"
    for _ in range(200):  # the sound is still being fetched
        if page.evaluate(NOW_S):
            break
        page.wait_for_timeout(50)
    assert 55.5 <= page.evaluate(NOW_S) <= 64.5  # half a second before the pick-up at 56.4 s, and 8 s after it
    page.evaluate("document.getElementById('sound').currentTime = 64.3")
    page.locator("#clock").get_by_text("56.").wait_for()  # begun again
    page.locator("#rate").select_option("1.5")
    assert page.evaluate("document.getElementById('sound').playbackRate") == 1.5
    page.keyboard.press("Escape")
    assert "heard" in [one["what"] for one in sheet_of(server, "c-hear")[2]]


def test_what_is_in_the_recording_is_text_too_and_each_line_leads_there(page_of):
    page = ready(page_of(Role.TESTER, "/calls/c-hear/sheet"))
    page.get_by_text("錄音裡有什麼（文字）").click()
    page.locator("#heard-list").get_by_text("業務單位接起").click()
    page.locator("#clock").get_by_text(re.compile("^5[5-9]")).wait_for()
    page.locator("#heard-list").get_by_text("第 1 聲").first.wait_for()


def test_the_spectrogram_comes_when_it_is_asked_for(page_of):
    page = ready(page_of(Role.TESTER, "/calls/c-hear/sheet"))
    assert not page.locator("#spectrum canvas").count()
    page.get_by_role("button", name="聲譜").click()
    page.locator("#spectrum canvas").first.wait_for()


def test_typing_is_no_shortcut_and_the_shortcuts_can_be_switched_off(page_of):
    page = ready(page_of(Role.TESTER, "/calls/c-hear/sheet"))
    page.locator('input[name="header:answerer_surname"]').fill("")
    page.locator('input[name="header:answerer_surname"]').press_sequentially("m1 s")
    assert page.locator('input[name="header:answerer_surname"]').input_value() == "m1 s"
    page.get_by_label("鍵盤快速鍵").uncheck()
    item = page.locator('fieldset[data-item="A3.1"]')
    item.focus()
    page.keyboard.press("1")
    assert not item.locator("input:checked").count()


def printed(page, folder: Path) -> list[list[str]]:
    """What a page says on paper, page by page and line by line as it is set."""
    file = folder / "printed.pdf"
    file.write_bytes(page.pdf(prefer_css_page_size=True))
    told = subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, text=True, check=True).stdout
    return [one.rstrip().split("\n") for one in told.split("\f")[:-1]]


def numbers(pages: list[list[str]]) -> list[str]:
    """What stands in the corner of each page."""
    return [f"{n}/{len(pages)}" for n in range(1, len(pages) + 1)]


def test_what_is_printed_of_a_draft_and_of_a_signed_sheet_is_the_paper_line_for_line_with_its_page_numbers(
    page_of, server: Running, agency, tmp_path: Path, request: pytest.FixtureRequest
):
    need_poppler(request)
    page = ready(page_of(Role.TESTER, "/calls/c-print/sheet"))
    with page.expect_response("**/sheet/draft"):
        page.locator('input[name="A3.1:met"][value="yes"]').click()
    draft = printed(page, tmp_path)
    assert page.locator("form#sheet").is_visible()  # the paper is gone again
    page.goto(f"{server.url}/calls/c-print/sheet/paper")
    assert draft == printed(page, tmp_path)
    assert [one[0].replace(" ", "") for one in draft] == numbers(draft)
    server.client(Role.TESTER).post("/calls/c-print/sheet/sign", WHOLE)
    page.goto(f"{server.url}/calls/c-print/sheet")
    signed = printed(page, tmp_path)
    page.goto(f"{server.url}/calls/c-print/sheet/paper")
    assert signed == printed(page, tmp_path)
    assert [one[0].replace(" ", "") for one in signed] == numbers(signed)
    assert signed != draft
    with open_store(agency.database) as store:
        told = {"agency": agency, "store": store, "pdf": False, "overwrite": True, "made_at": NOW}
        paper, _ = write_sheet("c-print", tmp_path, **told)  # what `thirdring report sheet` writes
    other = page.context.new_page()
    other.set_content(paper.read_text(encoding="utf-8"))
    assert signed == printed(other, tmp_path)
    tells = ["得於115年" in str(one).replace(" ", "") for one in (signed, draft)]
    assert tells == [True, False]  # a draft is nothing to object to yet


@pytest.mark.page_may_say("422")
def test_without_scripts_a_sheet_is_kept_and_signed(browser, server: Running):
    client = server.client(Role.TESTER)
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in client.cookies.items()])
    page = context.new_page()
    page.goto(f"{server.url}/calls/c-plain/sheet")
    page.locator('input[name="A3.1:met"][value="yes"]').check()
    page.get_by_role("button", name="存草稿").click()
    assert page.locator('input[name="A3.1:met"][value="yes"]').is_checked()
    page.locator("#sign").click()
    assert "還不能簽名" in page.locator("#wanted").inner_text()
    browser.shut(context)


LABELS = """() => [...document.querySelector('#wave > div').shadowRoot.querySelectorAll('.mark')]
    .filter(one => one.style.visibility !== 'hidden')
    .map(one => ({text: one.textContent, ...one.getBoundingClientRect().toJSON()}))"""


@pytest.mark.parametrize("width", [1280, 390])
def test_limits_say_whose_they_are_and_no_label_lies_on_another(page_of, width: int):
    page = ready(page_of(Role.TESTER, "/calls/c-axe/sheet", width=width))
    page.locator("#player[data-labelled]").wait_for()
    labels = page.evaluate(LABELS)
    assert {"業務單位限 10 秒", "1", "2"} <= {one["text"] for one in labels}
    over = [
        (one["text"], other["text"])
        for n, one in enumerate(labels)
        for other in labels[n + 1 :]
        if one["left"] < other["right"] - 1 and other["left"] < one["right"] - 1
        if one["top"] < other["bottom"] - 1 and other["top"] < one["bottom"] - 1
    ]
    assert over == []


def test_every_clip_s_button_is_seen_whole(page_of):
    page = ready(page_of(Role.TESTER, "/calls/c-axe/sheet"))
    edge = page.evaluate("document.querySelector('.clips').getBoundingClientRect().right")
    rights = page.evaluate(
        "[...document.querySelectorAll('.clips button')].map(one => one.getBoundingClientRect().right)"
    )
    assert len(rights) >= 8
    assert max(rights) <= edge
