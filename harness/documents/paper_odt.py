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

from odfdo import Document, Element

from harness.documents.paper import Block, Heading, NewPage, Paragraph, Runs, TableBlock, is_empty_box, title_of

WIDTH_CM, HEIGHT_CM, MARGIN_CM = 21.0, 29.7, 2.5
MANY_COLUMNS = 7
"""A paper with a table of more columns lies on its side."""
ROOM_FOR_THE_PEN = 5
"""Empty lines in a box that nobody has filled."""
_END = '<text:p text:style-name="end"/>'
"""A text must end with a paragraph; where a table fills the last page a usual one would begin another."""
_UNUSED = ("Thumbnails", "Configurations2", "manifest.rdf")
_AUTOMATIC = (
    '<style:style style:name="bold" style:family="text"><style:text-properties fo:font-weight="bold"'
    ' style:font-weight-asian="bold"/></style:style>',
    '<style:style style:name="new_page" style:family="paragraph" style:parent-style-name="Standard">'
    '<style:paragraph-properties fo:break-before="page"/></style:style>',
    '<style:style style:name="grid" style:family="table-cell"><style:table-cell-properties'
    ' fo:border="0.5pt solid #000000" fo:padding="0.1cm" style:vertical-align="middle"/></style:style>',
    '<style:style style:name="row" style:family="table-row">'
    '<style:table-row-properties fo:keep-together="always"/></style:style>',
)


def odt_bytes(blocks: Sequence[Block], *, made_at: datetime, author: str = "") -> bytes:
    """The paper's ODT file; `author`: the agency."""
    document: Any = Document("text")  # its parts are typed as anything and nothing
    wide = lies_on_its_side(blocks)
    _lighten(document)
    document.container.set_part("styles.xml", _styles(wide))
    content = document.get_part("content.xml")
    body = document.body
    body.clear()
    automatic = content.get_element("//office:automatic-styles")
    automatic.clear()
    room = (HEIGHT_CM if wide else WIDTH_CM) - 2 * MARGIN_CM
    for number, block in enumerate(blocks):
        for style in _table_styles(block, number, room):
            automatic.append(Element.from_tag(style))
        body.append(Element.from_tag(_element(block, number)))
    body.append(Element.from_tag(_END))
    for style in _AUTOMATIC:
        automatic.append(Element.from_tag(style))
    _describe(document, title_of(blocks), author, made_at)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _lighten(document: Any) -> None:
    """Leave out the parts of an empty text that no paper needs."""
    for part in document.container.parts:
        if part.startswith(_UNUSED):
            document.container.del_part(part)
    for path in document.manifest.get_paths():
        if path.startswith(_UNUSED):
            document.manifest.del_full_path(path)


def lies_on_its_side(blocks: Sequence[Block]) -> bool:
    """Whether a table is too wide for upright pages."""
    return any(isinstance(one, TableBlock) and len(one.head) > MANY_COLUMNS for one in blocks)


def _describe(document: Any, title: str, author: str, made_at: datetime) -> None:
    meta = document.meta
    meta.title = title
    meta.language = "zh-TW"
    meta.creator = author
    meta.creation_date = made_at
    meta.date = made_at


def _styles(wide: bool) -> bytes:
    width, height = (HEIGHT_CM, WIDTH_CM) if wide else (WIDTH_CM, HEIGHT_CM)
    orientation = "landscape" if wide else "portrait"
    filled = _template().substitute(WIDTH=f"{width}cm", HEIGHT=f"{height}cm", ORIENTATION=orientation)
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


def _element(block: Block, number: int) -> str:
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
        case NewPage():
            return '<text:p text:style-name="new_page"/>'


def _inline(runs: Runs) -> str:
    told = []
    for run in runs:
        text = escape(run.text).replace("\n", "<text:line-break/>")
        told.append(f'<text:span text:style-name="bold">{text}</text:span>' if run.bold else text)
    return "".join(told)


def _table(block: TableBlock, number: int) -> str:
    columns = "".join(f'<table:table-column table:style-name="t{number}.{at}"/>' for at in range(len(block.head)))
    head = _row(block.head, ["head"] * len(block.head))
    kinds = ["figure" if right else "cell" for right in block.right]
    rows = "".join(_row(row, kinds) for row in block.rows)
    name = quoteattr(f"表{number}")
    return (
        f'<table:table table:name={name} table:style-name="t{number}">{columns}'
        f"<table:table-header-rows>{head}</table:table-header-rows>{rows}</table:table>"
    )


def _row(cells: Sequence[Runs], kinds: Sequence[str]) -> str:
    told = "".join(
        '<table:table-cell table:style-name="grid" office:value-type="string">'
        f'<text:p text:style-name="{kind}">{_inline(runs)}</text:p></table:table-cell>'
        for runs, kind in zip(cells, kinds, strict=True)
    )
    return f'<table:table-row table:style-name="row">{told}</table:table-row>'
