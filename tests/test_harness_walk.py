"""Every kind of step on the scripted telephone, and every shipped scenario against a far end that acts its part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from agency_folder import leave_for, make_agency
from test_harness_caller import NUMBER, PLAN, RATE, call, direct, rung, said_by_us, silent, tone, voice

from dsp.listen import listen
from dsp.segment import DTMF
from harness.caller import place_call
from harness.measure import Measured, measure
from harness.prompts.marks import END, OPERATOR, Mark, make_mark
from harness.record import CallRecord
from harness.recording import far_side
from harness.said import make_ready
from harness.scenario import Scenario, load_scenario
from harness.softphone.protocol import Call
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.switchboard import sound
from harness.timeline import build_timeline
from harness.walk.barge_in import CUT, NOT_CUT, UNKNOWN, judge
from harness.walk.far_tester import Doing, FarTester


def spoken(name: str) -> np.ndarray:
    return sound.to_pcm(sound.prompt(name, RATE))


MENU = spoken("ivr-menu")
MENU_S = len(MENU) / RATE


def scenario(steps: str, folder: Path) -> Scenario:
    """A scenario of the test's own, between the answer of a menu and the end."""
    text = 'name = "own"\ntitle = { zh = "測", en = "test" }\n[[steps]]\ndo = "dial"\nto = "switchboard"\n'
    text += '[[steps]]\ndo = "wait_for_answer"\nleg = "ivr"\n' + steps + '\n[[steps]]\ndo = "hang_up"\n'
    (folder / "own.toml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "own.toml")


def walked(
    steps: Scenario,
    far: FarEnd,
    folder: Path,
    marks: tuple[Mark, ...] = (),
    tester: FarTester | None = None,
    lost: Callable[[int], bool] = lambda frame: False,
) -> tuple[CallRecord, Measured]:
    record = place_call(
        steps,
        ScriptedSoftphone({NUMBER: far}, lost=lost),
        leave=leave_for(NUMBER, make_agency(folder / "agency", {NUMBER: "127.0.0.1:5060"})),
        call_id="walk",
        folder=folder,
        plan=PLAN,
        started=datetime(2026, 11, 22, tzinfo=UTC),
        sounds=said_by_us(steps),
        marks=marks,
        tester=tester,
    )
    return record, measure(build_timeline(record, far_side(record, folder), PLAN))


def done(record: CallRecord, what: str) -> list[str]:
    return [act.detail for act in record.acts if act.do == what]


def answering(*said: np.ndarray) -> FarEnd:
    """A menu that answers after 2 s."""
    return FarEnd().says(0.1, 180).says(2.1, 200).sounds_like(2.4, np.concatenate(said))


PRESS = '[[steps]]\ndo = "press"\ndigits = "9"\nat = "after_prompt"\nthen_leg = "operator"\n{more}\n'
OPERATOR_RINGS = FarEnd().sounds_like(0.4, rung(4.3))
WAIT_OPERATOR = '[[steps]]\ndo = "wait_for_answer"\nleg = "operator"\n'


# --- digits and their effect ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["rfc4733", "info", "in_band"])
def test_digits_by_every_method_lead_on_and_their_effect_is_kept(tmp_path: Path, method: str) -> None:
    steps = scenario(PRESS.format(more=f'method = "{method}"') + WAIT_OPERATOR, tmp_path)
    record, measured = walked(steps, answering(MENU).after("9", OPERATOR_RINGS), tmp_path)
    assert done(record, "effect") == ["ringback"]
    operator = measured.leg("operator")
    assert operator is not None
    assert operator.answer_latency_s is not None
    assert 4.3 in operator.answer_latency_s


def test_tones_in_the_sound_are_the_keys_of_the_step(tmp_path: Path) -> None:
    heard = list[str]()

    class Listening(ScriptedSoftphone):
        def dial(self, *args: object, **rest: object):  # type: ignore[no-untyped-def, override]
            one = super().dial(*args, **rest)  # type: ignore[arg-type]
            play = one.play

            def hearing(wav: Path) -> None:
                from dsp.audio import read

                audio = read(wav)
                segments = listen(audio.mono, sr=audio.sr, plan=PLAN).segments
                heard.extend(s.digit or "" for s in segments if s.sound == DTMF)
                play(wav)

            one.play = hearing  # type: ignore[method-assign]
            return one

    steps = scenario('[[steps]]\ndo = "press"\ndigits = "301"\nmethod = "in_band"\n', tmp_path)
    place_call(
        steps,
        Listening({NUMBER: answering(MENU)}),
        leave=leave_for(NUMBER, make_agency(tmp_path / "agency", {NUMBER: "127.0.0.1:5060"})),
        call_id="walk",
        folder=tmp_path,
        plan=PLAN,
        started=datetime(2026, 11, 22, tzinfo=UTC),
    )
    assert heard == ["3", "0", "1"]


@pytest.mark.parametrize("digits", ["302", "110", "*21"])
def test_what_the_gate_refuses_is_not_pressed_whoever_planned_it(tmp_path: Path, digits: str) -> None:
    steps = scenario(f'[[steps]]\ndo = "press"\ndigits = "{digits}"\n', tmp_path)
    record, measured = walked(steps, answering(MENU), tmp_path)
    assert (record.fault, measured.legs[0].outcome) == ("refused.digits", "answered")
    assert done(record, "pressed") == []
    assert not [s for s in record.signals if s.kind == "digit"]


FAULTY = {
    "nothing happens": (answering(MENU), "nothing"),
    "the menu begins again": (
        answering(MENU).after("9", FarEnd().sounds_like(1.0, MENU)),
        "repeated",
    ),
    "swallowed": (answering(MENU).after("9", OPERATOR_RINGS).hears_digits(lost=1), "nothing"),
    "doubled and reported": (
        answering(MENU).after("9", FarEnd().sounds_like(1.0, voice())).hears_digits(doubled=True, echoed=True),
        "doubled",
    ),
}


def test_an_exchange_that_refuses_info_is_our_fault_at_once(tmp_path: Path) -> None:
    far = replace(answering(MENU).after("9", OPERATOR_RINGS), info_status=415)
    steps = scenario(PRESS.format(more='method = "info"') + WAIT_OPERATOR, tmp_path)
    record, measured = walked(steps, far, tmp_path)
    assert done(record, "effect") == ["refused"]
    assert (record.fault, measured.outcome) == ("walk.digits_no_effect", "fault_ours")
    pressed, seen = (next(act.at_s for act in record.acts if act.do == one) for one in ("pressed", "effect"))
    assert seen - pressed < 1.0


@pytest.mark.parametrize("torn", range(4, 12))
def test_a_menu_that_our_own_machine_tore_is_never_taken_for_a_voice(tmp_path: Path, torn: int) -> None:
    """It stands still for 0.3 s again and again: the menu may be known all the same, or nobody knows what it was."""
    far, _ = FAULTY["the menu begins again"]
    steps = scenario(PRESS.format(more="") + WAIT_OPERATOR, tmp_path)
    record, measured = walked(steps, far, tmp_path, lost=lambda frame: frame % (15 + 3 * torn) < 15)
    assert done(record, "effect")[0] in ("repeated", "torn", "nothing")
    assert (record.fault, measured.outcome) == ("walk.digits_no_effect", "fault_ours")


def test_a_packet_lost_here_and_there_hides_no_voice(tmp_path: Path) -> None:
    far = answering(MENU).after("9", FarEnd().sounds_like(1.0, voice(5.0)))
    steps = scenario(PRESS.format(more="") + WAIT_OPERATOR, tmp_path)
    record, _ = walked(steps, far, tmp_path, lost=lambda frame: frame % 40 == 7)
    assert done(record, "effect")[0] == "voice"


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_digits_without_their_effect_are_our_fault_and_void_the_attempt(tmp_path: Path, name: str) -> None:
    far, seen = FAULTY[name]
    record, measured = walked(scenario(PRESS.format(more="") + WAIT_OPERATOR, tmp_path), far, tmp_path)
    assert done(record, "effect") == [seen]
    assert (record.fault, measured.outcome) == ("walk.digits_no_effect", "fault_ours")


def test_a_menu_that_begins_again_late_is_known_while_the_operator_is_waited_for(tmp_path: Path) -> None:
    again = np.concatenate([voice(1.0), silent(3.0), MENU])
    far = answering(MENU).after("9", FarEnd().sounds_like(0.5, again))
    record, measured = walked(scenario(PRESS.format(more="") + WAIT_OPERATOR, tmp_path), far, tmp_path)
    assert done(record, "effect") == ["voice"]
    assert (record.fault, measured.outcome) == ("walk.digits_no_effect", "fault_ours")


def test_a_digit_may_be_pressed_again_as_often_as_the_scenario_says(tmp_path: Path) -> None:
    more = 'label = "key"\non.no_effect = { to = "key", at_most = 2 }\neffect_within_s = 3'
    steps = scenario(PRESS.format(more=more) + WAIT_OPERATOR, tmp_path)
    far = answering(MENU).after("9", OPERATOR_RINGS)
    record, measured = walked(steps, far.hears_digits(lost=2), tmp_path)
    assert done(record, "effect") == ["nothing", "nothing", "ringback"]
    assert (record.fault, measured.outcome) == ("", "answered")
    record, _ = walked(steps, far.hears_digits(lost=3), tmp_path)
    assert record.fault == "walk.digits_no_effect"


# --- branches -------------------------------------------------------------------------------------------


def branching(event: str, folder: Path) -> Scenario:
    steps = PRESS.format(more="") + WAIT_OPERATOR + f'on.{event} = "elsewhere"\n[[steps]]\ndo = "hang_up"\n'
    steps += '[[steps]]\nlabel = "elsewhere"\ndo = "hold_silent"\nseconds = 6\n'
    return scenario(steps, folder)


@pytest.mark.parametrize(
    ("event", "behind"),
    [("busy", tone("busy", 30)), ("fault", tone("congestion", 30)), ("no_answer", tone("ringback", 90))],
)
def test_a_branch_is_taken_when_its_event_happens_and_only_then(tmp_path: Path, event: str, behind: np.ndarray) -> None:
    far = answering(MENU).after("9", FarEnd().sounds_like(0.4, behind))
    record, _ = walked(branching(event, tmp_path), far, tmp_path)
    assert done(record, "branch") == [f"{event} → elsewhere"]
    assert done(record, "held") == ["6"]
    for other in {"busy", "fault", "no_answer"} - {event}:
        record, _ = walked(branching(other, tmp_path), far, tmp_path)
        assert done(record, "branch") == []
        assert done(record, "held") == []


def test_nine_rings_and_twenty_seconds_must_both_pass_and_a_switchboard_has_twelve(tmp_path: Path) -> None:
    for name, seconds in (("extension-direct", 27.0), ("switchboard-only", 36.0)):
        far = FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 90))
        _, measured = call(far, tmp_path, name)
        waited = measured.legs[0].waited_s
        assert waited is not None
        assert seconds <= waited.latest < seconds + 1.0


