"""Days, months and quarters in the calendar that somebody chose, wherever a page says one."""

from __future__ import annotations

import html
import re
from contextvars import Context
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import pytest
from starlette.requests import Request
from web_more import OVER, furnish_more
from web_pages import Running, login_of

from harness.agency import Agency
from harness.assisted.state import LiveState
from harness.errors import Refused
from harness.evidence.finding import Finding
from harness.evidence.verify import Verdict
from harness.store import open_store
from harness.web.gate import visiting
from harness.web.making import Progress
from harness.web.pages.live_stream import _picture
from harness.web.rights import Role
from harness.web.years import written_in

pytest_plugins = ("web_fixtures",)
WALKS = {
    Role.CONVENER: (
        *("/", "/calls", "/calls/c-done", "/calls/c-done/review", "/reviews", "/units", "/units/u1", "/improvements"),
        *("/improvements?all=1", "/improvements/c-bad", "/plan", f"/plan/{OVER}", "/plan/2026-11", "/plan/vacant"),
        *("/plan/2026-11/rules", f"/plan/{OVER}/verify", "/plan/calendar", "/plan/questions", "/plan/external"),
        *("/reports", "/reports?period=2026-Q4", "/reports/2026-11/charts", "/reports/2026-Q3/reward"),
        *("/units/board?period=2026-10", "/settings/retention", "/settings/evidence", "/settings/units"),
    ),
    Role.UNIT: ("/", "/units/u1", "/units/u1?period=2026-H2", "/calls"),
    Role.AUDITOR: ("/settings/changes", "/settings/people"),
}
WESTERN = re.compile(r"(?<![\w.\-/])20\d\d-(?:\d\d(?:-\d\d)?|[QH]\d)(?![\w\-/]|\.\w)")
ROC = re.compile(r"(?<![\w.\-/])11[0-9](?:/\d\d(?:/\d\d)?|-[QH]\d| 年|\.\d+\.\d+)(?![\w\-/])")
BARE = {"roc": WESTERN, "western": ROC}
"""What of the other calendar may stand on no page of each."""


@pytest.fixture(scope="module", autouse=True)
def _something_everywhere(agency: Agency) -> None:
    furnish_more(agency)


def like(agency: Agency, role: Role, *, years: str, lang: str) -> None:
    """Choose calendar and language of a role's account."""
    with open_store(agency.database) as store:
        store.people.change(login_of(role), preferences={"years": years, "lang": lang})


