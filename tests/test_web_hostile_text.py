"""Whatever somebody can type, send in a file or have a telephone say is text on every page, for every role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from kept_calls import keep_call
from rubric_cases import best, call, leg
from web_pages import EXAMPLES, NAMES, NOW, Answer, Running, furnish, serving

from harness.agency import Agency, load_agency
from harness.programme import follow_up
from harness.store import open_store
from harness.store.store import Store
from harness.web.declared import declared
from harness.web.rights import Role
from harness.web.site import Site

EVIL = "\"><img src=x onerror=alert(1)>{{ 7*7 }}'<script>alert(2)</script>"
"""Out of an attribute, out of a text, out of a template."""
RAW = re.compile(r"<img src=x|<script>alert|onerror=alert\(1\)>\{\{|(?<!\d)49'")
ROLES = (Role.UNIT, Role.CONVENER, Role.TESTER, Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)
SLOW = {"/calls/{call_id}/sound/spectrogram", "/today/stream"}
BAD = call(legs={"ivr": leg(1, 2.0), "operator": leg(9, 30.0), "unit": leg(12, 36.0)})


def _poison(agency: Agency) -> Agency:
    """Put EVIL wherever an agency keeps words of somebody."""
    folder = agency.folder
    units = folder / "units.csv"
    quoted = EVIL.replace('"', '""')
    units.write_text(
        re.sub("[一二三]課", lambda found: f'"{found[0]}{quoted}"', units.read_text("utf-8")), encoding="utf-8"
    )
    settings = folder / "agency.toml"
    told = settings.read_text("utf-8")
    named = f"name = {json.dumps('機關' + EVIL, ensure_ascii=False)}"
    settings.write_text(re.sub(r'(?m)^name = ".*"$', lambda _: named, told, count=1), encoding="utf-8")
    said = best() | {"header": {"answerer_surname": EVIL, "extension": EVIL}, "questions": [_question()] * 2}
    said.pop("accuracy", None)
    keep_call(agency, "c-evil", BAD, said, unit="u1", who=EVIL, columns={"number": EVIL, "scenario": EVIL})
    with open_store(agency.database) as store:
        _say(store)
    return load_agency(folder)


def _question() -> dict[str, Any]:
    return {"text": EVIL, "verdict": "correct", "precise": True, "complete": True}


def _say(store: Store) -> None:
    by: dict[str, Any] = {"who": EVIL, "store": store, "now": NOW}
    store.people.add("evil", name=EVIL, unit="u1", roles=["tester"], password="x")
    store.sessions.begin("0" * 64, login="reviewer", csrf="x", agent=EVIL, now=NOW)
    store.reviews.add("c-done", round_no=1, what="objection", who=EVIL, detail={"reason": EVIL}, now=NOW)
    store.improvements.note("c-evil", follow_up.NOTIFIED, who=EVIL, now=NOW)
    follow_up.answer("c-evil", EVIL, explanation="other", **by)
    store.complaints.add(unit="u1", month="2026-11", source=EVIL, count=1, note=EVIL, who=EVIL, now=NOW)
    store.log.write("units_imported", who=EVIL, call_id="c-evil", detail={"file": EVIL, "login": EVIL}, now=NOW)


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    agency = _poison(furnish(tmp_path_factory.mktemp("evil") / "agency"))
    with serving(Site(folder=agency.folder, clock=lambda: NOW)) as running:
        yield running


def _paths(path: str) -> list[str]:
    """A route's addresses: every call that there is, and the usual examples."""
    calls = ("c-evil", "c-done", "c-open")
    named = re.findall(r"\{(\w+)(?::\w+)?\}", path)
    plain = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: "{" + found[1] + "}", path)
    return [plain.format(**EXAMPLES | {"call_id": one}) for one in (calls if "call_id" in named else calls[:1])]


def test_what_people_and_telephones_say_is_text_on_every_page(poisoned: Running) -> None:
    assert RAW.search(EVIL)
    client_of, seen, raw = cache(poisoned.client), 0, list[str]()
    for one in declared():
        for path in _paths(one.path) if one.method == "GET" and one.path not in SLOW else ():
            for role in ROLES:
                answer: Answer = client_of(role).get(path)
                if "text/html" in answer.headers.get("content-type", ""):
                    seen += "onerror" in answer.text
                    raw += [f"{path} ({role}): {found[0]}" for found in [RAW.search(answer.text)] if found]
                if answer.status == 200 and role is not Role.UNIT:
                    break  # what one of them sees is the same page for the others
    assert raw == []
    assert seen > 20  # it does stand on many pages


def test_an_error_says_what_was_asked_for_as_text(poisoned: Running) -> None:
    client = poisoned.client(Role.CONVENER)
    asked = "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"
    for path in (
        f"/calls/{asked}",
        f"/units?period={asked}",
        f"/calls?unit={asked}",
        f"/plan/{asked}",
        f"/?done={asked}",
    ):
        assert not RAW.search(client.get(path).text)
    assert not RAW.search(poisoned.client().get(f"/login?next=/{asked}").text)
    assert not RAW.search(poisoned.client().post("/login", {"login": EVIL, "password": EVIL}).text)


def test_a_name_that_was_sent_is_no_header(poisoned: Running, tmp_path: Path) -> None:
    """Starlette and h11 refuse what is no header; the server goes on."""
    client = poisoned.client(Role.CONVENER)
    assert client.get("/reports/2026-11/files/a%0d%0aset-cookie:%20x=1.odt").status == 404
    assert client.get("/settings/units/export?kind=csv%0d%0aset-cookie:%20x=1").status == 200
    name = 'x"\\r\\nSet-Cookie: x=1\\r\\n.csv'
    answer = client.upload("/settings/units", name, b"unit,name,number\n", {"what": "check"})
    assert "set-cookie" not in answer.headers
    assert NAMES[Role.CONVENER] in client.get("/me").text
