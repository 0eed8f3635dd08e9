"""`thirdring doctor`."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE, WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.doctor.finding import Finding, Report
    from harness.doctor.wish import Wish
    from harness.record import Act

MARKS = {"ok": "[ ok ]", "warning": "[ !! ]", "failed": "[FAIL]", "not_checked": "[ -- ]"}
"""Plain ASCII of one width: signs are one or two columns wide, as the terminal pleases."""
HTML = (".html", ".htm")


@click.command()
@click.option("--line", default="", metavar="ID", help="只看這條線路。Only this line.")
@click.option("--call", "dial", is_flag=True, help="撥一通電話來檢查。Place one call; without it nothing is dialled.")
@click.option(
    "--test-number",
    metavar="N",
    help="撥名冊裡的這個號碼（預設：總機）。Number of the directory to call (default: the main number).",
)
@click.option(
    "--bell",
    default="",
    metavar="key|LINE",
    help="誰說鈴響了：按鍵，或另一條線路。Who tells when the bell rings: a key, or a second line.",
)
@click.option(
    "--request",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="只印給廠商與資訊單位的申請單。Only make the one-page request for the PBX's vendor and IT.",
)
@asked_for
def doctor(asked: Asked, line: str, dial: bool, test_number: str | None, bell: str, request: Path | None) -> int:
    """檢查電話、網路、時鐘、磁碟是否可用。Is this machine fit to measure? What was found, and what to do.

    \b
    結束碼 Exit status: 0 都正常 all is well; 1 有要注意的 something to see to;
                        3 環境不行 the environment failed; 4 安全規則不准撥 refused by a safety rule
    """
    from harness.doctor.wish import Wish

    if request is not None:
        return _request(asked, request)
    if bell and not (dial and test_number):
        raise WrongInput("doctor.call_first")
    report = _examined(asked, Wish(line=line, call=dial, test_number=test_number, bell=bell))
    if asked.as_json:
        print_json(report.to_dict())
    else:
        _show(report)
    return report.exit_status


def _examined(asked: Asked, wish: Wish) -> Report:
    from harness.agency import AGENCY_FILE, load_agency
    from harness.doctor.examine import examine, examine_machine

    now = datetime.now(UTC)
    named = wish.call or wish.test_number or asked.agency != Path(".")
    if not named and not (asked.agency / AGENCY_FILE).is_file():
        return examine_machine(asked.agency, now=now)
    agency = load_agency(asked.agency)
    if wish.test_number or wish.call:
        _announce(agency, wish, now)
    return examine(agency, wish, now=now, wait_for_key=sys.stdin.readline, progress=_progress)


def _progress(act: Act) -> None:
    tell(f"{act.at_s:7.2f} s  {label(f'act.{act.do}')} {act.detail}".rstrip())


def _announce(agency: Agency, wish: Wish, now: datetime) -> None:
    """Say what will ring before it does; what the gate refuses is a finding of the report."""
    from harness.doctor.call import doctor_permit
    from harness.errors import Refused

    try:
        leave = doctor_permit(agency, wish.test_number, now=now)
    except Refused as error:
        if not wish.call:
            tell(error.sentence())
        return
    if not wish.call:
        tell(say("doctor.would_call", number=leave.number, line=leave.line_id))
        return
    tell(say("doctor.before_call", number=leave.number, uri=leave.uri, line=leave.line_id))
    if wish.bell == "key":
        tell(say("doctor.before_key"))
    if wish.test_number:
        tell(say("doctor.before_hang_up"))


def _request(asked: Asked, file: Path) -> int:
    from harness.agency import load_agency
    from harness.documents.request_page import render_request
    from harness.softphone.line import RTP_PORTS

    if file.suffix.lower() not in HTML:
        raise WrongInput("doctor.request_format", file=file)
    page = render_request(load_agency(asked.agency), today=datetime.now(UTC), rtp_ports=RTP_PORTS)
    file.write_text(page, encoding="utf-8")
    if asked.as_json:
        print_json({"schema": "thirdring.request/1", "file": str(file)})
    else:
        print_lines([say("doctor.request_made", file=file)])
    return DONE


def _show(report: Report) -> None:
    for key, alike in groupby(report.findings, key=lambda one: (one.state, one.measured(), one.to_do(), one.write)):
        print_lines([*(_head(one) for one in alike), *_told(*key[1:]), ""])
    counts = Counter(one.state for one in report.findings)
    print_lines([say("doctor.summary", **{state: counts[state] for state in MARKS})])


def _head(finding: Finding) -> str:
    """What was looked at, and its state in words."""
    where = f" [{finding.line}]" if finding.line else ""
    name, state = label(f"doctor.check_{finding.check}"), label(f"doctor.state_{finding.state}")
    return f"{MARKS[finding.state]} {name}{where}: {state}"


def _told(measured: str, to_do: str, write: str) -> list[str]:
    """What was measured, what to do, and the line to write."""
    lines = [f"       {line}" for line in measured.splitlines()]
    lines += [f"    -> {line}" for line in to_do.splitlines()]
    return [*lines, f"       {write}"] if write else lines
