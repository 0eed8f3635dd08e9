"""A paper as blocks: headings, paragraphs in the order of official letters (主旨, 一、, （一）), tables, a box.

Read once from Markdown, written by paper_odt and paper_html alike. A paragraph that begins with a number of official
letters is set hanging under it; a block quote is a box with a frame; a rule (`---`) begins a new page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import sqrt
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["body", "subject", "point", "subpoint", "caption", "box", "bullet"]
_HANGING: tuple[tuple[Kind, str], ...] = (
    ("subject", r"(主旨|說明|擬辦|受文者|依據|備註)："),
    ("point", r"[一二三四五六七八九十]+、"),
    ("subpoint", r"（[一二三四五六七八九十]+）"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text."""

    text: str
    """The text; a line break inside a paragraph is "\\n"."""
    bold: bool = False
    """Whether it is bold."""


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the paper's title."""

    level: int
    """From 1."""
    runs: Runs
    """Its text."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    kind: Kind
    """How it is set."""
    runs: Runs
    """Its text."""


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table with a row of headings that is repeated on every page."""

    head: tuple[Runs, ...]
    """The headings."""
    rows: tuple[tuple[Runs, ...], ...]
    """The cells."""
    right: tuple[bool, ...]
    """Columns of figures, set to the right."""

    def shares(self) -> tuple[float, ...]:
        """Each column's share of the width, by its longest text; what does not fit is shared out by its square root."""
        lines = [tuple(width_of(plain_text(cell)) for cell in row) for row in self.rows]
        heads = [width_of(plain_text(cell)) / 2 for cell in self.head]  # a heading may take two lines
        wanted: list[float] = [max([head, *(row[at] for row in lines)]) + _PADDING for at, head in enumerate(heads)]
        if sum(wanted) > _LINE:
            wide = sum(sqrt(one) for one in wanted if one > _NARROW)
            room = max(_LINE - sum(one for one in wanted if one <= _NARROW), _LINE / 2)
            wanted = [one if one <= _NARROW else room * sqrt(one) / wide for one in wanted]
        return tuple(one / sum(wanted) for one in wanted)


class NewPage:
    """The beginning of a new page."""


Block = Heading | Paragraph | TableBlock | NewPage
_PADDING, _NARROW, _LINE = 2, 14, 82
"""Widths in halves of a Chinese character: what a cell adds, columns that keep their own width, a line."""


def plain_text(runs: Runs) -> str:
    """The text alone."""
    return "".join(run.text for run in runs)


def width_of(text: str) -> int:
    """Width in halves of a Chinese character."""
    return sum(1 if ord(one) < 0x1100 else 2 for one in text)


def read_paper(markdown: str) -> tuple[Block, ...]:
    """The blocks of a paper written in Markdown; HTML, links and pictures in it are text."""
    blocks = tuple(_blocks(_parser().parse(markdown)))
    return tuple(_captioned(blocks))


def is_empty_box(paragraph: Paragraph) -> bool:
    """Whether it is a box to be filled by hand."""
    return paragraph.kind == "box" and not plain_text(paragraph.runs).strip()


def title_of(blocks: Sequence[Block]) -> str:
    """The first heading's text."""
    return next((plain_text(one.runs) for one in blocks if isinstance(one, Heading)), "")


def _captioned(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """What stands right before a table is its caption and stays with it."""
    for one, following in zip(blocks, (*blocks[1:], None), strict=True):
        if isinstance(one, Paragraph) and one.kind == "body" and isinstance(following, TableBlock):
            yield Paragraph("caption", one.runs)
        else:
            yield one


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    return parser.disable(["link", "image", "autolink", "html_block", "html_inline", "code", "fence", "reference"])


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    inside: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type == "table_open":
            end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close")
            yield _table(tokens[at:end])
            at = end
        elif token.type == "heading_open":
            yield Heading(int(token.tag[1:]), _runs(tokens[at + 1]))
        elif token.type == "paragraph_open":
            yield _paragraph(_runs(tokens[at + 1]), inside)
        elif token.type == "hr":
            yield NewPage()
        elif token.type in ("blockquote_open", "list_item_open"):
            inside.append(token.type)
        elif token.type in ("blockquote_close", "list_item_close"):
            inside.pop()
        at += 1


def _paragraph(runs: Runs, inside: Sequence[str]) -> Paragraph:
    if inside:
        return Paragraph("box" if "blockquote_open" in inside else "bullet", runs)
    text = plain_text(runs)
    kind: Kind = next((kind for kind, begins in _HANGING if re.match(begins, text)), "body")
    return Paragraph(kind, runs)


def _table(tokens: list[Token]) -> TableBlock:
    rows: list[list[Runs]] = []
    right: list[bool] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append(_runs(token))
            if before.type == "th_open":
                right.append("right" in str(before.attrGet("style") or ""))
    return TableBlock(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]), tuple(right))


def _runs(inline: Token) -> Runs:
    found: list[Run] = []
    bold = 0
    for token in inline.children or ():
        if token.type == "strong_open":
            bold += 1
        elif token.type == "strong_close":
            bold -= 1
        elif token.type == "hardbreak":
            found.append(Run("\n"))
        elif token.type == "softbreak":  # between two Chinese characters there is no space
            continue
        elif token.content:
            found.append(Run(token.content, bold > 0))
    return tuple(found)
