"""The agency whose telephones are the far end: a folder like any other, its caps as high as an agency may set them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.agency import Agency, load_agency
from harness.lines import MOST_AT_ONCE

SCENARIO = "bench"
_HEAD = """name = "負載量測"
recording_notice_date = 2026-01-02
[hours]
default = "00:00-24:00"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
holidays = true
[caps]
calls_at_once = {at_once}
calls_per_hour = 1000
calls_per_day = 5000
calls_per_number_per_day = 100
longest_call_s = 1800
"""
_SCENARIO = """name = "bench"
title = { zh = "留在線上，聽到對方掛斷", en = "Stay on the line until the far end hangs up" }
steps = [
  { do = "dial" },
  { do = "wait_for_answer", leg = "unit", give_up_s = 60 },
  { do = "listen", until = "seconds", timeout_s = 600 },
  { do = "hang_up" },
]
"""


def make_load_agency(folder: Path, addresses: Sequence[str]) -> Agency:
    """Write an agency with one unit for each address, on one line for each server."""
    servers = {server: f"l{n}" for n, server in enumerate(dict.fromkeys(addresses))}
    line = '[[lines]]\nid = "{}"\nserver = "{}"\nbind = "127.0.0.1"\n'
    lines = "".join(line.format(name, server) for server, name in servers.items())
    (folder / "scenarios").mkdir(parents=True, exist_ok=True)
    (folder / "scenarios" / f"{SCENARIO}.toml").write_text(_SCENARIO, encoding="utf-8")
    head = _HEAD.format(at_once=min(len(addresses), MOST_AT_ONCE))
    (folder / "agency.toml").write_text(head + lines, encoding="utf-8")
    rows = [f"u{n},單位{n},{number_of(n)},{servers[server]}" for n, server in enumerate(addresses)]
    (folder / "units.csv").write_text("unit,name,number,line\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return load_agency(folder)


def number_of(n: int) -> str:
    """The telephone number of the n-th unit."""
    return f"0227{n:06d}"
