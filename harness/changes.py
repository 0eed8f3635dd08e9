"""What differs between two measurements of one call, and between two score sheets: number by number, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SAME_S = 0.0015
"""Times that differ by less are equal: an edge is known no better."""
_MOVED_S = 0.5
_NOT_NUMBERS = {"schema", "legs", "evidence", "problems", "prompts", "leg", "ending", "recordings", "hints"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One number, word or point that differs."""

    what: str
    """`unit.rings`, `outcome`, or an item of the form."""
    before: Any
    """As it was kept."""
    after: Any
    """As it is now."""
    why: dict[str, str]
    """The reason in both languages."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"what": self.what, "before": self.before, "after": self.after, "why": self.why}


def changed_numbers(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Compare two measurements; the reason is what was heard in one of them only, or elsewhere."""
    old, new = dict(_numbers(before)), dict(_numbers(after))
    return tuple(
        Change(what=what, before=old.get(what), after=new.get(what), why=_heard_otherwise(what, before, after))
        for what in dict.fromkeys((*old, *new))
        if not _same(old.get(what), new.get(what))
    )


def changed_points(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Compare two score sheets of one form, item by item and in total; the reason is the newer sheet's own."""
    old = {item["id"]: item for item in before["items"]}
    changes = [
        Change(
            what=item["id"],
            before=old[item["id"]]["points"],
            after=item["points"],
            why={"zh": item["why"], "en": item.get("why_en", "")},
        )
        for item in after["items"]
        if item["points"] != old[item["id"]]["points"]
    ]
    if before["total"] != after["total"]:
        changes.append(Change(what="total", before=before["total"], after=after["total"], why={"zh": "", "en": ""}))
    return tuple(changes)


def _numbers(measured: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((key, value) for key, value in measured.items() if key not in _NOT_NUMBERS)
    for leg in measured["legs"]:
        yield from ((f"{leg['leg']}.{key}", value) for key, value in leg.items() if key not in _NOT_NUMBERS)
    for mark in measured.get("prompts", ()):
        yield f"prompt.{mark['name']}", mark["status"]
        yield f"prompt.{mark['name']}.at_s", mark["at_s"]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one) == bool(other)
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) < SAME_S
    return bool(one == other)


def _heard_otherwise(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Evidence of the leg (of all legs, for what belongs to none) that the two have not in common."""
    old, new = (_evidence(measured, what) for measured in (before, after))
    gone, come = [one for one in old if not _in(one, new)], [one for one in new if not _in(one, old)]
    parts: list[tuple[str, str]] = []
    for sound, at_s in gone:
        moved = next((one for one in come if one[0] == sound and abs(one[1] - at_s) < _MOVED_S), None)
        if moved is not None:
            come.remove(moved)
            parts.append((f"{sound} {at_s:.3f} → {moved[1]:.3f} 秒", f"{sound} {at_s:.3f} → {moved[1]:.3f} s"))
        else:
            parts.append((f"不再聽到 {sound}（{at_s:.3f} 秒）", f"{sound} at {at_s:.3f} s no longer heard"))
    parts += [(f"新聽到 {sound}（{at_s:.3f} 秒）", f"{sound} at {at_s:.3f} s newly heard") for sound, at_s in come]
    if not parts:
        parts = [("依據相同，邊界或規則算法不同", "the same evidence, read more exactly or by another rule")]
    return {"zh": "；".join(zh for zh, _ in parts), "en": "; ".join(en for _, en in parts)}


def _evidence(measured: Mapping[str, Any], what: str) -> list[tuple[str, float]]:
    name, dot, _ = what.partition(".")
    legs = [leg for leg in measured["legs"] if not dot or leg["leg"] == name]
    found = [one.rpartition("@") for leg in legs for one in leg.get("evidence", ())]
    return sorted((sound, float(at_s)) for sound, _, at_s in found)


def _in(one: tuple[str, float], others: list[tuple[str, float]]) -> bool:
    return any(one[0] == other[0] and abs(one[1] - other[1]) < SAME_S for other in others)
