"""A paper as one self-contained HTML page; nothing in it is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from harness.documents.paper import Block, Heading, NewPage, Paragraph, Runs, TableBlock, title_of
from harness.documents.paper_odt import lies_on_its_side


def html_page(blocks: Sequence[Block], *, author: str = "") -> str:
    """The paper as a page in Traditional Chinese; `author`: the agency."""
    body = "\n".join(_element(block) for block in blocks)
    wide = ' class="wide"' if lies_on_its_side(blocks) else ""
    return (
        f'<!DOCTYPE html>\n<html lang="zh-Hant-TW">\n<head>\n<meta charset="utf-8">\n<title>{escape(title_of(blocks))}'
        f'</title>\n<meta name="author" content="{escape(author)}">\n<style>\n{_css()}</style>\n</head>\n'
        f"<body{wide}>\n{body}\n</body>\n</html>\n"
    )


@cache
def _css() -> str:
    return files("harness.documents").joinpath("paper.css").read_text("utf-8")


def _element(block: Block) -> str:
    match block:
        case Heading():
            level = min(block.level, 3)
            return f"<h{level}>{_inline(block.runs)}</h{level}>"
        case Paragraph():
            bullet = "・" if block.kind == "bullet" else ""
            return f'<p class="{block.kind}">{bullet}{_inline(block.runs)}</p>'
        case TableBlock():
            return _table(block)
        case NewPage():
            return '<div class="new_page"></div>'


def _inline(runs: Runs) -> str:
    told = []
    for run in runs:
        text = escape(run.text).replace("\n", "<br>")
        told.append(f"<strong>{text}</strong>" if run.bold else text)
    return "".join(told)


def _table(block: TableBlock) -> str:
    columns = "".join(f'<col style="width: {share:.1%}">' for share in block.shares())
    head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in block.head)
    rows = "\n".join(f"<tr>{_cells(row, block.right)}</tr>" for row in block.rows)
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _cells(row: Sequence[Runs], right: Sequence[bool]) -> str:
    kinds = (' class="figure"' if one else "" for one in right)
    return "".join(f"<td{kind}>{_inline(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
