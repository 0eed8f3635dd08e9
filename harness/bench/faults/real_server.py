"""`kill -9` of `thirdring serve`: its programme's calls are up, and somebody writes on its pages all the time."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from harness.agency import Agency
from harness.bench.faults.agency import make_agency
from harness.bench.faults.real_calls import NUMBERS, look_at_real, pbx, until, until_released
from harness.bench.faults.real_kills import LIMIT_S, at_a_moment
from harness.bench.faults.tally import Round
from harness.programme.settings import PROGRAMME_FILE
from harness.store import open_store
from harness.store.plans import OVER
from harness.web.passwords import hashed
from harness.web.rights import Role

LOGIN, PASSWORD = "clerk", "a sentence for the rounds 17"
MONTH, SOURCE = "2026-01", "1999"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def server_killed(seed: int) -> Round:
    """The server is killed while four calls are up or being kept and somebody writes, and begun again.

    What a page has said is kept must be there; what it had no time to say may be, once.
    """
    with tempfile.TemporaryDirectory() as at, pbx(Path(at)) as far:
        folder = Path(at)
        due = datetime.now(UTC) - timedelta(seconds=30)
        agency = make_agency(folder / "agency", dict.fromkeys(NUMBERS, far.addresses["main"]), due=due)
        with open_store(agency.database) as store:
            password = hashed(PASSWORD, login=LOGIN)
            store.people.add(LOGIN, name="承辦人", unit="", roles=[Role.CONVENER.value], password=password)
            months = [row["month"] for row in store.plans.months()]
        (agency.folder / PROGRAMME_FILE).write_text("", encoding="utf-8")  # without it a server only shows pages
        with _serving(agency) as (process, port), _Clerk(port) as clerk:
            at_a_moment(seed, agency, process)
            process.kill()
        until_released(folder, LIMIT_S)
        with _serving(agency) as (process, _):
            until(lambda: _all_over(agency, months), LIMIT_S)
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT_S)
        return look_at_real(agency, folder) + _written(agency, clerk.kept)


def _written(agency: Agency, kept: list[int]) -> Round:
    """What of the clerk's numbers is there."""
    with open_store(agency.database) as store:
        there = [row["count"] for row in store.complaints.entries(MONTH, MONTH)]
    lost, twice = len(set(kept) - set(there)), len(there) - len(set(there))
    return Round(lost=lost, twice=twice, wrong=len(set(there) - set(kept) - {max(kept, default=0) + 1}))


def _all_over(agency: Agency, months: list[str]) -> bool:
    """Whether the round's tests came to their end; what the programme draws besides is due another day."""
    with open_store(agency.database) as store:
        tests = [one for month in months for one in store.plans.tests(month)]
    return all(one["state"] in OVER for one in tests)


@contextmanager
def _serving(agency: Agency) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The server in a process of its own, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as tried:
        port = int(tried.getsockname()[1])
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "serve", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    said = agency.folder.with_name(f"server-{port}.txt")
    with said.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        until(lambda: process.poll() is not None or _answers(port), LIMIT_S)
        if process.poll() is not None:
            raise RuntimeError(f"the server did not begin: {said.read_text(encoding='utf-8')[-600:]}")
        yield process, port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/login")[0] == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


class _Clerk:
    """Counts complaints on a page, 1, 2, 3 …, until the server is gone."""

    def __init__(self, port: int) -> None:
        self._port, self._over = port, threading.Event()
        self.kept: list[int] = []
        self._thread = threading.Thread(target=self._write, name="clerk")

    def __enter__(self) -> _Clerk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        try:
            body = urlencode({"login": LOGIN, "password": PASSWORD, "next": "/"})
            cookie = _ask(self._port, "POST", "/login", FORM, body)[1]["set-cookie"].partition(";")[0]
            page = _ask(self._port, "GET", "/improvements", {"Cookie": cookie})[2]
            token = next(iter(TOKEN.findall(page)))
            while not self._over.is_set():
                count = len(self.kept) + 1
                told = {"unit": f"u{NUMBERS[0]}", "month": MONTH, "source": SOURCE, "count": count, "csrf": token}
                status, *_ = _ask(self._port, "POST", "/complaints", FORM | {"Cookie": cookie}, urlencode(told))
                if status != HTTPStatus.SEE_OTHER:
                    raise RuntimeError(f"the page answered {status}")
                self.kept.append(count)
        except (OSError, http.client.HTTPException):
            return  # it was killed


def _ask(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, text
    finally:
        connection.close()
