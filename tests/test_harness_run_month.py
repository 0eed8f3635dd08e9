"""A whole agency's month by `thirdring run`, its calls real ones, against the embedded agency's own log."""

from __future__ import annotations

import json
import socketserver
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from embedded_month import AT_ONCE, LINES, SWITCHBOARDS
from fast_clock import wall
from message_sinks import Hook, Mailbox, serving
from month_of_calls import AWAY, DAYS, MONTH, TAIPEI, TYPHOON, Month, prepared, run_month

from harness.again import hear_again
from harness.demo.compare import compare
from harness.ledger import claims
from harness.programme.running import GRACE
from harness.programme.settings import read_programme
from harness.programme.times import first_attempt_minutes
from harness.record import record_from_dict
from harness.store import open_store
from harness.store.plans import CALLED_OFF, DONE, REDRAWN, UNKNOWN
from harness.switchboard.truth import HUNG_UP, REJECTED, RELEASED, Truth

UNITS = 40
pytestmark = [pytest.mark.slow, pytest.mark.waits]
HOURS = "09:00-09:17"  # no first attempt in the last quarter: many fall into one minute, and are up at once
ENDS = (RELEASED, HUNG_UP, REJECTED)
SLACK = timedelta(seconds=15)
"""A busy machine comes to a look, and a telephone to its INVITE, so much later."""


@pytest.fixture(scope="module")
def sinks() -> Iterator[tuple[str, list[Any], list[Any]]]:
    """What mail and webhook were told, and the settings that lead there."""
    heard: list[Any] = []
    mail: list[Any] = []
    taken: list[Any] = []
    with (
        serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=heard, mail=mail) as smtp,
        serving(HTTPServer(("127.0.0.1", 0), Hook), taken=taken) as hook,
    ):
        notify = f'webhook = "http://127.0.0.1:{hook}/x"\n[notify.mail]\nserver = "127.0.0.1"\nport = {smtp}\n'
        notify += 'security = "none"\nsender = "a@example.org"\nto = ["b@example.org"]\n'
        yield notify, mail, taken


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, sinks: tuple[str, list[Any], list[Any]]) -> Iterator[Month]:
    """A month that was run."""
    folder = tmp_path_factory.mktemp("month")
    with prepared(folder, UNITS, hours=HOURS, days=DAYS, notify=sinks[0]) as found:
        run_month(found)
        yield found


@pytest.fixture(scope="module")
def calls(month: Month) -> list[dict[str, Any]]:
    """The calls that the store has, whole."""
    with open_store(month.agency.database) as store:
        return [store.get_call(row["call_id"]) for row in store.list_calls(limit=9999)]


@pytest.fixture(scope="module")
def log(month: Month) -> dict[str, list[Truth]]:
    return month.log()


def begins(entries: list[Truth]) -> float:
    return entries[0].at_s


def ends(entries: list[Truth]) -> float:
    return next((one.at_s for one in entries if one.what in ENDS), entries[-1].at_s)


def most_at_once(spans: list[tuple[float, float]]) -> int:
    begun, over = [(begin, 1) for begin, _ in spans], [(max(end, begin + 0.001), -1) for begin, end in spans]
    changes = sorted(begun + over)
    up = [sum(change for _, change in changes[: n + 1]) for n in range(len(changes))]
    return max(up, default=0)


def test_every_planned_test_has_come_to_an_end(month: Month) -> None:
    states = {one["test_id"]: one["state"] for one in month.tests()}
    assert len(states) == UNITS
    assert set(states.values()) <= {DONE, UNKNOWN, CALLED_OFF}
    unknown = {name for name, what in states.items() if what == UNKNOWN}
    assert unknown == {name.rpartition(".")[0] for name in month.killed}
    assert month.exits == [0, -9, 0, 0]


