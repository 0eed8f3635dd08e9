"""Blank sheets for an outside agency, as ODS: one page a call, item ids hidden, every cell locked but the answers.

The government exchanges ODF; a cell that offers only what may be answered saves both sides a letter. What is locked
is locked against slips, not against people: what comes back is checked cell by cell all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from odfdo import Cell, Column, Document, Element, Row, Table

from harness.directory import Unit
from harness.external.layout import LANG, SCHEMA, Line, lines_of
from harness.words import say
from rubric.schema import Form

WIDTHS = {"key": "0cm", "text": "11.5cm", "answer": "4cm", "more": "2.6cm", "hint": "6.5cm"}
FONT = 'fo:font-size="11pt" style:font-name="標楷體" style:font-name-asian="標楷體" style:font-size-asian="11pt"'
EDGE = 'fo:border="0.5pt solid #666666" fo:padding="0.08cm" style:vertical-align="middle" fo:wrap-option="wrap"'
_STYLES = {
    "key": ('fo:wrap-option="no-wrap"', 'fo:font-size="6pt"', ""),  # hidden, and must not make its row tall
    "title": ("", f'{FONT} fo:font-weight="bold" style:font-weight-asian="bold"', ""),
    "head": (
        f'{EDGE} fo:background-color="#e6e6e6"',
        f'{FONT} fo:font-weight="bold" style:font-weight-asian="bold"',
        "",
    ),
    "text": (EDGE, FONT, ""),
    "hint": (EDGE, FONT.replace("11pt", "9pt"), ""),
    # What is filled in stays text: a spreadsheet makes a date of 10-12 and takes the zero off 0227001234.
    "answer": (
        f'{EDGE} style:cell-protect="none" fo:background-color="#fffbe6"',
        FONT,
        ' style:data-style-name="as-text"',
    ),
}
_TEXT_STYLE = '<number:text-style style:name="as-text"><number:text-content/></number:text-style>'


def write_blank(file: Path, form: Form, units: tuple[Unit, ...], pages: Sequence[str]) -> None:
    """Write blank sheets of a form.

    Args:
        file: the ODS.
        units: the directory, from which a unit is chosen.
        pages: what each page is called; one that is called like a unit of the directory has that unit filled in.
    """
    document = Document("spreadsheet")
    body = document.body
    body.clear()
    for style in _styles():
        document.insert_style(style, automatic=True)
    lines = lines_of(form, units)
    rules = {allowed: f"v{n}" for n, allowed in enumerate(_offered(lines), start=1)}
    body.append(_rules(rules))
    for page in pages:
        body.append(_page(page, form, lines, rules))
    for layout in document.styles.get_elements("//style:page-layout-properties"):
        if isinstance(layout, Element):
            layout.set_attribute("style:scale-to-X", "1")  # printed on the width of a page
            layout.set_attribute("style:scale-to-Y", "0")
    document.save(file)


def heading_cells(form: Form) -> str:
    """What the hidden first cell says, so that a filled file tells by which form it was made."""
    return f"{SCHEMA}|{form.id}|{form.version}|{form.digest[:16]}"


def _page(name: str, form: Form, lines: Sequence[Line], rules: dict[tuple[str, ...], str]) -> Table:
    table = Table(re.sub(r"[\[\]*?:/\\']", "_", name))  # what a spreadsheet's page cannot be called
    table.set_attribute("table:protected", "true")  # without a password: against slips only
    for column in WIDTHS:
        made = Column(style=f"co-{column}")
        if column == "key":
            made.set_attribute("table:visibility", "collapse")
        table.append(made)
    table.append_row(_row([heading_cells(form), form.title, "", "", ""], ["key", *["title"] * 4]))
    table.append_row(_row(["", say("external.how", LANG), "", "", ""], ["key", *["hint"] * 4]))
    for line in lines:
        table.append_row(_line(line, name, rules))
    return table


def _line(line: Line, page: str, rules: dict[tuple[str, ...], str]) -> Row:
    if not line.key:
        told = [say(f"external.column_{name}", LANG) for name in ("answer", "more", "hint")]
        return _row(["", line.text, *told], ["key", *["head"] * 4])
    filled = page if line.key == "unit" and page in line.allowed else ""
    row = _row([line.key, line.text, filled, "", line.hint], ["key", "text", "answer", _more(line), "hint"])
    for place, allowed in ((2, line.allowed if line.kind == "choice" else ()), (3, line.more)):
        if allowed:
            row.cells[place].set_attribute("table:content-validation-name", rules[allowed])
    return row


def _more(line: Line) -> str:
    return "answer" if line.more else "text"


def _row(values: Sequence[str], styles: Sequence[str]) -> Row:
    row = Row(style="ro-fit")
    for value, style in zip(values, styles, strict=True):
        row.append_cell(
            Cell(value=value, text=value, cell_type="string", style=f"ce-{style}") if value else _empty(style)
        )
    return row


def _empty(style: str) -> Cell:
    return Cell(style=f"ce-{style}")


def _offered(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    told = [allowed for line in lines for allowed in (line.allowed if line.kind == "choice" else (), line.more)]
    return list(dict.fromkeys(one for one in told if one))


def _rules(rules: dict[tuple[str, ...], str]) -> Element:
    """Lists to choose from; anything else is refused with what is allowed."""
    made = []
    for allowed, name in rules.items():
        values = ";".join('"{}"'.format(one.replace('"', '""')) for one in allowed)
        wrong = quoteattr(say("external.only", LANG, allowed="、".join(allowed[:20])))
        made.append(
            f"<table:content-validation table:name={quoteattr(name)} table:allow-empty-cell='true' "
            f"table:condition={quoteattr(f'of:cell-content-is-in-list({values})')} table:display-list='unsorted'>"
            f"<table:error-message table:display='true' table:message-type='stop' table:title={wrong}/>"
            "</table:content-validation>"
        )
    return Element.from_tag(f"<table:content-validations>{''.join(made)}</table:content-validations>")


def _styles() -> Iterator[str]:
    yield _TEXT_STYLE
    for name, width in WIDTHS.items():
        yield (
            f'<style:style style:name="co-{name}" style:family="table-column">'
            f'<style:table-column-properties style:column-width="{width if width != "0cm" else "2cm"}"/></style:style>'
        )
    yield (
        '<style:style style:name="ro-fit" style:family="table-row">'
        '<style:table-row-properties style:use-optimal-row-height="true"/></style:style>'
    )
    for name, (cell, text, more) in _STYLES.items():
        yield (
            f'<style:style style:name="ce-{name}" style:family="table-cell"{more}>'
            f"<style:table-cell-properties {cell}/><style:text-properties {text}/></style:style>"
        )
