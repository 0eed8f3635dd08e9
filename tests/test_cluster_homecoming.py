"""A probe dials with leave only, and what it recorded is kept at the head as it was made there, or not at all."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from agency_folder import make_agency
from programme_month import NUMBERS, far_ends

from harness import clocks
from harness.agency import Agency, load_agency
from harness.cluster.address import Cluster
from harness.cluster.carrying_out import LOST, NOT_DIALLED, RECORDED, Answer, carry_out
from harness.cluster.flight import Flight
from harness.cluster.head import Head
from harness.cluster.hearing_there import hear_there
from harness.cluster.homecoming import Fetch, bring_home, is_kept, keep_home
from harness.cluster.left_there import Swept, sweep_left
from harness.cluster.offers import Offer
from harness.cluster.order import Order, fingerprint
from harness.cluster.outbox import Outbox, Recorded, recorded_from_dict
from harness.cluster.rehearing import to_be_heard
from harness.errors import AttemptUnknown, WrongInput
from harness.ledger import claim, claims, settle
from harness.record import CallRecord
from harness.recording import sha256
from harness.rehearing import Heard, compare, rehear
from harness.softphone.growing_wav import write_wav
from harness.softphone.scripted import ScriptedSoftphone
from harness.store import open_store
from harness.test_call import dial_permit, plan_call

NUMBER = NUMBERS[0]
ATTEMPT = "2026-12-1-a.1-1"


class Lines:
    """The probe's lines, with a scripted far end."""

    def __init__(self) -> None:
        self.phone, self.dialled = ScriptedSoftphone(far_ends()), 0

    @contextmanager
    def line(self, agency: Agency, line_id: str) -> Any:
        yield self

    def dial(self, *given: Any, **named: Any) -> Any:
        self.dialled += 1
        return self.phone.dial(*given, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.phone, name)


@pytest.fixture
def head(tmp_path: Path) -> Agency:
    return make_agency(tmp_path / "head", dict.fromkeys(NUMBERS, "127.0.0.1:5060"))


@pytest.fixture
def probe(head: Agency, tmp_path: Path) -> Path:
    """The probe's folder: the same directory, its own line."""
    return copy_of(head, tmp_path / "probe")


def copy_of(head: Agency, folder: Path) -> Path:
    shutil.copytree(head.folder, folder)
    path = folder / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("127.0.0.1:5060", "127.0.0.1:5099"), encoding="utf-8")
    return folder


def order_of(head: Agency, **other: Any) -> Order:
    plan = plan_call(NUMBER, head)
    leave = dial_permit(plan, head, now=clocks.now())
    values: dict[str, Any] = {
        "attempt": ATTEMPT,
        "token": "t",
        "ask": "q",
        "call_id": "c1",
        "unit": plan.unit.unit,
        "number": leave.number,
        "line": leave.line_id,
        "to": plan.to,
        "scenario": plan.scenario.name,
        "series": plan.series,
        "plan": fingerprint(plan),
        "longest_s": 300.0,
    }
    return Order(**{**values, **other})


def offer_of(order: Order) -> Offer:
    names = ("attempt", "call_id", "unit", "number", "line", "scenario", "series")
    return Offer(**{name: getattr(order, name) for name in names})


def carried(order: Order, probe: Path, ask: Callable[[dict[str, Any]], str]) -> tuple[Answer, int]:
    """What came of an order, and how often it was dialled for it."""
    lines = Lines()
    return carry_out(order, folder=probe, probe="p1", telephones=lines, ask=ask), lines.dialled  # type: ignore[arg-type]


def home(told: Recorded, offer: Offer, head: Agency, fetch: Fetch) -> CallRecord:
    """Bring a call home whose offer was taken just now."""
    return bring_home(told, offer, head, fetch, taken_at=clocks.now())


def unheard(_: dict[str, Any]) -> str:
    raise TimeoutError


