"""The ledger: an attempt is claimed once, on the disk before its INVITE; a crash leaves it unknown, never forgotten."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from harness.agency import load_agency
from harness.clocks import Clocks, clocks
from harness.errors import ENVIRONMENT_FAILED, LedgerError, Refused
from harness.hours import DAYS
from harness.kept_call import led_to
from harness.ledger import claim, claims, note_led, one_at_a_time, settle
from harness.new_agency import make_agency
from harness.number_gate import permit
from harness.number_gate.caps import DAY
from harness.softphone.signals import SipSignal

pytestmark = pytest.mark.waits

NOW = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)


@pytest.fixture
def agency(tmp_path):
    make_agency(tmp_path / "agency")
    return load_agency(tmp_path / "agency")


@pytest.fixture
def leave(agency):
    return permit("service-desk", agency, now=NOW, recording=False)


def test_a_claim_is_up_until_it_is_settled(agency, leave):
    claim(agency, "a-1", permit=leave)
    (one,) = claims(agency)
    assert (one.attempt_id, one.unit, one.number, one.claimed_at, one.in_flight) == (
        "a-1",
        "service-desk",
        "301",
        NOW,
        True,
    )
    settle(agency, "a-1", "busy")
    (one,) = claims(agency)
    assert (one.outcome, one.in_flight) == ("busy", False)


def test_the_second_claim_and_the_second_outcome_are_refused(agency, leave):
    claim(agency, "a-1", permit=leave)
    with pytest.raises(LedgerError) as caught:
        claim(agency, "a-1", permit=leave)
    assert (caught.value.key, caught.value.exit_status) == ("ledger.claimed_before", ENVIRONMENT_FAILED)
    settle(agency, "a-1", "answered")
    with pytest.raises(LedgerError):
        settle(agency, "a-1", "busy")
    with pytest.raises(LedgerError):
        settle(agency, "never", "busy")


@pytest.mark.parametrize("attempt_id", ["", "../a", "a/b", "a b", "-a", "é", "a" * 101])
def test_an_id_is_no_path(agency, leave, attempt_id):
    with pytest.raises(LedgerError):
        claim(agency, attempt_id, permit=leave)


CRASH = """
import os, sys
from datetime import datetime
from pathlib import Path
from harness.agency import load_agency
from harness.ledger import claim
from harness.number_gate import permit
agency = load_agency(Path(sys.argv[1]))
now = datetime.fromisoformat(sys.argv[2])
claim(agency, "crashed-1", permit=permit("service-desk", agency, now=now, recording=False))
os._exit(9)
"""


def test_a_crash_leaves_the_claim_unknown_and_never_dialled_again(agency, leave):
    died = subprocess.run([sys.executable, "-c", CRASH, str(agency.folder), NOW.isoformat()], check=False)
    assert died.returncode == 9
    (one,) = claims(agency)
    assert (one.outcome, one.in_flight) == ("unknown", False)
    with pytest.raises(LedgerError):
        claim(agency, "crashed-1", permit=leave)


def test_a_claim_cut_off_inside_its_write_still_stands(agency, leave):
    agency.ledger.mkdir(exist_ok=True)
    (agency.ledger / "torn-1.claim").write_text('{"attempt_')
    (one,) = claims(agency)
    assert (one.attempt_id, one.outcome) == ("torn-1", "unknown")
    with pytest.raises(LedgerError):
        claim(agency, "torn-1", permit=leave)


def test_only_one_of_many_claims_wins(agency, leave):
    won, start = [], threading.Barrier(8)

    def contend():
        start.wait()
        try:
            claim(agency, "a-1", permit=leave)
        except LedgerError:
            return
        won.append(1)

    threads = [threading.Thread(target=contend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]


def test_old_claims_are_not_read(agency, leave):
    claim(agency, "a-1", permit=leave)
    assert claims(agency, since=datetime.now(UTC) + timedelta(hours=1)) == ()
    assert len(claims(agency, since=datetime.now(UTC) - timedelta(hours=1))) == 1


def test_a_disk_that_is_full_behind_a_call_does_not_say_that_nobody_was_dialled(agency, leave, monkeypatch):
    claim(agency, "full-1", permit=leave)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("harness.ledger.os.fsync", full)
        with pytest.raises(LedgerError) as caught:
            settle(agency, "full-1", "answered")
    assert caught.value.key == "ledger.not_settled"
    assert ("No space" in caught.value.sentence("en"), "沒有撥號" in caught.value.sentence("zh")) == (True, False)
    settle(agency, "full-1", "answered")
    assert [one.outcome for one in claims(agency)] == ["answered"]


def test_a_disk_that_fails_is_told_and_nothing_is_claimed(agency, leave):
    agency.ledger.parent.joinpath("ledger").write_text("in the way")
    with pytest.raises(LedgerError) as caught:
        claim(agency, "a-1", permit=leave)
    assert caught.value.key == "ledger.disk"
    with pytest.raises(LedgerError), one_at_a_time(agency):
        pass


# --- the caps between processes, and against a clock that is set -------------------------------------------

RACE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from harness.agency import load_agency
from harness.errors import Refused
from harness.ledger import claim, one_at_a_time
from harness.number_gate import permit
agency, name, unit, now = load_agency(Path(sys.argv[1])), sys.argv[2], sys.argv[3], datetime.fromisoformat(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
try:
    with one_at_a_time(agency):
        claim(agency, name, permit=permit(unit, agency, now=now, recording=False))
    print("claimed", flush=True)
except Refused as error:
    print(error.key, flush=True)
sys.stdin.readline()
"""


