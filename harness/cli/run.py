"""`thirdring run`: the programme by itself, all month."""

from __future__ import annotations

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_lines, tell
from harness.errors import DONE


@click.command()
@click.option("--once", is_flag=True, help="只做現在到期的。Do what is due now, then end.")
@click.option("--systemd", is_flag=True, help="印出 systemd 服務檔，不執行。Print a systemd unit file; run nothing.")
@asked_for
def run(asked: Asked, once: bool, systemd: bool) -> int:
    """照計畫自動測試：抽籤、撥號、重撥、改期，直到停止（Ctrl-C）。Run the programme until it is stopped."""
    if systemd:
        from harness.programme.systemd import unit_file

        print_lines([unit_file(asked.agency)])
        return DONE
    from harness.programme.service import serve

    serve(asked.agency, once=once, line=tell)
    return DONE
