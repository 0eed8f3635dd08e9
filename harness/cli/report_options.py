"""What the commands of `thirdring report` have in common: where to, in which language, with a PDF or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked
from harness.cli.output import tell

if TYPE_CHECKING:
    from rich.progress import Progress

where_to = click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="寫到哪裡。Where to."
)


def language_of(asked: Asked) -> str:
    """The papers' language: Chinese, unless English is asked for; one paper is never in both."""
    return "en" if asked.lang == "en" else "zh"


def pdf_wanted(no_pdf: bool) -> bool:
    """Whether a PDF is wanted and can be made; tells what is missing for it."""
    from harness.documents.paper_pdf import why_no_paper_pdf

    missing = None if no_pdf else why_no_paper_pdf()
    if missing is not None:
        tell(missing.sentence())
    return not no_pdf and missing is None


def bar_of(asked: Asked) -> Progress:
    """A bar of progress on stderr; none where another program reads."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True, disable=asked.as_json)