# --- marks ----------------------------------------------------------------------------------------------


def marked(name: str, what: str, prompt: np.ndarray, at_s: float, *, kind: str = "") -> Mark:
    alone = np.concatenate([silent(0.5), prompt, silent(1.5)])
    more = {"kind": kind} if kind else {}
    return make_mark(
        alone, rate=RATE, at_s=0.5 + at_s, name=name, what=what, site="", marked_in="test", tones=PLAN, **more
    )


BUSY = spoken("operator-busy")


def test_a_remembered_mark_is_listened_for_and_a_key_is_pressed_behind_it(tmp_path: Path) -> None:
    steps = '[[steps]]\ndo = "listen"\nuntil = "mark"\nprompt = "key"\ntimeout_s = 30\n'
    steps += '[[steps]]\ndo = "press"\ndigits = "9"\nthen_leg = "operator"\n' + WAIT_OPERATOR
    mark = marked("key", OPERATOR, MENU, MENU_S - 2.0)
    far = answering(MENU, silent(1.0)).after("9", OPERATOR_RINGS)
    record, _ = walked(scenario(steps, tmp_path), far, tmp_path, (mark,))
    pressed = next(act.at_s for act in record.acts if act.do == "pressed")
    assert done(record, "heard") == ["key"]
    assert 0.0 <= pressed - (2.42 + MENU_S - 2.0) < 2.0


