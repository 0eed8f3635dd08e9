"""Assisted calls in virtual time: the ledger, a planned test, redialling, and what a refusal leaves undone."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from programme_month import NUMBERS, SEED, make_folder
from test_harness_caller import direct

from harness import clocks, test_call
from harness.agency import Agency, load_agency
from harness.assisted import desk as desk_module
from harness.assisted import planned
from harness.assisted.assist import assist
from harness.assisted.desk import RINGS_S
from harness.assisted.live_call import LiveCall
from harness.assisted.live_calls import LiveCalls
from harness.assisted.planned import Waiting, assist_planned, waiting_test, waiting_tests
from harness.assisted.remarks import happened
from harness.assisted.state import LiveState
from harness.desk_legs import legs_up
from harness.errors import LedgerError, LineError, NotFound, Refused, TesterNotReached
from harness.ledger import claims
from harness.number_gate import Permit
from harness.planned_call import Plan, TestCall
from harness.programme.month import draw_and_seal
from harness.programme.running import Programme
from harness.softphone.line import Line
from harness.softphone.scripted import FarEnd, ScriptedCall, ScriptedSoftphone
from harness.store import open_store
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.tester_telephones import DeskTelephone, loopback_telephone, telephone_of
from harness.web.assisted_calls import AssistedCalls

WHO = "王小明"
NOON = datetime(2026, 12, 1, 2, tzinfo=UTC)  # a Tuesday, 10:00 in Taipei
COMES = FarEnd().says(0.1, 180).says(0.4, 200)


class Pool:
    """A line's telephone, scripted: the testers' telephones and the units'."""

    def __init__(self, desk: FarEnd, units: dict[str, FarEnd]) -> None:
        self.line, self.sample_rate_hz = Line(), 8000
        self._desk, self._units = ScriptedSoftphone({"2701": desk}), ScriptedSoftphone(units)
        self.ended = 0

    @property
    def rang(self) -> list[str]:
        """Every number that was rung, testers' first."""
        return [*self._desk.dialled, *self._units.dialled]

    def dial(self, leave: Permit, *, call_id: str, folder: Path, headers: dict[str, str], **_: Any) -> ScriptedCall:
        """Ring the one or the other."""
        phone = self._desk if leave.to == "tester" else self._units
        return phone.dial(leave, call_id=call_id, folder=folder, headers=headers)

    def end_apart(self, call: object) -> None:
        """Count that the process was ended."""
        self.ended += 1

    @contextmanager
    def opened(self, agency: Agency, line_id: str, *, apart: bool = False) -> Iterator[Pool]:
        """As `Telephones.line`."""
        yield self


