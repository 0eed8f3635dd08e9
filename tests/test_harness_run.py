"""`thirdring run`: the programme as a process on a real telephone, and what it tells people."""

from __future__ import annotations

import email.policy
import json
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_string
from http.server import HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from agency_folder import make_agency
from message_sinks import Hook, Mailbox, serving
from sip_peer import Dialog, SipPeer

from harness.agency import Agency
from harness.errors import AgencyError, EnvironmentFailed, LineError
from harness.programme.events import Event, sentences
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.notify import Mail, Messenger, Notify, Told, said, tell_people
from harness.programme.seal import seal_of
from harness.programme.service import serve
from harness.programme.settings import read_programme
from harness.programme.systemd import unit_file
from harness.store import open_store

pytestmark = pytest.mark.waits

NUMBERS = ("0227000201", "0227000202")
NEEDED = Event(at=datetime(2026, 12, 1, 2, tzinfo=UTC), what="unknown", test="2026-12-1-desk", detail={"why": "void"})


def to(settings: Notify) -> Told:
    return Told(agency="測試機關", zone=UTC, settings=settings)


def busy(peer: SipPeer, dialog: Dialog) -> None:
    """A telephone that is engaged."""
    peer.respond(dialog, 486, "Busy Here")


def planned_now(folder: Path, address: str) -> Agency:
    """An agency whose drawn month has its two tests due now."""
    agency = make_agency(folder, dict.fromkeys(NUMBERS, address))
    now = datetime.now(UTC)
    month = f"{now.astimezone(agency.zone):%Y-%m}"
    at = now.astimezone(agency.zone) - timedelta(seconds=30)
    tests = tuple(PlannedTest(at=at, id=f"{month}-1-u{n}", round=1, unit=f"u{n}") for n in NUMBERS)
    plan = MonthPlan(month=month, seed="s", drawn_at=now, inputs="", tests=tests)
    with open_store(agency.database) as store:
        store.plans.add(month, seal=seal_of(plan), plan=plan.to_dict(), now=now)
    return agency


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`thirdring run` as a process of its own."""
    command = [sys.executable, "-m", "harness.cli", "--agency", str(folder), "--lang", "en", "run", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def states(agency: Agency) -> list[str]:
    with open_store(agency.database) as store:
        months = [row["month"] for row in store.plans.months()]
        return [one["state"] for one in store.plans.tests(months[0])]


def test_what_is_due_is_dialled_once_on_the_real_telephone_and_dialled_again_later(tmp_path: Path) -> None:
    with SipPeer(busy) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder, "--once") as process:
            _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
        assert len(peer.dialogs) == 2
        assert states(agency) == ["again", "again"]
        assert told.count("to be dialled again") == 2
    with open_store(agency.database) as store:
        assert store.plans.waiting(datetime.now(UTC) + timedelta(minutes=8)) == []  # its ten minutes are not over
        assert len(store.plans.waiting(datetime.now(UTC) + timedelta(minutes=10))) == 2


def test_one_process_runs_an_agency_and_a_stop_is_orderly(tmp_path: Path) -> None:
    with SipPeer(busy) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder) as first:
            assert peer.wait(lambda: len(peer.dialogs) == 2, 30)
            with pytest.raises(EnvironmentFailed) as raised:
                serve(agency.folder, show=lambda *_: None, line=print, once=True)
            assert raised.value.key == "programme.runs_already"
            first.send_signal(signal.SIGTERM)
            first.communicate(timeout=120)
        assert first.returncode == 0
        assert "claimed" not in states(agency)


def busy_after_a_while(peer: SipPeer, dialog: Dialog) -> None:
    """A telephone that rings, and then says that it is engaged."""
    peer.respond(dialog, 180, "Ringing")
    peer.stopping.wait(2.0)
    peer.respond(dialog, 486, "Busy Here")


def test_control_c_reaches_the_whole_group_and_cuts_no_call_off(tmp_path: Path) -> None:
    with SipPeer(busy_after_a_while) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder, "--json") as process:
            assert peer.wait(lambda: len(peer.dialogs) == 2, 30)
            for _ in range(5):  # one alone may come inside pjsua2, which swallows what Python raises there
                os.killpg(process.pid, signal.SIGINT)
                peer.stopping.wait(0.1)
            told, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    with open_store(agency.database) as store:
        month = store.plans.months()[0]["month"]
        assert [one["detail"]["outcome"] for one in store.plans.tests(month)] == ["busy", "busy"]
    events = [json.loads(line) for line in told.splitlines()]
    assert {one["schema"] for one in events} == {"thirdring.event/1"}
    assert [one["what"] for one in events] == ["begun", "dialling", "dialling", "again", "again", "ended"]


def failing(peer: SipPeer, dialog: Dialog) -> None:
    """A trunk that fails."""
    peer.respond(dialog, 503, "Service Unavailable")


def test_a_line_that_fails_is_our_fault_and_nobodys_zero(tmp_path: Path) -> None:
    with SipPeer(failing) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder, "--once") as process:
            process.communicate(timeout=120)
    assert set(states(agency)) == {"again"}
    with open_store(agency.database) as store:
        month = store.plans.months()[0]["month"]
        assert {one["detail"]["outcome"] for one in store.plans.tests(month)} == {"fault_ours"}


# --- telling people -----------------------------------------------------------------------------------------


def test_what_needs_a_person_is_mailed_and_posted() -> None:
    heard: list[object] = []
    mail: list[object] = []
    taken: list[object] = []
    lines: list[str] = []
    with (
        serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=heard, mail=mail) as smtp,
        serving(HTTPServer(("127.0.0.1", 0), Hook), taken=taken) as hook,
    ):
        box = Mail(server="127.0.0.1", port=smtp, security="none", sender="a@example.org", to=("b@example.org",))
        told = Notify(mail=box, webhook=f"http://127.0.0.1:{hook}/x")
        tell_people([NEEDED], to(told), line=lines.append)
    assert lines == []
    assert [str(line).upper() for line in heard if "b@example.org" in str(line)] == ["RCPT TO:<B@EXAMPLE.ORG>"]
    assert any("Subject: =?utf-8?" in str(line) for line in mail)
    assert [(one["what"], one["test"]) for one in taken] == [("unknown", NEEDED.test)]  # type: ignore[index]


def test_a_server_that_is_not_there_stops_nothing() -> None:
    lines: list[str] = []
    box = Mail(server="127.0.0.1", port=1, security="none", sender="a@example.org", to=("b@example.org",))
    tell_people([NEEDED, NEEDED], to(Notify(mail=box, webhook="http://127.0.0.1:1/")), line=lines.append)
    assert [line.count("測試照常進行") for line in lines] == [1, 1]


def test_what_needs_nobody_is_a_line_and_no_mail() -> None:
    lines: list[str] = []
    event = Event(at=datetime(2026, 12, 1, 2, tzinfo=UTC), what="done", test="t", detail={"outcome": "answered"})
    with closing(Messenger(lines.append)) as messenger:
        messenger.tell(event, to(Notify(webhook="http://127.0.0.1:1/")))
    assert lines == []


def test_what_gathers_while_a_server_dawdles_is_one_mail_and_holds_nobody_up() -> None:
    heard: list[object] = []
    mail: list[object] = []
    go_on = threading.Event()
    with serving(
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox), heard=heard, mail=mail, go_on=go_on
    ) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="none", sender="a@example.org", to=("b@example.org",))
        with closing(Messenger(lambda _: None)) as messenger:
            for _ in range(20):
                messenger.tell(NEEDED, to(Notify(mail=box)))  # comes back at once, though the server waits
            assert mail == []
            go_on.set()
    starts = [at for at, line in enumerate(mail) if str(line).startswith("From: ")]
    mails = [mail[a:b] for a, b in pairwise([*starts, None])]
    told = [message_from_string("".join(map(str, one)), policy=email.policy.default).get_content() for one in mails]
    assert [text.count(NEEDED.test) for text in told] in ([1, 19], [2, 18], [3, 17], [20])


def test_a_line_for_people_is_in_the_time_of_the_agency_and_names_the_unit() -> None:
    detail = {"outcome": "answered", "answer_latency_s": {"earliest": 4.02, "latest": 4.31}}
    event = Event(
        at=datetime(2026, 12, 1, 2, 5, tzinfo=UTC), what="done", test="2026-12-1-a", unit="服務台", detail=detail
    )
    assert said(event, ZoneInfo("Asia/Taipei")).startswith("2026-12-01 10:05 ")
    assert "服務台" in said(event)
    assert "4.0–4.3" in said(event)


@pytest.mark.parametrize(
    ("what", "detail", "says", "not_says"),
    [
        ("dialling", {"attempt": 1}, [], ["第 1 次"]),
        ("dialling", {"attempt": 2}, ["第 2 次撥"], []),
        ("again", {"outcome": "busy", "why": "busy"}, ["忙線，稍後再撥"], ["忙線; "]),
        ("again", {"outcome": "fault_ours", "why": "fault_ours"}, ["我方故障，稍後再撥"], ["不計"]),
        ("done", {"outcome": "busy", "why": "refused", "key": "refused.closed"}, ["忙線"], ["refused"]),
        ("failed", sentences(LineError("softphone.worker_silent", what="dial")), ["dial"], ["softphone."]),
        ("failed", sentences(ValueError("odd")), ["ValueError: odd"], []),
        ("begun", {"month": "2026-12", "tests": 40, "over": 3}, ["40 次測試，3 次已了結"], []),
    ],
)
def test_a_clerk_reads_why_in_a_sentence(what: str, detail: Any, says: list[str], not_says: list[str]) -> None:
    line = said(Event(at=NEEDED.at, what=what, test="t", unit="服務台", detail=detail))
    assert [one for one in says if one not in line] == []
    assert [one for one in not_says if one in line] == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rounds_per_month = 0.5\n", "rounds_per_month"),
        ("rounds = 1\n", "rounds"),
        ('[[testers]]\nname = "甲"\n[[testers]]\nname = "甲"\n', "甲"),
        ('[notify]\nwebhook = "ftp://x"\n', "webhook"),
        ("draw_day = 31\n", "draw_day"),
        (
            '[notify.mail]\nserver = "mail.x"\nsecurity = "none"\nsender = "a@b"\nto = ["c@d"]\n',
            "mail.x",
        ),
    ],
)
def test_a_wrong_programme_names_its_key(tmp_path: Path, text: str, names: str) -> None:
    (tmp_path / "programme.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AgencyError) as raised:
        read_programme(tmp_path)
    assert names in str(raised.value)
    assert "programme.toml" in str(raised.value)


def test_the_unit_file_names_the_folder_and_stops_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "100% 我 的機關"
    folder.mkdir()
    text = unit_file(folder)
    assert f'--agency "{tmp_path}/100%% 我 的機關" run' in text
    assert f"User={folder.owner()}\n" in text
    assert "KillMode=mixed\nKillSignal=SIGTERM\n" in text  # a stop must not reach the telephones' processes
    verifier = shutil.which("systemd-analyze")
    if verifier:  # not everywhere; it knows every key and every path
        file = tmp_path / "thirdring.service"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([verifier, "verify", str(file)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
