"""A paper as ODT, made natively: named styles, headings, tables whose first row is repeated, page numbers, A4.

標楷體 is named with fallbacks and is not in the file: it belongs to whoever has it (ODF 1.3, CNS 15251).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from odfdo import Document

from harness.documents.paper import (
    HEIGHT_CM,
    WIDTH_CM,
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
from harness.words import say

ROOM_FOR_THE_PEN = 5
"""Empty lines in a box that nobody has filled."""
CONTENT_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    ' xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3">'
)
"""What content.xml begins with."""
_END = '<text:p text:style-name="end"/>'
"""A text must end with a paragraph; where a table fills the last page a usual one would begin another."""
_PAGE = '<text:page-number text:select-page="current">1</text:page-number>'
_PAGES = "<text:page-count>1</text:page-count>"
_UNUSED = ("Thumbnails", "Configurations2", "manifest.rdf")
_LINE, _SIDES = "0.5pt solid #000000", ' fo:border-left="0.5pt solid #000000" fo:border-right="0.5pt solid #000000"'
_BORDERS = {
    "": f' fo:border="{_LINE}"',
    "_a": f'{_SIDES} fo:border-top="none" fo:border-bottom="{_LINE}"',
    "_b": f'{_SIDES} fo:border-top="{_LINE}" fo:border-bottom="none"',
    "_a_b": f'{_SIDES} fo:border-top="none" fo:border-bottom="none"',
}
_AUTOMATIC = (
    '<style:style style:name="bold" style:family="text"><style:text-properties fo:font-weight="bold"'
    ' style:font-weight-asian="bold"/></style:style>',
    '<style:style style:name="new_page" style:family="paragraph" style:parent-style-name="Standard">'
    '<style:paragraph-properties fo:break-before="page"/></style:style>',
    *(
        f'<style:style style:name="grid{name}" style:family="table-cell"><style:table-cell-properties{border}'
        ' fo:padding="0.1cm" style:vertical-align="middle"/></style:style>'
        for name, border in _BORDERS.items()
    ),
    '<style:style style:name="row" style:family="table-row">'
    '<style:table-row-properties fo:keep-together="always"/></style:style>',
)


def odt_bytes(blocks: Sequence[Block], *, made_at: datetime, author: str = "", lang: str = "zh") -> bytes:
    """The paper's ODT file; `author`: the agency."""
    document: Any = Document("text")  # its parts are typed as anything and nothing
    wide = lies_on_its_side(blocks)
    _lighten(document)
    document.container.set_part("styles.xml", _styles(wide, lang))
    document.container.set_part("content.xml", _content(blocks, room(blocks)))
    for number, block in enumerate(blocks):
        if isinstance(block, Picture):
            document.container.set_part(_place(number), block.png())
            document.manifest.add_full_path(_place(number), "image/png")
    _describe(document, title_of(blocks), author, made_at, "zh-TW" if lang == "zh" else "en-GB")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _content(blocks: Sequence[Block], room_cm: tuple[float, float]) -> bytes:
    """The text as one piece of XML: put together block by block by odfdo it takes ten times as long."""
    numbered = list(enumerate(blocks))
    styles = "".join(style for number, block in numbered for style in _table_styles(block, number, room_cm[0]))
    body = "".join(_element(block, number, room_cm) for number, block in numbered)
    return (
        f"{CONTENT_HEAD}<office:automatic-styles>{styles}{''.join(_AUTOMATIC)}</office:automatic-styles>"
        f"<office:body><office:text>{body}{_END}</office:text></office:body></office:document-content>"
    ).encode()


def _lighten(document: Any) -> None:
    """Leave out the parts of an empty text that no paper needs."""
    for part in document.container.parts:
        if part.startswith(_UNUSED):
            document.container.del_part(part)
    for path in document.manifest.get_paths():
        if path.startswith(_UNUSED):
            document.manifest.del_full_path(path)


def _describe(document: Any, title: str, author: str, made_at: datetime, language: str) -> None:
    meta = document.meta
    meta.title = title
    meta.language = language
    meta.creator = author
    meta.creation_date = made_at
    meta.date = made_at


