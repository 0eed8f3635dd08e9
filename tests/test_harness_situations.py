"""Situations in which a number would be wrong, or an outcome a unit's zero that it never earned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from agency_folder import leave_for, make_agency
from test_harness_caller import NUMBER, PLAN, RATE, call, menu, rings_then_talks, rung, silent, tone, voice

import harness.softphone.real_call
from dsp.segment import Span
from harness.caller import place_call
from harness.facts import facts_of
from harness.measure import Measured, measure
from harness.measured_leg import MeasuredLeg
from harness.number_gate import Permit
from harness.record import Act, CallRecord
from harness.recording import close_recording, far_side
from harness.scenario import load_scenario
from harness.softphone.errors import SoftphoneError, WorkerLost
from harness.softphone.message import parse_message
from harness.softphone.real_call import RealCall
from harness.softphone.scripted import FarEnd, ScriptedCall, ScriptedSoftphone
from harness.softphone.signals import SipSignal
from harness.switchboard import sound
from harness.timeline import build_timeline

LAG_S = 0.03
"""So much later than its packet a sound stands in a real recording."""


def unit(measured: Measured) -> MeasuredLeg:
    leg = measured.leg("unit")
    assert leg is not None
    return leg


def holds(leg: MeasuredLeg, latency_s: float, rings: int) -> bool:
    """Whether a leg's numbers, where it has them, hold the truth."""
    latency = leg.answer_latency_s
    in_time = latency is None or latency_s in latency.widened(0.001, 0.001)
    return in_time and (leg.rings is None or leg.rings[0] <= rings <= leg.rings[1])


# --- where the rules' clock starts ----------------------------------------------------------------------


def test_ringing_that_is_heard_long_after_the_180_may_be_the_second_telephone(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 180).says(9.1, 183).sounds_like(9.1 + LAG_S, tone("ringback", 4.0)).says(13.1, 200)
    _, measured = call(far.sounds_like(13.5, voice()), tmp_path)
    assert holds(unit(measured), 13.0, 5)
    assert holds(unit(measured), 4.0, 2)


def test_a_telephone_rings_from_its_180_on_whatever_183_came_before(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 183).says(5.1, 180).says(10.1, 200).sounds_like(10.5, voice())
    _, measured = call(far, tmp_path)
    assert holds(unit(measured), 5.0, 2)


def test_a_183_alone_does_not_say_when_it_began_to_ring(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 183).sounds_like(0.3, voice()).says(12.1, 200).sounds_like(12.5, voice())
    _, measured = call(far, tmp_path)
    assert all(holds(unit(measured), rang_for, rings) for rang_for, rings in [(1.0, 1), (7.0, 3), (11.9, 4)])


def test_an_early_dialog_that_ended_is_no_ringing(tmp_path: Path) -> None:
    _, measured = call(FarEnd().says(0.1, 199).says(8.1, 200).sounds_like(8.5, voice()), tmp_path)
    assert unit(measured).answer_latency_s is None


def test_colour_ringback_counts_seconds_and_no_rings(tmp_path: Path) -> None:
    music = np.resize(sound.to_pcm(sound.prompt("hold-music", RATE)), 20 * RATE)
    far = FarEnd().says(0.1, 183).sounds_like(0.3, music).says(8.1, 200).sounds_like(8.5, voice())
    _, measured = call(far, tmp_path)
    assert unit(measured).rings is None
    assert holds(unit(measured), 7.8, 3)


def test_ringback_that_runs_on_a_little_behind_the_answer_makes_the_pick_up_less_certain(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 183).sounds_like(0.1 + LAG_S, tone("ringback", 6.3)).says(5.95, 200)
    _, measured = call(far.sounds_like(6.5, voice()), tmp_path)
    assert holds(unit(measured), 5.85, 2)
    assert holds(unit(measured), 6.3, 3)


# --- nobody answered: only what was waited out ----------------------------------------------------------


def test_an_announcement_is_no_ringing_and_no_unit_s_zero(tmp_path: Path) -> None:
    _, measured = call(FarEnd().says(0.1, 183).sounds_like(0.3, voice()), tmp_path)
    assert measured.outcome == "fault_ours"


@pytest.mark.parametrize("status", [408, 480, 487])
def test_ringing_that_the_far_end_ends_early_is_a_candidate_and_no_zero(tmp_path: Path, status: int) -> None:
    _, measured = call(FarEnd().says(0.1, 180).says(4.1, status), tmp_path)
    facts = facts_of(measured)["legs"]["unit"]
    assert (facts["outcome"], facts["fault_confirmed"]) == ("fault_theirs", False)


