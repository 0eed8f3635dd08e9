"""The ladder: everything that happened is on it, in order, on one axis; in letters as wide as asked, and as SVG."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from agency_folder import make_agency
from hypothesis import given
from hypothesis import strategies as st
from sip_peer import Dialog, Rtp, SipPeer
from telephone import LOUD, NUMBER, OTHER
from test_harness_caller import PLAN, RATE, call, tone, voice

from harness.agency import Agency
from harness.caller import place_call
from harness.cli.program import run
from harness.errors import NotFound
from harness.interval import Interval
from harness.ladder.axis import Mark, lay_out
from harness.ladder.build import build_ladder
from harness.ladder.find import find_call, ladder_of
from harness.ladder.labels import cut, width_of
from harness.ladder.rung import DIGIT, EVENT, FAULT, MESSAGE, RELEASED, Ladder, Rung
from harness.ladder.svg import ladder_svg
from harness.ladder.text import ladder_lines
from harness.measure import measure
from harness.number_gate import permit
from harness.record import Act, CallRecord
from harness.recording import close_recording
from harness.scenario import load_scenario
from harness.sip_trace import Traced, read_trace
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.scripted import FarEnd
from harness.softphone.signals import FAULT as SIP_FAULT
from harness.softphone.signals import REFUSED, TRANSFERRED, SipSignal
from harness.test_call import new_call_id
from harness.timeline import build_timeline
from harness.words import BOTH, use_language

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _both_languages() -> Iterator[None]:
    yield
    use_language(BOTH)


def drawn(record: CallRecord, *, samples: np.ndarray | None = None, trace: tuple[Traced, ...] = ()) -> Ladder:
    heard = np.zeros(RATE, np.int16) if samples is None else samples
    timeline = build_timeline(record, heard, PLAN)
    return build_ladder(timeline, measure(timeline), trace)


def scripted(far: FarEnd, folder: Path, scenario: str = "extension-direct") -> Ladder:
    from harness.recording import far_side

    record, _ = call(far, folder, scenario)
    return drawn(record, samples=far_side(record, folder))


def messages(ladder: Ladder) -> list[str]:
    return [rung.what for rung in ladder.rungs if rung.kind == MESSAGE]


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def ringing(seconds: float) -> FarEnd:
    return FarEnd().says(0.1, 180).says(0.15, 183).sounds_like(0.2, tone("ringback", seconds))


# --- what is on it --------------------------------------------------------------------------------------


def test_messages_sounds_and_acts_stand_between_each_other(tmp_path: Path) -> None:
    ladder = scripted(ringing(7.4).says(7.6, 200).sounds_like(8.0, voice()), tmp_path)
    assert messages(ladder)[:4] == ["INVITE", "180 Ringing", "183 Session Progress", "200 OK"]
    assert [s.ring for s in ladder.sounds if s.sound == "ringback"] == [1, 2, 3]
    assert "speech" in [s.sound for s in ladder.sounds]
    answered = next(r for r in ladder.rungs if r.what == "200 OK")
    rings = [s.start_s.middle for s in ladder.sounds if s.sound == "ringback"]
    spoke = next(s.start_s.middle for s in ladder.sounds if s.sound == "speech")
    assert rings[-1] < answered.at_s.latest < spoke
    assert [r.at_s.latest for r in ladder.rungs] == sorted(r.at_s.latest for r in ladder.rungs)


def test_times_count_from_the_invite(tmp_path: Path) -> None:
    ladder = scripted(ringing(4.0).says(4.2, 486), tmp_path)
    at = {rung.what: rung.at_s for rung in ladder.rungs if rung.kind == MESSAGE}
    assert at["INVITE"] == Interval(0.0, 0.0)
    assert 0.1 in at["180 Ringing"].widened(1e-6, 1e-6)
    first = next(s for s in ladder.sounds if s.ring == 1)
    assert 0.2 in Interval(first.start_s.earliest, first.start_s.latest + 0.08)
    assert first.start_s.width > 0  # heard: never as exact as what was signalled


def test_keys_are_numbered_with_how_they_were_sent(tmp_path: Path) -> None:
    far = FarEnd().says(0.1, 180).says(1.0, 200).sounds_like(1.2, voice())
    menu = far.after("9", FarEnd().sounds_like(0.3, tone("ringback", 4.0)))
    ladder = scripted(menu, tmp_path, "ivr-operator-extension")
    keys = [rung for rung in ladder.rungs if rung.kind == DIGIT]
    assert [(rung.what, rung.note, rung.direction) for rung in keys][:1] == [("9", "rfc4733", "tx")]
    assert any("9" in line and ">" in line for line in ladder_lines(ladder, columns=100))


def test_a_call_without_any_response_has_a_ladder(tmp_path: Path) -> None:
    ladder = scripted(FarEnd(), tmp_path)
    assert messages(ladder) == ["INVITE"]
    assert ladder.outcome == "fault_ours"
    assert ladder.ending["zh"]
    assert ladder_svg(ladder)


def test_a_call_that_never_left_has_a_ladder() -> None:
    values = {"call_id": "x", "unit": "u", "number": "301", "scenario": "extension-direct"}
    clock = {"zero_s": 100.0, "zero_error_s": 0.0, "sample_rate_hz": RATE, "duration_s": 1.0, "wall_s": None}
    gone = SipSignal(earliest_s=0.2, latest_s=0.3, kind=SIP_FAULT, direction="own", reason="-6")
    record = CallRecord(
        **values, **clock, started_at="2026-03-04T10:00:00+08:00", signals=(gone,), acts=(), legs=("unit",)
    )  # type: ignore[arg-type]
    ladder = drawn(replace(record, fault="softphone.worker_lost"))
    assert not ladder.invited
    assert [rung.kind for rung in ladder.rungs] == [FAULT]
    assert any("-6" in line for line in ladder_lines(ladder, columns=80))
    bare = drawn(replace(record, signals=()))
    assert bare.rungs == ()
    assert ladder_svg(bare)
    assert len(ladder_lines(bare, columns=80)) > 3


def test_what_the_telephone_made_of_a_transfer_is_told() -> None:
    values = {"call_id": "x", "unit": "u", "number": "301", "scenario": "extension-direct"}
    clock = {"zero_s": 0.0, "zero_error_s": 0.0, "sample_rate_hz": RATE, "duration_s": 5.0, "wall_s": 5.0}
    led = [
        SipSignal(earliest_s=1, latest_s=1, kind="request", direction="tx", method="INVITE"),
        SipSignal(earliest_s=2, latest_s=2, kind="response", direction="rx", method="INVITE", status=200, reason="OK"),
        SipSignal(earliest_s=3, latest_s=3, kind="request", direction="rx", method="REFER"),
        SipSignal(earliest_s=3, latest_s=3.1, kind=TRANSFERRED, direction="own", reason="sip:302@pbx"),
        SipSignal(earliest_s=4, latest_s=4, kind=REFUSED, direction="own", reason="sip:119@pbx", method="REFER"),
    ]
    record = CallRecord(
        **values, **clock, started_at="2026-03-04T10:00:00+08:00", signals=tuple(led), acts=(), legs=("unit",)
    )  # type: ignore[arg-type]
    ladder = drawn(record)
    assert [(r.what, r.note) for r in ladder.rungs if r.kind == EVENT] == [
        ("transferred", "sip:302@pbx"),
        ("refused", "sip:119@pbx"),
    ]
    assert "REFER" in messages(ladder)
    assert any("sip:302@pbx" in one for one in texts(ladder_svg(ladder)))


# --- the trace ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1", codecs=("PCMA/8000",))) as one:
        yield one


def placed(pool: WorkerPool, script: object, folder: Path) -> tuple[Agency, str]:
    """Place a real call with that far end; its record, sound and trace are in the agency's folder."""
    now = datetime.now(UTC)
    call_id = new_call_id(now)
    with SipPeer(script) as peer:  # type: ignore[arg-type]
        agency = make_agency(folder / "agency", {NUMBER: peer.address, OTHER: peer.address})
        day = agency.recordings / f"{now.astimezone(agency.zone):%Y-%m-%d}"
        day.mkdir(parents=True)
        leave = permit(NUMBER, agency, now=now)
        scenario = load_scenario("extension-direct")
        record = place_call(
            scenario, pool, leave=leave, call_id=call_id, folder=day, plan=PLAN, started=now, longest_s=8.0
        )
    record = close_recording(record, day)
    (day / f"{call_id}.json").write_text(json.dumps(record.to_dict()), encoding="utf-8")
    return agency, call_id


