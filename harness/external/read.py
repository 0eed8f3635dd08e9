"""What a filled page says, cell by cell: FACTS and ANSWERS as the rubric takes them, or everything that is wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from harness.agency import Agency
from harness.errors import FactsError
from harness.external.cells import ANSWER, MORE, Page
from harness.external.layout import OUTCOMES, QUESTIONS, ROLES, VERDICTS, YES_NO, Line, lines_of, names_of
from rubric.answers import read_answers
from rubric.errors import Problem, RubricError
from rubric.facts import parse_facts
from rubric.periods import FIRST_YEAR
from rubric.schema import Form
from rubric.score import score
from rubric.sheet import Sheet

_DAY = re.compile(r"(\d{2,4})\D+(\d{1,2})\D+(\d{1,2})\D*")
_TIME = re.compile(r"(\d{1,2})[:：時點](\d{1,2})分?")
STAYED_ON_S = 5.0
"""附表3 二(二)2 says 讓來電先掛: a tester who ticks it stayed on the line."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A page that can be kept."""

    page: Page
    """The page."""
    unit: str
    """The unit tested."""
    at: datetime
    """When."""
    came_from: str
    """The testing agency."""
    tester: str
    """Its tester."""
    facts: dict[str, Any]
    """FACTS."""
    answers: dict[str, Any]
    """ANSWERS."""
    sheet: Sheet
    """What the form makes of them."""


@dataclass
class _Reading:
    """One page being read: what was found, and what is wrong."""

    page: Page
    lines: Mapping[str, Line]
    values: dict[str, str] = field(default_factory=dict)
    second: dict[str, str] = field(default_factory=dict)
    wrong: list[FactsError] = field(default_factory=list)

    def fault(self, key: str, line: str, /, column: int = ANSWER, **values: Any) -> None:
        """Note what is wrong with a cell."""
        what = self.lines[line].text.splitlines()[0].strip() if line in self.lines else line
        told = {"file": self.page.file, "page": self.page.name, "cell": self.page.where(line, column), "what": what}
        self.wrong.append(FactsError(key, **told | values))


def read_page(page: Page, form: Form, agency: Agency, *, now: datetime) -> Filled:
    """Read a page. FactsError with every cell that is wrong: file, sheet, cell, and what is allowed."""
    lines = {line.key: line for line in lines_of(form, agency.units) if line.key}
    reading = _Reading(page=page, lines=lines)
    _same_rows(reading)
    for row in page.rows:
        if row[0] in lines:
            _cells(lines[row[0]], row[ANSWER], row[MORE], reading)
    at = _moment(reading, agency, now)
    _counted(form, reading)
    if reading.wrong or at is None:
        raise FactsError(reading.wrong[0].key, problems=tuple(reading.wrong))
    facts, answers = _facts(form, reading), _answers(form, reading)
    sheet = _scored(form, facts, answers, at.date(), reading)
    values = reading.values
    told = {"unit": names_of(agency.units)[values["unit"]], "came_from": values["from"], "tester": values["tester"]}
    return Filled(page=page, at=at, facts=facts, answers=answers, sheet=sheet, **told)


def _same_rows(reading: _Reading) -> None:
    """Rows added, taken away or moved would put answers under other questions."""
    found = [row[0] for row in reading.page.rows if row[0]]
    if found == list(reading.lines):
        return
    at = next((n for n, (a, b) in enumerate(zip(found, reading.lines, strict=False)) if a != b), len(found) - 1)
    key = found[at] if 0 <= at < len(found) else ""
    reading.fault("external.keys", key, 0)
    raise FactsError("external.keys", problems=tuple(reading.wrong))