def raced(agency, units, *, now=NOW):
    """Processes that want to dial at the same moment and stay up together: what each was told."""
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(agency.folder), f"race-{n}", unit, now.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n, unit in enumerate(units)
    ]
    try:
        assert [one.stdout.readline().strip() for one in asked] == ["ready"] * len(units)
        for one in asked:
            one.stdin.write("\n")
            one.stdin.flush()
        return [one.stdout.readline().strip() for one in asked]
    finally:
        for one in asked:
            one.communicate("\n", timeout=60)


def agency_of(folder, units, *, caps="", lines='[[lines]]\nid = "main"\n'):
    (folder / "a").mkdir()
    (folder / "a" / "agency.toml").write_text(
        f'name = "x"\n[hours]\ndefault = "00:00-24:00"\n[caps]\n{caps}\n'
        f'[[sites]]\nid = "hq"\nname = "HQ"\nswitchboard = "02-2700-1000"\n{lines}',
        encoding="utf-8",
    )
    rows = "".join(f"{unit},30{n}\n" for n, unit in enumerate(units))
    (folder / "a" / "units.csv").write_text(f"unit,extension\n{rows}", encoding="utf-8")
    return load_agency(folder / "a")


def test_calls_started_at_the_same_moment_keep_the_cap_together(tmp_path):
    agency = agency_of(tmp_path, ["a", "b", "c", "d"])
    told = sorted(raced(agency, ["a", "b", "c", "d"]))
    assert told == ["claimed", "claimed", "refused.at_once", "refused.at_once"]
    assert len(claims(agency)) == 2


def test_calls_started_at_the_same_moment_never_ring_one_number_twice(tmp_path):
    agency = agency_of(tmp_path, ["a"], caps="calls_at_once = 9")
    assert sorted(raced(agency, ["a", "a", "a"])) == ["claimed", "refused.number_in_call", "refused.number_in_call"]


def test_never_two_calls_to_one_switchboard(tmp_path):
    agency = agency_of(tmp_path, ["a", "b"], caps="calls_at_once = 9")
    claim(agency, "a-1", permit=permit("a", agency, now=NOW, to="switchboard", recording=False))
    (one,) = claims(agency)
    assert (one.line, one.switchboard) == ("main", "hq")
    with pytest.raises(Refused) as caught:
        permit("b", agency, now=NOW, to="switchboard", recording=False)
    assert caught.value.key == "refused.number_in_call"
    renumbered = replace(agency, settings=agency.settings.model_copy(update={"sites": (replaced_site(agency),)}))
    with pytest.raises(Refused) as caught:
        permit("b", renumbered, now=NOW, to="switchboard", recording=False)
    assert caught.value.key == "refused.switchboard_in_call"
    assert permit("b", agency, now=NOW, recording=False)  # a direct extension keeps no operator busy
    settle(agency, "a-1", "answered")
    assert permit("b", agency, now=NOW, to="switchboard", recording=False)


