"""A test on paper: the sheet printed blank beforehand, and the machine's half of the call to be put behind it later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.assisted.state import Asked
from harness.directory import Unit
from harness.documents.labels import Labels
from harness.documents.paper import Block, Heading, TableBlock
from harness.documents.paper_odt import odt_bytes
from harness.documents.paper_pdf import paper_pdf
from harness.documents.sheet_page import sheet_values
from harness.documents.sheet_paper import BLANK, body, evidence_blocks, runs, sheet_paper
from harness.documents.sheet_rows import number
from harness.kept_call import printed
from harness.kept_sheet import kept_sheet
from harness.papers.write import File, write_all
from harness.scoring import score_call, usable_form
from harness.store import Store
from harness.unit_titles import in_file_name
from harness.words import say
from rubric.schema import Form
from rubric.sheet import to_dict
from rubric.words import say as say_of_rubric

BY_MACHINE = "machine"


@dataclass(frozen=True, kw_only=True)
class How:
    """How a paper is written."""

    made_at: datetime
    """When it is made."""
    pdf: bool
    """Whether as PDF too."""
    overwrite: bool = False
    """Whether it may take the place of one that is there."""
    lang: str = "zh"
    """Its language, zh or en."""


def write_blank(
    unit: Unit,
    folder: Path,
    *,
    agency: Agency,
    questions: Sequence[Asked],
    how: How,
) -> list[Path]:
    """Write a unit's blank sheet for the pen, with the questions to ask, as ODT and as PDF; gives the files.

    Raises WrongInput where a file is there already.
    """
    lang = how.lang
    form = usable_form(agency.settings.form, agency.folder)
    call = {"unit_name": unit.name or unit.unit, "number": unit.number or unit.extension, "call_id": BLANK * 5}
    pen = {blank.id: BLANK * 3 for blank in form.header if blank.id != "unit"}
    blocks = (
        *sheet_paper(_blank(form), form, header=pen, call=call, lang=lang),
        *_questions(questions, lang),
        body(say("by_hand.add_later", lang)),
    )
    return _write(blank_name(unit, agency, lang), blocks, folder, agency, how)


def blank_name(unit: Unit, agency: Agency, lang: str) -> str:
    """What a unit's blank sheet is called, without what kind of file it is."""
    return f"{say('by_hand.file', lang)}-{in_file_name(unit.unit, agency.units)}"


def write_machine_half(
    call_id: str,
    folder: Path,
    *,
    agency: Agency,
    store: Store,
    how: How,
) -> list[Path]:
    """Write what the machine decided of a call and why, to be put behind a sheet filled in by hand; gives the files.

    Raises NotFound without such a call or sheet, WrongInput where a file is there already.
    """
    lang = how.lang
    kept = kept_sheet(call_id, agency=agency, store=store)
    values = sheet_values(kept.sheet, kept.form, **printed(kept.call, agency), lang=lang)
    blocks = (
        Heading(1, runs(say("by_hand.machine_half", lang))),
        body(f"{kept.form.title}　{values['heads'].get('unit', '')}　{call_id}"),
        _decided(kept.sheet, kept.form, Labels(lang), lang),
        body(say("by_hand.put_behind", lang)),
        *evidence_blocks(values),
    )
    return _write(f"machine-{call_id}", blocks, folder, agency, how)


def _blank(form: Form) -> dict[str, Any]:
    """The sheet of a call that has not been: every item a blank, none of it anybody's fault."""
    sheet = to_dict(score_call(form, {"legs": {}}, None))
    awaits = {"why": say_of_rubric("why.awaits", "zh"), "why_en": say_of_rubric("why.awaits", "en")}
    items = [item | awaits | {"status": "open", "points": None} for item in sheet["items"]]
    return sheet | {"items": items, "open": [], "problems": [], "problems_en": [], "draft": False, "kind": "blank"}


def _questions(questions: Sequence[Asked], lang: str) -> Iterator[Block]:
    if questions:
        yield Heading(2, runs(say("by_hand.questions", lang)))
    for place, one in enumerate(questions, start=1):
        yield body(f"{place}. {one.question}", bold=True)
        yield body(say("by_hand.model_answer", lang, answer=one.answer, source=one.source or "—"))


def _decided(sheet: Mapping[str, Any], form: Form, labels: Labels, lang: str) -> TableBlock:
    texts = {item.id: item.text or next((option.text for option in item.options), "") for item in form.items}
    mine = [item for item in sheet["items"] if item["by"] == BY_MACHINE and item["points"] is not None]
    rows = tuple(
        tuple(runs(cell) for cell in (item["id"], texts.get(item["id"], ""), number(item["points"]), labels.why(item)))
        for item in mine
    )
    head = tuple(runs(say(f"by_hand.{name}", lang)) for name in ("item", "text", "points", "why"))
    return TableBlock(head=head, rows=rows, right=(False, False, True, False), widths=(0.09, 0.41, 0.1, 0.4))


def _write(name: str, blocks: tuple[Block, ...], folder: Path, agency: Agency, how: How) -> list[Path]:
    told: dict[str, Any] = {"made_at": how.made_at, "author": agency.settings.name, "lang": how.lang}
    files = [File(f"{name}.odt", odt_bytes(blocks, **told))]
    if how.pdf:
        files.append(File(f"{name}.pdf", paper_pdf(blocks, **told)))
    return write_all(files, folder, overwrite=how.overwrite)