def forks(peer: SipPeer, dialog: Dialog) -> None:
    rtp = Rtp()
    peer.respond(dialog, 183, "Session Progress", tag="one")
    peer.respond(dialog, 180, "Ringing", tag="two")
    peer.respond(dialog, 200, "OK", tag="two", sdp_port=rtp.port)
    rtp.send(dialog.media, LOUD, 0.5)
    peer.request(dialog, "BYE")
    rtp.close()


def test_a_fork_has_named_branches_and_the_trace_has_what_no_signal_tells(pool: WorkerPool, tmp_path: Path) -> None:
    agency, call_id = placed(pool, forks, tmp_path)
    ladder = ladder_of(call_id, agency)
    assert ladder.verbatim
    branches = {rung.what: rung.branch for rung in ladder.rungs if rung.branch}
    assert branches == {"183 Session Progress": "A", "180 Ringing": "B", "200 OK": "B"}
    assert "ACK" in messages(ladder)
    assert messages(ladder).index("200 OK") < messages(ladder).index("ACK") < messages(ladder).index("BYE")
    assert [rung.kind for rung in ladder.rungs].count(RELEASED) == 1
    record, folder = find_call(ladder.call_id, agency)
    trace = read_trace(folder / record.files["trace"])
    assert len(messages(ladder)) == len(trace)
    for rung in ladder.rungs:
        assert rung.at_s.earliest <= rung.at_s.latest
    assert ladder.peers == tuple(dict.fromkeys(m.peer.split()[-1] for m in trace))


