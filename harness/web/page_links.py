"""Sentences that name a page in corner brackets, in English as "Settings, Directory", lead whoever may see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from harness.web.declared import declared
from harness.words import catalogue

if TYPE_CHECKING:
    from harness.web.visit import Visit

PAGES = {
    "settings.agency_page": "/settings/agency",
    "settings.units": "/settings/units",
    "settings.lines": "/settings/lines",
    "settings.hours": "/settings/hours",
    "settings.programme": "/settings/programme",
    "settings.testers": "/settings/testers",
    "settings.notice_page": "/settings/notice",
    "settings.papers_page": "/settings/papers",
    "settings.sounds_page": "/settings/sounds",
    "settings.retention": "/settings/retention",
    "settings.people": "/settings/people",
    "settings.nav": "/settings",
    "imported.nav": "/import",
    "me.nav": "/me",
    "programme_pages.external": "/plan/external",
    "programme_pages.questions": "/plan/questions",
    "programme_pages.vacant": "/plan/vacant",
}
"""What a page is called in the catalogue → where it is."""


def linked(visit: Visit, sentence: str) -> Markup:
    """A sentence with the pages that it names as links."""
    found = {title: at for title, at in _titles().items() if may_open(visit, at)}
    text = str(escape(sentence))
    for title, at in found.items():
        text = re.sub(rf"(?<=\u300c){re.escape(title)}(?=\u300d)", f'<a href="{at}">{title}</a>', text)
        text = text.replace(f"Settings, {title}", f'<a href="{at}">Settings, {title}</a>')
    return Markup(text)  # escaped above; titles and paths are our own


def may_open(visit: Visit, path: str) -> bool:
    """Whether somebody may see a page."""
    return any(one.path == path and one.method == "GET" and visit.may(one.right) for one in declared())


def _titles() -> dict[str, str]:
    return {title: at for key, at in PAGES.items() for title in catalogue()[key].values()}