class Phones:
    """As `Telephones`, with one pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.line = pool, pool.opened


def phones(desk: FarEnd = COMES, **units: FarEnd) -> Phones:
    ends = dict.fromkeys(NUMBERS, direct(2.0))
    return Phones(Pool(desk, ends | {number.lstrip("n"): far for number, far in units.items()}))


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agency:
    folder = tmp_path / "agency"
    make_folder(folder)
    text = (folder / "agency.toml").read_text(encoding="utf-8")
    text = text.replace("[hours]", 'call_back_number = "02-2700-0999"\n[hours]')
    (folder / "agency.toml").write_text(
        f'{text}\n[[telephones]]\ntester = "{WHO}"\nnumber = "2701"\n', encoding="utf-8"
    )
    said = Path(__file__).parent.parent / "harness/switchboard/prompts/closing.flac"
    (folder / "sounds").mkdir()
    (folder / "sounds" / "courtesy.flac").write_bytes(said.read_bytes())
    monkeypatch.setattr(clocks, "now", lambda: NOON)
    monkeypatch.setattr(planned, "EARLY", timedelta(days=40))
    return load_agency(folder)


def begin(agency: Agency, number: str = NUMBERS[0]) -> tuple[Plan, LiveCall, DeskTelephone]:
    plan = plan_call(number, agency, by_tester=True)
    live = LiveCalls().begin(plan=plan, agency=agency, tester=WHO)
    live.people.tester = None
    return plan, live, telephone_of(WHO, agency)


def place(agency: Agency, on: Phones, number: str = NUMBERS[0], **how: Any) -> tuple[TestCall, ...]:
    plan, live, telephone = begin(agency, number)
    return assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live, **how)


def test_the_tester_is_rung_first_and_the_agency_claimed_once(agency: Agency) -> None:
    on = phones()
    (test,) = place(agency, on)
    assert on.pool.rang == ["2701", NUMBERS[0]]
    assert [one.number for one in claims(agency)] == [NUMBERS[0]]  # a tester's telephone is no test of anybody
    assert test.measured.outcome == "answered"
    assert on.pool.ended == 1
    assert [act.detail for act in test.record.acts if act.do == "tester"][:2] == ["invited", "here"]


LATE = FarEnd().says(0.1, 180).says(9.0, 200)
LOST = {f"gone after {gone} s": FarEnd().says(0.1, 180).says(0.4, 200).hangs_up(gone) for gone in (1.5, 5.0, 9.0)}


def unbridged(*_: object, **__: object) -> None:
    raise LineError("said.synthesiser_failed", program="bridge", reason="bad")


@pytest.mark.parametrize("desk", [LATE, *LOST.values(), None], ids=["late", *LOST, "cannot be joined"])
def test_what_becomes_of_the_testers_leg_changes_nothing_that_is_measured_of_the_agency(
    agency: Agency, desk: FarEnd | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tester who never answers has nobody rung at all: above."""
    found = []
    for number, leg in zip(NUMBERS[:2], (COMES, desk or COMES), strict=True):
        if desk is None and found:
            monkeypatch.setattr(ScriptedCall, "bridge", unbridged)
        (test,) = place(agency, phones(leg, **{f"n{number}": direct(7.4)}), number)
        found.append([(leg.leg, leg.ring_onset_s, leg.rings, leg.answer_latency_s) for leg in test.measured.legs])
    assert found[0] == found[1]
    assert found[0][0][2] is not None


@pytest.mark.parametrize("far", [direct(2.0), FarEnd().says(0.1, 486)], ids=["talks", "busy"])
def test_the_questions_that_the_tester_was_shown_are_kept_with_the_call_they_could_ask_them_in(
    agency: Agency, far: FarEnd
) -> None:
    rows = "".join(f"*,第{n}題,答{n}\n" for n in range(1, 4))
    (agency.folder / "questions.csv").write_text(f"unit,question,answer\n{rows}", encoding="utf-8")
    plan, live, telephone = begin(agency)
    shown = [one.question for one in live.questions]
    on = phones(**{f"n{NUMBERS[0]}": far})
    (test,) = assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    with open_store(agency.database) as store:
        told = happened(store.get_call(test.record.call_id), agency, store)
    assert len(shown) == 2
    assert told["proposed"] == (shown if test.measured.outcome == "answered" else [])
    assert "proposed" not in [one["what"] for one in told["people"]]


@pytest.mark.parametrize(
    ("desk", "key"),
    [
        (FarEnd().says(0.1, 486), "telephone.busy"),
        (FarEnd().says(0.1, 180).says(20.0, 603), "telephone.refused"),
        (FarEnd().says(0.1, 180).says(3.0, 480), "telephone.unanswered"),
    ],
)
def test_a_tester_who_is_not_reached_costs_nothing(agency: Agency, desk: FarEnd, key: str) -> None:
    on = phones(desk)
    with pytest.raises(TesterNotReached) as raised:
        place(agency, on)
    assert raised.value.key == key
    assert raised.value.exit_status == 3
    assert (on.pool.rang, claims(agency)) == (["2701"], ())


def test_a_call_that_the_gate_refuses_rings_nobody(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOON.replace(hour=13))  # 21:00
    on = phones()
    with pytest.raises(Refused):
        place(agency, on)
    assert on.pool.rang == []


def test_nobody_tests_the_own_unit(agency: Agency) -> None:
    path = agency.folder / "programme.toml"
    own = next(unit.unit for unit in agency.units if unit.number == NUMBERS[0])
    path.write_text(f'{path.read_text()}\n[[testers]]\nname = "{WHO}"\nunit = "{own}"\n', encoding="utf-8")
    on = phones()
    with pytest.raises(Refused) as raised:
        place(agency, on)
    assert raised.value.key == "assisted.own_unit"
    assert on.pool.rang == []
    place(agency, on, NUMBERS[4])
    assert on.pool.rang[-1] == NUMBERS[4]