@pytest.mark.parametrize("ask", [lambda _: "no", lambda _: "clock", lambda _: "", unheard])
def test_without_the_heads_yes_nobody_is_dialled(head: Agency, probe: Path, ask: Any) -> None:
    answer, dialled = carried(order_of(head), probe, ask)
    assert (answer.came, dialled) == (NOT_DIALLED, 0)
    assert Outbox(probe).waiting() == []
    assert [one.outcome for one in claims(load_agency(probe))] == ["fault_ours"]


@pytest.mark.parametrize(
    "other", [{"number": "0227000299"}, {"line": "l9"}, {"plan": "0" * 64}, {"unit": "nobody"}, {"to": "switchboard"}]
)
def test_an_order_that_is_not_what_the_probes_own_folder_says_is_not_dialled(
    head: Agency, probe: Path, other: dict[str, str]
) -> None:
    asked: list[dict[str, Any]] = []
    answer, dialled = carried(order_of(head, **other), probe, lambda said: asked.append(said) or "yes")
    assert (answer.came, dialled, asked) == (NOT_DIALLED, 0, [])
    assert answer.zh != answer.en


def test_the_probes_own_gate_refuses_what_the_head_would_permit(head: Agency, probe: Path) -> None:
    path = probe / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("recording_notice_date", "# "), encoding="utf-8")
    answer, dialled = carried(order_of(head), probe, lambda _: "yes")
    assert (answer.came, dialled) == (NOT_DIALLED, 0)


def test_one_order_given_twice_is_dialled_once_by_a_probe_even_if_the_head_says_yes_twice(
    head: Agency, probe: Path
) -> None:
    assert carried(order_of(head), probe, lambda _: "yes")[1] == 1
    answer, dialled = carried(order_of(head), probe, lambda _: "yes")
    assert (answer.came, dialled) == (NOT_DIALLED, 0)


