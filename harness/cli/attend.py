"""`thirdring attend`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE, LineError
from harness.words import label, say

if TYPE_CHECKING:
    from harness.callback.desk import CallBack


@click.command()
@click.option("--line", default="", metavar="ID", help="在哪條線路上接（預設：第一條）。Line (default: the first).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="本機 SIP 埠；0：任一個。Local SIP port; 0: any.",
)
@click.option("--calls", type=click.IntRange(min=1), metavar="N", help="接完幾通就結束。End after so many calls.")
@asked_for
def attend(asked: Asked, line: str, port: int, calls: int | None) -> int:
    """接回撥測試號碼的電話：記錄、說一句話、掛斷；其他來電一律拒接。Take calls back to the test number.

    \b
    測試號碼寫在 agency.toml 的 call_back_number；沒有就全部拒接。按 Ctrl-C 結束。
    The test number is call_back_number of agency.toml; without it every call is refused. Ctrl-C ends it.
    """
    from harness.agency import load_agency
    from harness.callback.attend import attending
    from harness.refusal_log import refusals_logged

    agency = load_agency(asked.agency)
    with refusals_logged(asked.agency, asked="attend"), attending(agency, line, port=port) as taking:
        number = agency.settings.call_back_number
        ready = say("callback.ready", port=taking.port, number=number)
        tell(ready if number else say("callback.ready_refusing", port=taking.port))
        for nth, call in enumerate(taking.calls(unregistered=_tell_unregistered), start=1):
            _show(asked, call)
            if nth == calls:
                return DONE
    raise LineError("callback.ended")


def _tell_unregistered(status: int, reason: str) -> None:
    tell(say("callback.unregistered", status=status, reason=reason))


def _show(asked: Asked, call: CallBack) -> None:
    if asked.as_json:
        print_json({"schema": "thirdring.call_back/1", **call.to_dict()})
        return
    what = label("callback.answered", seconds=f"{call.duration_s:g}") if call.status == 200 else str(call.status)
    print_lines([f"{call.at}  {call.caller or '—'} → {call.called}  {what}"])