def test_the_recording_that_operators_are_busy_is_a_branch(tmp_path: Path) -> None:
    mark = marked("all-busy", "end", BUSY, 2.0)
    steps = PRESS.format(more="") + WAIT_OPERATOR
    steps += 'on.heard = [{ prompt = "all-busy", to = "elsewhere" }]\n[[steps]]\ndo = "hang_up"\n'
    steps += '[[steps]]\nlabel = "elsewhere"\ndo = "hold_silent"\n'
    far = answering(MENU).after("9", FarEnd().sounds_like(0.5, BUSY).hangs_up(7.0))
    record, measured = walked(scenario(steps, tmp_path), far, tmp_path, (mark,))
    assert done(record, "branch") == ["heard:all-busy → elsewhere"]
    assert measured.first_release == "far"


# --- into the prompt ------------------------------------------------------------------------------------

MARKS = (marked("key", OPERATOR, MENU, 3.2), marked("menu-end", END, MENU, MENU_S - 0.2))


def probed(far: FarEnd, folder: Path, marks: tuple[Mark, ...] = MARKS) -> tuple[CallRecord, Measured]:
    return walked(load_scenario("ivr-barge-in"), far, folder, marks)


def test_a_menu_that_stops_for_the_key_need_not_be_heard_out(tmp_path: Path) -> None:
    record, measured = probed(answering(MENU, silent(8.0), MENU).after("9", OPERATOR_RINGS), tmp_path)
    (verdict,) = done(record, "barge_in")
    assert verdict.split()[0] == CUT
    assert "heard:ringback@" in verdict
    assert len(done(record, "pressed")) == 1
    assert measured.outcome == "answered"


