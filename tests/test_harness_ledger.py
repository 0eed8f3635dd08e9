"""The ledger: an attempt is claimed once, on the disk before its INVITE; a crash leaves it unknown, never forgotten."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from harness.agency import load_agency
from harness.errors import ENVIRONMENT_FAILED, LedgerError
from harness.ledger import claim, claims, one_at_a_time, settle
from harness.new_agency import make_agency
from harness.number_gate import permit

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


def test_a_disk_that_fails_is_told_and_nothing_is_claimed(agency, leave):
    agency.ledger.parent.joinpath("ledger").write_text("in the way")
    with pytest.raises(LedgerError) as caught:
        claim(agency, "a-1", permit=leave)
    assert caught.value.key == "ledger.disk"
    with pytest.raises(LedgerError), one_at_a_time(agency):
        pass
