"""Every page with 10,000 calls in the database: how long an answer takes, through a real socket, as each role.

python -m harness.bench.pages
"""

from __future__ import annotations

import http.client
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import uvicorn

from harness.agency import Agency
from harness.bench.furnished import NOW, PASSWORD, Furnished, furnish
from harness.kept_sheet import figures_row
from harness.scoring import find_form, frozen
from harness.store import open_store
from harness.web.ahead import Ahead
from harness.web.app import make_app
from harness.web.declared import Declared, declared
from harness.web.rights import Right, Role, rights_of
from harness.web.serve import Reached, server_settings
from harness.web.site import Site

CALLS = 10_000
RUNS = 40
TARGET_S = 0.1
DEEP = ("/calls?page=150", "/calls?open=1", "/calls?unit=u7", "/calls?outcome=answered&page=99", "/units?period=2026")
"""Lists as somebody may ask for them, beside every page's plain address."""
RECKONED = ("/units", "/units?period=2026", "/units/u1", "/reports", "/improvements", "/plan/2026-12/rules")
"""Pages of figures, measured once more when a result has just changed, when what was reckoned before is of no use; and
again when the server's own thread has seen the change."""
AHEAD_S = 120.0
"""So long may that take on a busy machine."""
LEFT_OUT = {"/reports/{period}/files/{name:path}": "papers are files"}
LED_ON = frozenset({"/login", "/login/code", "/me/first-password"})
"""Whoever is logged in, with a password of their own, is led on from these."""


NOTED, SIGNED = "剛記了一筆改善 just after a note of an improvement", "剛簽了一份評分表 just after a sheet was signed"
SEEN = "簽了之後已預先計算 after a sheet was signed, reckoned ahead"


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long one page took."""

    path: str
    """Its address."""
    role: str
    """Who asked."""
    changed: str = ""
    """What there was since the time before: NOTED, SIGNED, SEEN; empty: nothing."""
    median_s: float
    """Seconds to the whole answer, the median of RUNS."""
    p95_s: float
    """Seconds that 95 % stayed within."""
    cpu_s: float
    """Seconds of one core for asking and answering, the mean: what a busy machine does not change much."""

    def told(self) -> str:
        """A line of a report."""
        who = f"{self.role}，{self.changed}" if self.changed else self.role
        times = f"{self.median_s * 1e3:.0f} ms，p95 {self.p95_s * 1e3:.0f} ms，CPU {self.cpu_s * 1e3:.0f} ms"
        return f"{self.path}（{who}）：{times}"


def measure(furnished: Furnished, *, runs: int = RUNS, every_role: bool = True) -> Iterator[Took]:
    """Ask for every page that there is, as every role that may have it, or as the first one.

    Raises ValueError for a page that nobody got; one that names something which is not there now, such as a call that
    is up, is left out.
    """
    site = site_of(furnished.agency)
    with serving(site) as host, _ahead(site) as ahead:
        cookies = {role: log_in(host, role) for role in Role}
        for one in declared():
            if one.method == "GET" and _is_page(one):
                found = _of_route(one, furnished, host, cookies, runs)
                first = next(found, None)
                if first is None and "{" not in one.path and one.path not in LED_ON:
                    raise ValueError(f"{one.path}: nobody got it")
                yield from () if first is None else (first, *(found if every_role else ()))
        for path in DEEP:
            for role in (Role.CONVENER, Role.TESTER, Role.UNIT):
                if _ask(host, "GET", path, {"Cookie": cookies[role]})[0] == HTTPStatus.OK:
                    yield _took(host, path, role, cookies[role], runs)
        for path in RECKONED:
            told = (host, path, Role.CONVENER, cookies[Role.CONVENER], max(runs // 4, 1))
            yield _took(*told, changed=NOTED, change=partial(_note, furnished))
            yield _took(*told, changed=SIGNED, change=partial(_sign, furnished))
            yield _took(*told, changed=SEEN, change=partial(_sign, furnished, ahead))


def report() -> Iterator[str]:
    """Give a line a page, the slowest first, and how many kept to the target."""
    with tempfile.TemporaryDirectory() as folder:
        found = sorted(measure(furnish(Path(folder) / "agency", calls=CALLS)), key=lambda one: -one.p95_s)
    kept = sum(one.p95_s <= TARGET_S for one in found)
    yield f"{CALLS:,} calls; p95 ≤ {TARGET_S * 1e3:.0f} ms: {kept} / {len(found)}"
    yield from (one.told() for one in found)


def _of_route(one: Declared, furnished: Furnished, host: str, cookies: dict[Role, str], runs: int) -> Iterator[Took]:
    for role in Role:
        if one.right not in rights_of(frozenset({role})):
            continue
        answers = ((path, _ask(host, "GET", path, {"Cookie": cookies[role]})[0]) for path in _paths(one, furnished))
        path = next((path for path, status in answers if status == HTTPStatus.OK), None)
        if path is not None:
            yield _took(host, path, role, cookies[role], runs)


def _is_page(one: Declared) -> bool:
    """Whether it ends by itself, and people ask for it."""
    return one.path not in LEFT_OUT and not one.path.endswith("/stream") and one.right is not Right.BY_TOKEN


def _paths(one: Declared, furnished: Furnished) -> list[str]:
    """The route's addresses, with each example that it may name."""
    named = re.search(r"\{(\w+)(:\w+)?\}", one.path)
    if named is None:
        return [one.path]
    return [one.path.replace(named[0], example) for example in furnished.examples.get(named[1], ())]


