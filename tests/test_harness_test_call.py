"""From the directory to the score sheet on the scripted telephone: gate, ledger, record, measurement, database."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from harness import test_call
from harness.again import measure_again
from harness.agency import load_agency
from harness.errors import AttemptUnknown, FactsError, LedgerError, NotFound, Refused, ScenarioError
from harness.ledger import claims
from harness.new_agency import make_agency
from harness.softphone.errors import MayHaveDialled
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.store import open_store
from harness.switchboard import sound
from harness.test_call import plan_call, record_call, run_call

RATE = 8000
NOW = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)  # a Wednesday, 10:30 in Taipei


def tone(name, seconds):
    return sound.to_pcm(sound.tone(name, seconds, sample_rate_hz=RATE))


def answered_after(seconds):
    greeting = sound.to_pcm(sound.prompt("greeting-unit", RATE))
    said = np.concatenate([np.zeros(round(0.4 * RATE), np.int16), greeting])
    ringing = FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 60))
    return ringing.says(0.15 + seconds, 200).sounds_like(0.15 + seconds, said)


@pytest.fixture
def agency(tmp_path):
    folder = tmp_path / "agency"
    make_agency(folder)
    settings = (folder / "agency.toml").read_text(encoding="utf-8")
    notice = "# recording_notice_date = 2026-01-02"
    assert notice in settings
    (folder / "agency.toml").write_text(settings.replace(notice, notice.removeprefix("# ")), encoding="utf-8")
    return load_agency(folder)


def placed(agency, far, *, now=NOW, **more):
    softphone = ScriptedSoftphone({"301": far})
    plan = plan_call("service-desk", agency, **more)
    return run_call(plan, agency, softphone, now=now), softphone


def test_a_call_is_measured_scored_and_kept(agency):
    test, _ = placed(agency, answered_after(7.5))
    latency = test.measured.legs[0].answer_latency_s
    assert test.measured.outcome == "answered"
    assert 7.5 in latency
    with open_store(agency.database) as store:
        kept = store.get_call(test.record.call_id)
    assert kept["record"] == json.loads(json.dumps(test.record.to_dict()))
    assert kept["answer_latency_earliest_s"] == pytest.approx(latency.earliest)
    assert (agency.folder / kept["recording_path"]).is_file()
    assert [one["version"] for one in kept["sheets"]] == [1]
    assert kept["machine_points"] is not None
    assert kept["open_items"] > 0
    assert [one.outcome for one in claims(agency)] == ["answered"]
    assert [one["outcome"] for one in kept["attempts"]] == ["answered"]


def test_its_score_sheet_is_a_page_and_its_record_a_file(agency):
    test, _ = placed(agency, answered_after(2.0))
    assert "服務台" in test.page.read_text(encoding="utf-8")
    (record,) = agency.recordings.glob("*/*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["schema"] == "thirdring.call/1"


def test_a_kept_call_is_measured_again_with_the_same_result(agency):
    test, _ = placed(agency, answered_after(4.0))
    again = measure_again(test.record.to_dict(), agency)
    assert again == test.timeline.events


def test_a_deleted_recording_leaves_the_signalling(agency):
    test, _ = placed(agency, answered_after(4.0))
    test.recording.unlink()
    assert {event.source for event in measure_again(test.record.to_dict(), agency)} == {"sip", "act"}


def test_busy_is_a_result(agency):
    test, _ = placed(agency, FarEnd().says(0.1, 180).says(0.2, 486))
    assert test.measured.outcome == "busy"
    assert test.facts["legs"]["unit"]["outcome"] == "busy"
    assert [one.outcome for one in claims(agency)] == ["busy"]


def test_our_own_fault_is_void_and_never_a_zero(agency):
    test, _ = placed(agency, FarEnd().says(0.1, 503))
    assert test.facts["legs"]["unit"]["outcome"] == "fault_ours"
    assert [item.points for item in test.sheet.items if item.leg == "unit" and item.points == 0] == []


def test_the_clock_of_the_answers_is_kept_with_who_gave_them(agency):
    test, _ = placed(agency, answered_after(2.0), said={"remarks": "範例"})
    with open_store(agency.database) as store:
        (sheet,) = store.get_call(test.record.call_id)["sheets"]
    assert (sheet["answers"], sheet["who"]) == ({"remarks": "範例"}, "answers file")


@pytest.mark.parametrize(
    ("target", "more", "error"),
    [
        ("110", {}, Refused),
        ("nobody", {"scenario": "no-such"}, Refused),
        ("service-desk", {"scenario": "no-such"}, NotFound),
        ("service-desk", {"said": {"no-such-item": "1"}}, FactsError),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_claimed(agency, target, more, error):
    with pytest.raises(error):
        plan_call(target, agency, **more)
    assert claims(agency) == ()


def test_an_emergency_number_inside_a_call_is_refused_before_dialling(agency):
    own = agency.scenarios / "bad.toml"
    own.write_text(
        'name = "bad"\ntitle = { zh = "壞", en = "bad" }\n'
        'steps = [{ do = "dial" }, { do = "wait_for_answer" }, { do = "press", digits = "1" },'
        ' { do = "press", digits = "10" }, { do = "hang_up" }]\n',
        encoding="utf-8",
    )
    with pytest.raises(Refused) as caught:
        plan_call("service-desk", agency, scenario="bad")
    assert caught.value.key == "refused.digits"


def test_a_unit_without_an_extension_cannot_press_it(agency, tmp_path):
    own = agency.scenarios / "menu.toml"
    own.write_text(
        'name = "menu"\ntitle = { zh = "選單", en = "menu" }\n'
        'steps = [{ do = "dial" }, { do = "wait_for_answer", leg = "ivr" }, { do = "press", digits = "{extension}" },'
        ' { do = "hang_up" }]\n',
        encoding="utf-8",
    )
    (agency.folder / "units.csv").write_text("unit,number\ndesk,0227001234\n", encoding="utf-8")
    with pytest.raises(ScenarioError):
        plan_call("desk", load_agency(agency.folder), scenario="menu")


def test_a_refused_call_touches_no_telephone(agency):
    night = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    softphone = ScriptedSoftphone({})
    with pytest.raises(Refused):
        run_call(plan_call("service-desk", agency), agency, softphone, now=night)
    assert softphone.dialled == []
    assert claims(agency) == ()


def test_an_attempt_is_never_dialled_twice(agency):
    plan, softphone = plan_call("service-desk", agency), ScriptedSoftphone({"301": answered_after(2.0)})
    run_call(plan, agency, softphone, now=NOW, call_id="round-1-desk")
    with pytest.raises(LedgerError):
        run_call(plan, agency, softphone, now=NOW, call_id="round-1-desk")
    assert softphone.dialled == ["301"]


class BrokenTelephone:
    """Its process dies at the first call."""

    sample_rate_hz = 8000

    def dial(self, uri, *, call_id, folder, headers):
        raise OSError("no such device")


def test_a_telephone_that_breaks_leaves_a_settled_claim(agency):
    with pytest.raises(OSError, match="no such device"):
        run_call(plan_call("service-desk", agency), agency, BrokenTelephone(), now=NOW)
    assert [one.outcome for one in claims(agency)] == ["fault_ours"]


def test_the_notice_date_is_read_from_the_file(agency):
    assert agency.settings.recording_notice_date == date(2026, 1, 2)
    assert isinstance(agency.folder, Path)


class BreaksBehindTheInvite(ScriptedSoftphone):
    """Rings, and then does not give its recording: the disk is full, say."""

    def dial(self, leave, **how):
        call = super().dial(leave, **how)

        def finish():
            raise OSError("no space left on device")

        call.finish = finish
        return call


class MaySilentlyHaveDialled(ScriptedSoftphone):
    """Its process does not say whether it dialled."""

    def dial(self, leave, **how):
        super().dial(leave, **how)
        raise MayHaveDialled("softphone.worker_silent", what="dial")


class Interrupted(ScriptedSoftphone):
    """Somebody presses Ctrl-C while it dials."""

    def dial(self, leave, **how):
        super().dial(leave, **how)
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("kind", "error"),
    [(BreaksBehindTheInvite, OSError), (MaySilentlyHaveDialled, MayHaveDialled), (Interrupted, KeyboardInterrupt)],
)
def test_what_may_have_rung_and_cannot_be_told_is_unknown_and_never_void(agency, kind, error):
    softphone = kind({"301": answered_after(1.0)})
    with pytest.raises(error):
        run_call(plan_call("service-desk", agency), agency, softphone, now=NOW)
    assert softphone.dialled == ["301"]
    assert [one.outcome for one in claims(agency)] == ["unknown"]


def test_a_call_that_was_over_and_could_not_be_judged_is_unknown(agency, monkeypatch):
    def judge(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(test_call, "judge", judge)
    with pytest.raises(ZeroDivisionError):
        placed(agency, answered_after(1.0))
    assert [one.outcome for one in claims(agency)] == ["unknown"]


@pytest.mark.parametrize("kind", [BreaksBehindTheInvite, MaySilentlyHaveDialled])
def test_a_probes_call_that_may_have_rung_is_not_told_as_not_dialled(agency, kind):
    softphone = kind({"301": answered_after(1.0)})
    plan = plan_call("service-desk", agency)
    way = {"call_id": "a", "attempt": "a-1", "before_dialling": lambda _: None}
    with pytest.raises(AttemptUnknown, match="a-1"):
        record_call(plan, agency, softphone, now=NOW, **way)
    assert [one.outcome for one in claims(agency)] == ["unknown"]