def test_what_failed_after_the_yes_is_lost_and_not_called_undialled(
    head: Agency, probe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.test_call.close_recording", lambda *_: 1 / 0)
    answer, dialled = carried(order_of(head), probe, lambda _: "yes")
    assert (answer.came, dialled) == (LOST, 1)


def test_no_secret_of_a_line_travels(head: Agency, probe: Path) -> None:
    path = probe / "agency.toml"
    line = 'id = "l0"\nuser = "u"\nsecret_file = "l0.secret"'
    path.write_text(path.read_text(encoding="utf-8").replace('id = "l0"', line), encoding="utf-8")
    (probe / "l0.secret").write_text("hunter2", encoding="utf-8")
    (probe / "l0.secret").chmod(0o600)
    asked: list[dict[str, Any]] = []
    answer, dialled = carried(order_of(head), probe, lambda said: asked.append(said) or "yes")
    assert (answer.came, dialled) == (RECORDED, 1)
    assert "hunter2" not in repr((asked, answer, Outbox(probe).waiting(), order_of(head).to_dict()))


@pytest.fixture
def recorded(head: Agency, probe: Path) -> Any:
    """A call that waits in the probe's outbox, and its offer."""
    order = order_of(head)
    leave = dial_permit(plan_call(NUMBER, head), head, now=clocks.now())
    claim(head, ATTEMPT, permit=leave, call_id="c1")
    answer, _ = carried(order, probe, lambda _: "yes")
    assert answer.came == RECORDED
    (told,) = Outbox(probe).waiting()
    return recorded_from_dict(told), offer_of(order)


def test_what_comes_home_is_kept_with_the_hashes_of_its_probe(head: Agency, probe: Path, recorded: Any) -> None:
    told, offer = recorded
    box = Outbox(probe)
    record = home(told, offer, head, lambda name, at: box.piece(ATTEMPT, name, at))
    test = keep_home(record, told, offer, head)
    assert {one.name: one.sha256 for one in told.files} == {
        path.name: sha256(path) for path in test.recording.parent.iterdir()
    }
    assert is_kept(ATTEMPT, head)
    assert [one.outcome for one in claims(head)] == [test.measured.outcome] == ["answered"]
    with open_store(head.database) as store:
        assert [line["what"] for line in store.log.of("c1")] == ["brought_home"]
    box.forget(ATTEMPT)
    assert box.waiting() == []
    assert not [path for path in (probe / "recordings").rglob("*") if path.is_file()]


@pytest.mark.parametrize("which", [0, -1])
@pytest.mark.parametrize("how", ["changed", "shorter", "longer", "nothing"])
def test_a_file_that_was_changed_on_the_way_is_not_kept(
    head: Agency, probe: Path, recorded: Any, which: int, how: str
) -> None:
    told, offer = recorded
    box, name = Outbox(probe), told.files[which].name

    def fetch(wanted: str, at: int) -> bytes:
        piece = box.piece(ATTEMPT, wanted, at)
        if wanted != name:
            return piece
        if at:
            return b"x" if how == "longer" else b""
        return {"changed": bytes([piece[0] ^ 1]) + piece[1:], "shorter": piece[:-1], "nothing": b""}.get(how, piece)

    with pytest.raises(WrongInput, match=name):
        home(told, offer, head, fetch)
    assert not [path for path in head.recordings.rglob("*") if path.is_file()]
    assert not is_kept(ATTEMPT, head)


def test_another_call_than_the_ordered_one_is_not_kept(head: Agency, probe: Path, recorded: Any) -> None:
    told, offer = recorded
    box = Outbox(probe)
    for other in ({"number": "0227000399"}, {"unit": "b"}):
        with pytest.raises(WrongInput):
            bring_home(
                told,
                Offer(**{**vars(offer), **other}),
                head,
                lambda name, at: box.piece(ATTEMPT, name, at),
                taken_at=clocks.now(),
            )
    assert not [path for path in head.recordings.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["../c1.json", "/etc/passwd", "c1/../../x", "other.json", "", ".c1", "c1.\n"])
def test_a_name_that_leaves_its_folder_is_nobodys(name: str) -> None:
    files = [{"name": name, "sha256": "0" * 64, "size_b": 1}]
    told = {"attempt": ATTEMPT, "run": "r", "probe": "p", "call_id": "c1", "files": files}
    with pytest.raises(ValueError, match="recorded"):
        recorded_from_dict(told)


def test_an_outbox_gives_away_nothing_else_of_its_machine(probe: Path, recorded: Any) -> None:
    box = Outbox(probe)
    for attempt, name in ((ATTEMPT, "../../agency.toml"), ("../outbox/x", "c1.json"), (ATTEMPT, "agency.toml")):
        with pytest.raises(FileNotFoundError):
            box.piece(attempt, name, 0)


def head_with(head: Agency, taken_by: str | None) -> tuple[Head, Flight]:
    """A head that nobody is connected to, and an attempt of its that is out."""
    head.ledger.mkdir()
    found = Head(head.folder, Cluster(host="127.0.0.1", port=1))
    order = order_of(head)
    token = found._offers.make(offer_of(order))
    if taken_by:
        assert found._offers.take(ATTEMPT, token, run=taken_by, probe="p1", at="")
    flight = Flight(offer=offer_of(order), plan=plan_call(NUMBER, head), until_s=time.monotonic() + 0.3, longest_s=1.0)
    return found, flight


class Done:
    """A task of Dask that is over."""

    status = "finished"

    def __init__(self, **said: str) -> None:
        self._said = said

    def done(self) -> bool:
        return True

    def result(self, timeout: float) -> dict[str, str]:
        return {"zh": "甲", "en": "a", **self._said}

    def cancel(self) -> None:
        pass


def test_the_run_that_has_the_offer_is_believed_that_it_did_not_dial(head: Agency) -> None:
    found, flight = head_with(head, "r1")
    flight.task = Done(run="r1", came=NOT_DIALLED)  # type: ignore[assignment]
    assert found._landing.landed(flight) is None


@pytest.mark.parametrize("came", [NOT_DIALLED, LOST, RECORDED])
def test_another_run_speaks_for_nobody_who_may_have_dialled(head: Agency, came: str) -> None:
    found, flight = head_with(head, "r1")
    flight.task = Done(run="r2", came=came, address="")  # type: ignore[assignment]
    with pytest.raises(AttemptUnknown):
        found._landing.landed(flight)


def test_a_run_that_did_not_dial_settles_nothing_while_the_offer_can_be_taken(head: Agency) -> None:
    found, flight = head_with(head, None)
    flight.task = Done(run="r2", came=NOT_DIALLED)  # type: ignore[assignment]
    assert found._landing.landed(flight) is None
    assert found._offers.is_withdrawn(ATTEMPT)  # so that it can not be taken any more


def test_an_offer_that_was_taken_just_before_it_would_be_withdrawn_is_unknown(
    head: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, flight = head_with(head, None)
    flight.task = Done(run="r2", came=NOT_DIALLED)  # type: ignore[assignment]
    token, withdraw = found._offers._tokens[ATTEMPT], found._offers.withdraw

    def too_late(attempt: str, *, at: str) -> bool:
        found._offers.take(attempt, token, run="r1", probe="p1", at=at)
        return withdraw(attempt, at=at)

    monkeypatch.setattr(found._offers, "withdraw", too_late)
    with pytest.raises(AttemptUnknown):
        found._landing.landed(flight)


@pytest.fixture
def kept(head: Agency, probe: Path, recorded: Any) -> Any:
    """A call that came home, as the database has it."""
    told, offer = recorded
    box = Outbox(probe)
    keep_home(
        home(told, offer, head, lambda name, at: box.piece(ATTEMPT, name, at)),
        told,
        offer,
        head,
    )
    with open_store(head.database) as store:
        return store.get_call("c1")


def test_a_call_is_heard_there_as_it_is_heard_here(head: Agency, probe: Path, kept: Any) -> None:
    told, sound = to_be_heard(kept, "batch", head)
    heard = hear_there(probe, json.loads(json.dumps(told)), sound)["heard"]
    with open_store(head.database) as store:
        here = rehear("c1", head, store)
        assert compare(kept, Heard(**json.loads(json.dumps(heard))), head, store).to_dict() == here.to_dict()
    assert here.status == "same"


@pytest.mark.parametrize("what", ["sound", "ear", "goes_by"])
def test_a_call_that_would_be_heard_otherwise_there_is_not_heard(
    head: Agency, probe: Path, kept: Any, what: str
) -> None:
    told, sound = to_be_heard(kept, what, head)
    said = hear_there(probe, told | {what: "x"}, sound[:-1] if what == "sound" else sound)
    assert said["problem"]["key"] == {"sound": "cluster.changed"}.get(what, "cluster.other_ear")


def test_what_a_stopped_probe_left_is_mended_told_of_and_not_kept_for_ever(head: Agency, probe: Path) -> None:
    order = order_of(head)
    carried(order, probe, lambda _: "yes")
    agency, now = load_agency(probe), clocks.now()
    waits = {one for one in agency.recordings.glob("*/*") if one.suffix == ".flac"}
    leave = dial_permit(plan_call(NUMBERS[1], agency), agency, now=now)
    claim(agency, "cut-1", permit=leave, call_id="cut")
    cut = next(iter(waits)).parent / "cut.far.wav"
    write_wav(cut, np.ones(8000, np.int16), sample_rate_hz=8000)
    cut.write_bytes(cut.read_bytes()[:40] + bytes(4) + cut.read_bytes()[44:])
    assert sweep_left(agency, today=agency.day_of(now.isoformat())) == Swept(kept=(), deleted=())  # it may be up
    settle(agency, "cut-1", "unknown")
    assert sweep_left(agency, today=agency.day_of(now.isoformat())) == Swept(kept=(cut,), deleted=())
    assert soundfile.info(cut).frames == 8000
    later = agency.day_of((now + timedelta(days=130)).isoformat())
    assert sweep_left(agency, today=later) == Swept(kept=(), deleted=(cut,))
    assert not cut.exists()
    assert all(one.exists() for one in waits)