def test_the_agency_was_called_once_for_every_claim_and_never_otherwise(
    month: Month, log: dict[str, list[Truth]], calls: list[dict[str, Any]]
) -> None:
    claimed = claims(month.agency)
    assert len({one.attempt_id for one in claimed}) == len(claimed)
    kept = {one["attempt_id"]: call for call in calls for one in call["attempts"] if one["call_id"] == call["call_id"]}
    assert set(kept) | month.killed == {one.attempt_id for one in claimed}
    assert not set(kept) & month.killed
    reached = [call for call in calls if call["outcome"] != "fault_ours"]
    known = {record_from_dict(call["record"]).sip_call_id for call in reached}
    assert len(known) == len(reached)
    assert known <= set(log)
    assert len(log) - len(known) <= len(month.killed)  # what was cut off by the kill is all that is not kept


def test_every_number_that_was_measured_holds_what_the_agency_did(
    month: Month, log: dict[str, list[Truth]], calls: list[dict[str, Any]]
) -> None:
    agency, wrong, legs = month.agency, [], 0
    for call in calls:
        again = hear_again(call["record"], agency)
        assert [leg.to_dict() for leg in again.measured.legs] == call["measured"]["legs"]
        found = compare(again.record, again.measured, log.get(again.record.sip_call_id, []))
        if call["outcome"] != "fault_ours":
            wrong += [leg for leg in found if not leg.right]
            legs += len(found)
    assert wrong == []
    assert legs >= UNITS - 4


def test_the_forms_redials_come_ten_minutes_after_the_last_attempt(month: Month, log: dict[str, list[Truth]]) -> None:
    by_number: dict[str, list[list[Truth]]] = defaultdict(list)
    for entries in sorted(log.values(), key=begins):
        by_number[entries[0].number].append(entries)
    behaviours = {one.number: one.behaviour for one in month.units}
    gaps = {
        number: [
            wall(begins(later), month.clock) - wall(ends(before), month.clock) for before, later in pairwise(attempts)
        ]
        for number, attempts in by_number.items()
    }
    (engaged,) = (gaps[number] for number, what in behaviours.items() if what == "engaged")
    (nobody,) = (gaps[number] for number, what in behaviours.items() if what == "nobody")
    unheeded = gaps[SWITCHBOARDS["annex"]]
    assert len(engaged) == 3  # apart from the form's second attempt: an engaged line is tried three times more
    assert nobody == []  # the form has a unit tried once
    assert len(unheeded) == 1  # and a switchboard twice
    for gap in (*engaged, *unheeded):
        assert timedelta(minutes=10) - timedelta(seconds=1) <= gap <= timedelta(minutes=10) + SLACK


def test_a_trunk_that_fails_is_tried_again_and_nobodys_zero(month: Month, calls: list[dict[str, Any]]) -> None:
    detail = next(one["detail"] for one in month.tests() if one["test_id"] == month.cut_off)
    assert [one["outcome"] for one in detail["attempts"]] == ["fault_ours", "answered"]
    assert any(one["what"] == "again" and one["detail"]["why"] == "fault_ours" for one in month.events)
    void = [call for call in calls if call["outcome"] == "fault_ours"]
    assert void
    items = [item for call in void for item in call["sheets"][-1]["sheet"]["items"]]
    assert [item for item in items if item["by"] == "machine" and item["points"] is not None] == []


def test_no_line_and_no_switchboard_had_more_calls_than_it_may(log: dict[str, list[Truth]]) -> None:
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for entries in log.values():
        span = (begins(entries), ends(entries))
        for of in ("all", entries[0].site, entries[0].number):
            spans[of].append(span)
    assert 2 <= most_at_once(spans["all"]) <= AT_ONCE
    assert {line: most_at_once(spans[line]) <= most for line, most in LINES.items()} == dict.fromkeys(LINES, True)
    numbers = {of for of in spans if of not in ("all", *LINES)}
    assert {most_at_once(spans[number]) for number in numbers} == {1}
    assert len(spans[SWITCHBOARDS["hq"]]) == 2