def _note(furnished: Furnished) -> None:
    """Somebody notes that a unit was told of its improvement."""
    with open_store(furnished.agency.database) as store:
        store.improvements.note(furnished.examples["call_id"][-1], "notified", who="bench", now=NOW)


def _sign(furnished: Furnished, ahead: Ahead | None = None) -> None:
    """Somebody signs a sheet, worth what the one before was. With `ahead`: which has seen it."""
    agency, call_id = furnished.agency, furnished.examples["call_id"][-1]
    with open_store(agency.database) as store:
        kept = store.get_call(call_id)
        last = kept["sheets"][-1]
        row, form = figures_row(last["sheet"], kept, agency), frozen(find_form(last["sheet"]["form"]))
        store.add_sheet(call_id, last["sheet"], facts=last["facts"], answers_id=None, form=form, row=row, now=NOW)
    end = time.monotonic() + AHEAD_S
    while ahead is not None and not ahead.up_to_date():
        if time.monotonic() > end:
            raise TimeoutError("nothing was reckoned ahead")
        time.sleep(0.05)


def _took(
    host: str,
    path: str,
    role: Role,
    cookie: str,
    runs: int,
    *,
    changed: str = "",
    change: Callable[[], None] | None = None,
) -> Took:
    times, worked = [], 0.0
    for _ in range(runs):
        if change is not None:
            change()
        begin, before = time.perf_counter(), time.process_time()
        status, _ = _ask(host, "GET", path, {"Cookie": cookie})
        times.append(time.perf_counter() - begin)
        worked += time.process_time() - before
        if status != HTTPStatus.OK:
            raise ValueError(f"{path}: {status}")
    told: dict[str, float] = {"median_s": statistics.median(times), "cpu_s": worked / runs}
    last = sorted(times)[max(int(0.95 * runs) - 1, 0)]
    return Took(path=path, role=role.value, changed=changed, p95_s=last, **told)


def log_in(host: str, role: Role) -> str:
    """Log in as a role, and give the cookie."""
    body = urlencode({"login": role.value, "password": PASSWORD, "next": "/"})
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    return _ask(host, "POST", "/login", kind, body)[1]["set-cookie"].partition(";")[0]


def _ask(host: str, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(host, timeout=300)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}


def site_of(agency: Agency) -> Site:
    """An agency's pages on the bench's day."""
    return Site(folder=agency.folder, clock=lambda: NOW)


@contextmanager
def _ahead(site: Site) -> Iterator[Ahead]:
    """What `thirdring serve` has beside the pages."""
    ahead = Ahead(site)
    ahead.start()
    try:
        yield ahead
    finally:
        ahead.stop(AHEAD_S)


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The pages, at the host that is given."""
    heard = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(site), **server_settings(Reached())))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [heard]})
    thread.start()
    try:
        yield f"127.0.0.1:{heard.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        heard.close()


if __name__ == "__main__":
    for line in report():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
