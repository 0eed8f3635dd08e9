"""The small agency of the fault rounds: four tests that are due, scripted far ends with known truth, virtual time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from harness import clocks
from harness.agency import Agency, load_agency
from harness.clocks import Clocks
from harness.number_gate import Permit
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.seal import seal_of
from harness.softphone.scripted import FarEnd, ScriptedCall, ScriptedSoftphone
from harness.store import open_store
from harness.switchboard import sound

NOW = datetime(2026, 12, 2, 2, tzinfo=UTC)
"""A Wednesday morning in Taipei."""
MONTH = "2026-12"
PROMPT, LATE, ENGAGED, SILENT = (f"022700020{n}" for n in range(1, 5))
"""Answers in the second ring's gap, answers in the third ring, is engaged, never answers."""
NUMBERS = (PROMPT, LATE, ENGAGED, SILENT)
ONSET_S = 0.15
PICKED_UP_S = {PROMPT: 2.7, LATE: 6.7}
"""After the INVITE; the others never."""
SLACK_S = 0.06
"""A recording's blocks, and what the ear may differ by on a clean line."""
INVITES, CLOCK = "invites", "clock"
HEAD = """name = "故障試驗機關"
recording_notice_date = 2026-01-02
[hours]
default = "00:00-24:00"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
holidays = true
[caps]
longest_call_s = 60
calls_at_once = 100
calls_per_hour = 1000
calls_per_day = 1000
calls_per_number_per_day = 100
"""


def make_agency(folder: Path, servers: dict[str, str], *, due: datetime = NOW) -> Agency:
    """Write an agency whose units are called by these numbers, each at its `host:port`, and have a test due then."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {server: f"l{n}" for n, server in enumerate(sorted(set(servers.values())))}
    told = "".join(f'[[lines]]\nid = "{name}"\nserver = "{at}"\nbind = "127.0.0.1"\n' for at, name in lines.items())
    (folder / "agency.toml").write_text(HEAD + told, encoding="utf-8")
    rows = "".join(f"u{number},單位{number},{number},,{lines[server]}\n" for number, server in servers.items())
    (folder / "units.csv").write_text(f"unit,name,number,extension,line\n{rows}", encoding="utf-8")
    agency = load_agency(folder)
    at = due.astimezone(agency.zone)
    month = f"{at:%Y-%m}"
    tests = tuple(PlannedTest(at=at, id=f"{month}-1-u{n}", round=1, unit=f"u{n}") for n in servers)
    plan = MonthPlan(month=month, seed="s", drawn_at=due, inputs="", tests=tests)
    with open_store(agency.database) as store:
        store.plans.add(month, seal=seal_of(plan), plan=plan.to_dict(), now=due)
    return agency


def scripted(folder: Path) -> Agency:
    """The agency of the rounds in virtual time."""
    Moment(folder).set(NOW)
    return make_agency(folder, dict.fromkeys(NUMBERS, "127.0.0.1:5060"))


def far_ends() -> dict[str, FarEnd]:
    """What each number does."""
    voice = sound.to_pcm(sound.prompt("greeting-unit", 8000))[:12000]

    def answered(at_s: float) -> FarEnd:
        rung = sound.to_pcm(sound.tone("ringback", at_s - ONSET_S, sample_rate_hz=8000))
        far = FarEnd().says(0.1, 183).sounds_like(ONSET_S, rung).says(at_s, 200)
        return far.sounds_like(at_s + 0.3, voice).hangs_up(at_s + 3)

    ends = {number: answered(at_s) for number, at_s in PICKED_UP_S.items()}
    return ends | {ENGAGED: FarEnd().says(0.1, 486), SILENT: FarEnd().says(0.1, 180)}


class Moment:
    """Virtual time, kept beside a folder: `up_s` that the machine ran, and what its wall clock was set to besides."""

    def __init__(self, folder: Path) -> None:
        self._file = folder.with_name(f"{folder.name}.{CLOCK}")

    def set(self, now: datetime) -> None:
        """Begin then."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._write(0.0, now.timestamp())

    def step(self, seconds: float) -> None:
        """Set the wall clock, and nothing else."""
        up_s, began_s = self._read()
        self._write(up_s, began_s + seconds)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        up_s, began_s = self._read()
        self._write(up_s + seconds, began_s)

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.fromtimestamp(sum(self._read()), UTC)

    def clocks(self) -> Clocks:
        """Both clocks."""
        up_s, began_s = self._read()
        return Clocks("virtual", up_s, up_s + began_s)

    def _read(self) -> tuple[float, float]:
        up_s, began_s = self._file.read_text(encoding="ascii").split()
        return float(up_s), float(began_s)

    def _write(self, up_s: float, began_s: float) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{up_s!r} {began_s!r}", encoding="ascii")
        new.replace(self._file)


@contextmanager
def by(moment: Moment) -> Iterator[None]:
    """Let everything in an agency go by that clock."""
    real = clocks.clocks
    clocks.clocks = moment.clocks
    try:
        yield
    finally:
        clocks.clocks = real


class Noted(ScriptedSoftphone):
    """A telephone that writes down beside the folder each INVITE that it sends, and when."""

    def __init__(self, folder: Path) -> None:
        super().__init__(far_ends())
        self._log, self._moment = invites_file(folder), Moment(folder)

    def dial(self, leave: Permit, *, call_id: str, folder: Path, headers: dict[str, str]) -> ScriptedCall:
        """Note the INVITE, then begin the call."""
        line = f"{headers['X-Attempt']} {leave.number} {self._moment.clocks().up_s!r}\n"
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(log, line.encode())
        os.close(log)
        return super().dial(leave, call_id=call_id, folder=folder, headers=headers)


def invites_file(folder: Path) -> Path:
    """Where the far end's INVITEs stand; not on the disk that fails."""
    return folder.with_name(f"{folder.name}.{INVITES}")
