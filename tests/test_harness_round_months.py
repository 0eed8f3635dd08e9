"""A programme that does not test every month: which months have rounds, and that every page and command says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kept_calls import agency_with_units
from programme_month import AtOnce, JumpingClock, make_folder

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.errors import DONE, WRONG_USAGE, AgencyError, WrongInput
from harness.programme.events import Event
from harness.programme.month import draw_and_seal, same_lots, verify_month
from harness.programme.month_plan import MonthPlan
from harness.programme.readiness import before_dialling
from harness.programme.round_months import has_rounds, month_after, next_with_rounds
from harness.programme.rules import Rule, rules_of
from harness.programme.running import Programme
from harness.programme.seal import digest
from harness.programme.settings import MONTHS, ProgrammeSettings, read_programme
from harness.programme.written import inputs_from, written
from harness.store import open_store
from rubric.periods import Period, period_of

DRAWN = datetime(2026, 11, 25, 1, tzinfo=UTC)
QUARTERLY = 'units_per_round = 3\nrounds_every = "quarter"\nround_month = 3\n'


def agency_of(folder: Path, programme: str = QUARTERLY) -> Agency:
    agency = agency_with_units(folder)
    (agency.folder / "programme.toml").write_text(programme, encoding="utf-8")
    return load_agency(agency.folder)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return agency_of(tmp_path / "agency")


def rules(agency: Agency, month: str) -> dict[str, Rule]:
    with open_store(agency.database) as store:
        return {one.id: one for one in rules_of(agency, month, store) if one.source == "programme.toml"}


@pytest.mark.parametrize("every", list(MONTHS))
def test_each_period_has_one_month_with_rounds_and_it_is_the_one_that_was_set(every: Period) -> None:
    for at in range(1, MONTHS[every] + 1):
        settings = ProgrammeSettings(rounds_every=every, round_month=at)
        month, with_rounds = "2025-12", []
        for _ in range(36):
            month = month_after(month)
            with_rounds += [month] if has_rounds(settings, month) else []
        assert len({period_of(date.fromisoformat(f"{one}-01"), every) for one in with_rounds}) == len(with_rounds)
        assert len(with_rounds) == 36 // MONTHS[every]
        assert (int(with_rounds[0][-2:]) - 1) % MONTHS[every] == at - 1
        assert next_with_rounds(settings, "2025-12") == with_rounds[0]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rounds_per_month = 0\n", "rounds_per_month"),
        ('rounds_every = "quarter"\nround_month = 4\n', "round_month"),
        ("round_month = 2\n", "round_month"),
        ('rounds_every = "week"\n', "rounds_every"),
    ],
)
def test_a_programme_that_would_never_test_is_refused_by_the_keys_name(tmp_path: Path, text: str, key: str) -> None:
    agency = agency_with_units(tmp_path / "agency")
    (agency.folder / "programme.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AgencyError, match=key):
        read_programme(agency.folder)


def test_a_month_without_rounds_is_not_drawn_and_its_rules_say_when_the_next_is(agency: Agency) -> None:
    with open_store(agency.database) as store:
        with pytest.raises(WrongInput, match="2026-12"):
            draw_and_seal(agency, "2026-11", store, seed="s", now=DRAWN)
        assert store.plans.months() == []
    found = rules(agency, "2026-11")
    assert found["rounds"].met is None
    assert found["rounds"].what["zh"] == "每季只在一個月測試，這個月不是；下次在 115 年 12 月"
    assert "units_per_round" not in found
    assert found["every_unit"].met is None  # December can still give every unit its turn
    assert [name for name, one in found.items() if one.met is False] == []


def test_the_quarters_month_tests_every_unit_of_the_quarter(agency: Agency) -> None:
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-12", store, seed="s", now=DRAWN)
        assert {test.unit for test in plan.tests} == {"u1", "u2", "u3"}
        assert verify_month(agency, "2026-12", store).same_inputs
    found = rules(agency, "2026-12")
    assert found["rounds"].met is found["every_unit"].met is True
    assert found["rounds"].what["zh"].startswith("每季至少測試 1 次：排了 1 次")


def test_a_unit_that_no_month_of_its_period_can_test_any_more_is_named(tmp_path: Path) -> None:
    agency = agency_of(tmp_path / "agency", QUARTERLY.replace("round_month = 3", "round_month = 1"))
    assert rules(agency, "2026-11")["every_unit"].met is False


def test_the_month_of_a_form_that_asks_for_more_says_that_it_is_lacking(tmp_path: Path) -> None:
    """What the agency sets does not make the form's own duty met: Keelung's is once a quarter."""
    agency = agency_of(tmp_path / "agency", 'units_per_round = 3\nrounds_every = "half_year"\n')
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-01", store, seed="s", now=DRAWN)
        draw_and_seal(agency, "2026-07", store, seed="s", now=DRAWN)
        (form,) = [one for one in rules_of(agency, "2026-12", store) if one.id == "rounds" and "keelung" in one.source]
    assert form.met is False
    assert "第 2 季、115 年第 4 季" in (form.lacking or {})["zh"]


def test_the_programme_draws_by_itself_only_the_months_that_have_rounds(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "agency").folder
    (folder / "programme.toml").write_text('rounds_every = "quarter"\nround_month = 1\n', encoding="utf-8")
    clock, told = JumpingClock(folder / "clock"), list[Event]()
    running = Programme(folder, place=_never, clock=clock, workers=AtOnce(), tell=told.append)  # type: ignore[arg-type]
    for _ in range(9):  # from 25 November to 27 December
        running.look()
        clock.sleep(timedelta(days=4).total_seconds())
    assert [event.detail["month"] for event in told if event.what == "month_drawn" and event.detail] == ["2027-01"]


def _never(*_: object) -> None:
    raise AssertionError("nothing is due")


def test_a_month_that_was_sealed_with_no_rounds_before_is_still_verified(agency: Agency) -> None:
    """Older plans said `rounds_per_month = 0`, and knew no other key."""
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed="s", now=DRAWN)
        kept = store.plans.inputs("2026-12")
    assert kept is not None
    old = {**kept, "settings": {name: one for name, one in kept["settings"].items() if not name.startswith("round")}}
    old["settings"] |= {"rounds_per_month": 0}
    for month in ("2026-12", "2026-01"):
        one = old | {"month": month, "days": []}
        plan = MonthPlan(month=month, seed="s", drawn_at=DRAWN, inputs=digest(one), tests=())
        assert same_lots(plan, one)


def test_what_a_monthly_programme_is_drawn_from_is_written_as_it_was_before_there_was_a_choice(tmp_path: Path) -> None:
    agency = agency_of(tmp_path / "agency", "units_per_round = 3\n")
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed="s", now=DRAWN)
        kept = store.plans.inputs("2026-12")
    assert kept is not None
    assert {name for name in kept["settings"] if name.startswith("round")} == {"rounds_per_month"}
    assert written(inputs_from(kept)) == kept


def test_a_month_in_which_no_test_could_be_drawn_says_so_at_once(tmp_path: Path) -> None:
    never = ", ".join(f"2026-12-{day:02d}" for day in range(1, 32))
    agency = agency_of(tmp_path / "agency", f"units_per_round = 3\nno_test_days = [{never}]\n")
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-12", store, seed="s", now=DRAWN)
    assert plan.tests == ()
    assert any("一通也沒有排到" in one["zh"] for one in before_dialling(agency, plan, now=DRAWN))
    assert rules(agency, "2026-12")["rounds"].met is False


@pytest.fixture
def told(agency: Agency, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def ask(*words: str, status: int = DONE) -> dict[str, Any]:
        capsys.readouterr()
        assert run(["--agency", str(agency.folder), "plan", *words, "--json"]) == status
        return dict(json.loads(capsys.readouterr().out))

    return ask


def test_the_command_refuses_a_month_without_rounds_and_names_the_next(told: Callable[..., dict[str, Any]]) -> None:
    refused = told("draw", "115-11", status=WRONG_USAGE)
    assert (refused["error"], "2026-12" in json.dumps(refused)) == ("programme.no_rounds", True)
    assert told("draw", "115-12")["tests"] == 3
