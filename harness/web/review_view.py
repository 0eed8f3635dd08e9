"""What the review page of a call shows: the machine's marks beside the reviewer's, and what two listeners said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.confirming import candidates, confirmed_as
from harness.corrections import OUTCOMES, Marks, corrections, marks_of
from harness.errors import Refused
from harness.kept_sheet import KeptSheet
from harness.rounds import FIRST, OBJECTION, SECOND, SETTLED, rounds
from harness.second_opinion import compare
from harness.web.beside_sound import text_beside
from harness.web.between import listed_text
from harness.web.render import listed
from harness.web.said_answer import said_in_words
from harness.web.visit import Visit
from harness.words import catalogue, label, say
from rubric.schema import Form

ACCURACY, QUESTIONS = "accuracy", "questions"
"""Two keys of one thing that a tester says: how many were right, and which."""
_DIGITS = "[0-9\uff10-\uff19一二三四五六七八九十甲乙丙丁]+"
_NUMBER = re.compile(rf"^\s*(?:[\uff08(]?{_DIGITS}[)\uff09]|{_DIGITS}[\u3001.\uff0e])\s*")
NUMBERS = ("ring_onset_s", "pick_up_s", "answer_latency_s", "rings")
"""What is marked on a leg."""


@dataclass(frozen=True, kw_only=True)
class LegMarks:
    """One leg."""

    leg: str
    """ivr, operator or unit."""
    rows: tuple[tuple[str, str, str], ...]
    """Name, the machine's value, the value that counts."""
    machine_outcome: str
    """What the machine says it came to."""
    outcome: str
    """What counts."""
    marks: Marks
    """What the form begins with."""
    corrected: bool
    """Whether a person's marks count."""


def legs_of(kept: KeptSheet) -> tuple[LegMarks, ...]:
    """Every leg, as the machine's first facts have it and as it counts now."""
    first = kept.call["sheets"][0]["facts"].get("legs", {})
    return tuple(_leg(name, first.get(name, now), now) for name, now in kept.facts.get("legs", {}).items())


def _leg(name: str, machine: dict[str, Any], now: dict[str, Any]) -> LegMarks:
    return LegMarks(
        leg=name,
        rows=tuple((key, shown(machine.get(key)), shown(now.get(key))) for key in NUMBERS),
        machine_outcome=machine["outcome"],
        outcome=now["outcome"],
        marks=marks_of(now),
        corrected=machine != now,
    )


def shown(value: Any) -> str:
    """A number, or the interval that it lies in."""
    if value is None:
        return "—"
    if isinstance(value, dict) and {"earliest", "latest"} <= value.keys():
        low, high = shown(value["earliest"]), shown(value["latest"])
        return low if low == high else f"{low}–{high}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return str(value) if isinstance(value, int) else f"{value:.2f}".rstrip("0").rstrip(".")


def in_full(what: str, form: Form, lang: str) -> str:
    """What a number, an item's points or an answer are of, in words: `unit.rings`, `B1.1`, `heard`, or the total."""
    if what == "total":
        return say("reviewing.total", lang)
    item = next((one for one in form.items if one.id == what), None)
    if item is not None:
        return numbered(what, item.text or form.group(item.group).text)
    if f"answered.key_{what}" in catalogue():
        return say(f"answered.key_{what}", lang)
    leg, _, name = what.rpartition(".")
    keys = [key for key in (f"leg.{leg}", f"reviewing.{name}") if key in catalogue()]
    return " ".join(say(key, lang) for key in keys) if len(keys) == (2 if leg else 1) else what


def numbered(item: str, text: str) -> str:
    """An item by its id and its words, of which a number of their own is left away: A1.1 電話…, not A1.1 1、電話…."""
    return f"{item} {_NUMBER.sub('', text)}"


def opinions_of(visit: Visit, kept: KeptSheet) -> dict[str, Any]:
    """How far the last round is; what was said in it only once both opinions are in."""
    held = rounds(kept.call_id, visit.store)
    last = held[-1] if held else None
    told: dict[str, Any] = {"round": last, "compared": None, "names": {}}
    if last is None:
        return told | {"open": False, "both": False, "stood_before": False, "settled": None, "objection": None}
    told |= {"settled": last.entries.get(SETTLED), "objection": last.entries.get(OBJECTION)}
    told |= {"both": last.both_in, "open": SETTLED not in last.entries}
    # A result that stood before its round was open to see: only what was given inside the round is blind.
    told["stood_before"] = FIRST in last.entries and not last.entries[FIRST]["detail"]["blind"]
    told["names"] = {seat: last.entries[seat]["who"] for seat in (FIRST, SECOND) if seat in last.entries}
    try:
        told["compared"] = compare(kept.call_id, agency=visit.agency, store=visit.store)
    except Refused:  # the other one is still listening
        told["compared"] = None
    return told


def asked_once(to_settle: tuple[str, ...] | list[str]) -> list[str]:
    """What a reviewer is asked: whose questions are taken, theirs is the count of the right ones too."""
    return [key for key in to_settle if not (key == QUESTIONS and ACCURACY in to_settle)]


def offered(key: str, to_settle: list[str], answers: dict[str, Any], form: Form, lang: str) -> str:
    """What is taken with one listener's answer to what `asked_once` asks."""
    both = key == ACCURACY and QUESTIONS in to_settle
    parts = [answers[one] for one in ((ACCURACY, QUESTIONS) if both else ()) if answers.get(one)]
    if not parts:
        return said_in_words(key, answers.get(key), form, lang)
    return listed_text((said_in_words(key, one, form, lang) for one in parts), lang)


def review_of(visit: Visit, kept: KeptSheet) -> dict[str, Any]:
    """Everything that the page shows of a call."""
    names = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}
    measured = kept.call["measured"] or {}
    return {
        "call": kept.call,
        "beside": text_beside(kept.call, visit.preferences.lang),
        "unit_name": names.get(kept.call["unit"], kept.call["unit"]),
        "legs": legs_of(kept),
        "outcomes": OUTCOMES,
        "problems": measured.get("problems", []),
        "corrections": corrections(kept.call_id, visit.store),
        "opinions": opinions_of(visit, kept),
        "faults": candidates(kept.facts),
        "fault_legs": listed(label(f"leg.{name}") for name in candidates(kept.facts)),
        "confirmed": confirmed_as(visit.store.log.of(kept.call_id)),
        "items": kept.form.items,
        "in_full": lambda what: in_full(what, kept.form, visit.preferences.lang),
        "shown": shown,
        "asked_once": asked_once,
        "offered": lambda key, apart, said: offered(key, apart, said, kept.form, visit.preferences.lang),
        "tried": None,
        "typed": None,
        "again": None,
        "wrong": "",
        "wrong_at": "",
    }
