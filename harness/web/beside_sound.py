"""The text beside a sound: where each leg rang and was picked up, and what people marked while the call lasted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.words import catalogue, label

Row = dict[str, Any]


def text_beside(call: Row, lang: str) -> list[Row]:
    """start_s, label and seconds (as they are shown) of every mark on a call's recording, in their order."""
    legs = call["sheets"][-1]["facts"].get("legs", {}) if call["sheets"] else {}
    return sorted(_of_legs(legs, lang), key=lambda one: one["start_s"])


def _of_legs(legs: Row, lang: str) -> Iterator[Row]:
    for name, leg in legs.items():
        called = label(f"leg.{name}", lang) if f"leg.{name}" in catalogue() else name
        onset, picked = leg.get("ring_onset_s"), leg.get("pick_up_s")
        if onset is not None:
            yield _row(label("sheet_page.mark_onset", lang, leg=called), float(onset), float(onset))
        if picked is not None:
            said = label("sheet_page.mark_pick_up", lang, leg=called)
            yield _row(said, float(picked["earliest"]), float(picked["latest"]))


def _row(said: str, start_s: float, end_s: float) -> Row:
    first, last = f"{start_s:.1f}", f"{end_s:.1f}"
    return {"start_s": start_s, "label": said, "seconds": f"{first} s" if first == last else f"{first}–{last} s"}


def told_of(one: Row, lang: str) -> tuple[str, ...]:
    """What somebody said of a call, in parts: when, what, who, the number left, the note."""
    at_s = [] if one["at_s"] is None else [f"{one['at_s']:.1f} s"]
    more = [one["detail"].get(name) for name in ("number", "at", "note")]
    return (*at_s, label(f"mark.{one['what']}", lang), one["who"], *(str(text) for text in more if text))