def test_an_attempt_that_was_claimed_before_is_not_dialled_again(agency: Agency) -> None:
    on = phones()
    place(agency, on, test_id="one")
    with pytest.raises(LedgerError):
        place(agency, on, test_id="one")
    assert on.pool.rang.count(NUMBERS[0]) == 1


def test_a_planned_test_is_taken_once_and_noted_as_the_programme_would(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=NOON)
    test = waiting_tests(agency, tester=WHO)[0]
    number = next(unit.number for unit in agency.units if unit.unit == test.unit)

    on = phones(FarEnd().says(0.1, 486))
    plan, live, telephone = begin(agency, number)
    with pytest.raises(TesterNotReached):
        assist_planned(test, plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert waiting_test(agency, unit=test.unit, tester=WHO) == test  # it waits as before

    on = phones()
    plan, live, telephone = begin(agency, number)
    placed = assist_planned(test, plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert placed.measured.outcome == "answered"
    with open_store(agency.database) as store:
        assert store.plans.state(test.test_id) == "done"
    assert [one.attempt_id for one in claims(agency)] == [f"{test.test_id}.1-1"]

    plan, live, telephone = begin(agency, number)
    with pytest.raises(Refused):
        assist_planned(test, plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert on.pool.rang.count(number) == 1
    assert live.state().outcome == "refused"


def test_a_planned_test_that_found_the_line_engaged_waits_until_the_form_says_again(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=NOON)
    test = waiting_tests(agency, tester=WHO)[0]
    number = next(unit.number for unit in agency.units if unit.unit == test.unit)
    on = phones(**{f"n{number}": FarEnd().says(0.1, 486)})
    plan, live, telephone = begin(agency, number)
    placed = assist_planned(test, plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert placed.measured.outcome == "busy"
    again = waiting_test(agency, unit=test.unit, tester=WHO)
    assert [one.outcome for one in again.earlier] == ["busy"]
    assert again.due_at == again.not_before == NOON + timedelta(minutes=10)
    with pytest.raises(NotFound):
        waiting_test(agency, unit="nobody", tester=WHO)


def engaged(agency: Agency) -> Waiting:
    """A planned test whose tester found its number engaged, as it waits to be dialled again."""
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=NOON)
    test = waiting_tests(agency, tester=WHO)[0]
    number = next(unit.number for unit in agency.units if unit.unit == test.unit)
    plan, live, telephone = begin(agency, number)
    on = phones(**{f"n{number}": FarEnd().says(0.1, 486)})
    assist_planned(test, plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    return waiting_test(agency, unit=test.unit, tester=WHO)


@pytest.mark.parametrize(("minutes", "may"), [(9.9, False), (10.1, True)])
def test_a_tester_dials_it_again_when_the_form_says_and_rings_nobody_before(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, minutes: float, may: bool
) -> None:
    test = engaged(agency)
    assert waiting_tests(agency, tester="李大華", unit=test.unit) == ()  # it is the one's who was at it
    monkeypatch.setattr(clocks, "now", lambda: NOON + timedelta(minutes=minutes))
    test, on = waiting_test(agency, unit=test.unit, tester=WHO), phones()
    plan, live, telephone = begin(agency, next(one.number for one in agency.units if one.unit == test.unit))

    def again() -> None:
        assist_planned(test, plan, agency, cast("Telephones", on), telephone=telephone, live=live)

    if may:
        again()
    else:
        with pytest.raises(Refused) as told:
            again()
        assert told.value.key == "assisted.not_yet"
    assert on.pool.rang == (["2701", plan.unit.number] if may else [])
    with open_store(agency.database) as store:
        assert store.plans.state(test.test_id) == ("done" if may else "again")


def test_the_programme_leaves_it_to_its_tester_that_day_and_draws_its_time_anew_behind_it(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    test, dialled, clock = engaged(agency), list[str](), Ticking()
    monkeypatch.setattr(clocks, "now", clock.now)
    with ThreadPoolExecutor(1) as workers:
        programme = Programme(
            agency.folder, place=lambda _, one, __: dialled.append(one.id), clock=clock, workers=workers
        )
        looks = [timedelta(minutes=minutes) for minutes in (0, 10, 11, 25, 60, 13 * 60 + 59)]  # until midnight
        for passed in looks:
            clock.at = NOON + passed
            due = programme.look()
            with open_store(agency.database) as store:
                assert store.plans.state(test.test_id) == "again"
            assert due is not None
            assert test.test_id not in dialled
        clock.at = NOON + timedelta(hours=14, minutes=11)
        programme.look()
    with open_store(agency.database) as store:
        assert store.plans.state(test.test_id) in ("redrawn", "called_off")  # one engaged line settles nothing
        assert test.test_id not in dialled


def test_a_process_of_this_machine_is_a_telephone_without_being_configured(agency: Agency) -> None:
    on = phones()
    on.pool._desk = ScriptedSoftphone({WHO: COMES})
    plan, live, _ = begin(agency)
    browser = loopback_telephone(WHO, "sip:browser@127.0.0.1:40001")
    (test,) = assist(plan, agency, cast("Telephones", on), telephone=browser, live=live)
    assert test.measured.outcome == "answered"


@dataclass
class Ticking:
    """A clock whose time passes while somebody sleeps; each sleep is told."""

    slept: Callable[[int], object] = lambda _: None
    at: datetime = NOON
    sleeps: int = 0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.sleeps += 1
        self.slept(self.sleeps)


BUSY = FarEnd().says(0.1, 486)


def test_a_server_that_ends_while_a_test_waits_for_its_redial_dials_nothing_more(agency: Agency) -> None:
    on = phones(**{f"n{NUMBERS[0]}": BUSY})
    plan, live, telephone = begin(agency)
    seen: list[LiveState] = []

    def slept(times: int) -> None:
        seen.append(live.state())
        if times == 3:
            live.dial_no_more()

    clock = Ticking(slept)
    tests = assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live, redial=True, clock=clock)
    assert len(tests) == 1
    assert clock.sleeps == 3
    assert seen[0].phase == "redial"
    assert on.pool.rang == ["2701", NUMBERS[0]]
    assert (live.state().phase, live.state().outcome) == ("over", "busy")


def test_each_attempt_rings_the_tester_where_they_are_then(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that was away for long has another address."""
    on = phones(**{f"n{NUMBERS[0]}": BUSY})
    on.pool._desk = ScriptedSoftphone({WHO: COMES})
    plan, live, _ = begin(agency)
    addresses = [f"sip:browser{n}@127.0.0.1:{40001 + n}" for n in range(5)]
    invited: list[str] = []
    dial = on.pool._desk.dial

    def noted(leave: Permit, **how: Any) -> ScriptedCall:
        invited.append(leave.uri)
        return dial(leave, **how)

    monkeypatch.setattr(on.pool._desk, "dial", noted)
    to_come = iter(addresses)
    clock = Ticking()
    monkeypatch.setattr(clocks, "now", clock.now)
    how = {"telephone": lambda: loopback_telephone(WHO, next(to_come)), "live": live, "redial": True, "clock": clock}
    tests = assist(plan, agency, cast("Telephones", on), **how)
    assert len(tests) > 1
    assert invited == addresses[: len(tests)]


def test_a_tester_who_is_away_at_the_redial_leaves_the_attempt_that_was_made(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = phones(**{f"n{NUMBERS[0]}": BUSY})
    plan, live, telephone = begin(agency)
    clock = Ticking(lambda _: setattr(on.pool, "_desk", ScriptedSoftphone({"2701": FarEnd().says(0.1, 486)})))
    monkeypatch.setattr(clocks, "now", clock.now)
    (test,) = assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live, redial=True, clock=clock)
    state = live.state()
    assert (state.phase, state.outcome, state.attempt) == ("over", "busy", 1)
    assert state.call_id == test.record.call_id
    assert WHO in state.sentence


def test_a_tester_who_gives_up_after_answering_rings_no_agency_and_claims_nothing(agency: Agency) -> None:
    on = phones()
    plan, live, telephone = begin(agency)
    with pytest.raises(TesterNotReached) as raised:
        assist(
            plan,
            agency,
            cast("Telephones", on),
            telephone=telephone,
            live=live,
            before_dialling=lambda: live.hang_up(who=WHO),
        )
    assert raised.value.key == "telephone.given_up"
    assert (on.pool.rang, claims(agency)) == (["2701"], ())
    assert live.state().outcome == "tester_not_reached"


def test_a_tester_who_gives_up_while_the_line_is_opened_is_not_rung(agency: Agency) -> None:
    on = phones()
    plan, live, telephone = begin(agency)

    @contextmanager
    def opened(*way: Any, **how: Any) -> Iterator[Pool]:
        live.hang_up(who=WHO)
        yield on.pool

    on.line = opened
    with pytest.raises(TesterNotReached) as raised:
        assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert raised.value.key == "telephone.given_up"
    assert (on.pool.rang, claims(agency), legs_up(agency)) == ([], (), ())


def test_a_telephone_that_nobody_lifts_is_given_up_after_eight_rings(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = itertools.count(0.0, 0.1)
    monkeypatch.setattr(desk_module, "time", SimpleNamespace(monotonic=lambda: next(passed)))
    on = phones(FarEnd().says(0.1, 180))
    with pytest.raises(TesterNotReached) as raised:
        place(agency, on)
    assert raised.value.key == "telephone.unanswered"
    assert RINGS_S < next(passed) < 2 * RINGS_S
    assert (on.pool.rang, claims(agency), legs_up(agency)) == (["2701"], (), ())


def test_what_is_wanted_while_there_is_no_call_is_told_as_not_done(agency: Agency) -> None:
    _, live, _ = begin(agency)
    assert not live.mark("hold", who=WHO)
    assert not live.press("1", who=WHO)
    assert not live.done(who=WHO)


@pytest.mark.parametrize("gives_up", [True, False])
def test_not_even_behind_the_claim_an_agency_is_rung_for_a_tester_who_is_gone(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, gives_up: bool
) -> None:
    on = phones()
    plan, live, telephone = begin(agency)
    asked = test_call.claim

    def claimed(*way: Any, **how: Any) -> Any:
        if gives_up:
            live.hang_up(who=WHO)
        else:
            live.people.speaker._call.hang_up()
        return asked(*way, **how)

    monkeypatch.setattr(test_call, "claim", claimed)
    with pytest.raises(TesterNotReached):
        assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert on.pool.rang == ["2701"]
    assert [one.outcome for one in claims(agency)] == ["fault_ours"]


@pytest.mark.parametrize(
    ("error", "outcome"), [(OSError("full"), "failed"), (Refused("assist.own_unit"), "refused")], ids=str
)
def test_a_call_that_fails_before_it_is_placed_does_not_wait_for_ever(
    agency: Agency, error: Exception, outcome: str
) -> None:
    _, live, _ = begin(agency)
    calls = AssistedCalls()

    def fails() -> None:
        raise error

    with calls.one_for(WHO):
        calls.run(live, fails)
    calls.stop()
    assert (live.state().phase, live.state().outcome) == ("over", outcome)


def test_a_tester_has_one_call_at_a_time_from_the_first_look_to_the_end(agency: Agency) -> None:
    _, live, _ = begin(agency)
    calls, goes_on = AssistedCalls(), threading.Event()
    with calls.one_for(WHO):
        with pytest.raises(Refused), calls.one_for(WHO):
            pass
        with calls.one_for("李大華"):
            pass
        calls.run(live, lambda: [None][not goes_on.wait(30)])
    with pytest.raises(Refused), calls.one_for(WHO):
        pass
    goes_on.set()
    calls.stop()
    assert live.over
    with pytest.raises(Refused) as told, calls.one_for("李大華"):
        pass
    assert told.value.key == "assist.server_ends"


def test_what_was_refused_leaves_the_tester_free_to_begin_again() -> None:
    calls = AssistedCalls()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"), calls.one_for(WHO):
            raise ValueError("no")


def test_a_tester_s_leg_is_noted_while_it_is_up_and_no_longer(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    on, seen = phones(), []
    asked = test_call.claim
    monkeypatch.setattr(test_call, "claim", lambda *way, **how: [seen.extend(legs_up(agency)), asked(*way, **how)][1])
    plan, live, telephone = begin(agency)
    assist(plan, agency, cast("Telephones", on), telephone=telephone, live=live)
    assert [leg.numbers for leg in seen] == [frozenset({"2701"})]
    assert legs_up(agency) == ()
    on = phones(FarEnd().says(0.1, 486))
    with pytest.raises(TesterNotReached):
        place(agency, on)
    assert legs_up(agency) == ()
