"""The one-page request (申請單): what an agency asks its PBX's vendor and its IT for, filled from agency.toml.

HTML for A4 that any browser prints or saves as PDF. What is not known is a blank to be filled with a pen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.agency import Agency
from harness.documents.roc import FIRST_YEAR, TAIWAN
from harness.lines import LineSettings
from rubric.words import Table, read_table, say_from

USUAL = {"udp": "5060", "tcp": "5060", "tls": "5061"}
"""Ports of SIP where none is written (RFC 3261 §19.1.2)."""
EXAMPLE = "範例"
BLANK = "＿" * 8
MANY = 2
"""More lines than this are set in smaller letters, so that it stays one page."""
LOCAL = ("127.", "localhost", "[::1]")


@dataclass(frozen=True)
class Row:
    """One line of the request."""

    head: str
    """What is asked for."""
    text: str
    """What exactly, and why."""
    blanks: tuple[str, ...] = ()
    """What the vendor or IT writes in."""


def render_request(agency: Agency, *, today: datetime, rtp_ports: tuple[int, int], lang: str = "zh") -> str:
    """Give the request as a self-contained HTML page; `today` is aware of its zone.

    `rtp_ports`: first and last local port of sound.
    """

    def say(key: str, **values: Any) -> str:
        return say_from(_words(), f"request.{key}", lang, **values)

    settings = agency.settings
    page: str = _template().render(
        say=say,
        agency="" if EXAMPLE in settings.name else settings.name,
        date=_roc_day(today),
        vendor=_vendor(agency, say),
        network=_network(agency, rtp_ports, say),
        many=len(settings.lines) > MANY,
        security=[*(say(key) for key in ("outward_only", "no_password", "local_numbers")), _told(agency, say)],
    )
    return page


def _told(agency: Agency, say: Any) -> str:
    """The notice to the staff, dated where it was given."""
    day = agency.settings.recording_notice_date
    return str(say("notice", date=BLANK if day is None else _roc_date(day)))


def _roc_day(moment: datetime) -> str:
    here = moment.astimezone(TAIWAN)
    return _roc_date(here.date())


def _roc_date(day: date) -> str:
    return f"{day.year - FIRST_YEAR} 年 {day.month} 月 {day.day} 日"


def _vendor(agency: Agency, say: Any) -> list[Row]:
    """What the PBX's vendor sets up."""
    lines, settings = agency.settings.lines, agency.settings
    codecs = "、".join(dict.fromkeys(_codec(codec) for line in lines for codec in line.codecs))
    numbers = "、".join(site.switchboard for site in settings.sites if site.switchboard)
    rows = [_account(line, say) for line in lines]
    rows.append(Row(say("at_once_head"), _at_once(agency, say), (say("at_once_blank"),)))
    rows.append(Row(say("caller_head"), say("caller"), (say("caller_blank"),)))
    rows.append(Row(say("reach_head"), say("reach", units=len(agency.units), numbers=numbers or BLANK)))
    rows.append(Row(say("codecs_head"), say("codecs", codecs=codecs)))
    rows.append(Row(say("early_head"), say("early")))
    rows.append(Row(say("release_head"), say("release"), (say("release_blank"),)))
    return [*rows, Row(say("test_number_head"), say("test_number"), (say("test_number_blank"),))]


def _at_once(agency: Agency, say: Any) -> str:
    """As many as the agency allows, less where its lines are limited themselves."""
    limits = [line.max_calls for line in agency.settings.lines]
    carried = sum(one for one in limits if one) if all(limits) else agency.settings.at_once
    return str(say("at_once", n=min(carried, agency.settings.at_once)))


def _account(line: LineSettings, say: Any) -> Row:
    text = say(
        "account",
        user=line.user or BLANK,
        register=say("register_yes" if line.register_ else "register_no"),
    )
    server = say("blank_server") if line.server.startswith(LOCAL) else say("server", server=line.server)
    return Row(say("account_head", line=line.id), f"{text}{server}", (say("account_blank"),))


def _codec(codec: str) -> str:
    names = {"PCMA/8000": "G.711 A-law", "PCMU/8000": "G.711 μ-law", "G722/16000": "G.722"}
    return names.get(codec, codec)


def _network(agency: Agency, rtp_ports: tuple[int, int], say: Any) -> list[Row]:
    """What IT opens."""
    first, last = rtp_ports
    rows = [Row(say("here_head"), say("here"), (say("here_blank"),))]
    servers = "、".join(dict.fromkeys(_server(line, say) for line in agency.settings.lines))
    rows.append(Row(say("signalling_head"), say("signalling", servers=servers)))
    rows.append(Row(say("media_head"), say("media", first=first, last=last)))
    if any(line.srtp != "off" for line in agency.settings.lines):
        rows.append(Row(say("srtp_head"), say("srtp")))
    rows.append(Row(say("alg_head"), say("alg")))
    return [*rows, Row(say("time_head"), say("time"), (say("time_blank"),))]


def _server(line: LineSettings, say: Any) -> str:
    host, _, port = line.server.rpartition(":") if ":" in line.server.removesuffix("]") else (line.server, "", "")
    transport = str(line.transport)
    where = say("blank_host") if line.server.startswith(LOCAL) else host
    return str(say("to", host=where, port=port or USUAL[transport], transport=transport.upper()))


@cache
def _words() -> Table:
    return read_table(files("harness.documents").joinpath("request_words.toml").read_text("utf-8"))


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("harness.documents", "templates"),
        autoescape=True,  # an agency's name is text, whatever it contains
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("request.html.j2")