def leads_on(peer: SipPeer, dialog: Dialog) -> None:
    rtp = Rtp()
    peer.respond(dialog, 180, "Ringing", tag=f"tag-{dialog.called}")
    peer.respond(dialog, 200, "OK", tag=f"tag-{dialog.called}", sdp_port=rtp.port)
    rtp.send(dialog.media, LOUD, 0.4)
    if dialog.called == NUMBER:
        refer = f"Refer-To: <sip:{OTHER}@{peer.address}>\r\n"
        peer.request(dialog, "REFER", headers=refer, tag=f"tag-{dialog.called}")
    else:
        peer.request(dialog, "BYE", tag=f"tag-{dialog.called}")
    rtp.close()


def test_the_call_that_a_transfer_led_to_is_no_branch_but_another_call(pool: WorkerPool, tmp_path: Path) -> None:
    agency, call_id = placed(pool, leads_on, tmp_path)
    ladder = ladder_of(call_id, agency)
    assert {rung.branch for rung in ladder.rungs} == {""}
    calls: dict[int, list[str]] = {rung.dialog: [] for rung in ladder.rungs if rung.kind == MESSAGE}
    for rung in ladder.rungs:
        if rung.kind == MESSAGE:
            calls[rung.dialog].append(rung.what)
    assert calls[0][0] == calls[1][0] == "INVITE"
    assert "REFER" in calls[0]
    assert "BYE" in calls[1]
    assert any("Refer-To" in rung.note for rung in ladder.rungs)
    assert "transferred" in [rung.what for rung in ladder.rungs if rung.kind == EVENT]
    assert any("#2" in line for line in ladder_lines(ladder, columns=100))
    assert OTHER in ladder.ending["en"]


def refuses_at_once(peer: SipPeer, dialog: Dialog) -> None:
    peer.respond(dialog, 503, "Service Unavailable", headers='Retry-After: 120\r\nWarning: 399 pbx "<&>"\r\n')


