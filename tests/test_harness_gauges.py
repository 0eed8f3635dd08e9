"""What monitoring reads: every gauge of what there is, none of what is not known, and no name or number in it."""

import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from evidence_agency import add_sound, agency_with_evidence
from kept_calls import agency_with_units, keep_call
from programme_month import JumpingClock, make_folder
from rubric_cases import best, call
from test_harness_programme import Placing, programme

from harness.errors import LineError
from harness.gauges import gauges
from harness.health import health
from harness.ledger import claim, settle
from harness.number_gate import permit
from harness.programme.events import Event
from harness.redial import Attempt
from harness.store import open_store

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 3, 4, tzinfo=UTC)
SAMPLE = re.compile(r"thirdring_[a-z_]+(\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\})? -?[0-9.e+]+")


def read(agency, now=NOW):
    with open_store(agency.database) as store:
        lines = gauges(agency, store, now=now)
    assert all(SAMPLE.fullmatch(line) for line in lines if not line.startswith("# TYPE "))
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_what_there_is_is_told_and_what_is_not_known_is_absent(tmp_path):
    agency = agency_with_units(tmp_path / "agency")
    before = read(agency)
    assert "thirdring_timing_error_seconds" not in " ".join(before)
    assert "thirdring_evidence_entries" not in before
    keep_call(agency, "c1", call(), best(), day=date(2026, 11, 3))
    after = read(agency)
    assert after['thirdring_calls{outcome="answered"}'] == "1"
    assert after['thirdring_timing_error_seconds{quantile="0.99"}'] == "0"
    assert float(after["thirdring_disk_free_bytes"]) > 0
    assert float(after["thirdring_evidence_entries"]) > 0


def test_how_well_calls_were_measured_comes_from_their_records(tmp_path):
    agency = agency_with_units(tmp_path / "agency")
    record = {"zero_error_s": 0.002, "duration_s": 9.9, "wall_s": 10.0, "packets": 90, "lost": 10}
    row = {"unit": "u1", "number": "0227000001", "scenario": "s", "started_at": "2026-11-03T02:00:00+00:00"}
    with open_store(agency.database) as store:
        store.add_call(row | {"call_id": "a", "outcome": "answered"}, record=record)
        store.add_call(row | {"call_id": "b", "outcome": "answered"}, record=record | {"source": "imported"})
        store.add_call(row | {"call_id": "c", "outcome": "fault_ours"}, record=record | {"wall_s": None})
    told = read(agency)
    assert float(told['thirdring_timing_error_seconds{quantile="1"}']) == pytest.approx(0.102)
    assert told["thirdring_late_frames"] == "5"
    assert told["thirdring_rtp_lost_ratio"] == "0.1"


def test_faults_of_ours_in_a_row_are_counted_by_the_ledger(tmp_path):
    agency = make_folder(tmp_path / "agency")
    now, line = datetime(2026, 12, 2, 10, tzinfo=agency.zone), agency.settings.lines[0].id
    for n, outcome in enumerate(["answered", "fault_ours", "fault_ours"]):
        unit = agency.units[n]
        claim(agency, f"t-{n}", permit=permit(unit.unit, agency, now=now.replace(minute=n)))
        settle(agency, f"t-{n}", outcome)
    for path in agency.ledger.iterdir():  # the disk's clock is the machine's
        os.utime(path, (now.timestamp(), now.timestamp()))
    told = read(agency, now=now.replace(minute=9))
    assert told["thirdring_our_faults_in_a_row"] == "2"
    assert told[f'thirdring_line_attempts{{line="{line}",outcome="fault_ours"}}'] == "2"
    assert told[f'thirdring_line_calls_up{{line="{line}"}}'] == "0"


def test_nobodys_name_and_no_number_is_in_it(tmp_path):
    agency = agency_with_evidence(tmp_path / "agency")
    add_sound(agency, "c11")
    told = " ".join(read(agency))
    assert not re.search(r"02270000|u1|課|陳|王", told)


def test_every_gauge_is_in_the_alerts_or_named_in_the_document(tmp_path):
    text = (ROOT / "docs" / "operation.md").read_text("utf-8")
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", call(), best())
    names = {re.match(r"\w+", name)[0] for name in read(agency)}
    assert sorted(name for name in names if name not in text) == []


def test_health_is_yes_or_no_to_each_question(tmp_path):
    agency = agency_with_units(tmp_path / "agency")
    assert health(agency.folder, should_run=False) == {"folder": True, "database": True, "disk": True}
    assert health(agency.folder, should_run=True)["programme"] is False
    agency.database.write_bytes(b"no database at all" * 99)
    assert health(agency.folder, should_run=False)["database"] is False
    (agency.folder / "agency.toml").write_text("name = 1")
    assert health(agency.folder, should_run=False)["folder"] is False


def test_one_fault_of_ours_after_another_calls_a_person_once_and_is_taken_back(tmp_path):
    agency, told = make_folder(tmp_path / "agency"), list[Event]()
    running = programme(agency, told, place=Placing())
    row = {"month": "2026-12", "test_id": "t"}
    for outcome in ("fault_ours", "answered", "fault_ours", "fault_ours", "fault_ours", "unknown", "busy", "answered"):
        running._telling.count_fault(row, Attempt(ended_at=NOW, outcome=outcome, leg="unit"))
    assert [(event.what, event.needs_person) for event in told] == [("our_fault", True), ("our_fault_over", False)]


def test_a_line_that_fails_again_and_again_calls_a_person(tmp_path):
    """The whole way: tests come due, each fails on our side, is dialled again, and fails again."""
    agency, told = make_folder(tmp_path / "agency"), list[Event]()
    running = programme(agency, told, place=Placing(raises=LineError("softphone.worker_silent", what="dial")))
    clock = JumpingClock(agency.folder / "clock")
    for _ in range(6):
        due = running.look()
        clock.sleep(max(0.0, (due - clock.now()).total_seconds()))
    assert [event.what for event in told if event.what.startswith("our_fault")] == ["our_fault"]
