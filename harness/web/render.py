"""Templates: every text that is put into one is escaped, every name that is not there is a mistake."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from harness.documents.table import shown
from harness.web.declared import declared
from harness.web.page_links import linked
from harness.web.setting_up import setup_bar
from harness.web.years import day_in, in_sentence, period_in, sentence_of, shown_values
from harness.words import catalogue, label, say

if TYPE_CHECKING:
    from harness.web.visit import Visit

FOLDER = Path(__file__).parent
OURS, BROUGHT = FOLDER / "static", FOLDER / "assets"
"""Files of our own, and those that come from npm when the package is built."""


def render(visit: Visit, template: str, **values: Any) -> str:
    """Fill a template for somebody."""
    return environment().get_template(template).render(_always(visit) | values)


@cache
def environment() -> Environment:
    """The one environment of templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "day": day, "clock": clock, "number": number, "period": period, "cell": shown}
    made.filters |= {"listed": listed, "dated": in_sentence, "said": sentence_of, "linked": _linked}
    made.globals |= {"t": words, "word": label, "asset": asset, "known": lambda key: key in catalogue()}
    return made


def words(key: str, /, **values: Any) -> Markup:
    """A sentence of the catalogue, escaped; a value that is markup already, such as a moment, stays so."""
    marked = {name: value for name, value in values.items() if isinstance(value, Markup)}
    text = str(escape(say(key, **shown_values(values) | {name: f"\x00{name}\x00" for name in marked})))
    for name, value in marked.items():
        text = text.replace(f"\x00{name}\x00", value)
    return Markup(text)


def listed(parts: Iterable[Any]) -> Markup:
    """Things one after another, with the mark of the language between them."""
    between: Markup = words("between.two", first="", more="")
    return between.join(parts)


@cache
def asset(name: str) -> str:
    """The address of a file, with its digest: a browser keeps it for ever and asks anew when it changed."""
    for folder, path in ((OURS, "/static"), (BROUGHT, "/assets")):
        file = folder / name
        if file.is_file():
            return f"{path}/{name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    raise FileNotFoundError(f"{name}: neither in static nor in assets (python hatch_build.py brings those)")


@pass_context
def moment(context: Context, value: str | datetime) -> Markup:
    """A moment in the agency's time: 115/11/22 09:05, or 2026-11-22 09:05."""
    here = _here(context, value)
    shown = f"{_day(context, here.date())} {here:%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(here.isoformat(timespec="minutes"), shown)


@pass_context
def clock(context: Context, value: str | datetime) -> str:
    """The time of day of a moment: 09:05."""
    return f"{_here(context, value):%H:%M}"


@pass_context
def day(context: Context, value: str | date | datetime) -> Markup:
    """A day: 115/11/22, or 2026-11-22; of a moment, the day that it is then where the agency is."""
    if isinstance(value, datetime) or (isinstance(value, str) and "T" in value):
        one = _here(context, value).date()
    else:
        one = date.fromisoformat(value) if isinstance(value, str) else value
    return Markup('<time datetime="{}">{}</time>').format(one.isoformat()[:10], _day(context, one))


@pass_context
def period(context: Context, name: str) -> str:
    """A period by its name: 115 年 11 月, in English 115/11; or 2026-11."""
    liked = context["preferences"]
    return period_in(liked.years, liked.lang, name)


def number(value: float | None, places: int = 0) -> str:
    """A number; a dash where there is none."""
    return "—" if value is None else f"{value:,.{places}f}"


def _always(visit: Visit) -> dict[str, Any]:
    """What every template may use."""
    return {
        "visit": visit,
        "person": visit.session.person if visit.session else None,
        "may": visit.may,
        "setup_bar": lambda: setup_bar(visit),
        "agency_name": visit.agency.settings.name,
        "preferences": visit.preferences,
        "nonce": visit.request.scope.get("thirdring.nonce", ""),
        "csrf": visit.session.csrf if visit.session else "",
        "csrf_field": lambda: Markup('<input type="hidden" name="csrf" value="{}">').format(
            visit.session.csrf if visit.session else ""
        ),
        "navigation": [one for one in _navigation() if visit.may(one.right)],
        "path": visit.request.url.path,
    }


@cache
def _navigation() -> tuple[Any, ...]:
    entries = [one for one in declared() if one.nav is not None]
    return tuple(sorted(entries, key=lambda one: one.nav.order if one.nav else 0))


@pass_context
def _linked(context: Context, sentence: str) -> Markup:
    """A sentence with the pages that it names as links."""
    return linked(context["visit"], sentence)


def _here(context: Context, value: str | datetime) -> datetime:
    one = datetime.fromisoformat(value) if isinstance(value, str) else value
    return one.astimezone(context["visit"].agency.zone)


def _day(context: Context, one: date) -> str:
    return day_in(context["preferences"].years, one)
