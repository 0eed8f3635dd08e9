"""What a person decides of a test that a crash left unknown: it is kept in the chain, and nothing is dialled for it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kept_calls import keep_call
from programme_month import END, JumpingClock, make_folder, run_month, stopped_at
from rubric_cases import best, call

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.errors import DONE as EXIT_DONE
from harness.errors import REFUSED, WRONG_USAGE, NotFound, Refused, WrongInput
from harness.evidence.verify import verify
from harness.ledger import claims
from harness.programme.decided import decide, decisions, undecided
from harness.programme.month import inputs_of
from harness.store import open_store
from harness.store.plans import DONE, DROPPED, UNKNOWN

MONTH = "2026-12"
NOW = datetime.fromisoformat("2026-12-20T10:00:00+08:00")


def invites(agency: Agency) -> Counter[str]:
    path = agency.folder / "invites"
    return Counter(line.split()[0] for line in path.read_text().splitlines()) if path.exists() else Counter()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agency whose programme was killed between the claim of its first test and the INVITE, and begun again."""
    folder = tmp_path_factory.mktemp("killed")
    agency = make_folder(folder / "before")
    clock = JumpingClock(agency.folder / "clock")
    run_month(agency.folder, until=clock.now() + timedelta(hours=4))  # the month is drawn
    with open_store(agency.database) as store:
        due = min(datetime.fromisoformat(row["due_at"]) for row in store.plans.tests(MONTH))
    clock.sleep((due - clock.now()).total_seconds() - 1)
    whole = stopped_at(Path(shutil.copytree(agency.folder, folder / "whole")), None)
    stopped_at(agency.folder, whole.index("before the INVITE") + 1)
    assert not invites(agency)
    run_month(agency.folder, until=clock.now() + timedelta(minutes=5))
    return agency.folder


@pytest.fixture
def agency(killed: Path, tmp_path: Path) -> Agency:
    return load_agency(Path(shutil.copytree(killed, tmp_path / "agency")))


def the_test(agency: Agency) -> str:
    with open_store(agency.database) as store:
        (one,) = undecided(agency, store)
    return one.test.id


def unit_of(agency: Agency) -> str:
    with open_store(agency.database) as store:
        (one,) = undecided(agency, store)
    return one.test.unit


def settled(agency: Agency, test: str, **told: Any) -> None:
    with open_store(agency.database) as store:
        more: dict[str, Any] = {"who": "林召集", "reason": "電話沒有響過", "now": NOW} | told
        decide(test, agency=agency, store=store, **more)


def keep(agency: Agency, name: str, **told: Any) -> None:
    keep_call(agency, name, call(), best(), **{"unit": unit_of(agency), "day": date(2026, 12, 18)} | told)


def state(agency: Agency, test: str) -> str | None:
    with open_store(agency.database) as store:
        return store.plans.state(test)


def test_what_was_given_up_is_never_dialled_however_long_the_programme_runs_on(agency: Agency) -> None:
    test = the_test(agency)
    (claimed,) = (one.attempt_id for one in claims(agency))
    assert claimed.startswith(test)
    settled(agency, test)
    run_month(agency.folder, until=END)
    dialled = invites(agency)
    assert len(dialled) >= 7
    assert set(dialled.values()) == {1}
    assert [name for name in dialled if name.startswith(test)] == []
    assert state(agency, test) == DROPPED


def test_a_call_placed_by_hand_stands_for_a_test_and_nothing_more_is_dialled_for_it(agency: Agency) -> None:
    test = the_test(agency)
    keep(agency, "by-hand")
    settled(agency, test, call_id="by-hand")
    run_month(agency.folder, until=END)
    assert [name for name in invites(agency) if name.startswith(test)] == []
    with open_store(agency.database) as store:
        row = store.plans.now(test)
        assert row is not None
        assert (row["state"], row["detail"]["call_id"], row["detail"]["outcome"]) == (DONE, "by-hand", "answered")


def test_a_decision_is_in_the_chain_with_who_and_why_and_the_chain_holds(agency: Agency) -> None:
    test = the_test(agency)
    settled(agency, test)
    with open_store(agency.database) as store:
        entries = [entry for _, entry in store.evidence.entries()]
        (said,) = decisions(MONTH, store)
        (line,) = [row for row in store.log.newest(limit=50) if row["what"] == "test_decided"]
        assert verify(agency.folder, store).findings == ()
    assert (said["test_id"], said["detail"]["who"], said["detail"]["said"]) == (test, "林召集", "電話沒有響過")
    assert (line["who"], line["detail"]["reason"]) == ("林召集", "電話沒有響過")
    assert any('"what":"plan_events"' in entry and "dropped" in entry and "林召集" in entry for entry in entries)


