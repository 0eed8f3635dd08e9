"""The pages in a real browser: what a clerk sees and does, by mouse and keyboard, light and dark, on a telephone."""

import pytest
from web_pages import PASSWORD, Running, violations

from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
PAGES = [
    (None, "/login"),
    (Role.TESTER, "/"),
    (Role.CONVENER, "/"),
    (Role.ADMINISTRATOR, "/"),
    (Role.CONVENER, "/calls"),
    (Role.CONVENER, "/calls/c-open"),
    (Role.TESTER, "/me"),
]
PATHS = [f"{role or 'nobody'} {path}" for role, path in PAGES]


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["light", "dark"])
@pytest.mark.parametrize(("role", "path"), PAGES, ids=PATHS)
def test_a_page_has_no_violation_of_wcag(role, path, dark, page_of):
    assert violations(page_of(role, path, dark=dark)) == []


@pytest.mark.parametrize(("role", "path"), PAGES, ids=PATHS)
def test_a_page_fits_a_telephone_and_200_percent(role, path, page_of):
    page = page_of(role, path, width=320)  # 1280 px at 400 % (WCAG 1.4.10); 200 % of 640 px is the same
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []


@pytest.mark.page_may_say("401")
def test_logging_in_and_out(page_of, server: Running):
    page = page_of(None, "/calls?open=1")
    page.get_by_label("帳號").fill("tester")
    page.get_by_label("密碼").fill("錯的密碼錯的密碼錯")
    page.get_by_label("密碼").press("Enter")
    assert "帳號或密碼不對" in page.get_by_role("alert").last.inner_text()
    page.get_by_label("密碼").fill(PASSWORD)
    page.get_by_role("button", name="登入").click()
    page.wait_for_url(f"{server.url}/calls?open=1")
    page.get_by_role("button", name="登出").click()
    page.wait_for_url(f"{server.url}/login")
    page.goto(f"{server.url}/calls")
    page.wait_for_url("**/login?next=/calls")


def test_the_keyboard_alone_leads_to_a_call(page_of):
    page = page_of(Role.CONVENER, "/calls")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href') === '/calls/c-open'"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/c-open")
    assert outline == "solid"


def test_the_recording_plays_from_the_middle(page_of, server: Running):
    page = page_of(Role.CONVENER, "/calls/c-open")
    played = page.evaluate(
        """async () => {
          const sound = document.querySelector("audio");
          sound.preload = "auto";
          sound.load();
          await new Promise((done, failed) => { sound.onloadedmetadata = done; sound.onerror = failed; });
          sound.currentTime = 8;
          await new Promise(done => { sound.onseeked = done; });
          return [sound.duration, sound.currentTime, sound.error];
        }"""
    )
    assert played == [12, 8, None]


def test_today_shows_what_happens_while_it_is_open(page_of, server: Running):
    page = page_of(Role.TESTER, "/")
    before = page.get_by_text("份評分表等您評分").inner_text()
    with open_store(server.site.folder / "thirdring.db") as store:
        store.allotments.give("c-mine", "陳小華")
    page.get_by_text("2 份評分表等您評分").wait_for()
    assert before == "1 份評分表等您評分"
    with open_store(server.site.folder / "thirdring.db") as store:
        store.allotments.give("c-mine", "")


def test_today_leaves_when_the_session_is_revoked(page_of, server: Running):
    page = page_of(Role.REVIEWER, "/")
    page.get_by_text("等我處理").wait_for()
    with open_store(server.site.folder / "thirdring.db") as store:
        store.sessions.end_all("reviewer")
    page.wait_for_url("**/login*")


def test_the_menu_of_a_telephone_opens(page_of):
    page = page_of(Role.CONVENER, "/", width=360)
    link = page.get_by_role("link", name="通話", exact=True)
    assert not link.is_visible()
    page.get_by_text("選單").click()
    link.click()
    page.wait_for_url("**/calls")


def test_without_scripts_every_page_still_does_its_work(browser, server: Running):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    page.get_by_label("帳號").fill("convener")
    page.get_by_label("密碼").fill(PASSWORD)
    page.get_by_role("button", name="登入").click()
    page.get_by_role("link", name="通話", exact=True).click()
    page.get_by_label("只看還沒評完的").check()
    page.get_by_role("button", name="篩選").click()
    assert page.locator("tbody tr").count() == 2
    browser.shut(context)


@pytest.mark.parametrize(
    ("liked", "system", "ground"),
    [
        ("auto", False, "rgb(246, 247, 248)"),
        ("auto", True, "rgb(18, 24, 27)"),
        ("dark", False, "rgb(18, 24, 27)"),
        ("light", True, "rgb(246, 247, 248)"),
    ],
)
def test_a_theme_is_the_systems_unless_somebody_likes_another(liked, system, ground, page_of, server: Running):
    client = server.client(Role.AUDITOR)
    assert client.post("/me/preferences", {"theme": liked}).status == 303
    page = page_of(Role.AUDITOR, "/calls", dark=system)
    shown = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(shown) == ground
    assert page.evaluate("colourOf('--pico-background-color')") == ground  # what is drawn has the same colours
    client.post("/me/preferences", {"theme": "auto"})


def test_what_is_printed_has_no_menu(page_of):
    page = page_of(Role.CONVENER, "/calls")
    page.emulate_media(media="print")
    assert not page.locator("header.top").is_visible()
    assert not page.locator("form.filter").is_visible()
    assert page.locator("table").is_visible()


PRESS = """path => {
  const button = document.createElement("button");
  button.setAttribute("hx-post", path);
  button.textContent = "試按";
  document.querySelector("main").append(button);
  htmx.process(button);
}"""


def test_htmx_sends_the_token_by_itself_and_goes_where_it_is_sent(page_of, server: Running):
    page = page_of(Role.REVIEWER, "/calls")
    page.evaluate(PRESS, "/me/preferences")
    page.get_by_role("button", name="試按").click()
    page.wait_for_url(f"{server.url}/me")


@pytest.mark.page_may_say("422")
def test_what_htmx_may_not_do_is_said_on_the_page_where_it_was_asked_for(page_of, server: Running):
    page = page_of(Role.REVIEWER, "/calls")
    page.evaluate(PRESS, "/me/password")
    page.get_by_role("button", name="試按").click()
    page.locator("#problem .problem").get_by_text("現在的密碼不對").wait_for()
    assert page.get_by_role("heading", name="通話").is_visible()
