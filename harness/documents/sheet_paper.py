"""A call's score sheet as a paper, for ODT and PDF: the form's own wording in its own order and columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.documents.paper import Block, Heading, Paragraph, Run, Runs, TableBlock
from harness.documents.sheet_page import sheet_values
from harness.documents.sheet_rows import Line, number
from harness.documents.table import printable
from rubric.schema import Form

Values = Mapping[str, Any]
WIDTHS = (0.08, 0.65, 0.09, 0.18)
"""測試結果, 考核內容, 細項配分, 分項得分."""
BLANK = "＿＿＿"
"""A place for the pen."""
INDENT = {"option": "　", "tick": "　", "why": "　　"}


def sheet_paper(
    sheet: Mapping[str, Any], form: Form, *, header: Mapping[str, Any], call: Mapping[str, Any], lang: str = "zh"
) -> tuple[Block, ...]:
    """The sheet (`thirdring.sheet/1`) of one call; the arguments are those of its page."""
    return tuple(_blocks(sheet_values(sheet, form, header=header, call=call, lang=lang), lang))


def _blocks(values: Values, lang: str) -> Iterator[Block]:
    form, sheet, say = values["form"], values["sheet"], values["say"]
    if form.annex:
        yield body(form.annex)
    yield Heading(1, runs(form.title))
    yield from (body(say(key), bold=True) for key in ("draft",) if sheet["draft"])
    yield from (body(told, bold=True) for told in (values["objection"],) if told)
    yield from (body(say(key), bold=True) for key in ("timing_record",) if sheet["kind"] == "timing_record")
    yield from (body(f"{blank.text}　{values['heads'][blank.id] or BLANK * 3}") for blank in form.header)
    if sheet["problems"]:
        yield body(say("problems"), bold=True)
        yield from _bullets(sheet["problems" if lang == "zh" else "problems_en"])
    yield _points(values)
    yield _small(say("legend"))
    yield from _accuracy(values)
    yield from _notes(values)
    yield from evidence_blocks(values)


def _points(values: Values) -> TableBlock:
    """The form's table; an item and its options have no line between them."""
    lines = [(line, first) for block in values["blocks"] for first, line in _firsts(block.lines)]
    rows = [_row(line, values) for line, _ in lines]
    joined = [not first for _, first in lines]
    ends = list(_totals(values))
    head = tuple(runs(one) for one in values["form"].columns)
    return TableBlock(
        head=head,
        rows=tuple([*rows, *ends]),
        right=(False, False, False, False),
        widths=WIDTHS,
        joined=tuple([*joined, *([False] * len(ends))]),
    )


def _firsts(lines: Sequence[Line]) -> Iterator[tuple[bool, Line]]:
    """Each line, and whether a rule stands above it: above parts, groups and items."""
    for at, line in enumerate(lines):
        yield at == 0 or line.kind in ("part", "group", "item"), line


def _row(line: Line, values: Values) -> tuple[Runs, ...]:
    say = values["say"]
    mark = f"【{say(line.mark)}】" if line.mark else ""
    text = f"{INDENT.get(line.kind, '')}{'↳ ' if line.kind == 'why' else ''}"
    text += f"{mark}{line.text}" if line.kind == "why" else line.text
    points = f"{BLANK if line.blank else ''}{line.points}{'' if line.kind == 'why' else mark}"
    bold = line.kind in ("part", "group")
    return runs(line.box), runs(text, bold=bold), runs(line.worth, bold=bold), runs(points, bold=True)


def _totals(values: Values) -> Iterator[tuple[Runs, ...]]:
    form, sheet, say = values["form"], values["sheet"], values["say"]
    if sheet["bonus"] is not None:
        yield runs(""), runs(form.bonus.text), runs(number(form.bonus.max)), runs(number(sheet["bonus"]))
    untested = sheet.get("untested", [])
    total = values["total"] or (say("none") if untested else BLANK)
    worth = number(form.total)
    yield runs(""), runs(form.grand_total_text, bold=True), runs(worth, bold=True), runs(total, bold=True)
    told = f"{say('part_points')}：{'　'.join(values['parts'])}"
    told += f"　{say('band', band=sheet['band'])}" if sheet["band"] else ""
    told += f"\n{say('still_open', count=len(sheet['open']))}" if sheet["open"] else ""
    told += f"\n{say('never_tested', count=len(untested))}" if untested else ""
    yield runs(""), runs(told), runs(""), runs("")


def _accuracy(values: Values) -> Iterator[Block]:
    form, say, told = values["form"], values["say"], values["accuracy"]
    if not told:
        return
    yield Heading(2, runs(form.accuracy.text))
    yield body(_filled(form.accuracy.asked_text, told["asked"]))
    for place, question in enumerate(told["listed"], start=1):
        verdict = f"　〔{say(question['verdict'])}〕" if question["verdict"] else ""
        yield body(f"{form.accuracy.question_text} {place} : {question['text'] or BLANK * 5}{verdict}")
    yield body(_filled(form.accuracy.correct_text, told["correct"]))
    yield body(_filled(form.accuracy.rate_text, told["rate"]))


def _filled(text: str, value: Any) -> str:
    return text.replace("_____", BLANK if value is None else f" {value} ")


def _notes(values: Values) -> Iterator[Block]:
    form, sheet, say = values["form"], values["sheet"], values["say"]
    if form.notes:
        yield Heading(2, runs(say("notes")))
        yield from (_small(note.text) for note in form.notes)
    if sheet["remarks"]:
        yield Heading(2, runs(say("remarks")))
        yield from _bullets(sheet["remarks"])


def evidence_blocks(values: Values) -> Iterator[Block]:
    """What the machine measured, and what proves it."""
    say = values["say"]
    if values["legs"]:
        yield Paragraph("caption", runs(say("evidence")))
        names = ("leg", "ring_onset", "pick_up", "rings", "answer_latency")
        rows = tuple(tuple(runs(cell) for cell in leg) for leg in values["legs"])
        yield TableBlock(head=tuple(runs(say(one)) for one in names), rows=rows, right=(False,) * len(names))
    yield from (_small(f"{name}：{value}") for name, value in values["foot"])


def _bullets(lines: Sequence[str]) -> Iterator[Block]:
    yield from (Paragraph("bullet", runs(line)) for line in lines)


def body(text: str, *, bold: bool = False) -> Paragraph:
    """A paragraph of plain text."""
    return Paragraph("body", runs(text, bold=bold))


def _small(text: str) -> Paragraph:
    return Paragraph("small", runs(text))


def runs(text: object, *, bold: bool = False) -> Runs:
    """Plain text as a paper has it, without the signs that no paper may have."""
    lines = (printable(line) for line in str(text).split("\n"))
    return (Run("\n".join(lines), bold),)
