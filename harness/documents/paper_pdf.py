"""A paper as PDF by Typst: tagged (PDF/UA-1, which it checks itself), fonts embedded, nothing fetched. It is an extra.

What is set is handed over as data to a fixed program, so that no text can be markup; no package of Typst is fetched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from harness.documents.paper import (
    Block,
    Heading,
    NewPage,
    Paragraph,
    Picture,
    Runs,
    TableBlock,
    is_empty_box,
    lies_on_its_side,
    room,
    title_of,
)
from harness.errors import EnvironmentFailed
from harness.words import say

STANDARD = "ua-1"
GETA = "〓"
"""What printers set for a character they have no type for."""
MOST_MISSING = 100
_NO_GLYPH = re.compile(r'the text `"(.*?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
_CHINESE = re.compile("[\u4e00-\u9fff]")
"""Where these are missing it is the font that is."""


def paper_pdf(blocks: Sequence[Block], *, made_at: datetime, author: str = "", lang: str = "zh") -> bytes:
    """The paper's PDF file; EnvironmentFailed says what to install where the extra or a Chinese font is missing."""
    told = {
        "title": title_of(blocks) or author,
        "author": author,
        "date": {"year": made_at.year, "month": made_at.month, "day": made_at.day},
        "lang": lang,
        "region": "TW" if lang == "zh" else "GB",
        "wide": lies_on_its_side(blocks),
        "footer": say("report.page_of", lang, page="\0", pages="\0").split("\0"),
        "blocks": list(_all_told(blocks, room(blocks))),
    }
    return _set(json.dumps(told, ensure_ascii=False), made_at)


def _set(paper: str, made_at: datetime) -> bytes:
    """Set it; a character that no font of this machine has is printed as 〓 (ODT and CSV keep it)."""
    typst = _typst()
    for _ in range(MOST_MISSING):
        try:
            found = _compiler().compile(
                input=_program(),
                format="pdf",
                pdf_standards=[STANDARD],
                sys_inputs={"paper": paper},
                timestamp=int(made_at.timestamp()),
            )
            return bytes(found)
        except typst.TypstError as error:
            missing = _undrawn(str(error))
            if not missing or any(_CHINESE.match(one) for one in missing):
                raise EnvironmentFailed("report.no_font", reason=str(error)) from None
            paper = paper.translate(dict.fromkeys(map(ord, missing), GETA))
    raise EnvironmentFailed("report.no_font", reason=GETA)


def _undrawn(error: str) -> set[str]:
    """The characters that Typst names for having no glyph."""
    found = _NO_GLYPH.search(error)
    text = "" if found is None else _ESCAPED.sub(lambda one: chr(int(one[1], 16)), found[1])
    return {one for one in text if one > "~" and one != GETA}


def why_no_paper_pdf() -> EnvironmentFailed | None:
    """What is missing for a paper's PDF; None when nothing is."""
    try:
        _typst()
    except EnvironmentFailed as missing:
        return missing
    return None


def _all_told(blocks: Sequence[Block], room_cm: tuple[float, float]) -> Iterator[dict[str, Any]]:
    """The blocks as data; a heading's level is at most one below that of the heading before (PDF/UA-1 §7.4.2)."""
    level = 0
    for block in blocks:
        if isinstance(block, Heading):
            level = min(block.level, level + 1, 3)
            yield {"is": "heading", "level": level, "runs": _runs(block.runs)}
        else:
            yield _told(block, room_cm)


def _told(block: Paragraph | TableBlock | Picture | NewPage, room_cm: tuple[float, float]) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"is": "paragraph", "kind": block.kind, "runs": _runs(block.runs), "empty": is_empty_box(block)}
        case TableBlock():
            return {
                "is": "table",
                "head": [_runs(cell) for cell in block.head],
                "rows": [[_runs(cell) for cell in row] for row in block.rows],
                "right": list(block.right),
                "shares": list(block.shares()),
                "lines": [list(one) for one in block.lines()],
            }
        case Picture():
            return {"is": "picture", "svg": block.svg, "alt": block.alt, "width_cm": block.width(*room_cm)}
        case NewPage():
            return {"is": "new_page"}


def _runs(runs: Runs) -> list[dict[str, Any]]:
    return [{"text": run.text, "bold": run.bold} for run in runs]


@cache
def _program() -> bytes:
    return files("harness.documents").joinpath("paper.typ").read_bytes()


@cache
def _compiler() -> Any:
    """One for the whole process: it reads the machine's fonts once, and remembers what it has set."""
    return _typst().Compiler()


def _typst() -> Any:
    try:
        import typst
    except ImportError:
        raise EnvironmentFailed("report.no_typst") from None
    return typst