def test_a_gateway_that_hangs_up_while_it_rings_is_no_unit_s_zero(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 200).sounds_like(0.3, tone("ringback", 60)).hangs_up(5.5)
    _, measured = call(far, tmp_path)
    assert measured.outcome == "rejected"


@pytest.mark.parametrize("status", [180, 200])
def test_ringing_that_we_cut_short_is_void(tmp_path: Path, status: int) -> None:
    far = FarEnd().says(0.1, status).sounds_like(0.1 + LAG_S, tone("ringback", 60))
    _, measured = call(far, tmp_path, longest_s=12.0)
    assert measured.outcome == "fault_ours"


@pytest.mark.parametrize("quiet_s", [4.5, 6.0, 9.0])
def test_a_gateway_that_answers_long_before_it_rings_is_waited_for(tmp_path: Path, quiet_s: float) -> None:
    ringing = np.concatenate([tone("ringback", 13.5), silent(0.5), voice()])
    _, measured = call(FarEnd().says(0.1, 200).sounds_like(quiet_s + LAG_S, ringing), tmp_path)
    assert measured.outcome == "answered"
    assert holds(unit(measured), 13.5, 5)


def test_a_transfer_that_the_far_end_breaks_off_is_no_unit_s_zero(tmp_path: Path) -> None:
    behind = np.concatenate([voice(), silent(1.0), tone("ringback", 60)])
    far = FarEnd().says(0.1, 180).says(4.1, 200).sounds_like(4.5, behind).hangs_up(14.0)
    _, measured = call(far, tmp_path, "switchboard-no-ivr")
    assert unit(measured).outcome == "rejected"


def test_nobody_hung_up_first_on_a_call_that_nobody_answered(tmp_path: Path) -> None:
    _, measured = call(FarEnd().says(0.1, 180).says(4.1, 486), tmp_path)
    assert not measured.release_valid


@pytest.mark.parametrize("picked_s", [24.4, 25.5, 26.2, 26.9])
def test_behind_a_gateway_a_pick_up_in_the_last_gap_is_no_missed_call(tmp_path: Path, picked_s: float) -> None:
    ringing = np.concatenate([tone("ringback", picked_s), silent(2.0), voice()])
    _, measured = call(FarEnd().says(0.1, 200).sounds_like(0.2 + LAG_S, ringing), tmp_path)
    assert measured.outcome == "answered"
    assert holds(unit(measured), picked_s, 9)


@pytest.mark.parametrize("answer_s", [26.0, 26.5, 26.9])
@pytest.mark.parametrize("audible", [True, False])
def test_who_picks_up_at_the_last_moment_is_not_hung_up_on(tmp_path: Path, answer_s: float, audible: bool) -> None:
    far = FarEnd().says(0.1, 180).says(0.1 + answer_s, 200)
    far = far.sounds_like(0.1 + LAG_S, tone("ringback", answer_s)) if audible else far
    _, measured = call(far.sounds_like(0.1 + answer_s + 1.5, voice()), tmp_path)
    assert (measured.outcome, unit(measured).provisional) == ("answered", False)
    assert measured.talk_s > 2.0
    assert holds(unit(measured), answer_s, 9)