def test_a_refusal_tells_its_reason_and_hostile_text_stays_text(pool: WorkerPool, tmp_path: Path) -> None:
    agency, call_id = placed(pool, refuses_at_once, tmp_path)
    ladder = ladder_of(call_id, agency)
    refused = next(rung for rung in ladder.rungs if rung.what.startswith("503"))
    assert "Retry-After: 120" in refused.note
    assert '399 pbx "<&>"' in refused.note
    assert any("<&>" in one for one in texts(ladder_svg(ladder)))


def test_without_its_files_a_call_is_found_in_the_database_or_not_at_all(tmp_path: Path, pool: WorkerPool) -> None:
    agency, call_id = placed(pool, refuses_at_once, tmp_path)
    _, folder = find_call(call_id, agency)
    for path in (*folder.glob("*.sip"), *folder.glob("*.flac"), *folder.glob("*.wav")):
        path.unlink()
    ladder = ladder_of(call_id, agency)
    assert not ladder.verbatim
    assert "503 Service Unavailable" in messages(ladder)
    (folder / f"{call_id}.json").unlink()
    for wrong in (call_id, "../../etc/passwd", "*", ""):
        with pytest.raises(NotFound):
            ladder_of(wrong, agency)


def test_a_message_sent_again_is_marked_and_a_broken_trace_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    invite = "INVITE sip:1@pbx SIP/2.0\nCSeq: 1 INVITE\nCall-ID: a\n"
    told = f"--- 10.0 TX UDP 1.2.3.4:5060\n{invite}\n\n--- 10.5 TX UDP 1.2.3.4:5060\n{invite}\n\n--- 11.0 R"
    (tmp_path / "x.sip").write_text(told, encoding="utf-8")
    trace = read_trace(tmp_path / "x.sip")
    assert [one.at_s for one in trace] == [10.0, 10.5]
    assert trace[0].value("cseq") == "1 INVITE"
    assert read_trace(tmp_path / "nothing.sip") == ()
    (tmp_path / "empty.sip").touch()
    assert read_trace(tmp_path / "empty.sip") == ()
    values = {"call_id": "x", "unit": "u", "number": "1", "scenario": "extension-direct"}
    clock = {"zero_s": 9.0, "zero_error_s": 0.0, "sample_rate_hz": RATE, "duration_s": 3.0, "wall_s": 3.0}
    acts = (Act(at_s=1.2, do="wait", leg="unit"),)
    record = CallRecord(
        **values, **clock, started_at="2026-03-04T10:00:00+08:00", signals=(), acts=acts, legs=("unit",)
    )  # type: ignore[arg-type]
    ladder = drawn(record, trace=trace)
    assert [rung.again for rung in ladder.rungs if rung.kind == MESSAGE] == [False, True]
    assert ladder.rungs[0].at_s.earliest == 0.0


# --- in letters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [64, 80, 100, 132, 20, 400])
@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_the_lanes_stand_straight_at_every_width(tmp_path: Path, columns: int, lang: str) -> None:
    use_language(lang)
    ladder = scripted(ringing(7.4).says(7.6, 200).sounds_like(8.0, voice()), tmp_path)
    lines = ladder_lines(ladder, columns=columns)
    first = next(i for i, line in enumerate(lines) if "INVITE" in line and ">" in line)
    body = lines[first : lines.index("", first)]
    for place in (18, body[0].rindex("|")):
        assert {_letter_at(line, place) for line in body} <= {"|", ":"}
    assert max(map(width_of, lines)) <= max(64, min(columns, 132))


def _letter_at(line: str, column: int) -> str:
    at = 0
    for letter in line:
        if at == column:
            return letter
        at += width_of(letter)
    return ""


@given(st.text(max_size=60), st.integers(3, 40))
def test_cutting_never_makes_a_text_wider_than_asked(text: str, width: int) -> None:
    assert width_of(cut(text, width)) <= width
    assert "\n" not in cut(text, width)


