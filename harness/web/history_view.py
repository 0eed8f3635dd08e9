"""What a call's history shows: who did what when, and what each listener wrote, once that may be seen.

An opinion is shown when both of its round are in. Who has still to hear the call blind sees of no round what anybody
wrote: what a round before came to is what the first of this one begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.kept_sheet import KeptSheet
from harness.rounds import FIRST, OBJECTION, SECOND, SETTLED, Round, rounds
from harness.web.review_view import in_full
from harness.web.said_answer import said_in_words
from harness.web.visit import Visit

ORDER = (OBJECTION, FIRST, SECOND, SETTLED)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written to one item."""

    item: str
    """The item, in words."""
    said: tuple[str, ...]
    """What the first, the second and, once it is settled, the reviewer wrote."""
    apart: bool
    """Whether the two differ."""


@dataclass(frozen=True, kw_only=True)
class RoundHistory:
    """One round."""

    number: int
    """From 1."""
    steps: tuple[dict[str, Any], ...]
    """What was done in order: what, who, at; `reason` of an objection and of a decision."""
    hidden: bool
    """Whether what was written may not be seen yet."""
    blind: bool
    """Whether the second did not know the first."""
    people: tuple[str, ...] = ()
    """Whose answers stand in the columns of `written`."""
    totals: tuple[Any, ...] = ()
    """What each came to."""
    written: tuple[Written, ...] = ()
    """Item by item; empty where it is hidden."""


def rounds_of(visit: Visit, kept: KeptSheet, *, blind: bool) -> tuple[RoundHistory, ...]:
    """A call's rounds, oldest first. `blind`: the visitor has still to hear the call without knowing."""
    return tuple(_round(one, kept, blind, visit.preferences.lang) for one in rounds(kept.call_id, visit.store))


def _round(one: Round, kept: KeptSheet, blind: bool, lang: str) -> RoundHistory:
    hidden = blind or not one.both_in
    entries = [one.entries[what] for what in ORDER if what in one.entries]
    told: dict[str, Any] = {"number": one.number, "steps": tuple(_step(entry, blind) for entry in entries)}
    if hidden:
        return RoundHistory(hidden=True, blind=False, **told)
    first, second = one.entries[FIRST], one.entries[SECOND]
    settled = one.entries.get(SETTLED)
    seats = (first, second) if settled is None else (first, second, settled)
    return RoundHistory(
        hidden=False,
        blind=bool(second["detail"]["blind"]),
        people=tuple(entry["who"] for entry in seats),
        totals=tuple(_total(entry, kept) for entry in seats),
        written=tuple(_written(first, second, settled, kept, lang)),
        **told,
    )


def _total(entry: dict[str, Any], kept: KeptSheet) -> Any:
    """What an opinion came to; of a decision, what the sheet did that came of it."""
    sheet = entry["detail"]["sheet"]
    if isinstance(sheet, dict):
        return sheet["total"]
    return next((one["sheet"]["total"] for one in kept.call["sheets"] if one["version"] == sheet), None)


def _step(entry: dict[str, Any], blind: bool) -> dict[str, Any]:
    reason = entry["detail"].get("reason", "") if entry["what"] == OBJECTION or not blind else ""
    return {"what": entry["what"], "who": entry["who"], "at": entry["at"], "reason": reason}


def _written(
    first: dict[str, Any], second: dict[str, Any], settled: dict[str, Any] | None, kept: KeptSheet, lang: str
) -> list[Written]:
    said = [entry["detail"]["answers"] or {} for entry in (first, second)]
    final = {} if settled is None else {row["item"]: row["final"] for row in settled["detail"]["log"]}
    keys = [item.id for item in kept.form.items if any(item.id in one for one in said)]
    keys += sorted({key for one in said for key in one} - set(keys))
    found = []
    for key in keys:
        answers = [one.get(key) for one in said]
        if settled is not None:
            answers.append(final.get(key, answers[0]))
        words = tuple(said_in_words(key, answer, kept.form, lang) for answer in answers)
        found.append(
            Written(item=in_full(key, kept.form, lang), said=words, apart=said[0].get(key) != said[1].get(key))
        )
    return found
