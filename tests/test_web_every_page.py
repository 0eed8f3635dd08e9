"""Every page that a route gives, in a real browser against WCAG 2.2 AA: light and wide, dark and on a telephone.

The pages are those of `declared()`: a new route is looked at here by itself, or says in NO_PAGE what it is instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
import pytest
from live_calls import Shelf, StandIn
from web_more import OVER, furnish_more
from web_pages import EXAMPLES, LOOKS, NOW, Running, login_of, violations

from harness.agency import Agency
from harness.doctor.disk import disk
from harness.doctor.finding import Report
from harness.evidence.finding import Finding
from harness.evidence.verify import Verdict
from harness.prompts.suggest import Heard, Suggestion
from harness.store import open_store
from harness.store.call_list import CallList
from harness.store.heads import Head
from harness.web.accounts import add_person as add_account
from harness.web.declared import Declared, declared
from harness.web.job import Job
from harness.web.rights import Right, Role, rights_of

pytest_plugins = ("web_fixtures",)
PART = "a part of a page, which that page fetches: looked at where it stands there"
NO_PAGE = {
    "/assist/{call_id}/stream": "server-sent events",
    "/live/{call_id}/stream": "server-sent events",
    "/today/stream": "server-sent events",
    "/healthz": "JSON for a machine",
    "/metrics": "text for a machine",
    "/plan/{month}/published": "a file",
    "/plan/{month}/published-inputs": "a file",
    "/plan/questions/export": "a file",
    "/reports/{period}/files/{name:path}": "a file",
    "/settings/form/{form}/file": "a file",
    "/settings/scenario/{scenario}/file": "a file",
    "/settings/tone/{plan}/file": "a file",
    "/settings/units/export": "a file",
    "/settings/sounds/{sound}": "a sound",
    "/calls/{call_id}/recording": "a sound",
    "/calls/{call_id}/sound/peaks": "numbers",
    "/calls/{call_id}/sound/heard": "numbers",
    "/calls/{call_id}/sound/spectrogram": "numbers",
    "/calls/{call_id}/lost": PART,
    "/reports/progress": PART,
    "/settings/check/findings": PART,
    "/settings/check/request": "a file: the letter to the telephone company",
    "/settings/evidence/found": PART,
    "/settings/prompts/found": PART,
}
NAMED = {
    "/assist/{call_id}": "/assist/c-live",
    "/live/{call_id}": "/live/c-live",
    "/improvements/{call_id}": "/improvements/c-bad",
    "/plan/{month}/verify": f"/plan/{OVER}/verify",
}
"""Addresses for which the walk's examples have nothing to show."""
BESIDE = {
    Role.CONVENER: ["/calls/c-done", "/calls/c-done/sheet", "/calls/c-done/review", "/reports?period=2026-Q4"],
    Role.REVIEWER: ["/calls/c-done/review", "/calls/c-done/opinion"],
    Role.UNIT: ["/units/u1", "/calls/c-done", "/improvements/c-bad", "/reviews", "/"],
    Role.AUDITOR: ["/", "/settings/log"],
    Role.ADMINISTRATOR: ["/", "/plan"],
}
"""Pages once more where they show somebody something else: signed, objected to, answered, only to be read."""
LED_ON = {"/login", "/login/code", "/me/first-password"}
"""Who is logged in is led on from these: they have their own test below."""


@pytest.fixture(scope="module", autouse=True)
def _something_everywhere(agency: Agency) -> None:
    furnish_more(agency)


@pytest.fixture
def live(server: Running) -> Iterator[None]:
    """A call that is up, for the pages of one."""
    before, server.site.calls = server.site.calls, Shelf(StandIn())
    yield
    server.site.calls = before


def pages() -> Iterator[tuple[Declared, str, Role]]:
    """Each route that gives a page, its address, and the first role that may have it."""
    for one in declared():
        if one.method == "GET" and one.path not in NO_PAGE and one.path not in LED_ON:
            address = NAMED.get(one.path) or re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: EXAMPLES[found[1]], one.path)
            yield one, address, next(role for role in Role if one.right in rights_of(frozenset({role})))


def addresses() -> dict[Role, list[str]]:
    """What each role is shown, each address once; a call that is up last, for it leads to itself."""
    found: dict[Role, list[str]] = {role: list(BESIDE.get(role, [])) for role in Role}
    for _, address, role in pages():
        found[role].append(address)
    return {role: sorted(set(paths)) for role, paths in found.items() if paths}


def test_what_is_excused_is_there_and_says_why() -> None:
    gets = {one.path for one in declared() if one.method == "GET"}
    assert set(NO_PAGE) | set(NAMED) | LED_ON <= gets
    assert all(NO_PAGE.values())