def test_a_menu_that_speaks_on_must_be_heard_out_and_takes_the_key_behind_it(tmp_path: Path) -> None:
    far = answering(MENU, silent(20.0)).after("9", OPERATOR_RINGS).deaf(2.4 + MENU_S)
    record, measured = probed(far, tmp_path)
    (verdict,) = done(record, "barge_in")
    assert verdict.split()[0] == NOT_CUT
    assert done(record, "effect") == ["nothing", "ringback"]
    assert (record.fault, measured.outcome) == ("", "answered")


def test_a_cut_is_never_claimed_where_the_menu_may_just_have_ended() -> None:
    spoke = [(2.4, 8.0)]
    assert judge(7.5, spoke, other_s=8.5, end_s=None, ended_s=None) == UNKNOWN
    assert judge(7.5, spoke, other_s=8.5, end_s=8.2, ended_s=None) == UNKNOWN
    assert judge(7.5, spoke, other_s=8.5, end_s=12.0, ended_s=None) == CUT
    assert judge(7.5, spoke, other_s=None, end_s=12.0, ended_s=None) == UNKNOWN
    assert judge(4.0, spoke, other_s=None, end_s=None, ended_s=None) == NOT_CUT
    assert judge(7.5, spoke, other_s=8.5, end_s=8.2, ended_s=8.0) == NOT_CUT


# --- saying, following, holding -------------------------------------------------------------------------


def operator(*behind: np.ndarray) -> FarEnd:
    """An operator who transfers only when asked."""
    asked = FarEnd().sounds_like(0.4, np.concatenate([spoken("please-hold-transfer"), silent(0.6), *behind]))
    greeting = np.concatenate([silent(0.4), spoken("greeting-operator")])
    ringing = FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 60))
    return ringing.says(6.35, 200).sounds_like(6.35, greeting).once_said(asked)


def test_an_operator_who_is_asked_puts_through_and_the_unit_has_its_own_time(tmp_path: Path) -> None:
    record, measured = call(operator(rung(6.4), silent(1.0)), tmp_path, "switchboard-no-ivr")
    assert done(record, "said") == ["put-through"]
    assert done(record, "transfer") == ["ringback"]
    for name, latency in (("operator", 6.2), ("unit", 6.4)):
        leg = measured.leg(name)
        assert leg is not None
        assert leg.answer_latency_s is not None
        assert latency in leg.answer_latency_s


def test_hold_music_shows_a_transfer_too(tmp_path: Path) -> None:
    played = np.concatenate([spoken("hold-music")[: 5 * RATE], silent(0.8), spoken("greeting-unit-2"), silent(1.0)])
    line = np.random.default_rng(1).normal(0, 24, len(played))  # -60 dBFS, as every line has
    record, measured = call(operator((played + line).astype(np.int16)), tmp_path, "switchboard-no-ivr")
    assert done(record, "transfer") == ["music"]
    unit = measured.leg("unit")
    assert unit is not None
    assert (unit.rings, unit.answer_latency_s) == (None, None)  # behind music the unit's own rings cannot be heard


def test_an_operator_who_answers_herself_is_held_and_no_unit_is_claimed(tmp_path: Path) -> None:
    record, measured = call(operator(voice(3.0)), tmp_path, "switchboard-no-ivr")
    assert done(record, "transfer") == ["none"]
    assert done(record, "branch") == ["none → not-put-through"]
    assert [leg.leg for leg in measured.legs] == ["operator"]


