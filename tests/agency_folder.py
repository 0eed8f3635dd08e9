"""A small agency folder for the tests, so that every call of theirs goes through the number gate too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.agency import Agency, load_agency
from harness.number_gate import Permit, permit
from harness.scenario.files import shipped_folder

HEAD = """name = "測試機關"
recording_notice_date = 2026-01-02
[hours]
default = "00:00-24:00"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
holidays = true
[caps]
calls_at_once = 100
calls_per_hour = 1000
calls_per_day = 1000
calls_per_number_per_day = 100
"""


EXTENSIONS = ("301",)
"""Extensions that may be pressed inside a call to any of them."""


def make_agency(folder: Path, numbers: dict[str, str], *, line: str = "") -> Agency:
    """Write an agency whose units are called by the given numbers, each at its own `host:port`."""
    lines = {server: f"l{index}" for index, server in enumerate(sorted(set(numbers.values())))}
    text = HEAD + "".join(
        f'[[lines]]\nid = "{name}"\nserver = "{server}"\nbind = "127.0.0.1"\n{line}' for server, name in lines.items()
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    rows = [f"u{number},單位{number},{number},,{lines[server]}" for number, server in numbers.items()]
    rows += [f"x{one},分機{one},,{one}," for one in EXTENSIONS]
    (folder / "units.csv").write_text("unit,name,number,extension,line\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return load_agency(folder)


def leave_for(number: str, agency: Agency) -> Permit:
    """Ask the gate for leave to dial one of them."""
    return permit(number, agency, now=datetime(2026, 11, 20, 2, tzinfo=UTC))


def with_patience(agency: Agency) -> str:
    """Give an agency a scenario that stays on the line for two minutes after the last word; gives its name.

    For tests in which people join a call that is up: the shipped one's five seconds are over before a busy machine
    has shown them a page.
    """
    text = (shipped_folder() / "extension-direct.toml").read_text(encoding="utf-8")
    assert text.count("seconds = 5\n") == 1
    text = text.replace("seconds = 5\n", "seconds = 120\n").replace('"extension-direct"', '"stays"')
    agency.scenarios.mkdir(exist_ok=True)
    (agency.scenarios / "stays.toml").write_text(text, encoding="utf-8")
    return "stays"


def make_office(folder: Path, programme: str) -> Agency:
    """Write an agency of eight units that works its hours from Monday to Friday and keeps the holidays."""
    make_agency(folder, {f"02270002{n:02d}": "127.0.0.1:5060" for n in range(1, 9)})
    text = (folder / "agency.toml").read_text(encoding="utf-8")
    text = text.replace('default = "00:00-24:00"', 'default = "09:00-11:30 13:30-16:30"')
    text = text.replace(', "sat", "sun"]\nholidays = true', "]")
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    units = (folder / "units.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "units.csv").write_text("".join(line for line in units if not line.startswith("x")), encoding="utf-8")
    (folder / "programme.toml").write_text(programme, encoding="utf-8")
    return load_agency(folder)
