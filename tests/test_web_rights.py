"""Every route with every role: the server does what the table of rights says; nothing is open by mistake."""

import json
import re
from pathlib import Path

import pytest
from starlette.routing import Mount, Route
from web_more import furnish_more
from web_pages import EXAMPLES, NAMES, TOKEN, Running, login_of, without_nonce

from harness.store import open_store
from harness.web.app import make_app
from harness.web.declared import Declared, check, declared
from harness.web.rights import TABLE, Right, Role, rights_of
from harness.web.site import Site

pytest_plugins = ("web_fixtures",)
ROUTES = declared()
EVERYBODY = (None, *Role)
CALLS = ("c-open", "c-done", "c-other", "c-mine", "c-bad")
TABLE_FILE = Path(__file__).parent / "routes_by_role.txt"


def table():
    """What is written down: (method, path) → a letter for nobody and for each role."""
    rows = [line.split() for line in TABLE_FILE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return {(method, path): dict(zip(EVERYBODY, letters, strict=True)) for method, path, *letters in rows}


def path_of(path):
    """A route's path with an example for each name in it."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: EXAMPLES[found[1]], path)


def letter(answer):
    """What an answer is in the table."""
    if answer.status == 303:
        return "l" if answer.headers["location"].startswith("/login") else ">"
    if answer.status == 403:
        return "o" if "這一頁開太久" in answer.text else "x"
    told = {200: "o", 206: "o", 401: "t", 404: "-", 409: "s"}
    return told.get(answer.status, str(answer.status))


@pytest.fixture(scope="module", autouse=True)
def _something_everywhere(agency):
    furnish_more(agency)


@pytest.mark.parametrize("role", EVERYBODY, ids=lambda role: str(role or "nobody"))
def test_a_route_gives_each_role_what_the_table_says_and_nothing_else(role, server: Running):
    """A form goes without its token: who may come in is told that, and nothing is done."""
    client, found = server.client(role), {}
    for (method, path), wanted in table().items():
        where = path_of(path)
        answer = client.post(where, {"csrf": "wrong"}) if method == "POST" else client.get(where)
        got = LOGGING_IN.get((role, method, path, answer.status)) or letter(answer)
        if got == "o" and wanted[role] == "p":
            got = "p" if client.post(where).status == 403 else "o"
        if got != wanted[role]:
            found[method, path] = (got, wanted[role])
    assert found == {}


LOGGING_IN = {(None, "POST", "/login", 401): "o", (None, "POST", "/logout", 303): ">"}
"""Nobody may log in, and is led to the log-in from it; a log-out is led there too."""


def test_the_table_has_every_route_once():
    lines = [line for line in TABLE_FILE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert set(table()) == {(one.method, one.path) for one in ROUTES}
    assert len(lines) == len(ROUTES)


def test_nobody_gets_more_than_the_log_in_and_whether_the_server_is_well():
    open_to_all = {path for (_, path), row in table().items() if row[None] == "o"}
    assert open_to_all == {"/login", "/healthz"}


@pytest.mark.parametrize(
    ("role", "call_id"),
    [(Role.UNIT, "c-open"), (Role.UNIT, "c-other"), (Role.TESTER, "c-mine"), (Role.OUTSIDE_TESTER, "c-open")],
)
def test_a_call_of_somebody_else_is_not_there_by_any_route_and_the_chain_does_not_grow_by_the_try(
    role, call_id, server: Running
):
    """With the right token too: page, sheet, paper, recording, outline, spectrogram, review, and every form of it."""
    client, found = server.client(role), {}
    with open_store(server.site.folder / "thirdring.db") as store:
        before, tried = (store.log.of(call_id), store.get_call(call_id), store.evidence.head()), tries_of(store, role)
    for one in ROUTES:
        if "{call_id}" in one.path:
            where = one.path.replace("{call_id}", call_id)
            answer = client.post(where) if one.method == "POST" else client.get(where)
            wanted = 404 if table()[one.method, one.path][role] != "x" else 403
            if answer.status != wanted:
                found[one.method, one.path] = answer.status
    with open_store(server.site.folder / "thirdring.db") as store:
        after = (store.log.of(call_id), store.get_call(call_id), store.evidence.head())
        noted = tries_of(store, role) - tried
    assert (found, before == after) == ({}, True)
    assert noted == sum("{call_id}" in one.path for one in ROUTES)


def tries_of(store, role):
    """How many refused tries of a role's account are noted."""
    return sum(one["count"] for one in store.refused_tries.newest(limit=1000) if one["login"] == login_of(role))


@pytest.mark.parametrize(
    ("role", "call_id"), [(Role.UNIT, "c-done"), (Role.TESTER, "c-open"), (Role.CONVENER, "c-open")]
)
def test_who_may_hear_a_call_is_logged_as_hearing_it(role, call_id, server: Running):
    client = server.client(role)
    for way in ("recording", "sound/spectrogram"):
        assert client.get(f"/calls/{call_id}/{way}").status == 200
    with open_store(server.site.folder / "thirdring.db") as store:
        heard = [row for row in store.log.of(call_id) if (row["what"], row["who"]) == ("heard", NAMES[role])]
    assert len(heard) == 1  # once in half an hour


def test_everything_the_server_has_was_declared(tmp_path):
    routes = make_app(Site(folder=tmp_path)).routes
    assert {route.path for route in routes if isinstance(route, Mount)} == {"/static", "/assets"}
    found = {(route.path, method) for route in routes if isinstance(route, Route) for method in route.methods}
    said = {(one.path, one.method) for one in ROUTES}
    assert found - {(path, "HEAD") for path, _ in said} == said


def test_every_role_has_its_rights_and_every_right_somebody():
    assert set(TABLE) == set(Role)
    special = {Right.ANYONE, Right.BY_TOKEN, Right.SIGNED_IN}
    assert set(Right) - special == set().union(*TABLE.values())
    assert not special & set().union(*TABLE.values())


def test_a_person_without_a_role_may_nothing():
    assert rights_of(frozenset()) == {Right.ANYONE, Right.SIGNED_IN}


def one_route(**changed):
    def answer(visit):
        return visit

    told = {"path": "/x", "method": "GET", "right": Right.HEAR, "of": None, "nav": None, "most_bytes": 1} | changed
    return Declared(**told, answer=answer)


@pytest.mark.parametrize(
    "routes",
    [
        [one_route(right=None)],
        [one_route(right="hear")],
        [one_route(path="/x/{call_id}")],
        [one_route(method="DELETE")],
        [one_route(), one_route()],
    ],
    ids=["no right", "a right as text", "an object unchecked", "a method", "twice"],
)
def test_a_route_that_says_too_little_does_not_start(routes):
    with pytest.raises(TypeError):
        check(tuple(routes))


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.TESTER, {"c-open", "c-other"}),  # a tester of u1 does not judge u1
        (Role.OUTSIDE_TESTER, set()),
        (Role.UNIT, {"c-done", "c-bad"}),  # of u1: what is scored
        (Role.CONVENER, set(CALLS)),
        (Role.REVIEWER, set(CALLS)),
        (Role.AUDITOR, set(CALLS)),
    ],
)
def test_each_sees_the_calls_that_are_theirs(role, seen, server: Running):
    client = server.client(role)
    listed = set(re.findall(r'href="/calls/(c-[a-z]+)"', client.get("/calls").text))
    opened = {one for one in CALLS if client.get(f"/calls/{one}").status == 200}
    assert (listed, opened) == (seen, seen)