@pytest.mark.slow
def test_what_is_no_page_is_none(server: Running) -> None:
    """A page cannot hide itself among the files: what is excused and shown is never a whole page of HTML."""
    for one in declared():
        if one.method == "GET" and one.path in NO_PAGE and not one.path.endswith("/stream"):
            role = next((role for role in Role if one.right in rights_of(frozenset({role}))), None)
            address = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: EXAMPLES[found[1]], one.path)
            answer = server.client(None if one.right in (Right.ANYONE, Right.BY_TOKEN) else role).get(address)
            shown = "attachment" not in answer.headers.get("content-disposition", "")
            assert (one.path, shown and answer.status == 200 and b"</html>" in answer.body) == (one.path, False)


def looked_at(page: Any, what: str) -> list[str]:
    """What is wrong with a page: light and wide, dark on a telephone, and whether 320 px hold it (1280 at 400 %)."""
    found = [f"{what} light: {one}" for one in violations(page)]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # half-way from light to dark nothing has contrast
    page.set_viewport_size({"width": 390, "height": 844})
    found += [f"{what} dark: {one}" for one in violations(page, only=LOOKS)]
    page.set_viewport_size({"width": 320, "height": 640})
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 860})
    return found + ([f"{what}: {wide} px wide"] if wide > 320 else [])


@pytest.mark.slow
@pytest.mark.parametrize("role", list(addresses()), ids=str)
def test_every_page_has_no_violation_of_wcag_and_fits(role: Role, page_of: Any, server: Running, live: None) -> None:
    if role is Role.CONVENER:
        assert server.client(role).post(f"/plan/{OVER}/verify").status == 303
    page, found = page_of(role, "/me"), list[str]()
    for address in addresses()[role]:
        answer = page.goto(server.url + address)
        assert (address, answer.status, answer.headers["content-type"]) == (address, 200, "text/html; charset=utf-8")
        found += looked_at(page, f"{role} {address}")
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("role", list(addresses()), ids=str)
def test_every_page_fits_in_english_too(role: Role, page_of: Any, server: Running, live: None) -> None:
    """Its words are longer, and its days in western years do not wrap by themselves."""
    with liking(server, role, {"lang": "en", "years": "western"}):
        page, wide = page_of(role, "/me", width=320), dict[str, int]()
        for address in addresses()[role]:
            page.goto(server.url + address)
            assert page.locator("html").get_attribute("lang") == "en"
            wide[address] = page.evaluate("document.documentElement.scrollWidth")
    assert {address: one for address, one in wide.items() if one > 320} == {}


@contextmanager
def liking(server: Running, role: Role, preferences: dict[str, str]) -> Iterator[None]:
    """How a role's account likes its pages, and afterwards as before."""
    with open_store(server.site.folder / "thirdring.db") as store:
        before = store.people.of(login_of(role))["preferences"]
        store.people.change(login_of(role), preferences=preferences)
        yield
        store.people.change(login_of(role), preferences=before)


def post(page: Any, path: str, **values: str) -> None:
    """A form that the page itself would not offer."""
    told = {"csrf": page.locator("[name=csrf]").first.input_value()} | values
    page.evaluate(
        """([path, values]) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: path });
          for (const [name, value] of Object.entries(values))
            form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
          document.body.append(form);
          form.submit();
        }""",
        [path, told],
    )
    page.wait_for_url("**" + path)


@pytest.fixture
def found_before(server: Running, agency: Agency) -> Iterator[None]:
    """What was found in the background: a change in what is kept, words that calls share, a poor disk."""
    site = server.site
    jobs: tuple[Job[Any], ...] = (site.verifying, site.suggesting, site.examining)
    before = [(job.result, job.at) for job in jobs]
    changed = Finding(
        kind="changed", n=3, what="calls", call_id="c-done", column="outcome", before="answered", now="busy"
    )
    shared = Suggestion(
        heard=(Heard(call_id="c-done", at_s=1.5), Heard(call_id="c-open", at_s=2.0)), seconds=4.2, likeness=1
    )
    site.verifying.result = Verdict(
        findings=(changed,), entries=9, calls=4, files=2, deleted=0, head=Head(n=9, link="ab" * 32)
    )
    site.suggesting.result = ((shared,), 4)
    site.examining.result = Report(at=NOW.isoformat(), agency=str(agency.folder), findings=disk(agency))
    for job in jobs:
        job.at = NOW
    yield
    for job, kept in zip(jobs, before, strict=True):
        job.result, job.at = kept


