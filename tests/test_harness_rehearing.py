"""Kept calls heard again: nothing changed says so, what changed is listed with its reason, nothing is overwritten."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_harness_test_call import answered_after, placed, tone

import harness.timeline
from harness.agency import load_agency
from harness.changes import changed_numbers, changed_points
from harness.cli.program import run
from harness.new_agency import make_agency
from harness.rehearing import ear_of_today
from harness.softphone.scripted import FarEnd
from harness.store import open_store


@pytest.fixture
def agency(tmp_path):
    make_agency(tmp_path)
    path = tmp_path / "agency.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("# recording_notice", "recording_notice"), encoding="utf-8"
    )
    return load_agency(tmp_path)


def rehear(capsys, agency, *arguments):
    status = run(["rehear", *arguments, "--json", "--agency", str(agency.folder)])
    return status, json.loads(capsys.readouterr().out)


def heard_long_ago(agency, far, monkeypatch):
    """A call whose first hearing missed the first ring."""
    true_ear = harness.timeline.listen

    def listen(samples, *, sr, **more):
        deaf = samples.copy()
        deaf[: 2 * sr] = 0
        return true_ear(deaf, sr=sr, **more | {"found": None})

    with monkeypatch.context() as patch:
        patch.setattr(harness.timeline, "listen", listen)
        # Nor did it look for sound without a name, which would have left the count open.
        patch.setattr(harness.timeline, "unnamed", lambda *_: ())
        return placed(agency, far)[0]


def test_nothing_changed_is_said(agency, capsys):
    test, _ = placed(agency, answered_after(7.5))
    status, told = rehear(capsys, agency, test.record.call_id)
    assert (status, told["changed"], told["same"]) == (0, 0, 1)
    assert told["calls"][0] | {"call_id": ""} == {
        "call_id": "",
        "status": "same",
        "numbers": [],
        "points": [],
        "problem": None,
    }
    assert run(["rehear", "--all", "--agency", str(agency.folder)]) == 0
    assert "沒有任何數字或分數會變（1 通" in capsys.readouterr().out
    with open_store(agency.database) as store:
        assert store.get_call(test.record.call_id)["hearings"] == []


def test_what_changed_is_listed_with_its_reason(agency, capsys, monkeypatch):
    test = heard_long_ago(agency, answered_after(10.5), monkeypatch)
    status, told = rehear(capsys, agency, "--all")
    (call,) = told["calls"]
    assert (status, call["status"]) == (0, "changed")
    numbers = {one["what"]: one for one in call["numbers"]}
    assert numbers["unit.rings"]["before"] == {"earliest": 3, "latest": 3}
    assert numbers["unit.rings"]["after"] == {"earliest": 4, "latest": 4}
    assert "newly heard" in numbers["unit.rings"]["why"]["en"]
    assert "新聽到" in numbers["unit.rings"]["why"]["zh"]
    assert numbers["unit.answer_latency_s"]["after"]["earliest"] > 10
    points = {one["what"]: one for one in call["points"]}
    assert float(points["B1.1"]["before"]) > float(points["B1.1"]["after"])
    assert points["B1.1"]["why"]["zh"]
    assert told["ear"] == ear_of_today()
    assert test.facts["legs"]["unit"]["rings"] == {"earliest": 3, "latest": 3}


def test_both_results_stay_and_none_is_kept_twice(agency, capsys, monkeypatch):
    test = heard_long_ago(agency, answered_after(10.5), monkeypatch)
    before = test.to_dict()["measured"]
    first, second = (rehear(capsys, agency, test.record.call_id)[1] for _ in range(2))
    assert first == second
    with open_store(agency.database) as store:
        kept = store.get_call(test.record.call_id)
    assert kept["measured"] == json.loads(json.dumps(before))
    (hearing,) = kept["hearings"]
    assert hearing["measured"]["legs"][0]["rings"] == {"earliest": 4, "latest": 4}
    assert hearing["sheet"]["form"] == "keelung-102"
    assert len(kept["sheets"]) == 1


def test_a_person_reads_the_changes(agency, capsys, monkeypatch):
    heard_long_ago(agency, answered_after(10.5), monkeypatch)
    assert run(["rehear", "--all", "--agency", str(agency.folder)]) == 0
    told = capsys.readouterr().out
    assert "unit.rings" in told
    assert "分數 points B1.1" in told
    assert "會變 1 通" in told


def test_a_busy_call_and_one_without_an_answer(agency, capsys):
    placed(agency, FarEnd().says(0.1, 180).says(0.2, 486))
    placed(agency, FarEnd().says(0.1, 183).sounds_like(0.15, tone("ringback", 60)))
    assert rehear(capsys, agency, "--all")[1]["same"] == 2


def test_no_number_is_drawn_from_a_recording_that_is_gone_or_another(agency, capsys):
    gone, _ = placed(agency, answered_after(4.0))
    other, _ = placed(agency, answered_after(7.5))
    gone.recording.unlink()
    other.recording.write_bytes(other.recording.read_bytes() + b"x")
    status, told = rehear(capsys, agency, "--all")
    assert (status, told["not_heard"]) == (0, 2)
    assert {one["problem"]["error"] for one in told["calls"]} == {"ear.no_sound", "ear.sound_differs"}
    assert run(["rehear", gone.record.call_id, "--agency", str(agency.folder)]) == 2
    assert run(["rehear", other.record.call_id, "--agency", str(agency.folder)]) == 2


@pytest.mark.parametrize("arguments", [[], ["x", "--all"], ["nothing"]])
def test_wrong_usage(agency, arguments):
    assert run(["rehear", *arguments, "--agency", str(agency.folder)]) == 2


def test_no_calls_is_no_fault(agency, capsys):
    assert rehear(capsys, agency, "--all")[1]["calls"] == []


LEG = {"leg": "unit", "outcome": "answered", "rings": {"earliest": 3, "latest": 3}, "evidence": ["heard:ringback@1.0"]}


@given(st.floats(0, 60), st.floats(-0.0014, 0.0014))
def test_a_hair_is_no_change(at_s, hair):
    one, other = ({"legs": [LEG | {"pick_up_s": at}]} for at in (at_s, at_s + hair))
    assert changed_numbers(one, other) == ()


@given(st.floats(0, 60), st.floats(0.0016, 5))
def test_more_than_a_hair_is_one(at_s, more):
    one, other = ({"legs": [LEG | {"pick_up_s": {"latest": at}}]} for at in (at_s, at_s + more))
    assert [change.what for change in changed_numbers(one, other)] == ["unit.pick_up_s"]


def test_what_an_older_measurement_did_not_know_is_no_change_while_it_is_nothing():
    assert changed_numbers({"legs": []}, {"legs": [], "operator_code_s": None, "prompts": []}) == ()


def test_a_leg_that_came_or_went_is_told():
    (came, *_) = changed_numbers({"legs": []}, {"legs": [LEG]})
    assert (came.what, came.before, came.after) == ("unit.outcome", None, "answered")
    assert "newly heard" in came.why["en"]


def test_points_that_opened_are_told():
    item = {"id": "B1.1", "points": "7", "why": "甲", "why_en": "A"}
    sheets = [{"items": [item | {"points": points}], "total": None} for points in ("7", None)]
    (change,) = changed_points(*sheets)
    assert (change.before, change.after, change.why) == ("7", None, {"zh": "甲", "en": "A"})
