"""Hearing a call again from its page: what today's ear hears otherwise, and which points would change."""

from __future__ import annotations

import re
from typing import Any

import pytest
from test_harness_rehearing import agency, heard_long_ago  # noqa: F401
from test_harness_test_call import answered_after, placed
from web_pages import NOW, add_person, login_of, serving

from harness.store import open_store
from harness.web.rights import Role
from harness.web.site import Site


def hears(agency: Any, call_id: str) -> str:  # noqa: F811
    """What the page says once a reviewer had the call heard again, as text."""
    with open_store(agency.database) as store:
        add_person(store, login_of(Role.REVIEWER), name="黃複評", roles=[Role.REVIEWER])
    with serving(Site(folder=agency.folder, clock=lambda: NOW)) as running:
        answer = running.client(Role.REVIEWER).post(f"/calls/{call_id}/review/hear")
    assert answer.status == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


def test_what_today_is_heard_otherwise_is_listed_with_the_points_that_would_change(
    agency: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test = heard_long_ago(agency, answered_after(10.5), monkeypatch)
    with open_store(agency.database) as store:
        before = store.get_call(test.record.call_id)["sheets"]
    told = hears(agency, test.record.call_id)
    assert re.search(r"(業務單位|單位) 響鈴（聲） 3 4 ", told)
    assert re.search(r"B1\.1 \S", told)
    assert "這些項目的分數會變" in told
    with open_store(agency.database) as store:
        kept = store.get_call(test.record.call_id)
        assert [line["who"] for line in store.log.of(test.record.call_id) if line["what"] == "heard_again"] == [
            "黃複評"
        ]
    assert kept["sheets"] == before  # nothing that counts has changed
    assert len(kept["hearings"]) == 1


def test_where_nothing_is_heard_otherwise_that_is_said(agency: Any) -> None:  # noqa: F811
    test, _ = placed(agency, answered_after(7.5))
    told = hears(agency, test.record.call_id)
    assert "B1.1" not in told
    assert "這些項目的分數會變" not in told