WRONG_FILE = {"name": "w.csv", "mimeType": "text/csv", "buffer": b"unit,price\nu1,7\n"}
PARTS = [
    (Role.CONVENER, "/settings/evidence", ".state.bad", None),
    (Role.CONVENER, "/settings/prompts", '[role="status"] li', None),
    (Role.CONVENER, "/settings/forms/diff?before=keelung-102&after=taoyuan", "tbody tr", None),
    (Role.ADMINISTRATOR, "/settings/check", ".findings li", None),
    (Role.CONVENER, "/settings/units", '.problem[role="alert"] li', "import"),
    (Role.CONVENER, "/plan/questions", '.problem[role="alert"] li', "import"),
]
"""Where a part of a page has something in it: who sees it, where, what is there then; the button that a file wants."""


@pytest.mark.slow
@pytest.mark.page_may_say("status of 4")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_parts_with_something_in_them_have_none_either(
    lang: str, page_of: Any, server: Running, found_before: None
) -> None:
    found = list[str]()
    for role, address, part, button in PARTS:
        with liking(server, role, {"lang": lang}):
            page = page_of(role, address)
            if button:
                page.set_input_files("main [type=file]", WRONG_FILE)
                page.click(f'main button[value="{button}"]')
            page.locator(part).first.wait_for()
            found += looked_at(page, f"{address} {lang}")
    assert found == []


@pytest.mark.slow
@pytest.mark.page_may_say("status of 4")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sheet_that_wants_more_and_refuses_what_it_has_has_none_either(
    lang: str, page_of: Any, server: Running
) -> None:
    with liking(server, Role.TESTER, {"lang": lang}):
        page = page_of(Role.TESTER, "/calls/c-open/sheet")
        post(page, "/calls/c-open/sheet/sign", **{"question:asked": "2", "question:correct": "3"})
        page.locator("#wanted li").first.wait_for()
        page.locator(".said-there .refused").first.wait_for()
        assert looked_at(page, f"the sheet {lang}") == []


def breaks(*_: object, **__: object) -> None:
    raise RuntimeError("on purpose")


@pytest.mark.slow
@pytest.mark.page_may_say("status of 4")
@pytest.mark.page_may_say("status of 5")
def test_pages_of_errors_have_none_either(page_of: Any, server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    page, found = page_of(Role.TESTER, "/me"), list[str]()
    ways: dict[int, Callable[[], Any]] = {
        403: lambda: page.goto(f"{server.url}/settings/people"),
        404: lambda: page.goto(f"{server.url}/calls/none"),
        409: lambda: post(page, "/me/second-factor/confirm", code="000000"),
        422: lambda: post(page, "/me/password", now="not it", new="x"),
        500: lambda: page.goto(f"{server.url}/calls"),
    }
    monkeypatch.setattr(CallList, "page", breaks)
    for status, lead in ways.items():
        page.goto(f"{server.url}/me")
        lead()
        assert str(status) in page.content()
        found += looked_at(page, str(status))
    assert found == []


def typed(page: Any, **values: str) -> None:
    """Fill in fields by their names, and press Enter in the last."""
    for name, value in values.items():
        page.fill(f"main [name={name}]", value)
    page.locator(f"main [name={list(values)[-1]}]").press("Enter")


@pytest.mark.slow
def test_the_pages_of_the_log_in_and_of_the_second_factor_have_none_either(page_of: Any, server: Running) -> None:
    first, own = "管理者替人設的第一句話 9", "一句自己才知道的話 77"
    with open_store(server.site.folder / "thirdring.db") as store:
        told: dict[str, Any] = {"name": "新來的", "unit": "", "who": "x", "now": NOW}
        add_account(store, server.site.agency(), "new", roles=[Role.TESTER], password=first, **told)
    page = page_of(None, "/login")
    found = looked_at(page, "/login")
    typed(page, login="new", password=first)
    page.wait_for_url("**/me/first-password")
    found += looked_at(page, "/me/first-password")
    typed(page, now=first, new=own)
    page.wait_for_url("**/login")
    typed(page, login="new", password=own)
    page.wait_for_url(f"{server.url}/")
    page.goto(f"{server.url}/me/second-factor")
    typed(page, own_password=own)
    page.wait_for_selector(".qr svg")
    found += looked_at(page, "the QR code")
    secret = page.locator("dd.hash code").inner_text().replace(" ", "")
    typed(page, code=pyotp.TOTP(secret).at(NOW))
    page.wait_for_selector("ul.codes")
    found += looked_at(page, "the recovery codes")
    page.goto(f"{server.url}/me/second-factor")
    found += looked_at(page, "a second factor that is there")
    page.context.clear_cookies()
    page.goto(f"{server.url}/login")
    typed(page, login="new", password=own)
    page.wait_for_url("**/login/code*")
    assert found + looked_at(page, "/login/code") == []