def _cells(line: Line, answer: str, second: str, reading: _Reading) -> None:
    value, more = _plain(answer), _plain(second)
    if not value:
        if line.wanted or more:
            reading.fault("external.blank_cell", line.key, allowed=line.hint)
        return
    if _allowed(line, value):
        reading.values[line.key] = value if line.kind == "text" else value.replace(" ", "")
    else:
        reading.fault("external.cell", line.key, value=answer, allowed=_what(line))
    if more and not line.more:
        reading.fault("external.not_asked", line.key, MORE, value=second)
    elif more and more not in line.more:
        reading.fault("external.cell", line.key, MORE, value=second, allowed="、".join(line.more))
    elif more:
        reading.second[line.key] = more
    elif line.key.startswith("question."):
        reading.fault("external.blank_cell", line.key, MORE, allowed="、".join(line.more))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip() if not text.isalpha() else text.strip()


def _allowed(line: Line, value: str) -> bool:
    match line.kind:
        case "choice":
            return value in line.allowed
        case "several":
            return all(one in line.allowed for one in _several(value))
        case "whole":
            return value.isascii() and value.isdigit() and 1 <= int(value) <= 99
        case "number":
            return bool(re.fullmatch(r"\d{1,4}(\.\d{1,3})?", value))
        case "day":
            return day_of(value) is not None
        case "time":
            return time_of(value) is not None
    return True


def _what(line: Line) -> str:
    return "、".join(line.allowed) if line.allowed else line.hint


def _several(value: str) -> list[str]:
    return [one for one in re.split(r"[、,，;\s]+", value) if one]