def test_what_is_said_is_said_to_its_end_before_the_silence_begins(tmp_path: Path) -> None:
    record, _ = call(direct(2.0), tmp_path, "automated-courtesy")
    said, held = (next(act.at_s for act in record.acts if act.do == one) for one in ("said", "held"))
    lasts_s = len(spoken("closing")) / RATE
    assert held - said >= lasts_s
    hung_up = next(act.at_s for act in record.acts if act.do == "hang_up")
    assert hung_up - held >= 5.0


# --- a tester -------------------------------------------------------------------------------------------


@dataclass
class Sitting:
    """A tester who comes after some looks and then does one thing at each."""

    comes: int
    does: list[Doing] = field(default_factory=list)
    invited: bool = False
    left: bool = False
    looks: int = 0

    def invite(self, call: Call) -> None:
        self.invited = True

    def here(self) -> bool:
        self.looks += 1
        return self.looks > self.comes

    def events(self) -> tuple[Doing, ...]:
        return (self.does.pop(0),) if self.does else ()

    def leave(self) -> None:
        self.left = True


def test_a_tester_takes_the_call_over_marks_and_gives_it_back(tmp_path: Path) -> None:
    does = [Doing("mark", "unit_speaks"), Doing("digits", "1"), Doing("done")]
    tester = Sitting(20, does)
    record, _ = walked(load_scenario("tester-takes-over"), direct(2.0), tmp_path, tester=tester)
    assert done(record, "tester") == ["invited", "here", "done"]
    assert (done(record, "marked"), done(record, "pressed"), done(record, "said")) == (["unit_speaks"], ["1"], [])
    assert tester.left


def test_digits_of_a_tester_pass_the_number_gate(tmp_path: Path) -> None:
    tester = Sitting(0, [Doing("digits", one) for one in ("1", "1", "9")] + [Doing("done")])
    record, _ = walked(load_scenario("tester-takes-over"), direct(2.0), tmp_path, tester=tester)
    assert done(record, "pressed") == ["1", "1"]
    assert done(record, "refused") == ["9"]


@pytest.mark.parametrize("tester", [None, Sitting(10_000)])
def test_where_no_tester_comes_the_caller_says_so_within_the_bound(tmp_path: Path, tester: Sitting | None) -> None:
    record, _ = walked(load_scenario("tester-takes-over"), direct(2.0), tmp_path, tester=tester)
    invited, nobody = (act.at_s for act in record.acts if act.do == "tester")
    assert 10.0 <= nobody - invited < 10.5
    assert done(record, "said") == ["courtesy"]
    assert tester is None or tester.left


def test_a_tester_never_keeps_a_call_longer_than_the_scenario_says(tmp_path: Path) -> None:
    record, _ = walked(load_scenario("tester-takes-over"), direct(2.0), tmp_path, tester=Sitting(0))
    _, here, over = (act.at_s for act in record.acts if act.do == "tester")
    assert 200.0 <= over - here < 201.0


# --- the shipped scenarios that have no test above ---------------------------------------------------------


def test_the_menu_and_the_extension(tmp_path: Path) -> None:
    steps = load_scenario("ivr-extension").with_extension("301")
    far = answering(MENU).after("1", FarEnd().sounds_like(0.3, rung(7.4)))
    _, measured = walked(steps, far, tmp_path)
    assert [(leg.leg, leg.outcome) for leg in measured.legs] == [("ivr", "answered"), ("unit", "answered")]
    latency = measured.legs[1].answer_latency_s
    assert latency is not None
    assert 7.4 in latency


def test_the_menu_and_the_operator(tmp_path: Path) -> None:
    record, measured = walked(load_scenario("ivr-operator"), answering(MENU).after("9", OPERATOR_RINGS), tmp_path)
    assert [(leg.leg, leg.outcome) for leg in measured.legs] == [("ivr", "answered"), ("operator", "answered")]
    pressed = next(act.at_s for act in record.acts if act.do == "pressed")
    assert pressed >= 2.42 + MENU_S  # the menu was heard out


def test_the_switchboard_alone(tmp_path: Path) -> None:
    record, measured = call(operator(), tmp_path, "switchboard-only")
    assert (measured.outcome, done(record, "said")) == ("answered", [])
    assert measured.first_release == "near"


def test_a_recording_in_the_demonstration_is_what_its_scenarios_ask_for(tmp_path: Path) -> None:
    flac = Path(str(files("harness.demo") / "agency" / "sounds" / "put-through.flac"))
    assert make_ready(flac, tmp_path / "ready.wav", sample_rate_hz=RATE).stat().st_size > RATE
