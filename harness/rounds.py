"""The rounds of a call's reviews: a first and a second opinion, perhaps after an objection, until they are settled."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from harness.errors import Refused
from harness.store import Store

FIRST, SECOND, OBJECTION, SETTLED = "first", "second", "objection", "settled"
Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round of a call's reviews."""

    number: int
    """From 1."""
    entries: dict[str, Entry]
    """What there is of first, second, objection and settled."""

    @property
    def people(self) -> set[str]:
        """Everybody who had a say in it."""
        return {same_name(entry["who"]) for entry in self.entries.values()}

    @property
    def both_in(self) -> bool:
        """Whether both opinions are in, so that they may be compared."""
        return FIRST in self.entries and SECOND in self.entries


def rounds(call_id: str, store: Store) -> list[Round]:
    """A call's rounds, oldest first."""
    found: dict[int, dict[str, Entry]] = {}
    for entry in store.reviews.of(call_id):
        found.setdefault(entry["round"], {})[entry["what"]] = entry
    return [Round(number=number, entries=entries) for number, entries in sorted(found.items())]


def open_round(call_id: str, store: Store) -> Round:
    """The round that is not settled; a new one without entries where every round is."""
    found = rounds(call_id, store)
    if found and SETTLED not in found[-1].entries:
        return found[-1]
    return Round(number=len(found) + 1, entries={})


def is_pending(call_id: str, store: Store) -> bool:
    """Whether a round was begun and not settled."""
    return bool(open_round(call_id, store).entries)


def round_with_both(call_id: str, store: Store) -> Round:
    """The last round, once both its opinions are in; Refused before, because neither tester may see the other's."""
    found = rounds(call_id, store)
    if found and found[-1].both_in:
        return found[-1]
    entries = found[-1].entries if found else {}
    given = "、".join(entries[seat]["who"] for seat in (FIRST, SECOND) if seat in entries)
    raise Refused("review.blind", call_id=call_id, given=given or "—")


def visible(call_id: str, store: Store) -> list[dict[str, Any]]:
    """A call's reviews as anybody may see them: an opinion's answers only when its round has both."""
    told = []
    for one in rounds(call_id, store):
        for what, entry in one.entries.items():
            hidden = what in (FIRST, SECOND) and not one.both_in
            seen = {key: entry[key] for key in ("round", "what", "who", "at")}
            told.append(seen | ({} if hidden else {"detail": entry["detail"]}))
    return told


def same_name(who: str) -> str:
    """A name as it is compared: full-width letters, case and spaces do not make two people of one."""
    return "".join(unicodedata.normalize("NFKC", who).casefold().split())
