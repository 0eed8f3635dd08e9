"""A real browser of the tests, which is ended by force where it does not close, and begun anew for the next test.

Closing is the one thing of a browser that Playwright waits for without end. Whoever was ended is told in the last
lines of the run, with the pages that were open.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from left_out import leave_out, told
from web_pages import CHROMIUM

CLOSE_S = 30.0
"""A browser closes within tenths of a second; on a machine at work within seconds."""


class Browser:
    """Chromium of one test module: Playwright's browser, with a name by which its processes are found."""

    def __init__(self, playwright: Any, program: str, args: Sequence[str], *, close_s: float = CLOSE_S) -> None:
        self.name = f"--thirdring-tests-{os.getpid()}-{id(self)}"
        self.close_s = close_s
        self.ended: list[list[str]] = []
        self._launch = lambda: playwright.chromium.launch(executable_path=program, args=[*args, self.name])
        self._opened = self._launch()

    def __getattr__(self, name: str) -> Any:
        """What Playwright's browser has; of a new one where the old one was ended."""
        if not self._opened.is_connected():
            self._opened = self._launch()
        return getattr(self._opened, name)

    def shut(self, what: Any) -> None:
        """Close a page, or a context with all of its pages; end the browser where that takes too long."""
        pages = [one.url for one in getattr(what, "pages", [what])]
        self._in_time(what.close, pages)

    def close(self) -> None:
        """Close the browser."""
        if self._opened.is_connected():
            self._in_time(self._opened.close, [])

    def _in_time(self, close: Any, pages: list[str]) -> None:
        before = len(self.ended)
        limit = Timer(self.close_s, self._end, [pages])
        limit.start()
        try:
            close()
        except Exception:
            if len(self.ended) == before:
                raise
        finally:
            limit.cancel()

    def _end(self, pages: list[str]) -> None:
        self.ended.append(pages)
        for process in processes_with(self.name):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def chromium() -> str | None:
    """The browser's program, as Debian has it."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def browsing(config: pytest.Config, args: Sequence[str] = ()) -> Iterator[Browser]:
    """Chromium; without it the test is left out, and the last lines say so."""
    program = chromium()
    if program is None:
        leave_out("Chromium", CHROMIUM, config)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = Browser(playwright, program, ["--no-sandbox", "--disable-gpu", *args])
        yield browser
        browser.close()
        for pages in browser.ended:
            line = f"瀏覽器 {browser.close_s:.0f} 秒沒有關閉，已結束。A browser did not close and was ended: {pages}"
            told(config).setdefault(browser.name, []).append(line)


def processes_with(argument: str) -> list[int]:
    """The processes that were started with an argument."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found += [int(path.parent.name)] if argument.encode() in path.read_bytes().split(b"\0") else []
    return found
