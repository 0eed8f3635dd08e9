"""What the score sheet's page says in somebody's language: the rubric's sentences, facts and legs by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.documents.labels import Labels
from harness.documents.sheet_rows import number
from harness.web.between import named_text
from harness.web.sheet_causes import causes_of
from harness.web.sheet_clips import MARKED, RECORDING, Clip
from harness.web.sheet_facts import asked_facts, limits_of
from harness.web.sheet_fields import MOST_QUESTIONS, UNSETTLED
from harness.web.sheet_jumps import ONSET, PICK_UP, Jump
from harness.web.sheet_view import Choice, Filled, Line, place_of, points_of
from harness.words import catalogue, say
from rubric.errors import Problem
from rubric.facts import ROLES
from rubric.heard import BY_DESIGN
from rubric.words import say as say_of_rubric

IN_FIELDS = {
    "answers.reason_wanted": "sheet_page.reason_wanted",
    "answers.fact_reason": "sheet_page.reason_wanted",
    "answers.tick_reason": "sheet_page.reason_wanted",
    "answers.heard_wanted": "sheet_page.heard_wanted",
    "sign.open": "sheet_page.open_item",
}
"""Sentences that speak of keys in a file; on the page there is a field instead."""
MOST_LETTERS = 24
"""An item's wording in the list of what is missing is cut after so many."""
LEGS = ("ivr", "operator", "unit")
BLANK = re.compile("_+")
"""What the form leaves to be filled in."""


