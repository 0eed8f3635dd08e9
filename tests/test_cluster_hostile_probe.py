"""What a machine of the cluster can make the head keep that is not the call that was ordered; and what it cannot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from agency_folder import make_agency
from programme_month import NUMBERS
from test_cluster_homecoming import ATTEMPT, carried, copy_of, offer_of, order_of

from harness import clocks
from harness.cluster import tasks
from harness.cluster.homecoming import is_kept
from harness.cluster.offers import Offers
from harness.cluster.outbox import PIECE_B, Outbox
from harness.cluster.rounds import Rounds
from harness.cluster.too_much import MOST_B, MOST_FILES, MOST_S
from harness.ledger import claim
from harness.test_call import dial_permit, plan_call

Told = dict[str, Any]
ADDRESS = "tcp://127.0.0.1:1"


class Member:
    """Stands for the head's link to one probe, which says whatever a test wants."""

    def __init__(self, folder: Path) -> None:
        self.box = Outbox(folder)
        self.waiting: Any = self.box.waiting()
        self.sent: dict[str, bytes] = {one["name"]: self._file(one["name"]) for one in self.told["files"]}
        self.asked: list[str] = []
        self.piece: Callable[[str, int], Any] = lambda name, at: self.sent[name][at : at + PIECE_B]

    @property
    def told(self) -> Told:
        (told,) = self.waiting
        return dict(told)

    def _file(self, name: str) -> bytes:
        return self.box.piece(ATTEMPT, name, 0)

    def says(self, **other: Any) -> None:
        """Say otherwise of the call."""
        self.waiting = [self.told | other]

    def sends(self, name: str, content: bytes) -> None:
        """Send another file, with the hash and the size that it has."""
        digest = {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size_b": len(content)}
        self.sent[name] = content
        self.says(files=[*(one for one in self.told["files"] if one["name"] != name), digest])

    def record(self, **other: Any) -> None:
        """Say otherwise in the call's record."""
        told = json.loads(self.sent["c1.json"]) | other
        self.sends("c1.json", json.dumps(told).encode())

    def probes(self, resource: str) -> dict[str, float]:
        return {ADDRESS: 1.0}

    def run_there(self, address: str, task: Any, *values: Any, wait_s: float = 60.0) -> Any:
        self.asked.append(task.__name__)
        if task is tasks.waiting:
            return self.waiting
        return self.piece(values[1], values[2]) if task is tasks.piece else True


class Table:
    """A head, an attempt of its that was handed out, and the member that has the call."""

    def __init__(self, folder: Path) -> None:
        self.head = make_agency(folder / "head", dict.fromkeys(NUMBERS, "127.0.0.1:5060"))
        order, probe = order_of(self.head), copy_of(self.head, folder / "probe")
        claim(self.head, ATTEMPT, permit=dial_permit(plan_call(NUMBERS[0], self.head), self.head, now=clocks.now()))
        self.offers, self.lines = Offers(self.head.ledger), list[str]()
        self.token = self.offers.make(offer_of(order))
        answer, _ = carried(order, probe, lambda _: "yes")
        self.run, self.member = answer.run, Member(probe)

        self.rounds = Rounds(self.head.folder, self.member, self.offers, {}, self.lines.append)  # type: ignore[arg-type]

    def take(self, run: str = "", minutes: float = 0.0) -> None:
        """The member took the offer, so many minutes ago."""
        at = (clocks.now() - timedelta(minutes=minutes)).isoformat()
        assert self.offers.take(ATTEMPT, self.token, run=run or self.run, probe="p1", at=at)

    def round(self) -> bool:
        """Ask everybody once; whether the call was kept."""
        self.rounds.go()
        return is_kept(ATTEMPT, self.head)

    def litter(self) -> list[str]:
        return [one.name for one in self.head.recordings.rglob("*") if one.is_file()]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def test_the_call_that_was_ordered_comes_home_and_once(table: Table) -> None:
    table.take()
    assert table.round()
    kept = sorted(table.litter())
    table.member.record(number=NUMBERS[1])
    table.member.asked.clear()
    assert table.round()  # said again, and otherwise: it is not fetched any more
    assert ("piece" in table.member.asked, sorted(table.litter())) == (False, kept)


@pytest.mark.parametrize("run", ["", "?", "0123456789abcdef", "\n"])
def test_a_call_of_another_run_or_of_an_offer_that_was_withdrawn_is_nobodys(table: Table, run: str) -> None:
    if run:
        table.take()
    else:
        assert table.offers.withdraw(ATTEMPT, at=clocks.now().isoformat())
    table.member.says(run=run)
    assert not table.round()
    assert table.litter() == []


def test_a_take_that_was_cut_off_gives_nobody_the_call(table: Table) -> None:
    (table.head.ledger / f"{ATTEMPT}.taken").write_text("", encoding="utf-8")
    table.member.says(run="?")
    assert not table.round()
    assert table.litter() == []


FORGED: dict[str, Told] = {
    "another number": {"number": NUMBERS[1]},
    "another unit": {"unit": "x301"},
    "another call": {"call_id": "c2"},
    "another scenario": {"scenario": "switchboard-then-extension"},
    "a recording from elsewhere": {"source": "imported"},
    "last week": {"started_at": "2026-11-01T10:00:00+08:00"},
    "no time zone": {"started_at": "2026-11-20T10:00:00"},
    "no time": {"started_at": "yesterday"},
    "a number for a time": {"started_at": 5},
    "files of another call": {"files": {"far": "c2.flac"}},
    "files outside": {"files": {"far": "../../agency.toml"}},
    "no files": {"files": []},
    "signals that are none": {"signals": [1, 2]},
    "a key of its own": {"__class__": "x"},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_record_that_is_not_the_ordered_calls_is_not_kept(table: Table, what: str) -> None:
    table.take()
    table.member.record(**FORGED[what])
    assert not table.round()
    assert table.litter() == []
    assert len(table.lines) == 1
    assert not table.round()
    assert len(table.lines) == 1  # told once


def test_a_call_that_was_taken_at_another_time_is_not_this_one(table: Table) -> None:
    table.take(minutes=10)
    assert not table.round()
    assert table.litter() == []


def flac(folder: Path, seconds: float, *, channels: int = 1) -> bytes:
    """A FLAC of silence, which takes next to no room."""
    with soundfile.SoundFile(folder / "a.flac", "w", 8000, channels, "PCM_16") as out:
        for _ in range(round(seconds / 10)):
            out.write(np.zeros((80_000, channels), np.int16))
    return (folder / "a.flac").read_bytes()


def test_a_small_file_of_endless_silence_is_not_decoded(table: Table, tmp_path: Path) -> None:
    table.take()
    (sound,) = [name for name in table.member.sent if name.endswith(".flac")]
    content = flac(tmp_path, MOST_S + 60)
    assert len(content) < 1_000_000
    table.member.sends(sound, content)
    assert not table.round()
    assert table.litter() == []
    table.member.sends(sound, flac(tmp_path, 20, channels=4))
    assert not table.round()
    table.member.sends(sound, b"no sound")
    assert not table.round()
    assert table.litter() == []


@pytest.mark.parametrize(
    "size_b", [10**15, MOST_B + 1, -1, 10**4000, float("inf")], ids=lambda size_b: repr(size_b)[:20]
)
def test_what_is_announced_larger_than_a_call_is_not_fetched(table: Table, size_b: int) -> None:
    table.take()
    files = [one | {"size_b": size_b} for one in table.member.told["files"]]
    table.member.says(files=files)
    assert not table.round()
    assert "piece" not in table.member.asked
    assert table.litter() == []


def test_neither_many_files_nor_one_that_the_record_does_not_name_come_home(table: Table) -> None:
    table.take()
    table.member.sends("c1.html", b"<script>alert(1)</script>")
    assert not table.round()
    for n in range(MOST_FILES):
        table.member.sends(f"c1.{n}.wav", b"x")
    table.member.asked.clear()
    assert not table.round()
    assert "piece" not in table.member.asked
    assert table.litter() == []


@pytest.mark.parametrize("piece", [bytes(PIECE_B + 1), None, "text", 7, b""])
def test_pieces_that_are_none_or_more_than_a_piece_end_the_fetching(table: Table, piece: Any) -> None:
    table.take()
    table.member.piece = lambda name, at: piece
    assert not table.round()
    assert table.member.asked.count("piece") == 1
    assert table.litter() == []


def test_drops_without_an_end_are_bounded_by_the_size_that_was_announced(table: Table) -> None:
    table.take()
    table.member.piece = lambda name, at: b"x"
    assert not table.round()
    assert table.member.asked.count("piece") <= table.member.told["files"][0]["size_b"] + 1


SAID: tuple[Any, ...] = (
    *(None, 7, "text", {"attempt": ATTEMPT}, [None], [7], ["text"], [[]], [{}], [{"attempt": []}]),
    *([{"attempt": "\x1b[2J" * 1000, "files": 5}], [{"attempt": ATTEMPT, "files": [{"name": "../x"}]}]),
)


@pytest.mark.parametrize("said", SAID, ids=lambda said: repr(said)[:30])
def test_whatever_a_member_says_waits_there_the_calls_of_others_come_home(table: Table, said: Any) -> None:
    table.take()
    good, table.member.waiting = table.member.waiting, said
    assert not table.round()
    assert all(len(line) < 1000 for line in table.lines)
    table.member.waiting = [*(said if isinstance(said, list) else ()), *good]
    table.member.piece = lambda name, at: Outbox(table.head.folder.parent / "probe").piece(ATTEMPT, name, at)
    assert table.round()


def test_a_member_that_says_ever_other_things_is_not_told_of_for_ever(table: Table) -> None:
    table.member.waiting = [{"attempt": f"a{n}"} for n in range(5000)]
    table.round()
    assert 0 < len(table.lines) <= 200
