"""`thirdring ladder`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import DONE
from harness.words import say

PIPE_COLUMNS = 110
"""Where there is no terminal to fit into."""


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option("--svg", type=click.Path(path_type=Path), metavar="FILE.svg", help="存成圖。Draw it into a file instead.")
@asked_for
def ladder(asked: Asked, call_id: str, svg: Path | None) -> int:
    """畫一通電話的信令，聲音與動作排在訊息之間。A call's SIP messages, with what was heard and done between them."""
    from harness.agency import load_agency
    from harness.ladder.find import ladder_of
    from harness.ladder.svg import ladder_svg
    from harness.ladder.text import ladder_lines

    drawn = ladder_of(call_id, load_agency(asked.agency))
    if svg is not None:
        svg.write_text(ladder_svg(drawn), encoding="utf-8")
    if asked.as_json:
        print_json(drawn.to_dict())
    elif svg is not None:
        print_lines([say("ladder.made", file=svg)])
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_COLUMNS
        print_lines(ladder_lines(drawn, columns=columns))
    return DONE
