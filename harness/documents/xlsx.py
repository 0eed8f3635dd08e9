"""A table of texts as XLSX (ECMA-376), for offices that keep their directory in it: every cell text, none a formula.

Cells have the number format `@`, so that a telephone number that is typed over keeps its leading zero.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from harness.documents.table import printable

MADE = (1980, 1, 1, 0, 0, 0)
"""The same in every file, so that the same table gives the same bytes; the first that a ZIP can say."""
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {"xl/workbook.xml": "sheet.main", "xl/worksheets/sheet1.xml": "worksheet", "xl/styles.xml": "styles"}
TEXT_FORMAT = 49
"""`@` among the formats that every spreadsheet knows (18.8.30)."""


def write_xlsx(file: Path, name: str, rows: Sequence[Sequence[str]]) -> None:
    """Write one sheet of texts."""
    parts = {
        "[Content_Types].xml": _types(),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _workbook(name),
        "xl/_rels/workbook.xml.rels": _relations(
            {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("styles", "styles.xml")}
        ),
        "xl/styles.xml": _styles(),
        "xl/worksheets/sheet1.xml": _sheet(rows),
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for place, text in parts.items():
            whole = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'
            out.writestr(zipfile.ZipInfo(place, MADE), whole.encode("utf-8"))


def _types() -> str:
    parts = "".join(
        f'<Override PartName="/{place}" ContentType="{_TYPES}.{kind}+xml"/>' for place, kind in _PARTS.items()
    )
    default = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="{_PACKAGE}/content-types">{default}{parts}</Types>'


def _relations(found: dict[str, tuple[str, str]]) -> str:
    each = (f'<Relationship Id="{one}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for one, (kind, to) in found.items())
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(each)}</Relationships>'


def _workbook(name: str) -> str:
    sheet = f'<sheet name={quoteattr(printable(name))} sheetId="1" r:id="rId1"/>'
    return f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>{sheet}</sheets></workbook>'


def _styles() -> str:
    """Font, fill and border must be there; the second format is that of text."""
    plain = "<fonts><font/></fonts><fills><fill/></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
    formats = f'<cellXfs><xf/><xf numFmtId="{TEXT_FORMAT}" applyNumberFormat="1"/></cellXfs>'
    return f"<styleSheet {_MAIN}>{plain}{formats}</styleSheet>"


def _sheet(rows: Sequence[Sequence[str]]) -> str:
    cell = '<c s="1" t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>'
    filled = ("".join(cell.format(escape(printable(text))) for text in row) for row in rows)
    return f"<worksheet {_MAIN}><sheetData>{''.join(f'<row>{row}</row>' for row in filled)}</sheetData></worksheet>"