def test_another_ones_recording_looks_like_none(server: Running):
    client = server.client(Role.UNIT)
    hidden, nothing = client.get("/calls/c-open/recording"), client.get("/calls/no-such-call/recording")
    assert (hidden.status, nothing.status) == (404, 404)
    assert without_nonce(hidden.text) == without_nonce(nothing.text)


def test_metrics_want_their_token(server: Running):
    nobody = server.client()
    assert nobody.get("/metrics").status == 401
    assert nobody.get("/metrics", authorization="Bearer wrong").status == 401
    told = nobody.get("/metrics", authorization=f"Bearer {TOKEN}")
    assert told.status == 200
    assert 'thirdring_calls{outcome="answered"} 5' in told.text
    assert "thirdring_http_response_seconds_bucket" in told.text


def test_health_is_anybodys_to_ask_and_tells_yes_or_no_only(server: Running):
    told = server.client().get("/healthz")
    assert (told.status, json.loads(told.text)["well"]) == (200, True)
    assert all(isinstance(one, bool) for one in json.loads(told.text)["checks"].values())


def test_an_outside_tester_without_calls_is_told_why_and_what_to_do(server: Running):
    told = server.client(Role.OUTSIDE_TESTER).get("/calls").text
    assert "還沒有分派給您的通話" in told
    assert "「外部測試」這個名字" in told
    assert "請聯絡召集人" in told
    sought = server.client(Role.TESTER).get("/calls?outcome=congestion").text
    assert ("沒有符合這些條件的通話" in sought, 'href="/calls">看全部' in sought) == (True, True)