def day_of(text: str) -> date | None:
    """A day as people write it, in either calendar: 115/12/3, 115.12.3, 115 年 12 月 3 日, 2026-12-03."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(one) for one in found.groups())
    try:
        return date(year + FIRST_YEAR if year < 1000 else year, month, day)
    except ValueError:
        return None


def time_of(text: str) -> time | None:
    """A time of the day: 14:05, 14 時 5 分."""
    found = _TIME.fullmatch(text.replace(" ", ""))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def _moment(reading: _Reading, agency: Agency, now: datetime) -> datetime | None:
    day, hour = (reading.values.get(name, "") for name in ("day", "time"))
    when, clock = day_of(day), time_of(hour)
    if when is None or clock is None:
        return None
    at = datetime.combine(when, clock, agency.zone)
    if at > now:
        reading.fault("external.later", "day", value=f"{day} {hour}")
    return at


def _counted(form: Form, reading: _Reading) -> None:
    """Who answered must have been timed; whoever did not answer has no time."""
    for name in form.legs:
        outcome = OUTCOMES.get(reading.values.get(f"leg.{name}.outcome", ""), "")
        counts = [f"leg.{name}.rings", f"leg.{name}.seconds"]
        given = [key for key in counts if key in reading.values]
        if outcome == "answered" and not given:
            reading.fault("external.blank_cell", counts[0], allowed=reading.lines[counts[0]].hint)
        if outcome != "answered":
            for key in given:
                reading.fault("external.not_asked", key, value=reading.values[key])


def _facts(form: Form, reading: _Reading) -> dict[str, Any]:
    values = reading.values
    legs = {name: leg for name in form.legs if (leg := _leg(name, values)) is not None}
    facts: dict[str, Any] = {"legs": legs}
    if "operator" in legs or "ivr" in legs:
        facts["has_ivr"] = "ivr" in legs
    for name in ("transferred", "unit_busy"):
        if f"fact.{name}" in values:
            facts[name] = YES_NO[values[f"fact.{name}"]]
    if "fact.answerer_role" in values:
        facts["answerer_role"] = ROLES[values["fact.answerer_role"]]
    for item in form.items:
        for tick in item.ticks:
            said = values.get(f"item.{item.id}.{tick.id}")
            if tick.fact == "caller_let_hang_up_first" and said is not None:
                facts |= {"caller_hung_up_first": YES_NO[said], "waited_s": STAYED_ON_S}
    return facts


def _leg(name: str, values: Mapping[str, str]) -> dict[str, Any] | None:
    outcome = OUTCOMES.get(values.get(f"leg.{name}.outcome", ""), "")
    if not outcome:
        return None
    leg: dict[str, Any] = {"outcome": outcome, "attempts": int(values.get(f"leg.{name}.attempts", "1"))}
    if f"leg.{name}.rings" in values:
        leg["rings"] = int(values[f"leg.{name}.rings"])
    if f"leg.{name}.seconds" in values:
        leg["answer_latency_s"] = float(values[f"leg.{name}.seconds"])
    if f"leg.{name}.forwarded" in values:
        leg["forwarded"] = YES_NO[values[f"leg.{name}.forwarded"]]
    return leg


def _answers(form: Form, reading: _Reading) -> dict[str, Any]:
    values, second = reading.values, reading.second
    said: dict[str, Any] = {}
    for item in form.items:
        key = f"item.{item.id}"
        ticks = {
            tick.id: YES_NO[values[f"{key}.{tick.id}"]]
            for tick in item.ticks
            if f"{key}.{tick.id}" in values and tick.fact is None
        }
        if ticks:
            said[item.id] = ticks
        elif key in values and not item.ticks:
            said[item.id] = _answer(item.type, values[key], second.get(key))
    questions = [
        {"text": values[f"question.{n}"], "verdict": VERDICTS[second[f"question.{n}"]]}
        for n in range(1, QUESTIONS + 1)
        if f"question.{n}" in values
    ]
    if questions:
        said["questions"] = questions
    header = {key.removeprefix("header."): value for key, value in values.items() if key.startswith("header.")}
    told = {key.removeprefix("said."): YES_NO[value] for key, value in values.items() if key.startswith("said.")}
    more = {"header": header, "facts": told, "remarks": values.get("remarks", "")}
    return said | {key: value for key, value in more.items() if value}


def _answer(kind: str, value: str, points: str | None) -> Any:
    match kind:
        case "check" | "absence":
            return YES_NO[value]
        case "multi":
            return _several(value)
        case "number" | "timed":
            return float(value) if "." in value else int(value)
        case "text":
            return value
    return {"option": value} | ({} if points is None else {"points": int(points)})


def _scored(form: Form, facts: dict[str, Any], answers: dict[str, Any], on: date, reading: _Reading) -> Sheet:
    """Score the page; what the form does not allow, and what it still waits for, is told by its cell."""
    said, wrong = read_answers(answers, form)
    try:
        sheet = score(form, parse_facts(facts), said, on=on)
    except RubricError as error:
        _tell(error.problems, reading)
        raise FactsError(reading.wrong[0].key, problems=tuple(reading.wrong)) from None
    _tell((*wrong, *sheet.problems), reading)
    for item in sheet.items:
        if item.status == "open":
            _unfilled(form, item.id, item.leg, reading)
    if reading.wrong:
        raise FactsError(reading.wrong[0].key, problems=tuple(reading.wrong))
    return sheet


def _tell(problems: tuple[Problem, ...], reading: _Reading) -> None:
    for one in problems:
        item = (one.item or "").split(" ")[0]
        key = next(iter(_keys_of(item, reading)), "unit")
        reason = {"zh": one.say("zh"), "en": one.say("en")}
        column = MORE if key in reading.second and reading.lines[key].more else ANSWER
        reading.fault("external.rubric", key, column, reason=reason)


def _keys_of(item: str, reading: _Reading) -> Iterator[str]:
    names = {"accuracy": "question.1", "questions": "question.1", "facts": "fact.transferred"}
    for key in reading.lines:
        if key in (f"item.{item}", names.get(item)) or key.startswith(f"item.{item}."):
            yield key


def _unfilled(form: Form, item: str, leg: str | None, reading: _Reading) -> None:
    """An item that counts and was not answered; one that hangs on the call itself is told by its leg."""
    keys = [key for key in _keys_of(item, reading) if key not in reading.values]
    by_leg = f"leg.{leg or form.group(form.item(item).group).leg}.outcome"
    key = keys[0] if keys else by_leg if by_leg in reading.lines else "unit"
    applies = form.item(item).applies_if or ""
    if "answerer_role" in applies and "fact.answerer_role" not in reading.values:
        key = "fact.answerer_role"
    if any(key in str(one.values.get("cell")) for one in reading.wrong):
        return
    reading.fault("external.blank_cell", key, allowed=_what(reading.lines[key]))
