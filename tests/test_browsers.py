"""The tests' browser: one that does not close is ended, told of, and begun anew."""

from __future__ import annotations

import os
import signal

import pytest
from browsers import browsing, processes_with
from left_out import told

pytestmark = pytest.mark.slow


def test_a_browser_that_stands_still_is_ended_told_and_begun_anew(request: pytest.FixtureRequest) -> None:
    with browsing(request.config) as browser:
        browser.close_s = 1.0
        context = browser.new_context()
        context.new_page().goto("data:text/html,stands")
        (process, *_) = processes_with(browser.name)
        os.kill(process, signal.SIGSTOP)
        browser.shut(context)
        browser.close_s = 30.0
        page = browser.new_page()
        page.goto("data:text/html,<p>anew")
        assert page.inner_text("p") == "anew"
        browser.shut(page)
    assert browser.ended == [["data:text/html,stands"]]
    (line,) = told(request.config).pop(browser.name)
    assert "data:text/html,stands" in line
    assert processes_with(browser.name) == []


def test_one_that_closes_is_not_told_of(request: pytest.FixtureRequest) -> None:
    with browsing(request.config) as browser:
        context = browser.new_context()
        browser.shut(context)
    assert browser.ended == []
    assert browser.name not in told(request.config)


def test_what_closing_complains_of_in_time_is_not_hidden(request: pytest.FixtureRequest) -> None:
    class Broken:
        url = "about:blank"

        def close(self) -> None:
            raise ValueError("broken")

    with browsing(request.config) as browser, pytest.raises(ValueError, match="broken"):
        browser.shut(Broken())