def replaced_site(agency):
    return agency.settings.sites[0].model_copy(update={"switchboard": "02-2700-1001"})


def test_a_line_has_its_own_limit(tmp_path):
    lines = '[[lines]]\nid = "main"\n[[lines]]\nid = "other"\n'
    agency = agency_of(tmp_path, ["a", "b"], caps="calls_at_once = 9", lines=lines)
    limited = (agency.settings.lines[0].model_copy(update={"max_calls": 1}), agency.settings.lines[1])
    agency = replace(agency, settings=agency.settings.model_copy(update={"lines": limited}))
    claim(agency, "a-1", permit=permit("a", agency, now=NOW, recording=False))
    with pytest.raises(Refused) as caught:
        permit("b", agency, now=NOW, recording=False)
    assert caught.value.key == "refused.line_full"
    units = (*agency.units[:1], replace(agency.units[1], line="other"))
    assert permit("b", replace(agency, units=units), now=NOW, recording=False)


def set_clock(monkeypatch, *, by_s, later_s=0.0):
    """The wall clock as somebody set it, the machine's running time as it is."""
    real = clocks()
    now = Clocks(real.boot, real.up_s + later_s, real.wall_s + later_s + by_s)
    monkeypatch.setattr("harness.clocks.clocks", lambda: now)
    return datetime.fromtimestamp(now.wall_s, UTC)


def refusal(agency, unit, now):
    with pytest.raises(Refused) as caught:
        permit(unit, agency, now=now, recording=False)
    return caught.value.key


CAPPED = "calls_per_hour = 1\ncalls_per_day = 2"
WEEK = 7 * 86400


@pytest.fixture
def open_agency(tmp_path):
    agency = agency_of(tmp_path, ["a", "b"], caps=CAPPED)
    every_day = agency.settings.hours.model_copy(update={"days": DAYS})
    return replace(agency, settings=agency.settings.model_copy(update={"hours": every_day}))


@pytest.mark.parametrize("by_s", [-WEEK, -3600.0 * 3, 3600.0 * 3, WEEK])
def test_setting_the_clock_makes_no_room_for_more_calls(open_agency, monkeypatch, by_s):
    """Back or forward after a call: by the machine's own running time that call is still a moment ago."""
    now = set_clock(monkeypatch, by_s=0.0)
    claim(open_agency, "a-1", permit=permit("a", open_agency, now=now, recording=False))
    settle(open_agency, "a-1", "answered")
    set_to = set_clock(monkeypatch, by_s=by_s, later_s=60.0)
    assert refusal(open_agency, "b", set_to) == "refused.per_hour"
    later = set_clock(monkeypatch, by_s=by_s, later_s=4000.0)
    if by_s > 0:
        assert permit("b", open_agency, now=later, recording=False)


def test_calls_made_while_the_clock_was_set_back_count_when_it_is_right_again(open_agency, monkeypatch):
    back = set_clock(monkeypatch, by_s=-WEEK)
    claim(open_agency, "a-1", permit=permit("a", open_agency, now=back, recording=False))
    settle(open_agency, "a-1", "answered")
    os.utime(open_agency.ledger / "a-1.claim", (back.timestamp(), back.timestamp()))
    right = set_clock(monkeypatch, by_s=0.0, later_s=60.0)
    assert refusal(open_agency, "b", right) == "refused.per_hour"


def test_a_note_of_the_clock_that_is_broken_makes_every_claim_count(open_agency, monkeypatch):
    back = set_clock(monkeypatch, by_s=-WEEK)
    claim(open_agency, "a-1", permit=permit("a", open_agency, now=back, recording=False))
    settle(open_agency, "a-1", "answered")
    os.utime(open_agency.ledger / "a-1.claim", (back.timestamp(), back.timestamp()))
    (open_agency.ledger / ".clock").write_text("{")
    assert refusal(open_agency, "b", set_clock(monkeypatch, by_s=0.0, later_s=60.0)) == "refused.per_hour"


