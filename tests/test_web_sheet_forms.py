"""Every shipped form's sheet in a real browser, in both languages: it fits 320 px and has no violation of WCAG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sheet_calls import keep_sheet_call
from web_pages import Running, login_of, violations

from harness.agency import Agency, load_agency
from harness.store import open_store
from harness.web.rights import Role
from rubric.form import shipped_ids

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures",)
UNFOLD = "document.querySelectorAll('main details').forEach(one => { one.open = true; })"
SHOW = "document.querySelectorAll('.override').forEach(one => { one.checked = true; })"
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module", autouse=True)
def sheets(agency: Agency) -> None:
    """A call a form, whose sheet keeps the form it was made with."""
    settings = agency.folder / "agency.toml"
    text = settings.read_text("utf-8")
    for form in shipped_ids():
        settings.write_text(text.replace('"keelung-102"', f'"{form}"'), encoding="utf-8")
        keep_sheet_call(load_agency(agency.folder), f"c-{form}")
    settings.write_text(text, encoding="utf-8")


def wider(page: Any, what: str) -> list[str]:
    """What is wider than a window of 320 and of 360 px (1280 at 400 %, and a small telephone)."""
    found = []
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 860})
        wide = page.evaluate(WIDTH)
        found += [f"{what}: {wide} px in {width}"] if wide > width else []
    return found


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sheet_of_every_form_fits_and_has_no_violation(
    lang: str, agency: Agency, page_of: Callable[..., Any], server: Running
) -> None:
    with open_store(agency.database) as store:
        store.people.change(login_of(Role.TESTER), preferences={"lang": lang})
    page, found = page_of(Role.TESTER, "/me", width=320), list[str]()
    for form in shipped_ids():
        page.goto(f"{server.url}/calls/c-{form}/sheet")
        page.locator("#player[data-ready]").wait_for()
        found += wider(page, f"{form} closed")
        page.evaluate(UNFOLD)
        page.evaluate(SHOW)
        found += wider(page, f"{form} open")
        found += [f"{form}: {one}" for one in violations(page)]
    assert found == []