@dataclass(frozen=True)
class Words:
    """Sentences in one language."""

    lang: str
    """zh or en."""
    filled: Filled
    """The sheet that they are about."""

    @property
    def most_questions(self) -> int:
        """Rows that the page has room for."""
        return MOST_QUESTIONS

    def problem(self, one: Problem) -> str:
        """What is wrong, said at the place that it is about: without the item's id in front."""
        said, name = one.say(self.lang), one.item or ""
        if one.key in IN_FIELDS:
            return say(IN_FIELDS[one.key], self.lang)
        return said.removeprefix(name).lstrip("\uff1a: ") if name else said

    def listed(self, one: Problem) -> str:
        """What is wrong, said from afar: with the item's wording instead of its id."""
        return named_text(self._title(one), self.problem(one), self.lang) if one.item else self.problem(one)

    def at(self, place: str) -> list[str]:
        """What is refused at a place that is no item: who answered, the facts, the questions, the sheet."""
        items = {one.id for one in self.filled.form.items}
        return [
            self.problem(one)
            for one in self.filled.sheet.problems
            if one.item not in items and self.place(one) == place
        ]

    def _title(self, one: Problem) -> str:
        name, form = one.item or "", self.filled.form
        item = next((item for item in form.items if item.id == name), None)
        if item is not None:
            text = item.text or form.group(item.group).text
            return (
                text.rstrip("\uff1a: \u3002")
                if len(text) <= MOST_LETTERS
                else text[:MOST_LETTERS].rstrip(" ,\uff0c") + "…"
            )
        kind, _, rest = name.partition(" ")
        if kind == "heard":
            return self.leg(rest)
        if kind == "bonus" and form.bonus is not None:
            return form.bonus.text
        return self.fact(rest) if kind == "facts" else form.accuracy.text if form.accuracy else name

    def place(self, one: Problem) -> str:
        """Where on the page a problem is."""
        return place_of(one, self.filled.form)

    def points(self, line: Line) -> str:
        """分項得分."""
        status = line.score.status
        if status in ("scored", "open"):
            return points_of(line.score)
        return Labels(self.lang).say(status)

    def max(self, line: Line) -> str:
        """細項配分."""
        return number(line.score.max)

    def number(self, value: Any) -> str:
        """Points as printed."""
        return number(value)

    def total(self) -> str:
        """What is given so far, whether or not something is open; none where something was not tested."""
        if self.filled.sheet.untested:
            return Labels(self.lang).say("none")
        known = [one.points for one in self.filled.sheet.parts if one.points is not None]
        total = self.filled.sheet.total
        return number(total if total is not None else sum(known))

    def untested(self) -> int:
        """Items that this call did not try."""
        return len(self.filled.sheet.untested)

    def never_rung(self, part: str) -> bool:
        """Whether nothing of a part was tried, so that nobody can say that it could not be observed."""
        form, untested = self.filled.form, self.filled.sheet.untested
        return all(one.id in untested for group in form.groups_of(part) for one in form.items_of(group.id))

    def parts(self) -> list[str]:
        """總機 40／45."""
        names = {one.id: one.short or one.text for one in self.filled.form.parts}
        return [
            Labels(self.lang).say(
                "part_of",
                name=names[one.id],
                points="—" if one.points is None else number(one.points),
                max=number(one.max),
            )
            for one in self.filled.sheet.parts
        ]

    def choice(self, line: Line, one: Choice) -> str:
        """The word of yes or no at an item, or a number of points."""
        if one.value not in ("yes", "no"):
            return one.text
        return say(
            f"sheet_page.{line.item.type}_{one.value}"
            if line.item.type == "absence"
            else f"sheet_page.met_{one.value}",
            self.lang,
        )

    def known_tick(self, line: Line, n: int) -> str:
        """What the machine knows of a tick; empty: nothing."""
        fact = line.item.ticks[n].fact if n < len(line.item.ticks) else None
        return "" if fact is None else self.known(fact)

    def unsettled(self, line: Line) -> bool:
        """Whether 無法判定 is chosen."""
        return self.filled.one(f"{line.item.id}:option") == UNSETTLED

    def heard(self) -> list[str]:
        """The legs on which it is the tester's to say who answered."""
        known = self.heard_known()
        asked = [one.leg for one in self.filled.sheet.heard if one.answerer is None or one.by == "tester"]
        return [leg for leg in asked if leg not in known]

    def heard_known(self) -> dict[str, str]:
        """The legs of which the machine knows who answered, each with what it knows: somebody may differ."""
        found = {}
        for name, leg in self.filled.kept.facts.get("legs", {}).items():
            answerer = leg.get("answerer") or (None if leg.get("provisional") else "person")
            if name != BY_DESIGN and leg["outcome"] == "answered" and answerer is not None:
                found[name] = answerer
        return found

    def heard_otherwise(self) -> bool:
        """Whether somebody differs from the machine there."""
        return any(self.filled.one(f"heard:{leg}") for leg in self.heard_known())

    def unseen(self) -> bool:
        """Whether a whole part or group is said to be out of anybody's sight."""
        return any(name.startswith("observed:") for name in self.filled.fields)

    def rate(self) -> list[str]:
        """測試題數 2 題…: the form's own lines about the questions, filled in as on paper."""
        form, told = self.filled.form.accuracy, self.filled.sheet.accuracy
        if form is None or told is None:
            return []
        pairs = ((form.asked_text, told.asked), (form.correct_text, told.correct), (form.rate_text, told.rate))
        return [BLANK.sub("—" if value is None else number(value), text, count=1) for text, value in pairs]

    def questions(self) -> int:
        """Rows for questions: one more than are filled in, and at least as many as the form wants."""
        form = self.filled.form
        filled = [
            n
            for n in range(1, MOST_QUESTIONS + 1)
            if self.filled.one(f"question:{n}:text") or self.filled.one(f"question:{n}:verdict")
        ]
        least = form.accuracy.min_questions if form.accuracy else 0
        return min(max(least, max(filled, default=0) + 1), MOST_QUESTIONS)

    def gate(self, part: Any) -> str:
        """The yes or no at the head of a part, with its box."""
        value = self.filled.sheet.facts.get(part.gate.fact)
        yes, no = ("■" if value is one else "□" for one in (True, False))
        return f"{part.gate.yes}{yes}{part.gate.no}{no} {part.gate.text}"

    def marks(self) -> list[dict[str, Any]]:
        """What is marked in the recording: where each leg rang, was picked up, and passed the rules' limits."""
        return [mark for name, leg in self.filled.kept.facts.get("legs", {}).items() for mark in self._marks(name, leg)]

    def _marks(self, name: str, leg: dict[str, Any]) -> Iterator[dict[str, Any]]:
        onset, picked = leg.get("ring_onset_s"), leg.get("pick_up_s")
        if onset is not None:
            yield self._mark("onset", name, float(onset), float(onset))
            for seconds, rings in limits_of(self.filled.form, name):
                at = float(onset) + float(seconds)
                yield self._mark("limit", name, at, at, limit=number(seconds), rings=rings or "—")
        if picked is not None:
            yield self._mark("pick_up", name, float(picked["earliest"]), float(picked["latest"]))

    def _mark(self, kind: str, name: str, start_s: float, end_s: float, **values: Any) -> dict[str, Any]:
        label = say(f"sheet_page.mark_{kind}", self.lang, leg=self.leg(name), **values)
        short = say(f"sheet_page.short_{kind}", self.lang, leg=self.leg(name), **values)
        seconds = f"{start_s:.1f}" if f"{start_s:.1f}" == f"{end_s:.1f}" else f"{start_s:.1f}–{end_s:.1f}"
        return {
            "kind": kind,
            "start_s": start_s,
            "end_s": end_s,
            "label": label,
            "short": short,
            "seconds": seconds + " s",
        }

    def mark(self, line: Line) -> str:
        """Who decided."""
        if line.score.status == "open":
            return Labels(self.lang).say("by_open")
        return Labels(self.lang).say(f"by_{line.score.by}") if line.score.status == "scored" else ""

    def why(self, line: Line) -> str:
        """The reason, where it says more than that the tester is awaited or chose."""
        text = line.score.why if self.lang == "zh" else line.score.why_en
        plain = line.score.by == "tester" and not line.score.reason and line.score.before_adjustment is None
        return "" if plain or Labels(self.lang).only_awaits(text) else text

    def jumps(self, line: Line) -> list[tuple[float, str]]:
        """Where in the recording an item's evidence is: seconds, and the words of the way there."""
        return [(one.at_s, self._jump(one)) for one in line.jumps]

    def _jump(self, one: Jump) -> str:
        if one.what in (ONSET, PICK_UP):
            return say(f"sheet_page.to_{one.what}", self.lang)
        seconds = f"{one.at_s:.1f}"
        if f"jump.{one.what}" in catalogue():
            return say(f"jump.{one.what}", self.lang, seconds=seconds)
        what = self.leg(one.what) if one.what in LEGS else self.fact(one.what)
        return say("jump.leg", self.lang, what=what, seconds=seconds)

    def causes(self, line: Line) -> list[str]:
        """What in the recording left an item open that the machine would have decided."""
        if line.score.status != "open":
            return []
        return [say(key, self.lang) for key in causes_of(line.item, self.filled.kept)]

    def leg(self, name: str) -> str:
        """A leg as the agency calls it; one that its form does not declare, as everybody does."""
        if name == RECORDING:
            return say("sheet_page.recording", self.lang)
        declared = next((leg.text for known, leg in self.filled.form.legs.items() if known == name), "")
        return declared or (say(f"leg.{name}", self.lang) if f"leg.{name}" in catalogue() else name)

    def clip(self, clip: Clip) -> str:
        """What a clip is of."""
        if clip.kind == MARKED:
            mark = say(f"mark.{clip.leg}", self.lang)
            return say("jump.marked", self.lang, what=mark, seconds=f"{clip.at_s:.1f}")
        return say(f"sheet_page.clip_{clip.kind}", self.lang, leg=self.leg(clip.leg))

    def fact(self, name: str) -> str:
        """A fact's name."""
        own = next((one.text for one in self.filled.form.facts if one.id == name), None)
        return own or say_of_rubric(f"cond.{name}", self.lang)

    def facts(self) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
        """(name, words, choices) of what this form hangs on and a person may say."""
        for name in asked_facts(self.filled.form):
            yes_no = tuple((one, say(f"sheet_page.{one}", self.lang)) for one in ("yes", "no"))
            roles = tuple((one, say_of_rubric(f"cond.{one}", self.lang)) for one in ROLES)
            yield name, self.fact(name), roles if name == "answerer_role" else yes_no

    def known(self, name: str) -> str:
        """What is known of a fact, in words; empty where nothing is."""
        value = self.filled.sheet.facts.get(name)
        if isinstance(value, bool):
            return say("sheet_page.yes" if value else "sheet_page.no", self.lang)
        return say_of_rubric(f"cond.{value}", self.lang) if value else ""

    def label(self, key: str, **values: Any) -> str:
        """A label of the printed sheet."""
        return Labels(self.lang).say(key, **values)


def words_for(lang: str, filled: Filled) -> Words:
    """The sentences of a sheet."""
    return Words(lang, filled)
