"""Fixtures of the pages, a plugin: a test module says `pytest_plugins = ("web_fixtures",)`.

`agency` and `server` are a module's own, so that one module's changes do not meet another's; `page_of` opens a page
in a real browser as a role.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from browsers import Browser, browsing
from web_pages import NOW, TOKEN, Running, furnish, serving

from harness.agency import Agency, load_agency
from harness.web.rights import Role
from harness.web.site import Site


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The furnished agency, made once; nobody writes into it."""
    folder = tmp_path_factory.mktemp("furnished") / "agency"
    furnish(folder)
    return folder


@pytest.fixture(scope="module")
def agency(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Agency:
    """A copy of the furnished agency, a module's own."""
    folder = tmp_path_factory.mktemp("pages") / "agency"
    shutil.copytree(furnished, folder)
    return load_agency(folder)


@pytest.fixture(scope="module")
def server(agency: Agency) -> Iterator[Running]:
    """A server of that agency."""
    with serving(Site(folder=agency.folder, clock=lambda: NOW, metrics_token=TOKEN)) as running:
        yield running


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the server alone."""
    return Clock()


@pytest.fixture
def alone(agency: Agency, clock: Clock) -> Iterator[Running]:
    """A server whose clock a test sets."""
    with serving(Site(folder=agency.folder, clock=clock)) as running:
        yield running


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, as Debian has it; without it these tests are left out, and the last lines say so."""
    with browsing(request.config) as opened:
        yield opened


PATIENCE_MS = 60_000
"""A busy machine is no failure."""
PageOf = Callable[..., Any]


@pytest.fixture
def page_of(browser: Browser, server: Running, request: pytest.FixtureRequest) -> Iterator[PageOf]:
    """Opens a page logged in as a role: `page_of(Role.TESTER, "/calls", width=360, dark=True)`.

    Afterwards no page may have asked another host, failed to load a part, or broken the policy; `page_may_say("404")`
    excuses what the test is about.
    """
    contexts, wrong = [], list[str]()

    def opened(role: Role | None, path: str = "/", *, width: int = 1280, dark: bool = False, lang: str = "zh") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 860}, color_scheme="dark" if dark else "light", locale="zh-TW"
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        client = server.client(role)
        context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in client.cookies.items()])
        page = context.new_page()
        page.on("console", lambda said: wrong.append(f"{said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url) if _outside(asked.url, server.url) else None)
        page.goto(server.url + path)
        return page

    yield opened
    for context in contexts:
        browser.shut(context)
    excused = [text for mark in request.node.iter_markers("page_may_say") for text in mark.args]
    assert [one for one in wrong if not any(text in one for text in excused)] == []


def _outside(url: str, ours: str) -> bool:
    return not url.startswith((ours, "data:", "blob:"))
