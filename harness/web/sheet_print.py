"""The agency's own sheet on paper, as a page of its own and inside the page of a signed sheet for its print."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from harness.documents.sheet_page import render_sheet
from harness.kept_call import printed
from harness.papers.held import said_on_sheet
from harness.programme.settings import read_programme
from harness.web.followed import today_of
from harness.web.sheet_view import Filled
from harness.web.visit import Visit
from rubric.sheet import to_dict


def paper_of(visit: Visit, call: dict[str, Any], filled: Filled, *, draft: bool) -> str:
    """The printable sheet, whole; its style carries the nonce that the server's policy asks for.

    While the result may be objected to, the head says so, as on `thirdring report sheet`; a draft is no result yet.
    """
    lang, nonce = visit.preferences.lang, visit.request.scope.get("thirdring.nonce", "")
    how = printed(call, visit.agency)
    how["call"] |= {"objection": "" if draft else _objection(visit, filled.kept.call_id)}
    whole = render_sheet(to_dict(filled.sheet), filled.form, **how, lang=lang)
    return whole.replace("<style>", f'<style nonce="{nonce}">', 1)


def _objection(visit: Visit, call_id: str) -> str:
    days, today = read_programme(visit.agency.folder).improvement.objection_days, today_of(visit)
    told: dict[str, Any] = {"objection_days": days, "today": today, "lang": visit.preferences.lang}
    return said_on_sheet(call_id, agency=visit.agency, store=visit.store, **told)


def paper_in_page(whole: str) -> Markup:
    """The same in a shadow tree, where no style of the page reaches it: a browser prints the very paper.

    Everything in it was escaped when it was rendered.
    """
    style = re.search(r"<style.*?</style>", whole, re.DOTALL)
    body = re.search(r"<body>(.*)</body>", whole, re.DOTALL)
    if style is None or body is None:
        raise ValueError("the paper has no style or no body")
    there = re.sub(r"\bbody \{", ":host {", style[0])  # with what it is in print, and not tbody
    return Markup(f'<template shadowrootmode="open">{there}{body[1]}</template>')
