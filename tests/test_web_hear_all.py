"""All calls heard again at a button: in the background, call after call, each for whom it is to be heard."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from test_harness_rehearing import agency as office  # noqa: F401
from test_harness_rehearing import heard_long_ago
from test_harness_test_call import answered_after
from web_pages import NOW, Running, add_person, login_of, serving, violations

from harness.store import open_store
from harness.web.rights import Role
from harness.web.site import Site

pytest_plugins = ("web_fixtures",)
PATH = "/reviews/hear-all"


def as_text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_would_change_is_listed_and_what_was_kept_stays(
    office: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_id = heard_long_ago(office, answered_after(10.5), monkeypatch).record.call_id
    with open_store(office.database) as store:
        before = store.get_call(call_id)["sheets"]
        add_person(store, login_of(Role.REVIEWER), name="黃複評", roles=[Role.REVIEWER])
        unit = store.get_call(call_id)["unit"]
        add_person(store, "own", name="本單位複評", roles=[Role.REVIEWER], unit=unit)
    with serving(Site(folder=office.folder, clock=lambda: NOW)) as running:
        reviewer, own = running.client(Role.REVIEWER), running.client()
        own.log_in("own")
        assert "還沒有重聽過" in reviewer.get(PATH).text
        assert reviewer.post(PATH).status == 303
        running.site.hearing_again.job.wait(60)
        told = as_text(reviewer.get(PATH).text)
        assert re.search(rf"{call_id} \S+ \S+ 3 4 ", told) or re.search(rf"{call_id} unit\.rings 3 4 ", told)
        assert "會變 1 通" in told
        assert call_id not in own.get(PATH).text  # nobody judges the own unit
    with open_store(office.database) as store:
        kept = store.get_call(call_id)
        (line,) = store.log.named("heard_again")
    assert (kept["sheets"], len(kept["hearings"])) == (before, 1)
    assert (line["who"], line["detail"]["changed"]) == ("黃複評", 1)


def test_it_stands_back_for_calls_can_be_stopped_and_is_one_at_a_time(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.site.calls, "up", lambda: ["a call"])
    client = server.client(Role.REVIEWER)
    assert client.post(PATH).status == 303
    _until(lambda: server.site.hearing_again.total > 0)
    running = client.get(PATH).text
    assert "等測試電話打完" in running
    assert client.post(PATH).status == 409
    assert client.post(f"{PATH}/stop").status == 303
    server.site.hearing_again.job.wait(60)
    assert "停止" in client.get(PATH).text
    assert server.site.hearing_again.done == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_for_everybody(lang: str, page_of: Any, server: Running) -> None:
    with open_store(server.site.folder / "thirdring.db") as store:
        store.people.change(login_of(Role.REVIEWER), preferences={"lang": lang})
    server.client(Role.REVIEWER).post(PATH)
    server.site.hearing_again.job.wait(60)
    page = page_of(Role.REVIEWER, PATH, width=390)
    assert violations(page) == []
