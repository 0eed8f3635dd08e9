"""Every command that a clerk needs has a page that somebody is led to; what has none says why it is a matter of the
administrator's shell."""

from collections import Counter, deque
from datetime import date, timedelta
from html.parser import HTMLParser

import click
import pytest
from kept_calls import keep_call
from rubric_cases import best, call, leg
from starlette.routing import compile_path
from web_more import furnish_more
from web_pages import add_person, make_sound

from harness import clocks
from harness.cli.program import thirdring
from harness.programme.month import kept_plan
from harness.second_opinion import add_opinion
from harness.store import open_store
from harness.store.plans import UNKNOWN
from harness.web.declared import declared
from harness.web.rights import Role, rights_of

pytest_plugins = ("web_fixtures",)

PAGES = {
    "answer": "GET /calls/{call_id}/sheet",
    "assist": "POST /assist",
    "calendar compare": "GET /plan/calendar",
    "calendar import": "POST /plan/calendar",
    "complaints add": "POST /complaints",
    "complaints list": "GET /improvements",
    "confirm": "POST /calls/{call_id}/confirm",
    "doctor": "POST /settings/check",
    "export-case": "POST /calls/{call_id}/case",
    "external blank": "POST /plan/external/blank",
    "external import": "POST /plan/external",
    "external list": "GET /plan/external",
    "figures": "GET /reports",
    "form check": "POST /settings/forms",
    "form diff": "GET /settings/forms/diff",
    "form new": "POST /settings/forms/copy",
    "form show": "GET /settings/form/{form}",
    "import-call": "POST /import",
    "improve answer": "POST /improvements/{call_id}/answer",
    "improve close": "POST /improvements/{call_id}/close",
    "improve escalate": "POST /improvements/{call_id}/escalate",
    "improve list": "GET /improvements",
    "improve notify": "POST /improvements/{call_id}/notify",
    "learn-tone": "POST /settings/tones/learn",
    "list": "GET /calls",
    "listen": "POST /import",
    "opinion add": "POST /calls/{call_id}/opinion",
    "opinion compare": "GET /calls/{call_id}/review",
    "opinion log": "GET /calls/{call_id}/history",
    "opinion object": "POST /calls/{call_id}/review/object",
    "opinion settle": "POST /calls/{call_id}/review/settle",
    "plan draw": "POST /plan/{month}/draw",
    "plan notice": "GET /settings/notice",
    "plan off": "POST /plan/off",
    "plan publish": "GET /plan/{month}/published",
    "plan rules": "GET /plan/{month}/rules",
    "plan settle": "POST /plan/{month}/settle",
    "plan show": "GET /plan/{month}",
    "plan verify": "POST /plan/{month}/verify",
    "prompt list": "GET /settings/prompts",
    "prompt mark": "POST /calls/{call_id}/prompts",
    "prompt suggest": "POST /settings/prompts/suggest",
    "questions": "GET /plan/questions",
    "rehear": "POST /calls/{call_id}/review/hear",
    "remark": "POST /calls/{call_id}/remarks",
    "report all": "POST /reports/{period}/make",
    "report blank": "POST /by-hand",
    "report half": "POST /reports/{period}/make",
    "report machine-half": "POST /calls/{call_id}/machine-half",
    "report month": "POST /reports/{period}/make",
    "report quarter": "POST /reports/{period}/make",
    "report sheet": "GET /calls/{call_id}/sheet/paper",
    "report year": "POST /reports/{period}/make",
    "retain": "POST /settings/retention",
    "run": "GET /plan",  # `serve` runs the programme beside the pages; here one sees how far it has got
    "scenario check": "POST /settings/scenarios",
    "scenario list": "GET /settings/scenarios",
    "scenario show": "GET /settings/scenario/{scenario}",
    "score": "POST /calls/{call_id}/sheet/sign",
    "show": "GET /calls/{call_id}",
    "units export": "GET /settings/units/export",
    "units import": "POST /settings/units",
    "units list": "GET /settings/units",
    "units vacant": "GET /plan/vacant",
    "user add": "POST /settings/people",
    "user list": "GET /settings/people",
    "user password": "POST /settings/people/{login}/password",
    "user reset-second-factor": "POST /settings/people/{login}/second-factor",
    "user remove": "POST /settings/people/{login}/remove",
    "user role": "POST /settings/people/{login}/roles",
    "verify": "POST /settings/evidence",
}
SHELL = {
    "attend": "a process of its own on the line that is called back, kept running by systemd",
    "backup": "writes to a place of the machine that only its administrator knows",
    "bench calls": "measures the program and the machine, not the agency",
    "bench ear": "measures the program, not the agency",
    "call": "the programme dials what the draw says; one call by hand is for trying a line out",
    "demo": "shows the program without an agency",
    "form schema": "for an editor of TOML files",
    "init": "makes the folder that the pages are served from",
    "ladder": "SIP messages, for whoever looks after the telephone",
    "probe": "places the calls of another machine's lines, kept running by systemd",
    "report templates": "files that are edited on the machine",
    "rescore": "an old year by another form: a second set of sheets, made by whoever keeps the database",
    "restore": "puts a folder in the place of one: nothing may be served from it meanwhile",
    "serve": "starts the pages; without it there is none to press a button on",
    "switchboard": "the embedded agency, for trying things out",
}


