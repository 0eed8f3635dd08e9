"""`thirdring init`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.words import say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@asked_for
def init(asked: Asked, folder: Path) -> int:
    """建立機關資料夾，附說明。Make an agency folder with commented files."""
    from harness.new_agency import make_agency

    made = make_agency(folder)
    if asked.as_json:
        print_json({"schema": "thirdring.init/1", "folder": str(folder), "files": [str(path) for path in made]})
    else:
        print_lines([*map(str, made), say("cli.made", folder=folder)])
    return 0