def visible(page: str) -> str:
    """What is read of a page: no tags, scripts, or what was typed into a field; what a hash or a file says neither."""
    text = re.sub(r"<(script|style|textarea|code|pre)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("years", ["roc", "western"])
def test_no_page_says_a_day_in_the_other_calendar(years: str, lang: str, server: Running, agency: Agency) -> None:
    wrong: list[tuple[str, str]] = []
    seen = 0
    for role, paths in WALKS.items():
        like(agency, role, years=years, lang=lang)
        client = server.client(role)
        for path in paths:
            answer = client.get(path)
            if answer.status == 200:
                text = visible(answer.text)
                wrong += [(path, text[max(0, m.start() - 30) : m.end() + 20]) for m in BARE[years].finditer(text)]
                seen += bool(BARE["western" if years == "roc" else "roc"].search(text))
    assert wrong == []
    assert seen > 8  # the walk does pass by days


@pytest.mark.parametrize(
    ("years", "lang", "wanted"),
    [
        ("roc", "zh", ("115/11/22", "115 年 11 月", "115 年第 4 季")),
        ("roc", "en", ("115/11/22", "115/11", "115-Q4")),
        ("western", "zh", ("2026-11-22", "2026-11", "2026-Q4")),
        ("western", "en", ("2026-11-22", "2026-11", "2026-Q4")),
    ],
)
def test_values_are_days_and_periods_or_stay_as_they_are(years: str, lang: str, wanted: tuple[str, ...]) -> None:
    written = written_in(years, lang)
    assert tuple(written(one) for one in ("2026-11-22", "2026-11", "2026-Q4")) == wanted
    assert written(date(2026, 11, 22)) == wanted[0]
    assert written(datetime(2026, 11, 22, 9, 5, tzinfo=UTC)) == f"{wanted[0]} 09:05"
    assert written({"zh": "115 年 11 月", "en": "2026-11"}) == wanted[1]
    for same in (
        "2026-11.csv",
        "c-2026-11-22",
        "2026-13-40",
        "2026",
        "see 2026-11-22",
        2026,
        None,
        {"zh": "一", "en": "1"},
    ):
        assert written(same) == same


def test_what_somebody_did_or_got_wrong_is_said_in_the_chosen_calendar(server: Running, agency: Agency) -> None:
    like(agency, Role.CONVENER, years="roc", lang="zh")
    client = server.client(Role.CONVENER)
    counted = client.post("/complaints", {"unit": "u2", "month": "2026-11", "source": "1999", "count": "3"})
    assert "115 年 11 月" in visible(client.get(counted.headers["location"]).text)
    for path, told, status in (
        ("/improvements/c-bad/notify", {"day": "2027-01-01"}, 422),
        ("/plan/off", {"day": "2026-11-01", "reason": "颱風", "sure": "1"}, 422),
    ):
        text = visible(client.post(path, told).text)
        assert client.post(path, told).status == status
        assert (WESTERN.search(text), ROC.search(text) is not None) == (None, True), path


def test_what_is_kept_has_its_days_as_machines_write_them(server: Running, agency: Agency) -> None:
    """The calendar of whoever pressed the button goes into no plan and no log."""
    like(agency, Role.CONVENER, years="roc", lang="zh")
    server.client(Role.CONVENER).post("/plan/off", {"day": "2026-11-27", "reason": "颱風", "sure": "1"})
    with open_store(agency.database) as store:
        (row,) = store.log.named("day_called_off", limit=5)
        kept = str(row["detail"]) + repr(store.plans.events("2026-11"))
    assert ("2026-11-27" in kept, ROC.search(kept)) == (True, None)


@pytest.mark.parametrize("years", ["roc", "western"])
def test_days_are_typed_in_either_calendar_and_shown_in_the_chosen_one(
    years: str, server: Running, agency: Agency
) -> None:
    like(agency, Role.CONVENER, years=years, lang="zh")
    client = server.client(Role.CONVENER)
    form = client.get("/settings/tester").text
    (entry,), stamp = (
        re.findall(r'name="(testers\[\d+\])\.name"', form),
        re.findall(r'name="stamp" value="(.*?)"', form),
    )
    tester = {f"{entry}.name": f"陳{years}", f"{entry}.unit": "u1", "stamp": stamp[0]}
    typed = client.post("/settings/tester", tester | {f"{entry}.absent": "115/12/24\n2026-12-25\n明天"})
    assert (typed.status, "明天" in typed.text) == (422, True)
    assert client.post("/settings/tester", tester | {f"{entry}.absent": "115/12/24\n2026-12-25"}).status == 303
    page = client.get(f"/settings/tester/{quote(f'陳{years}')}").text
    (shown,) = re.findall(r"<textarea[^>]*absent[^>]*>([^<]*)", page)
    assert shown.split() == (["115/12/24", "115/12/25"] if years == "roc" else ["2026-12-24", "2026-12-25"])
    assert BARE[years].findall(visible(page)) == []


@pytest.mark.parametrize(
    ("years", "day", "at"),
    [("roc", "115/11/20", "115/11/20 02:05:00.123 UTC"), ("western", "2026-11-20", "2026-11-20 02:05:00.123 UTC")],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_was_found_in_the_background_is_said_as_its_reader_likes(
    years: str, lang: str, day: str, at: str, server: Running, agency: Agency
) -> None:
    """A finding of the evidence, and why papers were not made: whoever began it may like another calendar."""
    like(agency, Role.CONVENER, years=years, lang=lang)
    moment = "2026-11-20T02:05:00.123+00:00"
    found = Finding(kind="changed", n=3, what="calls", call_id="c-1", column="day", before="2026-11-20", now=moment)
    job, making = server.site.verifying, server.site.making
    told = {"entries": 3, "calls": 1, "files": 0, "deleted": 0, "head": None}
    before = (job.result, job.at, making.now)
    try:
        job.result, job.at = Verdict(findings=(found,), **told), datetime(2026, 11, 20, 2, tzinfo=UTC)
        error = Refused("improve.too_early", call_id="c-1", until=date(2026, 11, 20))
        making.now = Progress(period="2026-11", running=False, error=error)
        client = server.client(Role.CONVENER)
        evidence = visible(client.get("/settings/evidence/found").text)
        papers = visible(client.get("/reports/progress").text)
    finally:
        job.result, job.at, making.now = before
    assert (day in evidence, at in evidence, BARE[years].findall(evidence)) == (True, True, [])
    assert (day in papers, BARE[years].findall(papers)) == (True, [])


@pytest.mark.parametrize("years", ["roc", "western"])
def test_a_call_in_progress_says_its_days_in_the_chosen_calendar(years: str, server: Running, agency: Agency) -> None:
    """Its pictures are drawn in another thread than the request's, where nothing was chosen yet."""
    like(agency, Role.CONVENER, years=years, lang="zh")
    cookie = "; ".join(f"{name}={value}" for name, value in server.client(Role.CONVENER).cookies.items())
    scope = {"type": "http", "method": "GET", "path": "/live/x/stream", "query_string": b"", "scheme": "http"}
    request = Request(scope | {"server": ("localhost", 80), "headers": [(b"cookie", cookie.encode())]})
    said: dict[str, Any] = {name: "x" for name in ("call_id", "tester", "unit", "name", "number", "scenario")}
    refused = Refused("improve.too_early", call_id="c-1", until="2026-11-20").sentence("zh")
    state = LiveState(
        serial=1, attempt=1, steps=(), questions=(), phase="talks", tester_is="here", refused=refused, **said
    )

    def drawn() -> str:
        with visiting(server.site, request) as visit:
            assert visit.session is not None
            return Context().run(_picture, visit, state)

    text = visible(Context().run(drawn))
    assert ("115/11/20" if years == "roc" else "2026-11-20") in text
    assert BARE[years].findall(text) == []