def test_telephones_ring_in_their_hours_only_and_on_no_day_without_tests(
    month: Month, log: dict[str, list[Truth]]
) -> None:
    agency = month.agency
    numbers = {one.digits: one for one in agency.units if one.digits}
    for entries in log.values():
        at = wall(begins(entries), month.clock).astimezone(TAIPEI)
        assert at.date() in DAYS
        assert at.date() not in (TYPHOON, AWAY)
        unit = numbers.get(entries[0].number)
        assert agency.hours_of(unit).hold(at) if unit else agency.settings.hours


def near_closing(month: Month, event: dict[str, Any]) -> bool:
    """Whether a test was given up for the day because its first attempt had waited until just before closing."""
    at, margin_min = datetime.fromisoformat(event["at"]).astimezone(TAIPEI), read_programme(month.folder).margin_min
    name = month.unit_of(event).name
    hours = next(month.agency.hours_of(unit) for unit in month.agency.units if unit.unit == name)
    return at.hour * 60 + at.minute not in first_attempt_minutes(hours, margin_min)


def test_what_was_called_off_or_missed_has_another_day_and_each_is_dialled_in_time(month: Month) -> None:
    with open_store(month.agency.database) as store:
        events = store.plans.events(MONTH)
    anew = [one for one in events if one["what"] in (REDRAWN, CALLED_OFF)]
    assert {one["test_id"] for one in anew if one["detail"]["why"] == "day_off"} == set(month.moved) != set()
    for one in anew:
        if one["detail"]["why"] == "missed":
            due_on = datetime.fromisoformat(one["detail"]["due_at"]).astimezone(TAIPEI).date()
            assert due_on in {AWAY, *DAYS[:3]} or near_closing(month, one)
    due: dict[str, datetime] = {}
    late = []
    for one in events:
        if one["due_at"]:
            due[one["test_id"]] = datetime.fromisoformat(one["due_at"])
        if one["what"] == "claimed":
            late.append(datetime.fromisoformat(one["at"]) - due[one["test_id"]])
    assert all(timedelta(seconds=-1) <= one <= GRACE for one in late)


def test_the_months_were_drawn_by_themselves_on_the_agencys_day_and_can_be_verified(month: Month) -> None:
    with open_store(month.agency.database) as store:
        drawn = {row["month"]: datetime.fromisoformat(row["drawn_at"]) for row in store.plans.months()}
    days = {name: f"{at.astimezone(TAIPEI):%Y-%m-%d}" for name, at in drawn.items()}
    assert days == {MONTH: "2026-11-25", "2027-01": "2026-12-25"}
    assert json.loads(month.command("plan", "verify", MONTH, "--json"))["same_lots"] is True


def test_people_were_told_of_what_needs_them_and_of_nothing_else(
    month: Month, sinks: tuple[str, list[Any], list[Any]]
) -> None:
    _, mail, taken = sinks
    needed = Counter((one["what"], one["test"]) for one in month.events if one["needs_person"])
    drawn = Counter((one["what"], "") for one in month.events if one["what"] == "month_drawn")  # its hash is sent too
    assert Counter((one["what"], one["test"]) for one in taken) == needed + drawn
    assert {name for what, name in needed if what == "unknown"} == {name.rpartition(".")[0] for name in month.killed}
    assert 1 <= sum(str(line).startswith("Subject: ") for line in mail) <= sum((needed + drawn).values())


def test_the_months_papers_are_made_and_count_what_was_tested(
    month: Month, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    told = json.loads(month.command("report", "month", MONTH, "--to", str(tmp_path / "papers"), "--no-pdf", "--json"))
    assert told["over"]
    assert all(Path(path).stat().st_size for path in told["files"])
    assert any(path.endswith(".odt") for path in told["files"])
    figures = json.loads(month.command("figures", "month", MONTH, "--json"))
    done = [one for one in month.tests() if one["state"] == DONE]
    void = [call for call in calls if call["outcome"] == "fault_ours"]
    assert figures["calls"] == len(done) + len(void)
