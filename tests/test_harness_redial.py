"""When a test is dialled again: the rules as a pure function, then whole tests in virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from agency_folder import make_agency
from hypothesis import given
from hypothesis import strategies as st

from harness.agency import Agency, load_agency
from harness.errors import Refused
from harness.figures import figures_of, span_of
from harness.ledger import claims
from harness.planned_call import Plan, TestCall
from harness.redial import BUSY, NO_ANSWER, VOID, Attempt, LegRules, Rules, counted, next_attempt, rules_of
from harness.redialling import Earlier, until_settled
from harness.said import Sound
from harness.scenario import Say
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.store import open_store
from harness.switchboard import sound
from harness.test_call import plan_call, run_call
from rubric.form import load_form

RATE = 8000
BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
NUMBER = "0227000301"
OUTCOMES = st.sampled_from([NO_ANSWER, BUSY, VOID, "answered", "rejected", "fault_theirs"])
LEGS = st.sampled_from(["ivr", "operator", "unit"])
ATTEMPTS = st.lists(
    st.builds(Attempt, ended_at=st.just(BEGIN), outcome=OUTCOMES, leg=LEGS), min_size=1, max_size=12
).map(tuple)
RULES = Rules(legs={"operator": LegRules(attempts=2, minutes=10, busy_retries=3), "unit": LegRules(busy_retries=3)})


def attempt(outcome: str, leg: str = "operator", minute: int = 0) -> Attempt:
    return Attempt(ended_at=BEGIN + timedelta(minutes=minute), outcome=outcome, leg=leg)


# --- the rules ------------------------------------------------------------------------------------------


def test_the_form_s_rule_is_read_with_its_clause() -> None:
    rules = rules_of(load_form("keelung-102"))
    operator, unit = rules.legs["operator"], rules.legs["unit"]
    assert (operator.attempts, operator.minutes, unit.attempts) == (2, 10, 1)
    assert "連打 2 次無人接聽" in operator.clause
    assert (operator.busy_retries, unit.busy_retries) == (3, 3)
    assert "忙線" in operator.busy_clause


def test_an_unanswered_switchboard_is_dialled_again_after_ten_minutes_and_only_once() -> None:
    again = next_attempt((attempt(NO_ANSWER),), RULES)
    assert again is not None
    assert (again.at, again.why, again.tries, again.most) == (BEGIN + timedelta(minutes=10), NO_ANSWER, 2, 2)
    assert next_attempt((attempt(NO_ANSWER), attempt(NO_ANSWER, minute=11)), RULES) is None


def test_a_unit_is_not_dialled_again_where_the_form_says_so() -> None:
    assert next_attempt((attempt(NO_ANSWER, "unit"),), RULES) is None


def test_an_engaged_line_and_a_fault_of_ours_are_tried_again_apart() -> None:
    attempts = (attempt(BUSY), attempt(VOID), attempt(NO_ANSWER), attempt(BUSY), attempt(VOID))
    for until in range(1, len(attempts) + 1):
        assert next_attempt(attempts[:until], RULES) is not None
    assert counted(attempts, "operator") == 1
    assert counted(attempts, "unit") == 0
    assert next_attempt((attempt(BUSY),) * 4, RULES) is None
    assert next_attempt((attempt(VOID), attempt(VOID, "unit")) * 2, RULES) is None


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0, 600), (30, 600), (600, 600), (1800, 1800)])
def test_an_exchange_that_asks_to_be_left_alone_for_longer_is(asked_s: float, waits_s: float) -> None:
    again = next_attempt((Attempt(ended_at=BEGIN, outcome=VOID, leg="operator", retry_after_s=asked_s),), RULES)
    assert again is not None
    assert (again.at - BEGIN).total_seconds() == waits_s


@given(ATTEMPTS)
def test_every_test_ends_whatever_happens(attempts: tuple[Attempt, ...]) -> None:
    again = next_attempt(attempts, RULES)
    if again is not None:
        assert again.at > attempts[-1].ended_at
        assert again.tries <= again.most
        assert again.why == attempts[-1].outcome


@given(st.lists(st.sampled_from([NO_ANSWER, BUSY, VOID]), min_size=30, max_size=30), LEGS)
def test_no_more_attempts_than_all_rules_together_allow(outcomes: list[str], leg: str) -> None:
    made: tuple[Attempt, ...] = ()
    for outcome in outcomes:
        if made and next_attempt(made, RULES) is None:
            break
        made += (attempt(outcome, leg),)
    rule = RULES.legs.get(leg, LegRules())
    assert len(made) <= rule.attempts + rule.busy_retries + 1 + RULES.void_retries + 1


@pytest.mark.parametrize("outcome", ["answered", "rejected", "fault_theirs", "congestion", "none"])
def test_a_result_is_not_dialled_again(outcome: str) -> None:
    assert next_attempt((attempt(outcome),), RULES) is None
    assert next_attempt((), RULES) is None


# --- whole tests ----------------------------------------------------------------------------------------


@dataclass
class Virtual:
    """A clock whose time passes when somebody sleeps."""

    time: datetime = BEGIN
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def tone(name: str, seconds: float) -> np.ndarray:
    return sound.to_pcm(sound.tone(name, seconds, sample_rate_hz=RATE))


UNHEEDED = FarEnd().says(0.1, 180)
ENGAGED = FarEnd().says(0.1, 180).says(0.6, 486)
BROKEN = FarEnd().says(0.1, 503)
GREETING = sound.to_pcm(sound.prompt("greeting-operator", RATE))
ANSWERED = FarEnd().says(0.1, 180).says(6.3, 200).sounds_like(6.7, GREETING)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    folder = tmp_path / "agency"
    make_agency(folder, {NUMBER: "127.0.0.1:5060"})
    text = (folder / "agency.toml").read_text(encoding="utf-8")
    (folder / "agency.toml").write_text(
        text + f'[[sites]]\nid = "hq"\nname = "本部"\nswitchboard = "{NUMBER[:-1]}0"\n', encoding="utf-8"
    )
    return load_agency(folder)


def planned(agency: Agency) -> Plan:
    return plan_call(NUMBER, agency, scenario="switchboard-only")


def with_redial(agency: Agency, *fars: FarEnd, clock: Virtual | None = None) -> tuple[TestCall, ...]:
    """A test whose attempts meet these far ends in turn; each call takes a minute."""
    plan, clock = planned(agency), clock or Virtual()

    def place(earlier: Earlier) -> TestCall:
        number = agency.settings.sites[0].switchboard
        name = "t" if not earlier else f"t-again{len(earlier)}"
        test = run_call(
            plan,
            agency,
            ScriptedSoftphone({number: fars[len(earlier)]}),
            now=clock.now(),
            call_id=name,
            test_id="t",
            earlier=earlier,
        )
        clock.sleep(60)
        return test

    return until_settled(place, rules_of(plan.form), clock=clock)


def operator(test: TestCall) -> tuple[str, int]:
    leg = test.facts["legs"]["operator"]
    return leg["outcome"], leg["attempts"]


def item(test: TestCall, name: str):  # type: ignore[no-untyped-def]
    return next(one for one in test.sheet.items if one.id == name)


def test_twice_unanswered_ten_minutes_apart_is_zero_and_once_is_not(agency: Agency) -> None:
    clock = Virtual()
    first, second = with_redial(agency, UNHEEDED, UNHEEDED, clock=clock)
    assert (operator(first), operator(second)) == (("no_answer", 1), ("no_answer", 2))
    assert item(first, "A2.1").points is None
    assert item(second, "A2.1").points == 0
    between = datetime.fromisoformat(second.record.started_at) - datetime.fromisoformat(first.record.started_at)
    assert timedelta(minutes=10) <= between - timedelta(minutes=1) < timedelta(minutes=10, seconds=2)


def test_answered_on_the_second_try_earns_the_second_latency_and_says_so(agency: Agency) -> None:
    _, second = with_redial(agency, UNHEEDED, ANSWERED)
    assert operator(second) == ("answered", 2)
    assert item(second, "A2.1").points == 9  # 6.2 s is ring 3; without a menu the group is multiplied
    assert any("第 1 次" in remark or "1 次" in remark for remark in second.sheet.remarks)


def test_engaged_and_void_attempts_are_tried_again_and_not_counted(agency: Agency) -> None:
    tests = with_redial(agency, ENGAGED, BROKEN, ENGAGED, UNHEEDED, ANSWERED)
    assert [one.measured.outcome for one in tests] == ["busy", "fault_ours", "busy", "no_answer", "answered"]
    assert [operator(one)[1] for one in tests] == [1, 1, 1, 1, 2]


def test_an_exchange_s_retry_after_is_waited_for(agency: Agency) -> None:
    busy_trunk = FarEnd(refuses_with=(("retry-after", "1200"),)).says(0.1, 503)
    first, second = with_redial(agency, busy_trunk, ANSWERED)
    between = datetime.fromisoformat(second.record.started_at) - datetime.fromisoformat(first.record.started_at)
    assert timedelta(minutes=20) <= between - timedelta(minutes=1) < timedelta(minutes=20, seconds=2)


def test_a_test_of_several_attempts_is_one_result_in_the_figures(agency: Agency) -> None:
    tests = with_redial(agency, ENGAGED, BROKEN, UNHEEDED, ANSWERED)
    with open_store(agency.database) as store:
        told = figures_of(span_of("month", tests[0].record.started_at[:7]), agency=agency, store=store)
        counted = [row for row in store.improvements.results("2000-01-01") if not row["void"]]
    assert told["calls"] == 2  # the answered one, and beside it the fault of ours, which counts nowhere
    assert [row["call_id"] for row in counted] == [tests[-1].record.call_id]


def test_every_attempt_is_claimed_and_all_are_linked(agency: Agency) -> None:
    tests = with_redial(agency, UNHEEDED, ANSWERED)
    assert [one.attempt_id for one in claims(agency)] == ["t-1", "t-2"]
    with open_store(agency.database) as store:
        for test in tests:
            linked = store.get_call(test.record.call_id)["attempts"]
            assert [(one["attempt_id"], one["call_id"], one["outcome"]) for one in linked] == [
                ("t-1", "t", "no_answer"),
                ("t-2", "t-again1", "answered"),
            ]


def test_every_attempt_passes_the_number_gate_anew_and_what_was_dialled_is_kept(agency: Agency) -> None:
    clock = Virtual()
    plan = planned(agency)
    placed: list[str] = []

    def place(earlier: Earlier) -> TestCall:
        if earlier:  # meanwhile the hours were changed: nobody may be rung
            raise Refused("refused.closed", unit="u", hours="—", now="—")
        placed.append("once")
        phone = ScriptedSoftphone({agency.settings.sites[0].switchboard: UNHEEDED})
        return run_call(plan, agency, phone, now=clock.now(), call_id="t")

    with pytest.raises(Refused):
        until_settled(place, rules_of(plan.form), clock=clock)
    with open_store(agency.database) as store:
        assert store.get_call("t")["outcome"] == "no_answer"
    assert (placed, len(clock.slept) >= 600) == (["once"], True)


def test_whoever_waits_sees_the_time_pass_and_can_stop_it(agency: Agency) -> None:
    clock, seen = Virtual(), list[float]()

    class Stopped(Exception):
        pass

    def waiting(again: object, left_s: float) -> None:
        seen.append(left_s)
        if left_s < 300:
            raise Stopped  # as Ctrl-C does

    with pytest.raises(Stopped):
        until_settled(
            lambda _: run_call(
                planned(agency),
                agency,
                ScriptedSoftphone({agency.settings.sites[0].switchboard: UNHEEDED}),
                now=clock.now(),
                call_id="t",
            ),
            rules_of(load_form("keelung-102")),
            clock=clock,
            waiting=waiting,
        )
    assert seen == sorted(seen, reverse=True)
    assert len(claims(agency)) == 1


def test_a_plan_says_what_is_said(agency: Agency) -> None:
    (agency.folder / "sounds").mkdir()
    source = Path(sound.__file__).parent / "prompts" / "courtesy-caller.flac"
    (agency.folder / "sounds" / f"put-through-u{NUMBER}.flac").write_bytes(source.read_bytes())
    plan = plan_call(NUMBER, agency, scenario="switchboard-no-ivr")
    says = [n for n, step in enumerate(plan.scenario.steps, start=1) if isinstance(step, Say)]
    assert [plan.sounds[n].path for n in says] == [agency.folder / "sounds" / f"put-through-u{NUMBER}.flac"]
    assert not any(one.by_robot for one in plan.sounds.values())
    assert Sound(name="x", text="…").by_robot