def test_a_test_is_decided_once_and_only_one_that_is_unknown(agency: Agency) -> None:
    test = the_test(agency)
    with open_store(agency.database) as store:
        waiting = next(row["test_id"] for row in store.plans.tests(MONTH) if row["state"] != UNKNOWN)
    with pytest.raises(Refused, match="不待人決定"):
        settled(agency, waiting)
    with pytest.raises(NotFound):
        settled(agency, "2026-12-9-nobody")
    settled(agency, test)
    keep_call(agency, "late", call(), best(), unit="x", day=date(2026, 12, 18))
    with pytest.raises(Refused):
        settled(agency, test, call_id="late")
    assert state(agency, test) == DROPPED


@pytest.mark.parametrize("told", [{"who": " "}, {"reason": ""}])
def test_who_and_why_are_wanted(agency: Agency, told: dict[str, str]) -> None:
    with pytest.raises(WrongInput, match="--who"):
        settled(agency, the_test(agency), **told)
    assert state(agency, the_test(agency)) == UNKNOWN


@pytest.mark.parametrize(
    "told",
    [{"unit": "another"}, {"day": date(2026, 11, 30)}, {"series": "external"}, {"columns": {"outcome": "fault_ours"}}],
)
def test_another_units_or_months_call_an_outsiders_or_our_own_fault_stands_for_none(
    agency: Agency, told: dict[str, Any]
) -> None:
    test = the_test(agency)
    keep(agency, "other", **told)
    with pytest.raises(WrongInput, match="不能代替"):
        settled(agency, test, call_id="other")
    with pytest.raises(NotFound):
        settled(agency, test, call_id="nobody")
    assert state(agency, test) == UNKNOWN


def test_another_tests_own_call_stands_for_none(agency: Agency) -> None:
    test = the_test(agency)
    run_month(agency.folder, until=END)
    with open_store(agency.database) as store:
        taken = next(row["detail"]["call_id"] for row in store.plans.tests(MONTH) if row["state"] == DONE)
        (one,) = undecided(agency, store)
    assert taken not in {row["call_id"] for row in one.calls}
    with pytest.raises(WrongInput):
        settled(agency, test, call_id=taken)


def test_a_number_that_may_have_rung_rests_and_its_unit_is_not_counted_as_tested(agency: Agency) -> None:
    test, unit = the_test(agency), unit_of(agency)

    def past() -> tuple[bool, bool]:
        with open_store(agency.database) as store:
            found = inputs_of(agency, "2027-01", store)
        number = found.number_of(next(one for one in agency.units if one.unit == unit))
        return number in found.past.called, unit in found.past.tested

    before = past()
    settled(agency, test)
    assert past() == before == (True, False)


@pytest.fixture
def told(agency: Agency, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def ask(*words: str, status: int = EXIT_DONE) -> dict[str, Any]:
        capsys.readouterr()
        assert run(["--agency", str(agency.folder), "plan", *words, "--json"]) == status
        return dict(json.loads(capsys.readouterr().out))

    return ask


def test_the_command_lists_what_waits_takes_the_decision_and_names_it_when_verified(
    agency: Agency, told: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    test = the_test(agency)
    keep(agency, "by-hand")
    (listed,) = told("settle")["tests"]
    assert (listed["test"], listed["calls"]) == (test, ["by-hand"])
    who = ("--who", "林召集", "--reason", "補測")
    assert told("settle", test, *who, status=WRONG_USAGE)["error"] == "decided.one_of_two"
    both = ("--as", "dropped", "--tested-by", "by-hand")
    assert told("settle", test, *both, *who, status=WRONG_USAGE)["error"] == "decided.one_of_two"
    assert told("settle", test, "--tested-by", "by-hand", status=WRONG_USAGE)["error"] == "decided.who_and_why"
    assert told("settle", test, "--tested-by", "by-hand", *who)["as"] == "tested_by"
    assert told("settle", test, "--as", "dropped", *who, status=REFUSED)["error"] == "decided.nothing_open"
    assert told("settle")["tests"] == []
    assert [one["call_id"] for one in told("verify", MONTH)["decided"]] == ["by-hand"]
    assert run(["--agency", str(agency.folder), "plan", "verify", MONTH]) == EXIT_DONE
    assert f"{test} 由 林召集 決定：以 by-hand 為結果；理由：補測" in capsys.readouterr().out
