"""One call through every hand in a real browser: two score at once, one signs; settled, objected to, downloaded."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from kept_calls import keep_call
from sheet_calls import facts, make_call_sound
from web_pages import Running, add_person

from harness.store import open_store
from harness.web.rights import Role

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
PATH = "/calls/c-walk"
KEYS = "1211111111111231111112"
"""Everything that a tester says of the call, as in the sheet's own tests."""


@pytest.fixture(scope="module", autouse=True)
def _call(agency):
    make_call_sound(agency.folder / "recordings" / "c-walk.flac")
    keep_call(agency, "c-walk", facts(), None, unit="u1", day=date(2026, 11, 20), columns={"rings": 2})
    with open_store(agency.database) as store:
        for login, name in (("first", "甲測試"), ("second", "乙測試")):
            add_person(store, login, name=name, roles=[Role.TESTER], unit="u3")


@pytest.fixture
def as_login(browser, server: Running) -> Iterator:
    """Opens a page as whoever logs in by a name, in a browser of their own."""
    contexts = []

    def opened(login: str, path: str):
        client = server.client()
        client.log_in(login)
        context = browser.new_context(locale="zh-TW", viewport={"width": 1280, "height": 860})
        contexts.append(context)
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in client.cookies.items()])
        page = context.new_page()
        page.goto(server.url + path)
        return page

    yield opened
    for context in contexts:
        browser.shut(context)


def pick(page, name: str, value: str) -> None:
    """Click a choice, and wait until the server has it."""
    with page.expect_response("**/sheet/draft"):
        page.locator(f'input[name="{name}"][value="{value}"]').click()


@pytest.mark.slow
def test_a_call_goes_through_every_hand(as_login, server: Running, agency):
    first, second = (as_login(login, f"{PATH}/sheet") for login in ("first", "second"))
    for page in (first, second):
        page.locator("#player[data-ready]").wait_for()
    for n in (1, 2):  # both at once, in turns
        pick(first, f"A3.{n}:met", "yes")
        pick(second, f"A3.{n}:met", "no" if n == 2 else "yes")
    first.reload()
    assert first.get_by_text("乙測試 也在評這一份").is_visible()
    assert first.locator('input[name="A3.2:met"][value="yes"]').is_checked()  # nobody's choice is another's
    first.locator("#player[data-ready]").wait_for()
    first.locator("#heard-by").focus()
    for key in KEYS[:5] + KEYS[7:]:  # two of seven are there already
        first.keyboard.press(key)
    first.get_by_text("可以簽名").wait_for()
    first.locator("#sign").click()
    first.get_by_text("簽名定案，不能再改").wait_for()

    second.locator('input[name="A3.6:met"][value="yes"]').click()  # signed meanwhile: this one leads to who did
    second.get_by_text("甲測試 先簽名了").wait_for()
    second.get_by_role("button", name="送出作為第二意見").click()
    second.get_by_text("送出作為第二意見").wait_for(state="detached")
    with open_store(agency.database) as store:
        said = {one["what"]: one["detail"]["answers"] for one in store.reviews.of("c-walk")}
    assert [said[one]["A3.2"] for one in ("first", "second")] == [{"met": True}, {"met": False}]
    assert said["second"]["A3.6"] == {"met": True}  # chosen after the other had signed

    convener = as_login("convener", f"{PATH}/review")
    decided = convener.locator("form", has=convener.get_by_role("button", name="裁定"))
    for group in decided.locator("fieldset").all():
        group.locator('input[value="first"]').check()
        group.locator('input:not([type="radio"])').fill("聽得很清楚")
    convener.get_by_role("button", name="裁定").click()
    convener.get_by_text("已由 林召集 裁定").wait_for()

    unit = as_login("unit", f"{PATH}/review")
    unit.locator("summary", has_text="提出異議").click()
    unit.get_by_label("異議的理由").fill("當時在接另一通")
    unit.locator('input[name="items"][value="B2.1"]').check()
    unit.get_by_role("button", name="送出異議").click()
    unit.get_by_text("一課代表 提出異議：當時在接另一通").wait_for()

    convener.goto(server.url + PATH)
    with convener.expect_download() as brought:
        convener.get_by_role("link", name="下載").click()
    assert brought.value.suggested_filename == "c-walk.flac"
    assert Path(brought.value.path()).read_bytes()[:4] == b"fLaC"
    with convener.expect_download() as brought:
        convener.get_by_role("button", name="ODT").click()
    assert Path(brought.value.path()).read_bytes()[:2] == b"PK"
    with open_store(agency.database) as store:
        log = [(one["what"], one["who"]) for one in store.log.of("c-walk")]
    for wanted in (("signed", "甲測試"), ("settled", "林召集"), ("downloaded", "林召集")):
        assert wanted in log
