"""`thirdring backup` and `thirdring restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import clocks
from harness.cli.evidence import lines_of
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import BELOW_STANDARD, DONE
from harness.words import say

if TYPE_CHECKING:
    from harness.backup import Backup


@click.command()
@click.option("--to", type=click.Path(path_type=Path), required=True, metavar="DIR", help="放在哪裡。Where it goes.")
@asked_for
def backup(asked: Asked, to: Path) -> int:
    """備份整個機關資料夾，執行中也可以；當場核對。Back everything up while it runs, and verify it."""
    from harness.backup import back_up

    return _told(back_up(asked.agency, to, now=clocks.now()), "backup.made", as_json=asked.as_json)


@click.command()
@click.argument("backup_folder", metavar="BACKUP", type=click.Path(path_type=Path))
@click.argument("to", metavar="DIR", type=click.Path(path_type=Path))
@asked_for
def restore(asked: Asked, backup_folder: Path, to: Path) -> int:
    """把備份還原成新的機關資料夾；絕不覆蓋。Bring a backup back as a new folder; nothing is overwritten."""
    from harness.backup import restore as bring_back

    done = bring_back(backup_folder, to, now=clocks.now())
    code = _told(done, "backup.restored", as_json=asked.as_json)
    if not asked.as_json:
        print_lines(
            [say("backup.since", at=done.made_at), *([say("backup.left", count=done.left)] if done.left else [])]
        )
    return code


def _told(done: Backup, key: str, *, as_json: bool) -> int:
    verdict = done.verdict
    if as_json:
        print_json(done.to_dict())
    else:
        print_lines([say(key, folder=done.folder, files=done.files, mb=f"{done.bytes / 1e6:.1f}")])
        print_lines(lines_of(verdict))
    return BELOW_STANDARD if verdict.findings else DONE