def test_a_claim_of_an_older_ledger_is_read(agency, leave):
    agency.ledger.mkdir()
    old = {"attempt_id": "a-1", "unit": "u", "number": "301", "claimed_at": NOW.isoformat(), "process": [1, "gone"]}
    (agency.ledger / "a-1.claim").write_text(json.dumps(old))
    (one,) = claims(agency)
    assert (one.line, one.switchboard, one.age_s, one.outcome) == ("", "", None, "unknown")


def test_a_number_that_a_call_was_led_to_counts_as_rung(tmp_path):
    agency = agency_of(tmp_path, ["a", "b"], caps="calls_per_number_per_day = 1")
    claim(agency, "a-1", permit=permit("a", agency, now=NOW, recording=False))
    settle(agency, "a-1", "answered")
    assert "301" in permit("a", agency, now=NOW + DAY, recording=False).follows
    note_led(agency, "a-1", ["301"])
    (one,) = claims(agency)
    assert (one.led_to, one.rang("301"), one.rang("300"), one.rang("302")) == (("301",), True, True, False)
    with pytest.raises(Refused) as caught:
        permit("b", agency, now=NOW, recording=False)
    assert caught.value.key == "refused.per_number"
    note_led(agency, "a-2", [])
    assert not (agency.ledger / "a-2.led").exists()


def test_what_a_record_was_led_to(tmp_path):
    agency = agency_of(tmp_path, ["a"], lines='[[lines]]\nid = "main"\noutside_prefix = "9"\n')
    led = [("redirected", "sip:205@pbx"), ("transferred", "<sip:90227001000@pbx>"), ("refused", "sip:110@pbx")]
    signals = tuple(
        SipSignal(earliest_s=0.0, latest_s=0.0, kind=kind, direction="own", reason=uri) for kind, uri in led
    )
    found = led_to(SimpleNamespace(signals=signals), agency)
    assert set(found) == {"205", "90227001000", "0227001000"}


HOLD = """
import sys
from pathlib import Path
from harness.agency import load_agency
from harness.ledger import one_at_a_time
with one_at_a_time(load_agency(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_process_that_hangs_with_the_ledger_stops_the_others_and_is_told_of(agency):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(agency.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(LedgerError) as caught, one_at_a_time(agency, patience_s=0.2):
            pass
        assert (caught.value.key, caught.value.exit_status) == ("ledger.busy", ENVIRONMENT_FAILED)
    finally:
        holder.communicate("\n", timeout=30)
    with one_at_a_time(agency):
        pass


def test_what_is_written_later_of_a_claim_that_was_read_before_is_seen(agency, leave):
    claim(agency, "a-1", permit=leave)
    assert claims(agency)[0].in_flight
    torn = agency.ledger / "a-1.outcome"
    torn.write_text('{"outc')
    assert claims(agency)[0].outcome == "unknown"
    torn.unlink()
    assert claims(agency)[0].in_flight
    settle(agency, "a-1", "busy")
    assert claims(agency)[0].outcome == "busy"
    note_led(agency, "a-1", ["305"])
    assert claims(agency)[0].led_to == ("305",)


def test_a_claim_that_was_settled_is_not_opened_again(agency, leave, monkeypatch):
    claim(agency, "a-1", permit=leave)
    settle(agency, "a-1", "busy")
    before = claims(agency)
    monkeypatch.setattr("harness.claim_files.Path.read_text", None)
    monkeypatch.setattr("harness.ledger.stepped_s", lambda _: 0.0)
    assert claims(agency) == before


def test_a_processes_own_calls_wait_for_each_other_longer_than_for_another_process(agency, monkeypatch):
    monkeypatch.setattr("harness.ledger.QUEUE_TIMES", 300.0)  # whatever else this machine does
    order, holding = list[int](), threading.Event()

    def wait(n: int) -> None:
        with one_at_a_time(agency, patience_s=0.2):
            order.append(n)

    with one_at_a_time(agency):
        threads = [threading.Thread(target=wait, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        holding.wait(0.4)  # longer than any of them waits for another process
    for thread in threads:
        thread.join(30)
    assert sorted(order) == list(range(20))
