"""The caller on the scripted telephone: every situation in virtual time, without a sleep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from agency_folder import leave_for, make_agency

from dsp.tone_plan import load_plan
from harness.caller import place_call
from harness.measure import Measured, measure
from harness.record import CallRecord, record_from_dict
from harness.recording import close_recording, far_side
from harness.said import Sound
from harness.scenario import Say, Scenario, load_scenario
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.switchboard import sound
from harness.timeline import build_timeline

RATE = 8000
NUMBER = "0227000201"
PLAN = load_plan("tw")


def tone(name: str, seconds: float) -> np.ndarray:
    return sound.to_pcm(sound.tone(name, seconds, sample_rate_hz=RATE))


def voice(seconds: float | None = None) -> np.ndarray:
    said = sound.prompt("greeting-unit", RATE)
    return sound.to_pcm(said if seconds is None else said[: round(seconds * RATE)])


def rung(seconds: float, *parts: np.ndarray) -> np.ndarray:
    """Ringback cut off by a pick-up, 0.4 s of line, a greeting."""
    return np.concatenate([tone("ringback", seconds), np.zeros(round(0.4 * RATE), np.int16), voice(), *parts])


def said_by_us(steps: Scenario) -> dict[int, Sound]:
    """A short recording for everything that a scenario says: no synthesiser is needed."""
    short = Sound(name="closing", path=Path(str(files("harness.switchboard") / "prompts" / "closing.flac")))
    return {number: short for number, step in enumerate(steps.steps, start=1) if isinstance(step, Say)}


def call(
    far: FarEnd,
    folder: Path,
    scenario: str = "extension-direct",
    longest_s: float = 300.0,
    **line: object,
) -> tuple[CallRecord, Measured]:
    steps = load_scenario(scenario)
    record = place_call(
        steps,
        ScriptedSoftphone({NUMBER: far}, **line),
        leave=leave_for(NUMBER, make_agency(folder / "agency", {NUMBER: "127.0.0.1:5060"})),
        call_id="test",
        folder=folder,
        longest_s=longest_s,
        plan=PLAN,
        started=datetime(2026, 11, 22, tzinfo=UTC),
        sounds=said_by_us(steps),
    )
    return record, measure(build_timeline(record, far_side(record, folder), PLAN))


def direct(answer_s: float) -> FarEnd:
    early = FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 60))
    return early.says(0.15 + answer_s, 200).sounds_like(
        0.15 + answer_s, np.concatenate([np.zeros(3200, np.int16), voice()])
    )


@pytest.mark.parametrize("answer_s", [0.5, 2.0, 7.5, 8.95, 9.05, 9.5, 10.5, 15.0, 26.0])
def test_a_signalled_pick_up_after_audible_rings_is_held_by_its_interval(tmp_path: Path, answer_s: float) -> None:
    _, measured = call(direct(answer_s), tmp_path)
    leg = measured.legs[0]
    assert measured.outcome == "answered"
    assert leg.answer_latency_s is not None
    assert answer_s in leg.answer_latency_s
    assert leg.answer_latency_s.width < 0.2
    assert leg.rings is not None
    assert leg.rings[0] <= int(answer_s // 3) + 1 <= leg.rings[1]


@pytest.mark.parametrize("answer_s", [1.2, 4.6, 8.97, 9.03, 9.06, 9.4, 12.3, 25.6])
def test_behind_a_gateway_that_answers_early_the_pick_up_is_heard(tmp_path: Path, answer_s: float) -> None:
    _, measured = call(FarEnd().says(0.1, 200).sounds_like(0.4, rung(answer_s)), tmp_path)
    leg = measured.legs[0]
    assert (measured.outcome, leg.pick_up_source) == ("answered", "heard")
    assert leg.answer_latency_s is not None
    assert answer_s in leg.answer_latency_s
    assert leg.rings == (int(answer_s // 3) + 1,) * 2


def test_without_ringback_rings_are_nominal_and_the_time_is_signalled(tmp_path: Path) -> None:
    _, measured = call(FarEnd().says(0.1, 180).says(10.6, 200).sounds_like(11.0, voice()), tmp_path)
    leg = measured.legs[0]
    assert (leg.rings, leg.rings_source) == ((4, 4), "nominal")
    assert leg.answer_latency_s is not None
    assert abs(leg.answer_latency_s.middle - 10.5) < 0.001


@pytest.mark.parametrize(
    ("status", "outcome"), [(486, "busy"), (600, "busy"), (404, "fault_theirs"), (503, "fault_ours"), (603, "rejected")]
)
def test_a_refusal_is_a_result(tmp_path: Path, status: int, outcome: str) -> None:
    record, measured = call(FarEnd().says(0.1, 180).says(0.6, status), tmp_path)
    assert measured.outcome == outcome
    assert not record.fault


@pytest.mark.parametrize("name", ["busy", "congestion"])
@pytest.mark.parametrize("status", [183, 200])
def test_a_refusing_tone_ends_the_wait_and_names_the_outcome(tmp_path: Path, name: str, status: int) -> None:
    record, measured = call(FarEnd().says(0.1, status).sounds_like(0.2, tone(name, 30)), tmp_path)
    assert measured.outcome == name
    assert record.duration_s < 10


@pytest.mark.parametrize(
    "far", [FarEnd().says(0.1, 180), FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 60))]
)
def test_nobody_answers_and_the_caller_gives_up_at_27_seconds(tmp_path: Path, far: FarEnd) -> None:
    _, measured = call(far, tmp_path)
    leg = measured.legs[0]
    assert (measured.outcome, measured.first_release) == ("no_answer", "near")
    assert leg.waited_s is not None
    assert 27.0 <= leg.waited_s.latest < 28.0
    assert leg.pick_up_s is None


def test_behind_a_gateway_nobody_answers(tmp_path: Path) -> None:
    _, measured = call(FarEnd().says(0.1, 200).sounds_like(0.3, tone("ringback", 60)), tmp_path)
    assert measured.outcome == "no_answer"


def test_the_far_end_that_hangs_up_first_is_seen(tmp_path: Path) -> None:
    _, measured = call(direct(2.0).hangs_up(7.0), tmp_path)
    assert (measured.first_release, measured.release_valid) == ("far", True)


def test_our_side_stays_five_seconds_after_the_last_word(tmp_path: Path) -> None:
    _, measured = call(direct(2.0), tmp_path)
    assert measured.first_release == "near"
    assert measured.waited_s is not None
    assert measured.waited_s >= 5.0


def menu() -> FarEnd:
    behind = np.concatenate([rung(4.3), np.zeros(9600, np.int16), rung(6.4), np.zeros(RATE, np.int16)])
    operator = FarEnd().sounds_like(0.3, behind)
    spoken = sound.to_pcm(sound.prompt("ivr-menu", RATE))
    return FarEnd().says(0.1, 180).says(2.1, 200).sounds_like(2.4, spoken).after("9", operator)


def test_menu_operator_and_unit_are_three_legs_each_with_its_own_time(tmp_path: Path) -> None:
    _, measured = call(menu(), tmp_path, "ivr-operator-extension")
    found = [(leg.leg, leg.outcome, leg.rings) for leg in measured.legs]
    assert found == [("ivr", "answered", (1, 1)), ("operator", "answered", (2, 2)), ("unit", "answered", (3, 3))]
    for leg, latency in zip(measured.legs, (2.0, 4.3, 6.4), strict=True):
        assert leg.answer_latency_s is not None
        assert latency in leg.answer_latency_s
    assert [leg.provisional for leg in measured.legs] == [False, True, True]


def test_a_menu_that_hangs_up_leaves_the_operator_unreached_and_nobody_at_fault(tmp_path: Path) -> None:
    sorry = FarEnd().sounds_like(0.1, sound.to_pcm(sound.prompt("operator-busy", RATE))).hangs_up(3.0)
    far = FarEnd().says(0.1, 180).says(1.1, 200).sounds_like(1.4, voice()).after("9", sorry)
    _, measured = call(far, tmp_path, "ivr-operator-extension")
    assert [(leg.leg, leg.outcome) for leg in measured.legs] == [("ivr", "answered"), ("operator", "none")]
    assert measured.first_release == "far"


@pytest.mark.parametrize("percent", [1, 3, 5])
def test_lost_packets_never_make_a_wrong_number(tmp_path: Path, percent: int) -> None:
    lost = set(np.random.default_rng(percent).permutation(1500)[: 15 * percent].tolist())
    _, measured = call(FarEnd().says(0.1, 200).sounds_like(0.4, rung(7.4)), tmp_path, lost=lost.__contains__)
    leg = measured.legs[0]
    assert leg.answer_latency_s is not None
    assert 7.4 in leg.answer_latency_s


def test_a_record_survives_its_journey_through_json(tmp_path: Path) -> None:
    record, _ = call(direct(2.0), tmp_path)
    assert record_from_dict(record.to_dict()) == record


def test_closing_a_recording_changes_no_sample_and_no_number(tmp_path: Path) -> None:
    record, measured = call(direct(2.0), tmp_path)
    before = far_side(record, tmp_path)
    closed = close_recording(record, tmp_path)
    assert np.array_equal(far_side(closed, tmp_path)[: len(before)], before)
    assert measure(build_timeline(closed, far_side(closed, tmp_path), PLAN)).to_dict() == measured.to_dict()


def test_signals_later_by_a_shift_leave_the_latency_alone(tmp_path: Path) -> None:
    _, measured = call(direct(4.0), tmp_path)
    far = direct(4.0)
    later = replace(
        far,
        messages=tuple((at + 1.0, m, s) for at, m, s in far.messages),
        sounds=tuple((at + 1.0, x) for at, x in far.sounds),
    )
    _, shifted = call(later, tmp_path)
    one, other = measured.legs[0].answer_latency_s, shifted.legs[0].answer_latency_s
    assert one is not None
    assert other is not None
    assert abs(one.middle - other.middle) < 0.03


def silent(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.int16)


def rings_then_talks(*after: np.ndarray) -> FarEnd:
    """180 without sound, 200 after 6.2 s, a greeting, then whatever comes."""
    return FarEnd().says(0.1, 180).says(6.3, 200).sounds_like(6.7, np.concatenate([voice(), *after]))


def test_a_transfer_behind_a_person_is_not_taken_for_a_gateway_that_answered_early(tmp_path: Path) -> None:
    _, measured = call(rings_then_talks(silent(0.8), rung(4.3)), tmp_path)
    leg = measured.legs[0]
    assert (leg.outcome, leg.pick_up_source) == ("answered", "signalled")
    assert leg.answer_latency_s is not None
    assert 6.2 in leg.answer_latency_s
    assert leg.answer_latency_s.width < 0.05


def test_a_busy_tone_after_the_talk_is_a_farewell_and_no_busy_line(tmp_path: Path) -> None:
    _, measured = call(rings_then_talks(silent(0.7), tone("busy", 20)), tmp_path)
    assert measured.outcome == "answered"
    assert measured.first_release == "far"
    assert measured.legs[0].answer_latency_s is not None
    assert 6.2 in measured.legs[0].answer_latency_s


def test_music_behind_an_early_answer_is_nobody_and_gives_no_number(tmp_path: Path) -> None:
    music = sound.to_pcm(sound.prompt("hold-music", RATE))
    far = FarEnd().says(0.1, 180).says(0.2, 200).sounds_like(0.5, np.concatenate([music, silent(0.5), voice()]))
    _, measured = call(far, tmp_path)
    leg = measured.legs[0]
    assert (leg.provisional, leg.music, leg.answer_latency_s, leg.rings) == (True, True, None, None)


def answered_after(record: CallRecord) -> float:
    return next(act.at_s for act in record.acts if act.do == "answered")


def test_a_first_note_that_passes_for_a_word_is_waited_through_with_its_music(tmp_path: Path) -> None:
    note = voice()[round(0.3 * RATE) : round(0.5 * RATE)]
    music = sound.to_pcm(sound.prompt("hold-music", RATE))[2 * RATE :]
    queue = np.concatenate([note, silent(0.9), music, silent(0.5), voice()])
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.2, queue), tmp_path)
    assert answered_after(record) > 0.2 + (len(note) + len(music)) / RATE


def test_whoever_says_one_brief_word_is_not_kept_waiting(tmp_path: Path) -> None:
    word = voice()[round(0.3 * RATE) : round(0.5 * RATE)]
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.2, word), tmp_path)
    assert answered_after(record) < 2.5


def test_speech_before_the_answer_is_an_announcement(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 183).sounds_like(0.3, voice()).says(8.0, 200).sounds_like(8.4, voice())
    _, measured = call(far, tmp_path)
    leg = measured.legs[0]
    assert leg.pick_up_s is not None
    assert 8.02 in leg.pick_up_s


def test_a_call_never_lasts_longer_than_the_agency_allows(tmp_path: Path) -> None:
    talk = np.concatenate([voice() for _ in range(30)])
    record, _ = call(FarEnd().says(0.1, 200).sounds_like(0.3, talk), tmp_path, longest_s=20.0)
    assert record.duration_s < 21


@pytest.mark.parametrize(("digit", "outcome"), [("9", "none"), ("1", "fault_ours")])
def test_a_silent_menu_ends_without_a_number_and_a_digit_without_effect_is_void(
    tmp_path: Path, digit: str, outcome: str
) -> None:
    far = FarEnd().says(0.1, 200).sounds_like(0.3, voice()).after(digit, FarEnd().hangs_up(9.0))
    _, measured = call(far, tmp_path, "ivr-operator-extension")
    operator = measured.leg("operator")
    assert operator is not None
    assert (operator.outcome, operator.answer_latency_s) == (outcome, None)
    assert measured.outcome == outcome
