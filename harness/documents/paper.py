"""A paper as blocks: headings, paragraphs in the order of official letters (主旨, 一、, （一）), tables, a box.

Read once from Markdown, written by paper_odt and paper_html alike. A paragraph that begins with a number of official
letters is set hanging under it; a block quote is a box with a frame; a rule (`---`) begins a new page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import sqrt
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["body", "subject", "point", "subpoint", "caption", "box", "bullet", "small"]
_HANGING: tuple[tuple[Kind, str], ...] = (
    ("subject", r"(主旨|說明|擬辦|受文者|依據|備註)：|(Subject|Explanation|Proposal|To|Note): ?"),
    ("point", r"[一二三四五六七八九十]+、|\d+\. "),
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
    widths: tuple[float, ...] = ()
    """Each column's share of the width; empty: by what stands in them."""
    joined: tuple[bool, ...] = ()
    """Rows without a line above them, as a form's options under their item; empty: every row has one."""

    def lines(self) -> tuple[tuple[bool, bool], ...]:
        """Whether each row has a line above it and below it."""
        above = [not one for one in self.joined] or [True] * len(self.rows)
        return tuple(zip(above, [*above[1:], True], strict=True)) if above else ()

    def shares(self) -> tuple[float, ...]:
        """Each column's share of the width, by its longest text; what does not fit is shared out by its square root."""
        if self.widths:
            return self.widths
        lines = [tuple(width_of(plain_text(cell)) for cell in row) for row in self.rows]
        heads = [width_of(plain_text(cell)) / 2 for cell in self.head]  # a heading may take two lines
        wanted: list[float] = [max([head, *(row[at] for row in lines)]) + _PADDING for at, head in enumerate(heads)]
        if sum(wanted) > _LINE:
            long = [one for one in wanted if one > _NARROW]
            wide = sum(map(sqrt, long))
            least = min(sum(long), _LINE / 2, len(long) * _LINE / 4)  # more would break figures in their columns
            room = max(_LINE - sum(one for one in wanted if one <= _NARROW), least)
            wanted = [one if one <= _NARROW else room * sqrt(one) / wide for one in wanted]
        return tuple(one / sum(wanted) for one in wanted)


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as wide as a share of the text, always with a table beside it that says the same."""

    svg: str
    """As SVG whose text is text, for PDF."""
    png: Callable[[], bytes]
    """Draws it as PNG, for ODT."""
    alt: str
    """What it shows, for those who do not see it."""
    size: tuple[float, float]
    """Width and height, in any unit."""
    share: float = 1.0
    """Its share of the text's width."""

    def width(self, room_cm: float, height_cm: float) -> float:
        """How wide it is set, in cm: as its share says, but never higher than a page."""
        return min(room_cm * self.share, height_cm * self.size[0] / self.size[1])


class NewPage:
    """The beginning of a new page."""


Block = Heading | Paragraph | TableBlock | Picture | NewPage
WIDTH_CM, HEIGHT_CM, MARGIN_CM = 21.0, 29.7, 2.5
MANY_COLUMNS = 7
"""A paper with a table of more columns lies on its side."""
PICTURE = "chart:"
"""What an image of the Markdown begins with: the rest is one of the paper's own charts."""
CAPTION_CM = 1.5
_PADDING, _NARROW, _LINE = 2, 14, 82
"""Widths in halves of a Chinese character: what a cell adds, columns that keep their own width, a line."""


def plain_text(runs: Runs) -> str:
    """The text alone."""
    return "".join(run.text for run in runs)


def width_of(text: str) -> int:
    """Width in halves of a Chinese character."""
    return sum(1 if ord(one) < 0x1100 else 2 for one in text)


def read_paper(markdown: str, pictures: Mapping[str, Picture] | None = None) -> tuple[Block, ...]:
    """The blocks of a paper written in Markdown; HTML and links in it are text, and so are pictures of other names."""
    blocks = tuple(_blocks(_parser().parse(markdown), pictures or {}))
    return tuple(_captioned(blocks))


def room(blocks: Sequence[Block]) -> tuple[float, float]:
    """Width of the text and height for a picture with its caption on the paper's pages, in cm."""
    width, height = (HEIGHT_CM, WIDTH_CM) if lies_on_its_side(blocks) else (WIDTH_CM, HEIGHT_CM)
    return width - 2 * MARGIN_CM, height - 2 * MARGIN_CM - CAPTION_CM


def lies_on_its_side(blocks: Sequence[Block]) -> bool:
    """Whether a table is too wide for upright pages."""
    return any(isinstance(one, TableBlock) and len(one.head) > MANY_COLUMNS for one in blocks)


def is_empty_box(paragraph: Paragraph) -> bool:
    """Whether it is a box to be filled by hand."""
    return paragraph.kind == "box" and not plain_text(paragraph.runs).strip()


def title_of(blocks: Sequence[Block]) -> str:
    """The first heading's text."""
    return next((plain_text(one.runs) for one in blocks if isinstance(one, Heading)), "")


def _captioned(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """What stands right before a table or a chart is its caption and stays with it."""
    for one, following in zip(blocks, (*blocks[1:], None), strict=True):
        if isinstance(one, Paragraph) and one.kind == "body" and isinstance(following, TableBlock | Picture):
            yield Paragraph("caption", one.runs)
        else:
            yield one


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    return parser.disable(["link", "autolink", "html_block", "html_inline", "code", "fence", "reference"])


def _blocks(tokens: list[Token], pictures: Mapping[str, Picture]) -> Iterator[Block]:
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
            shown = _picture(tokens[at + 1], pictures)
            yield shown or _paragraph(_runs(tokens[at + 1]), inside)
        elif token.type == "hr":
            yield NewPage()
        elif token.type in ("blockquote_open", "list_item_open"):
            inside.append(token.type)
        elif token.type in ("blockquote_close", "list_item_close"):
            inside.pop()
        at += 1


def _picture(inline: Token, pictures: Mapping[str, Picture]) -> Picture | None:
    """The chart that a paragraph consists of."""
    alone = inline.children or []
    if len(alone) != 1 or alone[0].type != "image":
        return None
    return pictures.get(str(alone[0].attrGet("src") or "").removeprefix(PICTURE))


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