def test_a_slow_cadence_is_waited_out(tmp_path: Path) -> None:
    t = np.arange(round(17.5 * RATE)) / RATE
    slow = (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * 4000 * (t % 3.4 < 1.15)
    ringing = np.concatenate([slow.astype(np.int16), silent(0.4), voice()])
    record, measured = call(FarEnd().says(0.1, 200).sounds_like(0.2 + LAG_S, ringing), tmp_path)
    assert measured.outcome == "answered"
    assert holds(unit(measured), 17.5, 6)
    assert next(a.at_s for a in record.acts if a.do == "answered") > 17.5


@pytest.mark.parametrize("gap_s", [0.05, 0.15, 0.4])
def test_one_ring_right_behind_a_gateway_s_answer_is_a_ring(tmp_path: Path, gap_s: float) -> None:
    ringing = np.concatenate([tone("ringback", 1.6), silent(0.7), voice()])
    _, measured = call(FarEnd().says(0.1, 180).says(0.14, 200).sounds_like(0.14 + gap_s, ringing), tmp_path)
    assert holds(unit(measured), 1.6, 1)


# --- only a person can tell -----------------------------------------------------------------------------


def test_an_announcement_before_the_real_ringing_is_shown_to_a_person(tmp_path: Path) -> None:
    behind = np.concatenate([voice(), silent(0.6), tone("ringback", 7.4), silent(0.4), voice()])
    _, measured = call(FarEnd().says(0.1, 180).says(0.2, 200).sounds_like(0.6, behind), tmp_path)
    assert unit(measured).provisional


@pytest.mark.parametrize("audible", [True, False])
def test_an_answer_without_a_word_and_then_a_busy_tone_is_no_busy_line(tmp_path: Path, audible: bool) -> None:
    far = FarEnd().says(0.1, 180)
    far = far.sounds_like(0.1 + LAG_S, tone("ringback", 60)) if audible else far
    far = far.says(6.3, 200).sounds_like(6.3 + LAG_S, np.concatenate([silent(1.5), tone("busy", 20)]))
    _, measured = call(far, tmp_path)
    leg = unit(measured)
    assert (leg.outcome, leg.provisional) == ("answered", True)
    assert holds(leg, 6.2, 3)


# --- clocks ---------------------------------------------------------------------------------------------


def test_sound_that_the_recorder_lost_may_have_moved_a_sound_towards_its_start(tmp_path: Path) -> None:
    record, _ = call(FarEnd().says(0.1, 180).says(2.1, 200).sounds_like(2.5, voice()), tmp_path)
    assert record.wall_s is not None
    stalled = replace(record, wall_s=record.wall_s + 0.5)
    timeline = build_timeline(stalled, far_side(record, tmp_path), PLAN)
    assert 3.0 - LAG_S - 0.01 in timeline.on_the_wire(Span(round(2.5 * RATE), round(2.5 * RATE)))


def test_the_delay_of_a_transfer_is_measured_on_one_clock(tmp_path: Path) -> None:
    _, measured = call(menu(), tmp_path, "ivr-operator-extension")
    delay = unit(measured).transfer_delay_s
    assert delay is not None
    assert 1.2 in delay


def test_bursts_behind_an_answer_that_losses_tore_say_nothing_of_the_pick_up(tmp_path: Path) -> None:
    torn = np.concatenate([tone("ringback", 0.28), silent(2.72), tone("ringback", 0.08), silent(0.6), voice()])
    _, measured = call(FarEnd().says(0.1, 180).says(0.2, 200).sounds_like(0.6, torn), tmp_path)
    leg = unit(measured)
    assert leg.answer_latency_s is None or 3.7 in leg.answer_latency_s.widened(0.1, 0.1)


# --- the telephone fails --------------------------------------------------------------------------------


class Troubled:
    """A scripted telephone whose calls are kept, so that a test can see how they ended."""

    def __init__(self, far: FarEnd) -> None:
        self.telephone, self.calls = ScriptedSoftphone({NUMBER: far}), list[ScriptedCall]()
        self.sample_rate_hz = RATE

    def dial(self, leave: Permit, **rest: Any) -> ScriptedCall:
        self.calls.append(self.telephone.dial(leave, **rest))
        return self.calls[-1]


def place(telephone: Troubled, folder: Path, progress: Callable[[Act], None] = lambda _: None) -> CallRecord:
    return place_call(
        load_scenario("extension-direct"),
        telephone,
        leave=leave_for(NUMBER, make_agency(folder / "agency", {NUMBER: "127.0.0.1:5060"})),
        call_id="test",
        folder=folder,
        plan=PLAN,
        started=datetime(2026, 11, 22, tzinfo=UTC),
        progress=progress,
    )


def test_whoever_interrupts_nobody_is_left_ringing(tmp_path: Path) -> None:
    def watch(act: Act) -> None:
        raise KeyboardInterrupt

    telephone = Troubled(FarEnd().says(0.1, 180))
    with pytest.raises(KeyboardInterrupt):
        place(telephone, tmp_path, watch)
    assert telephone.calls[0].over
    assert (tmp_path / "test.far.wav").exists()


def test_a_fault_of_our_own_during_the_call_keeps_its_record_and_is_void(tmp_path: Path) -> None:
    def watch(act: Act) -> None:
        raise BrokenPipeError

    telephone = Troubled(FarEnd().says(0.1, 180))
    record = place(telephone, tmp_path, watch)
    measured = measure(build_timeline(record, far_side(record, tmp_path), PLAN))
    assert telephone.calls[0].over
    assert (record.fault, measured.outcome) == ("softphone.broke", "fault_ours")


@pytest.mark.parametrize("status", [180, 200])
def test_ringing_that_our_own_telephone_lost_is_void(tmp_path: Path, status: int) -> None:
    far = FarEnd().says(0.1, status).sounds_like(0.1 + LAG_S, tone("ringback", 60))
    telephone = Troubled(far)

    def watch(act: Act) -> None:
        if act.do == "wait":
            call = telephone.calls[0]
            call.advance = losing(call)  # type: ignore[method-assign]

    record = place(telephone, tmp_path, watch)
    measured = measure(build_timeline(record, far_side(record, tmp_path), PLAN))
    assert measured.outcome == "fault_ours"


def losing(call: ScriptedCall) -> Callable[[float], tuple[SipSignal, ...]]:
    """Let time pass as it does, until the process dies at 7 s."""
    passes = call.advance

    def advance(seconds: float) -> tuple[SipSignal, ...]:
        if call.now_s() > 7.0 and not call.over:
            call.lose()
            raise WorkerLost("softphone.worker_lost", status=-9)
        return passes(seconds)

    return advance


def real_call(folder: Path) -> tuple[RealCall, list[dict[str, Any]]]:
    """A call of the real telephone whose worker is a list of the commands that it got."""
    commands = list[dict[str, Any]]()
    worker = SimpleNamespace(command=lambda **command: commands.append(command))
    return RealCall(worker, leg="test", folder=folder, sample_rate_hz=RATE), commands  # type: ignore[arg-type]


def test_an_error_takes_no_signal_with_it(tmp_path: Path) -> None:
    call, _ = real_call(tmp_path)
    signal = SipSignal(earliest_s=1.0, latest_s=1.0, kind="response", direction="rx", method="INVITE", status=200)
    call.take_event({"event": "signal", "signal": signal.to_dict()})
    call.take_event({"event": "error", "key": "softphone.refused", "values": {}})
    with pytest.raises(SoftphoneError):
        call.advance(0)
    assert [s.status for s in call.advance(0)] == [200]


def test_a_worker_that_was_only_slow_is_told_not_to_ring_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.softphone.real_call, "START_S", 0.0)
    call, commands = real_call(tmp_path)
    with pytest.raises(WorkerLost):
        call.start({"uri": "sip:1@127.0.0.1", "headers": {}})
    assert [command["do"] for command in commands] == ["dial", "hang_up"]