def test_wide_letters_take_two_columns() -> None:
    assert (width_of("回鈴"), width_of("a回"), width_of("abc"), width_of("é")) == (4, 3, 3, 1)


# --- as a picture ---------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.floats(0, 300), st.sampled_from(["time", "heard"]), st.floats(5, 40)), min_size=1, max_size=40
    )
)
def test_on_the_axis_time_never_runs_upwards_and_nothing_overlaps(things: list[tuple[float, str, float]]) -> None:
    marks = [Mark(at, ((column, room),)) for at, column, room in things]
    axis = lay_out(marks, top_px=50.0, last_s=300.0)
    placed_marks = sorted(zip(marks, axis.places_px, strict=True), key=lambda one: (one[0].at_s, one[1]))
    assert [y for _, y in placed_marks] == sorted(y for _, y in placed_marks)
    for column in ("time", "heard"):
        own = [(mark, y) for mark, y in placed_marks if mark.rooms_px[0][0] == column]
        for (before, y), (_, below) in pairwise(own):
            assert below >= y + before.rooms_px[0][1] - 1e-6
    seconds = np.linspace(0, 300, 301)
    ys = [axis.y(float(second)) for second in seconds]
    assert all(b >= a - 1e-6 for a, b in pairwise(ys))
    for mark, y in placed_marks:  # what is earlier lies above, however many things crowd at one instant
        assert axis.y(mark.at_s - 1e-9) <= y + 1e-3


def test_the_picture_is_one_well_formed_file_with_title_and_description(tmp_path: Path) -> None:
    ladder = scripted(ringing(7.4).says(7.6, 200).sounds_like(8.0, voice()), tmp_path)
    svg = ladder_svg(ladder)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    ids = {one.get("id"): one.text for one in root if one.get("id")}
    assert root.get("aria-labelledby", "").split() == ["title", "desc"]
    assert all(ids[name] for name in ("title", "desc"))
    assert not re.search(r"<script|href=|url\(|@import|https?://(?!www\.w3\.org/2000/svg)", svg)
    assert "INVITE" in " ".join(texts(svg))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for one in root.iter(f"{SVG}text"):
        assert 0 <= float(one.get("x", -1)) <= width
        assert 0 <= float(one.get("y", -1)) <= height


def test_rungs_of_the_picture_do_not_cover_each_other(tmp_path: Path) -> None:
    ladder = scripted(FarEnd().says(0.001, 180).says(0.002, 183).says(0.003, 486), tmp_path)
    root = ElementTree.fromstring(ladder_svg(ladder))
    times = [one for one in root.iter(f"{SVG}text") if "tabular" in one.get("style", "") and one.get("x") == "122.0"]
    ys = sorted(float(one.get("y", 0)) for one in times)
    assert all(b - a >= 13 for a, b in pairwise(ys))


# --- the command ----------------------------------------------------------------------------------------


def test_the_command_draws_text_picture_and_json(
    pool: WorkerPool, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    agency, call_id = placed(pool, forks, tmp_path)
    asked = ["ladder", call_id, "--agency", str(agency.folder)]
    assert run(asked) == 0
    assert "INVITE (SDP)" in capsys.readouterr().out
    assert run([*asked, "--svg", str(tmp_path / "l.svg")]) == 0
    assert ElementTree.parse(tmp_path / "l.svg").getroot().tag == f"{SVG}svg"
    capsys.readouterr()
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "thirdring.ladder/1"
    assert {"at_s", "kind", "direction", "what"} <= set(told["rungs"][0])
    assert run(["ladder", "nothing", "--agency", str(agency.folder)]) == 2


def test_a_rung_says_only_what_it_knows() -> None:
    rung = Rung(at_s=Interval(0.0, 0.1), kind=MESSAGE, direction="tx", what="INVITE")
    assert rung.to_dict() == {
        "at_s": {"earliest": 0.0, "latest": 0.1},
        "kind": "message",
        "direction": "tx",
        "what": "INVITE",
    }
