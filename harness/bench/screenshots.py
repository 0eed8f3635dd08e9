"""The pictures of the pages in the READMEs, taken of the real pages in a real browser, of an invented agency.

python -m harness.bench.screenshots [DIR]      (docs; Chromium and the extra for tests are needed)
"""

from __future__ import annotations

import base64
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from harness.bench.shown import CALL, NOW, PASSWORD, show_agency
from harness.store import open_store
from harness.web.app import make_app
from harness.web.rights import Role
from harness.web.serve import Reached, server_settings
from harness.web.site import Site

DOCS = Path(__file__).parents[2] / "docs"
HEIGHT, QUALITY = 860, 82
LANGUAGES = ("zh", "en")
PATIENCE_MS = 120_000


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture."""

    name: str
    """What its file is called, before the language."""
    role: Role
    """Who sees it."""
    path: str
    """The page."""
    ready: str
    """What must be there before the picture is taken."""
    width: int = 1200
    """Pixels."""


SHOTS = (
    Shot(name="sheet", role=Role.TESTER, path=f"/calls/{CALL}/sheet", ready="#heard-list li:nth-child(16)"),
    Shot(name="reports", role=Role.CONVENER, path="/reports/2026-H2/charts", ready="figure.chart svg", width=960),
)


def files(folder: Path) -> list[Path]:
    """Every picture's file."""
    return [_file(folder, shot, lang) for shot in SHOTS for lang in LANGUAGES]


def take(folder: Path) -> list[Path]:
    """Take them all."""
    from playwright.sync_api import sync_playwright

    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        agency = show_agency(Path(made) / "agency")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        with serving(Site(folder=agency.folder, clock=lambda: NOW)) as url:
            for shot in SHOTS:
                for lang in LANGUAGES:
                    _like(agency.folder, shot.role, lang)
                    _take(browser, url, shot, _file(folder, shot, lang))
        browser.close()
    return files(folder)


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """A server of an agency, on a free port of this machine; its address."""
    heard = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(site), **server_settings(Reached())))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [heard]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{heard.getsockname()[1]}"
    finally:
        site.stopping.set()
        server.should_exit = True
        thread.join()
        heard.close()


def _file(folder: Path, shot: Shot, lang: str) -> Path:
    return folder / f"{shot.name}.{lang}.webp"


def _like(folder: Path, role: Role, lang: str) -> None:
    """Let the person like a language with its calendar, and the light theme."""
    liked = {"lang": lang, "years": "roc" if lang == "zh" else "western", "theme": "light"}
    with open_store(folder / "thirdring.db") as store:
        store.people.change(role.value, preferences=liked, now=NOW)


def _take(browser: Any, url: str, shot: Shot, file: Path) -> None:
    context = browser.new_context(viewport={"width": shot.width, "height": HEIGHT}, locale="zh-TW")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{url}/login")
    page.fill("input[name=login]", shot.role.value)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(url + shot.path)
    page.locator(shot.ready).first.wait_for(state="attached")
    page.evaluate("document.activeElement.blur()")
    told = {"format": "webp", "quality": QUALITY}
    taken = context.new_cdp_session(page).send("Page.captureScreenshot", told)
    file.write_bytes(base64.b64decode(taken["data"]))
    context.close()


if __name__ == "__main__":
    for one in take(Path(sys.argv[1]) if sys.argv[1:] else DOCS):
        sys.stdout.write(f"{one.name} {one.stat().st_size // 1024} KB\n")