def test_words_in_big5_are_read_and_can_be_written() -> None:
    bytes_ = b"SIP/2.0 486 " + "忙線中".encode("cp950") + b"\r\nCSeq: 1 INVITE\r\n\r\n"
    message = parse_message(bytes_.decode("utf-8", "surrogateescape"))
    assert (message.status, message.reason) == (486, "忙線中")
    parse_message("SIP/2.0 486 \ud800\udcff\r\nCSeq: 1 INVITE\r\n\r\n").reason.encode()


# --- one telephone behind another -----------------------------------------------------------------------


def put_through(first: np.ndarray, *behind: np.ndarray) -> FarEnd:
    """An operator's telephone rings, audible before the 200, and what comes behind it."""
    far = FarEnd().says(0.1, 183).says(0.15 + len(first) / RATE, 200)
    return far.sounds_like(0.15 + LAG_S, np.concatenate([first, *behind]))


@pytest.mark.parametrize("answer_s", [0.99, 1.03, 4.3])
@pytest.mark.parametrize("quiet_s", [0.35, 1.0])
def test_each_telephone_keeps_its_own_ringing_however_fast_the_operator_is(
    tmp_path: Path, answer_s: float, quiet_s: float
) -> None:
    operator = np.concatenate([tone("ringback", answer_s), voice(2.2), silent(quiet_s), tone("ringback", 6.4), voice()])
    spoken = sound.to_pcm(sound.prompt("ivr-menu", RATE))
    far = FarEnd().says(0.1, 180).says(2.1, 200).sounds_like(2.4, spoken)
    far = far.after("9", FarEnd().sounds_like(0.5 + LAG_S, operator))
    _, measured = call(far, tmp_path, "ivr-operator-extension")
    found = measured.leg("operator")
    assert found is not None
    assert found.answer_latency_s is not None
    assert holds(found, answer_s, int(answer_s // 3) + 1)
    assert unit(measured).answer_latency_s is not None
    assert holds(unit(measured), 6.4, 3)


def test_a_transfer_to_a_busy_telephone_at_once_is_busy(tmp_path: Path) -> None:
    far = put_through(tone("ringback", 4.3), silent(0.3), voice(2.5), silent(0.3), tone("busy", 30))
    _, measured = call(far, tmp_path, "switchboard-no-ivr")
    assert (measured.outcome, unit(measured).answer_latency_s) == ("busy", None)


@pytest.mark.parametrize("behind_s", [20.94, 21.0, 21.1])
@pytest.mark.parametrize("scenario", ["extension-direct", "switchboard-no-ivr"])
def test_a_second_telephone_that_rings_in_the_beat_of_the_first_changes_nothing(
    tmp_path: Path, behind_s: float, scenario: str
) -> None:
    quiet = silent(behind_s - 17.99 - 0.9 - 1.5)
    far = put_through(tone("ringback", 17.99), silent(0.9), voice(1.5), quiet, tone("ringback", 10.0), voice())
    _, measured = call(far, tmp_path, scenario)
    assert measured.legs[0].answer_latency_s is not None
    assert holds(measured.legs[0], 17.99, 6)
    if scenario != "extension-direct":
        assert holds(unit(measured), 10.0, 4)


@pytest.mark.parametrize("lost_at", [0.0, 0.02, 0.04])
def test_a_ring_that_was_cut_at_once_and_lost_a_packet_is_not_denied(tmp_path: Path, lost_at: float) -> None:
    begins = 0.02 + 0.15 + LAG_S + 6.0
    lost = {round((begins + lost_at) / 0.02)}
    far = FarEnd().says(0.1, 200)
    far = far.sounds_like(0.15 + LAG_S, np.concatenate([tone("ringback", 6.05), silent(0.5), voice()]))
    _, measured = call(far, tmp_path, lost=lost.__contains__)
    assert unit(measured).answer_latency_s is not None
    assert holds(unit(measured), 6.05, 3)


@pytest.mark.parametrize("rang_s", [0.0, 0.9])
@pytest.mark.parametrize("scenario", ["extension-direct", "switchboard-no-ivr"])
def test_a_recording_that_answers_at_once_and_then_rings_is_no_fast_operator(
    tmp_path: Path, rang_s: float, scenario: str
) -> None:
    behind = np.concatenate([voice(), silent(0.6), tone("ringback", 7.4), silent(0.4), voice(), silent(2.0)])
    far = FarEnd().says(0.1, 180).says(0.1 + rang_s, 200).sounds_like(0.5 + rang_s, behind)
    _, measured = call(far, tmp_path, scenario)
    assert all(leg.provisional for leg in measured.legs)
    assert [(leg.rings, leg.answer_latency_s) for leg in measured.legs] == [(None, None)] * len(measured.legs)


def test_an_operator_who_took_her_time_keeps_it_though_a_telephone_rings_behind_her(tmp_path: Path) -> None:
    _, measured = call(rings_then_talks(silent(0.8), rung(4.3)), tmp_path, "switchboard-no-ivr")
    assert measured.legs[0].answer_latency_s is not None
    assert 6.2 in measured.legs[0].answer_latency_s


@pytest.mark.parametrize("between", [silent(0.7), np.concatenate([silent(0.5), tone("ringback", 4.0)])])
def test_a_busy_tone_behind_a_spoken_transfer_does_not_say_who_hung_up_first(
    tmp_path: Path, between: np.ndarray
) -> None:
    far = rings_then_talks(between, tone("busy", 12)).hangs_up(40.0)
    _, measured = call(far, tmp_path)
    assert not measured.release_valid
    assert "caller_hung_up_first" not in facts_of(measured, signals_release=True)


# --- what is left of a call -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [None, 0, 43, 44, 46])
def test_a_call_that_ended_before_its_first_block_was_written_is_kept_all_the_same(
    tmp_path: Path, size: int | None
) -> None:
    record, _ = call(FarEnd().says(0.1, 486), tmp_path)
    for side in ("far", "near"):
        path = tmp_path / record.files[side]
        path.unlink()
        if size is not None:
            path.write_bytes((b"RIFF" + bytes(60))[:size])
    closed = close_recording(record, tmp_path)
    assert measure(build_timeline(closed, far_side(closed, tmp_path), PLAN)).outcome == "busy"


def test_sound_that_only_one_recorder_lost_is_still_missed_after_closing(tmp_path: Path) -> None:
    record, _ = call(FarEnd().says(0.1, 180).says(2.1, 200).sounds_like(2.5, voice()), tmp_path)
    path = tmp_path / record.files["far"]
    path.write_bytes(path.read_bytes()[: -2 * RATE])
    short = replace(record, duration_s=record.duration_s - 1.0)
    assert close_recording(short, tmp_path).clock_error_s == pytest.approx(1.0, abs=0.01)
