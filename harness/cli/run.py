"""`thirdring run`: the programme by itself, all month."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.cluster import by_cluster, cluster_of
from harness.cli.log import logging_as
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_lines
from harness.errors import DONE

if TYPE_CHECKING:
    from harness.programme.events import Event
    from harness.programme.notify import Told


@click.command()
@click.option("--once", is_flag=True, help="只做現在到期的。Do what is due now, then end.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", help="紀錄的格式。The log's format.")
@click.option("--systemd", is_flag=True, help="印出 systemd 服務檔，不執行。Print a systemd unit file; run nothing.")
@by_cluster
@asked_for
def run(asked: Asked, once: bool, log: str, systemd: bool, cluster: str | None, tls: Path | None) -> int:
    """照計畫自動測試：抽籤、撥號、重撥、改期，直到停止（Ctrl-C）。Run the programme until it is stopped.

    --json：每件事一行 JSON。One line of JSON for everything that happens."""
    probes = cluster_of(cluster, tls)
    if systemd:
        from harness.programme.systemd import unit_file

        given = ("--cluster", cluster, *(("--tls", str(tls.resolve())) if tls else ())) if cluster else ()
        print_lines([unit_file(asked.agency, ("run", *given))])
        return DONE
    from harness.programme.notify import said
    from harness.programme.service import serve

    line, logged = logging_as(log)

    def show(event: Event, to: Told) -> None:
        if asked.as_json:
            print_lines([json.dumps(event.to_dict(), ensure_ascii=False)])
        else:
            logged(event, said(event, to.zone))

    serve(asked.agency, once=once, show=show, line=line, cluster=probes)
    return DONE