def commands(command, path=()):
    if not isinstance(command, click.Group):
        return {" ".join(path)}
    context = click.Context(command)
    return set().union(
        *(commands(command.get_command(context, one), (*path, one)) for one in command.list_commands(context))
    )


def test_every_command_has_its_page_or_says_why_not():
    assert commands(thirdring) == set(PAGES) | set(SHELL)
    assert len(PAGES) + len(SHELL) == len(set(PAGES) | set(SHELL))


@pytest.mark.parametrize("command", sorted(PAGES))
def test_the_page_is_there(command):
    assert PAGES[command] in {f"{one.method} {one.path}" for one in declared()}


def test_every_reason_is_a_sentence():
    assert [command for command, why in SHELL.items() if len(why.split()) < 4] == []


ROUTES = [(one, compile_path(one.path)[0]) for one in sorted(declared(), key=lambda one: one.path.count("{"))]
MOST = 3
"""Pages of one route that somebody opens: the lists begin with the newest."""
CLERKS = (Role.CONVENER, Role.TESTER, Role.REVIEWER, Role.UNIT, Role.ADMINISTRATOR)


def furnish_all(agency):
    """Something of each kind that a button is for: a fault, two opinions, a test cut off, old sound, a factor."""
    furnish_more(agency)
    theirs = call(legs={"unit": leg(outcome="fault_theirs", fault_confirmed=False)}, transferred=None)
    keep_call(agency, "c-fault", theirs, None, unit="u3", day=date(2026, 11, 21), columns={"outcome": "fault_theirs"})
    keep_call(agency, "c-both", call(), None, unit="u3", day=date(2026, 11, 14))
    keep_call(agency, "c-2024", call(), best(), unit="u1", day=date(2024, 1, 15))
    make_sound(agency.folder / "recordings" / "2024-01-15" / "gone.flac", seconds=1.0)
    with open_store(agency.database) as store:
        apart = best() | {"B2.3": {"option": "3", "points": 3}}
        add_opinion("c-both", apart, who="甲", agency=agency, store=store)
        add_opinion("c-both", best(), who="乙", agency=agency, store=store)
        cut_off = kept_plan("2026-11", store)[0].tests[0]
        store.plans.note(cut_off.id, UNKNOWN, month="2026-11", detail={}, now=cut_off.at + timedelta(minutes=1))
        add_person(store, "a-first-one", name="某甲", roles=[Role.TESTER])
        store.second_factors.offer("a-first-one", "a salt", clocks.now())
        store.second_factors.confirm("a-first-one", "a salt", step=1, codes={})


class Led(HTMLParser):
    """Where a page leads: its links, the forms that it sends, what htmx fetches."""

    def __init__(self, html):
        super().__init__()
        self.to, self._method = [], "GET"
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Note an address and how it is asked for."""
        told = dict(attrs)
        if tag == "form":
            self._method = told.get("method", "get").upper()
            self.to.append((self._method, told.get("action") or ""))
        found = {"GET": told.get("hx-get"), "POST": told.get("hx-post"), self._method: told.get("formaction")}
        self.to += [(method, address) for method, address in found.items() if address]
        if tag == "a" and told.get("href"):
            self.to.append(("GET", told["href"]))


def route_of(method, path):
    return next((one for one, fits in ROUTES if one.method == method and fits.match(path)), None)


def walked(client, role):
    """Every route that somebody is led to from Today, page by page, and may have."""
    rights, found, opened, waiting, seen = rights_of(frozenset({role})), set(), Counter(), deque(["/"]), set()
    while waiting:
        address = waiting.popleft()
        one = route_of("GET", address.partition("?")[0])
        if one is None or address in seen or opened[one.path] >= MOST:
            continue
        seen.add(address)
        opened[one.path] += 1
        answer = client.get(address)
        if answer.status == 303:
            waiting.append(answer.headers["location"])
        if answer.status != 200 or "text/html" not in answer.headers["content-type"]:
            continue
        for method, to in Led(answer.text).to:
            path = to.partition("#")[0] or address
            led = route_of(method, path.partition("?")[0])
            if led is not None and led.right in rights:
                found.add(f"{method} {led.path}")
                waiting.extend([path] if method == "GET" else [])
    return found


@pytest.fixture(scope="module")
def led(server, agency):
    """What each role that is a clerk is led to."""
    furnish_all(agency)
    return {role: walked(server.client(role), role) for role in CLERKS}


@pytest.mark.slow
def test_somebody_is_led_to_every_command_that_a_clerk_needs(led):
    """By links and buttons alone, from the first page on: a route that only its address opens is no button."""
    reached = set().union(*led.values())
    assert {command: where for command, where in PAGES.items() if where not in reached} == {}


@pytest.mark.slow
def test_nobody_is_led_to_what_has_no_link(led):
    """The walk finds links, not whatever is there."""
    assert {"GET /login", "GET /metrics", "GET /healthz", "POST /me/first-password"}.isdisjoint(
        set().union(*led.values())
    )
