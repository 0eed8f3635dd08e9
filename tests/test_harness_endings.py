"""How a call ended: every situation has its outcome, whose doing it was, its sentence, and the messages behind it."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from test_harness_test_call import agency, answered_after, placed, tone  # noqa: F401

from dsp.tone_plan import load_plan
from harness.again import hear_again
from harness.cli.program import thirdring
from harness.confirming import confirm_fault, confirmed_as
from harness.ending import CANDIDATES, ending_of
from harness.ending_cause import VOID, cause_of
from harness.errors import WrongInput
from harness.facts import facts_of
from harness.measure import measure
from harness.q850 import Reason, q850_of, reasons_of
from harness.record import Act, CallRecord
from harness.refusal_log import REFUSALS, log_refused_leads
from harness.softphone.scripted import FarEnd
from harness.softphone.signals import SipSignal
from harness.store import open_store
from harness.timeline import build_timeline
from harness.words import catalogue
from rubric.sheet import to_dict

RATE, PLAN = 8000, load_plan("tw")
PHRASES = {180: "Ringing", 183: "Session Progress", 200: "OK", 486: "Busy Here", 503: "Service Unavailable"}


def sip(at_s, status=0, method="INVITE", direction="rx", kind="", **more):
    """One signal of a call, at an instant of its clock."""
    kind = kind or ("response" if status else "request")
    reason = more.pop("reason", PHRASES.get(status, ""))
    headers = tuple(more.pop("headers", ()))
    fields = {"kind": kind, "direction": direction, "method": method, "status": status, "reason": reason}
    return SipSignal(earliest_s=at_s, latest_s=at_s, headers=headers, **fields, **more)


INVITE = sip(0.0, method="INVITE", direction="tx")


def gone(at_s, by="rx", status=0, reason=""):
    return sip(at_s, status, method="", direction=by, kind="released", reason=reason)


def q850(cause, location=""):
    return [("reason", f'Q.850;cause={cause};text="x"' + (f";location={location}" if location else ""))]


def record_of(*signals, acts=(), packets=500, fault="", seconds=3.0):
    acts = (Act(at_s=0.0, do="dial"), Act(at_s=0.0, do="wait", leg="unit"), *acts)
    return CallRecord(
        call_id="c",
        unit="u",
        number="301",
        scenario="extension-direct",
        started_at="2026-11-22T10:00:00+08:00",
        zero_s=0.0,
        zero_error_s=0.0,
        sample_rate_hz=RATE,
        duration_s=seconds,
        wall_s=seconds,
        signals=(INVITE, *signals),
        acts=acts,
        legs=("unit",),
        packets=packets,
        fault=fault,
    )


def ended(*signals, samples=None, **values):
    """The ending of a call that brought these signals, and the facts that the rubric would get."""
    samples = np.zeros(round(3.0 * RATE), np.int16) if samples is None else samples
    record = record_of(*signals, **{"seconds": len(samples) / RATE} | values)
    timeline = build_timeline(record, samples, PLAN)
    measured = measure(timeline)
    ending = ending_of(timeline, measured)
    assert ending.outcome == measured.outcome
    assert ending_of(timeline, measured) == ending
    legs = facts_of(measured)["legs"]
    return ending, legs.get("unit")


def refused(status, *, rang=False, headers=(), reason="x"):
    """A final response, perhaps behind a 180."""
    before = [sip(0.2, 180)] if rang else []
    return (*before, sip(4.0, status, headers=headers, reason=reason), gone(4.0, "rx", status))


# status, rang before, headers -> case, outcome, whose
STATUSES = [
    ((401, False, ()), "password", VOID, "ours"),
    ((407, False, ()), "password", VOID, "ours"),
    ((403, False, ()), "forbidden", VOID, "unclear"),
    ((403, True, ()), "declined", "rejected", "theirs"),
    ((403, False, q850(21)), "declined", "rejected", "theirs"),
    ((404, False, ()), "no_such_number", "fault_theirs", "theirs"),
    ((404, False, q850(3)), "no_route", VOID, "ours"),
    ((408, False, ()), "server_timeout", VOID, "unclear"),
    ((408, True, ()), "ended_ringing", "rejected", "theirs"),
    ((410, False, ()), "number_changed", "fault_theirs", "theirs"),
    ((480, False, ()), "not_reachable", "fault_theirs", "theirs"),
    ((480, True, ()), "rang_out", "fault_theirs", "theirs"),
    ((480, True, q850(19)), "rang_out", "fault_theirs", "theirs"),
    ((480, False, q850(18)), "not_reachable", "fault_theirs", "theirs"),
    ((480, False, q850(20)), "not_reachable", "fault_theirs", "theirs"),
    ((484, False, ()), "incomplete", VOID, "unclear"),
    ((484, False, q850(28)), "incomplete", VOID, "unclear"),
    ((486, False, ()), "busy", "busy", "nobody"),
    ((486, False, q850(17)), "busy", "busy", "nobody"),
    ((503, False, q850(17)), "busy", "busy", "nobody"),
    ((600, False, ()), "busy", "busy", "nobody"),
    ((487, False, ()), "ended_by_network", VOID, "unclear"),
    ((487, True, ()), "ended_ringing", "rejected", "theirs"),
    ((488, False, ()), "no_codec", VOID, "ours"),
    ((606, False, ()), "no_codec", VOID, "ours"),
    ((488, False, q850(88)), "no_codec", VOID, "ours"),
    ((400, False, ()), "bad_request", VOID, "ours"),
    ((482, False, ()), "bad_request", VOID, "ours"),
    ((500, False, ()), "trunk", VOID, "ours"),
    ((503, False, ()), "trunk", VOID, "ours"),
    ((503, True, ()), "failed_after_18x", VOID, "unclear"),
    ((502, False, ()), "beyond_trunk", VOID, "unclear"),
    ((504, False, ()), "beyond_trunk", VOID, "unclear"),
    ((502, False, q850(27)), "out_of_order", "fault_theirs", "theirs"),
    ((502, False, q850(27, "LN")), "network_trouble", VOID, "ours"),
    ((503, False, q850(34)), "network_trouble", VOID, "unclear"),
    ((503, False, q850(34, "LPN")), "network_trouble", VOID, "ours"),
    ((503, True, q850(34, "RPN")), "network_trouble_theirs", "fault_theirs", "theirs"),
    ((503, False, q850(38)), "network_trouble", VOID, "unclear"),
    ((503, False, q850(41, "U")), "network_trouble_theirs", "fault_theirs", "theirs"),
    ((503, False, q850(42)), "network_trouble", VOID, "unclear"),
    ((404, False, q850(1)), "no_such_number", "fault_theirs", "theirs"),
    ((404, False, q850(22)), "number_changed", "fault_theirs", "theirs"),
    ((503, False, q850(16)), "trunk", VOID, "ours"),
    ((503, False, q850(999)), "trunk", VOID, "ours"),
    ((487, False, [("reason", 'SIP;cause=200;text="Call completed elsewhere"')]), "answered_elsewhere", VOID, "nobody"),
    ((603, False, ()), "declined", "rejected", "theirs"),
    ((604, False, ()), "no_such_number", "fault_theirs", "theirs"),
    ((607, False, ()), "caller_refused", VOID, "unclear"),
    ((699, False, ()), "declined", "rejected", "theirs"),
    ((302, False, [("contact", "<sip:0912345678@pbx>")]), "redirect_refused", VOID, "nobody"),
]


@pytest.mark.parametrize(("message", "case", "outcome", "whose"), STATUSES)
def test_a_final_response_has_its_outcome_and_whose_doing_it_was(message, case, outcome, whose):
    status, rang, headers = message
    ending, leg = ended(*refused(status, rang=rang, headers=headers))
    assert (ending.case, ending.outcome, ending.whose) == (case, outcome, whose)
    if "{said}" in catalogue()[f"ending.{case}"]["zh"]:
        assert f"{status} x" in ending.sentence["zh"]
        assert f"{status} x" in ending.sentence["en"]
    assert any(f"SIP/2.0 {status} x" in one.line for one in ending.messages)
    assert ending.confirmed == (outcome not in CANDIDATES)
    assert ending.retry == ("later" if outcome == VOID else "never")
    assert leg["outcome"] in ("busy", VOID, "fault_theirs")
    assert leg.get("fault_confirmed", True) == (leg["outcome"] != "fault_theirs")


@given(status=st.integers(300, 699), rang=st.booleans(), cause=st.none() | st.integers(0, 127))
def test_a_refusal_of_any_kind_is_never_a_score_of_zero_by_itself(status, rang, cause):
    """Busy is a result; all else is void, or a candidate that nobody has confirmed yet."""
    headers = () if cause is None else q850(cause)
    found = cause_of((INVITE, *refused(status, rang=rang, headers=tuple(headers))), rang=rang)
    assert (found.outcome, found.whose) in {
        ("busy", "nobody"),
        ("rejected", "theirs"),
        ("fault_theirs", "theirs"),
        (VOID, "ours"),
        (VOID, "unclear"),
        (VOID, "nobody"),
    }
    assert f"ending.{found.case}" in catalogue()
    assert found.drawn


def test_retry_after_says_when():
    ending, _ = ended(*refused(503, headers=[("retry-after", "120 (maintenance);duration=60")]))
    assert (ending.retry, ending.retry_after_s) == ("after_s", 120.0)
    assert "120" in ending.sentence["zh"]
    for junk in ("soon", "-5", "", "１２"):
        ending, _ = ended(*refused(503, headers=[("retry-after", junk)]))
        assert (ending.retry, ending.retry_after_s) == ("later", None)
    ending, _ = ended(*refused(486, headers=[("retry-after", "60")]))
    assert (ending.retry, ending.retry_after_s) == ("never", None)


# --- who said it, and when ----------------------------------------------------------------------------------


def test_a_password_that_was_asked_for_and_given_is_no_ending():
    ending, leg = ended(sip(0.1, 407), sip(0.3, 180), *refused(486))
    assert (ending.case, leg["outcome"]) == ("busy", "busy")


def test_a_redirection_that_was_followed_is_told_and_its_end_counts():
    moved = sip(0.1, 302, reason="Moved", headers=[("contact", "<sip:205@pbx>")])
    followed = sip(0.1, 302, kind="redirected", direction="own", reason="sip:205@pbx")
    ending, _ = ended(moved, followed, sip(0.3, 180, dialog=1), sip(4.0, 486, dialog=1), gone(4.0))
    assert ending.case == "busy"
    assert "sip:205@pbx" in ending.sentence["zh"]
    assert any("redirected" in one.line for one in ending.messages)


def test_a_487_after_our_own_cancel_is_ours():
    gave_up = (Act(at_s=27.3, do="gave_up", leg="unit", detail="no_answer"),)
    cancel = sip(27.3, method="CANCEL", direction="tx")
    ending, leg = ended(sip(0.2, 180), cancel, gone(27.3, "tx", 487), sip(27.4, 487), acts=gave_up)
    assert (ending.outcome, ending.whose, leg["outcome"]) == ("no_answer", "nobody", "no_answer")
    assert [one.source for one in ending.messages if "gave_up" in one.line] == ["act"]
    ending, leg = ended(sip(0.2, 183), cancel, gone(27.3, "tx", 487), sip(27.4, 487), acts=gave_up)
    assert (ending.case, leg["outcome"]) == ("no_final", VOID)


def test_ringing_that_our_longest_call_cut_short_is_void():
    ending, leg = ended(sip(0.2, 180), gone(12.0, "tx", 487), acts=(Act(at_s=12.0, do="hang_up"),))
    assert (ending.case, ending.whose, leg["outcome"]) == ("cut_short", "ours", VOID)


def test_nothing_came_back_at_all():
    ending, leg = ended(gone(32.0, "own", 408, "Request Timeout"), packets=0)
    assert (ending.case, ending.whose, leg["outcome"], ending.retry) == ("no_response", "ours", VOID, "later")
    ending, leg = ended(gone(0.1, "own", 503, "Connection refused"), packets=0)
    assert (ending.case, ending.whose, leg["outcome"]) == ("unreachable", "ours", VOID)
    assert "Connection refused" in ending.messages[-1].line
    ending, leg = ended(sip(0.1, 100), gone(36.0, "tx", 487), packets=0)
    assert (ending.case, ending.whose, leg["outcome"]) == ("no_final", "unclear", VOID)


def test_a_line_that_did_not_register():
    failed = sip(0.0, 403, method="REGISTER", kind="registration", reason="Forbidden")
    ending, leg = ended(failed, gone(0.1, "own", 503))
    assert (ending.case, ending.whose, leg["outcome"]) == ("not_registered", "ours", VOID)
    assert "Forbidden" in ending.messages[0].line


@pytest.mark.parametrize(
    ("fault", "detail", "case"),
    [
        ("softphone.worker_lost", "", "worker_lost"),
        ("softphone.worker_silent", "", "worker_lost"),
        ("softphone.broke", "OSError: [Errno 28] No space left on device", "disk"),
        ("softphone.broke", "KeyError: 'x'", "broke"),
        ("walk.digits_no_effect", "", "no_effect"),
        ("anything.else", "", "broke"),
    ],
)
def test_our_own_faults_are_void(fault, detail, case):
    acts = (Act(at_s=5.0, do="fault", detail=detail or fault),)
    ending, leg = ended(sip(0.2, 180), gone(5.0, "tx"), fault=fault, acts=acts)
    assert (ending.case, ending.outcome, ending.whose, leg["outcome"]) == (case, VOID, "ours", VOID)
    assert ending.retry == "later"


def test_what_was_measured_before_our_own_fault_stands():
    ending, leg = ended(sip(0.2, 180), sip(5.0, 200), gone(9.0, "own"), fault="softphone.worker_lost")
    assert (ending.case, ending.outcome, ending.whose) == ("answered_then_fault", "answered", "ours")
    assert leg["answer_latency_s"]["latest"] == pytest.approx(4.8)


# --- sound --------------------------------------------------------------------------------------------------


def test_an_answer_without_one_packet_is_void():
    bye = sip(15.0, method="BYE")
    ending, leg = ended(sip(0.2, 180), sip(5.0, 200), bye, gone(15.0), packets=0)
    assert (ending.case, ending.whose, leg["outcome"], ending.retry) == ("answered_deaf", "unclear", VOID, "later")
    ending, leg = ended(sip(0.2, 180), sip(5.0, 200), bye, gone(15.0), packets=3)
    assert (ending.case, leg["outcome"]) == ("answered", "answered")
    ending, leg = ended(sip(0.2, 180), sip(5.0, 200), sip(6.0, method="BYE"), gone(6.0), packets=0)
    assert leg["outcome"] == "answered"  # hung up at once: nobody had time to speak


def test_sound_that_stopped_is_told():
    up = [sip(0.2, 180), sip(2.0, 200)]
    stopped = sip(5.0, kind="rtp_stopped", direction="own", method="")
    ending, _ = ended(*up, stopped, sip(15.0, method="BYE"), gone(15.0))
    assert "聲音中斷" in ending.sentence["zh"]
    resumed = sip(6.0, kind="rtp_resumed", direction="own", method="")
    ending, _ = ended(*up, stopped, resumed, sip(15.0, method="BYE"), gone(15.0))
    assert "聲音中斷" not in ending.sentence["zh"]
    ending, _ = ended(*up, stopped, sip(5.5, method="BYE"), gone(5.5))
    assert "聲音中斷" not in ending.sentence["zh"]
    absent = sip(7.0, kind="rtp_absent", direction="own", method="")
    ending, _ = ended(*up, absent, sip(15.0, method="BYE"), gone(15.0))
    assert "No sound came after the answer" in ending.sentence["en"]


@pytest.mark.parametrize(("name", "case"), [("busy", "busy_heard"), ("congestion", "congestion_heard")])
def test_a_tone_that_was_heard_is_what_it_was_drawn_from(name, case):
    gave_up = (Act(at_s=6.0, do="gave_up", leg="unit", detail=name),)
    ending, _ = ended(sip(0.1, 183), gone(6.0, "tx", 487), samples=tone(name, 6.0), acts=gave_up)
    assert (ending.case, ending.outcome) == (case, name)
    assert next(one.line.split()[0] for one in ending.messages if one.source == "heard") == name


# --- on the way ---------------------------------------------------------------------------------------------


def test_forwarding_and_transfers_are_told():
    forwarded = sip(0.3, 181, reason="Call Is Being Forwarded")
    ending, _ = ended(sip(0.2, 180), forwarded, forwarded, *refused(486))
    assert ending.sentence["en"].count("(181)") == 1
    away = sip(3.0, method="REFER", kind="refused", direction="own", reason="sip:0912345678@pbx")
    ending, _ = ended(sip(0.2, 180), sip(2.0, 200), away, sip(15.0, method="BYE"), gone(15.0))
    assert ending.outcome == "answered"
    assert "sip:0912345678@pbx" in ending.sentence["zh"]
    taken = sip(3.0, kind="transferred", direction="own", method="", reason="sip:205@pbx")
    ending, _ = ended(sip(0.2, 180), sip(2.0, 200), taken, sip(15.0, method="BYE"), gone(15.0))
    assert "transferred it to sip:205@pbx" in ending.sentence["en"]


def test_who_hung_up_first_is_told():
    up = [sip(0.2, 180), sip(2.0, 200)]
    far, _ = ended(*up, sip(15.0, method="BYE"), gone(15.0))
    near, _ = ended(*up, sip(15.0, method="BYE", direction="tx"), gone(15.0, "tx"))
    assert "the far end hung up first" in far.sentence["en"]
    assert "我方先掛斷" in near.sentence["zh"]


# --- texts of the far end -----------------------------------------------------------------------------------


@given(phrase=st.text(max_size=60), reason=st.text(max_size=60), retry=st.text(max_size=20))
def test_whatever_the_far_end_writes_the_sentence_is_one_line(phrase, reason, retry):
    message = sip(4.0, 503, reason=phrase, headers=[("reason", reason), ("retry-after", retry), ("warning", phrase)])
    found = cause_of((INVITE, message, gone(4.0)), rang=False)
    assert found.outcome in ("busy", "rejected", "fault_theirs", VOID)
    ending, _ = ended(message, gone(4.0), samples=np.zeros(800, np.int16))
    for text in (*ending.sentence.values(), *(one.line for one in ending.messages)):
        assert text.isprintable()
    json.dumps(ending.to_dict())


@pytest.mark.parametrize(
    ("value", "reasons"),
    [
        ("Q.850;cause=17", (Reason("Q.850", 17),)),
        ('Q.850 ;cause=16 ;text="a, b;cause=17"', (Reason("Q.850", 16),)),
        ('SIP;cause=200;text="x", Q.850;cause=34;location=LN', (Reason("SIP", 200), Reason("Q.850", 34, "LN"))),
        ("q.850; Cause=017", (Reason("Q.850", 17),)),
        ("Q.850;cause=1234", ()),
        ("Q.850", ()),
        ('Q.850;text="cause=17"', ()),
        ("", ()),
    ],
)
def test_reason_headers(value, reasons):
    assert reasons_of([("reason", value)]) == reasons
    wanted = next((one for one in reasons if one.protocol == "Q.850"), None)
    assert q850_of([("server", "x"), ("reason", value)]) == wanted


# --- the whole path, to the sheet ---------------------------------------------------------------------------


@pytest.mark.parametrize("rang", [False, True])
@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 410, 480, 484, 487, 488, 500, 502, 503, 504, 603, 606])
def test_no_refusal_becomes_a_zero_on_the_sheet(agency, status, rang):  # noqa: F811
    far = (FarEnd().says(0.1, 180) if rang else FarEnd()).says(2.0, status)
    test, _ = placed(agency, far)
    sheet = to_dict(test.sheet)
    assert sheet["total"] is None
    assert [item["id"] for item in sheet["items"] if item["points"] is not None and not item["points"]] == []
    assert test.ending.outcome == test.measured.outcome
    if test.ending.outcome == VOID:
        assert test.ending.retry != "never"
        assert {"void"} <= {item["status"] for item in sheet["items"]}
    page = test.page.read_text(encoding="utf-8")
    assert test.ending.sentence["zh"] in page


def test_a_call_whose_sound_never_came_is_void_on_the_sheet(agency, monkeypatch):  # noqa: F811
    monkeypatch.setattr("test_harness_test_call.ScriptedSoftphone", DeafSoftphone)
    test, _ = placed(agency, answered_after(4.0))
    assert test.ending.case == "answered_deaf"
    assert not any(item["points"] is not None for item in to_dict(test.sheet)["items"] if item["status"] != "void")


def DeafSoftphone(numbers):
    from harness.softphone.scripted import ScriptedSoftphone

    return ScriptedSoftphone(numbers, lost=lambda _: True)


def test_nobody_answering_is_a_result_and_not_void(agency):  # noqa: F811
    test, _ = placed(agency, FarEnd().says(0.1, 180))
    assert (test.ending.outcome, test.ending.retry) == ("no_answer", "never")


def test_the_ending_is_kept_and_told_again(agency):  # noqa: F811
    test, _ = placed(agency, FarEnd().says(0.1, 503))
    with open_store(agency.database) as store:
        kept = store.get_call(test.record.call_id)
    assert kept["measured"]["ending"] == json.loads(json.dumps(test.ending.to_dict()))
    again = hear_again(kept["record"], agency)
    assert again.ending == test.ending
    assert hear_again(kept["record"], agency, without_sound=True).ending.case == "trunk"


def test_messages_are_in_order():
    ending, _ = ended(sip(0.2, 180), sip(0.4, 183), sip(2.0, 200), sip(15.0, method="BYE"), gone(15.0))
    assert all(one.at_s <= other.at_s for one, other in pairwise(ending.messages))
    assert [one.index for one in ending.messages] == [1, 2, 3, 4, 5]


# --- a person confirms --------------------------------------------------------------------------------------


def confirmed(agency, test, whose):  # noqa: F811
    with open_store(agency.database) as store:
        done = confirm_fault(test.record.call_id, whose, who="林", reason="打去問過", agency=agency, store=store)
        return done, store.log.of(test.record.call_id)


def test_a_candidate_counts_when_a_person_says_it_was_theirs(agency):  # noqa: F811
    test, _ = placed(agency, FarEnd().says(0.1, 404))
    assert not test.ending.confirmed
    done, log = confirmed(agency, test, "theirs")
    assert {item["id"]: item["points"] for item in done.sheet["items"] if item["points"] == 0}
    assert confirmed_as(log) == "theirs"
    told = test.ending.said_by("theirs")
    assert (told.confirmed, told.whose, told.sentence) == (True, "theirs", test.ending.sentence)


def test_a_candidate_is_void_when_a_person_says_it_was_not_theirs(agency):  # noqa: F811
    test, _ = placed(agency, FarEnd().says(0.1, 180).says(3.0, 603))
    done, log = confirmed(agency, test, "ours")
    assert done.version == 2
    assert "void" in {item["status"] for item in done.sheet["items"]}
    assert not any(item["points"] == 0 for item in done.sheet["items"])
    assert confirmed_as(log) == "ours"


@pytest.mark.parametrize("far", [FarEnd().says(0.1, 503), FarEnd().says(0.1, 486)])
def test_what_is_no_candidate_is_not_confirmed(agency, far):  # noqa: F811
    test, _ = placed(agency, far)
    assert confirmed_as([]) is None
    with pytest.raises(WrongInput) as caught:
        confirmed(agency, test, "theirs")
    assert caught.value.key == "review.no_candidate"


def test_what_was_not_followed_is_a_line_in_the_log_of_refusals(agency):  # noqa: F811
    why = [("why", "refused.follow_number")]
    away = sip(3.0, method="REFER", kind="refused", direction="own", reason="sip:110@pbx", headers=why)
    log_refused_leads(agency.folder, record_of(away))
    (line,) = (agency.folder / REFUSALS).read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert (told["asked"], told["refused"], told["why"]) == ("REFER c", "refused.follow_number", "sip:110@pbx")


def test_one_way_audio_is_told():
    up = [sip(0.2, 180), sip(2.0, 200), sip(15.0, method="BYE"), gone(15.0)]
    record = replace(record_of(*up), sent=500, reports=2, sent_lost=500)
    timeline = build_timeline(record, np.zeros(24000, np.int16), PLAN)
    assert "one-way audio" in ending_of(timeline, measure(timeline)).sentence["en"]
    heard = replace(record, sent_lost=20)
    timeline = build_timeline(heard, np.zeros(24000, np.int16), PLAN)
    assert "one-way audio" not in ending_of(timeline, measure(timeline)).sentence["en"]


def test_show_and_the_dry_run_tell_it(agency):  # noqa: F811
    test, _ = placed(agency, FarEnd().says(0.1, 404))
    shown = CliRunner().invoke(thirdring, ["--agency", str(agency.folder), "show", test.record.call_id], obj=None)
    assert test.ending.sentence["zh"] in shown.output
    assert "SIP/2.0 404" in shown.output
    confirmed(agency, test, "theirs")
    asked = ["--agency", str(agency.folder), "show", test.record.call_id, "--json"]
    again = json.loads(CliRunner().invoke(thirdring, asked).output)["ending"]
    assert (again["case"], again["confirmed"], again["whose"]) == ("no_such_number", True, "theirs")


def test_a_call_that_the_menu_dropped_says_which_telephone_never_rang():
    up = (sip(0.2, 180), sip(2.0, 200), sip(9.0, method="BYE"), gone(9.0))
    waits = (Act(at_s=2.0, do="answered", leg="unit"), Act(at_s=6.0, do="wait", leg="operator"))
    record = replace(record_of(*up, acts=waits), legs=("unit", "operator"))
    timeline = build_timeline(record, np.zeros(72000, np.int16), PLAN)
    measured = measure(timeline)
    ending = ending_of(timeline, measured)
    assert (ending.case, ending.outcome, measured.outcome) == ("never_rang", "none", "none")
    assert "operator" in ending.sentence["en"]
    assert "the far end hung up first" in ending.sentence["en"]