def _styles(wide: bool, lang: str) -> bytes:
    width, height = (HEIGHT_CM, WIDTH_CM) if wide else (WIDTH_CM, HEIGHT_CM)
    orientation = "landscape" if wide else "portrait"
    page = escape(say("report.page_of", lang, page="\0", pages="\1")).replace("\0", _PAGE).replace("\1", _PAGES)
    filled = _template().substitute(WIDTH=f"{width}cm", HEIGHT=f"{height}cm", ORIENTATION=orientation, PAGE=page)
    return filled.encode("utf-8")


@cache
def _template() -> Template:
    return Template(files("harness.documents").joinpath("paper_styles.xml").read_text("utf-8"))


def _table_styles(block: Block, number: int, room_cm: float) -> Iterator[str]:
    if not isinstance(block, TableBlock):
        return
    yield (
        f'<style:style style:name="t{number}" style:family="table"><style:table-properties style:width="{room_cm}cm"'
        ' fo:margin-bottom="0.25cm" table:align="margins" table:border-model="collapsing"/></style:style>'
    )
    for at, share in enumerate(block.shares()):
        yield (
            f'<style:style style:name="t{number}.{at}" style:family="table-column"><style:table-column-properties'
            f' style:column-width="{share * room_cm:.2f}cm"/></style:style>'
        )


def _element(block: Block, number: int, room_cm: tuple[float, float]) -> str:
    match block:
        case Heading():
            level = min(block.level, 3)
            style = f'text:style-name="Heading_20_{level}" text:outline-level="{level}"'
            return f"<text:h {style}>{_inline(block.runs)}</text:h>"
        case Paragraph():
            style = "Standard" if block.kind == "body" else block.kind
            bullet = "・" if block.kind == "bullet" else ""
            room = "<text:line-break/>" * ROOM_FOR_THE_PEN if is_empty_box(block) else ""
            return f'<text:p text:style-name="{style}">{bullet}{_inline(block.runs)}{room}</text:p>'
        case TableBlock():
            return _table(block, number)
        case Picture():
            return _picture(block, number, room_cm)
        case NewPage():
            return '<text:p text:style-name="new_page"/>'


def _inline(runs: Runs) -> str:
    told = []
    for run in runs:
        text = escape(run.text).replace("\n", "<text:line-break/>")
        told.append(f'<text:span text:style-name="bold">{text}</text:span>' if run.bold else text)
    return "".join(told)


def _picture(block: Picture, number: int, room_cm: tuple[float, float]) -> str:
    """A frame as wide as its share of the text, with what it shows in words (svg:desc)."""
    width = block.width(*room_cm)
    height = width * block.size[1] / block.size[0]
    return (
        f'<text:p text:style-name="picture"><draw:frame draw:name={quoteattr(f"圖{number}")} text:anchor-type="as-char"'
        f' svg:width="{width:.2f}cm" svg:height="{height:.2f}cm"><draw:image xlink:href="{_place(number)}"'
        f' xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad" draw:mime-type="image/png"/>'
        f"<svg:desc>{escape(block.alt)}</svg:desc></draw:frame></text:p>"
    )


def _place(number: int) -> str:
    return f"Pictures/{number}.png"


def _table(block: TableBlock, number: int) -> str:
    columns = "".join(f'<table:table-column table:style-name="t{number}.{at}"/>' for at in range(len(block.head)))
    head = _row(block.head, ["head"] * len(block.head))
    kinds = ["figure" if right else "cell" for right in block.right]
    rows = "".join(_row(row, kinds, _grid(*lines)) for row, lines in zip(block.rows, block.lines(), strict=True))
    name = quoteattr(f"表{number}")
    return (
        f'<table:table table:name={name} table:style-name="t{number}">{columns}'
        f"<table:table-header-rows>{head}</table:table-header-rows>{rows}</table:table>"
    )


def _grid(above: bool, below: bool) -> str:
    """The style of a cell with a line above it, below it, both or neither."""
    return "grid" + ("" if above else "_a") + ("" if below else "_b")


def _row(cells: Sequence[Runs], kinds: Sequence[str], grid: str = "grid") -> str:
    told = "".join(
        f'<table:table-cell table:style-name="{grid}" office:value-type="string">'
        f'<text:p text:style-name="{kind}">{_inline(runs)}</text:p></table:table-cell>'
        for runs, kind in zip(cells, kinds, strict=True)
    )
    return f'<table:table-row table:style-name="row">{told}</table:table-row>'
